"""Simplify within a time limit: small formulas are factored, large ones are left as they are built."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

__all__ = ["tidier"]

LARGEST = 400
HIGHEST_POWER = 4


def tidier(time_limit: float) -> Callable[[Any], Any]:
    """Give a function that factors formulas until the time is over, and then only pulls out common factors.

    A computer algebra system cannot be interrupted safely in the middle of a step, so that the clock is looked at
    between formulas, and a formula is factored only where that is known to be short: at most 400 operations and no
    power of a sum above the fourth.

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
        if long or time.monotonic() >= deadline:
            return sympy.factor_terms(expression)
        return sympy.factor(expression)

    return tidy
