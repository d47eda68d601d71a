"""The short way of most arrivals, in blocks of lanes, gives every digit of the long way, one neuron after the other."""

import math
import threading
from dataclasses import replace

import numpy as np
import pytest
from brian2 import Hz, ms, mV
from mpmath import mp, mpf

import spikelearn as sl
from spikelearn.eventdriven.exponentials import LONGEST_SERIES, exp_minus, less_one
from spikelearn.eventdriven.network.cells import ABOVE
from spikelearn.eventdriven.network.run import _Run
from spikelearn.network import (
    Connections,
    FixedInDegree,
    Plasticity,
    PoissonInput,
    Population,
    Projection,
    SpikeSource,
    pair_stdp,
)
from spikelearn.network.exact import network_inputs
from spikelearn.network.wiring import wire


@pytest.mark.parametrize(
    ("function", "exact", "arguments"),
    [
        (exp_minus, lambda a: mp.exp(-a), [0.0, 1e-300, 0.3465735902799726, 0.3465735902799727, 689.999]),
        (less_one, lambda h: -mp.expm1(-h), [1e-300, 1e-9, math.nextafter(LONGEST_SERIES, 0.0)]),
    ],
)
def test_exponentials_against_forty_digits(function, exact, arguments):
    """Within 1.1 units in the last place: the last sum rounds by 1/2, its smaller part brings about as much."""
    rng = np.random.default_rng(5)
    longest = 690.0 if function is exp_minus else LONGEST_SERIES
    spread = [
        *rng.uniform(0, min(longest, 2.0), 2000),
        *rng.uniform(0, longest, 1000),
        *10 ** rng.uniform(-12, -1, 500),
    ]
    with mp.workdps(40):
        for argument in map(float, [*arguments, *spread]):
            true = exact(mpf(argument))
            assert abs(mpf(function(argument)) - true) <= 1.1 * math.ulp(float(true)), argument


def test_exponentials_at_their_ends():
    assert exp_minus(0.0) == 1.0
    assert less_one(0.0) == 0.0
    assert 0.0 < exp_minus(1e9) == exp_minus(690.0) < 1e-299


def crowd(n=400, *, uniform, seed=7):
    """Unlike neurons, some that never fire by themselves, some with a pause, under strong jumps of both signs.

    With tau_K of 2 ms many arrivals come too late for the series of the short way.
    """
    rng = np.random.default_rng(seed)
    neuron = sl.AdaptiveLIF(delta_g=0.2, t_d=4 * ms)
    vary = {"V_0": rng.uniform(5, 25, n) * mV, "tau_K": rng.choice([2, 15, 60, 200], n) * ms}
    trains = [np.sort(rng.uniform(0, 0.4, 50)) for _ in range(20)]
    # Some external spikes share their instants, so that jumps meet.
    trains[1] = trains[0].copy()
    delays = {"cells": 1.5 * ms, "input": 1.0 * ms}
    projections = [
        Projection(source, "cells", FixedInDegree(k), weight * mV, delays[source])
        for source, k, weight in (("cells", 25, 0.06), ("input", 3, 0.8), ("input", 2, -1.2))
    ]
    if not uniform:
        pre, post = rng.integers(0, n, 20 * n), rng.integers(0, n, 20 * n)
        weights, later = rng.choice([0.3, -0.4], 20 * n) * mV, rng.uniform(1.0, 9.0, 20 * n) * ms
        projections[0] = Projection("cells", "cells", Connections(pre, post), weights, later, allow_self=True)
    else:
        projections[1:] = [
            Projection("input", "cells", FixedInDegree(k), w * mV, 1.5 * ms) for k, w in ((3, 0.8), (2, -1.2))
        ]
    source = SpikeSource(sl.SpikeTrains.from_arrays(trains, t_stop=0.4))
    pauses = np.where(rng.random(n) < 0.5, 0.0, 2.0) * ms
    return sl.Network({"cells": Population(neuron, n, vary, pauses)}, projections, {"input": source}, seed=3)


def prepared(network, duration, resume=None, threads=1, traced=()):
    wiring = wire(network)
    zero, shown = np.zeros(wiring.n), np.asarray(traced, dtype=np.int64)
    times = np.arange(0.0, duration, 1e-3) if len(shown) else np.empty(0)
    return _Run(network_inputs(wiring, 0, 1e4), duration, zero, zero, resume, shown, times, threads, shown)


def closed(run):
    """The same run with the short way closed to all its neurons."""
    run.plain[:] = False
    run.quick[:, ABOVE] = math.inf
    return run


def finished(run):
    return run.to_end(threading.Event(), False)


@pytest.mark.parametrize("uniform", [True, False])
def test_short_and_long_way_have_the_same_digits(uniform):
    network = crowd(uniform=uniform)
    short = prepared(network, 0.4)
    assert short.plain.all()
    assert (len(short.synapses.delay) == 1) == uniform
    found = finished(short)
    long = closed(prepared(network, 0.4))
    expected = finished(long)
    assert len(expected.times) > 2000
    np.testing.assert_array_equal(found.rows, expected.rows)
    np.testing.assert_array_equal(found.times, expected.times)


