"""Trials in the catalogue: the contract, both engines through a model file, and what a file may not say."""

import pytest

from spikelearn.catalogue import check_system, get_system
from spikelearn.catalogue.entry import RunRequest
from spikelearn.models.ei_trials import TrialCase


def test_the_contract():
    assert check_system("EITrials") == []
    assert "run_trials" in get_system("EITrials").why_not_simulated


def test_a_recording_can_be_saved_and_read_back(tmp_path):
    from spikelearn.simulation.recording import Recording

    system = get_system("EITrials")
    case = system.build({"rule": "TwoTerm", "rates": {"alpha": 1e-3, "beta": 1e-3}, "W0": [5.0, 1.2, 10.0, 1.5]})
    recording = system.run(case, RunRequest({"n_trials": 12, "noise": 0.1, "seed": 2}))
    recording.save(tmp_path / "run")
    again = Recording.load(tmp_path / "run")
    assert again.traces.equals(recording.traces)
    assert again.provenance["seed"] == 2
    assert again.traces.attrs["variant"] == "matlab"
    assert system.quantities["up_trials"].function(case, again) == 12
    assert len(system.figure(case, recording, "title").axes) == 4


def test_a_prediction_that_does_not_hold_says_so():
    system = get_system("EITrials")
    case = system.build({"W0": [2.1, 3.0, 9.0, 1.5]})
    with pytest.raises(ValueError, match=r"first_up_trial holds where the silent rule takes W_EE to the threshold"):
        system.formulas["first_up_trial"].function(case)


@pytest.mark.parametrize(
    ("table", "match"),
    [
        ({"rule": "Cross"}, r"EITrials has no rule 'Cross'"),
        ({"rates": {"alpha": 1}}, r"rule CrossHomeostatic has no parameter 'alpha'; did you mean 'alpha_"),
        ({"rates": {"alpha_EE": 1}}, r"rule CrossHomeostatic must have alpha_EI"),
        ({"rates": 3}, r"EITrials.rates must be a table, got 3"),
        ({"W0": [[1, 2], 2, 3, 4]}, r"EITrials.W0 must be one start, four numbers"),
        ({"populations": {"g_X": 1}}, r"EIRates has no parameter 'g_X'; did you mean 'g_"),
        ({"about": {"W_II": 1}}, r"EITrials.about has no weight 'W_II'"),
        ({"rule": "LossApproximate", "rates": {"alpha": 1e-3}}, r"needs W_EE_up, W_IE_up"),
    ],
)
def test_what_a_file_may_not_say(table, match):
    with pytest.raises(ValueError, match=match):
        TrialCase(**table)


def test_a_rule_about_a_set_point_is_filled_in():
    case = TrialCase(rule="LossApproximate", rates={"alpha": 1e-3}, about={"W_EE": 5.0, "W_IE": 10.0})
    assert case.learned.parameters["W_EE_up"] == 5.0
