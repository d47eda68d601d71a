"""What is loaded when, and which package may import which."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import spikelearn

ROOT = Path(spikelearn.__file__).parent
HEAVY = {"brian2", "scipy", "sympy", "pandas", "xarray", "matplotlib", "numba", "tqdm", "h5netcdf"}
# Each layer may import itself and those before it.
LAYERS = [
    {
        "parameters",
        "spikes",
        "alignment",
        "concatenation",
        "selection",
        "spike_checks",
        "binning",
        "storage",
        "recording",
        "initial",
        "run_arguments",
        "provenance",
        "compiled",
        "targets",
    },
    {"expressions", "rate_model", "reserved", "rule"},
    {"brian", "analyses", "eventdriven", "symbolic", "plotting", "interop", "jacobians"},
    {"sources", "models", "rules"},
    {"brian_engine", "exact_engine", "standalone", "verdicts", "simulation", "network"},
    {"systems"},
    {"catalogue", "sweeps"},
    {"commands"},
    {"cli"},
    {"__main__"},
]


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


def layer_of(name):
    found = [k for k, layer in enumerate(LAYERS) if name in layer]
    assert found, f"{name} has no layer: add it to LAYERS"
    return found[0]


def imports_of(path):
    """Absolute imports of the package made when the module is loaded."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("spikelearn"):
            parts = node.module.split(".")[1:]
            yield from [parts[0]] if parts else [alias.name for alias in node.names]


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_dependencies_point_one_way(path):
    own = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if own == "__init__":
        return
    for name in imports_of(path):
        if name != "__version__":
            assert layer_of(name) <= layer_of(own), f"{own} must not import {name}"


def test_analyses_do_not_import_brian2():
    for path in (ROOT / "analyses").rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                assert "brian2" not in ast.unparse(node), path
