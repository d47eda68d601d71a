"""The JPSTH against a slow loop, hand-countable data, symmetries and bad input."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikelearn import SpikeTrains
from spikelearn.analyses import jpsth, jpsth_pairs
from spikelearn.analyses.jpsth_dataset import near_diagonal
from spikelearn.sources import GainModulatedPoisson

SHAPES = [("psth", "population"), ("psth", "sample"), ("shift", "population"), ("shuffle", "sample")]


def random_trains(n_trials=7, n_units=3, seed=0, rate=60.0, duration=0.12):
    rng = np.random.default_rng(seed)
    return SpikeTrains.from_trials(
        [
            [np.sort(rng.uniform(0, duration, rng.poisson(rate * duration) + 1)) for _ in range(n_units)]
            for _ in range(n_trials)
        ],
        t_stop=duration,
    )


def slow_jpsth(trains, units, width, n, predictor, normalization, observed=None):
    """Count pairs of spikes, one trial, one pair of bins at a time."""
    k = trains.n_trials
    seen = np.ones((k, n), dtype=bool) if observed is None else observed
    count = np.zeros((k, 2, n))
    for trial, side in itertools.product(range(k), range(2)):
        for time in trains.train(units[side], trial):
            place = int(np.floor(time / width + 1e-9))
            if seen[trial, place]:
                count[trial, side, place] += 1
    raw, expected, corrected, normalized = (np.full((n, n), np.nan) for _ in range(4))
    for m, o in itertools.product(range(n), range(n)):
        trials = [t for t in range(k) if seen[t, m] and seen[t, o]]
        if len(trials) < 2:
            continue
        raw[m, o] = np.mean([count[t, 0, m] * count[t, 1, o] for t in trials])
        if predictor == "psth":
            pairs = list(itertools.product(trials, trials))
        elif predictor == "shuffle":
            pairs = [(a, b) for a in trials for b in trials if a != b]
        else:
            pairs = [*itertools.pairwise(trials), *((b, a) for a, b in itertools.pairwise(trials))]
        expected[m, o] = np.mean([count[a, 0, m] * count[b, 1, o] for a, b in pairs])
        corrected[m, o] = raw[m, o] - expected[m, o]
        ddof = 0 if normalization == "population" else 1
        scale = np.std(count[trials, 0, m], ddof=ddof) * np.std(count[trials, 1, o], ddof=ddof)
        if scale > 0:
            normalized[m, o] = corrected[m, o] / scale
    return raw, expected, corrected, normalized


@pytest.mark.parametrize(("predictor", "normalization"), SHAPES)
def test_equals_a_slow_loop(predictor, normalization):
    trains = random_trains()
    result = jpsth(trains, (2, 0), 0.01, predictor=predictor, normalization=normalization)
    slow = slow_jpsth(trains, (2, 0), 0.01, 12, predictor, normalization)
    for name, matrix in zip(("raw", "predictor", "corrected", "normalized"), slow, strict=True):
        # 1e-13: sums of products of small whole numbers, then one division
        np.testing.assert_allclose(result[name], matrix, rtol=1e-12, atol=1e-13, err_msg=name)


@pytest.mark.parametrize(("predictor", "normalization"), SHAPES)
def test_trials_of_unequal_length_use_what_was_observed(predictor, normalization):
    whole = random_trains(n_trials=8, seed=3)
    ends = np.array([0.12, 0.12, 0.1, 0.085, 0.12, 0.06, 0.12, 0.045])
    cut = [
        [whole.train(unit, trial)[whole.train(unit, trial) < end] for unit in range(3)]
        for trial, end in enumerate(ends)
    ]
    flat = [train for units in cut for train in units]
    offsets = np.concatenate([[0], np.cumsum([len(train) for train in flat])])
    observed = np.column_stack([np.zeros(8), ends])
    trains = SpikeTrains(np.concatenate(flat), offsets, 3, t_stop=0.12, observed=observed)
    result = jpsth(trains, (0, 1), 0.01, predictor=predictor, normalization=normalization)
    seen = (np.arange(1, 13) * 0.01)[None, :] <= ends[:, None] + 1e-12
    slow = slow_jpsth(trains, (0, 1), 0.01, 12, predictor, normalization, observed=seen)
    for name, matrix in zip(("raw", "predictor", "corrected", "normalized"), slow, strict=True):
        np.testing.assert_allclose(result[name], matrix, rtol=1e-12, atol=1e-13, err_msg=name)


def test_hand_countable():
    # Two trials; in the second both cells fire twice in the last bin.
    trains = SpikeTrains.from_trials(
        [[[0.005, 0.01], [0.02]], [[0.021, 0.029], [0.02, 0.0299]]], t_start=0.0, t_stop=0.03
    )
    result = jpsth(trains, bin_size=0.01)
    np.testing.assert_array_equal(result.raw, [[0, 0, 0.5], [0, 0, 0.5], [0, 0, 2.0]])
    np.testing.assert_array_equal(result.psth_1, [0.5, 0.5, 1.0])
    np.testing.assert_array_equal(result.psth_2, [0.0, 0.0, 1.5])
    np.testing.assert_allclose(result.corrected, [[0, 0, -0.25], [0, 0, -0.25], [0, 0, 0.5]])
    np.testing.assert_allclose(result.coincidence, [0, 0, 0.5])
    np.testing.assert_allclose(result.lag, [-0.02, -0.01, 0, 0.01, 0.02])
    np.testing.assert_allclose(result.covariogram, [0, 0, 0.5, -0.25, -0.25])
    assert result.attrs["undefined_bins"] == 6
    np.testing.assert_array_equal(np.isnan(result.normalized[:, :2]), True)
    np.testing.assert_allclose(result.normalized[:, 2], [-1, -1, 1])
    np.testing.assert_allclose(result.time_1, [0.005, 0.015, 0.025])


@pytest.mark.parametrize("n_trials", [2, 5, 40])
def test_perfect_correlation(n_trials):
    rng = np.random.default_rng(1)
    times = [np.sort(rng.uniform(0, 0.1, 8)) for _ in range(n_trials)]
    trains = SpikeTrains.from_trials([[train, train] for train in times], t_stop=0.1)
    for keywords, perfect in [
        ({"normalization": "population"}, 1.0),
        ({"normalization": "sample"}, (n_trials - 1) / n_trials),
        ({"normalization": "sample", "unbiased": True}, 1.0),
        ({"normalization": "sample", "predictor": "shuffle"}, 1.0),
    ]:
        diagonal = np.diag(jpsth(trains, bin_size=0.02, **keywords).normalized)
        np.testing.assert_allclose(diagonal[~np.isnan(diagonal)], perfect, rtol=1e-12)
        assert not np.isnan(diagonal).all()


def test_unbiased_covariance_is_that_of_the_shuffle_predictor():
    trains = random_trains()
    plain, unbiased, shuffled = (
        jpsth(trains, bin_size=0.01, **keywords) for keywords in ({}, {"unbiased": True}, {"predictor": "shuffle"})
    )
    np.testing.assert_allclose(unbiased.corrected, plain.corrected * 7 / 6, rtol=1e-13)
    np.testing.assert_allclose(unbiased.corrected, shuffled.corrected, rtol=1e-10, atol=1e-14)
    again = jpsth(trains, bin_size=0.01, predictor="shuffle", unbiased=True)
    np.testing.assert_array_equal(again.corrected, shuffled.corrected)


def test_plug_in_covariogram_is_too_small_by_one_over_the_trials():
    # 4,000 data sets of 5 trials in one bin: mean covariance against (1 - 1/5) Cov; z two-sided at 1e-4.
    source = GainModulatedPoisson(rate="40 Hz", gamma=0.7)
    counts = source.sample(20_000, 0.0, 0.1, seed=8).counts().reshape(4_000, 5, 2).astype(float)
    centered = counts - counts.mean(axis=1, keepdims=True)
    covariance = (centered[:, :, 0] * centered[:, :, 1]).mean(axis=1)
    expected = float(source.expected_jpsth(0.1, (0.0, 0.1), n_trials=5).corrected[0, 0])
    assert expected == pytest.approx(0.8 * 0.49 * 16)
    assert abs(covariance.mean() - expected) < 3.9 * covariance.std() / np.sqrt(4_000)


def test_shift_predictor_is_symmetric_and_not_circular():
    # Unit 0 fires on trial 0 only, unit 1 on trial 1 only: of the four ordered neighbours one has both.
    trains = SpikeTrains.from_trials([[[0.01], []], [[], [0.03]], [[], []]], t_stop=0.04)
    result = jpsth(trains, bin_size=0.02, predictor="shift")
    np.testing.assert_array_equal(result.predictor, [[0, 0.25], [0, 0]])
    # With the first and last trial in contact a circular shift would have found this pair.
    apart = SpikeTrains.from_trials([[[0.01], []], [[], []], [[], [0.03]]], t_stop=0.04)
    assert not jpsth(apart, bin_size=0.02, predictor="shift").predictor.any()


def test_coincidence_histogram_and_covariogram_of_a_matrix():
    trains = random_trains(n_trials=30)
    result = jpsth(trains, bin_size=0.01, half_width=0.02)
    matrix, n = result.corrected.values, 12
    for t in range(n):
        near = [matrix[t, t + lag] for lag in range(-2, 3) if 0 <= t + lag < n]
        near += [matrix[t + lag, t] for lag in range(-2, 3) if 0 <= t + lag < n]
        assert result.coincidence.values[t] == pytest.approx(np.mean(near), rel=1e-12)
    for lag, value in zip(range(1 - n, n), result.covariogram.values, strict=True):
        assert value == pytest.approx(np.trace(matrix, lag), rel=1e-10, abs=1e-14)
    assert result.covariogram.sum() == pytest.approx(matrix.sum())


@st.composite
def spike_trains(draw):
    ticks = st.lists(st.integers(0, 99), max_size=8)
    trials = draw(st.lists(st.tuples(ticks, ticks), min_size=2, max_size=6))
    trials = [([0], [99]), *trials]
    return SpikeTrains.from_trials(
        [[np.sort(np.array(train)) * 0.001 + 0.0005 for train in trial] for trial in trials], t_stop=0.1
    )


@settings(max_examples=40, deadline=None)
@given(trains=spike_trains(), shift=st.integers(-5000, 5000))
def test_moving_all_times_moves_only_the_axes(trains, shift):
    here, there = jpsth(trains, bin_size=0.02), jpsth(trains.shift(shift * 0.001), bin_size=0.02)
    for name in ("raw", "predictor", "corrected", "normalized", "psth_1", "coincidence", "covariogram"):
        np.testing.assert_array_equal(here[name], there[name])
    np.testing.assert_allclose(there.time_1, here.time_1 + shift * 0.001, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(trains=spike_trains(), predictor=st.sampled_from(["psth", "shift", "shuffle"]))
def test_exchanged_units_transpose_the_matrix(trains, predictor):
    one, two = (jpsth(trains, units, 0.02, predictor=predictor, half_width=0.04) for units in ((0, 1), (1, 0)))
    for name in ("raw", "predictor", "corrected", "normalized"):
        np.testing.assert_allclose(one[name].values, two[name].values.T, atol=1e-14)
    np.testing.assert_allclose(one.covariogram.values, two.covariogram.values[::-1], atol=1e-14)
    np.testing.assert_allclose(one.coincidence, two.coincidence, atol=1e-14)


@settings(max_examples=30, deadline=None)
@given(trains=spike_trains(), seed=st.integers(0, 1000))
def test_the_order_of_trials_does_not_matter_except_to_the_shift_predictor(trains, seed):
    order = np.random.default_rng(seed).permutation(trains.n_trials)
    for predictor in ("psth", "shuffle"):
        one = jpsth(trains, bin_size=0.02, predictor=predictor)
        two = jpsth(trains.select_trials(order), bin_size=0.02, predictor=predictor)
        np.testing.assert_allclose(one.normalized, two.normalized, atol=1e-13)


@settings(max_examples=30, deadline=None)
@given(trains=spike_trains())
def test_bins_add_up_to_wider_bins(trains):
    fine, coarse = jpsth(trains, bin_size=0.01), jpsth(trains, bin_size=0.05)
    for name in ("raw", "corrected"):
        summed = fine[name].values.reshape(2, 5, 2, 5).sum(axis=(1, 3))
        np.testing.assert_allclose(coarse[name], summed, atol=1e-13)


@settings(max_examples=30, deadline=None)
@given(trains=spike_trains())
def test_halves_of_the_window_are_blocks_of_the_whole(trains):
    whole = jpsth(trains, bin_size=0.01)
    for half in (slice(0, 5), slice(5, 10)):
        window = (0.01 * half.start, 0.01 * half.stop)
        if not all(len(trains.restrict(*window).select_units(unit).times) for unit in (0, 1)):
            with pytest.raises(ValueError, match="every unit must have spikes"):
                jpsth(trains, bin_size=0.01, window=window)
            continue
        part = jpsth(trains, bin_size=0.01, window=window)
        for name in ("raw", "predictor", "corrected", "normalized"):
            np.testing.assert_array_equal(part[name], whole[name].values[half, half], err_msg=name)


def test_spikes_near_bin_edges_fall_where_a_person_would_say():
    # 1e-9 s beside every edge, and on the edges that k * 0.1 cannot represent.
    edges = np.arange(1, 10) * 0.1
    times = np.sort(np.concatenate([edges - 1e-9, edges, edges + 1e-9]))
    trains = SpikeTrains.from_trials([[times, times], [[], []]], t_stop=1.0)
    np.testing.assert_array_equal(jpsth(trains, bin_size=0.1).psth_1 * 2, [1] + [3] * 8 + [2])


def test_window_takes_a_part():
    trains = random_trains(n_trials=10)
    whole, part = jpsth(trains, bin_size=0.01), jpsth(trains, bin_size=0.01, window=(0.03, "90 ms"))
    np.testing.assert_array_equal(part.raw, whole.raw.values[3:9, 3:9])
    np.testing.assert_allclose(part.time_1, whole.time_1[3:9])


def test_empty_trials_count_as_trials():
    trains = SpikeTrains.from_trials([[[0.01], [0.01]], [[], []]], t_stop=0.02)
    result = jpsth(trains, bin_size=0.02)
    assert result.raw.values.tolist() == [[0.5]]
    assert result.normalized.values.tolist() == [[1.0]]


def test_pairs_equal_one_at_a_time():
    trains = random_trains(n_units=4, n_trials=12)
    names = ("raw", "predictor", "corrected", "normalized")
    result = jpsth_pairs(trains, bin_size=0.01, predictor="shuffle", keep=names, dtype=np.float64, half_width=0.01)
    assert list(zip(result.unit_1.values, result.unit_2.values, strict=True)) == list(
        itertools.combinations(range(4), 2)
    )
    for k, units in enumerate(itertools.combinations(range(4), 2)):
        one = jpsth(trains, units, 0.01, predictor="shuffle", half_width=0.01)
        for name in (*names, "coincidence", "covariogram"):
            np.testing.assert_array_equal(result[name][k], one[name], err_msg=name)
        np.testing.assert_array_equal(result.psth[units[0]], one.psth_1)
    chosen = jpsth_pairs(trains, [(3, 1)], bin_size=0.01, keep=(), progress=True)
    np.testing.assert_array_equal(chosen.covariogram[0], jpsth(trains, (3, 1), 0.01).covariogram)
    assert "normalized" not in chosen


@pytest.mark.parametrize("normalization", ["population", "sample"])
def test_large_counts_stay_exact(normalization):
    # Products of counts beyond 2^24 would be rounded in single precision.
    spikes = np.linspace(0, 0.0999, 6001)
    trains = SpikeTrains.from_trials([[spikes, spikes], [spikes[:-1], spikes[:-1]]], t_stop=0.1)
    result = jpsth(trains, bin_size=0.1, normalization=normalization)
    assert result.raw.values[0, 0] == (6001**2 + 6000**2) / 2
    assert result.normalized.values[0, 0] == pytest.approx(1.0 if normalization == "population" else 0.5, rel=1e-6)


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"bin_size": 0.035}, ValueError, "jpsth: bin_size must divide the window"),
        ({"bin_size": "1 mV"}, ValueError, "bin_size must be a time, such as '1 s'"),
        ({"bin_size": -0.01}, ValueError, "bin_size must be positive"),
        ({"window": (0.0, 0.2)}, ValueError, "window must lie within"),
        ({"window": 0.1}, ValueError, "window must be a pair of times"),
        ({"predictor": "shuffel"}, ValueError, "no predictor 'shuffel'; did you mean 'shuffle'"),
        ({"normalization": "samples"}, ValueError, "no normalization 'samples'; did you mean 'sample'"),
        ({"units": (0, 3)}, IndexError, "units must be 0 to 2, got 3"),
        ({"units": (0, 1, 2)}, ValueError, "units must be a pair"),
        ({"units": (0, 0)}, ValueError, "units must be a pair of two different units"),
        ({"units": (True, False, True)}, ValueError, "units must be a pair of unit numbers"),
        ({"units": (True, False)}, ValueError, "units must be a pair of unit numbers"),
        ({"units": (0.0, 1.0)}, ValueError, "units must be a pair of unit numbers"),
        ({"half_width": 0.015}, ValueError, "half_width must be 0 or a whole number of bins"),
    ],
)
def test_bad_requests_are_refused(keywords, error, message):
    with pytest.raises(error, match=message):
        jpsth(random_trains(), **{"bin_size": 0.01, **keywords})


def test_a_silent_unit_and_a_single_trial_are_refused():
    silent = SpikeTrains.from_trials([[[0.01], []], [[0.02], []]], t_stop=0.04)
    with pytest.raises(ValueError, match=r"every unit must have spikes in the window \[0.0, 0.04\) s, but unit 1 has"):
        jpsth(silent, bin_size=0.02)
    with pytest.raises(ValueError, match="but unit 1 has none"):
        jpsth_pairs(silent, bin_size=0.02)
    with pytest.raises(ValueError, match="must have at least two trials to tell correlation from rates, got 1"):
        jpsth(random_trains(n_trials=1), bin_size=0.02)


def test_bad_pairs_are_refused():
    trains = random_trains()
    with pytest.raises(ValueError, match="pair 0: units must be a pair"):
        jpsth_pairs(trains, [(0, 1, 2)])
    with pytest.raises(ValueError, match="pair 1: units must be a pair of two different units"):
        jpsth_pairs(trains, [(0, 1), (1, 1)])
    with pytest.raises(ValueError, match="pair 0: units must be a pair of unit numbers"):
        jpsth_pairs(trains, [(0.2, 1.9)])
    with pytest.raises(IndexError, match="units must be 0 to 2, got 3"):
        jpsth_pairs(trains, [(0, 3)])
    with pytest.raises(ValueError, match="at least one pair"):
        jpsth_pairs(trains, [])
    with pytest.raises(ValueError, match="at least two units, got 1"):
        jpsth_pairs(trains.select_units(0))
    with pytest.raises(ValueError, match="no matrix 'normalised'; did you mean 'normalized'"):
        jpsth_pairs(trains, keep=["normalised"])


@pytest.mark.parametrize("predictor", ["psth", "shift", "shuffle"])
def test_bins_that_one_trial_saw_stay_undefined(predictor):
    # Only trial 0 saw the last of four bins, so that its row and column have no covariance.
    ends = np.array([0.04, 0.03, 0.03, 0.03])
    rng = np.random.default_rng(2)
    flat = [np.sort(rng.uniform(0, end, 9)) for end in ends for _ in range(2)]
    trains = SpikeTrains(
        np.concatenate(flat),
        np.arange(0, 73, 9),
        2,
        t_stop=0.04,
        observed=np.column_stack([np.zeros(4), ends]),
    )
    result = jpsth(trains, bin_size=0.01, predictor=predictor)
    undefined = np.zeros((4, 4), dtype=bool)
    undefined[3], undefined[:, 3] = True, True
    np.testing.assert_array_equal(np.isnan(result.raw), undefined)
    np.testing.assert_array_equal(np.isnan(result.corrected), undefined)
    np.testing.assert_array_equal(np.isnan(result.coincidence), [False, False, False, True])
    whole = np.where(undefined, 0.0, result.corrected)
    np.testing.assert_allclose(result.covariogram, [np.trace(whole, k) for k in range(-3, 4)], atol=1e-15)
    pairs = jpsth_pairs(trains, bin_size=0.01, predictor=predictor, dtype=np.float64)
    for name in ("corrected", "normalized", "covariogram", "coincidence"):
        np.testing.assert_array_equal(pairs[name][0], result[name], err_msg=name)


def test_the_shift_predictor_is_exact_where_two_products_leave_single_precision():
    """Each product stays below 2**24, which single precision holds; their sum is odd and beyond it."""
    first, second = [1999, 1999, 1999, 1999], [1999, 1999, 1999, 1998]
    trains = SpikeTrains.from_trials(
        [[np.full(a, 0.5), np.full(b, 0.5)] for a, b in zip(first, second, strict=True)], t_stop=1.0
    )
    total = sum(first[k] * second[k + 1] + first[k + 1] * second[k] for k in range(3))
    assert 4 * 1999**2 < 2**24 < total
    assert total % 2
    assert float(jpsth(trains, bin_size=1.0, predictor="shift").predictor[0, 0]) == total / 6


@pytest.mark.parametrize("predictor", ["psth", "shift", "shuffle"])
def test_no_predictor_where_fewer_than_two_trials_saw_both_bins(predictor):
    observed = [[0.0, 1.0], [0.0, 0.5], [0.0, 0.5]]
    trains = SpikeTrains.from_trials(
        [[[0.1, 0.7], [0.2, 0.8]], [[0.1], [0.3]], [[0.2], [0.4]]], t_stop=1.0, observed=observed
    )
    found = jpsth(trains, bin_size=0.5, predictor=predictor)
    assert np.isfinite(found.predictor[0, 0])
    assert np.isnan(found.predictor.values[[0, 1, 1], [1, 0, 1]]).all()


def test_histograms_of_both_units_count_what_was_observed():
    trains, observed = random_trains(n_trials=5, rate=200.0), np.array([[0.0, 0.12]] * 3 + [[0.0, 0.06], [0.04, 0.12]])
    cut = SpikeTrains.from_trials(
        [
            [one[(one >= begin) & (one < end)] for one in (trains.train(unit=unit, trial=trial) for unit in range(3))]
            for trial, (begin, end) in enumerate(observed)
        ],
        t_stop=0.12, observed=observed,
    )  # fmt: skip
    result, edges = jpsth(cut, (0, 2), bin_size=0.02), np.arange(7) * 0.02
    seen = ((observed[:, :1] <= edges[:-1] + 1e-9) & (observed[:, 1:] >= edges[1:] - 1e-9)).astype(float)
    for unit, name in ((0, "psth_1"), (2, "psth_2")):
        counts = np.array([np.histogram(cut.train(unit=unit, trial=k), edges)[0] for k in range(5)])
        np.testing.assert_allclose(result[name], (counts * seen).sum(axis=0) / seen.sum(axis=0), rtol=1e-12)


def test_one_defined_entry_near_the_diagonal_is_its_own_mean():
    matrix = np.full((3, 3), np.nan)
    matrix[0, 1] = 3.0
    np.testing.assert_array_equal(near_diagonal(matrix, 1), [3.0, 3.0, np.nan])
