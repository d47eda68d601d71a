"""The compiled loop over independent neurons: each is carried from event to event on its own.

A neuron's pending arrivals are its own spikes of the last t_d seconds, in order, so that a ring of spike times is all
the queue there is. The loop stops whenever the ring or the output is full, or when its budget of work is used up,
and goes on from there when called again: memory grows where Python can grow it, and an interrupt is seen in between.
"""

from __future__ import annotations

import math

from spikelearn.arrays import Floats, Integers
from spikelearn.compiled import njit
from spikelearn.eventdriven.cell import CONSTANT_G, STEPS, conductance, make_cell, membrane
from spikelearn.eventdriven.crossing import next_event
from spikelearn.eventdriven.flow import flow, forgotten, longest_step
from spikelearn.eventdriven.phi import Tables

__all__ = ["DONE", "N_FLOATS", "N_INTEGERS", "OUTPUT_FULL", "OUT_OF_BUDGET", "PARAMETERS", "RING_FULL", "run_neurons"]


# Order of the parameters in the flat array that `run_neurons` reads.
PARAMETERS = ("V_0", "theta", "Delta", "tau", "tau_K", "delta_g", "t_d", "u0", "g0")
DONE, OUTPUT_FULL, RING_FULL, OUT_OF_BUDGET = 0, 1, 2, 3
# State that survives between calls: z, x, P, time and its rounding error; whether inside a neuron, its number, the
# ring's head and length, the next past spike, the next trace time, jumps of g so far, spikes in the output.
N_FLOATS = 5
N_INTEGERS = 8
_ULP = 2.0**-52
# A neuron without a table goes at most so many steps at a time, so that long silences can be interrupted too.
_MOST_STEPS = 4096.0


@njit(cache=True, error_model="numpy")
def _two_sum(a: float, b: float) -> tuple[float, float]:
    """Add two floats and give the sum with its rounding error."""
    total = a + b
    virtual = total - a
    return total, (a - (total - virtual)) + (b - virtual)


