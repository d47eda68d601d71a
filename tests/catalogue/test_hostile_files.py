"""Model files of somebody else: no text in them runs, and none keeps the machine busy."""

import json
import subprocess
import sys
import time

import pytest

import spikelearn as sl
from spikelearn import catalogue
from spikelearn.cli import main
from spikelearn.models.equation_neuron.model import EquationNeuron

SOUND = {
    "equations": "dv/dt = (1.5 - v)/(10*ms) : 1",
    "threshold": "v > 1",
    "reset": "v = 0",
    "refractory": "2*ms",
    "on_spike": "v_post += 0.1",
    "delay": "1 ms",
    "method": "euler",
}
PLACES = {
    "equations": "dv/dt = ({})/ms : 1",
    "threshold": "v > ({})",
    "reset": "v = {}",
    "refractory": "({})*ms",
    "on_spike": "v_post += {}",
}


def written(folder, model, **more):
    lines = [f"{key} = {json.dumps(value)}" for key, value in model.items()]
    lines = ['title = "not mine"', "[model]", *lines, "[run]", 'duration = "5 ms"', 'dt = "1 ms"']
    lines += [f"{key} = {json.dumps(value)}" for key, value in more.items()]
    path = folder / "theirs.toml"
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize("key", PLACES)
@pytest.mark.parametrize(
    "text",
    [
        "sin(\"__import__('pathlib').Path('{marker}').touch()\")",
        "__import__('pathlib').Path('{marker}').touch()",
        "9**9**9",
        "10**10**10",
        "((((1.0000000001**64)**64)**64)**64)**64",
        "exp(-10**12*log(2))",
    ],
)
def test_no_text_of_a_model_file_runs_or_hangs(key, text, tmp_path):
    marker = tmp_path / "ran"
    bad = PLACES[key].format(text.format(marker=marker))
    path = written(tmp_path, {**SOUND, key: bad})
    begin = time.process_time()
    for use in (catalogue.load, catalogue.run, catalogue.check):
        with pytest.raises(ValueError, match=rf"theirs.toml: EquationNeuron.{key}(: dv/dt)? (must|has no)"):
            use(path)
    with pytest.raises(ValueError, match=f"^EquationNeuron.{key}"):
        EquationNeuron(**{**SOUND, key: bad})
    assert time.process_time() - begin < 4.0  # four refusals
    assert not marker.exists()


@pytest.mark.parametrize("unit", ["volt**9**9**9", "volt**1e99", "volt.dim", "9**9**9", "exec"])
def test_no_unit_of_a_model_file_runs_or_hangs(unit, tmp_path):
    path = written(tmp_path, {**SOUND, "equations": f"{SOUND['equations']}\nx : {unit}"})
    with pytest.raises(ValueError, match="theirs.toml: EquationNeuron.equations: the unit of x must"):
        catalogue.load(path)


@pytest.mark.parametrize("command", ["show", "run", "check"])
def test_the_command_line_refuses_in_one_line(command, tmp_path, monkeypatch, capsys):
    written(tmp_path, {**SOUND, "reset": "v = sin(\"open('ran', 'w')\")"})
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        main([command, "theirs.toml"])
    said = capsys.readouterr().err
    assert left.value.code == 2
    assert said.count("\n") == 1
    assert said.startswith("spikelearn: theirs.toml: EquationNeuron.reset must be arithmetic")
    assert [path.name for path in tmp_path.iterdir() if path.name != "runs"] == ["theirs.toml"]


GROWING = [
    {"reset": "v = 10**(N*10**10)"},
    {"reset": "a = 10*N; " + "a = a*a; " * 60 + "v = a"},
    {"threshold": "v > 10**n", "parameters": {"n": 10**10}},
    {"equations": "x = 10**9*N : 1\ny = 10**x : 1\ndv/dt = (1.5 - v*y)/(10*ms) : 1"},
    {"equations": "k = 10**9 : integer\ndv/dt = (1.5 - 7**k*v)/(10*ms) : 1"},
    {"refractory": "10**(N*10**9)*ms"},
    {"on_spike": "v_post += 10**(N_pre*10**9)"},
]


def test_whole_numbers_do_not_grow_in_a_run():
    """Python writes 10**(10**10) out digit by digit; in a process of its own, which is ended if it does."""
    code = f"""
import spikelearn as sl
for changes in {GROWING!r}:
    try:
        neuron = sl.EquationNeuron(**{SOUND!r} | changes)
        sl.simulate(neuron, "20 ms", dt="1 ms", target="numpy")
        print("ran")
    except ValueError as error:
        print("refused", error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    assert len([line for line in done.stdout.splitlines() if line.startswith(("ran", "refused"))]) == len(GROWING)


def test_sound_texts_give_the_spikes_that_brian2_gives_by_itself():
    import brian2
    import numpy as np

    neuron = EquationNeuron(**SOUND)
    found = sl.simulate(neuron, "100 ms", dt="0.1 ms", target="numpy").spikes
    brian2.prefs.codegen.target = "numpy"
    group = brian2.NeuronGroup(
        1, SOUND["equations"], threshold=SOUND["threshold"], reset=SOUND["reset"], refractory=SOUND["refractory"],
        method="euler", dt=0.1 * brian2.ms,
    )  # fmt: skip
    back = brian2.Synapses(group, group, on_pre=SOUND["on_spike"], delay=1 * brian2.ms, dt=0.1 * brian2.ms)
    back.connect(j="i")
    monitor = brian2.SpikeMonitor(group)
    brian2.Network(group, back, monitor).run(100 * brian2.ms)
    np.testing.assert_allclose(found.times, monitor.t_[:], rtol=0)
    assert len(monitor.t_) > 5


def test_whole_numbers_do_not_grow_in_arrivals_from_before_the_run():
    neuron = EquationNeuron(**{**SOUND, "on_spike": "v_post += 10**(N*10**10)"})
    with pytest.raises(ValueError, match="on_spike must hold no power of N where a run starts from past spikes"):
        sl.simulate(neuron, "5 ms", target="numpy", initial=sl.Initial(past_spikes="-0.5 ms"))
    squared = EquationNeuron(**{**SOUND, "on_spike": "v_post += 0.1**k", "parameters": {"k": 2}})
    assert squared.on_arrival == "v_post += 0.1 ** 2.0"


def test_the_number_of_neurons_is_that_of_the_run():
    """(N - 1) is 0 for one neuron; nothing is wrong with three."""
    text = "w = 1/(N - 1) : 1\ndv/dt = (1.5 - v)/(10*ms) + 0*w**2/ms : 1"
    neuron = EquationNeuron(equations=text, threshold="v > 1", reset="v = 0", method="euler")
    assert sl.simulate(neuron, "100 ms", n=3, target="numpy").spikes.n_spikes == 27
    with pytest.raises(ValueError, match="EquationNeuron.equations: w must have finite real values"):
        sl.simulate(neuron, "1 ms", target="numpy")
