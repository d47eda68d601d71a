"""The conditions as the source prints them, beside the corrected closed forms: which hold, and how the others fail."""

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.rules.closed_forms import cross_homeostatic, neural_region, synaptic_scaling, two_term

TABLE_1, OTHER = sl.EIRates(), sl.EIRates.non_paradoxical()
MODELS = pytest.mark.parametrize("model", [TABLE_1, OTHER], ids=["table_1", "non_paradoxical"])
NAMES = ("EE", "EI", "IE", "II")


def valid_grid(model, n=301):
    """Set points of the figures' axes; centres of cells, so that none lies on a boundary by construction."""
    ee = (np.arange(n) + 0.5) * 10 / n
    ie = (np.arange(n) + 0.5) * 20 / n
    ee, ie = (a.ravel() for a in np.meshgrid(ee, ie, indexing="ij"))
    w = model.setpoint_weights(ee, ie)
    keep = model.neural_stable(*w) & (w.W_EI > 0) & (w.W_II > 0)
    return type(w)(*(part[keep] for part in w))


def four_rates(*values):
    return {f"alpha_{name}": value for name, value in zip(NAMES, values, strict=True)}


def closed(model, rule, w):
    return sl.stability(model, rule, W_EE=w.W_EE, W_IE=w.W_IE, method="closed").stable


def ratios(model, a):
    return (
        model.E_set / model.I_set,
        a["alpha_EI"] / a["alpha_EE"],
        a["alpha_IE"] / a["alpha_EE"],
        a["alpha_II"] / a["alpha_EE"],
    )


def eq_2(model, a, w):
    P_E = model.E_set**2 * a["alpha_EE"] + model.I_set**2 * a["alpha_EI"]
    P_I = model.E_set**2 * a["alpha_IE"] + model.I_set**2 * a["alpha_II"]
    left = P_I * model.I_set * (w.W_EE * model.g_E - 1)
    return left < P_E * (model.E_set * w.W_IE * model.g_E - model.Theta_I * model.g_E)


def eq_4(model, a, w):
    R, a2, a3, a4 = ratios(model, a)
    left = (R**2 * a3 + a4) * (w.W_EE * model.g_E - 1) * model.g_I
    return left < (R**2 + a2) * (w.W_II * model.g_I + 1) * model.g_E


def eq_5(model, a, w):
    R, a2, a3, a4 = ratios(model, a)
    return np.full(w.W_EE.shape, (R**2 * a3 + a4) * (R**2 + a2) > 0)


def eq_7(model, a, w):
    P_E = model.E_set**2 * a["alpha_EE"] + model.I_set**2 * a["alpha_EI"]
    P_I = model.E_set**2 * a["alpha_IE"] + model.I_set**2 * a["alpha_II"]
    theta = model.Theta_E - model.I_ext
    right = -P_I * ((w.W_EE * model.g_E - 1) * model.E_set - theta * model.g_E)
    return P_E * model.I_set * w.W_IE * model.g_E > right


def eq_8(model, a, w):
    R, a2, a3, a4 = ratios(model, a)
    return (R**2 * a3 + a4) * w.W_EI + (R**2 + a2) * w.W_IE > 0


def eq_10(model, a, b, w):
    E, I, g = model.E_set, model.I_set, model.g_E  # noqa: E741
    theta = model.Theta_E - model.I_ext
    right = (I * b - E * a) * w.W_EE * g + (theta * g + E) * a + (model.Theta_I * g - I) * b
    return (I * a + E * b) * w.W_IE * g > right


def eq_11(model, alpha, beta, w):
    E, I, g_E, g_I = model.E_set, model.I_set, model.g_E, model.g_I  # noqa: E741
    x, y = w.W_EE * g_E - 1, w.W_II * g_I + 1
    c = (I * model.Theta_I - E * (model.Theta_E - model.I_ext)) * g_E * g_I
    return (x * E * I * g_I - y * E * I * g_E) * beta < (x * E**2 * g_I + y * I**2 * g_E + c) * alpha


