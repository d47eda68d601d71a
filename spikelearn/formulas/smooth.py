"""Read a formula that a user typed into SymPy, through the closed grammar.

Bare ``sympify`` evaluates code, reads E as 2.718 and I as the imaginary unit; here every name is looked up and every
construction that is not arithmetic is refused before anything is built.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Collection
from fractions import Fraction
from typing import Any

from spikelearn.formulas.grammar import LOSS, checked_tree, kink_message
from spikelearn.parameters.names import shown

__all__ = ["parse_expression"]


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
    tree = copy.deepcopy(checked_tree(text, LOSS, names, where))
    from brian2.parsing.sympytools import str_to_sympy

    try:
        # Decimal numbers go in as fractions: 0.1*E + 0.2*E would otherwise be 0.30000000000000004*E.
        return _smooth(str_to_sympy(ast.unparse(_Fractions().visit(tree))), text, where)
    except (SyntaxError, RecursionError, ArithmeticError) as error:
        raise ValueError(f"{where} must be a formula, got {shown(text)}: {error}") from error


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
        raise ValueError(f"{where} must have finite real values, got {shown(text)}")
    if real.has(sympy.Abs, sympy.sign):
        raise ValueError(kink_message(where, f"{shown(text)}, which is {real}", "abs"))
    return real.xreplace({symbol: sympy.Symbol(symbol.name) for symbol in real.free_symbols})
