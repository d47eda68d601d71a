"""The figure of a JPSTH shows what the dataset holds."""

import numpy as np
import pytest

from spikelearn.analyses import covariogram_band, jpsth, jpsth_figure, jpsth_significance
from spikelearn.plotting import save_figure
from spikelearn.sources import CommonDrive


@pytest.fixture(scope="module")
def source():
    return CommonDrive(rate="40 Hz", drive_rate="10 Hz", alpha=0.8, tau="10 ms")


@pytest.fixture(scope="module")
def trains(source):
    return source.sample(200, 0.0, 0.2, seed=1)


def test_everything_is_drawn_and_written(source, trains, tmp_path):
    result = jpsth(trains, bin_size=0.01, half_width=0.01)
    expected = source.expected_jpsth(0.01, (0.0, 0.2), half_width=0.01)
    significance = jpsth_significance(trains, bin_size=0.01, n_surrogates=99, seed=0)
    figure = jpsth_figure(
        result,
        expected=expected,
        significance=significance,
        band=covariogram_band(trains, bin_size=0.01),
        title="common drive",
    )
    canvas, main, bar, below, beside = figure.axes
    np.testing.assert_array_equal(main.images[0].get_array(), result.normalized.values.T)
    assert main.images[0].get_extent() == [0.0, 0.2, 0.0, pytest.approx(0.2)]
    assert below.get_xlabel() == "time of unit 0 (s)"
    assert beside.get_ylabel() == "time of unit 1 (s)"
    assert bar.get_xlabel() == "correlation of counts, bins of 10 ms"
    texts = [text.get_text() for text in canvas.texts]
    assert "covariance within 10 ms of the diagonal" in texts
    assert "covariogram; lag of unit 1 (ms)" in texts
    path = tmp_path / "jpsth.png"
    save_figure(figure, path)
    assert path.stat().st_size > 10_000


def test_the_slanted_histograms_are_to_scale(trains):
    result = jpsth(trains, bin_size=0.01)
    canvas = jpsth_figure(result).axes[0]
    coincidence, covariogram = (polygon.get_xy() for polygon in canvas.patches[:2])
    # Heights are distances from the line on which a histogram stands, in inches; they must be in proportion.
    for points, values, up in (
        (coincidence, result.coincidence.values, np.array([1, -1]) / np.sqrt(2)),
        (covariogram, result.covariogram.values, np.array([1, 1]) / np.sqrt(2)),
    ):
        heights = (points - points[0]) @ up
        assert np.ptp(heights) > 0.3
        shown = len(points) // 2 - 1
        middle = (len(values) - shown) // 2
        drawn = heights[1 : 1 + 2 * shown : 2]
        wanted = values[middle : middle + shown]
        assert np.corrcoef(drawn, wanted)[0, 1] == pytest.approx(1.0, abs=1e-9)


def test_undefined_bins_and_empty_correlation_can_be_drawn(tmp_path):
    from spikelearn import SpikeTrains

    trains = SpikeTrains.from_trials([[[0.005], [0.005]], [[0.005, 0.025], [0.005]]], t_stop=0.04)
    result = jpsth(trains, bin_size=0.01)
    assert np.isnan(result.normalized).all()
    for matrix in ("normalized", "corrected", "raw", "predictor"):
        save_figure(jpsth_figure(result, matrix=matrix), tmp_path / f"{matrix}.png")


def test_bad_requests_are_refused(source, trains):
    result = jpsth(trains, bin_size=0.01)
    with pytest.raises(ValueError, match="no matrix 'normalised'; did you mean 'normalized'"):
        jpsth_figure(result, matrix="normalised")
    with pytest.raises(ValueError, match="expected must have the bins of the result"):
        jpsth_figure(result, expected=source.expected_jpsth(0.02, (0.0, 0.2)))
    with pytest.raises(ValueError, match="band must have the bins of the result"):
        jpsth_figure(result, band=covariogram_band(trains, bin_size=0.02))
