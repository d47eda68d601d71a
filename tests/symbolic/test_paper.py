"""003 section 3, Eqs. (46) to (57), and 000: what the engine derives against the print and its correction."""

import numpy as np
import pytest
import sympy
from symbolic_models import PAPER_LOSS, TABLE_1, evaluate, held, two, up_state

from spikelearn import rules
from spikelearn.models.ei_rate.model import EIRates
from spikelearn.symbolic.approximate import set_point_weights, steady_state_without_weights
from spikelearn.symbolic.derive import derive_rule
from spikelearn.symbolic.implicit import implicit_response
from spikelearn.symbolic.populations import read_steady_state

WEIGHTS = ("W_EE", "W_EI", "W_IE", "W_II")
E, I, E_set, I_set, g_E, g_I, alpha = sympy.symbols("E I E_set I_set g_E g_I alpha")  # noqa: E741
Theta_E, Theta_I, I_ext = sympy.symbols("Theta_E Theta_I I_ext")
W_EE, W_EI, W_IE, W_II = sympy.symbols(WEIGHTS)
theta_E = Theta_E - I_ext
C = W_EI * W_IE * g_E * g_I - (W_II * g_I + 1) * (W_EE * g_E - 1)

# Eq. (55) as printed: dE and dI by W_EE, W_EI, W_IE, W_II.
PRINTED_55 = [
    [-(E * W_II * g_E * g_I + E * g_E), I * W_II * g_E * g_I + I * g_E, E * W_EI * g_E * g_I, -I * W_EI * g_E * g_I],
    [-E * W_IE * g_E * g_I, I * W_IE * g_E * g_I, (E * W_EE * g_E - E) * g_I, -(I * W_EE * g_E - I) * g_I],
]
# Eq. (56) as printed, without its leading signs -, +, +, -.
ONTO_E = (I_set - I) * W_IE * g_E * g_I + (E_set - E) * (W_II * g_I + 1) * g_E
ONTO_I = (E_set - E) * W_EI * g_E * g_I + (I_set - I) * (W_EE * g_E - 1) * g_I
BRACKETS_56 = [E * ONTO_E, I * ONTO_E, E * ONTO_I, I * ONTO_I]


def eq_57(a_E_set_point):
    A = E_set * W_EE * g_E - theta_E * g_E - E_set
    B = E_set * W_IE - Theta_I
    D = Theta_I * (W_EE * g_E - 1) - theta_E * W_IE * g_E
    a_E, a_I = alpha * g_E * a_E_set_point * W_IE / D, alpha * A / D
    b_E, b_I = alpha * g_E * B / D, alpha * I_set * (1 - W_EE * g_E) / D
    return [
        +a_E * E * (I_set - I) + b_E * E * (E_set - E),
        -a_E * I * (I_set - I) - b_E * I * (E_set - E),
        -a_I * E * (E_set - E) + b_I * E * (I_set - I),
        +a_I * I * (E_set - E) - b_I * I * (I_set - I),
    ]


def same(left, right):
    return sympy.simplify(left - right) == 0


def test_eq_55_has_the_opposite_sign_in_print():
    """Erratum E1: all eight derivatives; the determinant itself is printed rightly, Eq. (19)."""
    response = implicit_response(read_steady_state(two()))
    assert same(response.denominator, C)
    for p in range(2):
        for k in range(4):
            found = response.derivative(p, k)
            assert same(found, -PRINTED_55[p][k] / C)
            assert not same(found, PRINTED_55[p][k] / C)


