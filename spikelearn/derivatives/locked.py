"""Regular firing of a neuron whose own spikes come back after a delay of several periods, and whether it is stable."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats
from spikelearn.eventdriven.sensitivity.flow_jacobian import flow_jacobian, membrane_after
from spikelearn.models.adaptive_lif.model import AdaptiveLIF
from spikelearn.parameters.numbers import whole_number

__all__ = ["LockedFiring", "locked_firing"]

_WHERE = "locked_firing"


@dataclass(frozen=True, eq=False)
class LockedFiring:
    """Regular firing with period T and delay ``t_d = (m + f) T``.

    Parameters
    ----------
    period : float
        T, seconds.
    periods_back : int
        m: during a period the potassium of the spike m before arrives.
    phase : float
        f, from 0 to 1: when in the period it arrives.
    g : float
        Conductance right after a spike.
    multipliers : ndarray of complex
        Factors by which disturbances are multiplied from spike to spike, by falling size; the 1 of a shift of time is
        left out. Firing is stable if all are smaller than 1.

    Examples
    --------
    >>> import spikelearn as sl
    >>> neuron = sl.AdaptiveLIF(V_0="20 mV", delta_g=0.006, tau_K="200 ms", t_d="100 ms")
    >>> found = sl.derivatives.locked_firing(neuron, 5)
    >>> round((found.periods_back + found.phase) * found.period, 9)  # the delay
    0.1
    >>> found.stable, bool(abs(found.multipliers[0]) < 1)
    (True, True)
    """

    period: float
    periods_back: int
    phase: float
    g: float
    multipliers: NDArray[np.complex128]

    @property
    def stable(self) -> bool:
        """Whether every small disturbance dies out."""
        return bool(np.abs(self.multipliers[0]) < 1.0)


def locked_firing(neuron: AdaptiveLIF, periods_back: int) -> LockedFiring:
    """Find regular firing in which each spike's potassium arrives `periods_back` whole periods and a part later.

    With D the shift of the spike m periods back against the last one, a spike moves as
    ``dt_{k+1} = dt_k + a dg_k + b D_k``, ``dg_{k+1} = c dg_k + d D_k``, so that the multipliers solve
    ``lambda^m [(lambda - 1)(lambda - c) + N] = N``, ``N = b (lambda - c) + a d``.

    This is not the edge of the bistable regime at rho = 1.308: that one belongs to the rate theory, in which spikes
    have no times, and is where -d(delta_g tau_K R)/dg = 1. Locked spikes can be stable beyond it and unstable below it.

    Parameters
    ----------
    neuron : AdaptiveLIF
        With a delay and a finite tau_K.
    periods_back : int
        m.

    Returns
    -------
    LockedFiring

    Raises
    ------
    ValueError
        There is no such firing.

    References
    ----------
    002 Q1 parts 4 and 5 for the neuron; the multipliers are not in the source.

    Examples
    --------
    >>> neuron = AdaptiveLIF(V_0="20 mV", delta_g=0.006, tau_K="200 ms", t_d="100 ms")
    >>> found = locked_firing(neuron, 5)
    >>> round(found.period, 6), round(found.phase, 3), found.stable
    (0.017475, 0.722, True)
    """
    from scipy.optimize import brentq

    m = whole_number("periods_back", periods_back, at_least=0)
    v = {name: float(value) for name, value in neuron.values().items()}
    if not (v["t_d"] > 0.0 and math.isfinite(v["tau_K"])):
        raise ValueError(
            f"{_WHERE}: neuron must have a delay and a finite tau_K, got t_d = {v['t_d']} s, tau_K = {v['tau_K']} s"
        )
    longest = v["t_d"] / m if m else v["t_d"] + 100.0 * (v["tau"] + v["tau_K"])
    shortest = v["t_d"] / (m + 1)

    def excess(T: float) -> float:
        return _deficit(v, m, T) - (v["V_0"] - v["theta"])

    grid = np.linspace(shortest * (1 + 1e-12), longest * (1 - 1e-12), 400)
    above = np.array([excess(T) for T in grid])
    place = np.flatnonzero((above[:-1] > 0.0) & (above[1:] <= 0.0))
    if not len(place):
        raise ValueError(
            f"{_WHERE}: neuron must fire with a period from {shortest:.6g} to {longest:.6g} s "
            f"for periods_back = {m}, got none"
        )
    T = float(brentq(excess, grid[place[0]], grid[place[0] + 1], xtol=1e-17, rtol=1e-15))
    f = v["t_d"] / T - m
    multipliers, g = _multipliers(v, m, T)
    return LockedFiring(T, m, f, g, multipliers)


def _after_spike(v: dict[str, float], m: int, T: float) -> tuple[float, float]:
    """Give the conductance right after a spike in regular firing, and the time to the arrival."""
    until = v["t_d"] - m * T
    return v["delta_g"] * math.exp(-(T - until) / v["tau_K"]) / -math.expm1(-T / v["tau_K"]), until


def _deficit(v: dict[str, float], m: int, T: float) -> float:
    """Give V_0 - u at the end of a period T."""
    g, until = _after_spike(v, m, T)
    A = v["V_0"] + v["Delta"]
    y = membrane_after(v["V_0"], g, until, A, v["tau"], v["tau_K"])
    g = g * math.exp(-until / v["tau_K"]) + v["delta_g"]
    return float(membrane_after(y, g, T - until, A, v["tau"], v["tau_K"]))


def _multipliers(v: dict[str, float], m: int, T: float) -> tuple[NDArray[np.complex128], float]:
    g, until = _after_spike(v, m, T)
    A, tau, tau_K = v["V_0"] + v["Delta"], v["tau"], v["tau_K"]
    y_1, _, _, y_g, _, _ = flow_jacobian(v["V_0"], g, until, A, tau, tau_K)
    share = math.exp(-until / tau_K)
    g_1 = g * share
    rise = (y_1 - g_1 * (A - y_1)) / tau
    _, E, _, y_g2, _, _ = flow_jacobian(y_1, g_1 + v["delta_g"], T - until, A, tau, tau_K)
    share_2 = math.exp(-(T - until) / tau_K)
    g_2 = (g_1 + v["delta_g"]) * share_2
    slope = (v["V_0"] - v["theta"] - g_2 * (v["theta"] + v["Delta"])) / tau

    def step(dg: float, D: float) -> tuple[float, float]:
        du, dg_1 = -y_g * dg + rise * D, share * dg - g_1 / tau_K * D
        dt = -(E * du - y_g2 * dg_1 - slope * D) / slope
        return dt, share_2 * dg_1 - g_2 / tau_K * (dt - D)

    (a, c), (b, d) = step(1.0, 0.0), step(0.0, 1.0)
    # lambda^m ((lambda - 1)(lambda - c) + b (lambda - c) + a d) - b (lambda - c) - a d.
    polynomial: Floats = np.zeros(m + 3)
    polynomial[:3] = 1.0, b - 1.0 - c, c - b * c + a * d
    polynomial[m + 1 :] -= np.array([b, a * d - b * c])
    roots: Any = np.roots(np.polydiv(polynomial, [1.0, -1.0])[0])
    return roots[np.argsort(-np.abs(roots))], g
