"""Write a derived formula as LaTeX and as text that Brian2 reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["brian_text", "latex_lines"]


def brian_text(expression: Any) -> str:
    """Write a SymPy formula for Brian2, fractions as decimals.

    A C++ target reads 1/3 as a number of single precision; 0.3333333333333333 is a double everywhere.

    Examples
    --------
    >>> import sympy
    >>> E, I = sympy.symbols("E I")
    >>> brian_text(sympy.Rational(1, 2) * E**2 / sympy.sqrt(I))
    '0.5*E**2/sqrt(I)'
    """
    from brian2.parsing.sympytools import sympy_to_str

    text = sympy_to_str(_decimal(expression))
    return re.sub(r"(?<![\w.])\d+\.\d+(?:e[+-]?\d+)?", lambda found: repr(float(found.group())), text)


def _decimal(expression: Any) -> Any:
    import sympy

    if expression.is_Rational and not expression.is_Integer:
        return sympy.Float(expression, 17)
    if not expression.args:
        return expression
    if expression.is_Pow and abs(expression.exp) == sympy.Rational(1, 2):
        return sympy.Pow(_decimal(expression.base), expression.exp)
    return expression.func(*(_decimal(part) for part in expression.args))


def latex_lines(changes: Mapping[str, Any], factor: Any, meaning: Any) -> str:
    r"""Write one aligned line a weight, and the common factor's meaning on a line of its own.

    Examples
    --------
    >>> import sympy
    >>> x, C = sympy.symbols("x C")
    >>> print(latex_lines({"W_EE": x / C}, C, x + 1))
    \begin{aligned}
    \Delta W_{EE} &= \frac{x}{C} \\
    C &= x + 1
    \end{aligned}
    """
    import sympy

    lines = [rf"\Delta {_name(name)} &= {sympy.latex(_renamed(change))}" for name, change in changes.items()]
    if any(change.has(factor) for change in changes.values()):
        lines.append(rf"{sympy.latex(factor)} &= {sympy.latex(_renamed(meaning))}")
    body = " \\\\\n".join(lines)
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"


def _renamed(expression: Any) -> Any:
    """Drop the underscore that keeps names such as lambda_ apart from words of Python."""
    import sympy

    ended = {s: sympy.Symbol(s.name.rstrip("_")) for s in expression.free_symbols if s.name.endswith("_")}
    return expression.xreplace(ended)


def _name(name: str) -> str:
    import sympy

    return str(sympy.latex(sympy.Symbol(name)))
