import json
from pathlib import Path

import numpy as np
import pytest

from spikelearn import catalogue
from spikelearn.catalogue import get_system, system_names

LITERALS = json.loads((Path(__file__).parents[1] / "reference" / "configurations.json").read_text())

GOOD = """
title = "Two spikes"
[model]
system = "AdaptiveLIF"
parameters = { V_0 = "30 mV", delta_g = 0.4, tau_K = "inf s" }
[run]
duration = "100 ms"
[[expected]]
quantity = "spike_count"
formula = "spikes_until_silence"
value = 2
"""


def write(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return path


def test_every_configuration_reads_and_has_expected_values():
    assert {"bursting", "regular_firing", "spikes_until_silence", "tonic_by_saturation"} <= set(catalogue.names())
    for name in catalogue.names():
        configuration = catalogue.load(name)
        assert configuration.expected, name
        assert all(expected.reason for expected in configuration.expected), name


@pytest.mark.parametrize("name", sorted(LITERALS))
def test_literals_are_those_of_the_forty_digit_reference(name):
    configuration = catalogue.load(name)
    for expected in configuration.expected:
        literal = LITERALS[name][expected.quantity]
        exact = tuple(map(float, literal)) if isinstance(literal, list) else float(literal)
        assert expected.value == pytest.approx(exact, rel=2e-16), expected.quantity


def test_every_system_is_whole():
    for name in system_names():
        system = get_system(name)
        assert system.name == name
        assert system.quantities
        for measure in [*system.quantities.values(), *system.formulas.values()]:
            assert measure.doc
            assert measure.unit


def test_the_three_ways_agree(tmp_path):
    result = catalogue.check(write(tmp_path, GOOD))
    assert result["verdict"].tolist() == ["ok"]
    assert result["predicted"].tolist() == result["measured"].tolist() == [2.0]


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (("value = 2", "value = 3"), "measurement off and formula off"),
        (("delta_g = 0.4", "delta_g = 0.2"), "measurement off and formula off"),
        (('tau_K = "inf s"', 'tau_K = "20 ms"'), "measurement off"),
        (('formula = "spikes_until_silence"', ""), "ok"),
    ],
)
def test_each_way_can_fail(tmp_path, change, verdict):
    path = write(tmp_path, GOOD.replace(*change))
    assert catalogue.check(path, catalogue.run(path, engine="brian2"))["verdict"].tolist() == [verdict]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('title = "Two spikes"', ""), "mine.toml: a model file must have 'title'"),
        (("[run]", "[rum]"), "mine.toml: the file has no key 'rum'; did you mean 'run'"),
        (('"AdaptiveLIF"', '"AdaptivLIF"'), r"\[model\] has no system 'AdaptivLIF'; did you mean 'AdaptiveLIF'"),
        (("delta_g", "deltag"), "AdaptiveLIF has no parameter 'deltag'; did you mean 'delta_g'"),
        (("duration", "durration"), r"\[run\] has no key 'durration'; did you mean 'duration'"),
        (('"spike_count"', '"spikecount"'), "no quantity 'spikecount'; did you mean 'spike_count'"),
        (('"spikes_until_silence"', '"spikes_to_silence"'), "no formula 'spikes_to_silence'; did you mean"),
        (('"spikes_until_silence"', '"time_to_spike"'), "time_to_spike is in s, but spike_count is in 1"),
        (('"30 mV"', '"30 ms"'), "AdaptiveLIF.V_0 must be a voltage, such as '20 mV', got 30. ms"),
        (("value = 2", "value = '2 ms'"), "value of spike_count must be a pure number"),
        (("value = 2", "vlaue = 2"), r"\[\[expected\]\] has no key 'vlaue'; did you mean 'value'"),
        (("value = 2", "value = 2\nrtol = -1"), "rtol of spike_count must be a number not below 0, got -1"),
        (("[model]", "[model"), "mine.toml is not valid TOML"),
        (("[[expected]]", "[expected]"), r"must be written as \[\[expected\]\] tables"),
        (("[run]", "[initial]\nw = 3\n[run]"), r"\[initial\] has no key 'w'"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        catalogue.load(write(tmp_path, GOOD.replace(*change)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('"Two spikes"', "3"), "mine.toml: title must be text, got 3"),
        (("value = 2", "value = 2\nrtol = inf"), "rtol of spike_count must be a number not below 0, got inf"),
        (("value = 2", "value = 2\natol = nan"), "atol of spike_count must be a number not below 0, got nan"),
        (("value = 2", "value = 2\natol = true"), "atol of spike_count must be a number not below 0, got True"),
        (("value = 2", "value = 'nan'"), "value of spike_count: a quantity must start with a number"),
        (
            ("value = 2", "value = 2\nreason = 'x'\n[[expected]]\nquantity = ['x']\nvalue = 2"),
            "quantity and formula must be",
        ),
        (('"spikes_until_silence"', "['x']"), r"quantity and formula must be names, got 'spike_count' and \['x'\]"),
        (("value = 2", "value = nan"), "value of spike_count must be a number, got nan"),
    ],
)
def test_numbers_and_text_have_their_kind(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        catalogue.load(write(tmp_path, GOOD.replace(*change)))


@pytest.mark.parametrize("section", ["model", "initial", "run", "source"])
@pytest.mark.parametrize("value", ["3", "'x'"])
def test_a_section_must_be_a_table(tmp_path, section, value):
    with pytest.raises(ValueError, match=rf"mine.toml: \[{section}\] must be a table, got"):
        catalogue.load(
            write(tmp_path, f"{section} = {value}\n" + ("" if section == "model" else "model = {}\n") + "title = ''")
        )


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("vary = 3", r"\[run\] vary must be a table of parameters, got 3"),
        ("vary = {V_0 = 3}", r"\[run\] vary.V_0 must be a list or a table with start, stop and num, got 3"),
        ("vary = {V_0 = []}", r"\[run\] vary.V_0 must not be empty"),
        ("vary = {V_0 = ['20 mV', 3]}", r"\[run\] vary.V_0 must be a voltage, such as '20 mV', got 3"),
        ("vary = {delta_g = [0.1, '3 ms']}", r"\[run\] vary.delta_g must be a pure number, got 3. ms"),
        ("vary = {V_0 = ['20 pigs']}", r"\[run\] vary.V_0: '20 pigs' has the unknown unit"),
        (
            "vary = {V_0 = {start = '20 mV', stop = '30 ms', num = 3}}",
            r"\[run\] vary.V_0.stop must be a voltage, such as '20 mV', got 30. ms",
        ),
        (
            "vary = {V_0 = {start = '20 mV', stop = '30 mV', num = 2.7}}",
            r"vary.V_0.num must be a whole number .* got 2.7",
        ),
        ("vary = {V_0 = {start = '20 mV', stop = '30 mV', num = 0}}", r"vary.V_0.num must be a whole number .* got 0"),
        ("record = 3", r"\[run\] record must be a name or a list of names, got 3"),
        ("n = 2.5", "n must be a whole number, got 2.5"),
        ("seed = -1", "seed must not be negative, got -1"),
        ("dt = true", r"\[run\] dt: a quantity must be text"),
        ("dt = '1 pig'", r"\[run\] dt: '1 pig' has the unknown unit"),
        ("dt = '1 mV'", r"\[run\] dt must be a time, such as '1 s'"),
        ("[initial]\nu = true", r"\[initial\] u: a quantity must be text such as '10 ms' or a number, got True"),
        ("[initial]\npast_spikes = [true]", r"\[initial\] past_spikes: a quantity must be text"),
    ],
)
def test_errors_of_a_run_name_file_and_key(tmp_path, run, message):
    text = GOOD.replace('duration = "100 ms"', f'duration = "100 ms"\n{run}')
    with pytest.raises(ValueError, match=f"^mine.toml: .*{message}"):
        catalogue.run(write(tmp_path, text))


