"""Steps of many units in compiled code.

Matrices are stored with a row for every sending unit, so that all receiving units lie side by side in vector lanes and
nothing is summed in another order than one sender after the other.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelearn.compiled import njit

__all__ = ["unit_steps"]

_TINY = 1e-30


@njit(cache=True, error_model="numpy", nogil=True)
def _drive(
    matrix: Any,
    r: Any,
    out: Any,
) -> Any:
    """Add to `out` what all senders give, four of them at a time; those that are silent together cost nothing."""
    n, m = matrix.shape
    j = 0
    while j + 4 <= n:
        a, b, c, d = r[j], r[j + 1], r[j + 2], r[j + 3]
        if a != 0.0 or b != 0.0 or c != 0.0 or d != 0.0:
            p, q, s, t = matrix[j], matrix[j + 1], matrix[j + 2], matrix[j + 3]
            for i in range(m):
                out[i] += (p[i] * a + q[i] * b) + (s[i] * c + t[i] * d)
        j += 4
    while j < n:
        a = r[j]
        p = matrix[j]
        for i in range(m):
            out[i] += p[i] * a
        j += 1


@njit(cache=True, error_model="numpy", nogil=True)
def unit_steps(
    onto_E: Any,
    onto_I: Any,
    r: Any,
    x: Any,
    first: Any,
    total: Any,
    normals: Any,
    noise: Any,
    decay: Any,
    k: Any,
    stop: Any,
    constants: Any,
    schedule: Any,
    kick: Any,
) -> Any:
    """Run the steps from k up to `stop` (left out) of a trial of one start.

    Parameters
    ----------
    onto_E, onto_I : ndarray, shape (n, n_E) and (n, n_I)
        Weights with a row for every sender; those of I senders negative.
    r : ndarray, shape (n,)
        Activities, changed in place.
    x : ndarray, shape (n,)
        Noise, changed in place.
    first, total : ndarray, shape (n,)
        First state of the window and sum of what follows, less the first; changed in place.
    normals : ndarray, shape (steps, n)
        Standard normal numbers; of shape (0, n) without noise.
    noise, decay : float
        x <- x - decay x + noise z in every step.
    k, stop : int
        Which steps.
    constants : tuple of 8 float
        From `spikelearn.models.ei_trials.protocol.trial_constants`.
    schedule : tuple of 4 int
        Steps, first step of the kick, the step after its last, length of the window.
    kick : float
        Input to every E unit during the kick.

    Returns
    -------
    bool
        Whether, after the kick and without noise, a step changed no activity at all.
    """
    h_E, h_I, g_E, g_I, th_E, th_I, E_max, I_max = constants
    steps, kick_start, kick_stop, window = schedule
    begin = steps - window
    n = r.size
    n_E = onto_E.shape[1]
    noisy = normals.shape[0] > 0
    drive_E, drive_I = np.empty(n_E), np.empty(n - n_E)
    row = 0
    while k < stop:
        if noisy:
            z = normals[row]
            for i in range(n):
                x[i] = x[i] - decay * x[i] + noise * z[i]
            row += 1
        u = kick if kick_start <= k < kick_stop else 0.0
        for i in range(n_E):
            drive_E[i] = x[i] + u - th_E
        _drive(onto_E, r, drive_E)
        still = True
        for i in range(n_E):
            old = r[i]
            new = old + h_E * (g_E * max(0.0, drive_E[i]) - old)
            new = min(new, E_max)
            new = 0.0 if new < _TINY else new
            still = still and new == old
            r[i] = new
        for i in range(n - n_E):
            drive_I[i] = x[n_E + i] - th_I
        _drive(onto_I, r, drive_I)
        for i in range(n - n_E):
            old = r[n_E + i]
            new = old + h_I * (g_I * max(0.0, drive_I[i]) - old)
            new = min(new, I_max)
            new = 0.0 if new < _TINY else new
            still = still and new == old
            r[n_E + i] = new
        if k == begin:
            for i in range(n):
                first[i] = r[i]
        elif k > begin:
            for i in range(n):
                total[i] += r[i] - first[i]
        if still and not noisy and kick_stop <= k:
            return True
        k += 1
    return False
