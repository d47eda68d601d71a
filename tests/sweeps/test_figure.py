import numpy as np
import pytest
from matplotlib.colors import to_hex

import spikelearn as sl
from spikelearn.plotting import COLOURS


def power(x, seed, y=1.0, kind="a"):
    if x == 4:
        raise ValueError("not here")
    return {"z": x * y, "w": x + np.random.default_rng(seed).random()}


def lines_of(axes):
    return {to_hex(line.get_color()).upper(): line for line in axes.lines}


def test_a_line_over_one_parameter_with_its_formula():
    found = sl.sweep(power, {"x": [1.0, 2.0, 4.0, 100.0]}, n_repeats=3, executor="serial")
    figure = sl.sweeps.sweep_figure(found, "Power", {"z": lambda point: 2 * point["x"]})
    w, z = figure.axes
    assert (w.get_ylabel(), z.get_ylabel()) == ("w", "z")
    assert z.get_xlabel() == "x"
    assert z.get_xscale() == "log"
    theory = lines_of(z)[COLOURS["theory"]]
    assert theory.get_ydata().tolist() == [2.0, 4.0, 8.0, 200.0]
    drawn = lines_of(z)[COLOURS["simulation"]].get_ydata()
    np.testing.assert_array_equal(drawn, [1.0, 2.0, np.nan, 100.0])
    np.testing.assert_allclose(lines_of(w)[COLOURS["simulation"]].get_ydata(), found["w"].mean("repeat"))
    assert figure.get_suptitle() == "Power\n3 of 12 points failed"


def test_a_map_over_two_and_the_first_value_of_the_rest():
    found = sl.sweep(power, {"y": [1.0, 2.0, 3.0], "x": [3.0, 2.0], "kind": ["a"]}, executor="serial")
    figure = sl.sweeps.sweep_figure(found, formulas={"z": lambda point: point["x"] * point["y"]})
    panel = figure.axes[1]
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("y", "x")
    mesh = panel.collections[0]
    # Rows by rising x, whatever the order of the grid.
    assert np.asarray(mesh.get_array()).reshape(2, 3).tolist() == [[2.0, 4.0, 6.0], [3.0, 6.0, 9.0]]
    assert panel.get_title() == "lines: formula"
    assert figure.get_suptitle() == "kind = a"


def test_names_stand_on_the_axis_and_other_parameters_are_lines():
    found = sl.sweep(power, {"kind": ["a", "b"], "x": [1.0, 2.0]}, executor="serial")
    panel = sl.sweeps.sweep_figure(found).axes[1]
    assert [tick.get_text() for tick in panel.get_xticklabels()] == ["a", "b"]
    assert [text.get_text() for text in panel.get_legend().get_texts()] == ["x = 1", "x = 2"]


def test_nothing_to_draw_is_said():
    found = sl.sweep(lambda x, seed: {"y": np.zeros(3)}, {"x": [1]}, executor="serial")
    with pytest.raises(ValueError, match="at least one real number a point"):
        sl.sweeps.sweep_figure(found)
