"""Check a derived rule against the loss itself, by finite differences of the steady state."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.seeds import generator
from spikelearn.symbolic.approximate import set_point_weights, steady_state_without_weights
from spikelearn.symbolic.numeric import Numeric, Vector, weight_function

if TYPE_CHECKING:
    from spikelearn.symbolic.derive import DerivedRule

__all__ = ["GradientCheck", "check_gradient", "loss_gradient", "sample_weights"]


@dataclass(frozen=True, eq=False)
class GradientCheck:
    """How a derived rule compares with finite differences of the loss.

    Parameters
    ----------
    weights, rule, gradient : ndarray, shape (points, weights)
        Where it was checked, dW/alpha there, and the gradient of the loss by finite differences.
    error : float
        Largest difference of ``rule`` and ``-gradient`` over a point's largest gradient.
    order : float or None
        Of an approximation: the power of the distance from its expansion point with which the difference vanishes.
    expected_order : float or None
        What that power must be: 2 for first-order expansions and near a set point where the rule rests.
    passed : bool
        The exact rule: error below 1e-6. An approximation: the order is at least the expected one, less 0.2.

    Examples
    --------
    >>> import spikelearn as sl
    >>> one = sl.RatePopulations({"r": "g*(W_rr*r + b)"}, {"g": 1.0, "b": 3.0, "r_set": 5.0})
    >>> found = sl.derive_rule("(r - r_set)**2/2", one).check()
    >>> found.passed, found.error < 1e-6
    (True, True)
    """

    weights: Vector
    rule: Vector
    gradient: Vector
    error: float
    order: float | None
    expected_order: float | None
    passed: bool

    def __str__(self) -> str:
        verdict = "passed" if self.passed else "FAILED"
        if self.order is None:
            return f"{verdict}: largest relative difference {self.error:.1e} at {len(self.weights)} points"
        return f"{verdict}: the difference vanishes with power {self.order:.2f} (expected {self.expected_order:g})"


def check_gradient(derived: DerivedRule, points: int = 10, seed: int = 0) -> GradientCheck:
    """Compare a derived rule with the negative gradient of the loss at the actual steady state.

    The loss is evaluated at steady states found by Newton's method at moved weights (five-point differences), so that
    nothing of the symbolic derivation enters; weights at which the differences disagree among themselves are drawn
    again. An approximation is compared at five distances from its expansion point, each half of the one before, and
    points at which no power of the distance shows itself are drawn again; ``small_weights``, which holds the
    activities, is compared with the exact rule at held activities.

    Parameters
    ----------
    derived : DerivedRule
    points : int
        How many random weights.
    seed : int
        Of the random weights.

    Returns
    -------
    GradientCheck
    """
    points, rng = whole_number("check: points", points, at_least=1), generator(seed)
    if derived.approximation == "exact":
        return _check_exact(derived, points, rng)
    return _check_order(derived, points, rng)


def loss_gradient(functions: Numeric, weights: Vector, guess: Vector) -> tuple[Vector, float]:
    """Differentiate the loss at the steady state by each weight, and say how far the result can be trusted.

    Five-point central differences with steps of 1e-3, 3e-4, 1e-4 and 3e-5 of a weight are compared with each other.

    Returns
    -------
    gradient : ndarray, shape (weights,)
    error : float
        Smallest difference of two neighbouring steps, over the largest derivative: of the differences themselves,
        without a look at the rule.
    """
    found = []
    for step in (1e-3, 3e-4, 1e-4, 3e-5):
        gradient = np.empty(weights.size)
        for k in range(weights.size):
            h = step * max(abs(weights[k]), 1e-2)
            values = []
            for shift in (-2, -1, 1, 2):
                moved = weights.copy()
                moved[k] += shift * h
                values.append(functions.loss(functions.steady_state(moved, guess), moved))
            gradient[k] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)
        found.append(gradient)
    changes = [np.abs(b - a).max() for a, b in itertools.pairwise(found)]
    best = int(np.argmin(changes))
    return found[best], float(changes[best] / max(np.abs(found[best]).max(), 1e-300))


def sample_weights(derived: DerivedRule, rng: np.random.Generator) -> tuple[Vector, Vector]:
    """Draw weights that hold the set point, all positive where that can be found, and give them with the activities.

    Free weights are uniform in [0, 20]. A model without set points gets weights uniform in [0, 0.5] and the steady
    state that Newton's method finds from 1.
    """
    functions, state = derived.functions, derived.state
    if len(state.set_points) < len(state.populations):
        weights = 0.5 * rng.random(len(state.weights))
        return weights, functions.steady_state(weights, np.ones(len(state.populations)))
    target = np.array([state.parameters[name] for name in state.set_points.values()])
    held = set_point_weights(state)
    order = [name for name in state.weights if name not in held]
    solve = weight_function(held, order, state.parameters)
    for attempt in range(2000):
        free = 20 * rng.random(len(order))
        found = dict(zip(order, free, strict=True)) | solve(free)
        weights = np.array([found[name] for name in state.weights])
        if not np.isfinite(weights).all() or (attempt < 1000 and (weights <= 0).any()):
            continue
        if np.linalg.cond(np.eye(target.size) - functions.slopes(target, weights)) < 1e3:
            return weights, target
    raise ValueError("check must find weights with a regular steady state at the set point, got none in 2000 draws")


def _check_exact(derived: DerivedRule, points: int, rng: np.random.Generator) -> GradientCheck:
    functions = derived.functions
    weights: list[Vector] = []
    rule, gradient = [], []
    for _ in range(50 * points):
        if len(weights) == points:
            break
        held, target = sample_weights(derived, rng)
        # Off the set point, where the rule is not zero.
        moved = held * (1 + 0.03 * rng.standard_normal(held.size))
        try:
            x = functions.steady_state(moved, target)
            slope, doubt = loss_gradient(functions, moved, x)
        except ValueError:
            continue
        # Near a singular Jacobian the differences themselves cannot be trusted; "not" also catches NaN.
        if not doubt < 1e-8:
            continue
        weights.append(moved)
        rule.append(functions.changes(x, moved) / derived.alpha)
        gradient.append(slope)
    if len(weights) < points:
        raise ValueError(f"check must find {points} weights with a finite loss, got {len(weights)}")
    by_rule, by_loss = np.array(rule), np.array(gradient)
    error = float((np.abs(by_rule + by_loss).max(axis=1) / np.abs(by_loss).max(axis=1)).max())
    return GradientCheck(np.array(weights), by_rule, by_loss, error, None, None, error < 1e-6)


def _check_order(derived: DerivedRule, points: int, rng: np.random.Generator) -> GradientCheck:
    functions, exact = derived.functions, derived.exact_functions
    near = derived.approximation == "up_state"
    expected = 2.0
    if near and not derived.facts.activities_rest:
        expected = 1.0
    start = None
    if derived.approximation == "full":
        values = {str(k): v for k, v in derived.values.items()}
        start = np.array([float(v.subs(values)) for v in steady_state_without_weights(derived.state).values()])
    weights: list[Vector] = []
    rule, gradient, remainders, orders = [], [], [], []
    for _ in range(10 * points):
        if len(weights) == points:
            break
        held, target = sample_weights(derived, rng)
        direction = held * rng.standard_normal(held.size) if near else rng.random(held.size)
        # Activities off their set points, where the rule is not zero.
        held_at = 1 + 0.3 * rng.random(target.size)
        size = []
        try:
            for scale in _SCALES:
                w = held * near + scale * direction
                if derived.approximation == "small_weights":
                    x = target * held_at
                    slope = -exact.changes(x, w) / derived.alpha
                else:
                    x = functions.steady_state(w, target if start is None else start)
                    slope = loss_gradient(functions, w, x)[0]
                change = functions.changes(x, w) / derived.alpha
                size.append(np.abs(change + slope).max())
        except ValueError:
            continue
        order = _settled_order(np.array(size))
        if order is None:
            continue
        weights.append(w)
        rule.append(change)
        gradient.append(slope)
        remainders.append(size)
        orders.append(order)
    if len(weights) < points:
        raise ValueError(f"check must find {points} weights at which a power shows itself, got {len(weights)}")
    by_rule, by_loss, left = np.array(rule), np.array(gradient), np.array(remainders)
    error = float((left[:, -1] / np.abs(by_loss).max(axis=1)).max())
    # Directions in which the next order happens to vanish give more than the expected power, never less.
    order = expected if left.max() < 1e-12 else float(np.median(orders))
    return GradientCheck(np.array(weights), by_rule, by_loss, error, order, expected, order > expected - 0.2)


_SCALES = (4e-3, 2e-3, 1e-3, 5e-4, 2.5e-4)


def _settled_order(remainders: Vector) -> float | None:
    """Power of the distance with which remainders at halved distances vanish; None where no power shows itself.

    Near a singular Jacobian higher orders reach down to small distances, and rounding reaches up. Two neighbouring
    powers that agree are beyond both, whatever power the rule should have.
    """
    if remainders.max() < 1e-12:
        return float("inf")
    with np.errstate(divide="ignore", invalid="ignore"):
        powers = np.log2(remainders[:-1] / remainders[1:])
    changes = np.abs(np.diff(powers))
    if not np.isfinite(changes).any():
        return None
    best = int(np.nanargmin(np.where(np.isfinite(changes), changes, np.nan)))
    return float(powers[best : best + 2].mean()) if changes[best] < 0.2 else None
