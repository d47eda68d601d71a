"""Worker processes that may die: a death is one point's, which is tried again, alone, and given up the third time."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import time
import warnings
from collections import deque
from collections.abc import Generator, Iterator
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from spikelearn.sweeps.chunks import Finished, Sizer, run_chunk
from spikelearn.sweeps.outcome import Outcome
from spikelearn.sweeps.parts import remove_leftovers, write_part
from spikelearn.sweeps.points import Point
from spikelearn.sweeps.programs import keep_programs_in
from spikelearn.sweeps.store import serve
from spikelearn.sweeps.tasks import Task

__all__ = ["run_in_workers"]

DEATHS = 3
# How often timeouts are looked at, in seconds.
_TICK = 0.05


class _Worker:
    """One process and what it is doing."""

    def __init__(self, context: Any, task: Task, parts: Path | None, scratch: str, others: list[_Worker]) -> None:
        self.pipe, far = context.Pipe()
        inherited = [self.pipe, *(other.pipe for other in others)] if context.get_start_method() == "fork" else []
        self.process = context.Process(target=_serve, args=(task, parts, scratch, far, inherited), daemon=False)
        with warnings.catch_warnings():
            # Python 3.12 warns of any thread; those of BLAS know how to be forked, and ours have ended.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.process.start()
        far.close()
        self.points: dict[int, Point] = {}
        self.current: Point | None = None
        self.since = self.sent = 0.0
        self.busy, self.count = False, 0

    def give(self, points: list[Point]) -> None:
        """Hand over a chunk; a worker that has died says so when its pipe is read."""
        self.points = {point.index: point for point in points}
        self.current, self.busy, self.count = None, True, len(points)
        self.since = self.sent = time.monotonic()
        with contextlib.suppress(OSError):
            self.pipe.send(points)

    def end(self) -> None:
        """Kill the process and forget it."""
        self.process.kill()
        self.process.join()
        self.pipe.close()


def _serve(task: Task, parts: Path | None, scratch: str, pipe: Any, inherited: list[Any]) -> None:
    """Work until the driver closes its end, or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for other in inherited:
        other.close()
    threading.Thread(target=_leave_with, args=(os.getppid(), scratch), daemon=True).start()
    keep_programs_in(scratch)
    serve(parts)
    try:
        while True:
            points = pipe.recv()
            try:
                for finished in run_chunk(task, points, parts, lambda point: pipe.send(("begun", point.index))):
                    pipe.send(("finished", finished))
            except OSError as error:
                pipe.send(("fatal", type(error), str(error)))
            pipe.send(("idle",))
    except (EOFError, BrokenPipeError, ConnectionError):
        os._exit(0)


def _leave_with(parent: int, scratch: str) -> None:
    """End this process within a second of its driver, even in the middle of a point that never ends."""
    while os.getppid() == parent:
        time.sleep(0.5)
    shutil.rmtree(scratch, ignore_errors=True)
    os._exit(0)


def run_in_workers(
    task: Task, points: Iterator[Point], left: int, workers: int, parts: Path | None, timeout: float | None
) -> Generator[Finished, None, None]:
    """Compute points in processes of our own.

    Parameters
    ----------
    task : Task
        What to compute.
    points : iterator of Point
        Where; drawn as workers come free.
    left : int
        How many points there are.
    workers : int
        How many processes.
    parts : Path or None
        Folder of parts, which workers write themselves.
    timeout : float or None
        Seconds that a point may take.

    Yields
    ------
    Finished
        Points in the order in which they end.

    Raises
    ------
    OSError
        A worker could not write into the store.
    """
    context = multiprocessing.get_context("fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn")
    crew: list[_Worker] = []
    state = _State(points, left, min(workers, left))
    # Of processes that are killed no one else would remove what they have built.
    scratch = tempfile.mkdtemp(prefix="spikelearn_sweep_")
    try:
        while True:
            for worker in [w for w in crew if not w.busy]:
                chunk = state.next_chunk(alone=not any(w.busy for w in crew))
                if chunk:
                    worker.give(chunk)
            while len(crew) < state.wanted and (
                chunk := state.next_chunk(alone=not any(worker.busy for worker in crew))
            ):
                crew.append(_Worker(context, task, parts, scratch, crew))
                crew[-1].give(chunk)
            busy = [worker for worker in crew if worker.busy]
            if not busy:
                return
            ready = wait([worker.pipe for worker in busy], None if timeout is None else _TICK)
            for worker in busy:
                if worker.pipe in ready:
                    alive = yield from _listen(worker, state)
                    if not alive:
                        yield from _bury(worker, crew, state, parts)
                elif timeout is not None and worker.current and time.monotonic() - worker.since > timeout:
                    point = worker.current
                    worker.end()
                    crew.remove(worker)
                    state.again(worker, blamed=None, without=point)
                    yield _recorded(point, Outcome(error=f"TimeoutError: took longer than {timeout:g} s"), parts)
    finally:
        for worker in crew:
            worker.end()
        if parts is not None:
            # What a worker was writing when it was ended.
            remove_leftovers(parts)
        shutil.rmtree(scratch, ignore_errors=True)


