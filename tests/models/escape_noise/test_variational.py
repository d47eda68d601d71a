"""Free energy, its gradients and their estimators against sums over all hidden patterns."""

import numpy as np
import pytest
from brian2 import Hz, ms

import spikelearn as sl
from spikelearn.models.escape_noise.enumeration import all_patterns, estimator_moments, log_evidence
from spikelearn.models.escape_noise.likelihood import traces
from spikelearn.models.escape_noise.posterior import evaluate_path, sample_path

DT = 0.001
CELL = sl.EscapeNoise(tau=3 * ms, tau_adapt=5 * ms, eta_0=0.7, rho_0=200 * Hz, v=0.2, Delta_u=1.3)


@pytest.fixture(scope="module")
def network():
    rng = np.random.default_rng(0)
    return sl.VariationalNetwork(CELL, 1, 2, rng.normal(0, 0.5, (3, 3)), rng.normal(0, 0.5, (2, 3)))


@pytest.fixture(scope="module")
def V():
    return np.array([[[1], [0], [1], [0], [1]], [[0], [1], [1], [0], [0]]])


def enumerated(network, visible):
    """Free energy and log evidence by loops over patterns with the cell's own likelihood: no code of enumeration.py."""
    F, joint = 0.0, []
    for H in all_patterns(len(visible), network.n_hidden):
        X = np.hstack([visible, H])
        r_Q = np.empty(H.shape)
        padded = np.zeros((3, 3))
        padded[1:] = network.W_Q
        r_Q = CELL.intensities(X, padded, DT)[0][:, 1:]
        log_q = np.where(H > 0, np.log(-np.expm1(-r_Q)), -r_Q).sum()
        log_p = CELL.log_likelihood(X, network.W_M, DT)
        F += np.exp(log_q) * (log_q - log_p)
        joint.append(log_p)
    return F, np.logaddexp.reduce(joint)


def test_exact_free_energy_and_evidence_equal_a_plain_loop(network, V):
    F, evidence = zip(*[enumerated(network, visible) for visible in V], strict=True)
    np.testing.assert_allclose(network.free_energy(V, DT, per_trial=True), F, rtol=1e-12)
    np.testing.assert_allclose(log_evidence(network, V, DT), evidence, rtol=1e-12)
    assert network.free_energy(V, DT) >= -sum(evidence)


def test_evidence_of_all_visible_patterns_sums_to_one(network):
    assert np.exp(log_evidence(network, all_patterns(4, 1), DT)).sum() == pytest.approx(1.0, abs=1e-12)


def test_free_energy_is_tight_where_q_is_the_posterior():
    """Hidden units that nobody listens to have their prior as posterior: F = -log p exactly."""
    rng = np.random.default_rng(1)
    W_M = rng.normal(0, 0.5, (3, 3))
    W_M[0, 1:] = 0.0
    network = sl.VariationalNetwork(CELL, 1, 2, W_M, W_M[1:])
    V = [[1], [0], [1], [1]]
    assert network.free_energy(V, DT) == pytest.approx(-log_evidence(network, V, DT)[0], abs=1e-12)


def test_exact_gradients_equal_finite_differences(network, V):
    found = network.gradients(V, DT)
    step = 1e-5
    for name in ("W_M", "W_Q"):
        W = getattr(network, name)
        for i, j in np.ndindex(W.shape):
            values = []
            for sign in (1, -1):
                moved = W.copy()
                moved[i, j] += sign * step
                both = {"W_M": network.W_M, "W_Q": network.W_Q, name: moved}
                values.append(network.with_weights(**both).free_energy(V, DT))
            # Central difference at step 1e-5: rounding 1e-14 * F / step = 1e-8, truncation 1e-10.
            assert getattr(found, name)[i, j] == pytest.approx((values[0] - values[1]) / (2 * step), abs=1e-7)


@pytest.mark.parametrize("estimator", ["episode", "causal"])
@pytest.mark.parametrize("baseline", [0.0, 3.7])
def test_estimators_are_unbiased_for_any_constant_baseline(network, V, estimator, baseline):
    exact = network.gradients(V[0], DT).W_Q
    found = estimator_moments(network, V[0], DT, estimator=estimator, baseline=baseline)
    np.testing.assert_allclose(found.mean, exact, atol=1e-13)


def test_baseline_and_causal_form_lower_the_variance(network, V):
    F = network.free_energy(V[0], DT)
    plain = estimator_moments(network, V[0], DT).variance.sum()
    with_baseline = estimator_moments(network, V[0], DT, baseline=F).variance.sum()
    causal = estimator_moments(network, V[0], DT, estimator="causal").variance.sum()
    assert with_baseline < 0.2 * plain
    assert causal < 0.5 * plain


def test_baseline_that_contains_the_present_sample_is_biased(network, V):
    """Two trials with their own mean as baseline, over all pairs of hidden patterns: half of the gradient is lost.

    The reason why learning updates its baseline only after use.
    """
    visible = V[0, :3]
    H = all_patterns(3, 2)
    path = evaluate_path(network, np.concatenate([np.broadcast_to(visible, (len(H), 3, 1)), H], axis=2), DT)
    probability = np.exp(path.log_q.sum(axis=1))
    F = path.free_energy.sum(axis=1)
    score = np.einsum("tki,tkj->tij", path.score_Q, traces(path.X, float(np.exp(-DT / 0.003))))
    both = np.zeros((2, 3))
    for p, F_1, s_1 in zip(probability, F, score, strict=True):
        for q, F_2, s_2 in zip(probability, F, score, strict=True):
            b = 0.5 * (F_1 + F_2)
            both += p * q * 0.5 * ((F_1 - b) * s_1 + (F_2 - b) * s_2)
    np.testing.assert_allclose(both, 0.5 * network.gradients(visible, DT).W_Q, atol=1e-13)


