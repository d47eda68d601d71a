"""Events at one instant: own potassium first, then all jumps summed, then the threshold.

Times on a lattice of 2^-10 s add without rounding in doubles and in forty digits alike, so that events meet exactly.
"""

import numpy as np
import pytest
from brian2 import ms, mV, second, volt

import spikelearn as sl
from spikelearn.network import Connections, Population, Projection, SpikeSource
from spikelearn.network.wiring import wire

TICK = 2.0**-10


def on_the_lattice(seed, V_0, *, shuffle=None, n=12, degree=6, duration=0.4):
    """A random network all of whose delays, refractory periods and external spikes are whole numbers of ticks.

    Every pair at most once; `shuffle` is the seed of the order in which the synapses are listed.
    """
    rng = np.random.default_rng(seed)
    pre = np.repeat(np.arange(n), degree)
    post = np.concatenate([rng.choice(np.delete(np.arange(n), i), degree, replace=False) for i in range(n)])
    weights = np.where(pre % 3 == 0, -9e-3, 8e-3) * rng.uniform(0.5, 1.5, len(pre))
    delays = rng.integers(1, 5, len(pre)) * TICK
    from_train, to = np.repeat(np.arange(4), n), np.tile(np.arange(n), 4)
    strength, late = rng.uniform(4e-3, 14e-3, 4 * n), rng.integers(1, 4, 4 * n) * TICK
    vary = {"V_0": rng.uniform(*V_0, n) * volt, "t_d": rng.integers(0, 9, n) * TICK * second}
    pause = rng.integers(0, 5, n) * TICK
    trains = [np.unique(rng.integers(1, int(duration / TICK), 60)) * TICK for _ in range(4)]
    if shuffle is not None:
        order = np.random.default_rng(shuffle).permutation(len(pre))
        pre, post, weights, delays = pre[order], post[order], weights[order], delays[order]
    return sl.Network(
        {"cells": Population(sl.AdaptiveLIF(delta_g=0.2, tau_K="50 ms"), n, vary, pause)},
        [
            Projection("cells", "cells", Connections(pre, post), weights * volt, delays),
            Projection("input", "cells", Connections(from_train, to), strength * volt, late),
        ],
        {"input": SpikeSource(sl.SpikeTrains.from_arrays(trains, t_stop=duration))},
    )


def by_reference(network, duration, reference):
    wiring = wire(network)
    values = {name: wiring.values[name].tolist() for name in wiring.values if name != "E_L"}
    synapses = zip(*(a.tolist() for a in (wiring.rows, wiring.target, wiring.weight, wiring.delay)), strict=True)
    external = [
        wiring.source_times[wiring.source_rows == row].tolist() for row in range(wiring.n, len(wiring.start) - 1)
    ]
    return reference(values, [*synapses], external, duration)


def test_where_all_events_meet_the_spikes_are_those_of_the_event_queue(by_forty_digits):
    """No neuron fires by itself: every spike has the time of an arrival, a whole number of ticks, to the last bit."""
    network = on_the_lattice(1, V_0=(0.0, 0.012))
    found = sl.simulate(network, 0.1).spikes
    expected = by_reference(network, 0.1, by_forty_digits)
    assert found.n_spikes > 50
    for i in range(network.n):
        np.testing.assert_array_equal(found.train(i), expected[i])
    assert (found.times / TICK == np.round(found.times / TICK)).all()
    # Events do meet: far more arrivals than ticks at which one comes.
    wiring = wire(network)
    instants = {
        (int(j), t + delay)
        for row, j, delay in zip(wiring.rows, wiring.target, wiring.delay, strict=True)
        if row < network.n
        for t in found.train(int(row))
    }
    arrivals = sum(len(found.train(int(row))) for row in wiring.rows if row < network.n)
    assert arrivals > 1.5 * len(instants)


def test_where_neurons_also_fire_by_themselves(by_forty_digits):
    """The same with drive above threshold: spikes of the flow among arrivals that meet."""
    network = on_the_lattice(2, V_0=(0.012, 0.024))
    found = sl.simulate(network, 0.25).spikes
    expected = by_reference(network, 0.25, by_forty_digits)
    assert found.n_spikes > 200
    for i in range(network.n):
        assert len(found.train(i)) == len(expected[i])
        np.testing.assert_allclose(found.train(i), expected[i], rtol=1e-10, atol=0)


@pytest.mark.parametrize("V_0", [(0.0, 0.012), (0.012, 0.024)])
def test_the_order_in_which_synapses_are_listed_does_not_matter(V_0):
    """Jumps that meet are summed by source: bit for bit the same spikes."""
    spikes = sl.simulate(on_the_lattice(3, V_0), 0.4).spikes
    assert spikes.n_spikes > 200
    for shuffle in range(3):
        assert sl.simulate(on_the_lattice(3, V_0, shuffle=shuffle), 0.4).spikes == spikes


