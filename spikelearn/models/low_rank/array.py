"""The array engine: O(n p) a step, with neither J nor anything else of size n x n."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats, Integers

if TYPE_CHECKING:
    from spikelearn.models.low_rank.model import LowRank
    from spikelearn.models.low_rank.sampling import Vectors

__all__ = ["Path", "input_table", "integrate"]

# A step of fewer neurons costs less than handing parts of it to other threads.
_WORTH_THREADS = 200_000
_NUMPY_BLOCK = 8192


@dataclass(frozen=True, eq=False)
class Path:
    """What a run kept.

    Parameters
    ----------
    times : ndarray, shape (k,)
        In time constants, from 0 on.
    overlaps : ndarray, shape (k, p)
        m at the begin of the steps.
    states : ndarray, shape (k, units)
        x of the chosen units.
    x : ndarray of shape (n,), or None
        The state at the end; None where the overlaps alone were integrated.
    m : ndarray, shape (p,)
        The overlaps at the end.
    """

    times: Floats
    overlaps: Floats
    states: Floats
    x: Floats | None
    m: Floats


def input_table(model: LowRank, u: Any, n_steps: int, dt: float) -> Floats:
    """Read an external input, constant or a function of time, at the begin of every step: shape (n_steps, q).

    Raises
    ------
    ValueError
        There is no B, or a value does not fit.
    """
    if u is None:
        return np.zeros((n_steps, model.q))
    if not callable(u):
        return np.tile(model.check_input(u, "LowRank: input", zero=True), (n_steps, 1))
    rows = [model.check_input(u(k * dt), "LowRank: input", zero=True) for k in range(n_steps)]
    return np.array(rows).reshape(n_steps, model.q)


def integrate(
    model: LowRank,
    vectors: Vectors,
    x: Floats,
    n_steps: int,
    dt: float,
    *,
    u: Any = None,
    every: int = 1,
    units: Integers | None = None,
    overlaps_only: bool = False,
    threads: int | None = None,
    tick: Callable[[int], None] | None = None,
) -> Path:
    """Integrate dx/dt = phi(eta^T m + inputs^T u) - x, m = (1/n) xi x, by Euler's rule.

    Parameters
    ----------
    model, vectors : LowRank, Vectors
        The network.
    x : ndarray, shape (n,)
        State at time 0; not changed.
    n_steps : int
        Number of steps.
    dt : float
        Step in time constants.
    u : array_like or callable, optional
        External input, constant or u(t), taken at the begin of each step.
    every : int
        Keep the state at steps 0, every, 2 every, ...
    units : ndarray of int, optional
        Neurons whose x is kept.
    overlaps_only : bool
        Whether to leave out the x of all other neurons: since the input of every neuron is fixed by m,
        dm/dt = (1/n) xi phi(eta^T m) - m is exact at any n and needs 2 p arrays for 2 p + 2.
    threads : int, optional
        As many as pay if not given; results do not depend on it.
    tick : callable, optional
        Told the number of steps done, now and then.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        A random part, whose input m does not fix, with `overlaps_only`.
    """
    if overlaps_only and vectors.chi is not None:
        raise ValueError(
            f"LowRank: the closure must have g = 0: overlaps do not fix a random part, got g = {model.g:g}"
        )
    chosen = np.empty(0, dtype=np.int64) if units is None else units
    state = np.array(x, dtype=np.float64)
    drive = input_table(model, u, n_steps, dt)
    kept = -(-n_steps // every)
    overlaps, states = np.empty((kept, model.p)), np.empty((kept, chosen.size))
    # The stepper that knows m alone moves the chosen units itself.
    own = state[chosen]
    with _Stepper(model, vectors, dt, threads) as stepper:
        m = np.empty(model.p + model.q)
        m[: model.p] = vectors.overlaps(state)
        for k in range(kept):
            overlaps[k] = m[: model.p]
            states[k] = own if overlaps_only else state[chosen]
            rows = drive[k * every : min((k + 1) * every, n_steps)]
            if overlaps_only:
                own = stepper.closed(m, rows, own, chosen)
            else:
                stepper.whole(state, m, rows)
            if tick is not None:
                tick(min((k + 1) * every, n_steps))
    end = m[: model.p].copy()
    return Path(
        np.asarray(dt * every * np.arange(kept), dtype=np.float64),
        overlaps,
        states,
        None if overlaps_only else state,
        end,
    )


class _Stepper:
    """Takes steps of one network: in compiled blocks for "tanh" and "erf", in NumPy blocks for other phi."""

    def __init__(self, model: LowRank, vectors: Vectors, dt: float, threads: int | None) -> None:
        from spikelearn.models.low_rank import kernels

        self.model, self.vectors, self.dt, self.kernels = model, vectors, dt, kernels
        self.phi = model.nonlinearity
        self.compiled = self.phi.kind != "expression" and vectors.chi is None
        self.out = np.vstack([vectors.eta, vectors.inputs]) if model.q else vectors.eta
        self.out = np.ascontiguousarray(self.out)
        self.xi = np.ascontiguousarray(vectors.xi)
        self.sums = np.zeros((-(-vectors.n // kernels.BLOCK), model.p))
        self.kind = kernels.TANH if self.phi.kind == "tanh" else kernels.ERF
        self.factor = model.gain if self.phi.kind == "tanh" else 0.5 * np.sqrt(np.pi) * model.gain
        self.table = kernels.erf_table()
        processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        wanted = threads if threads is not None else (processors if vectors.n >= _WORTH_THREADS else 1)
        self.parts = max(1, min(wanted, len(self.sums)))
        self.pool = ThreadPoolExecutor(self.parts) if self.parts > 1 and self.compiled else None

    def __enter__(self) -> _Stepper:
        return self

    def __exit__(self, *_error: object) -> None:
        if self.pool is not None:
            self.pool.shutdown()

    def whole(self, x: Floats, m: Floats, drive: Floats) -> None:
        """Advance x and m in place by one step a row of `drive`."""
        if not self.compiled:
            for row in drive:
                m[self.model.p :] = row
                self._plain(x, m)
            return
        numbers = (1.0 - self.dt, self.dt, self.factor, self.kind)
        if self.pool is None:
            self.kernels.advance_steps(self.out, self.xi, x, m, drive, *numbers, self.table, self.sums)
            return
        for row in drive:
            m[self.model.p :] = row
            self._shared(
                lambda a, b: self.kernels.advance(self.out, self.xi, x, m, *numbers, a, b, self.table, self.sums)
            )
            self.kernels.sum_blocks(self.sums, self.vectors.n, m)

    def closed(self, m: Floats, drive: Floats, own: Floats, chosen: Integers) -> Floats:
        """Advance m in place by one step a row of `drive`, and the x of the chosen units, which are given back."""
        p, keep = self.model.p, 1.0 - self.dt
        new, out = np.empty(p), self.out[:, chosen]
        for row in drive:
            m[p:] = row
            if self.compiled:
                self._shared(
                    lambda a, b: self.kernels.overlap_sums(
                        self.out, self.xi, m, self.factor, self.kind, a, b, self.table, self.sums
                    )
                )
                self.kernels.sum_blocks(self.sums, self.vectors.n, new)
            else:
                new[:] = self._in_blocks(m)
            own = keep * own + self.dt * self.phi(m @ out)
            m[:p] = keep * m[:p] + self.dt * new
        return own

    def _shared(self, task: Callable[[int, int], None]) -> None:
        blocks = len(self.sums)
        if self.pool is None:
            task(0, blocks)
            return
        edges = [round(blocks * k / self.parts) for k in range(self.parts + 1)]
        for future in [self.pool.submit(task, a, b) for a, b in itertools.pairwise(edges)]:
            future.result()

    def _plain(self, x: Floats, m: Floats) -> None:
        """One step in NumPy; the random part is the one product with an n x n matrix."""
        n, chi = self.vectors.n, self.vectors.chi
        noise = None if chi is None else (self.model.g / np.sqrt(n)) * (chi @ x)
        total = np.zeros(self.model.p)
        for start in range(0, n, _NUMPY_BLOCK):
            part = slice(start, start + _NUMPY_BLOCK)
            h = m @ self.out[:, part]
            if noise is not None:
                h += noise[part]
            x[part] = (1.0 - self.dt) * x[part] + self.dt * self.phi(h)
            total += self.xi[:, part] @ x[part]
        m[: self.model.p] = total / n

    def _in_blocks(self, m: Floats) -> Floats:
        n = self.vectors.n
        total = np.zeros(self.model.p)
        for start in range(0, n, _NUMPY_BLOCK):
            part = slice(start, start + _NUMPY_BLOCK)
            total += self.xi[:, part] @ self.phi(m @ self.out[:, part])
        return total / n
