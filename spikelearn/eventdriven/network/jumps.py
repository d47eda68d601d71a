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

from spikelearn.arrays import Floats, Places
from spikelearn.compiled import njit
from spikelearn.eventdriven.exponentials import LONGEST_SERIES, exp_minus, less_one
from spikelearn.eventdriven.network.cells import (
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
    X,
)
from spikelearn.eventdriven.network.plasticity import (
    BATCH,
    PLASTIC,
    Plastic,
    change_listed,
    fetch_row,
    list_change,
    weight_of,
)
from spikelearn.eventdriven.network.prefetch import prefetch

__all__ = ["BLOCK_ROOM", "LANES", "SAFE", "ULP", "advance_by_jumps", "decay", "follow_block", "load_lane"]
__all__ += ["no_crossing_within", "store_lane"]


ULP = 2.0**-52
# Bounds are proven for real numbers; this leaves room for their rounding.
SAFE = 1.0 - 1e-9
# Neurons in a block, and where in the block's room each quantity of them begins: one array, so that the compiler sees
# that what is written is nothing that is still to be read.
LANES = BATCH
_D, _X, _LOWER, _LENGTH, _JUMP, _A, _ABOVE, _RATE, _DECAY, _TIME, _WITHIN = range(0, 11 * LANES, LANES)
BLOCK_ROOM = 11 * LANES
# How many neurons ahead numbers are fetched that lie far away in memory.
_AHEAD = 24


@njit(cache=True, inner=True, error_model="numpy", forceinline=True)
def decay(D: float, x: float, lower: float, length: float, rate: float, rate_K: float) -> tuple[float, float, float]:
    """Follow D, x and the lower bound of phi(x) for a time, ``length * rate_K < LONGEST_SERIES``."""
    eta = less_one(length * rate_K)
    drop = x * eta
    return D * exp_minus(length * rate + drop), x - drop, lower * (1.0 - eta)


@njit(cache=True, inner=True, error_model="numpy", forceinline=True)
def no_crossing_within(D: float, slow: float, A: float, above: float, rate: float, rate_K: float) -> float:
    """Give a time within which the threshold is not crossed, -inf if it may be now; `slow` is at most A phi(x)."""
    y = min(D + slow, A)
    # As if potassium had gone; and as if only the manifold fell: y >= min(D, 0) + slow e^{-t/tau_K}.
    low = above - min(D, 0.0)
    first = (y - above) / (rate * (y + above))
    second = (slow - low) / (rate_K * (slow + low))
    within = (2.0 * SAFE) * max(first, second)
    # Without drive no flow crosses the threshold.
    within = within if above > 0.0 else math.inf
    return within if y > above else -math.inf


@njit(cache=True, inner=True, error_model="numpy")
def follow_block(block: Floats) -> None:
    """Let the jump of every lane arrive; negative `_WITHIN` where it must be looked at closely."""
    for k in range(LANES):
        A, above, rate, rate_K = block[_A + k], block[_ABOVE + k], block[_RATE + k], block[_DECAY + k]
        D, x, lower = decay(block[_D + k], block[_X + k], block[_LOWER + k], block[_LENGTH + k], rate, rate_K)
        D -= block[_JUMP + k]
        within = no_crossing_within(D, A * lower, A, above, rate, rate_K)
        block[_D + k], block[_X + k], block[_LOWER + k], block[_WITHIN + k] = D, x, lower, within


@njit(cache=True, inner=True, error_model="numpy", forceinline=True)
def load_lane(
    k: int, j: int, t: float, jump: float, may: bool, state: Floats, quick: Floats, block: Floats
) -> None:  # fmt: skip
    """Take neuron j into lane k, where a jump arrives at time t; the short way only where it `may` be gone."""
    length = max((t - state[j, NOW]) + (0.0 - state[j, NOW_LOW]), 0.0)
    quiet = may & (state[j, BOUND] > t) & (state[j, OWN_NEXT] > t) & (length * quick[j, DECAY] < LONGEST_SERIES)
    block[_D + k], block[_X + k], block[_LOWER + k] = state[j, DEVIATION], state[j, X], state[j, LOWER]
    block[_TIME + k], block[_LENGTH + k], block[_JUMP + k] = t, length, jump
    block[_A + k], block[_RATE + k], block[_DECAY + k] = quick[j, MANIFOLD], quick[j, RATE], quick[j, DECAY]
    # No y lies above infinity: such a lane counts as one that the bound leaves open.
    block[_ABOVE + k] = quick[j, ABOVE] if quiet else math.inf


