"""One neuron of a network through one window: its own arrivals, incoming jumps, crossings.

Between events nothing is computed that no event needs. The deviation ``D = y - A phi(x)`` from the slow manifold decays
as ``e^{-M}``, ``M = t/tau + x_0 - x``, and a jump of the membrane only adds to it: an event costs two exponentials.
Whether a crossing is possible at all before the next event is first asked of bounds: with u above potassium's reversal
``y' >= -y/tau``, so that none comes before ``tau log(y/l) >= 2 tau (y - l)/(y + l)``, l = V_0 - theta; and phi is
concave with phi(0) = 0, so that ``phi(x e^{-s}) >= e^{-s} phi(x)``, which bounds the fall of the manifold likewise.
Only where the bounds leave it open are phi and the solver of `flow` called. A neuron never advances to a mere end of a
window: nothing depends on where windows end.

Events at one instant: own potassium first, then all jumps of the membrane summed, then the threshold.
"""

from __future__ import annotations

import math

from spikelearn.arrays import Floats
from spikelearn.compiled import njit
from spikelearn.eventdriven.cell import CONSTANT_G, Cell, below_threshold, membrane
from spikelearn.eventdriven.crossing import next_event
from spikelearn.eventdriven.exponentials import LONGEST_SERIES, exp_minus
from spikelearn.eventdriven.flow import flow, look_up
from spikelearn.eventdriven.network.cells import (
    BOUND,
    DEVIATION,
    JUMPS,
    LOWER,
    NOW,
    NOW_LOW,
    P_NEXT,
    T_NEXT,
    T_NEXT_LOW,
    TABLED,
    X_NEXT,
    Z_NEXT,
    X,
    cell_of,
)
from spikelearn.eventdriven.network.jumps import SAFE, ULP, decay, no_crossing_within

__all__ = [
    "enter_tables",
    "find_crossing",
    "jump_membrane",
    "look",
    "open_potassium",
    "reset_membrane",
    "to_time",
    "two_sum",
]


@njit(cache=True, inner=True, error_model="numpy", forceinline=True)
def two_sum(a: float, b: float) -> tuple[float, float]:
    """Add two floats and give the sum with its rounding error."""
    total = a + b
    virtual = total - a
    return total, (a - (total - virtual)) + (b - virtual)


@njit(cache=True, inner=True, error_model="numpy")
def _phi(x: float, c: Cell) -> float:
    P = look_up(x, c)
    return P if c.falling else 1.0 - P


@njit(cache=True, inner=True, error_model="numpy")
def _z(D: float, phi: float, c: Cell) -> float:
    """Turn the deviation into the z of `flow`; ``w = u + Delta = A - y``."""
    y = D + c.A * phi
    return y if c.falling else c.A - y


@njit(cache=True, error_model="numpy")
def enter_tables(cells: Floats, state: Floats) -> None:
    """Turn the z of fresh states into deviations where a neuron has a table and inputs."""
    for i in range(len(cells)):
        if cells[i, TABLED] != 0.0:
            c = cell_of(cells, i)
            s = state[i]
            s[LOWER] = _phi(s[X], c)
            y = s[DEVIATION] if c.falling else c.A - s[DEVIATION]
            s[DEVIATION] = y - c.A * s[LOWER]


@njit(cache=True, inner=True, error_model="numpy", forceinline=True)
def _bound(s: Floats, c: Cell) -> None:
    """Set BOUND from the lower bound of y."""
    if not c.fires:
        s[BOUND] = math.inf
        return
    s[BOUND] = s[NOW] + no_crossing_within(s[DEVIATION], c.A * s[LOWER], c.A, c.above, c.rate, c.decay)


@njit(cache=True, inner=True, error_model="numpy")
def to_time(s: Floats, t: float, t_low: float, clamped: bool, tabled: bool, c: Cell) -> None:
    """Bring the state to time t (and its rounding error), where no crossing comes before."""
    length = max((t - s[NOW]) + (t_low - s[NOW_LOW]), 0.0)
    x = s[X]
    if clamped:
        if c.table != CONSTANT_G:
            s[X] = x * math.exp(-length / c.tau_K)
        if not tabled:
            s[LOWER] = math.nan
    elif tabled:
        if length * c.decay < LONGEST_SERIES:
            s[DEVIATION], s[X], s[LOWER] = decay(s[DEVIATION], x, s[LOWER], length, c.rate, c.decay)
        else:
            # Over so long a time x itself must keep its digits.
            left = math.exp(-length * c.decay)
            s[X] = x * left
            s[DEVIATION] *= exp_minus(length * c.rate + (x - s[X]))
            s[LOWER] *= left
    else:
        s[DEVIATION], s[X], s[LOWER] = flow(s[DEVIATION], x, s[LOWER], length, c)
    s[NOW], s[NOW_LOW] = t, t_low


