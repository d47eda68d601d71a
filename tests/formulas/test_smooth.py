"""The closed grammar: what reads, what is refused and with which words."""

import math

import pytest
import sympy

from spikelearn.formulas.smooth import parse_expression

NAMES = ("E", "I", "E_set", "I_set", "W_EE", "eps")


def test_E_and_I_are_symbols_and_not_numbers():
    found = parse_expression("E*I + pi", NAMES)
    assert found == sympy.Symbol("E") * sympy.Symbol("I") + sympy.pi


def test_decimals_are_exact():
    assert parse_expression("0.1*E + 0.2*E", NAMES) == sympy.Rational(3, 10) * sympy.Symbol("E")


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("sqrt(E)", math.sqrt),
        ("exp(E)", math.exp),
        ("expm1(E)", math.expm1),
        ("log(E)", math.log),
        ("log10(E)", math.log10),
        ("log1p(E)", math.log1p),
        ("sin(E)", math.sin),
        ("cos(E)", math.cos),
        ("tan(E)", math.tan),
        ("sinh(E)", math.sinh),
        ("cosh(E)", math.cosh),
        ("tanh(E)", math.tanh),
        ("arctan(E)", math.atan),
    ],
)
def test_every_function_has_its_value_and_a_derivative(text, function):
    E = sympy.Symbol("E")
    found = parse_expression(text, NAMES)
    assert float(found.subs(E, 0.7)) == pytest.approx(function(0.7), rel=1e-14)
    slope = (function(0.7 + 1e-5) - function(0.7 - 1e-5)) / 2e-5
    assert float(found.diff(E).subs(E, 0.7)) == pytest.approx(slope, rel=1e-8)  # h^2 = 1e-10 and rounding/h = 1e-11


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('x')",
        "__import__('os')",
        "E.__class__",
        "E.__class__.__mro__[1].__subclasses__()",
        "(lambda: 0)()",
        "lambda: 0",
        "exec('1')",
        "eval('1')",
        "open('x')",
        "E()",
        "E(I)",
        "exp(x=E)",
        "exp(*E)",
        "sqrt(E, I)",
        "[E][0]",
        "{E: I}",
        "{E}",
        "(E, I)",
        "E, I",
        "[E for E in I]",
        "(E := 2)",
        "f'{E}'",
        "'E'",
        "b'E'",
        "E; I",
        "E = 1",
        "import os",
        "print(E)",
        "E\x00",
        "E\n+)",
        "1j*E",
        "True*E",
        "None",
        "...",
        "E @ I",
        "~E",
        "E & I",
        "await E",
        "yield",
        "*E",
        "globals()['x']",
        "E if True else I",
    ],
)
def test_text_that_is_no_formula_is_refused(text):
    with pytest.raises(ValueError, match=r"^loss must|^loss has no"):
        parse_expression(text, NAMES)


def test_nothing_is_run(tmp_path):
    path = tmp_path / "made"
    with pytest.raises(ValueError, match="must be arithmetic"):
        parse_expression(f"__import__('pathlib').Path({str(path)!r}).touch()", NAMES)
    assert not path.exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("E*" * 2500 + "E", "at most 4000 characters, got 5001"),
        ("(" * 1500 + "E" + ")" * 1500, "must be a formula"),
        ("-" * 3000 + "E", "nested|must be a formula"),
        ("+".join(["E"] * 1500), "nested at most 100 deep"),
        ("exp(" * 150 + "E" + ")" * 150, "nested at most 100 deep|too many nested"),
        ("9**9**9", "exponents of at most 64"),
        ("(((9**64)**64)**64)**64", "finite real values"),
        ("exp(exp(exp(9)))", "finite real values"),
        ("E**1000", "exponents of at most 64"),
        ("1e999*E", r"numbers below 1e\+300"),
        ("9" * 3000, r"numbers below 1e\+300"),
        ("1/0 + E", "finite real values"),
        ("E/(2 - 2)", "finite real values"),
        ("E/(I - I)", "finite real values"),
        ("sqrt(-1)*E", "finite real values"),
        ("log(0)*E", "finite real values"),
        ("(-8)**(1/3)*E", "finite real values"),
    ],
)
def test_long_deep_and_overflowing_text_is_refused_at_once(text, words):
    with pytest.raises(ValueError, match=words):
        parse_expression(text, NAMES)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("abs(E - E_set)", r"got abs: use sqrt\(\(\.\.\.\)\*\*2 \+ eps\)"),
        ("Abs(E - E_set)", "got Abs: use sqrt"),
        ("sqrt((E - E_set)**2)", r"got .* which is Abs\(E - E_set\): use sqrt"),
        ("((E - E_set)**2)**0.5", r"got .* which is Abs\(E - E_set\): use sqrt"),
        ("Max(E, 0)", "got Max: use a smooth one"),
        ("max(E, I)", "got max: use a smooth one"),
        ("minimum(E, I)", "got minimum: use a smooth one"),
        ("sign(E)", "got sign: use tanh"),
        ("Heaviside(E)", "got Heaviside: use the smooth step"),
        ("floor(E)", "got floor: leave the rounding out"),
        ("ceil(E)", "got ceil: leave the rounding out"),
        ("E % 2", "got E % 2: leave the rounding out"),
        ("E // 2", "got E // 2: leave the rounding out"),
        ("Piecewise((E, E > 0), (0, True))", "got Piecewise: write one smooth formula"),
        ("E if E > I else I", "got E if E > I else I: write one smooth formula"),
        ("E > I", "got E > I: use the smooth step"),
        ("E and I", "got E and I: use the smooth step"),
        ("not E", "got not E: use the smooth step"),
        ("clip(E, 0, 1)", "got clip: give the formula that holds above threshold"),
        ("int(E > 0)*E", "got int: use the smooth step"),
    ],
)
def test_a_formula_with_a_kink_is_refused_with_the_remedy(text, remedy):
    with pytest.raises(ValueError, match=f"loss must be differentiable, {remedy}"):
        parse_expression(text, NAMES)


@pytest.mark.parametrize(
    ("text", "nearest"),
    [("Eset", "E_set"), ("E_sett", "E_set"), ("e", "E"), ("i", "I"), ("w_ee", "W_EE"), ("W_EEE", "W_EE")],
)
def test_an_unknown_symbol_is_refused_with_the_nearest(text, nearest):
    with pytest.raises(ValueError, match=f"loss has no name '{text}'; did you mean '{nearest}'"):
        parse_expression(f"({text} - 1)**2", NAMES)


def test_other_refusals():
    with pytest.raises(ValueError, match="loss has no function 'lgo'; did you mean 'log'"):
        parse_expression("lgo(E)", NAMES)
    with pytest.raises(ValueError, match="loss must write powers as"):
        parse_expression("E^2", NAMES)
    with pytest.raises(ValueError, match="must not use the word 'lambda'"):
        parse_expression("E + lambda*I", NAMES)
    for empty in ("", "  \n"):
        with pytest.raises(ValueError, match="loss must be a formula, got an empty text"):
            parse_expression(empty, NAMES)
    with pytest.raises(TypeError, match="loss must be text, got int"):
        parse_expression(3, NAMES)
