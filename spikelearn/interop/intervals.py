"""Sets of intervals on the time axis of a session: joined, intersected, and what lies in them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats

__all__ = ["covers", "intersect", "join", "lies_within", "shared_by_all", "shown", "without_invalid"]


def join(intervals: Floats, error: float) -> Floats:
    """Sort intervals and join those that touch or overlap, leaving out empty ones."""
    rows = np.asarray(intervals, dtype=np.float64).reshape(-1, 2)
    rows = rows[rows[:, 0] < rows[:, 1]]
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    if not len(rows):
        return rows
    ends = np.maximum.accumulate(rows[:, 1])
    fresh = np.concatenate([[True], rows[1:, 0] > ends[:-1] + error])
    last = np.concatenate([np.flatnonzero(fresh)[1:] - 1, [len(rows) - 1]])
    return np.stack([rows[fresh, 0], ends[last]], axis=1)


def lies_within(times: Floats, joined: Floats) -> NDArray[np.bool_]:
    """Say of each time whether it lies in one of some joined intervals."""
    if not len(joined):
        return np.zeros(len(times), dtype=bool)
    row = np.searchsorted(joined[:, 0], times, side="right") - 1
    return np.asarray((row >= 0) & (times < joined[np.maximum(row, 0), 1]))


def shared_by_all(observed: Sequence[Floats]) -> Floats:
    """Give the times in which all units were observed."""
    common = join(observed[0], 0.0)
    for own in observed[1:]:
        if not np.array_equal(own, observed[0]):
            common = intersect(common, join(own, 0.0))
    return common


def intersect(one: Floats, other: Floats) -> Floats:
    """Intersect two sets of disjoint intervals in rising order."""
    begin = np.maximum(one[:, None, 0], other[None, :, 0])
    end = np.minimum(one[:, None, 1], other[None, :, 1])
    return np.stack([begin[begin < end], end[begin < end]], axis=1)


def covers(intervals: Floats, begin: float, end: float, error: float) -> bool:
    """Say whether one interval reaches from `begin` to `end`, but for rounding."""
    joined = join(intervals, error)
    return bool(((joined[:, 0] <= begin + error) & (joined[:, 1] >= end - error)).any())


def shown(intervals: Floats) -> str:
    """Write the first few intervals for a message."""
    rows = ", ".join(f"[{begin}, {end}]" for begin, end in intervals[:4].tolist())
    return f"[{rows}{', ...' if len(intervals) > 4 else ''}] s"


def without_invalid(observed: Sequence[Floats], invalid: Floats, n_units: int) -> list[Floats]:
    """Take invalid times out of what each unit was observed in; out of all time where nothing is known."""
    if not len(invalid):
        return list(observed)
    bad = join(invalid, 0.0)
    edges = np.concatenate([[-np.inf], bad.ravel(), [np.inf]]).reshape(-1, 2)
    known = observed if len(observed) else [np.array([[-np.inf, np.inf]])] * n_units
    return [intersect(join(own, 0.0), edges) for own in known]
