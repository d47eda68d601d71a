"""Spike-triggered covariance: against a slow loop, closed forms of Gaussian stimuli, its limits, and bad input."""

from inspect import signature

import numpy as np
import pytest
from scipy.linalg import subspace_angles
from scipy.stats import norm

from spikelearn import SpikeTrains
from spikelearn.analyses import (
    joint_weights,
    jpsth_significance,
    spike_triggered_average,
    spike_triggered_covariance,
)
from spikelearn.analyses.ensemble import make_ensemble
from spikelearn.analyses.triggered_moments import prior_moments
from spikelearn.analyses.triggered_noise import direction_beside, multiplier_noise
from spikelearn.analyses.triggered_surrogates import (
    nested_test,
    rank_p_value,
    shifted_covariances,
    whitened_covariance,
)
from spikelearn.analyses.whitening import whitening


def slow_windows(stimulus, first, n_lags):
    """Every whole window of (trials, frames, dimensions), written out."""
    rows, frames = [], []
    for trial, one in enumerate(stimulus):
        for k in range(len(one)):
            if k + first >= 0 and k + first + n_lags <= len(one):
                rows.append(one[k + first : k + first + n_lags].ravel().astype(float))
                frames.append((trial, k))
    return np.array(rows), frames


@pytest.mark.parametrize("first", [-9, -3, 0, 2])
@pytest.mark.parametrize("shape", [(1, 60, 1), (1, 60, 3), (4, 15, 1), (3, 20, 2)])
@pytest.mark.parametrize("n_lags", [1, 2, 6])
def test_prior_and_triggered_moments_equal_written_out_windows(first, shape, n_lags):
    rng = np.random.default_rng(1)
    stimulus = rng.standard_normal(shape).astype(np.float32) + 20.0
    weights = rng.poisson(0.8, shape[:2])
    window = (first * 0.01, (first + n_lags) * 0.01)
    given = stimulus[0, :, 0] if shape[0] == shape[2] == 1 else stimulus[0] if shape[0] == 1 else stimulus
    found = spike_triggered_covariance(given, 0.01, None, window, weights=weights, n_surrogates=0)
    rows, frames = slow_windows(stimulus, first, n_lags)
    mean, second, total = 0.0, 0.0, 0
    for row, place in zip(rows, frames, strict=True):
        mean, second, total = (
            mean + weights[place] * row,
            second + weights[place] * np.outer(row, row),
            total + weights[place],
        )
    mean, second = mean / total, second / total
    # Entries of 400 are summed and subtracted by the loop: 400 * 2e-16 * a few.
    np.testing.assert_allclose(found["average"].values.ravel(), mean, rtol=1e-12)
    np.testing.assert_allclose(found["covariance"].values, second - np.outer(mean, mean), atol=1e-11)
    np.testing.assert_allclose(found["prior_mean"].values.ravel(), rows.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(
        found["prior_covariance"].values, np.cov(rows.T, bias=True).reshape(rows.shape[1], -1), atol=1e-11
    )
    assert found.attrs["weight"] == total
    assert found.attrs["dropped"] == weights.sum() - total


def test_chunks_do_not_show(monkeypatch):
    rng = np.random.default_rng(2)
    stimulus, counts = rng.standard_normal(500), rng.poisson(0.5, 500)
    whole = spike_triggered_covariance(stimulus, 0.01, None, (-0.05, 0.0), weights=counts, seed=4)
    for module in ("ensemble", "triggered_moments", "triggered_surrogates"):
        monkeypatch.setattr(f"spikelearn.analyses.{module}.CHUNK_NUMBERS", 70)
    pieces = spike_triggered_covariance(stimulus, 0.01, None, (-0.05, 0.0), weights=counts, seed=4)
    for name in whole:
        np.testing.assert_allclose(pieces[name].values, whole[name].values, atol=1e-12)


def coloured(size=5):
    return 0.6 ** np.abs(np.subtract.outer(np.arange(size), np.arange(size)))


def test_joint_weights_satisfy_the_gaussian_identity():
    # E[w x x']/E[w] - mu mu' = S + S K H K' S for two cells, F_1 = c (1 + u_1^2/2) and F_2 = c exp(0.4 u_2), whose
    # pairs in a bin have E[w|x] = F = F_1 F_2. H comes from derivatives of F by hand and a Gauss-Hermite rule.
    S = coloured()
    K = np.array([[0.8, 0.0, 0.3, 0.0, 0.0], [0.0, 0.5, 0.0, 0.0, 0.9]]).T
    rng = np.random.default_rng(21)
    x = rng.standard_normal((400_000, 5)) @ np.linalg.cholesky(S).T
    u_1, u_2 = (x @ K).T
    counts = rng.poisson([0.4 * (1 + u_1**2 / 2), 0.4 * np.exp(0.4 * u_2)])
    times = (np.arange(len(x)) + 0.5) * 0.01
    trains = SpikeTrains.from_arrays([np.repeat(times, one) for one in counts], t_stop=len(x) * 0.01)
    weights = joint_weights(trains, bin_size=0.01)
    found = spike_triggered_covariance(x, 0.01, None, weights=weights, n_surrogates=0)

    nodes, mass = np.polynomial.hermite_e.hermegauss(40)
    grid = np.stack(np.meshgrid(nodes, nodes), axis=-1) @ np.linalg.cholesky(K.T @ S @ K).T
    v_1, v_2 = grid[..., 0], grid[..., 1]
    mass = np.multiply.outer(mass, mass) / mass.sum() ** 2
    e = np.exp(0.4 * v_2)
    F, d_1, d_2 = (1 + v_1**2 / 2) * e, v_1 * e, 0.4 * (1 + v_1**2 / 2) * e
    second = np.array([[e, 0.4 * v_1 * e], [0.4 * v_1 * e, 0.16 * F]])
    mean_F = (mass * F).sum()
    gradient = np.array([(mass * d_1).sum(), (mass * d_2).sum()])
    H = (mass * second).sum(axis=(2, 3)) / mean_F - np.outer(gradient, gradient) / mean_F**2
    mu = S @ K @ gradient / mean_F
    expected = S + S @ K @ H @ K.T @ S

    # n = 400,000 frames; statistic: largest |z| of 15 entries, z from the spread of w (y_i y_j - C_ij), y = x - mu;
    # bound 4.6, false alarm 15 * 4e-6 = 6e-5.
    w = weights.values[0].astype(float)
    y = x - mu
    z = np.empty((5, 5))
    for i in range(5):
        for j in range(5):
            error = np.sqrt(np.sum((w * (y[:, i] * y[:, j] - expected[i, j])) ** 2)) / w.sum()
            z[i, j] = (found["covariance"].values[i, j] - expected[i, j]) / error
    assert np.abs(z).max() < 4.6
    assert np.abs(found["covariance"].values - S).max() > 0.3
    # The axes: within the plane of K, up to sampling error of about sqrt(5/n_eff)/0.2 = 3 degrees.
    extreme = np.argsort(-np.abs(found["eigenvalues"].values - 1))[:1]
    assert np.degrees(subspace_angles(found["axes"].values[extreme].T, K)).max() < 6


def test_exponential_direction_is_missed_by_the_covariance_and_seen_by_the_average():
    rng = np.random.default_rng(22)
    x = rng.standard_normal((150_000, 4))
    # F = exp(0.8 x_0) (1 + x_2^2)/2: H = a^2 - a^2 = 0 along x_0; along x_2, H = 2/E[1 + x_2^2] = 1.
    counts = rng.poisson(0.1 * np.exp(0.8 * x[:, 0]) * (1 + x[:, 2] ** 2))
    found = spike_triggered_covariance(x, 0.01, None, weights=counts, seed=1)
    assert found["significant"].values.tolist() == [True, False, False, False]
    assert np.argmax(np.abs(found["axes"].values[0])) == 2
    width = np.sqrt(2 / found.attrs["n_eff"])
    # Five widths of a null eigenvalue; x_2 takes the value 2 but for sampling (kurtosis of the triggered x_2).
    assert np.abs(found["eigenvalues"].values[1:] - 1).max() < 5 * width
    assert abs(found["eigenvalues"].values[0] - 2) < 10 * width
    average = spike_triggered_average(x, 0.01, None, weights=counts)
    assert np.argmax(np.abs(average.values[0])) == 0
    assert abs(average.values[0, 0] - 0.8) < 5 * average["standard_error"].values[0, 0]


def test_sphere_shifts_the_whole_bulk():
    # On the sphere |x|^2 = D a spike that selects large u = k'x selects small rest: with F = u^2 every other direction
    # has the variance (D - E[u^4]/E[u^2])/(D - 1) = D/(D + 2).
    D = 6
    rng = np.random.default_rng(23)
    x = rng.standard_normal((60_000, D))
    x *= np.sqrt(D) / np.linalg.norm(x, axis=1, keepdims=True)
    counts = rng.poisson(0.3 * x[:, 3] ** 2)
    found = spike_triggered_covariance(x, 0.01, None, weights=counts, seed=1)
    values = found["eigenvalues"].values
    # n_eff about 15,000: a bulk eigenvalue has a width of about 0.01; five of them.
    np.testing.assert_allclose(values[1:], D / (D + 2), atol=0.05)
    assert found["significant"].values.sum() > 3, "the plain test takes the shifted bulk for axes"
    relative = spike_triggered_covariance(x, 0.01, None, weights=counts, seed=1, relative_to_bulk=True)
    assert relative["significant"].values.tolist() == [True] + [False] * (D - 1)
    np.testing.assert_array_equal(relative["eigenvalues"].values, values)


@pytest.mark.slow
def test_null_width_follows_the_effective_sample_size():
    rng = np.random.default_rng(24)
    x = rng.standard_normal((60_000, 40))
    rate = np.repeat(rng.gamma(1.0, 0.5, size=(2, 6000)), 10, axis=1)
    counts = rng.poisson(rate)
    trains = SpikeTrains.from_arrays([np.repeat((np.arange(60_000) + 0.5) * 0.01, one) for one in counts], t_stop=600.0)
    weights = joint_weights(trains, bin_size=0.01, max_lag=0.02)
    found = spike_triggered_covariance(x, 0.01, None, weights=weights, n_surrogates=0)
    entries = (found["covariance"].values - found["prior_covariance"].values)[np.triu_indices(40, 1)]
    # Entries off the diagonal have the variance (1/n_eff - 1/n) under the null (S is the sample's own): n = 780
    # entries, statistic their mean square, relative error sqrt(2/780) = 5 %; 4 of these: false alarm 6e-5.
    variance = 1 / found.attrs["n_eff"] - 1 / 60_000
    assert abs(np.mean(entries**2) / variance - 1) < 0.2
    assert found.attrs["weight"] > 3 * found.attrs["n_eff"]


def test_two_axes_of_opposite_sign_are_both_found_and_no_third():
    rng = np.random.default_rng(25)
    S = coloured(8)
    x = rng.standard_normal((30_000, 8)) @ np.linalg.cholesky(S).T
    k_1, k_2 = np.eye(8)[1], np.eye(8)[5]
    counts = rng.poisson(0.15 * (x @ k_1) ** 2 * np.exp(-0.5 * (x @ k_2) ** 2))
    trains = SpikeTrains.from_arrays([np.repeat((np.arange(30_000) + 0.5) * 0.01, counts)], t_stop=300.0)
    found = spike_triggered_covariance(x, 0.01, trains, seed=3)
    assert found["significant"].values.tolist() == [True] + [False] * 6 + [True]
    assert found["stage_component"].values.tolist()[:2] in ([0, 7], [7, 0])
    # Filters, not features: coloured S turns S k away from k by tens of degrees. n_eff about 3,000.
    both = found["axes"].values[[0, 7]].T
    assert np.degrees(subspace_angles(both, np.stack([k_1, k_2], axis=1)))[0] < 10
    assert np.degrees(subspace_angles(found["features"].values[[0, 7]].T, np.stack([k_1, k_2], axis=1)))[0] > 25
    # z = W'x: a feature projects on its own axis with the prior's standard deviation along it.
    gain = (found["axes"].values * found["features"].values).sum(axis=1)
    spread = np.sqrt(
        np.einsum("ki,ij,kj->k", found["axes"].values, found["prior_covariance"].values, found["axes"].values)
    )
    np.testing.assert_allclose(gain, spread, rtol=1e-10)


def test_whitening_leaves_out_what_the_stimulus_never_does_and_ridge_pulls_to_one():
    rng = np.random.default_rng(26)
    x = np.repeat(rng.standard_normal((5000, 3)), 2, axis=1)
    counts = rng.poisson(0.2 * x[:, 0] ** 2)
    found = spike_triggered_covariance(x, 0.01, None, weights=counts, n_surrogates=0)
    assert found.sizes["component"] == 3
    smooth = np.convolve(rng.standard_normal(8000), np.hanning(12), mode="same")
    counts = rng.poisson(0.05 * np.maximum(smooth, 0) ** 2)
    plain, ridged = (
        spike_triggered_covariance(smooth, 0.01, None, (-0.1, 0.0), weights=counts, n_surrogates=0, ridge=ridge)
        for ridge in (0.0, 0.1)
    )
    assert np.abs(ridged["eigenvalues"] - 1).max() < np.abs(plain["eigenvalues"] - 1).max()
    rough, calm = (np.abs(np.diff(one["axes"].values[0])).max() for one in (plain, ridged))
    assert calm < rough
    S = coloured()
    np.testing.assert_allclose(whitening(S).solve(np.eye(5)), np.linalg.inv(S), atol=1e-12)
    np.testing.assert_allclose(whitening(S, ridge=0.5).solve(np.eye(5)), np.linalg.inv(S + 0.5 * np.eye(5)), atol=1e-12)


def test_ridge_keeps_the_test_valid_against_its_own_surrogates():
    # One null data set in which shifted spikes must look like the data: every eigenvalue of the surrogates lies where
    # the data's do, so the ridge is treated alike in both. Median of surrogates within 5 widths of the data.
    rng = np.random.default_rng(27)
    smooth = np.convolve(rng.standard_normal(8000), np.hanning(12), mode="same")
    counts = rng.poisson(0.1, len(smooth))
    found = spike_triggered_covariance(smooth, 0.01, None, (-0.1, 0.0), weights=counts, ridge=0.2, seed=2)
    values = found["eigenvalues"].values
    assert found["stage_low"].values[0] < values.min() < values.max() < found["stage_high"].values[0]


def test_unit_trial_and_time_labels_do_not_matter():
    rng = np.random.default_rng(28)
    stimulus = rng.standard_normal(400)
    arrays = [np.sort(rng.choice(400, size, replace=False)) * 0.01 + 0.003 for size in (40, 90)]
    base = SpikeTrains.from_arrays(arrays, t_stop=4.0)
    moved = SpikeTrains.from_arrays([one + 100.0 for one in arrays[::-1]], t_start=100.0, t_stop=104.0)
    first = spike_triggered_covariance(stimulus, 0.01, base, (-0.04, 0.0), unit=1, seed=5)
    second = spike_triggered_covariance(stimulus, 0.01, moved, (-0.04, 0.0), unit=0, seed=5)
    for name in first:
        np.testing.assert_array_equal(first[name].values, second[name].values)


def test_without_surrogates_there_is_no_verdict_and_max_axes_leaves_one():
    rng = np.random.default_rng(29)
    x = rng.standard_normal((4000, 3))
    counts = rng.poisson(0.3 * x[:, 0] ** 2)
    assert "p_value" not in spike_triggered_covariance(x, 0.01, None, weights=counts, n_surrogates=0)
    found = spike_triggered_covariance(x, 0.01, None, weights=counts, max_axes=1)
    assert found["significant"].values.tolist() == [True, False, False]
    assert found["p_value"].values[1:].tolist() == [1.0, 1.0]


def test_rank_p_value_is_uniform_over_the_sets():
    rng = np.random.default_rng(30)
    lowest, highest = rng.standard_normal((2, 40))
    found = np.sort([rank_p_value(np.roll(lowest, k), np.roll(highest, k))[0] for k in range(40)])
    # At most a share p of the sets reaches p: the test holds its level exactly, whichever set is the data.
    assert all((found <= p).mean() <= p + 1e-12 for p in found)
    assert found[0] <= 2 / 40
    mirrored = [rank_p_value(-np.roll(highest, k), -np.roll(lowest, k))[0] for k in range(40)]
    np.testing.assert_array_equal(np.sort(mirrored), found)


def test_of_two_ends_as_rare_the_one_further_out_in_its_own_spread_is_taken():
    # Both ends are the most extreme of their sets; the low one lies 20 of its spreads out, the high one 1.15.
    lowest, highest = np.array([0.1, 0.5, 0.51, 0.52]), np.array([2.9, 2.0, 1.5, 1.0])
    for one in (1e-3, 1.0, 1e3):
        for other in (1e-3, 1.0, 1e3):
            assert rank_p_value(one * lowest, other * highest) == (0.25, False)
            assert rank_p_value(-other * highest, -one * lowest) == (0.25, True)


@pytest.mark.parametrize("ridge", [0.0, 0.3])
@pytest.mark.parametrize("axes", [[], [0], [1, 4]])
def test_surrogates_are_the_data_with_the_rest_of_the_stimulus_from_elsewhere(ridge, axes):
    rng = np.random.default_rng(32)
    stimulus = np.convolve(rng.standard_normal(150), [1.0, 0.7], mode="same")
    counts = rng.poisson(0.5, 150).astype(float)
    ensemble = make_ensemble(stimulus, 0.01, (-0.05, 0.0))
    weights = ensemble.valid(counts[np.newaxis])
    white = whitening(prior_moments(ensemble)[1], ridge)
    rows, _ = slow_windows(stimulus[np.newaxis, :, np.newaxis], -5, 5)
    S = np.cov(rows.T, bias=True)
    accepted = np.linalg.qr(rng.standard_normal((5, 5)))[0][:, axes]
    found = shifted_covariances(ensemble, weights, white, accepted, np.array([0, 7, 140]))
    for k, shift in enumerate((0, 7, 140)):
        z = rows @ white.matrix
        onto = accepted @ accepted.T
        mixed = z @ onto + np.roll(z, -shift, axis=0) @ (np.eye(5) - onto)
        expected = np.cov(mixed.T, aweights=weights, bias=True) + np.eye(5) - white.matrix.T @ S @ white.matrix
        np.testing.assert_allclose(found[k], expected, atol=1e-12)
    # A shift of nothing is the data.
    data = np.cov(rows.T, aweights=weights, bias=True)
    np.testing.assert_allclose(found[0], whitened_covariance(white, data, S), atol=1e-12)


def test_surrogates_of_what_was_observed_in_part_take_the_rest_from_later_frames():
    # Shifts go round the frames that were observed, in their order and forwards; a weight between takes the next one.
    rng = np.random.default_rng(33)
    ensemble = make_ensemble(np.convolve(rng.standard_normal(120), [1.0, 0.7], mode="same"), 0.01, (-0.05, 0.0))
    weights = rng.poisson(0.8, ensemble.n_vectors).astype(float)
    white = whitening(prior_moments(ensemble)[1], 0.0)
    seen = np.flatnonzero(rng.random(ensemble.n_vectors - 1) < 0.7)
    z = ensemble.rows(np.arange(ensemble.n_vectors)) @ white.matrix
    axis = np.eye(5)[:, [2]]
    shifts = np.array([0, 4, len(seen) - 3])
    found = shifted_covariances(ensemble, weights, white, axis, shifts, seen)
    for one, shift in zip(found, shifts, strict=True):
        mixed = z.copy()
        for t in range(ensemble.n_vectors):
            after = np.count_nonzero(seen < t)
            mixed[t] = z[seen[(after + shift) % len(seen)]]
            mixed[t, 2] = z[t, 2]
        np.testing.assert_allclose(one, np.cov(mixed.T, aweights=weights, bias=True), atol=1e-12)


@pytest.mark.parametrize("number", [40, 41, 42])
def test_every_shift_that_leaves_the_windows_apart_both_ways_round_is_drawn_and_no_other(number):
    # With a smallest shift of 20 frames, 40 frames can be shifted by 20 alone, 41 by 20 and 21, 42 by 20 to 22. Without
    # an average there is no other noise: the ends of 400 surrogates are those of a loop over these shifts. That one of
    # three is drawn in less than a 40th of the cases, where it would not show, has a chance below 1e-30.
    rng = np.random.default_rng(34)
    x, weights = rng.standard_normal((number, 2)), rng.poisson(2.0, number).astype(float)
    ensemble = make_ensemble(x, 0.01, None)
    white = whitening(np.cov(x.T, bias=True))
    z = (x - x.mean(axis=0)) @ white.matrix
    values = np.array(
        [
            np.linalg.eigvalsh(np.cov(np.roll(z, -shift, axis=0).T, aweights=weights, bias=True))
            for shift in range(20, number - 20 + 1)
        ]
    )
    (stage,) = nested_test(
        ensemble, weights, white, np.diag([1.0, 1.0]), np.zeros(2), n_surrogates=400, alpha=0.05, max_axes=1,
        min_shift=20, relative_to_bulk=False, rng=np.random.default_rng(number),
    )  # fmt: skip
    np.testing.assert_allclose([stage.low, stage.high], [values[:, 0].min(), values[:, 1].max()], rtol=1e-9)


def test_of_what_overlapping_windows_share_more_than_two_thirds_count(monkeypatch):
    # A multiplier for m frames counts the share 1 - k/m of what frames k apart have in common, and windows of w frames
    # have something in common up to k = w - 1.
    lengths = []

    def noted(ensemble, weights, white, held, *, memory, **more):
        lengths.append(memory)
        return multiplier_noise(ensemble, weights, white, held, memory=memory, **more)

    monkeypatch.setattr("spikelearn.analyses.triggered_surrogates.multiplier_noise", noted)
    rng = np.random.default_rng(36)
    stimulus = rng.standard_normal(400)
    counts = rng.poisson(np.exp(0.5 * stimulus))
    for w in (1, 2, 5):
        spike_triggered_covariance(
            stimulus, 0.01, None, (-0.01 * w, 0.0), weights=counts, max_axes=1, n_surrogates=39, seed=1
        )
        # More than two thirds at w - 1 frames, and no more frames than that takes: long blocks leave few.
        assert lengths[-1] - 1 == 3 * (w - 1)


def test_error_along_the_average_has_the_closed_form():
    # E[w|x] = mu exp(a u - a^2/2), Poisson: the frame's influence w/mu ((u - a)^2 - 1) - (u^2 - 1) has the variance
    # (2 + m (a^4 + 4 a^2 + 2))/mu - 2 with m = mu exp(a^2). n = 100,000 frames, 400 draws: the variance of the draws is
    # known to 7 %, that of the data to 5 %; bound 30 %, false alarm 1e-3.
    rng = np.random.default_rng(33)
    n, mu, a = 100_000, 0.2, 0.9
    x = rng.standard_normal((n, 3))
    weights = rng.poisson(mu * np.exp(a * x[:, 1] - a**2 / 2)).astype(float)
    ensemble = make_ensemble(x, 0.01, None)
    white = whitening(prior_moments(ensemble)[1])
    held = direction_beside(white.matrix.T @ np.eye(3)[1], np.empty((3, 0)))
    noise = multiplier_noise(ensemble, weights, white, held, n_surrogates=400, memory=1, rng=rng)[:, 0]
    m = mu * np.exp(a**2)
    variance = ((2 + m * (a**4 + 4 * a**2 + 2)) / mu - 2) / n
    assert abs(noise.var() / variance - 1) < 0.3
    assert abs(noise.mean()) < 4 * np.sqrt(variance / 400)
    # Shifted trains know nothing of it.
    assert variance > 1.7 * ((2 + 2 * m) / mu - 2) / n


def test_equal_weights_have_no_error():
    """The triggered covariance is then the prior's own, whatever was drawn: influences cancel frame by frame."""
    rng = np.random.default_rng(35)
    x = rng.standard_normal((300, 3)) @ np.linalg.cholesky(coloured(3)).T
    ensemble = make_ensemble(x, 0.01, None)
    held = np.linalg.qr(rng.standard_normal((3, 2)))[0]
    for seen in (None, np.flatnonzero(rng.random(300) < 0.6)):
        weights = np.zeros(300)
        weights[slice(None) if seen is None else seen] = 2.0
        # In white coordinates of the frames that count, either direction has the variance 1.
        white = whitening(np.cov((x if seen is None else x[seen]).T, bias=True))
        noise = multiplier_noise(ensemble, weights, white, held, n_surrogates=20, memory=1, rng=rng, seen=seen)
        assert noise.shape == (20, 2)
        # Sums of 300 terms of 1/300, each to 1e-16; one term left out or of the other sign makes 0.05.
        assert np.abs(noise).max() < 1e-14


def test_direction_beside_what_was_accepted():
    accepted = np.linalg.qr(np.random.default_rng(34).standard_normal((5, 2)))[0]
    direction = direction_beside(accepted[:, 0] + 1e-6 * np.arange(5.0), accepted)
    assert np.abs(accepted.T @ direction).max() < 1e-14
    assert np.linalg.norm(direction) == pytest.approx(1, abs=1e-14)
    assert direction_beside(accepted @ [1.0, 2.0], accepted).shape == (5, 0)


def test_prior_of_overlapping_windows_needs_fewer_windows_than_lags():
    stimulus = np.random.default_rng(31).standard_normal((10, 2))
    ensemble = make_ensemble(stimulus, 0.01, (-0.08, 0.0))
    rows, _ = slow_windows(stimulus[np.newaxis], -8, 8)
    assert len(rows) == ensemble.n_vectors == 2
    np.testing.assert_allclose(prior_moments(ensemble)[1], np.cov(rows.T, bias=True), atol=1e-13)


GOOD = np.random.default_rng(0).standard_normal(100)
TRAINS = SpikeTrains.from_arrays([[0.021, 0.052, 0.061], [0.03], []], t_stop=0.1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unit": 3}, "unit must be 0 to 2, got 3"),
        ({"unit": 2}, "none for unit 2"),
        ({"unit": 1}, "spikes in two frames at least"),
        ({"alpha": 0.0}, "alpha must lie between"),
        ({"n_surrogates": 20}, "n_surrogates must be at least 2/alpha"),
        ({"min_shift": 0.06}, "min_shift must be positive and at most half"),
        ({"min_shift": "1 mV"}, "min_shift must be a time"),
        ({"window": (-0.04, 0.0)}, "record longer, shorten the window"),
        ({"window": (-0.2, 0.0)}, "must fit into the recording"),
        ({"stimulus": GOOD[:50]}, "it is shorter"),
        ({"stimulus": np.where(GOOD > 2, np.nan, GOOD)}, "stimulus must be finite"),
        ({"stimulus": np.ones(100)}, "stimulus must vary"),
        ({"ridge": np.nan}, "ridge must not be negative"),
    ],
)
def test_bad_input_is_refused(change, message):
    arguments = {"stimulus": GOOD, "dt": 0.001, "trains": TRAINS, "window": (-0.01, 0.0)} | change
    with pytest.raises(ValueError, match=message):
        spike_triggered_covariance(**arguments)