def test_finite_eligibility_trace_and_running_baseline_trade_bias_for_variance(network, V):
    """The bias that the online rule is documented to have, measured by enumeration; it vanishes in the limits."""
    exact = network.gradients(V[0], DT).W_Q
    full = estimator_moments(network, V[0], DT, estimator="causal")
    biases = []
    for tau_G in (0.002, 0.02, 0.2, 20.0):
        found = estimator_moments(network, V[0], DT, estimator="causal", tau_G=tau_G)
        assert found.variance.sum() < full.variance.sum()
        biases.append(np.abs(found.mean - exact).max())
    assert biases == sorted(biases, reverse=True)
    assert biases[0] > 1e-3
    assert biases[-1] < 1e-5
    running = estimator_moments(network, V[0], DT, estimator="causal", tau_baseline=0.003)
    assert np.abs(running.mean - exact).max() > 1e-3
    assert running.variance.sum() < full.variance.sum()


@pytest.mark.parametrize("estimator", ["episode", "causal"])
def test_sampled_gradients_agree_with_exact_ones(network, V, estimator):
    """n = 20,000 paths; the nine and six entries lie within 4.5 standard errors (false alarm below 1e-4)."""
    exact = network.gradients(V[:1], DT)
    moments = estimator_moments(network, V[0], DT, estimator=estimator, baseline=4.5)
    n = 20000
    tiled = np.repeat(V[:1], n, axis=0)
    found = network.gradients(tiled, DT, exact=False, estimator=estimator, baseline=4.5, seed=7)
    error = np.abs(found.W_Q / n - exact.W_Q)
    assert (error < 4.5 * np.sqrt(moments.variance / n)).all()
    np.testing.assert_allclose(found.W_M / n, exact.W_M, atol=0.02)
    assert found.free_energy / n == pytest.approx(exact.free_energy, abs=0.05)


def test_sampled_paths_have_the_probabilities_of_q(network, V):
    """Chi-square over the 16 patterns of two hidden units in two bins, n = 50,000, alpha = 1e-4."""
    from scipy.stats import chisquare

    visible = np.repeat(V[:1, :2].astype(np.uint8), 50000, axis=0)
    H = sample_path(network, visible, DT, np.random.default_rng(3)).X[:, :, 1:].reshape(len(visible), -1)
    seen = np.bincount(H @ (1 << np.arange(4)), minlength=16)
    padded = np.zeros((3, 3))
    padded[1:] = network.W_Q
    patterns = all_patterns(2, 2)
    X = np.concatenate([np.broadcast_to(V[0, :2], (16, 2, 1)), patterns], axis=2)
    r = CELL.intensities(X, padded, DT)[:, :, 1:]
    probability = np.exp(np.where(patterns > 0, np.log(-np.expm1(-r)), -r).sum(axis=(1, 2)))
    assert chisquare(seen, probability * len(visible)).pvalue > 1e-4


def test_importance_sampling_approaches_the_evidence_from_below(network, V):
    exact = log_evidence(network, V, DT)
    one = np.mean([network.held_out(V, DT, n_samples=1, seed=s).sum() for s in range(200)])
    assert one < exact.sum()
    np.testing.assert_allclose(network.held_out(V, DT, n_samples=20000, seed=1), exact, atol=0.03)
    alone = sl.VariationalNetwork(CELL, 1, 0, [[0.3]], np.zeros((0, 1)))
    np.testing.assert_allclose(alone.held_out(V, DT), CELL.log_likelihood(V, [[0.3]], DT, per_trial=True), rtol=1e-12)


def test_hidden_units_that_start_as_their_own_prior_cost_nothing():
    network = sl.VariationalNetwork.random(CELL, 2, 3, scale=0.2, seed=1)
    V = np.random.default_rng(0).random((4, 30, 2)) < 0.2
    visible = CELL.log_likelihood(V, np.zeros((2, 2)), DT)
    assert network.free_energy(V, DT, exact=False, seed=2) == pytest.approx(-visible, rel=1e-12)


class TestRefusals:
    def test_shapes(self):
        with pytest.raises(ValueError, match=r"VariationalNetwork.W_Q must have the shape \(2, 3\) \(to, from\)"):
            sl.VariationalNetwork(CELL, 1, 2, np.zeros((3, 3)), np.zeros((3, 2)))
        with pytest.raises(ValueError, match=r"n_visible must be at least 1, got 0"):
            sl.VariationalNetwork(CELL, 0, 2, np.zeros((2, 2)), np.zeros((2, 2)))
        with pytest.raises(ValueError, match="zero self-weights"):
            sl.VariationalNetwork(CELL, 1, 1, np.eye(2), np.zeros((1, 2)), self_connections=False)

    def test_enumeration_of_too_much(self, network):
        with pytest.raises(ValueError, match=r"at most 20, got 11 \* 2 = 22; pass exact=False"):
            network.free_energy(np.zeros((11, 1)), DT)

    def test_visible_spikes(self, network):
        with pytest.raises(ValueError, match=r"must have 1 units in its last axis"):
            network.free_energy(np.zeros((5, 2)), DT)

    def test_choices(self, network, V):
        with pytest.raises(ValueError, match='estimator must be "causal" or "episode"'):
            network.gradients(V, DT, exact=False, estimator="local")
        with pytest.raises(ValueError, match='rule must be "batch" or "online"'):
            network.learn(V, DT, rule="offline")
        with pytest.raises(ValueError, match="n_samples must be at least 1"):
            network.free_energy(V, DT, exact=False, n_samples=0)
        with pytest.raises(ValueError, match="must be one trial, got 2"):
            estimator_moments(network, V, DT)
