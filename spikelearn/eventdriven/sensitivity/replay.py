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
    POTASSIUM,
    Arrivals,
    Margins,
    Run,
    Segments,
)

__all__ = ["jump_exponent", "replay"]

_FAR = 300.0


@njit(cache=True, error_model="numpy", forceinline=True)
def jump_exponent(
    length: float, age: float, share: float, rate: float, rate_K: float, kappa: float
) -> tuple[float, float, float]:
    """Describe a jump `length` before the end of a segment and `age` after its beginning.

    Parameters
    ----------
    length, age : float
        Seconds.
    share : float
        Of g at the beginning, what is left at the end.
    rate, rate_K, kappa : float
        1/tau and 1/tau_K, and tau_K/tau; kappa infinite for a conductance that stays.

    Returns
    -------
    kept, lost, slow : float
        Each for a unit of g at the beginning: g at the jump; kappa times what g falls from there to the end, which
        enters the exponent; and tau times the derivative of that by tau_K.
    """
    if kappa == math.inf:
        return 1.0, length * rate, 0.0
    s = length * rate_K
    if s > _FAR:
        kept = math.exp(-age * rate_K)
        return kept, kappa * kept, kept * (1.0 + age * rate_K)
    curved = exp_less_linear(s)
    fall = curved + s
    return share * (1.0 + fall), kappa * share * fall, share * (curved + age * rate_K * fall)


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


@njit(cache=True, error_model="numpy")
def _replay(run: Run, segments: Segments, arrivals: Arrivals, found: Any, which: Any) -> None:
    weights = run.weight
    starts, synapses, when = arrivals.start, arrivals.synapse, arrivals.time
    ends, kinds, first_of, ys, gs = segments.end, segments.kind, segments.first, segments.y, segments.g
    slope, gap, excess, mismatch = found
    for i in range(len(arrivals.low)):
        p = run.parameters[i]
        V_0, theta, Delta, tau, tau_K, delta_g, t_d = p[0], p[1], p[2], p[3], p[4], p[5], p[6]
        A, B, kappa, rate, rate_K = V_0 + Delta, theta + Delta, tau_K / tau, 1.0 / tau, 1.0 / tau_K
        low = arrivals.low[i]
        for s in range(low, low + arrivals.place[i + 1] - arrivals.place[i]):
            begin, flowed, before = 0.0, False, -1
            if s == first_of[i]:
                ys[s], gs[s] = V_0 - run.u0[i], run.g0[i]
            else:
                begin, flowed, before = ends[s - 1], kinds[s - 1] == FLOW, segments.source[s - 1]
            end, g, kind, spike = ends[s], gs[s], kinds[s], segments.source[s]
            h = end - begin
            share = math.exp(-h * rate_K)
            after, g_after = V_0, g * share
            if not segments.clamped[s]:
                slot = arrivals.place[i] + s - low
                first, last = starts[slot], starts[slot + 1]
                at_end, at_once, total = 0.0, 0, 0.0
                earliest, latest = math.inf, -math.inf
                for q in range(first, last):
                    t, weight = when[q], weights[synapses[q]]
                    if t >= end and kind == FLOW:
                        at_end += weight
                        at_once += 1
                        segments.cause[s], segments.synapse[s] = arrivals.spike[q], synapses[q]
                        continue
                    earliest, latest = min(t, earliest), max(t, latest)
                    _, lost, _ = jump_exponent(end - t, t - begin, share, rate, rate_K, kappa)
                    total += weight * math.exp(-(end - t) * rate - g * lost)
                y = membrane_after(ys[s], g, h, A, tau, tau_K) - total
                if flowed and earliest - begin < gap:
                    gap, which[1] = earliest - begin, before
                if kind == FLOW and at_once:
                    kinds[s] = JUMP
                    # Above its threshold by this much; a recording that is not of this model lies below.
                    above = V_0 - theta - y + at_end
                    if max(above, 0.0) < excess:
                        excess, which[2] = max(above, 0.0), spike
                    if not -above <= mismatch:
                        mismatch, which[3] = -above, spike
                    which[4] += at_once > 1
                elif kind == FLOW:
                    if end - latest < gap:
                        gap, which[1] = end - latest, spike
                    if t_d > 0.0 and s > first_of[i] and kinds[s - 1] == POTASSIUM and h < gap:
                        gap, which[1] = h, spike
                    rise = (V_0 - theta - g_after * B) * rate
                    if rise < slope:
                        slope, which[0] = rise, spike
                    if not abs(y - (V_0 - theta)) <= mismatch:
                        mismatch, which[3] = abs(y - (V_0 - theta)), spike
                elif kind == POTASSIUM:
                    after = y
                    if flowed and t_d > 0.0 and h < gap:
                        gap, which[1] = h, before
            if kind == POTASSIUM:
                g_after += delta_g
            if s + 1 < first_of[i + 1]:
                ys[s + 1], gs[s + 1] = after, g_after
    found[0], found[1], found[2], found[3] = slope, gap, excess, mismatch
