"""Divergence is seen before a good checkpoint is lost; checkpoints and settings refuse what they cannot go on from."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV

import spikelearn as sl
from spikelearn.models.escape_noise import LearningDivergedError, learn_in_brian, load_checkpoint, staircase
from spikelearn.models.escape_noise.posterior import evaluate_path, sample_path

DT = 0.001
CELL = sl.EscapeNoise(tau=10 * ms, eta_0=0.2, rho_0=40 * Hz)


@pytest.fixture(scope="module")
def V():
    return staircase(6, 60, n_units=6, dwell=(15, 1), seed=3)


@pytest.fixture(scope="module")
def network():
    return sl.VariationalNetwork.random(CELL, 6, 4, scale=0.1, seed=1)


EXPLOSIONS = [
    {"n_updates": 200, "mu_M": 1.0, "mu_Q": 0.1},
    {"n_updates": 200, "mu_M": 0.01, "mu_Q": 0.1},
    {"n_updates": 200, "mu_M": 10.0, "mu_Q": 1.0},
    {"n_updates": 1, "mu_M": 10.0, "mu_Q": 1.0},
    {"rule": "online", "mu_M": 1.0},
    {"rule": "online", "mu_M": 0.05, "n_passes": 20},
]


@pytest.mark.parametrize("settings", EXPLOSIONS)
def test_a_good_checkpoint_survives_an_explosion_without_infinities(network, V, tmp_path, settings):
    """Rates of learning at which free energies reach 1e10 to 1e304 nat/bin, mostly without a single infinite number."""
    with pytest.raises(
        LearningDivergedError, match=r"the free energy must stay below 1e\+04 nat/bin, 1000 times"
    ) as bare:
        network.learn(V, DT, **settings)
    with pytest.raises(LearningDivergedError) as caught:
        network.learn(V, DT, checkpoint=tmp_path / "kept", checkpoint_every=1, **settings)
    kept = load_checkpoint(tmp_path / "kept")
    unit = "trial" if "rule" in settings else "update"
    assert f"kept ({unit} {kept.update})" in str(caught.value)
    for good in (
        bare.value.network,
        caught.value.network,
        network.with_weights(kept.arrays["W_M"], kept.arrays["W_Q"]),
    ):
        path = sample_path(good, V, DT, np.random.default_rng(5))
        assert path.free_energy.mean() < 1e4
        assert evaluate_path(good, path.X, DT).free_energy.mean() < 1e4


def test_learning_does_not_begin_from_an_infinite_free_energy(V):
    network = sl.VariationalNetwork(CELL, 6, 0, np.full((6, 6), 900.0), np.zeros((0, 6)))
    for settings in ({"n_updates": 3}, {"rule": "online"}):
        with pytest.raises(ValueError, match="free energy must be finite at the start, got inf"):
            network.learn(V, DT, **settings)


@pytest.mark.parametrize("weight", [800.0, 5000.0])
def test_silence_against_a_certain_spike_is_infinite_on_every_path(weight):
    """Exact and sampled free energy agree where z is beyond 700, where exp(z) used to count as exp(700)."""
    network = sl.VariationalNetwork(CELL, 1, 1, [[0.0, 0.0], [0.0, 0.0]], np.zeros((1, 2)))
    network = network.with_weights([[weight, 0.0], [0.0, 0.0]], network.W_Q)
    visible = [[1], [0], [0]]
    assert network.free_energy(visible, DT) == np.inf
    assert network.free_energy(visible, DT, exact=False, n_samples=3, seed=0) == np.inf
    assert network.held_out(visible, DT, n_samples=3)[0] == -np.inf
    # And a spike there is certain: it costs nothing on either way.
    certain = [[1], [1], [1]]
    assert network.free_energy(certain, DT) == pytest.approx(-np.log(-np.expm1(-0.04)), rel=1e-12)
    sampled = network.free_energy(certain, DT, exact=False, n_samples=20, seed=0)
    assert sampled == pytest.approx(network.free_energy(certain, DT), rel=1e-12)


@pytest.mark.parametrize("link", ["sigmoid", "softplus"])
def test_sampled_paths_keep_log_r_for_every_link(link):
    """A spike with r below 1e-12 at moderate z: log r there is log f(z), not z. Against the other evaluation, 1e-13."""
    cell = sl.EscapeNoise(tau=10 * ms, eta_0=0.0, rho_0=1e-9 * Hz, link=link)
    network = sl.VariationalNetwork(cell, 2, 1, np.full((3, 3), 0.4), np.full((1, 3), -0.3))
    V = np.ones((1, 4, 2), dtype=np.uint8)
    path = sample_path(network, V, DT, np.random.default_rng(0))
    other = evaluate_path(network, path.X, DT)
    np.testing.assert_allclose(path.log_p, other.log_p, rtol=1e-13)
    np.testing.assert_allclose(path.log_q, other.log_q, rtol=1e-13)


def test_resuming_needs_the_same_hidden_spikes_and_at_least_as_much_to_do(network, V, tmp_path):
    first, second = ((np.random.default_rng(s).random((6, 60, 4)) < 0.1).astype(np.uint8) for s in (0, 1))
    given = {"rule": "online", "checkpoint": tmp_path / "online"}
    network.learn(V, DT, hidden=first, n_passes=2, **given)
    for hidden in (second, None):
        with pytest.raises(ValueError, match="learn: hidden must be as in the checkpoint"):
            network.learn(V, DT, hidden=hidden, n_passes=2, resume=True, **given)
    with pytest.raises(ValueError, match=r"at least the 12 trials of the checkpoint .*, got 6"):
        network.learn(V, DT, hidden=first, n_passes=1, resume=True, **given)
    network.learn(V, DT, n_updates=4, checkpoint=tmp_path / "batch")
    with pytest.raises(ValueError, match=r"at least the 4 updates of the checkpoint .*, got 3"):
        network.learn(V, DT, n_updates=3, checkpoint=tmp_path / "batch", resume=True)
    again = network.learn(V, DT, n_updates=4, checkpoint=tmp_path / "batch", resume=True)
    assert len(again.history.free_energy) == 4


def test_numbers_of_numpy_and_quantities_are_written_into_checkpoints(network, V, tmp_path):
    plain = network.learn(V, DT, n_updates=2, seed=3, batch=3, mu_M=0.5**10, tau_G=0.01)
    odd = network.learn(
        V, 1 * ms, n_updates=np.int64(2), seed=np.int64(3), batch=np.int64(3), mu_M=np.float32(0.5**10),
        tau_G=10 * ms, checkpoint=tmp_path / "batch",
    )  # fmt: skip
    assert (plain.network.W_M == odd.network.W_M).all()
    assert (plain.network.W_Q == odd.network.W_Q).all()
    plain = network.learn(V, DT, rule="online", tau_G=0.02, tau_baseline=0.2, seed=3)
    odd = network.learn(
        V, DT, rule="online", tau_G="20 ms", tau_baseline=200 * ms, seed=np.int64(3), n_passes=np.int64(1),
        checkpoint=tmp_path / "online",
    )  # fmt: skip
    assert (plain.network.W_M == odd.network.W_M).all()


def test_brian_reads_time_constants_too(network, V):
    plain, other = (
        learn_in_brian(network, V[:1], DT, mu_Q=1e-3, tau_G=tau_G, tau_baseline=tau_b, hidden=np.zeros((1, 60, 4)))
        for tau_G, tau_b in ((0.01, 0.1), (10 * ms, "100 ms"))
    )
    assert (plain.network.W_Q == other.network.W_Q).all()


@pytest.mark.parametrize("call", ["batch", "online", "brian"])
def test_time_constants_are_refused_alike(network, V, call):
    def learn(**settings):
        if call == "brian":
            return learn_in_brian(network, V, DT, **settings)
        return network.learn(V, DT, rule=call, **settings, **({"n_updates": 1} if call == "batch" else {}))

    for bad, message in (
        (-0.001, "tau_G must be positive, got -0.001"),
        (0, "tau_G must be positive, got 0"),
        (np.nan, "tau_G must be a finite time, got nan"),
        (-np.inf, "tau_G must be a finite time, got -inf"),
        (10 * mV, "tau_G must be a time, such as"),
    ):
        with pytest.raises(ValueError, match=message):
            learn(tau_G=bad)
    if call != "batch":
        # Below one bin the running mean overshoots, below half of one it runs away.
        with pytest.raises(ValueError, match=r"tau_baseline must be at least 0.001 s, got 0.0004"):
            learn(tau_baseline=0.0004)
    with pytest.raises(ValueError, match="mu_M must be a number that is not negative, got -1"):
        learn(mu_M=-1.0)


def test_settings_of_learning_are_refused(network, V):
    with pytest.raises(ValueError, match=r'tau_G must be infinite with estimator="episode", got 0.01 s'):
        network.learn(V, DT, n_updates=1, estimator="episode", tau_G=0.01)
    with pytest.raises(TypeError, match="n_updates must be a whole number, got 2.5"):
        network.learn(V, DT, n_updates=2.5)
    with pytest.raises(TypeError, match="n_passes must be a whole number, got True"):
        network.learn(V, DT, rule="online", n_passes=True)
    for shape in ((0, 60, 6), (6, 0, 6)):
        for settings in ({"n_updates": 1}, {"rule": "online"}):
            with pytest.raises(ValueError, match="must hold at least one trial and one bin"):
                network.learn(np.zeros(shape), DT, **settings)
