"""From rules and the synapses that have them to the arrays of the compiled loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats, Integers
from spikelearn.eventdriven.network.cells import Synapses, aligned
from spikelearn.eventdriven.network.event_code import WEIGHT, event_code
from spikelearn.eventdriven.network.plasticity import LIMITS, PLASTIC, ROOM, Plastic

__all__ = ["EventRule", "PlasticInputs", "PlasticLayout", "fresh_rows", "lay_out", "mark", "row_length"]

# Numbers of a cache line.
_LINE = 8


class EventRule(NamedTuple):
    """A rule in plain numbers and formulas.

    Attributes
    ----------
    traces : tuple of str
        Names.
    decay : tuple of float
        Their time constants, seconds.
    on_pre, on_post : tuple of str
        New values of the weight and of each trace at an arrival and at a spike of the target; empty where nothing
        changes.
    parameters : tuple of str
        Names.
    values : tuple of float
        Their values, SI units.
    limits : tuple of float
        Lowest and highest weight, volts.
    """

    traces: tuple[str, ...]
    decay: tuple[float, ...]
    on_pre: tuple[str, ...]
    on_post: tuple[str, ...]
    parameters: tuple[str, ...]
    values: tuple[float, ...]
    limits: tuple[float, float]


class PlasticInputs(NamedTuple):
    """Which synapses have which rule.

    Attributes
    ----------
    rules : sequence of EventRule
        All rules.
    rule : ndarray of int16, shape (n_synapses,)
        Rule of each synapse, -1 where it is static; shape (0,) where all are.
    """

    rules: Sequence[EventRule] = ()
    rule: NDArray[np.int16] = np.empty(0, dtype=np.int16)


@dataclass(frozen=True, eq=False)
class PlasticLayout:
    """The plastic synapses of one run as the loop has them, and the way back to the network's order.

    Parameters
    ----------
    own : ndarray, shape (n_plastic, room)
        Time of the last event, weight, traces, and what is left of a cache line; sorted by target, then rule.
    columns : int
        Values of a row.
    which : ndarray of int64, shape (n_plastic,)
        Numbers of the plastic synapses in the network.
    order : ndarray of int64, shape (n_plastic,)
        Which of these each row is.
    rule, start, rules, watched, place, trace_times, w : ndarray
        See `plasticity.Plastic`.
    room : ndarray, shape (threads, ROOM)
        See `plasticity.Plastic`.
    kept : tuple
        What `rules` holds addresses of, and must live as long.
    """

    own: Floats
    columns: int
    which: Integers
    order: Integers
    rule: NDArray[np.int16]
    start: Integers
    rules: Integers
    watched: Integers
    place: Integers
    trace_times: Floats
    w: Floats
    room: Floats
    kept: tuple[Any, ...]

    def plastic(self) -> Plastic:
        """Give the addresses for the loop; they hold as long as this record lives."""
        arrays = (self.rule, self.start, self.rules, self.watched, self.place, self.trace_times)
        rule, start, rules, watched, place, times = (array.ctypes.data for array in arrays)
        columns = self.own.shape[1] if len(self.own) else 0
        return Plastic(
            self.own.ctypes.data, columns, rule, start, len(self.rules), rules,
            watched if len(self.watched) else 0, place, times, len(self.trace_times), self.w.ctypes.data,
            self.room.ctypes.data,
        )  # fmt: skip

    def rows(self) -> Floats:
        """Give the values of all plastic synapses now, in the network's order, shape (n_plastic, columns)."""
        found = np.empty((len(self.own), self.columns))
        found[self.order] = self.own[:, : self.columns]
        return found

    def synapse(self, row: int) -> int:
        """Give the number in the network of the synapse with this row."""
        return int(self.which[self.order[row]])

    def traces(self, reached: float) -> Floats:
        """Give the recorded weights up to a time after the last event, shape (n_watched, n_times); NaN later."""
        later = self.trace_times < reached
        for row in np.flatnonzero(self.watched >= 0):
            shown = self.watched[row]
            left = later & (np.arange(len(later)) >= self.place[shown])
            self.w[shown, left] = self.own[row, WEIGHT]
        return self.w


