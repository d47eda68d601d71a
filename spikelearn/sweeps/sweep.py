"""sweep(): a function, a model file or a model over a grid of points, to one labelled result."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.parameters.numbers import check_flag, check_name
from spikelearn.parameters.units import seconds
from spikelearn.progress import progress_bar
from spikelearn.sweeps.executors import compute
from spikelearn.sweeps.outcome import Rows
from spikelearn.sweeps.parts import forget_failures
from spikelearn.sweeps.points import Grid, read_grid
from spikelearn.sweeps.programs import close_program
from spikelearn.sweeps.result import Collector, read_store
from spikelearn.sweeps.store import locked, open_store
from spikelearn.sweeps.targets import read_task
from spikelearn.sweeps.tasks import Task

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["sweep"]


def sweep(
    what: Any,
    grid: Any,
    *,
    n_repeats: int = 1,
    executor: Any = None,
    store: str | os.PathLike[str] | None = None,
    seed: int = 0,
    measure: Iterable[str] | None = None,
    run: Mapping[str, Any] | None = None,
    timeout: Any = None,
    version: str | None = None,
    progress: bool = True,
    engine: str | None = None,
    target: str = "auto",
    retry: bool = False,
) -> xr.Dataset:
    """Compute something at every point of a grid, on all processors or on a cluster, and label the result.

    What a point gives depends on its own values, its repeat and `seed` alone: not on the order, on the other points or
    on who computes it. A point that raises, that outlasts its timeout or that three times ends its worker is recorded
    as failed, and all others are done.

    Parameters
    ----------
    what : callable, str, path, Configuration or model
        ``f(seed=..., **point)`` that returns a dict of numbers, arrays or quantities; a model file by name or path; or
        a model of the package. A function gets a whole number below 2**63 as seed, and values with their units.
    grid : mapping of str to sequence, list of mappings, or DataFrame
        Name -> values, of which all combinations are computed, or listed points, for example those of
        `spikelearn.sweeps.random` or `latin_hypercube`. Values have units: quantities or text such as "20 mV". For
        model files and models names are parameters or keys of ``[run]``.
    n_repeats : int
        Times that each point is computed, with different seeds.
    executor : None, int, "serial" or concurrent.futures.Executor
        None: as many worker processes as there are processors, or that number of them; they may die. "serial": this
        process. An Executor: processes, ``dask.distributed.Client(...).get_executor(pure=False)``, MPI. Where only
        parameters of a model with an exact engine vary, None and "serial" run the points as neurons of one simulation,
        with the same digits.
    store : path, optional
        A folder that keeps every finished point. The same sweep goes on where it was ended, however that was; another
        one is refused.
    seed : int
        Root of all seeds.
    measure : iterable of str, optional
        For model files and models: the registered quantities to measure.
    run : mapping, optional
        For model files and models: values laid over the ``[run]`` table, such as ``{"duration": "2 s"}``.
    timeout : time, optional
        What a point may take, in seconds where it has no unit; with worker processes only.
    version : str, optional
        Stands for the source of the function, or the content of the model, when a store is compared.
    progress : bool
        Show a bar for sweeps of more than two seconds, in a terminal or a notebook.
    engine, target : str, optional
        For model files and models: as in `simulate`. A compiled program of Brian2, which "cpp_standalone" asks for and
        long runs of neurons on Brian2 get unasked, is built once in a process and run at many points; a parameter that
        is built in, such as a delay, is best the first of the grid.
    retry : bool
        Compute those points again that failed in an earlier call, instead of keeping their errors.

    Returns
    -------
    xarray.Dataset
        Results over the names of the grid in its order (over ``point`` for listed points), then ``repeat`` where there
        are several, then axes of their own; NaN where a point failed. Float64 or complex, SI units in
        ``attrs["units"]``. Also ``failed`` (bool) and ``error`` (text).

    Raises
    ------
    ValueError
        A grid or measure that does not fit, a store of another sweep, or results whose shape differs between points.
    TypeError
        Something that cannot be swept or stored.
    OSError
        The store cannot be written; what is in it stays.

    Examples
    --------
    >>> def square(x, seed):
    ...     return {"y": x**2}
    >>> sweep(square, {"x": [1.0, 2.0, 3.0]}, executor="serial")["y"].values.tolist()
    [1.0, 4.0, 9.0]
    """
    points = read_grid(grid, n_repeats, seed)
    task, units = read_task(what, points, measure, run, engine, target)
    check_flag("sweep: retry", retry)
    check_flag("sweep: progress", progress)
    if version is not None:
        check_name("sweep: version", version)
    limit = None if timeout is None else seconds(timeout, "sweep: timeout")
    if limit is not None and not limit > 0:
        raise ValueError(f"sweep: timeout must be positive, got {timeout}")
    collector = Collector(points, units)
    if store is None:
        _fill(task, points, collector, executor, None, limit, progress)
        return collector.dataset()
    identity = {**task.identity(version), **({"units": units} if units else {})}
    with locked(store):
        parts = open_store(store, points, identity)
        if retry:
            forget_failures(parts.parent)
        read_store(store, collector)
        _fill(task, points, collector, executor, parts, limit, progress)
        read_store(store, collector)
    return collector.dataset()


def _fill(
    task: Task, points: Grid, collector: Collector, executor: Any, parts: Any, timeout: float | None, progress: bool
) -> None:
    """Compute every point that the collector lacks."""
    before = int(collector.done.sum())
    made = compute(task, points, np.flatnonzero(~collector.done), executor, parts, timeout)
    with (
        progress_bar(shown=progress, total=len(points), initial=before, unit="point", desc="sweep") as bar,
        contextlib.ExitStack() as stack,
    ):
        stack.callback(close_program)
        stack.callback(made.close)
        for finished in made:
            if isinstance(finished.outcomes, Rows):
                collector.add_rows(np.asarray(finished.indices), finished.outcomes)
            else:
                for index, outcome in zip(finished.indices, finished.outcomes or (), strict=False):
                    collector.add(index, outcome)
            bar.update(len(finished.indices))
