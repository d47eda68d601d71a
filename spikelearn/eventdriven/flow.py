"""The membrane of an adaptive LIF neuron between events, exactly.

The pieces here and in `crossing` are shared by every driver: independent neurons now, and any network whose neurons
interact through jumps of g (or of anything else that only changes the state at an event). All functions are compiled
and hold no state; the state (z, x, P) is explained in `cell`.

With A = V_0 + Delta, x(t) = x_0 e^{-t/tau_K}, M = t/tau + x_0 - x:
``y(t) = A phi(x) + [y_0 - A phi(x_0)] e^{-M}`` and ``w(t) = A Q(x) + [w_0 - A Q(x_0)] e^{-M}``. Where M is small these
differences cancel, and the power series in ``eta = 1 - e^{-t/tau_K}`` is used for the increment of z instead.

Numba's cache does not see changes in the functions that a cached function calls: after editing one of these files,
remove ``__pycache__`` beside it.

References
----------
002 Q1 Eqs. (1)-(3) for the equations; Brette 2006, Neural Comput. 18:2004 for the idea.
"""

from __future__ import annotations

import math

import numpy as np

from spikelearn.compiled import njit
from spikelearn.eventdriven.cell import CONSTANT_G, STEPS, Cell
from spikelearn.eventdriven.phi import manifold

__all__ = ["flow", "follow", "follow_constant", "forgotten", "longest_step", "look_up"]

_SERIES_LIMIT = 0.5
_RECIPROCALS = np.concatenate([[np.nan], 1.0 / np.arange(1, 64)])
_LN2 = math.log(2.0)


@njit(cache=True, inner=True, error_model="numpy")
def _series(z: float, x: float, eta: float, c: Cell) -> float:
    """Sum the power series of the increment of z in eta = 1 - e^{-t/tau_K}; eta <= 1/2 and (kappa + x) eta <= 1."""
    drift = -(c.kappa + x)
    source = x * c.A if c.falling else c.kappa * c.A
    before = z
    term = eta * (drift * z + source)
    total = term
    # From here on only y has a source, that of the first power.
    second = -eta * source if c.falling else 0.0
    for n in range(1, 60):
        following = eta * _RECIPROCALS[n + 1] * ((n + drift) * term + eta * x * before + second)
        second = 0.0
        before = term
        term = following
        total += term
        if abs(term) + abs(before) <= 1e-18 * abs(total):
            break
    return total


@njit(cache=True, inner=True, error_model="numpy", forceinline=True)
def look_up(x: float, c: Cell) -> float:
    """Give the manifold at x, phi or Q as the neuron's form needs it."""
    return manifold(x, c.kappa, c.address, c.lowest, c.rows)


@njit(cache=True, inner=True, error_model="numpy", forceinline=True)
def follow(z: float, x: float, P: float, t: float, c: Cell) -> tuple[float, float, float, float]:
    """Follow the flow for t and give (z, x, P there, P here); only table neurons may go far."""
    s = t * c.decay
    if s < _LN2:
        eta = -math.expm1(-s)
        drop = x * eta
        there = x - drop
        if c.table < 0 or (c.kappa + x) * eta < _SERIES_LIMIT:
            return z + _series(z, x, eta, c), there, math.nan, P
    else:
        # Here the difference is the harmless one, and x itself must keep its digits.
        there = x * math.exp(-s)
        drop = x - there
    if math.isnan(P):
        P = look_up(x, c)
    P_there = look_up(there, c)
    remains = math.exp(-drop - t * c.rate)
    return c.A * P_there + (z - c.A * P) * remains, there, P_there, P


@njit(cache=True, inner=True, error_model="numpy")
def follow_constant(z: float, g: float, t: float, c: Cell) -> float:
    """Follow z for t where g stays: one exponential."""
    rest = (g * c.A if c.falling else c.A) / (1.0 + g)
    return z + (z - rest) * math.expm1(-(1.0 + g) * t / c.tau)


@njit(cache=True, inner=True, error_model="numpy")
def longest_step(x: float, c: Cell) -> float:
    """Give the longest time over which the power series converges quickly."""
    return min(c.tau / (1.0 + x / c.kappa), c.tau_K * 0.69)


@njit(cache=True, inner=True, error_model="numpy")
def forgotten(x: float, c: Cell) -> bool:
    """Tell whether g has become too small to matter: the rest of it can move u by x A at most."""
    return x <= 1e-36 or (x <= 1e-18 and x * abs(c.A) <= 1e-18 * abs(c.level))


@njit(cache=True, inner=True, error_model="numpy")
def flow(z: float, x: float, P: float, t: float, c: Cell) -> tuple[float, float, float]:
    """Follow the flow for a time t without looking for the threshold.

    Parameters
    ----------
    z, x, P : float
        State, see the module.
    t : float
        Seconds, not negative.
    c : Cell
        From `make_cell`.

    Returns
    -------
    z, x, P : float
        State after t.
    """
    if c.table == CONSTANT_G:
        return follow_constant(z, x, t, c), x, P
    while True:
        if c.table == STEPS and forgotten(x, c):
            return follow_constant(z, 0.0, t, c), x * math.exp(-t * c.decay), math.nan
        h = min(longest_step(x, c), t) if c.table == STEPS else t
        z, x, P, _ = follow(z, x, P, h, c)
        t -= h
        if not t > 0.0:
            return z, x, P