def test_one_past_spike_needs_no_list(tmp_path):
    text = GOOD.replace("[run]", '[initial]\npast_spikes = "-1 ms"\n[run]').replace('"inf s"', '"50 ms", t_d = "2 ms"')
    assert catalogue.run(write(tmp_path, text)).spikes.n_spikes >= 1


def test_parameters_of_ones_own_neuron_must_be_a_table(tmp_path):
    text = USER.replace('parameters = { V_0 = "30 mV" }', "parameters = 3")
    with pytest.raises(ValueError, match=r"mine.toml: EquationNeuron.parameters must be a table of names and values"):
        catalogue.load(write(tmp_path, text))


def test_a_folder_is_no_model_file(tmp_path):
    (tmp_path / "x.toml").mkdir()
    with pytest.raises(IsADirectoryError, match=r"x.toml must be a model file, but it is a folder"):
        catalogue.load(tmp_path / "x.toml")


def test_an_unknown_name_does_not_list_the_whole_catalogue():
    with pytest.raises(FileNotFoundError, match=r"\.\.\. \(spikelearn list shows all\)") as caught:
        catalogue.load("burstin")
    assert len(str(caught.value)) < 400


def test_unknown_names_and_files():
    with pytest.raises(FileNotFoundError, match="no configuration 'burstin'; did you mean 'bursting'"):
        catalogue.load("burstin")
    with pytest.raises(FileNotFoundError, match=r"model file nowhere.toml does not exist"):
        catalogue.load("nowhere.toml")


