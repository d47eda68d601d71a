"""Surrogates keep what each method promises, within what was observed, the same bits whatever is made at a time."""

import itertools

import numpy as np
import pytest

from spikelearn import SpikeTrains, analyses
from spikelearn.analyses import dithering, resampling
from spikelearn.analyses.jittering import pattern_plan

METHODS = {
    "dither_spikes": lambda trains, n, **more: analyses.dither_spikes(trains, 0.02, n, **more),
    "kept apart": lambda trains, n, **more: analyses.dither_spikes(trains, 0.02, n, refractory_period=0.004, **more),
    "dither_spike_train": lambda trains, n, **more: analyses.dither_spike_train(trains, 0.2, n, **more),
    "jitter_spikes": lambda trains, n, **more: analyses.jitter_spikes(trains, 0.05, n, **more),
    "pattern_jitter": lambda trains, n, **more: analyses.pattern_jitter(trains, 0.05, 0.01, n, **more),
    "shuffle_isis": lambda trains, n, **more: analyses.shuffle_isis(trains, n, **more),
}


def some_trains(seed=0, rate=40.0):
    """Three trials of two units, observed for unequal times, one train empty, with bursts and dead time."""
    rng = np.random.default_rng(seed)
    observed = np.array([[0.0, 2.0], [0.31, 1.87], [0.5, 0.9]])
    trials = []
    for begin, end in observed:
        units = []
        for unit in range(2):
            steps = rng.exponential(1 / rate, 300) + 0.003
            steps[rng.random(300) < 0.3] = 0.004
            times = begin + np.cumsum(steps)
            units.append(times[times < end] if unit == 0 or begin != 0.5 else [])
        trials.append(units)
    names = {"unit_ids": ["a", "b"], "trial_ids": [5, 6, 7]}
    return SpikeTrains.from_trials(trials, t_stop=2.0, observed=observed, **names)


@pytest.mark.parametrize("method", METHODS)
def test_surrogates_are_trains_like_the_original(method, monkeypatch):
    trains = some_trains()
    surrogates = METHODS[method](trains, 20, seed=3)
    assert len(surrogates) == 20
    for one in surrogates:
        # The class itself refuses what is out of order or outside of what was observed.
        np.testing.assert_array_equal(one.counts(), trains.counts())
        np.testing.assert_array_equal(one.observed, trains.observed)
        assert (one.unit_ids, one.trial_ids) == (trains.unit_ids, trains.trial_ids)
    assert len({surrogate.times.tobytes() for surrogate in surrogates}) == 20, "they differ"
    np.testing.assert_array_equal(METHODS[method](trains, 20, seed=3).times, surrogates.times)
    assert not np.array_equal(METHODS[method](trains, 20, seed=4).times, surrogates.times)
    monkeypatch.setattr(resampling, "_AT_ONCE", 3 * trains.n_spikes + 1)
    np.testing.assert_array_equal(METHODS[method](trains, 20, seed=3).times, surrogates.times)
    assert len(surrogates[2:5]) == 3
    assert surrogates[-1] == surrogates[19]


@pytest.mark.parametrize("method", METHODS)
def test_no_spikes_and_one_spike(method):
    for arrays in ([[]], [[0.25]]):
        trains = SpikeTrains.from_arrays(arrays, t_stop=1.0)
        surrogates = METHODS[method](trains, 3, seed=0)
        assert [one.n_spikes for one in surrogates] == [trains.n_spikes] * 3


def test_dithered_spikes_are_uniform_about_their_place_and_reflected_at_the_border():
    trains = SpikeTrains.from_arrays([[0.004, 0.5]], t_stop=1.0)
    times = analyses.dither_spikes(trains, 0.02, 20_000, seed=1).times
    # Kolmogorov-Smirnov at 1e-4 for n = 20,000: 0.0157. Where the border folds [-0.016, 0) back, the density doubles.
    grid = np.linspace(0.48, 0.52, 201)
    assert np.abs((times[:, 1, None] < grid).mean(axis=0) - (grid - 0.48) / 0.04).max() < 0.0157
    grid = np.linspace(0.0, 0.024, 201)
    folded = np.where(grid < 0.016, grid / 0.02, 0.8 + (grid - 0.016) / 0.04)
    assert np.abs((times[:, 0, None] < grid).mean(axis=0) - folded).max() < 0.0157


