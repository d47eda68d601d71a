"""The aims of the benchmarks: what is met, what is missed, and what the exit status says of it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "benchmarks"
SCRIPT = """
import sys
import aims

def main():
    assert "--assert" not in sys.argv, "the benchmark reads a command line of its own"
    aims.aim("ratio", {ratio}, at_least=2)
    aims.aim("time (s)", 0.5, at_most=0.5)
    aims.aim("share", 0.3, at_least=0.2, at_most=0.4)

aims.run(main)
"""


def run(ratio, *options):
    """Give exit status and lines of a small benchmark."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(ratio=ratio), *options],
        env={"PYTHONPATH": str(FOLDER)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert not done.stderr
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize("options", [(), ("--assert",), ("--full", "--assert", "3")])
def test_aims_that_are_met_end_well(options):
    status, lines = run(2.0, *options)
    assert status == 0
    assert lines[0] == "  aim met: ratio 2 (at least 2)"
    assert lines[2:] == ["  aim met: share 0.3 (at least 0.2, at most 0.4)", "3 of 3 aims met"]


@pytest.mark.parametrize("ratio", ["1.99", "float('nan')"])
def test_a_missed_aim_is_said_and_fails_where_asked(ratio):
    for options, expected in (((), 0), (("--assert",), 1)):
        status, lines = run(ratio, *options)
        assert status == expected
        assert lines[0].startswith("  aim MISSED: ratio ")
        assert lines[-1] == "2 of 3 aims met"


def test_an_aim_has_an_end():
    done = subprocess.run(
        [sys.executable, "-c", "import aims; aims.aim('ratio', 2.0)"],
        env={"PYTHONPATH": str(FOLDER)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "aim: 'ratio' must have at_most or at_least, got neither" in done.stderr


def test_benchmarks_that_name_targets_state_them_as_aims():
    for path in sorted(FOLDER.glob("bench_*.py")):
        text = path.read_text(encoding="utf-8")
        stated, named = "aims.aim(" in text, re.search(r"\bTargets?\b|\(targets? \d|(promised|required)\)", text)
        assert stated == ("aims.run(main)" in text), f"{path.name} must end with aims.run(main)"
        assert stated or not named, f"{path.name} must state {named} by aims.aim"
    assert len(list(FOLDER.glob("bench_*.py"))) > 15
