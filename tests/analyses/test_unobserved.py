"""Time that was not observed is not silence: predictors, priors and rates use only trials that saw both times."""

import itertools

import numpy as np
import pytest

from spikelearn import SpikeTrains, analyses
from spikelearn.analyses.ensemble import make_ensemble
from spikelearn.analyses.shift_predictor import LagBins, shift_with_gaps
from spikelearn.analyses.triggered_moments import prior_moments
from spikelearn.analyses.triggered_weights import observed_frames


def unequal_trials(n_trials, seed, mean=8.0):
    """Trials that begin and end at a few different times, some not observed at all."""
    rng = np.random.default_rng(seed)
    trials, observed = [], []
    for _ in range(n_trials):
        begin = rng.choice([0.0, 0.13, 0.3])
        end = min(begin + rng.choice([0.05, 0.3, 0.5, 0.7]), 1.0) if rng.random() > 0.1 else begin
        trials.append([np.sort(rng.uniform(begin, end, rng.poisson(mean * (end > begin)))) for _ in range(2)])
        observed.append([begin, end])
    return SpikeTrains.from_trials(trials, t_stop=1.0, observed=observed)


def two_kinds_of_trials(seed=0):
    """200 trials: even ones 1 s with unit 0 at 40 Hz, odd ones 0.5 s at 10 Hz; unit 1 at 20 Hz, independent."""
    rng = np.random.default_rng(seed)
    trials, observed = [], []
    for k in range(200):
        length, rate = (1.0, 40.0) if k % 2 == 0 else (0.5, 10.0)
        trials.append([np.sort(rng.uniform(0, length, rng.poisson(r * length))) for r in (rate, 20.0)])
        observed.append([0.0, length])
    return SpikeTrains.from_trials(trials, t_stop=1.0, observed=observed)


@pytest.mark.parametrize("predictor", ["psth", "shift", "shuffle"])
def test_independent_cells_on_unequal_trials_are_uncorrelated(predictor):
    # Each entry is a mean over at least 100 trials, so its standard deviation is at most 0.1 (0.17 for shift, whose
    # predictor is as noisy as the counts); 400 entries lie within 5 of these, false alarm 2e-4. It was 4.7 and 2.4.
    result = analyses.jpsth(two_kinds_of_trials(), bin_size=0.05, predictor=predictor)
    assert float(np.abs(result["normalized"]).max()) < (0.85 if predictor == "shift" else 0.5)
    late = result["normalized"].values[10:, 10:]
    # The mean of 100 entries, nearly independent: 5 standard deviations of 0.1/10, and twice that for shift.
    assert abs(late.mean()) < (0.1 if predictor == "shift" else 0.05)


@pytest.mark.parametrize("seed", range(4))
def test_the_shift_predictor_of_a_correlogram_equals_a_slow_loop(seed):
    trains, width, half = unequal_trials(12, seed), 0.02, 10
    observed, expected = trains.observed, np.zeros(21)
    for k, m in itertools.permutations(range(12), 2):
        for one, other in itertools.product(trains.train(0, k), trains.train(1, m)):
            place = int(np.floor((other - one) / width + half + 0.5))
            early, late = min(one, other), max(one, other)
            both = [i for i in range(12) if observed[i, 0] <= early and late < observed[i, 1]]
            if 0 <= place <= 2 * half and k in both and m in both and abs(both.index(k) - both.index(m)) == 1:
                expected[place] += len(both) / (2 * (len(both) - 1))
    found, covered = shift_with_gaps(trains.select_units([0]), trains.select_units([1]), LagBins(width, half))
    np.testing.assert_allclose(found * covered, expected, atol=1e-9)
    # Coverage by counting on a fine grid.
    grid = (np.arange(10000) + 0.5) / 10000
    for lag, share in zip(LagBins(width, half).centers[::5], covered[::5], strict=True):
        saw = (
            (observed[:, :1] <= np.minimum(grid, grid + lag)) & (np.maximum(grid, grid + lag) < observed[:, 1:])
        ).sum(0)
        assert share == pytest.approx(saw[saw > 1].sum() / saw.sum(), abs=2e-3)


