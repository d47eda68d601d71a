"""The study of saturation: its counts for twenty starts, and that its panels are drawn."""

import importlib.util
from pathlib import Path

import spikelearn as sl
from spikelearn.plotting import new_figure

STUDY = Path(__file__).parents[3] / "analyses" / "ei_units_saturation.py"


def test_nine_of_twenty_saturate_and_why(units, two_term, capsys):
    spec = importlib.util.spec_from_file_location("ei_units_saturation", STUDY)
    study = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(study)
    first = study.first_trials(20)
    names = ("lost", "cut-off of E lifted", "cut-off of I lifted", "sums alone", "mended")
    assert [int(first[name].sum()) for name in names] == [9, 9, 0, 0, 0]
    panels = new_figure().subplots(2, 1)
    study.first_panels(panels, first)
    assert len(panels[1].patches) == 5
    # Starts 5 and 6: the second saturates and is left out of the means.
    study.report("two", sl.run_trials(units, two_term, 1, units.draw_weights([5, 6])))
    assert "1 of 2 starts saturate" in capsys.readouterr().out
