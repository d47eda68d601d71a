"""Warnings of a command are a line each, whether Brian2 has been loaded or not."""

import importlib
import logging
import subprocess
import sys
import warnings

import pytest

from spikelearn.cli.app import main
from spikelearn.cli.warned import plain_warnings


def test_what_reading_warns_of_is_said_in_a_fresh_process(tmp_path):
    """Brian2 takes all warnings for its log when it is loaded, which reading does."""
    file = tmp_path / "gap.csv"
    file.write_text("unit,time\n3,0.1\n3,0.2\n5,0.15\n5,0.4\n")
    command = [
        sys.executable,
        "-m",
        "spikelearn",
        "analyse",
        str(file),
        "--t-stop",
        "1",
        "--output",
        str(tmp_path / "o"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    said = [line for line in (done.stdout + done.stderr).splitlines() if "taken for missing" in line]
    assert len(said) == 1
    assert "pass --all-units to list all" in said[0]
    assert "UserWarning" not in done.stdout + done.stderr
    assert ".py" not in done.stdout + done.stderr


@pytest.mark.parametrize("captured", [False, True])
def test_a_warning_is_one_line(capsys, captured):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        before = warnings.showwarning, warnings.formatwarning
        with plain_warnings():
            if captured:
                logging.captureWarnings(False)
                logging.captureWarnings(True)
            try:
                warnings.warn("two\nlines", UserWarning, stacklevel=1)
            finally:
                logging.captureWarnings(False)
        assert (warnings.showwarning, warnings.formatwarning) == before
    assert capsys.readouterr().err == "spikelearn: warning: two lines\n"


def test_a_caller_in_the_same_process_keeps_its_own_warnings(monkeypatch):
    module = importlib.import_module("spikelearn.cli.app")
    monkeypatch.setattr(module, "app", lambda **_: warnings.warn("mine", UserWarning, stacklevel=1))
    with pytest.warns(UserWarning, match="mine"):
        main(["list"])
