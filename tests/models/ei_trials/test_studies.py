"""The studies' claims, and that their figures are drawn."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

import spikelearn as sl

STUDIES = Path(__file__).parents[3] / "analyses"


def study(name):
    spec = importlib.util.spec_from_file_location(name, STUDIES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    # Only its own name goes again: what it was the first to import stays, or there would be two of each class.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[name]
    return module


def test_the_collapse_is_reported_and_drawn(capsys, model):
    collapse = study("ei_trials_collapse")
    runs = {name: sl.run_trials(model, rule, 500, collapse.START) for name, rule in collapse.RULES.items()}
    for name, run in runs.items():
        collapse.report(name, collapse.RULES[name], run)
    printed = capsys.readouterr().out
    assert "first Up trial 10, predicted 10" in printed
    assert "first Up trial 133, predicted 133" in printed
    assert "287 Up trials, the last in trial 438" in printed
    assert "the Up state exists (True) and is stable (True)" in printed
    assert len(collapse.figure(runs).axes) == 6


@pytest.mark.slow
def test_basins(model, cross, homeostatic):
    """Of the first 30 starts, as counted for all in the study: none is lost by the cross-homeostatic rule."""
    from spikelearn.models.ei_trials import outcomes

    basins = study("ei_trials_basins")
    drawn = {name: values[:30] for name, values in basins.starts(1000).items()}
    ends = outcomes(model, sl.run_trials(model, cross, 2000, drawn))
    assert (ends == "set point").all()
    ends = outcomes(model, sl.run_trials(model, homeostatic, 500, drawn))
    assert (ends != "set point").all()
    assert (ends == "silent").sum() > 10


@pytest.mark.slow
def test_a_thousand_starts_end_as_published_here(model, cross):
    from spikelearn.models.ei_trials import OUTCOMES, outcomes

    ends = outcomes(model, sl.run_trials(model, cross, 500, study("ei_trials_basins").starts(1000)))
    assert [int((ends == name).sum()) for name in OUTCOMES] == [810, 0, 40, 150]


@pytest.mark.slow
def test_the_verdict_agrees_with_the_outcome_of_every_case():
    verdict = study("ei_trials_verdict")
    for seed, (_, rule, ee, ie) in enumerate(verdict.cases()):
        found = verdict.judge(rule, ee, ie, seed)
        fits = np.where(found["stable"], found["converged"], found["left"])
        # Multipliers within 1e-3 of 1 may need more trials than are run.
        clear = np.abs(found["largest"] - 1) > 1e-3
        assert fits[clear].all()
        assert clear.sum() > 140
        plain = np.where(found["plain"], found["converged"], found["left"])
        assert (~plain).sum() > 10
