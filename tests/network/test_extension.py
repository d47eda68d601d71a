"""A run that goes on from a state to a later end is one run: nothing may depend on where a run was to end."""

import numpy as np
import pytest
from brian2 import ms, mV

import spikelearn as sl
from spikelearn.eventdriven import simulate_neurons
from spikelearn.network import FixedInDegree, Population, Projection


def extended(network, cut, end, whole):
    """Run to `cut`, then on to `end`, and compare all trains bit for bit."""
    first = sl.simulate(network, cut)
    rest = sl.simulate(network, end, resume=first.state).spikes
    for i in range(network.n):
        np.testing.assert_array_equal(np.concatenate([first.spikes.train(i), rest.train(i)]), whole.train(i))


def without_input(n, tau_K, t_d, refractory):
    rng = np.random.default_rng(3)
    neuron = sl.AdaptiveLIF(delta_g=0.1)
    vary = {"V_0": rng.uniform(14, 40, n) * mV, "tau_K": tau_K(rng) * ms, "t_d": t_d(rng) * ms}
    return sl.Network({"cells": Population(neuron, n, vary, refractory)})


@pytest.mark.parametrize(
    ("tau_K", "t_d", "refractory"),
    [
        (lambda rng: np.full(100, 80.0), lambda rng: np.zeros(100), 0.0),
        (lambda rng: rng.uniform(5, 300, 100), lambda rng: rng.uniform(0, 30, 100), "2 ms"),
        (lambda rng: np.full(100, np.inf), lambda rng: rng.uniform(0, 30, 100), 0.0),
    ],
)
def test_neurons_without_input_go_on_bit_for_bit(tau_K, t_d, refractory):
    """What was not to come before the end of the first run comes after it: with tables, power series, constant g."""
    network = without_input(100, tau_K, t_d, refractory)
    whole = sl.simulate(network, 0.5).spikes
    assert whole.n_spikes > 300
    for cut in np.linspace(0.01, 0.49, 13):
        extended(network, cut, 0.5, whole)


def test_the_driver_of_single_neurons_differs_in_the_last_spike_at_most():
    """It sees the end of the run, and so finds the last crossing by another path: to one unit in the last place."""
    n, end = 1000, 0.7
    rng = np.random.default_rng(0)
    vary = {"V_0": rng.uniform(10, 40, n) * mV, "t_d": rng.choice([0.0, 3.0, 25.0, 200.0], n) * ms}
    neuron = sl.AdaptiveLIF(delta_g=0.2, tau_K=80 * ms)
    found = sl.simulate(sl.Network({"cells": Population(neuron, n, vary)}), end).spikes
    values = neuron.values(vary, n)
    values.pop("E_L")
    expected = simulate_neurons(values, end, n)
    np.testing.assert_array_equal(found.counts()[0], np.diff(expected.offsets))
    for i in range(n):
        train = expected.times[expected.offsets[i] : expected.offsets[i + 1]]
        np.testing.assert_array_equal(found.train(i)[:-1], train[:-1])
        np.testing.assert_allclose(found.train(i)[-1:], train[-1:], rtol=2.0**-52, atol=0)


def test_the_form_of_the_state_does_not_depend_on_the_length_of_the_run():
    """Seventeen different tau_K: beyond sixteen, whether tables pay is a matter of how long a run is."""
    n = 17 * 12
    neuron = sl.AdaptiveLIF(V_0=16 * mV, delta_g=1.0, tau=0.1 * ms)
    vary = {"tau_K": np.tile(np.linspace(20, 60, 17), 12) * ms}
    network = sl.Network(
        {"cells": Population(neuron, n, vary)},
        [Projection("cells", "cells", FixedInDegree(2), 0.2 * mV, 2 * ms)],
    )
    whole = sl.simulate(network, 3.0).spikes
    assert whole.n_spikes > 1000
    extended(network, 0.5, 3.0, whole)
