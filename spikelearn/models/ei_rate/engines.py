"""The E/I rate model through `simulate`: activities, and weights under a rule in continuous time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.ei_rate.trajectories import brian_trajectory, trajectory
from spikelearn.parameters.numbers import number_array
from spikelearn.rules.rule import Rule
from spikelearn.simulation.recording import Recording
from spikelearn.simulation.simulable import RunSettings
from spikelearn.storage.provenance import provenance_of

if TYPE_CHECKING:
    from spikelearn.models.ei_rate.model import EIRates

__all__ = ["recording_of_rates", "rule_of_run", "run_on_array", "run_on_brian", "start_of_run"]


def run_on_array(model: EIRates, settings: RunSettings) -> Recording:
    """Run on NumPy by the Runge-Kutta method of fourth order.

    Raises
    ------
    ValueError
        Weights that are not four finite numbers, a rule of another model, or a duration that is no whole number of
        steps.
    TypeError
        `rule` is no `Rule`.
    """
    rule, start, n = _described(model, settings)
    return recording_of_rates(
        model, settings, rule, trajectory(model, rule, start, n, settings.dt * 1e3), "array", None
    )


def run_on_brian(model: EIRates, settings: RunSettings) -> Recording:
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


def _described(model: EIRates, settings: RunSettings) -> tuple[Rule | None, Floats, int]:
    """Give the rule, the state at time 0 and the number of samples."""
    rule = rule_of_run(model, settings)
    weights = settings.options.get("weights")
    if weights is None:
        raise ValueError(f"EIRates must be run with weights={model.weights}, four numbers")
    given, weights = weights, number_array("EIRates: weights", weights)
    if weights.shape != (4,) or not np.isfinite(weights).all():
        raise ValueError(f"EIRates: weights must be four finite numbers {model.weights}, got {str(given)[:80]}")
    activities, n = start_of_run(model, settings)
    return rule, np.array([*activities, *weights]), n


def rule_of_run(model: Any, settings: RunSettings) -> Rule | None:
    """Read the rule of a run of rates: a `Rule`, or a derived rule, which carries one.

    Raises
    ------
    TypeError
        It is no rule.
    ValueError
        It changes the weights of another model.
    """
    name, given = type(model).__name__, settings.options.get("rule")
    rule = given if given is None or isinstance(given, Rule) else getattr(given, "rule", None)
    if given is not None and not isinstance(rule, Rule):
        raise TypeError(
            f"{name}: rule must be a Rule, such as sl.rules.CrossHomeostatic(...), or a DerivedRule, got "
            f"{type(given).__name__}"
        )
    if rule is not None and set(rule.dW) != set(model.weights):
        raise ValueError(f"{name}: rule must change the weights {model.weights}, got {tuple(rule.dW)}")
    return rule


def start_of_run(model: Any, settings: RunSettings) -> tuple[list[float], int]:
    """Give the activities at time 0 and the number of samples of a run of rates.

    Raises
    ------
    ValueError
        Spikes are asked for or given, a start that the model refuses, a step longer than a time constant, or a
        duration that is no whole number of steps.
    """
    if settings.counting:
        raise ValueError("record='counts' must be left out: rates have no spikes")
    states = settings.initial.plain_states(model.settable, 1)
    if len(settings.initial.past_spikes):
        raise ValueError("Initial.past_spikes must be left out: rates have no spikes")
    model.check_initial(states, model.parameters)
    activities = [float(np.ravel(states.get(name, 0.0))[0]) for name in model.populations]
    shortest = min(float(model.parameters[f"tau_{name}"]) for name in model.populations)
    if settings.dt * 1e3 > shortest:
        raise ValueError(
            f"dt must not exceed the shortest time constant of the rates, {shortest:g} ms, got {settings.dt * 1e3:g} ms"
        )
    n = round(settings.duration / settings.dt)
    if n < 1 or abs(n * settings.dt - settings.duration) > 1e-9 * settings.duration:
        raise ValueError(
            f"duration must be a whole number of steps of {settings.dt * 1e3:g} ms, got {settings.duration * 1e3:g} ms"
        )
    return activities, n


def recording_of_rates(
    model: Any, settings: RunSettings, rule: Rule | None, states: Floats, engine: str, target: str | None
) -> Recording:
    """Turn states, shape (samples, activities and weights), into the recording of a run of rates.

    Raises
    ------
    ValueError
        A state has left the numbers, or `record_dt` is no whole multiple of dt.
    """
    import xarray as xr

    broken = ~np.isfinite(states).all(axis=1)
    if broken.any():
        raise ValueError(
            f"{type(model).__name__}: activities and weights must stay finite, and do not after "
            f"{int(broken.argmax()) * settings.dt:g} s; the rule diverges, or dt = {settings.dt:g} s is too long"
        )
    every = round(settings.record_dt / settings.dt)
    if every < 1 or abs(every * settings.dt - settings.record_dt) > 1e-6 * settings.record_dt:
        raise ValueError(f"record_dt must be a whole multiple of dt = {settings.dt:g} s, got {settings.record_dt:g} s")
    order = (*model.populations, *model.weights)
    kept = states[::every]
    traces: dict[str, Any] = {
        name: ("time", kept[:, order.index(name)], {"units": model.recordable[name]})
        for name in settings.record or order
    }
    # The step in ms comes first, as in the run: a time is then the same number in both.
    times = every * (settings.dt * 1e3) * np.arange(len(kept), dtype=np.float64) * 1e-3
    made = provenance_of(
        model,
        engine=engine,
        target=target,
        method="rk4" if engine == "array" else settings.method or "rk4",
        dt=settings.dt,
        duration=settings.duration,
        rule=None if rule is None else rule.name if rule.name != "Rule" else dict(rule.dW),
        rates=dict(rule.parameters) if rule is not None else None,
        weights=[float(w) for w in states[0, len(model.populations) :]],
        initial=settings.initial,
        seed=settings.seed,
    )
    return Recording(None, xr.Dataset(traces, coords={"time": ("time", times, {"units": "s"})}), made)
