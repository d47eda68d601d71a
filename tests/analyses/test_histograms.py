"""PSTH and interval histogram: hand counts, slow loops, trials of unequal length."""

import numpy as np
import pytest

from spikelearn import SpikeTrains, analyses


def random_trains(seed, n_trials=6, n_units=2, t_stop=2.0):
    rng = np.random.default_rng(seed)
    trials = [[np.sort(rng.uniform(0, t_stop, rng.poisson(15))) for _ in range(n_units)] for _ in range(n_trials)]
    return SpikeTrains.from_trials(trials, t_stop=t_stop)


def test_psth_equals_a_slow_loop_with_its_standard_error():
    trains = random_trains(1)
    rates = np.array(
        [[np.histogram(trains.train(u, k), np.linspace(0, 2, 21))[0] / 0.1 for u in range(2)] for k in range(6)]
    )
    result = analyses.psth(trains, 0.1)
    assert result.dims == ("unit", "time")
    assert result.attrs["units"] == "Hz"
    np.testing.assert_allclose(result, rates.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(result["sem"], rates.std(axis=0, ddof=1) / np.sqrt(6), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(result["time"], 0.05 + 0.1 * np.arange(20))
    assert (result["trials"] == 6).all()
    part = analyses.psth(trains, "100 ms", t_start=0.5, t_stop=1.5)
    np.testing.assert_array_equal(part, result[:, 5:15])


def test_psth_area_is_the_mean_count():
    trains = random_trains(2)
    np.testing.assert_allclose(analyses.psth(trains, 0.02).sum("time") * 0.02, trains.counts().mean(axis=0))


def test_psth_counts_only_trials_that_saw_the_bin():
    trains = SpikeTrains.from_trials(
        [[[0.1, 0.6]], [[0.1]], [[]]], t_stop=2.0, observed=[[0.0, 1.2], [0.0, 0.5], [0.0, 0.4]]
    )
    result = analyses.psth(trains, 0.5)
    assert result["trials"].values.tolist() == [2, 1, 0, 0]
    np.testing.assert_array_equal(result[0], [2.0, 2.0, np.nan, np.nan])
    np.testing.assert_array_equal(result["sem"][0], [0.0, np.nan, np.nan, np.nan])


def test_psth_of_one_trial_has_no_standard_error():
    result = analyses.psth(SpikeTrains.from_arrays([[0.1], []], t_stop=1.0), 0.5)
    assert result.values.tolist() == [[2.0, 0.0], [0.0, 0.0]]
    assert np.isnan(result["sem"]).all()


def test_psth_of_trials_cut_around_events():
    # One spike 20 ms after every event, at events all over a long recording: one bin holds all, whatever rounding does.
    events = np.arange(1, 900) * 0.7
    trains = SpikeTrains.from_arrays([events + 0.02], t_stop=700.0).aligned(events, 0.1, 0.1)
    result = analyses.psth(trains, 0.01)
    assert result[0].values.argmax() == 12
    np.testing.assert_allclose(result[0, 12], 100.0)
    assert np.count_nonzero(result) == 1


def test_isi_histogram_counts_by_hand():
    trains = SpikeTrains.from_trials([[[0.1, 0.105, 0.108], []], [[0.1, 0.3], [0.5]]], t_stop=1.0)
    result = analyses.isi_histogram(trains, 0.001, 0.01)
    assert result.dims == ("unit", "interval")
    assert result[0].values.tolist() == [0, 0, 0, 1, 0, 1, 0, 0, 0, 0]
    assert result["outside"].values.tolist() == [1, 0]
    assert result[1].sum() == 0
    density = analyses.isi_histogram(trains, 0.001, 0.01, density=True)
    assert float((density[0] * 0.001).sum()) == pytest.approx(2 / 3)
    assert np.isnan(density[1]).all()


def test_intervals_on_a_grid_lie_in_one_bin_wherever_the_spikes_are():
    steps = np.arange(50_000) * 0.003
    result = analyses.isi_histogram(SpikeTrains.from_arrays([steps], t_stop=150.0), 0.001, 0.02)
    assert result[0].values.tolist() == [0, 0, 0, 49_999, *[0] * 16]


def test_logarithmic_bins():
    trains = random_trains(3)
    result = analyses.isi_histogram(trains, max_interval=10.0, min_interval=0.001, bins_per_decade=5)
    edges = 10.0 ** np.linspace(-3, 1, 21)
    np.testing.assert_allclose(result["left"], edges[:-1])
    for u in range(2):
        interval = np.concatenate([np.diff(trains.train(u, k)) for k in range(6)])
        np.testing.assert_array_equal(result[u], np.histogram(interval, edges)[0])
        assert result["outside"][u] == (interval < 0.001).sum()


def test_density_of_a_poisson_train_is_exponential():
    # n = 50,000 intervals, 20 bins; chi-squared with known expectation, 20 degrees of freedom (the bin beyond
    # included): above 45.3 in 1 of 1,000 cases.
    rng = np.random.default_rng(4)
    times = np.cumsum(rng.exponential(0.1, 50_001))
    result = analyses.isi_histogram(SpikeTrains.from_arrays([times], t_stop=times[-1] + 1), 0.02, 0.4)
    observed = np.append(result[0].values, result["outside"][0])
    edges = np.append(np.arange(21) * 0.02, np.inf)
    expected = 50_000 * -np.diff(np.exp(-edges / 0.1))
    assert ((observed - expected) ** 2 / expected).sum() < 45.3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: analyses.psth(t, 0.3), r"psth: bin_size must divide the window \[0.0, 2.0\) s"),
        (lambda t: analyses.psth(t.select_trials([])), "psth must get at least one trial, got none"),
        (lambda t: analyses.psth(t, "3 mV"), "psth: bin_size must be a time, such as '1 s'"),
        (lambda t: analyses.isi_histogram(t, 0.003, 0.01), "isi_histogram: bin_size must divide the window"),
        (
            lambda t: analyses.isi_histogram(t, bins_per_decade=5, min_interval=0.0),
            "logarithmic bins need 0 < min_interval < max_interval",
        ),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(random_trains(5))
