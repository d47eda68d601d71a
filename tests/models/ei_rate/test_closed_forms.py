"""Closed forms against numeric eigenvalues: 10,000 random valid set points a rule, fifty random models each.

The independent side does not use the package's Jacobians: it differentiates the change of the weights at the Up state
of Eq. (18) by central differences, and takes the eigenvalues of the whole 4 x 4 matrix. No point is left out: where a
real part is below 1e-6 of the matrix's size, which is where the differences could mistake its sign, the same is done
again with sixty digits.
"""

import mpmath
import numpy as np
import pytest

import spikelearn as sl
from spikelearn.rules.closed_forms import TraceDeterminant, coefficients, eigenvalue_pair

N_MODELS, N_POINTS = 50, 200
NAMES = ("EE", "EI", "IE", "II")


def random_model(rng):
    E_set, I_set = rng.uniform(2, 20, 2)
    return sl.EIRates(
        g_E=rng.uniform(0.3, 3),
        g_I=rng.uniform(0.5, 6),
        Theta_E=rng.uniform(0.5, 10),
        Theta_I=rng.uniform(1, 40),
        I_ext=rng.choice([0.0, rng.uniform(0, 15)]),
        tau_E=rng.uniform(5, 30),
        tau_I=rng.uniform(1, 10),
        E_set=E_set,
        I_set=I_set,
    )


def random_valid_points(rng, model):
    """Draw free weights uniformly above the positivity bounds until enough of them are neurally stable."""
    low_ee = max(((model.Theta_E - model.I_ext) * model.g_E + model.E_set) / (model.E_set * model.g_E), 0)
    low_ie = (model.Theta_I * model.g_I + model.I_set) / (model.E_set * model.g_I)
    found = [np.empty((2, 0))]
    while sum(part.shape[1] for part in found) < N_POINTS:
        ee = low_ee + rng.uniform(0, 10, 2000)
        ie = low_ie + rng.uniform(0, 20, 2000)
        keep = model.neural_stable(*model.setpoint_weights(ee, ie))
        found.append(np.stack([ee[keep], ie[keep]]))
        if len(found) > 50:
            return None
    return np.concatenate(found, axis=1)[:, :N_POINTS]


def rates(rng, signed=False, names=NAMES):
    low = -0.05 if signed else 0.0
    return {f"alpha_{name}": rng.uniform(low, 0.05, N_POINTS) for name in names}


RULES = {
    "homeostatic": lambda rng: sl.rules.Homeostatic(**rates(rng, signed=True)),
    "cross": lambda rng: sl.rules.CrossHomeostatic(**rates(rng)),
    "two_term": lambda rng: sl.rules.TwoTerm(
        alpha=rng.uniform(-0.05, 0.05, N_POINTS), beta=rng.uniform(-0.05, 0.05, N_POINTS)
    ),
    "scaling": lambda rng: sl.rules.SynapticScaling(**rates(rng)),
    "forced_minus": lambda rng: sl.rules.ForcedBalance(**rates(rng, names=("1", "3")), ie_sign=-1),
    "forced_plus": lambda rng: sl.rules.ForcedBalance(**rates(rng, names=("1", "3")), ie_sign=1),
    "forced_slow": lambda rng: sl.rules.ForcedBalance(**rates(rng, names=("1", "3")), ie_sign=1, tau_0=50.0),
    "loss_gradient": lambda rng: sl.rules.LossGradient(alpha=rng.uniform(0.01, 0.05, N_POINTS)),
    "loss_approximate": lambda rng: sl.rules.LossApproximate(alpha=rng.uniform(0.01, 0.05, N_POINTS)),
}


def changes_by_hand(name, model, rates, E, I, w, up):  # noqa: E741
    """The rules as in the table of the source, written a second time; up holds the set point's weights."""
    ee, ei, ie, ii = w
    e, i = model.E_set - E, model.I_set - I
    gE, gI, theta = model.g_E, model.g_I, model.Theta_E - model.I_ext
    if name in ("homeostatic", "cross", "scaling"):
        a = [rates[f"alpha_{n}"] for n in NAMES]
        if name == "homeostatic":
            return a[0] * E * e, -a[1] * I * e, a[2] * E * i, -a[3] * I * i
        if name == "cross":
            return a[0] * E * i, -a[1] * I * i, -a[2] * E * e, a[3] * I * e
        return a[0] * e * ee, -a[1] * e * ei, a[2] * i * ie, -a[3] * i * ii
    if name == "two_term":
        a, b = rates["alpha"], rates["beta"]
        return (E * (a * i + b * e), -I * (a * i + b * e), E * (b * i - a * e), -I * (b * i - a * e))
    if name.startswith("forced"):
        a1, a3 = rates["alpha_1"], rates["alpha_3"]
        sign = -1 if name == "forced_minus" else 1
        per_ms = 1 / 50.0 if name == "forced_slow" else a1 * gE * gI * model.E_set * model.I_set
        target_ei = ((gE * ee - 1) * model.E_set - gE * theta) / (gE * model.I_set)
        target_ii = ((model.E_set * ie - model.Theta_I) * gI - model.I_set) / (model.I_set * gI)
        return (a1 * gE * E * e, (target_ei - ei) * per_ms, sign * a3 * gI * E * i, (target_ii - ii) * per_ms)
    alpha = rates["alpha"]
    if name == "loss_approximate":
        ee, ei, ie, ii = up
    x, y = gE * ee - 1, gI * ii + 1
    scale = alpha / (gE * gI * ei * ie - x * y)
    onto_e = scale * (e * y * gE + i * ie * gE * gI)
    onto_i = -scale * (e * ei * gE * gI + i * x * gI)
    return E * onto_e, -I * onto_e, E * onto_i, -I * onto_i


