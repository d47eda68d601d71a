"""The next threshold crossing of an adaptive LIF neuron, or its state at the next event from outside.

At an extremum of u, where w = A/(1 + g) > 0, its second derivative is (g/tau_K) w/tau > 0, so that between events u
falls and then rises: there is at most one crossing, u at the end of the interval tells whether there is one, and none
comes while g > g*. From a start at or below potassium's reversal, w <= 0, there is no extremum at all: u only rises.
"""

from __future__ import annotations

import math

from spikelearn.compiled import njit
from spikelearn.eventdriven.cell import CONSTANT_G, STEPS, Cell, below_threshold
from spikelearn.eventdriven.flow import flow, follow, follow_constant, forgotten, longest_step, look_up

__all__ = ["next_event"]

EPSILON = 2.0**-52


@njit(cache=True, inner=True, error_model="numpy")
def next_event(
    z: float, x: float, P: float, length: float, tolerance: float, c: Cell
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
    c : Cell
        From `make_cell`.

    Returns
    -------
    t, z, x, P : float
        The time passed and the state then; at a crossing z is the threshold.
    crossed : bool
        Whether this is a crossing (its time is at most `length`).
    """
    below = below_threshold(z, c)
    # While u > -Delta potassium only pulls down: u rises by (V_0 - u) length/tau at most.
    early = below <= c.B and below * c.tau > (c.above + below) * (length + tolerance)
    if not c.fires or early:
        z, x, P = flow(z, x, P, length, c)
        return length, z, x, P, False
    if c.table == CONSTANT_G:
        return _next_constant(z, x, P, length, tolerance, c)
    if c.table == STEPS:
        return _next_stepwise(z, x, P, length, tolerance, c)
    if x <= c.x_manifold:
        return _solve(z, x, P, 0.0, length, 0.0, tolerance, c)
    # The manifold itself meets the threshold at `guess`; the transient makes the crossing later or earlier, and no
    # crossing comes while g > g*.
    guess = c.tau_K * math.log(x / c.x_manifold)
    if math.isnan(P):
        P = look_up(x, c)
    later = z > c.A * P if c.falling else z < c.A * P
    low = guess if later else max(guess - c.lead, 0.0)
    if low >= length + tolerance:
        z, x, P = flow(z, x, P, length, c)
        return length, z, x, P, False
    return _solve(z, x, P, low, length, min(guess, length), tolerance, c)


@njit(cache=True, inner=True, error_model="numpy")
def _next_constant(
    z: float, g: float, P: float, length: float, tolerance: float, c: Cell
) -> tuple[float, float, float, float, bool]:
    drive = c.above - g * c.B
    # At g = g* the drive is nothing but the rounding of the inputs, and the neuron is silent (Eq. 6); at g = 0 it is
    # exact, and a neuron a hair above threshold fires.
    rounding = 4.0 * EPSILON * (2.0 * c.V_0 - c.above + g * c.B) if g > 0.0 else 0.0
    if drive > rounding:
        t = c.tau / (1.0 + g) * math.log1p(below_threshold(z, c) * (1.0 + g) / drive)
        if t <= length + tolerance:
            return min(t, length), c.level, g, P, True
    return length, follow_constant(z, g, length, c), g, P, False


@njit(cache=True, inner=True, error_model="numpy")
def _next_stepwise(
    z: float, x: float, P: float, length: float, tolerance: float, c: Cell
) -> tuple[float, float, float, float, bool]:
    elapsed = 0.0
    while True:
        if forgotten(x, c):
            # However short tau_K is, only the steps through the decay of g are taken.
            t, z, _, P, crossed = _next_constant(z, 0.0, P, length - elapsed, tolerance, c)
            return elapsed + t, z, x * math.exp(-t * c.decay), P, crossed
        h = longest_step(x, c)
        last = elapsed + h >= length
        if last:
            h = length - elapsed
        if last or x < c.x_star * 2.0:
            t, z_end, x_end, P, crossed = _solve(z, x, P, 0.0, h, h, tolerance if last else 0.0, c)
            if crossed:
                return elapsed + t, z_end, x_end, P, True
            z, x = z_end, x_end
        else:
            z, x, _ = flow(z, x, P, h, c)
        if last:
            return length, z, x, P, False
        elapsed += h


@njit(cache=True, inner=True, error_model="numpy", forceinline=True)
def _frozen_step(below: float, g: float, c: Cell) -> tuple[float, float]:
    """Time to the threshold if g stayed, and a bound of the error that its decay makes; NaN if never.

    With theta - u = f: tau f' = -(1 + g) f - (above - g B). The decay of g adds at most g |w| dt^2/(2 tau tau_K) to u,
    where w goes from where it is, perhaps at or below zero, to B; divided by tau |f'| at the end that is the error.
    """
    drive = c.above - g * c.B
    slope = (1.0 + g) * below + drive
    if not slope > 0.0:
        return math.nan, math.inf
    inverse = 1.0 / slope
    newton = below * c.tau * inverse
    # With dt = newton * log(1 + ratio)/ratio; close to the root a few terms do.
    share = (1.0 + g) * below
    dt = newton
    error = 0.5 * g * max(c.B, abs(c.B - below)) * c.decay * inverse
    if abs(share) < 1e-4 * drive:
        # log(1 + r) = log(1 + s) with s = share/slope = r/(1 + r): -log(1 - s) = s + s^2/2 + s^3/3 + ...
        s = share * inverse
        dt = newton * (1.0 + s * (0.5 + s * (1.0 / 3.0 + s * 0.25)))
    elif drive > 0.0:
        ratio = share / drive
        dt = c.tau / (1.0 + g) * math.log1p(ratio)
        # The slope falls from here to the threshold by this factor.
        error *= 1.0 + max(ratio, 0.0)
    else:
        error += 0.5 * (1.0 + g) * c.rate
    if dt < 0.0:
        # Back in time g grows.
        error *= math.exp(-dt * c.decay)
    return dt, error * dt * dt


@njit(cache=True, inner=True, error_model="numpy")
def _solve(
    z: float, x: float, P: float, low: float, length: float, t: float, tolerance: float, c: Cell
) -> tuple[float, float, float, float, bool]:
    """Find the crossing in (low, length] by steps that are exact for constant g, kept inside a shrinking bracket.

    `t` is where to look first; 0 means that the first step is taken from the state itself.
    """
    high = length
    ended = False
    z_t, x_t, P_t = z, x, P
    for _ in range(200):
        if t > 0.0 or length == 0.0:
            z_t, x_t, P_t, P = follow(z, x, P, t, c)
        below = below_threshold(z_t, c)
        step, error = _frozen_step(below, x_t * c.per_kappa, c)
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


@njit(cache=True, inner=True, error_model="numpy", forceinline=True)
def _landed(t: float, step: float, x: float, P: float, c: Cell) -> tuple[float, float, float, float, bool]:
    """State at the crossing, a last small step behind the last evaluation."""
    s = step * c.decay
    if abs(s) < 1e-7 and x > 0.0:
        # dphi/dx = (1 + kappa/x) phi - 1, and the same with kappa/x last for Q.
        r = c.kappa / x
        P -= ((1.0 + r) * P - (1.0 if c.falling else r)) * x * s
        return t, c.level, x - x * s * (1.0 - 0.5 * s), P, True
    return t, c.level, x * math.exp(-s), math.nan, True
