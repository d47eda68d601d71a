"""The same protocol on Brian2: all trials in one run, the weights updated between them inside it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.models.ei_rate.model import EIRates
from spikelearn.models.ei_trials.protocol import NOISE_DECAY, TINY, Protocol, trial_constants
from spikelearn.models.ei_trials.starts import Starts
from spikelearn.rules.rule import Rule

__all__ = ["rule_statements", "run_in_brian"]

_VARIABLES = ("E", "I", "x_E", "x_I", "first_E", "first_I", "sum_E", "sum_I", "A_E", "A_I", "m_E", "m_I", "finite")
# One step: E, then I from the new E, then the cut-offs; the mean is taken about the first state of the window.
_STEP = """
k = timestep(t, dt) % n_steps
{noise}
r_E = W_EE*E - W_EI*I{x_E} + kick*int(k >= kick_start and k < kick_stop) - th_E
E = E + h_E*(g_E*r_E*int(r_E > 0) - E)
r_I = W_IE*E - W_II*I{x_I} - th_I
I = I + h_I*(g_I*r_I*int(r_I > 0) - I)
E = clip(E, 0, top_E)*int(E > tiny)
I = clip(I, 0, top_I)*int(I > tiny)
first_E = first_E + (E - first_E)*int(k == begin)
first_I = first_I + (I - first_I)*int(k == begin)
sum_E = sum_E + (E - first_E)*int(k > begin)
sum_I = sum_I + (I - first_I)*int(k > begin)
"""
_NOISE = """
x_E = x_E - decay*x_E + noise*randn()
x_I = x_I - decay*x_I + noise*randn()
"""
# At the start of every trial, for the trial before; nothing is done before the first.
_UPDATE = """
over = int(t > 0.5*dt)
m_E = first_E + sum_E/window
m_I = first_I + sum_I/window
A_E = A_E + over*(m_E - A_E)/sensor
A_I = A_I + over*(m_I - A_I)/sensor
seen_E = clip(A_E, rate_floor, huge)
seen_I = clip(A_I, rate_floor, huge)
{changes}
{weights}
E = 0
I = 0
first_E = 0
first_I = 0
sum_E = 0
sum_I = 0
"""
_HUGE = 1e300


def rule_statements(model: EIRates, rule: Rule) -> tuple[list[str], dict[str, Any]]:
    """Write a rule as Brian2 statements ``d_W_EE = ...`` of seen_E, seen_I and the weights, and its numbers.

    The numbers get names of their own, so that no name of a user's can clash with one of the protocol's.

    Returns
    -------
    list of str
        One a weight, in the model's order.
    dict
        The numbers by their new names; those that are arrays differ between starts.
    """
    import sympy
    from brian2.parsing.sympytools import sympy_to_str

    values = {sympy.Symbol(name): value for name, value in {**model.parameters, **rule.parameters}.items()}
    formulas = rule.expressions(model)
    for formula in formulas.values():
        # Fractions and decimals become names too: C++ reads 1/3 in single precision, and 15 digits are printed.
        values |= {atom: float(atom) for atom in formula.atoms(sympy.Number) if not atom.is_Integer}
    names = {found: sympy.Symbol(f"number_{place}") for place, found in enumerate(values)}
    seen = {sympy.Symbol(name): sympy.Symbol(f"seen_{name}") for name in model.populations}
    formulas = {weight: formula.xreplace(names | seen) for weight, formula in formulas.items()}
    used = set().union(*(formula.free_symbols for formula in formulas.values()))
    statements = [f"d_{weight} = {sympy_to_str(formula)}" for weight, formula in formulas.items()]
    return statements, {str(names[found]): value for found, value in values.items() if names[found] in used}


def run_in_brian(
    model: EIRates,
    rule: Rule,
    protocol: Protocol,
    starts: Starts,
    n_trials: int,
    noise: float,
    seed: int,
    sensor: float,
    target: str = "auto",
    progress: bool = False,
) -> tuple[dict[str, NDArray[Any]], str, float]:
    """Run all trials of all starts as one Brian2 network of unconnected units.

    One operation steps the activities, another with the trial as its step changes the weights before the first step of
    the next trial. The random numbers are Brian2's own, so runs with noise agree with the array engine in distribution.

    Returns
    -------
    dict of str to ndarray, shape (trials, starts)
        What the array engine records, too.
    str
        The target that was used.
    float
        Seconds that a standalone program ran, without its build; NaN for other targets.
    """
    from brian2 import Network, NeuronGroup, StateMonitor, ms
    from brian2.devices.device import get_device

    from spikelearn.brian.session import choose_target, session

    n = starts.W.shape[1]
    steps = n_trials * protocol.steps
    used = choose_target(target, n=n, steps=2 * steps)
    statements, numbers = rule_statements(model, rule)
    units = {name: value for name, value in numbers.items() if np.ndim(value)}
    namespace = {**_namespace(model, protocol, noise, sensor), **{k: v for k, v in numbers.items() if k not in units}}
    names = (*_VARIABLES, *model.weights)
    equations = "\n".join([*(f"{name} : 1" for name in names), *(f"{name} : 1 (constant)" for name in units)])
    noisy = noise > 0
    step = _STEP.format(noise=_NOISE if noisy else "", x_E=" + x_E" if noisy else "", x_I=" + x_I" if noisy else "")
    new = "\n".join(
        f"new_{w} = {w} + over*d_{w}\nfinite = finite*int(abs(new_{w}) < huge)\n"
        f"{w} = (1 - over)*{w} + over*clip(new_{w}, weight_floor, huge)"
        for w in model.weights
    )
    update = _UPDATE.format(changes="\n".join(statements), weights=new)
    trial = protocol.steps * protocol.dt * ms
    with session(used, seed if noisy else None) as brian:
        group = NeuronGroup(n, equations, dt=protocol.dt * ms, name="populations", namespace=namespace)
        for name, values in (*zip(model.weights, starts.W, strict=True), *zip(("A_E", "A_I"), starts.A, strict=True)):
            setattr(group, name, values)
        group.finite = 1
        for name, value in units.items():
            setattr(group, name, np.broadcast_to(value, (n,)))
        group.run_regularly(step, dt=protocol.dt * ms, when="start")
        group.run_regularly(update, dt=trial, when="before_start")
        recorded = ("finite", "A_E", "A_I", "m_E", "m_I", *model.weights)
        monitor = StateMonitor(group, recorded, record=True, dt=trial, when="before_start", order=1)
        # One step more, so that the last trial is followed by its update.
        duration = (steps + 1) * protocol.dt * ms
        with np.errstate(all="ignore"):  # weights that explode are looked for afterwards
            brian.run(Network(group, monitor), duration, progress="trials" if progress else False)
        spent = float(get_device()._last_run_time) if used == "cpp_standalone" else float("nan")
        found = [np.asarray(getattr(monitor, name)).T[1 : n_trials + 1].copy() for name in recorded]
    # Clipping would hide an infinite weight, so that the program itself has watched for one.
    broken = (found.pop(0) == 0) | ~np.isfinite(np.array(found)).all(axis=0)
    broken = np.logical_or.accumulate(broken, axis=0)
    labels = ("E", "I", "E_trial", "I_trial", *model.weights)
    return {label: np.where(broken, np.nan, values) for label, values in zip(labels, found, strict=True)}, used, spent


def _namespace(model: EIRates, protocol: Protocol, noise: float, sensor: float) -> dict[str, Any]:
    h_E, h_I, g_E, g_I, th_E, th_I, top_E, top_I = trial_constants(model, protocol)
    return {
        "h_E": h_E,
        "h_I": h_I,
        "g_E": g_E,
        "g_I": g_I,
        "th_E": th_E,
        "th_I": th_I,
        "top_E": top_E,
        "top_I": top_I,
        "n_steps": protocol.steps,
        "kick": protocol.kick,
        "kick_start": protocol.kick_start,
        "kick_stop": protocol.kick_stop,
        "begin": protocol.window_start,
        "window": protocol.window,
        "rate_floor": protocol.rate_floor,
        "weight_floor": protocol.weight_floor,
        "tiny": TINY,
        "huge": _HUGE,
        "noise": noise,
        "decay": NOISE_DECAY,
        "sensor": sensor,
    }
