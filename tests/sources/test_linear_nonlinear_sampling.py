"""LN cells: 30,000 simulated trials against the expectations, entry by entry."""

import numpy as np
import pytest
from scipy import stats

import spikelearn as sl
from spikelearn.sources import LinearNonlinear

DT = 0.01
LAGS = np.arange(5)
K_1 = np.exp(-0.5 * (LAGS - 3.0) ** 2)
K_1 = K_1 / np.linalg.norm(K_1)
K_2 = np.gradient(K_1)
K_2 = K_2 / np.linalg.norm(K_2)
S = np.array([[1.0, 0.5], [0.5, 1.5]])
FRAMES = np.random.default_rng(3).gamma(1.0, size=20)

CASES = {
    "exponential": (LinearNonlinear([K_1, K_2], gain=[[0.5, 0.0], [0.0, 0.8]]), "joint", 0),
    "exponential, lags": (LinearNonlinear(K_1, gain=0.5), "joint", 2),
    "rectified, lags": (LinearNonlinear(K_1, nonlinearity="rectified"), "joint", 1),
    "rectified": (LinearNonlinear([K_1, K_2], nonlinearity="rectified", gain=[[1, 0.2], [0, 1]]), "joint", 0),
    "threshold-linear": (LinearNonlinear(K_1, nonlinearity="threshold-linear", threshold=0.5), "summed", 0),
    "quadratic": (LinearNonlinear([K_1, K_2], nonlinearity="quadratic", gain=[[1, 0.2], [0, 1]]), "joint", 0),
    "formula and gate": (
        LinearNonlinear([K_1, K_2], nonlinearity=("1 + tanh(u1)", "exp(0.3*u1)"), gate="tanh(2*u2)"),
        "joint",
        0,
    ),
    "gate, lags": (LinearNonlinear(K_1, nonlinearity="1 + tanh(u1)", gate=0.7), "joint", 1),
    "coloured": (LinearNonlinear([[0.3, 0.9]], covariance=S, gain=0.5, cells=1), "single", 0),
    "elliptical": (LinearNonlinear(K_1, stimulus="elliptical", nonlinearity="rectified"), "joint", 0),
    "elliptical frames": (
        LinearNonlinear([[0.3, 0.9]], stimulus="elliptical", covariance=S, nonlinearity="rectified"),
        "joint",
        0,
    ),
    "binary": (LinearNonlinear(K_1, stimulus="binary", gain=0.8), "joint", 0),
    "given": (LinearNonlinear(K_1, stimulus=FRAMES, gain=0.2), "joint", 1),
}


def weights_of(trains, kind, max_lag):
    if kind == "single":
        return trains.binned(DT)[:, 0]
    if kind == "summed":
        return sl.analyses.summed_weights(trains, bin_size=DT).values
    return sl.analyses.joint_weights(trains, bin_size=DT, max_lag=max_lag * DT).values


def deviations(source, kind, max_lag, n_trials, seed, expected):
    """Give z of the mean weight, of the average and of the covariance; all have the mean zero by trial if right."""
    trains, shown = source.sample(n_trials, 20 * DT, seed)
    weight = weights_of(trains, kind, max_lag).astype(float)
    window = source.n_lags + max_lag
    shown = np.broadcast_to(shown, (n_trials, *shown.shape[-2:]))
    views = np.lib.stride_tricks.sliding_window_view(shown, window, axis=1)
    x = np.swapaxes(views, 2, 3).reshape(n_trials, views.shape[1], -1)
    w = weight[:, window - 1 :]
    mean = expected["average"].values.ravel()
    y = x - mean
    upper = np.triu_indices(y.shape[2])
    first = np.einsum("kt,kti->ki", w, y)
    second = np.stack(
        [
            np.einsum("kt,kt->k", w, y[:, :, i] * y[:, :, j] - expected["covariance"].values[i, j])
            for i, j in zip(*upper, strict=True)
        ],
        axis=1,
    )
    total = w.mean(axis=1) - source.expected_weight(kind, max_lag=max_lag)
    parts = np.column_stack([total, first, second])
    return parts.mean(axis=0) / (parts.std(axis=0, ddof=1) / np.sqrt(n_trials))


