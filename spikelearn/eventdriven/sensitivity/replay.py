"""The states of all neurons at their own events, from the spikes of a run and without looking for any crossing.

A jump w at a time l before the end of a segment adds ``w e^{-M}`` to u there, ``M = l/tau + kappa (g - g_end)`` with g
at its arrival: one closed form a jump. The flow of the segment itself is that of `flow_jacobian`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spikelearn.compiled import njit
from spikelearn.eventdriven.sensitivity.flow_jacobian import exp_less_linear, membrane_after
from spikelearn.eventdriven.sensitivity.records import (
    FLOW,
    JUMP,
    PAUSE,
    POTASSIUM,
    Arrivals,
    Margins,
    Run,
    Segments,
)

__all__ = ["jump_exponent", "replay"]

_FAR = 300.0


@njit(cache=True, error_model="numpy", inline="always")
def jump_exponent(
    length: float, age: float, share: float, tau: float, tau_K: float, kappa: float
) -> tuple[float, float, float]:
    """Describe a jump `length` before the end of a segment and `age` after its beginning.

    Parameters
    ----------
    length, age : float
        Seconds.
    share : float
        Of g at the beginning, what is left at the end.
    tau, tau_K, kappa : float
        Time constants in seconds and tau_K/tau; kappa infinite for a conductance that stays.

    Returns
    -------
    kept, lost, slow : float
        Each for a unit of g at the beginning: g at the jump; kappa times what g falls from there to the end, which
        enters the exponent; and tau times the derivative of that by tau_K.
    """
    if kappa == math.inf:
        return 1.0, length / tau, 0.0
    s = length / tau_K
    if s > _FAR:
        kept = math.exp(-age / tau_K)
        return kept, kappa * kept, kept * (1.0 + age / tau_K)
    curved = exp_less_linear(s)
    fall = curved + s
    return share * (1.0 + fall), kappa * share * fall, share * (curved + age / tau_K * fall)


def replay(run: Run, segments: Segments, arrivals: Arrivals, margins: Margins) -> None:
    """Fill in `y` and `g` of the segments that `arrivals` covers and of those that follow them.

    Earlier segments must have been filled in before. Spikes that a jump made are told from those that the flow made,
    and `margins` is brought up to date.
    """
    found = np.array([margins.slope, margins.gap, margins.excess, margins.mismatch])
    which = np.array(
        [margins.slope_spike, margins.gap_spike, margins.excess_spike, margins.mismatch_spike, 0], dtype=np.int64
    )
    _replay(run, segments, arrivals, found, which)
    margins.slope, margins.gap, margins.excess, margins.mismatch = (float(value) for value in found)
    margins.slope_spike, margins.gap_spike, margins.excess_spike, margins.mismatch_spike = (int(k) for k in which[:4])
    margins.together += int(which[4])
    margins.arrivals += len(arrivals.spike)


@njit(cache=True, error_model="numpy", inline="always")
def _less(value: float, spike: int, k: int, found: Any, which: Any) -> None:
    if value < found[k]:
        found[k], which[k] = value, spike


@njit(cache=True, error_model="numpy")
def _replay(run: Run, segments: Segments, arrivals: Arrivals, found: Any, which: Any) -> None:
    times, weights, delays = run.times, run.weight, run.delay
    starts, spikes, synapses = arrivals.start, arrivals.spike, arrivals.synapse
    ends, kinds, first_of, ys, gs = segments.end, segments.kind, segments.first, segments.y, segments.g
    for i in range(len(arrivals.low)):
        p = run.parameters[i]
        V_0, theta, Delta, tau, tau_K, delta_g, t_d = p[0], p[1], p[2], p[3], p[4], p[5], p[6]
        A, B, kappa = V_0 + Delta, theta + Delta, tau_K / tau
        low = arrivals.low[i]
        for s in range(low, low + arrivals.place[i + 1] - arrivals.place[i]):
            begin = 0.0
            if s == first_of[i]:
                ys[s], gs[s] = V_0 - run.u0[i], run.g0[i]
                flowed, before = False, -1
            else:
                begin = ends[s - 1]
                flowed, before = kinds[s - 1] == FLOW, segments.source[s - 1]
            h = ends[s] - begin
            share = math.exp(-h / tau_K)
            g_end = gs[s] * share
            kind, spike = kinds[s], segments.source[s]
            after, g_after = V_0, g_end
            slot = arrivals.place[i] + s - low
            first, last = starts[slot], starts[slot + 1]
            if not segments.clamped[s]:
                y = membrane_after(ys[s], gs[s], h, A, tau, tau_K)
                at_end, at_once = 0.0, 0
                for q in range(first, last):
                    synapse = synapses[q]
                    t = times[spikes[q]] + delays[synapse]
                    length = ends[s] - t
                    if length <= 0.0 and kind == FLOW:
                        at_end += weights[synapse]
                        at_once += 1
                        segments.cause[s], segments.synapse[s] = spikes[q], synapse
                        continue
                    if flowed:
                        _less(t - begin, before, 1, found, which)
                    if kind == FLOW:
                        _less(length, spike, 1, found, which)
                    _, lost, _ = jump_exponent(length, t - begin, share, tau, tau_K, kappa)
                    y -= weights[synapse] * math.exp(-length / tau - gs[s] * lost)
                if kind == FLOW and at_once:
                    kinds[s] = kind = JUMP
                    # Above its threshold by this much; a recording that is not of this model lies below.
                    excess = V_0 - theta - y + at_end
                    _less(max(excess, 0.0), spike, 2, found, which)
                    if -excess > found[3]:
                        found[3], which[3] = -excess, spike
                    if at_once > 1:
                        which[4] += 1
                elif kind == FLOW:
                    _less((V_0 - theta - g_end * B) / tau, spike, 0, found, which)
                    if not abs(y - (V_0 - theta)) <= found[3]:
                        found[3], which[3] = abs(y - (V_0 - theta)), spike
                elif kind == POTASSIUM:
                    after = y
                    if flowed:
                        _less(h, before, 1, found, which)
                if kind == FLOW and s > first_of[i] and kinds[s - 1] == POTASSIUM:
                    _less(h, spike, 1, found, which)
            if kind == POTASSIUM or (kind != PAUSE and t_d <= 0.0):
                g_after += delta_g
            if s + 1 < first_of[i + 1]:
                ys[s + 1], gs[s + 1] = after, g_after
