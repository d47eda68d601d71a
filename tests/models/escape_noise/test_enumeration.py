"""Sums over hidden patterns at their limits: no hidden units, no bins, impossible patterns, bounded memory."""

import tracemalloc

import numpy as np
import pytest
from brian2 import Hz, ms, mV

import spikelearn as sl
from spikelearn.models.escape_noise import all_patterns, estimator_moments, log_evidence

DT = 0.001
CELL = sl.EscapeNoise(tau=3 * ms, tau_adapt=5 * ms, eta_0=0.7, rho_0=200 * Hz, v=0.2, Delta_u=1.3)


class TestWithoutHiddenUnits:
    W = np.array([[0.1, -0.4], [0.8, 0.0]])
    network = sl.VariationalNetwork(CELL, 2, 0, W, np.zeros((0, 2)))
    X = np.array([[[1, 0], [0, 1], [0, 0]], [[0, 1], [1, 1], [0, 1]]])

    def test_free_energy_is_the_likelihood(self):
        expected = CELL.log_likelihood(self.X, self.W, DT, per_trial=True)
        np.testing.assert_allclose(self.network.free_energy(self.X, DT, per_trial=True), -expected, rtol=1e-13)
        np.testing.assert_allclose(log_evidence(self.network, self.X, DT), expected, rtol=1e-13)
        # As in the call without any settings.
        assert np.isfinite(sl.VariationalNetwork(sl.EscapeNoise(), 2, 0, self.W, np.zeros((0, 2))).free_energy(
            self.X[0], 1e-3
        ))  # fmt: skip

    def test_gradients_are_those_of_the_likelihood(self):
        found = self.network.gradients(self.X, DT)
        np.testing.assert_allclose(found.W_M, -CELL.gradient(self.X, self.W, DT), rtol=1e-12)
        assert found.W_Q.shape == (0, 2)
        assert estimator_moments(self.network, self.X[0], DT).mean.shape == (0, 2)


def test_no_bins_and_no_units_have_one_empty_pattern():
    assert all_patterns(3, 0).shape == (1, 3, 0)
    assert all_patterns(0, 3).shape == (1, 0, 3)
    network = sl.VariationalNetwork.random(CELL, 2, 3)
    nothing = np.zeros((2, 0, 2))
    np.testing.assert_array_equal(network.free_energy(nothing, DT, per_trial=True), 0.0)
    np.testing.assert_array_equal(log_evidence(network, nothing, DT), 0.0)
    assert not network.gradients(nothing, DT).W_Q.any()


def test_patterns_that_q_cannot_draw_add_nothing():
    """Q drives the second bin to r = inf where M is silent: the free energy has a closed form."""
    cell = sl.EscapeNoise(tau=1e6 * ms, eta_0=0.0, rho_0=100 * Hz)
    network = sl.VariationalNetwork(cell, 1, 1, np.zeros((2, 2)), [[3000.0, 0.0]])
    visible = [[1], [0]]
    p = -np.expm1(-0.1)
    # First bin: q = p, so that it costs the visible spike only; second bin: a certain spike under q, p under M.
    expected = -np.log(p) - np.log(p) + 0.1
    assert network.free_energy(visible, DT) == pytest.approx(expected, rel=1e-12)
    found = network.gradients(visible, DT)
    assert np.isfinite(found.W_M).all()
    assert np.isfinite(found.W_Q).all()
    assert np.isfinite(estimator_moments(network, visible, DT).variance).all()


def test_evidence_adds_up_over_parts_of_the_patterns(monkeypatch):
    """The sum over 64 patterns does not depend on how many of them are evaluated side by side."""
    network = sl.VariationalNetwork.random(CELL, 1, 2, scale=0.7, seed=3)
    V = [[1], [0], [1]]
    whole = log_evidence(network, V, DT), network.free_energy(V, DT), network.gradients(V, DT).W_Q
    monkeypatch.setattr("spikelearn.models.escape_noise.enumeration._AT_ONCE", 7)
    parts = log_evidence(network, V, DT), network.free_energy(V, DT), network.gradients(V, DT).W_Q
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


def test_memory_does_not_grow_with_scores_that_are_not_used():
    """2^15 patterns x 15 bins x 31 units: spikes alone are 15 MB, scores would be 122 MB."""
    network = sl.VariationalNetwork.random(CELL, 30, 1)
    V = np.zeros((15, 30))
    network.free_energy(V[:2], DT)
    for call in (network.free_energy, network.gradients):
        tracemalloc.start()
        call(V, DT)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 40e6


def test_moments_leave_fixed_self_weights_at_zero():
    W_M, W_Q = np.full((3, 3), 0.3), np.full((2, 3), 0.4)
    np.fill_diagonal(W_M, 0.0)
    np.fill_diagonal(W_Q[:, 1:], 0.0)
    network = sl.VariationalNetwork(CELL, 1, 2, W_M, W_Q, self_connections=False)
    V = [[1], [0], [1]]
    moments = estimator_moments(network, V, DT)
    np.testing.assert_allclose(moments.mean, network.gradients(V, DT).W_Q, atol=1e-13)
    assert not np.diag(moments.mean[:, 1:]).any()
    assert not np.diag(moments.variance[:, 1:]).any()


def test_time_constants_are_read_like_everywhere():
    network = sl.VariationalNetwork.random(CELL, 1, 2, scale=0.5)
    V = [[1], [0], [1]]
    plain = estimator_moments(network, V, DT, estimator="causal", tau_G=0.01, tau_baseline=0.1)
    for tau_G, tau_baseline in ((10 * ms, 100 * ms), ("10 ms", "100 ms")):
        other = estimator_moments(network, V, DT, estimator="causal", tau_G=tau_G, tau_baseline=tau_baseline)
        assert (plain.mean == other.mean).all()
    for bad in (0.0, -0.01):
        with pytest.raises(ValueError, match="estimator_moments: tau_G must be positive"):
            estimator_moments(network, V, DT, estimator="causal", tau_G=bad)
    with pytest.raises(ValueError, match="tau_G must be a finite time, got nan"):
        estimator_moments(network, V, DT, estimator="causal", tau_G=np.nan)
    with pytest.raises(ValueError, match="tau_G must be a time, such as"):
        estimator_moments(network, V, DT, estimator="causal", tau_G=10 * mV)
    with pytest.raises(ValueError, match=r'tau_G must be infinite with estimator="episode", got 0.01 s'):
        estimator_moments(network, V, DT, tau_G=0.01)
    with pytest.raises(ValueError, match="tau_baseline must be at least 0.001 s"):
        estimator_moments(network, V, DT, tau_baseline=0.0004)


def test_baselines_and_estimators_are_checked():
    network = sl.VariationalNetwork.random(CELL, 1, 2)
    V = [[1], [0], [1]]
    with pytest.raises(ValueError, match='estimator must be "causal" or "episode", got \'casual\''):
        network.gradients(V, DT, estimator="casual")
    with pytest.raises(ValueError, match="baseline must be finite, got nan"):
        network.gradients(V, DT, exact=False, baseline=np.nan)
    with pytest.raises(ValueError, match=r"baseline must be one number or one a bin, \(3,\), got shape \(2,\)"):
        estimator_moments(network, V, DT, baseline=np.zeros(2))
    with pytest.raises(ValueError, match="baseline must be one number where it runs"):
        estimator_moments(network, V, DT, baseline=np.zeros(3), tau_baseline=0.1)
