"""How fast the equations can become during a run: what a clock's step must resolve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.arrays import Floats
from spikelearn.models.adaptive_lif.theory import critical_conductance, time_to_spike

__all__ = ["fastest_rate", "largest_conductance"]


def largest_conductance(
    values: Mapping[str, Any], *, duration: float, g0: ArrayLike = 0.0, past: tuple[Floats, NDArray[np.int64]]
) -> Floats:
    """Bound the conductance that a neuron can reach within a run, from above.

    A neuron fires only while g < g*, and no two spikes are closer than t_s(0). After g has left g* upwards for the last
    time, only spikes of the delay before that can still arrive; and over the whole run no more arrive than the
    duration has room for. The smaller of the two bounds holds, on top of the start and of the history.

    Parameters
    ----------
    values : mapping
        V_0, theta, Delta, tau, tau_K, t_d and delta_g in SI units: floats or arrays of shape (n,).
    duration : float
        Length of the run in seconds.
    g0 : float or ndarray, shape (n,)
        Conductance at the start.
    past : (times, offsets)
        Past spikes in seconds, those of neuron i at ``times[offsets[i]:offsets[i + 1]]``.

    Returns
    -------
    ndarray, shape (n,)
        In units of the leak.

    References
    ----------
    002 Q1 Eqs. (3) to (5).
    """
    n = len(past[1]) - 1
    names = ("V_0", "theta", "Delta", "tau", "tau_K", "t_d", "delta_g")
    p = {name: np.broadcast_to(np.asarray(values[name], dtype=np.float64), (n,)) for name in names}
    shortest = np.asarray(time_to_spike(V_0=p["V_0"], theta=p["theta"], Delta=p["Delta"], tau=p["tau"]))
    g_star = np.maximum(np.asarray(critical_conductance(V_0=p["V_0"], theta=p["theta"], Delta=p["Delta"])), 0.0)
    start = np.asarray(g0, dtype=np.float64)
    fires = np.isfinite(shortest) & (p["t_d"] < duration)
    room = np.maximum(duration - p["t_d"], 0.0)
    late = p["delta_g"] * np.where(fires, _sum_of_decays(np.minimum(p["t_d"], room), shortest, p["tau_K"]), 0.0)
    all_ = p["delta_g"] * np.where(fires, _sum_of_decays(room, shortest, p["tau_K"]), 0.0)
    history = p["delta_g"] * _peaks(*past, p["tau_K"])
    bound: Floats = history + np.minimum(np.maximum(start, g_star) + late, start + all_)
    return bound


def fastest_rate(
    values: Mapping[str, Any],
    *,
    duration: float,
    states: Mapping[str, Any],
    past: tuple[Floats, NDArray[np.int64]],
) -> float:
    """Bound the largest rate of the equations in a run, in 1/s: a clock must step several times faster.

    Parameters
    ----------
    values, duration, past
        As for `largest_conductance`.
    states : mapping
        Initial u and g in SI units; what is not named is zero.

    Returns
    -------
    float
        The larger of (1 + g)/tau and 1/tau_K over all neurons.
    """
    g = largest_conductance(values, duration=duration, g0=states.get("g", 0.0), past=past)
    return float(max(np.max((1.0 + g) / values["tau"]), np.max(1.0 / np.asarray(values["tau_K"]))))


def _sum_of_decays(window: Floats, interval: Floats, tau_K: Floats) -> Floats:
    """Sum e^{-k interval/tau_K} over as many spikes as fit into a window."""
    with np.errstate(invalid="ignore", divide="ignore"):
        count = np.floor(window / interval) + 1.0
        step = interval / tau_K
        return np.where(step > 0.0, np.expm1(-count * step) / np.expm1(-step), count)


def _peaks(times: Floats, offsets: NDArray[np.int64], tau_K: Floats) -> Floats:
    """Give the highest point that unit jumps at these times reach, for each neuron."""
    peaks = np.zeros(len(offsets) - 1)
    for i in np.flatnonzero(np.diff(offsets)):
        level, rows = 0.0, times[offsets[i] : offsets[i + 1]]
        for decay in np.exp(-np.diff(rows, prepend=rows[0]) / tau_K[i]).tolist():
            level = level * decay + 1.0
            peaks[i] = max(peaks[i], level)
    return peaks