@pytest.mark.parametrize("learns", [False, True])
def test_arrivals_straight_into_the_lanes_have_the_same_digits(learns):
    """Few arrivals are put aside here, but many a neuron has another one in the same window after such a one."""
    n, rng = 800, np.random.default_rng(9)
    neuron = sl.AdaptiveLIF(delta_g=0.3, tau_K=200 * ms, t_d=5 * ms)
    populations = {
        name: Population(neuron, k, {"V_0": rng.uniform(15.5, 21.5, k) * mV}) for name, k in (("E", 640), ("I", 160))
    }
    rule = pair_stdp("20 uV", "21 uV", limits=("0 mV", "0.3 mV")) if learns else None
    projections = [
        Projection(a, b, FixedInDegree(k), w * mV, 1.5 * ms, plasticity=rule if a == "E" else None)
        for a, k, w in (("E", 80, 0.1), ("I", 20, -0.4))
        for b in "EI"
    ]
    network = sl.Network(populations, projections, seed=4)
    found, expected = finished(prepared(network, 0.3)), finished(closed(prepared(network, 0.3)))
    assert len(expected.times) > n
    np.testing.assert_array_equal(found.rows, expected.rows)
    np.testing.assert_array_equal(found.times, expected.times)
    np.testing.assert_array_equal(found.state.plastic, expected.state.plastic)


@pytest.mark.parametrize("uniform", [True, False])
def test_driven_and_learning_neurons_have_the_same_digits_on_both_ways(uniform):
    """Two Poisson inputs a neuron, two rules, some neurons and weights recorded."""
    quiet = crowd(uniform=uniform)
    rules = [
        pair_stdp("20 uV", "21 uV", limits=("-2 mV", "2 mV")),
        Plasticity({"x": 9 * ms}, {"w": "0.99*w", "x": "1"}),
    ]
    projections = [
        replace(projection, plasticity=rule)
        for projection, rule in zip(quiet.projections, [rules[0], None, rules[1]], strict=True)
    ]
    inputs = [PoissonInput("cells", 800 * Hz, 0.2 * mV), PoissonInput("cells", 3000 * Hz, -0.05 * mV)]
    network = sl.Network(quiet.populations, projections, quiet.sources, inputs, seed=3)
    short = prepared(network, 0.2, traced=[3, 5, 200])
    assert short.plain.all()
    found = finished(short)
    long = closed(prepared(network, 0.2, traced=[3, 5, 200]))
    expected = finished(long)
    assert len(expected.times) > 1000
    for name in ("times", "rows", "u", "g", "w"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    np.testing.assert_array_equal(found.state.plastic, expected.state.plastic)
    assert (found.state.plastic[:, 1] != prepared(network, 0.2).learning.rows()[:, 1]).mean() > 0.3


def test_the_clock_of_windows_does_not_show_in_poisson_input():
    network = sl.Network(
        {"cells": Population(sl.AdaptiveLIF(V_0=14 * mV, delta_g=0.2), 100)},
        poisson=[PoissonInput("cells", 2000 * Hz, 0.1 * mV), PoissonInput("cells", 500 * Hz, 0.4 * mV)],
    )
    expected = finished(prepared(network, 0.3))
    assert len(expected.times) > 200
    for window in (1e-4, 1.7e-3, 0.05):
        run = prepared(network, 0.3)
        run.window = window
        np.testing.assert_array_equal(finished(run).times, expected.times)


@pytest.mark.parametrize("uniform", [True, False])
def test_neither_threads_nor_windows_matter_on_the_short_way(uniform):
    network = crowd(uniform=uniform)
    whole = finished(prepared(network, 0.4))
    for threads in (2, 3):
        shared = finished(prepared(network, 0.4, threads=threads))
        np.testing.assert_array_equal(shared.times, whole.times)
    first = finished(prepared(network, 0.10037))
    second = finished(prepared(network, 0.4, first.state, threads=2))
    for i in range(network.n):
        joined = np.concatenate([first.times[first.rows == i], second.times[second.rows == i]])
        np.testing.assert_array_equal(joined, whole.times[whole.rows == i])


def test_a_membrane_that_rests_below_the_reversal_of_potassium(by_scipy):
    """With V_0 + Delta < 0 the bound from the manifold changes its side: such neurons take no part in it.

    Potassium pulls u up, towards -Delta, so that jumps reach the threshold more easily than without it.
    """
    neuron = sl.AdaptiveLIF(V_0=-40 * mV, delta_g=2.0, tau_K=50 * ms, t_d=2 * ms)
    train = np.arange(1, 40) * 0.004
    source = SpikeSource(sl.SpikeTrains.from_arrays([train], t_stop=1.0))
    network = sl.Network(
        {"cells": Population(neuron, 3)},
        [Projection("input", "cells", Connections([0, 0, 0], [0, 1, 2]), [25, 30, 45] * mV, 1 * ms)],
        sources={"input": source},
    )
    wiring = wire(network)
    values = {name: wiring.values[name].tolist() for name in wiring.values if name != "E_L"}
    synapses = [(3, i, w, 1e-3) for i, w in enumerate(wiring.weight.tolist())]
    expected = by_scipy(values, synapses, [train.tolist()], 0.2)
    found = sl.simulate(network, 0.2).spikes
    assert sum(map(len, expected)) > 20
    for i in range(3):
        np.testing.assert_allclose(found.train(i), expected[i], rtol=1e-14)
