"""Runs too large are announced before they start."""

import warnings

import pytest

import spikelearn as sl
from spikelearn.cli import main
from spikelearn.simulation.simulable import RunSettings
from spikelearn.simulation.size import LongRun, announce, foresee

LIF = sl.AdaptiveLIF(V_0="30 mV")
FILE = """
title = "for ever"
[model]
system = "AdaptiveLIF"
parameters = {{ V_0 = "30 mV"{parameters} }}
[run]
{run}
"""


def settings(**changes):
    return RunSettings(**{"duration": 1.0, "dt": 1e-4, "record_dt": 1e-4, **changes})


def test_the_size_is_that_of_the_run():
    """By hand: 1e4 steps, 3 neurons at 100 Hz, 16 bytes a spike, 8 bytes a sample and neuron."""
    size = foresee(LIF, settings(n=3, record=("u",), record_dt=1e-3), "brian2")
    assert size.steps == pytest.approx(1e4)
    assert size.spikes == 300.0
    waiting = 32.0 * float(LIF.arrival_delay({}, 1)) / 1e-4
    assert size.memory == pytest.approx(300 * 16 + 1000 * 3 * 8 + waiting)
    exact = foresee(LIF, settings(n=3), "exact")
    assert (exact.steps, exact.memory) == (0.0, 4800.0)
    assert foresee(LIF, settings(record=("counts",)), "exact").memory == 0.0
    trials = foresee(sl.EscapeNoise(), settings(options={"n_trials": 50}), "array")
    assert trials.spikes == pytest.approx(100.0 * 50)


@pytest.mark.parametrize(
    ("changes", "engine", "reason"),
    [
        ({"duration": 9007199254740993.0}, "exact", "GiB of this machine and more than an hour: about 9e"),
        ({"duration": 1e308}, "exact", "more than an hour"),
        ({"duration": 1e8}, "brian2", "more than an hour: 1e[+]12 steps"),
        ({"n": 2**31 - 1, "duration": 1e3}, "exact", "GiB of this machine"),
    ],
)
def test_what_is_too_large_is_announced(changes, engine, reason):
    with pytest.warns(LongRun, match=rf"this run may need more than .*{reason}"):
        announce(foresee(LIF, settings(**changes), engine))


def test_delays_take_room_on_brian2():
    slow = sl.AdaptiveLIF(t_d="1e7 s")
    with pytest.warns(LongRun, match="GiB of this machine"):
        announce(foresee(slow, settings(), "brian2"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        announce(foresee(slow, settings(), "exact"))
        announce(foresee(LIF, settings(duration=1000.0, n=100), "brian2"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"duration": 1, "record": "u", "record_dt": 5e-324}, "record_dt must be at least duration/2"),
        ({"duration": 1e308, "record": "u"}, "record_dt must be at least duration/2"),
        ({"duration": 1, "dt": 5e-324, "engine": "brian2"}, "dt must be at least duration/2"),
        ({"duration": 10**400}, "duration must be below 1.8e308"),
        ({"duration": "1e999 s"}, "a quantity must be below 1.8e308"),
        ({"duration": 1, "n": 10**30}, "n must be at most 2147483647"),
    ],
)
def test_what_cannot_be_counted_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        sl.simulate(LIF, **arguments)


@pytest.mark.parametrize("command", ["run", "check"])
def test_the_command_line_refuses_long_runs_unless_asked(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "long.toml").write_text(FILE.format(parameters="", run="duration = 9007199254740993"))
    with pytest.raises(SystemExit) as left:
        main([command, "long.toml"])
    assert left.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("spikelearn: this run may need more than")
    assert said.rstrip().endswith("give --yes-long to run it nevertheless")
    assert said.count("\n") == 1
    assert not list(tmp_path.glob("runs/*"))


def test_a_long_run_that_was_asked_for_is_announced_and_made(tmp_path, monkeypatch, capsys):
    """Its limit lowered, so that the test is short."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("spikelearn.simulation.size._PATIENCE", 0.0)
    (tmp_path / "long.toml").write_text(FILE.format(parameters="", run='duration = "100 ms"'))
    main(["check", "long.toml", "--yes-long"])
    assert "spikelearn: this run may need more than an hour: about 1e+01 spikes" in capsys.readouterr().err