def test_the_shift_predictor_expects_the_pairs_of_independent_cells():
    # Both counts are about 3400 with a relative standard deviation below 1/sqrt(3400) + that of the rates; 8 %.
    result = analyses.cross_correlogram(two_kinds_of_trials(), bin_size=0.001, max_lag=0.02)
    count, shift = float(result["count"].sum()), float(result["shift"].sum())
    assert shift == pytest.approx(count, rel=0.08)
    assert (result["shift_covered"] == 1.0).all()


def test_whole_trials_give_the_same_shift_predictor_either_way():
    rng = np.random.default_rng(1)
    trains = SpikeTrains.from_trials([[np.sort(rng.uniform(0, 1, 30)) for _ in range(2)] for _ in range(6)], t_stop=1.0)
    whole = analyses.cross_correlogram(trains, bin_size=0.01, max_lag=0.1)["shift"].values
    found, covered = shift_with_gaps(trains.select_units([0]), trains.select_units([1]), LagBins(0.01, 10))
    np.testing.assert_allclose(found, whole, rtol=1e-12)
    assert (covered == 1.0).all()


def test_lags_that_no_two_trials_observed_have_no_prediction():
    trains = SpikeTrains.from_trials([[[0.1], [0.1]], [[0.6], [0.6]]], t_stop=1.0, observed=[[0, 0.5], [0.5, 1.0]])
    result = analyses.cross_correlogram(trains, bin_size=0.1, max_lag=0.1)
    assert np.isnan(result["shift"]).all()
    assert (result["shift_covered"] == 0).all()


