"""The correlogram test against a plain loop and closed forms, and its false alarms over many null sets."""

import numpy as np
import pytest
from scipy import stats

from spikelearn import SpikeTrains, analyses
from spikelearn.analyses.resampling_kernels import count_lags
from spikelearn.plotting import new_figure
from spikelearn.spikes.binning import bin_indices

WIDTH, REACH = 0.001, 0.02


def poisson(rng, begin, end):
    times = begin + rng.exponential(1 / 20, int(40 * (end - begin)) + 60).cumsum()
    return times[times < end]


def refractory(rng, begin, end):
    """Dead time of 6 ms, 60 Hz."""
    times = begin + (0.006 + rng.exponential(1 / 60 - 0.006, int(120 * (end - begin)) + 60)).cumsum()
    return times[times < end]


def bursting(rng, begin, end):
    """Four of five intervals within 3 ms and a normal deviate of 0.2 ms, the others 10 ms and an exponential 100 ms."""
    n = int(80 * (end - begin)) + 100
    steps = np.where(rng.random(n) < 0.8, 0.003 + 0.0002 * rng.standard_normal(n), 0.01 + rng.exponential(0.1, n))
    times = begin + rng.exponential(0.1) + steps.cumsum()
    return times[times < end]


def slow_rate(rng, begin, end):
    """20 Hz, modulated to its full depth with a period of 1 s, the same for both cells."""
    times = poisson(rng, 2 * begin, 2 * end) / 2
    return times[rng.random(len(times)) < (1 + np.sin(2 * np.pi * times)) / 2]


def pair(rng, cell, trials=1, length=20.0, gaps=False):
    """Two independent cells."""
    observed = np.tile([0.0, length], (trials, 1))
    if gaps:
        observed = np.sort(rng.uniform(0, length, (trials, 2)), axis=1)
    arrays = [[cell(rng, *part), cell(rng, *part)] for part in observed]
    return SpikeTrains.from_trials(arrays, t_stop=length, observed=observed)


def share(sets, cell, seed, n=199, **arguments):
    """How many of independent pairs the test finds correlated, and how many lags leave the pointwise band."""
    trials = {name: arguments.pop(name) for name in ("trials", "length", "gaps") if name in arguments}
    alarms, points = 0, 0.0
    for k in range(sets):
        found = analyses.correlogram_significance(
            pair(np.random.default_rng([seed, k]), cell, **trials),
            bin_size=WIDTH,
            max_lag=REACH,
            n_surrogates=n,
            seed=k,
            **arguments,
        )
        alarms += float(found.p) <= 0.05
        points += float(((found["count"] < found.lower) | (found["count"] > found.upper)).mean())
    return alarms, points / sets


def test_the_count_is_that_of_the_correlogram():
    rng = np.random.default_rng(1)
    on_a_grid = pair(rng, bursting, length=4.0)
    on_a_grid = SpikeTrains.from_arrays([np.unique(own.round(4)) for own in on_a_grid], t_stop=4.001)
    for trains in (pair(rng, poisson, 5, 3.0, gaps=True), on_a_grid):
        found = analyses.correlogram_significance(trains, (1, 0), WIDTH, REACH, n_surrogates=39, seed=0)
        plain = analyses.cross_correlogram(trains, (1, 0), WIDTH, REACH)
        np.testing.assert_array_equal(found["count"], plain["count"])
        np.testing.assert_array_equal(found.lag, plain.lag)


@pytest.mark.parametrize("slack", [0.0, 3e-17])
def test_lags_beside_an_edge_fall_as_bin_indices_says(slack):
    """Every edge and its neighbourhood, up to twice the rounding below it; one spike at 0, so that lags are exact."""
    # A width of a power of two: edges are exact too.
    width, half = 2.0**-10, 8
    start = -(half + 0.5) * width
    unit = 8 * np.finfo(float).eps * -start + slack
    edges = start + np.arange(2 * half + 2) * width
    below = np.array([0.0, 0.05, 0.15, 0.5, 0.95, 1.05, 2.0]) * unit
    lags = np.concatenate([edges[:, np.newaxis] - below, edges[:, np.newaxis] + below], axis=None)
    counts = np.zeros((len(lags), 2 * half + 1), dtype=np.int64)
    ends = np.array([0, 1])
    count_lags(np.zeros(1), ends, lags[:, np.newaxis], ends, width, half, slack, counts)
    bins = bin_indices(lags, start, width, 2 * half + 1, slack=slack)
    expected = bins[:, np.newaxis] == np.arange(2 * half + 1)
    np.testing.assert_array_equal(counts, expected)
    # Within the rounding the lag is on the edge, beyond it in the bin below; a sum has a unit of a quarter of that.
    place = np.arange(2 * half + 2)[:, np.newaxis] - (below > unit)
    clear = np.abs(below / unit - 1) > 0.3
    np.testing.assert_array_equal(bins[: place.size].reshape(place.shape)[:, clear], place[:, clear])


