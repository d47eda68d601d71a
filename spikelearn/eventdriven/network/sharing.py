"""Synapses shared by the threads, each of which owns a range of neurons and its part of every row.

All threads read the same arrays. Where the targets of a row come in the order of the ranges, and the delays rise within
each range, a thread's part of it is contiguous, and the thread needs nothing but where it begins and ends. Rows sorted
by target with one delay for all are like that as they are; others are sorted once.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats, Integers, Shorts
from spikelearn.compiled import njit, processors
from spikelearn.eventdriven.network.cells import Synapses

if TYPE_CHECKING:
    from spikelearn.eventdriven.network.records import NetworkInputs

__all__ = ["count_targets", "delays", "ranges", "share", "writable"]


def writable(array: Any) -> Any:
    """Give an array of the one memory layout that the loop is compiled for; a second would be compiled anew."""
    return array if array.flags.writeable and array.flags.c_contiguous else array.copy(order="C")


@njit(cache=True, error_model="numpy")
def count_targets(target: Shorts, n: int) -> Integers:
    """Count the synapses onto each of n neurons; NumPy would make a copy of all targets for it."""
    counts = np.zeros(n, np.int64)
    for j in target:
        counts[j] += 1
    return counts


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
    workers = min(threads or processors(), max(n // 64, 1))
    cost = np.cumsum(degree + 20.0)
    cuts = np.searchsorted(cost, cost[-1] * np.arange(1, workers) / workers)
    edges: Integers = np.concatenate([[0], cuts, [n]]).astype(np.int64)
    return edges


def share(synapses: Synapses, edges: Integers) -> tuple[Synapses, Integers]:
    """Give the synapses in an order in which each thread's part of a row is contiguous, and where the parts lie.

    Synapses of one source onto one neuron keep their order, or that of their delays, whatever the number of threads.

    Parameters
    ----------
    synapses : Synapses
        All of them, in any order within a row.
    edges : ndarray of int64, shape (threads + 1,)
        Thread q owns neurons ``edges[q]`` to ``edges[q + 1] - 1``.

    Returns
    -------
    synapses : Synapses
        The same arrays where they are in order, else sorted copies.
    bounds : ndarray of int64, shape (threads + 1, n_sources)
        Thread q's part of row i are the places ``bounds[q, i]`` to ``bounds[q + 1, i] - 1``.
    """
    if not len(synapses.target):
        synapses = synapses._replace(delay=np.ones(1))
    bounds = np.empty((len(edges), len(synapses.start) - 1), dtype=np.int64)
    if not _find_parts(synapses.start, synapses.target, synapses.delay, edges, bounds):
        order = _order(synapses, edges)
        target, weight = synapses.target[order], synapses.weight[order]
        delay = synapses.delay[order] if len(synapses.delay) > 1 else synapses.delay
        synapses = Synapses(synapses.start, target, weight, delay)
        _find_parts(synapses.start, synapses.target, synapses.delay, edges, bounds)
    return synapses, bounds


@njit(cache=True, error_model="numpy")
def _find_parts(start: Integers, target: Shorts, delay: Floats, edges: Integers, bounds: Integers) -> bool:
    """Fill in the bounds of the parts, and say whether all synapses are in order; if not, the bounds are not right."""
    threads = len(edges) - 1
    for row in range(len(start) - 1):
        q = 0
        bounds[0, row] = start[row]
        for p in range(start[row], start[row + 1]):
            j = target[p]
            if j < edges[q]:
                return False
            while j >= edges[q + 1]:
                q += 1
                bounds[q, row] = p
            if len(delay) > 1 and p > bounds[q, row] and delay[p] < delay[p - 1]:
                return False
        while q < threads:
            q += 1
            bounds[q, row] = start[row + 1]
    return True


def _order(synapses: Synapses, edges: Integers) -> Integers:
    """Sort by row, thread and delay; what is equal in all keeps its order."""
    threads, rows = len(edges) - 1, len(synapses.start) - 1
    part = np.searchsorted(edges[1:-1], synapses.target, side="right")
    part += np.repeat(np.arange(rows) * threads, np.diff(synapses.start))
    keys = (synapses.delay, part) if len(synapses.delay) > 1 else (part,)
    order: Integers = np.lexsort(keys)
    return order
