"""Networks of escape-noise neurons through `simulate`: the compiled sampler, and Brian2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Bins, Floats
from spikelearn.models.escape_noise.binning import checked_weights, to_spike_trains
from spikelearn.parameters.numbers import number_array, whole_number
from spikelearn.simulation.recording import Recording
from spikelearn.simulation.simulable import RunSettings
from spikelearn.storage.provenance import provenance_of

if TYPE_CHECKING:
    import xarray as xr

    from spikelearn.models.escape_noise.model import EscapeNoise

__all__ = ["run_on_array", "run_on_brian"]


def run_on_array(cell: EscapeNoise, settings: RunSettings) -> Recording:
    """Draw the spikes bin by bin in compiled loops.

    Raises
    ------
    ValueError
        W is no square matrix of finite numbers, or the duration no whole number of bins.
    """
    from spikelearn.models.escape_noise.sampling import sample

    W, n_trials, n_bins = _described(cell, settings)
    X = sample(cell, W, n_trials, n_bins, settings.dt, seed=settings.seed)
    return _recording(cell, settings, W, X, _traces(cell, settings, W, X), "array", None)


def run_on_brian(cell: EscapeNoise, settings: RunSettings) -> Recording:
    """Run all trials side by side on Brian2 as one network of unconnected copies.

    Raises
    ------
    ValueError
        As for `run_on_array`.
    """
    from brian2 import Network, SpikeMonitor, StateMonitor, second

    from spikelearn.brian.session import session

    W, n_trials, n_bins = _described(cell, settings)
    size, dt = len(W), settings.dt
    target = "numpy" if settings.target == "auto" else settings.target
    names = () if settings.counting else settings.record
    with session(target, settings.seed) as brian:
        group, synapses = cell.brian_objects(np.kron(np.eye(n_trials), W), dt)
        monitors = [SpikeMonitor(group)]
        if names:
            # What decides on the spikes of a step is there once the state has decayed and before the threshold.
            monitors.append(StateMonitor(group, list(names), record=True, when="before_thresholds"))
        brian.run(Network(group, synapses, *monitors), n_bins * dt * second, progress=settings.progress)
        index, step = np.asarray(monitors[0].i), np.round(np.asarray(monitors[0].t) / dt).astype(int)
        found = {name: np.asarray(getattr(monitors[1], name)) for name in names}
    X = np.zeros((n_trials, n_bins, size), dtype=np.uint8)
    X[index // size, step, index % size] = 1
    cut = {name: values.reshape(n_trials, size, -1).transpose(0, 2, 1)[:, :n_bins] for name, values in found.items()}
    return _recording(cell, settings, W, X, _labelled(cell, settings, cut), "brian2", target)


def _described(cell: EscapeNoise, settings: RunSettings) -> tuple[Floats, int, int]:
    """Give the weights, the number of trials and that of bins."""
    given = settings.options.get("W", [[0.0]])
    try:
        weights = number_array("EscapeNoise.W", given)
    except TypeError as error:
        raise ValueError(
            f"EscapeNoise.W must be a square matrix (to, from) of numbers, got {str(given)[:80]}"
        ) from error
    if weights.ndim != 2 or weights.shape[0] != weights.shape[1]:
        raise ValueError(f"EscapeNoise.W must be a square matrix (to, from), got shape {weights.shape}")
    weights = checked_weights(weights, "EscapeNoise.W", (len(weights), len(weights)))
    n_trials = whole_number("n_trials", settings.options.get("n_trials", 1), at_least=1)
    dt, duration = settings.dt, settings.duration
    n_bins = round(duration / dt)
    if n_bins < 1 or abs(n_bins * dt - duration) > 1e-6 * dt:
        raise ValueError(f"duration must be a whole number of bins of {dt} s, got {duration} s")
    if settings.record_dt != dt:
        raise ValueError(f"record_dt must be left out or the bin of {dt} s, got {settings.record_dt} s")
    return weights, n_trials, n_bins


def _traces(cell: EscapeNoise, settings: RunSettings, W: Floats, X: Bins) -> xr.Dataset:
    names = () if settings.counting else settings.record
    found = {}
    if "u" in names:
        found["u"] = cell.potentials(X, W, settings.dt)
    if "rho" in names:
        found["rho"] = cell.intensities(X, W, settings.dt) / settings.dt
    return _labelled(cell, settings, {name: found[name] for name in names})


def _labelled(cell: EscapeNoise, settings: RunSettings, found: dict[str, Any]) -> xr.Dataset:
    import xarray as xr

    if not found:
        return xr.Dataset()
    n_bins = next(iter(found.values())).shape[1]
    return xr.Dataset(
        {name: (("trial", "time", "unit"), values, {"units": cell.recordable[name]}) for name, values in found.items()},
        coords={"time": ("time", np.arange(n_bins) * settings.dt, {"units": "s"})},
    )


def _recording(
    cell: EscapeNoise, settings: RunSettings, W: Floats, X: Bins, traces: xr.Dataset, engine: str, target: str | None
) -> Recording:
    made = provenance_of(
        cell,
        engine=engine,
        target=target,
        dt=settings.dt,
        seed=settings.seed,
        weights=W.tolist(),
        n_trials=len(X),
        duration=settings.duration,
    )
    if settings.counting:
        return Recording(None, traces, made, X.sum(axis=1, dtype=np.int64))
    return Recording(to_spike_trains(X, settings.dt), traces, made)
