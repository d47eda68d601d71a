"""What the network loop knows of each neuron: constants, state, and the columns of the arrays that hold them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats, Integers, Shorts
from spikelearn.compiled import njit
from spikelearn.eventdriven.cell import Cell, make_cell
from spikelearn.eventdriven.phi import Tables

__all__ = [
    "ABOVE",
    "AT",
    "BOUND",
    "CELL_COLUMNS",
    "DECAY",
    "DELAY",
    "DEVIATION",
    "G0",
    "JUMPS",
    "LOWER",
    "MANIFOLD",
    "NOW",
    "NOW_LOW",
    "OWN_NEXT",
    "PAUSE",
    "PAUSE_END",
    "P_NEXT",
    "QUICK_COLUMNS",
    "RATE",
    "STATE_COLUMNS",
    "TABLED",
    "T_NEXT",
    "T_NEXT_LOW",
    "X_NEXT",
    "Z_NEXT",
    "Inputs",
    "Sources",
    "Synapses",
    "X",
    "aligned",
    "cell_of",
    "fill_cells",
    "quick_constants",
]


# Column of each of a neuron's constants, by the name of the field of `Cell` that it holds; then those beyond a Cell.
AT: Any = Cell(*range(len(Cell._fields)))
DELAY, PAUSE, TABLED, G0 = range(len(Cell._fields), len(Cell._fields) + 4)
# Whole cache lines of eight numbers.
CELL_COLUMNS = 8 * -(-(len(Cell._fields) + 4) // 8)

# Those constants that every arrival needs once more, two neurons a cache line: see `quick_constants`.
MANIFOLD, ABOVE, RATE, DECAY = range(4)
QUICK_COLUMNS = 4

# Columns of a neuron's state. DEVIATION is y - A phi(x) where TABLED, else z; LOWER a lower bound of phi(x) where
# TABLED, else P. BOUND: no crossing before this time. T_NEXT: the next crossing, inf where none comes before the
# next own arrival, NaN where it is not known; with the state then. In a refractory period BOUND is -inf, T_NEXT NaN.
# OWN_NEXT: when its own potassium next arrives, or its state is to be recorded. The first eight share a cache line:
# most events need no other.
DEVIATION, X, LOWER, NOW, BOUND, T_NEXT, NOW_LOW, OWN_NEXT = range(8)
PAUSE_END, T_NEXT_LOW, Z_NEXT, X_NEXT, P_NEXT, JUMPS = range(8, 14)
STATE_COLUMNS = 16


class Synapses(NamedTuple):
    """Synapses by source.

    Attributes
    ----------
    start : ndarray of int64, shape (n_sources + 1,)
        Row of each source, neurons first, then external trains.
    target : ndarray of int32, shape (n,)
        Neuron.
    weight : ndarray, shape (n,)
        Jump of the membrane, volts.
    delay : ndarray, shape (n,) or (1,)
        Seconds; one entry where all are the same. In the loop they rise within each thread's part of a row.
    """

    start: Integers
    target: Shorts
    weight: Floats
    delay: Floats


class Sources(NamedTuple):
    """External spikes, sorted by time: times in seconds, and their rows in `Synapses.start`."""

    times: Floats
    rows: Integers


class Inputs(NamedTuple):
    """Poisson input: neuron i has the entries ``start[i]`` to ``start[i + 1] - 1``.

    Attributes
    ----------
    start : ndarray of int64, shape (n + 1,)
    rate, weight : ndarray
        Events a second, and the jump of each, volts.
    key : ndarray of uint64
        Key of each entry's random stream.
    next : ndarray
        Time of each entry's next event; state.
    drawn : ndarray of uint64
        Numbers drawn so far from each stream; state.
    """

    start: Integers
    rate: Floats
    weight: Floats
    key: NDArray[np.uint64]
    next: Floats
    drawn: NDArray[np.uint64]


def aligned(rows: int, columns: int) -> Floats:
    """Give zeros whose rows begin with a cache line, for a multiple of eight columns, or pairs of rows of four."""
    room = np.zeros(rows * columns + 8)
    first = (-room.ctypes.data // 8) % 8
    return room[first : first + rows * columns].reshape(rows, columns)


@njit(cache=True, error_model="numpy")
def fill_cells(parameters: Floats, table_of: Integers, tables: Tables, cells: Floats) -> None:
    """Prepare the constants of every neuron.

    Parameters
    ----------
    parameters : ndarray, shape (n, 8)
        V_0, theta, Delta, tau, tau_K, delta_g, t_d, refractory; SI units.
    table_of : ndarray of int64, shape (n,)
        Table of each neuron, see `cell.make_cell`.
    tables : Tables
        See `phi.build_tables`.
    cells : ndarray, shape (n, CELL_COLUMNS)
        Receives the constants, but for TABLED and G0.
    """
    for i in range(len(parameters)):
        p = parameters[i]
        c = make_cell(p[0], p[1], p[2], p[3], p[4], p[5], table_of[i], tables)
        row = cells[i]
        row[AT.tau] = c.tau
        row[AT.tau_K] = c.tau_K
        row[AT.kappa] = c.kappa
        row[AT.A] = c.A
        row[AT.above] = c.above
        row[AT.B] = c.B
        row[AT.level] = c.level
        row[AT.reset] = c.reset
        row[AT.jump] = c.jump
        row[AT.V_0] = c.V_0
        row[AT.Delta] = c.Delta
        row[AT.x_star] = c.x_star
        row[AT.x_manifold] = c.x_manifold
        row[AT.lead] = c.lead
        row[AT.rate] = c.rate
        row[AT.decay] = c.decay
        row[AT.per_kappa] = c.per_kappa
        # Whole numbers below 2^53, addresses among them, are exact as floats.
        row[AT.falling] = c.falling
        row[AT.fires] = c.fires
        row[AT.table] = c.table
        row[AT.address] = c.address
        row[AT.lowest] = c.lowest
        row[AT.rows] = c.rows
        cells[i, DELAY], cells[i, PAUSE] = p[6], p[7]


def quick_constants(cells: Floats) -> Floats:
    """Give A, V_0 - theta, 1/tau and 1/tau_K of every neuron in rows of their own, shape (n, QUICK_COLUMNS).

    V_0 - theta is infinite where the short way of arrivals is closed: no bound ever holds there.
    """
    quick = aligned(len(cells), QUICK_COLUMNS)
    for column, source in ((MANIFOLD, AT.A), (ABOVE, AT.above), (RATE, AT.rate), (DECAY, AT.decay)):
        quick[:, column] = cells[:, source]
    quick[cells[:, TABLED] == 0.0, ABOVE] = np.inf
    return quick


@njit(cache=True, inner=True, error_model="numpy")
def cell_of(cells: Floats, i: int) -> Cell:
    """Give the constants of neuron i as a `Cell`."""
    c = cells[i]
    return Cell(
        c[AT.tau],
        c[AT.tau_K],
        c[AT.kappa],
        c[AT.A],
        c[AT.above],
        c[AT.B],
        c[AT.level],
        c[AT.reset],
        c[AT.jump],
        c[AT.V_0],
        c[AT.Delta],
        c[AT.x_star],
        c[AT.x_manifold],
        c[AT.lead],
        c[AT.rate],
        c[AT.decay],
        c[AT.per_kappa],
        c[AT.falling] != 0.0,
        c[AT.fires] != 0.0,
        int(c[AT.table]),
        int(c[AT.address]),
        int(c[AT.lowest]),
        int(c[AT.rows]),
    )
