"""The same description on Brian2: agreement as the step goes to zero, and what its clock refuses."""

import shutil

import numpy as np
import pytest
from brian2 import ms, mV
from scipy.stats import t as student

import spikelearn as sl
from spikelearn.network import Connections, OneToOne, Population, Projection, SpikeSource


def driven_pair():
    """Two unlike neurons with every feature whose timing a clock can follow without missing a spike."""
    neuron = sl.AdaptiveLIF(V_0=25 * mV, delta_g=0.1, tau_K=100 * ms, t_d=5 * ms)
    trains = sl.SpikeTrains.from_arrays([[0.0101, 0.0102, 0.04, 0.08], [0.0303]], t_stop=0.2)
    return sl.Network(
        {"a": Population(neuron, 1, refractory=2 * ms), "b": Population(neuron, 1, {"V_0": [22] * mV})},
        [
            Projection("a", "b", Connections([0], [0]), 1 * mV, 1.5 * ms),
            Projection("b", "a", Connections([0], [0]), -1 * mV, 2.5 * ms),
            Projection("x", "a", Connections([0, 1], [0, 0]), [0.5, -0.7] * mV, 1 * ms),
        ],
        sources={"x": SpikeSource(trains)},
    )


def largest_lag(target, dt):
    exact = sl.simulate(driven_pair(), 0.12).spikes
    found = sl.simulate(driven_pair(), 0.12, engine="brian2", target=target, dt=dt).spikes
    np.testing.assert_array_equal(found.counts(), exact.counts())
    return max(np.abs(a - b).max() for a, b in zip(found, exact, strict=True))


def test_spike_times_converge_with_the_step():
    """A step delays each spike by at most itself, and the lags of a train add up: first order, five to ten steps."""
    coarse, fine = largest_lag("numpy", 0.1e-3), largest_lag("numpy", 0.02e-3)
    assert coarse < 10 * 0.1e-3
    assert 2.5 < coarse / fine < 10


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler")
@pytest.mark.parametrize("target", ["cython", "cpp_standalone"])
def test_compiled_targets_agree(target):
    assert largest_lag(target, 0.05e-3) < 10 * 0.05e-3


def test_traces_counts_and_delays_of_the_clock():
    network = driven_pair()
    recording = sl.simulate(network, 0.05, engine="brian2", record=("u", "g", "V"), record_dt=1e-3, units=[1])
    assert recording.traces["u"].shape == (50, 1)
    counts = sl.simulate(network, 0.05, engine="brian2", record="counts")
    np.testing.assert_array_equal(counts.counts, recording.counts)
    with pytest.raises(ValueError, match="delay must be at least one step"):
        sl.simulate(network, 0.05, engine="brian2", dt=3e-3, record_dt=3e-3)
    with pytest.raises(ValueError, match="record_dt must be a whole multiple"):
        sl.simulate(network, 0.05, engine="brian2", record_dt=0.25e-3)


# Independent networks of 200 neurons that are simulated as one: a step of Brian2 on NumPy costs about the same.
COPIES, SIZE, DURATION, TRANSIENT = 24, 200, 1.2, 0.2


def irregular_copies(seed):
    """Balanced networks without connections between them, and one external Poisson train (300 Hz) for each neuron.

    The trains are spikes at exact times, so that both engines get the same ones. Every delay is a multiple of every
    step: what is left is the grid of the spikes.
    """
    rng = np.random.default_rng(seed)
    n, cut = COPIES * SIZE, SIZE * 4 // 5
    neuron = sl.AdaptiveLIF(V_0=15 * mV, delta_g=0.1, tau_K=100 * ms, t_d=4 * ms)
    sources, strengths = [], []
    for i in range(n):
        within = np.delete(np.arange(SIZE), i % SIZE)
        excitatory, inhibitory = within[within < cut], within[within >= cut]
        chosen = [rng.choice(excitatory, 20, replace=False), rng.choice(inhibitory, 10, replace=False)]
        sources.append(i // SIZE * SIZE + np.concatenate(chosen))
        strengths.append(np.repeat([0.3, -1.0], [20, 10]))
    trains = [np.sort(rng.uniform(0, DURATION, rng.poisson(300 * DURATION))) for _ in range(n)]
    pairs = Connections(np.concatenate(sources), np.repeat(np.arange(n), 30))
    return sl.Network(
        {"cells": Population(neuron, n, refractory=2 * ms)},
        [
            Projection("cells", "cells", pairs, np.concatenate(strengths) * mV, 1.6 * ms),
            Projection("input", "cells", OneToOne(), 1 * mV, 1.6 * ms),
        ],
        {"input": SpikeSource(sl.SpikeTrains.from_arrays(trains, t_stop=DURATION))},
    )


def statistics(trains):
    """Mean rate, mean CV of intervals, mean correlation of counts in 20 ms over all pairs, after the transient."""
    trains = [train[train >= TRANSIENT] for train in trains]
    rate = np.mean([len(train) for train in trains]) / (DURATION - TRANSIENT)
    cv = [np.diff(t).std() / np.diff(t).mean() for t in trains if len(t) > 5]
    edges = np.linspace(TRANSIENT, DURATION, round((DURATION - TRANSIENT) / 0.02) + 1)
    counts = np.array([np.histogram(t, edges)[0] for t in trains], dtype=float)
    counts -= counts.mean(axis=1, keepdims=True)
    spread = counts.std(axis=1)
    busy = spread > 0
    total = (counts[busy] / spread[busy, None]).sum(axis=0)
    m = busy.sum()
    # The mean over all pairs from the variance of the sum.
    return np.array([rate, np.mean(cv), ((total**2).mean() - m) / (m * (m - 1))])


@pytest.mark.slow
def test_rate_irregularity_and_correlation_agree_as_the_step_goes_to_zero():
    """24 networks of 200 neurons on both engines with the same input, at four steps: deviations network by network.

    They are of first order in the step, and so sharply seen that even the shortest step is not free of them: what must
    vanish is the intercept of a line through the four steps. Statistic, for rate, CV and pairwise correlation: t of
    its mean over the n = 24 networks, 23 degrees of freedom; limit for a false alarm of 1e-4 each: 4.7. The t of the
    rate's slope, about -20, shows how much smaller a deviation would be seen.
    """
    network = irregular_copies(seed=1)
    steps = np.array([0.4e-3, 0.2e-3, 0.1e-3, 0.05e-3])

    def each(spikes):
        trains = list(spikes)
        return np.array([statistics(trains[k * SIZE : (k + 1) * SIZE]) for k in range(COPIES)])

    def t_value(values):
        return values.mean(0) / (values.std(0, ddof=1) / np.sqrt(COPIES))

    exact = each(sl.simulate(network, DURATION).spikes)
    clock = {"engine": "brian2", "target": "numpy"}
    off = np.array([each(sl.simulate(network, DURATION, dt=step, **clock).spikes) - exact for step in steps])
    # The regime: neither regular nor silent, correlated.
    rate, irregularity, correlation = exact.mean(0)
    assert 10 < rate < 20
    assert 0.25 < irregularity < 0.5
    assert correlation > 0.01
    limit = student.ppf(1 - 0.5e-4, COPIES - 1)
    intercept, slope = np.einsum("ij,jkl->ikl", np.linalg.pinv(np.vander(steps, 2, increasing=True)), off)
    assert (np.abs(t_value(intercept)) < limit).all(), t_value(intercept)
    assert t_value(slope)[0] < -2 * limit
    # An eighth of the longest step, an eighth of the deviation; its standard error is a thirtieth.
    assert abs(off[-1].mean(0)[0]) < abs(off[0].mean(0)[0]) / 3