def test_a_wide_dither_is_sorted():
    trains = SpikeTrains.from_arrays([np.arange(500) / 500], t_stop=1.0)
    for dither in (0.5, 3.0):
        times = analyses.dither_spikes(trains, dither, 5, seed=1).times
        assert (np.diff(times, axis=1) >= 0).all()
        assert np.abs(times.mean() - 0.5) < 0.03


def test_with_a_refractory_period_intervals_stay_above_it_or_what_they_were():
    trains = some_trains()
    intervals, train = np.diff(trains.times), np.repeat(np.arange(6), np.diff(trains.offsets))
    within = train[1:] == train[:-1]
    surrogates = analyses.dither_spikes(trains, 0.02, 50, refractory_period=0.01, seed=2)
    assert np.abs(surrogates.times - trains.times).max() <= 0.02
    found = np.diff(surrogates.times, axis=1)[:, within]
    assert (found >= np.minimum(intervals[within], 0.01) - 1e-12).all()
    assert (np.abs(surrogates.times - trains.times) > 1e-6).mean() > 0.8
    free = analyses.dither_spikes(trains, 0.02, 50, seed=2)
    assert (np.diff(free.times, axis=1)[:, within] < 0.002).mean() > 0.05, "without one they do not"


def test_jittered_spikes_keep_the_count_of_every_window_and_are_uniform_in_it():
    trains = some_trains()
    surrogates = analyses.jitter_spikes(trains, 0.05, 50, seed=2)
    for one in surrogates:
        np.testing.assert_array_equal(one.binned(0.05), trains.binned(0.05))
    one = SpikeTrains.from_arrays([[0.07]], t_start=0.0, t_stop=1.0)
    phase = analyses.jitter_spikes(one, 0.05, 20_000, seed=5).times.ravel()
    grid = np.linspace(0.05, 0.1, 201)
    assert np.abs((phase[:, None] < grid).mean(axis=0) - (grid - 0.05) / 0.05).max() < 0.0157
    # A time that lies on a border but for rounding belongs to the window that begins there.
    edge = SpikeTrains.from_arrays([[0.1 + 0.1 + 0.1 - 1e-16]], t_stop=1.0)
    assert analyses.jitter_spikes(edge, 0.1, 100, seed=1).times.min() >= 0.3


def test_a_train_moved_as_a_whole_keeps_its_intervals_but_one():
    trains = some_trains().select_units([0])
    for trial in range(3):
        begin, end = trains.observed[trial]
        own = trains.train(trial=trial)
        circle = np.append(np.diff(own), own[0] - own[-1] + end - begin)
        moved = set()
        for one in analyses.dither_spike_train(trains, 0.2, 20, seed=2):
            times = one.train(trial=trial)
            found = np.append(np.diff(times), times[0] - times[-1] + end - begin)
            turn = [k for k in range(len(own)) if np.allclose(np.roll(found, k), circle, rtol=0, atol=1e-12)]
            assert len(turn) == 1
            # Spike -turn of the surrogate is the first of the original.
            by = (times[-turn[0] % len(own)] - own[0]) % (end - begin)
            assert min(by, end - begin - by) <= 0.2
            moved.add(round(by, 9))
        assert len(moved) == 20


def test_shuffled_intervals_are_the_same_in_every_order():
    trains = SpikeTrains.from_arrays([[0.1, 0.2, 0.5, 0.55, 0.9]], t_stop=1.0)
    surrogates = analyses.shuffle_isis(trains, 24_000, seed=1)
    orders, counts = np.unique(np.diff(surrogates.times, axis=1).round(9), axis=0, return_counts=True)
    assert len(orders) == 24
    np.testing.assert_allclose(np.sort(orders, axis=1), np.tile([0.05, 0.1, 0.3, 0.35], (24, 1)), atol=1e-9)
    # Chi squared with 23 degrees of freedom exceeds 58.6 with chance 6e-5.
    assert ((counts - 1000) ** 2 / 1000).sum() < 58.6


