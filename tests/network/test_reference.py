"""Spike times of small networks against an event-by-event simulation that shares nothing with the engine."""

import numpy as np
import pytest
from brian2 import ms, mV

import spikelearn as sl
from spikelearn.eventdriven import simulate_neurons
from spikelearn.network import Connections, Population, Projection, SpikeSource
from spikelearn.network.wiring import wire

# The engine carries deviations in double precision: about 1e-15 an event, amplified where a crossing is shallow.
RELATIVE = 1e-10


def as_reference(network, duration):
    """The network as the reference wants it."""
    wiring = wire(network)
    values = {name: wiring.values[name].tolist() for name in wiring.values if name != "E_L"}
    delays = np.broadcast_to(wiring.delay, wiring.target.shape)
    synapses = list(
        zip(wiring.rows.tolist(), wiring.target.tolist(), wiring.weight.tolist(), delays.tolist(), strict=True)
    )
    external = [
        wiring.source_times[wiring.source_rows == row].tolist() for row in range(wiring.n, len(wiring.start) - 1)
    ]
    return values, synapses, external, duration


def agree(network, duration, reference, at_least):
    """Compare all trains; `at_least` spikes must have been compared."""
    recording = sl.simulate(network, duration)
    expected = reference(*as_reference(network, duration))
    assert sum(len(train) for train in expected) >= at_least
    for found, train in zip(recording.spikes, expected, strict=True):
        assert len(found) == len(train)
        np.testing.assert_allclose(found, train, rtol=RELATIVE, atol=0)


def loop_of_three(**changes):
    """Three unlike neurons: one inhibits, all adapt with a delay, a pause, delays that differ."""
    neuron = sl.AdaptiveLIF(V_0=20 * mV, delta_g=0.1, tau_K=80 * ms, t_d=4 * ms)
    vary = {"V_0": np.array([19.0, 17.0, 22.0]) * mV}
    pairs = Connections([0, 1, 2, 0, 2], [1, 2, 0, 2, 1])
    weights = np.array([2.0, 1.5, -3.0, 0.7, -1.0]) * mV
    delays = np.array([1.5, 2.25, 3.1, 7.0, 1.5]) * ms
    settings = {"vary": vary, "refractory": 3 * ms, **changes}
    return sl.Network(
        {"cells": Population(neuron, 3, **settings)}, [Projection("cells", "cells", pairs, weights, delays)]
    )


def random_network(n, seed, *, degree=5, t_d=3 * ms, tau_K=60 * ms, refractory=0.0, mean=18.0, external=True):
    """Unlike neurons at random, one in four inhibitory, with external trains."""
    rng = np.random.default_rng(seed)
    neuron = sl.AdaptiveLIF(delta_g=0.15, tau_K=tau_K, t_d=t_d)
    pre = np.repeat(np.arange(n), degree)
    post = (pre + rng.integers(1, n, len(pre))) % n
    weights = np.where(pre % 4 == 0, -1.2, 0.6) * rng.uniform(0.5, 1.5, len(pre)) * mV
    delays = rng.uniform(1.0, 6.0, len(pre)) * ms
    population = Population(neuron, n, {"V_0": (mean + rng.uniform(-4, 4, n)) * mV}, refractory)
    projections = [Projection("cells", "cells", Connections(pre, post), weights, delays)]
    sources = {}
    if external:
        trains = [np.sort(rng.uniform(0, 0.5, 20)) for _ in range(3)]
        sources = {"input": SpikeSource(sl.SpikeTrains.from_arrays(trains, t_stop=0.5))}
        pairs = Connections(rng.integers(0, 3, n), np.arange(n))
        projections.append(Projection("input", "cells", pairs, rng.uniform(-2, 4, n) * mV, "0.75 ms"))
    return sl.Network({"cells": population}, projections, sources)


def test_three_neurons_by_scipy(by_scipy):
    agree(loop_of_three(), 0.25, by_scipy, 15)


def test_three_neurons_by_forty_digits(by_forty_digits):
    agree(loop_of_three(), 1.0, by_forty_digits, 60)


@pytest.mark.parametrize(
    ("n", "duration", "options"),
    [
        (4, 0.3, {"refractory": 5 * ms}),
        (10, 0.15, {"t_d": 0 * ms, "mean": 30.0}),
        (12, 0.2, {"tau_K": np.inf * ms, "mean": 25.0}),
        pytest.param(20, 0.04, {"tau_K": 5 * ms, "refractory": 2 * ms, "mean": 24.0}, marks=pytest.mark.slow),
    ],
)
def test_random_networks_by_forty_digits(by_forty_digits, n, duration, options):
    agree(random_network(n, seed=n, **options), duration, by_forty_digits, 15)


@pytest.mark.slow
def test_fifty_neurons_by_forty_digits(by_forty_digits):
    agree(random_network(50, seed=50, refractory=2 * ms), 0.15, by_forty_digits, 150)


@pytest.mark.parametrize("tau_K", [80 * ms, np.inf * ms])
def test_uncoupled_members_equal_the_single_neuron_driver(tau_K):
    n = 20
    vary = {"V_0": np.linspace(14, 40, n) * mV, "t_d": np.repeat([0, 3, 25, 200], 5) * ms}
    neuron = sl.AdaptiveLIF(delta_g=0.2, tau_K=tau_K)
    # One other neuron with a synapse, so that there are windows at all.
    network = sl.Network(
        {"alone": Population(neuron, n, vary), "pair": Population(neuron, 2)},
        [Projection("pair", "pair", Connections([0, 1], [1, 0]), 1 * mV, 1 * ms)],
    )
    values = neuron.values(vary, n)
    values.pop("E_L")
    expected = simulate_neurons(values, 1.5, n)
    found = sl.simulate(network, 1.5).spikes
    assert expected.counts.sum() > 100
    for i in range(n):
        np.testing.assert_array_equal(found.train(i), expected.times[expected.offsets[i] : expected.offsets[i + 1]])


def test_a_synapse_of_no_weight_changes_nothing_but_rounding():
    network = random_network(30, seed=3, external=False)
    silent = sl.Network(
        network.populations,
        [Projection("cells", "cells", network.projections[0].connections, 0 * mV, network.projections[0].delay)],
    )
    alone = sl.Network(network.populations)
    found, expected = sl.simulate(silent, 0.5).spikes, sl.simulate(alone, 0.5).spikes
    np.testing.assert_array_equal(found.counts(), expected.counts())
    np.testing.assert_allclose(found.times, expected.times, rtol=1e-12)
