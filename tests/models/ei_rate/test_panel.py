"""What is drawn in the maps of stability: shading, lines and labels read back from the artists' coordinates."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

import spikelearn as sl
from spikelearn import catalogue
from spikelearn.models.ei_rate.figure import overview, stability_panel
from spikelearn.plotting import new_figure

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
        "determinant, Eq. (22)": model.g_E * model.g_I * ei * ie - x * y,
        "trace, Eq. (23)": y * model.tau_E - x * model.tau_I,
        "$W_{EI} > 0$": ei + 0 * ie,
        "$W_{II} > 0$": ii + 0 * ee,
        "paradoxical, Eq. (27)": x + 0 * ie,
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
        del around["paradoxical, Eq. (27)"]
        if any(margin.min() < 0 < margin.max() for margin in around.values()):
            continue  # too near a line to be told from the grid's cells
        rule = around.pop("rule stable")[0] > 0
        valid = all(margin[0] > 0 for margin in around.values())
        expected = SHADES["stable" if rule else "valid"] if valid else None
        assert shade_at(axes, ee, ie) == expected, (ee, ie)
        seen.add(expected)
    assert seen == {*SHADES.values(), None}
    fine = by_hand(model, *np.meshgrid((np.arange(500) + 0.5) / 50, (np.arange(500) + 0.5) / 25))
    valid = np.all([m > 0 for name, m in fine.items() if name[0] not in "rp"], axis=0)
    # Two grids, each with cells of about a hundredth of the boundary.
    assert share == pytest.approx((fine["rule stable"] > 0)[valid].mean(), abs=0.01)
    assert f"stable: {100 * share:.1f} % of valid" in [t.get_text() for t in axes.texts]


def test_labels_stand_where_their_condition_holds(panel):
    """The middle of every label's text, mapped back to weights; its anchor lies on the line itself."""
    model, axes, _ = panel
    labels = {t.get_text(): t for t in axes.texts if hasattr(t, "xyann")}
    everywhere = by_hand(model, *np.meshgrid(np.linspace(0.1, 9.9, 99), np.linspace(0.1, 19.9, 99)))
    expected = {name for name, margin in everywhere.items() if margin.min() < 0 < margin.max()}
    assert set(labels) == expected
    assert len(labels) >= 5
    back = axes.transData.inverted()
    for name, label in labels.items():
        box = label.get_window_extent()
        ee, ie = back.transform(((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2))
        assert by_hand(model, ee, ie)[name] > 0, name
        # Pushed away from the line, towards that side: the offset in points, ten times as far.
        pixels = axes.transData.transform(label.xy) + 10 * np.array(label.xyann) * axes.figure.dpi / 72
        assert by_hand(model, *back.transform(pixels))[name] > 0, name
        on_line, beyond = (by_hand(model, *np.array(p))[name] for p in (label.xy, 2 * np.array(label.xy) - (ee, ie)))
        assert beyond < 0, name
        assert abs(on_line) < 0.1 * by_hand(model, ee, ie)[name], name


def test_lines_run_where_their_margin_is_zero(panel):
    model, axes, _ = panel
    names = {"#009e73": "Eq", "#7f7f7f": "W_", "#cc79a7": "paradoxical", "#000000": "rule stable"}
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
    run, prediction = right.lines
    amplitude = recording.traces["amplitude"].values
    np.testing.assert_allclose(run.get_xdata(), recording.traces["time"].values * 1e3)
    np.testing.assert_array_equal(run.get_ydata(), amplitude)
    slow = sl.stability(case.model, case.rule, W_EE=case.weights.W_EE, W_IE=case.weights.W_IE).eigenvalues[0].real
    time = prediction.get_xdata()
    np.testing.assert_allclose(prediction.get_ydata(), amplitude[0] * np.exp(slow * case.slowdown * time), rtol=1e-12)
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
        assert lines[f"{name} of Eq. (18): {level:.4g} Hz"].get_ydata() == [level, level]
