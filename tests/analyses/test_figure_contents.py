"""What the figures of the analyses draw: positions, sizes and sides read back from the artists."""

import numpy as np
import pytest
import xarray as xr

from spikelearn import SpikeTrains, analyses
from spikelearn.analyses import figures, spike_triggered_average, spike_triggered_covariance
from spikelearn.analyses.jpsth_figure import jpsth_figure
from spikelearn.analyses.nonlinearity import nonlinearity
from spikelearn.analyses.triggered_figures import plot_nonlinearity, plot_triggered_average, plot_triggered_covariance
from spikelearn.plotting import new_figure


@pytest.fixture
def axes():
    return new_figure().add_subplot()


@pytest.fixture(scope="module")
def trains():
    rng = np.random.default_rng(1)
    trials = [[np.sort(rng.uniform(0, 1, size)) for size in (20, 30)] for _ in range(5)]
    return SpikeTrains.from_trials(trials, t_stop=1.0)


def test_psth_band_is_one_standard_error(axes, trains):
    result = analyses.psth(trains, 0.1)
    figures.plot_psth(axes, result, unit=1)
    outline = axes.collections[0].get_paths()[0].vertices
    rate, sem = result.values[1], result["sem"].values[1]
    # Between edges k and k + 1 the band runs from rate - sem to rate + sem.
    for k in range(10):
        inside = outline[(outline[:, 0] > 0.1 * k - 1e-9) & (outline[:, 0] < 0.1 * (k + 1) + 1e-9), 1]
        for level in (rate[k] - sem[k], rate[k] + sem[k]):
            assert np.abs(inside - level).min() < 1e-9


def test_psths_of_several_units_all_fit_into_their_axes(axes):
    """The axis was that of the first unit, and cut off a second that fires more."""
    slow, fast = np.linspace(0.01, 0.99, 3), np.linspace(0.01, 0.99, 40)
    result = analyses.psth(SpikeTrains.from_trials([[slow, fast], [slow, fast]], t_stop=1.0), 0.1)
    for unit in (0, 1, 0):
        figures.plot_psth(axes, result, unit=unit)
    low, high = axes.get_ylim()
    assert low == 0
    assert high > (result.values + result["sem"].values).max()


def test_correlogram_bars_stand_over_their_lags_in_ms(axes, trains):
    result = analyses.cross_correlogram(trains, (0, 1))
    figures.plot_correlogram(axes, result)
    middles = [bar.get_x() + bar.get_width() / 2 for bar in axes.patches]
    np.testing.assert_allclose(middles, result["lag"].values * 1e3, atol=1e-9)
    expected, shift = axes.lines[:2]
    np.testing.assert_array_equal(expected.get_ydata(), result["expected"].values)
    np.testing.assert_array_equal(shift.get_ydata(), result["shift"].values)
    for line in (expected, shift):
        np.testing.assert_allclose(line.get_xdata(), result["lag"].values * 1e3)


@pytest.mark.parametrize("options", [{}, {"bins_per_decade": 10}])
def test_interval_histogram_stands_on_its_bins_in_ms(axes, trains, options):
    result = analyses.isi_histogram(trains, max_interval=0.05, **options).sel(unit=1)
    figures.plot_isi_histogram(
        axes, analyses.isi_histogram(trains, max_interval=0.05, **options), unit=1, threshold=0.01
    )
    steps = axes.patches[0].get_data()
    np.testing.assert_array_equal(steps.values, result.values)
    np.testing.assert_allclose(steps.edges, 1e3 * np.append(result["left"], result["right"][-1]))
    assert axes.lines[0].get_xdata() == [10.0, 10.0]


