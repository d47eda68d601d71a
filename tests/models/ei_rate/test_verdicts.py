"""sl.stability and sl.stability_map: three verdicts, shapes, flags and refusals."""

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.rules.linearise import linearise, whole_spectrum

MODEL = sl.EIRates()
RATES = {"alpha_EE": 0.02, "alpha_EI": 0.02, "alpha_IE": 0.02, "alpha_II": 0.02}
CROSS = sl.rules.CrossHomeostatic(**RATES)
RULES = (
    CROSS,
    sl.rules.Homeostatic(**{**RATES, "alpha_IE": 2e-4, "alpha_II": -2e-4}),
    sl.rules.TwoTerm(alpha=0.02, beta=0.01),
    sl.rules.SynapticScaling(**RATES),
    sl.rules.ForcedBalance(alpha_1=0.02, alpha_3=0.02),
    sl.rules.ForcedBalance(alpha_1=0.02, alpha_3=0.02, ie_sign=1, mode="pinned"),
    sl.rules.LossGradient(alpha=0.01),
)


def scaled(rule, factor):
    parameters = {k: v * factor for k, v in rule.parameters.items()}
    return sl.Rule(dW=rule.dW, parameters=parameters, name=rule.name)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_short_problems_have_the_eigenvalues_of_the_whole_jacobians(rule):
    """The 2-D and 4-D problems without the two zeros against NumPy on all 4 and all 6 dimensions."""
    rng = np.random.default_rng(8)
    ee, ie = rng.uniform(2.2, 10, 300), rng.uniform(6.5, 20, 300)
    keep = MODEL.neural_stable(*MODEL.setpoint_weights(ee, ie))
    ee, ie = ee[keep], ie[keep]
    linear = linearise(MODEL, rule, MODEL.setpoint_weights(ee, ie))
    for method, matrix in (("qss", linear.qss), ("full", linear.full)):
        got = sl.stability(MODEL, rule, W_EE=ee, W_IE=ie, method=method).eigenvalues
        whole = whole_spectrum(matrix)
        size = np.abs(whole).max(axis=-1)
        for one, other, scale in zip(got, whole, size, strict=True):
            gaps = np.abs(one[:, None] - other[None, :]).min(axis=1)
            # exact zeros here are rounding there; double eigenvalues move by its square root
            assert gaps.max() < 1e-6 * scale
        # Two zeros, along the plane of fixed points, and no third; weights that are pinned leave none.
        zeros = 0 if "pinned" in rule.name else 2
        assert ((np.abs(whole) < 1e-13 * size[:, None]).sum(axis=-1) == zeros).all()


def test_full_tends_to_qss_for_slow_rates_and_not_for_fast():
    """Rates times 1e-5: the eigenvalues differ by a share of that order; at 1 the verdict itself differs."""
    slow = scaled(CROSS, 1e-5)
    qss = sl.stability(MODEL, slow, W_EE=5.0, W_IE=10.0).eigenvalues[:2]
    full = sl.stability(MODEL, slow, W_EE=5.0, W_IE=10.0, method="full").eigenvalues
    nearest = full[np.argsort(np.abs(full))[2:4]]
    np.testing.assert_allclose(np.sort_complex(nearest), np.sort_complex(qss), rtol=1e-2)
    assert bool(sl.stability(MODEL, slow, W_EE=5.0, W_IE=10.0, method="full").stable)
    assert not bool(sl.stability(MODEL, CROSS, W_EE=5.0, W_IE=10.0, method="full").stable)


