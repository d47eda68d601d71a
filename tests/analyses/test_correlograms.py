"""Correlograms: a slow loop over all pairs, np.correlate, symmetry, and unrelated trains."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikelearn import SpikeTrains, analyses

modest = settings(derandomize=True, max_examples=50, deadline=None)


def random_trains(seed, n_trials=4, n_units=3, t_stop=2.0, mean=40):
    rng = np.random.default_rng(seed)
    trials = [[np.sort(rng.uniform(0, t_stop, rng.poisson(mean))) for _ in range(n_units)] for _ in range(n_trials)]
    return SpikeTrains.from_trials(trials, t_stop=t_stop)


def all_lags(one, other):
    return np.concatenate([(b[None, :] - a[:, None]).ravel() for a, b in zip(one, other, strict=True)])


@pytest.mark.parametrize("units", [(0, 1), (2, 0), (1, 1)])
def test_counts_and_rates_equal_slow_loops(units):
    trains = random_trains(1)
    one = [trains.train(units[0], k) for k in range(4)]
    other = [trains.train(units[1], k) for k in range(4)]
    result = analyses.cross_correlogram(trains, units, bin_size=0.01, max_lag=0.3)
    edges = (np.arange(62) - 30.5) * 0.01
    lags = all_lags(one, other)
    lags = lags[lags != 0] if units[0] == units[1] else lags
    count = np.histogram(lags, edges)[0]
    np.testing.assert_array_equal(result["count"], count)
    followed = [sum(((a + lag >= 0) & (a + lag < 2.0)).sum() for a in one) for lag in result["lag"].values]
    np.testing.assert_allclose(result["rate"], count / (np.array(followed) * 0.01), rtol=1e-12)
    neighbours = all_lags(one[:-1], other[1:]), all_lags(one[1:], other[:-1])
    shift = (np.histogram(neighbours[0], edges)[0] + np.histogram(neighbours[1], edges)[0]) / 2 * 4 / 3
    np.testing.assert_allclose(result["shift"], shift, rtol=1e-12)


def test_counts_equal_numpy_correlate_on_a_grid():
    rng = np.random.default_rng(2)
    one, other = (rng.random((2, 2000)) < 0.05).astype(int)
    trains = SpikeTrains.from_arrays([np.flatnonzero(x) * 0.001 for x in (one, other)], t_stop=2.0)
    result = analyses.cross_correlogram(trains, bin_size=0.001, max_lag=0.05)
    full = np.correlate(other, one, mode="full")
    np.testing.assert_array_equal(result["count"], full[1999 - 50 : 1999 + 51])


@modest
@given(st.lists(st.tuples(*[st.lists(st.floats(0, 0.999), max_size=12).map(sorted)] * 2), min_size=1, max_size=3))
def test_swapping_the_units_turns_the_lag_around(trials):
    # Random times lie on the edge of a half-open bin with probability 0; hypothesis likes 0.0, whose lag 0 is central,
    # so bins of an irrational width keep all its favourite lags away from edges.
    trains = SpikeTrains.from_trials(trials, t_stop=1.0)
    width = np.sqrt(2) / 100
    there = analyses.cross_correlogram(trains, (0, 1), width, 10 * width)
    back = analyses.cross_correlogram(trains, (1, 0), width, 10 * width)
    np.testing.assert_array_equal(there["count"], back["count"][::-1])
    np.testing.assert_allclose(there["expected"], back["expected"][::-1], rtol=1e-12)
    own = analyses.autocorrelogram(trains, 0, width, 10 * width)
    np.testing.assert_array_equal(own["count"], own["count"][::-1])


def test_counts_do_not_depend_on_the_origin_of_time():
    grid = np.sort(np.random.default_rng(3).choice(20_000, 300, replace=False)) * 0.0001
    trains = SpikeTrains.from_arrays([grid, grid[::2]], t_stop=2.0)
    at_zero = analyses.cross_correlogram(trains, bin_size=0.001, max_lag=0.02)["count"]
    for origin in (1.0, 1000.0, -3600.0):
        moved = analyses.cross_correlogram(trains.shift(origin), bin_size=0.001, max_lag=0.02)["count"]
        np.testing.assert_array_equal(moved, at_zero)


def test_pairs_are_counted_in_portions_without_a_seam(monkeypatch):
    trains = random_trains(4)
    whole = analyses.cross_correlogram(trains, bin_size=0.01, max_lag=0.2)["count"]
    monkeypatch.setattr("spikelearn.analyses.correlograms.PAIRS_AT_ONCE", 7)
    np.testing.assert_array_equal(analyses.cross_correlogram(trains, bin_size=0.01, max_lag=0.2)["count"], whole)


def test_unrelated_trains_have_the_expected_count_and_a_flat_rate():
    # 40 trials of two Poisson trains of 50 Hz for 10 s; 41 bins. Given the counts, the count of a bin has about the
    # expected mean and variance; the sum of squared deviations is near chi-squared with 41 degrees of freedom, above
    # 74.7 in 1 of 1,000 cases (neighbouring bins share spikes, but are uncorrelated for Poisson trains).
    rng = np.random.default_rng(5)
    trials = [[np.sort(rng.uniform(0, 10, rng.poisson(500))) for _ in range(2)] for _ in range(40)]
    result = analyses.cross_correlogram(SpikeTrains.from_trials(trials, t_stop=10.0), bin_size=0.005, max_lag=0.1)
    z = (result["count"] - result["expected"]) / np.sqrt(result["expected"])
    assert float((z**2).sum()) < 74.7
    # Every bin holds some 5,000 pairs: 5 % is 3.5 standard deviations of a bin, 41 bins: false alarm 2 %.
    assert (abs(result["rate"] - 50) < 2.5).all()


def test_regular_train_has_peaks_at_the_multiples_of_its_interval():
    result = analyses.autocorrelogram(SpikeTrains.from_arrays([np.arange(100) * 0.02], t_stop=2.0), max_lag=0.05)
    peaks = result["lag"].values[result["count"].values > 0]
    np.testing.assert_allclose(peaks, [-0.04, -0.02, 0.02, 0.04], atol=1e-12)
    # Every spike that is 20 ms from the end is followed: one spike in a bin of 1 ms is 1 kHz.
    np.testing.assert_allclose(result["rate"].values[result["count"].values > 0], 1000.0)


def test_empty_trains_give_zero_counts_and_no_rate():
    result = analyses.cross_correlogram(SpikeTrains.from_arrays([[], [0.5]], t_stop=1.0))
    assert (result["count"] == 0).all()
    assert np.isnan(result["rate"]).all()
    assert "shift" not in result


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"units": (0, 9)}, IndexError, "units must be 0 to 2, got 9"),
        ({"units": (0, 1, 2)}, ValueError, "units must be a pair"),
        ({"units": (True, True, False)}, ValueError, "units must be a pair of unit numbers"),
        ({"units": (0.0, 1.0)}, ValueError, "units must be a pair of unit numbers"),
        ({"bin_size": 0.003, "max_lag": 0.01}, ValueError, "bin_size must divide the window"),
        ({"max_lag": 3.0, "bin_size": 0.1}, ValueError, "max_lag must be shorter than the window of 2.0 s, got 3.0 s"),
        ({"bin_size": "1 mV"}, ValueError, "bin_size must be a time, such as '1 s'"),
    ],
)
def test_bad_input_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        analyses.cross_correlogram(random_trains(6), **options)


def test_lags_reach_fifty_bins_of_a_millisecond_unless_told():
    found = analyses.cross_correlogram(random_trains(3))
    assert found.identical(analyses.cross_correlogram(random_trains(3), (0, 1), "1 ms", "50 ms"))
    np.testing.assert_allclose(found.lag, np.arange(-50, 51) * 1e-3, atol=1e-15)


@pytest.mark.parametrize("start", [0, -50, 1000])
def test_rates_count_references_on_a_border_but_for_rounding(start):
    # Spikes on every millisecond of a window of 60 ms: t + lag falls on its begin and end, but for rounding.
    ticks = np.arange(60)
    times = (ticks + start) / 1000
    trains = SpikeTrains.from_arrays([times], t_start=start / 1000, t_stop=(start + 60) / 1000)
    result = analyses.autocorrelogram(trains, 0, 0.001, 0.01)
    followed = np.array([((ticks + lag >= 0) & (ticks + lag < 60)).sum() for lag in range(-10, 11)])
    pairs = np.where(np.arange(-10, 11) == 0, 0, 60 - np.abs(np.arange(-10, 11)))
    np.testing.assert_array_equal(result["count"], pairs)
    np.testing.assert_allclose(result["rate"], pairs / followed / 0.001, rtol=1e-12)