def test_fi_curve_points_are_the_rates_over_the_input(axes, trains):
    result = analyses.fi_curve(trains, [1.0, 2.5])
    figures.plot_fi_curve(axes, result, theory=[20, 31])
    drawn = {line.get_label(): line.get_xydata() for line in axes.lines}
    named = {"theory": [20, 31], "first interval": result["onset"].values, "last interval": result["steady"].values}
    for label, rate in named.items():
        np.testing.assert_allclose(drawn[label], np.column_stack([[1.0, 2.5], rate]))
    (bars,) = axes.containers
    np.testing.assert_allclose(bars.lines[0].get_ydata(), result["rate"].values)
    heights = [np.ptp(segment[:, 1]) / 2 for segment in bars.lines[2][0].get_segments()]
    np.testing.assert_allclose(heights, result["sem"].values)


def test_raster_ticks_are_the_spikes_of_each_trial(axes, trains):
    figures.plot_raster(axes, trains, unit=1)
    assert len(axes.collections) == 5
    for trial, ticks in enumerate(axes.collections):
        np.testing.assert_array_equal(np.sort(ticks.get_positions()), trains.train(1, trial))
        assert ticks.get_lineoffset() == trial


def test_burst_bars_run_from_the_first_to_the_last_spike(axes):
    trains = SpikeTrains.from_arrays([[0.002, 0.006, 0.01, 0.5, 0.505, 0.51, 0.8]], t_stop=1.0)
    figures.plot_bursts(axes, trains, analyses.bursts(trains))
    ends = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches]
    np.testing.assert_allclose(ends, [(0.002, 0.01), (0.5, 0.51)])
    np.testing.assert_array_equal(np.sort(axes.collections[0].get_positions()), trains.train())


@pytest.fixture(scope="module")
def triggered():
    rng = np.random.default_rng(4)
    stimulus = rng.standard_normal((6000, 3)) + [0.0, 1.0, 2.0]
    centred = stimulus - [0.0, 1.0, 2.0]
    counts = rng.poisson(0.2 * centred[:, 2] ** 2 * np.exp(0.5 * centred[:, 0]))
    return stimulus, counts


def test_triggered_average_over_lag_and_dimension_is_not_turned(triggered):
    stimulus, counts = triggered
    average = spike_triggered_average(stimulus, 0.001, None, (-0.004, 0.001), weights=counts)
    panel = plot_triggered_average(average).axes[0]
    (mesh,) = panel.collections
    drawn = mesh.get_array().reshape(3, 5)
    np.testing.assert_array_equal(drawn, average.values[0].T)
    corners = mesh.get_coordinates()
    np.testing.assert_allclose((corners[0, :-1, 0] + corners[0, 1:, 0]) / 2, [-4, -3, -2, -1, 0], atol=1e-9)
    np.testing.assert_allclose((corners[:-1, 0, 1] + corners[1:, 0, 1]) / 2, [0, 1, 2])
    assert panel.get_ylabel() == "dimension"


def test_triggered_average_of_frames_has_its_error_and_the_mean_stimulus(triggered):
    stimulus, counts = triggered
    average = spike_triggered_average(stimulus, 0.001, None, weights=counts)
    panel = plot_triggered_average(average).axes[0]
    curve, mean = panel.lines[0], next(line for line in panel.lines if line.get_label() == "mean stimulus")
    np.testing.assert_array_equal(curve.get_xydata(), np.column_stack([[0, 1, 2], average.values[0]]))
    np.testing.assert_allclose(mean.get_ydata(), stimulus.mean(axis=0))
    outline = panel.collections[0].get_paths()[0].vertices
    error = average["standard_error"].values[0]
    for k in range(3):
        at = outline[outline[:, 0] == k, 1]
        np.testing.assert_allclose([at.min(), at.max()], average.values[0, k] + np.array([-1, 1]) * error[k])


