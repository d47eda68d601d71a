"""Steady states that are not linear in the weights: which weights hold the set point."""

import numpy as np
import pytest

from spikelearn.formulas.reserved import FUNCTION_NAMES, RESERVED, UNIT_NAMES
from spikelearn.rules.rule import Rule
from spikelearn.symbolic.approximate import set_point_weights
from spikelearn.symbolic.derive import derive_rule
from spikelearn.symbolic.numeric import weight_function
from spikelearn.symbolic.populations import RatePopulations, read_steady_state


def held(formulas, parameters, free=()):
    state = read_steady_state(RatePopulations(formulas, parameters))
    found = set_point_weights(state)
    order = [name for name in state.weights if name not in found]
    return weight_function(found, order, state.parameters)(np.array(free, dtype=float))


def test_the_positive_root_of_two_is_taken():
    found = held({"r": "k*(W_rr*r + b)**2"}, {"k": 0.5, "b": 1.0, "r_set": 4.0})
    # (4 W + 1)^2 = 8.
    assert found["W_rr"] == pytest.approx((8**0.5 - 1) / 4, rel=1e-14)


def test_complex_roots_are_dropped_and_rules_stay_finite():
    """W^3 = 8 has one real root and two complex ones."""
    model = RatePopulations({"r": "W_rr**3"}, {"r_set": 8.0})
    assert held({"r": "W_rr**3"}, {"r_set": 8.0})["W_rr"] == pytest.approx(2.0, rel=1e-14)
    derived = derive_rule("(r - r_set)**2/2", model, "up_state")
    # dr/dW = 3 W^2 = 12 at the set point, and the rule -(r - r_set) dr/dW.
    assert derived.functions.changes(np.array([7.0]), np.array([2.0]))[0] / derived.alpha == pytest.approx(12.0)


def test_none_and_several_are_refused():
    with pytest.raises(ValueError, match="must be held by real weights, got none for W_rr"):
        held({"r": "k*(W_rr*r + b)**2"}, {"k": -0.5, "b": 1.0, "r_set": 4.0})
    with pytest.raises(ValueError, match="must be held by one choice of W_rr, got 2: W_rr = .*; W_rr = "):
        held({"r": "k*(W_rr*r - b)**2"}, {"k": 0.5, "b": 10.0, "r_set": 4.0})
    with pytest.raises(ValueError, match="must be held by one choice of W_rr, got 2"):
        derive_rule("(r - r_set)**2", RatePopulations({"r": "(W_rr*r - b)**2"}, {"b": 10.0, "r_set": 4.0}), "up_state")


def test_roots_that_only_scipy_knows():
    assert held({"r": "W_rr*exp(W_rr*r)"}, {"r_set": 4.0})["W_rr"] > 0


def test_every_name_of_brian2_is_reserved():
    from brian2.core.namespace import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS, DEFAULT_UNITS

    assert set(DEFAULT_UNITS) <= UNIT_NAMES
    assert set(DEFAULT_FUNCTIONS) == FUNCTION_NAMES
    assert set(DEFAULT_CONSTANTS) - {"-inf"} <= RESERVED


@pytest.mark.parametrize("name", ["N", "t_in_timesteps", "ms", "mV", "Hz", "second", "rand", "clip", "int", "xi_1"])
def test_reserved_names_are_refused_everywhere(name):
    with pytest.raises(ValueError, match=f"must not use the name '{name}'|must have names"):
        Rule({"W_EE": f"{name}*E"}, {name: 1.0})
    with pytest.raises(ValueError, match=f"must not use the name '{name}'"):
        RatePopulations({"r": f"W_rr*r*{name}"}, {name: 1.0})