def ln_cell(n_trials, lengths, seed=5, frames=400, dt=0.01):
    """An LN cell under a repeated stimulus whose frames differ before and after half time."""
    rng = np.random.default_rng(seed)
    stimulus = rng.normal(size=frames) + np.where(np.arange(frames) < frames // 2, 0.0, 3.0)
    trials, observed = [], []
    for k in range(n_trials):
        length = lengths[k % len(lengths)]
        spiking = rng.random(frames) < np.clip(0.1 + 0.1 * stimulus, 0, 1)
        times = (np.flatnonzero(spiking) + 0.5) * dt
        trials.append([times[times < length]])
        observed.append([0.0, length])
    return stimulus, SpikeTrains.from_trials(trials, t_stop=frames * dt, observed=observed)


def test_mean_and_covariance_of_the_stimulus_are_those_of_observed_frames():
    stimulus, trains = ln_cell(6, [4.0, 2.0, 2.0])
    counts = np.where(np.arange(400) < 200, 6.0, 2.0)
    expected = np.average(stimulus, weights=counts)
    average = analyses.spike_triggered_average(stimulus, 0.01, trains)
    assert float(average["stimulus_mean"].item()) == pytest.approx(expected, rel=1e-12)
    centred = analyses.spike_triggered_average(stimulus, 0.01, trains, center=True)
    np.testing.assert_allclose(centred, average - expected, rtol=1e-12)
    found = analyses.spike_triggered_covariance(stimulus[:, None], 0.01, trains, n_surrogates=0)
    assert float(found["prior_mean"].item()) == pytest.approx(expected, rel=1e-12)
    variance = np.average((stimulus - expected) ** 2, weights=counts)
    assert float(found["prior_covariance"].item()) == pytest.approx(variance, rel=1e-12)


def test_an_exposure_that_is_the_same_everywhere_changes_nothing():
    stimulus = np.random.default_rng(2).normal(size=(300, 2))
    ensemble = make_ensemble(stimulus, 0.01, (-0.05, 0.0))
    plain, same = prior_moments(ensemble), prior_moments(ensemble, np.full(ensemble.n_vectors, 3.0))
    exposure = np.full(ensemble.n_vectors, 3.0)
    exposure[0] = 3.0 + 1e-12
    for ours, theirs, by_weights in zip(plain, same, prior_moments(ensemble, exposure), strict=True):
        np.testing.assert_array_equal(ours, theirs)
        np.testing.assert_allclose(by_weights, ours, atol=1e-12)


@pytest.mark.parametrize("by_weights", [False, True])
def test_the_nonlinearity_counts_only_trials_that_observed_a_frame(by_weights):
    stimulus, trains = ln_cell(60, [4.0, 2.0])
    options = {"n_bins": 8}
    if by_weights:
        pair = SpikeTrains.concatenate_units([trains, trains])
        options["weights"] = analyses.summed_weights(pair, bin_size=0.01)
    result = analyses.nonlinearity(stimulus, 0.01, None if by_weights else trains, [1.0], **options)
    expected = np.clip(0.1 + 0.1 * (result["projection"].values + stimulus.mean()), 0, 1) * (2 if by_weights else 1)
    error = result["standard_error"].values * 0.01
    # Eight bins of 50 frames and 1500 to 3000 looks; within 5 standard errors and 0.02 for the width of the bins.
    assert (np.abs(result["response"].values - expected) < 5 * error + 0.02 * (2 if by_weights else 1)).all()
    # By a slow loop over frames, trials counted as they observed.
    exposure = trains.observed_bins(0.01).sum(axis=0)
    counts = trains.binned(0.01)[:, 0].sum(axis=0) * (2 if by_weights else 1)
    order = np.argsort(stimulus, kind="stable").reshape(8, 50)
    slow = [counts[rows].sum() / exposure[rows].sum() for rows in order]
    np.testing.assert_allclose(result["response"], slow, rtol=1e-12)


def test_joint_weights_say_where_every_pair_could_be_seen():
    trains = SpikeTrains.from_trials(
        [[[0.05, 0.25], [0.15]], [[0.05], [0.05]]], t_stop=0.4, observed=[[0.0, 0.4], [0.0, 0.2]]
    )
    weights = analyses.joint_weights(trains, bin_size=0.1, max_lag=0.1)
    np.testing.assert_array_equal(weights, [[0, 1, 1, 0], [1, 0, 0, 0]])
    np.testing.assert_array_equal(weights["observed"], [[False, True, True, True], [False, True, False, False]])
    assert "observed" not in analyses.joint_weights(trains.restrict(0, 0.2), bin_size=0.1).coords
    stimulus = np.array([1.0, 2.0, 3.0, 4.0])
    result = analyses.nonlinearity(stimulus, 0.1, None, [1.0], weights=weights, n_bins=3)
    np.testing.assert_allclose(result["response"], [0.5, 1.0, 0.0])


def test_the_test_of_the_covariance_shifts_round_observed_frames_only():
    # Frames that were not observed have another law; surrogates that took them would be far too wide.
    rng = np.random.default_rng(7)
    stimulus = rng.normal(size=(4000, 2))
    stimulus[2000:] *= 20.0
    times = (np.flatnonzero(rng.random(2000) < 0.2) + 0.5) * 0.01
    trains = SpikeTrains.from_trials([[times]], t_stop=40.0, observed=[[0.0, 20.0]])
    found = analyses.spike_triggered_covariance(stimulus, 0.01, trains, n_surrogates=99, alpha=0.05, seed=1)
    assert found.attrs["n_vectors"] == 2000
    np.testing.assert_allclose(found["eigenvalues"], 1.0, atol=0.3)
    assert 0.5 < float(found["stage_low"][0]) < 1.0 < float(found["stage_high"][0]) < 1.5


def test_frames_that_nobody_observed_are_refused():
    trains = SpikeTrains.from_trials([[[0.0015]]], t_stop=0.1, observed=[[0.001, 0.0016]])
    with pytest.raises(ValueError, match="no frame with a whole window of stimulus was observed from end to end"):
        analyses.nonlinearity(np.arange(100.0), 0.001, trains, [1.0])


def test_frames_are_observed_from_end_to_end_like_in_a_loop():
    """Trials that begin late, end early, fit a frame exactly, lie within one, or were not observed."""
    dt, frames = 0.1, 10
    observed = [[0.0, 1.0], [0.25, 1.0], [0.0, 0.75], [0.3, 0.6], [0.31, 0.39], [0.5, 0.5], [0.2, 0.3]]
    trains = SpikeTrains.from_trials([[[]] for _ in observed], t_stop=1.0, observed=observed)
    for before in (0, 2):
        seen = observed_frames(trains, dt, frames, before)
        for trial, (begin, end) in enumerate(observed):
            for k in range(frames):
                first = k - before
                whole = begin <= first * dt + 1e-9 and end >= (k + 1) * dt - 1e-9 and end > begin
                assert seen[trial, k] == (first >= 0 and whole), (trial, k, before)
