"""Every command answers programs as well as people: JSON, CSV, exit status 0, 1 or 2, and refusals in one line."""

import contextlib
import csv
import io
import json
import logging
import subprocess
import sys

import pytest
import typer.main

from spikelearn.cli.answers import Answer, Commands, as_csv, as_json
from spikelearn.cli.app import app

COMMANDS = typer.main.get_command(app).commands
# Arguments with which each command answers; a new command brings its own.
ARGUMENTS = {
    "list": [],
    "show": ["quick.toml"],
    "systems": ["AdaptiveLIF"],
    "run": ["quick.toml", "-q"],
    "check": ["quick.toml"],
    "analyse": ["cells.csv", "--t-stop", "0.3 s"],
    "fit": ["fires.csv", "--free", "V_0", "--set", "delta_g=0", "--t-stop", "0.2 s"],
    "derive": ["(E - E_set)**2/2"],
    "sweep": ["quick.toml", "-q", "--workers", "1"],
    "targets": [],
    "new": ["mine"],
    "copy": ["bursting"],
    "completion": ["bash"],
    "complete": ["--", "run", "burs"],
}
# Something wrong with each command, and a part of what is said about it.
WRONG = {
    "list": (["extra"], "extra"),
    "show": (["burstin"], "did you mean 'bursting'?"),
    "systems": (["AdaptiveLif"], "did you mean 'AdaptiveLIF'?"),
    "run": (["quick.toml", "--set", "V0=1 mV"], "did you mean 'V_0'?"),
    "check": (["quick.toml", "nope"], "no configuration 'nope'"),
    "fit": (["fires.csv", "--free", "V0", "--t-stop", "0.2 s"], "V_0"),
    "analyse": (["cells.csv"], "does not say when the recording ended; pass --t-stop"),
    "derive": (["(E - E_set)**2/2", "--set", "g_e=2"], "did you mean 'g_E'?"),
    "sweep": ([], "must get a model file, or --status"),
    "targets": (["extra"], "extra"),
    "new": (["mine", "--system", "Nothing"], "has no system 'Nothing'"),
    "copy": (["burstin"], "did you mean 'bursting'?"),
    "completion": (["tcsh"], "completion has no shell 'tcsh'"),
    "complete": (["--engine"], "--engine"),
}


def test_every_command_is_tested_here():
    assert set(ARGUMENTS) == set(WRONG) == set(COMMANDS), "a new command needs a line in ARGUMENTS and in WRONG"


@pytest.mark.parametrize("name", COMMANDS)
def test_json_parses_and_holds_the_table_of_csv(name, quick, call, capsys, undrawn):
    assert call(name, "--json", *ARGUMENTS[name]) == 0
    out = capsys.readouterr().out
    found = json.loads(out, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert out.count("\n") == 1
    assert found["command"] == name
    assert found["status"] == 0
    assert found["table"], "every command has a table"
    for made in ("mine.toml", "bursting.toml"):
        (quick / made).unlink(missing_ok=True)
    assert call(name, "--csv", *ARGUMENTS[name]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == len(found["table"])
    assert list(rows[0]) == list(found["table"][0])
    for row, same in zip(rows, found["table"], strict=True):
        for key, value in same.items():
            if isinstance(value, str):
                assert row[key] == value
            elif isinstance(value, float):
                assert float(row[key]) == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_wrong_is_said_in_one_line_and_status_2(name, quick, call, capsys):
    arguments, message = WRONG[name]
    before = sorted(path.name for path in quick.iterdir())
    for form in ([], ["--json"]):
        assert call(name, *form, *arguments) == 2
        out, error = capsys.readouterr()
        assert message in error
        assert out == ""
        assert error.startswith("spikelearn: ")
        assert error.count("\n") == 1
    assert sorted(path.name for path in quick.iterdir()) == before


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_h_is_help(name, call, capsys):
    assert call(*([name] if name else []), "-h") == 0
    said = capsys.readouterr().out
    assert said.startswith("Usage: ")
    assert not name or "--json" in said


def test_json_and_csv_exclude_each_other(call, capsys):
    assert call("list", "--json", "--csv") == 2
    assert "--json or --csv, not both" in capsys.readouterr().err


def test_a_miss_is_status_1_in_json_too(quick, call, capsys):
    text = (quick / "quick.toml").read_text()
    (quick / "quick.toml").write_text(text.replace("value = 2", "value = 3"))
    assert call("check", "quick.toml", "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert found["status"] == 1
    assert found["table"][0] | {"verdict": ""} == {
        "configuration": "quick", "quantity": "spike_count", "unit": "1", "formula": "spikes_until_silence",
        "predicted": 2.0, "expected": 3.0, "measured": 2.0, "error": pytest.approx(1 / 3), "verdict": "",
    }  # fmt: skip
    assert found["table"][0]["verdict"] == "measurement off and formula off"


def test_no_name_is_run_before_all_are_known(quick, call, capsys, monkeypatch):
    from spikelearn import catalogue

    monkeypatch.setattr(catalogue, "run", lambda *_, **__: pytest.fail("something was run"))
    assert call("check", "quick.toml", "nope") == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("status", [0, 1])
def test_a_command_that_only_prints_has_json_too(status, capsys):
    other = Commands()

    @other.callback()
    def several():
        pass

    @other.command()
    def fit():
        typer.echo("a\nb")
        if status:
            raise typer.Exit(status)

    with pytest.raises(SystemExit) if status else contextlib.nullcontext() as left:
        other(["fit", "--json"], standalone_mode=False)
    assert not status or left.value.code == 1
    found = json.loads(capsys.readouterr().out)
    assert found == {"command": "fit", "status": status, "table": [{"line": "a"}, {"line": "b"}]}


def test_answers_are_written_so_that_they_read_back():
    said = as_json("new", Answer("a\nb", [{"line": "a"}, {"line": "b"}]))
    assert json.loads(said)["table"] == [{"line": "a"}, {"line": "b"}]
    assert as_csv(Answer(rows=[{"a": 1}, {"b": [1, None]}])) == 'a,b\n1,\n,"[1, null]"\n'


def test_verbose_tells_what_is_done_and_leaves_the_loggers_as_they_were(quick, call, capsys, undrawn):
    before = logging.getLogger("spikelearn").handlers[:]
    assert call("run", "quick.toml", "-q") == 0
    assert capsys.readouterr().err == ""
    assert call("run", "quick.toml", "-q", "-v", "--json") == 0
    out, error = capsys.readouterr()
    assert json.loads(out)["engine"] == "exact"
    assert "INFO  spikelearn.simulation.simulate: AdaptiveLIF on the engine exact: 0.1 s of model time" in error
    assert "INFO  spikelearn.storage.files: wrote the folder runs/quick" in error
    assert "DEBUG" not in error
    assert call("show", "quick.toml", "-vv") == 0
    assert "DEBUG spikelearn.catalogue.files: reading quick.toml" in capsys.readouterr().err
    assert logging.getLogger("spikelearn").handlers == before


def test_listing_loads_no_simulator():
    code = "from spikelearn.cli import main; main(['list'])"
    code += "; import sys; print(sorted(m.split('.')[0] for m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    loaded = done.stdout.splitlines()[-1]
    assert not any(f"'{name}'" in loaded for name in ("brian2", "numpy", "numba", "scipy", "xarray"))
