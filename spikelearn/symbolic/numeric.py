"""Numbers from derived formulas: steady states by Newton's method, the loss, the rule and its Jacobian."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.symbolic.populations import SteadyState

__all__ = ["Numeric", "array_function", "numeric", "weight_function"]

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Numeric:
    """A model, a loss and a rule as functions of two arrays: activities X and weights W, in the model's order.

    Parameters
    ----------
    state : SteadyState
    sides, slopes : callable
        f(X, W), shape (populations,), and df/dX, shape (populations, populations).
    loss : callable
        L(X, W).
    changes : callable
        The rule's dW, shape (weights,).
    by_activity, by_weight : callable
        Partial derivatives of the rule, shapes (weights, populations) and (weights, weights).
    drive : callable
        df/dW, shape (populations, weights).
    """

    state: SteadyState
    sides: Callable[[Vector, Vector], Vector]
    slopes: Callable[[Vector, Vector], Vector]
    drive: Callable[[Vector, Vector], Vector]
    loss: Callable[[Vector, Vector], float]
    changes: Callable[[Vector, Vector], Vector]
    by_activity: Callable[[Vector, Vector], Vector]
    by_weight: Callable[[Vector, Vector], Vector]

    def steady_state(self, weights: Vector, guess: Vector) -> Vector:
        """Solve X = f(X, W) above threshold by Newton's method.

        Raises
        ------
        ValueError
            No solution is reached from the guess.
        """
        x = np.array(guess, dtype=np.float64)
        for _ in range(100):
            residual = self.sides(x, weights) - x
            if not np.isfinite(residual).all():
                break
            if np.abs(residual).max() <= 1e-13 * (1 + np.abs(x).max()):
                return x
            try:
                step = np.linalg.solve(np.eye(x.size) - self.slopes(x, weights), residual)
            except np.linalg.LinAlgError:
                break
            x = x + step
            # The residual of a steep system cannot be made smaller than its rounding; a step that vanishes is enough.
            if np.abs(step).max() <= 1e-14 * (1 + np.abs(x).max()):
                return x
        raise ValueError(f"steady state must exist, got none from the guess {guess} at the weights {weights}")

    def response(self, x: Vector, weights: Vector) -> Vector:
        """Give dX/dW along the steady state, shape (populations, weights)."""
        inverse = np.linalg.inv(np.eye(x.size) - self.slopes(x, weights))
        return np.asarray(inverse @ self.drive(x, weights), dtype=np.float64)

    def jacobian(self, x: Vector, weights: Vector) -> Vector:
        """Give the Jacobian of the rule in quasi-steady state, shape (weights, weights)."""
        return self.by_weight(x, weights) + self.by_activity(x, weights) @ self.response(x, weights)


def numeric(state: SteadyState, loss: Any, changes: Sequence[Any], values: Mapping[str, float]) -> Numeric:
    """Turn formulas into functions of numbers.

    Parameters
    ----------
    state : SteadyState
    loss : sympy.Expr
    changes : sequence of sympy.Expr
        The rule, one formula a weight.
    values : mapping
        Every symbol besides activities and weights, with its number.
    """
    import sympy

    activities = [sympy.Symbol(name) for name in state.populations]
    weights = [sympy.Symbol(name) for name in state.weights]
    sides = [state.right_hand_sides[name] for name in state.populations]
    n, m = len(activities), len(weights)

    def function(entries: Sequence[Any], *shape: int) -> Callable[[Vector, Vector], Vector]:
        return array_function(state, entries, values, shape)

    value = function([loss], 1)
    return Numeric(
        state=state,
        sides=function(sides, n),
        slopes=function([side.diff(x) for side in sides for x in activities], n, n),
        drive=function([side.diff(w) for side in sides for w in weights], n, m),
        loss=lambda x, w: float(value(x, w)[0]),
        changes=function(changes, m),
        by_activity=function([change.diff(x) for change in changes for x in activities], m, n),
        by_weight=function([change.diff(w) for change in changes for w in weights], m, m),
    )


def array_function(
    state: SteadyState, formulas: Sequence[Any], values: Mapping[str, float], shape: tuple[int, ...]
) -> Callable[[Vector, Vector], Vector]:
    """Turn a list of formulas into one function of activities and weights that gives an array.

    Outside a formula's domain the value is NaN, without a warning, for the caller to look at.
    """
    import sympy

    flat = [sympy.sympify(formula) for formula in formulas]
    symbols = [sympy.Symbol(name) for name in (*state.populations, *state.weights)]
    used = {symbol.name for formula in flat for symbol in formula.free_symbols}
    names = [name for name in values if name in used]
    # Numbers of NumPy's own kind: plain floats would turn a negative number's root into a complex one.
    numbers = [np.float64(values[name]) for name in names]
    raw = sympy.lambdify([*symbols, *(sympy.Symbol(name) for name in names)], flat, modules="numpy", cse=True)

    def call(x: Vector, w: Vector) -> Vector:
        with np.errstate(all="ignore"):
            return np.array(raw(*x, *w, *numbers), dtype=np.float64).reshape(shape)

    return call


def weight_function(
    held: Mapping[str, Any], free: Sequence[str], parameters: Mapping[str, float]
) -> Callable[[Vector], dict[str, float]]:
    """Turn the formulas of the weights that hold a set point into a function of the free weights, in order."""
    import sympy

    names = list(parameters)
    # Some inverse functions are in SciPy alone.
    raw = sympy.lambdify([sympy.Symbol(s) for s in (*free, *names)], list(held.values()), modules=["scipy", "numpy"])
    numbers = [np.float64(parameters[name]) for name in names]

    def real(value: Any) -> Any:
        """NaN where there is no real number."""
        if not np.iscomplexobj(value):
            return value
        return np.where(np.abs(np.imag(value)) <= 1e-9 * (1 + np.abs(value)), np.real(value), np.nan)[()]

    def solve(values: Vector) -> dict[str, float]:
        with np.errstate(all="ignore"):
            return dict(zip(held, map(real, raw(*values, *numbers)), strict=True))

    return solve
