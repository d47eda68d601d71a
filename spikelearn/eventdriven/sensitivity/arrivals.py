"""Which jumps arrive in which segment of a neuron.

Within a segment the order of jumps does not matter, since u depends on each of them linearly; so nothing is sorted.
Each synapse walks along the spikes of its source and the segments of its target together.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spikelearn.arrays import Integers
from spikelearn.compiled import njit
from spikelearn.eventdriven.sensitivity.records import Arrivals, Run, Segments
from spikelearn.eventdriven.sensitivity.segments import cut_after

__all__ = ["find_arrivals"]


def find_arrivals(run: Run, segments: Segments, low: Integers, high: Integers) -> Arrivals:
    """List the arrivals in segments ``low[i]`` to ``high[i] - 1`` of every neuron i.

    Parameters
    ----------
    run : Run
        The run.
    segments : Segments
        From `segments.make_segments`.
    low, high : ndarray of int64, shape (n,)
        Which segments.
    """
    place = np.zeros(len(low) + 1, dtype=np.int64)
    np.cumsum(high - low, out=place[1:])
    counts = np.zeros(int(place[-1]) + 1, dtype=np.int64)
    nothing = Arrivals(low, place, counts, np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32))
    _walk(run, segments, high, nothing, counts, False)
    start = np.zeros(len(counts), dtype=np.int64)
    np.cumsum(counts[:-1], out=start[1:])
    total = int(start[-1])
    found = Arrivals(low, place, start, np.empty(total, dtype=np.int64), np.empty(total, dtype=np.int32))
    _walk(run, segments, high, found, start[:-1].copy(), True)
    return found


@njit(cache=True, error_model="numpy")
def _first_after(times: Any, low: int, high: int, delay: float, cut: float) -> int:
    """Find the first spike that arrives after `cut`, by the very sum that the engine takes."""
    while low < high:
        middle = (low + high) >> 1
        if times[middle] + delay > cut:
            high = middle
        else:
            low = middle + 1
    return low


@njit(cache=True, error_model="numpy")
def _walk(run: Run, segments: Segments, high: Any, arrivals: Arrivals, room: Any, fill: bool) -> None:
    times, offsets, rows, delays, onto = run.times, run.offsets, run.row, run.delay, run.onto
    ends, kinds, clamped, first_of = segments.end, segments.kind, segments.clamped, segments.first
    spikes, synapses = arrivals.spike, arrivals.synapse
    for i in range(len(high)):
        low, stop = arrivals.low[i], high[i]
        if low >= stop:
            continue
        shift = arrivals.place[i] - low
        # What arrived at time 0 or before is part of the state at the start.
        begin = cut_after(ends[low - 1], kinds[low - 1]) if low > first_of[i] else 0.0
        for q in range(run.first[i], run.first[i + 1]):
            synapse = onto[q]
            row, delay = rows[synapse], delays[synapse]
            k = _first_after(times, offsets[row], offsets[row + 1], delay, begin)
            s = low
            cut = cut_after(ends[s], kinds[s])
            while k < offsets[row + 1]:
                t = times[k] + delay
                while t > cut:
                    s += 1
                    cut = cut_after(ends[s], kinds[s]) if s < stop else math.inf
                if s == stop:
                    break
                if not clamped[s]:
                    slot = room[s + shift]
                    if fill:
                        spikes[slot], synapses[slot] = k, synapse
                    room[s + shift] = slot + 1
                k += 1
