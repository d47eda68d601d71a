"""What is drawn in the maps of stability: shading, lines and their strokes, read back from the artists."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

import spikelearn as sl
from spikelearn import catalogue
from spikelearn.models.ei_rate.figure import (
    DETERMINANT,
    LINES,
    PARADOXICAL,
    TRACE,
    _line,
    overview,
    stability_handles,
    stability_panel,
)
from spikelearn.plotting import new_figure
from spikelearn.rules.linearise import linearise
from spikelearn.rules.rule import slower

MODELS = {"table_1": sl.EIRates(), "non_paradoxical": sl.EIRates.non_paradoxical()}
# Rates that are all different, so that exchanging any two shows.
RATES = {"alpha_EE": 0.02, "alpha_EI": 0.012, "alpha_IE": 0.016, "alpha_II": 0.008}
SHADES = {"stable": "#9cc9e8", "valid": "#f3e3d3"}


def by_hand(model, ee, ie):
    """Margins of every condition at free weights, positive where it holds: Eqs. (2), (22)-(27), from the paper."""
    theta = model.Theta_E - model.I_ext
    x = model.g_E * ee - 1
    ei = (x * model.E_set - model.g_E * theta) / (model.g_E * model.I_set)
    ii = (model.E_set * ie - model.Theta_I) / model.I_set - 1 / model.g_I
    y = model.g_I * ii + 1
    P_E = model.E_set**2 * 0.02 + model.I_set**2 * 0.012
    P_I = model.E_set**2 * 0.016 + model.I_set**2 * 0.008
    return {
        DETERMINANT: model.g_E * model.g_I * ei * ie - x * y,
        TRACE: y * model.tau_E - x * model.tau_I,
        "$W_{EI} > 0$": ei + 0 * ie,
        "$W_{II} > 0$": ii + 0 * ee,
        PARADOXICAL: x + 0 * ie,
        "rule stable": P_E * model.g_E * (model.E_set * ie - model.Theta_I) - P_I * model.I_set * x,
    }


@pytest.fixture(scope="module", params=list(MODELS))
def panel(request):
    model = MODELS[request.param]
    figure = new_figure(5, 5)
    axes = figure.subplots()
    share = stability_panel(axes, model, sl.rules.Homeostatic(**RATES), "S8")
    figure.canvas.draw()
    return model, axes, share


def shade_at(axes, ee, ie):
    """Colour of the filled contour that covers a point; None where nothing does."""
    shading = axes.collections[0]
    for path, colour in zip(shading.get_paths(), shading.get_facecolor(), strict=True):
        if len(path.vertices) and path.contains_point((ee, ie)):
            return to_hex(colour)
    return None


def test_shading_is_the_verdict_of_the_printed_conditions(panel):
    model, axes, share = panel
    rng = np.random.default_rng(3)
    seen = set()
    points = rng.uniform(0, [10, 20], (600, 2))
    for ee, ie in points:
        around = by_hand(model, ee + np.array([0, -0.1, 0.1, 0, 0]), ie + np.array([0, 0, 0, -0.2, 0.2]))
        del around[PARADOXICAL]
        if any(margin.min() < 0 < margin.max() for margin in around.values()):
            continue  # too near a line to be told from the grid's cells
        rule = around.pop("rule stable")[0] > 0
        valid = all(margin[0] > 0 for margin in around.values())
        expected = SHADES["stable" if rule else "valid"] if valid else None
        assert shade_at(axes, ee, ie) == expected, (ee, ie)
        seen.add(expected)
    assert seen == {*SHADES.values(), None}
    fine = by_hand(model, *np.meshgrid((np.arange(500) + 0.5) / 50, (np.arange(500) + 0.5) / 25))
    valid = np.all([m > 0 for name, m in fine.items() if name not in ("rule stable", PARADOXICAL)], axis=0)
    # The area against a grid of 500 x 500 points.
    assert share == pytest.approx((fine["rule stable"] > 0)[valid].mean(), abs=1e-3)
    assert f"stable: {100 * share:.2f} % of valid" in [t.get_text() for t in axes.texts]


def test_the_legend_names_what_is_drawn_and_no_more(panel):
    model, axes, _ = panel
    everywhere = by_hand(model, *np.meshgrid(np.linspace(0.1, 9.9, 99), np.linspace(0.1, 19.9, 99)))
    crossed = {name for name, margin in everywhere.items() if margin.min() < 0 < margin.max()}
    shown = {text.get_text() for text in axes.get_legend().get_texts()}
    assert shown == crossed | {"stable set point", "unstable set point", "no set point"}
    assert len(stability_handles()) == 3 + len(LINES)
    # It stands beside the map, not on it.
    axes.figure.canvas.draw()
    assert axes.get_legend().get_window_extent().y1 < axes.get_window_extent().y0


def test_strokes_stand_where_the_condition_holds():
    """A lone line, from the left lower to the right upper corner: pixels of its colour lie on the side that holds."""
    for sign in (1, -1):
        figure = new_figure(4, 4)
        axes = figure.subplots()
        axes.set(xlim=(0, 10), ylim=(0, 20))
        grid = np.linspace(0, 10, 101), np.linspace(0, 20, 101)
        x, y = np.meshgrid(*grid, indexing="ij")
        assert _line(axes, *grid, sign * (2 * x - y), "rule stable")
        figure.canvas.draw()
        image = np.asarray(figure.canvas.buffer_rgba())[..., :3]
        box = axes.get_window_extent()
        inside = image[
            image.shape[0] - int(box.y1) + 4 : image.shape[0] - int(box.y0) - 4, int(box.x0) + 4 : int(box.x1) - 4
        ]
        row, column = np.nonzero(inside.max(axis=-1) < 100)
        # Below the diagonal, to the right, 2 x - y is positive.
        height, width = inside.shape[:2]
        below = column / width - (1 - row / height)
        assert sign * below[np.abs(below) > 0.015].sum() > 0
        assert (sign * below > 0.012).sum() > 20
        assert (sign * below < -0.012).sum() == 0


def test_lines_run_where_their_margin_is_zero(panel):
    model, axes, _ = panel
    names = {"#009e73": "neural", "#7f7f7f": "> 0$", "#cc79a7": "paradoxical", "#000000": "rule stable"}
    seen = set()
    for drawn in axes.collections[1:]:
        colour = to_hex(drawn.get_edgecolor()[0])
        vertices = np.concatenate([path.vertices for path in drawn.get_paths()])
        inside = by_hand(model, *vertices.T)
        fits = {
            name for name, margin in inside.items()
            if names[colour] in name and np.abs(margin).max() < 0.02 * np.abs(margin_scale(model, name))
        }  # fmt: skip
        assert fits, colour
        seen |= fits
    assert len(seen) >= 5


def margin_scale(model, name):
    """Spread of a margin over the panel, which its value on a line is to be small against."""
    return np.std(by_hand(model, *np.meshgrid(np.linspace(0, 10, 21), np.linspace(0, 20, 21)))[name])


def test_axes_are_named_and_limited(panel):
    _, axes, _ = panel
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == ("$W_{EE}$", "$W_{IE}$", "S8")
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, 10), (0, 20))


def test_whole_regions_of_one_verdict():
    """Cross-homeostatic: all of the valid region; forced balance with pinned weights: none, and the panel says so."""
    axes = new_figure(4, 4).subplots()
    cross = sl.rules.CrossHomeostatic(**dict.fromkeys(RATES, 0.02))
    assert stability_panel(axes, MODELS["table_1"], cross, "S9") == 1.0
    assert [shade_at(axes, *p) for p in ((5.0, 10.0), (8.0, 6.5), (3.25, 16.0))] == [SHADES["stable"]] * 2 + [None]
    axes = new_figure(4, 4).subplots()
    pinned = sl.rules.ForcedBalance(alpha_1=0.02, alpha_3=0.02, ie_sign=-1, mode="pinned")
    assert stability_panel(axes, MODELS["table_1"], pinned, "S12") == 0.0
    assert "rule stable nowhere" in [t.get_text() for t in axes.texts]
    assert [shade_at(axes, *p) for p in ((5.0, 10.0), (8.0, 6.5), (3.25, 16.0))] == [SHADES["valid"]] * 2 + [None]


def test_overview_shows_the_point_and_the_run():
    configuration = catalogue.load("ei_s9_cross_homeostatic")
    recording = catalogue.run(configuration, settings={"grid": 5, "duration": "20 ms"})
    case = configuration.model
    left, right = overview(case, recording, configuration.title).axes
    (point,) = [line for line in left.lines if line.get_marker() == "o"]
    assert point.get_xydata().tolist() == [[float(case.weights.W_EE), float(case.weights.W_IE)]]
    run, prediction, quasi = right.lines
    amplitude = recording.traces["amplitude"].values
    np.testing.assert_allclose(run.get_xdata(), recording.traces["time"].values * 1e3)
    np.testing.assert_allclose(run.get_ydata(), amplitude / amplitude[0], rtol=1e-15)
    slow = sl.stability(case.model, case.rule, W_EE=case.weights.W_EE, W_IE=case.weights.W_IE).eigenvalues[0].real
    time = prediction.get_xdata()
    np.testing.assert_allclose(quasi.get_ydata(), np.exp(slow * case.slowdown * time), rtol=1e-12)
    # Activities and weights together: the eigenvalues of the whole Jacobian of the slowed rule, by LAPACK.
    whole = linearise(case.model, slower(case.rule, case.slowdown), case.weights).full
    values = np.linalg.eigvals(whole)
    leading = np.log(prediction.get_ydata()[-1]) / time[-1]
    nonzero = np.sort(values.real[np.abs(values) > 1e-12])[::-1]
    assert leading == pytest.approx(nonzero[0], rel=1e-5)
    # A decade to either side at least.
    low, high = right.get_ylim()
    assert low <= 0.1
    assert high >= 10
    assert (right.get_yscale(), right.get_xlabel()) == ("log", "time (ms)")


def test_overview_without_a_rule_shows_both_activities_and_eq_18():
    configuration = catalogue.load("ei_s13_up_state")
    recording = catalogue.run(configuration)
    case = configuration.model
    (axes,) = overview(case, recording, "S13").axes
    state = case.model.up_state(*case.weights)
    lines = {line.get_label(): line for line in axes.lines}
    for name in ("E", "I"):
        np.testing.assert_array_equal(lines[f"{name}, run"].get_ydata(), recording.traces[f"{name}_fixed_weights"])
        level = float(getattr(state, name))
        assert lines[f"{name}, theory: {level:.4g} Hz"].get_ydata() == [level, level]
    # It ends soon after both have settled, not at the end of the run.
    assert axes.get_xlim()[1] < 0.2 * recording.traces["time"].values[-1] * 1e3