def test_full_jacobian_is_the_derivative_of_model_and_rule():
    """Central differences of the six right sides, written here from Eqs. (6) and (17)."""

    def right_side(s):
        E, I, ee, ei, ie, ii = s  # noqa: E741
        return np.array(
            [
                (-E + ee * E - ei * I - 4.8) / 10,
                (-I + 4 * (ie * E - ii * I - 25)) / 2,
                0.02 * E * (14 - I),
                -0.02 * I * (14 - I),
                -0.02 * E * (5 - E),
                0.02 * I * (5 - E),
            ]
        )

    weights = MODEL.setpoint_weights(5.0, 10.0)
    state = np.array([5.0, 14.0, *(float(w) for w in weights)])
    columns = [(right_side(state + d) - right_side(state - d)) / 2e-6 for d in np.eye(6) * 1e-6]
    np.testing.assert_allclose(linearise(MODEL, CROSS, weights).full, np.column_stack(columns), atol=1e-8)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_trial_verdict_is_what_iterating_the_map_does(rule):
    """W <- W + F(E_up(W), I_up(W)) from 1e-6 beside the set point: the error grows or shrinks as the verdict says."""
    rng = np.random.default_rng(9)
    seen = set()
    step = rule.at(MODEL, W_EE=5.0, W_IE=10.0).update(MODEL)
    for factor in (1.0, 0.1, 1e-3):
        slow = scaled(rule, factor)
        step = slow.at(MODEL, W_EE=5.0, W_IE=10.0).update(MODEL)
        verdict = sl.stability(MODEL, slow, W_EE=5.0, W_IE=10.0, method="trial")
        multiplier = np.abs(1 + verdict.eigenvalues[: 4 if "pinned" in rule.name else 2])
        if np.any(np.abs(np.log(multiplier)) < 0.01):
            continue  # would need more than some hundred trials
        W = np.array([float(w) for w in verdict.weights]) + 1e-6 * rng.standard_normal(4)
        errors = []
        for _ in range(400):
            state = MODEL.up_state(*W)
            errors.append(np.hypot(state.E - 5, state.I - 14))
            if errors[-1] > 1e-2 or errors[-1] < 1e-11:
                break
            W = W + np.array(step(state.E, state.I, *W))
        assert (errors[-1] < errors[0]) == bool(verdict.stable), (factor, errors[0], errors[-1])
        seen.add(bool(verdict.stable))
    assert seen


def test_flags_and_shapes():
    verdict = sl.stability(MODEL, CROSS, W_EE=np.array([[5.0], [1.0], [3.0]]), W_IE=np.array([10.0, 1.0]))
    assert verdict.eigenvalues.shape == (3, 2, 4)
    assert verdict.stable.shape == (3, 2)
    assert verdict.positive.tolist() == [[True, False], [False, False], [True, False]]
    assert verdict.neural_stable[0, 0]
    assert verdict.paradoxical.tolist() == [[True, True], [False, False], [True, True]]
    assert (verdict.eigenvalues[..., 2:] == 0).all()
    full = sl.stability(MODEL, CROSS, W_EE=5.0, W_IE=10.0, method="full")
    assert full.eigenvalues.shape == (6,)


def test_a_point_that_is_neurally_unstable_is_never_called_stable():
    for method in ("qss", "full", "trial", "closed"):
        verdict = sl.stability(MODEL, CROSS, W_EE=2.2, W_IE=18.0, method=method)
        assert not verdict.neural_stable
        assert not verdict.stable
        assert not verdict.valid
    # here C > 0 and only the trace condition fails: the rule's own two eigenvalues are on the stable side
    verdict = sl.stability(MODEL, CROSS, W_EE=8.0, W_IE=5.9)
    assert verdict.rule_stable
    assert not verdict.neural_stable
    assert not verdict.stable


def test_a_point_with_zero_determinant_gives_nan_and_spoils_no_other():
    """W_EE = 3, W_IE = 125/12 has Theta_I x = Theta_E W_IE: C = 0."""
    for rule in (CROSS, sl.rules.LossGradient(alpha=0.1)):
        verdict = sl.stability(MODEL, rule, W_EE=[3.0, 5.0], W_IE=[25 * 2 / 4.8, 10.0])
        assert np.isnan(verdict.eigenvalues[0, :2]).all()
        assert not verdict.stable[0]
        assert verdict.stable[1]
        alone = sl.stability(MODEL, rule, W_EE=5.0, W_IE=10.0)
        np.testing.assert_allclose(verdict.eigenvalues[1], alone.eigenvalues)


def test_rates_that_are_arrays_broadcast():
    many = sl.rules.TwoTerm(alpha=np.array([0.02, 2e-4]), beta=0.02)
    verdict = sl.stability(MODEL, many, W_EE=5.0, W_IE=10.0)
    for k, alpha in enumerate((0.02, 2e-4)):
        one = sl.stability(MODEL, sl.rules.TwoTerm(alpha=alpha, beta=0.02), W_EE=5.0, W_IE=10.0)
        np.testing.assert_allclose(verdict.eigenvalues[k], one.eigenvalues)


