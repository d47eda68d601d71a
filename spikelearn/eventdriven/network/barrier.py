"""A barrier for compiled code: threads that run without Python's lock wait for each other between two windows."""

from __future__ import annotations

import os
from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from spikelearn.compiled import njit

__all__ = ["ABORT", "BARRIER_WORDS", "prepare", "send_home", "wait"]

# The counter, the round, the word that sends everybody home, the number of those asleep, and what they sleep by stand
# in cache lines of their own.
_ROUND, ABORT, _ASLEEP, _MUTEX, _CONDITION = 16, 32, 48, 64, 80
BARRIER_WORDS = 96
item_pointer: Any = cgutils.get_item_pointer
# Some ten microseconds: longer than a partner that has a processor usually takes, far shorter than one without.
_SPINS = 2000
_POSIX = os.name == "posix"
# All take addresses or nothing and return a number.
_number: Any = types.int32
_one, _two = _number(types.intp), _number(types.intp, types.intp)
_yield: Any = types.ExternalFunction("sched_yield" if _POSIX else "SwitchToThread", _number())
_of_one: Any = [
    types.ExternalFunction(f"pthread_{name}", _one) for name in ("mutex_lock", "mutex_unlock", "cond_broadcast")
]
_of_two: Any = [types.ExternalFunction(f"pthread_{name}", _two) for name in ("cond_wait", "mutex_init", "cond_init")]
_lock, _unlock, _signal = _of_one
_sleep, _make_mutex, _make_condition = _of_two


def _atomic_add(typingctx, array, place, amount):  # type: ignore[no-untyped-def]
    """Add to an element atomically and give its value before."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        given = context.make_array(signature.args[0])(context, builder, arguments[0])
        pointer = item_pointer(context, builder, signature.args[0], given, [arguments[1]])
        return builder.atomic_rmw("add", pointer, arguments[2], "seq_cst")

    return types.int64(array, types.intp, types.int64), generate


_fetch_add: Any = intrinsic(_atomic_add)


@njit(cache=True)
def prepare(barrier: NDArray[Any]) -> None:
    """Make what the threads sleep by; called once, before the first of them comes."""
    if _POSIX:
        _make_mutex(barrier.ctypes.data + 8 * _MUTEX, 0)
        _make_condition(barrier.ctypes.data + 8 * _CONDITION, 0)


@njit(cache=True, inner=True, nogil=True)
def _wake(barrier: NDArray[Any]) -> None:
    """Wake all that sleep."""
    if _POSIX and _fetch_add(barrier, _ASLEEP, 0) != 0:
        _lock(barrier.ctypes.data + 8 * _MUTEX)
        _signal(barrier.ctypes.data + 8 * _CONDITION)
        _unlock(barrier.ctypes.data + 8 * _MUTEX)


@njit(cache=True, nogil=True)
def send_home(barrier: NDArray[Any]) -> None:
    """Let every thread that waits, or ever will, leave."""
    _fetch_add(barrier, ABORT, 1)
    _wake(barrier)


@njit(cache=True, nogil=True)
def wait(barrier: NDArray[Any], threads: int) -> bool:
    """Return when `threads` threads have called this with the same array, or when all are sent home.

    A partner that has a processor comes soon, and is waited for awake. One that has none is waited for asleep, which
    leaves it the processor.

    Parameters
    ----------
    barrier : ndarray of int64, shape (BARRIER_WORDS,)
        Zeros at the start, then prepared; shared.
    threads : int
        How many take part.

    Returns
    -------
    bool
        Whether to go on: false where one of the threads will never come, and the others must leave.
    """
    if threads > 1:
        current = _fetch_add(barrier, _ROUND, 0)
        if _fetch_add(barrier, 0, 1) == threads - 1:
            _fetch_add(barrier, 0, -threads)
            _fetch_add(barrier, _ROUND, 1)
            _wake(barrier)
        spins = 0
        while _fetch_add(barrier, _ROUND, 0) == current and _fetch_add(barrier, ABORT, 0) == 0:
            spins += 1
            if spins > _SPINS:
                if _POSIX:
                    _lock(barrier.ctypes.data + 8 * _MUTEX)
                    # Whoever ends the round afterwards sees that somebody sleeps, and needs the lock to wake him.
                    _fetch_add(barrier, _ASLEEP, 1)
                    while _fetch_add(barrier, _ROUND, 0) == current and _fetch_add(barrier, ABORT, 0) == 0:
                        _sleep(barrier.ctypes.data + 8 * _CONDITION, barrier.ctypes.data + 8 * _MUTEX)
                    _fetch_add(barrier, _ASLEEP, -1)
                    _unlock(barrier.ctypes.data + 8 * _MUTEX)
                else:
                    _yield()
    go_on: bool = _fetch_add(barrier, ABORT, 0) == 0
    return go_on
