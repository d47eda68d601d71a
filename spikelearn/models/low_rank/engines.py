"""Low-rank networks through `simulate`: the array engine, the closure in the overlaps, and Brian2."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats, Integers
from spikelearn.brian.steps import whole_multiple
from spikelearn.models.low_rank.sampling import Vectors
from spikelearn.parameters.foreign import bare
from spikelearn.parameters.numbers import check_flag, flat, whole_numbers
from spikelearn.progress import progress_bar
from spikelearn.simulation.recording import Recording
from spikelearn.simulation.simulable import RunSettings
from spikelearn.storage.provenance import provenance_of

if TYPE_CHECKING:
    from spikelearn.models.low_rank.model import LowRank

__all__ = ["DEFAULT_N", "run_on_array", "run_on_brian", "run_on_closure"]

DEFAULT_N = 1000
_SHOWN = 10


@dataclass(frozen=True, eq=False)
class _Run:
    """A run as the engines need it."""

    vectors: Vectors
    x: Floats
    n_steps: int
    every: int
    units: Integers
    names: tuple[str, ...]


def run_on_array(model: LowRank, settings: RunSettings) -> Recording:
    """Run all units by Euler's rule, O(n p) a step.

    Raises
    ------
    ValueError
        A duration that is no whole number of steps, or an option that does not fit.
    """
    return _on_arrays(model, settings, overlaps_only=False)


def run_on_closure(model: LowRank, settings: RunSettings) -> Recording:
    """Run the overlaps and the recorded units alone: the same digits but for rounding, with less memory to move.

    Raises
    ------
    ValueError
        As for `run_on_array`, or a random part.
    """
    return _on_arrays(model, settings, overlaps_only=True)


def _on_arrays(model: LowRank, settings: RunSettings, *, overlaps_only: bool) -> Recording:
    from spikelearn.models.low_rank.array import integrate

    run = _described(model, settings)
    with _progress(settings.progress, run.n_steps) as tick:
        path = integrate(
            model,
            run.vectors,
            run.x,
            run.n_steps,
            settings.dt,
            u=settings.options.get("input"),
            every=run.every,
            units=run.units,
            overlaps_only=overlaps_only,
            threads=settings.threads,
            tick=tick,
        )
    engine = "closure" if overlaps_only else "array"
    return _recording(model, settings, run, path.overlaps, path.states, engine, None)


def run_on_brian(model: LowRank, settings: RunSettings) -> Recording:
    """Run all units on Brian2, the overlaps being a group of their own.

    Raises
    ------
    ValueError
        As for `run_on_array`.
    """
    from spikelearn.brian.session import choose_target
    from spikelearn.models.low_rank.array import input_table
    from spikelearn.models.low_rank.brian import run_network

    run = _described(model, settings)
    n = run.vectors.n
    # A step moves 2 p numbers a unit, as many as that many neurons would; a random part n of them.
    target = choose_target(settings.target, n=(n if model.g else 2 * model.p) * n, steps=run.n_steps)
    drive = input_table(model, settings.options.get("input"), run.n_steps, settings.dt)
    overlaps, states = run_network(
        model,
        run.vectors,
        run.x,
        run.n_steps,
        settings.dt,
        drive=drive,
        every=run.every,
        units=run.units,
        target=target,
        method=settings.method or "euler",
        seed=settings.seed,
        progress=settings.progress and "brian2",
    )
    return _recording(model, settings, run, overlaps, states, "brian2", target)


def _described(model: LowRank, settings: RunSettings) -> _Run:
    """Read the options, draw the vectors and make the state at time 0."""
    options = settings.options
    n_steps = whole_multiple(settings.duration, settings.dt, "duration")
    every = whole_multiple(settings.record_dt, settings.dt, "record_dt")
    whiten = options.get("whiten", False)
    check_flag("whiten", whiten)
    vectors = options.get("vectors")
    if vectors is None:
        vectors = model.sample(settings.n if settings.sized else DEFAULT_N, settings.seed, whiten=whiten)
    elif not isinstance(vectors, Vectors):
        raise TypeError(f"vectors must come from LowRank.sample, got {type(vectors).__name__}")
    elif (len(vectors.eta), len(vectors.inputs)) != (model.p, model.q) or (vectors.chi is None) == bool(model.g):
        raise ValueError("vectors must come from the sample of this model, got others")
    elif settings.sized and settings.n != vectors.n:
        raise ValueError(f"n must be left out or {vectors.n}, the size of the vectors, got {settings.n}")
    n = vectors.n
    given = options.get("units")
    units = np.arange(min(n, _SHOWN)) if given is None else whole_numbers("units", flat("units", given))
    if units.size and not (units.min() >= 0 and units.max() < n):
        raise ValueError(f"units must lie in 0 to {n - 1}, got {units.min()} to {units.max()}")
    names = settings.record or ("m", "x")
    if "counts" in names:
        raise ValueError("record must name m or x, because rate units have no spikes to count, got 'counts'")
    if "x" not in names:
        units = np.empty(0, dtype=np.int64)
    return _Run(vectors, _start(model, settings, vectors), n_steps, every, units.astype(np.int64), names)


def _start(model: LowRank, settings: RunSettings, vectors: Vectors) -> Floats:
    """Make x(0) from `Initial`: x itself, or the shortest one with the overlaps m."""
    initial = settings.initial
    if initial.past_spikes:
        raise ValueError("Initial.past_spikes must be left out for LowRank, whose units have no spikes")
    model.check_initial(initial.states, {})
    size = {"m": model.p, "x": vectors.n}
    for name, value in initial.states.items():
        plain = np.asarray(bare(value, f"Initial.{name}"), dtype=np.float64)
        array = np.broadcast_to(plain, (size[name],) if plain.ndim == 0 else plain.shape)
        if array.shape != (size[name],) or not np.isfinite(array).all():
            raise ValueError(f"Initial.{name} must be {size[name]} finite numbers, got {np.shape(value)} of them")
        return vectors.state(array) if name == "m" else array.copy()
    return np.zeros(vectors.n)


@contextlib.contextmanager
def _progress(shown: bool, n_steps: int) -> Iterator[Callable[[int], None] | None]:
    if not shown:
        yield None
        return
    with progress_bar(shown=True, total=n_steps, desc="low rank", unit="step") as bar:

        def tick(done: int) -> None:
            bar.update(done - bar.n)

        yield tick


def _recording(
    model: LowRank, settings: RunSettings, run: _Run, m: Floats, x: Floats, engine: str, target: str | None
) -> Recording:
    import xarray as xr

    found: dict[str, Any] = {}
    if "m" in run.names:
        found["m"] = (("time", "overlap"), m, {"units": "1", "long_name": "overlaps"})
    if "x" in run.names:
        found["x"] = (("time", "unit"), x, {"units": "1", "long_name": "activity"})
    times = run.every * settings.dt * np.arange(len(m))
    traces = xr.Dataset(found, coords={"time": ("time", times, {"units": "s"})})
    if "x" in run.names:
        traces = traces.assign_coords(unit=run.units)
    given = settings.options.get("input")
    made = provenance_of(
        model,
        engine=engine,
        target=target,
        dt=settings.dt,
        method=settings.method or "euler",
        seed=settings.seed,
        n=run.vectors.n,
        whiten=bool(settings.options.get("whiten", False)),
        vectors="given" if settings.options.get("vectors") is not None else "drawn",
        input="function" if callable(given) else given,
        initial=settings.initial,
        duration=settings.duration,
    )
    return Recording(None, traces, made)
