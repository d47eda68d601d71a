"""What a run is read again from, and what is found in it: plain arrays in SI units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats, Integers, Shorts

__all__ = ["COLUMNS", "FLOW", "JUMP", "PAUSE", "POTASSIUM", "Arrivals", "Margins", "Run", "Segments"]

# Columns of the parameters of a neuron, and of everything that is taken by them.
COLUMNS = ("V_0", "theta", "Delta", "tau", "tau_K", "delta_g", "t_d", "refractory")
# What ends a segment: the flow reaches threshold, a jump does, own potassium arrives, a refractory period is over.
FLOW, JUMP, POTASSIUM, PAUSE = range(4)


class Run(NamedTuple):
    """A run from time 0: the neurons, the synapses onto them, and all spikes.

    Attributes
    ----------
    parameters : ndarray, shape (n, 8)
        In the order of `COLUMNS`.
    u0, g0 : ndarray, shape (n,)
        State at time 0.
    times : ndarray
        Spikes in seconds, row after row, sorted within each: neurons first, then sources from outside.
    offsets : ndarray of int64, shape (n_rows + 1,)
        The spikes of row r are ``times[offsets[r]:offsets[r + 1]]``.
    past : ndarray of int64, shape (n,)
        How many of a neuron's spikes lie before the start.
    row : ndarray of int64, shape (n_synapses,)
        Source of every synapse.
    weight, delay : ndarray, shape (n_synapses,)
        Volts and seconds.
    first : ndarray of int64, shape (n + 1,)
        Where the synapses onto each neuron begin in `onto`.
    onto : ndarray of int64, shape (n_synapses,)
        Numbers of the synapses, by target.
    """

    parameters: Floats
    u0: Floats
    g0: Floats
    times: Floats
    offsets: Integers
    past: Integers
    row: Integers
    weight: Floats
    delay: Floats
    first: Integers
    onto: Integers


class Segments(NamedTuple):
    """Stretches of neurons' time between events of their own, up to each neuron's last spike.

    Attributes
    ----------
    first : ndarray of int64, shape (n + 1,)
        The segments of neuron i are ``first[i]`` to ``first[i + 1] - 1``, in order of time.
    neuron : ndarray of int32
        Whose each is.
    end : ndarray
        When it ends, seconds; the next one of the neuron begins there.
    kind : ndarray of int8
        What ends it; `FLOW` is changed to `JUMP` when arrivals have been looked at.
    source : ndarray of int64
        The spike that ends it, for potassium and pauses the own spike that they follow.
    cause, synapse : ndarray of int64
        For `JUMP` the spike that arrives, and by which synapse.
    clamped : ndarray of bool
        Whether the membrane stands still in it.
    y, g : ndarray
        V_0 - u and conductance right after it begins.
    """

    first: Integers
    neuron: Shorts
    end: Floats
    kind: NDArray[np.int8]
    source: Integers
    cause: Integers
    synapse: Integers
    clamped: NDArray[np.bool_]
    y: Floats
    g: Floats


class Arrivals(NamedTuple):
    """Jumps that arrive in some segments, segment by segment.

    Attributes
    ----------
    low : ndarray of int64, shape (n,)
        First segment of each neuron that is looked at here.
    place : ndarray of int64, shape (n + 1,)
        Where each neuron's segments begin in `start`.
    start : ndarray of int64
        Where the arrivals of each segment begin; one entry more than segments.
    spike, synapse : ndarray of int32
        Which spike arrives, and by which synapse.
    time : ndarray
        When, seconds.
    """

    low: Integers
    place: Integers
    start: Integers
    spike: Shorts
    synapse: Shorts
    time: Floats


@dataclass(eq=False)
class Margins:
    """How far a run is from where spike times have no derivative.

    Parameters
    ----------
    slope : float
        Smallest du/dt at which the flow reached a threshold, V/s; infinite without such a spike.
    slope_spike : int
        Which spike that was, counted as in `Run.times`.
    gap : float
        Shortest time between a spike that the flow made and an arrival at the same neuron, seconds.
    gap_spike : int
        Which spike.
    excess : float
        Smallest distance above threshold after a jump that made a spike, volts.
    excess_spike : int
        Which spike.
    together : int
        Spikes made by several arrivals at one instant.
    mismatch : float
        Largest distance of a neuron from its threshold at a recorded spike, volts.
    mismatch_spike : int
        Which spike.
    arrivals : int
        Jumps that arrived.
    """

    slope: float = np.inf
    slope_spike: int = -1
    gap: float = np.inf
    gap_spike: int = -1
    excess: float = np.inf
    excess_spike: int = -1
    together: int = 0
    mismatch: float = 0.0
    mismatch_spike: int = -1
    arrivals: int = 0
