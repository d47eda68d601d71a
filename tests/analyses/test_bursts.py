"""Bursts: hand-made trains, a slow loop, the edges of the observation, and log-interval thresholds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikelearn import SpikeTrains, analyses

modest = settings(derandomize=True, max_examples=60, deadline=None)


def test_hand_made_bursts():
    one = [0.100, 0.105, 0.110, 0.5, 0.600, 0.604, 0.608, 0.612, 1.2, 1.205, 1.21]
    trains = SpikeTrains.from_trials([[one, []], [[0.3, 0.31], [0.2, 0.21, 0.22]]], t_stop=2.0)
    table = analyses.bursts(trains, max_interval=0.01)
    assert table["trial"].tolist() == [0, 0, 0, 1]
    assert table["unit"].tolist() == [0, 0, 0, 1]
    assert table["burst"].tolist() == [0, 1, 2, 0]
    assert table["spikes"].tolist() == [3, 4, 3, 3]
    np.testing.assert_allclose(table["length"], [0.01, 0.012, 0.01, 0.02])
    np.testing.assert_allclose(table["silence"], [0.49, 0.588, np.nan, np.nan])
    np.testing.assert_allclose(table["period"], [0.5, 0.6, np.nan, np.nan])
    assert table["whole"].all()
    summary = analyses.burst_summary(trains, max_interval=0.01)
    assert summary["bursts"].tolist() == [3, 1]
    np.testing.assert_allclose(summary["burst_rate"], [0.75, 0.25])
    np.testing.assert_allclose(summary["fraction"], [10 / 13, 1.0])
    np.testing.assert_allclose(summary["length"], [0.032 / 3, 0.02])
    np.testing.assert_allclose(summary["spikes"], [10 / 3, 3])
    np.testing.assert_allclose(summary["silence"], [(0.49 + 0.588) / 2, np.nan])
    np.testing.assert_allclose(summary["period"], [0.55, np.nan])
    pairs = analyses.bursts(trains, max_interval=0.01, min_spikes=2)
    assert len(pairs) == 5


def test_bursts_that_the_observation_cut_do_not_enter_the_means():
    times = [0.002, 0.006, 0.01, 0.3, 0.304, 0.308, 0.6, 0.604, 0.608, 0.99, 0.994, 0.998]
    trains = SpikeTrains.from_arrays([times], t_stop=1.0)
    table = analyses.bursts(trains)
    assert table["whole"].tolist() == [False, True, True, False]
    summary = analyses.burst_summary(trains)
    assert summary["bursts"][0] == 4
    np.testing.assert_allclose(summary["silence"][0], 0.292)
    np.testing.assert_allclose(summary["period"][0], 0.3)
    # In the same window, a trial that was observed only in its middle loses its outer bursts.
    part = SpikeTrains([0.3, 0.304, 0.308], [0, 3], 1, t_stop=1.0, observed=[[0.299, 0.6]])
    assert analyses.bursts(part)["whole"].tolist() == [False]


@modest
@given(st.lists(st.lists(st.integers(0, 60), max_size=25).map(sorted), min_size=1, max_size=3), st.integers(2, 4))
def test_bursts_equal_a_slow_loop(trials, min_spikes):
    # Times on a grid of 5 ms: intervals of exactly 10 ms must count as within a burst wherever they lie.
    trains = SpikeTrains.from_trials([[np.array(t) * 0.005 + 7.0] for t in trials], t_start=7.0, t_stop=8.0)
    expected = []
    for trial, steps in enumerate(trials):
        run = []
        for step in [*steps, None]:
            if run and (step is None or step - run[-1] > 2):
                if len(run) >= min_spikes:
                    expected.append((trial, len(run), (run[-1] - run[0]) * 0.005))
                run = []
            run.append(step)
    table = analyses.bursts(trains, max_interval=0.01, min_spikes=min_spikes)
    assert list(zip(table["trial"], table["spikes"], strict=True)) == [row[:2] for row in expected]
    np.testing.assert_allclose(table["length"], [row[2] for row in expected], atol=1e-12)


def bursting(rng, within, between, n_bursts=150, n_spikes=6):
    lengths = []
    for _ in range(n_bursts):
        lengths += [*rng.normal(within, 0.1 * within, n_spikes - 1), rng.normal(between, 0.1 * between)]
    return np.cumsum([1.0, *lengths])


@pytest.mark.parametrize(("within", "between"), [(0.005, 0.5), (0.02, 1.0), (0.003, 0.08)])
def test_log_intervals_separate_bursts_of_any_scale(within, between):
    times = bursting(np.random.default_rng(1), within, between)
    trains = SpikeTrains.from_arrays([times], t_stop=times[-1] + 2.0)
    table = analyses.bursts(trains, method="logisi", max_interval=0.1)
    threshold = table.attrs["threshold"][0]
    # The intervals are within 40 % (four standard deviations) of the two scales.
    assert 1.4 * within < threshold < 0.6 * between
    assert (table["spikes"] == 6).all()
    assert len(table) == 150


def test_log_intervals_of_a_poisson_train_have_no_gap():
    # 20 seeds of n = 2,000 intervals; none may show a gap whose void reaches 0.7. The smoothed histogram of a
    # Poisson train has one mode of some 200 counts a bin, so that a void of 0.7 is out of reach of its fluctuations,
    # but for stray peaks in the sparse tail of short intervals, which lie before the main peak and do not count.
    for seed in range(20):
        interval = np.random.default_rng(seed).exponential(0.05, 2000)
        assert np.isnan(analyses.log_isi_threshold(interval, 0.1))


def test_units_without_a_gap_have_no_bursts_and_no_threshold():
    times = bursting(np.random.default_rng(2), 0.005, 0.5)
    trains = SpikeTrains.from_arrays([times, [], [0.1], np.arange(1, 50) * 0.05], t_stop=times[-1] + 1)
    table = analyses.bursts(trains, method="logisi", max_interval=0.1)
    assert set(table["unit"]) == {0}
    assert np.isnan(table.attrs["threshold"][1:]).all()
    summary = analyses.burst_summary(trains, method="logisi", max_interval=0.1)
    assert summary["bursts"].tolist() == [150, 0, 0, 0]
    assert summary["length"].isna().tolist() == [False, True, True, True]
    assert np.isnan(summary["fraction"][1])


def test_silent_trains_give_an_empty_table():
    table = analyses.bursts(SpikeTrains.from_arrays([[], [0.1]], t_stop=1.0))
    assert len(table) == 0
    assert list(table.columns)[:5] == ["trial", "unit", "burst", "start", "stop"]
    assert analyses.burst_summary(SpikeTrains.from_arrays([[]], t_stop=1.0))["bursts"].tolist() == [0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "treshold"}, "bursts has no method 'treshold'; did you mean 'threshold'"),
        ({"min_spikes": 1}, "min_spikes must be at least 2, got 1"),
        ({"max_interval": 0.0}, "max_interval must be positive, got 0.0 s"),
        ({"max_interval": "1 mV"}, "max_interval must be a time, such as '1 s'"),
        ({"method": "logisi", "void": 1.5}, "void must lie between 0 and 1"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        analyses.bursts(SpikeTrains.from_arrays([[0.1, 0.2, 0.3]], t_stop=1.0), **options)


def test_the_usual_void_of_log_intervals_is_seven_tenths():
    """A gap whose void lies between 0.7 and 0.77 is one, unless more is asked for."""
    rng = np.random.default_rng(5)
    found = []
    for spread in np.linspace(0.3, 1.2, 60):
        interval = np.concatenate(
            [rng.lognormal(np.log(0.004), spread, 3000), rng.lognormal(np.log(0.3), spread, 3000)]
        )
        voids = [np.isfinite(analyses.log_isi_threshold(interval, 0.1, void=v)) for v in (0.7, 0.77)]
        usual = analyses.log_isi_threshold(interval, 0.1)
        np.testing.assert_equal(usual, analyses.log_isi_threshold(interval, 0.1, bins_per_decade=10, void=0.7))
        found.append(voids == [True, False])
    assert any(found), "some of the gaps tell the two apart"
