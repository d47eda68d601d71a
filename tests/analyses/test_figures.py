"""Figures of the analyses show what the analyses found."""

import numpy as np
import pytest

from spikelearn import SpikeTrains, analyses
from spikelearn.analyses import figures
from spikelearn.plotting import new_figure


@pytest.fixture
def axes():
    return new_figure().add_subplot()


@pytest.fixture(scope="module")
def trains():
    rng = np.random.default_rng(1)
    trials = [[np.sort(rng.uniform(0, 1, 20)) for _ in range(2)] for _ in range(5)]
    return SpikeTrains.from_trials(trials, t_stop=1.0)


def labels(axes):
    return axes.get_xlabel(), axes.get_ylabel()


def test_psth_is_drawn_in_hertz(axes, trains):
    result = analyses.psth(trains, 0.1)
    figures.plot_psth(axes, result, unit=1)
    np.testing.assert_array_equal(axes.patches[0].get_data().values, result[1])
    np.testing.assert_allclose(axes.patches[0].get_data().edges, np.arange(11) * 0.1, atol=1e-12)
    assert labels(axes) == ("time (s)", "rate (Hz), bins of 100 ms")


def test_correlogram_has_bars_and_both_expectations(axes, trains):
    result = analyses.cross_correlogram(trains, (1, 0))
    figures.plot_correlogram(axes, result)
    assert [bar.get_height() for bar in axes.patches] == result["count"].values.tolist()
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "expected: unrelated, stationary",
        "shift predictor",
        "counted",
    ]
    assert labels(axes) == ("lag of unit 0 after unit 1 (ms)", "pairs per 1 ms")


@pytest.mark.parametrize(("options", "scale"), [({}, "linear"), ({"bins_per_decade": 10}, "log")])
def test_interval_histogram_says_what_it_leaves_out(axes, trains, options, scale):
    result = analyses.isi_histogram(trains, max_interval=0.05, **options)
    figures.plot_isi_histogram(axes, result, threshold=0.01)
    assert axes.get_xscale() == scale
    assert axes.get_title() == f"{int(result['outside'][0])} intervals lie outside"
    assert labels(axes) == ("interval (ms)", "intervals")


def test_fi_curve_shows_theory_beside_the_rates(axes, trains):
    figures.plot_fi_curve(axes, analyses.fi_curve(trains, [1.0, 2.0], input_units="nA"), theory=[20, 20])
    assert labels(axes) == ("input (nA)", "rate (Hz)")
    assert axes.get_legend().get_texts()[0].get_text() == "theory"


def test_raster_shades_what_was_not_observed(axes, trains):
    figures.plot_raster(axes, trains.aligned([0.2, 0.9], 0.3, 0.3, trials=[0, 1], incomplete="keep"))
    shaded = [patch.get_paths()[0].get_extents() for patch in axes.collections[2:] if patch.get_paths()]
    assert (shaded[0].x0, shaded[0].x1) == (-0.3, pytest.approx(-0.2))


def test_bursts_are_bars_under_their_spikes(axes):
    trains = SpikeTrains.from_arrays([[0.002, 0.006, 0.01, 0.5, 0.505, 0.51]], t_stop=1.0)
    figures.plot_bursts(axes, trains, analyses.bursts(trains))
    assert [(bar.get_x(), bar.get_facecolor()[3]) for bar in axes.patches] == [(0.002, 0.0), (0.5, 1.0)]
    # Ticks of a single row lie at 1 unless told otherwise, outside these limits.
    assert axes.collections[0].get_lineoffset() == 0