def test_eq_54_is_solved_by_the_derivatives():
    """The print's own implicit equations, written out: they contradict its Eq. (55) and not ours."""
    response = implicit_response(read_steady_state(two()))
    dE, dI = ([response.derivative(p, k) for k in range(4)] for p in range(2))
    own_E = [g_E * E, -g_E * I, 0, 0]
    own_I = [0, 0, g_I * E, -g_I * I]
    for k in range(4):
        assert same(dE[k], own_E[k] + g_E * W_EE * dE[k] - g_E * W_EI * dI[k])
        assert same(dI[k], own_I[k] + g_I * W_IE * dE[k] - g_I * W_II * dI[k])
    printed_E, printed_I = PRINTED_55[0][0] / C, PRINTED_55[1][0] / C
    assert not same(printed_E, g_E * E + g_E * W_EE * printed_E - g_E * W_EI * printed_I)


def test_eq_56_corrected_is_derived_and_the_print_is_not():
    """Erratum E2: signs +, -, -, + in the place of -, +, +, -."""
    derived = derive_rule(PAPER_LOSS, two())
    for name, bracket, sign in zip(WEIGHTS, BRACKETS_56, (1, -1, -1, 1), strict=True):
        assert same(derived.expressions[name], sign * alpha / C * bracket)
        assert not same(derived.expressions[name], -sign * alpha / C * bracket)
        # "Complicated expressions that depend on all weights": each on all four.
        assert set(WEIGHTS) <= {s.name for s in derived.expressions[name].free_symbols}
        assert {s.name for s in derived.expressions[name].free_symbols} <= {
            *("E", "I", "E_set", "I_set", "g_E", "g_I", "Theta_E", "Theta_I", "I_ext", "alpha"),
            *WEIGHTS,
        }


def test_eq_56_as_printed_ascends():
    """The loss grows along the printed rule and falls along ours, at weights off the set point."""
    w = held(5.0, 10.0) * np.array([1.02, 0.97, 1.01, 1.03])

    def loss(weights):
        x = up_state(weights)
        return ((x - [5.0, 14.0]) ** 2).sum() / 2

    values = TABLE_1 | dict(zip(WEIGHTS, w, strict=True)) | dict(zip("EI", up_state(w), strict=True)) | {"alpha": 1.0}
    ours = np.array([evaluate(e, values) for e in derive_rule(PAPER_LOSS, two()).expressions.values()])
    printed = np.array([evaluate(s * alpha / C * b, values) for b, s in zip(BRACKETS_56, (-1, 1, 1, -1), strict=True)])
    step = 1e-4 / np.abs(ours).max()
    assert loss(w + step * ours) < loss(w) < loss(w + step * printed)


def test_eq_57_corrected_is_derived_and_the_print_is_not():
    """Erratum E3: a_E has I_set, not E_set. I_ext enters through Theta_E - I_ext only."""
    derived = derive_rule(PAPER_LOSS, two(), "up_state")
    right, printed = eq_57(I_set), eq_57(E_set)
    for k, name in enumerate(WEIGHTS):
        assert same(derived.expressions[name], right[k])
    assert [same(derived.expressions[name], printed[k]) for k, name in enumerate(WEIGHTS)] == [False, False, True, True]


def test_eq_57_denominator_is_the_determinant_at_the_set_point():
    """D = I_set C / g_I with the weights of Eq. (24)."""
    up = set_point_weights(read_steady_state(two()))
    at = {W_EI: up["W_EI"], W_II: up["W_II"]}
    D = Theta_I * (W_EE * g_E - 1) - theta_E * W_IE * g_E
    assert same(C.subs(at) * I_set / g_I, D)
    assert same(derive_rule(PAPER_LOSS, two(), "up_state").determinant, D)


def test_eq_24_is_solved_for():
    up = set_point_weights(read_steady_state(two()))
    assert same(up["W_EI"], ((E_set * W_EE - theta_E) * g_E - E_set) / (I_set * g_E))
    assert same(up["W_II"], ((E_set * W_IE - Theta_I) * g_I - I_set) / (I_set * g_I))


