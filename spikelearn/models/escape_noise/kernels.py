"""Compiled loops of the array engine: one pass over bins, cost proportional to the spikes rather than to units squared.

The potential needs no trace matrix: with phi[k] = d (phi[k-1] + X[k-1]) the drive h = W phi obeys
h[k] = d (h[k-1] + W X[k-1]), so that a spike adds one column of W. The gradient sum_k s_i[k] phi_j[k] is turned around
in time in the same way: with B_i[m] = d (B_i[m+1] + s_i[m+1]) it is sum_m X_j[m] B_i[m]. All functions release the GIL
and write to disjoint parts of their outputs, so that results do not depend on the number of threads.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from spikelearn.compiled import njit, processors
from spikelearn.parameters.numbers import whole_number

__all__ = [
    "accumulate",
    "bin_terms",
    "compiled",
    "exponentials",
    "forward",
    "generate",
    "in_chunks",
    "posterior",
    "spike_terms",
]

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function) -> _Function:
    """Compile a function with numba, without the GIL, cached on disk."""
    return njit(nogil=True, cache=True, error_model="numpy")(function)


def in_chunks(task: Callable[[int, int], None], n: int, threads: int | None, work: int) -> None:
    """Run ``task(start, stop)`` over 0 to n in `threads` threads, or as many as pay for `work` inner steps."""
    # A thread costs about as much to start as 20,000 steps.
    given = None if threads is None else whole_number("threads", threads, at_least=1)
    available = min(processors(), 1 + work // 100_000) if given is None else given
    count = max(1, min(n, available))
    if count == 1:
        task(0, n)
        return
    edges = [round(n * k / count) for k in range(count + 1)]
    with ThreadPoolExecutor(count) as pool:
        for future in [pool.submit(task, a, b) for a, b in itertools.pairwise(edges)]:
            future.result()


@compiled
def intensity(u: Any, base: Any, v: Any, inverse_du: Any, link: Any) -> Any:
    """Give r = rho dt, log r and g'/g at potential u; `base` is rho_0 dt."""
    z = (u - v) * inverse_du
    if link == 0:
        return base * math.exp(z), math.log(base) + z, inverse_du
    small = math.exp(-abs(z))
    sigmoid = (1.0 if z >= 0 else small) / (1.0 + small)
    if link == 1:
        log_sigmoid = min(z, 0.0) - math.log1p(small)
        return base * sigmoid, math.log(base) + log_sigmoid, inverse_du * (small if z >= 0 else 1.0) / (1.0 + small)
    if z < -30.0:
        return base * math.exp(z), math.log(base) + z, inverse_du
    softplus = max(z, 0.0) + math.log1p(small)
    return base * softplus, math.log(base * softplus), inverse_du * sigmoid / softplus


@compiled
def spike_terms(r: Any, log_r: Any) -> Any:
    """Give log p and (r/p)(1 - p) of a bin with a spike, p = 1 - exp(-r)."""
    if r < 1e-12:
        # p = r - r^2/2: the ratio r (1 - p)/p is 1 - r/2 and log p is log r to rounding.
        return log_r, 1.0
    p = -math.expm1(-r)
    if r < 1.0:
        return math.log(p), r * (1.0 - p) / p
    # In the form that stays finite where r is huge and 1 - p underflows.
    return math.log(p), r * math.exp(-r) / p if r < 700.0 else 0.0


@compiled
def bin_terms(x: Any, u: Any, base: Any, v: Any, inverse_du: Any, link: Any, kind: Any) -> Any:
    """Give log p(x), its slope in u, and r, for one unit in one bin; x is 0, 1 or (Poisson) a count."""
    if kind == 0 and x == 0 and link == 0:
        r = base * math.exp((u - v) * inverse_du)
        return -r, -r * inverse_du, r
    r, log_r, slope = intensity(u, base, v, inverse_du, link)
    if kind == 1:
        return (x * log_r if x > 0 else 0.0) - r, slope * (x - r), r
    if kind == 2:
        if x > 0:
            return log_r, slope, r
        return math.log1p(-r), -slope * r / (1.0 - r), r
    if x == 0:
        return -r, -slope * r, r
    value, factor = spike_terms(r, log_r)
    return value, slope * factor, r


