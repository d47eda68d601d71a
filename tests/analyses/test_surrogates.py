"""Significance of joint histograms: calibration on null data, power on correlated data, and the covariogram's band."""

import numpy as np
import pytest
from scipy import stats

from spikelearn import SpikeTrains
from spikelearn.analyses import covariogram_band, jpsth, jpsth_bootstrap, jpsth_significance
from spikelearn.analyses.surrogates import standardized
from spikelearn.sources import (
    CommonDrive,
    GainModulatedPoisson,
    HomogeneousPoisson,
    InhomogeneousPoisson,
    SinusoidalRate,
)


def null_p_values(n_sets, n_trials, n_bins, n_surrogates, seed):
    """p of the maximum statistic on independent cells with a common modulated rate of 20 Hz, 10 ms bins."""
    source = InhomogeneousPoisson(rate=SinusoidalRate(mean="20 Hz", depth=0.9, frequency="4 Hz"))
    p = np.empty(n_sets)
    for k in range(n_sets):
        trains = source.sample(n_trials, 0.0, n_bins * 0.01, seed=seed + k)
        p[k] = float(jpsth_significance(trains, bin_size=0.01, n_surrogates=n_surrogates, seed=k).p)
    return p


def assert_rejects_at(p, alpha, false_alarm):
    """Exact binomial test of the number of rejections; two-sided."""
    rejected = int((p <= alpha).sum())
    outcome = stats.binomtest(rejected, len(p), alpha).pvalue
    assert outcome > false_alarm, f"{rejected} of {len(p)} rejected at {alpha}"


def test_calibration_on_small_null_data():
    # 200 sets of 40 trials x 8 x 8 bins, 39 surrogates (so that p <= 0.05 has the chance 0.05). False alarms 1e-3.
    assert_rejects_at(null_p_values(200, 40, 8, 39, seed=1000), 0.05, 1e-3)


@pytest.mark.slow
def test_calibration_on_400_null_data_sets():
    # 400 sets of 200 trials x 50 x 50 bins, 199 surrogates: two-sided exact binomial at 1e-3, at alpha 0.05 and 0.2.
    p = null_p_values(400, 200, 50, 199, seed=5000)
    print(f"rejected at 0.05: {(p <= 0.05).sum()} of 400; at 0.2: {(p <= 0.2).sum()} of 400")
    assert_rejects_at(p, 0.05, 1e-3)
    assert_rejects_at(p, 0.2, 1e-3)


def test_common_drive_is_found_where_it_is():
    # Correlation 0.25 or more on the diagonal and a time constant of one bin; 300 trials, 20 x 20 bins.
    source = CommonDrive(rate="40 Hz", drive_rate="10 Hz", alpha=0.8, tau="10 ms")
    result = jpsth_significance(source.sample(300, 0.0, 0.2, seed=2), bin_size=0.01, n_surrogates=199, seed=0)
    assert float(result.p) == pytest.approx(1 / 200)
    assert result.significant.values.diagonal().mean() > 0.8
    far = np.abs(np.subtract.outer(np.arange(20), np.arange(20))) > 6
    assert result.significant.values[far].sum() <= 1
    np.testing.assert_array_equal(
        result.significant, (np.abs(result.normalized) > result.threshold) | (result.p_value <= 0.05)
    )


def test_significance_sees_the_same_correlation_as_the_jpsth():
    trains = GainModulatedPoisson(rate="40 Hz", gamma=0.5).sample(50, 0.0, 0.2, seed=0)
    result = jpsth_significance(trains, bin_size=0.02, n_surrogates=99, seed=0)
    # Single precision.
    np.testing.assert_allclose(result.normalized, jpsth(trains, bin_size=0.02).normalized, atol=1e-6)


def test_maxima_are_those_of_correlation_coefficients():
    trains = GainModulatedPoisson(rate="60 Hz", gamma=0.3).sample(20, 0.0, 0.2, seed=3)
    result = jpsth_significance(trains, bin_size=0.05, n_surrogates=30, seed=11)
    counts, rng = trains.binned(0.05), np.random.default_rng(11)
    negative = 0
    for maximum in result.maxima.values:
        order = rng.permutation(20)
        both = np.corrcoef(counts[:, 0].T, counts[order, 1].T)[:4, 4:]
        assert maximum == pytest.approx(np.abs(both).max(), abs=1e-6)
        negative += -both.min() > both.max()
    assert 5 < negative < 25
    assert float(result.threshold) == sorted(result.maxima.values)[29]


def test_p_values_count_the_surrogates_at_least_as_large():
    trains = GainModulatedPoisson(rate="40 Hz", gamma=0.3).sample(50, 0.0, 0.2, seed=0)
    result = jpsth_significance(trains, bin_size=0.04, n_surrogates=99, seed=0)
    for entry, p in zip(np.abs(result.normalized.values.ravel()), result.p_value.values.ravel(), strict=True):
        assert p == pytest.approx((1 + (result.maxima.values >= entry - 1e-6).sum()) / 100)
    assert float(result.p) == result.p_value.min()


def test_two_trials_that_tie_are_not_significant():
    # Every permutation of two trials gives the same absolute correlations: p is 1.
    trains = SpikeTrains.from_trials([[[0.01], [0.01]], [[0.03], [0.03]]], t_stop=0.04)
    assert float(jpsth_significance(trains, bin_size=0.02, n_surrogates=19, seed=0).p) == 1.0


