"""Text to algebra and back: a closed grammar for formulas, and NumPy functions made from them.

Two traps are avoided here. A general parser runs code that stands in the text, and reads ``E`` as Euler's number
and ``I`` as the imaginary unit. Text is therefore checked node by node against a short list before Brian2's own
parser, which makes every name a real symbol, turns it into SymPy.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from spikelearn.formulas.reserved import RESERVED
from spikelearn.parameters.names import unknown_name

__all__ = ["FUNCTIONS", "check_expression", "names_in", "numpy_function", "parse_expression", "plain", "symbol"]

FUNCTIONS = ("abs", "arctan", "cos", "cosh", "exp", "log", "sin", "sinh", "sqrt", "tan", "tanh")
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
_LONGEST = 20_000
_LARGEST_EXPONENT = 100
_LARGEST_NUMBER = 1e300


def symbol(name: str) -> Any:
    """Give the SymPy symbol that `parse_expression` uses for a name."""
    import sympy

    return sympy.Symbol(name, real=True)


@functools.lru_cache(maxsize=1024)
def check_expression(text: str, where: str = "expression") -> ast.expr:
    """Check that a text is arithmetic and nothing else.

    Allowed are numbers, names, ``+ - * / **``, brackets and the functions in `FUNCTIONS`.

    Parameters
    ----------
    text : str
        A formula such as ``"alpha*E*(E_set - E)"``.
    where : str
        The name for the error message.

    Returns
    -------
    ast.expr
        The checked syntax tree.

    Raises
    ------
    ValueError
        The text is no formula of this grammar, or calls an unknown function.

    Examples
    --------
    >>> check_expression("__import__('os').getcwd()", "Rule.dW['W_EE']")
    Traceback (most recent call last):
    ...
    ValueError: Rule.dW['W_EE'] must hold arithmetic only; "__import__('os').getcwd" is not allowed
    """
    if not isinstance(text, str):
        raise TypeError(f"{where} must be text, got {text!r}")
    if len(text) > _LONGEST:
        raise ValueError(f"{where} must be shorter than {_LONGEST} characters, got {len(text)}")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        _check(tree, where)
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(f"{where} must be a formula, got {text[:80]!r}") from error
    except ValueError as error:
        # Python itself refuses to read whole numbers of some thousands of digits, and text with null bytes.
        if str(error).startswith(where):
            raise
        raise ValueError(f"{where} must be a formula, got {text[:80]!r}") from error
    return tree


def _check(node: ast.expr, where: str) -> None:
    match node:
        case ast.Name():
            return
        case ast.Constant(value=value) if isinstance(value, (int, float)) and not isinstance(value, bool):
            if not -_LARGEST_NUMBER < value < _LARGEST_NUMBER:
                raise ValueError(f"{where} must hold numbers below {_LARGEST_NUMBER:g} in size, got a larger one")
        case ast.UnaryOp(op=ast.UAdd() | ast.USub(), operand=operand):
            _check(operand, where)
        case ast.BinOp(left=left, op=operator, right=right) if isinstance(operator, _OPERATORS):
            _check(left, where)
            _check(right, where)
            if isinstance(operator, ast.Pow):
                _check_power(left, right, where)
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]):
            if name not in FUNCTIONS:
                raise ValueError(unknown_name(where, "function", name, FUNCTIONS))
            _check(argument, where)
        case ast.Call(func=ast.Name(id=name)) if name in FUNCTIONS:
            raise ValueError(f"{where}: {name}() must have one argument, got {ast.unparse(node)!r}")
        case ast.Call(func=function) if not isinstance(function, ast.Name):
            raise ValueError(f"{where} must hold arithmetic only; {ast.unparse(function)[:80]!r} is not allowed")
        case _:
            raise ValueError(f"{where} must hold arithmetic only; {ast.unparse(node)[:80]!r} is not allowed")


def _check_power(base: ast.expr, exponent: ast.expr, where: str) -> None:
    """Refuse towers of numbers such as 9**9**9, which exact arithmetic would try to write out."""
    number = _literal(exponent)
    if number is not None and abs(number) > _LARGEST_EXPONENT:
        raise ValueError(f"{where}: an exponent must not exceed {_LARGEST_EXPONENT}, got {ast.unparse(exponent)}")
    if number is None and not _names(exponent):
        raise ValueError(f"{where}: an exponent must be a plain number or hold a name, got {ast.unparse(exponent)!r}")
    if _literal(base) is None and not _names(base):
        raise ValueError(f"{where}: the base of a power must be a number or hold a name, got {ast.unparse(base)!r}")


def _literal(node: ast.expr) -> float | None:
    match node:
        case ast.Constant(value=value) if isinstance(value, (int, float)):
            return float(value)
        case ast.UnaryOp(op=ast.UAdd() | ast.USub(), operand=ast.Constant(value=value)):
            return float(value) if isinstance(value, (int, float)) else None
        case ast.BinOp(left=ast.Constant(value=a), op=ast.Div(), right=ast.Constant(value=b)) if b:
            return float(a) / float(b) if isinstance(a, (int, float)) and isinstance(b, (int, float)) else None
        case _:
            return None


def _names(node: ast.expr) -> set[str]:
    called = {id(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)}
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and id(part) not in called}


def names_in(text: str, where: str = "expression") -> frozenset[str]:
    """Give the names that a formula uses, functions left out.

    Examples
    --------
    >>> sorted(names_in("alpha*E*(E_set - E) + exp(I)"))
    ['E', 'E_set', 'I', 'alpha']
    """
    return frozenset(_names(check_expression(text, where)))


@functools.lru_cache(maxsize=1024)
def _parsed(text: str) -> Any:
    import sympy
    from brian2.parsing.sympytools import str_to_sympy

    tree = str_to_sympy(text)
    # Brian2 leaves some functions, sqrt among them, as mere names, of which no derivative can be taken.
    known = {"abs": sympy.Abs, "arctan": sympy.atan, "sqrt": sympy.sqrt}
    for name in FUNCTIONS:
        tree = tree.replace(sympy.Function(name), known.get(name) or getattr(sympy, name))
    return tree


def parse_expression(text: str, names: Collection[str] | None, where: str = "expression") -> Any:
    """Read a formula into SymPy, every name as a real symbol.

    Parameters
    ----------
    text : str
        The formula.
    names : collection of str or None
        The names that it may use besides ``pi``; None allows any.
    where : str
        The name for error messages.

    Returns
    -------
    sympy.Expr

    Raises
    ------
    ValueError
        The text is no formula, or holds an unknown name; the message gives the nearest.

    Examples
    --------
    >>> parse_expression("E*I", {"E", "I"})
    E*I
    >>> parse_expression("E*(E_sett - E)", {"E", "I", "E_set"}, "loss")
    Traceback (most recent call last):
    ...
    ValueError: loss has no name 'E_sett'; did you mean 'E_set'? Known: E, E_set, I
    """
    used = names_in(text, where)
    if names is not None:
        for name in sorted(used - set(names) - {"pi"}):
            raise ValueError(unknown_name(where, "name", name, names))
    clash = sorted((used & RESERVED) - {"pi"})
    if clash:
        raise ValueError(f"{where} must not use the reserved name {clash[0]!r}")
    try:
        tree = _parsed(text.strip())
    except (SyntaxError, ZeroDivisionError, OverflowError, RecursionError) as error:
        raise ValueError(f"{where} must be a formula, got {text[:80]!r}") from error
    import sympy

    if tree.has(sympy.zoo, sympy.nan, sympy.oo, sympy.I):
        raise ValueError(f"{where} must be real and finite, got {text[:80]!r}")
    return tree


def plain(tree: Any) -> Any:
    """Give a formula or matrix in plain symbols, so that ``sympy.Symbol("E")`` is its symbol E.

    Examples
    --------
    >>> import sympy
    >>> plain(parse_expression("E*I", {"E", "I"})).diff(sympy.Symbol("E"))
    I
    """
    import sympy

    return tree.xreplace({part: sympy.Symbol(part.name) for part in tree.free_symbols})


def numpy_function(arguments: Sequence[str], expressions: Iterable[Any]) -> Callable[..., Any]:
    """Make one NumPy function that gives all expressions at once, common parts calculated once.

    Parameters
    ----------
    arguments : sequence of str
        Names of the positional arguments.
    expressions : iterable of sympy.Expr
        Trees from `parse_expression`, or derived from them; never text.

    Returns
    -------
    callable
        ``function(*arrays)`` gives a list with one array or number an expression; constants are not broadcast.
    """
    import sympy

    function: Callable[..., Any] = sympy.lambdify(
        [symbol(name) for name in arguments], list(expressions), modules="numpy", cse=True
    )
    return function
