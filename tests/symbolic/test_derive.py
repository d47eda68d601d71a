"""What derive_rule takes, refuses, says and gives back."""

import time
from types import SimpleNamespace

import numpy as np
import pytest
import sympy
from brian2.parsing.sympytools import str_to_sympy
from symbolic_models import PAPER_LOSS, TABLE_1, THREE, THREE_LOSS, evaluate, held, three, two

import spikelearn as sl
from spikelearn.cli.derive import derivation
from spikelearn.symbolic.derive import APPROXIMATIONS, derive_rule
from spikelearn.symbolic.implicit import adjugate_and_determinant, is_identically_zero
from spikelearn.symbolic.populations import RatePopulations
from spikelearn.symbolic.spectrum import rule_spectrum
from spikelearn.symbolic.verify import sample_weights
from spikelearn.symbolic.write import brian_text

WEIGHTS = ("W_EE", "W_EI", "W_IE", "W_II")


def numbers(derived, seed=0):
    """Random values of every name, to compare formulas that are written differently."""
    rng = np.random.default_rng(seed)
    names = (*derived.state.populations, *derived.state.weights, *derived.values)
    return dict(zip(names, rng.uniform(0.5, 2.0, len(names)), strict=True))


def test_public_names():
    derived = sl.derive_rule(PAPER_LOSS, sl.EIRates())
    assert isinstance(derived, sl.DerivedRule)
    assert tuple(derived.expressions) == WEIGHTS
    assert derived.expressions["W_EE"].has(sympy.Symbol("E"))


@pytest.mark.parametrize("approximation", APPROXIMATIONS)
def test_all_forms_are_the_same_formula(approximation):
    """SymPy, Brian2 text, the rule record and the lambdified functions, at random values of every name."""
    derived = derive_rule(PAPER_LOSS, sl.EIRates(), approximation)
    values = numbers(derived)
    model = sl.EIRates().replace(**{k: v for k, v in values.items() if k in sl.EIRates().parameters})
    by_rule = derived.rule.expressions(model)
    assert derived.rule.parameters == {"alpha": 1e-6}
    for name, change in derived.expressions.items():
        exact = evaluate(change, values)
        assert evaluate(str_to_sympy(derived.texts[name]), values) == pytest.approx(exact, rel=1e-12)
        assert evaluate(by_rule[name], values) == pytest.approx(exact, rel=1e-12)
        compact = derived.compact[name].subs(derived.factor, derived.determinant)
        assert evaluate(compact, values) == pytest.approx(exact, rel=1e-12)


def test_derived_rule_equals_the_hand_written_one_of_the_family():
    ours = derive_rule(PAPER_LOSS, sl.EIRates()).rule.expressions(sl.EIRates())
    family = sl.rules.LossGradient(alpha=1e-6).expressions(sl.EIRates())
    for name in WEIGHTS:
        assert sympy.simplify(ours[name] - family[name]) == 0


@pytest.mark.parametrize("approximation", ["exact", "up_state"])
@pytest.mark.parametrize("method", ["qss", "full", "trial"])
def test_stability_is_that_of_the_hand_written_family(approximation, method):
    """At a set point the exact rule and its zeroth order have one linearisation, frozen weights or followed ones."""
    derived = derive_rule(PAPER_LOSS, sl.EIRates(), approximation)
    grid = {"W_EE": np.array([3.0, 5.0, 8.0]), "W_IE": np.array([9.0, 10.0, 14.0])}
    found = derived.stability(method=method, **grid)
    by_hand = sl.stability(sl.EIRates(), sl.rules.LossGradient(alpha=1e-6), method=method, **grid)
    np.testing.assert_allclose(found.eigenvalues, by_hand.eigenvalues, rtol=1e-7, atol=1e-15)
    assert found.stable.all()


