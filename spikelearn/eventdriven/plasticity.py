"""Synapses that change at events: their state, and what the compiled loop does at an arrival and at a spike.

Between events the traces decay exponentially and the weight stays, so that nothing is calculated before an event
needs it. A plastic synapse has a row of its own: the time of its last event, its weight, its traces. Rows are sorted by
target, so that those onto one neuron, which a spike of it changes, lie together. In the array of weights a plastic
synapse has, instead of volts, `PLASTIC` plus the number of its row: the number travels to the target as any weight
does, and the weight is read only where it arrives, after all that happened before.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

__all__ = ["LAST", "PLASTIC", "WEIGHT", "Plastic", "change", "nothing_plastic"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_tools: Any = cgutils
ir = _tools.ir

PLASTIC = 2.0**52
"""No jump has this many volts; whole numbers above it are exact."""

# Columns of a row; the traces follow.
LAST, WEIGHT = 0, 1
# Columns of a rule's codes: addresses of what an arrival and a spike do (0: nothing), of the parameters.
_CONSTANTS = 2


class Plastic(NamedTuple):
    """All plastic synapses of a network.

    Attributes
    ----------
    rows : ndarray, shape (n, 2 + traces)
        Time of the last event in seconds, weight in volts, traces; state.
    address : int
        Where `rows` begins.
    rule : ndarray of int16, shape (n,)
        Rule of each.
    start : ndarray of int64, shape (n_neurons + 1,)
        Rows onto neuron i are ``start[i]`` to ``start[i + 1] - 1``.
    codes : ndarray of int64, shape (n_rules, 3)
        Addresses of the code for arrivals and for spikes, and of the parameters.
    decay : ndarray, shape (n_rules, traces)
        Time constants of the traces in seconds, inf after a rule's last.
    limits : ndarray, shape (n_rules, 2)
        Lowest and highest weight.
    watched : ndarray of int64, shape (n,) or (0,)
        Row of `w` for synapses whose weight is recorded, else -1.
    place : ndarray of int64, shape (n_watched,)
        The next trace time of each.
    trace_times : ndarray
        Seconds.
    w : ndarray, shape (n_watched, n_times)
        Is filled in.
    """

    rows: Floats
    address: int
    rule: NDArray[np.int16]
    start: Integers
    codes: Integers
    decay: Floats
    limits: Floats
    watched: Integers
    place: Integers
    trace_times: Floats
    w: Floats


def nothing_plastic(n: int) -> Plastic:
    """Give what a network of n neurons without plasticity has."""
    none = np.empty(0, dtype=np.int64)
    return Plastic(
        np.empty((0, 2)), 0, np.empty(0, dtype=np.int16), np.zeros(n + 1, dtype=np.int64),
        np.empty((0, 3), dtype=np.int64), np.empty((0, 0)), np.empty((0, 2)), none, none, np.empty(0), np.empty((0, 0)),
    )  # fmt: skip


def _call_code(typingctx, code, values, constants):  # type: ignore[no-untyped-def]
    """Call the code at an address with the addresses of two arrays."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number = ir.DoubleType().as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [number, number])
        function = builder.inttoptr(arguments[0], kind.as_pointer())
        builder.call(function, [builder.inttoptr(argument, number) for argument in arguments[1:]])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


_call: Any = intrinsic(_call_code)


@njit(cache=True, error_model="numpy")
def change(
    row: int, t: float, post: int, rows: Floats, address: int, rule: NDArray[np.int16], codes: Integers, decay: Floats,
    limits: Floats, watched: Integers, place: Integers, trace_times: Floats, w: Floats,
) -> bool:  # fmt: skip
    """Let an event at time t change one synapse, and tell whether all its values are finite.

    Parameters
    ----------
    row : int
        Which.
    t : float
        When, seconds.
    post : int
        0 for an arrival, 1 for a spike of the target.
    rows, address, rule, codes, decay, limits, watched, place, trace_times, w
        Fields of `Plastic`.
    """
    r = rule[row]
    code = codes[r, post]
    if code == 0:
        return True
    if len(watched) > 0 and watched[row] >= 0:
        shown = watched[row]
        m = place[shown]
        while m < len(trace_times) and trace_times[m] < t:
            w[shown, m] = rows[row, WEIGHT]
            m += 1
        place[shown] = m
    elapsed = t - rows[row, LAST]
    rows[row, LAST] = t
    tau, factor = 0.0, 0.0
    columns = decay.shape[1]
    for k in range(columns):
        if decay[r, k] != tau:
            tau = decay[r, k]
            factor = math.exp(-elapsed / tau)
        rows[row, 2 + k] *= factor
    _call(code, address + 8 * (row * (2 + columns) + WEIGHT), codes[r, _CONSTANTS])
    # Asked before the weight is clipped, which would hide it.
    total = 0.0
    for k in range(1 + columns):
        total += rows[row, WEIGHT + k]
    rows[row, WEIGHT] = min(max(rows[row, WEIGHT], limits[r, 0]), limits[r, 1])
    return total - total == 0.0
