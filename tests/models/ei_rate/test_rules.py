"""One expression a weight: update, Brian2 strings, Jacobian and LaTeX say the same, and bad rules are named."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest
import sympy
from brian2 import Network, NeuronGroup, ms

import spikelearn as sl
from spikelearn.brian.session import session
from spikelearn.rules.linearise import linearise

MODEL = sl.EIRates.non_paradoxical()
RATES = {"alpha_EE": 0.02, "alpha_EI": 0.01, "alpha_IE": 0.03, "alpha_II": 0.005}
RULES = {
    "homeostatic": sl.rules.Homeostatic(**RATES),
    "cross": sl.rules.CrossHomeostatic(**RATES),
    "two_term": sl.rules.TwoTerm(alpha=0.02, beta=0.01),
    "scaling": sl.rules.SynapticScaling(**RATES),
    "forced_follower": sl.rules.ForcedBalance(alpha_1=0.02, alpha_3=0.01),
    "forced_pinned": sl.rules.ForcedBalance(alpha_1=0.02, alpha_3=0.01, ie_sign=1, mode="pinned", tau_0=30.0),
    "loss_gradient": sl.rules.LossGradient(alpha=0.1),
    "loss_approximate": sl.rules.LossApproximate(alpha=0.1),
}
STATE = (4.0, 15.0, 6.2, 1.2, 12.5, 2.0)
every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())


@pytest.mark.parametrize(
    ("name", "want"),
    [
        # by pencil at E = 4, I = 15, E_set - E = 1, I_set - I = -1, weights (6.2, 1.2, 12.5, 2)
        ("homeostatic", (0.02 * 4, -0.01 * 15, -0.03 * 4, 0.005 * 15)),
        ("cross", (-0.02 * 4, 0.01 * 15, -0.03 * 4, 0.005 * 15)),
        ("two_term", (-0.02 * 4 + 0.01 * 4, 0.02 * 15 - 0.01 * 15, -0.02 * 4 - 0.01 * 4, 0.02 * 15 + 0.01 * 15)),
        ("scaling", (0.02 * 6.2, -0.01 * 1.2, -0.03 * 12.5, 0.005 * 2)),
        # g_E 0.5: W_EI* = ((6.2 - 2)*5 + 3.2)/14; W_II* = (62.5 - 25)/14 - 1/4; 1/tau_0 = 0.02*0.5*4*70
        ("forced_follower", (0.04, (24.2 / 14 - 1.2) * 2.8, 0.01 * 4 * 4, (37.5 / 14 - 0.25 - 2) * 2.8)),
        # C = 2*1.2*12.5 - 2.1*9 = 11.1; onto E: (9*0.5 - 12.5*2)/C, onto I: (1.2*2 - 2.1*4)/C
        ("loss_gradient", (0.4 * -20.5 / 11.1, -1.5 * -20.5 / 11.1, -0.4 * -6.0 / 11.1, 1.5 * -6.0 / 11.1)),
    ],
)
def test_updates_by_pencil(name, want):
    np.testing.assert_allclose(RULES[name].update(MODEL)(*STATE), want, rtol=1e-12)


@every_rule
def test_brian_strings_are_the_per_trial_update(rule):
    """One Euler step of 0.01 ms of the Brian2 equations is 0.01 of the change that the NumPy update gives."""
    rule = rule.at(MODEL, W_EE=6.0, W_IE=12.0)
    names = (*MODEL.populations, *MODEL.weights)
    with session("numpy") as brian:
        group = NeuronGroup(1, rule.brian_equations(MODEL), method="euler", dt=0.01 * ms)
        for name, value in zip(names, STATE, strict=True):
            setattr(group, name, value)
        brian.run(Network(group), 0.01 * ms, namespace=rule.namespace(MODEL))
        moved = [(getattr(group, name)[0] - value) / 0.01 for name, value in zip(names, STATE, strict=True)]
    np.testing.assert_allclose(moved[2:], rule.update(MODEL)(*STATE), rtol=1e-9, atol=1e-12)


@every_rule
def test_jacobian_is_the_derivative_of_the_update(rule):
    """Central differences of the NumPy update with a step of 1e-6: error about 1e-9."""
    fixed = rule.at(MODEL, W_EE=6.0, W_IE=12.0)
    step = fixed.update(MODEL)
    columns = []
    for k in range(6):
        up, down = list(STATE), list(STATE)
        up[k] += 1e-6
        down[k] -= 1e-6
        columns.append((np.array(step(*up)) - np.array(step(*down))) / 2e-6)
    linear = linearise(MODEL, fixed, STATE[2:], STATE[:2])
    got = np.concatenate([linear.F_r, linear.F_W], axis=-1)
    np.testing.assert_allclose(got, np.column_stack(columns), rtol=1e-6, atol=1e-7)
    assert fixed.jacobian(MODEL).shape == (4, 6)


@every_rule
def test_rules_rest_at_the_set_point(rule):
    weights = MODEL.setpoint_weights(6.0, 12.0)
    changes = rule.at(MODEL, W_EE=6.0, W_IE=12.0).update(MODEL)(MODEL.E_set, MODEL.I_set, *weights)
    np.testing.assert_allclose(changes, 0, atol=1e-13)


def test_loss_approximate_equals_the_gradient_where_it_was_expanded():
    """With the weights at the set point the factors are the exact ones, whatever the activities."""
    weights = MODEL.setpoint_weights(6.0, 12.0)
    near = RULES["loss_approximate"].at(MODEL, W_EE=6.0, W_IE=12.0).update(MODEL)
    exact = RULES["loss_gradient"].update(MODEL)
    np.testing.assert_allclose(near(4.0, 15.0, *weights), exact(4.0, 15.0, *weights), rtol=1e-12)


@every_rule
def test_updates_broadcast(rule):
    fixed = rule.at(MODEL, W_EE=6.0, W_IE=12.0)
    step = fixed.update(MODEL)
    many = step(*(np.full((3, 2), value) for value in STATE))
    for array, one in zip(many, step(*STATE), strict=True):
        assert array.shape == (3, 2)
        np.testing.assert_allclose(array, one)


def test_a_constant_expression_takes_the_shape_of_the_state():
    rule = sl.Rule(dW={"W_EE": "E*(E_set - E)", "W_EI": "0", "W_IE": "0", "W_II": "0"})
    assert [c.shape for c in rule.update(MODEL)(np.ones(5), 1, 1, 1, 1, 1)] == [(5,)] * 4


@every_rule
def test_rules_travel_to_other_processes(rule):
    """A rule survives pickling and copying: it does the same there, and keeps its closed form."""
    for again in (pickle.loads(pickle.dumps(rule)), copy.deepcopy(rule)):
        assert repr(again) == repr(rule)
        point = {"W_EE": 6.0, "W_IE": 12.0, "method": "closed" if rule.closed_form else "qss"}
        np.testing.assert_array_equal(
            sl.stability(MODEL, again, **point).eigenvalues, sl.stability(MODEL, rule, **point).eigenvalues
        )


def test_a_rule_prints_its_name_numbers_and_expressions():
    text = repr(RULES["two_term"])
    assert text.startswith("TwoTerm(alpha=0.02, beta=0.01): dW_EE = alpha*E*(I_set - I)")


def test_latex_names_every_weight():
    text = RULES["cross"].latex()
    for weight in ("W_{EE}", "W_{EI}", "W_{IE}", "W_{II}"):
        assert rf"\frac{{d{weight}}}{{dt}} &=" in text
    assert RULES["cross"].latex("W_EI") == r"- I \alpha_{EI} \left(- I + I_{set}\right)"


def user_rule(**changes):
    texts = {"W_EE": "E*(E_set - E)", "W_EI": "-I*(E_set - E)", "W_IE": "E*(I_set - I)", "W_II": "-I*(I_set - I)"}
    return {**texts, **changes}


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: sl.Rule(user_rule(W_EE="E*(E_sett - E)")), r"no name 'E_sett'; did you mean 'E_set'"),
        (lambda: sl.Rule(user_rule(W_EX="E")), r"no weight 'W_EX'; did you mean 'W_IE'"),
        (lambda: sl.Rule({"W_EE": "E"}), r"one expression a weight, got none for W_EI"),
        (lambda: sl.Rule(user_rule(), {"g_E": 1.0}), r"must not rename the model's 'g_E'"),
    ],
)
def test_rules_that_do_not_fit_the_model_are_named(make, match):
    with pytest.raises(ValueError, match=match):
        make().update(MODEL)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: sl.Rule(user_rule(), {"exp": 1.0}), "must not use the name 'exp'"),
        (lambda: sl.Rule(user_rule(), {"N": 1.0}), "must not use the name 'N', which means something in equations"),
        (lambda: sl.Rule(user_rule(), {"_a": 1.0}), "names that formulas can use, got '_a'"),
        (lambda: sl.Rule(user_rule(), {"rate": np.nan}), r"parameters\['rate'\] must be finite"),
        (lambda: sl.rules.CrossHomeostatic(**{**RATES, "alpha_EI": -1}), "alpha_EI must not be negative, got -1"),
        (lambda: sl.rules.ForcedBalance(alpha_1=0, alpha_3=1), "alpha_1 must be positive, got 0"),
        (lambda: sl.rules.ForcedBalance(alpha_1=1, alpha_3=1, ie_sign=2), "ie_sign must be the integer -1 or 1, got 2"),
        (lambda: sl.rules.ForcedBalance(alpha_1=1, alpha_3=1, mode="pin"), "did you mean 'pinned'"),
        (lambda: sl.rules.ForcedBalance(alpha_1=1, alpha_3=1, tau_0=0), "tau_0 must be positive and finite, got 0"),
        (lambda: sl.rules.ForcedBalance(alpha_1=1, alpha_3=1, ie_sign=1.0), "must be the integer -1 or 1, got 1.0"),
        (lambda: sl.rules.ForcedBalance(alpha_1=1, alpha_3=1, ie_sign=True), "must be the integer -1 or 1, got True"),
        (lambda: sl.rules.ForcedBalance(alpha_1="x", alpha_3=1), "alpha_1 must be a number or an array .* got 'x'"),
        (lambda: sl.Rule(user_rule(), {"rate": "x"}), r"parameters\['rate'\] must be a number or an array .* got 'x'"),
        (lambda: sl.rules.LossGradient(alpha=np.inf), "alpha.* must be finite, got inf"),
        (lambda: RULES["loss_approximate"].update(MODEL), r"needs W_EE_up, W_IE_up; give it with rule.at"),
        (lambda: RULES["cross"].latex("W_XX"), "no weight 'W_XX'"),
        (lambda: sl.rules.TwoTerm(alpha=[1, 2], beta=1).namespace(MODEL), "alpha must be one number to run"),
    ],
)
def test_bad_rules_are_named(make, match):
    with pytest.raises(ValueError, match=match):
        make()


def test_wrong_types_are_named():
    with pytest.raises(TypeError, match="must map weights to expressions"):
        sl.Rule("E")
    with pytest.raises(TypeError, match="must get E, I, W_EE, W_EI, W_IE, W_II, got 2 values"):
        RULES["cross"].update(MODEL)(1.0, 2.0)


def test_arguments_of_another_kind_are_named():
    with pytest.raises(TypeError, match=r"tau_0 must be one plain number in ms, got array"):
        sl.rules.ForcedBalance(alpha_1=1, alpha_3=1, tau_0=np.array([1.0, 2.0]))
    with pytest.raises(TypeError, match=r"Rule\.parameters must map names to numbers, got None"):
        sl.Rule(user_rule(), None)


def test_closed_forms_stay_with_their_expressions_and_set_point():
    rule = sl.rules.LossApproximate(alpha=0.1)
    point = {"W_EE": 4.0, "W_IE": 12.0}
    filled = rule.at(MODEL, **point)
    expected = sl.stability(MODEL, rule, **point, method="closed").eigenvalues
    np.testing.assert_array_equal(sl.stability(MODEL, filled, **point, method="closed").eigenvalues, expected)
    with pytest.raises(ValueError, match="filled in at W_EE = 4.0, W_IE = 12.0, and its closed form holds only there"):
        sl.stability(MODEL, filled, W_EE=5.0, W_IE=12.0, method="closed")
    cross = RULES["cross"]
    flipped = dataclasses.replace(cross, dW={w: f"-({text})" for w, text in cross.dW.items()})
    assert flipped.closed_form is None
    assert dataclasses.replace(cross, parameters=cross.parameters).closed_form is cross.closed_form
    own = dataclasses.replace(cross, dW=flipped.dW, closed_form=RULES["homeostatic"].closed_form)
    assert own.closed_form is RULES["homeostatic"].closed_form


def test_expressions_of_written_and_derived_rules_can_be_compared():
    """Both are in plain symbols; abs() keeps its derivative, which only real symbols have."""
    model = sl.EIRates()
    derived = sl.derive_rule("(E_set - E)**2/2 + (I_set - I)**2/2", model)
    written = sl.rules.LossGradient(alpha=1.0).expressions(model)
    for name, change in derived.expressions.items():
        assert sympy.cancel(sympy.together(change - written[name])) == 0
        assert sympy.cancel(sympy.together(change - derived.rule.expressions(model)[name])) == 0
    E = sympy.Symbol("E")
    assert E in written["W_EE"].free_symbols
    assert E in RULES["cross"].jacobian(MODEL).free_symbols
    kinked = sl.Rule({w: "a*abs(E - E_set)" for w in model.weights}, {"a": 1.0})
    assert linearise(model, kinked, (5.0, 1.0, 10.0, 1.5), (4.0, 14.0)).F_r[0, 0] == -1.0


def test_derivatives_are_made_once_for_all_numbers_of_a_rule():
    """A map asks for the same formulas at other numbers, and takes seconds where they are derived again."""
    from spikelearn.rules.linearise import _derivatives

    _derivatives.cache_clear()
    for g_E in (0.5, 1.0, 1.5):
        for rate in (0.01, 0.02):
            rates = dict.fromkeys(("alpha_EE", "alpha_EI", "alpha_IE", "alpha_II"), rate)
            rule = sl.rules.CrossHomeostatic(**rates)
            sl.stability(sl.EIRates(g_E=g_E), rule, W_EE=5.0, W_IE=10.0, method="full")
    assert (_derivatives.cache_info().misses, _derivatives.cache_info().hits) == (1, 5)
    sl.stability(sl.EIRates(), sl.rules.SynapticScaling(**rates), W_EE=5.0, W_IE=10.0, method="full")
    assert _derivatives.cache_info().misses == 2
