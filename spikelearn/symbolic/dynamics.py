"""Rate populations given by strings through `simulate`: activities, and weights under any rule in continuous time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.ei_rate.engines import recording_of_rates, rule_of_run, start_of_run
from spikelearn.models.ei_rate.trajectories import brian_trajectory
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import number_array
from spikelearn.rules.rule import Rule
from spikelearn.simulation.recording import Recording
from spikelearn.simulation.simulable import RunSettings

if TYPE_CHECKING:
    from spikelearn.symbolic.populations import RatePopulations

__all__ = ["run_on_array", "run_on_brian"]


def run_on_array(model: RatePopulations, settings: RunSettings) -> Recording:
    """Run on NumPy by the Runge-Kutta method of fourth order.

    Raises
    ------
    ValueError
        Weights that are missing, unknown or not finite, a rule of another model, a time constant that is missing, a
        duration that is no whole number of steps, or a state that leaves the numbers.
    TypeError
        `rule` is no rule.
    """
    rule, start, n = _described(model, settings)
    slope, dt = _slope(model, rule), settings.dt * 1e3
    states = np.empty((n, len(start)))
    states[0] = start
    with np.errstate(all="ignore"):
        for k in range(n - 1):
            s = states[k]
            a = slope(s)
            b = slope(s + 0.5 * dt * a)
            c = slope(s + 0.5 * dt * b)
            d = slope(s + dt * c)
            states[k + 1] = s + dt / 6 * (a + 2 * b + 2 * c + d)
    return recording_of_rates(model, settings, rule, states, "array", None)


def run_on_brian(model: RatePopulations, settings: RunSettings) -> Recording:
    """Run on Brian2; its rk4 method is the same as that of the array engine.

    Raises
    ------
    ValueError
        As for `run_on_array`.
    """
    rule, start, n = _described(model, settings)
    # One unit is not worth a compilation.
    target = "numpy" if settings.target == "auto" else settings.target
    states = brian_trajectory(model, rule, start, n, settings.dt * 1e3, target=target, method=settings.method or "rk4")
    return recording_of_rates(model, settings, rule, states, "brian2", target)


def _slope(model: RatePopulations, rule: Rule | None) -> Callable[[Floats], Floats]:
    """Make the time derivative of activities and weights, 1/ms."""
    from spikelearn.symbolic.numeric import array_function
    from spikelearn.symbolic.populations import read_steady_state

    state = read_steady_state(model)
    size, total = len(model.populations), len(model.populations) + len(model.weights)
    formulas = [state.right_hand_sides[name] for name in model.populations]
    values: dict[str, float] = dict(model.parameters)
    if rule is not None:
        # Asking for the update refuses a rule that still has to be filled in at a set point.
        rule.update(model)
        formulas += rule.expressions(model).values()
        values = {name: value for name, value in rule.namespace(model).items() if name != "ms"}
    sides = array_function(state, formulas, values, (len(formulas),))
    tau = np.array([model.parameters[f"tau_{name}"] for name in model.populations])
    found = np.zeros(total)

    def slope(s: Floats) -> Floats:
        found[: len(formulas)] = sides(s[:size], s[size:])
        found[:size] = (np.maximum(found[:size], 0.0) - s[:size]) / tau
        return found.copy()

    return slope


def _described(model: RatePopulations, settings: RunSettings) -> tuple[Rule | None, Floats, int]:
    """Give the rule, the state at time 0 and the number of samples."""
    rule = rule_of_run(model, settings)
    missing = [f"tau_{name}" for name in model.populations if f"tau_{name}" not in model.parameters]
    if missing:
        raise ValueError(f"RatePopulations.parameters must give {', '.join(missing)} (in ms) for the dynamics")
    activities, n = start_of_run(model, settings)
    return rule, np.array([*activities, *_weights(model, settings.options.get("weights"))]), n


def _weights(model: RatePopulations, given: Any) -> Floats:
    where = "RatePopulations: weights"
    if isinstance(given, Mapping):
        for name in given:
            if name not in model.weights:
                raise ValueError(unknown_name("RatePopulations", "weight", str(name), model.weights))
        given = [given[name] for name in model.weights if name in given]
    weights = number_array(where, () if given is None else given)
    if weights.shape != (len(model.weights),) or not np.isfinite(weights).all():
        raise ValueError(f"{where} must be {len(model.weights)} finite numbers {model.weights}, got {str(given)[:80]}")
    return weights
