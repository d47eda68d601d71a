"""Many units in the catalogue: the contract, and what a model file may not say."""

import pytest

from spikelearn.catalogue import check_system, get_system
from spikelearn.catalogue.entry import RunRequest
from spikelearn.models.ei_units import UnitsCase


def test_the_contract():
    assert check_system("EIUnits") == []
    assert "run_trials" in get_system("EIUnits").why_not_simulated


def test_a_recording_can_be_saved_and_read_back(tmp_path):
    from spikelearn.simulation.recording import Recording

    system = get_system("EIUnits")
    case = system.build({"n_E": 8, "n_I": 12, "start": [0.6, 0.1], "W_EI": [0.2, 0.01], "weights_seed": 3})
    recording = system.run(case, RunRequest({"n_trials": 2, "noise": 0.1, "seed": 2}))
    recording.save(tmp_path / "run")
    again = Recording.load(tmp_path / "run")
    assert again.traces.equals(recording.traces)
    assert again.traces.sizes["unit"] == 20
    assert len(system.figure(case, again, "title").axes) == 4


@pytest.mark.parametrize(
    ("table", "match"),
    [
        ({"rule": "LossGradient"}, r"EIUnits has no rule 'LossGradient'"),
        ({"rates": {"gamma": 1}}, r"rule TwoTerm has no parameter 'gamma'"),
        ({"rates": {"alpha": 1}}, r"rule TwoTerm must have beta"),
        ({"rates": 3}, r"EIUnits.rates must be a table, got 3"),
        ({"start": 3}, r"EIUnits.start must be a mean and a standard deviation, got 3"),
        ({"W_EI": [0.1, -1]}, r"EIUnits.W_EI must have a standard deviation that is not negative, got -1"),
        ({"n_E": 1}, r"EIUnits.n_E must be"),
        ({"populations": {"g_X": 1}}, r"EIRates has no parameter 'g_X'"),
        ({"variant": "c"}, r"run_trials has no variant 'c'"),
    ],
)
def test_what_a_file_may_not_say(table, match):
    with pytest.raises(ValueError, match=match):
        UnitsCase(**table)
