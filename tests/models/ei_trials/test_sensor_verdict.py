"""The trial verdict with the sensor's filter: formula, six-dimensional maps, and trials that are really run."""

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.rules.sensor import sensor_bound, sensor_multipliers

MODEL = sl.EIRates()
RATES = {"alpha_EE": 2e-3, "alpha_EI": 1e-3, "alpha_IE": 3e-3, "alpha_II": 5e-4}
RULES = (
    sl.rules.CrossHomeostatic(**RATES),
    sl.rules.Homeostatic(**{**RATES, "alpha_IE": 2e-5, "alpha_II": -2e-5}),
    sl.rules.TwoTerm(alpha=2e-3, beta=1e-3),
    sl.rules.SynapticScaling(**RATES),
    sl.rules.ForcedBalance(alpha_1=2e-4, alpha_3=1e-3),
    sl.rules.ForcedBalance(alpha_1=2e-4, alpha_3=1e-3, ie_sign=1, mode="pinned"),
    sl.rules.LossGradient(alpha=0.01),
)
POINTS = ((5.0, 10.0), (3.0, 6.5), (8.0, 12.0))


def six_dimensional(rule, W_EE, W_IE, sensor):
    """Central differences of (A, W) -> one trial, written from the protocol with the Up state as its mean."""
    weights = np.array([float(w) for w in MODEL.setpoint_weights(W_EE, W_IE)])
    step = rule.at(MODEL, W_EE=W_EE, W_IE=W_IE).update(MODEL)

    def one_trial(state):
        A, W = state[:2], state[2:]
        up = MODEL.up_state(*W)
        A = A + (np.array([float(up.E), float(up.I)]) - A) / sensor
        return np.concatenate([A, W + np.array([float(d) for d in step(*A, *W)])])

    at = np.array([MODEL.E_set, MODEL.I_set, *weights])
    columns = [(one_trial(at + 1e-6 * d) - one_trial(at - 1e-6 * d)) / 2e-6 for d in np.eye(6)]
    return np.linalg.eigvals(np.column_stack(columns))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@pytest.mark.parametrize("sensor", [1.0, 2.0, 3.7])
def test_multipliers_are_eigenvalues_of_the_six_dimensional_map(rule, sensor):
    """Also for rules that see the weights themselves, for which the eigenvalues of the whole change do not suffice."""
    for W_EE, W_IE in POINTS:
        verdict = sl.stability(MODEL, rule, W_EE=W_EE, W_IE=W_IE, method="trial", sensor=sensor)
        whole = six_dimensional(rule, W_EE, W_IE, sensor)
        size = max(1.0, np.abs(whole).max())
        for z in verdict.multipliers:
            assert np.abs(whole - z).min() < 1e-5 * size
        # What is left out is neutral: every other eigenvalue is 1, or 0 where there is no filter.
        rest = list(whole)
        for z in verdict.multipliers:
            rest.pop(int(np.argmin(np.abs(np.array(rest) - z))))
        for z in rest:
            assert min(abs(z - 1), abs(z) if sensor == 1 else np.inf) < 1e-4 * size
        assert verdict.sensor == sensor


def test_the_spectral_formula_needs_a_rule_of_activities_alone():
    """A balance that follows the weights at once: lambda of the whole change, filtered, is not what the map has."""
    rule = RULES[4]
    verdict = sl.stability(MODEL, rule, W_EE=5.0, W_IE=10.0, method="trial", sensor=2.0)
    filtered = sensor_multipliers(verdict.eigenvalues[:2], 2.0)
    assert np.abs(np.sort_complex(filtered) - np.sort_complex(verdict.multipliers)).max() > 1e-3


def test_the_quadratic_and_its_bound():
    """(z - 1)(tau z - tau + 1) = lambda z, to rounding, and stable just inside -2 (2 tau - 1) < lambda < 0."""
    rng = np.random.default_rng(0)
    for sensor in (1.0, 1.5, 2.0, 10.0):
        value = rng.normal(0, 4, (50, 2)) @ [1, 1j]
        z = sensor_multipliers(value[:, None], sensor)
        left = (z - 1) * (sensor * z - sensor + 1)
        np.testing.assert_allclose(left, value[:, None] * z, atol=1e-12)
        edge = sensor_bound(sensor)
        for lam, stable in ((edge * (1 - 1e-9), True), (edge * (1 + 1e-9), False), (-1e-9, True), (1e-9, False)):
            assert (np.abs(sensor_multipliers([lam], sensor)).max() < 1) == stable
    assert sensor_bound(2.0) == -6.0
    assert sensor_multipliers([-1.0], 1.0).tolist() == [0.0, 0.0]


def test_without_a_filter_it_is_the_old_verdict():
    rng = np.random.default_rng(1)
    ee, ie = rng.uniform(2.2, 10, 400), rng.uniform(6, 20, 400)
    rule = sl.rules.CrossHomeostatic(**{name: rng.uniform(0, 0.01, 400) for name in RATES})
    old = sl.stability(MODEL, rule, W_EE=ee, W_IE=ie, method="trial")
    assert old.sensor == 1.0
    good = old.neural_stable
    np.testing.assert_array_equal(old.rule_stable[good], np.all(np.abs(1 + old.eigenvalues[good, :2]) < 1, axis=-1))
    same = sl.stability(MODEL, rule, W_EE=ee, W_IE=ie, method="trial", sensor=1)
    np.testing.assert_array_equal(old.stable, same.stable)
    filtered = sl.stability(MODEL, rule, W_EE=ee, W_IE=ie, method="trial", sensor=2)
    assert (filtered.stable & ~old.stable).sum() > 10
    assert 0.05 < old.stable[good].mean() < 0.95


