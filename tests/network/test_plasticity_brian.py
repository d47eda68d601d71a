"""Plasticity on Brian2: equal on the grid, converging off it, on three targets."""

import shutil

import numpy as np
import pytest
from brian2 import ms, mV

import spikelearn as sl
from spikelearn.network import Connections, Plasticity, Population, Projection, RunawayError, SpikeSource, pair_stdp

QUIET = sl.AdaptiveLIF(V_0=0 * mV, delta_g=0.0)
DT = 0.1e-3

CROOKED = Plasticity(
    traces={"a": 10 * ms, "N_a": 40 * ms},
    on_pre={"a": "N_a + 1/(1 + a**2)", "N_a": "a", "w": "w*(1 - lost*a) + gain*sin(pi*N_a)"},
    on_post={"a": "1", "w": "w + gain*exp(-w/scale)*sqrt(abs(N_a))*(1/2)"},
    parameters={"lost": 0.02, "gain": 0.03 * mV, "scale": 1 * mV},
    limits=(-np.inf * mV, 1.5 * mV),
)


def on_the_grid(early):
    """Trains in whole steps; strong jumps make the target fire, on a clock `early` steps sooner.

    There the threshold is asked one step after a jump, which a delay shorter by that step makes up for.
    """
    rng = np.random.default_rng(0)
    pre = [np.sort(rng.choice(np.arange(5, 1900), 40, replace=False)) for _ in range(6)]
    post = 40 + np.cumsum(rng.integers(11, 80, 40))
    # Some at one instant; spikes of the target stand further apart than its refractory period.
    pre[0][:10] = post[:10]
    pre[0].sort()
    trains = [np.unique(train) * DT for train in pre]
    pairs = Connections([0, 1, 2, 0, 3], [0, 0, 0, 0, 0])
    return sl.Network(
        {"cell": Population(QUIET, 1, refractory=0.5 * ms)},
        [
            Projection("pre", "cell", pairs, 0.5 * mV, [2, 1, 1, 3, 1] * ms, plasticity=pair_stdp(
                0.05 * mV, 0.06 * mV, 20 * ms, 15 * ms, (0.3 * mV, 0.9 * mV), mu_plus=0.5, mu_minus=1.0)),
            Projection("pre", "cell", Connections([4, 5], [0, 0]), [0.5, 1] * mV, 2 * ms, plasticity=CROOKED),
            Projection("pre", "cell", Connections([4], [0]), 0.1 * mV, 2 * ms),
            Projection("post", "cell", Connections([0], [0]), 100 * mV, (2e-3 - early * DT) * 1e3 * ms),
        ],
        sources={
            "pre": SpikeSource(sl.SpikeTrains.from_arrays(trains, t_stop=0.2)),
            "post": SpikeSource(sl.SpikeTrains.from_arrays([post * DT], t_stop=0.2)),
        },
    )  # fmt: skip


def equal_on_the_grid(target):
    settings = {"record": ("w", "u"), "record_dt": 1e-3, "synapses": [0, 2, 5, 6]}
    exact = sl.simulate(on_the_grid(0), 0.2, **settings)
    clock = sl.simulate(on_the_grid(1), 0.2, engine="brian2", target=target, dt=DT, **settings)
    np.testing.assert_allclose(clock.spikes.train(), exact.spikes.train(), rtol=0, atol=1e-12)
    assert exact.spikes.n_spikes > 25
    # Times are whole steps on both, so that only roundings of some hundred events differ.
    np.testing.assert_allclose(clock.weights, exact.weights, rtol=1e-11)
    start = sl.simulate(on_the_grid(0), 1e-3).weights
    np.testing.assert_array_equal(exact.weights != start, [True] * 6 + [False, True, False])
    assert clock.traces["w"].dims == ("time", "synapse")
    np.testing.assert_array_equal(clock.traces["synapse"], exact.traces["synapse"])
    # A trace time is itself a whole step, where one engine has had that step's events and the other not yet.
    same = np.isclose(clock.traces["w"], exact.traces["w"], rtol=1e-11).mean()
    assert same > 0.8
    later = sl.simulate(on_the_grid(0), 0.2, record="w", record_dt=1e-3 - 1e-9, synapses=[0, 2, 5, 6])
    count = len(clock.traces["time"])
    np.testing.assert_allclose(clock.traces["w"], later.traces["w"].values[:count], rtol=1e-11)
    assert clock.provenance["plasticity"][1]["on_pre"]["N_a"] == "a"


