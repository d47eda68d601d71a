"""A handful of points computed in one go by one worker, and how large a handful should be."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from spikelearn.sweeps.outcome import Outcome
from spikelearn.sweeps.points import Point
from spikelearn.sweeps.store import write_part
from spikelearn.sweeps.tasks import Task

__all__ = ["Finished", "Sizer", "chunks_together", "run_chunk"]

# Seconds after which finished points are written, and that a chunk should take.
_PATIENCE, _AIM, _LARGEST = 0.5, 0.25, 1000


@dataclass(frozen=True, eq=False)
class Finished:
    """Points that are done: their places, and their outcomes unless these lie in a store."""

    indices: tuple[int, ...]
    outcomes: tuple[Outcome, ...] | None


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


def chunks_together(task: Task, points: Sequence[Point], parts: Path | None) -> Finished:
    """Compute points at once, as neurons of one simulation."""
    return _finish(list(zip(points, task.many(points), strict=True)), parts)


def _finish(done: list[tuple[Point, Outcome]], parts: Path | None) -> Finished:
    outcomes = tuple(outcome for _, outcome in done)
    indices = tuple(point.index for point, _ in done)
    if parts is None:
        return Finished(indices, outcomes)
    write_part(parts, [point.key for point, _ in done], outcomes)
    return Finished(indices, None)


class Sizer:
    """How many points a chunk holds: as many as take a quarter of a second, as far as is known."""

    def __init__(self) -> None:
        self._seconds: float | None = None

    def saw(self, points: int, seconds: float) -> None:
        """Take note of how long some points took."""
        each = max(seconds, 1e-6) / points
        self._seconds = each if self._seconds is None else 0.7 * self._seconds + 0.3 * each

    def size(self, left: int, workers: int) -> int:
        """Give the number of points for the next chunk when so many are left."""
        if self._seconds is None:
            return 1
        return max(1, min(int(_AIM / self._seconds), _LARGEST, left // (2 * workers)))
