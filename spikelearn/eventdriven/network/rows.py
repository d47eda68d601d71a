"""Eight rows of a matrix at once, as columns of a block and back.

The numbers of a neuron lie in one row, so that an arrival touches one cache line; the arithmetic of many neurons wants
each quantity of eight of them side by side. Reading or writing single numbers takes longer than that arithmetic; here
whole rows are read and written, and turned into columns within the processor.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = ["EIGHT", "gather_eights", "gather_fours", "scatter_eights"]

_tools: Any = cgutils
ir = _tools.ir

EIGHT = 8
_DOUBLE, _SHORT, _WHOLE = ir.DoubleType(), ir.IntType(32), ir.IntType(64)
# Neither rows nor blocks need to begin with a whole vector.
_ALIGNED = 8


def _vector(n: int) -> Any:
    return ir.VectorType(_DOUBLE, n)


def _mix(builder: Any, a: Any, b: Any, places: list[int]) -> Any:
    """Take numbers out of a, then b."""
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(_SHORT, len(places)), places))


def _pairs(builder: Any, a: Any, b: Any) -> tuple[Any, Any]:
    even, odd = [0, 8, 2, 10, 4, 12, 6, 14], [1, 9, 3, 11, 5, 13, 7, 15]
    return _mix(builder, a, b, even), _mix(builder, a, b, odd)


def _quarters(builder: Any, a: Any, b: Any) -> tuple[Any, Any]:
    even, odd = [0, 1, 8, 9, 4, 5, 12, 13], [2, 3, 10, 11, 6, 7, 14, 15]
    return _mix(builder, a, b, even), _mix(builder, a, b, odd)


def _fours(builder: Any, rows: list[Any]) -> list[Any]:
    """Turn four vectors, each of two rows of four, into their four columns of eight."""
    (a0, a1), (b0, b1) = _pairs(builder, *rows[:2]), _pairs(builder, *rows[2:])
    (first, third), (second, fourth) = _quarters(builder, a0, b0), _quarters(builder, a1, b1)
    return [first, second, third, fourth]


def _eights(builder: Any, rows: list[Any]) -> list[Any]:
    """Turn eight rows of eight into their columns."""
    low, high = _fours(builder, rows[:4]), _fours(builder, rows[4:])
    halves = [0, 1, 2, 3, 8, 9, 10, 11], [4, 5, 6, 7, 12, 13, 14, 15]
    return [_mix(builder, a, b, half) for half in halves for a, b in zip(low, high, strict=True)]


def _pointer(builder: Any, address: Any, kind: Any, offset: Any = None) -> Any:
    return builder.inttoptr(address if offset is None else builder.add(address, offset), kind.as_pointer())


def _addresses(builder: Any, matrix: Any, at: Any, length: int) -> list[Any]:
    """Give the addresses of eight rows."""
    numbers = _pointer(builder, at, _SHORT)
    found = []
    for lane in range(EIGHT):
        row = builder.zext(builder.load(builder.gep(numbers, [_WHOLE(lane)])), _WHOLE)
        found.append(builder.add(matrix, builder.mul(row, _WHOLE(8 * length))))
    return found


def _columns(builder: Any, block: Any, apart: int, n: int) -> list[Any]:
    return [_pointer(builder, block, _vector(EIGHT), _WHOLE(8 * apart * column)) for column in range(n)]


def _mover(work: Any, length: int, apart: int) -> Any:
    """Make a compiled function of the addresses of a matrix, of eight uint32 and of a place in a block."""

    def move(typingctx, matrix, at, block):  # type: ignore[no-untyped-def]
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            matrix, at, block = arguments
            work(builder, _addresses(builder, matrix, at, length), block, apart)
            return context.get_dummy_value()

        return types.none(types.int64, types.int64, types.int64), generate

    return intrinsic(move)


def _gather_eights(builder: Any, rows: list[Any], block: Any, apart: int) -> None:
    found = [builder.load(_pointer(builder, row, _vector(8)), align=_ALIGNED) for row in rows]
    for column, place in zip(_eights(builder, found), _columns(builder, block, apart, 8), strict=True):
        builder.store(column, place, align=_ALIGNED)


def _gather_fours(builder: Any, rows: list[Any], block: Any, apart: int) -> None:
    found = [builder.load(_pointer(builder, row, _vector(4)), align=_ALIGNED) for row in rows]
    two = [_mix(builder, a, b, list(range(EIGHT))) for a, b in zip(found[:4], found[4:], strict=True)]
    for column, place in zip(_fours(builder, two), _columns(builder, block, apart, 4), strict=True):
        builder.store(column, place, align=_ALIGNED)


def _scatter_eights(builder: Any, rows: list[Any], block: Any, apart: int) -> None:
    found = [builder.load(place, align=_ALIGNED) for place in _columns(builder, block, apart, 8)]
    # The first last: what fills the lanes that are left has the row of the one before them.
    for row, address in reversed(list(zip(_eights(builder, found), rows, strict=True))):
        builder.store(row, _pointer(builder, address, _vector(8)), align=_ALIGNED)


def gather_eights(length: int, apart: int) -> Any:
    """Make a compiled function that reads the first eight numbers of eight rows into columns.

    Parameters
    ----------
    length : int
        Numbers from one row of the matrix to the next.
    apart : int
        Numbers from one column of the block to the next.

    Returns
    -------
    callable
        Of the addresses of the matrix, of the numbers of eight rows (uint32), and of the first column's place.
    """
    return _mover(_gather_eights, length, apart)


def gather_fours(length: int, apart: int) -> Any:
    """Make one that reads the first four numbers of eight rows; see `gather_eights`."""
    return _mover(_gather_fours, length, apart)


def scatter_eights(length: int, apart: int) -> Any:
    """Make one that writes eight columns into the first eight numbers of eight rows; see `gather_eights`.

    Where a row occurs twice the earlier lane is what stays.
    """
    return _mover(_scatter_eights, length, apart)
