"""Synapses that change at events: their state, and what the compiled loop does at an arrival and at a spike.

Between events the traces decay exponentially and the weight stays, so that nothing is calculated before an event
needs it. The arrivals of many neurons, and the spike of one at all its synapses, are each one call of the code of their
rule. A plastic synapse has a row of its own: the time of its last event, its weight, its traces. Rows are sorted by
target, so that those onto one neuron, which a spike of it changes, lie together. In the array of weights a plastic
synapse has, instead of volts, `PLASTIC` plus the number of its row: the number travels to the target as any weight
does, and the weight is read only where it arrives, after all that happened before.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from spikelearn.compiled import njit
from spikelearn.eventdriven.network.event_code import WEIGHT
from spikelearn.eventdriven.network.prefetch import prefetch_address

__all__ = ["BATCH", "LIMITS", "PLASTIC", "ROOM", "Plastic", "change_listed", "change_one", "change_onto", "fetch_row"]
__all__ += ["list_change", "weight_of"]

_tools: Any = cgutils
ir = _tools.ir

PLASTIC = 2.0**52
"""No jump has this many volts; whole numbers above it are exact."""

# Columns of a rule in `Plastic.rules`: code for arrivals and for spikes (0: nothing), parameters, settings.
_PARAMETERS, _SETTINGS, _RULE_COLUMNS = 2, 3, 4
# Settings of a rule: lowest and highest weight; the time constants of the traces follow.
LIMITS = 2
# Events that are collected before the code of their rule is called, and the room of one thread for them: rows and times
# of all, and of those of one rule.
BATCH = 64
ROOM = 4 * BATCH


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
        Of int64, (n_neurons + 1,): rows onto neuron i are ``start[i]`` to ``start[i + 1] - 1``, rule by rule.
    n_rules : int
        How many rules there are.
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
    room : int
        Of eight bytes each, (threads, ROOM).
    """

    rows: int
    columns: int
    rule: int
    start: int
    n_rules: int
    rules: int
    watched: int
    place: int
    trace_times: int
    n_times: int
    w: int
    room: int


def _pointer_to(item: Any) -> Any:
    """Make a compiled function from an address to a pointer."""
    make: Any = types.CPointer
    kind = make(item)

    def pointer(typingctx, address):  # type: ignore[no-untyped-def]
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

        return kind(types.int64), generate

    return intrinsic(pointer)


def _call_code(typingctx, code, rows, columns, parameters, settings, n, which, times, t):  # type: ignore[no-untyped-def]
    """Call the code of an event, see `event_code`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number, whole = ir.DoubleType().as_pointer(), ir.IntType(64)
        kinds = [number, whole, number, number, whole, whole.as_pointer(), number, ir.DoubleType()]
        function = builder.inttoptr(arguments[0], ir.FunctionType(whole, kinds).as_pointer())
        given = [
            builder.inttoptr(argument, kind) if isinstance(kind, ir.PointerType) else argument
            for argument, kind in zip(arguments[1:], kinds, strict=True)
        ]
        return builder.call(function, given)

    return types.int64(*[types.int64] * 8, types.float64), generate


_numbers, _whole, _short = (_pointer_to(item) for item in (types.float64, types.int64, types.int16))
_call: Any = intrinsic(_call_code)


@njit(cache=True, inner=True, error_model="numpy", forceinline=True)
def fetch_row(weight: float, plastic: Plastic) -> None:
    """Fetch the row of a plastic synapse from memory."""
    if weight >= PLASTIC:
        prefetch_address(plastic.rows + 8 * plastic.columns * int(weight - PLASTIC))


@njit(cache=True, inner=True, error_model="numpy", forceinline=True)
def weight_of(weight: float, plastic: Plastic) -> float:
    """Give a weight as it is, or, where it is that of a plastic synapse, as the events so far have left it."""
    volts = weight
    if weight >= PLASTIC:
        volts = _numbers(plastic.rows)[int(weight - PLASTIC) * plastic.columns + WEIGHT]
    return volts


@njit(cache=True, inner=True, error_model="numpy")
def _show(row: int, t: float, plastic: Plastic) -> None:
    """Record the weight of a row, where it is wanted, at all times before t."""
    shown = _whole(plastic.watched)[row]
    if shown >= 0:
        place, times, w = _whole(plastic.place), _numbers(plastic.trace_times), _numbers(plastic.w)
        weight = _numbers(plastic.rows)[row * plastic.columns + WEIGHT]
        m = place[shown]
        while m < plastic.n_times and times[m] < t:
            w[shown * plastic.n_times + m] = weight
            m += 1
        place[shown] = m


@njit(cache=True, inner=True, error_model="numpy", forceinline=True)
def list_change(k: int, weight: float, t: float, room: int) -> None:
    """Put the arrival at a plastic synapse, whose row stands in its weight, into place k of a batch."""
    _whole(room)[k] = int(weight - PLASTIC)
    _numbers(room + 8 * BATCH)[k] = t


@njit(cache=True, inner=True, error_model="numpy")
def change_listed(n: int, room: int, plastic: Plastic) -> int:
    """Let the n arrivals of a batch change their rows, of which none may occur twice.

    Parameters
    ----------
    n : int
        How many, at most `BATCH`.
    room : int
        Address of the room of this thread.
    plastic : Plastic
        All of them.

    Returns
    -------
    row : int
        One that has a value that is not finite, or a weight beyond 1e9 V; -1 if none has.
    """
    which, times = _whole(room), _numbers(room + 8 * BATCH)
    if plastic.watched != 0:
        for k in range(n):
            _show(which[k], times[k], plastic)
    rule, rules = _short(plastic.rule), _whole(plastic.rules)
    listed, found, broken = room, n, -1
    for r in range(plastic.n_rules):
        if plastic.n_rules > 1:
            listed, found = room + 16 * BATCH, 0
            own, at = _whole(listed), _numbers(listed + 8 * BATCH)
            for k in range(n):
                own[found], at[found] = which[k], times[k]
                found += int(rule[which[k]] == r)
        about = _RULE_COLUMNS * r
        if rules[about] != 0:
            row = _call(
                rules[about], plastic.rows, plastic.columns, rules[about + _PARAMETERS], rules[about + _SETTINGS],
                found, listed, listed + 8 * BATCH, 0.0,
            )  # fmt: skip
            broken = max(broken, row)
    return broken


@njit(cache=True, inner=True, error_model="numpy")
def change_one(weight: float, t: float, room: int, plastic: Plastic) -> int:
    """Let one arrival change its row; see `change_listed`."""
    list_change(0, weight, t, room)
    return change_listed(1, room, plastic)


@njit(cache=True, inner=True, error_model="numpy")
def change_onto(i: int, t: float, plastic: Plastic) -> int:
    """Let a spike of neuron i at time t change the rows onto it; see `change_listed`."""
    start, rule, rules = _whole(plastic.start), _short(plastic.rule), _whole(plastic.rules)
    first, end = start[i], start[i + 1]
    if plastic.watched != 0:
        for row in range(first, end):
            _show(row, t, plastic)
    broken = -1
    while first < end:
        until = end
        if plastic.n_rules > 1:
            until = first + 1
            while until < end and rule[until] == rule[first]:
                until += 1
        about = _RULE_COLUMNS * rule[first]
        if rules[about + 1] != 0:
            row = _call(
                rules[about + 1], plastic.rows + 8 * plastic.columns * first, plastic.columns,
                rules[about + _PARAMETERS], rules[about + _SETTINGS], until - first, 0, 0, t,
            )  # fmt: skip
            if row >= 0:
                broken = first + row
        first = until
    return broken
