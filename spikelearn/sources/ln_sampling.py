"""Draw stimuli and spikes of LN cells, frame by frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.parameters.units import seconds
from spikelearn.sources.sampling import collect
from spikelearn.sources.stimuli import GivenFrames
from spikelearn.spikes.binning import count_bins

if TYPE_CHECKING:
    from spikelearn.sources.linear_nonlinear import LinearNonlinear
    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["draw", "projections"]

_MOST_SPIKES = 2e8


def draw(source: LinearNonlinear, trials: int, duration: Any, rng: np.random.Generator) -> tuple[SpikeTrains, Floats]:
    """Draw stimuli and spikes; see `LinearNonlinear.sample`."""
    where = f"{type(source).__name__}.sample"
    stop, dt, law = seconds(duration, f"{where}: duration"), source.frame, source.law
    if not stop > 0:
        raise ValueError(f"{where}: duration must be positive, got {duration}")
    frames, past = count_bins(0.0, stop, dt, f"{where}: dt"), source.n_lags - 1
    if isinstance(law, GivenFrames):
        if frames > len(law.frames):
            raise ValueError(
                f"{where}: duration must not exceed the stimulus of {len(law.frames)} frames, got {frames}"
            )
        shown = law.frames[:frames]
        u = projections(source.filters, shown[None])
        mean = np.zeros((1, frames, source.n_units))
        mean[:, past:] = source.mean_counts(u.reshape(-1, u.shape[2])).reshape(1, -1, source.n_units)
        depth = np.zeros((1, frames))
        depth[:, past:] = source.gate_depth(u.reshape(-1, u.shape[2])).reshape(1, -1)
        mean, depth = np.repeat(mean, trials, axis=0), np.repeat(depth, trials, axis=0)
    else:
        drawn = law.draw(rng, trials, frames + past)
        u = projections(source.filters, drawn)
        flat = u.reshape(-1, u.shape[2])
        mean = source.mean_counts(flat).reshape(trials, frames, source.n_units)
        depth, shown = source.gate_depth(flat).reshape(trials, frames), drawn[:, past:]
    if depth.any():
        mean = mean * (1 + (2.0 * rng.integers(0, 2, depth.shape) - 1) * depth)[:, :, None]
    if not mean.sum() < _MOST_SPIKES:
        raise ValueError(
            f"{where}: rates must stay finite, and spikes below {_MOST_SPIKES:.0e}, got a largest mean of "
            f"{mean.max():.3g} spikes in a frame; make the gain smaller"
        )
    counts = rng.poisson(mean)
    owner = np.repeat(np.arange(counts.size), counts.ravel())
    trial, frame, unit = np.unravel_index(owner, counts.shape)
    times = np.minimum((frame + rng.random(len(owner))) * dt, np.nextafter((frame + 1) * dt, 0.0))
    return collect(times, trial * source.n_units + unit, trials, source.n_units, 0.0, frames * dt), shown


def projections(filters: Floats, stimulus: Floats) -> Floats:
    """Project every whole window of frames on every filter.

    Parameters
    ----------
    filters : ndarray, shape (filters, lags, dimensions)
        The last lag is the latest frame.
    stimulus : ndarray, shape (trials, frames, dimensions)
        Frames.

    Returns
    -------
    ndarray, shape (trials, frames - lags + 1, filters)
    """
    lags = filters.shape[1]
    length = stimulus.shape[1] - lags + 1
    result = np.zeros((len(stimulus), max(0, length), len(filters)))
    if length > 0:
        for lag in range(lags):
            result += stimulus[:, lag : lag + length] @ filters[:, lag].T
    return result
