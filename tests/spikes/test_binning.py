"""Binning loses no spike, moves none, and refuses bins that do not fit."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikelearn import SpikeTrains
from spikelearn.spikes.binning import bin_centers, bin_edges, bin_indices, count_bins

WIDTHS = (0.1, 0.05, 0.001, 0.0001, 1 / 3, 0.007, 0.25, 1e-5)
modest = settings(derandomize=True, max_examples=100, deadline=None)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("start", [0.0, -0.3, 1.7, 1000.0, -86400.0])
def test_every_edge_lies_in_its_own_bin(width, start):
    k = np.arange(5000)
    np.testing.assert_array_equal(bin_indices(start + k * width, start, width, 5000), k)
    np.testing.assert_array_equal(bin_indices(bin_edges(start, width, 4999), start, width, 5000), k)
    np.testing.assert_array_equal(bin_indices(bin_centers(start, width, 5000), start, width, 5000), k)


def test_times_converted_from_milliseconds_lie_in_their_own_sample():
    # As a simulator writes them: k steps of 0.1 ms, turned to seconds.
    k = np.arange(20_000)
    np.testing.assert_array_equal(bin_indices((k * 0.1) * 1e-3, 0.0, 1e-4, 20_000), k)
    plain = np.floor((k * 0.1) * 1e-3 / 1e-4)
    assert (plain != k).any()


@modest
@given(st.integers(0, 9999), st.sampled_from(WIDTHS), st.sampled_from([0.0, 1.0, -2.5]), st.sampled_from([-1, 1]))
def test_spikes_a_nanosecond_from_an_edge_stay_on_their_side(k, width, start, side):
    time = float(Fraction(start) + k * Fraction(width) + side * Fraction(1, 10**9))
    expected = k if side > 0 else k - 1
    assert bin_indices([time], start, width, 10_000)[0] == expected


@modest
@given(
    st.lists(st.floats(0, 1, exclude_max=True), max_size=20).map(sorted),
    st.sampled_from([1, 2, 3, 7, 10, 64, 1000]),
    st.sampled_from([0.0, 0.1, -3.0, 1e4]),
)
def test_no_spike_is_lost_and_each_lies_in_its_bin(fractions, n, start):
    # Times strictly before the end of the window, as near to it as floating point allows.
    times = np.minimum(start + np.array(fractions), np.nextafter(start + 1.0, -np.inf))
    trains = SpikeTrains.from_arrays([times, []], t_start=start, t_stop=start + 1.0)
    counts = trains.binned(1.0 / n)
    assert counts.dtype == np.int64
    assert counts.shape == (1, 2, n)
    assert counts.sum(axis=2).tolist() == [[len(times), 0]]
    slack = 1e-15 * 16 * (abs(start) + 1)
    edges = bin_edges(start, 1.0 / n, n)
    for k in np.flatnonzero(counts[0, 0]):
        inside = (times >= edges[k] - slack) & (times < edges[k + 1] + slack)
        assert inside.sum() >= counts[0, 0, k]


@modest
@given(st.lists(st.integers(0, 1999), max_size=30).map(sorted), st.integers(1, 99))
def test_counts_of_split_windows_join(samples, cut):
    trains = SpikeTrains.from_arrays([np.array(samples) * 0.001], t_stop=2.0)
    whole = trains.binned(0.02)
    edge = cut * 0.02
    np.testing.assert_array_equal(
        np.concatenate([trains.binned(0.02, t_stop=edge), trains.binned(0.02, t_start=edge)], axis=2), whole
    )
    np.testing.assert_array_equal(whole[0, 0], np.bincount(np.array(samples, dtype=int) // 20, minlength=100))


@modest
@given(st.lists(st.integers(0, 999), max_size=20).map(sorted), st.integers(-10_000, 10_000))
def test_counts_do_not_depend_on_the_origin_of_time(samples, steps):
    trains = SpikeTrains.from_arrays([np.array(samples) * 0.001], t_stop=1.0)
    np.testing.assert_array_equal(trains.shift(steps * 0.001).binned(0.01), trains.binned(0.01))


def test_counts_equal_a_slow_loop_over_trials_and_units():
    rng = np.random.default_rng(5)
    trials = [[np.sort(rng.uniform(-1, 1, rng.poisson(9))) for _ in range(3)] for _ in range(4)]
    trains = SpikeTrains.from_trials(trials, t_start=-1.0, t_stop=1.0)
    slow = [[np.histogram(unit, np.linspace(-1, 1, 41))[0] for unit in units] for units in trials]
    np.testing.assert_array_equal(trains.binned(0.05), slow)
    np.testing.assert_array_equal(trains.binned(0.05, t_start=-0.5, t_stop=0.25), np.array(slow)[:, :, 10:25])


def test_a_bin_size_that_does_not_divide_the_window_is_refused_with_those_that_do():
    trains = SpikeTrains.from_arrays([[0.1]], t_stop=1.0)
    with pytest.raises(
        ValueError, match=r"bin_size must divide the window \[0.0, 1.0\) s into whole bins, got 0.3 s; the nearest"
    ) as error:
        trains.binned(0.3)
    assert "0.25 s and 0.3333333333333333 s" in str(error.value)
    assert trains.binned(0.25).sum() == trains.binned(0.3333333333333333).sum() == 1
    with pytest.raises(ValueError, match=r"got 3.0 s; the widest is 1.0 s"):
        trains.binned(3.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bin_size": 0.0}, "bin_size must be positive, got 0.0 s"),
        ({"bin_size": -0.1}, "bin_size must be positive"),
        ({"bin_size": "10 mV"}, "bin_size must be a time, such as '1 s'"),
        ({"bin_size": np.nan}, "bin_size must be a finite time"),
        ({"bin_size": 0.1, "t_stop": 1.5}, r"the window must lie within \[0.0, 1.0\) s, got \[0.0, 1.5\) s"),
        ({"bin_size": 0.1, "t_start": 0.5, "t_stop": 0.5}, r"divide the window, but \[0.5, 0.5\) s is empty"),
    ],
)
def test_bad_bins_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        SpikeTrains.from_arrays([[0.1]], t_stop=1.0).binned(**arguments)


def test_numbers_of_bins_survive_rounding():
    for n in (3, 7, 10, 30, 999, 12_345):
        assert count_bins(0.1, 0.1 + n * 0.1, 0.1) == n
        assert count_bins(0.0, 2.0, 2.0 / n) == n


def test_a_window_may_miss_the_observed_one_by_rounding_only():
    trains = SpikeTrains.from_arrays([[0.05, 0.25]], t_start=0.1 - 0.1, t_stop=0.3)
    assert trains.binned(0.1, t_start=-1e-17, t_stop=0.1 + 0.2).sum() == 2
    for window in ({"t_start": -0.1}, {"t_stop": 0.4}, {"t_start": 0.2, "t_stop": 0.1}):
        with pytest.raises(ValueError, match="the window must lie within"):
            trains.binned(0.1, **window)