def test_printed_rate_of_eq_57_is_a_saddle_on_91_percent_by_the_packages_own_stability():
    """Erratum E3 once more, with the rule as the print has it, on a 61 x 61 grid."""
    D = "(Theta_I*(g_E*W_EE - 1) - g_E*(Theta_E - I_ext)*W_IE)"
    a_E, a_I = f"alpha*g_E*E_set*W_IE/{D}", f"alpha*(g_E*E_set*W_EE - g_E*(Theta_E - I_ext) - E_set)/{D}"
    b_E, b_I = f"alpha*g_E*(E_set*W_IE - Theta_I)/{D}", f"alpha*I_set*(1 - g_E*W_EE)/{D}"
    printed = sl.Rule(
        dW={
            "W_EE": f"{a_E}*E*(I_set - I) + {b_E}*E*(E_set - E)",
            "W_EI": f"-{a_E}*I*(I_set - I) - {b_E}*I*(E_set - E)",
            "W_IE": f"-{a_I}*E*(E_set - E) + {b_I}*E*(I_set - I)",
            "W_II": f"{a_I}*I*(E_set - E) - {b_I}*I*(I_set - I)",
        },
        parameters={"alpha": 1e-3},
    )
    ee, ie = np.meshgrid(np.linspace(0.1, 10, 61), np.linspace(0.1, 20, 61))
    found = sl.stability(sl.EIRates(), printed, W_EE=ee, W_IE=ie)
    valid = found.neural_stable & found.positive
    pair = found.eigenvalues[valid][:, :2].real
    saddle = (pair.min(axis=1) < 0) & (pair.max(axis=1) > 0)
    assert saddle.mean() == pytest.approx(0.913, abs=0.01)  # the grid's coarseness


def test_own_spectrum_agrees_with_the_packages_stability():
    derived = derive_rule(PAPER_LOSS, sl.EIRates())
    ours = rule_spectrum(derived, W_EE=5.0, W_IE=10.0)
    other = sl.stability(sl.EIRates(), derived.rule, W_EE=5.0, W_IE=10.0)
    np.testing.assert_allclose(np.sort(ours.eigenvalues.real)[:2], np.sort(other.eigenvalues.real)[:2], rtol=1e-9)
    assert (ours.stable, ours.neural_stable, ours.positive) == (True, True, True)
    assert ours.paradoxical == {"E": False, "I": True}
    assert "paradoxical: I" in str(ours)


def test_the_non_paradoxical_set():
    derived = derive_rule(PAPER_LOSS, sl.EIRates.non_paradoxical())
    found = derived.stability(W_EE=1.5, W_IE=10.0)
    assert found.stable
    assert found.positive
    assert not found.paradoxical
    assert rule_spectrum(derived, W_EE=1.5, W_IE=10.0).paradoxical == {"E": False, "I": False}
    # Excitation that would be unstable alone makes inhibition paradoxical; at g_E W_EE = 1 its own input does nothing.
    for W_EE, paradoxical in ((1.9, False), (2.0, False), (2.1, True)):
        assert rule_spectrum(derived, W_EE=W_EE, W_IE=10.0).paradoxical == {"E": False, "I": paradoxical}
    assert derived.check(points=3).passed


def test_own_spectrum_sees_an_ascent_and_an_unstable_network():
    away = derive_rule("-(E - E_set)**2/2 - (I - I_set)**2/2", two())
    assert "The set point is no minimum" in away.notes[0]
    found = rule_spectrum(away, W_EE=5.0, W_IE=10.0)
    assert not found.stable
    assert "unstable" in str(found)
    slow = rule_spectrum(derive_rule(PAPER_LOSS, two(tau_I=40.0)), W_EE=5.0, W_IE=10.0)
    assert (slow.neural_stable, slow.rule_stable, slow.stable) == (False, True, False)


def test_a_loss_that_leaves_a_population_out_is_neutral_and_says_so():
    derived = derive_rule("(E - E_set)**2", sl.EIRates())
    assert "does not depend on I" in derived.notes[0]
    found = derived.stability(W_EE=5.0, W_IE=10.0)
    assert (found.stable, found.neutral) == (False, 1)
    assert "neutral in 1 direction" in str(found)


