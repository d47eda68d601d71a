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


def test_analysis_after_eq_57():
    """b_I changes sign at the paradoxical condition; A, B, D are positive at every valid point of the grid."""
    ee, ie = np.meshgrid(np.linspace(0.05, 10, 100), np.linspace(0.05, 20, 100))
    _, ei, _, ii = held(ee, ie)
    c = 4 * ei * ie - (ee - 1) * (4 * ii + 1)
    valid = (ei > 0) & (ii > 0) & (c > 0)
    assert (5 * ee[valid] - 4.8 - 5 > 0).all()
    assert (5 * ie[valid] - 25 > 0).all()
    assert (25 * (ee[valid] - 1) - 4.8 * ie[valid] > 0).all()
    assert (ee[valid] > 1).all()  # without I_ext every valid point is paradoxical, so that b_I < 0


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
    """With g_E 0.5 and I_ext 8 valid points with x < 0 exist, and b_I = -alpha I_set x/D is positive there."""
    p = TABLE_1 | {"g_E": 0.5, "I_ext": 8.0}
    ee, ie = np.meshgrid(np.linspace(0.05, 10, 100), np.linspace(0.05, 20, 100))
    _, ei, _, ii = held(ee, ie, p)
    x, y = 0.5 * ee - 1, 4 * ii + 1
    valid = (ei > 0) & (ii > 0) & (2 * ei * ie - x * y > 0) & (y * 10 > x * 2)
    D = 25.0 * x - 0.5 * (4.8 - 8.0) * ie
    assert (D[valid] > 0).all()
    b_I = -14.0 * x / D
    assert (b_I[valid] > 0).any()
    assert ((b_I > 0) == (x < 0))[valid].all()
