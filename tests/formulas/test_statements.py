"""Texts of a user's own neuron: what Brian2 reads is read alike, and nothing else reaches it."""

import ast
import time

import numpy as np
import pytest

from spikelearn.formulas.grammar import STATEMENT
from spikelearn.formulas.reserved import FUNCTION_NAMES
from spikelearn.formulas.statements import (
    declared_names,
    names_in_statements,
    read_condition,
    read_equations,
    read_statements,
    whole_numbers_of,
)

HOSTILE = [
    "sin(\"__import__('os').getpid()\")",
    "'v'",
    "b'v'",
    "f'{v}'",
    "f'{__import__(\"os\").getpid()}'",
    "__import__('os').getpid()",
    "__import__",
    "_x",
    "v.__class__",
    "v.real",
    "v[0]",
    "v[:]",
    "(v, w)",
    "[v]",
    "{v: w}",
    "{v}",
    "[v for v in w]",
    "(lambda: v)()",
    "lambda v: v",
    "v if w else 1",
    "(v := 2)",
    "exec(v)",
    "eval('1')",
    "open(v)",
    "getattr(v, w)",
    "sin(v)(w)",
    "sin(v, w)",
    "sin()",
    "rand(3)",
    "clip(v)",
    "sin(*v)",
    "sin(x=v)",
    "1j*v",
    "None",
    "...",
    "v @ w",
    "v & w",
    "v | w",
    "~v",
    "v << 3",
    "v ^ 2",
    "v is w",
    "v in w",
    "v < w < 3",
    "await v",
    "yield",
    "*v",
    "v w",
    "v +",
    "(v",
    "v)",
    "v\x00",
    "\u03bc*v",
    "\uff56 + 1",
    "9**9**9",
    "10**10**10",
    "v**9**9",
    "v**65",
    "v**-65",
    "((((1.0000000001**64)**64)**64)**64)**64*v",
    "((((2*v)**64)**64)**64)**64",
    "exp(-10**12*log(2))*v",
    "exp(10**12*log(2*v))",
    "10**(10**12*log(2*v)/log(10))",
    "2**(10**12*(1 + v))",
    "10**int(1e12)",
    "10**floor(1e12)",
    "10**clip(1e12, 0, 1e13)",
    "10**(1e12*(1 < 2))",
    "10**(1e12*True)",
    "1/0*v",
    "5 % 0 + v",
    "1 // 0",
    "log(0)*v",
    "1e999",
    "9" * 3900,
    "(" * 1500 + "v" + ")" * 1500,
    "-" * 3000 + "v",
    "+".join(["v"] * 1500),
    "v" * 50_000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_refused_at_once_wherever_it_stands(text):
    begin = time.process_time()
    for read in (
        lambda: read_condition(text, "N.threshold"),
        lambda: read_condition(f"v > 1 and ({text}) > 2", "N.threshold"),
        lambda: read_statements(f"v = {text}", "N.reset"),
        lambda: read_statements(f"w = 1\nv += {text}; u = 2", "N.reset"),
        lambda: read_equations(f"dv/dt = {text} : 1", "N.equations"),
        lambda: read_equations(f"w : 1 (constant)\nx = {text} : volt", "N.equations"),
        lambda: read_equations(f"dv/dt = v/ms : volt**({text})", "N.equations"),
        lambda: read_equations(f"dv/dt = v/ms : {text}", "N.equations"),
    ):
        with pytest.raises(ValueError, match=r"^N\.(threshold|reset|equations)(: .*)? must |^N\..* has no ") as caught:
            read()
        assert len(str(caught.value)) < 400
    assert time.process_time() - begin < 1.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("v", "have statements such as 'v = 0"),
        ("pass", "have statements"),
        ("v == 3", "have statements"),
        ("v <<= 3", "have statements"),
        ("v, w = 1", "have statements"),
        ("v.x = 1", "have statements"),
        ("v[0] = 1", "have statements"),
        ("import os", "have statements"),
        ("v = w = 1", "be a formula"),
        ("v =", "be a formula, got an empty text"),
        ("v **= 99", "exponents of at most 64, got 99"),
        ("v = 1\n" * 1001, "at most 1000 statements, got 1001"),
        ("v = expp(w)", "has no function 'expp'; did you mean 'exp'"),
        ("v = E" + "#" * 50_000, "at most 40000 characters"),
    ],
)
def test_what_is_no_statement_is_refused(text, words):
    with pytest.raises(ValueError, match=f"^reset .*{words}"):
        read_statements(text, "reset")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("v", "must read 'dx/dt = ... : unit'"),
        ("dv/dt = -v/ms", "must end every equation with its unit, got none for 'dv/dt'"),
        ("v :", "must end every equation with its unit, got none for 'v'"),
        ("v : volt; w : volt", "must read 'dx/dt"),
        ("v : volt - volt", "the unit of v must be a product of base units"),
        ("v : volt**9**9**9", "exponents of at most 64"),
        ("v : volt.dim", "must be a product of base units"),
        ("v : volt**1e99", "exponents of at most 64"),
        ("v : 1\n" * 1001, "at most 1000 lines"),
        ("k = 2**60 : integer", "must be a whole number up to 2"),
    ],
)
def test_what_is_no_equation_is_refused(text, words):
    with pytest.raises(ValueError, match=rf"equations.* {words}".replace("**", r"\*\*")):
        read_equations(text, "equations")


