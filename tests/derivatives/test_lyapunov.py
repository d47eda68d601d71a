"""Lyapunov exponents against the divergence of pairs of runs, and multipliers of locked firing against a run."""

import numpy as np
import pytest
from brian2 import ms, mV, volt

import spikelearn as sl
from spikelearn.derivatives import locked_firing, lyapunov_exponents
from spikelearn.network import Connections, Population, Projection


def network(w_E, w_I, n=100, seed=1):
    """Four excitatory neurons for each inhibitory one, a fifth of all pairs, delays of 1 to 4 ms."""
    rng = np.random.default_rng(seed)
    neuron = sl.AdaptiveLIF(delta_g=0.08, tau_K=100 * ms, t_d=5 * ms)
    pre, post = np.nonzero((rng.random((n, n)) < 0.2) & ~np.eye(n, dtype=bool))
    weights = np.where(pre < n * 4 // 5, w_E, w_I) * mV
    population = Population(neuron, n, {"V_0": rng.uniform(17, 23, n) * mV})
    delays = rng.uniform(1, 4, len(pre)) * ms
    return sl.Network({"cells": population}, [Projection("cells", "cells", Connections(pre, post), weights, delays)])


def test_the_window_does_not_matter():
    """Directions are made orthogonal as often as one likes: what grows is the same."""
    model = network(1.2, -5.0, n=30)
    recording = sl.simulate(model, 2.0)
    found = [lyapunov_exponents(model, recording, n=2, window=window, transient=0.5) for window in (0.05, 0.1)]
    np.testing.assert_allclose(found[0].exponents, found[1].exponents, rtol=1e-6)
    assert found[0].autonomous
    assert found[0].exponents[0] >= found[0].exponents[1]


def test_one_neuron_forgets_as_its_map_from_spike_to_spike():
    """Regular firing: log of the factor by which a disturbance of g changes from spike to spike, over the period.

    A shift of time neither grows nor decays, so that an exponent near 0 would be found if it were not taken out.
    """
    neuron = sl.AdaptiveLIF(V_0="22 mV", delta_g=0.1, tau_K="80 ms")
    model = sl.Network({"one": Population(neuron, 1)}, [])
    recording = sl.simulate(model, 3.0)
    found = lyapunov_exponents(model, recording, window=0.1, transient=0.5)
    run = sl.spike_time_jacobian(neuron, n_spikes=20, wrt="g")
    steps = np.abs(np.diff(run["derivative"].values[:, 0]))
    period = float(np.diff(run["time"].values)[-1])
    expected = np.log(steps[12] / steps[6]) / (6 * period)
    assert expected < -5.0
    assert found.exponents[0] == pytest.approx(expected, rel=0.02)


def test_a_disturbance_that_is_forgotten_altogether_has_no_finite_exponent():
    """Without potassium a reset leaves nothing but a shift of time."""
    model = sl.Network({"one": Population(sl.AdaptiveLIF(V_0="22 mV", delta_g=0.0), 1)}, [])
    assert lyapunov_exponents(model, sl.simulate(model, 2.0)).exponents[0] == -np.inf


def divergence(model, seed, size=1e-11, window=0.1):
    """Growth rate of the distance of two runs that start `size` volts apart, shift of time taken out, 1/s."""
    rng = np.random.default_rng(seed)
    u = rng.uniform(0, 1e-3, model.n)
    starts = (u, u + size * rng.standard_normal(model.n))
    first, other = (sl.simulate(model, 2.0, initial=sl.Initial(u=v * volt)).spikes for v in starts)
    edges = np.arange(0.0, 2.0 + 1e-9, window)
    moved = [[] for _ in edges[1:]]
    for a, b in zip(first, other, strict=True):
        m = min(len(a), len(b))
        for k, d in zip(np.searchsorted(edges, a[:m], side="right") - 1, b[:m] - a[:m], strict=True):
            moved[k].append(d)
    times, distance = edges[1:] - window / 2, np.array([np.std(d) for d in moved])
    use = (times > 0.3) & (distance > 1e-14) & (distance < 1e-6)
    stop = np.flatnonzero((times > 0.3) & ~use)
    use[stop[0] if len(stop) else len(use) :] = False
    return np.polyfit(times[use], np.log(distance[use]), 1)[0] if use.sum() >= 5 else np.nan


@pytest.mark.slow
@pytest.mark.parametrize(("weights", "sign"), [((0.3, -1.5), 1.0), ((1.2, -5.0), -1.0)])
def test_exponents_are_the_divergence_of_pairs_of_runs(weights, sign):
    """16 pairs in a network that is unstable and in one that is stable; both errors are of the mean over pieces.

    Three and a half combined errors: exceeded with probability 1e-3 or so by chance.
    """
    model = network(*weights)
    found = lyapunov_exponents(model, sl.simulate(model, 10.0), transient=0.5)
    rates = np.array([divergence(model, seed) for seed in range(16)])
    rates = rates[np.isfinite(rates)]
    assert len(rates) >= 10
    error = np.hypot(found.standard_errors[0], rates.std(ddof=1) / np.sqrt(len(rates)))
    assert sign * found.exponents[0] > 2 * found.standard_errors[0]
    assert abs(found.exponents[0] - rates.mean()) < 3.5 * error


@pytest.mark.parametrize("m", [1, 3])
def test_multipliers_are_the_decay_in_a_run(m):
    neuron = sl.AdaptiveLIF(V_0="20 mV", delta_g=0.01, tau_K="200 ms", t_d=(m + 0.4) * 20.1 * ms)
    locked = locked_firing(neuron, m)
    past = [-k * locked.period for k in range(m, -1, -1)]
    run = sl.spike_time_jacobian(neuron, n_spikes=60, wrt="g", initial=sl.Initial(g=locked.g, past_spikes=past))
    times, moved = run["time"].values, run["derivative"].values[:, 0]
    np.testing.assert_allclose(times, locked.period * np.arange(1, 61), rtol=1e-12)
    # Every disturbance is a sum of powers of the multipliers and a shift of time: so many terms satisfy a recurrence.
    recurrence = np.poly(np.concatenate([[1.0], locked.multipliers]))
    left = np.convolve(moved, recurrence, mode="valid").real
    assert np.abs(left).max() < 1e-11 * np.abs(moved).max()
    assert locked.stable
    assert locked.phase == pytest.approx(float(neuron.t_d) / locked.period - m, rel=1e-12)


def test_bad_input_is_refused():
    model = network(0.3, -1.5, n=10)
    recording = sl.simulate(model, 0.2)
    with pytest.raises(ValueError, match="longer than the transient of 0.5 s and 10 windows of 0.05 s, got 0.2 s"):
        lyapunov_exponents(model, recording)
    with pytest.raises(TypeError, match="network must be a Network, got AdaptiveLIF; a single neuron is one of a"):
        lyapunov_exponents(sl.AdaptiveLIF(), recording)
    with pytest.raises(ValueError, match="must have a delay and a finite tau_K, got t_d = 0.0 s"):
        locked_firing(sl.AdaptiveLIF(), 1)
    with pytest.raises(ValueError, match="must fire with a period from"):
        locked_firing(sl.AdaptiveLIF(t_d="50 ms", delta_g=0.01), 40)
