"""The short way of most events: jumps that arrive at neurons to which nothing else can happen before.

A jump of the membrane costs two exponentials and a bound, see `network_neuron`. Neurons are taken up in blocks of as
many lanes, eight rows of two cache lines each at a time, and the arithmetic of a whole block is one loop without
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
    QUICK_COLUMNS,
    RATE,
    STATE_COLUMNS,
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
from spikelearn.eventdriven.network.rows import EIGHT, gather_eights, gather_fours, scatter_eights

__all__ = ["BLOCK_ROOM", "JUMP", "LANES", "MAY", "SAFE", "TIME", "ULP", "WITHIN", "advance_by_jumps", "decay"]
__all__ += ["follow_block", "no_crossing_within", "put_back", "take_up", "wake_of"]


ULP = 2.0**-52
# Bounds are proven for real numbers; this leaves room for their rounding.
SAFE = 1.0 - 1e-9
# Neurons in a block, and where in the block's room each quantity of them begins: one array, so that the compiler sees
# that what is written is nothing that is still to be read. First the state as it stands in its rows, then the
# constants, then what arrives when and whether the short way is open to it, last the time without a crossing.
LANES = BATCH
_D, _X, _LOWER, _NOW, _BOUND, _T_NEXT, _NOW_LOW, _OWN_NEXT = (
    LANES * column for column in (DEVIATION, X, LOWER, NOW, BOUND, T_NEXT, NOW_LOW, OWN_NEXT)
)
_A, _ABOVE, _RATE, _DECAY = (LANES * (8 + column) for column in (MANIFOLD, ABOVE, RATE, DECAY))
TIME, JUMP, MAY, WITHIN = range(12 * LANES, 16 * LANES, LANES)
BLOCK_ROOM = 16 * LANES
_gather_state, _gather_quick = gather_eights(STATE_COLUMNS, LANES), gather_fours(QUICK_COLUMNS, LANES)
_scatter_state = scatter_eights(STATE_COLUMNS, LANES)
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
    """Let the jump of every lane arrive; where it must be looked at closely `WITHIN` is negative and all stays."""
    for k in range(LANES):
        A, rate, rate_K, t = block[_A + k], block[_RATE + k], block[_DECAY + k], block[TIME + k]
        D, x, lower, now, low = block[_D + k], block[_X + k], block[_LOWER + k], block[_NOW + k], block[_NOW_LOW + k]
        length = max((t - now) + (0.0 - low), 0.0)
        quiet = (block[_BOUND + k] > t) & (block[_OWN_NEXT + k] > t) & (length * rate_K < LONGEST_SERIES)
        # No y lies above infinity: such a lane counts as one that the bound leaves open.
        above = block[_ABOVE + k] if quiet & (block[MAY + k] > 0.0) else math.inf
        new_D, new_x, new_lower = decay(D, x, lower, length, rate, rate_K)
        new_D -= block[JUMP + k]
        within = no_crossing_within(new_D, A * new_lower, A, above, rate, rate_K)
        followed = within >= 0.0
        block[_D + k], block[_X + k] = new_D if followed else D, new_x if followed else x
        block[_LOWER + k] = new_lower if followed else lower
        block[_NOW + k], block[_NOW_LOW + k] = t if followed else now, 0.0 if followed else low
        block[_BOUND + k] = t + within if followed else block[_BOUND + k]
        block[_T_NEXT + k] = math.nan if followed else block[_T_NEXT + k]
        block[WITHIN + k] = within


@njit(cache=True, inner=True, error_model="numpy", forceinline=True)
def take_up(k: int, lanes: int, at: Places, state: int, quick: int, at_address: int, block: int) -> None:
    """Take the neurons ``at[k]`` and the seven after it into their lanes.

    Parameters
    ----------
    k : int
        The first lane, a multiple of eight.
    lanes : int
        How many there are; the last fills those that are left of its eight.
    at : ndarray of uint32, shape (LANES,)
        The neuron of each lane.
    state, quick, at_address, block : int
        Addresses of the arrays.
    """
    for left in range(lanes, k + EIGHT):
        at[left] = at[lanes - 1]
    _gather_state(state, at_address + 4 * k, block + 8 * k)
    _gather_quick(quick, at_address + 4 * k, block + 8 * (_A + k))


@njit(cache=True, inner=True, error_model="numpy", forceinline=True)
def put_back(lanes: int, state: int, at_address: int, block: int) -> None:
    """Put all lanes back into their neurons."""
    for k in range(0, lanes, EIGHT):
        _scatter_state(state, at_address + 4 * k, block + 8 * k)


@njit(cache=True, inner=True, error_model="numpy", forceinline=True)
def wake_of(k: int, block: Floats) -> float:
    """Give the time before which nothing of its own happens to the neuron of a lane."""
    wake: float = min(block[_BOUND + k], block[_OWN_NEXT + k])
    return wake


@njit(cache=True, inner=True, error_model="numpy")
def advance_by_jumps(
    close: float, queued: int, visits: int, state: Floats, quick: Floats, wake: Floats, queue: Places, visit: Places,
    box_place: Places, box_end: Places, box_time: Floats, box_weight: Floats, block: Floats, at: Places, after: Places,
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
    block, at, after : ndarray
        Room for `BLOCK_ROOM`, `LANES` and `LANES` numbers.
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
    states, constants, ats, blocks = state.ctypes.data, quick.ctypes.data, at.ctypes.data, block.ctypes.data
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
            at[k], after[k] = j, following
            block[TIME + k], block[JUMP + k], block[MAY + k] = t, jump, 1.0 if alone else 0.0
            if k % EIGHT == EIGHT - 1 or k == lanes - 1:
                take_up(k - k % EIGHT, lanes, at, states, constants, ats, blocks)
        follow_block(block)
        put_back(lanes, states, ats, blocks)
        for k in range(lanes):
            j = at[k]
            if not block[WITHIN + k] >= 0.0:
                visit[visits] = j
                visits += 1
                continue
            wake[j] = wake_of(k, block)
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
