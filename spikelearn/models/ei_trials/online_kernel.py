"""Learning without trials in compiled code: activity, calcium sensors and weights, all in every step."""

from __future__ import annotations

import math
from typing import Any

from spikelearn.compiled import njit

__all__ = ["online_steps"]

_TINY = 1e-30


@njit(cache=True, error_model="numpy")
def online_steps(
    state: Any,
    rates: Any,
    sets: Any,
    kicks: Any,
    place: Any,
    normals: Any,
    noise: Any,
    decay: Any,
    constants: Any,
    drive: Any,
    begin: Any,
    stop: Any,
    every: Any,
    out: Any,
) -> Any:
    """Run the steps from `begin` up to `stop` (left out) of one start.

    Parameters
    ----------
    state : ndarray, shape (11,)
        E, I, calcium of E and of I, W_EE, W_EI, W_IE, W_II, noise of E and of I, the step before which the kick ends;
        changed in place.
    rates : ndarray, shape (8,)
        Crossed rates EE, EI, IE, II and own rates, per step.
    sets : tuple of 2 float
        E_set and I_set.
    kicks : ndarray of int
        Steps in which kicks begin, ascending.
    place : int
        The first of them that is not yet done.
    normals : ndarray, shape (stop - begin, 2)
        Standard normal numbers; of shape (0, 2) without noise.
    noise, decay : float
        x <- x - decay x + noise z in every step.
    constants : tuple of 8 float
        From `spikelearn.models.ei_trials.protocol.trial_constants`.
    drive : tuple
        Kick, its steps, share of the calcium that a step takes away, floor of the weights.
    begin, stop : int
        Which steps.
    every : int
        Steps between records.
    out : ndarray, shape (records, 8)
        The first eight numbers of the state after steps every, 2 every, ...

    Returns
    -------
    int
        The first kick that is not yet done; -1 where the weights were no longer finite, and all is NaN from there on.
    """
    h_E, h_I, g_E, g_I, th_E, th_I, E_max, I_max = constants
    kick, kick_steps, h_c, floor = drive
    E_set, I_set = sets
    E, I, c_E, c_I = state[0], state[1], state[2], state[3]  # noqa: E741
    ee, ei, ie, ii = state[4], state[5], state[6], state[7]
    x_E, x_I, until = state[8], state[9], state[10]
    a_ee, a_ei, a_ie, a_ii, b_ee, b_ei, b_ie, b_ii = rates
    noisy = normals.shape[0] > 0
    for k in range(begin, stop):
        if noisy:
            x_E = x_E - decay * x_E + noise * normals[k - begin, 0]
            x_I = x_I - decay * x_I + noise * normals[k - begin, 1]
        while place < kicks.size and kicks[place] <= k:
            until = kicks[place] + kick_steps
            place += 1
        u = kick if k < until else 0.0
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
        c_E = c_E + h_c * (E - c_E)
        c_I = c_I + h_c * (I - c_I)
        off_E = E_set - c_E
        off_I = I_set - c_I
        ee = ee + c_E * (a_ee * off_I + b_ee * off_E)
        ei = ei - c_I * (a_ei * off_I + b_ei * off_E)
        ie = ie + c_E * (b_ie * off_I - a_ie * off_E)
        ii = ii + c_I * (a_ii * off_E - b_ii * off_I)
        # The floor would hide a change that is minus infinity or NaN.
        if not math.isfinite(ee + ei + ie + ii):
            out[k // every :] = math.nan
            state[:] = math.nan
            return -1
        ee = max(floor, ee)
        ei = max(floor, ei)
        ie = max(floor, ie)
        ii = max(floor, ii)
        if (k + 1) % every == 0:
            row = out[(k + 1) // every - 1]
            row[0], row[1], row[2], row[3] = E, I, c_E, c_I
            row[4], row[5], row[6], row[7] = ee, ei, ie, ii
    state[0], state[1], state[2], state[3] = E, I, c_E, c_I
    state[4], state[5], state[6], state[7] = ee, ei, ie, ii
    state[8], state[9], state[10] = x_E, x_I, until
    return place
