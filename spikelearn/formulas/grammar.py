"""A closed grammar for formulas: arithmetic of known names and smooth functions, and nothing else.

A text is read as a syntax tree and checked node by node before anything is built from it. Numbers are added up in
floating point on the way, so that a tower such as 9**9**9 is refused before exact arithmetic tries to write it out.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections.abc import Callable, Collection
from typing import Any

from spikelearn.formulas import reserved
from spikelearn.parameters.names import nearest

__all__ = ["RESERVED", "checked_tree", "kink_message", "shown"]

LONGEST = 4000
DEEPEST = 100

_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "sqrt": math.sqrt,
    "exp": math.exp,
    "expm1": math.expm1,
    "log": math.log,
    "log10": math.log10,
    "log1p": math.log1p,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "arctan": math.atan,
}
_CONSTANTS = {"pi": math.pi}
_REMEDY = {
    "abs": "use sqrt((...)**2 + eps) with a small eps instead of |...|",
    "max": "use a smooth one such as (x + sqrt(x**2 + eps))/2 for max(x, 0)",
    "sign": "use tanh((...)/eps) with a small eps",
    "step": "use the smooth step (1 + tanh((...)/eps))/2",
    "floor": "leave the rounding out",
    "piecewise": "write one smooth formula, for example with the smooth step (1 + tanh((...)/eps))/2",
    "rectifier": "give the formula that holds above threshold, without the rectifier",
}
_KINKED = {
    **dict.fromkeys(("abs", "Abs", "fabs"), "abs"),
    **dict.fromkeys(("max", "Max", "maximum", "min", "Min", "minimum"), "max"),
    **dict.fromkeys(("sign", "sgn"), "sign"),
    **dict.fromkeys(("Heaviside", "heaviside", "step", "int"), "step"),
    **dict.fromkeys(("floor", "ceil", "ceiling", "round", "trunc", "Mod", "mod"), "floor"),
    **dict.fromkeys(("Piecewise", "piecewise", "where"), "piecewise"),
    **dict.fromkeys(("clip", "relu", "ReLU"), "rectifier"),
}
_KINKED_NODES: dict[type[ast.AST], str] = {
    ast.IfExp: "piecewise",
    ast.Compare: "step",
    ast.BoolOp: "step",
    ast.Not: "step",
    ast.Mod: "floor",
    ast.FloorDiv: "floor",
}
RESERVED = reserved.RESERVED | {"alpha", *_KINKED}
"""Names that mean something else here or in Brian2, so that no population, weight or parameter may have them."""


def checked_tree(text: str, names: Collection[str], where: str) -> ast.expr:
    """Read a text as a syntax tree and refuse it where it is not a formula of the grammar.

    Parameters
    ----------
    text : str
        The formula.
    names : collection of str
        The symbols that it may use.
    where : str
        The name of the formula in error messages.

    Raises
    ------
    TypeError
        `text` is no text.
    ValueError
        See `spikelearn.formulas.smooth.parse_expression`.
    """
    tree = _tree(text, where)
    _check(tree, names, where)
    _constant(tree, where)
    return tree


def shown(text: str) -> str:
    """Quote a text in an error message, cut where it is long."""
    return repr(text if len(text) <= 80 else text[:77] + "...")


def _tree(text: str, where: str) -> ast.expr:
    if not isinstance(text, str):
        raise TypeError(f"{where} must be text, got {type(text).__name__}")
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
        detail = error.msg if isinstance(error, SyntaxError) else "it is too deeply nested"
        raise ValueError(f"{where} must be a formula, got {shown(text)}: {detail}") from error
    level: list[ast.AST] = [node]
    for _ in range(DEEPEST):
        level = [child for parent in level for child in ast.iter_child_nodes(parent)]
        if not level:
            return node
    raise ValueError(f"{where} must be nested at most {DEEPEST} deep: split it or write it shorter")


def _check(node: ast.AST, names: Collection[str], where: str) -> None:
    """Refuse whatever is not arithmetic of known names."""
    parts = (node, getattr(node, "op", None))
    kinked = next((why for kind, why in _KINKED_NODES.items() if any(isinstance(part, kind) for part in parts)), None)
    if kinked:
        raise ValueError(kink_message(where, ast.unparse(node) if isinstance(node, ast.expr) else "it", kinked))
    match node:
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.Pow()):
            _check(node.left, names, where)
            _check(node.right, names, where)
        case ast.UnaryOp(op=ast.UAdd() | ast.USub()):
            _check(node.operand, names, where)
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            pass
        case ast.Name(id=name):
            _check_name(name, names, where)
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
            _check(argument, names, where)
        case ast.Call(func=ast.Name(id=name)) if name in _KINKED:
            raise ValueError(kink_message(where, name, _KINKED[name]))
        case ast.Call(func=ast.Name(id=name)) if name in _FUNCTIONS:
            raise ValueError(f"{where} must give {name} exactly one argument")
        case ast.Call(func=ast.Name(id=name)):
            guess = nearest(name, _FUNCTIONS)
            hint = f"; did you mean {guess!r}?" if guess else "."
            raise ValueError(f"{where} has the unknown function {name!r}{hint} Known: {', '.join(_FUNCTIONS)}")
        case _:
            kind = type(node).__name__
            raise ValueError(f"{where} must be arithmetic of names and functions, got {kind.lower()} in it")


def _check_name(name: str, names: Collection[str], where: str) -> None:
    if name in names or name in _CONSTANTS:
        return
    same_letters = [known for known in names if known.lower() == name.lower()]
    guess = same_letters[0] if same_letters else nearest(name, names)
    hint = f"; did you mean {guess!r}?" if guess else "."
    known = ", ".join(sorted(names))
    raise ValueError(f"{where} has the unknown symbol {name!r}{hint} Known: {known}, and what parameters= adds")


def kink_message(where: str, what: str, kind: str) -> str:
    """Word the refusal of what has a kink, with the remedy."""
    return f"{where} must be differentiable, got {what}: {_REMEDY[kind]}"


def _constant(node: ast.AST, where: str) -> float | None:
    """Value of a part without names, or None; refuses what overflows (9**9**9 would keep SymPy busy for ever)."""
    parts = [_constant(child, where) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
    try:
        match node:
            case ast.Constant():
                value: Any = float(node.value)  # type: ignore[arg-type]
            case ast.Name(id=name):
                return _CONSTANTS.get(name)
            case ast.Call(func=ast.Name(id=name)):
                if parts[-1] is None:
                    return None
                value = _FUNCTIONS[name](parts[-1])
            case ast.BinOp(op=ast.Pow()) if parts[1] is not None and abs(parts[1]) > 64:
                raise ValueError(f"{where} must have exponents of at most 64, got {parts[1]:g}")
            case _ if None in parts:
                return None
            case ast.UnaryOp(op=op):
                value = -parts[0] if isinstance(op, ast.USub) else parts[0]  # type: ignore[operator]
            case ast.BinOp(op=op):
                value = _arithmetic(op, *parts)  # type: ignore[arg-type]
            case _:
                return None
        if isinstance(value, complex) or not math.isfinite(value):
            raise OverflowError
    except (OverflowError, ZeroDivisionError) as error:
        raise ValueError(f"{where} must have finite real values, got {shown(ast.unparse(node))}") from error
    except ValueError as error:
        if "must have" in str(error):
            raise
        raise ValueError(f"{where} must have finite real values, got {shown(ast.unparse(node))}") from error
    return float(value)


def _arithmetic(op: ast.operator, left: float, right: float) -> Any:
    match op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():
            return left / right
        case _:
            return left**right