def eq_13(model, a, w):
    _, a2, a3, a4 = ratios(model, a)
    x, y, theta = w.W_EE * model.g_E - 1, w.W_II * model.g_I + 1, model.Theta_E - model.I_ext
    left = (model.I_set * w.W_II * a4 + model.Theta_I * a3) * model.g_I
    right = model.E_set * w.W_EE * model.g_E + (x * model.E_set - theta * model.g_E) * a2 - x * model.I_set * a3
    return x * left < y * right


def eq_14(model, w):
    x, y, theta = w.W_EE * model.g_E - 1, w.W_II * model.g_I + 1, model.Theta_E - model.I_ext
    a = (model.E_set * w.W_EE - theta) * model.g_E
    return y * a > x * (model.I_set * w.W_II + model.Theta_I) * model.g_I + x * y * (model.I_set - model.E_set)


def eq_16(model, a1, a3, w, sign=1):
    """Conditions of Eqs. (16) and (45) as printed; sign -1 flips every alpha_3 in them."""
    E, I, g_E, g_I = model.E_set, model.I_set, model.g_E, model.g_I  # noqa: E741
    theta, Theta_I, a3 = model.Theta_E - model.I_ext, model.Theta_I, sign * a3
    x, y = w.W_EE * g_E - 1, w.W_II * g_I + 1
    A1 = (I * theta * Theta_I * a1 * g_E * g_I + E**3 * a3) * g_E * g_I
    B1 = I**2 * theta * a1 * g_E**2 * g_I - E**2 * I * a1 * g_E**2
    C1 = E * I * Theta_I * a1 * g_E * g_I**2 + E**2 * I * a3 * g_I**2
    A2 = 2 * theta * Theta_I * a1 * g_E**2 * g_I**2
    B2 = 2 * I * theta * a1 * g_E**2 * g_I - E**2 * a1 * g_E**2
    C2 = 2 * E * Theta_I * a1 * g_E * g_I**2 + E**2 * a3 * g_I**2
    return (A1 + B1 * y < C1 * x) & (A2 + B2 * y < C2 * x)


@MODELS
@pytest.mark.parametrize("seed", range(5))
def test_conditions_that_hold_as_printed(model, seed):
    """Eqs. (2), (3), (7), (8), (10), (11), (13) and their forms with I_ext, all with positive rates."""
    w = valid_grid(model, 101)
    a = four_rates(*np.random.default_rng(seed).uniform(0.001, 0.05, 4))
    homeostatic = closed(model, sl.rules.Homeostatic(**a), w)
    np.testing.assert_array_equal(eq_2(model, a, w), homeostatic)
    np.testing.assert_array_equal(eq_4(model, a, w), homeostatic)
    cross = closed(model, sl.rules.CrossHomeostatic(**a), w)
    np.testing.assert_array_equal(eq_7(model, a, w), cross)
    np.testing.assert_array_equal(eq_8(model, a, w), cross)
    scaling = closed(model, sl.rules.SynapticScaling(**a), w)
    np.testing.assert_array_equal(eq_13(model, a, w), scaling)
    alpha, beta = a["alpha_EE"], a["alpha_EI"]
    two_term = closed(model, sl.rules.TwoTerm(alpha=alpha, beta=beta), w)
    np.testing.assert_array_equal(eq_10(model, alpha, beta, w), two_term)
    np.testing.assert_array_equal(eq_11(model, alpha, beta, w), two_term)


