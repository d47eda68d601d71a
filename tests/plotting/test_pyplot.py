"""Figures are known to pyplot, once and not for ever."""

import threading

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from spikelearn.plotting import close_figure, new_figure, offscreen
from spikelearn.plotting.figures import KEPT


@pytest.fixture(autouse=True)
def empty():
    plt.close("all")
    yield
    plt.close("all")


def test_pyplot_shows_and_saves_what_was_drawn(tmp_path):
    figure = new_figure(4, 3)
    figure.subplots().plot([0, 1], color="red")
    assert plt.gcf() is figure
    plt.savefig(tmp_path / "by_pyplot.png")
    figure.savefig(tmp_path / "by_figure.png")
    one, other = (plt.imread(tmp_path / name) for name in ("by_pyplot.png", "by_figure.png"))
    np.testing.assert_array_equal(one, other)
    assert (one[..., :3].min(axis=-1) < 0.9).any()
    close_figure(figure)
    assert plt.get_fignums() == []
    figure.savefig(tmp_path / "after.png")


def test_a_loop_does_not_keep_its_figures():
    """No warning of too many open figures either: warnings are errors here."""
    mine = plt.figure()
    newest = [new_figure(1, 1) for _ in range(3 * KEPT)][-KEPT:]
    known = [plt.figure(number) for number in plt.get_fignums()]
    assert known == [mine, *newest]


def test_offscreen_and_other_threads_leave_pyplot_alone(tmp_path):
    with offscreen():
        figure = new_figure(2, 2)
    made = []
    thread = threading.Thread(target=lambda: made.append(new_figure(2, 2)))
    thread.start()
    thread.join()
    assert plt.get_fignums() == []
    for number, one in enumerate([figure, *made]):
        one.subplots()
        one.savefig(tmp_path / f"{number}.png")
    new_figure(2, 2)
    assert len(plt.get_fignums()) == 1


def test_no_window_where_there_can_be_none(monkeypatch):
    def refuse(**_):
        raise ImportError("Cannot load backend 'TkAgg'")

    monkeypatch.setattr(plt, "figure", refuse)
    new_figure(2, 2).canvas.draw()


def test_a_notebook_shows_a_figure_once(monkeypatch):
    """IPython asks for `_repr_mimebundle_` first; then the inline backend shows what pyplot still knows."""
    shown, kept = new_figure(2, 2), new_figure(2, 2)
    monkeypatch.setattr(matplotlib, "get_backend", lambda: "module://matplotlib_inline.backend_inline")
    assert shown._repr_mimebundle_() == {}
    assert [plt.figure(number) for number in plt.get_fignums()] == [kept]


@pytest.mark.slow
def test_a_notebook_shows_it_once_whether_it_is_the_value_or_not(tmp_path, monkeypatch):
    import nbformat
    from nbclient import NotebookClient

    # The kernel inherits the environment, and a backend named there goes before the notebook's own.
    monkeypatch.delenv("MPLBACKEND", raising=False)
    start = "from spikelearn.plotting import new_figure\ndef draw():\n    f = new_figure(2, 2)\n    f.subplots()\n"
    start += "    return f"
    cells = [start, "draw()", "f = draw()", "f", "a = draw(); b = draw()\na", "draw();"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    pictures = [sum("image/png" in output.get("data", {}) for output in cell.outputs) for cell in notebook.cells]
    assert pictures == [0, 1, 1, 1, 2, 1]
