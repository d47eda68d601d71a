"""The test of every ledger row notices an error in the function that the row names."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


# Rows that are held to it; those of 002 Q4 need mutants of their own where a tenth on everything is no error.
HELD = ("000", "001", "002 Q1", "002 Q3", "003")


def run(*arguments):
    command = [sys.executable, str(ROOT / "tests" / "mutants.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=1800)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="every error has a process of its own, made by fork")
def test_rows_notice_their_errors():
    """Forty rows; all of them, about ten minutes, by ``python tests/mutants.py`` with the documents of `HELD`."""
    found = run("--quiet", "--sample", "40", *HELD)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="every error has a process of its own, made by fork")
def test_an_error_is_planted_and_caught():
    found = run("003 Table 1, is")
    assert found.stdout.count("caught") == 2, found.stdout + found.stderr
    assert found.returncode == 0
