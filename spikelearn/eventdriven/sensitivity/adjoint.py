"""The backward pass: how a loss that depends on spike times depends on everything else, all at once.

Events are taken backwards in time. A neuron carries the loss's derivatives by (u, g) right after its next event and by
the time at which the segment before that event began; a spike carries that by its own time. See `tangent` for the
forward equations whose transpose this is.
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

__all__ = ["Adjoint", "advance_adjoint", "no_adjoint"]


class Adjoint(NamedTuple):
    """Derivatives of a loss.

    Attributes
    ----------
    parameters : ndarray, shape (n, 8)
        By the neurons' parameters, in the order of `records.COLUMNS`.
    weight, delay : ndarray, shape (n_synapses,)
        By those of the synapses.
    u, g, T : ndarray, shape (n,)
        By each neuron's state right after an event, and by that event's time; at the end u and g at time 0.
    times : ndarray, shape (n_spikes,)
        By spike times; at the end all that follows from each spike is counted.
    """

    parameters: Floats
    weight: Floats
    delay: Floats
    u: Floats
    g: Floats
    T: Floats
    times: Floats


def no_adjoint(run: Run, d_loss: Floats) -> Adjoint:
    """Begin with a loss whose derivatives by all spike times are `d_loss`, and by nothing else."""
    n, m = len(run.u0), len(run.weight)
    return Adjoint(
        np.zeros((n, 8)), np.zeros(m), np.zeros(m), np.zeros(n), np.zeros(n), np.zeros(n), np.array(d_loss, dtype=float)
    )


@njit(cache=True, error_model="numpy")
def advance_adjoint(
    run: Run, segments: Segments, arrivals: Arrivals, order: Integers, first: int, last: int, adjoint: Adjoint
) -> None:
    """Go back from segment ``order[last - 1]`` to ``order[first]``, see `tangent.advance_tangent`."""
    weights = run.weight
    starts, spikes, synapses, when = arrivals.start, arrivals.spike, arrivals.synapse, arrivals.time
    ends, kinds = segments.end, segments.kind
    by_time, by_weight, by_delay = adjoint.times, adjoint.weight, adjoint.delay
    for position in range(last - 1, first - 1, -1):
        s = order[position]
        i = segments.neuron[s]
        p = run.parameters[i]
        V_0, theta, Delta, tau, tau_K = p[0], p[1], p[2], p[3], p[4]
        A, B, kappa, rate, rate_K = V_0 + Delta, theta + Delta, tau_K / tau, 1.0 / tau, 1.0 / tau_K
        found = adjoint.parameters[i]
        begin = ends[s - 1] if s > segments.first[i] else 0.0
        h = ends[s] - begin
        share = math.exp(-h / tau_K)
        g = segments.g[s]
        g_end = g * share
        kind, spike = kinds[s], segments.source[s]
        of_u, of_g, of_T = adjoint.u[i], adjoint.g[i], adjoint.T[i]
        of_T -= g_end / tau_K * of_g
        if kind == POTASSIUM:
            found[5] += of_g
        free = not segments.clamped[s]
        mu, f = 0.0, 0.0
        if kind == FLOW:
            of_T += by_time[spike]
            f = (V_0 - theta - g_end * B) / tau
            mu = -of_T / f
            found[1] -= mu
        elif kind == POTASSIUM:
            mu = of_u if free else 0.0
        elif kind == JUMP:
            of_T += by_time[spike]
            by_time[segments.cause[s]] += of_T
            by_delay[segments.synapse[s]] += of_T
        else:
            by_time[spike] += of_T
            found[7] += of_T
        back_u = 0.0
        back_g = share * of_g
        back_T = g_end / tau_K * of_g
        found[4] += of_g * g_end * h / (tau_K * tau_K)
        if mu != 0.0:
            y, E, y_A, y_g, y_tau, y_tau_K = flow_jacobian(segments.y[s], g, h, A, tau, tau_K)
            slot = arrivals.place[i] + s - arrivals.low[i]
            by_g, by_tau, by_tau_K, by_T, total = -y_g, 0.0, -y_tau_K, 0.0, 0.0
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
                by_tau += jump * M
                by_tau_K -= jump * g * slow * rate
                by_T -= g * kept * jump
                by_t = mu * jump * (1.0 + g * kept) * rate
                by_time[k] += by_t
                by_delay[synapse] += by_t
                by_weight[synapse] += mu * left
            by_T = (by_T + total * g_end) / tau
            if kind != FLOW:
                f = (y - total - g_end * (A - y + total)) / tau
            flowing = f + total * (1.0 + g_end) / tau
            by_T -= flowing
            by_tau = by_tau / tau - y_tau
            found[0] += mu * (1.0 - E - y_A)
            found[2] -= mu * y_A
            found[3] += mu * by_tau
            found[4] += mu * by_tau_K
            back_u = E * mu
            back_g += by_g * mu
            back_T += by_T * mu
        if kind == POTASSIUM:
            of_T += f * of_u if free else 0.0
            by_time[spike] += of_T
            found[6] += of_T
        adjoint.u[i], adjoint.g[i], adjoint.T[i] = back_u, back_g, back_T
