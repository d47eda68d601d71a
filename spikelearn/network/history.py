"""Spikes before the start of a network's run whose effects are still to come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikelearn.arrays import Floats, Integers
from spikelearn.network.wiring import Wiring
from spikelearn.simulation.initial import Initial

__all__ = ["History", "Pending", "read_history"]


@dataclass(frozen=True, eq=False)
class Pending:
    """Arrivals after time 0 of spikes before it; times in seconds.

    Parameters
    ----------
    own_times, own_neurons : ndarray
        Potassium of the neurons themselves.
    times, targets, weights, synapses : ndarray
        Jumps of u, volts, and the numbers of the synapses.
    """

    own_times: Floats
    own_neurons: Integers
    times: Floats
    targets: Integers
    weights: Floats
    synapses: Integers


@dataclass(frozen=True, eq=False)
class History:
    """Spikes at times not after 0, sorted by row, then time.

    Parameters
    ----------
    times, rows : ndarray
        Seconds, and who fired: neurons, then external trains.
    """

    times: Floats
    rows: Integers

    def pending(self, wiring: Wiring) -> Pending:
        """Work out what of these spikes arrives after time 0, one entry an arrival."""
        neurons = self.rows < wiring.n
        own = self.times[neurons] + wiring.values["t_d"][self.rows[neurons]]
        late = (own > 0.0) & (wiring.values["t_d"][self.rows[neurons]] > 0.0)
        first, count = wiring.start[self.rows], np.diff(wiring.start)[self.rows]
        spike = np.repeat(np.arange(len(self.times)), count)
        synapse = np.repeat(first - np.cumsum(count) + count, count) + np.arange(len(spike))
        delay = wiring.delay[synapse] if len(wiring.delay) > 1 else wiring.delay[:1]
        arrival = self.times[spike] + delay
        after = arrival > 0.0
        synapse = synapse[after]
        return Pending(
            own[late],
            self.rows[neurons][late],
            arrival[after],
            wiring.target[synapse].astype(np.int64),
            wiring.weight[synapse],
            synapse,
        )


def read_history(initial: Initial, wiring: Wiring, states: Mapping[str, Any]) -> History:
    """Take the past spikes of the neurons, and external spikes before time 0 that are still under way.

    Parameters
    ----------
    initial : Initial
        Its past spikes must lie so late that something of them is still to come: potassium, a jump at another neuron,
        or the end of the refractory period.
    wiring : Wiring
        The network.
    states : mapping
        ``u`` at time 0, where it is given, volts.

    Raises
    ------
    ValueError
        A past spike out of this range, or u other than the reset in a neuron that is still refractory.
    """
    refractory = wiring.values["refractory"]
    reach = np.maximum(wiring.values["t_d"], refractory)
    times, rows = np.empty(0), np.empty(0, dtype=np.int64)
    if len(initial.past_spikes):
        split = int(wiring.start[wiring.n])
        np.maximum.at(reach, wiring.rows[:split], wiring.delay if len(wiring.delay) == 1 else wiring.delay[:split])
        # Of a list for all, what is still to come for some neurons is in the past for others.
        longest = reach if initial.per_neuron else reach.max()
        times, offsets = initial.plain_past_spikes(wiring.n, longest, "its longest delay")
        rows = np.repeat(np.arange(wiring.n), np.diff(offsets))
        u = np.broadcast_to(np.asarray(states.get("u", 0.0)), (wiring.n,))
        wrong = (times + refractory[rows] > 0.0) & (u[rows] != 0.0)
        if wrong.any():
            neuron = int(rows[wrong.argmax()])
            raise ValueError(
                f"Initial.u must be 0 for a neuron that is still refractory at time 0, got {u[neuron]:g} V of neuron "
                f"{neuron} with a spike at {times[wrong.argmax()]:g} s"
            )
    early = wiring.source_times < 0.0
    if early.any():
        early &= wiring.source_times + wiring.delay.max() > 0.0
    order = np.lexsort((wiring.source_times[early], wiring.source_rows[early]))
    return History(
        np.concatenate([times, wiring.source_times[early][order]]),
        np.concatenate([rows, wiring.source_rows[early][order]]).astype(np.int64),
    )
