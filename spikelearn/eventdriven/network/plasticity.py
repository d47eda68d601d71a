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

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from spikelearn.compiled import njit
from spikelearn.eventdriven.network.prefetch import prefetch_address

__all__ = ["LAST", "LIMITS", "PLASTIC", "WEIGHT", "Plastic", "change", "fetch_rows", "rows_onto", "weight_of"]

_tools: Any = cgutils
ir = _tools.ir

PLASTIC = 2.0**52
"""No jump has this many volts; whole numbers above it are exact."""

# Columns of a row; the traces follow.
LAST, WEIGHT = 0, 1
# Volts; weights of a description are kept below it, too. A weight there is on its way to infinity.
_LARGEST_WEIGHT = 1e9
# Columns of a rule in `Plastic.rules`: code for arrivals and for spikes (0: nothing), parameters, settings.
_PARAMETERS, _SETTINGS, _RULE_COLUMNS = 2, 3, 4
# Settings of a rule: lowest and highest weight; the time constants of the traces follow.
LIMITS = 2


class Plastic(NamedTuple):
    """All plastic synapses of a network, as addresses of arrays that live as long as the run.

    Arrays themselves would have their references counted at every event, which takes longer than the event.

    Attributes
    ----------
    rows : int
        Of float64, (n, columns): time of the last event in seconds, weight in volts, traces; state.
    columns : int
        Values of a row; 0 where nothing is plastic.
    rule : int
        Of int16, (n,): rule of each synapse.
    start : int
        Of int64, (n_neurons + 1,): rows onto neuron i are ``start[i]`` to ``start[i + 1] - 1``.
    rules : int
        Of int64, (n_rules, 4): addresses of the code for arrivals and for spikes, of the parameters, and of float64,
        (columns,): lowest and highest weight, time constants of the traces.
    watched : int
        Of int64, (n,): row of `w` for synapses whose weight is recorded, else -1. 0 where none is.
    place : int
        Of int64, (n_watched,): the next trace time of each.
    trace_times : int
        Of float64, (n_times,), seconds.
    n_times : int
        How many.
    w : int
        Of float64, (n_watched, n_times); is filled in.
    """

    rows: int
    columns: int
    rule: int
    start: int
    rules: int
    watched: int
    place: int
    trace_times: int
    n_times: int
    w: int


def _pointer_to(item: Any) -> Any:
    """Make a compiled function from an address to a pointer."""
    make: Any = types.CPointer
    kind = make(item)

    def pointer(typingctx, address):  # type: ignore[no-untyped-def]
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

        return kind(types.int64), generate

    return intrinsic(pointer)


def _call_code(typingctx, code, values, parameters):  # type: ignore[no-untyped-def]
    """Call the code at an address with the addresses of two arrays."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number = ir.DoubleType().as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [number, number])
        function = builder.inttoptr(arguments[0], kind.as_pointer())
        builder.call(function, [builder.inttoptr(argument, number) for argument in arguments[1:]])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


_numbers, _whole, _short = (_pointer_to(item) for item in (types.float64, types.int64, types.int16))
_call: Any = intrinsic(_call_code)


@njit(cache=True, error_model="numpy")
def rows_onto(i: int, plastic: Plastic) -> tuple[int, int]:
    """Give the first row onto neuron i and the one after the last."""
    start = _whole(plastic.start)
    return start[i], start[i + 1]


@njit(cache=True, error_model="numpy")
def fetch_rows(begin: int, end: int, weights: NDArray[Any], plastic: Plastic) -> None:
    """Fetch the rows of the plastic synapses among the arrivals in the boxes from `begin` to ``end - 1``."""
    for b in range(begin, end):
        if weights[b] >= PLASTIC:
            prefetch_address(plastic.rows + 8 * plastic.columns * int(weights[b] - PLASTIC))


@njit(cache=True, error_model="numpy")
def weight_of(row: int, plastic: Plastic) -> float:
    """Give the weight as the events so far have left it."""
    weight: float = _numbers(plastic.rows)[row * plastic.columns + WEIGHT]
    return weight


@njit(cache=True, error_model="numpy")
def change(first: int, end: int, t: float, post: int, plastic: Plastic) -> int:
    """Let an event at time t change the rows from `first` to ``end - 1``.

    Parameters
    ----------
    first, end : int
        Which.
    t : float
        When, seconds.
    post : int
        0 for an arrival, 1 for a spike of the target.
    plastic : Plastic
        All of them.

    Returns
    -------
    row : int
        One that has a value that is not finite, or a weight beyond 1e9 V; -1 if none has.
    """
    columns = plastic.columns
    rule, rules = _short(plastic.rule), _whole(plastic.rules)
    broken = -1
    for row in range(first, end):
        about = _RULE_COLUMNS * rule[row]
        code = rules[about + post]
        if code == 0:
            continue
        values = _numbers(plastic.rows + 8 * columns * row)
        if plastic.watched != 0:
            shown = _whole(plastic.watched)[row]
            if shown >= 0:
                place, times, w = _whole(plastic.place), _numbers(plastic.trace_times), _numbers(plastic.w)
                m = place[shown]
                while m < plastic.n_times and times[m] < t:
                    w[shown * plastic.n_times + m] = values[WEIGHT]
                    m += 1
                place[shown] = m
        settings = _numbers(rules[about + _SETTINGS])
        elapsed = t - values[LAST]
        values[LAST] = t
        tau, factor = 0.0, 0.0
        for k in range(2, columns):
            if settings[k] != tau:
                tau = settings[k]
                factor = math.exp(-elapsed / tau)
            values[k] *= factor
        _call(code, plastic.rows + 8 * (columns * row + WEIGHT), rules[about + _PARAMETERS])
        # Asked before the weight is clipped, which would hide it.
        total = 0.0 if abs(values[WEIGHT]) < _LARGEST_WEIGHT else math.inf
        for k in range(WEIGHT, columns):
            total += values[k]
        if total - total != 0.0:
            broken = row
        values[WEIGHT] = min(max(values[WEIGHT], settings[0]), settings[1])
    return broken
