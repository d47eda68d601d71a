"""The nonlinearity along axes: known responses, two axes, counting by hand, figures, and bad input."""

import numpy as np
import pytest

from spikelearn import SpikeTrains
from spikelearn.analyses import (
    nonlinearity,
    plot_nonlinearity,
    plot_triggered_average,
    plot_triggered_covariance,
    spike_triggered_average,
    spike_triggered_covariance,
)


def simulate(n=60_000, seed=1):
    rng = np.random.default_rng(seed)
    stimulus = rng.standard_normal(n)
    k = np.array([0.2, 0.9, -0.4, 0.0])
    k /= np.linalg.norm(k)
    drive = np.zeros(n)
    drive[4:] = np.lib.stride_tricks.sliding_window_view(stimulus, 4)[:-1] @ k
    counts = rng.poisson(0.1 * np.exp(drive), size=(3, n))
    times = (np.arange(n) + 0.5) * 0.001
    trains = SpikeTrains.from_trials([[np.repeat(times, one)] for one in counts], t_stop=n * 0.001)
    return stimulus, k, drive, counts, trains


def test_rate_along_the_filter_is_the_response_that_made_the_spikes():
    stimulus, k, drive, counts, trains = simulate()
    found = nonlinearity(stimulus, 0.001, trains, k, (-0.004, 0.0), n_bins=15)
    place = np.empty(len(drive) - 4, dtype=int)
    order = np.argsort(drive[4:], kind="stable")
    place[order] = np.arange(len(order)) * 15 // len(order)
    # By hand: mean count of the three trials in 15 groups of equal size; the projection is about the mean stimulus.
    by_hand = [counts[:, 4:][:, place == b].mean() for b in range(15)]
    np.testing.assert_allclose(found["response"].values, by_hand, rtol=1e-12)
    np.testing.assert_allclose(found["rate"].values, found["response"].values * 1000, rtol=1e-12)
    assert found["frames"].values.sum() == len(place)
    # n = 4000 frames x 3 trials a bin; statistic: largest |z| of 15; bound 4.5, false alarm 1e-4. The expectation is
    # the mean of the true rate over the bin.
    expected = np.array([100 * np.exp(drive[4:][place == b]).mean() for b in range(15)])
    error = np.sqrt(expected * 1000 / (3 * 4000))
    assert np.abs((found["rate"].values - expected) / error).max() < 4.5
    # Independent trials given the stimulus: the stated error is the Poisson one plus the spread within a bin.
    assert (found["standard_error"].values > 0.8 * error).all()
    assert (np.diff(found["projection"].values) > 0).all()


def test_two_axes_give_the_plane_and_empty_bins_say_so():
    rng = np.random.default_rng(2)
    x = rng.standard_normal((50_000, 3))
    counts = rng.poisson(0.2 * (x[:, 0] ** 2 + np.exp(x[:, 1])))
    found = nonlinearity(x, 0.01, None, np.eye(3)[:2], weights=counts, n_bins=6)
    assert found["rate"].dims == ("bin", "bin_2")
    expected = 20 * (x[:, 0] ** 2 + np.exp(x[:, 1]))
    first = np.argsort(np.argsort(x[:, 0])) * 6 // 50_000
    second = np.argsort(np.argsort(x[:, 1])) * 6 // 50_000
    for i in range(6):
        for j in range(6):
            inside = (first == i) & (second == j)
            # 36 bins of about 1400 frames; bound 5 of the stated errors: false alarm 2e-5.
            gap = found["rate"].values[i, j] - expected[inside].mean()
            assert abs(gap) < 5 * np.sqrt(100 * expected[inside].mean() / inside.sum())
            assert found["frames"].values[i, j] == inside.sum()
    same = nonlinearity(x, 0.01, None, [[1, 0, 0], [1, 0, 0]], weights=counts, n_bins=3)
    assert (same["frames"].values > 0).tolist() == np.eye(3, dtype=bool).tolist()
    assert np.isnan(same["rate"].values).tolist() == (~np.eye(3, dtype=bool)).tolist()


def test_axes_of_the_other_analyses_fit():
    stimulus, _, _, _, trains = simulate(8000)
    window = (-0.004, 0.0)
    average = spike_triggered_average(stimulus, 0.001, trains, window, whiten=True)
    found = spike_triggered_covariance(stimulus, 0.001, trains, window, n_surrogates=0)
    assert nonlinearity(stimulus, 0.001, trains, average[0], window)["rate"].dims == ("bin",)
    assert nonlinearity(stimulus, 0.001, trains, found["axes"][:2], window)["rate"].shape == (20, 20)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"axes": np.ones(3)}, "one or two filters of 4 lags x 1 dimensions, got shape"),
        ({"axes": np.ones((3, 4))}, "one or two filters"),
        ({"axes": np.array([0, 0, np.nan, 1])}, "axes must be finite"),
        ({"n_bins": 0}, "n_bins must be 1 to"),
        ({"n_bins": 1000}, "n_bins must be 1 to the number of whole windows that were observed, 96"),
        ({"unit": 1}, "unit must be 0 to 0"),
        (
            {"trains": SpikeTrains.from_trials([[[0.0015]]], t_stop=0.1, observed=[[0.001, 0.004]])},
            "every unit must have a spike whose window lies within the recording|no frame with a whole window",
        ),
    ],
)
def test_bad_input_is_refused(change, message):
    stimulus, k, _, _, trains = simulate(100)
    arguments = {"stimulus": stimulus, "dt": 0.001, "trains": trains, "axes": k, "window": (-0.004, 0.0)} | change
    with pytest.raises(ValueError, match=message):
        nonlinearity(**arguments)


def test_figures_show_what_they_are_given(tmp_path):
    stimulus, _, _, _, trains = simulate(8000)
    window = (-0.004, 0.0)
    average = spike_triggered_average(stimulus, 0.001, trains, window)
    figure = plot_triggered_average(average, title="one cell")
    line = figure.axes[0].lines[0]
    np.testing.assert_array_equal(line.get_ydata(), average.values[0])
    np.testing.assert_allclose(line.get_xdata(), [-4, -3, -2, -1])
    assert figure.axes[0].get_xlabel() == "lag from the spike (ms)"
    found = spike_triggered_covariance(stimulus, 0.001, trains, window, seed=1)
    figure = plot_triggered_covariance(found)
    assert figure.axes[0].get_ylabel() == "triggered variance / prior variance"
    np.testing.assert_array_equal(figure.axes[0].lines[1].get_ydata(), found["eigenvalues"].values)
    plain = spike_triggered_covariance(stimulus, 0.001, trains, window, n_surrogates=0)
    assert len(plot_triggered_covariance(plain, n_axes=3).axes) == 4
    for n_axes in (1, 2):
        result = nonlinearity(stimulus, 0.001, trains, found["axes"][:n_axes], window)
        plot_nonlinearity(result, title="along").savefig(tmp_path / f"{n_axes}.png")
    spatial = np.random.default_rng(1).standard_normal((8000, 5))
    image = plot_triggered_average(spike_triggered_average(spatial, 0.001, trains, window))
    assert image.axes[0].get_ylabel() == "dimension"
    image.savefig(tmp_path / "image.png")
    frames = plot_triggered_average(spike_triggered_average(spatial, 0.001, trains))
    assert frames.axes[0].get_xlabel() == "stimulus dimension"
    with pytest.raises(ValueError, match="quantity must be 'rate' or 'response', got 'rates'"):
        plot_nonlinearity(result, quantity="rates")
