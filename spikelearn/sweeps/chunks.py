"""A handful of points computed in one go by one worker, and how large a handful should be."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from spikelearn.arrays import Integers
from spikelearn.sweeps.outcome import Outcome, Rows
from spikelearn.sweeps.parts import write_part, write_rows
from spikelearn.sweeps.points import Grid, Point
from spikelearn.sweeps.tasks import Task

__all__ = ["Finished", "Sizer", "chunk_together", "run_chunk"]

# Seconds after which finished points are written, and that a chunk should take.
_PATIENCE, _AIM, _LARGEST = 0.5, 0.25, 1000


@dataclass(frozen=True, eq=False)
class Finished:
    """Points that are done: their places, and their outcomes unless these lie in a store."""

    indices: tuple[int, ...] | Integers
    outcomes: tuple[Outcome, ...] | Rows | None


def run_chunk(
    task: Task, points: Iterable[Point], parts: Path | None, begun: Callable[[Point], None] | None = None
) -> Iterator[Finished]:
    """Compute points one by one and give them away, written to the store if there is one, every half second.

    Parameters
    ----------
    task : Task
        What to compute.
    points : iterable of Point
        Where.
    parts : Path or None
        Folder of parts.
    begun : callable, optional
        Called with each point before it is computed.

    Raises
    ------
    OSError
        The store cannot be written.
    """
    waiting: list[tuple[Point, Outcome]] = []
    since = time.monotonic()
    for point in points:
        if begun is not None:
            begun(point)
        waiting.append((point, task.one(point)))
        if time.monotonic() - since > _PATIENCE:
            yield _finish(waiting, parts)
            waiting, since = [], time.monotonic()
    if waiting:
        yield _finish(waiting, parts)


def chunk_together(task: Task, grid: Grid, indices: Integers, parts: Path | None) -> Finished:
    """Compute points at once, as neurons of one simulation.

    Raises
    ------
    OSError
        The store cannot be written.
    """
    rows = task.many(grid, indices)
    if not isinstance(rows, Rows):
        return _finish([(grid.point(int(index)), outcome) for index, outcome in zip(indices, rows, strict=True)], parts)
    if parts is None:
        return Finished(indices, rows)
    write_rows(parts, [grid.key(index) for index in indices.tolist()], rows)
    return Finished(indices, None)


def _finish(done: list[tuple[Point, Outcome]], parts: Path | None) -> Finished:
    outcomes = tuple(outcome for _, outcome in done)
    indices = tuple(point.index for point, _ in done)
    if parts is None:
        return Finished(indices, outcomes)
    write_part(parts, [point.key for point, _ in done], outcomes)
    return Finished(indices, None)


class Sizer:
    """How many points a chunk holds: as many as take a quarter of a second, as far as is known.

    Parameters
    ----------
    first, largest : int
        Size of the first chunk, and of any.
    aim : float
        Seconds that a chunk should take.
    """

    def __init__(self, first: int = 1, largest: int = _LARGEST, aim: float = _AIM) -> None:
        self._first, self._largest, self._aim = first, largest, aim
        self._seconds: float | None = None

    def saw(self, points: int, seconds: float) -> None:
        """Take note of how long some points took."""
        each = max(seconds, 1e-6) / points
        self._seconds = each if self._seconds is None else 0.7 * self._seconds + 0.3 * each

    def size(self, left: int, workers: int) -> int:
        """Give the number of points for the next chunk when so many are left."""
        if self._seconds is None:
            return self._first
        return max(1, min(int(self._aim / self._seconds), self._largest, left // (2 * workers)))
