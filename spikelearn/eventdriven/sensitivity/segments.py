"""The events of each neuron's own, in order: spikes, arrivals of its potassium, ends of refractory periods."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spikelearn.compiled import njit
from spikelearn.eventdriven.sensitivity.records import FLOW, PAUSE, POTASSIUM, Run, Segments

__all__ = ["cut_after", "make_segments"]

_ULP = 2.0**-52


def make_segments(run: Run) -> Segments:
    """List the segments of all neurons; `y` and `g` are still to be filled in.

    Raises
    ------
    ValueError
        A spike lies within a refractory period.
    """
    n = len(run.u0)
    spikes = int(run.offsets[n])
    room = 3 * spikes + n
    first = np.zeros(n + 1, dtype=np.int64)
    neuron, end = np.empty(room, dtype=np.int32), np.empty(room)
    kind, source = np.empty(room, dtype=np.int8), np.empty(room, dtype=np.int64)
    clamped = np.empty(room, dtype=np.bool_)
    count = int(_list(run, first, neuron, end, kind, source, clamped))
    if count < 0:
        spike = -1 - count
        raise ValueError(
            f"the recording must be of this model: the spike at {run.times[spike]!r} s lies within the refractory "
            "period of the one before"
        )
    neuron, end, kind = neuron[:count].copy(), end[:count].copy(), kind[:count].copy()
    jumped = np.full(count, -1, dtype=np.int64)
    return Segments(
        first, neuron, end, kind, source[:count].copy(), jumped, jumped.copy(), clamped[:count].copy(),
        np.empty(count), np.empty(count),
    )  # fmt: skip


@njit(cache=True, error_model="numpy")
def _list(run: Run, first: Any, neuron: Any, end: Any, kind: Any, source: Any, clamped: Any) -> Any:
    parameters, times, offsets, past = run.parameters, run.times, run.offsets, run.past
    s = 0
    for i in range(len(run.u0)):
        first[i] = s
        t_d, pause = parameters[i, 6], parameters[i, 7]
        spike, last = offsets[i] + past[i], offsets[i + 1]
        # The own spike whose potassium comes next, and the one whose refractory period goes on.
        own, resting, until = offsets[i], -1, -math.inf
        while own < spike and times[own] + t_d <= 0.0:
            own += 1
        for k in range(offsets[i], spike):
            if times[k] + pause > 0.0:
                resting, until = k, times[k] + pause
        while spike < last:
            arrival = times[own] + t_d if own < spike else math.inf
            neuron[s] = i
            clamped[s] = resting >= 0
            if resting >= 0 and until <= arrival:
                end[s], kind[s], source[s] = until, PAUSE, resting
                resting = -1
                if times[spike] < until:
                    return -1 - spike
            elif arrival <= times[spike]:
                end[s], kind[s], source[s] = arrival, POTASSIUM, own
                own += 1
            else:
                if resting >= 0:
                    return -1 - spike
                end[s], kind[s], source[s] = times[spike], FLOW, spike
                if pause > 0.0:
                    resting, until = spike, times[spike] + pause
                spike += 1
            s += 1
    first[len(run.u0)] = s
    return s


@njit(cache=True, error_model="numpy", forceinline=True)
def cut_after(end: float, kind: int) -> Any:
    """Give the last time at which a jump that arrives still belongs to the segment before this end.

    A spike takes with it what arrives at its instant; own potassium comes before jumps; a jump a few roundings before
    the end of a refractory period comes at its end, as the engine has it.
    """
    if kind <= 1:
        return end
    if kind == PAUSE:
        end -= 4.0 * _ULP * end
    return np.nextafter(end, -math.inf)
