"""Simplify within a time limit: small formulas are factored, large ones are left as they are built."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

__all__ = ["tidier"]

LARGEST = 400
HIGHEST_POWER = 4
MOST_TERMS = 300


def tidier(time_limit: float) -> Callable[[Any], Any]:
    """Give a function that factors formulas until the time is over, and then only pulls out common factors.

    A computer algebra system cannot be interrupted safely in the middle of a step, so that the clock is looked at
    between formulas, and a formula is factored only where that is known to be short: at most 400 operations, no power
    of a sum above the fourth, and at most 300 terms when it is multiplied out. The limit is therefore soft: the formula
    at work is finished, and what other steps take (solving for the weights of a set point) is not counted.

    Parameters
    ----------
    time_limit : float
        Seconds from now; 0 leaves every formula as it is built.

    Examples
    --------
    >>> import sympy
    >>> x, y = sympy.symbols("x y")
    >>> tidier(1.0)(x**2 - x * y)
    x*(x - y)
    >>> tidier(0.0)(x**2 - x * y + y**2)
    x**2 - x*y + y**2
    """
    import sympy

    deadline = time.monotonic() + time_limit

    def tidy(expression: Any) -> Any:
        if not getattr(expression, "args", ()):
            return expression
        powers = [p.exp for p in expression.atoms(sympy.Pow) if p.base.is_Add and p.exp.is_number]
        long = sympy.count_ops(expression) > LARGEST or any(abs(exponent) > HIGHEST_POWER for exponent in powers)
        if long or time.monotonic() >= deadline or _terms(expression) > MOST_TERMS:
            return sympy.factor_terms(expression)
        return sympy.factor(expression)

    return tidy


def _terms(expression: Any) -> int:
    """Bound the number of terms of a formula that is multiplied out, over one common denominator."""
    if expression.is_Add:
        # Over a common denominator each part is multiplied by the denominators of the others.
        below = [_terms(part.as_numer_denom()[1]) for part in expression.args]
        product = math.prod(below)
        above = (_terms(part.as_numer_denom()[0]) for part in expression.args)
        return sum(top * product // own for top, own in zip(above, below, strict=True))
    if expression.is_Mul:
        return math.prod(_terms(part) for part in expression.args)
    if expression.is_Pow and expression.exp.is_Integer:
        return int(_terms(expression.base) ** abs(int(expression.exp)))
    return 1