def test_spectrum_shows_limits_and_which_axes_were_accepted(triggered):
    stimulus, counts = triggered
    found = spike_triggered_covariance(stimulus, 0.001, None, weights=counts, seed=1)
    assert found["significant"].values.tolist() == [True, False, False]
    left, right = plot_triggered_covariance(found).axes
    one, values, high, low, marked = left.lines
    assert one.get_ydata() == [1.0, 1.0]
    np.testing.assert_array_equal(values.get_xydata(), np.column_stack([np.arange(3), found["eigenvalues"]]))
    assert high.get_ydata() == [found["stage_high"].values[-1]] * 2
    assert low.get_ydata() == [found["stage_low"].values[-1]] * 2
    assert low.get_ydata()[0] < 1 < high.get_ydata()[0]
    assert marked.get_xydata().tolist() == [[0.0, found["eigenvalues"].values[0]]]
    np.testing.assert_array_equal(right.lines[0].get_xydata(), np.column_stack([np.arange(3), found["axes"].values[0]]))
    assert f"eigenvalue {found['eigenvalues'].values[0]:.3g}" in right.get_title()


def test_nonlinearity_of_one_and_of_two_axes(triggered):
    stimulus, counts = triggered
    one = nonlinearity(stimulus, 0.001, None, np.eye(3)[2:], weights=counts)
    panel = plot_nonlinearity(one).axes[0]
    points = panel.containers[0]
    np.testing.assert_array_equal(points.lines[0].get_xydata(), np.column_stack([one["projection"], one["rate"]]))
    heights = [np.ptp(segment[:, 1]) / 2 for segment in points.lines[2][0].get_segments()]
    np.testing.assert_allclose(heights, one["standard_error"].values)
    frame = plot_nonlinearity(one, quantity="response").axes[0].containers[0]
    np.testing.assert_array_equal(frame.lines[0].get_ydata(), one["response"])
    two = nonlinearity(stimulus, 0.001, None, np.eye(3)[[2, 0]], weights=counts)
    panel = plot_nonlinearity(two).axes[0]
    (mesh,) = panel.collections
    n_x, n_y = two["rate"].shape
    np.testing.assert_array_equal(np.ma.filled(mesh.get_array(), np.nan).reshape(n_y, n_x), two["rate"].values.T)
    corners = mesh.get_coordinates()
    np.testing.assert_allclose((corners[0, :-1, 0] + corners[0, 1:, 0])[1:-1] / 2, two["projection"][1:-1], rtol=0.1)
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("projection on axis 1", "projection on axis 2")


def test_jpsth_margins_expectations_and_band_are_on_their_sides(trains):
    result = analyses.jpsth(trains, bin_size=0.1, half_width=0.1)
    lower, upper = xr.zeros_like(result["covariogram"]) - 0.1, xr.zeros_like(result["covariogram"]) + 0.2
    band = xr.Dataset({"lower": lower, "upper": upper})
    expected = result.copy()
    expected["psth_1"], expected["psth_2"] = result["psth_1"] * 2, result["psth_2"] * 3
    canvas, main, _, below, beside = jpsth_figure(result, matrix="raw", expected=expected, band=band).axes
    image = main.images[0]
    np.testing.assert_array_equal(image.get_array(), result["raw"].values.T)
    assert image.origin == "lower"
    for panel, which, orientation, factor in ((below, "psth_1", "vertical", 2), (beside, "psth_2", "horizontal", 3)):
        drawn, wanted = panel.patches
        assert drawn.orientation == wanted.orientation == orientation
        np.testing.assert_allclose(drawn.get_data().values, result[which].values / 0.1)
        np.testing.assert_allclose(wanted.get_data().values, factor * result[which].values / 0.1)
        np.testing.assert_allclose(drawn.get_data().edges, np.arange(11) / 10, atol=1e-12)
    # The covariogram's own axis runs to the upper left for positive lags; the band lies parallel to it, the upper
    # limit twice as far on the side where bars grow, up and to the right.
    low, high = (line.get_xydata() for line in canvas.lines if line.get_linestyle() == ":")
    along, up = np.array([-1, 1]) / np.sqrt(2), np.array([1, 1]) / np.sqrt(2)
    assert ((high[-1] - high[0]) @ along) > 0
    np.testing.assert_allclose((high - low) @ along, 0, atol=1e-9)
    base = (low + (high - low) / 3) @ up
    np.testing.assert_allclose(base, base[0])
    polygon = canvas.patches[1].get_xy()
    assert polygon[0] @ up == pytest.approx(base[0])
