"""The same description on Brian2: agreement as the step goes to zero, and what its clock refuses."""

import shutil

import numpy as np
import pytest
from brian2 import Hz, ms, mV

import spikelearn as sl
from spikelearn.network import Connections, FixedInDegree, PoissonInput, Population, Projection, SpikeSource


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


def irregular(n=400):
    neuron = sl.AdaptiveLIF(V_0=15 * mV, delta_g=0.1, tau_K=100 * ms, t_d=5 * ms)
    return sl.Network(
        {"E": Population(neuron, (n * 4) // 5, refractory=2 * ms), "I": Population(neuron, n // 5, refractory=2 * ms)},
        [
            Projection(a, b, FixedInDegree(20 if a == "E" else 10), (0.3 if a == "E" else -1.0) * mV, 1.5 * ms)
            for a in "EI"
            for b in "EI"
        ],
        poisson=[PoissonInput(a, 1000 * Hz, 0.3 * mV) for a in "EI"],
    )


def statistics(spikes):
    """Mean rate, mean CV of intervals, mean correlation of counts in 20 ms over pairs of neighbours."""
    rate = spikes.counts().mean() / spikes.duration
    cv = [np.diff(t).std() / np.diff(t).mean() for t in spikes if len(t) > 5]
    edges = np.arange(0, spikes.duration + 1e-9, 0.02)
    counts = np.array([np.histogram(t, edges)[0] for t in spikes], dtype=float)
    counts -= counts.mean(axis=1, keepdims=True)
    spread = counts.std(axis=1)
    busy = spread > 0
    total = (counts[busy] / spread[busy, None]).sum(axis=0)
    m = busy.sum()
    # The mean over all pairs from the variance of the sum.
    return np.array([rate, np.mean(cv), ((total**2).mean() - m) / (m * (m - 1))])


@pytest.mark.slow
def test_rate_irregularity_and_correlation_agree_within_sampling_error():
    """Eight runs of 400 neurons for 2 s with each engine and different seeds, at dt 0.05 ms.

    Welch's t of eight runs against eight for rate, CV and pairwise correlation; |t| < 5.5 at about
    14 degrees of freedom: false alarm below 1e-4 each. The step's own bias, O(dt), is a tenth of the spread.
    """
    network = irregular()
    exact = np.array([statistics(sl.simulate(network, 2.0, seed=s).spikes) for s in range(8)])
    clock = np.array(
        [
            statistics(sl.simulate(network, 2.0, seed=100 + s, engine="brian2", target="numpy", dt=0.05e-3).spikes)
            for s in range(8)
        ]
    )
    assert exact[:, 0].mean() > 2
    t = (exact.mean(0) - clock.mean(0)) / np.sqrt((exact.var(0, ddof=1) + clock.var(0, ddof=1)) / 8)
    assert (np.abs(t) < 5.5).all(), t