def test_false_alarm_bounds_used_here():
    assert 15 * 2 * norm.sf(4.6) < 1e-4


def test_what_varies_less_than_its_rounding_does_not_vary_and_a_floor_of_zero_is_allowed():
    # A standard deviation of 1e-9 is a stimulus around 1, and rounding around 1e6.
    covariance = np.diag([1e-18, 5e-19])
    assert whitening(covariance, scale=1.0).matrix.shape == (2, 2)
    with pytest.raises(ValueError, match="stimulus must vary, got one that is constant"):
        whitening(covariance, scale=1e6)
    # Without a floor all that varies is kept; what comes out as no variance, or less than none, is not.
    kept = whitening(np.diag([1.0, 1e-30, 0.0, -1e-17]), variance_floor=0.0)
    np.testing.assert_array_equal(np.sort(kept.variances), [1e-30, 1.0])


def test_a_window_may_be_as_long_as_the_stimulus():
    ensemble = make_ensemble(np.arange(5.0), 0.01, (-0.04, 0.01))
    assert ensemble.n_vectors == 1
    with pytest.raises(ValueError, match="must fit into the recording, got a stimulus of 4 frames"):
        make_ensemble(np.arange(4.0), 0.01, (-0.04, 0.01))


def test_what_is_not_said_is_as_documented():
    said = signature(spike_triggered_covariance).parameters
    assert {name: said[name].default for name in ("n_surrogates", "alpha", "relative_to_bulk")} == {
        "n_surrogates": 199, "alpha": 0.05, "relative_to_bulk": False,
    }  # fmt: skip
    assert signature(jpsth_significance).parameters["progress"].default is False
