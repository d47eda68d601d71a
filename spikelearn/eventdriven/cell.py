"""One adaptive LIF neuron as compiled code sees it: its constants, and what its state means.

State of a neuron between two events, three floats:

``z``
    ``y = V_0 - u`` where ``c.falling`` (g* <= 1: nothing cancels when V_0 is close to theta), else ``w = u + Delta``
    (nothing cancels when V_0 is far above theta).
``x``
    ``kappa g``, with kappa = tau_K/tau; g itself where tau_K is infinite.
``P``
    The table's value at x, or NaN when it is not known; it is then looked up when it is needed.

At a spike a driver sets ``z = c.reset``; when g jumps it adds ``c.jump`` to x and sets P to NaN; the rest stays.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from spikelearn.compiled import njit
from spikelearn.eventdriven.phi import Tables, manifold, table_address

__all__ = ["CONSTANT_G", "STEPS", "Cell", "below_threshold", "conductance", "make_cell", "membrane"]

# Table numbers below zero: no table, but steps of the power series; and a conductance that does not decay.
STEPS = -1
CONSTANT_G = -2


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
    lead: float
    rate: float
    decay: float
    per_kappa: float
    falling: bool
    fires: bool
    table: int
    address: int
    lowest: int
    rows: int


@njit(cache=True, inner=True, error_model="numpy")
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
        From `phi.build_tables`; the neuron keeps an address in it, so that it must not be freed before.
    """
    above = V_0 - theta
    B = theta + Delta
    A = V_0 + Delta
    kappa = 1.0 if table == CONSTANT_G else tau_K / tau
    falling = above <= B
    x_star = kappa * above / B if above > 0.0 else 0.0
    x_manifold = x_star
    address, lowest, rows = table_address(tables, max(table, 0))
    if table >= 0 and above > 0.0:
        x_manifold = _manifold_threshold(x_star, above / A if falling else B / A, kappa, falling, address, lowest, rows)
        # For a tiny kappa it may lie beyond the smallest floats.
        x_manifold = max(x_manifold, 1e-300)
    level = above if falling else B
    reset = V_0 if falling else Delta
    # How much earlier than the manifold the conductance alone would allow a crossing.
    lead = tau_K * math.log(x_star / x_manifold) if x_star > x_manifold > 0.0 else 0.0
    return Cell(
        tau, tau_K, kappa, A, above, B, level, reset, kappa * delta_g, V_0, Delta, x_star, x_manifold, lead,
        1.0 / tau, 1.0 / tau_K, 1.0 / kappa, falling, above > 0.0, table, address,
        lowest, rows,
    )  # fmt: skip


@njit(cache=True, inner=True, error_model="numpy")
def _manifold_threshold(
    x_star: float, share: float, kappa: float, falling: bool, address: int, lowest: int, rows: int
) -> float:
    """Find x where the manifold meets the threshold: phi(x) = (V_0 - theta)/A or Q(x) = B/A."""
    x = x_star
    low, high = 0.0, x_star
    for _ in range(200):
        P = manifold(x, kappa, address, lowest, rows)
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


@njit(cache=True, inner=True, error_model="numpy")
def membrane(z: float, c: Cell) -> float:
    """Turn z into u, in volts."""
    return c.V_0 - z if c.falling else z - c.Delta


@njit(cache=True, inner=True, error_model="numpy")
def conductance(x: float, c: Cell) -> float:
    """Turn x into g, in units of the leak."""
    return x / c.kappa


@njit(cache=True, inner=True, error_model="numpy", forceinline=True)
def below_threshold(z: float, c: Cell) -> float:
    """Give theta - u in volts, positive below threshold."""
    return z - c.level if c.falling else c.level - z
