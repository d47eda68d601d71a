"""From a model and the recording of its run to the arrays that derivatives are taken from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikelearn.arrays import Floats, Integers
from spikelearn.eventdriven.network.drive import _interval
from spikelearn.eventdriven.sensitivity.records import COLUMNS, Run
from spikelearn.models.adaptive_lif.model import AdaptiveLIF
from spikelearn.network.exact import network_inputs
from spikelearn.network.history import read_history
from spikelearn.network.records import Network
from spikelearn.network.wiring import Wiring
from spikelearn.simulation.initial import Initial
from spikelearn.simulation.recording import Recording
from spikelearn.spikes.trains import SpikeTrains

__all__ = ["Described", "describe_network", "describe_neurons", "same_spikes"]


@dataclass(frozen=True, eq=False)
class Described:
    """A run, and what its arrays are in the words of the model.

    Parameters
    ----------
    run : Run
        The arrays.
    recorded : ndarray of int64
        Place in ``run.times`` of every spike of the recording, in its order.
    names : list of str
        What each neuron is called in messages.
    synapses : int
        How many of the synapses are the model's; the others are those of random input.
    drive : ndarray of int64
        Which random input each of the others belongs to.
    """

    run: Run
    recorded: Integers
    names: list[str]
    synapses: int
    drive: Integers


def same_spikes(where: str, recording: Any) -> SpikeTrains:
    """Give the spikes of a recording from which derivatives can be taken.

    Raises
    ------
    TypeError
        It is no recording.
    ValueError
        It is not of the exact engine, does not begin at time 0, or keeps no spike times.
    """
    if not isinstance(recording, Recording):
        raise TypeError(f"{where}: recording must be what simulate() returned, got {type(recording).__name__}")
    engine = recording.provenance.get("engine")
    if engine != "exact":
        raise ValueError(
            f"{where}: recording must be of the exact engine, whose spike times lie on no grid, got {engine}"
        )
    trains = recording.spike_trains()
    if trains.n_trials != 1 or trains.t_start != 0.0:
        raise ValueError(f"{where}: recording must be one run from time 0, got one from {trains.t_start:g} s")
    return trains


def describe_neurons(
    neuron: AdaptiveLIF, trains: SpikeTrains, initial: Initial, vary: Mapping[str, Any] | None = None
) -> Described:
    """Describe a run of independent neurons, one a unit of `trains`.

    Raises
    ------
    ValueError
        A start or a varied parameter that the model refuses.
    """
    n = trains.n_units
    values = neuron.values(vary or {}, n)
    states = initial.plain_states(neuron.settable, n)
    neuron.check_initial(states, values)
    past, past_offsets = initial.plain_past_spikes(n, values["t_d"])
    values["refractory"] = 0.0
    parameters = np.column_stack([np.broadcast_to(np.asarray(values[name], dtype=float), (n,)) for name in COLUMNS])
    rows = np.repeat(np.arange(n), np.diff(past_offsets))
    none = np.empty(0, dtype=np.int64)
    run, recorded = _assemble(
        parameters, _each(states, "u", n), _each(states, "g", n), trains, past, rows, [], none, np.empty(0),
        np.empty(0), none,
    )  # fmt: skip
    return Described(run, recorded, [f"neuron {i}" for i in range(n)], 0, none)


def describe_network(where: str, network: Network, recording: Recording, initial: Initial) -> Described:
    """Describe the run of a network; its random input is drawn once more from the seed of the run.

    Raises
    ------
    ValueError
        A synapse is plastic, or the recording does not fit.
    """
    wiring = network.wiring
    trains = same_spikes(where, recording)
    if wiring.rules:
        raise ValueError(
            f"{where}: every synapse must be static, got {int(wiring.learns.sum())} plastic ones: what a spike time "
            "does to weights that change with every spike is not part of these derivatives; leave plasticity out of "
            "the Projection"
        )
    n = wiring.n
    if trains.n_units != n:
        raise ValueError(f"{where}: recording must have the {n} neurons of the network, got {trains.n_units}")
    states = initial.plain_states(network.settable, n)
    network.check_initial(states, wiring.values)
    history = read_history(initial, wiring, states)
    own = history.rows < n
    sources = [wiring.source_times[wiring.source_rows == row] for row in range(n, len(wiring.start) - 1)]
    entries, weights, targets, drive = _random_input(wiring, recording, float(trains.t_stop))
    rows = np.concatenate([wiring.rows, n + len(sources) + np.arange(len(entries))]).astype(np.int64)
    delay = np.concatenate([np.broadcast_to(wiring.delay, wiring.target.shape), np.zeros(len(entries))])
    run, recorded = _assemble(
        np.column_stack([wiring.values[name] for name in COLUMNS]), _each(states, "u", n), _each(states, "g", n),
        trains, history.times[own], history.rows[own], [*sources, *entries], rows,
        np.concatenate([wiring.weight, weights]), delay, np.concatenate([wiring.target, targets]).astype(np.int64),
    )  # fmt: skip
    return Described(run, recorded, [network.name_of(i) for i in range(n)], len(wiring.target), drive)


def _each(states: Mapping[str, Any], name: str, n: int) -> Floats:
    return np.array(np.broadcast_to(np.asarray(states.get(name, 0.0), dtype=np.float64), (n,)))


def _assemble(
    parameters: Floats, u0: Floats, g0: Floats, trains: SpikeTrains, past: Floats, past_rows: Integers,
    sources: list[Floats], row: Integers, weight: Floats, delay: Floats, target: Integers,
) -> tuple[Run, Integers]:  # fmt: skip
    """Put past spikes before recorded ones, neuron by neuron, and sources after them."""
    n = len(u0)
    counts = np.bincount(past_rows, minlength=n).astype(np.int64)
    inside = np.diff(trains.offsets)
    rows = np.concatenate([np.repeat(np.arange(n), inside), past_rows])
    times = np.concatenate([trains.times, past])
    order = np.lexsort((times, rows))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    sizes = np.concatenate([inside + counts, [len(train) for train in sources]]).astype(np.int64)
    offsets = np.zeros(len(sizes) + 1, dtype=np.int64)
    np.cumsum(sizes, out=offsets[1:])
    first = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(target, minlength=n), out=first[1:])
    run = Run(
        np.ascontiguousarray(parameters, dtype=np.float64), u0, g0, np.concatenate([times[order], *sources]), offsets,
        counts, row, weight, np.ascontiguousarray(delay), first, np.argsort(target, kind="stable").astype(np.int64),
    )  # fmt: skip
    return run, place[: len(trains.times)]


def _random_input(wiring: Wiring, recording: Recording, end: float) -> tuple[list[Floats], Floats, Integers, Integers]:
    """Draw the events of the Poisson input again: their times, jumps, neurons, and which input they belong to."""
    if not wiring.rates:
        return [], np.empty(0), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    inputs = network_inputs(wiring, int(recording.provenance["seed"]), 1.0)
    entries = len(inputs.poisson_rate)
    target = np.repeat(np.arange(wiring.n), np.diff(inputs.poisson_start))
    active = [np.flatnonzero(rate > 0.0) for rate in wiring.rates]
    drive = np.concatenate([np.full(len(rows), k) for k, rows in enumerate(active)]).astype(np.int64)
    drive = drive[np.lexsort((drive, np.concatenate(active)))]
    trains = []
    for e in range(entries):
        key, rate = inputs.poisson_key[e], float(inputs.poisson_rate[e])
        times, number, t = [], 0, 0.0
        while True:
            t -= _interval(key, np.uint64(number), rate)
            number += 1
            if t >= end:
                break
            times.append(t)
        trains.append(np.array(times))
    return trains, np.asarray(inputs.poisson_weight), target, drive
