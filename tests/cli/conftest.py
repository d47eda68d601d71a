"""A model file of milliseconds, and a call of the command line that gives its exit status."""

import pytest

from spikelearn.cli import main

QUICK = """
title = "Two spikes"
[model]
system = "AdaptiveLIF"
parameters = { V_0 = "30 mV", delta_g = 0.4, tau_K = "inf s" }
[run]
duration = "100 ms"
record = ["u", "g"]
[sweep]
grid = { V_0 = ["20 mV", "30 mV"] }
measure = ["spike_count"]
[[expected]]
quantity = "spike_count"
formula = "spikes_until_silence"
value = 2
"""


@pytest.fixture
def quick(tmp_path, monkeypatch):
    """A folder of its own to work in, with the model file quick.toml and a table of spikes, cells.csv."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quick.toml").write_text(QUICK)
    rows = [
        f"{unit},{trial},{0.05 * k + 0.01 * unit + 0.001 * trial}"
        for unit in (0, 1)
        for trial in (0, 1, 2)
        for k in range(5)
    ]
    (tmp_path / "cells.csv").write_text("\n".join(["unit,trial,time", *rows]) + "\n")
    times = [f"0,{0.013862943611 * k:.12f}" for k in range(1, 14)]
    (tmp_path / "fires.csv").write_text("\n".join(["unit,time", *times]) + "\n")
    return tmp_path


@pytest.fixture
def undrawn(monkeypatch):
    """Runs write a few bytes for a figure: drawing takes most of the time of a short run."""
    monkeypatch.setattr("spikelearn.cli.run.saved_figure", lambda _draw, path: path.write_bytes(b"drawn") and "")


@pytest.fixture
def call():
    """Run the command line; give its exit status."""

    def run(*arguments):
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as left:
            return left.code or 0
        return 0

    return run
