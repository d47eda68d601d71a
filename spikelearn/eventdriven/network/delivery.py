"""Spikes under way to the neurons of one thread, and their arrivals within a window, neuron by neuron.

Arrivals are counted, then put in their places: those of neuron j stand in the boxes from ``box_place[j]`` to
``box_end[j] - 1``, sorted by time, then source, whatever the number of threads. Where all delays are the same the
spikes are sorted before; else each neuron's arrivals are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats, Integers, Places, Shorts
from spikelearn.compiled import njit

__all__ = ["count_arrivals", "list_neurons", "place_arrivals", "sort_arrivals", "sort_spikes"]


@njit(cache=True, inner=True, error_model="numpy")
def sort_spikes(times: Floats, rows: Integers, places: Integers, n: int) -> None:
    """Sort the first n spikes by time, then row (Shell's method; mostly they nearly are)."""
    gap = 1
    while 3 * gap + 1 < n:
        gap = 3 * gap + 1
    while gap > 0:
        for a in range(gap, n):
            t, r, p = times[a], rows[a], places[a]
            b = a - gap
            while b >= 0 and (times[b] > t or (times[b] == t and rows[b] > r)):
                times[b + gap], rows[b + gap], places[b + gap] = times[b], rows[b], places[b]
                b -= gap
            times[b + gap], rows[b + gap], places[b + gap] = t, r, p
        gap //= 3


@njit(cache=True, inner=True, error_model="numpy")
def count_arrivals(
    close: float, under_way: int, way_time: Floats, way_row: Integers, way_place: Integers, way_until: Integers,
    row_end: Integers, first: int, target: Shorts, delay: Floats, counts: Places,
) -> int:  # fmt: skip
    """Count the arrivals before `close` at each neuron, and all of them.

    Parameters
    ----------
    under_way, way_time, way_row, way_place
        Spikes with their next place in their row of synapses.
    way_until : ndarray
        Receives the place up to which each arrives now.
    row_end : ndarray
        Where this thread's part of each row ends.
    first : int
        The first neuron of this thread.
    target, delay : ndarray
        See `network_cells.Synapses`.
    counts : ndarray of uint32
        Zeros; receives the numbers.
    """
    arrived = 0
    for a in range(under_way):
        t, place, end = way_time[a], way_place[a], row_end[way_row[a]]
        until = place
        if len(delay) == 1:
            if t + delay[0] < close:
                until = end
        else:
            while until < end and t + delay[until] < close:
                until += 1
        for p in range(place, until):
            counts[np.uint32(target[p] - first)] += 1
        way_until[a] = until
        arrived += until - place
    return arrived


@njit(cache=True, inner=True, error_model="numpy")
def list_neurons(
    close: float, wake: Floats, plain: NDArray[np.bool_], counts: Places, box_place: Places,
    box_end: Places, queue: Places, visit: Places,
) -> tuple[int, int]:  # fmt: skip
    """Give every neuron its boxes, and list those to which something happens; the counts return to zero.

    Listed without a branch: whether something happens to a neuron is as good as random.

    Returns
    -------
    queued, visits : int
        How many are in `queue`, plain ones at which something arrives, and how many in `visit`.
    """
    queued, visits, place = 0, 0, 0
    for j in range(len(counts)):
        count = counts[j]
        counts[j] = 0
        # All boxes are still empty: each ends where it begins.
        box_place[j] = place
        box_end[j] = place
        place += count
        short = int(count > 0) & int(plain[j])
        queue[queued] = j
        queued += short
        visit[visits] = j
        visits += (int(count > 0) | int(wake[j] < close)) & (1 - short)
    return queued, visits


@njit(cache=True, inner=True, error_model="numpy")
def place_arrivals(
    under_way: int, way_time: Floats, way_row: Integers, way_place: Integers, way_until: Integers,
    row_end: Integers, first: int, target: Shorts, weight: Floats, delay: Floats, box_end: Places,
    box_row: Shorts, box_time: Floats, box_weight: Floats,
) -> int:  # fmt: skip
    """Put the arrivals into their boxes, and give how many spikes are still under way."""
    kept = 0
    for a in range(under_way):
        t, row, until = way_time[a], way_row[a], way_until[a]
        if len(delay) == 1:
            arrival = t + delay[0]
            for p in range(way_place[a], until):
                j = np.uint32(target[p] - first)
                b = box_end[j]
                box_end[j] = b + 1
                box_time[b], box_weight[b] = arrival, weight[p]
        else:
            for p in range(way_place[a], until):
                j = np.uint32(target[p] - first)
                b = box_end[j]
                box_end[j] = b + 1
                box_time[b], box_weight[b], box_row[b] = t + delay[p], weight[p], row
        if until < row_end[row]:
            way_time[kept], way_row[kept], way_place[kept] = t, row, until
            kept += 1
    return kept


@njit(cache=True, inner=True, error_model="numpy")
def sort_arrivals(box_place: Places, box_end: Places, box_time: Floats, box_weight: Floats, box_row: Shorts) -> None:
    """Sort the arrivals of every neuron by time, then source, then weight; mostly there are one or two."""
    for j in range(len(box_place)):
        begin, end = int(box_place[j]), int(box_end[j])
        if end - begin < 2:
            continue
        gap = 1
        while 3 * gap + 1 < end - begin:
            gap = 3 * gap + 1
        while gap > 0:
            for a in range(begin + gap, end):
                t, w, r = box_time[a], box_weight[a], box_row[a]
                b = a - gap
                while b >= begin and (
                    box_time[b] > t
                    or (box_time[b] == t and (box_row[b] > r or (box_row[b] == r and box_weight[b] > w)))
                ):
                    box_time[b + gap], box_weight[b + gap], box_row[b + gap] = box_time[b], box_weight[b], box_row[b]
                    b -= gap
                box_time[b + gap], box_weight[b + gap], box_row[b + gap] = t, w, r
            gap //= 3
