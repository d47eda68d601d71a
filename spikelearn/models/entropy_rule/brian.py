"""The online rule on Brian2: weights as variables of clock-driven synapses, the input as a TimedArray."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats
from spikelearn.models.entropy_rule.activation import get_activation
from spikelearn.models.entropy_rule.filters import resample
from spikelearn.models.entropy_rule.frames import check_periodic, check_step, read_frames
from spikelearn.models.entropy_rule.online import OnlineRun, OnlineState, check_stiffness, start_of, traces_of
from spikelearn.parameters.numbers import check_flag, whole_number

if TYPE_CHECKING:
    from spikelearn.models.entropy_rule.model import EntropyRule

__all__ = ["brian_objects", "learn_on_brian"]


def equations(rule: EntropyRule) -> tuple[str, str]:
    """Give the equations of a neuron and of a synapse; `rate` is one over the model's unit of time."""
    S = get_activation(rule.activation).brian
    neuron = f"""
        dv/dt = (drive + u - l_net*v)*rate : 1
        dz/dt = l_net*(drive - z)*rate : 1
        dp/dt = gamma*(v_bar - p)*rate : 1
        dq/dt = gamma*(S_bar - q)*rate : 1
        v_bar = l_net*v - z : 1
        S_v = {S("v")} : 1
        S_bar = {S("v_bar")} : 1
        u = frames(((timestep(t, step) + first_step) % n_frames + 0.5)*step, i) : 1 (constant over dt)
        drive : 1
        scale : 1
    """
    synapse = """
        dw/dt = epsilon*(stdp + hebbian - scale_post*S_bar_pre)*rate : 1 (clock-driven)
        stdp = gamma/2*(v_bar_post*q_pre - p_post*S_bar_pre) : 1
        hebbian = l*v_bar_post*S_bar_pre : 1
        drive_post = w*S_v_pre : 1 (summed)
        scale_post = w*S_bar_pre : 1 (summed)
    """
    return neuron, synapse


def brian_objects(
    rule: EntropyRule, frames: ArrayLike, dt: float, *, W: ArrayLike | None = None, state: OnlineState | None = None,
    terms: bool = False, name: str = "entropy*",
) -> tuple[Any, Any]:  # fmt: skip
    """Build network and rule for the user's own Brian2 Network; a unit of the model's time is 1 s.

    Brian2 forms sums over synapses first, then steps the neurons, then the synapses. The scaling term would so multiply
    S(t) by S(t + dt), and weights would be off by about 2.2 dt; the neurons are therefore made to step last, from the
    sums of the same moment. The TimedArray holds the input in the middle of each step.

    Parameters
    ----------
    rule : EntropyRule
    frames, dt, W, state
        As in `EntropyRule.learn`.
    terms : bool
        Whether synapses also sum up what the STDP and the Hebbian term add, as w_stdp and w_hebbian.
    name : str
        Name of the group.

    Returns
    -------
    group : brian2.NeuronGroup
    synapses : brian2.Synapses
        From every neuron to every neuron, pre by pre.
    """
    from brian2 import Hz, NeuronGroup, Synapses, TimedArray, second

    where = "EntropyRule.brian_objects"
    given, step = read_frames(frames, where, at_least=4), check_step(dt, where)
    check_periodic(given, where)
    check_flag(f"{where}: terms", terms)
    check_stiffness(rule, step, where)
    n = given.shape[1]
    began = start_of(n, state, W, where)
    neuron, synapse = equations(rule)
    if terms:
        synapse += """
        dw_stdp/dt = epsilon*stdp*rate : 1 (clock-driven)
        dw_hebbian/dt = epsilon*hebbian*rate : 1 (clock-driven)
        """
    names = {
        "l": rule.l, "l_net": rule.network_decay, "gamma": rule.gamma, "epsilon": rule.epsilon, "rate": 1 * Hz,
        "step": step * second, "n_frames": len(given), "first_step": began.step,
        "frames": TimedArray(resample(given, 2)[1::2], dt=step * second),
    }  # fmt: skip
    group = NeuronGroup(n, neuron, method="rk4", dt=step * second, namespace=names, name=name)
    group.state_updater.order = 1
    synapses = Synapses(group, group, synapse, method="euler", dt=step * second, namespace=names)
    pre, post = np.divmod(np.arange(n * n), n)
    synapses.connect(i=pre, j=post)
    for variable in ("v", "z", "p", "q"):
        setattr(group, variable, getattr(began, variable))
    synapses.w = began.W[post, pre]
    return group, synapses