def test_verdict_against_trials_that_are_run():
    """Random set points and rates: a deviation of 1e-6 grows or shrinks over 60 trials as the verdict says.

    Grown means more than three times the largest of the first three trials, at any time: unstable ones may leave and
    come to rest at another set point. Left out are points whose largest multiplier lies within 3 % of 1: sixty trials
    do not tell there.
    """
    rng = np.random.default_rng(2)
    n = 240
    ee, ie = rng.uniform(2.2, 9, n), rng.uniform(5.9, 16, n)
    point = sl.stability(MODEL, RULES[0], W_EE=ee, W_IE=ie)
    ee, ie = ee[point.valid], ie[point.valid]
    rule = sl.rules.CrossHomeostatic(**{name: 10 ** rng.uniform(-4, -1.5, len(ee)) for name in RATES})
    verdict = sl.stability(MODEL, rule, W_EE=ee, W_IE=ie, method="trial", sensor=2)
    largest = np.abs(verdict.multipliers).max(axis=-1)
    weights = [w * (1 + 1e-6 * rng.standard_normal(len(ee))) for w in verdict.weights]
    run = sl.run_trials(MODEL, rule, 60, weights, A0=(5.0, 14.0))
    off = np.hypot(run.E - 5, run.I - 14).values
    shrank = off.max(axis=0) < 3 * off[:3].max(axis=0)
    clear = np.abs(np.log(largest)) > 0.03
    # A trial of 2 s must settle for its mean to be the Up state.
    settled = np.abs(run.E_trial[0].values - np.array(MODEL.up_state(*weights).E)) < 1e-6
    judged = clear & settled & (np.array([w.min() for w in np.array(verdict.weights).T]) > 0.11)
    assert judged.sum() > 100
    assert 0.2 < verdict.stable[judged].mean() < 0.9
    assert (shrank == verdict.stable)[judged].all()
    old = sl.stability(MODEL, rule, W_EE=ee, W_IE=ie, method="trial")
    assert (old.stable != shrank)[judged].sum() > 5


@pytest.mark.parametrize(
    ("change", "kind", "match"),
    [
        ({"sensor": 0.9}, ValueError, r"stability.sensor must be at least 1 trial and finite, got 0.9"),
        ({"sensor": np.inf}, ValueError, r"stability.sensor must be at least 1 trial and finite, got inf"),
        ({"sensor": "two"}, TypeError, r"stability.sensor must be a number, got 'two'"),
        (
            {"sensor": 2, "method": "qss"},
            ValueError,
            r"stability.sensor must come with method='trial', got method='qss'",
        ),
    ],
)
def test_refusals(change, kind, match):
    with pytest.raises(kind, match=match):
        sl.stability(MODEL, RULES[0], **({"W_EE": 5.0, "W_IE": 10.0, "method": "trial"} | change))


def test_maps_and_derived_rules_take_the_sensor():
    fast = sl.rules.TwoTerm(alpha=3e-3, beta=1e-3)
    axes = np.linspace(3, 8, 6), np.linspace(7, 14, 6)
    shares = [
        sl.stability_map(MODEL, fast, *axes, method="trial", sensor=sensor).attrs["stable_fraction"]
        for sensor in (1, 2, 4)
    ]
    assert shares[0] < shares[1] <= shares[2]
    derived = sl.derive_rule("(E_set - E)**2/2 + (I_set - I)**2/2", MODEL, alpha=0.02)
    assert derived.stability("trial", sensor=2, W_EE=5, W_IE=10).sensor == 2
    single = sl.derive_rule("(E_set - E)**2/2", MODEL)
    with pytest.raises(ValueError, match=r"stability.sensor must come with method='trial'"):
        single.stability(sensor=2, W_EE=5, W_IE=10)


def test_the_filter_can_also_unsteady():
    """By its lag: an anti-homeostatic part makes complex eigenvalues with |1 + lambda| < 1, which the filter turns out.

    The mildest case by hand: lambda = -0.2 + 0.55i.
    """
    lam = -0.2 + 0.55j
    assert abs(1 + lam) < 1
    assert np.abs(sensor_multipliers([lam], 2.0)).max() > 1
    rng = np.random.default_rng(6)
    ee, ie = rng.uniform(2.2, 9, 2000), rng.uniform(6, 16, 2000)
    rule = sl.rules.TwoTerm(alpha=10 ** rng.uniform(-4, -2, 2000), beta=10 ** rng.uniform(-4, -2, 2000))
    plain = sl.stability(MODEL, rule, W_EE=ee, W_IE=ie, method="trial")
    filtered = sl.stability(MODEL, rule, W_EE=ee, W_IE=ie, method="trial", sensor=2)
    lost = plain.stable & ~filtered.stable & plain.valid
    assert lost.sum() > 3
    assert (np.abs(plain.eigenvalues[lost, :2].imag) > 0).all()
    weights = [w[lost][:3] * (1 + 1e-6) for w in plain.weights]
    chosen = sl.rules.TwoTerm(**{name: value[lost][:3] for name, value in rule.parameters.items()})
    largest = np.abs(filtered.multipliers[lost]).max(axis=-1)[:3]
    n_trials = int(np.ceil(np.log(100) / np.log(largest.min())))
    assert n_trials < 5000
    run = sl.run_trials(MODEL, chosen, n_trials, weights, A0=(5.0, 14.0))
    off = np.hypot(run.E - 5, run.I - 14).values
    assert (off.max(axis=0) > 20 * off[:3].max(axis=0)).all()
