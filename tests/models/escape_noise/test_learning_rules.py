"""Every setting of both rules against plain NumPy; averages over samples; clamped units and counts within sequences."""

import numpy as np
import pytest
from brian2 import Hz, ms

import spikelearn as sl
from spikelearn.models.escape_noise import sample, staircase
from spikelearn.models.escape_noise.likelihood import traces
from spikelearn.models.escape_noise.posterior import sample_path

DT = 0.001
CELL = sl.EscapeNoise(tau=10 * ms, eta_0=0.2, rho_0=40 * Hz)
KEEP = np.exp(-0.1)


@pytest.fixture(scope="module")
def V():
    return staircase(6, 60, n_units=6, dwell=(15, 1), seed=3)


@pytest.fixture(scope="module")
def network():
    return sl.VariationalNetwork.random(CELL, 6, 4, scale=0.1, seed=1)


def plain_credit(fhat, estimator, tau_G):
    """What every bin answers for, by two loops."""
    result = np.zeros_like(fhat)
    for k in range(fhat.shape[1]):
        for m in range(fhat.shape[1]):
            if estimator == "episode":
                result[:, k] += fhat[:, m]
            elif m >= k:
                result[:, k] += fhat[:, m] * np.exp(-(m - k) * DT / tau_G)
    return result


def plain_step(network, path, reward):
    """The sums of the batch rule, over the trials of a path."""
    phi, r = traces(path.X, float(KEEP)), CELL.intensities(path.X, network.W_M, DT)
    score_M = r / -np.expm1(-r) * (path.X + np.expm1(-r))
    r = CELL.intensities(path.X, np.vstack([np.zeros((6, 10)), network.W_Q]), DT)[:, :, 6:]
    score_Q = r / -np.expm1(-r) * (path.X[:, :, 6:] + np.expm1(-r))
    return np.einsum("tki,tkj->ij", score_M, phi), np.einsum("tk,tki,tkj->ij", reward, score_Q, phi)