def row_length(columns: int) -> int:
    """Give the room of a row: it shares its cache line with a whole number of others, and none lies on two."""
    room = 2
    while room < columns and room < _LINE:
        room *= 2
    return room if columns <= _LINE else _LINE * -(-columns // _LINE)


def fresh_rows(inputs: PlasticInputs, weight: Floats) -> Floats:
    """Give the values of all plastic synapses at time 0, in the network's order.

    Parameters
    ----------
    inputs : PlasticInputs
        The rules.
    weight : ndarray, shape (n_synapses,)
        Weights, volts.

    Returns
    -------
    rows : ndarray, shape (n_plastic, 2 + traces)
        Time of the last event, weight, traces.
    """
    which = np.flatnonzero(inputs.rule >= 0)
    rows = np.zeros((len(which), 2 + max((len(rule.traces) for rule in inputs.rules), default=0)))
    rows[:, WEIGHT] = weight[which]
    return rows


def mark(inputs: PlasticInputs, synapses: Synapses) -> Synapses:
    """Put a number in the place of each plastic weight, before the synapses are sorted in whatever way."""
    which = np.flatnonzero(inputs.rule >= 0)
    if not len(which):
        return synapses
    marked = synapses.weight.copy()
    marked[which] = PLASTIC + np.arange(len(which))
    return synapses._replace(weight=marked)


def lay_out(
    inputs: PlasticInputs,
    synapses: Synapses,
    n: int,
    rows: Floats,
    watched: Integers,
    trace_times: Floats,
    threads: int,
) -> PlasticLayout:
    """Sort the plastic synapses by target and rule, and put the numbers of their rows in the place of their marks.

    Parameters
    ----------
    inputs : PlasticInputs
        The rules.
    synapses : Synapses
        Marked by `mark`, in the order in which the loop has them; its weights are changed.
    n : int
        Number of neurons.
    rows : ndarray, shape (n_plastic, columns)
        Values of the plastic synapses in the network's order.
    watched : ndarray of int64
        Synapses whose weights are recorded, in the network's numbers.
    trace_times : ndarray
        When, seconds.
    threads : int
        How many need room.
    """
    which = np.flatnonzero(inputs.rule >= 0)
    places = np.flatnonzero(synapses.weight >= PLASTIC)
    rule_of = inputs.rule[which][(synapses.weight[places] - PLASTIC).astype(np.int64)]
    places = places[np.lexsort((rule_of, synapses.target[places]))]
    order = (synapses.weight[places] - PLASTIC).astype(np.int64)
    if len(places):
        synapses.weight[places] = PLASTIC + np.arange(len(places))
    own = aligned(len(rows), row_length(rows.shape[1]))
    own[:, : rows.shape[1]] = rows[order]
    start = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(synapses.target[places], minlength=n), out=start[1:])
    shown = np.empty(0, dtype=np.int64)
    if len(watched):
        row_of = np.full(len(inputs.rule), -1, dtype=np.int64)
        row_of[watched] = np.arange(len(watched))
        shown = row_of[which][order]
    rules = np.zeros((len(inputs.rules), 4), dtype=np.int64)
    kept: list[Any] = []
    for r, rule in enumerate(inputs.rules):
        values = np.array(rule.values)
        # Traces that a rule does not have stay at 0.
        settings = np.full(rows.shape[1], np.inf)
        settings[:LIMITS] = rule.limits
        settings[LIMITS : LIMITS + len(rule.decay)] = rule.decay
        rules[r, 2:] = values.ctypes.data, settings.ctypes.data
        kept += [values, settings]
        for post, formulas in enumerate((rule.on_pre, rule.on_post)):
            if formulas:
                shared = tuple(rule.decay.index(tau) for tau in rule.decay)
                code = event_code(("w", *rule.traces), rule.parameters, formulas, shared, neighbours=bool(post))
                rules[r, post] = code.address
                kept.append(code)
    return PlasticLayout(
        own, rows.shape[1], which, order, inputs.rule[which][order], start, rules, shown,
        np.zeros(len(watched), dtype=np.int64), trace_times, np.full((len(watched), len(trace_times)), np.nan),
        np.zeros((threads, ROOM)), tuple(kept),
    )  # fmt: skip