@njit(cache=True, inner=True, error_model="numpy")
def look(s: Floats, t: float, clamped: bool, tabled: bool, c: Cell) -> tuple[float, float]:
    """Give u and g at a time after the state's own, without moving it."""
    length = max((t - s[NOW]) - s[NOW_LOW], 0.0)
    x = s[X]
    if clamped:
        return 0.0, (x if c.table == CONSTANT_G else x * math.exp(-length / c.tau_K)) / c.kappa
    if tabled:
        there = x * math.exp(-length / c.tau_K)
        drop = -x * math.expm1(-length / c.tau_K)
        D = s[DEVIATION] * math.exp(-length / c.tau - drop)
        return membrane(_z(D, _phi(there, c), c), c), there / c.kappa
    z, there, _ = flow(s[DEVIATION], x, s[LOWER], length, c)
    return membrane(z, c), there / c.kappa


@njit(cache=True, inner=True, error_model="numpy")
def find_crossing(s: Floats, before: float, end: float, end_low: float, tabled: bool, c: Cell) -> None:
    """Find the next crossing up to `end`, unless bounds show that none comes up to `before`: set T_NEXT or BOUND.

    Parameters
    ----------
    s : ndarray
        The neuron's state; T_NEXT is NaN.
    before : float
        Up to when a crossing matters now.
    end, end_low : float
        Up to when the flow holds: the next own arrival, or far away.
    tabled : bool
        Which form the state has.
    """
    z, P = s[DEVIATION], s[LOWER]
    x = s[X]
    if tabled:
        if not c.fires:
            s[BOUND] = math.inf
            return
        P = look_up(x, c)
        s[LOWER] = P if c.falling else 1.0 - P
        z = _z(s[DEVIATION], s[LOWER], c)
        _bound(s, c)
        if s[BOUND] > before:
            return
        if x > c.x_star:
            s[BOUND] = s[NOW] + SAFE * c.tau_K * math.log(x / c.x_star)
            if s[BOUND] > before:
                return
        if s[DEVIATION] > 0.0 and x > c.x_manifold:
            # Above the manifold's own crossing time a positive deviation has still to decay.
            s[BOUND] = s[NOW] + SAFE * c.tau_K * math.log(x / c.x_manifold)
            if s[BOUND] > before:
                return
    length = max((end - s[NOW]) + (end_low - s[NOW_LOW]), 0.0)
    t, z, x, P, crossed = next_event(z, x, P, length, 2.0 * ULP * end, c)
    s[Z_NEXT], s[X_NEXT], s[P_NEXT] = z, x, P
    if crossed:
        after, low = two_sum(s[NOW], t)
        s[T_NEXT], s[T_NEXT_LOW] = two_sum(after, low + s[NOW_LOW])
    else:
        s[T_NEXT] = math.inf


@njit(cache=True, inner=True, error_model="numpy")
def _settle(s: Floats, tabled: bool, c: Cell) -> None:
    """After a change of state: forget the crossing, renew the bound."""
    s[T_NEXT] = math.nan
    if tabled:
        _bound(s, c)
    else:
        s[BOUND] = -math.inf


@njit(cache=True, inner=True, error_model="numpy")
def open_potassium(s: Floats, tabled: bool, clamped: bool, g0: float, c: Cell) -> None:
    """Let one own spike arrive: g jumps, u stays."""
    s[JUMPS] += 1.0
    old = s[X]
    # A conductance that never decays is a multiple of delta_g, and its sum must not drift.
    s[X] = g0 + s[JUMPS] * c.jump if c.table == CONSTANT_G else old + c.jump
    if tabled and not clamped:
        before, after = _phi(old, c), _phi(s[X], c)
        s[DEVIATION] += c.A * (before - after)
        s[LOWER] = after
    elif not tabled:
        s[LOWER] = math.nan
    _settle(s, tabled, c)


@njit(cache=True, inner=True, error_model="numpy")
def reset_membrane(s: Floats, tabled: bool, c: Cell) -> None:
    """Put u to zero, at a spike or at the end of the refractory period."""
    if tabled:
        s[LOWER] = _phi(s[X], c)
        s[DEVIATION] = c.V_0 - c.A * s[LOWER]
    else:
        s[DEVIATION] = c.reset
    _settle(s, tabled, c)


@njit(cache=True, inner=True, error_model="numpy")
def jump_membrane(s: Floats, by: float, at_threshold: bool, tabled: bool, c: Cell) -> bool:
    """Add volts to u and tell whether it now stands at or above the threshold.

    Parameters
    ----------
    by : float
        The sum of all jumps of this instant.
    at_threshold : bool
        Whether the flow alone reaches the threshold at this very instant.
    """
    if at_threshold and by >= 0.0:
        return True
    if tabled:
        s[DEVIATION] -= by
        if by > 0.0 and s[DEVIATION] + c.A * s[LOWER] <= c.above:
            s[LOWER] = _phi(s[X], c)
            if s[DEVIATION] + c.A * s[LOWER] <= c.above:
                return True
    else:
        s[DEVIATION] += -by if c.falling else by
        if by > 0.0 and below_threshold(s[DEVIATION], c) <= 0.0:
            return True
    _settle(s, tabled, c)
    return False