def test_three_populations_take_seconds():
    start = time.monotonic()
    for approximation in APPROXIMATIONS:
        derived = derive_rule(THREE_LOSS, three(), approximation)
        assert len(derived.expressions) == 8
    # About 2 s on an idle core; the time limit of 5 s for each tidying leaves room for a busy one.
    assert time.monotonic() - start < 25


def test_determinant_is_kept_whole():
    derived = derive_rule(THREE_LOSS, three())
    for change in derived.compact.values():
        assert sympy.fraction(change)[1] == derived.factor
    assert sympy.count_ops(derived.determinant) < 60
    assert derived.latex().count(r"\frac") == 8
    assert derived.latex().count("C &=") == 1


@pytest.mark.parametrize("approximation", ["up_state", "full"])
def test_time_limit_zero_gives_the_same_rule_in_other_words(approximation):
    tidy = derive_rule(PAPER_LOSS, two(), approximation)
    raw = derive_rule(PAPER_LOSS, two(), approximation, time_limit=0.0)
    values = numbers(tidy)
    for name in WEIGHTS:
        assert evaluate(raw.expressions[name], values) == pytest.approx(evaluate(tidy.expressions[name], values))
    assert raw.texts != tidy.texts


def test_stability_of_three_populations():
    derived = derive_rule(THREE_LOSS, three())
    weights, _ = sample_weights(derived, np.random.default_rng(0))
    named = dict(zip(derived.state.weights, weights, strict=True))
    free = {name: named[name] for name in ("W_EE", "W_EP", "W_PE", "W_PP", "W_SE")}
    found = derived.stability(**free)
    assert found.weights == pytest.approx(named)
    assert found.activities == {"E": 5.0, "PV": 10.0, "SST": 4.0}
    # A gradient flow has real eigenvalues, none positive: J = -alpha V^T V with as many nonzero as populations.
    assert np.isrealobj(found.eigenvalues)
    assert found.rule_stable
    # These weights hold the activities in an unstable steady state, and the verdict on both together says so.
    assert (found.stable, found.neural_stable) == (False, False)
    assert "each by itself: not stable" in str(found)
    assert (np.abs(found.eigenvalues[3:]) < 1e-9 * np.abs(found.eigenvalues[0])).all()


def test_other_weights_may_be_solved_for():
    first = derive_rule(PAPER_LOSS, two(), "up_state", solve_for=("W_EE", "W_IE"))
    assert not any(change.has(sympy.Symbol("W_EE")) for change in first.expressions.values())
    other = derive_rule(PAPER_LOSS, two(), "up_state")
    w = dict(zip(WEIGHTS, held(5.0, 10.0), strict=True))
    values = TABLE_1 | w | {"E": 4.0, "I": 16.0, "alpha": 1.0}
    for name in WEIGHTS:
        assert evaluate(first.expressions[name], values) == pytest.approx(evaluate(other.expressions[name], values))
    for bad, words in ((("W_EE", "W_XX"), "solve_for must name weights, got 'W_XX'"), (("W_EE", "W_EI"), "hold every")):
        with pytest.raises(ValueError, match=words):
            derive_rule(PAPER_LOSS, two(), "up_state", solve_for=bad)