def synaptic_eigenvalues(rule, ee, ie):
    """Nonzero eigenvalues of a rule at a set point from scratch: differences of the rule along Eq. (18)."""
    w = held(ee, ie)
    numbers = sympy.lambdify([E, I, W_EE, W_EI, W_IE, W_II], [r.subs(TABLE_1 | {"alpha": 1.0}) for r in rule])
    h = 1e-6
    jacobian = np.empty((4, 4))
    for k in range(4):
        moved = [w + s * h * (np.arange(4) == k) for s in (1, -1)]
        plus, minus = (np.array(numbers(*up_state(m), *m)) for m in moved)
        jacobian[:, k] = (plus - minus) / (2 * h)
    values = np.linalg.eigvals(jacobian)
    return values[np.argsort(-np.abs(values))][:2]


def test_eq_57_as_printed_is_a_saddle_on_91_percent_of_the_valid_region():
    """Erratum E3 on a 201 x 201 grid of W_EE in [0, 10], W_IE in [0, 20]: one growing eigenvalue where det K < 0.

    With dW_EE = a_E E (Is - I) + b_E E (Es - E) and so on, K = M^-1 S, so that det K has the sign of
    a_E a_I + b_E b_I where C > 0. Both the sign and three points by brute force.
    """
    ee, ie = np.meshgrid(np.linspace(0, 10, 201), np.linspace(0, 20, 201))
    p = TABLE_1
    _, ei, _, ii = held(ee, ie)
    x, y = p["g_E"] * ee - 1, p["g_I"] * ii + 1
    c = p["g_E"] * p["g_I"] * ei * ie - x * y
    valid = (ei > 0) & (ii > 0) & (c > 0) & (y * p["tau_E"] > x * p["tau_I"])
    A = p["E_set"] * ee - p["Theta_E"] - p["E_set"]
    B = p["E_set"] * ie - p["Theta_I"]
    for set_point, expected in ((p["E_set"], 0.91), (p["I_set"], 0.0)):
        determinant = set_point * ie * A - B * p["I_set"] * x
        saddle = (determinant < 0) & valid
        # The grid moves the share by less than a hundredth (0.913 to 0.915 between 101 and 1001 points a side).
        assert saddle.sum() / valid.sum() == pytest.approx(expected, abs=0.01)
    for point, is_saddle in (((5.0, 10.0), True), ((8.0, 12.0), True), ((8.0, 6.5), False)):
        at = np.argmin(np.hypot(ee - point[0], ie - point[1]))
        assert valid.flat[at]
        assert ((p["E_set"] * ie * A - B * p["I_set"] * x).flat[at] < 0) == is_saddle
        printed, right = (synaptic_eigenvalues(eq_57(s), *point).real for s in (E_set, I_set))
        assert (printed.max() > 0) == is_saddle
        assert right.max() < 0


def test_notebook_steady_state_and_sign_of_the_rule():
    """Errata F1 and F2: the notebook's second steady state is I_ss = g(..), and its rule is -alpha dL/dW."""
    state = read_steady_state(two())
    assert set(state.right_hand_sides) == {"E", "I"}
    assert same(state.right_hand_sides["I"], g_I * (W_IE * E - W_II * I - Theta_I))
    assert same(state.right_hand_sides["E"], g_E * (W_EE * E - W_EI * I - theta_E))
    derived = derive_rule("(E - E_set)**2/2 + (I - I_set)**2/2", two())
    response = implicit_response(state)
    for k, name in enumerate(WEIGHTS):
        gradient = (E - E_set) * response.derivative(0, k) + (I - I_set) * response.derivative(1, k)
        assert same(derived.expressions[name], -alpha * gradient)


def notebook_taylor(expression):
    """First-order multivariate Taylor polynomial about zero weights, the long way: along a line."""
    t = sympy.Symbol("t")
    weights = (W_EE, W_EI, W_IE, W_II)
    line = expression.subs({w: t * w for w in weights}, simultaneous=True)
    return line.subs(t, 0) + sympy.diff(line, t).subs(t, 0)


def test_notebook_small_weights():
    exact = derive_rule(PAPER_LOSS, two()).expressions
    found = derive_rule(PAPER_LOSS, two(), "small_weights").expressions
    for name in WEIGHTS:
        assert same(found[name], notebook_taylor(exact[name]))