def all_placements(times, window, history, step):
    """Every way to place the patterns of a short train on multiples of `step`, by trying all moves."""
    groups = np.split(times, np.flatnonzero(np.diff(times) > history + 1e-9) + 1)
    reach = round(window / step)
    found = []
    for moves in itertools.product(range(-reach, reach + 1), repeat=len(groups)):
        placed = [group + move * step for group, move in zip(groups, moves, strict=True)]
        same = all(
            np.floor(new[0] / window + 1e-6) == np.floor(old[0] / window + 1e-6)
            for new, old in zip(placed, groups, strict=True)
        )
        apart = all(b[0] - a[-1] > history + 1e-9 for a, b in itertools.pairwise(placed))
        if same and apart and placed[-1][-1] < 0.06 - 1e-9 and placed[0][0] >= 0:
            found.append(tuple(np.concatenate(placed).round(6)))
    return found


def test_patterns_are_drawn_from_all_placements_with_the_same_chance():
    """Against a list of all placements: two windows, patterns that push each other, one held by the end."""
    times, window, history, step = np.array([0.012, 0.014, 0.0245, 0.043, 0.054, 0.0555]), 0.02, 0.004, 0.004
    possible = all_placements(times, window, history, step)
    trains = SpikeTrains.from_arrays([times], t_stop=0.06)
    n = 200 * len(possible)
    rows = analyses.pattern_jitter(trains, window, history, n, resolution=step, seed=1).times.round(6)
    drawn, counts = np.unique(rows, axis=0, return_counts=True)
    assert {tuple(row) for row in drawn} == set(possible)
    degrees = len(possible) - 1
    assert degrees > 50
    # Normal approximation of chi squared: 4 standard deviations, 3e-5.
    chi = ((counts - 200) ** 2 / 200).sum()
    assert abs(chi - degrees) < 4 * np.sqrt(2 * degrees)


def test_a_last_spike_without_room_stays_and_leaves_the_one_before_its_places():
    # A recording that ends just after its last spike, at the begin of a window. More than 10 ms before it there are
    # eight places on a grid of 5 ms, from 50 to 85 ms, each with the chance 1/8; 800 draws, chi squared of 7 degrees
    # below 30: false alarm 1e-4.
    trains = SpikeTrains.from_arrays([[0.085, 0.1]], t_stop=np.nextafter(0.1, 1.0))
    made = analyses.pattern_jitter(trains, 0.05, 0.01, 800, resolution=0.005, seed=1).times
    assert set(made[:, 1]) == {0.1}
    places, counts = np.unique(made[:, 0].round(6), return_counts=True)
    np.testing.assert_allclose(places, np.arange(50, 90, 5) * 1e-3)
    assert ((counts - 100) ** 2 / 100).sum() < 30


def test_patterns_keep_short_intervals_and_windows():
    trains = some_trains()
    train = np.repeat(np.arange(6), np.diff(trains.offsets))
    within = train[1:] == train[:-1]
    before = np.diff(trains.times)[within]
    starts = np.append(True, ~within | (np.diff(trains.times) > 0.01))
    surrogates = analyses.pattern_jitter(trains, 0.05, 0.01, 50, seed=2)
    after = np.diff(surrogates.times, axis=1)[:, within]
    short = before <= 0.01
    np.testing.assert_allclose(after[:, short], np.tile(before[short], (50, 1)), rtol=0, atol=1e-12)
    assert (after[:, ~short] > 0.01).all()
    np.testing.assert_array_equal(
        np.floor(surrogates.times[:, starts] / 0.05 + 1e-9), np.tile(np.floor(trains.times[starts] / 0.05), (50, 1))
    )
    assert np.ptp(surrogates.times[:, starts], axis=0).mean() > 0.02


def test_a_surrogate_has_the_surrogates_of_the_original():
    """What makes the test exact: the set of placements is the same from every member of it."""
    trains = some_trains()
    ways = pattern_plan(trains, window=0.05, history=0.01)
    again = pattern_plan(analyses.pattern_jitter(trains, 0.05, 0.01, seed=9)[0], window=0.05, history=0.01)
    random = np.random.default_rng(0).random((5, ways.columns))
    out, other = np.empty((5, trains.n_spikes)), np.empty((5, trains.n_spikes))
    ways.fill(random, out)
    again.fill(random, other)
    np.testing.assert_allclose(out, other, rtol=0, atol=1e-12)