def test_stability_takes_the_weights_that_solve_for_leaves_free():
    derived = derive_rule(PAPER_LOSS, sl.EIRates(), "up_state", solve_for=("W_EE", "W_IE"))
    assert derived.free_weights == ("W_EI", "W_II")
    natural = derive_rule(PAPER_LOSS, sl.EIRates())
    assert natural.free_weights == ("W_EE", "W_IE")
    ee, ie = np.array([4.0, 5.0]), np.array([9.0, 10.0])
    weights = sl.EIRates().setpoint_weights(ee, ie)
    expected = natural.stability(W_EE=ee, W_IE=ie)
    found = natural.stability(W_EE=ee, W_IE=ie)
    by_inhibition = derive_rule(PAPER_LOSS, sl.EIRates(), solve_for=("W_EE", "W_IE"))
    found = by_inhibition.stability(W_EI=weights.W_EI, W_II=weights.W_II)
    np.testing.assert_allclose(found.eigenvalues, expected.eigenvalues, rtol=1e-9)
    assert derived.stability(W_EI=float(weights.W_EI[1]), W_II=float(weights.W_II[1])).rule_stable
    own = derive_rule(PAPER_LOSS, two(), solve_for=("W_EE", "W_IE"))
    assert own.stability(W_EI=float(weights.W_EI[1]), W_II=float(weights.W_II[1])).stable
    with pytest.raises(ValueError, match="free weights W_EI, W_II, got 'W_EE'; did you mean"):
        by_inhibition.stability(W_EE=5.0, W_IE=10.0)


def test_free_weights_that_are_refused():
    ours, theirs = derive_rule(PAPER_LOSS, two()), derive_rule(PAPER_LOSS, sl.EIRates())
    for derived in (ours, theirs):
        with pytest.raises(ValueError, match="free weights W_EE, W_IE, got 'W_EEE'; did you mean 'W_EE'"):
            derived.stability(W_EEE=5.0, W_IE=10.0)
        with pytest.raises(ValueError, match="free weights W_EE, W_IE, got none"):
            derived.stability()
        with pytest.raises(ValueError, match="negative"):
            derived.stability(W_EE=-5.0, W_IE=10.0)
    with pytest.raises(TypeError, match=r"one point at a time, got W_EE of shape \(2,\)"):
        ours.stability(W_EE=[4.0, 5.0], W_IE=10.0)
    with pytest.raises(TypeError, match="must be given numbers, got W_IE = 'x'"):
        ours.stability(W_EE=4.0, W_IE="x")


def test_any_object_with_equations_parameters_and_populations():
    values = numbers(derive_rule(PAPER_LOSS, two()))
    formulas = dict(two().steady_state)
    brian = "\n".join(f"d{x}/dt = (-{x} + {f})/(tau_{x}*ms) : 1" for x, f in formulas.items()) + "\nW_EE : 1"
    brian = brian.replace("*ms)", ")")
    models = (
        SimpleNamespace(equations=formulas, parameters=TABLE_1, populations=("E", "I")),
        SimpleNamespace(steady_state=formulas, parameters=TABLE_1, populations=("E", "I"), weights=WEIGHTS),
        SimpleNamespace(equations=brian, parameters=TABLE_1, populations=("E", "I")),
        sl.EIRates(),
    )
    expected = derive_rule(PAPER_LOSS, two())
    for model in models:
        found = derive_rule(PAPER_LOSS, model)
        for name in WEIGHTS:
            assert evaluate(found.expressions[name], values) == pytest.approx(
                evaluate(expected.expressions[name], values)
            )
    assert derive_rule(PAPER_LOSS, models[0]).equations == expected.equations


def test_permuted_populations_give_the_same_rule():
    order = {"I": two().steady_state["I"], "E": two().steady_state["E"]}
    swapped = derive_rule(PAPER_LOSS, RatePopulations(order, TABLE_1))
    straight = derive_rule(PAPER_LOSS, two())
    values = numbers(straight)
    for name in WEIGHTS:
        assert evaluate(swapped.expressions[name], values) == pytest.approx(
            evaluate(straight.expressions[name], values)
        )


def test_adjugate_against_sympy():
    x = sympy.Matrix(4, 4, sympy.symbols("x:16"))
    x[0, 2] = x[3, 1] = 0
    adjugate, determinant = adjugate_and_determinant(x.tolist())
    assert sympy.expand(determinant - x.det()) == 0
    assert sympy.expand(sympy.Matrix(adjugate) - x.adjugate()) == sympy.zeros(4, 4)