@compiled
def forward(
    X: Any,
    WT: Any,
    start: Any,
    stop: Any,
    first: Any,
    constants: Any,
    link: Any,
    kind: Any,
    logp: Any,
    score: Any,
    largest: Any,
) -> Any:
    """Log-probabilities and scores of given spikes for the units first, first + 1, ... in trials start to stop.

    X (trials, bins, units); WT (units, posts), the transposed weights; constants = (d, d_adapt, eta_0, rho_0 dt, v,
    1/Delta_u); logp (trials, bins, posts) or empty along the last axis; score likewise; largest (trials,) gets max r.
    """
    n_bins, n_units = X.shape[1], X.shape[2]
    n_posts = WT.shape[1]
    decay, decay_a, eta, base, v, inverse_du = constants
    keep_logp, keep_score = logp.shape[2] > 0, score.shape[2] > 0
    summed = logp.shape[2] == 1 and n_posts > 1
    h, a = np.zeros(n_posts), np.zeros(n_posts)
    for trial in range(start, stop):
        h[:] = 0.0
        a[:] = 0.0
        for k in range(n_bins):
            total = 0.0
            for i in range(n_posts):
                h[i] *= decay
                a[i] *= decay_a
                x = X[trial, k, first + i]
                value, slope, r = bin_terms(x, h[i] - eta * a[i], base, v, inverse_du, link, kind)
                a[i] += x
                total += value
                if keep_logp and not summed:
                    logp[trial, k, i] = value
                if keep_score:
                    score[trial, k, i] = slope
                if not r <= largest[trial]:
                    largest[trial] = r
            if summed:
                logp[trial, k, 0] = total
            for j in range(n_units):
                x = X[trial, k, j]
                if x > 0:
                    for i in range(n_posts):
                        h[i] += x * WT[j, i]


@compiled
def which(spikes: Any, active: Any) -> Any:
    """List the units that spike, without a branch that the processor would have to guess; active has one entry more."""
    n = 0
    for j in range(spikes.shape[0]):
        active[n] = j
        n += 1 if spikes[j] > 0 else 0
    return n


@compiled
def total(values: Any) -> Any:
    """Sum in four strands, so that additions need not wait for each other."""
    first, second, third, fourth = 0.0, 0.0, 0.0, 0.0
    whole = values.shape[0] // 4 * 4
    for i in range(0, whole, 4):
        first += values[i]
        second += values[i + 1]
        third += values[i + 2]
        fourth += values[i + 3]
    for i in range(whole, values.shape[0]):
        first += values[i]
    return (first + second) + (third + fourth)


@compiled
def accumulate(score: Any, weight: Any, X: Any, decay: Any, start: Any, stop: Any, GT: Any) -> Any:
    """Add sum over trials and bins of weight score_i phi_j to GT[j, i] for the posts start to stop.

    score (trials, bins, posts), weight (trials, bins), X (trials, bins, units), GT (units, posts).
    """
    n_trials, n_bins, n_units = X.shape
    width = stop - start
    # Rows of arrays of this thread's own, indexed from zero: the inner loops then compile to vector instructions.
    later, G, active = np.zeros(width), np.zeros((n_units, width)), np.zeros(n_units + 1, dtype=np.int64)
    for trial in range(n_trials):
        later[:] = 0.0
        for m in range(n_bins - 1, -1, -1):
            spikes, slope, w = X[trial, m], score[trial, m, start:stop], weight[trial, m]
            n_spikes = which(spikes, active)
            for n in range(n_spikes):
                j = active[n]
                x, row = float(spikes[j]), G[j]
                for i in range(width):
                    row[i] += x * later[i]
            for i in range(width):
                later[i] = decay * (later[i] + w * slope[i])
    for j in range(n_units):
        for i in range(width):
            GT[j, start + i] += G[j, i]


