"""The closed grammar: arithmetic passes, everything else is refused before any parser that runs code sees it."""

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.formulas.formula import FUNCTIONS, names_in, numpy_function, parse_expression, symbol


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('touch {marker}')",
        "(lambda: 1)()",
        "E.__class__",
        "[E for E in (1, 2)]",
        "open('{marker}', 'w')",
        "E if I else 1",
        "'{marker}'",
        "E[0]",
        "E; I",
        "f'{{E}}'",
        "exec('1')",
        "E := 2",
    ],
)
def test_text_that_tries_to_run_code_is_refused(text, tmp_path):
    marker = tmp_path / "ran"
    text = text.format(marker=marker)
    with pytest.raises(ValueError, match="Rule.dW"):
        sl.Rule(dW={"W_EE": text, "W_EI": "0", "W_IE": "0", "W_II": "0"})
    with pytest.raises(ValueError, match="expression"):
        parse_expression(text, None)
    assert not marker.exists()


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("9**9**9", "exponents of at most 64, got 387420489"),
        ("E**101", "exponents of at most 64, got 101"),
        ("E**65", "exponents of at most 64"),
        ("E**(2*3)", "exponents that are plain numbers or hold a name"),
        ("E**(-8/-8)", "exponents that are plain numbers or hold a name"),
        ("(2*3)**E", "bases of powers that are plain numbers or hold a name"),
        ("(9**99)**99", "exponents of at most 64"),
        ("E +", "must be a formula"),
        ("expp(E)", r"did you mean 'exp'"),
        ("exp(E, I)", "exactly one argument"),
        ("E*dt", "reserved name 'dt'"),
        ("E//I", "must be arithmetic of names and functions"),
        ("E < I", "must be arithmetic of names and functions"),
        ("True*E", "must be arithmetic of names and functions"),
        ("2j*E", "must be arithmetic of names and functions"),
        ("E/0", "finite real values"),
        ("sqrt(-1)", "finite real values"),
        ("E" * 4_001, "at most 4000 characters"),
        ("(" * 500 + "E" + ")" * 500, "must be a formula"),
        ("-" * 900 + "E", "nested at most 100 deep|must be a formula"),
        ("E**1" + "0" * 400, "must have numbers below 1e\\+300"),
        ("1" * 400 + "*E", "must have numbers below 1e\\+300"),
        ("9" * 3900 + "*E", "must have numbers below"),
        ("1e999*E", "must have numbers below"),
        ("E\x00", "must be a formula"),
    ],
)
def test_other_bad_text_is_named(text, match):
    with pytest.raises(ValueError, match=match):
        parse_expression(text, None)


def test_text_must_be_text():
    with pytest.raises(TypeError, match="must be text"):
        parse_expression(3, None)


def test_e_and_i_are_activities_and_not_constants():
    """A general parser would read E as 2.718 and I as the imaginary unit."""
    tree = parse_expression("E*I**2 + beta*gamma", {"E", "I", "beta", "gamma"})
    assert {str(s) for s in tree.free_symbols} == {"E", "I", "beta", "gamma"}
    function = numpy_function(["E", "I", "beta", "gamma"], [tree])
    np.testing.assert_allclose(function(3.0, 2.0, 5.0, 7.0), [47.0], rtol=1e-15)


def test_unknown_names_come_with_the_nearest():
    with pytest.raises(ValueError, match=r"loss has no name 'I_sett'; did you mean 'I_set'\?"):
        parse_expression("I_sett - I", {"I", "I_set"}, "loss")


def test_functions_are_no_names_and_pi_is_known():
    assert names_in("sqrt(E**2 + eps)") == {"E", "eps"}
    assert float(parse_expression("cos(pi)", set())) == -1.0


def test_every_function_evaluates_and_differentiates_like_numpy():
    """Brian2's parser leaves sqrt as a mere name; central differences, step 1e-6, error about 1e-10."""
    reference = {"abs": np.abs, "sqrt": np.sqrt}
    for name in FUNCTIONS:
        tree = parse_expression(f"{name}(E)", {"E"})
        function = numpy_function(["E"], [tree, tree.diff(symbol("E"))])
        numpy_form = reference.get(name) or getattr(np, name)
        value, slope = function(0.7)
        np.testing.assert_allclose(float(value), numpy_form(0.7), rtol=1e-14)
        np.testing.assert_allclose(float(slope), (numpy_form(0.7 + 1e-6) - numpy_form(0.7 - 1e-6)) / 2e-6, atol=1e-9)
