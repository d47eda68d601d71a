"""The E/I rate model in the catalogue: files run and agree three ways, on both engines, and wrong files are named."""

import numpy as np
import pytest

from spikelearn import catalogue
from spikelearn.models.ei_rate.model import EIRates
from spikelearn.models.ei_rate.trajectories import brian_trajectory, trajectory

OTHERS = ("ei_trials_", "ei_units_", "ei_online_")
NAMES = [name for name in catalogue.names() if name.startswith("ei_") and not name.startswith(OTHERS)]
HEAD = '[model]\nsystem = "EIRates"\n[model.parameters]\n'
CROSS = 'rule = "CrossHomeostatic"\nrates = { alpha_EE = 0.02, alpha_EI = 0.02, alpha_IE = 0.02, alpha_II = 0.02 }\n'
POINT = "W_EE = 5.0\nW_IE = 10.0\n"


def test_every_figure_setting_has_its_file():
    assert len([n for n in NAMES if n.startswith("ei_s")]) == 16


@pytest.mark.parametrize("name", ["ei_s8_equal_rates", "ei_s12_equal_rates_plus", "ei_s13_up_state"])
def test_files_agree_three_ways(name):
    assert set(catalogue.check(name)["verdict"]) == {"ok"}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("engine", ["array", "brian2"])
def test_all_files_agree_on_both_engines(name, engine):
    recording = catalogue.run(name, engine=engine)
    assert recording.provenance["engine"] == engine
    assert set(catalogue.check(name, recording)["verdict"]) == {"ok"}


def test_a_run_can_be_kept_and_drawn(tmp_path):
    configuration = catalogue.load("ei_s9_cross_homeostatic")
    recording = catalogue.run(configuration, settings={"grid": 20, "duration": "20 ms"})
    again = type(recording).load(recording.save(tmp_path / "run"))
    np.testing.assert_array_equal(again.traces["stable_qss"], recording.traces["stable_qss"])
    figure = configuration.system.figure(configuration.model, recording, configuration.title)
    assert len(figure.axes) == 2


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (POINT + 'rule = "CrossHomeostasis"', "no rule 'CrossHomeostasis'; did you mean 'CrossHomeostatic'"),
        (POINT + 'rule = "TwoTerm"\nrates = { alpha = 1, betta = 1 }', "no parameter 'betta'; did you mean 'beta'"),
        (POINT + 'rule = "TwoTerm"\nrates = { alpha = 1 }', "rule TwoTerm must have beta"),
        (POINT + 'base = "table1"\n' + CROSS, "no base 'table1'; did you mean 'table_1'"),
        (POINT + "slowdown = 0\n" + CROSS, "slowdown must be positive, got 0"),
        (POINT + "W_EI = 1.0\n" + CROSS, "the set point gives W_EI and W_II"),
        (POINT, "without a rule must have W_EE, W_EI, W_IE and W_II"),
        (POINT + "rates = { alpha = 1 }", "rates must come with a rule"),
        ("W_EE = 2.2\nW_IE = 18.0\n" + CROSS, "set point must be stable"),
        ("W_EE = -1.0\nW_IE = 18.0\n" + CROSS, "weight W_EE must not be negative"),
        ("W_EE = 1.0\nW_IE = 10.0\n" + CROSS, "must have a positive W_EI"),
        (POINT + "g_F = 1.0\n" + CROSS, "no parameter 'g_F'; did you mean 'g_[EI]'"),
    ],
)
def test_wrong_files_are_named(tmp_path, text, match):
    path = tmp_path / "case.toml"
    path.write_text(f'title = "x"\n{HEAD}{text}', encoding="utf-8")
    with pytest.raises(ValueError, match=match):
        catalogue.load(path)


@pytest.mark.parametrize(
    ("settings", "engine", "match"),
    [
        ({"grid": 1}, None, "grid must be at least 2, got 1"),
        ({"dt": "0.3 ms", "duration": "1 ms"}, None, "whole number of steps of 0.3 ms"),
        ({}, "exact", "no engine 'exact'"),
    ],
)
def test_wrong_runs_are_named(settings, engine, match):
    with pytest.raises(ValueError, match=match):
        catalogue.run("ei_s13_up_state", settings=settings, engine=engine)


def test_engines_give_the_same_trajectory():
    """The same Runge-Kutta steps in NumPy and in Brian2: equal up to rounding, cut-offs and rectifier included."""
    model = EIRates()
    start = np.array([40.0, 3.0, 5.0, 1.1, 10.0, 1.5])
    ours = trajectory(model, None, start, 201, 0.1)
    brians = brian_trajectory(model, None, start, 201, 0.1)
    np.testing.assert_allclose(ours, brians, rtol=1e-10, atol=1e-10)
    assert ours[:, 1].max() > 100