def test_text_must_be_text():
    for read in (read_equations, read_statements, read_condition):
        for given in (3, None, ["v = 1"], {"v": 1}):
            with pytest.raises(TypeError, match="reset must be text, got"):
                read(given, "reset")


EQUATIONS = [
    "dv/dt = (drive - v)/tau : volt",
    "d v / dt = -v/tau : 1 (unless refractory)",
    "dv/dt = (a +  # one\n b)/tau :\n volt\n\n# a comment: with a colon\na : volt (constant, shared)\nb : volt",
    "x = v*2 : 1 (constant over dt)\ndv/dt = -v/tau + xi/sqrt(tau) : 1",
    "y = v > 3 and not (v < 2) or w == 1 : boolean\nv : 1\nw : integer",
    "dv/dt = -(v % 2)/ms + (v // 3)/ms + rand()/ms : 1",
    "g : siemens/metre**2\nc : meter**-2\nh : volt**0.5\nk : 1/second\nm: amp * second",
    "dv/dt = clip(v, -inf, inf)/ms + exprel(v)/ms + timestep(t, dt)/ms : 1\r\nw : 1",
    "s = int(v > 0) + int(v > 1) : 1\ndv/dt = -v/(10*ms) : 1 (unless refractory)",
    "a : 1 (constant) b : 1",
    "n = N*2 : integer\nv : 1",
    "dv/dt = -v**2.5e0/ms + 1_000/ms : 1",
]


@pytest.mark.parametrize("text", EQUATIONS)
def test_equations_are_read_as_brian2_reads_them(text):
    """Same names, kinds, units, flags, and right-hand sides that are the same formula."""
    from brian2.equations.equations import Equations
    from brian2.parsing.sympytools import str_to_sympy

    given, read = Equations(text), Equations(read_equations(text, "equations"))
    assert list(given) == list(read) == [name for name in given if name in declared_names(text, "equations")]
    for name in given:
        one, other = given[name], read[name]
        assert (one.type, one.dim, one.var_type, one.flags) == (other.type, other.dim, other.var_type, other.flags)
        if one.expr is not None:
            assert str_to_sympy(one.expr.code) == str_to_sympy(other.expr.code)


def test_statements_are_those_that_were_given():
    text = "v = V_r  # reset\n\n g+=0.1;w -= a*b ; k //= 2\nx **= 3\ny %= 2; z *= -1; u /= 2\nb = v >= 2 and w != 3"
    expected = "v = V_r\ng += 0.1\nw -= a*b\nk //= 2\nx **= 3\ny %= 2\nz *= -1\nu /= 2\nb = v >= 2 and w != 3"
    assert ast.dump(ast.parse(read_statements(text, "reset"))) == ast.dump(ast.parse(expected))
    assert read_statements(" \n# nothing\n;", "reset") == read_condition("# nothing", "threshold") == ""
    assert names_in_statements(read_statements(text, "reset")) == set("vgwkxyzub") | {"V_r", "a"}


