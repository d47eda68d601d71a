"""A network with neurons of the user's own on Brian2: one group a population, one set of synapses a projection."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from spikelearn.arrays import Floats, Integers
from spikelearn.brian.session import choose_target, session
from spikelearn.brian.steps import whole_multiple
from spikelearn.network.brian import check_delays, lif_objects, watch_weights, weights_at_end
from spikelearn.network.brian_synapses import Joined, join_projection
from spikelearn.network.jumps import one_unit
from spikelearn.network.options import network_options
from spikelearn.network.parts import read_times
from spikelearn.network.recording import NetworkRecording, network_traces
from spikelearn.network.records import Network
from spikelearn.parameters.fields import field_values
from spikelearn.parameters.units import unit_dimensions
from spikelearn.simulation.simulable import RunSettings
from spikelearn.spikes.trains import SpikeTrains
from spikelearn.storage.provenance import provenance_of

__all__ = ["simulate_groups_on_brian"]


def simulate_groups_on_brian(network: Network, settings: RunSettings) -> NetworkRecording:
    """Run a network in which some neurons have equations of their own.

    Raises
    ------
    ValueError
        A state to resume from, spikes before time 0, a delay shorter than a step, a trace of neurons that do not have
        the variable, or variables that leave the numbers.
    """
    options = network_options(network, settings)
    dt, duration, record = settings.dt, settings.duration, settings.record
    if options.resume is not None:
        raise ValueError("resume must be left out on the brian2 engine: only the exact engine saves states")
    if len(settings.initial.past_spikes):
        raise ValueError("Initial.past_spikes must be left out in a network with neurons of other equations")
    step = whole_multiple(settings.record_dt, dt, "record_dt") * dt
    names = () if settings.counting else record
    _check_record(network, names, options.units)
    states = settings.initial.plain_states(network.settable, network.n)
    wiring = network.wiring
    check_delays(wiring, dt)
    chosen = choose_target(settings.target, n=network.n, steps=duration / dt)
    with session(chosen, settings.seed) as brian:
        from brian2 import Network as BrianNetwork

        groups, objects = _populations(network, states, dt, settings.method)
        joined = _projections(network, groups, dt, duration)
        for part in joined:
            objects += part.objects
        shown = wiring.chosen(options.synapses) if "w" in names else np.empty(0, dtype=np.int64)
        watches = watch_weights(joined, shown, step)
        monitors = _monitors(network, groups, names, options.units, settings.counting, step)
        extra = [monitor for pair in monitors.values() for monitor in pair if monitor is not None]
        run = BrianNetwork(*objects, *extra, *(monitor for monitor, _ in watches))
        from brian2 import second

        brian.run(run, duration * second, progress=settings.progress and "brian2")
        _check_finite(network, groups, duration, dt)
        weights = weights_at_end(network, wiring, joined)
        trains, counts = _spikes(network, monitors, duration, settings.counting)
        samples = max(int(np.ceil(duration / step * (1 - 1e-12))), 1)
        found: dict[str, Floats] = {
            name: np.concatenate([_column(pair[1], name) for pair in monitors.values() if pair[1] is not None], axis=1)
            for name in names
            if name != "w"
        }
        if "w" in names:
            found["w"] = np.repeat(wiring.weight[None, shown], samples, axis=0)
            for watch, columns in watches:
                found["w"][:, columns] = _column(watch, "w")
    times = np.arange(samples, dtype=np.float64) * np.float64(step)
    ordered = {name: found[name] for name in names}
    dataset = network_traces(ordered, times, options.units, shown, network.recordable) if names else _nothing()
    provenance = provenance_of(
        network,
        parameters={name: _described(part.neuron) for name, part in network.populations.items()},
        engine="brian2",
        target=chosen,
        dt=dt,
        method=settings.method or "each population's own",
        populations={name: part.n for name, part in network.populations.items()},
        synapses=len(wiring.target),
        duration=duration,
        initial=settings.initial,
        **wiring.rule_provenance(),
        seed=settings.seed,
        network_seed=network.seed,
    )
    return NetworkRecording(
        trains,
        dataset,
        provenance,
        counts,
        sources=wiring.rows,
        targets=wiring.target,
        weights=weights,
        weight_unit=network.weight_unit,
    )


def _nothing() -> Any:
    import xarray as xr

    return xr.Dataset()


def _described(neuron: Any) -> dict[str, Any]:
    return {"neuron": type(neuron).__name__, **field_values(neuron)}


def _check_record(network: Network, names: tuple[str, ...], units: Integers) -> None:
    for name, population in network.populations.items():
        part = network.units(name)
        chosen = bool(((units >= part.start) & (units < part.stop)).any())
        own = population.neuron.recordable
        if "w" in names and "w" in own:
            raise ValueError(f"record='w' must mean the weights alone: give the w of population {name} another name")
        for variable in names:
            if variable != "w" and chosen and variable not in own:
                having = next(key for key, part in network.populations.items() if variable in part.neuron.recordable)
                raise ValueError(
                    f"record={variable!r} must be of neurons that have it, got population {name} with "
                    f"{', '.join(own)}; choose units=network.units({having!r})"
                )


def _populations(
    network: Network, states: dict[str, Any], dt: float, method: str | None
) -> tuple[dict[str, Any], list[Any]]:
    """Make a group a population, with what belongs to it, its Poisson input and its start."""
    groups: dict[str, Any] = {}
    objects: list[Any] = []
    for name, population in network.populations.items():
        part = network.units(name)
        drives = [k for k, drive in enumerate(network.poisson) if drive.population == name]
        rates = [network.wiring.rates[k][part] for k in drives]
        weights = [network.wiring.weights[k] for k in drives]
        if population.own:
            jumps = [network.jump(network.poisson[k]) for k in drives]
            made = _own_objects(population, dt, method, jumps, rates, weights)
        else:
            plain = population.neuron.values(population.vary, population.n)
            plain["refractory"] = read_times(population.refractory, "Population.refractory")
            values = {key: np.broadcast_to(value, (population.n,)) for key, value in plain.items()}
            population.neuron.check_initial(
                {key: np.broadcast_to(value, (network.n,))[part] for key, value in states.items() if key in ("u", "g")},
                values,
            )
            made, _ = lif_objects(values, dt, method, rates, weights)
        groups[name] = made[0]
        objects += made
        for variable, value in states.items():
            if variable in population.neuron.settable:
                made[0].variables[variable].set_value(np.broadcast_to(value, (network.n,))[part])
    return groups, objects


def _own_objects(
    population: Any,
    dt: float,
    method: str | None,
    jumps: list[tuple[str, str]],
    rates: list[Floats],
    sizes: list[float],
) -> list[Any]:
    from brian2 import Quantity, hertz, second

    neuron, vary = population.neuron, dict(population.vary)
    declared = "".join(f"\npoisson_rate_{k} : Hz (constant)" for k in range(len(jumps)))
    if declared:
        neuron = dataclasses.replace(neuron, equations=neuron.equations.rstrip() + declared)
        vary.update({f"poisson_rate_{k}": rate * hertz for k, rate in enumerate(rates)})
    made = list(neuron.brian_objects(population.n, dt=dt * second, method=method, vary=vary))
    group = made[0]
    for k, (variable, unit) in enumerate(jumps):
        group.namespace[f"poisson_size_{k}"] = Quantity(sizes[k], dim=unit_dimensions(one_unit(unit)))
        group.namespace[f"poisson_step_{k}"] = dt * second
        # However many events fall into one step.
        group.run_regularly(
            f"{variable} += poisson_size_{k}*poisson(poisson_rate_{k}*poisson_step_{k})", dt=dt * second,
            when="synapses",
        )  # fmt: skip
    return made


def _projections(network: Network, groups: dict[str, Any], dt: float, duration: float) -> list[Joined]:
    """Make the synapses of every projection that has any."""
    wiring, found = network.wiring, []
    for k, projection in enumerate(network.projections):
        numbers = np.flatnonzero(wiring.projection == k)
        if not len(numbers):
            continue
        variable, unit = network.jump(projection)
        jump = f"{variable}_post += w"
        target = network.populations[projection.target]
        if not target.own and np.any(read_times(target.refractory, "Population.refractory") > 0):
            jump += "*int(not_refractory_post)"
        source, begin = None, network.n
        if projection.source in groups:
            source, begin = groups[projection.source], network.units(projection.source).start
        pre = wiring.rows[numbers].astype(np.int64) - begin
        post = wiring.target[numbers].astype(np.int64) - network.units(projection.target).start
        found.append(
            join_projection(
                wiring, numbers, source, groups[projection.target], (pre, post), jump, _brian_unit(unit), dt, duration
            )
        )
    return found


def _brian_unit(unit: str) -> str:
    from brian2.units.fundamentalunits import get_unit

    return "1" if unit == "1" else repr(get_unit(unit_dimensions(one_unit(unit))))


def _monitors(
    network: Network, groups: dict[str, Any], names: tuple[str, ...], units: Integers, counting: bool, step: float
) -> dict[str, tuple[Any, Any]]:
    """Make a monitor of spikes and one of traces for every population; None where there is nothing to record."""
    from brian2 import SpikeMonitor, StateMonitor, second

    variables = [name for name in names if name != "w"]
    found = {}
    for name, group in groups.items():
        part = network.units(name)
        own = units[(units >= part.start) & (units < part.stop)] - part.start
        spikes = SpikeMonitor(group, record=not counting) if "spike" in group.events else None
        traced = bool(variables) and bool(len(own))
        traces = StateMonitor(group, variables, record=own, dt=step * second) if traced else None
        found[name] = (spikes, traces)
    return found


def _spikes(
    network: Network, monitors: dict[str, tuple[Any, Any]], duration: float, counting: bool
) -> tuple[SpikeTrains | None, Any]:
    having = [(network.units(name).start, spikes) for name, (spikes, _) in monitors.items() if spikes is not None]
    if counting:
        counts = np.zeros((1, network.n), dtype=np.int64)
        for start, spikes in having:
            counts[0, start : start + len(spikes.count)] = spikes.count[:]
        return None, counts
    indices = np.concatenate([np.asarray(spikes.i[:]) + start for start, spikes in having] or [np.empty(0, np.int64)])
    times = np.concatenate([np.asarray(spikes.t[:], dtype=np.float64) for _, spikes in having] or [np.empty(0)])
    inside = times < duration
    return SpikeTrains.from_indices(indices[inside], times[inside], n_units=network.n, t_stop=duration), None


def _column(monitor: Any, name: str) -> Floats:
    """Give a recorded variable as (time, neuron)."""
    return np.array(getattr(monitor, name), dtype=np.float64).T


def _check_finite(network: Network, groups: dict[str, Any], duration: float, dt: float) -> None:
    for name, group in groups.items():
        for variable in network.populations[name].neuron.recordable:
            final = np.asarray(getattr(group, variable)[:], dtype=np.float64)
            if not np.isfinite(final).all():
                worst = network.name_of(network.units(name).start + int(np.argmin(np.isfinite(final))))
                raise ValueError(
                    f"{variable} of {worst} must stay finite, and is not after {duration:g} s: dt = {dt:g} s is too "
                    "long for these equations, or their activity runs away"
                )