@pytest.mark.parametrize("method", ["jitter_spikes", "pattern_jitter"])
def test_bands_and_p_are_those_of_a_plain_loop(method):
    trains = pair(np.random.default_rng(2), bursting, 3, 2.0, gaps=True)
    arguments = {"bin_size": 0.002, "max_lag": REACH, "n_surrogates": 59, "alpha": 0.1, "seed": 5}
    if method == "jitter_spikes":
        found = analyses.correlogram_significance(trains, method=method, jitter="30 ms", **arguments)
        surrogates = analyses.jitter_spikes(trains.select_units([1]), 0.03, 59, seed=5)
    else:
        found = analyses.correlogram_significance(trains, window=0.03, history=0.005, **arguments)
        surrogates = analyses.pattern_jitter(trains.select_units([1]), 0.03, 0.005, 59, seed=5)
    sets = [trains]
    for one in surrogates:
        sets.append(SpikeTrains.concatenate_units([trains.select_units([0]), one]))
    counts = np.array([analyses.cross_correlogram(one, (0, 1), 0.002, REACH)["count"].values for one in sets])
    np.testing.assert_array_equal(found["count"], counts[0])
    np.testing.assert_allclose(found["mean"], counts[1:].mean(axis=0), rtol=1e-13)
    mean, deviation = counts.mean(axis=0), counts.std(axis=0)
    score = np.abs(counts - mean) / np.where(deviation > 0, deviation, 1.0)
    largest = score.max(axis=1)
    np.testing.assert_allclose(found.p, (largest >= largest[0] * (1 - 1e-12)).mean(), rtol=1e-12)
    for k in range(len(found.lag)):
        assert float(found.p_value[k]) == pytest.approx((1 + (largest[1:] >= score[0, k] * (1 - 1e-12)).sum()) / 60)
        high, low = (counts[1:, k] >= counts[0, k]).sum(), (counts[1:, k] <= counts[0, k]).sum()
        assert float(found.p_pointwise[k]) == pytest.approx(min(2 * (1 + min(high, low)) / 60, 1.0))
    # Leaving a band and a p of at most alpha are the same, for every count that could have been.
    outside = (found["count"] < found.lower) | (found["count"] > found.upper)
    np.testing.assert_array_equal(outside, found.p_pointwise <= 0.1)
    beyond = (found["count"] < found.lower_all - 1e-9) | (found["count"] > found.upper_all + 1e-9)
    np.testing.assert_array_equal(beyond, found.significant)


@pytest.mark.parametrize(
    ("method", "usual"),
    [
        ("pattern_jitter", {"window": "20 ms", "history": "10 ms"}),
        ("jitter_spikes", {"jitter": "20 ms"}),
        ("dither_spikes", {"dither": "10 ms"}),
        ("dither_spike_train", {"shift": "100 ms"}),
    ],
)
def test_what_is_not_said_is_as_documented(method, usual):
    """Exactly the numbers of the documented values, and not those of values a tenth larger."""
    trains = pair(np.random.default_rng(6), bursting, 3, 2.0)

    def test_of(**arguments):
        return analyses.correlogram_significance(trains, method=method, n_surrogates=59, seed=3, **arguments)

    silent = test_of()
    assert silent.identical(test_of(bin_size="1 ms", max_lag="50 ms", alpha=0.05, **usual))
    assert (silent.attrs["bin_size"], len(silent.lag)) == (0.001, 101)
    for name, value in usual.items():
        other = f"{1.1 * float(value.split()[0])} ms"
        assert not silent["mean"].equals(test_of(**{**usual, name: other})["mean"]), name


def test_the_usual_number_of_surrogates():
    found = analyses.correlogram_significance(pair(np.random.default_rng(6), poisson, length=1.0), seed=3)
    assert len(found.maxima) == found.attrs["n_surrogates"] == 999
    assert found.attrs["method"] == "pattern_jitter"


def test_the_mean_is_the_closed_form_of_interval_jitter():
    """A spike that is uniform in a window meets a bin of lags with the share of the window that the bin covers."""
    rng = np.random.default_rng(3)
    trains, jitter, n = pair(rng, poisson, length=30.0), 0.025, 2000
    found = analyses.correlogram_significance(
        trains, bin_size=0.002, max_lag=REACH, method="jitter_spikes", jitter=jitter, n_surrogates=n, seed=1
    )
    one, other = trains
    low = np.floor(other / jitter) * jitter
    left = one[:, None, None] + found.lag.values - 0.001
    share = np.clip(np.minimum(left + 0.002, low[:, None] + jitter) - np.maximum(left, low[:, None]), 0, None) / jitter
    expected, variance = share.sum(axis=(0, 1)), (share * (1 - share)).sum(axis=(0, 1))
    # Spikes of the first unit within one bin share the move of the second's, which adds to the variance: hence 1.5.
    assert (np.abs(found["mean"] - expected) < 4.5 * 1.5 * np.sqrt(variance / n)).all()


