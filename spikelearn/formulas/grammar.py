"""The closed grammar: one tree check for rules, losses, plasticity and the statements of a user's own neuron.

A text is read as a syntax tree and checked node by node before any parser that runs code sees it. What kinds of text
may hold differs and stands in a `Kind` each; limits, order of the checks and wording are the same for all. Numbers are
calculated in floating point on the way, and sizes are bounded, so that 9**9**9 is refused before exact arithmetic
tries to write it out.

What is handed on, to SymPy or to Brian2, is text written out from the checked tree and never the text itself: comments
are gone, and nobody can read it in another way than it was checked.
"""

from __future__ import annotations

import ast
import functools
import re
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from spikelearn.formulas.reserved import FUNCTION_NAMES, KINKED, RESERVED
from spikelearn.formulas.sizes import check_sizes, literal
from spikelearn.parameters.names import shown, unknown_name

__all__ = ["LOSS", "RULE", "STATEMENT", "Kind", "checked_tree", "kink_message", "names_of", "tree_of"]

LONGEST = 4000
DEEPEST = 100

_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
_ROUNDING = (ast.Mod, ast.FloorDiv)
_COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
_COUNTS = ("no argument", "exactly one argument", "two arguments", "three arguments")
_REMEDY = {
    "abs": "use sqrt((...)**2 + eps) with a small eps instead of |...|",
    "max": "use a smooth one such as (x + sqrt(x**2 + eps))/2 for max(x, 0)",
    "sign": "use tanh((...)/eps) with a small eps",
    "step": "use the smooth step (1 + tanh((...)/eps))/2",
    "floor": "leave the rounding out",
    "piecewise": "write one smooth formula, for example with the smooth step (1 + tanh((...)/eps))/2",
    "rectifier": "give the formula that holds above threshold, without the rectifier",
}
_KINKED_NODES: dict[type[ast.AST], str] = {
    ast.IfExp: "piecewise",
    ast.Compare: "step",
    ast.BoolOp: "step",
    ast.Not: "step",
    ast.Mod: "floor",
    ast.FloorDiv: "floor",
}


@dataclass(frozen=True, eq=False)
class Kind:
    """What one kind of text may hold.

    Parameters
    ----------
    holds : str
        In a few words, for messages.
    functions : mapping of str to int
        Functions and how many arguments each has.
    reserved : frozenset of str
        Names that it must not use.
    smooth : bool
        Whether what has a kink is refused with the remedy.
    logic : bool
        Whether comparisons, boolean words, True, False, ``%`` and ``//`` may stand in it.
    plain_powers : bool
        Whether an exponent or a base without a name must be a plain number, such as 2, -1 or 1/3.
    constants : frozenset of str
        Names that are known in any case.
    private : bool
        Whether names may begin with an underscore or have letters beyond ASCII.
    more : str
        Where further names come from, for messages.
    """

    holds: str
    functions: Mapping[str, int]
    reserved: frozenset[str] = frozenset()
    smooth: bool = False
    logic: bool = False
    plain_powers: bool = False
    constants: frozenset[str] = field(default=frozenset({"pi"}))
    private: bool = True
    more: str = ""


def _one_argument(names: str) -> dict[str, int]:
    return dict.fromkeys(names.split(), 1)


RULE = Kind(
    "arithmetic of names and functions",
    _one_argument("abs arctan cos cosh exp log sin sinh sqrt tan tanh"),
    reserved=RESERVED - {"pi"},
    plain_powers=True,
)
"""Learning rules and plasticity."""

LOSS = Kind(
    "arithmetic of names and functions",
    _one_argument("sqrt exp expm1 log log10 log1p sin cos tan sinh cosh tanh arctan"),
    smooth=True,
    more=", and what parameters= adds",
)
"""Losses and steady states, of which derivatives are taken."""

STATEMENT = Kind(
    "arithmetic, comparisons and functions of Brian2",
    {**dict.fromkeys(FUNCTION_NAMES, 1), "clip": 3, "timestep": 2, "rand": 0, "randn": 0},
    logic=True,
    private=False,
)
"""Equations and statements of a neuron of the user's own."""


def tree_of(text: str, kind: Kind, where: str) -> ast.expr:
    """Read a text as a syntax tree and refuse it where it is not of its kind.

    Parameters
    ----------
    text : str
        The formula.
    kind : Kind
        What it may hold.
    where : str
        The name of the formula in error messages.

    Returns
    -------
    ast.expr
        The checked tree, which is kept for the next call: not to be changed.

    Raises
    ------
    TypeError
        `text` is no text.
    ValueError
        It is empty, too long or too deep, is not of its kind, has an unknown function, an exponent beyond 64, or
        numbers that are not finite and real or too large to write out.

    Examples
    --------
    >>> tree_of("__import__('os').getcwd()", RULE, "Rule.dW['W_EE']")
    Traceback (most recent call last):
    ...
    ValueError: Rule.dW['W_EE'] must be arithmetic of names and functions, got "__import__('os').getcwd()"
    """
    if not isinstance(text, str):
        raise TypeError(f"{where} must be text, got {type(text).__name__}")
    return _tree_of(text, kind, where)


@functools.lru_cache(maxsize=1024)
def _tree_of(text: str, kind: Kind, where: str) -> ast.expr:
    tree = _parsed(text, where)
    _check(tree, kind, where)
    check_sizes(tree, where)
    if kind.plain_powers:
        _check_powers(tree, where)
    return tree