def test_notebook_full_expansion():
    """Solved for E and I in full (Eq. 18), substituted and expanded: the engine never solves and gives the same."""
    c = C
    E_ss = (W_EI * g_I * Theta_I - (W_II * g_I + 1) * theta_E) * g_E / c
    I_ss = ((W_EE * g_E - 1) * Theta_I - W_IE * g_E * theta_E) * g_I / c
    exact = derive_rule(PAPER_LOSS, two()).expressions
    found = derive_rule(PAPER_LOSS, two(), "full").expressions
    for name in WEIGHTS:
        assert same(found[name], notebook_taylor(exact[name].subs({E: E_ss, I: I_ss})))
        assert not found[name].has(E, I)


def test_small_weight_expansions_are_made_below_threshold_and_say_so():
    """Erratum F3: at zero weights the unrectified steady state is E = -g_E theta_E, I = -g_I Theta_I, both negative."""
    start = steady_state_without_weights(read_steady_state(two()))
    assert same(start[E], -g_E * theta_E)
    assert same(start[I], -g_I * Theta_I)
    for approximation in ("small_weights", "full"):
        notes = " ".join(derive_rule(PAPER_LOSS, two(), approximation).notes)
        assert "E = -4.8, I = -100" in notes
        assert "no dynamical meaning" in notes
    assert not derive_rule(PAPER_LOSS, two()).notes


def coefficients_of_eq_57(p, ee, ie):
    """A, B, D and beta_I of the derived rule at set points, read off the rule itself at E or I one below its set point.

    dW_EE = E (a_E (I_set - I) + b_E (E_set - E)) and dW_IE = E (-a_I (E_set - E) + b_I (I_set - I)), with
    a_I = alpha A/D, b_E = alpha g_E B/D and D the determinant of the rule.
    """
    derived = derive_rule(PAPER_LOSS, two(**p), "up_state")
    values = TABLE_1 | p | {"alpha": 1.0}
    off_E, off_I = {E: E_set - 1, I: I_set}, {E: E_set, I: I_set - 1}
    b_E = derived.expressions["W_EE"].subs(off_E) / (E_set - 1)
    a_I = -derived.expressions["W_IE"].subs(off_E) / (E_set - 1)
    b_I = derived.expressions["W_IE"].subs(off_I) / E_set
    D = derived.determinant
    formulas = [e.subs(values) for e in (a_I * D / alpha, b_E * D / (alpha * g_E), D, b_I)]
    return [np.broadcast_to(f(ee, ie), ee.shape) for f in (sympy.lambdify([W_EE, W_IE], e) for e in formulas)]


def valid_points(p):
    """Set points with positive weights and a stable network, by hand, and x = g_E W_EE - 1 there."""
    p = TABLE_1 | p
    ee, ie = (a.ravel() for a in np.meshgrid(np.linspace(0.05, 10, 100), np.linspace(0.05, 20, 100)))
    _, ei, _, ii = held(ee, ie, p)
    x, y = p["g_E"] * ee - 1, p["g_I"] * ii + 1
    c = p["g_E"] * p["g_I"] * ei * ie - x * y
    valid = (ei > 0) & (ii > 0) & (c > 0) & (y * p["tau_E"] > x * p["tau_I"])
    return ee[valid], ie[valid], x[valid]


def test_A_B_D_of_eq_57_are_positive():
    """At every valid point of both sets, with the numbers of Table 1 put in by pencil at (5, 10)."""
    at = [float(v[0]) for v in coefficients_of_eq_57({}, np.array([5.0]), np.array([10.0]))]
    assert at == pytest.approx([25 - 4.8 - 5, 50 - 25, 25 * 4 - 4.8 * 10, -14 * 4 / 52], rel=1e-12)
    for p in ({}, {"g_E": 0.5, "I_ext": 8.0}):
        ee, ie, _ = valid_points(p)
        A, B, D, _ = coefficients_of_eq_57(p, ee, ie)
        assert min(A.min(), B.min(), D.min()) > 0
        theta = 4.8 - p.get("I_ext", 0.0)
        np.testing.assert_allclose(A, (5 * ee - theta) * p.get("g_E", 1.0) - 5, rtol=1e-9)