@MODELS
@pytest.mark.parametrize("seed", range(5))
def test_eqs_7_and_8_are_the_trace_up_to_a_positive_factor(model, seed):
    """Both hold at every valid point, so that verdicts alone would not tell P_E from P_I: the margins themselves.

    With x E_set - g_E theta_E = g_E I_set W_EI, Eq. (24), right less left of Eq. (7) is -tr C I_set/g_I, and of Eq. (8)
    -tr C/(g_E g_I I_set^2 alpha_EE); C from the weights, Eq. (19).
    """
    w = valid_grid(model, 31)
    a = four_rates(*np.random.default_rng(seed).uniform(0.001, 0.05, 4))
    pair = cross_homeostatic(model, a, w.W_EE, w.W_IE)
    x, y = model.g_E * w.W_EE - 1, model.g_I * w.W_II + 1
    minus_trace_C = -pair.trace * (model.g_E * model.g_I * w.W_EI * w.W_IE - x * y)
    E2, I2 = model.E_set**2, model.I_set**2
    P_E, P_I = E2 * a["alpha_EE"] + I2 * a["alpha_EI"], E2 * a["alpha_IE"] + I2 * a["alpha_II"]
    theta = model.Theta_E - model.I_ext
    margin_7 = P_E * model.I_set * w.W_IE * model.g_E + P_I * (x * model.E_set - theta * model.g_E)
    R, a2, a3, a4 = ratios(model, a)
    margin_8 = (R**2 * a3 + a4) * w.W_EI + (R**2 + a2) * w.W_IE
    # C loses up to three digits where it is small against its two terms
    np.testing.assert_allclose(margin_7, minus_trace_C * model.I_set / model.g_I, rtol=1e-9)
    factor = model.g_E * model.g_I * I2 * a["alpha_EE"]
    np.testing.assert_allclose(margin_8, minus_trace_C / factor, rtol=1e-9)
    np.testing.assert_array_equal(margin_7 > 0, eq_7(model, a, w))
    np.testing.assert_array_equal(margin_8 > 0, eq_8(model, a, w))


@MODELS
def test_eqs_25_and_26_bound_the_free_weights(model):
    """Positive W_EI from W_EE = (g_E theta_E + E_set)/(g_E E_set) on, positive W_II from W_IE = ... on, both needed."""
    theta = model.Theta_E - model.I_ext
    low_ee = (model.g_E * theta + model.E_set) / (model.g_E * model.E_set)
    low_ie = (model.g_I * model.Theta_I + model.I_set) / (model.g_I * model.E_set)
    factors = np.array([0.9999, 1.0001])
    _, positive = neural_region(model, low_ee * factors[:, None], low_ie * factors)
    assert positive.tolist() == [[False, False], [False, True]]
    if model is TABLE_1:
        assert (low_ee, low_ie) == pytest.approx((1.96, 5.7))


def test_e6_eq_2_needs_a_positive_sum_of_rates_onto_I():
    """With P_I < 0 < P_E the printed condition holds and the determinant is negative: one eigenvalue grows."""
    a = four_rates(0.02, 0.02, -0.02, -0.02)
    w = TABLE_1.setpoint_weights(np.array([5.0]), np.array([10.0]))
    assert eq_2(TABLE_1, a, w).all()
    verdict = sl.stability(TABLE_1, sl.rules.Homeostatic(**a), W_EE=5.0, W_IE=10.0, method="closed")
    assert not verdict.stable
    # by pencil: C = 4*(15.2/14)*10 - 4*100/14, C tr = 4.42*4*(-4) - (100/14)*4.42, C det = -4*4.42^2
    C, P = 4 * 15.2 / 14 * 10 - 400 / 14, 4.42
    tr, det = -(16 * P + 100 / 14 * P) / C, -4 * P**2 / C
    root = np.sqrt(tr**2 / 4 - det)
    np.testing.assert_allclose(verdict.eigenvalues[:2].real, [tr / 2 + root, tr / 2 - root], rtol=1e-12)
    np.testing.assert_allclose(verdict.eigenvalues[:2].real, [0.694, -7.579], atol=5e-4)


@MODELS
def test_eq_14_is_scaling_with_equal_rates(model):
    w = valid_grid(model)
    truth = closed(model, sl.rules.SynapticScaling(**four_rates(0.02, 0.02, 0.02, 0.02)), w)
    np.testing.assert_array_equal(eq_14(model, w), truth)


def test_e6_eqs_4_and_5_with_all_rates_negative_are_the_exact_complement():
    w = valid_grid(TABLE_1)
    a = four_rates(-0.02, -0.02, -0.02, -0.02)
    printed = eq_4(TABLE_1, a, w) & eq_5(TABLE_1, a, w)
    truth = closed(TABLE_1, sl.rules.Homeostatic(**a), w)
    assert w.W_EE.size > 40_000
    np.testing.assert_array_equal(printed, ~truth)
    assert 0 < truth.sum() < truth.size


