"""Which jumps arrive in which segment of a neuron.

Within a segment the order of jumps does not matter, since u depends on each of them linearly; so nothing is sorted.
Each synapse walks along the spikes of its source and the segments of its target together.
"""

from __future__ import annotations

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
    # Where each synapse begins in the spikes of its source, and how many of them arrive here.
    spans = np.zeros((len(run.onto), 2), dtype=np.int64)
    _bound(run, segments, low, high, spans)
    where = np.empty(int(spans[:, 1].sum()), dtype=np.int32)
    _walk(run, segments, low, high, place, spans, where, counts)
    start = np.zeros(len(counts), dtype=np.int64)
    np.cumsum(counts[:-1], out=start[1:])
    total = int(start[-1])
    found = Arrivals(
        low, place, start, np.empty(total, dtype=np.int32), np.empty(total, dtype=np.int32), np.empty(total)
    )
    _fill(run, spans, where, start[:-1].copy(), found)
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
def _cut(segments: Segments, s: int, first: int) -> Any:
    """Give the last time of an arrival in segment s or before; nothing takes again what a spike takes."""
    cut = cut_after(segments.end[s], segments.kind[s])
    k = s - 1
    while k >= first and segments.end[k] >= cut:
        cut = max(cut, cut_after(segments.end[k], segments.kind[k]))
        k -= 1
    return cut


@njit(cache=True, error_model="numpy")
def _bound(run: Run, segments: Segments, low: Any, high: Any, spans: Any) -> None:
    times, offsets, rows, delays, onto = run.times, run.offsets, run.row, run.delay, run.onto
    for i in range(len(high)):
        if low[i] >= high[i]:
            continue
        # What arrived at time 0 or before is part of the state at the start.
        begin = _cut(segments, low[i] - 1, segments.first[i]) if low[i] > segments.first[i] else 0.0
        close = _cut(segments, high[i] - 1, segments.first[i])
        for q in range(run.first[i], run.first[i + 1]):
            row, delay = rows[onto[q]], delays[onto[q]]
            k = _first_after(times, offsets[row], offsets[row + 1], delay, begin)
            spans[q, 0], spans[q, 1] = k, _first_after(times, k, offsets[row + 1], delay, close) - k


@njit(cache=True, error_model="numpy")
def _walk(run: Run, segments: Segments, low: Any, high: Any, place: Any, spans: Any, where: Any, counts: Any) -> None:
    """Note the segment of every arrival, synapse by synapse, or -1 where the membrane stands still."""
    times, delays, onto, clamped = run.times, run.delay, run.onto, segments.clamped
    cuts = np.empty(1)
    m = 0
    for i in range(len(high)):
        first, size = low[i], high[i] - low[i]
        if size > len(cuts):
            cuts = np.empty(2 * size)
        for s in range(size):
            cuts[s] = _cut(segments, first + s, segments.first[i])
        for q in range(run.first[i], run.first[i + 1]):
            delay, s = delays[onto[q]], 0
            for k in range(spans[q, 0], spans[q, 0] + spans[q, 1]):
                t = times[k] + delay
                while t > cuts[s]:
                    s += 1
                if clamped[first + s]:
                    where[m] = -1
                else:
                    where[m] = place[i] + s
                    counts[place[i] + s] += 1
                m += 1


@njit(cache=True, error_model="numpy")
def _fill(run: Run, spans: Any, where: Any, room: Any, arrivals: Arrivals) -> None:
    times, delays, onto = run.times, run.delay, run.onto
    spikes, synapses, when = arrivals.spike, arrivals.synapse, arrivals.time
    m = 0
    for q in range(len(spans)):
        synapse = onto[q]
        delay = delays[synapse]
        for k in range(spans[q, 0], spans[q, 0] + spans[q, 1]):
            s = where[m]
            m += 1
            if s >= 0:
                slot = room[s]
                room[s] = slot + 1
                spikes[slot], synapses[slot], when[slot] = k, synapse, times[k] + delay