def test_every_function_of_brian2_may_stand_in_a_statement():
    from brian2.core.functions import DEFAULT_FUNCTIONS

    assert set(STATEMENT.functions) == FUNCTION_NAMES == set(DEFAULT_FUNCTIONS)
    for name, count in STATEMENT.functions.items():
        text = f"{name}({', '.join(['v'] * count)})"
        assert read_condition(text, "threshold") == text


def test_a_comment_or_a_line_end_brings_nothing_in():
    """Brian2 pastes conditions into statements of its own: a second line would be one more statement."""
    assert read_condition("v >\n 1  # \n", "threshold") == "v > 1"
    with pytest.raises(ValueError, match="threshold must be a formula"):
        read_condition("v > 1)\nw = (2", "threshold")
    with pytest.raises(ValueError, match="reset has no function '__import__'"):
        read_statements("v = 1\rw = __import__('os')", "reset")


@pytest.mark.parametrize(
    ("text", "states", "expected"),
    [
        ("a = 10*N; a = a*a; v = a", ("v",), "a = 50.0\na = 2500.0\nv = a"),
        ("v = 10**(N*10**2)", ("v",), "v = 10 ** (5.0 * 10 ** 2)"),
        ("b = N > 3; c = b + b; v = v**c + N", ("v",), "b = N > 3\nc = 2.0\nv = v ** 2.0 + N"),
        ("a = 2; a += v; v = 2**a", ("v",), "a = 2.0\na += v\nv = 2 ** a"),
        ("v = 0; v += 1", ("v",), "v = 0\nv += 1"),
    ],
)
def test_whole_numbers_of_any_length_do_not_reach_brian2(text, states, expected):
    assert read_statements(text, "reset", states=states, known={"N": 5.0}) == expected


def test_whole_numbers_in_equations_are_calculated_in_any_order():
    text = "y = x*x : 1\nx = 10*k : 1\nk = N + 1 : integer\ndv/dt = 2**y*v/ms + 2**k*v/ms : 1"
    assert whole_numbers_of(text, "equations", {"N": 2.0}) == {"N": 2.0, "k": 3.0, "x": 30.0, "y": 900.0}
    assert read_equations(text, "equations", {"N": 2.0}).splitlines() == [
        "y = 900.0 : 1",
        "x = 30.0 : 1",
        "k = N + 1 : integer",
        "dv/dt = 2 ** 900.0 * v / ms + 2 ** 3.0 * v / ms : 1",
    ]
    with pytest.raises(ValueError, match="equations: x must have finite real values"):
        read_equations("x = 1/(N - 2) : 1", "equations", {"N": 2.0})


PIECES = [
    *("v", "N", "mV", "10", "2", "9999999999", "1e300", "1e-300", "0.1", "**", "**", "*", "/", "+", "-", "%", "//"),
    *("(", "(", ")", ")", "exp(", "log(", "int(", "sqrt(", "clip(v, ", ",", " and ", " not ", "<", "==", "'", '"', "."),
    *("[", "]", "\n", ";", ":", "#", "=", "+=", "dv/dt", " : 1", "(constant)", "lambda ", "__import__", "inf", "True"),
    "\x00",
]


def test_random_texts_are_read_or_refused_within_a_second():
    """Three thousand of pieces that mean something, put together blindly; seed 13, nothing depends on its luck."""
    rng = np.random.default_rng(13)
    read, foreign, slow = 0, [], []
    for _ in range(3000):
        text = "".join(rng.choice(PIECES, rng.integers(1, 14)))
        for reader in (read_equations, read_statements, read_condition):
            for given in (text, f"dv/dt = {text} : 1", f"v = {text}"):
                started = time.process_time()
                try:
                    reader(given, "text")
                    read += 1
                except ValueError as error:
                    foreign += [] if str(error).startswith("text") else [given]
                slow += [] if time.process_time() - started < 1.0 else [given]
    assert (foreign, slow) == ([], [])
    assert read > 100  # some of it is sound
