"""Read a formula that a user typed into SymPy, through a closed grammar: arithmetic, known names, smooth functions.

Bare ``sympify`` evaluates code, reads E as 2.718 and I as the imaginary unit; here every name is looked up and every
construction that is not arithmetic is refused before anything is built.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections.abc import Callable, Collection
from fractions import Fraction
from typing import Any

from spikelearn.parameters import nearest

__all__ = ["RESERVED", "parse_expression"]

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
RESERVED = frozenset(
    {"e", "pi", "inf", "i", "j", "t", "dt", "xi", "N", "lastspike", "ms", "second", "alpha", *_FUNCTIONS, *_KINKED}
)
"""Names that mean something else here or in Brian2, so that no population, weight or parameter may have them."""


def parse_expression(text: str, names: Collection[str], where: str = "loss") -> Any:
    """Read a differentiable formula in the given names into SymPy; nothing is evaluated.

    The grammar has numbers, ``+ - * / **``, parentheses, ``pi``, the names, and calls with one argument of ``sqrt exp
    expm1 log log10 log1p sin cos tan sinh cosh tanh arctan``. The text is checked as a syntax tree and
    then read by Brian2's own reader. Decimal numbers are kept exactly: 0.1 is 1/10.

    Parameters
    ----------
    text : str
        The formula, at most 4000 characters.
    names : collection of str
        The symbols that it may use.
    where : str
        The name of the formula in error messages.

    Returns
    -------
    sympy.Expr
        In plain symbols (without assumptions), so that ``sympy.Symbol("E")`` is the same symbol.

    Raises
    ------
    TypeError
        `text` is no text.
    ValueError
        It is empty, too long or too deep, is no arithmetic, uses an unknown name or function (the nearest name is
        given), is not differentiable (the remedy is given), or has no finite real value.

    Examples
    --------
    >>> parse_expression("(E_set - E)**2/2 + 0.5*I**2", ["E", "I", "E_set"])
    I**2/2 + (-E + E_set)**2/2
    """
    tree = _tree(text, where)
    _check(tree, names, where)
    _constant(tree, where)
    from brian2.parsing.sympytools import str_to_sympy

    try:
        # Decimal numbers go in as fractions: 0.1*E + 0.2*E would otherwise be 0.30000000000000004*E.
        return _smooth(str_to_sympy(ast.unparse(_Fractions().visit(tree))), text, where)
    except (SyntaxError, RecursionError, OverflowError) as error:
        raise ValueError(f"{where} must be a formula, got {_shown(text)}: {error}") from error


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")


def _tree(text: str, where: str) -> ast.expr:
    if not isinstance(text, str):
        raise TypeError(f"{where} must be text, got {type(text).__name__}")
    if not text.strip():
        raise ValueError(f"{where} must be a formula, got an empty text")
    if len(text) > LONGEST:
        raise ValueError(f"{where} must have at most {LONGEST} characters, got {len(text)}")
    if "^" in text:
        raise ValueError(f"{where} must write powers as **, got ^ in {_shown(text)}")
    if re.search(r"\blambda\b", text):
        raise ValueError(f"{where} must not use the word 'lambda' of Python (a parameter may be 'lambda_' or 'lam')")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the reader warns about oddities that are refused below in any case
            node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        detail = error.msg if isinstance(error, SyntaxError) else "it is too deeply nested"
        raise ValueError(f"{where} must be a formula, got {_shown(text)}: {detail}") from error
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
        raise ValueError(_kink(where, ast.unparse(node) if isinstance(node, ast.expr) else "it", kinked))
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
            raise ValueError(_kink(where, name, _KINKED[name]))
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


def _kink(where: str, what: str, kind: str) -> str:
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
        raise ValueError(f"{where} must have finite real values, got {_shown(ast.unparse(node))}") from error
    except ValueError as error:
        if "must have" in str(error):
            raise
        raise ValueError(f"{where} must have finite real values, got {_shown(ast.unparse(node))}") from error
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


class _Fractions(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if not isinstance(node.value, float):
            return node
        exact = Fraction(repr(node.value))
        return ast.BinOp(ast.Constant(exact.numerator), ast.Div(), ast.Constant(exact.denominator))


def _smooth(expression: Any, text: str, where: str) -> Any:
    """Real square roots and plain symbols; and what only SymPy can see is refused here."""
    import sympy
    from sympy.codegen.cfunctions import expm1, log1p, log10

    # Brian2 leaves sqrt as a function without a derivative; over real symbols sqrt(x**2) then shows itself as Abs(x).
    real = expression.replace(sympy.Function("sqrt"), sympy.sqrt).replace(expm1, lambda x: sympy.exp(x) - 1)
    for function, plain in ((log10, lambda x: sympy.log(x) / sympy.log(10)), (log1p, lambda x: sympy.log(1 + x))):
        real = real.replace(function, plain)
    if real.has(sympy.zoo, sympy.nan, sympy.oo, -sympy.oo, sympy.I):
        raise ValueError(f"{where} must have finite real values, got {_shown(text)}")
    if real.has(sympy.Abs, sympy.sign):
        raise ValueError(_kink(where, f"{_shown(text)}, which is {real}", "abs"))
    return real.xreplace({symbol: sympy.Symbol(symbol.name) for symbol in real.free_symbols})
