import json
import os
import runpy
import signal
import subprocess
import sys
import time

import pytest
from brian2 import DimensionMismatchError

from spikelearn import catalogue
from spikelearn.cli import main

QUICK = """
title = "Two spikes"
[model]
system = "AdaptiveLIF"
parameters = { V_0 = "30 mV", delta_g = 0.4, tau_K = "inf s" }
[run]
duration = "100 ms"
record = ["u", "g"]
[[expected]]
quantity = "spike_count"
formula = "spikes_until_silence"
value = 2
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quick.toml").write_text(QUICK)
    return tmp_path


def call(*arguments):
    """Run the command line; give its exit status."""
    try:
        main(list(arguments))
    except SystemExit as leave:
        return leave.code or 0
    return 0


def test_list_and_show(capsys):
    assert call("list") == 0
    out = capsys.readouterr().out
    assert all(name in out for name in catalogue.names())
    assert call("show", "bursting") == 0
    out = capsys.readouterr().out
    assert "burst_period = 4.362356691 s, formula burst_period" in out
    assert "t_d = 2. s" in out


def test_run_prints_the_table_and_writes_everything(here, capsys):
    assert call("run", "quick.toml") == 0
    out = capsys.readouterr().out
    assert out.splitlines()[2].split() == [
        "quantity",
        "formula",
        "predicted",
        "expected",
        "measured",
        "error",
        "verdict",
    ]
    assert "spike_count" in out
    folder = here / "runs" / "quick"
    assert {"figure.png", "spikes.nc", "traces.nc", "check.csv", "manifest.json"} == set(os.listdir(folder))
    assert (folder / "figure.png").read_bytes().startswith(b"\x89PNG")
    manifest = json.loads((folder / "manifest.json").read_text())
    assert set(manifest["files"]) == {"figure.png", "spikes.nc", "traces.nc", "check.csv"}
    assert manifest["provenance"]["parameters"]["V_0"] == 0.03
    assert call("run", "quick.toml") == 0, "earlier results of the same name are replaced"


def test_a_miss_leaves_with_status_1(here, capsys):
    (here / "quick.toml").write_text(QUICK.replace("value = 2", "value = 3"))
    assert call("check", "quick.toml") == 1
    assert "measurement off" in capsys.readouterr().out
    assert call("run", "quick.toml") == 1
    assert call("check", "spikes_until_silence") == 0


def test_without_expected_values_there_is_nothing_to_compare(here, capsys):
    (here / "quick.toml").write_text(QUICK.split("[[expected]]")[0])
    assert call("check", "quick.toml") == 0
    assert capsys.readouterr().out.endswith("nothing to compare\n")
    assert call("run", "quick.toml") == 0
    assert "no expected values: nothing to compare" in capsys.readouterr().out


def test_python_m_spikelearn_is_the_command_line(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["spikelearn", "--version"])
    with pytest.raises(SystemExit) as left:
        runpy.run_module("spikelearn", run_name="__main__", alter_sys=False)
        raise SystemExit(0)
    assert not left.value.code
    assert capsys.readouterr().out.startswith("spikelearn ")


@pytest.mark.parametrize(
    "error", [MemoryError("Unable to allocate 9 TiB"), DimensionMismatchError("units\ndo not fit")]
)
def test_memory_and_units_are_one_line(monkeypatch, capsys, error):
    def fail():
        raise error

    monkeypatch.setattr("spikelearn.cli.catalogue.listing", fail)
    assert call("list") == 2
    message = capsys.readouterr().err
    assert message.startswith("spikelearn: ")
    assert message.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "burstin"], "the catalogue has no configuration 'burstin'; did you mean 'bursting'"),
        (["run", "absent.toml"], "model file absent.toml does not exist"),
        (["show", "absent.toml"], "model file absent.toml does not exist"),
        (["run", "quick.toml", "--engine", "exakt"], "AdaptiveLIF has no engine 'exakt'"),
        (["run", "quick.toml", "--engine", "brian2", "--target", "gpu"], "Brian2 has no target 'gpu'"),
        (["run", "quick.toml", "--output", "quick.toml"], "quick.toml must be a folder"),
        (["run", "quick.toml", "--output", "quick.toml/deeper"], "cannot write into"),
    ],
)
def test_what_the_user_can_mend_is_one_line(here, capsys, arguments, message):
    before = sorted(os.listdir(here))
    assert call(*arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("spikelearn: ")
    assert message in error
    assert error.count("\n") == 1
    assert sorted(os.listdir(here)) == before, "nothing half-written"


def test_unknown_commands_and_options_are_explained(capsys):
    assert call("rum") == 2
    assert "rum" in capsys.readouterr().err
    assert call("run", "bursting", "--enigne", "exact") == 2
    assert call("--version") == 0
    assert capsys.readouterr().out.startswith("spikelearn ")


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ on Windows")
def test_ctrl_c_leaves_nothing_behind(here):
    long = QUICK.replace('"100 ms"', '"2000 s"').replace("[run]", "[run]\ndt = '0.01 ms'")
    (here / "long.toml").write_text(long)
    command = [
        sys.executable,
        "-m",
        "spikelearn",
        "run",
        "long.toml",
        "--engine",
        "brian2",
        "--target",
        "numpy",
        "--yes-long",
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (here / "runs").is_dir() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    error = process.communicate(timeout=60)[1]
    assert process.returncode == 130, error
    assert error.splitlines()[-1] == "spikelearn: interrupted; nothing was written"
    assert sorted(os.listdir(here)) == ["long.toml", "quick.toml"]