def test_a_common_cause_is_found_where_it_is():
    rng = np.random.default_rng(4)
    first, second = poisson(rng, 0.0, 20.0), poisson(rng, 0.0, 20.0)
    common = poisson(rng, 0.0, 20.0)[::3]
    late = common + rng.normal(0.005, 0.0005, len(common))
    arrays = [np.sort(np.concatenate([first, common])), np.sort(np.concatenate([second, late[late < 20.0]]))]
    found = analyses.correlogram_significance(
        SpikeTrains.from_arrays(arrays, t_stop=20.0), bin_size=WIDTH, max_lag=REACH, n_surrogates=199, seed=1
    )
    assert float(found.p) == 0.005
    at = found.lag.values[found.significant.values]
    assert len(at)
    assert (np.abs(at - 0.005) < 0.0021).all()
    assert float(found.upper_all[0]) > float(found.upper[0]), "the band for all lags is the wider"


def test_false_alarms_in_brief():
    """100 sets of bursting cells at 5 %: 15 or more have the chance 1e-4; spikes jittered one by one find far more."""
    alarms, points = share(100, bursting, 11, n=99)
    assert alarms < 15
    assert points < 0.05
    assert share(100, bursting, 11, n=99, method="jitter_spikes")[0] > 25


def test_silent_units_are_not_significant():
    found = analyses.correlogram_significance(SpikeTrains.from_arrays([[0.1], []], t_stop=1.0), n_surrogates=39, seed=0)
    assert float(found.p) == 1.0
    assert not found.significant.any()


def test_what_does_not_fit_is_refused():
    trains = pair(np.random.default_rng(0), poisson, length=2.0)

    def call(**arguments):
        return analyses.correlogram_significance(trains, **arguments)

    for arguments, match in (
        ({"method": "jitter"}, r"correlogram_significance.*method.*jitter"),
        ({"windw": 0.02}, r"correlogram_significance.*option of pattern_jitter.*windw.*window"),
        ({"n_surrogates": 20}, r"n_surrogates must be at least 2/alpha - 1 = 39, got 20"),
        ({"alpha": 1.0}, r"alpha must lie between 0 and 1, got 1.0"),
        ({"max_lag": 2.0}, r"max_lag must be shorter than the window of 2.0 s, got 2.0 s"),
        ({"bin_size": 0.003}, r"correlogram_significance: bin_size must divide"),
        ({"units": (0, 0)}, r"units must be a pair of two different units"),
        ({"window": 0.0}, r"pattern_jitter: window must be a positive time"),
    ):
        with pytest.raises(ValueError, match=match):
            call(**arguments)


KINDS = {
    "poisson": (poisson, {}),
    "refractory": (refractory, {}),
    "bursting": (bursting, {}),
    "slow rate": (slow_rate, {}),
    "unequal trials": (bursting, {"trials": 8, "length": 5.0, "gaps": True}),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_false_alarms_over_400_null_sets(kind):
    """False alarms of 400 at 5 % lie within the 99.8 % interval of the binomial distribution, 8 to 35."""
    cell, arguments = KINDS[kind]
    alarms, points = share(400, cell, 21, **arguments)
    low, high = stats.binom.interval(0.998, 400, 0.05)
    print(f"{kind}: {alarms} of 400 sets, {100 * points:.2f} % of lags outside the pointwise band")
    assert low <= alarms <= high
    assert points < 0.05


@pytest.mark.slow
def test_single_spikes_jittered_do_not_hold_their_level_where_cells_burst():
    """What the patterns are for; where cells are Poisson, jitter of single spikes is as good."""
    low, high = stats.binom.interval(0.998, 400, 0.05)
    alone, in_bursts = (share(400, cell, 31, method="jitter_spikes")[0] for cell in (poisson, bursting))
    print(f"spikes jittered one by one: {alone} of 400 sets of Poisson cells, {in_bursts} of bursting cells")
    assert low <= alone <= high
    assert in_bursts > 5 * high / 2


def test_the_figure_shows_counts_bands_and_what_leaves_them():
    rng = np.random.default_rng(4)
    first = poisson(rng, 0.0, 10.0)
    late = np.sort(first + 0.005 + 1e-4 * rng.standard_normal(len(first)))
    trains = SpikeTrains.from_arrays([first, late[(late > 0) & (late < 10)]], t_stop=10.0, unit_ids=["a", "b"])
    result = analyses.correlogram_significance(trains, max_lag=REACH, n_surrogates=39, seed=0)
    axes = new_figure().subplots()
    analyses.plot_correlogram_test(axes, result)
    mean, counted = (patch.get_data() for patch in axes.patches)
    np.testing.assert_array_equal(counted.values, result["count"])
    np.testing.assert_allclose(counted.edges, np.arange(-20.5, 21))
    np.testing.assert_array_equal(mean.values, result["mean"])
    marks = axes.lines[0]
    assert 5 in marks.get_xdata().round(9)
    assert len(marks.get_xdata()) == result.significant.sum()
    outer, inner = axes.collections
    heights = [band.get_paths()[0].get_extents() for band in (outer, inner)]
    assert heights[0].y1 == pytest.approx(float(result.upper_all.max()))
    assert heights[1].y1 == pytest.approx(float(result.upper.max()))
    assert axes.get_xlabel() == "lag of unit b after unit a (ms)"
    assert [text.get_text() for text in axes.get_legend().get_texts()][:2] == [
        "95 %, all lags together",
        "95 %, each lag",
    ]
