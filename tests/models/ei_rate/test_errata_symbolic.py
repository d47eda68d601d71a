"""Errata E4, E6, E12, E14 and E15 proved by computer algebra: as identities in all parameters, not at points."""

import pytest
import sympy
from sympy import Symbol

import spikelearn as sl
from spikelearn.symbolic.approximate import set_point_weights
from spikelearn.symbolic.implicit import implicit_response
from spikelearn.symbolic.populations import read_steady_state

MODEL = sl.EIRates()
STATE = read_steady_state(MODEL)
g_E, g_I, E, I = (Symbol(n, positive=True) for n in ("g_E", "g_I", "E_set", "I_set"))  # noqa: E741
theta, Theta_I, x, y = sympy.symbols("theta Theta_I x y")
RATES = {f"alpha_{n}": 1.0 for n in ("EE", "EI", "IE", "II")}
a_EE, a_EI, a_IE, a_II = (Symbol(n) for n in RATES)
R = E / I
# The set point in x = g_E W_EE - 1 and y = g_I W_II + 1, Eq. (24).
HELD = {"W_EE": (x + 1) / g_E, "W_IE": (I * y / g_I + Theta_I) / E}
WEIGHTS = HELD | {"W_EI": (x * E - g_E * theta) / (g_E * I), "W_II": (y - 1) / g_I}
C = sympy.cancel(g_E * g_I * WEIGHTS["W_EI"] * WEIGHTS["W_IE"] - x * y)


def at_set_point(expression):
    values = {"E": E, "I": I, "E_set": E, "I_set": I, "g_E": g_E, "g_I": g_I, "I_ext": 0, "Theta_E": theta, **WEIGHTS}
    return sympy.sympify(expression).subs({Symbol(name): value for name, value in values.items()}, simultaneous=True)


def trace_and_determinant(rule):
    """Sum and product of the two nonzero eigenvalues of a rule, from the engine's own dX/dW."""
    response = implicit_response(STATE)
    slopes = sympy.Matrix(2, 4, lambda p, k: at_set_point(response.derivative(p, k)))
    jacobian = rule.jacobian(MODEL).applyfunc(at_set_point)
    whole = (jacobian[:, 2:] + jacobian[:, :2] * slopes).applyfunc(sympy.cancel)
    trace = sympy.cancel(whole.trace())
    return trace, sympy.cancel((trace**2 - (whole * whole).trace()) / 2)


def is_zero(expression):
    return sympy.cancel(sympy.together(expression)) == 0


def presynaptic():
    return E**2 * a_EE + I**2 * a_EI, E**2 * a_IE + I**2 * a_II


def test_the_engine_gives_the_same_set_point():
    for name, weight in set_point_weights(STATE).items():
        assert is_zero(at_set_point(weight) - WEIGHTS[name])


def test_e6_the_printed_conditions_are_multiplied_by_alpha_EE():
    trace, determinant = trace_and_determinant(sl.rules.Homeostatic(**RATES))
    P_E, P_I = presynaptic()
    assert is_zero(C * trace - (x * g_I * P_I - y * g_E * P_E))
    assert is_zero(C * determinant - g_E * g_I * P_E * P_I)
    a_2, a_3, a_4 = (a / a_EE for a in (a_EI, a_IE, a_II))
    # Eq. (4) as left < right, Eq. (5) as product > 0. With C > 0 the rule is stable where C tr < 0 and C det > 0.
    eq_4 = (R**2 * a_3 + a_4) * x * g_I - (R**2 + a_2) * y * g_E
    eq_5 = (R**2 * a_3 + a_4) * (R**2 + a_2)
    # So Eq. (4) is C tr < 0 divided by alpha_EE, turned around where that is negative; Eq. (5) by its square, never.
    assert is_zero(C * trace - I**2 * a_EE * eq_4)
    assert is_zero(C * determinant - g_E * g_I * I**4 * a_EE**2 * eq_5)


def test_e14_eq_13_is_scaling_at_the_set_point_weight_for_positive_alpha_EE():
    trace, _ = trace_and_determinant(sl.rules.SynapticScaling(**RATES))
    a_2, a_3, a_4 = (a / a_EE for a in (a_EI, a_IE, a_II))

    def eq_13(w_II):
        left = (I * w_II * a_4 + Theta_I * a_3) * g_I
        right = E * (x + 1) + (x * E - theta * g_E) * a_2 - x * I * a_3
        return x * left - y * right

    assert is_zero(C * trace - a_EE * eq_13(WEIGHTS["W_II"]))
    # With W_II any other number the difference is that of the weights, which does not vanish.
    other = Symbol("W_II")
    difference = x * I * g_I * a_4 * (other - WEIGHTS["W_II"])
    assert is_zero(eq_13(other) - eq_13(WEIGHTS["W_II"]) - difference)