def test_e6_and_e14_rates_of_any_sign_need_only_a_positive_alpha_EE():
    rng = np.random.default_rng(6)
    w = valid_grid(OTHER, 61)
    wrong_when = {True: 0, False: 0}
    for _ in range(200):
        a = four_rates(*rng.uniform(-0.05, 0.05, 4))
        printed = eq_4(OTHER, a, w) & eq_5(OTHER, a, w)
        wrong_when[a["alpha_EE"] > 0] += int((printed != closed(OTHER, sl.rules.Homeostatic(**a), w)).sum())
    assert wrong_when[True] == 0
    assert wrong_when[False] > 10_000


@MODELS
def test_e4_eq_16_belongs_to_the_minus_sign(model):
    w = valid_grid(model)
    for a1, a3 in ((0.02, 0.02), (0.02, 2e-4), (2e-4, 0.02)):
        for sign in (-1, 1):
            truth = closed(model, sl.rules.ForcedBalance(alpha_1=a1, alpha_3=a3, ie_sign=sign), w)
            np.testing.assert_array_equal(eq_16(model, a1, a3, w, sign=-sign), truth)


def test_e4_share_of_the_region_where_eq_15_and_eq_16_disagree():
    w = valid_grid(TABLE_1, 801)
    share = {}
    for a1, a3 in ((0.02, 0.02), (2e-4, 0.02)):
        truth = closed(TABLE_1, sl.rules.ForcedBalance(alpha_1=a1, alpha_3=a3, ie_sign=1), w)
        share[a1] = np.mean(eq_16(TABLE_1, a1, a3, w) != truth)
    # 300,000 grid points: the share is known to about the boundary's length over the grid, 1e-3
    assert share[0.02] == pytest.approx(0.065, abs=1e-3)
    assert share[2e-4] == 1.0


def test_e5_eq_16_needs_followers_with_that_time_constant():
    """With half the relaxation rate, or with pinned weights, the verdict is another."""
    w = valid_grid(TABLE_1)
    a1, a3 = 0.02, 0.02
    tau_0 = 1 / (a1 * TABLE_1.g_E * TABLE_1.g_I * TABLE_1.E_set * TABLE_1.I_set)
    given = sl.rules.ForcedBalance(alpha_1=a1, alpha_3=a3, ie_sign=1, tau_0=tau_0)
    np.testing.assert_array_equal(eq_16(TABLE_1, a1, a3, w, sign=-1), closed(TABLE_1, given, w))
    slower = sl.rules.ForcedBalance(alpha_1=a1, alpha_3=a3, ie_sign=1, tau_0=2 * tau_0)
    assert np.mean(eq_16(TABLE_1, a1, a3, w, sign=-1) != closed(TABLE_1, slower, w)) > 0.02
    pinned = sl.rules.ForcedBalance(alpha_1=a1, alpha_3=a3, ie_sign=-1, mode="pinned")
    assert not sl.stability(TABLE_1, pinned, W_EE=w.W_EE, W_IE=w.W_IE).stable.any()
    assert eq_16(TABLE_1, a1, a3, w).all()


def test_e7_positive_w_ii_is_a_bound_on_w_ie():
    bound = (TABLE_1.Theta_I * TABLE_1.g_I + TABLE_1.I_set) / (TABLE_1.E_set * TABLE_1.g_I)
    below, above = (TABLE_1.setpoint_weights(5.0, bound * f).W_II for f in (0.999, 1.001))
    assert below < 0 < above
    # as printed, on W_II itself, it would refuse most of the valid region
    w = valid_grid(TABLE_1)
    assert np.mean(bound < w.W_II) < 0.01