class _State:
    """What is yet to be done, and what has died how often."""

    def __init__(self, points: Iterator[Point], left: int, wanted: int) -> None:
        self.points, self.left, self.wanted = points, left, wanted
        self.innocent: deque[Point] = deque()
        self.suspects: deque[Point] = deque()
        self.deaths: dict[int, int] = {}
        self.sizer = Sizer()

    def next_chunk(self, *, alone: bool) -> list[Point]:
        """Give the next points; suspects come last, when no other worker is busy."""
        size = self.sizer.size(self.left, self.wanted)
        chunk: list[Point] = []
        while len(chunk) < size:
            point = self.innocent.popleft() if self.innocent else next(self.points, None)
            if point is None:
                break
            chunk.append(point)
        if not chunk and alone and self.suspects:
            chunk = [self.suspects.popleft()]
        self.left -= len(chunk)
        return chunk

    def again(self, worker: _Worker, blamed: Point | None, without: Point | None) -> None:
        """Put back what a lost worker had not finished."""
        for point in worker.points.values():
            if point in (blamed, without):
                continue
            self.innocent.append(point)
            self.left += 1
        if blamed is not None:
            self.suspects.append(blamed)


def _listen(worker: _Worker, state: _State) -> Generator[Finished, None, bool]:
    """Read all that a worker has said; tell whether it lives."""
    while True:
        try:
            if not worker.pipe.poll():
                return True
            message = worker.pipe.recv()
        except (EOFError, OSError):  # OSError where it died within a message
            return False
        if message[0] == "begun":
            worker.current, worker.since = worker.points[message[1]], time.monotonic()
        elif message[0] == "finished":
            for index in message[1].indices:
                del worker.points[index]
            worker.current = None
            yield message[1]
        elif message[0] == "fatal":
            raise message[1](message[2])
        else:
            state.sizer.saw(worker.count, time.monotonic() - worker.sent)
            worker.points, worker.busy = {}, False


def _bury(worker: _Worker, crew: list[_Worker], state: _State, parts: Path | None) -> Iterator[Finished]:
    """Take a dead worker away; the point that it was at is tried again alone, or given up."""
    worker.process.join()
    code = worker.process.exitcode
    worker.end()
    crew.remove(worker)
    point = worker.current
    if point is None:
        state.again(worker, blamed=None, without=None)
        return
    state.deaths[point.index] = state.deaths.get(point.index, 0) + 1
    if state.deaths[point.index] < DEATHS:
        state.again(worker, blamed=point, without=None)
        return
    state.again(worker, blamed=None, without=point)
    how = f"signal {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"
    yield _recorded(point, Outcome(error=f"WorkerDied: {DEATHS} workers ended at this point, the last by {how}"), parts)


def _recorded(point: Point, outcome: Outcome, parts: Path | None) -> Finished:
    if parts is None:
        return Finished((point.index,), (outcome,))
    write_part(parts, [point.key], [outcome])
    return Finished((point.index,), None)
