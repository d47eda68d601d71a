"""Learning without trials on Brian2: one operation a step for activities, sensors and weights; any rule."""

from __future__ import annotations

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.ei_rate.model import EIRates
from spikelearn.models.ei_trials.brian import rule_statements
from spikelearn.models.ei_trials.online import RECORD_EVERY, OnlineSettings, kick_steps
from spikelearn.models.ei_trials.protocol import NOISE_DECAY, TINY, trial_constants
from spikelearn.models.ei_trials.starts import Starts
from spikelearn.rules.rule import Rule

__all__ = ["online_in_brian"]

_STEP = """
k = timestep(t, dt)
kicked = {kicked}
{noise}
r_E = W_EE*E - W_EI*I{x_E} + kick*int(kicked > 0) - th_E
E = E + h_E*(g_E*r_E*int(r_E > 0) - E)
r_I = W_IE*E - W_II*I{x_I} - th_I
I = I + h_I*(g_I*r_I*int(r_I > 0) - I)
E = clip(E, 0, top_E)*int(E > tiny)
I = clip(I, 0, top_I)*int(I > tiny)
seen_E = seen_E + h_c*(E - seen_E)
seen_I = seen_I + h_c*(I - seen_I)
{changes}
{weights}
"""
_NOISE = """
x_E = x_E - decay*x_E + noise*randn()
x_I = x_I - decay*x_I + noise*randn()
"""
_HUGE = 1e300


def online_in_brian(
    model: EIRates, rule: Rule, starts: Starts, settings: OnlineSettings, target: str, progress: bool
) -> tuple[Floats, str]:
    """Run all starts as one Brian2 network of unconnected units, with the kicks of the array engine.

    The noise is Brian2's own, so runs with noise agree with the array engine in distribution only.

    Returns
    -------
    ndarray, shape (starts, records, 8)
        What the array engine records, too.
    str
        The target that was used.
    """
    from brian2 import Network, NeuronGroup, StateMonitor, ms

    from spikelearn.brian.session import choose_target, session

    protocol, n = settings.protocol, starts.W.shape[1]
    used = choose_target(target, n=n, steps=settings.steps)
    statements, numbers = rule_statements(model, rule)
    units = {name: value for name, value in numbers.items() if np.ndim(value)}
    trains = [kick_steps(settings.seed, start, settings.steps, protocol.dt) for start in range(n)]
    most = max(map(len, trains))
    for place in range(most):
        # A kick that a start does not have lies after the end.
        units[f"kick_{place}"] = np.array([train[place] if place < len(train) else settings.steps for train in trains])
    kicked = " + ".join(f"int(k >= kick_{p})*int(k < kick_{p} + kick_steps)" for p in range(most))
    noisy = settings.noise > 0
    step = _STEP.format(
        kicked=kicked,
        noise=_NOISE if noisy else "",
        x_E=" + x_E" if noisy else "",
        x_I=" + x_I" if noisy else "",
        changes="\n".join(statements),
        weights="\n".join(
            f"finite = finite*int(abs({w} + d_{w}) < huge)\n{w} = clip({w} + d_{w}, weight_floor, huge)"
            for w in model.weights
        ),
    )
    names = ("E", "I", "seen_E", "seen_I", *model.weights)
    equations = "\n".join([*(f"{name} : 1" for name in (*names, "x_E", "x_I", "finite")),
                           *(f"{name} : 1 (constant)" for name in units)])  # fmt: skip
    h_E, h_I, g_E, g_I, th_E, th_I, top_E, top_I = trial_constants(model, protocol)
    namespace = {
        **{name: value for name, value in numbers.items() if name not in units},
        **{"h_E": h_E, "h_I": h_I, "g_E": g_E, "g_I": g_I, "th_E": th_E, "th_I": th_I, "top_E": top_E, "top_I": top_I},
        "kick": protocol.kick,
        "kick_steps": protocol.kick_steps,
        "h_c": settings.decay,
        "weight_floor": protocol.weight_floor,
        "tiny": TINY,
        "huge": _HUGE,
        "noise": settings.noise,
        "decay": NOISE_DECAY,
    }
    with session(used, settings.seed if noisy else None) as brian:
        group = NeuronGroup(n, equations, dt=protocol.dt * ms, name="populations", namespace=namespace)
        given = {"seen_E": starts.A[0], "seen_I": starts.A[1], **dict(zip(model.weights, starts.W, strict=True))}
        for name, value in {**given, **units, "finite": np.ones(n)}.items():
            setattr(group, name, np.broadcast_to(value, (n,)))
        group.run_regularly(step, dt=protocol.dt * ms, when="start")
        every = RECORD_EVERY * protocol.dt * ms
        monitor = StateMonitor(group, [*names, "finite"], record=True, dt=every, when="before_start", order=1)
        # One step more, so that the state after the last one is recorded.
        with np.errstate(all="ignore"):
            brian.run(Network(group, monitor), (settings.steps + 1) * protocol.dt * ms,
                      progress="online" if progress else False)  # fmt: skip
        found = np.array([np.asarray(getattr(monitor, name))[:, 1:] for name in names])
        finite = np.asarray(monitor.finite)[:, 1:] > 0
    count = settings.steps // RECORD_EVERY
    result = np.moveaxis(found, 0, -1)[:, :count]
    return np.where(finite[:, :count, None], result, np.nan), used