def test_what_does_not_fit_is_refused():
    trains = some_trains()
    for call, match in (
        (lambda: analyses.dither_spikes(trains, 0.0), r"dither_spikes: dither must be a positive time, got 0.0 s"),
        (lambda: analyses.dither_spikes(trains, 0.1, refractory_period=-1), r"refractory_period must be a positive"),
        (lambda: analyses.dither_spikes(trains, float("nan")), r"dither_spikes: dither must be a finite time, got nan"),
        (lambda: analyses.dither_spikes(trains, 0.1, 0), r"dither_spikes: n_surrogates must"),
        (lambda: analyses.dither_spike_train(trains, 0.5), r"shift must not be longer than what was observed of any"),
        (lambda: analyses.jitter_spikes(trains, -0.1), r"jitter_spikes: bin_size must be a positive time"),
        (lambda: analyses.pattern_jitter(trains, 0.02, -0.1), r"history must be a time not below 0, got -0.1 s"),
        (lambda: analyses.pattern_jitter(trains, 0.02, 0.1, resolution=0.1), r"resolution must not be coarser than"),
        (lambda: analyses.shuffle_isis(trains, 1.5), r"shuffle_isis: n_surrogates must"),
    ):
        with pytest.raises((ValueError, TypeError), match=match):
            call()
    with pytest.raises(TypeError, match=r"jitter_spikes must get SpikeTrains|SpikeTrains"):
        analyses.jitter_spikes([[0.1]], 0.1)


def test_the_record_says_what_it_is():
    text = repr(analyses.jitter_spikes(some_trains(), 0.05, 4, seed=0))
    assert text.startswith("Surrogates(4 by jitter_spikes, bin_size=0.05 s, of SpikeTrains(3 trials x 2 units")


def test_times_of_surrogates_cannot_be_changed():
    made = analyses.jitter_spikes(SpikeTrains.from_arrays([[0.1, 0.2]], t_stop=1.0), 0.1, 3, seed=0)
    with pytest.raises(ValueError, match="read-only"):
        made.times[0, 0] = 0.5


def test_every_train_has_a_random_number_of_its_own_for_its_shift():
    """Compiled loops do not look whether a column is there: the last train would read what lies behind."""
    trains = SpikeTrains.from_trials([[[0.1], [0.2], [0.3]], [[0.4], [], [0.5]]], t_stop=1.0)
    assert dithering.shift_plan(trains, shift=0.1).columns == 6


def test_a_thousand_spikes_in_one_train_are_counted_without_overflow():
    """A hundred places a spike are 100^1000 ways, far beyond the largest number, of which only proportions are kept.

    Neighbours must stay apart by the history, a tenth of a window, which leaves places all but uniform and symmetric:
    mean 0.495 (on a grid of a hundredth) and deviation 0.2887, of 20,000 places, each within 0.0125, which is more
    than 4.5 standard errors (0.0020 and 0.0009).
    """
    window = 0.05
    trains = SpikeTrains.from_arrays([window * (np.arange(1000) + 0.5)], t_stop=1000 * window)
    made = analyses.pattern_jitter(trains, window, window / 10, 20, seed=1)
    times = np.array([one.train() for one in made])
    place = times / window - np.arange(1000)
    assert ((place > -1e-9) & (place < 1 + 1e-9)).all()
    assert (np.diff(times, axis=1) > window / 10 - 1e-9).all()
    assert abs(place.mean() - 0.495) < 0.0125
    assert abs(place.std() - np.sqrt(1 / 12)) < 0.0125


def test_shuffled_trains_end_with_the_very_last_spike():
    # Intervals in another order add up to a last spike that is off by rounding, in some orders. Times must not be
    # multiples of one number, as those of a uniform generator are: these add up exactly.
    times = [np.random.default_rng(k).exponential(0.03, 30).cumsum() for k in range(2)]
    sums = times[0][0] + np.random.default_rng(2).permuted(np.tile(np.diff(times[0]), (2000, 1)), axis=1).cumsum(axis=1)
    assert np.mean(sums[:, -1] < times[0][-1]) > 0.005
    surrogates = analyses.shuffle_isis(SpikeTrains.from_arrays(times, t_stop=3.0), 2000, seed=1).times
    for first, last, own in ((0, 29, times[0]), (30, 59, times[1])):
        assert set(surrogates[:, first]) == {own[0]}
        assert set(surrogates[:, last]) == {own[-1]}
