"""What is loaded when, and which room may import which."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import spikelearn

ROOT = Path(spikelearn.__file__).parent
HEAVY = {"brian2", "scipy", "sympy", "pandas", "xarray", "matplotlib", "numba", "tqdm", "h5netcdf"}
# Rooms from the ground floor up: each may import itself and those before it, in any import of any of its files.
FLOORS = (
    "arrays",
    "compiled",
    "progress",
    "parameters",
    "storage",
    "spikes",
    "formulas",
    "simulation",
    "brian",
    "rules",
    "eventdriven",
    "plotting",
    "analyses",
    "interop",
    "catalogue",
    "models",
    "symbolic",
    "sources",
    "network",
    "derivatives",
    "sweeps",
    "cli",
    "__main__",
)
# Systems that build on another system, which comes first.
UPON = {
    "quadratic": {"equation_neuron"},
    "ei_trials": {"ei_rate"},
    "ei_units": {"ei_rate", "ei_trials"},
    "up_state_network": {"ei_rate", "ei_trials"},
}
# Only these files of a system, a source room or the network may reach for the catalogue and for plotting.
DOORS = {"entry.py", "figure.py"}
SYSTEMS = {"models", "sources", "network"}


def loaded_by(code):
    report = "import sys; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    result = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True, timeout=60
    )
    return set(result.stdout.splitlines()[-1].split())


def test_the_package_loads_nothing_heavier_than_numpy():
    assert not loaded_by("import spikelearn; spikelearn.SpikeTrains; spikelearn.__version__") & HEAVY


def test_help_loads_no_simulator():
    code = "from spikelearn.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n    pass"
    assert not loaded_by(code) & (HEAVY | {"numpy"})


def imports_of(path):
    """Every import of the package in a file, those inside functions too, as parts of the module's name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "spikelearn":
            parts = node.module.split(".")[1:]
            yield from [parts] if parts else [[alias.name] for alias in node.names]
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1:] for alias in node.names if alias.name.split(".")[0] == "spikelearn")


def floor_of(room):
    assert room in FLOORS, f"{room} has no floor: add it to FLOORS"
    return FLOORS.index(room)


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_arrow_runs_up(path):
    parts = path.relative_to(ROOT).parts
    own = parts[0].removesuffix(".py")
    if own == "__init__":
        return
    system = parts[1].removesuffix(".py") if own == "models" and len(parts) > 2 else None
    for found in imports_of(path):
        if found in ([], ["__version__"]):
            assert found, f"{own} must not import the whole package"
            continue
        room = found[0]
        if room == "models" == own:
            beside = found[1:2] != [system] and system is not None
            assert not beside or found[1] in UPON.get(system, set()), (
                f"models/{system} must not import {'.'.join(found)}"
            )
            continue
        assert floor_of(room) <= floor_of(own), f"{own} must not import {'.'.join(found)}"
        if own in SYSTEMS and room in {"catalogue", "plotting"}:
            assert path.name in DOORS, f"{path.name} must not import {room}"


def test_analyses_do_not_import_brian2():
    for path in (ROOT / "analyses").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                assert "brian2" not in ast.unparse(node), path
