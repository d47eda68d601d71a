"""Learning: steps against the gradients, checkpoints to the bit, divergence, sampling."""

import numpy as np
import pytest
from brian2 import Hz, ms

import spikelearn as sl
from spikelearn.models.escape_noise import LearningDivergedError, load_checkpoint, sample, staircase
from spikelearn.models.escape_noise.likelihood import evaluate, traces
from spikelearn.models.escape_noise.posterior import credit, sample_path

DT = 0.001
CELL = sl.EscapeNoise(tau=10 * ms, eta_0=0.2, rho_0=40 * Hz)


@pytest.fixture(scope="module")
def V():
    return staircase(6, 60, n_units=6, dwell=(15, 1), seed=3)


@pytest.fixture(scope="module")
def network():
    return sl.VariationalNetwork.random(CELL, 6, 4, scale=0.1, seed=1)


def test_batch_updates_are_the_written_rule(network, V):
    """Two steps from a plain-NumPy version of the rule; a baseline is made of samples before the step that uses it."""
    mu_M, mu_Q, share = 1e-3, 1e-4, 0.25
    learned = network.learn(V, DT, n_updates=2, mu_M=mu_M, mu_Q=mu_Q, baseline_rate=share, seed=5)
    rng = np.random.default_rng(5)
    baseline = credit(sample_path(network, V, DT, rng).free_energy, DT, "causal").mean(axis=0)
    now = network
    for _ in range(2):
        path = sample_path(now, V, DT, rng)
        X, reward = path.X, credit(path.free_energy, DT, "causal")
        phi = traces(X, float(np.exp(-DT / 0.010)))
        r = CELL.intensities(X, now.W_M, DT)
        score_M = r / -np.expm1(-r) * (X + np.expm1(-r))
        r = CELL.intensities(X, np.vstack([np.zeros((6, 10)), now.W_Q]), DT)[:, :, 6:]
        score_Q = r / -np.expm1(-r) * (X[:, :, 6:] + np.expm1(-r))
        now = now.with_weights(
            now.W_M + mu_M * np.einsum("tki,tkj->ij", score_M, phi) / len(V),
            now.W_Q - mu_Q * np.einsum("tk,tki,tkj->ij", reward - baseline, score_Q, phi) / len(V),
        )
        baseline = baseline + share * (reward.mean(axis=0) - baseline)
    np.testing.assert_allclose(learned.network.W_M, now.W_M, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(learned.network.W_Q, now.W_Q, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(learned.baseline, baseline, rtol=1e-10)


def test_causal_credit_is_the_eligibility_trace_read_backwards(network, V):
    """sum_k fhat_k G[k] with G <- keep G + s phi, against the sum with the order exchanged."""
    path = sample_path(network, V, DT, np.random.default_rng(0))
    phi = traces(path.X, float(np.exp(-DT / 0.010)))
    for tau_G in (np.inf, 0.02):
        keep, total = np.exp(-DT / tau_G), 0.0
        for n in range(len(V)):
            G = np.zeros((4, 10))
            for k in range(V.shape[1]):
                G = keep * G + np.outer(path.score_Q[n, k], phi[n, k])
                total = total + path.free_energy[n, k] * G
        reward = credit(path.free_energy, DT, "causal", tau_G)
        np.testing.assert_allclose(np.einsum("tk,tki,tkj->ij", reward, path.score_Q, phi), total, rtol=1e-9, atol=1e-9)


def test_online_rule_equals_a_plain_loop(network, V):
    mu_M, mu_Q, tau_G, tau_b = 1e-3, 1e-3, 0.01, 0.1
    hidden = (np.random.default_rng(8).random((6, 60, 4)) < 0.1).astype(np.uint8)
    found = network.learn(V, DT, rule="online", mu_M=mu_M, mu_Q=mu_Q, tau_G=tau_G, tau_baseline=tau_b, hidden=hidden)
    W_M, W_Q, fbar = network.W_M.copy(), network.W_Q.copy(), 0.0
    novelty = []

    def terms(x, r):
        p = -np.expm1(-r)
        return np.where(x > 0, np.log(p), -r), r / p * (x - p)

    for n in range(len(V)):
        phi, a, G = np.zeros(10), np.zeros(10), np.zeros((4, 10))
        for k in range(60):
            phi, a = phi * np.exp(-0.1), a * np.exp(-0.1)
            x = np.concatenate([V[n, k], hidden[n, k]])
            log_p, s_M = terms(x, 0.04 * np.exp(W_M @ phi - 0.2 * a))
            log_q, s_Q = terms(x[6:], 0.04 * np.exp(W_Q @ phi - 0.2 * a[6:]))
            surprise = log_q.sum() - log_p.sum() - fbar
            novelty.append(surprise)
            G = np.exp(-DT / tau_G) * G + np.outer(s_Q, phi)
            W_Q -= mu_Q * surprise * G
            fbar += DT / tau_b * surprise
            W_M += mu_M * np.outer(s_M, phi)
            phi, a = phi + x, a + x
    np.testing.assert_allclose(found.network.W_M, W_M, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(found.network.W_Q, W_Q, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(found.history.novelty.values.ravel(), novelty, rtol=1e-9, atol=1e-10)


def test_learning_lowers_the_free_energy(network, V):
    history = network.learn(V, DT, n_updates=150, mu_M=2e-3, mu_Q=1e-4).history.free_energy.values
    assert history[-10:].mean() < 0.8 * history[:10].mean()
    online = network.learn(V, DT, rule="online", n_passes=40, mu_M=2e-4, mu_Q=1e-5).history.free_energy.values
    assert online[-6:].mean() < 0.9 * online[:6].mean()


def test_self_connections_stay_zero(V):
    network = sl.VariationalNetwork.random(CELL, 6, 4, scale=0.1, seed=1, self_connections=False)
    for settings in ({"n_updates": 3}, {"rule": "online"}):
        learned = network.learn(V, DT, **settings).network
        assert not np.diag(learned.W_M).any()
        assert not np.diag(learned.W_Q[:, 6:]).any()
        assert (learned.W_M != network.W_M).any()


RULES = [{"n_updates": 7, "batch": 3}, {"rule": "online", "n_passes": 2}]


@pytest.mark.parametrize("settings", RULES)
def test_checkpoints_resume_to_the_bit(network, V, tmp_path, settings):
    whole = network.learn(V, DT, seed=4, **settings)
    part = {**settings, "n_updates": 3} if "n_updates" in settings else {**settings, "n_passes": 1}
    network.learn(V, DT, seed=4, checkpoint=tmp_path / "c", checkpoint_every=2, **part)
    resumed = network.learn(V, DT, seed=4, checkpoint=tmp_path / "c", checkpoint_every=2, resume=True, **settings)
    for name in ("W_M", "W_Q"):
        assert (getattr(whole.network, name) == getattr(resumed.network, name)).all()
    assert (whole.history.free_energy.values == resumed.history.free_energy.values).all()
    assert (whole.baseline == resumed.baseline).all()
    assert load_checkpoint(tmp_path / "c").update == (7 if "n_updates" in settings else 12)


@pytest.mark.parametrize("settings", RULES)
def test_threads_and_progress_do_not_change_learning(network, V, settings):
    one = network.learn(V, DT, **settings)
    other = network.learn(V, DT, progress=True, **settings, **({"threads": 2} if "n_updates" in settings else {}))
    assert (one.network.W_M == other.network.W_M).all()
    assert (one.network.W_Q == other.network.W_Q).all()


@pytest.mark.parametrize(
    ("settings", "unit"),
    [({"n_updates": 50, "mu_M": 1e4, "checkpoint_every": 1}, "update"), ({"rule": "online", "mu_Q": 1e308}, "trial")],
)
def test_divergence_stops_and_names_the_last_good_checkpoint(network, V, tmp_path, settings, unit):
    folder = tmp_path / "kept"
    with pytest.raises(LearningDivergedError, match=rf"last good checkpoint is .*kept \({unit} \d+\)") as caught:
        network.learn(V, DT, checkpoint=folder, **settings)
    assert caught.value.checkpoint == folder
    kept = load_checkpoint(folder)
    assert np.isfinite(kept.arrays["W_M"]).all()
    assert np.isfinite(kept.arrays["W_Q"]).all()
    assert np.isfinite(caught.value.network.free_energy(V, DT, exact=False, seed=0))
    with pytest.raises(LearningDivergedError, match="there is no good checkpoint; the last good weights"):
        network.learn(V, DT, **settings)


def test_checkpoint_is_data_and_guards_itself(network, V, tmp_path):
    folder = tmp_path / "c"
    network.learn(V, DT, n_updates=2, checkpoint=folder)
    assert sorted(path.name for path in folder.iterdir()) == ["arrays.npz", "manifest.json"]
    with pytest.raises(FileExistsError, match="pass resume=True or another folder"):
        network.learn(V, DT, n_updates=2, checkpoint=folder)
    with pytest.raises(ValueError, match=r"learn: mu_M must be as in the checkpoint .*, 0.0001, got 0.5"):
        network.learn(V, DT, n_updates=2, checkpoint=folder, resume=True, mu_M=0.5)
    with pytest.raises(ValueError, match=r"learn: data must be as in the checkpoint"):
        network.learn(1 - V, DT, n_updates=2, checkpoint=folder, resume=True)
    file = folder / "arrays.npz"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ValueError, match="truncated or changed"):
        load_checkpoint(folder)


def test_settings_are_refused(network, V):
    with pytest.raises(ValueError, match="mu_M must be a number that is not negative, got nan"):
        network.learn(V, DT, n_updates=1, mu_M=np.nan)
    with pytest.raises(ValueError, match="batch must be 1 to 6 trials, got 7"):
        network.learn(V, DT, n_updates=1, batch=7)
    with pytest.raises(ValueError, match=r"baseline_rate must lie within \(0, 1\], got 0"):
        network.learn(V, DT, n_updates=1, baseline_rate=0)
    with pytest.raises(ValueError, match="resume=True must come with checkpoint"):
        network.learn(V, DT, n_updates=1, resume=True)
    with pytest.raises(ValueError, match="checkpoint_every must be at least 1"):
        network.learn(V, DT, n_updates=1, checkpoint_every=0)
    with pytest.raises(ValueError, match="learn: tau_G must be positive, got 0.0"):
        network.learn(V, DT, rule="online", tau_G=0.0)
    with pytest.raises(
        ValueError, match=r"hidden must have the trials and bins of X_visible, \(6, 60\), got \(6, 59\)"
    ):
        network.learn(V, DT, rule="online", hidden=np.zeros((6, 59, 4)))


class TestSampling:
    W = np.array([[0.0, 1.5], [0.0, 0.0]])

    def test_rate_of_a_poisson_unit(self):
        """n = 200,000 bins, p = 1 - exp(-0.04): within 4.5 standard errors."""
        X = sample(sl.EscapeNoise(eta_0=0.0, rho_0=40 * Hz), np.zeros((1, 1)), 20, 10000, DT, seed=0)
        p = -np.expm1(-0.04)
        assert X.mean() == pytest.approx(p, abs=4.5 * np.sqrt(p * (1 - p) / X.size))

    def test_samples_are_likelier_than_by_chance_and_scores_average_to_zero(self):
        X = sample(CELL, self.W, 300, 300, DT, seed=1)
        each = np.array([CELL.gradient(x, self.W, DT) for x in X])
        z = each.mean(axis=0) / (each.std(axis=0) / np.sqrt(len(X)))
        # Four numbers, |z| < 4.5: false alarm below 1e-4.
        assert (np.abs(z) < 4.5).all()

    def test_clamped_units_keep_their_spikes_and_the_free_ones_follow(self):
        clamp = np.full((50, 2), -1)
        clamp[:, 1] = np.arange(50) % 2
        X = sample(CELL, self.W, 2000, 60, DT, clamp=clamp, seed=2)
        assert (X[:, :50, 1] == clamp[:, 1]).all()
        given = X.copy()
        r = CELL.intensities(given, self.W, DT)[:, :, 0]
        p = -np.expm1(-r)
        z = (X[:, :, 0] - p).sum() / np.sqrt((p * (1 - p)).sum())
        assert abs(z) < 4.5
        assert X[:, :50, 0].mean() > 3 * 0.04

    def test_same_seed_same_spikes(self):
        a, b = (sample(CELL, self.W, 3, 100, DT, seed=9) for _ in range(2))
        assert (a == b).all()

    def test_network_samples_from_m(self, network):
        assert network.sample(2, 30, DT, seed=0).shape == (2, 30, 10)
        clamp = np.ones((30, 6))
        assert network.sample(2, 30, DT, clamp=clamp, seed=0)[:, :, :6].all()

    def test_refusals(self):
        with pytest.raises(ValueError, match=r"clamp must fit into the shape \(2, 5, 2\), got \(6, 2\)"):
            sample(CELL, self.W, 2, 5, DT, clamp=np.zeros((6, 2)))
        with pytest.raises(ValueError, match=r"clamp must hold 0, 1 or -1"):
            sample(CELL, self.W, 2, 5, DT, clamp=np.full((5, 2), 2))
        with pytest.raises(ValueError, match="must not be negative"):
            sample(CELL, self.W, -1, 5, DT)


def test_evaluation_of_q_rows_counts_from_the_first_hidden_unit(network, V):
    path = sample_path(network, V, DT, np.random.default_rng(1))
    again = evaluate(CELL, path.X, network.W_Q, DT, first=6, score=True)
    np.testing.assert_allclose(again.log_likelihood, path.log_q, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(again.score, path.score_Q, rtol=1e-12, atol=1e-15)


def test_memory_is_linear_in_trials_bins_and_units(network):
    """Peak of one update, from 0.9 million cells on: twice as many of either kind, twice the memory within 10 %."""
    import tracemalloc

    def peak(trials, bins, factor):
        net = sl.VariationalNetwork.random(CELL, 15 * factor, 15 * factor, seed=0)
        X = np.zeros((trials, bins, 15 * factor), dtype=np.uint8)
        tracemalloc.start()
        net.learn(X, DT, n_updates=1)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(2, 10, 1)
    first = peak(30, 1000, 1)
    for larger in (peak(60, 1000, 1), peak(30, 2000, 1), peak(30, 1000, 2)):
        assert larger / first == pytest.approx(2.0, rel=0.1)


def test_vector_exponential_is_exact_to_the_last_places():
    """Against NumPy's over its whole range: at most two units in the last place, for -700 to 700."""
    from spikelearn.models.escape_noise.kernels import exponentials

    z = np.concatenate(
        [np.random.default_rng(0).uniform(-700, 700, 100000), np.linspace(-2, 2, 100001), [0.0, -1e-300]]
    )
    out = np.empty_like(z)
    exponentials(z, np.empty_like(z), out)
    assert np.abs(out / np.exp(z) - 1).max() < 4.5e-16
    limits = np.array([-1e9, 1e9, -np.inf, np.inf])
    exponentials(limits, np.empty(4), limits)
    np.testing.assert_allclose(limits, np.exp([-700.0, 700.0, -700.0, 700.0]), rtol=1e-15)


@pytest.mark.parametrize("link", ["exponential", "sigmoid", "softplus"])
def test_sampling_pass_equals_evaluation_for_every_link_and_for_vanishing_intensities(link):
    """Both passes over the same spikes; weights of -200 bring r to underflow where a spike is nevertheless given."""
    cell = sl.EscapeNoise(eta_0=0.3, rho_0=300 * Hz, v=0.5, Delta_u=1.2, link=link)
    rng = np.random.default_rng(3)
    W_M = rng.normal(0, 0.5, (5, 5))
    W_M[0, 1] = -200.0
    net = sl.VariationalNetwork(cell, 3, 2, W_M, rng.normal(0, 0.5, (2, 5)))
    path = sample_path(net, (rng.random((4, 50, 3)) < 0.3).astype(np.uint8), DT, rng)
    under_M = evaluate(cell, path.X, net.W_M, DT, score=True)
    under_Q = evaluate(cell, path.X, net.W_Q, DT, first=3, score=True)
    for found, expected in (
        (path.log_p, under_M.log_likelihood),
        (path.log_q, under_Q.log_likelihood),
        (path.score_M, under_M.score),
        (path.score_Q, under_Q.score),
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-14)
