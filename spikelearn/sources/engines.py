"""Spike sources through `simulate`: the exact sampler, Brian2, and LN cells frame by frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spikelearn.parameters.numbers import whole_number
from spikelearn.simulation.recording import Recording
from spikelearn.simulation.simulable import RunSettings
from spikelearn.sources.brian import trials_of
from spikelearn.storage.provenance import provenance_of

if TYPE_CHECKING:
    from spikelearn.sources.linear_nonlinear import LinearNonlinear
    from spikelearn.sources.source import Source
    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["run_exactly", "run_frames", "run_on_brian"]


def run_exactly(source: Source, settings: RunSettings) -> Recording:
    """Draw the spikes in continuous time."""
    n_trials, n_units = _counts(settings)
    trains = source.sample(n_trials, 0.0, settings.duration, settings.seed, n_units=n_units)
    return _recording(source, settings, trains, {"engine": "exact"})


def run_on_brian(source: Source, settings: RunSettings) -> Recording:
    """Run the source as a Brian2 group."""
    from brian2 import Network, SpikeMonitor, second

    from spikelearn.brian.session import session

    n_trials, n_units = _counts(settings)
    target = "numpy" if settings.target == "auto" else settings.target
    with session(target, settings.seed) as brian:
        groups = source.brian_group(
            n_trials, settings.dt, n_units=n_units, duration=settings.duration, seed=settings.seed or 0
        )
        monitor = SpikeMonitor(groups[0])
        brian.run(Network(*groups, monitor), settings.duration * second, progress=settings.progress)
        trains = trials_of(monitor, n_units, t_stop=settings.duration)
    return _recording(source, settings, trains, {"engine": "brian2", "dt": settings.dt, "target": target})


def run_frames(source: LinearNonlinear, settings: RunSettings) -> Recording:
    """Draw stimulus and spikes frame by frame.

    The trace "stimulus" has the dims (trial, time, dimension), without the first where every trial repeats it.

    Raises
    ------
    ValueError
        A time step that is not the length of a frame.
    """
    import numpy as np
    import xarray as xr

    if abs(settings.dt - source.frame) > 1e-12 * source.frame:
        raise ValueError(f"{type(source).__name__}: dt must be the frame of {source.frame} s, got {settings.dt} s")
    n_trials = whole_number("n_trials", settings.options.get("n_trials", 1), at_least=1)
    trains, shown = source.sample(n_trials, settings.duration, settings.seed)
    traces = xr.Dataset()
    if "stimulus" in settings.record:
        dims = ("trial", "time", "dimension")[3 - shown.ndim :]
        time = {"time": ("time", np.arange(shown.shape[-2]) * source.frame, {"units": "s"})}
        traces = xr.Dataset({"stimulus": (dims, shown, {"units": "1"})}, coords=time)
    made = provenance_of(
        source, engine="array", duration=settings.duration, dt=source.frame, n_trials=n_trials, seed=settings.seed
    )
    if settings.counting:
        return Recording(None, traces, made, trains.counts())
    return Recording(trains, traces, made)


def _counts(settings: RunSettings) -> tuple[int, int]:
    n_trials = whole_number("n_trials", settings.options.get("n_trials", 1), at_least=1)
    return n_trials, whole_number("n_units", settings.options.get("n_units", 2), at_least=1)


def _recording(source: Source, settings: RunSettings, trains: SpikeTrains, how: dict[str, Any]) -> Recording:
    import xarray as xr

    made = provenance_of(
        source,
        **how,
        duration=settings.duration,
        n_trials=trains.n_trials,
        n_units=trains.n_units,
        seed=settings.seed,
    )
    if settings.counting:
        return Recording(None, xr.Dataset(), made, trains.counts())
    return Recording(trains, xr.Dataset(), made)
