"""The short way of most events: jumps that arrive at neurons to which nothing else can happen before.

A jump of the membrane costs two exponentials and a bound, see `network_neuron`. Neurons are taken up in blocks of as
many lanes, their numbers gathered from two cache lines each, and the arithmetic of a whole block is one loop without
branches that the compiler turns into vector instructions. Where the bound leaves open whether a crossing comes, the
neuron is left as it was, for `network_advance` to look at closely. There the same functions `decay` and
`no_crossing_within` are called for one neuron alone: sums and products in a fixed order, so that no digit tells which
way an event went, nor in whose company.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spikelearn.eventdriven.exponentials import LONGEST_SERIES, exp_minus, less_one
from spikelearn.eventdriven.network_cells import (
    ABOVE,
    BOUND,
    DECAY,
    DEVIATION,
    LOWER,
    MANIFOLD,
    NOW,
    NOW_LOW,
    OWN_NEXT,
    RATE,
    T_NEXT,
    TAU,
    TAU_K,
    X,
)

__all__ = ["BLOCK_ROOM", "LANES", "SAFE", "ULP", "advance_by_jumps", "decay", "no_crossing_within"]

Floats = NDArray[np.float64]
Shorts = NDArray[np.int32]

ULP = 2.0**-52
# Bounds are proven for real numbers; this leaves room for their rounding.
SAFE = 1.0 - 1e-9
# Neurons in a block, and where in the block's room each quantity of them begins: one array, so that the compiler sees
# that what is written is nothing that is still to be read.
LANES = 64
_D, _X, _LOWER, _LENGTH, _JUMP, _TAU, _TAU_K, _A, _ABOVE, _RATE, _DECAY, _TIME, _WITHIN = range(0, 13 * LANES, LANES)
BLOCK_ROOM = 13 * LANES


@njit(cache=True, error_model="numpy", inline="always")
def decay(D: float, x: float, lower: float, length: float, rate: float, decay: float) -> tuple[float, float, float]:
    """Follow D, x and the lower bound of phi(x) for a time, ``length * decay < LONGEST_SERIES``."""
    eta = less_one(length * decay)
    drop = x * eta
    return D * exp_minus(length * rate + drop), x - drop, lower * (1.0 - eta)


@njit(cache=True, error_model="numpy", inline="always")
def no_crossing_within(D: float, slow: float, A: float, above: float, tau: float, tau_K: float) -> float:
    """Give a time within which the threshold is not crossed, -inf if it may be now; `slow` is at most A phi(x)."""
    y = min(D + slow, A)
    # As if potassium had gone; and as if only the manifold fell: y >= min(D, 0) + slow e^{-t/tau_K}.
    low = above - min(D, 0.0)
    first = tau * (y - above) / (y + above)
    second = tau_K * (slow - low) / (slow + low)
    within = (2.0 * SAFE) * max(first, second)
    # Without drive no flow crosses the threshold.
    within = within if above > 0.0 else math.inf
    return within if y > above else -math.inf


@njit(cache=True, error_model="numpy")
def _follow_block(block: Floats) -> None:
    """Let the jump of every lane arrive; negative `_WITHIN` where it must be looked at closely."""
    for k in range(LANES):
        D, x, lower = decay(
            block[_D + k], block[_X + k], block[_LOWER + k], block[_LENGTH + k], block[_RATE + k], block[_DECAY + k]
        )
        D -= block[_JUMP + k]
        A = block[_A + k]
        within = no_crossing_within(D, A * lower, A, block[_ABOVE + k], block[_TAU + k], block[_TAU_K + k])
        block[_D + k], block[_X + k], block[_LOWER + k], block[_WITHIN + k] = D, x, lower, within


@njit(cache=True, error_model="numpy")
def advance_by_jumps(
    first: int, close: float, queued: int, visits: int, state: Floats, quick: Floats, wake: Floats, queue: Shorts,
    visit: Shorts, box_place: Shorts, box_end: Shorts, box_time: Floats, box_weight: Floats, block: Floats,
    lane: Shorts, lane_next: Shorts,
) -> int:  # fmt: skip
    """Let jumps arrive for as long as nothing else can happen to their neuron.

    Parameters
    ----------
    first : int
        The thread's first neuron; all others are counted from it.
    close : float
        End of the window.
    queued, queue
        The first entries are plain neurons with arrivals; there must be room for all arrivals.
    visits, visit
        How many neurons are to be looked at closely already, and which; there must be room for all.
    state, quick, wake : ndarray
        Of all neurons, see `network_cells` and `run_windows`.
    box_place, box_end : ndarray
        Where the arrivals of each neuron begin and end; the first moves on with those that have been dealt with.
    box_time, box_weight : ndarray
        The arrivals, sorted by time for each neuron.
    block, lane, lane_next : ndarray
        Room for `BLOCK_ROOM` and `LANES` numbers.

    Returns
    -------
    visits : int
        How many neurons are to be looked at closely.
    """
    head = 0
    while head < queued:
        m = 0
        while head < queued and m < LANES:
            j = queue[head]
            head += 1
            i = first + j
            place = box_place[j]
            t = box_time[place]
            known = state[i, T_NEXT]
            length = max((t - state[i, NOW]) + (0.0 - state[i, NOW_LOW]), 0.0)
            quiet = state[i, BOUND] > t or known > t * (1.0 + 4.0 * ULP)
            if not quiet or state[i, OWN_NEXT] <= t or length * quick[i, DECAY] >= LONGEST_SERIES:
                visit[visits] = j
                visits += 1
                continue
            jump = box_weight[place]
            place += 1
            while place < box_end[j] and box_time[place] == t:
                jump += box_weight[place]
                place += 1
            lane[m], lane_next[m] = j, place
            block[_D + m], block[_X + m], block[_LOWER + m] = state[i, DEVIATION], state[i, X], state[i, LOWER]
            block[_LENGTH + m], block[_JUMP + m], block[_TIME + m] = length, jump, t
            block[_TAU + m], block[_TAU_K + m], block[_A + m] = quick[i, TAU], quick[i, TAU_K], quick[i, MANIFOLD]
            block[_ABOVE + m], block[_RATE + m], block[_DECAY + m] = quick[i, ABOVE], quick[i, RATE], quick[i, DECAY]
            m += 1
        _follow_block(block)
        for k in range(m):
            j = lane[k]
            i = first + j
            if not block[_WITHIN + k] >= 0.0:
                visit[visits] = j
                visits += 1
                continue
            t = block[_TIME + k]
            bound = t + block[_WITHIN + k]
            state[i, DEVIATION], state[i, X], state[i, LOWER] = block[_D + k], block[_X + k], block[_LOWER + k]
            state[i, NOW], state[i, BOUND], state[i, T_NEXT], state[i, NOW_LOW] = t, bound, math.nan, 0.0
            wake[i] = min(bound, state[i, OWN_NEXT])
            box_place[j] = lane_next[k]
            if lane_next[k] < box_end[j]:
                queue[queued] = j
                queued += 1
            elif wake[i] < close:
                visit[visits] = j
                visits += 1
    return visits