@pytest.mark.parametrize("name", CASES)
def test_simulated_moments_are_within_sampling_error(name):
    # 30,000 independent trials of 20 frames; z of the mean weight and of every entry of average and covariance,
    # Bonferroni over all of them: false alarms 1e-4 a case on a normal approximation, which products of counts, heavy
    # in their upper tail, about double.
    source, kind, max_lag = CASES[name]
    expected = source.expected_covariance(kind, max_lag=max_lag)
    z = deviations(source, kind, max_lag, 30_000, 11, expected)
    limit = stats.norm.isf(1e-4 / 2 / len(z))
    assert np.abs(z).max() < limit, f"largest z {np.abs(z).max():.2f}, limit {limit:.2f}"


def test_the_analyses_find_what_is_expected():
    source, kind, _ = CASES["formula and gate"]
    trains, shown = source.sample(8_000, 0.2, seed=5)
    pairs = sl.analyses.joint_weights(trains, bin_size=DT)
    window = (-(len(LAGS) - 1) * DT, DT)
    expected = source.expected_average("joint", whiten=True)
    found = sl.analyses.spike_triggered_average(shown, DT, None, window, weights=pairs, whiten=True)
    np.testing.assert_allclose(found["lag"], expected["lag"], atol=1e-12)
    n_eff = found["n_eff"].item()
    # Six standard errors of an entry of a white average, whose variance is about that of the stimulus; eigenvalues of a
    # white sample spread over 1 +- 4.5/sqrt(n_eff).
    np.testing.assert_allclose(found.values[0, :, 0], expected, atol=6 / np.sqrt(n_eff))
    theirs = sl.analyses.spike_triggered_covariance(shown, DT, None, window, weights=pairs, n_surrogates=0)
    ours = source.expected_covariance(kind)
    np.testing.assert_allclose(theirs["eigenvalues"], ours["eigenvalues"], atol=8 / np.sqrt(n_eff))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "truth"), [("one filter", 0.0), ("two filters", None)])
def test_angles_with_their_intervals(name, truth):
    # The signed angle from k_1 in the plane of both filters, from 30,000 trials in 30 groups: mean and t interval of
    # the jackknife; false alarms 1e-4. One filter: 0 degrees. Two filters: the bias that is expected.
    plane = np.stack([K_1, K_2 - (K_2 @ K_1) * K_1])
    plane[1] /= np.linalg.norm(plane[1])
    keywords = {"gain": 0.8} if name == "one filter" else {"gain": [[0.5, 0.0], [0.0, 0.8]]}
    source = LinearNonlinear(K_1 if name == "one filter" else [K_1, K_2], **keywords)
    trains, shown = source.sample(30_000, 20 * DT, 12)
    w = weights_of(trains, "joint", 0)[:, 4:].astype(float)
    x = np.lib.stride_tricks.sliding_window_view(shown[:, :, 0], 5, axis=1)
    groups = np.array([np.einsum("kt,kti->i", w[g], x[g]) for g in np.array_split(np.arange(30_000), 30)])
    whole = groups.sum(axis=0)

    def angle(vector):
        one, two = plane @ vector
        return np.degrees(np.arctan2(two, one))

    left_out = np.array([angle(whole - group) for group in groups])
    error = np.sqrt(29 / 30 * ((left_out - left_out.mean()) ** 2).sum())
    expected = angle(source.expected_average("joint").values)
    assert expected == pytest.approx(truth, abs=1e-5) if truth is not None else expected > 30
    bias = source.expected_bias("joint")
    assert bias.angle_to_first == pytest.approx(abs(expected), abs=1e-4)
    assert bias.unbiased == (name == "one filter")
    assert abs(angle(whole) - expected) < stats.t.isf(5e-5, 29) * error
    assert error < 1.0


def test_same_seed_same_trials():
    source = CASES["exponential"][0]
    (one, shown), (two, again) = source.sample(5, 0.2, 3), source.sample(5, 0.2, 3)
    assert one == two
    np.testing.assert_array_equal(shown, again)
    assert source.sample(5, 0.2, 4)[0] != one


def test_a_given_stimulus_is_shown_from_its_begin_and_cells_wait_for_their_filters():
    source = LinearNonlinear(K_1, stimulus=FRAMES, gain=0.2, rate="100 Hz")
    trains, shown = source.sample(300, 0.1, 1)
    np.testing.assert_array_equal(shown[:, 0], FRAMES[:10])
    counts = trains.binned(DT).sum(axis=(0, 1))
    assert (counts[:4] == 0).all()
    assert (counts[4:] > 0).all()
