"""All neurons of one thread through one window, each on its own and only where something happens."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spikelearn.eventdriven.network_cells import (
    BOUND,
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
    T_NEXT,
    T_NEXT_LOW,
    TABLED,
    X_NEXT,
    Z_NEXT,
    Inputs,
    X,
    cell_of,
)
from spikelearn.eventdriven.network_neuron import (
    ULP,
    advance_by_jumps,
    draw,
    find_crossing,
    jump_membrane,
    look,
    open_potassium,
    reset_membrane,
    to_time,
    two_sum,
)
from spikelearn.eventdriven.plasticity import PLASTIC, Plastic, change, rows_onto, weight_of

__all__ = ["advance"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Shorts = NDArray[np.int32]

# Further ahead than any crossing: for neurons with inputs the solver must not see where a run ends.
_FAR = 1e9


@njit(cache=True, error_model="numpy")
def _sort(times: Floats, weights: Floats, rows: Shorts, n: int) -> None:
    """Sort the first n entries by time, then row, then weight (Shell's method; mostly there are one or two)."""
    gap = 1
    while 3 * gap + 1 < n:
        gap = 3 * gap + 1
    while gap > 0:
        for a in range(gap, n):
            t, w, r = times[a], weights[a], rows[a]
            b = a - gap
            while b >= 0 and (times[b] > t or (times[b] == t and (rows[b] > r or (rows[b] == r and weights[b] > w)))):
                times[b + gap], weights[b + gap], rows[b + gap] = times[b], weights[b], rows[b]
                b -= gap
            times[b + gap], weights[b + gap], rows[b + gap] = t, w, r
        gap //= 3


@njit(cache=True, nogil=True, error_model="numpy")
def advance(
    begin_at: int, report: int, first: int, close: float, duration: float, limit: int, spikes: int, pool_size: int,
    free: int, status: Integers, cells: Floats, state: Floats, wake: Floats, poisson: Inputs,
    autonomous: NDArray[np.bool_], plain: NDArray[np.bool_], visit: Shorts, inbox: Shorts, box_next: Shorts,
    box_row: Shorts, box_time: Floats, box_weight: Floats, t_in: Floats, w_in: Floats, r_in: Shorts,
    spike_times: Floats, spike_rows: Shorts, pool_time: Floats, pool_next: Integers,
    own_first: Integers, own_last: Integers,
    burst: Shorts,
    traced: Integers, trace_place: Integers, trace_times: Floats, u: Floats, g: Floats, plastic: Plastic,
) -> tuple[int, int, int, int]:  # fmt: skip
    """Advance neurons from `begin_at` on to the end of the window, or until there might be no room for their spikes.

    Arguments as in `run_windows`, `report` the place in `status`; arrays are only handed down, so that none is
    counted in the loop.

    Returns
    -------
    j, spikes, pool_size, free : int
        The neuron to go on from, and how full the arrays are.
    """
    input_start, input_next, input_weight = poisson.start, poisson.next, poisson.weight
    failed = 0
    # Listed without a branch: whether something happens to a neuron is as good as random.
    visits = 0
    for j in range(begin_at, len(inbox)):
        visit[visits] = j
        visits += int(inbox[j] >= 0) | int(wake[first + j] < close)
    for v in range(visits):
        j = visit[v]
        i = first + j
        if spikes + limit + 1 > len(spike_times) or pool_size + limit + 1 > len(pool_time):
            return j, spikes, pool_size, free
        incoming = 0
        b = inbox[j]
        while b >= 0:
            t_in[incoming], w_in[incoming], r_in[incoming] = box_time[b], box_weight[b], box_row[b]
            incoming += 1
            b = box_next[b]
        inbox[j] = -1
        if incoming > 1:
            _sort(t_in, w_in, r_in, incoming)
        place = 0
        if plain[i]:
            place = advance_by_jumps(state, cells, i, t_in, w_in, incoming)
            if (
                place == incoming
                and min(state[i, BOUND], state[i, OWN_NEXT]) >= close
                and state[i, PAUSE_END] <= state[i, NOW]
            ):
                wake[i] = min(state[i, BOUND], state[i, OWN_NEXT])
                continue
        c = cell_of(cells, i)
        s = state[i]
        t_d, pause, tabled = cells[i, DELAY], cells[i, PAUSE], cells[i, TABLED] != 0.0
        poisson_first, poisson_end = input_start[i], input_start[i + 1]
        while True:
            # What comes next of its own accord: own potassium, the end of a pause, a jump from outside.
            own, own_low = math.inf, 0.0
            if own_first[j] >= 0:
                own, own_low = two_sum(pool_time[own_first[j]], t_d)
            jump = t_in[place] if place < incoming else math.inf
            for e in range(poisson_first, poisson_end):
                jump = min(jump, input_next[e])
            clamped = s[PAUSE_END] > s[NOW]
            event = min(own, jump)
            if clamped:
                event = min(event, s[PAUSE_END])
            near = min(event, close)
            spike = False
            at_threshold = False
            if not clamped:
                if s[T_NEXT] != s[T_NEXT] and s[BOUND] <= near:
                    horizon, horizon_low = own, own_low
                    if autonomous[i]:
                        if own >= duration:
                            horizon, horizon_low = duration, 0.0
                    elif own == math.inf:
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
                    while place < incoming and t_in[place] <= event:
                        w = w_in[place]
                        if w >= PLASTIC:
                            row = int(w - PLASTIC)
                            w = weight_of(row, plastic)
                            broken = change(row, row + 1, t_in[place], 0, plastic)
                            if broken >= 0:
                                failed = -1 - broken
                        total += w
                        place += 1
                    for e in range(poisson_first, poisson_end):
                        while input_next[e] <= event:
                            total += input_weight[e]
                            draw(e, poisson)
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
                first_row, end_row = rows_onto(i, plastic)
                broken = change(first_row, end_row, s[NOW], 1, plastic)
                if broken >= 0:
                    failed = -1 - broken
                if burst[j] > limit:
                    failed = i + 1
            if failed:
                break
        s[OWN_NEXT] = pool_time[own_first[j]] + t_d if own_first[j] >= 0 else math.inf
        wake[i] = min(event, s[T_NEXT] if s[T_NEXT] == s[T_NEXT] else s[BOUND])
        if clamped:
            wake[i] = event
        if traced[i] >= 0 and trace_place[traced[i]] < len(trace_times):
            wake[i] = min(wake[i], trace_times[trace_place[traced[i]]])
        if failed:
            status[report] = failed
            break
    return len(inbox), spikes, pool_size, free
