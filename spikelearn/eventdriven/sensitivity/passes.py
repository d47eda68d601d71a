"""A run read again, part by part: states at all neurons' own events, then derivatives forward or backward in time.

What is kept of a run is one state for each segment, that is for each spike, potassium arrival and refractory period.
Arrivals, of which a network has many more, are listed for one part of the run at a time and found again when they are
needed again, so that memory does not grow with their number.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from spikelearn.arrays import Floats, Integers
from spikelearn.eventdriven.sensitivity.adjoint import Adjoint, advance_adjoint, no_adjoint
from spikelearn.eventdriven.sensitivity.arrivals import find_arrivals
from spikelearn.eventdriven.sensitivity.records import Arrivals, Margins, Run, Segments
from spikelearn.eventdriven.sensitivity.replay import replay
from spikelearn.eventdriven.sensitivity.segments import make_segments
from spikelearn.eventdriven.sensitivity.tangent import Tangent, advance_tangent

__all__ = ["Reading", "backward", "forward", "read_again"]

# Arrivals in one part of a run, 20 bytes each.
ROOM = 4_000_000


@dataclass(frozen=True, eq=False)
class Reading:
    """A run with the states at all segments.

    Parameters
    ----------
    run : Run
        What was read.
    segments : Segments
        All of them.
    order : ndarray of int64
        Segments by the time of their ends.
    edges : ndarray of int64, shape (n_parts + 1,)
        Where each part begins in `order`.
    low : list of ndarray
        The first segment of every neuron in each part; one entry more than parts.
    margins : Margins
        How near the run is to where derivatives do not exist.
    kept : list of Arrivals
        Those of the only part; empty where there are several.
    """

    run: Run
    segments: Segments
    order: Integers
    edges: Integers
    low: list[Integers]
    margins: Margins
    kept: list[Arrivals]

    def part(self, k: int) -> Arrivals:
        """List the arrivals in part k."""
        return self.kept[k] if self.kept else find_arrivals(self.run, self.segments, self.low[k], self.low[k + 1])

    def parts(self, backward: bool = False) -> Iterator[tuple[int, int, Arrivals]]:
        """Give first and last place in `order`, and the arrivals, of one part after the other."""
        numbers: Iterable[int] = range(len(self.edges) - 1)
        for k in reversed(list(numbers)) if backward else numbers:
            yield int(self.edges[k]), int(self.edges[k + 1]), self.part(k)


def read_again(run: Run, *, room: int = ROOM) -> Reading:
    """Work out the states of a run at all events of neurons' own.

    Parameters
    ----------
    run : Run
        Its spikes must be those of the exact engine: `Margins.mismatch` tells how far they are from it.
    room : int
        How many arrivals may be listed at a time, about.

    Raises
    ------
    ValueError
        A spike lies within a refractory period.
    """
    segments = make_segments(run)
    order = np.argsort(segments.end, kind="stable")
    spikes = np.diff(run.offsets)
    arrivals = int(spikes[run.row].sum()) if len(run.row) else 0
    parts = max(1, math.ceil(arrivals / room))
    edges = np.linspace(0, len(order), parts + 1).astype(np.int64)
    n = len(run.u0)
    low = [segments.first[:-1].copy()]
    for k in range(parts):
        low.append(low[-1] + np.bincount(segments.neuron[order[edges[k] : edges[k + 1]]], minlength=n))
    margins, kept = Margins(), []
    for k in range(parts):
        found = find_arrivals(run, segments, low[k], low[k + 1])
        replay(run, segments, found, margins)
        if parts == 1:
            kept.append(found)
    return Reading(run, segments, order, edges, low, margins, kept)


def forward(reading: Reading, tangent: Tangent) -> Floats:
    """Carry a tangent through the whole run and give how all spikes move, shape (n_spikes, columns)."""
    for first, last, arrivals in reading.parts():
        advance_tangent(reading.run, reading.segments, arrivals, reading.order, first, last, tangent)
    return tangent.times


def backward(reading: Reading, d_loss: Floats) -> Adjoint:
    """Give the derivatives of a loss by everything, from those by all spike times, shape (n_spikes,)."""
    adjoint = no_adjoint(reading.run, d_loss)
    for first, last, arrivals in reading.parts(backward=True):
        advance_adjoint(reading.run, reading.segments, arrivals, reading.order, first, last, adjoint)
    return adjoint
