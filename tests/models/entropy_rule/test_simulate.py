"""The rule through simulate(), the catalogue's own check, model files and studies."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.catalogue.checks import check_system
from spikelearn.models.entropy_rule.cases import build_case

RULE = sl.EntropyRule(l_net=20.0, gamma=30.0, epsilon=0.05)
STUDIES = Path(__file__).parents[3] / "analyses"


def test_simulate_gives_what_learn_gives(cycle):
    frames, dt = cycle.frames(400), cycle.period / 400
    recording = sl.simulate(RULE, 400 * dt, dt=dt, record_dt=40 * dt, input=frames)
    run = RULE.learn(frames, dt, 400 * dt, record_every=40, terms=True)
    assert recording.spikes is None
    assert set(recording.traces) == set(RULE.recordable) == set(run.traces)
    for name in run.traces:
        np.testing.assert_array_equal(recording.traces[name].values, run.traces[name].values)
    assert recording.provenance["engine"] == "array"
    assert recording.provenance["parameters"]["l_net"] == 20.0
    only = sl.simulate(RULE, 400 * dt, dt=dt, record_dt=400 * dt, record="W", input=frames, state=run.state)
    assert list(only.traces) == ["W"]
    np.testing.assert_array_equal(only.traces.W.values[-1], RULE.learn(frames, dt, 400 * dt, state=run.state).W)
    assert {"dw/dt", "drive_post"} <= {line.split(" = ")[0] for line in RULE.equations.splitlines()}


def test_the_system_keeps_the_contract():
    assert check_system("EntropyRule") == ["array", "brian2"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, r"EntropyRule must be run with input=, one period as an array"),
        ({"input": 0, "n": 3}, "n must be left out for an EntropyRule"),
        ({"input": 0, "record": "w"}, "has no variable 'w'"),
        ({"input": 0, "record": "counts"}, "record='counts' must be left out: rates have no spikes"),
        ({"input": 0, "record_dt": 0.013}, "record_dt must be a whole multiple of dt = 0.01 s, got 0.013 s"),
        ({"input": 0, "method": "euler"}, "method must be left out for an EntropyRule, got 'euler'"),
        ({"inputs": 0}, "EntropyRule has no run argument 'inputs'; did you mean 'input'"),
    ],
)
def test_refusals(arguments, message):
    t = 2 * np.pi * np.arange(40) / 40
    wave = np.stack([np.cos(t), np.sin(t)], axis=1)
    given = {key: wave if key.startswith("input") else value for key, value in arguments.items()}
    with pytest.raises(ValueError, match=message):
        sl.simulate(RULE, 1.0, dt=0.01, **given)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"task": "leter"}, "EntropyRule has no task 'leter'; did you mean 'letter'"),
        ({"task": "letter", "N": 5}, "EntropyRule.N must be left out for the task 'letter', got 5"),
        ({"task": "letter", "primer": "quarter"}, "EntropyRule has no primer 'quarter'"),
        ({"task": "grid", "coding": "one_zero"}, "has no coding 'one_zero'"),
        ({"steps": 5}, "EntropyRule.steps must be at least 16, got 5"),
    ],
)
def test_cases_that_do_not_fit(parameters, message):
    with pytest.raises(ValueError, match=message):
        build_case(parameters)


def study(name):
    spec = importlib.util.spec_from_file_location(name, STUDIES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("name", ["entropy_letter", "entropy_grid", "entropy_noise"])
def test_studies_run_and_draw(name, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", [name, "--output", str(tmp_path)])
    study(name).main()
    said = capsys.readouterr().out
    assert (tmp_path / f"{name}.png").stat().st_size > 50_000
    if name == "entropy_letter":
        assert said.count("20 of 20") == 4
