"""The arrays that one thread works in during a piece of a run, made here and not in compiled code.

Every size and kind of array that compiled code makes by itself is one more function that has to be compiled first.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats, Integers, Places, Shorts
from spikelearn.eventdriven.network.jumps import BLOCK_ROOM, LANES

__all__ = ["Buffers", "buffers"]


class Buffers(NamedTuple):
    """The arrays of one thread; those that grow are replaced in the loop.

    Attributes
    ----------
    way_time, way_row, way_place, way_until : ndarray
        Spikes under way to this thread's neurons, each with its place in its row of synapses; grow.
    pool_time, pool_next, own_first, own_last : ndarray
        Own spikes whose potassium is still to come, as linked lists in one pool, which grows; first and last entry of
        each neuron, -1 where it has none.
    counts, box_place, box_end, box_time, box_weight, box_row : ndarray
        Arrivals of a window: neuron j's stand in its boxes from ``box_place[j]`` to ``box_end[j] - 1``; the last three
        grow.
    drawn_at, drawn_time, drawn_weight : ndarray
        Poisson input of a window, or arrivals put aside; grow.
    marks, none_plain, block, taken, after : ndarray
        See `direct.arrive` and `jumps.advance_by_jumps`.
    visit, queue : ndarray of uint32
        Neurons to be looked at closely, and those with a short way; the second grows.
    burst : ndarray of int32
        Spikes of each neuron in this epoch.
    spike_times, spike_rows : ndarray
        Spikes found; grow.
    """

    way_time: Floats
    way_row: Integers
    way_place: Integers
    way_until: Integers
    pool_time: Floats
    pool_next: Integers
    own_first: Integers
    own_last: Integers
    counts: Places
    box_place: Places
    box_end: Places
    box_time: Floats
    box_weight: Floats
    box_row: Shorts
    drawn_at: Places
    drawn_time: Floats
    drawn_weight: Floats
    marks: Places
    none_plain: NDArray[np.bool_]
    block: Floats
    taken: Places
    after: Places
    visit: Places
    queue: Places
    burst: Shorts
    spike_times: Floats
    spike_rows: Shorts


def buffers(n: int, recent: int) -> Buffers:
    """Make the arrays for a thread with n neurons, and with room for so many spikes that are under way already."""
    places, shorts, integers = np.uint32, np.int32, np.int64
    way, pool = 256 + recent, 1024 + recent
    return Buffers(
        way_time=np.empty(way),
        way_row=np.empty(way, integers),
        way_place=np.empty(way, integers),
        way_until=np.empty(way, integers),
        pool_time=np.empty(pool),
        pool_next=np.empty(pool, integers),
        own_first=np.full(n, -1, integers),
        own_last=np.full(n, -1, integers),
        counts=np.zeros(n, places),
        box_place=np.empty(n, places),
        box_end=np.empty(n, places),
        box_time=np.empty(1024),
        box_weight=np.empty(1024),
        box_row=np.empty(1024, shorts),
        drawn_at=np.empty(1024, places),
        drawn_time=np.empty(1024),
        drawn_weight=np.empty(1024),
        marks=np.zeros(n, places),
        none_plain=np.zeros(n, np.bool_),
        block=np.zeros(BLOCK_ROOM),
        taken=np.zeros(LANES, places),
        after=np.empty(LANES, places),
        visit=np.empty(n + 1, places),
        queue=np.empty(max(n + 1, 1024), places),
        burst=np.zeros(n, shorts),
        spike_times=np.empty(4096),
        spike_rows=np.empty(4096, shorts),
    )