def test_e8_w_ee_and_w_ei_cannot_both_be_free():
    """Eq. (24) ties W_EI to W_EE alone, so these two do not parametrise the plane of set points."""
    weights = TABLE_1.setpoint_weights(5.0, np.array([8.0, 10.0, 12.0]))
    assert np.ptp(weights.W_EI) == 0
    # Eq. (24) by pencil: W_EI = (4*5 - 4.8)/14, W_II = (5 W_IE - 25)/14 - 1/4.
    np.testing.assert_allclose(weights.W_EI, 15.2 / 14, rtol=1e-14)
    np.testing.assert_allclose(weights.W_II, [15 / 14 - 0.25, 25 / 14 - 0.25, 35 / 14 - 0.25], rtol=1e-14)


def test_e9_the_stable_region_of_s8_is_in_the_upper_right():
    w = valid_grid(TABLE_1)
    assert w.W_EE.mean() > 5
    assert w.W_IE.mean() > 10


def test_e13_cross_homeostatic_is_unstable_in_six_dimensions_at_the_figures_rates():
    w = valid_grid(TABLE_1, 101)
    fast = sl.rules.CrossHomeostatic(**four_rates(0.02, 0.02, 0.02, 0.02))
    assert sl.stability(TABLE_1, fast, W_EE=w.W_EE, W_IE=w.W_IE).stable.all()
    assert not sl.stability(TABLE_1, fast, W_EE=w.W_EE, W_IE=w.W_IE, method="full").stable.any()


def test_e14_w_ii_in_eq_13_is_the_set_point_weight():
    """Read as a free weight, say 3, the printed condition misjudges part of the region."""
    w = valid_grid(TABLE_1)
    a = four_rates(0.02, 0.02, 0.004, 0.004)
    truth = closed(TABLE_1, sl.rules.SynapticScaling(**a), w)
    np.testing.assert_array_equal(eq_13(TABLE_1, a, w), truth)
    assert np.mean(eq_13(TABLE_1, a, w._replace(W_II=np.full_like(w.W_II, 3.0))) != truth) > 0.01


def test_e15_for_equal_rates_the_set_points_cancel():
    """With a2 = a3 = a4 = 1 both sides of Eq. (3) hold R^2 + 1: only x g_I against y g_E is left."""
    w = valid_grid(OTHER)
    a = four_rates(0.02, 0.02, 0.02, 0.02)
    truth = closed(OTHER, sl.rules.Homeostatic(**a), w)
    x, y = OTHER.g_E * w.W_EE - 1, OTHER.g_I * w.W_II + 1
    np.testing.assert_array_equal(truth, x * OTHER.g_I < y * OTHER.g_E)
    # the same weights with the set points exchanged are judged the same: W_II is given, not W_IE
    exchanged = OTHER.replace(E_set=OTHER.I_set, I_set=OTHER.E_set)
    np.testing.assert_array_equal(eq_4(exchanged, a, w), eq_4(OTHER, a, w))


def test_e16_more_external_input_can_shrink_the_region():
    """ForcedBalance with ie_sign -1 and slow excitation: all of the valid region at I_ext 0, 92 % at I_ext 8."""
    rule = sl.rules.ForcedBalance(alpha_1=2e-4, alpha_3=0.02, ie_sign=-1)
    share = {}
    for I_ext in (0.0, 8.0):
        model = OTHER.replace(I_ext=I_ext)
        w = valid_grid(model)
        share[I_ext] = closed(model, rule, w).mean()
    assert share[0.0] == 1.0
    assert share[8.0] == pytest.approx(0.9205, abs=2e-3)


def printed_eq_57(rule):
    """E_set in the place of I_set in a_E, as printed."""
    texts = {w: t.replace("alpha*g_E*I_set*W_IE_up", "alpha*g_E*E_set*W_IE_up") for w, t in rule.dW.items()}
    assert texts != dict(rule.dW)
    return sl.Rule(dW=texts, parameters=rule.parameters, name="printed Eq. (57)")


def test_e3_eq_57_as_printed_is_a_saddle_on_91_percent_of_the_region():
    w = valid_grid(TABLE_1, 801)
    right = sl.rules.LossApproximate(alpha=0.1)
    assert sl.stability(TABLE_1, right, W_EE=w.W_EE, W_IE=w.W_IE).stable.all()
    verdict = sl.stability(TABLE_1, printed_eq_57(right), W_EE=w.W_EE, W_IE=w.W_IE)
    saddle = verdict.eigenvalues[:, :2].real.prod(axis=-1) < 0
    np.testing.assert_array_equal(saddle, ~verdict.stable)
    assert saddle.mean() == pytest.approx(0.913, abs=1e-3)


