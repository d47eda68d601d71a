"""What a user sees in Jupyter and in a terminal: progress, tables and formulas."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import spikelearn as sl
from spikelearn import progress

ROOT = Path(sl.__file__).parents[1]
CELLS = (
    "import spikelearn as sl\nfrom spikelearn.network import FixedInDegree, Population, Projection",
    "network = sl.Network({'<E>': Population(sl.AdaptiveLIF(), 10)},\n"
    "    [Projection('<E>', '<E>', FixedInDegree(2), '0.1 mV', '1 ms')])\nnetwork",
    "sl.SpikeTrains.from_arrays([[0.1], [0.2, 0.3]], t_stop=1.0)",
    "sl.rules.CrossHomeostatic(alpha_EE=1e-4, alpha_EI=1e-4, alpha_IE=1e-4, alpha_II=1e-4)",
    "run = sl.simulate(network, '20 s', engine='brian2', target='numpy', dt='0.2 ms', progress=True)\nrun",
)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    nbformat = pytest.importorskip("nbformat", reason="nbformat comes with the test extra")
    nbclient = pytest.importorskip("nbclient", reason="nbclient comes with the test extra")
    pytest.importorskip("ipykernel", reason="ipykernel comes with the test extra")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    place = str(tmp_path_factory.mktemp("notebook"))
    client = nbclient.NotebookClient(
        notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": place}}
    )
    client.execute(env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])})
    return [cell.outputs for cell in notebook.cells]


def shown_as(cell, kind):
    return [output["data"][kind] for output in cell if kind in output.get("data", {})]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
class TestJupyter:
    def test_networks_and_trains_are_tables(self, outputs):
        (table,) = shown_as(outputs[1], "text/html")
        assert "Network(10 neurons, 1 projection; seed 0)" in table
        assert "&lt;E&gt; -&gt; &lt;E&gt;" in table
        (trains,) = shown_as(outputs[2], "text/html")
        assert "<td>1</td><td>2</td>" in trains

    def test_rules_are_formulas(self, outputs):
        (formula,) = shown_as(outputs[3], "text/latex")
        assert formula.startswith("$\\displaystyle \\begin{aligned}")

    def test_a_long_run_shows_its_progress(self, outputs):
        words = "".join(output.get("text", "") for output in outputs[4] if output.output_type == "stream")
        words += "".join(shown_as(outputs[4], "text/plain"))
        assert "brian2" in words
        assert "%" in words
        assert len(shown_as(outputs[4], "text/html")) == 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no pseudo-terminal")
def test_a_terminal_shows_a_bar_and_a_pipe_none():
    import fcntl
    import pty
    import struct
    import termios

    code = (
        "import time; from spikelearn.progress import progress_bar\n"
        "for _ in progress_bar(range(12), shown=True, desc='points', delay=0.1): time.sleep(0.1)"
    )
    piped = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert piped.stderr == piped.stdout == ""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen([sys.executable, "-c", code], stderr=slave, stdout=slave, cwd=ROOT) as process:
        os.close(slave)
        seen = b""
        while True:
            try:
                part = os.read(master, 4096)
            except OSError:
                break
            if not part:
                break
            seen += part
        assert process.wait() == 0
    os.close(master)
    assert b"points" in seen
    assert b"12 [" in seen or b"/12" in seen


def test_outside_a_notebook_there_is_none():
    assert not progress.in_notebook()
    with progress.progress_bar(shown=False, total=3) as bar:
        assert bar.disable
