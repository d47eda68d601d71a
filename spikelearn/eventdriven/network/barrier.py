"""A barrier for compiled code: threads that run without Python's lock wait for each other between two windows."""

from __future__ import annotations

import os
from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from spikelearn.compiled import njit

__all__ = ["ABORT", "BARRIER_WORDS", "wait"]

# The counter, the round and the word that sends everybody home stand in cache lines of their own.
BARRIER_WORDS = 40
_ROUND = 16
ABORT = 32
item_pointer: Any = cgutils.get_item_pointer
_SPINS = 2000
# Both give the processor to another thread, take nothing and return a number.
_yield = types.ExternalFunction("sched_yield" if os.name == "posix" else "SwitchToThread", types.int32())


def _atomic_add(typingctx, array, place, amount):  # type: ignore[no-untyped-def]
    """Add to an element atomically and give its value before."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        given = context.make_array(signature.args[0])(context, builder, arguments[0])
        pointer = item_pointer(context, builder, signature.args[0], given, [arguments[1]])
        return builder.atomic_rmw("add", pointer, arguments[2], "seq_cst")

    return types.int64(array, types.intp, types.int64), generate


_fetch_add: Any = intrinsic(_atomic_add)


@njit(cache=True, nogil=True)
def wait(barrier: NDArray[Any], threads: int) -> bool:
    """Return when `threads` threads have called this with the same array, or when the word `ABORT` in it is set.

    Parameters
    ----------
    barrier : ndarray of int64, shape (BARRIER_WORDS,)
        Zeros at the start; shared.
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
        spins = 0
        while _fetch_add(barrier, _ROUND, 0) == current:
            spins += 1
            if spins > _SPINS:
                if _fetch_add(barrier, ABORT, 0) != 0:
                    return False
                _yield()
    go_on: bool = _fetch_add(barrier, ABORT, 0) == 0
    return go_on
