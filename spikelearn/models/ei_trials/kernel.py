"""Trials in compiled code: one start step by step, many side by side; the same numbers to the bit.

No operation may be reordered or fused here, so that a plain Python loop gives the same bits: no fastmath. The mean of
the window is taken about its first state, m = r + sum(X - r)/n, which is exact once the activity has settled; so a
settled trial may stop early without changing a bit.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spikelearn.compiled import njit

__all__ = ["noisy_trial", "quiet_trials"]

_TINY = 1e-30
_LANES = 32
_BLOCK = 64


@njit(cache=True, error_model="numpy")
def _silent_steps(E: float, h: float) -> float:
    """Count the steps after which an activity that decays by the factor 1 - h lies below the smallest that counts."""
    if E == 0.0:
        return 0.0
    if h >= 1.0:
        return 1.0
    return 3.0 + (math.log(E) - math.log(_TINY)) / -math.log1p(-h)


@njit(cache=True, error_model="numpy")
def _dies(E: Any, I: Any, k: Any, begin: Any, constants: Any) -> Any:  # noqa: E741
    """Say whether activities that drive nothing any more are exactly zero before the window begins."""
    h_E, h_I, _, _, th_E, th_I, _, _ = constants
    if th_E < 0.0 or th_I < 0.0:
        return False
    return k + max(_silent_steps(E, h_E), _silent_steps(I, h_I)) < begin


@njit(cache=True, error_model="numpy")
def _finish(
    E: Any,
    I: Any,  # noqa: E741
    ee: Any,
    ei: Any,
    ie: Any,
    ii: Any,
    k: Any,
    constants: Any,
    schedule: Any,
    kick: Any,
) -> Any:
    """Go on from the state before step k to the end of the trial, without noise; give both means."""
    h_E, h_I, g_E, g_I, th_E, th_I, E_max, I_max = constants
    steps, kick_start, kick_stop, window = schedule
    begin = steps - window
    ref_E, ref_I, sum_E, sum_I = 0.0, 0.0, 0.0, 0.0
    while k < steps:
        u = kick if kick_start <= k < kick_stop else 0.0
        E_old, I_old = E, I
        r = g_E * max(0.0, ee * E - ei * I + u - th_E)
        E = E + h_E * (r - E)
        r = g_I * max(0.0, ie * E - ii * I - th_I)
        I = I + h_I * (r - I)  # noqa: E741
        E = min(E, E_max)
        I = min(I, I_max)  # noqa: E741
        if E < _TINY:
            E = 0.0
        if I < _TINY:
            I = 0.0  # noqa: E741
        if k >= begin:
            if k == begin:
                ref_E, ref_I = E, I
            sum_E += E - ref_E
            sum_I += I - ref_I
        elif k >= kick_stop:
            if E_old == E and I_old == I:
                return E, I
            if not k % _BLOCK and ee * E <= th_E and ie * E <= th_I and _dies(E, I, k, begin, constants):
                return 0.0, 0.0
        k += 1
    return ref_E + sum_E / window, ref_I + sum_I / window


@njit(cache=True, error_model="numpy")
def quiet_trials(W: Any, constants: Any, schedule: Any, kick: Any) -> Any:
    """Run one trial without noise for every start; give the means of the window.

    Parameters
    ----------
    W : ndarray, shape (4, n)
        Weights W_EE, W_EI, W_IE, W_II.
    constants : tuple of 8 float
        From `spikelearn.models.ei_trials.protocol.trial_constants`.
    schedule : tuple of 4 int
        Steps, first step of the kick, the step after its last, length of the window.
    kick : float
        Input to E during the kick.

    Returns
    -------
    ndarray, shape (2, n)
        Means of E and I in Hz.
    """
    n = W.shape[1]
    means = np.zeros((2, n))
    h_E, h_I, g_E, g_I, th_E, th_I, E_max, I_max = constants
    steps, kick_start, kick_stop, window = schedule
    begin = steps - window
    # From rest at zero nothing moves before the kick, unless a threshold is negative.
    first = kick_start if th_E >= 0.0 and th_I >= 0.0 else 0
    order = np.arange(n)
    left = n
    E, I = np.zeros(n), np.zeros(n)  # noqa: E741
    S = np.zeros(10 * _LANES)
    k = first
    while left >= 4 and k < begin:
        stop = min(k + _BLOCK, begin)
        if k < kick_stop:
            stop = min(stop, kick_stop)
        if k < kick_start:
            stop = min(stop, kick_start)
        u = kick if kick_start <= k < kick_stop else 0.0
        for group in range(0, left, _LANES):
            size = min(_LANES, left - group)
            for lane in range(size):
                j = order[group + lane]
                S[lane], S[_LANES + lane] = E[j], I[j]
                S[2 * _LANES + lane], S[3 * _LANES + lane] = W[0, j], W[1, j]
                S[4 * _LANES + lane], S[5 * _LANES + lane] = W[2, j], W[3, j]
            for _ in range(k, stop):
                for lane in range(_LANES):
                    x = S[lane]
                    y = S[_LANES + lane]
                    S[6 * _LANES + lane] = x
                    S[7 * _LANES + lane] = y
                    r = g_E * max(0.0, S[2 * _LANES + lane] * x - S[3 * _LANES + lane] * y + u - th_E)
                    x = x + h_E * (r - x)
                    r = g_I * max(0.0, S[4 * _LANES + lane] * x - S[5 * _LANES + lane] * y - th_I)
                    y = y + h_I * (r - y)
                    x = min(x, E_max)
                    y = min(y, I_max)
                    S[lane] = 0.0 if x < _TINY else x
                    S[_LANES + lane] = 0.0 if y < _TINY else y
            for lane in range(size):
                j = order[group + lane]
                E[j], I[j] = S[lane], S[_LANES + lane]
                if S[lane] == S[6 * _LANES + lane] and S[_LANES + lane] == S[7 * _LANES + lane] and k >= kick_stop:
                    means[0, j], means[1, j] = E[j], I[j]
                    order[group + lane] = -1 - j
                elif (
                    k >= kick_stop
                    and W[0, j] * E[j] <= th_E
                    and W[2, j] * E[j] <= th_I
                    and _dies(E[j], I[j], stop, begin, constants)
                ):
                    order[group + lane] = -1 - j
        kept = 0
        for place in range(left):
            if order[place] >= 0:
                order[kept] = order[place]
                kept += 1
        left = kept
        k = stop
    for place in range(left):
        j = order[place]
        means[0, j], means[1, j] = _finish(E[j], I[j], W[0, j], W[1, j], W[2, j], W[3, j], k, constants, schedule, kick)
    return means


@njit(cache=True, error_model="numpy")
def noisy_trial(W: Any, x: Any, normals: Any, noise: Any, decay: Any, constants: Any, schedule: Any, kick: Any) -> Any:
    """Run one trial of one start with noise, every step of it; give the means of the window.

    Parameters
    ----------
    W : ndarray, shape (4,)
        Weights W_EE, W_EI, W_IE, W_II.
    x : ndarray, shape (2,)
        Noise that E and I get; goes on from trial to trial and is changed in place.
    normals : ndarray, shape (steps, 2)
        Standard normal numbers.
    noise, decay : float
        x <- x - decay x + noise z in every step.
    constants, schedule, kick
        As in `quiet_trials`.

    Returns
    -------
    float, float
        Means of E and I in Hz.
    """
    h_E, h_I, g_E, g_I, th_E, th_I, E_max, I_max = constants
    steps, kick_start, kick_stop, window = schedule
    ee, ei, ie, ii = W[0], W[1], W[2], W[3]
    x_E, x_I = x[0], x[1]
    begin = steps - window
    E, I, ref_E, ref_I, sum_E, sum_I = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0  # noqa: E741
    for k in range(steps):
        x_E = x_E - decay * x_E + noise * normals[k, 0]
        x_I = x_I - decay * x_I + noise * normals[k, 1]
        u = kick if kick_start <= k < kick_stop else 0.0
        r = g_E * max(0.0, ee * E - ei * I + x_E + u - th_E)
        E = E + h_E * (r - E)
        r = g_I * max(0.0, ie * E - ii * I + x_I - th_I)
        I = I + h_I * (r - I)  # noqa: E741
        E = min(E, E_max)
        I = min(I, I_max)  # noqa: E741
        if E < _TINY:
            E = 0.0
        if I < _TINY:
            I = 0.0  # noqa: E741
        if k >= begin:
            if k == begin:
                ref_E, ref_I = E, I
            sum_E += E - ref_E
            sum_I += I - ref_I
    x[0], x[1] = x_E, x_I
    return ref_E + sum_E / window, ref_I + sum_I / window