def test_e15_the_set_points_cancel_for_equal_rates():
    trace, _ = trace_and_determinant(sl.rules.Homeostatic(**RATES))
    equal = (C * trace).subs(dict.fromkeys((a_EI, a_IE, a_II), a_EE))
    assert is_zero(equal - a_EE * (E**2 + I**2) * (x * g_I - y * g_E))


@pytest.mark.parametrize("sign", [-1, 1])
def test_e4_eq_16_is_the_rule_with_minus_alpha_3(sign):
    """For ie_sign s the conditions hold with -s alpha_3: both are C tr and C det times factors of one sign."""
    trace, determinant = trace_and_determinant(sl.rules.ForcedBalance(alpha_1=1.0, alpha_3=1.0, ie_sign=sign))
    a_1, a_3 = Symbol("alpha_1"), Symbol("alpha_3")
    third = -sign * a_3
    A_1 = (I * theta * Theta_I * a_1 * g_E * g_I + E**3 * third) * g_E * g_I
    B_1 = I**2 * theta * a_1 * g_E**2 * g_I - E**2 * I * a_1 * g_E**2
    C_1 = E * I * Theta_I * a_1 * g_E * g_I**2 + E**2 * I * third * g_I**2
    A_2 = 2 * theta * Theta_I * a_1 * g_E**2 * g_I**2
    B_2 = 2 * I * theta * a_1 * g_E**2 * g_I - E**2 * a_1 * g_E**2
    C_2 = 2 * E * Theta_I * a_1 * g_E * g_I**2 + E**2 * third * g_I**2
    det_factor = sympy.cancel(C * determinant / (A_1 + B_1 * y - C_1 * x))
    trace_factor = sympy.cancel(C * trace / (A_2 + B_2 * y - C_2 * x))
    assert not (det_factor.free_symbols | trace_factor.free_symbols) & {x, y, theta, Theta_I, a_3}
    values = dict.fromkeys((g_E, g_I, E, I, a_1), 1)
    assert (sympy.sign(det_factor.subs(values)), sympy.sign(trace_factor.subs(values))) == (-1, 1)
    assert not det_factor.is_Add
    assert not trace_factor.is_Add


def test_e12_the_weight_scales_make_eq_30_of_the_dimensional_system():
    e, i, w_EE, w_EI, w_IE, w_II = sympy.symbols("e i w_EE w_EI w_IE w_II")
    tau_E, tau_I = sympy.symbols("tau_E tau_I", positive=True)
    scales = {"W_EE": R / g_E, "W_EI": 1 / g_E, "W_IE": 1 / g_E, "W_II": 1 / (R * g_E)}
    scaled = {"W_EE": w_EE, "W_EI": w_EI, "W_IE": w_IE, "W_II": w_II}
    tau_0 = 1 / (a_EE * g_E * E * I)
    g = g_E / g_I
    values = {"E": E * e, "I": I * i, "E_set": E, "I_set": I, "g_E": g_E, "g_I": g_I, "I_ext": 0, "Theta_E": theta}

    def changes(scale):
        at = values | {name: scale[name] * w for name, w in scaled.items()}
        numbers = {Symbol(name): value for name, value in at.items()}
        sides = {name: STATE.right_hand_sides[name].subs(numbers, simultaneous=True) for name in ("E", "I")}
        rule = sl.rules.Homeostatic(**RATES).expressions(MODEL)
        learning = {
            name: tau_0 * change.subs(numbers, simultaneous=True) / scale[name] for name, change in rule.items()
        }
        de = tau_0 * (sides["E"] - E * e) / (tau_E * E)
        di = tau_0 * (sides["I"] - I * i) / (tau_I * I)
        return [de, di, *learning.values()]

    printed = [
        (-e + R * e * w_EE - i * w_EI / R - g_E * theta / E) * tau_0 / tau_E,
        (-i + R * e * w_IE / g - i * w_II / (R * g) - g_I * Theta_I / I) * tau_0 / tau_I,
        -e * (e - 1),
        a_EI / a_EE * i * (e - 1),
        -a_IE / a_EE * e * (i - 1),
        a_II / a_EE * i * (i - 1),
    ]
    assert [is_zero(found - want) for found, want in zip(changes(scales), printed, strict=True)] == [True] * 6
    # Without scales neither the activities' equations nor the rule come out.
    bare = changes(dict.fromkeys(scales, sympy.Integer(1)))
    assert not any(is_zero(found - want) for found, want in zip(bare, printed, strict=True))
