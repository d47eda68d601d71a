"""A network on the exact engine."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.eventdriven.network.cells import Sources, Synapses
from spikelearn.eventdriven.network.event_code import WEIGHT
from spikelearn.eventdriven.network.plasticity_inputs import PlasticInputs, fresh_rows
from spikelearn.eventdriven.network.records import NetworkInputs, NetworkResult
from spikelearn.eventdriven.network.run import run_network
from spikelearn.network.fingerprint import check_same_network, read_state, seed_of_run, signed
from spikelearn.network.history import read_history
from spikelearn.network.options import network_options
from spikelearn.network.recording import NetworkRecording, RunawayError, network_traces
from spikelearn.network.records import Network
from spikelearn.network.resolution import check_resolution
from spikelearn.network.state_checks import check_form, check_sizes, check_values
from spikelearn.network.varied import varied
from spikelearn.network.wiring import Wiring
from spikelearn.parameters.units import si_value
from spikelearn.simulation.initial import Initial
from spikelearn.simulation.simulable import RunSettings
from spikelearn.spikes.trains import SpikeTrains
from spikelearn.storage.provenance import provenance_of

__all__ = ["network_inputs", "simulate_network_exactly"]


def simulate_network_exactly(network: Network, settings: RunSettings) -> NetworkRecording:
    """Run a network event by event.

    Raises
    ------
    ValueError
        Input that does not fit; a state of another network or seed, or one that was changed; times too short for the
        numbers that hold them.
    RunawayError
        Neurons whose rate runs away, or synapses whose weight does, with their names.
    TypeError
        `resume` is no state.
    """
    network = varied(network, settings.vary)
    if network.own:
        raise ValueError(
            f"the exact engine must have AdaptiveLIF neurons, whose course between events is known in closed form; "
            f"population {network.own[0]} has equations of its own: leave out engine, or take engine='brian2'"
        )
    options = network_options(network, settings)
    units, resume = options.units, options.resume
    duration, record, record_dt, initial = settings.duration, settings.record, settings.record_dt, settings.initial
    if resume is not None:
        check_form(read_state(resume, "resume"), "resume")
    wiring = network.wiring
    used = seed_of_run(settings.seed, resume)
    inputs = network_inputs(wiring, used, float(si_value(network.max_rate, "1 Hz", "Network.max_rate")))
    states = initial.plain_states(network.settable, wiring.n)
    past = read_history(initial, wiring, states)
    inputs = inputs._replace(past=Sources(past.times, past.rows))
    if resume is not None and (states or len(initial.past_spikes)):
        raise ValueError("initial must be left out where a state is resumed: the state says it all")
    network.check_initial(states, wiring.values)
    if resume is not None and not 0.0 <= resume.time < duration:
        raise ValueError(f"duration must lie beyond the {resume.time} s of the state to resume from, got {duration} s")
    if resume is not None:
        plastic = fresh_rows(inputs.plasticity, wiring.weight).shape
        check_sizes(resume, wiring.n, len(inputs.poisson_rate), plastic)
        check_same_network(resume, wiring)
        check_values(resume, len(wiring.start) - 1)
    check_resolution(network, wiring, duration)
    begin = 0.0 if resume is None else resume.time
    wanted = tuple(name for name in record if name != "counts")
    times: NDArray[Any] = np.empty(0)
    if wanted:
        times = np.arange(max(int(np.ceil(duration / record_dt * (1 - 1e-12))), 1)) * record_dt
        times = times[times >= begin]
    n = wiring.n
    shown = wiring.chosen(options.synapses) if "w" in record else np.empty(0, dtype=np.int64)
    result = run_network(
        inputs,
        duration,
        u0=np.broadcast_to(np.asarray(states.get("u", 0.0), dtype=np.float64), (n,)),
        g0=np.broadcast_to(np.asarray(states.get("g", 0.0), dtype=np.float64), (n,)),
        resume=resume,
        traced=units if set(wanted) - {"w"} else np.empty(0, dtype=np.int64),
        trace_times=times,
        watched=shown[wiring.learns[shown]],
        threads=settings.threads,
        progress=settings.progress,
    )
    recording = _recording(network, wiring, result, used, record, units, shown, times, begin, duration, initial)
    if result.exploded or result.broken or result.left:
        # Threads stopped in the middle of events: nothing can go on from there.
        recording = dataclasses.replace(recording, state=None)
    if not (result.exploded or result.broken):
        return recording
    when = f"after t = {result.state.time:g} s, up to which this error's .recording holds the run"
    if result.exploded:
        names = ", ".join(network.name_of(i) for i in result.exploded)
        raise RunawayError(
            f"Network: the activity runs away: {names} fired faster than max_rate = {network.max_rate} through 10 ms "
            f"{when}; weaken the weights, add a refractory period or raise max_rate",
            recording,
        )
    which = result.broken[0]
    raise RunawayError(
        f"Network: the weight or a trace of synapse {which} ({wiring.name_of(network, which)}) is no longer finite, "
        f"or the weight beyond 1e9 V, {when}; its plasticity must keep it so, for instance by limits",
        recording,
    )


def network_inputs(wiring: Wiring, seed: int, max_rate: float) -> NetworkInputs:
    """Hand the arrays to the engine; every Poisson input of every neuron gets a random stream of its own."""
    active = [np.flatnonzero(rate > 0.0) for rate in wiring.rates]
    neuron = np.concatenate([*active, np.empty(0, dtype=np.int64)]).astype(np.int64)
    rate = np.concatenate([*(r[a] for r, a in zip(wiring.rates, active, strict=True)), np.empty(0)])
    weight = np.concatenate([*(np.full(len(a), w) for w, a in zip(wiring.weights, active, strict=True)), np.empty(0)])
    drive = np.concatenate([*(np.full(len(a), k) for k, a in enumerate(active)), np.empty(0)])
    order = np.lexsort((drive, neuron))
    start = np.zeros(wiring.n + 1, dtype=np.int64)
    np.cumsum(np.bincount(neuron, minlength=wiring.n), out=start[1:])
    # One well mixed key an entry: streams of neighbours share nothing.
    keys = np.random.SeedSequence([seed, 0x5EED]).generate_state(max(len(neuron), 1), np.uint64)[: len(neuron)]
    return NetworkInputs(
        wiring.values,
        Synapses(wiring.start, wiring.target, wiring.weight, wiring.delay),
        Sources(wiring.source_times, wiring.source_rows),
        start,
        np.ascontiguousarray(rate[order]),
        np.ascontiguousarray(weight[order]),
        keys.astype(np.uint64),
        max_rate,
        plasticity=PlasticInputs([rule.event_rule for rule in wiring.rules], wiring.rule),
    )


def _recording(
    network: Network, wiring: Wiring, result: NetworkResult, seed: int, record: tuple[str, ...],
    units: NDArray[np.int64], synapses: NDArray[np.int64], times: NDArray[np.float64], begin: float, duration: float,
    initial: Initial,
) -> NetworkRecording:  # fmt: skip
    import xarray as xr

    n = wiring.n
    offsets = np.concatenate([[0], np.cumsum(np.bincount(result.rows, minlength=n))]).astype(np.int64)
    end = result.state.time
    traces = xr.Dataset()
    weights = wiring.weight.copy()
    weights[wiring.learns] = result.state.plastic[:, WEIGHT]
    if set(record) - {"counts"}:
        shown = times < end
        found = {}
        if set(record) - {"w"}:
            found = {"u": result.u, "g": result.g, "V": result.u + wiring.values["E_L"][units, None]}
        if "w" in record:
            found["w"] = np.repeat(wiring.weight[synapses, None], len(times), axis=1)
            if len(result.w):
                found["w"][wiring.learns[synapses]] = result.w
        traces = network_traces({name: found[name].T[shown] for name in record}, times[shown], units, synapses)
    counting = record == ("counts",)
    trains = None if counting else SpikeTrains(result.times, offsets, n, t_start=begin, t_stop=end)
    return NetworkRecording(
        trains,
        traces,
        provenance_of(
            network,
            parameters=wiring.values,
            engine="exact",
            populations={name: population.n for name, population in network.populations.items()},
            synapses=len(wiring.target),
            duration=duration,
            initial=initial,
            reached=end,
            interrupted=result.interrupted,
            **wiring.rule_provenance(),
            seed=seed,
            network_seed=network.seed,
        ),
        np.diff(offsets).reshape(1, n) if counting else None,
        state=signed(result.state, wiring, seed),
        sources=wiring.rows,
        targets=wiring.target,
        weights=weights,
    )
