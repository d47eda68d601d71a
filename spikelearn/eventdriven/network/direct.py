"""The shortest way: arrivals of one instant go straight from the synapses of a spike into the lanes of a block.

Where all delays are the same, the arrivals of a window come in the order of its spikes, and nothing has to be sorted
by neuron before. An arrival that must be looked at closely is put aside, and with it all later ones of its neuron; so
are those that reach a neuron at one instant, by spikes of one instant or by several synapses of one spike: their sum
counts. Mostly they are few, and go the way of `delivery` and `advance`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spikelearn.arrays import Floats, Integers, Places, Shorts
from spikelearn.compiled import njit
from spikelearn.eventdriven.network.cells import OWN_NEXT
from spikelearn.eventdriven.network.jumps import (
    JUMP,
    LANES,
    MAY,
    TIME,
    WITHIN,
    follow_block,
    put_back,
    take_up,
    wake_of,
)
from spikelearn.eventdriven.network.plasticity import (
    PLASTIC,
    Plastic,
    change_listed,
    fetch_row,
    list_change,
    weight_of,
)
from spikelearn.eventdriven.network.prefetch import prefetch, prefetch_item
from spikelearn.eventdriven.network.rows import EIGHT

__all__ = ["arrive", "expected_arrivals", "place_aside", "rows_rise"]


_place: Any = np.uint32
# An index that cannot count from the end: the compiler need not ask.
_item: Any = np.uint64
# How many synapses ahead numbers are fetched that lie far away in memory.
_AHEAD = 24
# What a cache line holds of targets and of weights.
_TARGETS, _WEIGHTS = 16, 8


@njit(cache=True, error_model="numpy")
def rows_rise(start: Integers, target: Shorts) -> tuple[bool, bool]:
    """Tell whether the targets of every row are sorted, with synapses onto one neuron side by side; and if none are."""
    single = True
    for row in range(len(start) - 1):
        for p in range(start[row] + 1, start[row + 1]):
            if target[p] < target[p - 1]:
                return False, False
            single &= target[p] != target[p - 1]
    return True, single


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
    single: bool, counts: Places, aside_at: Places, aside_time: Floats, aside_weight: Floats,
    marks: Places, block: Floats, at: Places, room: int, plastic: Plastic,
) -> tuple[int, int, int]:  # fmt: skip
    """Let the sorted spikes that arrive before `close` change the neurons to which nothing else can happen before.

    Parameters
    ----------
    close, under_way, way_time, way_row, way_place, row_end, first, target, weight, delay
        See `delivery.count_arrivals`; spikes still under way afterwards move to the front.
    state, quick, wake : ndarray
        Of the thread's neurons.
    single : bool
        Whether no source has two synapses onto one neuron.
    counts : ndarray of uint32
        Zeros; receives how many arrivals of each neuron were put aside.
    aside_at, aside_time, aside_weight : ndarray
        Receive them; there must be room for all that arrive.
    marks : ndarray of uint32
        Zeros; room for one number a neuron.
    block, at, room, plastic
        See `jumps.advance_by_jumps`.

    Returns
    -------
    under_way, aside, broken : int
        Spikes still under way, arrivals put aside, row of a synapse that is no longer finite or -1.
    """
    learning = plastic.columns > 0
    states, constants, ats, blocks = state.ctypes.data, quick.ctypes.data, at.ctypes.data, block.ctypes.data
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
                far = _place(target[_item(ahead)] - first)
                prefetch(state, far, 0)
                prefetch(quick, far, 0)
                if learning:
                    fetch_row(weight[_item(ahead)], plastic)
                j = _place(target[_item(p)] - first)
                at[k] = j
                block[TIME + k], block[JUMP + k], block[MAY + k] = t, weight_of(weight[_item(p)], plastic), 1.0
                if meet and marks[j] > mark:
                    block[MAY + k] = 0.0
                if not single and (
                    (p > begin and target[p - 1] == target[p]) or (p + 1 < end and target[p + 1] == target[p])
                ):
                    block[MAY + k] = 0.0
                if k % EIGHT == EIGHT - 1 or k == lanes - 1:
                    take_up(k - k % EIGHT, lanes, at, states, constants, ats, blocks)
            follow_block(block)
            put_back(lanes, states, ats, blocks)
            changes = 0
            for k in range(lanes):
                j, w = at[k], weight[_item(place + k)]
                if not block[WITHIN + k] >= 0.0:
                    aside_at[aside], aside_time[aside], aside_weight[aside] = j, t, w
                    aside += 1
                    counts[j] += np.uint32(1)
                    # Until it has been looked at nothing goes the short way.
                    state[j, OWN_NEXT] = -math.inf
                    continue
                wake[j] = wake_of(k, block)
                if learning and w >= PLASTIC:
                    list_change(changes, w, t, room)
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
