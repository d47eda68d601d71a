"""Synapses sorted by delay and shared out among the threads, each of which owns a range of neurons."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.eventdriven.network_cells import Synapses

if TYPE_CHECKING:
    from spikelearn.eventdriven.network_run import NetworkInputs

__all__ = ["by_delay", "delays", "part", "ranges", "writable"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def writable(array: Any) -> Any:
    """Give an array of the one memory layout that the loop is compiled for; a second would be compiled anew."""
    return array if array.flags.writeable and array.flags.c_contiguous else array.copy(order="C")


def by_delay(synapses: Synapses) -> Synapses:
    """Sort every row by delay, so that a spike's arrivals come in order."""
    if len(synapses.delay) <= 1:
        delay = synapses.delay if len(synapses.delay) else np.ones(1)
        return synapses._replace(delay=np.ascontiguousarray(delay))
    row = np.repeat(np.arange(len(synapses.start) - 1, dtype=np.int32), np.diff(synapses.start))
    if ((np.diff(synapses.delay) < 0.0) & (np.diff(row) == 0)).any():
        order = np.lexsort((synapses.delay, row))
        synapses = synapses._replace(
            target=synapses.target[order], weight=synapses.weight[order], delay=synapses.delay[order]
        )
    return synapses


def delays(synapses: Synapses, n: int, inputs: NetworkInputs) -> tuple[float, float]:
    """Give the shortest delay between neurons and the longest of all, own potassium included."""
    own = float(np.max(inputs.parameters["t_d"], initial=0.0))
    between = int(synapses.start[n])
    longest = float(np.max(synapses.delay)) if len(synapses.target) else 0.0
    shortest = math.inf
    if between:
        shortest = float(np.min(synapses.delay[:between] if len(synapses.delay) > 1 else synapses.delay))
    return shortest, max(own, longest) * (1.0 + 1e-9) + 1e-12


def ranges(degree: Integers, threads: int | None) -> Integers:
    """Share the neurons out by their number of synapses."""
    if threads is not None and threads < 1:
        raise ValueError(f"threads must be at least 1, got {threads}")
    n = len(degree)
    workers = min(threads or os.cpu_count() or 1, max(n // 64, 1))
    cost = np.cumsum(degree + 20.0)
    cuts = np.searchsorted(cost, cost[-1] * np.arange(1, workers) / workers)
    edges: Integers = np.concatenate([[0], cuts, [n]]).astype(np.int64)
    return edges


def part(synapses: Synapses, first: int, end: int) -> Synapses:
    """Take the synapses onto neurons first to end - 1, targets counted from the first."""
    inside = (synapses.target >= first) & (synapses.target < end)
    if inside.all():
        return synapses._replace(target=synapses.target - np.int32(first))
    before = np.concatenate([[0], np.cumsum(inside)])
    delay = synapses.delay[inside] if len(synapses.delay) > 1 else synapses.delay
    if len(delay) == 1 and len(synapses.delay) > 1:
        # A single synapse is no uniform delay of many, but reads the same.
        delay = delay.copy()
    target = (synapses.target[inside] - np.int32(first)).astype(np.int32)
    return Synapses(before[synapses.start].astype(np.int64), target, synapses.weight[inside], delay)