@pytest.mark.parametrize(
    ("batch", "estimator", "tau_G"), [(2, "causal", np.inf), (4, "episode", np.inf), (5, "causal", 0.012)]
)
def test_batch_rule_with_every_setting(network, V, batch, estimator, tau_G):
    """Two steps; the trials of a batch are all different, and the step is their mean whatever their number."""
    settings = {"batch": batch, "estimator": estimator, "tau_G": tau_G, "baseline_rate": 0.25, "seed": 5}
    learned = network.learn(V, DT, n_updates=2, mu_M=1e-3, mu_Q=1e-4, **settings)
    rng = np.random.default_rng(5)

    def draw():
        chosen = rng.choice(len(V), batch, replace=False)
        assert len(set(chosen.tolist())) == batch
        return V[chosen]

    baseline = plain_credit(sample_path(network, draw(), DT, rng).free_energy, estimator, tau_G).mean(axis=0)
    now, energies = network, []
    for _ in range(2):
        path = sample_path(now, draw(), DT, rng)
        reward = plain_credit(path.free_energy, estimator, tau_G)
        step_M, step_Q = plain_step(now, path, reward - baseline)
        now = now.with_weights(now.W_M + 1e-3 / batch * step_M, now.W_Q - 1e-4 / batch * step_Q)
        baseline = baseline + 0.25 * (reward.mean(axis=0) - baseline)
        energies.append(path.free_energy.mean())
    np.testing.assert_allclose(learned.network.W_M, now.W_M, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(learned.network.W_Q, now.W_Q, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(learned.baseline, baseline, rtol=1e-10)
    np.testing.assert_allclose(learned.history.free_energy, energies, rtol=1e-12)


def test_a_whole_batch_holds_every_trial_once(V):
    """With as many trials a batch as there are, and no hidden units, their order cannot matter: the step is exact."""
    alone = sl.VariationalNetwork(CELL, 6, 0, np.zeros((6, 6)), np.zeros((0, 6)))
    whole, drawn = (alone.learn(V, DT, n_updates=3, mu_M=1e-3, batch=n, seed=2).network.W_M for n in (None, len(V)))
    np.testing.assert_allclose(drawn, whole, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("carry_over", [True, False])
def test_online_stream_goes_on_or_starts_at_rest(network, V, carry_over):
    """Six trials carried over are one trial of sixfold length; at rest they are six calls, but for the baseline."""
    hidden = (np.random.default_rng(8).random((6, 60, 4)) < 0.1).astype(np.uint8)
    rates = {"rule": "online", "mu_M": 1e-3, "mu_Q": 1e-3}
    found = network.learn(V, DT, hidden=hidden, carry_over=carry_over, tau_baseline=np.inf, **rates).network
    if carry_over:
        joined = V.reshape(1, 360, 6), hidden.reshape(1, 360, 4)
        expected = network.learn(joined[0], DT, hidden=joined[1], tau_baseline=np.inf, **rates).network
    else:
        expected = network
        for k in range(6):
            one = slice(k, k + 1)
            expected = expected.learn(V[one], DT, hidden=hidden[one], tau_baseline=np.inf, **rates).network
    np.testing.assert_allclose(found.W_M, expected.W_M, rtol=1e-13)
    np.testing.assert_allclose(found.W_Q, expected.W_Q, rtol=1e-13)


def test_samples_are_averaged_not_summed(network, V):
    """The estimate from three samples is the mean of three estimates along the same random numbers."""
    settings = {"exact": False, "seed": 6}
    rng = np.random.default_rng(6)
    paths = [sample_path(network, V, DT, rng) for _ in range(3)]
    energies = np.mean([path.free_energy.sum(axis=1) for path in paths], axis=0)
    found = network.gradients(V, DT, n_samples=3, baseline=2.0, **settings)
    steps = [plain_step(network, path, plain_credit(path.free_energy, "causal", np.inf) - 2.0) for path in paths]
    np.testing.assert_allclose(found.W_M, -np.mean([step[0] for step in steps], axis=0), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.W_Q, np.mean([step[1] for step in steps], axis=0), rtol=1e-9, atol=1e-9)
    assert found.free_energy == pytest.approx(energies.sum(), rel=1e-12)
    np.testing.assert_allclose(
        network.free_energy(V, DT, n_samples=3, per_trial=True, **settings), energies, rtol=1e-12
    )


def test_units_released_from_a_clamp_remember_their_spikes():
    """Forced to spike for 20 bins, then free: with adaptation the first free bins are silenced by e^-5 and more."""
    cell = sl.EscapeNoise(tau_adapt=100 * ms, eta_0=1.0, rho_0=700 * Hz)
    clamp = np.ones((20, 1), dtype=np.int8)
    X = sample(cell, [[0.0]], 2000, 25, DT, clamp=clamp, seed=3)
    p = -np.expm1(-cell.intensities(X, [[0.0]], DT))[:, 20:]
    # 10,000 bins whose own probabilities sum to a few spikes; without adaptation there would be 5,000.
    assert p.sum() < 100
    z = (X[:, 20:] - p).sum() / np.sqrt((p * (1 - p)).sum())
    assert abs(z) < 6


def test_counts_enter_traces_with_their_number():
    """A gradient of counts from 0 to 4 against central differences, whose error is 1e-8 of sums of order ten."""
    rng = np.random.default_rng(4)
    X, W = rng.poisson(0.7, (2, 30, 3)), rng.normal(0, 0.3, (3, 3))
    assert X.max() > 2
    cell, numeric = sl.EscapeNoise(tau=7 * ms, eta_0=0.3, rho_0=300 * Hz), np.empty((3, 3))
    for i, j in np.ndindex(3, 3):
        values = []
        for sign in (1, -1):
            moved = W.copy()
            moved[i, j] += sign * 1e-5
            values.append(cell.log_likelihood(X, moved, DT, "poisson"))
        numeric[i, j] = (values[0] - values[1]) / 2e-5
    np.testing.assert_allclose(cell.gradient(X, W, DT, "poisson"), numeric, rtol=1e-6, atol=1e-6)