def test_a_run_must_have_a_duration(tmp_path):
    with pytest.raises(ValueError, match=r"\[run\] must have a duration"):
        catalogue.run(write(tmp_path, GOOD.replace('duration = "100 ms"', "")))


USER = """
title = "The adaptive LIF again, by equation strings"
[model]
equations = '''
du/dt = (V_0 - u - g*(u + 15*mV))/(10*ms) : volt
dg/dt = -g/(50*ms) : 1
V_0 : volt (constant)
'''
threshold = "u >= 15*mV"
reset = "u = 0*mV"
on_spike = "g_post += 0.1"
delay = "3 ms"
method = "rk4"
parameters = { V_0 = "30 mV" }
[initial]
g = 0.2
past_spikes = ["-1 ms"]
[run]
duration = "150 ms"
record = ["g"]
[[expected]]
quantity = "spike_count"
value = 7
"""


def test_a_users_own_neuron_equals_the_packages(tmp_path):
    import spikelearn as sl

    mine = catalogue.run(write(tmp_path, USER))
    neuron = sl.AdaptiveLIF(V_0="30 mV", delta_g=0.1, tau_K="50 ms", t_d="3 ms")
    start = sl.Initial(g=0.2, past_spikes=["-1 ms"])
    theirs = sl.simulate(neuron, "150 ms", engine="brian2", record="g", initial=start)
    assert mine.spikes.n_spikes > 5
    assert mine.spikes == theirs.spikes
    assert np.allclose(mine.traces["g"], theirs.traces["g"], rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("du/dt", "du/dt +"), "EquationNeuron.equations must read 'dx/dt = ... : unit'"),
        (("- u -", "- __import__('os').getcwd() -"), "EquationNeuron.equations: du/dt must be arithmetic"),
        (('"u >= 15*mV"', "\"__import__('os')\""), "EquationNeuron.threshold has no function '__import__'"),
        (('V_0 = "30 mV"', 'V_0 = "30 ms"'), r"EquationNeuron.parameters\['V_0'\] must be a voltage, such as '1 V'"),
        (("threshold", "treshold"), r"\[model\] has no key 'treshold'; did you mean 'threshold'"),
        (("g = 0.2", "gg = 0.2"), r"\[initial\] has no key 'gg'; did you mean 'g'"),
    ],
)
def test_a_wrong_neuron_is_refused(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        catalogue.run(write(tmp_path, USER.replace(*change)))