def test_bins_that_never_vary_are_left_out():
    trains = SpikeTrains.from_trials([[[0.01, 0.03], [0.01]], [[0.01], [0.01, 0.03]], [[0.01], [0.01]]], t_stop=0.04)
    result = jpsth_significance(trains, bin_size=0.02, n_surrogates=19, seed=0)
    np.testing.assert_array_equal(np.isnan(result.normalized), [[True, True], [True, False]])
    assert (result.p_value.values[0] == 1).all()
    assert not standardized(np.array([[1, 2], [1, 0]]))[:, 0].any()


def test_bootstrap_of_the_time_course():
    # Null: 100 sets, alpha 0.05, two-sided binomial at 1e-3; the resampling is approximate for 100 trials.
    source = HomogeneousPoisson(rate="30 Hz")
    p = [
        float(jpsth_bootstrap(source.sample(100, 0.0, 0.2, seed=k), bin_size=0.02, n_surrogates=59, seed=k).p)
        for k in range(100)
    ]
    assert_rejects_at(np.array(p), 0.05, 1e-3)
    drive = CommonDrive(rate="30 Hz", drive_rate="10 Hz", alpha=0.8, tau="10 ms").sample(100, 0.0, 0.2, seed=1)
    found = jpsth_bootstrap(drive, bin_size=0.02, n_surrogates=99, seed=1, half_width="20 ms")
    assert float(found.p) == 0.01
    assert float(found.area) > 0
    assert (found.lower < found.upper).all()
    np.testing.assert_allclose(
        jpsth_bootstrap(drive, bin_size=0.02, n_surrogates=99, seed=1).coincidence,
        np.diag(jpsth(drive, bin_size=0.02).normalized),
        atol=1e-6,
    )


@pytest.mark.parametrize(("rate", "narrow"), [("5 Hz", 1.0), ("200 Hz", 0.45)])
def test_covariogram_band_covers_as_it_says(rate, narrow):
    # 400 sets of 60 trials, 10 bins of 10 ms, lag 0: the standard deviation of the covariogram against the bands'.
    # Its relative sampling error is about 1/sqrt(2 * 400) = 0.035; five of those, or 6e-7 false alarms.
    source = HomogeneousPoisson(rate=rate)
    sets = [source.sample(60, 0.0, 0.1, seed=k) for k in range(400)]
    centered = [covariogram_band(trains, bin_size=0.01, kind="centered").sel(lag=0.0) for trains in sets]
    true = np.std([float(band.covariogram) for band in centered])
    assert np.mean([float(band.deviation) for band in centered]) == pytest.approx(true, rel=0.18)
    # Brody: v^2 + 2 P^2 v over v^2 is 1 + 2 P for Poisson counts, P = 0.05 or 2 a bin.
    brody = float(covariogram_band(sets[0], bin_size=0.01).sel(lag=0.0).deviation)
    ratio = float(centered[0].deviation) / brody
    assert ratio == pytest.approx(1 / np.sqrt(1 + 2 * (0.05 if narrow == 1.0 else 2.0)), rel=0.1)


def test_band_is_that_many_deviations_wide():
    trains = HomogeneousPoisson(rate="50 Hz").sample(30, 0.0, 0.1, seed=0)
    band = covariogram_band(trains, bin_size=0.01, alpha=0.01)
    np.testing.assert_allclose(band.upper, stats.norm.isf(0.005) * band.deviation)
    np.testing.assert_array_equal(band.lower, -band.upper)
    counts = trains.binned(0.01)
    p, v = counts.mean(axis=0), counts.var(axis=0)
    squared = sum(v[0, m] * v[1, m + 2] + p[0, m] ** 2 * v[1, m + 2] + v[0, m] * p[1, m + 2] ** 2 for m in range(8))
    assert float(band.deviation.values[9 + 2]) == pytest.approx(np.sqrt(squared / 30))


@pytest.mark.parametrize("function", [jpsth_significance, jpsth_bootstrap])
@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"alpha": 0.0}, "alpha must lie between 0 and 1"),
        ({"n_surrogates": 10}, "n_surrogates must be at least 1/alpha - 1 = 19, got 10"),
        ({"units": (0,)}, "units must be a pair"),
        ({"bin_size": 0.03}, "bin_size must divide the window"),
    ],
)
def test_bad_requests_are_refused(function, keywords, message):
    trains = HomogeneousPoisson(rate="50 Hz").sample(10, 0.0, 0.1, seed=0)
    with pytest.raises(ValueError, match=message):
        function(trains, **{"bin_size": 0.01, **keywords})


def test_trials_of_unequal_length_cannot_be_exchanged():
    trains = SpikeTrains.from_trials([[[0.01], [0.01]], [[0.03], [0.03]]], t_stop=0.04)
    cut = SpikeTrains(trains.times, trains.offsets, 2, t_stop=0.04, observed=[[0.0, 0.04], [0.01, 0.04]])
    for function in (jpsth_significance, jpsth_bootstrap, covariogram_band):
        with pytest.raises(ValueError, match="must have every trial observed throughout the window"):
            function(cut, bin_size=0.02)


def test_unknown_band_is_refused():
    trains = HomogeneousPoisson(rate="50 Hz").sample(10, 0.0, 0.1, seed=0)
    with pytest.raises(ValueError, match="no kind of band 'brodi'; did you mean 'brody'"):
        covariogram_band(trains, kind="brodi")
    with pytest.raises(ValueError, match="alpha must lie between 0 and 1"):
        covariogram_band(trains, alpha=1.5)