def learn_on_brian(
    rule: EntropyRule, frames: ArrayLike, dt: float, duration: float, *, target: str = "numpy",
    record_every: int | None = None, terms: bool = False, state: OnlineState | None = None, W: ArrayLike | None = None,
    progress: bool = False,
) -> OnlineRun:  # fmt: skip
    """Do what `EntropyRule.learn` does on one of Brian2's targets: first order in dt instead of fourth.

    Parameters
    ----------
    rule : EntropyRule
    frames, dt, duration, record_every, terms, state, W, progress
        As in `EntropyRule.learn`.
    target : {"auto", "numpy", "cython", "cpp_standalone"}
    """
    from brian2 import Network, StateMonitor, second

    from spikelearn.brian.session import choose_target, session

    where = "EntropyRule.learn_on_brian"
    given, step = read_frames(frames, where, at_least=4), check_step(dt, where)
    n, n_steps = given.shape[1], round(check_step(duration, f"{where}: duration") / step)
    if n_steps < 1:
        raise ValueError(f"{where}: duration must be at least one step of {step:g}, got {duration:g}")
    stride = max(1, n_steps // 1000) if record_every is None else record_every
    stride = whole_number(f"{where}: record_every", stride, at_least=1)
    began = start_of(n, state, W, where)
    on_synapses = ("w", "w_stdp", "w_hebbian") if terms else ("w",)
    with session(choose_target(target, n=n * n, steps=float(n_steps))) as brian:
        group, synapses = brian_objects(rule, given, step, W=W, state=state, terms=terms)
        every = stride * step * second
        neurons = StateMonitor(group, ["v", "z", "p", "q"], record=True, dt=every)
        weights = StateMonitor(synapses, on_synapses, record=True, dt=every)
        brian.run(Network(group, synapses, neurons, weights), n_steps * step * second, progress=progress)
        rows = n_steps // stride
        columns = [_kept(neurons, group, name, rows) for name in ("v", "z", "p", "q")]
        # Synapses run pre by pre; the flat state has the weights row by row of W[post, pre].
        order = np.arange(n * n).reshape(n, n).T.ravel()
        columns += [_kept(weights, synapses, name, rows)[:, order] for name in on_synapses]
        v, z, p, q = (np.array(getattr(group, name)[:], dtype=np.float64) for name in ("v", "z", "p", "q"))
        W_end = np.array(synapses.w[:], dtype=np.float64)[order].reshape(n, n)
    if not np.isfinite(W_end).all():
        raise ValueError(f"{where}: network or weights leave all bounds; epsilon or dt may be too large for this input")
    time = np.asarray((began.step + stride * np.arange(1, rows + 1)) * step, dtype=np.float64)
    made = traces_of(rule, np.concatenate(columns, axis=1), time, began.W, n, terms)
    return OnlineRun(made, OnlineState(v, z, p, q, W_end, began.step + n_steps))


def _kept(monitor: Any, source: Any, name: str, rows: int) -> Floats:
    """Give a variable after every stride, shape (rows, size): a monitor sees each step's begin, not the run's end."""
    seen = np.asarray(getattr(monitor, name), dtype=np.float64).T[1:]
    if len(seen) < rows:
        seen = np.vstack([seen, np.asarray(getattr(source, name)[:], dtype=np.float64)[None, :]])
    return seen[:rows]
