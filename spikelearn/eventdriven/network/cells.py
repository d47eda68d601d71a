"""What the network loop knows of each neuron: constants, state, and the columns of the arrays that hold them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats, Integers, Shorts
from spikelearn.compiled import njit
from spikelearn.eventdriven.cell import Cell, make_cell
from spikelearn.eventdriven.phi import Tables

__all__ = [
    "ABOVE",
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


# Columns of a neuron's constants after the 23 of a Cell.
DELAY, PAUSE, TABLED, G0 = range(23, 27)
CELL_COLUMNS = 32

# Those constants that every arrival needs once more, two neurons a cache line: see `quick_constants`.
MANIFOLD, ABOVE, RATE, DECAY = range(4)
QUICK_COLUMNS = 4

# Columns of a neuron's state. DEVIATION is y - A phi(x) where TABLED, else z; LOWER a lower bound of phi(x) where
# TABLED, else P. BOUND: no crossing before this time. T_NEXT: the next crossing, inf where none comes before the
# next own arrival, NaN where it is not known; with the state then. In a refractory period BOUND is -inf, T_NEXT NaN.
# OWN_NEXT: when its own potassium next arrives. The first eight share a cache line: most events need no
# other.
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
        row[0], row[1], row[2], row[3], row[4], row[5] = c.tau, c.tau_K, c.kappa, c.A, c.above, c.B
        row[6], row[7], row[8], row[9], row[10], row[11] = c.level, c.reset, c.jump, c.V_0, c.Delta, c.x_star
        row[12], row[13], row[14], row[15], row[16] = c.x_manifold, c.lead, c.rate, c.decay, c.per_kappa
        # Whole numbers below 2^53, addresses among them, are exact as floats.
        row[17], row[18], row[19], row[20], row[21], row[22] = (
            c.falling, c.fires, c.table, c.address, c.lowest, c.rows,
        )  # fmt: skip
        cells[i, DELAY], cells[i, PAUSE] = p[6], p[7]


def quick_constants(cells: Floats) -> Floats:
    """Give A, V_0 - theta, 1/tau and 1/tau_K of every neuron in rows of their own, shape (n, QUICK_COLUMNS)."""
    quick = aligned(len(cells), QUICK_COLUMNS)
    for column, source in ((MANIFOLD, 3), (ABOVE, 4), (RATE, 14), (DECAY, 15)):
        quick[:, column] = cells[:, source]
    return quick


@njit(cache=True, error_model="numpy")
def cell_of(cells: Floats, i: int) -> Cell:
    """Give the constants of neuron i as a `Cell`."""
    c = cells[i]
    return Cell(
        c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10], c[11], c[12], c[13], c[14], c[15], c[16],
        c[17] != 0.0, c[18] != 0.0, int(c[19]), int(c[20]), int(c[21]), int(c[22]),
    )  # fmt: skip