def test_e2_eq_56_as_printed_ascends():
    """Every sign turned around: all valid set points repel in both directions."""
    w = valid_grid(TABLE_1, 101)
    right = sl.rules.LossGradient(alpha=0.1)
    ascent = sl.Rule(dW={k: f"-({t})" for k, t in right.dW.items()}, parameters=right.parameters)
    verdict = sl.stability(TABLE_1, ascent, W_EE=w.W_EE, W_IE=w.W_IE)
    assert (verdict.eigenvalues[:, :2].real > 0).all()


def test_slope_of_the_homeostatic_boundary():
    """Section 2.3.6: the boundary in (W_EE, W_IE) is a line of that slope."""
    a = four_rates(0.02, 0.01, 0.03, 0.005)
    rule = sl.rules.Homeostatic(**a)
    E2, I2 = TABLE_1.E_set**2, TABLE_1.I_set**2
    slope = (E2 * 0.03 + I2 * 0.005) * TABLE_1.I_set / ((E2 * 0.02 + I2 * 0.01) * TABLE_1.E_set)
    root = 1 / TABLE_1.g_E  # where x = 0, and there y = 0: W_IE = Theta_I/E_set
    ee = np.array([3.0, 6.0, 9.0])
    ie = TABLE_1.Theta_I / TABLE_1.E_set + slope * (ee - root)
    for shift, stable in ((1.001, True), (0.999, False)):
        verdict = sl.stability(TABLE_1, rule, W_EE=ee, W_IE=ie * shift, method="closed")
        assert (((verdict.eigenvalues[:, :2].real < 0).all(axis=-1)) == stable)[verdict.neural_stable].all()


def test_c_of_eq_11_at_table_1():
    """c = (I_set Theta_I - E_set Theta_E) g_E g_I = (350 - 24) 4 = 1304, read off the trace with beta = 0."""
    w = valid_grid(TABLE_1, 31)
    pair = two_term(TABLE_1, {"alpha": 1.0, "beta": 0.0}, w.W_EE, w.W_IE)
    x, y = w.W_EE - 1, 4 * w.W_II + 1
    minus_trace_C = -pair.trace * (4 * w.W_EI * w.W_IE - x * y)
    # C tr = -(25 + 196) alpha g_E g_I (W_EI + W_IE), and E_set I_set g_E g_I (W_EI + W_IE) is the bracket of alpha
    bracket = minus_trace_C / 221 * 70
    np.testing.assert_allclose(bracket - x * 25 * 4 - y * 196, 1304.0, rtol=1e-8)


def test_boundary_of_scaling_is_a_hyperbola_whose_regions_switch():
    """C tr is bilinear in the free weights; the sign of its mixed term says which two quadrants are stable."""
    ee, ie = np.meshgrid([3.0, 5.0, 7.0], [8.0, 11.0, 14.0], indexing="ij")
    mixed = {}
    for slow in (0.02, 0.002):
        pair = synaptic_scaling(TABLE_1, four_rates(0.02, 0.02, slow, slow), ee, ie)
        w = TABLE_1.setpoint_weights(ee, ie)
        trace_C = pair.trace * TABLE_1.determinant(*w)
        for axis in (0, 1):
            np.testing.assert_allclose(np.diff(trace_C, 2, axis=axis), 0, atol=1e-9 * np.abs(trace_C).max())
        mixed[slow] = np.diff(np.diff(trace_C, axis=0), axis=1)[0, 0] / 6
        # by pencil: 2 g_E g_I E_set (alpha_I - alpha_E E_set/I_set)
        assert mixed[slow] == pytest.approx(2 * 4 * 5 * (slow - 0.02 * 5 / 14), rel=1e-9)
    # positive: C tr < 0 in the upper left and the lower right; negative: in the other two
    assert mixed[0.02] > 0 > mixed[0.002]


