"""The notebook on the adaptive neuron's spike trains runs from beginning to end, and is kept without outputs."""

import os
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "analyses" / "adaptive_lif_spike_trains.ipynb"


def test_notebook_is_kept_without_outputs():
    nbformat = pytest.importorskip("nbformat", reason="nbformat comes with the test extra")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert all(not cell.outputs and cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_notebook_runs_and_its_checks_hold(tmp_path):
    nbformat = pytest.importorskip("nbformat", reason="nbformat comes with the test extra")
    nbclient = pytest.importorskip("nbclient", reason="nbclient comes with the test extra")
    pytest.importorskip("ipykernel", reason="ipykernel comes with the test extra")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    path = os.pathsep.join([str(NOTEBOOK.parents[1]), os.environ.get("PYTHONPATH", "")])
    client = nbclient.NotebookClient(
        notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute(env=os.environ | {"PYTHONPATH": path})
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 4
