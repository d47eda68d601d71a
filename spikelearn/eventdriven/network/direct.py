"""The shortest way: arrivals of one instant go straight from the synapses of a spike into the lanes of a block.

Where all delays are the same, the arrivals of a window come in the order of its spikes, and nothing has to be sorted
by neuron before. An arrival that must be looked at closely is put aside, and with it all later ones of its neuron; so
are those that reach a neuron at one instant, by spikes of one instant or by several synapses of one spike: their sum
counts. Mostly they are few, and go the way of `delivery` and `advance`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats, Integers, Places, Shorts
from spikelearn.compiled import njit
from spikelearn.eventdriven.network.jumps import LANES, follow_block, load_lane, store_lane
from spikelearn.eventdriven.network.plasticity import (
    PLASTIC,
    Plastic,
    change_listed,
    fetch_row,
    list_change,
    weight_of,
)
from spikelearn.eventdriven.network.prefetch import prefetch, prefetch_item

__all__ = ["arrive", "expected_arrivals", "place_aside", "rows_rise"]


_place: Any = np.uint32
# How many synapses ahead numbers are fetched that lie far away in memory.
_AHEAD = 24
# What a cache line holds of targets and of weights.
_TARGETS, _WEIGHTS = 16, 8


@njit(cache=True, error_model="numpy")
def rows_rise(start: Integers, target: Shorts) -> bool:
    """Tell whether the targets of every row are sorted, so that synapses onto one neuron lie side by side."""
    for row in range(len(start) - 1):
        for p in range(start[row] + 1, start[row + 1]):
            if target[p] < target[p - 1]:
                return False
    return True


@njit(cache=True, inner=True, error_model="numpy")
def expected_arrivals(
    close: float,
    under_way: int,
    way_time: Floats,
    way_row: Integers,
    way_place: Integers,
    row_end: Integers,
    delay: float,
) -> int:
    """Count the arrivals before `close`, where all delays are the same."""
    arrived = 0
    for a in range(under_way):
        if way_time[a] + delay < close:
            arrived += row_end[way_row[a]] - way_place[a]
    return arrived


@njit(cache=True, inner=True, error_model="numpy")
def _mark(
    a: int, until: int, way_row: Integers, way_place: Integers, row_end: Integers, target: Shorts, first: int,
    marks: Places, mark: int,
) -> None:  # fmt: skip
    """Mark the targets of the spikes from a to `until - 1`: with `mark`, or one more where several synapses meet."""
    for b in range(a, until):
        for p in range(way_place[b], row_end[way_row[b]]):
            j = _place(target[p] - first)
            marks[j] = np.uint32(mark + int(marks[j] >= mark))


@njit(cache=True, inner=True, error_model="numpy")
def arrive(
    close: float, under_way: int, way_time: Floats, way_row: Integers, way_place: Integers, row_end: Integers,
    first: int, target: Shorts, weight: Floats, delay: float, state: Floats, quick: Floats, wake: Floats,
    plain: NDArray[np.bool_], counts: Places, aside_at: Places, aside_time: Floats, aside_weight: Floats,
    marks: Places, block: Floats, room: int, plastic: Plastic,
) -> tuple[int, int, int]:  # fmt: skip
    """Let the sorted spikes that arrive before `close` change the neurons to which nothing else can happen before.

    Parameters
    ----------
    close, under_way, way_time, way_row, way_place, row_end, first, target, weight, delay
        See `delivery.count_arrivals`; spikes still under way afterwards move to the front.
    state, quick, wake, plain : ndarray
        Of the thread's neurons.
    counts : ndarray of uint32
        Zeros; receives how many arrivals of each neuron were put aside.
    aside_at, aside_time, aside_weight : ndarray
        Receive them; there must be room for all that arrive.
    marks : ndarray of uint32
        Zeros; room for one number a neuron.
    block, room, plastic
        See `jumps.advance_by_jumps`.

    Returns
    -------
    under_way, aside, broken : int
        Spikes still under way, arrivals put aside, row of a synapse that is no longer finite or -1.
    """
    learning = plastic.columns > 0
    marks[:] = 0
    aside, broken, kept, group, mark = 0, -1, 0, 0, 1
    for a in range(under_way):
        t, place, end = way_time[a] + delay, way_place[a], row_end[way_row[a]]
        if not t < close:
            way_time[kept], way_row[kept], way_place[kept] = way_time[a], way_row[a], place
            kept += 1
            continue
        coming, until = end - 1, end
        if a + 1 < under_way:
            coming, until = way_place[a + 1], row_end[way_row[a + 1]]
            for p in range(coming, until, _TARGETS):
                prefetch_item(target, p)
            for p in range(coming, until, _WEIGHTS):
                prefetch_item(weight, p)
        if a == group:
            # Spikes that cross the threshold by one jump fire, and arrive, at one instant.
            group, mark = a + 1, mark + 2
            while group < under_way and way_time[group] + delay == t:
                group += 1
            meet = group > a + 1
            if meet:
                _mark(a, group, way_row, way_place, row_end, target, first, marks, mark)
        begin = place
        while place < end:
            lanes = min(LANES, end - place)
            for k in range(lanes):
                p = place + k
                # Beyond the end of this row begins that of the next spike.
                ahead = p + _AHEAD if p + _AHEAD < end else min(p + _AHEAD - end + coming, until - 1)
                far = _place(target[ahead] - first)
                prefetch(state, far, 0)
                prefetch(quick, far, 0)
                if learning:
                    fetch_row(weight[ahead], plastic)
                j = _place(target[p] - first)
                may = plain[j] & (counts[j] == 0) & ((not meet) | (marks[j] <= mark))
                may &= (target[max(p - 1, begin)] != target[p]) | (p == begin)
                may &= (target[min(p + 1, end - 1)] != target[p]) | (p == end - 1)
                load_lane(k, j, t, weight_of(weight[p], plastic), may, state, quick, block)
            follow_block(block)
            changes = 0
            for k in range(lanes):
                p = place + k
                j = _place(target[p] - first)
                if not store_lane(k, j, state, wake, block):
                    aside_at[aside], aside_time[aside], aside_weight[aside] = j, t, weight[p]
                    aside += 1
                    counts[j] += np.uint32(1)
                elif learning and weight[p] >= PLASTIC:
                    list_change(changes, weight[p], t, room)
                    changes += 1
            if changes > 0:
                broken = change_listed(changes, room, plastic)
                if broken >= 0:
                    return kept, aside, broken
            place += lanes
    return kept, aside, broken


@njit(cache=True, inner=True, error_model="numpy")
def place_aside(
    aside: int, aside_at: Places, aside_time: Floats, aside_weight: Floats, box_end: Places, box_time: Floats,
    box_weight: Floats,
) -> None:  # fmt: skip
    """Put the arrivals that were put aside into the boxes of their neurons."""
    for m in range(aside):
        b = box_end[aside_at[m]]
        box_end[aside_at[m]] = b + 1
        box_time[b], box_weight[b] = aside_time[m], aside_weight[m]