def test_a_prime_exceeds_a_at_table_1():
    """Section 1.5: a' = (I_set W_IIup + Theta_I) g_I > a = (E_set W_EEup - Theta_E) g_E at every valid point."""
    w = valid_grid(TABLE_1)
    margin = (14 * w.W_II + 25) * 4 - (5 * w.W_EE - 4.8)
    # a' = 4 (5 W_IE - 3.5) by Eq. (24)
    np.testing.assert_allclose(margin, 20 * w.W_IE - 14 - 5 * w.W_EE + 4.8, rtol=1e-12)
    assert margin.min() > 0


def test_more_input_to_e_never_loses_a_point_of_two_term_and_scaling():
    """Sections 2.5.3 and 2.5.4: at the same free weights, a point stable at I_ext 4 stays so at 8 if it is valid."""
    rng = np.random.default_rng(16)
    gained = 0
    for _ in range(20):
        a = four_rates(*rng.uniform(0.001, 0.05, 4))
        for rule in (sl.rules.SynapticScaling(**a), sl.rules.TwoTerm(alpha=a["alpha_EE"] / 10, beta=a["alpha_EI"])):
            point = {"W_EE": rng.uniform(1, 10, 500), "W_IE": rng.uniform(6, 20, 500), "method": "closed"}
            less, more = (sl.stability(OTHER.replace(I_ext=I_ext), rule, **point) for I_ext in (4.0, 8.0))
            both = less.valid & more.valid
            assert not (less.stable & ~more.stable)[both].any()
            gained += (more.stable & ~less.stable)[both].sum()
    assert gained > 100


def test_boundary_of_the_homeostatic_rule_tends_to_the_paradoxical_one():
    """Section 2.3.6 for very slow weights onto E: stable to the left of W_EE = 1/g_E. No contradiction: with slow
    weights onto I every valid point is stable, paradoxical or not."""
    w = valid_grid(OTHER, 101)
    x = OTHER.g_E * w.W_EE - 1
    away = np.abs(x) > 0.01
    slow_E = closed(OTHER, sl.rules.Homeostatic(**four_rates(1e-6, 1e-6, 0.02, 0.02)), w)
    np.testing.assert_array_equal(slow_E[away], (x < 0)[away])
    assert 0 < slow_E.sum() < slow_E.size
    assert closed(OTHER, sl.rules.Homeostatic(**four_rates(0.02, 0.02, 1e-6, 1e-6)), w).all()


def test_a_stable_rule_comes_to_rest_on_eq_24():
    """Section 2.2.3: trial by trial from 2 % beside, the weights end where Eq. (24) puts W_EI and W_II."""
    rule = sl.rules.CrossHomeostatic(**four_rates(3e-4, 3e-4, 3e-4, 3e-4))
    step = rule.update(TABLE_1)
    W = np.array([float(part) for part in TABLE_1.setpoint_weights(5.0, 10.0)]) * [1.02, 0.99, 1.01, 0.98]
    for _ in range(3000):
        state = TABLE_1.up_state(*W)
        W = W + np.array(step(state.E, state.I, *W))
    at = TABLE_1.setpoint_weights(W[0], W[2])
    np.testing.assert_allclose(W, [float(part) for part in at], rtol=1e-9)
    assert abs(W[0] - 5) > 1e-3


def test_e17_theta_i_enters_i_up_with_that_coefficient():
    """Section 2.2.4: g_I (W_EE g_E - 1)/C stands before Theta_I in I_up, not in the numerator of E."""
    w = (5.0, 2.0, 10.0, 2.0)
    low, high = (TABLE_1.replace(Theta_I=theta).up_state(*w) for theta in (25.0, 26.0))
    assert float(high.I - low.I) == pytest.approx(4 * 4 / 44, rel=1e-12)
    assert float(high.E - low.E) == pytest.approx(4 * 2 / 44, rel=1e-12)