def test_identically_zero():
    x, y = sympy.symbols("x y")
    assert is_identically_zero((x + y) ** 2 - x**2 - 2 * x * y - y**2)
    assert is_identically_zero(sympy.tanh(x) - sympy.sinh(x) / sympy.cosh(x))
    assert not is_identically_zero(x - y)
    assert not is_identically_zero(sympy.exp(-x * y) / 1000)


def test_singular_steady_states_are_refused():
    both = {"E": "E + b", "I": "W_IE*E"}
    with pytest.raises(ValueError, match="singular for all weights"):
        derive_rule("E**2 + I**2", RatePopulations(both, {"b": 1.0}))
    twice = {"E": "E + W_EE*(E - 2*I)", "I": "I + 3*W_EE*(E - 2*I)"}
    with pytest.raises(ValueError, match="equations of E, I are not independent"):
        derive_rule("E**2 + I**2", RatePopulations(twice))


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        ("", "empty text"),
        ("1", "loss must depend on the activities E, I"),
        ("W_EE**2", "loss must depend on the activities E, I"),
        ("E_set**2 + E - E", "loss must depend on the activities E, I"),
        ("(E - Eset)**2", "has no name 'Eset'; did you mean 'E_set'"),
        ("(E - E_set)**2 + eps", "has no name 'eps'.*what parameters= adds"),
        ("alpha*E", "has no name 'alpha'"),
        ("sqrt(E - E_set)", "real and differentiable around the set point"),
        ("log(E - E_set)", "real and differentiable around the set point"),
        ("((E - E_set)**2)**0.25", "Abs|real and differentiable"),
        ("1/(E - E_set)", "real and differentiable around the set point, got no such value at E = 5, I = 14"),
        ("__import__('os').system('x') + E", "must be arithmetic"),
        ("Max(E, E_set)", "differentiable"),
    ],
)
def test_losses_that_no_rule_can_follow(loss, words):
    with pytest.raises(ValueError, match=words):
        derive_rule(loss, two())


def test_other_refusals():
    with pytest.raises(ValueError, match="no approximation 'upstate'; did you mean 'up_state'"):
        derive_rule(PAPER_LOSS, two(), "upstate")
    for alpha in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=r"derive_rule\.alpha must be positive and finite"):
            derive_rule(PAPER_LOSS, two(), alpha=alpha)
    with pytest.raises(TypeError, match=r"derive_rule\.alpha must be one number, got \[1, 2\]"):
        derive_rule(PAPER_LOSS, two(), alpha=[1, 2])
    with pytest.raises(TypeError, match="must have steady_state or equations, populations and parameters, got int"):
        derive_rule(PAPER_LOSS, 3)
    with pytest.raises(ValueError, match="parameter eps must be a number, got 'x'"):
        derive_rule(PAPER_LOSS, two(), parameters={"eps": "x"})
    with pytest.raises(ValueError, match="must not redefine 'E_set' of RatePopulations"):
        derive_rule(PAPER_LOSS, two(), parameters={"E_set": 6.0})
    with pytest.raises(ValueError, match="a rule that rests, got full rule that moves"):
        derive_rule(PAPER_LOSS, two(), "full").stability(W_EE=5.0, W_IE=10.0)
    with pytest.raises(ValueError, match="free weights W_EE, W_IE, got W_EE"):
        derive_rule(PAPER_LOSS, two()).stability(W_EE=5.0)
    with pytest.raises(ValueError, match="method 'trial' needs a model with trials and closed forms"):
        derive_rule(PAPER_LOSS, two()).stability(W_EE=5.0, W_IE=10.0, method="trial")
    without = RatePopulations(two().steady_state, {k: v for k, v in TABLE_1.items() if k != "I_set"})
    with pytest.raises(ValueError, match="every set point for this, got none named I_set"):
        derive_rule("E**2 + I**2", without, "up_state")
    timeless = RatePopulations(two().steady_state, {k: v for k, v in TABLE_1.items() if "tau" not in k})
    without_dynamics = derive_rule(PAPER_LOSS, timeless)
    with pytest.raises(ValueError, match="tau_E, tau_I"):
        _ = without_dynamics.equations
    held_by_none = RatePopulations({"E": "W_EE*E - I + b", "I": "b*E"}, {"b": 1.0, "E_set": 1.0, "I_set": 1.0})
    with pytest.raises(ValueError, match="set point of I must be held by a weight"):
        derive_rule("E**2 + I**2", held_by_none, "up_state")
    curved = RatePopulations({"E": "exp(-E) + W_EE*E"}, {"E_set": 1.0})
    two_roots = RatePopulations({"E": "E**2 - E*b + b + W_EE*E"}, {"b": 3.0, "E_set": 1.0})
    with pytest.raises(ValueError, match="full must know the steady state at zero weights"):
        derive_rule("(E - E_set)**2", two_roots, "full")
    assert derive_rule("(E - E_set)**2", curved).check().passed


