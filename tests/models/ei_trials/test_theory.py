"""Ignition, first Up trial and the ends of the weights, by formula and by simulation."""

import numpy as np
import pytest
from scipy.optimize import brentq

import spikelearn as sl
from spikelearn.models.ei_trials import (
    end_lines,
    first_up,
    floor_end,
    ignition_threshold,
    kick_peak,
    outcomes,
    predicted_first_up,
)
from spikelearn.models.ei_trials.measures import OUTCOMES

STILL = sl.rules.Homeostatic(alpha_EE=0, alpha_EI=0, alpha_IE=0, alpha_II=0)


def ignites(model, W_EE, variant, W_IE=4.0):
    run = sl.run_trials(model, STILL, 1, (W_EE, 3.0, W_IE, 1.5), variant=variant)
    return run.E_trial[0].values > 0.5


@pytest.mark.parametrize("variant", ["matlab", "python"])
@pytest.mark.parametrize(
    "model",
    [sl.EIRates(), sl.EIRates(Theta_E=4.0), sl.EIRates(g_E=0.7, I_ext=1.0), sl.EIRates(tau_E=14.0)],
    ids=["Table 1", "low threshold", "other gain", "slow E"],
)
def test_the_kick_ignites_where_the_formula_says(model, variant):
    """Simulated 2e-6 to both sides of the threshold; a kick of one step more would move it by 1e-2."""
    threshold = ignition_threshold(model, variant)
    assert ignites(model, np.array([threshold - 2e-6, threshold + 2e-6]), variant).tolist() == [False, True]


def test_the_threshold_of_table_1_to_nine_digits(model):
    """The root of (1 + 0.01 x)^n = 7/2.2 by bisection."""
    for variant, n in (("matlab", 101), ("python", 100)):
        x = brentq(lambda x, n=n: (1 + 0.01 * x) ** n - 7 / 2.2, 0.5, 3, xtol=1e-14)
        assert ignition_threshold(model, variant) == pytest.approx(1 + x, rel=1e-12)
    assert ignition_threshold(model) == pytest.approx(2.1525845, abs=5e-8)


def test_thresholds_where_there_is_nothing_to_solve():
    assert ignition_threshold(sl.EIRates(Theta_E=7.0)) == np.inf
    assert ignition_threshold(sl.EIRates(I_ext=5.0)) == 1.0


def test_the_peak_of_the_kick_is_what_one_hundred_and_one_steps_give(model):
    """Also where g_E W_EE = 1, and the growth factor is 1."""
    W_EE = np.array([0.0, 0.5, 1.0, 2.1, 3.0])
    E = np.zeros(5)
    for _ in range(101):
        E = E + 0.01 * (np.maximum(0, W_EE * E + 7 - 4.8) - E)
    np.testing.assert_allclose(kick_peak(model, W_EE), E, rtol=1e-12)


def test_the_first_up_trial_is_predicted_from_the_published_start(model, cross, homeostatic, start):
    for rule, expected in ((cross, 10), (homeostatic, 133)):
        assert predicted_first_up(model, rule, start) == expected
        assert first_up(sl.run_trials(model, rule, expected + 2, start)) == expected


@pytest.mark.slow
def test_the_first_up_trial_is_predicted_from_random_silent_starts(model):
    """80 starts and rates below the threshold, one prediction each; all come true, early and late."""
    rng = np.random.default_rng(4)
    seen = []
    for _ in range(80):
        begin = (rng.uniform(1.6, 2.15), rng.uniform(1, 5), rng.uniform(0.5, 5.5), rng.uniform(0.5, 3))
        kind = sl.rules.CrossHomeostatic if rng.random() < 0.5 else sl.rules.Homeostatic
        rule = kind(**{f"alpha_{w}": 10 ** rng.uniform(-3.5, -2.3) for w in ("EE", "EI", "IE", "II")})
        expected = predicted_first_up(model, rule, begin, at_most=400)
        if expected is None:
            continue
        seen.append(expected)
        run = sl.run_trials(model, rule, expected, begin)
        assert first_up(run) == expected
    assert len(seen) > 40
    assert max(seen) > 50
    assert min(seen) < 10


def test_no_prediction_where_I_would_fire_in_the_kick_or_nothing_changes(model, homeostatic):
    assert predicted_first_up(model, homeostatic, (2.1, 3.0, 7.0, 1.5)) is None
    assert predicted_first_up(model, STILL, (2.1, 3.0, 4.0, 1.5)) is None
    assert predicted_first_up(model, homeostatic, (1.0, 3.0, 4.0, 1.5), at_most=10) is None


def test_the_end_lines_are_where_set_point_weights_lie():
    for model in (sl.EIRates(), sl.EIRates.non_paradoxical()):
        lines = end_lines(model)
        weights = model.setpoint_weights([4.0, 7.0], [8.0, 12.0])
        np.testing.assert_allclose(model.E_set * weights.W_EE - model.I_set * weights.W_EI, lines["onto_E"], rtol=1e-12)
        np.testing.assert_allclose(model.E_set * weights.W_IE - model.I_set * weights.W_II, lines["onto_I"], rtol=1e-12)
    assert end_lines(sl.EIRates()) == pytest.approx({"onto_E": 9.8, "onto_I": 28.5}, rel=1e-14)
    assert floor_end(sl.EIRates()) == pytest.approx(5.98, rel=1e-14)
    model = sl.EIRates()
    for weights, name in (
        (model.setpoint_weights(5.0, floor_end(model)), "W_II"),
        (model.setpoint_weights(floor_end(model, "W_EI"), 9.0), "W_EI"),
    ):
        assert getattr(weights, name) == pytest.approx(0.1, rel=1e-12)
    with pytest.raises(ValueError, match=r"floor_end.weight must be 'W_EI' or 'W_II', got 'W_EE'"):
        floor_end(sl.EIRates(), "W_EE")


def test_outcomes_name_each_kind(model):
    """Set point, saturation (no inhibition), silence, and an Up state elsewhere."""
    weights = model.setpoint_weights(5.0, 10.0)
    begin = np.array([[float(w) for w in weights], [6, 0.1, 1, 1], [1, 1, 1, 1], [5.0, 1.6, 10.0, 1.5]])
    run = sl.run_trials(model, STILL, 60, begin)
    assert outcomes(model, run).tolist() == list(OUTCOMES)
