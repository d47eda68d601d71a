"""From a wired network to its spikes: threads, pieces of the run, interruption, and a state to go on from."""

from __future__ import annotations

import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats, Integers
from spikelearn.compiled import told
from spikelearn.eventdriven.inputs import assign_tables
from spikelearn.eventdriven.network.barrier import BARRIER_WORDS, prepare, send_home
from spikelearn.eventdriven.network.buffers import buffers
from spikelearn.eventdriven.network.cells import (
    AT,
    BOUND,
    CELL_COLUMNS,
    DEVIATION,
    G0,
    LOWER,
    PAUSE_END,
    STATE_COLUMNS,
    T_NEXT,
    TABLED,
    Inputs,
    Sources,
    Synapses,
    X,
    aligned,
    fill_cells,
    quick_constants,
)
from spikelearn.eventdriven.network.direct import rows_rise
from spikelearn.eventdriven.network.drive import draw_first
from spikelearn.eventdriven.network.history import pause_after
from spikelearn.eventdriven.network.neuron import enter_tables
from spikelearn.eventdriven.network.pace import Pace
from spikelearn.eventdriven.network.plasticity_inputs import fresh_rows, lay_out, mark
from spikelearn.eventdriven.network.records import NetworkInputs, NetworkResult, NetworkState
from spikelearn.eventdriven.network.sharing import count_targets, delays, ranges, share, writable
from spikelearn.eventdriven.network.windows import run_windows
from spikelearn.eventdriven.phi import Tables
from spikelearn.progress import progress_bar

__all__ = ["run_network"]


# A window is a little shorter than the shortest delay, so that no rounding brings an arrival back into it.
_SHORTER = 1.0 - 1e-9
# Without synapses between neurons the windows only serve progress and interruption.
_LONGEST_WINDOW = 0.02
# So many events of the Poisson input a neuron and window, in the mean, are drawn and kept until they arrive.
_DRAWN = 4.0
_EPOCH = 0.01
# Whether tables pay is asked for a run of so many seconds, whatever its length: a state has the same form in all.
_TABLES_FOR = 10.0
# A piece of the run is what is done between two looks at the clock and at an interrupt.
_PIECE_SECONDS = 0.25
# A piece that takes longer than this after an interrupt is left where it is.
_GRACE = 0.5
_NONE = np.empty(0, dtype=np.int64)
_NAMES = ("V_0", "theta", "Delta", "tau", "tau_K", "delta_g", "t_d", "refractory")


def run_network(
    inputs: NetworkInputs,
    duration: float,
    *,
    u0: Floats,
    g0: Floats,
    resume: NetworkState | None = None,
    traced: Integers,
    trace_times: Floats,
    watched: Integers = _NONE,
    threads: int | None = None,
    progress: bool = False,
    stop: threading.Event | None = None,
) -> NetworkResult:
    """Run a network from time 0, or from a saved state, to `duration`.

    Parameters
    ----------
    inputs : NetworkInputs
        The network.
    duration : float
        End of the run, seconds.
    u0, g0 : ndarray, shape (n,)
        State at time 0.
    resume : NetworkState, optional
        Where to go on from.
    traced, trace_times : ndarray
        Neurons whose u and g are wanted, and when.
    watched : ndarray
        Plastic synapses whose weights are wanted at the same times.
    threads : int, optional
        If not given, as many as there are processors, or one for as long as that is faster; no result depends on it.
    progress : bool
        Show a bar for runs of more than two seconds.
    stop : threading.Event, optional
        Ends the run early when set, as Ctrl-C does.

    Raises
    ------
    MemoryError
        There is not enough for one of the threads; the others leave, too.
    """
    halt = stop or threading.Event()
    # Compiled where an interrupt can end it: none reaches a thread.
    with told("the network engine"):
        run = _Run(inputs, duration, u0, g0, resume, traced, trace_times, threads, watched)
        run.compile()
    # The run has a thread of its own: an interrupt can then never fall between the state and its spikes.
    with ThreadPoolExecutor(1) as driver:
        future = driver.submit(run.to_end, halt, progress)
        asked = False
        while True:
            try:
                return future.result(_GRACE if asked else None)
            except KeyboardInterrupt:
                halt.set()
                if asked:
                    run.leave()
                asked = True
            except TimeoutError:
                run.leave()


