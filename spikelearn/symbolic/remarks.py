"""What to refuse and what to say about a loss and an expansion, from their numbers at the model's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikelearn.symbolic.approximate import steady_state_without_weights
from spikelearn.symbolic.numeric import array_function
from spikelearn.symbolic.populations import SteadyState

__all__ = ["LossFacts", "check_loss", "remarks"]


@dataclass(frozen=True)
class LossFacts:
    """What a loss does at the set point of a model.

    Parameters
    ----------
    rests : bool
        Whether all its derivatives, by activities and by weights, are zero there (False without set points).
    activities_rest : bool
        Whether those by the activities are.
    neutral : bool
        Whether its second derivative by the activities is singular there: a direction that it does not see.
    remarks : tuple of str
    """

    rests: bool
    activities_rest: bool
    neutral: bool
    remarks: tuple[str, ...]


def check_loss(state: SteadyState, loss: Any) -> LossFacts:
    """Refuse a loss that no rule can follow, and say where its minimum is not the set point.

    Parameters
    ----------
    state : SteadyState
    loss : sympy.Expr

    Returns
    -------
    LossFacts

    Raises
    ------
    ValueError
        The loss uses no population, or has no finite real value and slope around the set point.
    """
    import sympy

    activities = [sympy.Symbol(name) for name in state.populations]
    weights = [sympy.Symbol(name) for name in state.weights]
    if not loss.has(*activities):
        raise ValueError(f"loss must depend on the activities {', '.join(state.populations)}, got {loss}")
    said = [
        f"The loss does not depend on {name}: the rule does not hold it at its set point."
        for name, x in zip(state.populations, activities, strict=True)
        if not loss.has(x)
    ]
    if len(state.set_points) < len(activities):
        said.append("The model has no set point for every population: the rule is a gradient and no more is said.")
        return LossFacts(False, False, False, tuple(said))
    # Weights of no round value, so that a zero there is no accident.
    w = np.asarray(1.37 + 0.11 * np.arange(len(weights)), dtype=np.float64)
    target = np.array([state.parameters[name] for name in state.set_points.values()])
    variables = [*activities, *weights]
    values = array_function(state, [loss], state.parameters, (1,))
    slopes = array_function(state, [loss.diff(v) for v in variables], state.parameters, (len(variables),))
    size = 0.0
    for moved in (target, 0.99 * target, 1.01 * target):
        found = np.concatenate([values(moved, w), slopes(moved, w)])
        if not np.isfinite(found).all():
            place = ", ".join(f"{name} = {x:g}" for name, x in zip(state.populations, moved, strict=True))
            raise ValueError(f"loss must be real and differentiable around the set point, got no such value at {place}")
        size = max(size, float(np.abs(found[1:]).max()))
    at_target = dict(zip([str(v) for v in variables], slopes(target, w), strict=True))
    moving = [name for name, slope in at_target.items() if abs(slope) > 1e-9 * size]
    if moving:
        said.append(
            "The loss is not least at the set point: its derivative by "
            f"{', '.join(moving)} is not zero there. The rule rests somewhere else."
        )
    n = len(activities)
    second = array_function(
        state, [loss.diff(a).diff(b) for a in activities for b in activities], state.parameters, (n, n)
    )(target, w)
    curvatures = np.linalg.eigvalsh(second)
    margin = 1e-9 * np.abs(curvatures).max()
    if not moving and curvatures.min() < -margin:
        said.append("The set point is no minimum of the loss: descent leads away from it.")
    neutral = bool((np.abs(curvatures) <= margin).any())
    return LossFacts(not moving, not set(moving) & set(state.populations), neutral, tuple(said))


def remarks(state: SteadyState, approximation: str, expressions: Mapping[str, Any]) -> tuple[str, ...]:
    """Say what an approximation means, and refuse a full expansion where the loss has no real value.

    Raises
    ------
    ValueError
        The full expansion is made about activities at which the loss is not real.
    """
    if approximation == "up_state":
        return (
            "Free weights in the rule stand for their values at the set point; followed as current weights they change "
            "the rule only to second order in the distance from it.",
        )
    if approximation not in ("small_weights", "full"):
        return ()
    start = steady_state_without_weights(state)
    numbers = array_function(state, list(start.values()), state.parameters, (len(start),))
    none = np.zeros(len(state.weights))
    at_zero = numbers(np.zeros(len(start)), none)
    place = ", ".join(f"{name} = {value:.4g}" for name, value in zip(start, at_zero, strict=True))
    if approximation == "full":
        parameters = {**state.parameters, "alpha": 1.0}
        found = array_function(state, list(expressions.values()), parameters, (len(expressions),))
        if not np.isfinite(found(at_zero, none)).all():
            raise ValueError(f"full must expand a loss that is real at zero weights, got none at {place}")
    if (at_zero <= 0).any():
        return (
            f"The expansion is made at zero weights, where the steady-state equations give {place}: not above "
            "threshold, where they do not hold. The algebra is right and has no dynamical meaning (erratum F3).",
        )
    return ()