@pytest.mark.parametrize(
    ("formulas", "parameters", "words"),
    [
        ({}, {}, "must have at least one population"),
        ({"E": "W_EE*E + c"}, {}, r"steady_state\['E'\] has no name 'c'"),
        ({"E": "clip(W_EE*E, 0, inf)"}, {}, "differentiable, got clip: give the formula that holds above threshold"),
        ({"E": "Max(W_EE*E, 0)"}, {}, "differentiable, got Max"),
        ({"E": "b*E"}, {"b": 2.0}, "weights must name at least one weight"),
        ({"N": "W_EE*N"}, {}, "must not use the name 'N'"),
        ({"E": "W_EE*E + t"}, {"t": 1.0}, "must not use the name 't'"),
        ({"E": "W_EE*E"}, {"b": float("inf")}, "parameter b must be finite"),
        ({"E": "__import__('os')"}, {}, r"steady_state\['E'\] must be arithmetic|weights must name"),
        ({"E": "W_EE*E", "a b": "W_EE"}, {}, "must use plain names, got 'a b'"),
    ],
)
def test_models_that_are_refused(formulas, parameters, words):
    with pytest.raises(ValueError, match=words):
        RatePopulations(formulas, parameters)


def test_a_model_without_set_points_still_has_a_gradient():
    free = RatePopulations({"E": "W_EE*tanh(E) - W_EI*I + b", "I": "W_IE*E"}, {"b": 1.0})
    derived = derive_rule("(E - 0.5)**2 + I**4", free)
    assert "no set point for every population" in derived.notes[0]
    assert derived.check().passed
    with pytest.raises(ValueError, match="got none named E_set, I_set"):
        derived.stability()


def test_unused_weights_and_texts_of_another_kind_are_refused():
    with pytest.raises(ValueError, match="must appear in the steady state, got 'W_XY'"):
        RatePopulations({"E": "W_EE*E"}, {}, ("W_EE", "W_XY"))
    with pytest.raises(TypeError, match=r"steady_state\['E'\] must be text, got 3"):
        RatePopulations({"E": 3})


def test_brian_text_writes_fractions_as_decimals():
    x, y = sympy.symbols("x y")
    assert brian_text(x / 3 + sympy.Rational(1, 10)) == "0.3333333333333333*x + 0.1"
    assert brian_text(sympy.sqrt(x) * y ** sympy.Rational(3, 2)) == "sqrt(x)*y**1.5"
    assert brian_text(1 / sympy.sqrt(x)) == "1/sqrt(x)"


def test_latex_of_a_name_that_ends_in_an_underscore():
    derived = derive_rule(f"{PAPER_LOSS} + lambda_*W_EE**2", two(), parameters={"lambda_": 0.1})
    assert r"\lambda" in derived.latex()
    assert "_{}" not in derived.latex()


