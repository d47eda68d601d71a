"""Regularity: Elephant and slow loops as oracles, closed forms, and NaN where a quantity is not defined."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from spikelearn import SpikeTrains, analyses

FUNCTIONS = ("isi", "cv", "cv2", "lv", "lvr", "rate")
modest = settings(derandomize=True, max_examples=50, deadline=None)


def gamma_trains(seed, n_trials=5, n_units=4, t_stop=20.0):
    """Give trains from bursting (shape 0.3) to regular (shape 20), with spikes near 0 and far from it."""
    rng = np.random.default_rng(seed)
    trials = []
    for _ in range(n_trials):
        shapes = rng.choice([0.3, 1.0, 4.0, 20.0], n_units)
        units = [np.cumsum(rng.gamma(shape, 0.1 / shape, 400)) for shape in shapes]
        trials.append([unit[unit < t_stop] for unit in units])
    return SpikeTrains.from_trials(trials, t_stop=t_stop)


def elephant_statistics():
    try:
        import elephant.statistics
        import quantities
    except ImportError as error:
        pytest.skip(f"Elephant is the oracle here and cannot be imported: {error}")
    return elephant.statistics, quantities


def test_interval_statistics_equal_elephant():
    es, pq = elephant_statistics()
    trains = gamma_trains(1)
    for refractoriness in (0.005, 0.002):
        ours = {name: getattr(analyses, name)(trains) for name in ("isi", "cv", "cv2", "lv", "rate")}
        ours["lvr"] = analyses.lvr(trains, refractoriness)
        for k in range(trains.n_trials):
            for u in range(trains.n_units):
                interval = es.isi(trains.train(u, k))
                expected = {
                    "isi": interval.mean(),
                    "cv": es.cv(interval),
                    "cv2": es.cv2(interval),
                    "lv": es.lv(interval),
                    "lvr": es.lvr(interval * pq.s, R=refractoriness * pq.s),
                    "rate": len(trains.train(u, k)) / 20.0,
                }
                for name, value in expected.items():
                    # Sums of at most 400 terms: their rounding stays far below 1e-12.
                    np.testing.assert_allclose(ours[name][k, u], float(value), rtol=1e-12, err_msg=name)


def test_intervals_equal_elephant():
    es, _ = elephant_statistics()
    trains = gamma_trains(2)
    table = analyses.intervals(trains)
    for k in range(trains.n_trials):
        for u in range(trains.n_units):
            own = table[(table.trial == k) & (table.unit == u)]
            np.testing.assert_array_equal(own, es.isi(trains.train(u, k)))
            np.testing.assert_array_equal(own.start, trains.train(u, k)[:-1])


def test_fano_factor_equals_elephant():
    es, _ = elephant_statistics()
    trains = gamma_trains(3, n_trials=30)
    ours = analyses.fano_factor(trains)
    for u in range(trains.n_units):
        expected = es.fanofactor([trains.train(u, k) for k in range(30)])
        np.testing.assert_allclose(ours[u], expected, rtol=1e-12)


def slow(name, interval, observed):
    first, second = interval[:-1], interval[1:]
    if name == "isi":
        return np.mean(interval) if len(interval) else np.nan
    if name == "rate":
        return (len(interval) + 1) / observed
    if len(interval) < 2:
        return np.nan
    if name == "cv":
        return np.std(interval) / np.mean(interval) if np.mean(interval) else np.nan
    terms = []
    for a, b in zip(first, second, strict=True):
        if a + b == 0:
            return np.nan
        difference = abs(b - a) / (a + b)
        terms.append(
            {
                "cv2": 2 * difference,
                "lv": 3 * difference**2,
                "lvr": 3 * (1 - 4 * a * b / (a + b) ** 2) * (1 + 4 * 0.005 / (a + b)),
            }[name]
        )
    return np.mean(terms)


# Few possible times, so that silent trains, single spikes, pairs and equal spikes are common.
coarse = st.lists(st.sampled_from([0.0, 0.125, 0.25, 0.5, 0.75, 1.5]), max_size=5).map(sorted)


@modest
@given(st.lists(st.tuples(coarse, coarse), min_size=1, max_size=3))
def test_any_trains_equal_a_slow_loop(trials):
    trains = SpikeTrains.from_trials(trials, t_stop=2.0)
    for name in FUNCTIONS:
        expected = [
            [slow(name, np.diff(unit), 2.0) if unit or name != "rate" else 0.0 for unit in units] for units in trials
        ]
        got = getattr(analyses, name)(trains)
        assert got.dims == ("trial", "unit")
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-15, err_msg=name)


@modest
@given(st.lists(st.tuples(coarse, coarse), min_size=1, max_size=3), st.permutations([0, 1]), st.integers(-4, 4))
def test_relabelled_units_and_shifted_time(trials, order, shift):
    # Times and shifts are sums of powers of two, so that shifting them rounds nothing.
    trains = SpikeTrains.from_trials(trials, t_stop=2.0)
    for name in FUNCTIONS:
        function = getattr(analyses, name)
        np.testing.assert_array_equal(function(trains.select_units(order)), function(trains)[:, order])
        np.testing.assert_array_equal(function(trains.shift(0.5 * shift)), function(trains))


def test_pooled_values_equal_a_slow_loop():
    trains = gamma_trains(4)
    for u in range(trains.n_units):
        per_trial = [np.diff(trains.train(u, k)) for k in range(trains.n_trials)]
        together = np.concatenate(per_trial)
        expected = {"isi": together.mean(), "cv": together.std() / together.mean()}
        weights = [len(interval) - 1 for interval in per_trial]
        for name in ("cv2", "lv", "lvr"):
            # A pooled mean over pairs is the mean of the trials weighted with their numbers of pairs.
            expected[name] = np.average([slow(name, interval, 0) for interval in per_trial], weights=weights)
        expected["rate"] = trains.counts()[:, u].sum() / (20.0 * trains.n_trials)
        for name, value in expected.items():
            got = getattr(analyses, name)(trains, pooled=True)
            assert got.dims == ("unit",)
            np.testing.assert_allclose(got[u], value, rtol=1e-12, err_msg=name)


def test_clock_and_alternating_trains_have_closed_forms():
    clock = np.arange(1, 20) * 0.125
    alternating = np.cumsum(np.tile([0.125, 0.375], 4))
    trains = SpikeTrains.from_arrays([clock, alternating], t_stop=3.0)
    # Intervals a, 3a, a, ...: the standard deviation is half the mean, each pair differs by half its sum.
    assert analyses.cv(trains)[0].values.tolist() == [
        0.0,
        pytest.approx(np.std([1, 3, 1, 3, 1, 3, 3]) / np.mean([1, 3, 1, 3, 1, 3, 3])),
    ]
    assert analyses.cv2(trains)[0].values.tolist() == [0.0, 1.0]
    assert analyses.lv(trains)[0].values.tolist() == [0.0, 0.75]
    assert analyses.lvr(trains, refractoriness=0.125)[0].values.tolist() == [0.0, 1.5]


def test_a_poisson_train_has_the_values_of_theory():
    # n = 20,000 intervals; two-sided tests at 4 standard errors, so a false alarm in 6e-5 of cases each. The standard
    # errors are the asymptotic ones: CV sqrt(1/n) (variance of mean and variance together), CV2 and LV below
    # sqrt(2/n) from Var|u| = 1/3 * ... with neighbouring pairs correlated; sqrt(2/n) bounds them.
    rng = np.random.default_rng(6)
    n = 20_000
    times = np.cumsum(rng.exponential(0.1, n + 1))
    trains = SpikeTrains.from_arrays([times], t_stop=times[-1] + 0.1)
    for name in ("cv", "cv2", "lv"):
        assert abs(float(getattr(analyses, name)(trains)[0, 0]) - 1) < 4 * np.sqrt(2 / n), name


def test_silent_and_nearly_silent_trains_give_nan():
    trains = SpikeTrains.from_arrays([[], [0.5], [0.5, 1.0], [0.5, 1.0, 1.25]], t_stop=2.0)
    nan = np.nan
    expected = {
        "isi": [nan, nan, 0.5, 0.375],
        "cv": [nan, nan, nan, 1 / 3],
        "cv2": [nan, nan, nan, 2 / 3],
        "lv": [nan, nan, nan, 1 / 3],
        "rate": [0.0, 0.5, 1.0, 1.5],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(getattr(analyses, name)(trains)[0], values, rtol=1e-14, err_msg=name)
    assert np.isnan(analyses.lvr(trains)[0, :3]).all()
    none = SpikeTrains.from_trials([], t_stop=1.0)
    for name in FUNCTIONS:
        assert getattr(analyses, name)(none).shape == (0, 0)
        assert getattr(analyses, name)(SpikeTrains([], [0], 2, t_stop=1.0)).shape == (0, 2)
    assert analyses.intervals(none).size == 0


def test_fano_factor_of_hand_counted_trials_and_windows():
    trains = SpikeTrains.from_trials([[[0.1, 0.2], []], [[0.6], []], [[], []]], t_stop=1.0)
    counts = np.array([2, 1, 0])
    np.testing.assert_allclose(analyses.fano_factor(trains), [counts.var() / counts.mean(), np.nan])
    halves = np.array([2, 0, 0, 1, 0, 0])
    np.testing.assert_allclose(analyses.fano_factor(trains, window=0.5)[0], halves.var() / halves.mean())
    with pytest.raises(ValueError, match="at least two counts, got 1; add trials or pass window="):
        analyses.fano_factor(trains.select_trials(0))
    assert analyses.fano_factor(trains.select_trials(0), window="500 ms")[0] == 1.0
    unequal = SpikeTrains([0.2, 0.6], [0, 1, 2], 1, t_stop=1.0, observed=[[0, 0.5], [0, 1]])
    with pytest.raises(ValueError, match="observed for unequal times cannot be compared"):
        analyses.fano_factor(unequal)
    # Three whole windows of 0.5 s were observed, with one spike in the first and the last.
    assert float(analyses.fano_factor(unequal, window=0.5)[0]) == pytest.approx((2 / 9) / (2 / 3))


def test_rates_count_only_what_was_observed():
    trains = SpikeTrains([0.1, 0.6], [0, 1, 2, 2], 1, t_stop=1.0, observed=[[0, 0.5], [0, 1], [0.3, 0.3]])
    np.testing.assert_array_equal(analyses.rate(trains)[:, 0], [2.0, 1.0, np.nan])
    assert float(analyses.rate(trains, pooled=True)[0]) == pytest.approx(2 / 1.5)


def test_the_table_has_a_row_a_unit_and_trial():
    trains = gamma_trains(7, n_trials=2, n_units=3)
    table = analyses.regularity(trains, refractoriness=0.002)
    assert list(table.columns) == ["trial", "unit", "spikes", "rate", "isi", "cv", "cv2", "lv", "lvr"]
    assert table["unit"].tolist() == [0, 1, 2, 0, 1, 2]
    np.testing.assert_array_equal(table["spikes"], trains.counts().ravel())
    np.testing.assert_array_equal(table["lvr"], analyses.lvr(trains, 0.002).values.ravel())
    pooled = analyses.regularity(trains, pooled=True)
    np.testing.assert_array_equal(pooled["fano_factor"], analyses.fano_factor(trains))
    assert pooled["spikes"].tolist() == trains.counts().sum(axis=0).tolist()
    assert np.isnan(analyses.regularity(trains.select_trials(0), pooled=True)["fano_factor"]).all()


def test_values_are_labelled_with_their_units():
    trains = gamma_trains(8)
    assert {name: getattr(analyses, name)(trains).attrs["units"] for name in FUNCTIONS} == {
        "isi": "s",
        "cv": "1",
        "cv2": "1",
        "lv": "1",
        "lvr": "1",
        "rate": "Hz",
    }
    assert isinstance(analyses.cv(trains), xr.DataArray)


@pytest.mark.parametrize(
    ("refractoriness", "message"),
    [(-0.001, "lvr: refractoriness must not be negative"), ("5 mV", "lvr: refractoriness must be a time, such as")],
)
def test_a_wrong_refractoriness_is_refused(refractoriness, message):
    with pytest.raises(ValueError, match=message):
        analyses.lvr(gamma_trains(9), refractoriness)


def test_plain_lists_are_refused_by_name():
    for function in (analyses.regularity, analyses.cv, analyses.intervals):
        with pytest.raises(
            TypeError, match=r"trains must be SpikeTrains, got list; make them with SpikeTrains.from_arr"
        ):
            function([[0.1]])
