"""The studies' claims: hidden units help, the reversal is relearned, novelty marks the exchanged places."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

STUDIES = Path(__file__).parents[3] / "analyses"


def study(name):
    spec = importlib.util.spec_from_file_location(name, STUDIES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name while they are made.
    # Only its own name goes again: what it was the first to import stays, or there would be two of each class.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[name]
    return module


@pytest.mark.slow
def test_hidden_units_help_on_the_staircase():
    """Five seeds; the lower end of the 95 % interval of the paired gain lies above zero, with a bound that is on
    average low."""
    staircase = study("rezende_staircase")
    results = [staircase.run(seed, 300, n_train=20, n_test=10, best=seed == 0) for seed in range(5)]
    for name in ("visible", "independent"):
        mean, half = staircase.interval(np.array([r.hidden - getattr(r, name) for r in results]))
        assert mean - half > 0.3
    # A visible-only network fitted to the same trials (ridge 1) does not reach the bound with hidden units either.
    assert results[0].hidden > results[0].visible_best > results[0].independent
    for result in results:
        assert result.curve_hidden[-50:].mean() < result.curve_visible[-50:].mean() < result.curve_visible[0]
    assert len(staircase.figure(results).axes) > 5


def test_reversal_is_relearned_and_turns_the_weights():
    reversal = study("rezende_reversal")
    result = reversal.run(0, 200)
    energy = result.free_energy
    assert energy[90:100].mean() < 0.7 * energy[:5].mean()
    assert energy[100:105].mean() > 1.2 * energy[90:100].mean()
    assert energy[190:].mean() < 0.8 * energy[100:105].mean()
    assert result.direction[0] > 0.05
    assert result.direction[1] < -0.05


@pytest.mark.slow
def test_novelty_rises_at_the_exchanged_places_and_decays():
    novelty = study("rezende_novelty")
    results = [novelty.run(seed) for seed in range(5)]
    found = {name: values.mean() for name, values in novelty.areas(results).items()}
    assert found["exchanged places against all others"] > 0.9
    assert found["places after them, against the laps before"] < 0.65
    assert found["all other places, against the laps before"] < 0.5
    assert found["exchanged places 90 laps later, against before"] < 0.65
    control = novelty.areas([novelty.run(seed, own_motion=False) for seed in range(5)])
    # Patterns alone: the place after an exchanged one is as novel as that one.
    assert control["places after them, against the laps before"].mean() > 0.65


def test_roc_area_of_hand_counted_values():
    novelty = study("rezende_novelty")
    assert novelty.auc(np.array([2.0, 1.0]), np.array([0.0, 1.0])) == pytest.approx((1 + 1 + 1 + 0.5) / 4)
