"""The online rule, compiled: network, filters and weights together by Runge-Kutta's fourth order.

The state is flat: v, z, p, q of n neurons each, then W row by row, then the STDP and the Hebbian part of W where the
terms are recorded. z filters W S(v) by l_net, p and q filter v-bar and S(v-bar) by gamma.
"""

from __future__ import annotations

import math

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.compiled import njit

__all__ = ["advance"]


@njit(cache=True)
def _activate(kind: int, x: float) -> float:
    if kind == 0:
        return math.tanh(x)
    return x


@njit(cache=True)
def _slopes(y: Floats, u: Floats, n: int, rates: Floats, kind: int, terms: bool, s: Floats, out: Floats) -> None:
    """Write the state's time derivative into `out`; `s` holds S(v), v-bar and S(v-bar)."""
    l_net, decay, gamma, epsilon = rates[0], rates[1], rates[2], rates[3]
    weights = 4 * n
    size = n * n
    for i in range(n):
        bar = l_net * y[i] - y[n + i]
        s[i] = _activate(kind, y[i])
        s[n + i] = bar
        s[2 * n + i] = _activate(kind, bar)
    for i in range(n):
        drive, scale = 0.0, 0.0
        row = weights + i * n
        for k in range(n):
            drive += y[row + k] * s[k]
            scale += y[row + k] * s[2 * n + k]
        bar = s[n + i]
        out[i] = drive + u[i] - l_net * y[i]
        out[n + i] = l_net * (drive - y[n + i])
        out[2 * n + i] = gamma * (bar - y[2 * n + i])
        out[3 * n + i] = gamma * (s[2 * n + i] - y[3 * n + i])
        half, hebb = 0.5 * gamma * epsilon, decay * epsilon * bar
        # epsilon times ((l v-bar_i - sum_k W_ik S_k) - (gamma/2) p_i) is what S_j is multiplied by.
        before = half * y[2 * n + i]
        onto = hebb - epsilon * scale - before
        if terms:
            for j in range(n):
                stdp = half * bar * y[3 * n + j] - before * s[2 * n + j]
                out[row + j] = half * bar * y[3 * n + j] + onto * s[2 * n + j]
                out[row + size + j] = stdp
                out[row + 2 * size + j] = hebb * s[2 * n + j]
        else:
            for j in range(n):
                out[row + j] = half * bar * y[3 * n + j] + onto * s[2 * n + j]


@njit(cache=True)
def advance(
    y: Floats, u: Floats, first: int, n_steps: int, stride: int, h: float, rates: Floats, kind: int, terms: bool,
    kept: Floats,
) -> int:  # fmt: skip
    """Step the state `y` in place and keep it after every `stride` steps.

    Parameters
    ----------
    y : ndarray, shape (4 n + n^2,) or (4 n + 3 n^2,)
    u : ndarray, shape (2 steps a period, n)
        The input at the begin and in the middle of each step of a period, which repeats.
    first : int
        Number of the first step.
    n_steps, stride : int
    h : float
        Step.
    rates : ndarray, shape (4,)
        l_net, l, gamma, epsilon.
    kind : int
        The activation's code.
    terms : bool
        Whether the STDP and the Hebbian part are in the state.
    kept : ndarray, shape (n_steps // stride, len(y))

    Returns
    -------
    int
        The step after which the state was found beyond all bounds, or -1.
    """
    n, size, period = u.shape[1], y.shape[0], u.shape[0]
    slope, stage, total = np.empty(size), np.empty(size), np.empty(size)
    s = np.empty(3 * n)
    for k in range(n_steps):
        place = 2 * ((first + k) % (period // 2))
        begin, middle, end = u[place], u[place + 1], u[(place + 2) % period]
        _slopes(y, begin, n, rates, kind, terms, s, slope)
        for m in range(size):
            total[m] = slope[m]
            stage[m] = y[m] + 0.5 * h * slope[m]
        _slopes(stage, middle, n, rates, kind, terms, s, slope)
        for m in range(size):
            total[m] += 2.0 * slope[m]
            stage[m] = y[m] + 0.5 * h * slope[m]
        _slopes(stage, middle, n, rates, kind, terms, s, slope)
        for m in range(size):
            total[m] += 2.0 * slope[m]
            stage[m] = y[m] + h * slope[m]
        _slopes(stage, end, n, rates, kind, terms, s, slope)
        for m in range(size):
            y[m] += h / 6.0 * (total[m] + slope[m])
        if (k + 1) % stride == 0:
            row = (k + 1) // stride - 1
            sound = 0.0
            for m in range(size):
                kept[row, m] = y[m]
                sound += abs(y[m])
            if not sound < 1e12:
                return k + 1
    return -1
