"""Formulas of rules: text to algebra and back, and NumPy functions made from them.

Two traps are avoided here. A general parser runs code that stands in the text, and reads ``E`` as Euler's number
and ``I`` as the imaginary unit. Text therefore goes through the closed grammar before Brian2's own parser, which makes
every name a real symbol, turns it into SymPy.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from spikelearn.formulas.grammar import RULE, checked_tree, names_of, tree_of
from spikelearn.parameters.names import shown

__all__ = ["FUNCTIONS", "check_expression", "names_in", "numpy_function", "parse_expression", "plain", "symbol"]

FUNCTIONS = tuple(sorted(RULE.functions))


def symbol(name: str) -> Any:
    """Give the SymPy symbol that `parse_expression` uses for a name."""
    import sympy

    return sympy.Symbol(name, real=True)


def check_expression(text: str, where: str = "expression") -> ast.expr:
    """Check that a text is a formula of a rule, whatever its names.

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
        The checked syntax tree; not to be changed.

    Raises
    ------
    TypeError, ValueError
        As `spikelearn.formulas.grammar.tree_of`.
    """
    return tree_of(text, RULE, where)


def names_in(text: str, where: str = "expression") -> frozenset[str]:
    """Give the names that a formula uses, functions left out.

    Examples
    --------
    >>> sorted(names_in("alpha*E*(E_set - E) + exp(I)"))
    ['E', 'E_set', 'I', 'alpha']
    """
    return names_of(check_expression(text, where))


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
    checked = checked_tree(text, RULE, names, where)
    try:
        tree = _parsed(ast.unparse(checked))
    except (SyntaxError, ValueError, ArithmeticError, RecursionError) as error:
        raise ValueError(f"{where} must be a formula, got {shown(text)}: {error}") from error
    import sympy

    if tree.has(sympy.zoo, sympy.nan, sympy.oo, sympy.I):
        raise ValueError(f"{where} must have finite real values, got {shown(text)}")
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