@compiled
def exponentials(z: Any, scratch: Any, out: Any) -> Any:
    """Write exp(z) into out, in a form that compiles to vector instructions.

    Below -700 it is exp(-700); above 700, and for NaN, it is infinite, so that divergence is seen.

    exp(z) = 2^k exp(r), k = round(z/log 2): adding 1.5 * 2^52 rounds to a whole number and leaves k in the low bits,
    from where a shift makes it the exponent of 2^k. The polynomial leaves less than one unit in the last place.
    """
    bits = scratch.view(np.int64)
    for i in range(z.shape[0]):
        x = z[i] if z[i] < 700.0 else 700.0
        x = x if x > -700.0 else -700.0
        shifted = x * 1.4426950408889634 + 6755399441055744.0
        scratch[i] = shifted
        k = shifted - 6755399441055744.0
        # log 2 in two parts, the first with so few digits that its product with k is exact.
        r = (x - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10
        p = 1.0 / 479001600.0 + r * (1.0 / 6227020800.0)
        p = 1.0 / 3628800.0 + r * (1.0 / 39916800.0 + r * p)
        p = 1.0 / 40320.0 + r * (1.0 / 362880.0 + r * p)
        p = 1.0 / 720.0 + r * (1.0 / 5040.0 + r * p)
        p = 1.0 / 24.0 + r * (1.0 / 120.0 + r * p)
        p = 0.5 + r * (1.0 / 6.0 + r * p)
        out[i] = 1.0 + r * (1.0 + r * p)
    for i in range(z.shape[0]):
        bits[i] = (bits[i] + 1023) << 52
    for i in range(z.shape[0]):
        out[i] = out[i] * scratch[i] if z[i] <= 700.0 else math.inf


@compiled
def posterior(
    X: Any,
    WMT: Any,
    WQT: Any,
    threshold: Any,
    start: Any,
    stop: Any,
    constants: Any,
    link: Any,
    logs: Any,
    score_M: Any,
    score_Q: Any,
) -> Any:
    """Sample the hidden units from Q into X and evaluate both networks along the same path.

    X (trials, bins, units) with the visible part given; WMT (units, units), WQT (units, hidden); threshold (trials,
    bins, hidden): standard exponential variates, a unit spikes where r exceeds its own, which has the probability
    1 - exp(-r); logs (trials, bins, 2): log q and log p of each bin; scores (trials, bins, posts).
    """
    n_bins, n_units = X.shape[1], X.shape[2]
    n_hidden = WQT.shape[1]
    n_visible = n_units - n_hidden
    decay, decay_a, eta, base, v, inverse_du = constants
    h_M, h_Q, a = np.zeros(n_units), np.zeros(n_hidden), np.zeros(n_units)
    z_M, r_M, scratch_M = np.zeros(n_units), np.zeros(n_units), np.zeros(n_units)
    z_Q, r_Q, scratch_Q = np.zeros(n_hidden), np.zeros(n_hidden), np.zeros(n_hidden)
    # g'/g of every unit: constant for the exponential link.
    gain_M, gain_Q = np.full(n_units, inverse_du), np.full(n_hidden, inverse_du)
    a_hidden, log_base, active = a[n_visible:], math.log(base), np.zeros(n_units + 1, dtype=np.int64)
    for trial in range(start, stop):
        h_M[:] = 0.0
        h_Q[:] = 0.0
        a[:] = 0.0
        for k in range(n_bins):
            spikes, slopes_M, slopes_Q = X[trial, k], score_M[trial, k], score_Q[trial, k]
            hidden, limit = X[trial, k, n_visible:], threshold[trial, k]
            for i in range(n_units):
                a[i] *= decay_a
                h_M[i] *= decay
                z_M[i] = (h_M[i] - eta * a[i] - v) * inverse_du
            for i in range(n_hidden):
                h_Q[i] *= decay
                z_Q[i] = (h_Q[i] - eta * a_hidden[i] - v) * inverse_du
            # Bins without a spike, the many, need r alone; those with one go through bin_terms.
            if link == 0:
                exponentials(z_Q, scratch_Q, r_Q)
                exponentials(z_M, scratch_M, r_M)
                for i in range(n_hidden):
                    r_Q[i] *= base
                    slopes_Q[i] = -r_Q[i] * inverse_du
                for i in range(n_units):
                    r_M[i] *= base
                    slopes_M[i] = -r_M[i] * inverse_du
            else:
                for i in range(n_hidden):
                    r_Q[i], _, slope = intensity(z_Q[i], base, 0.0, 1.0, link)
                    gain_Q[i] = slope * inverse_du
                    slopes_Q[i] = -r_Q[i] * gain_Q[i]
                for i in range(n_units):
                    r_M[i], _, slope = intensity(z_M[i], base, 0.0, 1.0, link)
                    gain_M[i] = slope * inverse_du
                    slopes_M[i] = -r_M[i] * gain_M[i]
            for i in range(n_hidden):
                hidden[i] = 1 if r_Q[i] > limit[i] else 0
            # The log-probabilities with the sign turned take the place of r, which is what a bin without a spike has.
            n_spikes = which(hidden, active)
            for n in range(n_spikes):
                i = active[n]
                log_r = log_base + z_Q[i] if link == 0 else intensity(z_Q[i], base, 0.0, 1.0, link)[1]
                value, factor = spike_terms(r_Q[i], log_r)
                slopes_Q[i] = factor * gain_Q[i]
                r_Q[i] = -value
            n_spikes = which(spikes, active)
            for n in range(n_spikes):
                j = active[n]
                log_r = log_base + z_M[j] if link == 0 else intensity(z_M[j], base, 0.0, 1.0, link)[1]
                value, factor = spike_terms(r_M[j], log_r)
                slopes_M[j] = factor * gain_M[j]
                r_M[j] = -value
                a[j] += 1.0
                row_M, row_Q = WMT[j], WQT[j]
                for i in range(n_units):
                    h_M[i] += row_M[i]
                for i in range(n_hidden):
                    h_Q[i] += row_Q[i]
            logs[trial, k, 0] = -total(r_Q)
            logs[trial, k, 1] = -total(r_M)


@compiled
def generate(X: Any, clamp: Any, WT: Any, threshold: Any, start: Any, stop: Any, constants: Any, link: Any) -> Any:
    """Sample all units into X (trials, bins, units); where clamp (same shape, int8) is 0 or 1 that value is used."""
    n_bins, n_units = X.shape[1], X.shape[2]
    decay, decay_a, eta, base, v, inverse_du = constants
    h, a = np.zeros(n_units), np.zeros(n_units)
    for trial in range(start, stop):
        h[:] = 0.0
        a[:] = 0.0
        for k in range(n_bins):
            for i in range(n_units):
                h[i] *= decay
                a[i] *= decay_a
                r = intensity(h[i] - eta * a[i], base, v, inverse_du, link)[0]
                fixed = clamp[trial, k, i]
                X[trial, k, i] = fixed if fixed >= 0 else (1 if r > threshold[trial, k, i] else 0)
                a[i] += X[trial, k, i]
            for j in range(n_units):
                if X[trial, k, j] > 0:
                    for i in range(n_units):
                        h[i] += WT[j, i]
