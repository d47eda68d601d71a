"""Ways of getting points computed: in this process, in processes of our own, or by any concurrent.futures executor."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from pathlib import Path
from typing import Any

from spikelearn.arrays import Integers
from spikelearn.compiled import processors
from spikelearn.parameters.loading import load_brian2
from spikelearn.parameters.numbers import whole_number
from spikelearn.sweeps.chunks import Finished, Sizer, chunk_together, run_chunk
from spikelearn.sweeps.outcome import Outcome
from spikelearn.sweeps.parts import write_part
from spikelearn.sweeps.points import Grid, Point
from spikelearn.sweeps.programs import close_program
from spikelearn.sweeps.tasks import FunctionTask, Task
from spikelearn.sweeps.workers import DEATHS, run_in_workers

__all__ = ["compute"]

# Points of the first simulation and of any, and seconds that one should take.
_FIRST, _TOGETHER, _SECONDS = 100, 50_000, 2.0
# Chunks that wait at a foreign executor, for each of its workers that we do not know.
_AHEAD = 64


def compute(
    task: Task, grid: Grid, places: Integers, executor: Any, parts: Path | None, timeout: float | None
) -> Generator[Finished, None, None]:
    """Compute points; see `sweep` for the executors.

    Parameters
    ----------
    task : Task
        What to compute.
    grid : Grid
        All points.
    places : ndarray of int64
        Which of them are to be computed.
    executor : None, int, "serial" or Executor
        By what.
    parts : Path or None
        Folder of parts, or None to give the outcomes back.
    timeout : float or None
        Seconds that a point may take; processes of our own alone can keep it.

    Raises
    ------
    TypeError
        No executor.
    ValueError
        A timeout with an executor that cannot keep it.
    OSError
        The store cannot be written.
    RuntimeError
        A foreign executor is broken.
    """
    if isinstance(executor, str) and executor != "serial":
        raise ValueError(
            f"sweep: executor must be None, a number of workers, 'serial' or an Executor, got {executor!r}"
        )
    foreign = executor is not None and not isinstance(executor, (str, int))
    if foreign and not (hasattr(executor, "submit") and hasattr(executor, "shutdown")):
        raise TypeError(f"sweep: executor must have submit() as those of concurrent.futures, got {executor!r}")
    if timeout is not None and (foreign or executor == "serial"):
        raise ValueError("sweep: timeout must be left out unless the sweep's own workers compute, which it can end")
    left, points = len(places), (grid.point(int(index)) for index in places)
    if left and task.together and timeout is None and executor in (None, "serial"):
        return _together(task, grid, places, parts)
    if not left or executor == "serial":
        return _here(task, points, parts)
    if foreign:
        return _by_futures(task, points, left, executor, parts)
    workers = processors() if executor is None else whole_number("sweep: executor", executor, at_least=1)
    return run_in_workers(task, points, left, workers, parts, timeout)


def _here(task: Task, points: Iterator[Point], parts: Path | None) -> Generator[Finished, None, None]:
    yield from run_chunk(task, points, parts)


def _together(task: Task, grid: Grid, places: Integers, parts: Path | None) -> Generator[Finished, None, None]:
    """Compute points as neurons of simulations that take a second or so each."""
    sizer = Sizer(_FIRST, _TOGETHER, _SECONDS)
    for group in task.batches(grid, places):
        done = 0
        while done < len(group):
            began = time.monotonic()
            batch = group[done : done + sizer.size(len(group) * 2, 1)]
            yield chunk_together(task, grid, batch, parts)
            sizer.saw(len(batch), time.monotonic() - began)
            done += len(batch)


def _chunk(task: Task, points: list[Point], parts: Path | None) -> list[Finished] | OSError:
    if threading.current_thread() is not threading.main_thread():
        # So that what a user's function imports may need Brian2.
        load_brian2()
    if isinstance(task, FunctionTask):
        # Whatever it does with Brian2, it does alone.
        close_program()
    try:
        return list(run_chunk(task, points, parts))
    except OSError as error:  # the store's; those of the executor's own connections come as exceptions
        return type(error)(str(error))


def _by_futures(
    task: Task, points: Iterator[Point], left: int, executor: Any, parts: Path | None
) -> Generator[Finished, None, None]:
    """Keep some chunks ahead at a foreign executor; a chunk that is lost comes again point by point."""
    sizer, deaths = Sizer(), dict[int, int]()
    again: list[Point] = []
    waiting: dict[Future[list[Finished] | OSError], tuple[list[Point], float]] = {}
    try:
        while True:
            while len(waiting) < _AHEAD:
                alone = again.pop() if again else None
                size = sizer.size(left, _AHEAD)
                chunk = [alone] if alone is not None else list(itertools.islice(points, size))
                if not chunk:
                    break
                waiting[executor.submit(_chunk, task, chunk, parts)] = (chunk, time.monotonic())
            if not waiting:
                return
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                chunk, sent = waiting.pop(future)
                try:
                    finished = future.result()
                except BrokenExecutor as error:
                    raise RuntimeError(
                        f"sweep: the executor is broken ({error}); what is in a store is kept: call sweep again with "
                        "a new executor, or with none"
                    ) from error
                except Exception as error:  # the executor has lost the chunk, in whatever way it says that
                    for point in chunk:
                        if len(chunk) == 1:
                            deaths[point.index] = deaths.get(point.index, 0) + 1
                        if deaths.get(point.index, 0) < DEATHS:
                            again.append(point)
                            continue
                        outcome = Outcome(
                            error=f"WorkerDied: {DEATHS} workers were lost at this point, {type(error).__name__}"
                        )
                        yield _lost(point, outcome, parts)
                else:
                    if isinstance(finished, OSError):
                        raise finished
                    left -= len(chunk)
                    sizer.saw(len(chunk), (time.monotonic() - sent) / max(1, min(_AHEAD, len(waiting) + 1)))
                    yield from finished
    finally:
        for future in waiting:
            future.cancel()


def _lost(point: Point, outcome: Outcome, parts: Path | None) -> Finished:
    if parts is None:
        return Finished((point.index,), (outcome,))
    write_part(parts, [point.key], [outcome])
    return Finished((point.index,), None)
