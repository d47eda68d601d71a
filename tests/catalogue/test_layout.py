"""Every figure as a reader sees it: no text over another or off the canvas, and one palette."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import spikelearn as sl
from spikelearn import catalogue
from spikelearn.analyses import figures as plots
from spikelearn.cli.drawing import drawable
from spikelearn.plotting import COLOURS, new_figure, offscreen, typeset

_SPEC = importlib.util.spec_from_file_location("layout", Path(__file__).parents[2] / "docs" / "layout.py")
_LAYOUT = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_LAYOUT)
troubles, off_palette = _LAYOUT.troubles, _LAYOUT.off_palette

# One file a system, shortened; each draws in half a second.
SHORT = {
    "bistable": {"duration": "4 s"},
    "ei_s12_slow_excitation_minus": {"grid": 5, "duration": "20 ms"},
    "common_drive": {"n_trials": 50},
    "ring_of_ten": {},
    "quadratic_neuron": {"duration": "100 ms"},
}


@pytest.fixture(autouse=True)
def aside():
    with offscreen():
        yield


def drawn(name, settings=None):
    configuration = catalogue.load(name)
    recording = catalogue.run(configuration, settings=settings or {})
    return configuration.system.figure(configuration.model, recording, drawable(configuration.title))


def test_a_planted_collision_is_caught():
    figure = new_figure(5, 3)
    axes = figure.subplots()
    axes.set(xlabel="time (s)", ylabel="u (mV)", title="clean")
    assert troubles(figure) == []
    axes.text(0.5, 0.5, "one text", transform=axes.transAxes)
    planted = axes.text(0.52, 0.51, "over another", transform=axes.transAxes)
    assert troubles(figure) == ["'one text' over 'over another'"]
    planted.set_position((0.97, 0.8))
    planted.set_in_layout(False)
    assert troubles(figure) == ["'over another' leaves the canvas"]
    planted.set_visible(False)
    assert troubles(figure) == []


@pytest.mark.parametrize("text", ["grows by -0.5 /ms", "W_IE = 2", "from t_d on", "-3"])
def test_a_planted_typescript_is_caught(text):
    axes = new_figure(5, 3).subplots()
    axes.set(xlim=(-1, 1), title="1e-5, x-ray, $W_{IE} - 1$")
    assert troubles(axes.figure) == []
    axes.set_xlabel(text)
    (found,) = troubles(axes.figure)
    assert found.startswith(repr(text))
    axes.set_xlabel(typeset(text))
    assert troubles(axes.figure) == []


def test_slanted_texts_collide_only_where_they_meet():
    figure = new_figure(4, 4)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    figure.set_layout_engine("none")
    axes.text(0.3, 0.5, "a slanted text of some length", rotation=45, ha="center", va="center")
    beside = axes.text(0.55, 0.5, "and one more beside the first", rotation=45, ha="center", va="center")
    # Their upright boxes overlap, they do not.
    assert troubles(figure) == []
    beside.set_position((0.32, 0.5))
    assert len(troubles(figure)) == 1


def test_planted_colours_are_caught():
    axes = new_figure(5, 3).subplots()
    axes.plot([0, 1], [0, 1], color=COLOURS["simulation"], label="simulation")
    axes.plot([0, 1], [1, 0], color=COLOURS["theory"], linestyle="--", label="theory")
    axes.axhline(0, color="0.5")
    assert off_palette(axes.figure) == []
    axes.plot([0, 1], [0, 2], label="of Matplotlib")
    axes.plot([0, 1], [0, 3], color=COLOURS["theory"])
    axes.plot([0, 1], [0, 3], color=COLOURS["E"], linestyle="--", label="predicted rate")
    axes.bar([0], [1], color="tab:red")
    axes.fill_between([0, 1], [0, 1], color="tab:pink")
    found = off_palette(axes.figure)
    assert len(found) == 5
    for part in (
        "'of Matplotlib' has the colour #1f77b4",
        "is not dashed",
        "'predicted rate' does not have",
        "#d62728",
        "#e377c2",
    ):
        assert any(part in line for line in found), part


@pytest.mark.parametrize("name", SHORT)
def test_figures_are_laid_out_and_in_the_palette(name):
    figure = drawn(name, SHORT[name])
    assert troubles(figure) == []
    assert off_palette(figure) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(catalogue.names()) - {"balanced_network"}))
def test_every_figure_is_laid_out_and_in_the_palette(name):
    figure = drawn(name)
    assert troubles(figure) == []
    assert off_palette(figure) == []


def test_figures_of_analyses_are_laid_out_and_in_the_palette():
    rng = np.random.default_rng(2)
    source = sl.sources.CommonDrive(rate="40 Hz", drive_rate="10 Hz", alpha=0.8, tau="10 ms")
    trains = source.sample(40, 0.0, 0.5, seed=1)
    stimulus = rng.normal(size=20_000)
    long = sl.SpikeTrains.from_arrays([np.sort(rng.uniform(0, 20, 400)) for _ in range(2)], t_stop=20.0)
    found = sl.analyses.spike_triggered_covariance(stimulus, 0.001, long, (-0.01, 0.0), seed=1, n_surrogates=39)
    average = sl.analyses.spike_triggered_average(stimulus, 0.001, long, (-0.01, 0.0))
    figures = [
        sl.analyses.jpsth_figure(sl.analyses.jpsth(trains, bin_size=0.02), title="two cells"),
        sl.analyses.plot_triggered_average(average),
        sl.analyses.plot_triggered_covariance(found),
    ]
    page = new_figure(11, 7)
    a, b, c, d = page.subplots(2, 2).ravel()
    plots.plot_psth(a, sl.analyses.psth(trains, 0.02))
    plots.plot_correlogram(b, sl.analyses.cross_correlogram(trains, (0, 1)))
    plots.plot_raster(c, trains)
    plots.plot_isi_histogram(d, sl.analyses.isi_histogram(long), threshold=0.02)
    other = new_figure(6, 4)
    found = sl.analyses.correlogram_significance(trains, (0, 1), n_surrogates=99, seed=1)
    sl.analyses.plot_correlogram_test(other.subplots(), found)
    for figure in [*figures, page, other]:
        assert troubles(figure) == []
        assert off_palette(figure) == []