def test_the_neural_region_of_s8_is_a_wedge_without_end():
    """Two straight lines bound it, so that it goes on beyond the axes of the figure: no triangle."""
    ee = np.array([10.0, 1e3, 1e6])
    for slope, inside in ((1.0, True), (5.0, True), (5.3, False), (0.1, False)):
        stable, _ = neural_region(TABLE_1, ee[1:], slope * ee[1:])
        assert (stable == inside).all(), slope


def test_s10_with_little_of_the_cross_terms_the_region_is_nearly_that_of_the_homeostatic_rule():
    """Section 1.4, Fig. S10 bottom left: alpha = beta/100 keeps Eq. (1)'s region, with equal rates, and adds a rim."""
    w = valid_grid(TABLE_1)
    mixed = closed(TABLE_1, sl.rules.TwoTerm(alpha=0.0002, beta=0.02), w)
    alone = closed(TABLE_1, sl.rules.Homeostatic(**four_rates(0.02, 0.02, 0.02, 0.02)), w)
    assert 0.05 < alone.mean() < 0.1
    assert not (alone & ~mixed).any()
    assert 0.01 < (mixed & ~alone).mean() < 0.02
    fewer = closed(TABLE_1, sl.rules.TwoTerm(alpha=2e-6, beta=0.02), w)
    assert (fewer & ~alone).mean() < 0.0005
    # Eq. (10) by pencil at Table 1, with beta = 100 alpha
    by_hand = (14 + 500) * w.W_IE > (1400 - 5) * w.W_EE + 9.8 + 100 * (25 - 14)
    np.testing.assert_array_equal(mixed, by_hand)


def test_slower_weights_onto_i_never_lose_a_point_of_scaling():
    """Section 1.5: with W_EE g_E > 1 a smaller alpha_3 or alpha_4 keeps what is stable and wins more."""
    rng = np.random.default_rng(15)
    w = valid_grid(TABLE_1, 41)
    gained = {"alpha_IE": 0, "alpha_II": 0}
    for _ in range(20):
        a = four_rates(*rng.uniform(0.001, 0.05, 4))
        before = closed(TABLE_1, sl.rules.SynapticScaling(**a), w)
        for name in gained:
            after = closed(TABLE_1, sl.rules.SynapticScaling(**{**a, name: a[name] / 2}), w)
            assert not (before & ~after).any()
            gained[name] += (after & ~before).sum()
    assert min(gained.values()) > 100


def test_e_up_follows_each_weight_as_expected():
    """Fig. S13: E rises with W_EE and W_II and falls with W_EI and W_IE, at every valid point of Table 1."""
    w = valid_grid(TABLE_1, 101)
    before = TABLE_1.up_state(*w)
    assert before.stable.all()
    for k, (name, sign) in enumerate({"W_EE": 1, "W_EI": -1, "W_IE": -1, "W_II": 1}.items()):
        varied = [part * (1 + 1e-7) if j == k else part for j, part in enumerate(w)]
        change = np.asarray(TABLE_1.up_state(*varied).E - before.E)
        assert (sign * change > 0).all(), name
    np.testing.assert_allclose(before.E, 5.0, rtol=1e-9)


@MODELS
def test_c_of_eq_37_is_positive_where_eq_22_holds(model):
    """Section 2.3.4: C of Eq. (37) with the scales of erratum E12, by pencil, is 2 R (g_E/g_I) times C of Eq. (19)."""
    ee, ie = (part.ravel() for part in np.meshgrid(np.linspace(0.5, 9.5, 19), np.linspace(1, 19, 19)))
    g, R = model.g_E / model.g_I, model.E_set / model.I_set
    theta_E = model.g_E / model.E_set * (model.Theta_E - model.I_ext)
    theta_I = model.g_I / model.I_set * model.Theta_I
    w_EE, w_IE = ee * model.g_E / R, ie * model.g_E
    printed = 2 * R * (R * g * theta_I * w_EE - R * theta_E * w_IE - g * theta_I)
    of_eq_19 = model.determinant(*model.setpoint_weights(ee, ie))
    np.testing.assert_allclose(printed, 2 * R * g * of_eq_19, rtol=1e-9, atol=1e-12)
    assert (printed > 0).any()
    assert (printed < 0).any()