def test_derivatives_are_linear_in_the_activities():
    """000, before its small-weight expansion: complicated in the weights, but linear in one presynaptic activity."""
    response = implicit_response(read_steady_state(two()))
    for p in range(2):
        for k, presynaptic in enumerate((E, I, E, I)):
            slope = response.derivative(p, k) / presynaptic
            assert not sympy.simplify(slope).has(E, I)


def test_eq_57_is_a_cross_homeostatic_and_a_homeostatic_rule():
    """The terms in a_E, a_I are Eq. (6) and those in b_E, b_I are Eq. (28), with b_I < 0 in the paradoxical regime."""
    w = dict(zip(WEIGHTS, held(5.0, 10.0), strict=True))
    values = TABLE_1 | w | {"E": 4.2, "I": 15.5, "alpha": 1.0}
    D = 25.0 * 4.0 - 4.8 * 10.0
    a_E, a_I, b_E, b_I = 14.0 * 10.0 / D, (25.0 - 4.8 - 5.0) / D, (50.0 - 25.0) / D, -14.0 * 4.0 / D
    model = EIRates()
    cross = rules.CrossHomeostatic(alpha_EE=a_E, alpha_EI=a_E, alpha_IE=a_I, alpha_II=a_I)
    home = rules.Homeostatic(alpha_EE=b_E, alpha_EI=b_E, alpha_IE=b_I, alpha_II=b_I)
    state = (values["E"], values["I"], *w.values())
    by_family = np.array(cross.update(model)(*state)) + np.array(home.update(model)(*state))
    derived = derive_rule(PAPER_LOSS, two(), "up_state")
    found = [evaluate(change, values) for change in derived.expressions.values()]
    np.testing.assert_allclose(found, by_family, rtol=1e-12)


def test_beta_I_is_positive_where_the_network_is_not_paradoxical():
    """With g_E 0.5 and I_ext 8 valid points with x < 0 exist, and b_I is positive there; without I_ext there are none.

    That is In [15] too: CC is the paradoxical condition, 1 - g_E W_EE.
    """
    p = {"g_E": 0.5, "I_ext": 8.0}
    ee, ie, x = valid_points(p)
    *_, D, b_I = coefficients_of_eq_57(p, ee, ie)
    assert 0 < (b_I > 0).sum() < b_I.size
    np.testing.assert_array_equal(b_I > 0, x < 0)
    np.testing.assert_allclose(b_I * D / 14.0, 1 - 0.5 * ee, rtol=1e-9, atol=1e-12)
    ee, ie, x = valid_points({})
    assert (x > 0).all()
    assert (coefficients_of_eq_57({}, ee, ie)[3] < 0).all()


def test_the_models_own_steady_state_is_eq_53():
    """What `EIRates` says of itself, read into formulas and, solved for E and I, into the numbers of `up_state`."""
    sides = read_steady_state(EIRates()).right_hand_sides
    assert same(sides["E"], g_E * (W_EE * E - W_EI * I - Theta_E + I_ext))
    assert same(sides["I"], g_I * (W_IE * E - W_II * I - Theta_I))
    solved = sympy.solve([sides["E"] - E, sides["I"] - I], [E, I], dict=True)[0]
    w = (5.0, 1.1, 10.0, 1.5)
    values = TABLE_1 | dict(zip(WEIGHTS, w, strict=True))
    state = EIRates().up_state(*w)
    assert float(state.E) == pytest.approx(evaluate(solved[E], values), rel=1e-12)
    assert float(state.I) == pytest.approx(evaluate(solved[I], values), rel=1e-12)
