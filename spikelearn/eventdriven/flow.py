"""The membrane of an adaptive LIF neuron between events, exactly, and its next threshold crossing.

The pieces here are shared by every driver: independent neurons now, and any network whose neurons interact through
jumps of g (or of anything else that only changes ``x`` at an event). All functions are compiled and hold no state.

State of a neuron between two events, three floats:

``z``
    ``y = V_0 - u`` where ``c.falling`` (g* <= 1: nothing cancels when V_0 is close to theta), else ``w = u + Delta``
    (nothing cancels when V_0 is far above theta).
``x``
    ``kappa g``, with kappa = tau_K/tau; g itself where tau_K is infinite.
``P``
    The table's value at x, or NaN when it is not known; it is then looked up when it is needed.

A driver calls `next_event` with the time to its next event. It gets back either the crossing before that or the state
there. At a spike it sets ``z = c.reset``; when g jumps it adds ``c.jump`` to x and sets P to NaN; the rest stays.

Formulas, with A = V_0 + Delta, x(t) = x_0 e^{-t/tau_K}, M = t/tau + x_0 - x:
``y(t) = A phi(x) + [y_0 - A phi(x_0)] e^{-M}`` and ``w(t) = A Q(x) + [w_0 - A Q(x_0)] e^{-M}``. Where M is small these
differences cancel, and the power series in ``eta = 1 - e^{-t/tau_K}`` is used for the increment of z instead.

References
----------
002 Q1 Eqs. (1)-(3) for the equations; Brette 2006, Neural Comput. 18:2004 for the idea.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from spikelearn.eventdriven.phi import Tables, manifold

__all__ = [
    "CONSTANT_G",
    "STEPS",
    "Cell",
    "below_threshold",
    "conductance",
    "flow",
    "make_cell",
    "membrane",
    "next_event",
]

# Table numbers below zero: no table, but steps of the power series; and a conductance that does not decay.
STEPS = -1
CONSTANT_G = -2

_SERIES_LIMIT = 0.5
_RECIPROCALS = np.concatenate([[np.nan], 1.0 / np.arange(1, 64)])
_LN2 = math.log(2.0)


class Cell(NamedTuple):
    """Constants of one neuron, SI units; made by `make_cell`."""

    tau: float
    tau_K: float
    kappa: float
    A: float
    above: float
    B: float
    level: float
    reset: float
    jump: float
    V_0: float
    Delta: float
    x_star: float
    x_manifold: float
    falling: bool
    fires: bool
    table: int


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def make_cell(
    V_0: float, theta: float, Delta: float, tau: float, tau_K: float, delta_g: float, table: int, tables: Tables
) -> Cell:
    """Prepare the constants of one neuron.

    Parameters
    ----------
    V_0, theta, Delta : float
        In volts; theta > 0, theta + Delta > 0.
    tau, tau_K : float
        In seconds; tau_K may be infinite.
    delta_g : float
        Jump of g, in units of the leak.
    table : int
        Row of `tables` made for this kappa and form, `STEPS` or `CONSTANT_G`.
    tables : Tables
        From `phi.build_tables`.
    """
    above = V_0 - theta
    B = theta + Delta
    A = V_0 + Delta
    kappa = 1.0 if table == CONSTANT_G else tau_K / tau
    falling = above <= B
    x_star = kappa * above / B if above > 0.0 else 0.0
    x_manifold = x_star
    if table >= 0 and above > 0.0:
        x_manifold = _manifold_threshold(x_star, above / A if falling else B / A, kappa, falling, table, tables)
    level = above if falling else B
    reset = V_0 if falling else Delta
    return Cell(
        tau, tau_K, kappa, A, above, B, level, reset, kappa * delta_g, V_0, Delta, x_star, x_manifold, falling,
        above > 0.0, table,
    )  # fmt: skip


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _manifold_threshold(x_star: float, share: float, kappa: float, falling: bool, table: int, tables: Tables) -> float:
    """Find x where the manifold meets the threshold: phi(x) = (V_0 - theta)/A or Q(x) = B/A."""
    x = x_star
    low, high = 0.0, x_star
    for _ in range(200):
        P = manifold(x, kappa, table, tables)
        excess = P - share if falling else share - P
        if excess > 0.0:
            high = x
        else:
            low = x
        # x dphi/dx = (x + kappa) phi - x, the equation of the manifold; in log x it is nearly a straight line.
        slope = (x + kappa) * P - x if falling else (x + kappa) * P - kappa
        value = share if falling else P
        new = x * math.exp(-(P - share) / slope) if slope != 0.0 and value > 0.0 else 0.0
        if not low < new < high:
            new = math.sqrt(low * high) if low > 0.0 else 0.25 * high
        if abs(new - x) <= 1e-15 * x or new == 0.0:
            return new
        x = new
    return x


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def membrane(z: float, c: Cell) -> float:
    """Turn z into u, in volts."""
    return c.V_0 - z if c.falling else z - c.Delta


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def conductance(x: float, c: Cell) -> float:
    """Turn x into g, in units of the leak."""
    return x / c.kappa


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def below_threshold(z: float, c: Cell) -> float:
    """Give theta - u in volts, positive below threshold."""
    return z - c.level if c.falling else c.level - z


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _series(z: float, x: float, eta: float, c: Cell) -> float:
    """Increment of z over eta = 1 - e^{-t/tau_K}, by the power series of the solution; for eta <= 1/2, (kappa + x) eta <= 1."""
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


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _at(z: float, x: float, P: float, t: float, c: Cell, tables: Tables) -> tuple[float, float, float, float]:
    """Follow the flow for t and give (z, x, P there, P here); only table neurons may go far."""
    s = t / c.tau_K
    if s < _LN2:
        eta = -math.expm1(-s)
        drop = x * eta
        there = x - drop
        if c.table < 0 or max(c.kappa + x, 1.0) * eta < _SERIES_LIMIT:
            return z + _series(z, x, eta, c), there, math.nan, P
    else:
        # Here the difference is the harmless one, and x itself must keep its digits.
        there = x * math.exp(-s)
        drop = x - there
    if math.isnan(P):
        P = manifold(x, c.kappa, c.table, tables)
    P_there = manifold(there, c.kappa, c.table, tables)
    remains = math.exp(-drop - t / c.tau)
    return c.A * P_there + (z - c.A * P) * remains, there, P_there, P


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _constant(z: float, g: float, t: float, c: Cell) -> float:
    rest = (g * c.A if c.falling else c.A) / (1.0 + g)
    return z + (z - rest) * math.expm1(-(1.0 + g) * t / c.tau)


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _step(x: float, c: Cell) -> float:
    """The longest time over which the power series converges quickly."""
    return min(c.tau / (1.0 + x / c.kappa), c.tau_K * 0.69)


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def flow(z: float, x: float, P: float, t: float, c: Cell, tables: Tables) -> tuple[float, float, float]:
    """Follow the flow for a time t without looking for the threshold.

    Parameters
    ----------
    z, x, P : float
        State, see the module.
    t : float
        Seconds, not negative.
    c : Cell
        From `make_cell`.
    tables : Tables
        The tables that ``c.table`` points into.

    Returns
    -------
    z, x, P : float
        State after t.
    """
    if c.table == CONSTANT_G:
        return _constant(z, x, t, c), x, P
    if c.table == STEPS:
        while True:
            h = _step(x, c)
            if h >= t:
                break
            z, x, _, _ = _at(z, x, P, h, c, tables)
            t -= h
    z, x, P, _ = _at(z, x, P, t, c, tables)
    return z, x, P


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def next_event(
    z: float, x: float, P: float, length: float, tolerance: float, c: Cell, tables: Tables
) -> tuple[float, float, float, float, bool]:
    """Follow the flow to the threshold or for `length` seconds, whichever comes first.

    There is at most one crossing: at an extremum of u its second derivative is positive.

    Parameters
    ----------
    z, x, P : float
        State, see the module; u must be below theta.
    length : float
        Seconds to the next event from outside, finite.
    tolerance : float
        A crossing that would come at most this much after `length` counts as simultaneous with the event; a few
        units in the last place of the absolute time.
    c, tables : Cell, Tables
        See `flow`.

    Returns
    -------
    t, z, x, P : float
        The time passed and the state then; at a crossing z is the threshold.
    crossed : bool
        Whether this is a crossing (its time is at most `length`).
    """
    if not c.fires:
        z, x, P = flow(z, x, P, length, c, tables)
        return length, z, x, P, False
    if c.table == CONSTANT_G:
        return _next_constant(z, x, P, length, tolerance, c)
    if c.table == STEPS:
        return _next_stepwise(z, x, P, length, tolerance, c, tables)
    low = 0.0
    if x > c.x_star:
        low = c.tau_K * math.log(x / c.x_star)
        if low >= length + tolerance:
            z, x, P, _ = _at(z, x, P, length, c, tables)
            return length, z, x, P, False
    if x <= c.x_manifold:
        return _solve(z, x, P, 0.0, length, 0.0, tolerance, c, tables)
    # The manifold itself meets the threshold at `guess`; the transient makes the crossing later or earlier.
    guess = c.tau_K * math.log(x / c.x_manifold)
    if math.isnan(P):
        P = manifold(x, c.kappa, c.table, tables)
    later = z > c.A * P if c.falling else z < c.A * P
    if later:
        low = max(low, guess)
        if guess >= length + tolerance:
            z, x, P, _ = _at(z, x, P, length, c, tables)
            return length, z, x, P, False
    return _solve(z, x, P, low, length, min(max(guess, low), length), tolerance, c, tables)


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _next_constant(
    z: float, g: float, P: float, length: float, tolerance: float, c: Cell
) -> tuple[float, float, float, float, bool]:
    drive = c.above - g * c.B
    if drive > 0.0:
        t = c.tau / (1.0 + g) * math.log1p(below_threshold(z, c) * (1.0 + g) / drive)
        if t <= length + tolerance:
            return min(t, length), c.level, g, P, True
    return length, _constant(z, g, length, c), g, P, False


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _next_stepwise(
    z: float, x: float, P: float, length: float, tolerance: float, c: Cell, tables: Tables
) -> tuple[float, float, float, float, bool]:
    elapsed = 0.0
    while True:
        h = _step(x, c)
        last = elapsed + h >= length
        if last:
            h = length - elapsed
        if last or x < c.x_star * 2.0:
            t, z_end, x_end, P, crossed = _solve(z, x, P, 0.0, h, h, tolerance if last else 0.0, c, tables)
            if crossed:
                return elapsed + t, z_end, x_end, P, True
            z, x = z_end, x_end
        else:
            z, x, _, _ = _at(z, x, P, h, c, tables)
        if last:
            return length, z, x, P, False
        elapsed += h


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _frozen_step(below: float, g: float, c: Cell) -> tuple[float, float]:
    """Time to the threshold if g stayed, and the error that its decay makes, to leading order; NaN if never.

    With theta - u = f: tau f' = -(1 + g) f - (above - g B), so that the error is 0.5 g w/(tau_K tau |f'|) dt^2.
    """
    drive = c.above - g * c.B
    slope = ((1.0 + g) * below + drive) / c.tau
    if not slope > 0.0:
        return math.nan, math.inf
    ratio = below * (1.0 + g) / drive
    dt = c.tau / (1.0 + g) * math.log1p(ratio) if drive > 0.0 and ratio > -1.0 else below / slope
    curvature = g * (c.B - below) / (c.tau_K * c.tau)
    if drive <= 0.0:
        curvature += (1.0 + g) * slope / c.tau
    # Back in time g grows.
    growth = math.exp(-dt / c.tau_K) if dt < 0.0 else 1.0
    return dt, 0.5 * curvature / slope * growth * dt * dt


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _solve(
    z: float, x: float, P: float, low: float, length: float, t: float, tolerance: float, c: Cell, tables: Tables
) -> tuple[float, float, float, float, bool]:
    """Find the crossing in (low, length] by steps that are exact for constant g, kept inside a shrinking bracket.

    `t` is where to look first; 0 means that the first step is taken from the state itself.
    """
    high = length
    ended = False
    z_t, x_t, P_t = z, x, P
    for _ in range(200):
        if t > 0.0 or length == 0.0:
            z_t, x_t, P_t, P = _at(z, x, P, t, c, tables)
        below = below_threshold(z_t, c)
        step, error = _frozen_step(below, x_t / c.kappa, c)
        if t == length and not ended:
            if below > 0.0 and not step <= tolerance:
                return length, z_t, x_t, P_t, False
            ended = True
            if below > 0.0:
                return length, c.level, x_t, P_t, True
        if below > 0.0:
            low = t
        else:
            high = t
            ended = True
        new = t + step
        if error <= 1e-17 * new and (low <= new <= high or abs(step) <= 1e-15 * high):
            new = min(new, length)
            return _landed(new, new - t, x_t, P_t, c)
        if not low < new < high:
            # Beyond the end, which has not been looked at, or out of a bracket: look there, or halve.
            new = 0.5 * (low + high) if ended else length
        if ended and high - low <= 2e-16 * high:
            return _landed(high, high - t, x_t, P_t, c)
        t = new
    return _landed(t, 0.0, x_t, P_t, c)


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _landed(t: float, step: float, x: float, P: float, c: Cell) -> tuple[float, float, float, float, bool]:
    """State at the crossing, a last small step behind the last evaluation."""
    s = step / c.tau_K
    if abs(s) < 1e-7 and x > 0.0:
        # dphi/dx = (1 + kappa/x) phi - 1, and the same with kappa/x last for Q.
        r = c.kappa / x
        P -= ((1.0 + r) * P - (1.0 if c.falling else r)) * x * s
        return t, c.level, x - x * s * (1.0 - 0.5 * s), P, True
    return t, c.level, x * math.exp(-s), math.nan, True
