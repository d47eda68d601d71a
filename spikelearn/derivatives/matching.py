"""Which spike of a model stands for which recorded one, where either may lack a partner."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spikelearn.arrays import Floats, Integers
from spikelearn.compiled import njit

__all__ = ["match"]


def match(model: Floats, recorded: Floats, gap: float) -> tuple[Integers, Integers, float]:
    """Pair two spike trains in order of time at the least cost.

    A pair costs ``(dt/gap)^2`` and a spike without partner 1, so that two spikes further apart than sqrt(2) gaps are
    rather left alone, one as too many and one as missing.

    Parameters
    ----------
    model, recorded : ndarray
        Spike times, sorted.
    gap : float
        In the unit of the times, positive.

    Returns
    -------
    first, second : ndarray of int64
        Places of the pairs in each train.
    cost : float
        Sum over pairs and spikes without partner.

    References
    ----------
    The distance of Victor and Purpura 1996 (J. Neurophysiol. 76:1310) with squared instead of absolute times.

    Examples
    --------
    >>> first, second, cost = match(np.array([1.0, 2.0, 3.0]), np.array([1.1, 3.0]), 0.5)
    >>> first, second, round(cost, 6)
    (array([0, 2]), array([0, 1]), 1.04)
    """
    pairs = np.empty((min(len(model), len(recorded)), 2), dtype=np.int64)
    count, cost = _pair(np.asarray(model, dtype=np.float64), np.asarray(recorded, dtype=np.float64), gap, pairs)
    found = pairs[:count][::-1]
    return found[:, 0].copy(), found[:, 1].copy(), float(cost)


@njit(cache=True, error_model="numpy")
def _pair(model: Any, recorded: Any, gap: float, pairs: Any) -> tuple[int, float]:
    n, m = len(model), len(recorded)
    # What comes too early for a spike can never be its partner, so that only a band of the table is looked at.
    reach = math.sqrt(2.0) * gap
    first = np.zeros(n + 1, dtype=np.int64)
    start = np.zeros(n + 2, dtype=np.int64)
    low = 0
    for i in range(n + 1):
        if i > 0:
            while low < m and recorded[low] < model[i - 1] - reach:
                low += 1
        first[i] = low
        high = low
        edge = model[i] + reach if i < n else math.inf
        while high < m and recorded[high] <= edge:
            high += 1
        start[i + 1] = start[i] + high - low + 1
    cost = np.empty(start[n + 1])
    step = np.zeros(start[n + 1], dtype=np.int8)
    for i in range(n + 1):
        for j in range(first[i], first[i] + start[i + 1] - start[i]):
            place = start[i] + j - first[i]
            # Spikes before the band are without partner.
            best, way = float(i + j), 3
            if j > first[i]:
                value = cost[place - 1] + 1.0
                if value < best:
                    best, way = value, 1
            if i > 0:
                above = j - first[i - 1]
                width = start[i] - start[i - 1]
                if above >= width:
                    value = cost[start[i] - 1] + (above - width + 1) + 1.0
                    if value < best:
                        best, way = value, 4
                elif above >= 0:
                    value = cost[start[i - 1] + above] + 1.0
                    if value < best:
                        best, way = value, 2
                if j > 0 and 0 <= above - 1 < width:
                    d = (model[i - 1] - recorded[j - 1]) / gap
                    value = cost[start[i - 1] + above - 1] + d * d
                    if value < best:
                        best, way = value, 0
            cost[place], step[place] = best, way
    i, j, count = n, m, 0
    while i > 0 or j > 0:
        way = step[start[i] + j - first[i]]
        if way == 0:
            i -= 1
            j -= 1
            pairs[count, 0], pairs[count, 1] = i, j
            count += 1
        elif way == 1:
            j -= 1
        elif way == 2:
            i -= 1
        elif way == 4:
            j = first[i - 1] + start[i] - start[i - 1] - 1
            i -= 1
        else:
            break
    return count, cost[start[n + 1] - 1]
