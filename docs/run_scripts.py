"""Run every example, study and notebook once, and some model files, and keep what they draw and print for the site.

``python docs/run_scripts.py FOLDER [--only NAME ...] [--jobs 2]``. Each script or model file gets a folder of its own
below FOLDER, which holds its figures; what it prints goes to ``FOLDER/KIND-NAME.txt``; a notebook goes with its outcome
to ``FOLDER/notebooks``. One that fails is printed with all that it said, and the exit status is 1. Examples run with
RuntimeWarning as an error. A script or notebook fails too where a text of one of its figures lies over another or is
cut off, or a colour is of no palette (``layout.py``; figures of model files are examined by the tests).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# One model file of every system, or two: their figures and tables stand on the pages of the site.
MODELS = (
    *("bursting", "balanced_network", "stdp_window", "quadratic_onset", "common_drive", "gain_modulated"),
    *("ln_exponential_pair", "ei_s8_equal_rates", "ei_trials_homeostatic", "ei_online_cross", "ei_units_two_term"),
    *("entropy_letter", "escape_adapting", "low_rank_cycle", "tangent_widths", "inhomogeneous_poisson"),
    "quadratic_neuron",
    *("up_state_network", "up_state_paradox"),
    *("ei_loss_gradient", "entropy_connectivity"),
)
# Studies that measure time run alone, after all others.
ALONE = ("network_cost",)


LAYOUT = ROOT / "docs" / "layout.py"
# Two cells more, and taken out again: every figure that a cell shows is looked at.
NOTEBOOK = f"""
import sys
import nbclient, nbformat
notebook = nbformat.read(sys.argv[1], as_version=4)
begin = "import sys; sys.path.insert(0, {str(LAYOUT.parent)!r}); import layout; sys.path.pop(0)\\n"
begin += "_watch = layout.Watch()"
cells = [nbformat.v4.new_code_cell(text) for text in (begin, "print(*_watch.found, sep=chr(10))")]
notebook.cells[:0], notebook.cells[len(notebook.cells):] = cells[:1], cells[1:]
nbclient.NotebookClient(notebook, timeout=240, kernel_name="python3").execute()
*notebook.cells, last = notebook.cells[1:]
nbformat.write(notebook, sys.argv[2])
found = "".join(output.get("text", "") for output in last.outputs).strip()
print(found, file=sys.stderr)
sys.exit(3 if found else 0)
"""


def command(script: Path, folder: Path) -> list[str]:
    """Give the command that runs a script with its figures in a folder."""
    if script.suffix == ".toml":
        return [sys.executable, "-m", "spikelearn", "run", str(script), "--quiet", "--output", str(folder)]
    if script.suffix == ".ipynb":
        return [sys.executable, "-c", NOTEBOOK, str(script), str(folder / script.name)]
    if script.parent.name == "examples":
        return [sys.executable, "-W", "error::RuntimeWarning", str(LAYOUT), str(script), str(folder)]
    return [sys.executable, str(LAYOUT), str(script), "--output", str(folder)]


def run(script: Path, output: Path) -> bool:
    """Run one script; say how it went; give whether it succeeded."""
    name = f"{script.parent.name}-{script.stem}"
    folder = output / ("notebooks" if script.suffix == ".ipynb" else name)
    if script.suffix != ".toml":  # a run makes its folder itself, whole or not at all
        folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    if script.suffix != ".ipynb":
        environment["MPLBACKEND"] = "agg"  # a notebook's figures go into the notebook
    else:
        environment.pop("MPLBACKEND", None)
    begun = time.monotonic()
    done = subprocess.run(
        command(script, folder), cwd=output, env=environment, capture_output=True, text=True, check=False
    )
    seconds = time.monotonic() - begun
    words = done.stdout.replace(f"{folder}/", "").replace(str(folder), "FOLDER")
    (output / f"{name}.txt").write_text(words, encoding="utf-8")
    state = "" if done.returncode == 0 else f": exit status {done.returncode}"
    print(f"-- {script.parent.name}/{script.name}, {seconds:.0f} s{state}", flush=True)
    if done.returncode:
        print(done.stdout, done.stderr, sep="\n", flush=True)
    return done.returncode == 0


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Run the scripts; give 1 if one of them failed, or if none was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("output", type=Path)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="file names without their ending")
    parser.add_argument("--jobs", type=int, default=1, help="scripts at a time")
    chosen = parser.parse_args(arguments)
    output = chosen.output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    patterns = ("examples/*.py", "analyses/*.py", "analyses/*.ipynb")
    scripts = [path for pattern in patterns for path in sorted(root.glob(pattern))]
    scripts += [path for path in sorted(root.glob("models/*.toml")) if path.stem in (chosen.only or MODELS)]
    if chosen.only:
        scripts = [path for path in scripts if path.stem in chosen.only]
    if not scripts:
        print("no script found")
        return 1
    together = [path for path in scripts if path.stem not in ALONE]
    with ThreadPoolExecutor(chosen.jobs) as pool:
        passed = list(pool.map(lambda script: run(script, output), together))
    passed += [run(script, output) for script in scripts if script.stem in ALONE]
    print(f"{sum(passed)} of {len(passed)} scripts ran to their end")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