def test_command():
    text, passed = derivation(PAPER_LOSS, latex=True)
    assert passed
    assert "stable: yes, neural_stable: yes, positive: yes, paradoxical: yes" in text
    assert r"\Delta W_{EE} &=" in text
    assert "dW_EE/dt = (" in text
    text, _ = derivation(f"{PAPER_LOSS} + eps*E*I", "full", settings=["eps=0", "g_E=0.5"])
    assert "no verdict" in text
    assert "no dynamical meaning" in text
    text, passed = derivation(
        THREE_LOSS,
        settings=[f"{name}={value}" for name, value in THREE.items()],
        steady_state=[f"{name}={formula}" for name, formula in three().steady_state.items()],
        at=["W_EE=4", "W_EP=0.7", "W_PE=5", "W_PP=1.2", "W_SE=3"],
    )
    assert passed
    assert "rule in quasi-steady state: stable" in text
    assert "rule (exact), per ms or per trial, alpha = 1e-06:" in text
    for wrong in ("eps", "=3", "eps=", "eps=x"):
        with pytest.raises(ValueError, match="setting"):
            derivation(PAPER_LOSS, settings=[wrong])


def test_command_keeps_the_rule_whatever_happens_to_the_verdict():
    text, passed = derivation(PAPER_LOSS, at=["W_EE=4"])
    assert not passed
    assert "dW_EE = " in text
    assert "no verdict: stability must be given the free weights W_EE, W_IE, got W_EE" in text
    text, _ = derivation(PAPER_LOSS, at=["W_EEE=4"])
    assert "no verdict: stability must be given the free weights W_EE, W_IE, got 'W_EEE'; did you mean 'W_EE'" in text
    text, passed = derivation(PAPER_LOSS, at=["W_EE=-4", "W_IE=10"])
    assert "no verdict: EIRates weight W_EE must not be negative, got -4" in text
    assert not passed


def test_command_says_when_a_rule_is_too_fast():
    at = ["W_EE=5", "W_IE=10"]
    assert "together, at alpha = 0.0001: stable" in derivation(PAPER_LOSS, at=at, alpha=1e-4)[0]
    text = derivation(PAPER_LOSS, at=at, alpha=1e-3)[0]
    assert "stable: yes, neural_stable: yes" in text
    assert "together, at alpha = 0.001: not stable: the rule is too fast for the activities" in text
    ascent = derivation("-(E - E_set)**2/2 - (I - I_set)**2/2", at=at, alpha=1e-4)[0]
    assert ascent.splitlines()[-1].endswith("together, at alpha = 0.0001: not stable")


def test_command_with_one_population_and_with_alpha():
    one = {"steady_state": ["r=g*(W_rr*r + b)"], "settings": ["g=1", "b=3", "r_set=5", "tau_r=10"]}
    text, passed = derivation("(r - r_set)**2/2", alpha=0.004, **one)
    assert passed
    assert "alpha = 0.004" in text
    assert "each by itself: stable" in text
    # W = (r_set/g - b)/r_set = 0.4; dr/dW = g r_set/(1 - g W), and the eigenvalue is -alpha times its square.
    assert f"eigenvalues (1/ms): {-0.004 * (5 / 0.6) ** 2:.4g}" in text
    fast, _ = derivation("(r - r_set)**2/2", alpha=0.008, **one)
    assert f"eigenvalues (1/ms): {-0.008 * (5 / 0.6) ** 2:.4g}" in fast


def test_command_says_when_the_check_was_impossible():
    text, passed = derivation("(r - r_set)**2", steady_state=["r=(W_rr*r - b)**2"], settings=["b=10", "r_set=4"])
    assert not passed
    assert "dW_rr = " in text
    assert "the check was impossible: set point must be held by one choice of W_rr" in text
    assert "no verdict: set point must be held by one choice" in text


