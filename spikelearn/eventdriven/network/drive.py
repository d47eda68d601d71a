"""Poisson input: drawn for one window, and put among the other arrivals, so that all go the same way.

Every entry has a random stream of its own (splitmix64), of which number ``drawn`` says when it comes next. Nothing
depends on where windows end.
"""

from __future__ import annotations

import math

import numpy as np

from spikelearn.arrays import Floats, Places
from spikelearn.compiled import njit
from spikelearn.eventdriven.network.cells import Inputs

__all__ = ["draw_arrivals", "draw_first", "merge_arrivals"]


_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


@njit(cache=True, error_model="numpy", inline="always")
def _interval(key: np.uint64, number: np.uint64, rate: float) -> float:
    """Give minus the interval that one number of a stream stands for."""
    bits = key + (number + np.uint64(1)) * _GOLDEN
    bits = (bits ^ (bits >> np.uint64(30))) * _MIX_1
    bits = (bits ^ (bits >> np.uint64(27))) * _MIX_2
    bits = bits ^ (bits >> np.uint64(31))
    return math.log1p(-(np.float64(bits >> np.uint64(11)) * 2.0**-53)) / rate


@njit(cache=True, error_model="numpy")
def draw_first(poisson: Inputs) -> None:
    """Draw when each entry comes for the first time; never, where its rate is zero."""
    rate, key, following, drawn = poisson.rate, poisson.key, poisson.next, poisson.drawn
    for e in range(len(rate)):
        if rate[e] <= 0.0:
            following[e] = math.inf
        else:
            following[e] -= _interval(key[e], drawn[e], rate[e])
            drawn[e] += np.uint64(1)


@njit(cache=True, inner=True, error_model="numpy")
def draw_arrivals(
    begin_at: int, first: int, close: float, poisson: Inputs, counts: Places, drawn_at: Places, drawn_time: Floats,
    drawn_weight: Floats, found: int,
) -> tuple[int, int]:  # fmt: skip
    """Draw the Poisson input of a thread's neurons up to the end of a window, or until there is no room for it.

    Parameters
    ----------
    begin_at : int
        The neuron to begin with, as the thread counts them.
    first : int
        The first neuron of this thread.
    close : float
        End of the window, seconds.
    poisson : Inputs
        Of all neurons.
    counts : ndarray of uint32
        Arrivals of each neuron; is counted up.
    drawn_at, drawn_time, drawn_weight : ndarray
        Receive neuron, time and jump of each event, neuron by neuron, entry by entry.
    found : int
        How many there are already.

    Returns
    -------
    j, found : int
        The neuron to go on with, and how many events there are.
    """
    start, rate, weight, key, following, drawn = poisson
    room = len(drawn_time)
    for j in range(begin_at, len(counts)):
        for e in range(start[first + j], start[first + j + 1]):
            t = following[e]
            if t >= close:
                continue
            number, before = drawn[e], found
            while t < close and found < room:
                drawn_at[found], drawn_time[found], drawn_weight[found] = j, t, weight[e]
                found += 1
                t -= _interval(key[e], number, rate[e])
                number += np.uint64(1)
            following[e], drawn[e] = t, number
            counts[j] += np.uint32(found - before)
            if t < close:
                return j, found
    return len(counts), found


@njit(cache=True, inner=True, error_model="numpy")
def merge_arrivals(
    found: int, drawn_at: Places, drawn_time: Floats, drawn_weight: Floats, box_place: Places, box_end: Places,
    box_time: Floats, box_weight: Floats,
) -> None:  # fmt: skip
    """Put the Poisson input among the sorted arrivals of each neuron, behind those of the same instant."""
    for m in range(found):
        j, t = drawn_at[m], drawn_time[m]
        begin, b = int(box_place[j]), int(box_end[j])
        box_end[j] = b + 1
        while b > begin and box_time[b - 1] > t:
            box_time[b], box_weight[b] = box_time[b - 1], box_weight[b - 1]
            b -= 1
        box_time[b], box_weight[b] = t, drawn_weight[m]
