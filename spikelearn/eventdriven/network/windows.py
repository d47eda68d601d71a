"""The compiled loop over the windows of a network: deliver, advance, exchange.

No spike has an effect on another neuron sooner than the shortest delay. Within a window not longer than that, every
neuron advances by itself; at its end the spikes are exchanged. Each thread owns a range of neurons and all synapses
onto them. Jumps that meet at one neuron are sorted by time, then source, so that the sums, and with them every digit,
are the same for any number of threads. Most of them go the short way of `network_jumps`, the others that of
`network_advance`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats, Integers, Shorts
from spikelearn.compiled import njit
from spikelearn.eventdriven.network.advance import advance
from spikelearn.eventdriven.network.barrier import wait
from spikelearn.eventdriven.network.buffers import Buffers
from spikelearn.eventdriven.network.cells import DELAY, OWN_NEXT, Inputs, Sources, Synapses
from spikelearn.eventdriven.network.delivery import (
    count_arrivals,
    list_neurons,
    place_arrivals,
    sort_arrivals,
    sort_spikes,
)
from spikelearn.eventdriven.network.direct import arrive, expected_arrivals, place_aside
from spikelearn.eventdriven.network.drive import draw_arrivals, merge_arrivals
from spikelearn.eventdriven.network.jumps import advance_by_jumps
from spikelearn.eventdriven.network.plasticity import ROOM, Plastic

__all__ = ["run_windows"]


# A number that begins as a literal would have everything that takes it compiled twice.
_wide: Any = np.int64
# For so many windows arrivals are sorted by neuron after one in which more than a quarter had to be put aside.
_SORTED = 32


@njit(cache=True, inner=True, error_model="numpy")
def _longer(array: Any, size: int) -> Any:
    """Copy an array into one of at least this size, and twice its own."""
    room = max(size, 2 * len(array))
    new = np.empty(room, array.dtype)
    for k in range(len(array)):
        new[k] = array[k]
    return new


@njit(cache=True, inner=True, error_model="numpy")
def _take_up(
    start: float, first: int, end: int, recent_times: Floats, recent_rows: Integers, row_start: Integers,
    row_end: Integers, delay: Floats, cells: Floats, way_time: Floats, way_row: Integers, way_place: Integers,
    pool_time: Floats, pool_next: Integers, own_first: Integers, own_last: Integers,
) -> tuple[int, int]:  # fmt: skip
    """Take up the spikes of before: those still under way, and those whose potassium is still to come; count both."""
    under_way, pool_size = 0, 0
    uniform = len(delay) == 1
    for k in range(len(recent_times)):
        row = recent_rows[k]
        place, until = row_start[row], row_end[row]
        # What arrived at time 0 or before is part of the initial state.
        while place < until and (
            recent_times[k] + delay[0 if uniform else place] < start
            or recent_times[k] + delay[0 if uniform else place] <= 0.0
        ):
            place += 1
        if place < until:
            way_time[under_way], way_row[under_way], way_place[under_way] = recent_times[k], row, place
            under_way += 1
        own = recent_times[k] + cells[row, DELAY] if first <= row < end and cells[row, DELAY] > 0.0 else -math.inf
        if own >= start and own > 0.0:
            pool_time[pool_size], pool_next[pool_size] = recent_times[k], -1
            if own_first[row - first] < 0:
                own_first[row - first] = pool_size
            else:
                pool_next[own_last[row - first]] = pool_size
            own_last[row - first] = pool_size
            pool_size += 1
    return under_way, pool_size


@njit(cache=True, inner=True, error_model="numpy")
def _expect_own(
    first: int, end: int, cells: Floats, state: Floats, pool_time: Floats, own_first: Integers, traced: Integers,
    trace_place: Integers, trace_times: Floats,
) -> None:  # fmt: skip
    """Set OWN_NEXT of every neuron."""
    for i in range(first, end):
        own = own_first[i - first]
        following_own = pool_time[own] + cells[i, DELAY] if own >= 0 else math.inf
        if traced[i] >= 0 and trace_place[traced[i]] < len(trace_times):
            following_own = min(following_own, trace_times[trace_place[traced[i]]])
        state[i, OWN_NEXT] = following_own


@njit(cache=True, inner=True, error_model="numpy")
def _sources_before(close: float, source: int, source_times: Floats) -> int:
    """Give the place of the first external spike not before `close`, looking from `source` on."""
    while source < len(source_times) and source_times[source] < close:
        source += 1
    return source


@njit(cache=True, inner=True, error_model="numpy")
def _take_over(
    begin: int, end: int, times: Floats, rows: Any, row_start: Integers, row_end: Integers, under_way: int,
    way_time: Floats, way_row: Integers, way_place: Integers,
) -> int:  # fmt: skip
    """Put spikes among those under way, where they have synapses, and give how many there are."""
    for m in range(begin, end):
        row = rows[m]
        if row_end[row] > row_start[row]:
            way_time[under_way], way_row[under_way], way_place[under_way] = times[m], row, row_start[row]
            under_way += 1
    return under_way


@njit(cache=True, nogil=True, error_model="numpy")
def run_windows(
    thread: int,
    ranges: Integers,
    barrier: Integers,
    status: Integers,
    shared_times: Floats,
    shared_rows: Shorts,
    shared_start: Integers,
    shared_counts: Integers,
    begin: float,
    first_window: int,
    last_window: int,
    window: float,
    stop: float,
    cells: Floats,
    quick: Floats,
    state: Floats,
    wake: Floats,
    synapses: Synapses,
    row_start: Integers,
    row_end: Integers,
    sources: Sources,
    poisson: Inputs,
    autonomous: NDArray[np.bool_],
    plain: NDArray[np.bool_],
    rising: bool,
    single: bool,
    recent_times: Floats,
    recent_rows: Integers,
    limit: int,
    epoch: int,
    traced: Integers,
    trace_place: Integers,
    trace_times: Floats,
    u: Floats,
    g: Floats,
    plastic: Plastic,
    work: Buffers,
) -> tuple[Floats, Shorts, int]:
    """Run the neurons of one thread through some windows; all threads call this together.

    Parameters
    ----------
    thread : int
        Which thread this is; it owns neurons ``ranges[thread]`` to ``ranges[thread + 1] - 1``.
    barrier : ndarray
        See `barrier.wait`.
    status : ndarray of int64, shape (2 threads + 1,)
        Two halves taken in turn, so that none is written to while it is read, and a last word which is not 0 when all
        must leave at once. Receives 1 + the number of a neuron that
        fired more than `limit` spikes within `epoch` windows, -1 - the row of a plastic synapse with a value that is
        not finite, else 0.
    shared_times, shared_rows, shared_start, shared_counts : ndarray
        Where threads put the spikes of a window: two halves taken in turn, shape (2, room), (2, room), (threads,)
        and (2, threads).
    begin, first_window, last_window, window, stop
        Window k lasts from ``begin + k window`` to ``begin + (k + 1) window``, the last one to `stop`, seconds.
    cells, quick, state : ndarray
        See `network_cells`.
    wake : ndarray, shape (n,)
        Nothing of its own happens to a neuron before this time.
    synapses : Synapses
        All of them, the same arrays for all threads.
    row_start, row_end : ndarray of int64, shape (n_sources,)
        Where the synapses of each source onto this thread's neurons begin and end.
    sources : Sources
        External trains.
    poisson : Inputs
        Poisson input of all neurons.
    autonomous : ndarray of bool, shape (n,)
        Neurons with no input at all.
    plain : ndarray of bool, shape (n,)
        Neurons with a table and inputs, of which most events go the short way.
    rising, single : bool
        Whether the targets of every row are sorted, and whether no source has two synapses onto one neuron.
    recent_times, recent_rows : ndarray
        All earlier spikes that may still have to arrive somewhere, by row and time.
    limit, epoch : int
        See `status`.
    traced, trace_place : ndarray of int64
        Row of u and g of each neuron or -1; the next trace time of each row.
    trace_times, u, g : ndarray
        When traces are wanted, seconds; they are filled in, volts and leak conductances.
    plastic : Plastic
        Plastic synapses.
    work : Buffers
        Arrays to work in, fresh.

    Returns
    -------
    times, rows : ndarray
        Spikes of this thread's neurons, window by window, and room for more.
    spikes : int
        How many there are.
    """
    threads = len(ranges) - 1
    # Fields are taken out of their tuples once: in the loop every access would count references.
    target, weight, delay = synapses.target, synapses.weight, synapses.delay
    source_times, source_rows = sources.times, sources.rows
    (
        way_time, way_row, way_place, way_until, pool_time, pool_next, own_first, own_last, counts, box_place, box_end,
        box_time, box_weight, box_row, drawn_at, drawn_time, drawn_weight, marks, none_plain, block, taken, after,
        visit, queue, burst, spike_times, spike_rows,
    ) = work  # fmt: skip
    first, end = ranges[thread], ranges[thread + 1]
    n = end - first
    start = begin + first_window * window
    uniform = len(delay) == 1
    free, spikes = _wide(-1), _wide(0)
    under_way, pool_size = _take_up(
        start, first, end, recent_times, recent_rows, row_start, row_end, delay, cells, way_time, way_row, way_place,
        pool_time, pool_next, own_first, own_last,
    )  # fmt: skip
    _expect_own(first, end, cells, state, pool_time, own_first, traced, trace_place, trace_times)
    source = _sources_before(start, _wide(0), source_times)
    driven = poisson.start[end] > poisson.start[first]
    # Up to some window the arrivals are rather sorted by neuron, where many would have to be put aside.
    sorted_until = first_window
    straight = uniform and rising and not driven
    room = plastic.room + 8 * ROOM * thread
    own_state, own_quick, own_wake, own_plain = state[first:end], quick[first:end], wake[first:end], plain[first:end]
    offset = shared_start[thread]
    status[thread], status[threads + thread] = 0, 0

    for k in range(first_window, last_window):
        close = begin + (k + 1) * window
        if k == last_window - 1:
            close = stop
        half = k & 1
        # Take over the spikes of the window before, which the threads left in the other half.
        coming = _sources_before(close, source, source_times)
        more = coming - source
        if k > first_window:
            for q in range(threads):
                more += shared_counts[1 - half, q]
        if under_way + more > len(way_time):
            way_time, way_row = _longer(way_time, under_way + more), _longer(way_row, under_way + more)
            way_place = _longer(way_place, under_way + more)
        if k > first_window:
            for q in range(threads):
                under_way = _take_over(
                    shared_start[q], shared_start[q] + shared_counts[1 - half, q], shared_times[1 - half],
                    shared_rows[1 - half], row_start, row_end, under_way, way_time, way_row, way_place,
                )  # fmt: skip
        under_way = _take_over(
            source, coming, source_times, source_rows, row_start, row_end, under_way, way_time, way_row, way_place
        )
        source = coming

        if uniform:
            sort_spikes(way_time, way_row, way_place, under_way)
        directly = straight and k >= sorted_until
        if directly:
            arrived = expected_arrivals(close, under_way, way_time, way_row, way_place, row_end, delay[0])
            if arrived > len(drawn_time):
                drawn_at = _longer(drawn_at, arrived)
                drawn_time, drawn_weight = _longer(drawn_time, arrived), _longer(drawn_weight, arrived)
        else:
            if under_way > len(way_until):
                way_until = _longer(way_until, under_way)
            arrived = count_arrivals(
                close, under_way, way_time, way_row, way_place, way_until, row_end, first, target, delay, counts
            )
            drawn, at = _wide(0), _wide(0) if driven else n
            while at < n:
                at, drawn = draw_arrivals(
                    at, first, close, poisson, counts, drawn_at, drawn_time, drawn_weight, drawn
                )  # fmt: skip
                if at < n:
                    drawn_at = _longer(drawn_at, drawn)
                    drawn_time, drawn_weight = _longer(drawn_time, drawn), _longer(drawn_weight, drawn)
            arrived += drawn
        # One place more than arrivals: the one after the last is looked at, too.
        if arrived >= len(box_time):
            box_time, box_weight = _longer(box_time, arrived + 1), _longer(box_weight, arrived + 1)
            box_row, queue = _longer(box_row, arrived + 1), _longer(queue, arrived + 1)
        if directly:
            under_way, drawn, broken = arrive(
                close, under_way, way_time, way_row, way_place, row_end, first, target, weight, delay[0], own_state,
                own_quick, own_wake, single, counts, drawn_at, drawn_time, drawn_weight, marks, block, taken, room,
                plastic,
            )  # fmt: skip
            if 4 * drawn > arrived:
                sorted_until = k + _SORTED
            queued, visits = list_neurons(close, own_wake, none_plain, counts, box_place, box_end, queue, visit)
            place_aside(drawn, drawn_at, drawn_time, drawn_weight, box_end, box_time, box_weight)
        else:
            queued, visits = list_neurons(close, own_wake, own_plain, counts, box_place, box_end, queue, visit)
            under_way = place_arrivals(
                under_way, way_time, way_row, way_place, way_until, row_end, first, target, weight, delay, box_end,
                box_row, box_time, box_weight,
            )  # fmt: skip
            if not uniform:
                sort_arrivals(box_place, box_end, box_time, box_weight, box_row)
            if drawn > 0:
                merge_arrivals(drawn, drawn_at, drawn_time, drawn_weight, box_place, box_end, box_time, box_weight)
            visits, broken = advance_by_jumps(
                close, queued, visits, own_state, own_quick, own_wake, queue, visit, box_place, box_end, box_time,
                box_weight, block, taken, after, room, plastic,
            )  # fmt: skip

        if broken >= 0:
            status[half * threads + thread] = -1 - broken
            visits = 0
        if (k - first_window) % epoch == 0:
            burst[:] = 0
        before = spikes
        reached = _wide(0)
        while True:
            reached, spikes, pool_size, free = advance(
                reached, visits, half * threads + thread, first, close, limit, spikes, pool_size, free,
                status, cells, state, wake, autonomous, visit, box_place, box_end, box_time, box_weight,
                spike_times, spike_rows, pool_time, pool_next, own_first, own_last, burst, traced, trace_place,
                trace_times, u, g, room, plastic,
            )  # fmt: skip
            if reached >= visits:
                break
            spike_times = _longer(spike_times, spikes + limit + 1)
            spike_rows = _longer(spike_rows, spikes + limit + 1)
            pool_time = _longer(pool_time, pool_size + limit + 1)
            pool_next = _longer(pool_next, pool_size + limit + 1)
        for m in range(spikes - before):
            shared_times[half, offset + m] = spike_times[before + m]
            shared_rows[half, offset + m] = spike_rows[before + m]
        shared_counts[half, thread] = spikes - before
        if k < last_window - 1:
            if not wait(barrier, threads):
                break
            stopped = False
            for q in range(threads):
                stopped |= status[half * threads + q] != 0
            if stopped:
                break
    return spike_times, spike_rows, spikes
