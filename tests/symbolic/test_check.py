"""The derived formulas against the loss itself: finite differences of fsolve'd steady states, and fifty digits."""

import dataclasses

import mpmath
import numpy as np
import pytest
from scipy.optimize import fsolve
from symbolic_models import PAPER_LOSS, TABLE_1, THREE, THREE_LOSS, evaluate, held, three, three_state, two, up_state

from spikelearn.symbolic.derive import APPROXIMATIONS, derive_rule
from spikelearn.symbolic.populations import RatePopulations
from spikelearn.symbolic.verify import _settled_order

LOSSES = {
    PAPER_LOSS: lambda x, w: ((x - [5, 14]) ** 2).sum() / 2,
    "sqrt((E - E_set)**2 + 0.04)": lambda x, w: np.sqrt((x[0] - 5) ** 2 + 0.04),
    "E*log(E/E_set) - E + E_set + I*log(I/I_set) - I + I_set": lambda x, w: (
        x[0] * np.log(x[0] / 5) - x[0] + 5 + x[1] * np.log(x[1] / 14) - x[1] + 14
    ),
    PAPER_LOSS + " + 0.01*(W_EE**2 + W_EI**2 + W_IE**2 + W_II**2)": lambda x, w: (
        ((x - [5, 14]) ** 2).sum() / 2 + 0.01 * (w**2).sum()
    ),
    "(1 - tanh(E/E_set))**2*exp(-I/I_set) + W_EE*I/100": lambda x, w: (
        (1 - np.tanh(x[0] / 5)) ** 2 * np.exp(-x[1] / 14) + w[0] * x[1] / 100
    ),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_rule_is_the_gradient_of_the_loss_at_fsolved_steady_states(loss):
    derived = derive_rule(loss, two())
    p = TABLE_1

    def residual(x, w):
        return [
            -x[0] + p["g_E"] * (w[0] * x[0] - w[1] * x[1] - p["Theta_E"] + p["I_ext"]),
            -x[1] + p["g_I"] * (w[2] * x[0] - w[3] * x[1] - p["Theta_I"]),
        ]

    def value(w):
        return LOSSES[loss](fsolve(residual, up_state(w), args=(w,), xtol=1e-13), w)

    rng = np.random.default_rng(2)
    for free in ((5.0, 10.0), (3.0, 8.0), (8.0, 15.0)):
        w = held(*free) * (1 + 0.02 * rng.standard_normal(4))
        x = up_state(w)
        names = dict(zip(("W_EE", "W_EI", "W_IE", "W_II", "E", "I"), (*w, *x), strict=True))
        found = np.array([evaluate(e, TABLE_1 | names | {"alpha": 1.0}) for e in derived.expressions.values()])
        h = 1e-5
        slope = [(value(w + h * d) - value(w - h * d)) / (2 * h) for d in np.eye(4)]
        # Central differences: h^2 times the third derivative, 1e-6 of the largest slope at these points.
        np.testing.assert_allclose(found, -np.array(slope), atol=2e-6 * np.abs(slope).max(), rtol=0)


def test_three_populations_against_a_linear_solver():
    derived = derive_rule(THREE_LOSS, three())
    target = np.array([THREE["E_set"], THREE["PV_set"], THREE["SST_set"]])
    w = np.array([4.0, 0.7, 1.1, 5.0, 1.2, 0.9, 3.0, 0.5])

    def value(weights):
        return ((three_state(weights) - target) ** 2).sum() / 2

    x = three_state(w)
    values = THREE | dict(zip(derived.state.weights, w, strict=True)) | {"alpha": 1.0}
    values |= dict(zip(derived.state.populations, x, strict=True))
    found = np.array([evaluate(e, values) for e in derived.expressions.values()])
    h = 1e-5
    slope = np.array([(value(w + h * d) - value(w - h * d)) / (2 * h) for d in np.eye(8)])
    np.testing.assert_allclose(found, -slope, atol=1e-7 * np.abs(slope).max(), rtol=0)


def test_fifty_digits_of_a_model_that_is_not_linear():
    """E = k (..)^2 with a root that has no short formula: mpmath's own derivative of its own root."""
    model = RatePopulations(
        {"E": "k*(W_EE*E - W_EI*I + b)**2", "I": "tanh(W_IE*E) + c"},
        {"k": 0.5, "b": 1.0, "c": 0.25, "E_set": 1.0, "I_set": 1.0},
    )
    derived = derive_rule("(E - E_set)**2/2 + log(I)**2", model)
    with mpmath.workdps(50):
        w = [mpmath.mpf("0.3"), mpmath.mpf("0.4"), mpmath.mpf("0.7")]
        half, quarter = mpmath.mpf(1) / 2, mpmath.mpf(1) / 4

        def state(ee, ei, ie):
            return mpmath.findroot(
                lambda e, i: (half * (ee * e - ei * i + 1) ** 2 - e, mpmath.tanh(ie * e) + quarter - i), (0.5, 0.5)
            )

        def value(*weights):
            e, i = state(*weights)
            return (e - 1) ** 2 / 2 + mpmath.log(i) ** 2

        e, i = state(*w)
        numbers = {"E": e, "I": i, "k": half, "b": 1, "c": quarter, "E_set": 1, "I_set": 1, "alpha": 1}
        numbers |= dict(zip(derived.state.weights, w, strict=True))
        for k, change in enumerate(derived.expressions.values()):
            order = tuple(int(j == k) for j in range(3))
            slope = mpmath.diff(value, tuple(w), order)
            exact = change.subs({s: numbers[s.name] for s in change.free_symbols}).evalf(50)
            # mpmath differentiates with a step that costs about half of the fifty digits.
            assert abs(mpmath.mpf(str(exact)) + slope) < mpmath.mpf("1e-20") * abs(slope)


@pytest.mark.parametrize("approximation", APPROXIMATIONS)
@pytest.mark.parametrize("model", [two, pytest.param(three, marks=pytest.mark.slow)])
def test_the_engines_own_check_passes(approximation, model):
    derived = derive_rule(PAPER_LOSS if model is two else THREE_LOSS, model(), approximation)
    checked = derived.check(points=4)
    assert checked.passed
    assert checked.weights.shape == (4, len(derived.state.weights))
    assert (checked.order is None) == (approximation == "exact")
    assert "passed" in str(checked)


@pytest.mark.parametrize("approximation", APPROXIMATIONS)
def test_the_engines_own_check_sees_a_wrong_rule(approximation):
    """A sign error in one weight, and an error of one part in a hundred thousand, are both seen."""
    derived = derive_rule(PAPER_LOSS, two(), approximation)
    for factor in (-1, 1 + 1e-5) if approximation == "exact" else (-1,):
        wrong = derived.expressions | {"W_IE": factor * derived.expressions["W_IE"]}
        checked = dataclasses.replace(derived, expressions=wrong).check(points=4)
        assert not checked.passed
        assert "FAILED" in str(checked)


def test_up_state_is_first_order_only_where_the_loss_does_not_rest():
    derived = derive_rule("(E - 4)**2/2 + (I_set - I)**2/2", two(), "up_state")
    checked = derived.check(points=6)
    assert checked.expected_order == 1.0
    assert checked.order == pytest.approx(1.0, abs=0.2)


def test_full_is_refused_where_the_loss_is_not_real():
    kullback = "E*log(E/E_set) - E + E_set + I*log(I/I_set) - I + I_set"
    with pytest.raises(ValueError, match=r"full must expand a loss that is real .* got none at E = -4\.8, I = -100"):
        derive_rule(kullback, two(), "full")


def test_a_power_is_read_where_neighbouring_distances_agree():
    h = 4e-3 * 0.5 ** np.arange(5)
    assert _settled_order(3 * h**2) == pytest.approx(2.0, abs=1e-12)
    # A large fifth-order term spoils the largest distances only, and rounding the smallest.
    assert _settled_order(h**2 + 5e5 * h**5 + [0, 0, 0, 0, 1e-7]) == pytest.approx(2.0, abs=0.1)
    assert _settled_order(np.array([1.0, 0.1, 0.9, 0.2, 1.1])) is None
    assert _settled_order(np.zeros(5)) == np.inf


@pytest.mark.slow
def test_four_populations_pass_the_order_test_and_a_wrong_rule_does_not():
    """Random weights of four populations are often ill-conditioned."""
    names, goals = "EPSV", (5.0, 10.0, 4.0, 3.0)
    signs = dict(zip(names, "+---", strict=True))
    formulas = {a: f"g*({' '.join(f'{signs[b]} W_{a}{b}*{b}' for b in names)} - 2)" for a in names}
    model = RatePopulations(formulas, {"g": 1.0} | {f"{a}_set": x for a, x in zip(names, goals, strict=True)})
    derived = derive_rule(" + ".join(f"({a} - {a}_set)**2/2" for a in names), model, "up_state")
    for seed in range(4):
        assert derived.check(seed=seed).passed
    wrong = derived.expressions | {"W_EP": -derived.expressions["W_EP"]}
    assert not dataclasses.replace(derived, expressions=wrong).check().passed
