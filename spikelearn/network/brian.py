"""A network on Brian2: the same description on a clock, on any of Brian2's targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.brian.session import choose_target, session
from spikelearn.brian.steps import whole_multiple
from spikelearn.models.adaptive_lif.model import AdaptiveLIF
from spikelearn.network.brian_history import history_objects
from spikelearn.network.brian_synapses import Joined, join
from spikelearn.network.history import History, read_history
from spikelearn.network.options import network_options
from spikelearn.network.recording import NetworkRecording, network_traces
from spikelearn.network.records import LARGEST_WEIGHT, Network
from spikelearn.network.varied import varied
from spikelearn.network.wiring import Wiring
from spikelearn.simulation.simulable import RunSettings
from spikelearn.spikes.trains import SpikeTrains
from spikelearn.storage.provenance import provenance_of

__all__ = [
    "brian_objects", "check_delays", "lif_objects", "simulate_network_on_brian", "watch_weights", "weights_at_end",
]  # fmt: skip


def simulate_network_on_brian(network: Network, settings: RunSettings) -> NetworkRecording:
    """Run a network on Brian2.

    Raises
    ------
    ValueError
        A delay shorter than a step, a trace step that is no multiple of `dt`, or a state to resume from.
    """
    network = varied(network, settings.vary)
    if network.own:
        from spikelearn.network.brian_groups import simulate_groups_on_brian

        return simulate_groups_on_brian(network, settings)
    options = network_options(network, settings)
    units, dt, duration, record = options.units, settings.dt, settings.duration, settings.record
    if options.resume is not None:
        raise ValueError("resume must be left out on the brian2 engine: only the exact engine saves states")
    step = whole_multiple(settings.record_dt, dt, "record_dt") * dt
    wiring, initial = network.wiring, settings.initial
    states = initial.plain_states(network.settable, wiring.n)
    history = read_history(initial, wiring, states)
    network.check_initial(states, wiring.values)
    chosen = choose_target(settings.target, n=wiring.n, steps=duration / dt)
    with session(chosen, settings.seed) as brian:
        from brian2 import Network as BrianNetwork
        from brian2 import SpikeMonitor, StateMonitor, second

        objects, joined = _objects(wiring, dt, duration, settings.method, history)
        group = objects[0]
        for name, value in states.items():
            group.variables[name].set_value(value)
        counting = settings.counting
        spikes = SpikeMonitor(group, record=not counting)
        traces = None
        names = () if counting else record
        of_neurons = [name for name in names if name != "w"]
        if of_neurons:
            traces = StateMonitor(group, of_neurons, record=units, dt=step * second)
        shown = wiring.chosen(options.synapses) if "w" in names else np.empty(0, dtype=np.int64)
        watches = watch_weights(joined, shown, step)
        extra = [spikes, *([] if traces is None else [traces]), *(monitor for monitor, _ in watches)]
        brian.run(BrianNetwork(*objects, *extra), duration * second, progress=settings.progress and "brian2")
        trains = counts = None
        if counting:
            counts = np.asarray(spikes.count[:], dtype=np.int64).reshape(1, -1)
        else:
            times = np.asarray(spikes.t[:], dtype=np.float64)
            inside = times < duration
            trains = SpikeTrains.from_indices(
                np.asarray(spikes.i[:])[inside], times[inside], n_units=wiring.n, t_stop=duration
            )
        weights = weights_at_end(network, wiring, joined)
        dataset = _traces(traces, watches, names, wiring, units, shown, step, duration)
    provenance = provenance_of(
        network,
        parameters=wiring.values,
        engine="brian2",
        target=chosen,
        dt=dt,
        method=settings.method or "rk4",
        populations={name: population.n for name, population in network.populations.items()},
        synapses=len(wiring.target),
        duration=duration,
        initial=initial,
        **wiring.rule_provenance(),
        seed=settings.seed,
        network_seed=network.seed,
    )
    return NetworkRecording(
        trains, dataset, provenance, counts, sources=wiring.rows, targets=wiring.target, weights=weights
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
        A delay shorter than half a step, which the clock would round to none; a spike before time 0 that arrives
        after it at a plastic synapse.
    """
    return _objects(wiring, dt, duration, method, history)[0]


def _objects(
    wiring: Wiring, dt: float, duration: float, method: str | None, history: History | None
) -> tuple[list[Any], list[Joined]]:
    check_delays(wiring, dt)
    objects, jump = lif_objects(wiring.values, dt, method, wiring.rates, wiring.weights)
    group = objects[0]
    joined = join(wiring, group, jump, dt, duration)
    for part in joined:
        objects += part.objects
    if history is not None and len(history.times):
        objects += history_objects(group, history, wiring, on_arrival=AdaptiveLIF().on_arrival, jump=jump, dt=dt)
    return objects, joined


