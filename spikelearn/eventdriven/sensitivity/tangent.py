"""The forward pass: how every spike time moves when parameters, weights, delays and initial states move.

Each column of the tangent is one direction. A neuron carries (du, dg) right after its last event and dT, how that
event moved. Over a segment u at its end moves by ``a + f dT``, f = du/dt before the event. A spike of the flow keeps u
at the threshold: ``dT = (dtheta - a)/f``. What arrives moves with the spike that it came from: ``dT = dt + ddelay``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from spikelearn.arrays import Floats, Integers
from spikelearn.compiled import njit
from spikelearn.eventdriven.sensitivity.flow_jacobian import flow_jacobian
from spikelearn.eventdriven.sensitivity.records import FLOW, JUMP, POTASSIUM, Arrivals, Run, Segments
from spikelearn.eventdriven.sensitivity.replay import jump_exponent

__all__ = ["Tangent", "advance_tangent", "no_tangent"]


class Tangent(NamedTuple):
    """Directions in which a run is moved, one a column, and where they have led.

    Attributes
    ----------
    parameters : ndarray, shape (n, 8, columns)
        Of the neurons; shape (0, 8, columns) if none moves.
    weight, delay : ndarray, shape (n_synapses, columns)
        Of the synapses; shape (0, columns) if none moves.
    u, g, T : ndarray, shape (n, columns)
        Of each neuron right after its last event, and of that event's time.
    times : ndarray, shape (n_spikes, columns)
        Of all spikes; those of past spikes and of sources from outside are given, the others found.
    """

    parameters: Floats
    weight: Floats
    delay: Floats
    u: Floats
    g: Floats
    T: Floats
    times: Floats


def no_tangent(run: Run, columns: int, *, parameters: bool = False, synapses: bool = False) -> Tangent:
    """Make directions that are all zero, with room for parameters and synapses where asked for."""
    n, m = len(run.u0) if parameters else 0, len(run.weight) if synapses else 0
    state = (len(run.u0), columns)
    return Tangent(
        np.zeros((n, 8, columns)), np.zeros((m, columns)), np.zeros((m, columns)), np.zeros(state), np.zeros(state),
        np.zeros(state), np.zeros((len(run.times), columns)),
    )  # fmt: skip


@njit(cache=True, error_model="numpy")
def advance_tangent(
    run: Run, segments: Segments, arrivals: Arrivals, order: Integers, first: int, last: int, tangent: Tangent
) -> None:
    """Carry the tangent through segments ``order[first]`` to ``order[last - 1]``, which is by the time of their ends.

    Parameters
    ----------
    run, segments, arrivals
        What `replay` has filled in.
    order : ndarray of int64
        All segments by the time of their ends.
    first, last : int
        Which of them; `arrivals` must cover them.
    tangent : Tangent
        Changed in place.
    """
    weights = run.weight
    starts, spikes, synapses, when = arrivals.start, arrivals.spike, arrivals.synapse, arrivals.time
    ends, kinds = segments.end, segments.kind
    d_parameters, d_weight, d_delay = tangent.parameters, tangent.weight, tangent.delay
    d_times = tangent.times
    columns = d_times.shape[1]
    move_parameters, move_synapses = len(d_parameters) > 0, len(d_weight) > 0
    a, p_move = np.zeros(columns), np.zeros((8, columns))
    for position in range(first, last):
        s = order[position]
        i = segments.neuron[s]
        p = run.parameters[i]
        V_0, theta, Delta, tau, tau_K = p[0], p[1], p[2], p[3], p[4]
        A, B, kappa, rate, rate_K = V_0 + Delta, theta + Delta, tau_K / tau, 1.0 / tau, 1.0 / tau_K
        if move_parameters:
            p_move = d_parameters[i]
        begin = ends[s - 1] if s > segments.first[i] else 0.0
        h = ends[s] - begin
        share = math.exp(-h / tau_K)
        g = segments.g[s]
        g_end = g * share
        kind, spike = kinds[s], segments.source[s]
        du, dg, dT = tangent.u[i], tangent.g[i], tangent.T[i]
        f = 0.0
        free = not segments.clamped[s]
        if free and kind != JUMP:
            y, E, y_A, y_g, y_tau, y_tau_K = flow_jacobian(segments.y[s], g, h, A, tau, tau_K)
            slot = arrivals.place[i] + s - arrivals.low[i]
            by_g, by_tau, by_tau_K, by_T, total = -y_g, 0.0, -y_tau_K, 0.0, 0.0
            a[:] = 0.0
            for q in range(starts[slot], starts[slot + 1]):
                synapse, k = synapses[q], spikes[q]
                t = when[q]
                length = ends[s] - t
                kept, lost, slow = jump_exponent(length, t - begin, share, rate, rate_K, kappa)
                M = length * rate + g * lost
                left = math.exp(-M)
                jump = weights[synapse] * left
                total += jump
                by_g -= jump * lost
                by_tau += jump * M * rate
                by_tau_K -= jump * g * slow * rate
                by_T -= jump * (g * kept - g_end) * rate
                by_t = jump * (1.0 + g * kept) * rate
                for c in range(columns):
                    a[c] += by_t * d_times[k, c]
                if move_synapses:
                    for c in range(columns):
                        a[c] += left * d_weight[synapse, c] + by_t * d_delay[synapse, c]
            # At threshold the slope is known without the rounding of y.
            f = (V_0 - theta - g_end * B) / tau if kind == FLOW else (y - total - g_end * (A - y + total)) / tau
            flowing = f + total * (1.0 + g_end) / tau
            by_T -= flowing
            by_tau -= y_tau
            for c in range(columns):
                a[c] += E * du[c] + by_g * dg[c] + by_T * dT[c]
                if move_parameters:
                    a[c] += (1.0 - E - y_A) * p_move[0, c] - y_A * p_move[2, c]
                    a[c] += by_tau * p_move[3, c] + by_tau_K * p_move[4, c]
        for c in range(columns):
            if kind == FLOW:
                moved = (p_move[1, c] - a[c]) / f
            elif kind == JUMP:
                moved = d_times[segments.cause[s], c]
                if move_synapses:
                    moved += d_delay[segments.synapse[s], c]
            else:
                moved = d_times[spike, c] + p_move[6 if kind == POTASSIUM else 7, c]
            if kind <= JUMP:
                d_times[spike, c] = moved
            du[c] = a[c] + f * moved if free and kind == POTASSIUM else 0.0
            dg[c] = share * dg[c] - g_end / tau_K * (moved - dT[c])
            if move_parameters:
                dg[c] += g_end * h / (tau_K * tau_K) * p_move[4, c]
                if kind == POTASSIUM:
                    dg[c] += p_move[5, c]
            dT[c] = moved
