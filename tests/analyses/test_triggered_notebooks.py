"""The notebooks on triggering run from beginning to end, and are kept without outputs."""

import os
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "analyses"
NAMES = ("joint_versus_summed", "grasshopper_receptor")


@pytest.mark.parametrize("name", NAMES)
def test_notebook_is_kept_without_outputs(name):
    nbformat = pytest.importorskip("nbformat", reason="nbformat comes with the test extra")
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    # A notebook that checks nothing would pass whatever it shows.
    assert sum(cell.source.count("assert ") for cell in code) >= 5


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", NAMES)
def test_notebook_runs_and_its_checks_hold(name, tmp_path):
    nbformat = pytest.importorskip("nbformat", reason="nbformat comes with the test extra")
    nbclient = pytest.importorskip("nbclient", reason="nbclient comes with the test extra")
    pytest.importorskip("ipykernel", reason="ipykernel comes with the test extra")
    if name == "grasshopper_receptor":
        pytest.importorskip("nitime", reason="nitime, which holds the recording, comes with the test extra")
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    root = str(FOLDER.parent)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
    client = nbclient.NotebookClient(
        notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute(env=environment)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 3
