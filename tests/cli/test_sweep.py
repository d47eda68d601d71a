import json
from pathlib import Path

import pytest
import xarray as xr

from spikelearn.cli import main
from spikelearn.cli import sweep as command
from spikelearn.sweeps import executors

FILE = """
title = "Intervals over the drive"
[model]
system = "AdaptiveLIF"
parameters = { V_0 = "30 mV", delta_g = 0.0 }
[run]
duration = "0.5 s"
[sweep]
grid = { V_0 = ["10 mV", "20 mV", "30 mV"] }
measure = ["mean_interval"]
[[expected]]
quantity = "mean_interval"
formula = "time_to_spike"
value = "6.931471805599453 ms"
rtol = 1e-9
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "drive.toml").write_text(FILE)
    return tmp_path


def call(*arguments):
    try:
        main(list(arguments))
    except SystemExit as left:
        return left.code
    return 0


def test_a_model_file_is_swept_shown_and_gone_on_with(here, capsys):
    assert call("sweep", "drive.toml", "-q") == 0
    said = capsys.readouterr().out
    assert "points: V_0 3; failed: 0" in said
    assert "mean_interval: 0.00693147 to 0.0138629 s" in said
    folder = here / "runs" / "drive-sweep"
    with xr.open_dataset(folder / "sweep.nc", engine="h5netcdf") as found:
        assert found["mean_interval"].attrs["units"] == "s"
        assert found["mean_interval"].isnull().values.tolist() == [True, False, False]
    assert (folder / "figure.png").stat().st_size > 5000
    assert call("sweep", "--status", str(folder)) == 0
    assert "AdaptiveLIF: 3 of 3 points done" in capsys.readouterr().out
    before = sorted((folder / "parts").iterdir())
    assert call("sweep", "drive.toml", "-q", "--workers", "2") == 0
    assert sorted((folder / "parts").iterdir()) == before
    capsys.readouterr()
    (here / "drive.toml").write_text(FILE.replace("0.5 s", "0.6 s"))
    assert call("sweep", "drive.toml", "-q") == 2
    assert "holds another sweep: what.run is" in capsys.readouterr().err
    assert call("sweep", "drive.toml", "-q", "--store", "other", "--workers", "2") == 0
    assert "failed: 0" in capsys.readouterr().out


def test_only_a_store_that_is_there_is_resumed_and_failures_are_tried_again(here, capsys):
    assert call("sweep", "drive.toml", "-q", "--resume") == 2
    error = capsys.readouterr().err
    assert "must hold a sweep" in error
    assert not (here / "runs").exists()
    (here / "drive.toml").write_text(
        FILE.replace('grid = { V_0 = ["10 mV", "20 mV", "30 mV"] }', "grid = { n = [0, 1] }")
    )
    for more in ([], ["--resume"], ["--resume", "--retry-failed"]):
        assert call("sweep", "drive.toml", "-q", *more, "--workers", "1") == 0
        assert "1 failed: ValueError: n must be at least 1, got 0" in capsys.readouterr().out


def test_an_interrupt_says_how_many_points_are_kept_and_how_to_go_on(here, capsys, monkeypatch):
    true, calls = executors.chunk_together, []

    def stopped(*given):
        calls.append(given)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return true(*given)

    with monkeypatch.context() as patched:
        patched.setattr(executors, "chunk_together", stopped)
        patched.setattr(executors, "_FIRST", 1)
        patched.setattr(executors, "_TOGETHER", 1)
        assert call("sweep", "drive.toml", "--json") == 130
        said = capsys.readouterr()
    assert "nothing was written" not in said.out + said.err
    answer = json.loads(said.out)
    assert answer["interrupted"] is True
    assert [row["mean_interval"] is None for row in answer["table"]] == [True, False, True]
    place = Path("runs") / "drive-sweep"
    with monkeypatch.context() as patched:
        patched.setattr(command, "save_figure", _interrupted)
        assert call("sweep", "drive.toml", "-q") == 130
    line = f"interrupted; 3 of 3 points are kept in {place}: the same command goes on there"
    assert capsys.readouterr().out.splitlines()[-1] == line
    assert call("sweep", "drive.toml", "-q") == 0
    capsys.readouterr()
    with monkeypatch.context() as patched:
        patched.setattr(command.catalogue, "load", _interrupted)
        assert call("sweep", "drive.toml", "-q", "--store", "new") == 130
    assert capsys.readouterr().err.splitlines()[-1] == "spikelearn: interrupted; nothing was written"


def _interrupted(*_given, **_named):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('measure = ["mean_interval"]', "", "must have a measure, such as measure = ['spike_count']"),
        ("grid = ", "grids = ", "[sweep] has no key 'grids'; did you mean 'grid'?"),
        ("V_0 = [", "V0 = [", "no parameter or key of [run] 'V0'"),
        ('["10 mV", "20 mV", "30 mV"]', '"10 mV"', "grid V_0 must be a flat sequence of values"),
    ],
)
def test_a_table_that_does_not_fit_is_said_in_one_line(here, capsys, old, new, message):
    (here / "drive.toml").write_text(FILE.replace(old, new))
    assert call("sweep", "drive.toml", "-q") == 2
    error = capsys.readouterr().err.strip()
    assert message in error
    assert "\n" not in error


def test_what_the_command_needs(here, capsys):
    assert call("sweep") == 2
    assert "a model file, or --status" in capsys.readouterr().err
    assert call("sweep", "--status", "nowhere") == 2
    assert "must hold a sweep" in capsys.readouterr().err
    assert call("sweep", "drive.toml", "--dask", "tcp://127.0.0.1:1", "--workers", "2") == 2
    assert "--workers or --dask, not both" in capsys.readouterr().err