class _Run:
    """One run: its shared arrays, and the loop over pieces."""

    def __init__(
        self,
        inputs: NetworkInputs,
        duration: float,
        u0: Floats,
        g0: Floats,
        resume: NetworkState | None,
        traced: Integers,
        trace_times: Floats,
        threads: int | None,
        watched: Integers = _NONE,
    ) -> None:
        n = len(u0)
        self.n, self.duration = n, duration
        self.begin = resume.time if resume is not None else 0.0
        synapses = Synapses(*(writable(array) for array in mark(inputs.plasticity, inputs.synapses)))
        self.shortest, self.longest = delays(synapses, n, inputs)
        self.window = min(self.shortest * _SHORTER, _LONGEST_WINDOW)
        if inputs.poisson_rate.sum() > 0.0:
            self.window = min(self.window, _DRAWN * n / float(inputs.poisson_rate.sum()))
        self.limit = max(8, math.ceil(inputs.max_rate * max(_EPOCH, self.window)))
        self.epoch = max(1, round(_EPOCH / self.window))
        degree = count_targets(synapses.target, n)
        self.ranges = ranges(degree, threads)
        # What is sorted here replaces what it is made from: of the weights, the marked copy.
        synapses, self.row_bounds = share(synapses, self.ranges)
        self.synapses = synapses
        self.rising, self.single = rows_rise(synapses.start, synapses.target)
        self.autonomous = (degree == 0) & (np.diff(inputs.poisson_start) == 0)
        # The constants hold addresses of the tables, which must therefore live as long.
        self.cells, self.tables = _cells(inputs, self.autonomous, g0)
        self.trace_times = writable(trace_times)
        values = fresh_rows(inputs.plasticity, inputs.synapses.weight) if resume is None else resume.plastic
        self.learning = lay_out(inputs.plasticity, synapses, n, values, watched, self.trace_times, len(self.ranges) - 1)
        self.quick = quick_constants(self.cells)
        self.sources = Sources(*(writable(array) for array in inputs.sources))
        self.state = _fresh(self.cells, u0, g0) if resume is None else _aligned_copy(resume.state)
        entries = len(inputs.poisson_rate)
        self.poisson = Inputs(
            writable(inputs.poisson_start),
            writable(inputs.poisson_rate),
            writable(inputs.poisson_weight),
            writable(inputs.poisson_key),
            np.zeros(entries) if resume is None else resume.poisson_next.copy(),
            np.zeros(entries, dtype=np.uint64) if resume is None else resume.poisson_drawn.copy(),
        )
        if resume is None:
            pause_after(inputs.past, inputs.parameters["refractory"], self.state)
            draw_first(self.poisson)
        self.recent_times = writable(inputs.past.times if resume is None else resume.recent_times)
        self.recent_rows = writable(inputs.past.rows if resume is None else resume.recent_rows)
        self.wake = np.full(n, -math.inf)
        self.traced_rows = np.full(n, -1, dtype=np.int64)
        self.traced_rows[traced] = np.arange(len(traced))
        # What most neurons are: with a table, so that most events go the short way.
        self.plain = self.cells[:, TABLED] != 0
        self.plastic = self.learning.plastic()
        self.trace_place = np.zeros(len(traced), dtype=np.int64)
        self.u = np.full((len(traced), len(trace_times)), np.nan)
        self.g = np.full((len(traced), len(trace_times)), np.nan)
        workers = len(self.ranges) - 1
        # One thread can take over the parts of all where these follow each other in every row.
        self.pace = Pace(workers, threads is None and len(synapses.delay) == 1)
        self.barrier = np.zeros(BARRIER_WORDS, dtype=np.int64)
        prepare(self.barrier)
        self.status = np.zeros(2 * workers + 1, dtype=np.int64)
        room = np.diff(self.ranges) * (self.limit + 1)
        self.shared_start = np.concatenate([[0], np.cumsum(room)[:-1]]).astype(np.int64)
        # Only what is written to takes memory.
        self.shared_times = np.empty((2, int(room.sum())))
        self.shared_rows = np.empty((2, int(room.sum())), dtype=np.int32)
        self.shared_counts = np.zeros((2, workers), dtype=np.int64)

    def compile(self) -> None:
        """Compile the loop and what ends it, by calls that do nothing."""
        self._piece(0, 1, 0, 0, self.begin)
        send_home(np.zeros_like(self.barrier))

    def leave(self) -> None:
        """Send all threads home, wherever they are; nothing can go on from the state after that."""
        self.status[-1] = 1
        send_home(self.barrier)

    def to_end(self, halt: threading.Event, progress: bool) -> NetworkResult:
        """Run piece by piece until the end, an interrupt or an explosion."""
        total = max(math.ceil((self.duration - self.begin) / self.window * (1.0 - 1e-14)), 0)
        done, size = 0, 8
        reached = self.begin
        times: list[Floats] = []
        rows: list[Integers] = []
        exploded: tuple[int, ...] = ()
        broken: tuple[int, ...] = ()
        left = False
        with (
            ThreadPoolExecutor(self.pace.most) as pool,
            progress_bar(
                shown=progress, total=self.duration, initial=self.begin, unit="s", smoothing=0.0, leave=True
            ) as bar,
        ):
            while done < total and not halt.is_set():
                started = time.perf_counter()
                threads, part = self.pace.following()
                last = min(done + max(size // part, 1), total)
                reached = self.duration if last == total else self.begin + last * self.window
                found = self._pieces(pool, threads, done, last, reached)
                for t, r in found:
                    times.append(t)
                    rows.append(r.astype(np.int64))
                exploded = tuple(int(i) - 1 for i in self.status[:-1] if i > 0)
                broken = tuple(self.learning.synapse(-1 - int(i)) for i in self.status[:-1] if i < 0)
                left = self.status[-1] != 0
                if exploded or broken or left:
                    # Threads stopped somewhere within the piece: what is whole ends before it.
                    del times[-threads:], rows[-threads:]
                    reached = self.begin + done * self.window
                    break
                self._remember(found, reached)
                bar.update(reached - bar.n)
                spent = max(time.perf_counter() - started, 1e-6)
                self.pace.took(last - done, spent)
                done = last
                if part == 1:
                    size = int(min(max(size * min(_PIECE_SECONDS / spent, 4.0), 1), 1 << 20))
        flat = np.concatenate([*times, np.empty(0)])
        which = np.concatenate([*rows, np.empty(0, dtype=np.int64)])
        order = np.lexsort((flat, which))
        state = NetworkState(
            reached, self.state, self.poisson.next, self.poisson.drawn, self.recent_times, self.recent_rows,
            self.learning.rows(),
        )  # fmt: skip
        w = self.learning.traces(reached)
        return NetworkResult(flat[order], which[order], self.u, self.g, state, done < total, exploded, w, broken, left)

    def _pieces(self, pool: ThreadPoolExecutor, threads: int, first: int, last: int, stop: float) -> Any:
        """Run one piece in some threads; where one of them fails, the others do not wait for it."""
        if threads == 1:
            return [self._piece(0, 1, first, last, stop)]

        def piece(thread: int) -> Any:
            try:
                return self._piece(thread, threads, first, last, stop)
            except BaseException:
                self.leave()
                raise

        try:
            jobs = [pool.submit(piece, thread) for thread in range(threads)]
        except BaseException:
            self.leave()
            raise
        return [job.result() for job in jobs]

    def _piece(self, thread: int, threads: int, first: int, last: int, stop: float) -> tuple[Floats, NDArray[np.int32]]:
        # One of one has all: from the begin of the first part of every row to the end of the last.
        alone = threads == 1
        ranges = self.ranges[[0, -1]] if alone else self.ranges
        row_start, row_end = self.row_bounds[thread], self.row_bounds[-1 if alone else thread + 1]
        work = buffers(int(ranges[thread + 1] - ranges[thread]), len(self.recent_times))
        times, rows, spikes = run_windows(
            thread, ranges, self.barrier, self.status, self.shared_times, self.shared_rows, self.shared_start,
            self.shared_counts, self.begin, first, last, self.window, stop, self.cells, self.quick,
            self.state, self.wake, self.synapses, row_start, row_end, self.sources,
            self.poisson, self.autonomous, self.plain, self.rising, self.single, self.recent_times, self.recent_rows,
            self.limit, self.epoch, self.traced_rows, self.trace_place, self.trace_times, self.u, self.g,
            self.plastic, work,
        )  # fmt: skip
        return times[:spikes].copy(), rows[:spikes].copy()

    def _remember(self, found: list[tuple[Floats, NDArray[np.int32]]], reached: float) -> None:
        """Keep the spikes that may still have to arrive somewhere after `reached`."""
        times = np.concatenate([self.recent_times, *(t for t, _ in found)])
        rows = np.concatenate([self.recent_rows, *(r.astype(np.int64) for _, r in found)])
        if len(self.sources.times):
            known = self.sources.times < reached
            late = known & (self.sources.times + self.longest >= reached)
            neurons = rows < self.n
            times = np.concatenate([times[neurons], self.sources.times[late]])
            rows = np.concatenate([rows[neurons], self.sources.rows[late]])
        keep = times + self.longest >= reached
        times, rows = times[keep], rows[keep]
        order = np.lexsort((times, rows))
        self.recent_times, self.recent_rows = times[order], rows[order]


def _cells(inputs: NetworkInputs, autonomous: NDArray[np.bool_], g0: Floats) -> tuple[Floats, Tables]:
    n = len(autonomous)
    values = {name: np.asarray(inputs.parameters[name], dtype=np.float64) for name in _NAMES}
    table_of, tables = assign_tables({name: values[name] for name in _NAMES[:5]}, _TABLES_FOR, n)
    cells = aligned(n, CELL_COLUMNS)
    fill_cells(np.column_stack([values[name] for name in _NAMES]), table_of, tables, cells)
    cells[:, TABLED] = (table_of >= 0) & ~autonomous & (cells[:, AT.A] > 0.0)
    cells[:, G0] = g0
    return cells, tables


def _aligned_copy(state: Floats) -> Floats:
    copy = aligned(*state.shape)
    copy[:] = state
    return copy


def _fresh(cells: Floats, u0: Floats, g0: Floats) -> Floats:
    """Make the state at time 0."""
    state = aligned(len(cells), STATE_COLUMNS)
    V_0, Delta, falling = cells[:, AT.V_0], cells[:, AT.Delta], cells[:, AT.falling] != 0.0
    state[:, X] = cells[:, AT.kappa] * g0
    state[:, LOWER] = np.nan
    state[:, T_NEXT] = np.nan
    state[:, BOUND] = -np.inf
    state[:, PAUSE_END] = -np.inf
    state[:, DEVIATION] = np.where(falling, V_0 - u0, u0 + Delta)
    enter_tables(cells, state)
    return state