@njit(cache=True, nogil=True, error_model="numpy")
def run_neurons(
    stop: int,
    budget: int,
    duration: float,
    flat: Floats,
    places: Integers,
    table_of: Integers,
    past_offsets: Integers,
    past_times: Floats,
    tables: Tables,
    floats: Floats,
    integers: Integers,
    ring: Floats,
    output: Floats,
    keep_times: bool,
    counts: Integers,
    trace_times: Floats,
    u: Floats,
    g: Floats,
) -> int:
    """Carry neurons ``integers[1]`` to ``stop - 1`` to the end of the window, or until room or budget is used up.

    Parameters
    ----------
    stop, budget : int
        First neuron that is not run; how many events (crossings and arrivals) to handle in this call, steps of
        neurons without a table counted as events.
    duration : float
        End of the half-open window, seconds.
    flat, places : ndarray
        Parameter p of neuron i is ``flat[places[p, 0] + i * places[p, 1]]``, in the order of `PARAMETERS`.
    table_of : ndarray of int64, shape (2,) or (n,)
        Table of neuron i: ``table_of[i]``, or ``table_of[0]`` for all where there is only one entry.
    past_offsets, past_times : ndarray
        Spikes before 0 of neuron i: ``past_times[past_offsets[i]:past_offsets[i + 1]]``; offsets empty for none.
    tables : Tables
        See `phi.build_tables`.
    floats, integers : ndarray
        State between calls, zero at the start but for the first neuron's number in ``integers[1]``.
    ring : ndarray, shape (a power of two,)
        Spikes whose arrival is pending.
    output : ndarray
        Receives spike times one neuron after the other; ``integers[7]`` says how many are in it.
    keep_times : bool
        Whether spike times are written.
    counts : ndarray of int64, shape (n,)
        Receives the number of spikes.
    trace_times : ndarray, shape (m,)
        Sorted times at which u and g are wanted.
    u, g : ndarray, shape (n, m)
        Receive them, in volts and in units of the leak; right-continuous.

    Returns
    -------
    int
        `DONE`, `OUTPUT_FULL`, `RING_FULL` or `OUT_OF_BUDGET`.
    """
    z, x, P, now, now_low = floats[0], floats[1], floats[2], floats[3], floats[4]
    inside, i, head, pending, past, trace, jumps, written = (
        integers[0], integers[1], integers[2], integers[3], integers[4], integers[5], integers[6], integers[7],
    )  # fmt: skip
    mask = len(ring) - 1
    n_traces = len(trace_times)
    status = DONE
    while i < stop:
        table = table_of[i] if len(table_of) > 1 else table_of[0]
        c = make_cell(
            flat[places[0, 0] + i * places[0, 1]],
            flat[places[1, 0] + i * places[1, 1]],
            flat[places[2, 0] + i * places[2, 1]],
            flat[places[3, 0] + i * places[3, 1]],
            flat[places[4, 0] + i * places[4, 1]],
            flat[places[5, 0] + i * places[5, 1]],
            table,
            tables,
        )
        t_d = flat[places[6, 0] + i * places[6, 1]]
        g0 = flat[places[8, 0] + i * places[8, 1]]
        past_end = past_offsets[i + 1] if len(past_offsets) else 0
        if inside == 0:
            u0 = flat[places[7, 0] + i * places[7, 1]]
            z = c.V_0 - u0 if c.falling else u0 + c.Delta
            x, P, now, now_low = c.kappa * g0, math.nan, 0.0, 0.0
            head, pending, trace, jumps = 0, 0, 0, 0
            past = past_offsets[i] if len(past_offsets) else 0
            counts[i] = 0
            inside = 1
        while True:
            if budget <= 0:
                status = OUT_OF_BUDGET
                break
            if keep_times and written == len(output):
                status = OUTPUT_FULL
                break
            if pending > mask:
                status = RING_FULL
                break
            budget -= 1
            target, target_low, arrival = duration, 0.0, 0
            if past < past_end:
                target, target_low = _two_sum(past_times[past], t_d)
                arrival = 1
            elif pending > 0:
                target, target_low = _two_sum(ring[head], t_d)
                arrival = 2
            if target >= duration:
                target, target_low, arrival = duration, 0.0, 0
            length = max((target - now) + (target_low - now_low), 0.0)
            if c.table == STEPS and not forgotten(x, c):
                step = longest_step(x, c)
                if length > _MOST_STEPS * step:
                    length = _MOST_STEPS * step
                    target, target_low = _two_sum(now, length)
                    target_low += now_low
                    arrival = 3
                budget -= int(length / step)
            t, z_new, x_new, P_new, crossed = next_event(z, x, P, length, 2.0 * _ULP * target, c)
            if crossed:
                after, after_low = _two_sum(now, t)
                after, after_low = _two_sum(after, after_low + now_low)
            else:
                after, after_low = target, target_low
            if crossed and after >= duration:
                # The window is half-open: a spike at its very end is not in it, and u stands at the threshold.
                crossed = False
                after, after_low, arrival = duration, 0.0, 0
            last = arrival == 0 and not crossed
            z_t, x_t, P_t, passed = z, x, P, 0.0
            while trace < n_traces and (trace_times[trace] < after or last):
                elapsed = max((trace_times[trace] - now) - now_low, 0.0)
                if c.table == STEPS:
                    # On from the last one; a table goes there at once.
                    z_t, x_t, P_t = flow(z_t, x_t, P_t, elapsed - passed, c)
                    passed = elapsed
                else:
                    z_t, x_t, P_t = flow(z, x, P, elapsed, c)
                if len(u):
                    u[i, trace] = membrane(z_t, c)
                if len(g):
                    g[i, trace] = conductance(x_t, c)
                trace += 1
            z, x, P, now, now_low = z_new, x_new, P_new, after, after_low
            jumped = False
            if crossed:
                if keep_times:
                    output[written] = now
                    written += 1
                counts[i] += 1
                z = c.reset
                if t_d > 0.0:
                    ring[(head + pending) & mask] = now
                    pending += 1
                else:
                    jumped = True
            elif arrival == 0:
                break
            elif arrival < 3:
                jumped = True
                if arrival == 1:
                    past += 1
                else:
                    head = (head + 1) & mask
                    pending -= 1
            if jumped:
                jumps += 1
                # A conductance that never decays is a multiple of delta_g, and its sum must not drift.
                x = g0 + jumps * c.jump if table == CONSTANT_G else x + c.jump
                P = math.nan
        if status != DONE:
            break
        inside = 0
        i += 1
    floats[0], floats[1], floats[2], floats[3], floats[4] = z, x, P, now, now_low
    integers[0], integers[1], integers[2], integers[3] = inside, i, head, pending
    integers[4], integers[5], integers[6], integers[7] = past, trace, jumps, written
    return status