def test_map_is_the_points_one_by_one():
    ee, ie = np.array([2.5, 5.0, 9.0]), np.array([7.0, 10.0])
    for method in ("qss", "closed", "full", "trial"):
        grid = sl.stability_map(MODEL, CROSS, ee, ie, method=method)
        assert grid["stable"].dims == ("W_EE", "W_IE")
        for name in ("stable", "neural_stable", "positive", "paradoxical"):
            assert grid[name].dtype == bool
        for a in ee:
            for b in ie:
                one = sl.stability(MODEL, CROSS, W_EE=a, W_IE=b, method=method)
                at = grid.sel(W_EE=a, W_IE=b)
                assert bool(at["stable"]) == bool(one.stable)
                nonzero = one.eigenvalues[: 4 if method == "full" else 2]
                assert float(at["growth_rate"]) == pytest.approx(nonzero.real.max(), rel=1e-12)
    assert sl.stability_map(MODEL, CROSS, ee, ie).attrs["stable_fraction"] == 1.0


def test_refusals():
    with pytest.raises(ValueError, match="weight W_EE must not be negative, got -1"):
        sl.stability(MODEL, CROSS, W_EE=-1.0, W_IE=10.0)
    with pytest.raises(ValueError, match="no method 'ful'; did you mean 'full'"):
        sl.stability(MODEL, CROSS, W_EE=5.0, W_IE=10.0, method="ful")
    with pytest.raises(ValueError, match="W_IE must be one axis of the grid"):
        sl.stability_map(MODEL, CROSS, [1.0], [[1.0]])
    decay = sl.Rule(dW={**CROSS.dW, "W_EE": "-0.1*W_EE"}, parameters=CROSS.parameters, name="decay")
    with pytest.raises(ValueError, match="decay must rest at the set point"):
        sl.stability(MODEL, decay, W_EE=5.0, W_IE=10.0)
    kink = sl.Rule(dW={**CROSS.dW, "W_EE": "abs(E_set - E)"}, parameters=CROSS.parameters, name="kink")
    with pytest.raises(ValueError, match="kink must have derivatives"):
        sl.stability(MODEL, kink, W_EE=5.0, W_IE=10.0)


@pytest.mark.parametrize("text", ["a*sqrt(E_set - E)", "a*log(I/I_set)*sqrt((E_set - E)**2)", "a*E/(I_set - I)"])
def test_rules_without_a_finite_derivative_are_refused(text):
    rule = sl.Rule(dW={**CROSS.dW, "W_EE": text}, parameters={**CROSS.parameters, "a": 1.0}, name="root")
    for method in ("qss", "full", "trial"):
        with pytest.raises(ValueError, match="Rule root must have (finite values and )?derivatives at the state, got"):
            sl.stability(MODEL, rule, W_EE=5.0, W_IE=10.0, method=method)


def test_a_map_takes_one_value_a_rate_and_weights_have_the_broadcast_shape():
    many = sl.rules.TwoTerm(alpha=np.array([0.02, 2e-4]), beta=0.02)
    with pytest.raises(ValueError, match=r"a rule with one value of alpha, got shape \(2,\)"):
        sl.stability_map(MODEL, many, [4.0, 5.0], [10.0, 11.0])
    verdict = sl.stability(MODEL, many, W_EE=5.0, W_IE=10.0)
    assert {part.shape for part in verdict.weights} == {(2,)}


def test_arguments_of_another_kind_are_refused_with_the_remedy():
    point = {"W_EE": 5.0, "W_IE": 10.0}
    with pytest.raises(TypeError, match=r"given a spikelearn\.EIRates, got 'cross'"):
        sl.stability("cross", CROSS, **point)
    with pytest.raises(TypeError, match=r"given a Rule such as spikelearn\.rules\.CrossHomeostatic\(.*, got 'cross'"):
        sl.stability(MODEL, "cross", **point)
    with pytest.raises(TypeError, match="got the function CrossHomeostatic: call it with its rates first"):
        sl.stability(MODEL, sl.rules.CrossHomeostatic, **point)
    one = sl.RatePopulations({"r": "W_rr*r + b"}, {"b": 1.0})
    with pytest.raises(TypeError, match="got 'RatePopulations'; for populations of another kind use derive_rule"):
        sl.stability(one, CROSS, **point)
    with pytest.raises(TypeError, match=r"got DerivedRule: give its \.rule"):
        sl.stability(MODEL, sl.derive_rule("(E - E_set)**2 + (I - I_set)**2", MODEL), **point)
    with pytest.raises(TypeError, match="call it with its rates first"):
        sl.stability_map(MODEL, sl.rules.TwoTerm, [5.0], [10.0])


def test_rank_deficient_steady_states_are_refused():
    """At E = I = 0 the weights move nothing."""
    with pytest.raises(ValueError, match="able to change every activity"):
        linearise(MODEL, CROSS, (5.0, 1.0, 10.0, 1.5), (0.0, 0.0))