def test_a_number_that_nothing_uses_is_refused():
    two = {"r": "g*W_rr*r + b"}
    known = {"g": 1.0, "b": 3.0, "r_set": 5.0, "tau_r": 10.0}
    derive_rule("(r - r_set)**2", RatePopulations(two, known))
    with pytest.raises(ValueError, match=r"RatePopulations with this loss has no parameter 'G'; did you mean 'g'\?"):
        derive_rule("(r - r_set)**2", RatePopulations(two, {**known, "G": 2.0}))
    with pytest.raises(ValueError, match=r"no parameter 'goal'. Known: b, g, r_set, tau_r"):
        derive_rule("(r - r_set)**2", RatePopulations(two, known), parameters={"goal": 2.0})
    derive_rule("(r - goal)**2", RatePopulations(two, known), parameters={"goal": 2.0})
    with pytest.raises(ValueError, match=r"EIRates with this loss has no parameter 'g_e'; did you mean 'g_E'\?"):
        derive_rule(PAPER_LOSS, sl.EIRates(), parameters={"g_e": 2.0})


@pytest.mark.parametrize(("alpha", "stable"), [(1e-5, True), (1e-4, True), (1e-3, False)])
def test_own_spectrum_of_both_together_agrees_with_the_packages_stability(alpha, stable):
    derived = derive_rule(PAPER_LOSS, sl.EIRates(), alpha=alpha)
    other = sl.stability(sl.EIRates(), derived.rule, W_EE=5.0, W_IE=10.0, method="full")
    ours = rule_spectrum(derived, "full", W_EE=5.0, W_IE=10.0)
    theirs = np.sort_complex(np.ravel(other.eigenvalues))
    scale = np.abs(theirs).max()
    np.testing.assert_allclose(np.sort_complex(ours.eigenvalues.astype(complex)), theirs, atol=1e-9 * scale)
    assert (ours.stable, bool(other.stable)) == (stable, stable)
    # In quasi-steady state a rule is stable or not whatever its speed.
    slow = rule_spectrum(derived, W_EE=5.0, W_IE=10.0)
    assert (slow.stable, slow.rule_stable, ours.rule_stable) == (True, True, True)
    assert "each by itself: stable" in str(slow)
    assert f"together: {'stable' if stable else 'not stable'}" in str(ours)


def test_a_penalised_rule_that_is_too_fast_is_not_called_stable_together():
    """A penalty so weak that the rule rests at the set point all the same: the run of the rule is the judge."""
    loss, weak = f"{PAPER_LOSS} + eps*(W_EI**2 + W_II**2)/2", {"eps": 1e-9}
    start = np.array(sl.EIRates().setpoint_weights(W_EE=5.0, W_IE=10.0), dtype=float) * [1.02, 1, 1, 1]
    for alpha, stable in ((1e-4, True), (1e-3, False)):
        derived = derive_rule(loss, sl.EIRates(), alpha=alpha, parameters=weak)
        assert derived.stability(W_EE=5.0, W_IE=10.0).stable
        assert derived.stability(W_EE=5.0, W_IE=10.0, method="full").stable == stable
        state = sl.Initial(E=5.0, I=14.0)
        run = sl.simulate(sl.EIRates(), "0.5 s", rule=derived.rule, weights=start, initial=state, dt="0.2 ms")
        assert (abs(float(run.traces.E[-1]) - 5.0) < 0.5) == stable


def test_full_needs_time_constants_and_trials_a_set_point():
    one = sl.RatePopulations({"r": "g*(W_rr*r + b)"}, {"g": 1.0, "b": 3.0, "r_set": 5.0})
    derived = derive_rule("(r - r_set)**2/2", one)
    with pytest.raises(ValueError, match="method 'full' must have the time constants tau_r among the parameters"):
        derived.stability(method="full")
    penalised = derive_rule(f"{PAPER_LOSS} + W_EE**2", sl.EIRates())
    with pytest.raises(ValueError, match="method 'trial' needs a loss that is least at the set point; here it must be"):
        penalised.stability(W_EE=5.0, W_IE=10.0, method="trial")
    left_out = derive_rule("(E - E_set)**2", sl.EIRates())
    with pytest.raises(ValueError, match="method 'trial' needs a loss of all activities; here it must be"):
        left_out.stability(W_EE=5.0, W_IE=10.0, method="trial")