def test_spikes_on_the_grid_give_equal_weights():
    equal_on_the_grid("numpy")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler")
@pytest.mark.parametrize("target", ["cython", "cpp_standalone"])
def test_spikes_on_the_grid_give_equal_weights_compiled(target):
    equal_on_the_grid(target)


def firing_pair():
    """Two neurons that fire by themselves and learn from each other and from outside."""
    neuron = sl.AdaptiveLIF(V_0=25 * mV, delta_g=0.1, tau_K=100 * ms, t_d=5 * ms)
    trains = sl.SpikeTrains.from_arrays([[0.01013, 0.01017, 0.01019, 0.04123, 0.0831], [0.03031]], t_stop=0.2)
    rule = pair_stdp(0.1 * mV, 0.12 * mV, limits=(0 * mV, 3 * mV))
    return sl.Network(
        {"a": Population(neuron, 1, refractory=2 * ms), "b": Population(neuron, 1, {"V_0": [22] * mV})},
        [
            Projection("a", "b", Connections([0], [0]), 1 * mV, 1.5 * ms, plasticity=rule),
            Projection("b", "a", Connections([0], [0]), 0.8 * mV, 2.5 * ms, plasticity=rule),
            Projection("x", "a", Connections([0, 1], [0, 0]), [0.5, 0.7] * mV, 1 * ms, plasticity=rule),
        ],
        sources={"x": SpikeSource(trains)},
    )


@pytest.mark.slow
def test_weights_converge_with_the_step():
    """First order: a step moves each spike by at most some steps, and the weights with them; over a factor of 4."""
    exact = sl.simulate(firing_pair(), 0.12)
    start = sl.simulate(firing_pair(), 1e-3).weights
    assert (np.abs(exact.weights - start) > 2e-5).all()
    steps = np.array([0.05e-3, 0.025e-3, 0.0125e-3])
    errors = []
    for dt in steps:
        clock = sl.simulate(firing_pair(), 0.12, engine="brian2", target="numpy", dt=dt)
        np.testing.assert_array_equal(clock.counts, exact.counts)
        errors.append(np.abs(clock.weights - exact.weights).max())
    # A pair's change moves by at most A/tau for each second of delay; each of some ten pairs by some steps.
    assert (errors < 100 * 0.12e-3 / 20e-3 * steps).all(), errors
    order = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert 0.7 < order < 1.4, errors


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_a_weight_that_is_lost_is_named_on_the_clock():
    rule = Plasticity({}, {"w": "w/(w - w0)*w"}, parameters={"w0": 1 * mV})
    network = sl.Network(
        {"cell": Population(QUIET, 1)},
        [Projection("x", "cell", Connections([1], [0]), 1 * mV, 1 * ms, plasticity=rule)],
        sources={"x": SpikeSource(sl.SpikeTrains.from_arrays([[0.01], [0.02]], t_stop=0.1))},
    )
    with pytest.raises(ValueError, match=r"weight of synapse 0 \(x\[1\] -> cell\[0\]\) is no longer finite"):
        sl.simulate(network, 0.05, engine="brian2", target="numpy")
    with pytest.raises(RunawayError, match=r"trace of synapse 0 \(x\[1\] -> cell\[0\]\) is no longer .* after t ="):
        sl.simulate(network, 0.05)


def test_spikes_from_before_the_start_are_refused_on_the_clock_and_taken_by_the_exact_engine():
    """One arrival at 0.5 ms of a spike at -1 ms: the rule doubles the weight."""
    rule = Plasticity({}, {"w": "2*w"})
    network = sl.Network(
        {"cells": Population(QUIET, 2)},
        [Projection("cells", "cells", Connections([0], [1]), 1 * mV, 1.5 * ms, plasticity=rule)],
    )
    past = sl.Initial(past_spikes=[[-1 * ms], []])
    np.testing.assert_array_equal(sl.simulate(network, 0.01, initial=past).weights, [2e-3])
    with pytest.raises(ValueError, match="must not arrive at plastic synapses on the brian2 engine.* synapse 0"):
        sl.simulate(network, 0.01, initial=past, engine="brian2")