def test_where_a_run_is_cut_does_not_matter_to_sums():
    """What is under way at the cut comes back in another order; jumps that meet are summed by source all the same."""
    network = on_the_lattice(3, V_0=(0.012, 0.024))
    whole = sl.simulate(network, 0.4).spikes
    for cut in 20.5 * TICK + 30 * TICK * np.arange(12):
        first = sl.simulate(network, cut)
        rest = sl.simulate(network, 0.4, resume=first.state).spikes
        for i in range(network.n):
            joined = np.concatenate([first.spikes.train(i), rest.train(i)])
            np.testing.assert_array_equal(joined, whole.train(i))


@pytest.mark.parametrize("watched", [False, True])
def test_potassium_that_arrives_with_a_spike_neither_prevents_nor_moves_it(watched):
    """The second spike comes as the potassium of the first arrives; from then on it is a neuron that starts with it.

    `watched`: with a synapse of no weight, so that the neuron is none without input.
    """
    first = float(sl.AdaptiveLIF(V_0=30 * mV).time_to_spike())
    late = sl.AdaptiveLIF(V_0=30 * mV, delta_g=0.2, tau_K=100 * ms, t_d=first * second)
    synapses = [Projection("cell", "cell", Connections([0], [0]), 0 * mV, 50 * ms, allow_self=True)] if watched else []
    found = sl.simulate(sl.Network({"cell": Population(late, 1)}, synapses), 0.05).spikes.train()
    np.testing.assert_allclose(found[:2], [first, 2 * first], rtol=1e-14)
    rest = sl.simulate(late, 0.05, initial=sl.Initial(g=0.2, past_spikes=[0.0])).spikes.train()
    np.testing.assert_allclose(found[2:], (2 * first + rest)[: len(found) - 2], rtol=1e-13)
    assert len(found) > 3


@pytest.mark.parametrize(
    ("weights", "fires"), [([-1.0], False), ([1.0, -1.0], True), ([1.0, -2.0], False), ([-3.0, 1.0, 2.5], True)]
)
def test_all_jumps_at_the_instant_of_a_crossing_are_summed_before_the_threshold(weights, fires):
    """The flow alone reaches the threshold at this instant: the sum decides whether it stays there."""
    neuron = sl.AdaptiveLIF(V_0=30 * mV, delta_g=0.0)
    at = float(neuron.time_to_spike())
    n = len(weights)
    network = sl.Network(
        {"cell": Population(neuron, 1)},
        [Projection("input", "cell", Connections(np.arange(n), np.zeros(n, int)), weights * mV, at / 4)],
        {"input": SpikeSource(sl.SpikeTrains.from_arrays([[at - at / 4]] * n, t_stop=1.0))},
    )
    spikes = sl.simulate(network, 0.03).spikes.train()
    below = float(-sum(weights)) * 1e-3
    # Pushed below, u climbs back from theta - below towards V_0 = 2 theta.
    expected = at if fires else at + 0.01 * np.log1p(below / 0.015)
    np.testing.assert_allclose(spikes[0], expected, rtol=1e-14)


@pytest.mark.parametrize(("offset", "spikes"), [(-1, 1), (0, 2), (1, 2)])
def test_a_jump_at_the_very_end_of_the_refractory_period_counts(offset, spikes):
    """Five ticks of it: what arrives before its end is lost; at its end u is the reset, then the jump comes."""
    neuron = sl.AdaptiveLIF(V_0=0 * mV, delta_g=0.0)
    train = np.array([8, 8 + 5 + offset]) * TICK
    network = sl.Network(
        {"cell": Population(neuron, 1, refractory=5 * TICK)},
        [Projection("input", "cell", Connections([0], [0]), 15 * mV, 2 * TICK)],
        {"input": SpikeSource(sl.SpikeTrains.from_arrays([train], t_stop=1.0))},
    )
    found = sl.simulate(network, 0.1).spikes.train()
    np.testing.assert_array_equal(found, (train + 2 * TICK)[:spikes])


@pytest.mark.parametrize(
    ("step", "pause", "start"), [(1e-3, 1, 0.0), (1e-3, 3, 0.0), (7e-4, 1, 0.0), (1e-4, 1, 0.0), (1e-3, 1, 1e4)]
)
def test_on_a_decimal_lattice_no_arrival_at_the_end_of_a_pause_is_lost(step, pause, start):
    """899 inputs, each enough for a spike, and a pause of a whole number of steps: every such input makes one.

    Times of 1 ms are no binary fractions: arrivals come up to a few roundings before the end of the pause.
    """
    times = start + np.arange(1, 900) * step
    network = sl.Network(
        {"cell": Population(sl.AdaptiveLIF(V_0="0 mV", delta_g=0.0), 1, refractory=pause * step)},
        [Projection("input", "cell", Connections([0], [0]), "100 mV", step)],
        {"input": SpikeSource(sl.SpikeTrains.from_arrays([times], t_stop=float(times[-1]) + step))},
    )
    found = sl.simulate(network, float(times[-1]) + 3 * step).spikes.train()
    np.testing.assert_allclose(found, times[::pause] + step, rtol=4 * np.finfo(float).eps, atol=0)
