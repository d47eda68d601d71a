"""Spike sources through `simulate`: the exact sampler, and Brian2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spikelearn.parameters.numbers import whole_number
from spikelearn.simulation.recording import Recording
from spikelearn.simulation.simulable import RunSettings
from spikelearn.sources.brian import trials_of
from spikelearn.storage.provenance import provenance_of

if TYPE_CHECKING:
    from spikelearn.sources.source import Source
    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["run_exactly", "run_on_brian"]


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
