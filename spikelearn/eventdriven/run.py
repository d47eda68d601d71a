"""Independent adaptive LIF neurons, exactly: from parameters to spike times, on many cores, with traces on request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats, Integers
from spikelearn.compiled import processors
from spikelearn.eventdriven.inputs import Inputs, read_inputs
from spikelearn.eventdriven.neurons import DONE, N_FLOATS, N_INTEGERS, OUTPUT_FULL, RING_FULL, run_neurons
from spikelearn.parameters.names import unknown_name
from spikelearn.progress import progress_bar

__all__ = ["NeuronsResult", "simulate_neurons"]


# Neurons that one worker takes at a time, events between two looks at the clock, spikes in one piece of output.
_BLOCK = 256
_BUDGET = 200_000
_PIECE = 1 << 16


@dataclass(frozen=True, eq=False)
class NeuronsResult:
    """Spikes and traces of independent neurons.

    Parameters
    ----------
    times : ndarray, shape (n_spikes,), or None
        Spike times in seconds, neuron by neuron; None where only counts were asked for.
    offsets : ndarray of int64, shape (n + 1,)
        The spikes of neuron i are ``times[offsets[i]:offsets[i + 1]]``.
    counts : ndarray of int64, shape (n,)
        Spikes of each neuron.
    u, g : ndarray, shape (n, n_times), or None
        Membrane in volts above rest, and conductance in units of the leak, at the trace times; at the very moment of
        an event the value after it.

    Examples
    --------
    >>> from spikelearn.eventdriven import simulate_neurons
    >>> values = dict(V_0=[0.02, 0.03], theta=0.015, Delta=0.015, tau=0.01, tau_K=0.1, delta_g=0.0, t_d=0.0)
    >>> found = simulate_neurons(values, 0.05, 2)
    >>> found.counts, found.offsets
    (array([3, 7]), array([ 0,  3, 10]))
    >>> found.times[:3].round(6)  # of neuron 0: multiples of tau log 4
    array([0.013863, 0.027726, 0.041589])
    """

    times: Floats | None
    offsets: Integers
    counts: Integers
    u: Floats | None = None
    g: Floats | None = None


def simulate_neurons(
    parameters: Mapping[str, ArrayLike],
    duration: float,
    n: int,
    *,
    u0: ArrayLike = 0.0,
    g0: ArrayLike = 0.0,
    past_spikes: tuple[ArrayLike, ArrayLike] | None = None,
    record: Literal["spikes", "counts"] = "spikes",
    trace_times: ArrayLike | None = None,
    trace_variables: tuple[str, ...] = ("u", "g"),
    threads: int | None = None,
    progress: bool = False,
) -> NeuronsResult:
    """Carry independent adaptive LIF neurons from spike to spike without a time step.

    Spike times are right to about 1e-15 of their value where the problem itself is well conditioned. Nothing depends
    on the number of threads.

    Parameters
    ----------
    parameters : mapping
        ``V_0``, ``theta``, ``Delta`` in volts, ``tau``, ``tau_K`` (may be infinite), ``t_d`` in seconds, ``delta_g``
        in units of the leak: each one number or an array of shape (n,).
    duration : float
        Seconds; the window is ``0 <= t < duration``.
    n : int
        Number of neurons.
    u0, g0 : float or array of shape (n,)
        State at t = 0; u0 in volts, below theta.
    past_spikes : (offsets, times), optional
        Spikes before the start whose arrivals are pending: those of neuron i are
        ``times[offsets[i]:offsets[i + 1]]``, sorted, in ``-t_d < t <= 0``.
    record : {"spikes", "counts"}
        With "counts" no spike time is kept, and memory does not grow with the number of spikes.
    trace_times : array_like, optional
        Sorted times in ``[0, duration]`` at which u and g are evaluated, from the exact flow.
    trace_variables : tuple of str
        Which of "u" and "g".
    threads : int, optional
        Threads; by default as many as there are processors.
    progress : bool
        Show a bar for runs of more than two seconds.

    Returns
    -------
    NeuronsResult

    Raises
    ------
    ValueError
        A parameter is missing, unknown, of the wrong shape or outside its range.

    References
    ----------
    002 Q1 Eqs. (1)-(3), with u = V - E_L (erratum A1); Brette 2006, Neural Comput. 18:2004.

    Examples
    --------
    >>> values = dict(V_0=0.03, theta=0.015, Delta=0.015, tau=0.01, tau_K=float("inf"), delta_g=0.05, t_d=0.0)
    >>> simulate_neurons(values, 1.0, 1).counts
    array([10])
    """
    if record not in ("spikes", "counts"):
        raise ValueError(unknown_name("simulate_neurons", "record", str(record), ("spikes", "counts")))
    for name in trace_variables:
        if name not in ("u", "g"):
            raise ValueError(unknown_name("simulate_neurons", "trace variable", str(name), ("u", "g")))
    inputs = read_inputs(parameters, duration, n, u0, g0, past_spikes, trace_times)
    m = len(inputs.trace_times)
    u = np.empty((n if "u" in trace_variables else 0, m))
    g = np.empty((n if "g" in trace_variables else 0, m))
    counts = np.zeros(n, dtype=np.int64)
    starts = range(0, n, _BLOCK)
    pieces: list[list[Floats]] = [[] for _ in starts]
    with progress_bar(
        shown=progress, total=n, smoothing=0.0, leave=True,
        bar_format="{percentage:3.0f}%|{bar}| {elapsed}<{remaining}",
    ) as bar:  # fmt: skip
        lock = threading.Lock()

        def tell(neurons: float) -> None:
            with lock:
                bar.update(neurons)

        def work(k: int, stopped: Callable[[], bool]) -> None:
            pieces[k] = _run_block(inputs, starts[k], counts, u, g, record == "spikes", stopped, tell)

        _share(work, len(starts), threads)
    offsets = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return NeuronsResult(
        _joined(pieces, int(offsets[-1])) if record == "spikes" else None,
        offsets,
        counts,
        u if trace_times is not None and "u" in trace_variables else None,
        g if trace_times is not None and "g" in trace_variables else None,
    )


def _share(work: Callable[[int, Callable[[], bool]], None], blocks: int, threads: int | None) -> None:
    """Do all blocks, in this thread where one is enough; on an interrupt the others stop within milliseconds."""
    if threads is not None and threads < 1:
        raise ValueError(f"threads must be at least 1, got {threads}")
    workers = min(threads or processors(), blocks)
    if workers <= 1:
        for k in range(blocks):
            work(k, lambda: False)
        return
    stop = threading.Event()
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(work, k, stop.is_set) for k in range(blocks)]
        try:
            pending = set(futures)
            while pending:
                done, pending = wait(pending, timeout=0.2, return_when=FIRST_EXCEPTION)
                for future in done:
                    future.result()
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise


def _run_block(
    inputs: Inputs,
    start: int,
    counts: Integers,
    u: Floats,
    g: Floats,
    keep_times: bool,
    stopped: Callable[[], bool],
    tell: Callable[[int], Any],
) -> list[Floats]:
    """Run up to `_BLOCK` neurons from `start` and give their spike times in pieces."""
    stop = min(start + _BLOCK, len(counts))
    floats, integers = np.zeros(N_FLOATS), np.zeros(N_INTEGERS, dtype=np.int64)
    integers[1] = start
    ring = np.empty(1024)
    output = np.empty(_PIECE if keep_times else 0)
    pieces: list[Floats] = []
    told = float(start)
    while not stopped():
        status = run_neurons(
            stop, _BUDGET, inputs.duration, inputs.flat, inputs.places, inputs.table_of, inputs.past_offsets,
            inputs.past_times, inputs.tables, floats, integers, ring, output, keep_times, counts, inputs.trace_times,
            u, g,
        )  # fmt: skip
        # A neuron counts by the time that it has come; one alone may be the whole run.
        come = integers[1] + (floats[3] / inputs.duration if integers[0] else 0.0)
        tell(come - told)
        told = come
        if status == DONE:
            break
        if status == RING_FULL:
            ring = _longer(ring, integers)
        elif status == OUTPUT_FULL:
            pieces.append(output)
            output = np.empty(_PIECE)
            integers[7] = 0
    pieces.append(output[: integers[7]].copy())
    return pieces


def _longer(ring: Floats, integers: Integers) -> Floats:
    """Give a ring of twice the length with the same arrivals, from its beginning."""
    order = (integers[2] + np.arange(integers[3])) & (len(ring) - 1)
    longer = np.empty(2 * len(ring))
    longer[: len(order)] = ring[order]
    integers[2] = 0
    return longer


def _joined(pieces: list[list[Floats]], size: int) -> Floats:
    """Join all pieces, freeing each as soon as it is copied, so that the peak stays near one copy."""
    times = np.empty(size)
    place = 0
    for block in pieces:
        while block:
            piece = block.pop(0)
            times[place : place + len(piece)] = piece
            place += len(piece)
    return times