def check_delays(wiring: Wiring, dt: float) -> None:
    """Refuse delays that the clock would round to none.

    Raises
    ------
    ValueError
        A delay between neurons shorter than a step.
    """
    _long_enough("delay", wiring.delay if len(wiring.target) else np.empty(0), dt)


def _long_enough(name: str, delays: NDArray[np.float64], dt: float) -> None:
    if (delays < dt * (1 - 1e-9)).any():
        raise ValueError(f"{name} must be at least one step dt = {dt:g} s on brian2, got {delays.min():g} s")


def lif_objects(
    given: Mapping[str, Any], dt: float, method: str | None, rates: list[Any], weights: list[float]
) -> tuple[list[Any], str]:
    """Make AdaptiveLIF neurons, first in the list, their own potassium and Poisson input; and say what a jump does.

    Parameters
    ----------
    given : mapping
        Their parameters with ``t_d`` and ``refractory``, arrays of shape (n,), SI units.
    dt : float
        Time step, seconds.
    method : str or None
        Integration method, rk4 if None.
    rates, weights : list
        One entry a Poisson input: rates of all these neurons in Hz, and the jump in volts.

    Raises
    ------
    ValueError
        t_d is above zero and shorter than a step.
    """
    from brian2 import NeuronGroup, Synapses, second, volt

    clock = dt * second
    values = dict(given)
    t_d = values.pop("t_d")
    pause = values.pop("refractory")
    _long_enough("t_d", t_d[t_d > 0], dt)
    model = AdaptiveLIF()
    pausing = bool((pause > 0).any())
    equations = model.refractory_equations if pausing else model.equations
    jump, alive = "u_post += w", ""
    if pausing:
        equations += "pause : second (constant)\n"
        # A jump that arrives in the refractory period is lost, as on the exact engine.
        jump, alive = "u_post += w*int(not_refractory_post)", "*int(not_refractory)"
    drives = len(rates)
    for k in range(drives):
        equations += f"rate_{k} : Hz (constant)\n"
    group = NeuronGroup(
        len(t_d), equations, threshold=model.threshold, reset=model.reset, method=method or model.method, dt=clock,
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
    for k in range(drives):
        group.variables[f"rate_{k}"].set_value(rates[k])
        group.namespace[f"size_{k}"] = weights[k] * volt
        group.namespace[f"step_{k}"] = clock
        # However many events fall into one step.
        group.run_regularly(f"u += size_{k}*poisson(rate_{k}*step_{k}){alive}", dt=clock, when="synapses")
    return [group, own], jump


def watch_weights(joined: list[Joined], shown: NDArray[np.int64], step: float) -> list[Any]:
    """Make monitors of the weights that change; each with which of the shown synapses it has."""
    from brian2 import StateMonitor, second

    found = []
    for part in joined:
        wanted = np.isin(part.numbers, shown)
        if part.rule >= 0 and wanted.any():
            monitor = StateMonitor(part.synapses, "w", record=np.flatnonzero(wanted), dt=step * second)
            found.append((monitor, np.searchsorted(shown, part.numbers[wanted])))
    return found


def weights_at_end(network: Network, wiring: Wiring, joined: list[Joined]) -> NDArray[np.float64]:
    """Give the weights at the end, in the order of the network."""
    weights = wiring.weight.copy()
    for part in joined:
        if part.rule >= 0:
            weights[part.numbers] = part.synapses.w[:]
    sound = np.abs(weights) < LARGEST_WEIGHT
    if not sound.all():
        which = int(np.flatnonzero(~sound)[0])
        raise ValueError(
            f"Network: the weight of synapse {which} ({wiring.name_of(network, which)}) is no longer finite, or "
            "beyond 1e9 V; its plasticity must keep it so, for instance by limits"
        )
    return weights


def _traces(
    monitor: Any, watches: list[Any], names: tuple[str, ...], wiring: Wiring, units: NDArray[np.int64],
    shown: NDArray[np.int64], step: float, duration: float,
) -> Any:  # fmt: skip
    import xarray as xr

    if not names:
        return xr.Dataset()
    monitors = [*([] if monitor is None else [monitor]), *(watch for watch, _ in watches)]
    count = len(monitors[0].t) if monitors else max(int(np.ceil(duration / step * (1 - 1e-12))), 1)
    found = {name: np.array(getattr(monitor, name), dtype=np.float64).T for name in names if name != "w"}
    if "w" in names:
        found["w"] = np.repeat(wiring.weight[None, shown], count, axis=0)
        for watch, columns in watches:
            found["w"][:, columns] = np.array(watch.w, dtype=np.float64).T
    return network_traces(
        {name: found[name] for name in names}, np.arange(count, dtype=np.float64) * np.float64(step), units, shown
    )
