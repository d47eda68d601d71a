"""Derivatives of a steady state by the weights, from its implicit equations and without solving them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from spikelearn.symbolic.populations import SteadyState

__all__ = ["Response", "implicit_response", "is_identically_zero"]


@dataclass(frozen=True, eq=False)
class Response:
    """How the activities answer to a weight: dX/dW = sum of (gain matrix)(drive matrix) / denominator.

    Parameters
    ----------
    terms : tuple of (gain, drive)
        `gain[p][q]`: answer of population p to a drive into q; `drive[q][k]`: drive into q per unit of weight k.
    denominator : sympy.Expr
        The common factor, kept whole.
    """

    terms: tuple[tuple[Sequence[Sequence[Any]], Sequence[Sequence[Any]]], ...]
    denominator: Any

    def derivative(self, p: int, k: int) -> Any:
        """Give dX_p/dW_k."""
        total = sum(g * d[k] for gain, drive in self.terms for g, d in zip(gain[p], drive, strict=True))
        return total / self.denominator

    def back(self, gradient: Sequence[Any]) -> list[Any]:
        """Carry a gradient by the activities back to the weights: sum over p of gradient[p] dX_p/dW_k, for each k.

        Works from the left, so that each weight's formula stays a drive times one bracket.
        """
        from sympy import factor_terms

        n = len(gradient)
        totals: list[Any] = [0] * len(self.terms[0][1][0])
        for gain, drive in self.terms:
            for q in range(n):
                bracket = factor_terms(sum(gradient[p] * gain[p][q] for p in range(n)))
                totals = [total + bracket * d for total, d in zip(totals, drive[q], strict=True)]
        return [total / self.denominator for total in totals]


def implicit_response(state: SteadyState) -> Response:
    """Differentiate X = f(X, W) implicitly: dX/dW = A^-1 df/dW with A = 1 - df/dX.

    The inverse is written as adjugate over determinant, and neither is expanded, so that three populations take
    milliseconds and the formulas keep their meaning: for the E/I model the determinant is C of Eq. (19).

    Parameters
    ----------
    state : SteadyState

    Returns
    -------
    Response

    Raises
    ------
    ValueError
        The determinant is zero for all weights: the equations leave the activities undetermined.

    References
    ----------
    003 Eqs. (53)-(55). The print gives all eight derivatives of Eq. (55) with the wrong sign (erratum E1).
    """
    import sympy

    activities = [sympy.Symbol(name) for name in state.populations]
    weights = [sympy.Symbol(name) for name in state.weights]
    sides = [state.right_hand_sides[name] for name in state.populations]
    a = [[int(p == q) - side.diff(x) for q, x in enumerate(activities)] for p, side in enumerate(sides)]
    drive = [[side.diff(w) for w in weights] for side in sides]
    adjugate, determinant = adjugate_and_determinant(a)
    if is_identically_zero(determinant):
        raise ValueError(
            "steady state must determine the activities, got a Jacobian that is singular for all weights: "
            f"the equations of {', '.join(state.populations)} are not independent"
        )
    return Response(((adjugate, drive),), determinant)


def adjugate_and_determinant(matrix: Sequence[Sequence[Any]]) -> tuple[list[list[Any]], Any]:
    """Give both from minors, unexpanded; a minor is calculated once and zero entries cost nothing."""
    n = len(matrix)
    known: dict[tuple[tuple[int, ...], tuple[int, ...]], Any] = {}

    def minor(rows: tuple[int, ...], columns: tuple[int, ...]) -> Any:
        if not rows:
            return 1
        if (rows, columns) not in known:
            total: Any = 0
            for place, column in enumerate(columns):
                entry = matrix[rows[0]][column]
                if entry != 0:
                    rest = minor(rows[1:], columns[:place] + columns[place + 1 :])
                    total = total + (-1) ** place * entry * rest
            known[rows, columns] = total
        return known[rows, columns]

    everything = tuple(range(n))
    adjugate: list[list[Any]] = [[0] * n for _ in everything]
    for p, q in itertools.product(everything, repeat=2):
        rows, columns = (tuple(i for i in everything if i != gone) for gone in (q, p))
        adjugate[p][q] = (-1) ** (p + q) * minor(rows, columns)
    return adjugate, minor(everything, everything)


def is_identically_zero(expression: Any) -> bool:
    """Tell whether a formula is zero whatever its symbols are, by its value at three irregular points, exactly.

    A formula that is zero at three such points by chance is a measure-zero event; what is not rational is looked at
    with 30 digits.
    """
    import sympy

    symbols = sorted(sympy.sympify(expression).free_symbols, key=str)
    for first in (101, 211, 307):
        point = {s: sympy.Rational(sympy.nextprime(first + 7 * i), 97) for i, s in enumerate(symbols)}
        value = sympy.sympify(expression).subs(point)
        if value.is_Rational:
            if value != 0:
                return False
        elif not abs(sympy.N(value, 30, chop=True)) < sympy.Float("1e-20"):
            return False
    return True