@njit(cache=True, inner=True, error_model="numpy", forceinline=True)
def store_lane(k: int, j: int, state: Floats, wake: Floats, block: Floats) -> bool:
    """Put lane k back into its neuron, or, where it must be looked at closely, leave all as it was and say no."""
    followed: bool = block[_WITHIN + k] >= 0.0
    if followed:
        t = block[_TIME + k]
        bound = t + block[_WITHIN + k]
        state[j, DEVIATION], state[j, X], state[j, LOWER] = block[_D + k], block[_X + k], block[_LOWER + k]
        state[j, NOW], state[j, BOUND], state[j, T_NEXT], state[j, NOW_LOW] = t, bound, math.nan, 0.0
        wake[j] = min(bound, state[j, OWN_NEXT])
    return followed


@njit(cache=True, inner=True, error_model="numpy")
def advance_by_jumps(
    close: float, queued: int, visits: int, state: Floats, quick: Floats, wake: Floats, queue: Places, visit: Places,
    box_place: Places, box_end: Places, box_time: Floats, box_weight: Floats, block: Floats, after: Places,
    room: int, plastic: Plastic,
) -> tuple[int, int]:  # fmt: skip
    """Let jumps arrive for as long as nothing else can happen to their neuron.

    Parameters
    ----------
    close : float
        End of the window.
    queued, queue
        How many neurons with a short way have arrivals, and which; there must be room for as many as arrivals.
    visits, visit
        How many neurons are to be looked at closely already, and which; there must be room for all.
    state, quick, wake : ndarray
        Of the thread's neurons, see `network_cells` and `run_windows`.
    box_place, box_end : ndarray
        Where the arrivals of each neuron begin and end; the first moves on with those that have been dealt with.
    box_time, box_weight : ndarray
        The arrivals, sorted by time for each neuron.
    block, after : ndarray
        Room for `BLOCK_ROOM` and `LANES` numbers.
    room, plastic
        See `plasticity.change_listed`.

    Returns
    -------
    visits : int
        How many neurons are to be looked at closely.
    broken : int
        Row of a synapse with a value that is not finite; -1 if none has.
    """
    head, changes, broken = 0, 0, -1
    learning = plastic.columns > 0
    while head < queued:
        lanes = min(LANES, queued - head)
        for k in range(lanes):
            if head + k + _AHEAD < queued:
                coming = queue[head + k + _AHEAD]
                prefetch(state, coming, 0)
                prefetch(quick, coming, 0)
                if learning:
                    fetch_row(box_weight[box_place[coming]], plastic)
            j = queue[head + k]
            place = box_place[j]
            t, first_weight = box_time[place], box_weight[place]
            jump = weight_of(first_weight, plastic)
            following = place + 1
            alone = True
            while box_time[following] == t and following < box_end[j]:
                jump += box_weight[following]
                # A second synapse that learns, perhaps the same once more, is looked at closely.
                alone &= box_weight[following] < PLASTIC
                following += 1
            after[k] = following
            load_lane(k, j, t, jump, alone, state, quick, block)
        follow_block(block)
        for k in range(lanes):
            j = queue[head + k]
            if not store_lane(k, j, state, wake, block):
                visit[visits] = j
                visits += 1
                continue
            if learning and box_weight[box_place[j]] >= PLASTIC:
                list_change(changes, box_weight[box_place[j]], box_time[box_place[j]], room)
                changes += 1
            box_place[j] = after[k]
            # Listed without a branch: how many arrivals a neuron has is as good as random.
            more = after[k] < box_end[j]
            queue[queued] = j
            queued += int(more)
            visit[visits] = j
            visits += int(not more) & int(wake[j] < close)
        if changes > 0:
            broken = change_listed(changes, room, plastic)
            changes = 0
            if broken >= 0:
                break
        head += lanes
    return visits, broken
