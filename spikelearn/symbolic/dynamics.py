"""Rate populations given by strings through `simulate`: activities, and weights under any rule in continuous time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import number_array
from spikelearn.rules.rule import Rule
from spikelearn.simulation.recording import Recording
from spikelearn.simulation.simulable import RunSettings
from spikelearn.storage.provenance import provenance_of

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
    return _recording(model, settings, rule, states, "array", None)


def run_on_brian(model: RatePopulations, settings: RunSettings) -> Recording:
    """Run on Brian2; its rk4 method is the same as that of the array engine.

    Raises
    ------
    ValueError
        As for `run_on_array`.
    """
    from brian2 import Network, NeuronGroup, StateMonitor, ms

    from spikelearn.brian.session import session

    rule, start, n = _described(model, settings)
    # One unit is not worth a compilation.
    target = "numpy" if settings.target == "auto" else settings.target
    names = (*model.populations, *model.weights)
    equations = model.equations if rule is None else rule.brian_equations(model)
    namespace = {**model.parameters, "ms": ms} if rule is None else rule.namespace(model)
    with session(target, settings.seed) as brian:
        step = settings.dt * 1e3 * ms
        group = NeuronGroup(1, equations, method=settings.method or "rk4", dt=step)
        for name, value in zip(names, start, strict=True):
            setattr(group, name, float(value))
        monitor = StateMonitor(group, names, record=True, dt=step)
        brian.run(Network(group, monitor), n * step, namespace=namespace, progress=settings.progress and "brian2")
        states = np.column_stack([np.asarray(getattr(monitor, name)[0]) for name in names])[:n]
    return _recording(model, settings, rule, states, "brian2", target)


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
    if settings.counting:
        raise ValueError("record='counts' must be left out: rates have no spikes")
    given = settings.options.get("rule")
    rule = given if given is None or isinstance(given, Rule) else getattr(given, "rule", None)
    if given is not None and not isinstance(rule, Rule):
        raise TypeError(f"RatePopulations: rule must be a Rule or a DerivedRule, got {type(given).__name__}")
    if rule is not None and set(rule.dW) != set(model.weights):
        raise ValueError(f"RatePopulations: rule must change the weights {model.weights}, got {tuple(rule.dW)}")
    missing = [f"tau_{name}" for name in model.populations if f"tau_{name}" not in model.parameters]
    if missing:
        raise ValueError(f"RatePopulations.parameters must give {', '.join(missing)} (in ms) for the dynamics")
    states = settings.initial.plain_states(model.settable, 1)
    if len(settings.initial.past_spikes):
        raise ValueError("Initial.past_spikes must be left out: rates have no spikes")
    model.check_initial(states, model.parameters)
    activities = [float(np.ravel(states.get(name, 0.0))[0]) for name in model.populations]
    n = round(settings.duration / settings.dt)
    if n < 1 or abs(n * settings.dt - settings.duration) > 1e-9 * settings.duration:
        raise ValueError(
            f"duration must be a whole number of steps of {settings.dt * 1e3:g} ms, got {settings.duration * 1e3:g} ms"
        )
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


def _recording(
    model: RatePopulations, settings: RunSettings, rule: Rule | None, states: Floats, engine: str, target: str | None
) -> Recording:
    import xarray as xr

    broken = ~np.isfinite(states).all(axis=1)
    if broken.any():
        raise ValueError(
            f"RatePopulations: activities and weights must stay finite, and do not after "
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
    times = every * (settings.dt * 1e3) * np.arange(len(kept), dtype=np.float64) * 1e-3
    made = provenance_of(
        model,
        engine=engine,
        target=target,
        method="rk4" if engine == "array" else settings.method or "rk4",
        dt=settings.dt,
        duration=settings.duration,
        rule=None if rule is None else dict(rule.dW),
        rates=None if rule is None else dict(rule.parameters),
        weights=[float(w) for w in states[0, len(model.populations) :]],
        initial=settings.initial,
        seed=settings.seed,
    )
    return Recording(None, xr.Dataset(traces, coords={"time": ("time", times, {"units": "s"})}), made)