def checked_tree(text: str, kind: Kind, names: Collection[str] | None, where: str) -> ast.expr:
    """Read a text as `tree_of` does, and refuse names that are reserved or unknown.

    Parameters
    ----------
    names : collection of str or None
        The names that it may use beside the constants of its kind; None allows any.

    Raises
    ------
    TypeError, ValueError
        As `tree_of`; and for a name, with the nearest one.

    Examples
    --------
    >>> checked_tree("E*(E_sett - E)", RULE, ["E", "E_set"], "loss")
    Traceback (most recent call last):
    ...
    ValueError: loss has no name 'E_sett'; did you mean 'E_set'? Known: E, E_set
    """
    tree = tree_of(text, kind, where)
    used = names_of(tree)
    for name in sorted(used - kind.constants):
        if names is not None and name not in names:
            raise ValueError(unknown_name(where, "name", name, names) + kind.more)
        if name in kind.reserved:
            raise ValueError(f"{where} must not use the reserved name {name!r}")
    return tree


def names_of(tree: ast.AST) -> frozenset[str]:
    """Give the names that a tree uses, functions left out."""
    called = {id(call.func) for call in ast.walk(tree) if isinstance(call, ast.Call)}
    return frozenset(part.id for part in ast.walk(tree) if isinstance(part, ast.Name) and id(part) not in called)


def kink_message(where: str, what: str, kind: str) -> str:
    """Word the refusal of what has a kink, with the remedy."""
    return f"{where} must be differentiable, got {what}: {_REMEDY[kind]}"


def _parsed(text: str, where: str) -> ast.expr:
    if not text.strip():
        raise ValueError(f"{where} must be a formula, got an empty text")
    if len(text) > LONGEST:
        raise ValueError(f"{where} must have at most {LONGEST} characters, got {len(text)}")
    if "^" in text:
        raise ValueError(f"{where} must write powers as **, got ^ in {shown(text)}")
    if re.search(r"\blambda\b", text):
        raise ValueError(f"{where} must not use the word 'lambda' of Python (a parameter may be 'lambda_' or 'lam')")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the reader warns about oddities that are refused below in any case
            node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        detail = error.msg if isinstance(error, SyntaxError) else "it cannot be read"
        if re.search(r"[0-9.]\s+[A-Za-z]\w*\s*$", text):
            detail += "; a number and its unit are multiplied in formulas, as in -50*mV"
        raise ValueError(f"{where} must be a formula, got {shown(text)}: {detail}") from error
    level: list[ast.AST] = [node]
    for _ in range(DEEPEST):
        level = [child for parent in level for child in ast.iter_child_nodes(parent)]
        if not level:
            return node
    raise ValueError(f"{where} must be nested at most {DEEPEST} deep: split it or write it shorter")


def _check(node: ast.expr, kind: Kind, where: str) -> None:
    """Refuse whatever its kind does not hold, part by part."""
    parts = (node, getattr(node, "op", None))
    kinked = next((why for type_, why in _KINKED_NODES.items() if any(isinstance(part, type_) for part in parts)), None)
    if kinked and kind.smooth:
        raise ValueError(kink_message(where, ast.unparse(node), kinked))
    match node:
        case ast.Constant(value=bool()) if kind.logic:
            return
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            return
        case ast.Name(id=name):
            if not kind.private and (name.startswith("_") or not name.isascii()):
                raise ValueError(f"{where} must use plain names, got {name!r}")
        case ast.UnaryOp(op=ast.UAdd() | ast.USub(), operand=operand):
            _check(operand, kind, where)
        case ast.BinOp(left=left, op=operation, right=right) if isinstance(operation, _ARITHMETIC) or (
            kind.logic and isinstance(operation, _ROUNDING)
        ):
            _check(left, kind, where)
            _check(right, kind, where)
        case ast.UnaryOp(op=ast.Not(), operand=operand) if kind.logic:
            _check(operand, kind, where)
        case ast.BoolOp(values=values) if kind.logic:
            for value in values:
                _check(value, kind, where)
        case ast.Compare(left=left, ops=[operation], comparators=[right]) if kind.logic and isinstance(
            operation, _COMPARISONS
        ):
            _check(left, kind, where)
            _check(right, kind, where)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in kind.functions:
            if len(arguments) != kind.functions[name]:
                count = _COUNTS[kind.functions[name]]
                raise ValueError(f"{where} must give {name} {count}, got {shown(ast.unparse(node))}")
            for argument in arguments:
                _check(argument, kind, where)
        case ast.Call(func=ast.Name(id=name)) if kind.smooth and name in KINKED:
            raise ValueError(kink_message(where, name, KINKED[name]))
        case ast.Call(func=ast.Name(id=name)) if name not in kind.functions:
            raise ValueError(unknown_name(where, "function", name, kind.functions))
        case _:
            raise ValueError(f"{where} must be {kind.holds}, got {shown(ast.unparse(node))}")


def _check_powers(tree: ast.expr, where: str) -> None:
    for power in (part for part in ast.walk(tree) if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Pow)):
        for part, what in ((power.right, "exponents"), (power.left, "bases of powers")):
            if literal(part) is None and not names_of(part):
                raise ValueError(
                    f"{where} must have {what} that are plain numbers or hold a name, got {shown(ast.unparse(power))}"
                )
