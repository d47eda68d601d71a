"""A network on Brian2: the same description on a clock, on any of Brian2's targets."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.brian import choose_target, session
from spikelearn.initial import Initial
from spikelearn.network.brian_history import history_objects
from spikelearn.network.history import History, check_start, read_history
from spikelearn.network.recording import NetworkRecording
from spikelearn.network.records import Network
from spikelearn.network.wiring import Wiring, wire
from spikelearn.provenance import plain, versions
from spikelearn.spikes import SpikeTrains

__all__ = ["brian_objects", "simulate_network_on_brian"]

_MEMBRANE = "du/dt = (V_0 - u - g*(u + Delta))/tau : volt"


def simulate_network_on_brian(
    network: Network,
    duration: float,
    *,
    target: str,
    dt: float,
    method: str | None,
    seed: int | None,
    record: tuple[str, ...],
    record_dt: float,
    units: NDArray[np.int64],
    initial: Initial,
    resume: Any,
    progress: bool,
    **_exact: Any,
) -> NetworkRecording:
    """Run a network on Brian2; arguments as in `spikelearn.simulate`, in SI units.

    Raises
    ------
    ValueError
        A delay shorter than a step, a trace step that is no multiple of `dt`, or a state to resume from.
    """
    if resume is not None:
        raise ValueError("resume must be left out on the brian2 engine: only the exact engine saves states")
    ratio = record_dt / dt
    if ratio < 0.5 or abs(ratio - round(ratio)) > 1e-6 * ratio:
        raise ValueError(f"record_dt must be a whole multiple of dt = {dt:g} s, got {record_dt:g} s")
    step = round(ratio) * dt
    wiring = wire(network)
    states = initial.plain_states({"u": "V", "g": "1"}, wiring.n)
    history = read_history(initial, wiring, states)
    check_start(network, states, wiring)
    chosen = choose_target(target, n=wiring.n, steps=duration / dt)
    with session(chosen, seed) as brian:
        from brian2 import Network as BrianNetwork
        from brian2 import SpikeMonitor, StateMonitor, second

        objects = brian_objects(wiring, dt, duration, method, history)
        group = objects[0]
        for name, value in states.items():
            group.variables[name].set_value(value)
        counting = record == ("counts",)
        spikes = SpikeMonitor(group, record=not counting)
        traces = None
        if record and not counting:
            traces = StateMonitor(group, record, record=units, dt=step * second)
        extra = [spikes] if traces is None else [spikes, traces]
        brian.run(BrianNetwork(*objects, *extra), duration * second, progress=progress and "brian2")
        trains = counts = None
        if counting:
            counts = np.asarray(spikes.count[:], dtype=np.int64).reshape(1, -1)
        else:
            times = np.asarray(spikes.t[:], dtype=np.float64)
            inside = times < duration
            trains = SpikeTrains.from_indices(
                np.asarray(spikes.i[:])[inside], times[inside], n_units=wiring.n, t_stop=duration
            )
        dataset = _traces(traces, record, units, step)
    provenance = {
        "model": "Network",
        "engine": "brian2",
        "target": chosen,
        "dt": dt,
        "method": method or "rk4",
        "populations": {name: population.n for name, population in network.populations.items()},
        "synapses": len(wiring.target),
        "parameters": {name: plain(value) for name, value in wiring.values.items()},
        "duration": duration,
        "initial": plain(initial),
        "seed": seed,
        "network_seed": network.seed,
        "versions": versions(),
    }
    return NetworkRecording(
        trains, dataset, provenance, counts, sources=wiring.rows, targets=wiring.target, weights=wiring.weight
    )


def brian_objects(
    wiring: Wiring, dt: float, duration: float, method: str | None = None, history: History | None = None
) -> list[Any]:
    """Make the neurons (first in the list), their own potassium, synapses, external trains and Poisson input.

    Parameters
    ----------
    wiring : Wiring
        The network.
    dt : float
        Time step, seconds.
    duration : float
        External spikes after this are left out.
    method : str, optional
        Integration method, rk4 if not given.
    history : History, optional
        Spikes before time 0.

    Raises
    ------
    ValueError
        A delay shorter than half a step, which the clock would round to none.
    """
    from brian2 import NeuronGroup, Synapses, second, volt

    from spikelearn.models.adaptive_lif.model import AdaptiveLIF

    clock = dt * second
    values = dict(wiring.values)
    t_d = values.pop("t_d")
    pause = values.pop("refractory")
    between = wiring.delay if len(wiring.target) else np.empty(0)
    for name, delays in (("t_d", t_d[t_d > 0]), ("delay", between)):
        if (delays < dt * (1 - 1e-9)).any():
            raise ValueError(f"{name} must be at least one step dt = {dt:g} s on brian2, got {delays.min():g} s")
    model = AdaptiveLIF()
    pausing = bool((pause > 0).any())
    equations = model.equations
    jump, alive = "u_post += w", ""
    if pausing:
        equations = equations.replace(_MEMBRANE, _MEMBRANE + " (unless refractory)")
        equations += "pause : second (constant)\n"
        # A jump that arrives in the refractory period is lost, as on the exact engine.
        jump, alive = "u_post += w*int(not_refractory_post)", "*int(not_refractory)"
    drives = len(wiring.rates)
    for k in range(drives):
        equations += f"rate_{k} : Hz (constant)\n"
    group = NeuronGroup(
        wiring.n, equations, threshold=model.threshold, reset=model.reset, method=method or model.method, dt=clock,
        refractory="pause" if pausing else False, namespace={}, name="neurons*",
    )  # fmt: skip
    for name, value in values.items():
        group.variables[name].set_value(value)
    if pausing:
        group.pause = pause * second
    one_delay = bool((t_d == t_d[0]).all())
    options = {"delay": t_d[0] * second} if one_delay else {}
    own = Synapses(group, group, on_pre=model.on_arrival, dt=clock, namespace={}, name="adaptation*", **options)
    own.connect(j="i")
    if not one_delay:
        own.delay = t_d * second
    objects = [group, own]
    split = int(wiring.start[wiring.n])
    rows = wiring.rows
    if split:
        objects.append(_synapses(group, group, rows[:split], wiring, slice(0, split), jump, clock))
    if split < len(rows):
        objects += _external(group, wiring, split, jump, dt, duration)
    for k in range(drives):
        group.variables[f"rate_{k}"].set_value(wiring.rates[k])
        group.namespace[f"size_{k}"] = wiring.weights[k] * volt
        group.namespace[f"step_{k}"] = clock
        # However many events fall into one step.
        group.run_regularly(f"u += size_{k}*poisson(rate_{k}*step_{k}){alive}", dt=clock, when="synapses")
    if history is not None and len(history.times):
        objects += history_objects(group, history, wiring, on_arrival=model.on_arrival, jump=jump, dt=dt)
    return objects


def _synapses(source: Any, group: Any, pre: Any, wiring: Wiring, part: slice, jump: str, clock: Any) -> Any:
    from brian2 import Synapses, second

    uniform = len(wiring.delay) == 1
    options = {"delay": wiring.delay[0] * second} if uniform else {}
    synapses = Synapses(
        source, group, "w : volt (constant)", on_pre=jump, dt=clock, namespace={}, name="synapses*", **options
    )
    synapses.connect(i=pre, j=wiring.target[part])
    synapses.variables["w"].set_value(wiring.weight[part])
    if not uniform:
        synapses.delay = wiring.delay[part] * second
    return synapses


def _external(group: Any, wiring: Wiring, split: int, jump: str, dt: float, duration: float) -> list[Any]:
    """Make one generator and its synapses; spikes of one train within one step come from different lanes."""
    from brian2 import SpikeGeneratorGroup, second

    inside = (wiring.source_times >= 0.0) & (wiring.source_times < duration)
    step = np.floor(wiring.source_times[inside] / dt * (1 + 1e-12)).astype(np.int64)
    train = wiring.source_rows[inside] - wiring.n
    order = np.lexsort((step, train))
    step, train = step[order], train[order]
    lane = np.zeros(len(step), dtype=np.int64)
    if len(step):
        repeated = np.r_[False, (np.diff(train) == 0) & (np.diff(step) == 0)]
        first = np.maximum.accumulate(np.where(repeated, 0, np.arange(len(step))))
        lane = np.arange(len(step)) - first
    lanes = int(lane.max(initial=0)) + 1
    trains = len(wiring.start) - 1 - wiring.n
    source = SpikeGeneratorGroup(
        trains * lanes, lane * trains + train, step * dt * second, dt=dt * second, name="external*"
    )
    pre = np.asarray(wiring.rows[split:], dtype=np.int64) - wiring.n
    many = Wiring(
        wiring.values, wiring.start, np.tile(wiring.target[split:], lanes), np.tile(wiring.weight[split:], lanes),
        wiring.delay if len(wiring.delay) == 1 else np.tile(wiring.delay[split:], lanes),
        wiring.source_times, wiring.source_rows, [], [],
    )  # fmt: skip
    spread = np.concatenate([pre + k * trains for k in range(lanes)])
    return [source, _synapses(source, group, spread, many, slice(None), jump, dt * second)]


def _traces(monitor: Any, record: tuple[str, ...], units: NDArray[np.int64], step: float) -> Any:
    import xarray as xr

    if monitor is None:
        return xr.Dataset()
    variables = {
        name: (
            ("time", "neuron"),
            np.array(getattr(monitor, name), dtype=np.float64).T,
            {"units": {"u": "V", "g": "1", "V": "V"}[name]},
        )
        for name in record
    }
    time = ("time", np.arange(len(monitor.t)) * step, {"units": "s"})
    return xr.Dataset(variables, coords={"time": time, "neuron": ("neuron", units)})