def jacobian_by_differences(name, model, rates, w, share):
    """How the change of each weight answers to each weight, the activities following; nested [column][row]."""

    def change(at):
        ee, ei, ie, ii = at
        x, y, theta = model.g_E * ee - 1, model.g_I * ii + 1, model.Theta_E - model.I_ext
        c = model.g_E * model.g_I * ei * ie - x * y
        E = model.g_E * (model.g_I * model.Theta_I * ei - y * theta) / c
        I = model.g_I * (x * model.Theta_I - model.g_E * theta * ie) / c  # noqa: E741
        return changes_by_hand(name, model, rates, E, I, at, w)

    x, y = model.g_E * w[0] - 1, model.g_I * w[3] + 1
    slopes = (-model.g_E * y, model.g_E * model.g_I * w[2], model.g_E * model.g_I * w[1], -model.g_I * x)
    c = model.g_E * model.g_I * w[1] * w[2] - x * y
    columns = []
    for k in range(4):
        # The step changes C by the same small share everywhere, also near C = 0.
        step = share * abs(c) / (abs(slopes[k]) + abs(c))
        up, down = list(w), list(w)
        up[k], down[k] = w[k] + step, w[k] - step
        columns.append([(a - b) / (up[k] - down[k]) for a, b in zip(change(up), change(down), strict=True)])
    return columns


def eigenvalues_in_doubles(name, model, rule, weights):
    """Give the two eigenvalues of largest size, shape (points, 2), and the size of the largest."""
    w = [np.asarray(part, dtype=np.longdouble) for part in weights]
    columns = jacobian_by_differences(name, model, rule.parameters, w, 1e-5)
    matrix = np.moveaxis(np.array([np.broadcast_arrays(*column) for column in columns]), (0, 1, 2), (2, 1, 0))
    numeric = np.linalg.eigvals(matrix.astype(float))
    order = np.argsort(-np.abs(numeric), axis=-1)
    return np.take_along_axis(numeric, order, axis=-1)[:, :2], np.abs(numeric).max(axis=-1)


def eigenvalues_in_sixty_digits(name, model, rule, weights, point):
    with mpmath.workdps(60):
        free = model.setpoint_weights(float(weights.W_EE[point]), float(weights.W_IE[point]))
        ee, ie = mpmath.mpf(float(free.W_EE)), mpmath.mpf(float(free.W_IE))
        x = model.g_E * ee - 1
        ei = (x * model.E_set - mpmath.mpf(model.g_E) * (mpmath.mpf(model.Theta_E) - model.I_ext)) / (
            mpmath.mpf(model.g_E) * model.I_set
        )
        ii = (mpmath.mpf(model.E_set) * ie - model.Theta_I) / model.I_set - 1 / mpmath.mpf(model.g_I)
        rates = {key: mpmath.mpf(float(np.broadcast_to(v, N_POINTS)[point])) for key, v in rule.parameters.items()}
        columns = jacobian_by_differences(name, model, rates, [ee, ei, ie, ii], mpmath.mpf(10) ** -20)
        values = mpmath.eig(mpmath.matrix(columns).T, left=False, right=False)
        return sorted(values, key=abs)[2:]


@pytest.mark.parametrize("name", RULES)
def test_closed_form_and_numeric_eigenvalues_agree(name):
    rng = np.random.default_rng(2022)
    checked = mismatches = 0
    stable_seen = unstable_seen = 0
    worst, again = 0.0, 0
    while checked < N_MODELS * N_POINTS:
        model = random_model(rng)
        points = random_valid_points(rng, model)
        if points is None:
            continue
        rule = RULES[name](rng)
        verdict = sl.stability(model, rule, W_EE=points[0], W_IE=points[1], method="closed")
        assert verdict.valid.all()
        pair, size = eigenvalues_in_doubles(name, model, rule, verdict.weights)
        stable = (pair.real < 0).all(axis=-1)
        unsure = np.abs(pair.real).min(axis=-1) < 1e-6 * size
        gap = np.abs(np.sort_complex(pair) - np.sort_complex(verdict.eigenvalues[:, :2])).max(axis=-1)
        worst = max(worst, float((gap / size).max()))
        for point in np.flatnonzero(unsure):
            exact = eigenvalues_in_sixty_digits(name, model, rule, verdict.weights, point)
            stable[point] = all(value.real < 0 for value in exact)
            again += 1
        mismatches += int(np.sum(stable != verdict.stable))
        checked += N_POINTS
        stable_seen += int(verdict.stable.sum())
        unstable_seen += int((~verdict.stable).sum())
        master = sl.stability(model, rule, W_EE=points[0], W_IE=points[1])
        assert np.array_equal(master.stable, verdict.stable)
    assert mismatches == 0
    # sort_complex may pair the two roots crosswise when their real parts tie; near a double root both move by
    # the square root of the differences' error, 1e-9
    assert worst < 1e-3
    assert stable_seen > 100
    # both verdicts must have been put to the test, save for the rules that are stable everywhere
    assert (unstable_seen > 10) is not name.startswith(("cross", "loss"))
    assert again < 1000


