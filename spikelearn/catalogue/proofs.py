"""Run the tests that the rows of the ledger name, where there are tests: in a checkout, not in an installed package."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spikelearn.catalogue.comparisons import OUTPUT

__all__ = ["Outcome", "checkout", "run_tests"]


@dataclass(frozen=True)
class Outcome:
    """How a test ended, and what it compared.

    Parameters
    ----------
    outcome : str
        ``passed``, ``failed`` or ``skipped``.
    seconds : float
        Wall time of all its cases.
    cases : int
        How many there were.
    why : str
        Of a test that failed or was skipped: the first lines of the reason.
    compared : tuple of mapping
        Lines of the test that compared two values: ``how``, ``measured``, ``expected``, ``off`` (the largest relative
        deviation, or None) and ``times``.
    """

    outcome: str
    seconds: float
    cases: int
    why: str = ""
    compared: tuple[Mapping[str, Any], ...] = ()


def checkout() -> Path | None:
    """Give the folder that holds package, ledger and tests; None for an installed package, which has no tests."""
    root = Path(__file__).resolve().parents[2]
    there = (
        (root / "tests").is_dir() and (root / "docs" / "ledger.toml").is_file() and (root / "pyproject.toml").is_file()
    )
    return root if there else None


def run_tests(names: Sequence[str], *, root: Path | None = None) -> dict[str, Outcome]:
    """Run tests in a process of their own, slow ones too.

    Parameters
    ----------
    names : sequence of str
        Tests as the ledger names them, ``tests/file.py::test_name``; each is run once.
    root : Path, optional
        The checkout, `checkout` by default.

    Returns
    -------
    dict of str to Outcome
        A test that pytest does not find has failed.

    Raises
    ------
    ValueError
        There is no checkout.
    ImportError
        pytest is not installed.
    RuntimeError
        pytest ended before it could run anything; with the end of what it said.
    """
    root = root or checkout()
    if root is None:
        raise ValueError(
            "the tests of the ledger are no part of an installed package: run this in a checkout of the repository"
        )
    try:
        import pytest  # noqa: F401
    except ImportError as missing:
        raise ImportError("the tests of the ledger need pytest: install the package with its extra 'test'") from missing
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        notes = Path(folder) / "notes.json"
        notes.write_text(json.dumps(wanted), encoding="utf-8")
        files = dict.fromkeys(name.partition("::")[0] for name in wanted)
        command = [sys.executable, "-m", "pytest", "-vv", "-m", "", "-p", "no:cacheprovider", "--tb=short"]
        command += ["-p", "spikelearn.catalogue.comparisons", "-o", "enable_assertion_pass_hook=true"]
        command += [name for name in files if (root / name).is_file()]
        places = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
        surroundings = {**os.environ, OUTPUT: str(notes), "PYTHONPATH": os.pathsep.join(places)}
        done = subprocess.run(command, cwd=root, env=surroundings, capture_output=True, text=True, check=False)
        found = json.loads(notes.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise RuntimeError(f"pytest ended with {done.returncode}: {(done.stdout + done.stderr).strip()[-400:]}")
    return {name: _outcome(found, name) for name in wanted}


def _outcome(found: Mapping[str, dict[str, Any]], name: str) -> Outcome:
    entry = found.get(name) or found.get(name.partition("::")[0])
    if entry is None:
        return Outcome("failed", 0.0, 0, "pytest did not run it")
    return Outcome(**{**entry, "compared": tuple(entry["compared"])})
