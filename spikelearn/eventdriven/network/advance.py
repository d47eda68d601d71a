"""All neurons of one thread through one window, each on its own and only where something happens."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats, Integers, Places, Shorts
from spikelearn.compiled import njit
from spikelearn.eventdriven.network.cells import (
    BOUND,
    CELL_COLUMNS,
    DELAY,
    DEVIATION,
    G0,
    LOWER,
    NOW,
    NOW_LOW,
    OWN_NEXT,
    P_NEXT,
    PAUSE,
    PAUSE_END,
    STATE_COLUMNS,
    T_NEXT,
    T_NEXT_LOW,
    TABLED,
    X_NEXT,
    Z_NEXT,
    X,
    cell_of,
)
from spikelearn.eventdriven.network.jumps import ULP
from spikelearn.eventdriven.network.neuron import (
    find_crossing,
    jump_membrane,
    look,
    open_potassium,
    reset_membrane,
    to_time,
    two_sum,
)
from spikelearn.eventdriven.network.plasticity import PLASTIC, Plastic, change_one, change_onto, fetch_row, weight_of
from spikelearn.eventdriven.network.prefetch import prefetch

__all__ = ["advance"]


# Further ahead than any crossing: the solver must not see where a run ends.
_FAR = 1e9
# How many neurons ahead numbers are fetched that lie far away in memory.
_AHEAD = 3


@njit(cache=True, inner=True, nogil=True, error_model="numpy")
def advance(
    begin_at: int, visits: int, report: int, first: int, close: float, limit: int, spikes: int,
    pool_size: int, free: int, status: Integers, cells: Floats, state: Floats, wake: Floats,
    autonomous: NDArray[np.bool_], visit: Places, box_place: Places, box_end: Places, box_time: Floats,
    box_weight: Floats, spike_times: Floats, spike_rows: Shorts, pool_time: Floats, pool_next: Integers,
    own_first: Integers, own_last: Integers,
    burst: Shorts,
    traced: Integers, trace_place: Integers, trace_times: Floats, u: Floats, g: Floats, room: int,
    plastic: Plastic,
) -> tuple[int, int, int, int]:  # fmt: skip
    """Advance the listed neurons to the end of the window, or until there might be no room for their spikes.

    Neurons ``visit[begin_at]`` to ``visit[visits - 1]``, each with its arrivals in the boxes from ``box_place`` on.

    Arguments as in `run_windows`, `report` the place in `status`; arrays are only handed down, so that none is
    counted in the loop.

    Returns
    -------
    v, spikes, pool_size, free : int
        The place in the list to go on from, and how full the arrays are.
    """
    failed = 0
    leave = len(status) - 1
    for v in range(begin_at, visits):
        if spikes + limit + 1 > len(spike_times) or pool_size + limit + 1 > len(pool_time):
            return v, spikes, pool_size, free
        if v + _AHEAD < visits:
            following = first + int(visit[v + _AHEAD])
            for line in range(0, CELL_COLUMNS, 8):
                prefetch(cells, following, line)
            for line in range(0, STATE_COLUMNS, 8):
                prefetch(state, following, line)
            if plastic.columns > 0:
                j = int(visit[v + _AHEAD])
                for b in range(int(box_place[j]), int(box_end[j])):
                    fetch_row(box_weight[b], plastic)
        j = int(visit[v])
        i = first + j
        place, incoming = int(box_place[j]), int(box_end[j])
        c = cell_of(cells, i)
        s = state[i]
        t_d, pause, tabled = cells[i, DELAY], cells[i, PAUSE], cells[i, TABLED] != 0.0
        while True:
            if status[leave] != 0:
                return visits, spikes, pool_size, free
            # What comes next of its own accord: own potassium, the end of a pause, a jump from outside.
            own, own_low = math.inf, 0.0
            if own_first[j] >= 0:
                own, own_low = two_sum(pool_time[own_first[j]], t_d)
            jump = box_time[place] if place < incoming else math.inf
            clamped = s[PAUSE_END] > s[NOW]
            event = min(own, jump)
            if clamped:
                # A jump a few roundings before the end of the pause comes at its end, as on a grid of times it does.
                if jump < s[PAUSE_END] and jump >= s[PAUSE_END] - 4.0 * ULP * s[PAUSE_END]:
                    s[PAUSE_END] = jump
                event = min(event, s[PAUSE_END])
            near = min(event, close)
            spike = False
            at_threshold = False
            if not clamped:
                if s[T_NEXT] != s[T_NEXT] and s[BOUND] <= near:
                    horizon, horizon_low = own, own_low
                    if own == math.inf:
                        horizon, horizon_low = s[NOW] + _FAR, 0.0
                    find_crossing(s, near, horizon, horizon_low, tabled, c)
                if s[T_NEXT] <= near and s[T_NEXT] < close:
                    at_threshold = jump <= event and s[T_NEXT] >= jump - 2.0 * ULP * jump
                    spike = not at_threshold
            after, after_low = event, 0.0
            if spike:
                after, after_low = s[T_NEXT], s[T_NEXT_LOW]
            elif event == own:
                after_low = own_low
            row_traced = traced[i]
            if row_traced >= 0:
                shown = min(after, close)
                m = trace_place[row_traced]
                while m < len(trace_times) and trace_times[m] < shown:
                    u[row_traced, m], g[row_traced, m] = look(s, trace_times[m], clamped, tabled, c)
                    m += 1
                trace_place[row_traced] = m
            if not spike and event >= close:
                break
            if spike:
                s[X], s[NOW], s[NOW_LOW] = s[X_NEXT], after, after_low
                if not tabled:
                    s[LOWER] = s[P_NEXT]
            else:
                if not tabled and not clamped and event == own and s[T_NEXT] == math.inf:
                    # The search for a crossing has been here already.
                    s[DEVIATION], s[X], s[LOWER] = s[Z_NEXT], s[X_NEXT], s[P_NEXT]
                    s[NOW], s[NOW_LOW] = after, after_low
                else:
                    to_time(s, after, after_low, clamped, tabled, c)
                if clamped and event >= s[PAUSE_END]:
                    clamped = False
                    reset_membrane(s, tabled, c)
                while own_first[j] >= 0 and pool_time[own_first[j]] + t_d <= event:
                    entry = own_first[j]
                    own_first[j] = pool_next[entry]
                    pool_next[entry] = free
                    free = entry
                    open_potassium(s, tabled, clamped, cells[i, G0], c)
                    if autonomous[i]:
                        break
                if jump <= event:
                    total = 0.0
                    while place < incoming and box_time[place] <= event:
                        w = box_weight[place]
                        total += weight_of(w, plastic)
                        if w >= PLASTIC:
                            broken = change_one(w, box_time[place], room, plastic)
                            if broken >= 0:
                                failed = -1 - broken
                        place += 1
                    if not clamped:
                        spike = jump_membrane(s, total, at_threshold, tabled, c)
            if spike:
                spike_times[spikes], spike_rows[spikes] = s[NOW], i
                spikes += 1
                burst[j] += 1
                if t_d > 0.0:
                    if free >= 0:
                        entry = free
                        free = pool_next[free]
                    else:
                        entry = pool_size
                        pool_size += 1
                    pool_time[entry], pool_next[entry] = s[NOW], -1
                    if own_first[j] < 0:
                        own_first[j] = entry
                    else:
                        pool_next[own_last[j]] = entry
                    own_last[j] = entry
                reset_membrane(s, tabled, c)
                if t_d <= 0.0:
                    open_potassium(s, tabled, False, cells[i, G0], c)
                if pause > 0.0:
                    s[PAUSE_END] = s[NOW] + pause
                broken = change_onto(i, s[NOW], plastic)
                if broken >= 0:
                    failed = -1 - broken
                if burst[j] > limit:
                    failed = i + 1
            if failed:
                break
        following_own = pool_time[own_first[j]] + t_d if own_first[j] >= 0 else math.inf
        if s[T_NEXT] == s[T_NEXT]:
            # No arrival before it, nor one of the same instant, meets the crossing.
            s[BOUND] = s[T_NEXT] * (1.0 - 8.0 * ULP)
        wake[i] = min(event, s[T_NEXT] if s[T_NEXT] == s[T_NEXT] else s[BOUND])
        if clamped:
            wake[i] = event
            # No arrival goes the short way before the pause is over.
            s[BOUND] = -math.inf
        if traced[i] >= 0 and trace_place[traced[i]] < len(trace_times):
            following_own = min(following_own, trace_times[trace_place[traced[i]]])
            wake[i] = min(wake[i], following_own)
        s[OWN_NEXT] = following_own
        if failed:
            status[report] = failed
            break
    return visits, spikes, pool_size, free