def test_master_formula_is_the_papers_two_by_two():
    """K = M^-1 S with S written from the rule's derivatives, for a rule of no named family that mixes all errors."""
    model = sl.EIRates.non_paradoxical()
    rule = sl.Rule(
        dW={
            "W_EE": "0.02*E**2*(E_set - E) + 0.01*(I_set - I)",
            "W_EI": "-0.01*I*(E_set - E)*W_EI",
            "W_IE": "0.005*E*(I_set - I) - 0.02*(E_set - E)**3 - 0.004*E*tanh(E_set - E)",
            "W_II": "0.003*I*(E_set - E) - 0.02*(I_set - I)*sqrt(W_II)",
        }
    )
    verdict = sl.stability(model, rule, W_EE=6.0, W_IE=12.0)
    E, I = model.E_set, model.I_set  # noqa: E741
    w = verdict.weights
    # Derivatives of the four changes by E and by I at the set point, by pencil.
    by_E = [-0.02 * E**2, 0.01 * I * w.W_EI, 0.004 * E, -0.003 * I]
    by_I = [-0.01, 0.0, -0.005 * E, 0.02 * np.sqrt(w.W_II)]
    S = [
        [-model.g_E * (E * d[0] - I * d[1]) for d in (by_E, by_I)],
        [-model.g_I * (E * d[2] - I * d[3]) for d in (by_E, by_I)],
    ]
    x, y = model.g_E * w.W_EE - 1, model.g_I * w.W_II + 1
    M = [[x, -model.g_E * w.W_EI], [model.g_I * w.W_IE, -y]]
    want = np.linalg.eigvals(np.linalg.solve(np.array(M, dtype=float), np.array(S, dtype=float)))
    got = verdict.eigenvalues
    np.testing.assert_allclose(np.sort_complex(got[:2]), np.sort_complex(want), rtol=1e-10)
    np.testing.assert_array_equal(got[2:], 0)


def test_pinned_forced_balance_has_four_nonzero_eigenvalues():
    """Two are -1/tau_0 and two those of the 2 x 2 block of W_EE and W_IE; for ie_sign -1 that block is a saddle."""
    model = sl.EIRates()
    for sign in (-1, 1):
        rule = sl.rules.ForcedBalance(alpha_1=0.02, alpha_3=1e-4, ie_sign=sign, mode="pinned", tau_0=30.0)
        verdict = sl.stability(model, rule, W_EE=5.0, W_IE=10.0)
        c = coefficients(model, 5.0, 10.0)
        first, second = 0.02 * 25, sign * 1e-4 * 16 * 25
        pair = eigenvalue_pair(TraceDeterminant((c.x * second - c.y * first) / c.C, first * second / c.C))
        want = np.sort_complex(np.concatenate([pair, [-1 / 30, -1 / 30]]))
        # a double eigenvalue moves by the square root of rounding
        np.testing.assert_allclose(np.sort_complex(verdict.eigenvalues), want, atol=1e-7)
        assert bool(verdict.stable) is (sign == 1)
        closed = sl.stability(model, rule, W_EE=5.0, W_IE=10.0, method="closed")
        np.testing.assert_allclose(np.sort_complex(closed.eigenvalues), want, rtol=1e-12)
        assert bool(closed.stable) is (sign == 1)
    grid = np.linspace(2.1, 9.9, 40)[:, None], np.linspace(6.1, 19.9, 40)
    for tau_0 in (None, 30.0):
        rule = sl.rules.ForcedBalance(alpha_1=0.02, alpha_3=1e-4, ie_sign=1, mode="pinned", tau_0=tau_0)
        verdicts = [sl.stability(model, rule, W_EE=grid[0], W_IE=grid[1], method=m) for m in ("qss", "closed")]
        np.testing.assert_array_equal(verdicts[0].stable, verdicts[1].stable)
        assert 0 < verdicts[1].stable.sum() < verdicts[1].stable.size


def test_loss_rules_have_real_eigenvalues():
    model = sl.EIRates()
    ee, ie = np.meshgrid(np.linspace(2, 10, 60), np.linspace(6.5, 20, 60))
    for rule in (sl.rules.LossGradient(alpha=0.1), sl.rules.LossApproximate(alpha=0.1)):
        verdict = sl.stability(model, rule, W_EE=ee, W_IE=ie)
        assert verdict.stable[verdict.valid].all()
        assert (verdict.eigenvalues[verdict.valid].imag == 0).all()
