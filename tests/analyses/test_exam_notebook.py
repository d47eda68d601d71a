"""The notebook on question 3 runs from beginning to end, its checks hold, and it is kept without outputs."""

import os
from pathlib import Path

import pytest

PATH = Path(__file__).parents[2] / "analyses" / "exam_question_3.ipynb"


def test_notebook_is_kept_without_outputs_and_answers_all_parts():
    nbformat = pytest.importorskip("nbformat", reason="nbformat comes with the test extra")
    notebook = nbformat.read(PATH, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    places = [text.index(f"## Part {k}") for k in range(1, 7)]
    assert places == sorted(places)
    # A notebook that checks nothing would pass whatever it shows.
    assert sum(cell.source.count("assert") for cell in code) >= 15


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_notebook_runs_and_its_checks_hold(tmp_path):
    nbformat = pytest.importorskip("nbformat", reason="nbformat comes with the test extra")
    nbclient = pytest.importorskip("nbclient", reason="nbclient comes with the test extra")
    pytest.importorskip("ipykernel", reason="ipykernel comes with the test extra")
    notebook = nbformat.read(PATH, as_version=4)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(PATH.parents[1]), os.environ.get("PYTHONPATH", "")])}
    client = nbclient.NotebookClient(
        notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute(env=environment)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs)
