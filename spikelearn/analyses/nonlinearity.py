"""How the response depends on the stimulus along recovered axes: the second half of an LN model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.analyses.ensemble import CHUNK_NUMBERS, Ensemble, make_ensemble
from spikelearn.analyses.triggered import observed_vectors
from spikelearn.analyses.triggered_weights import read_weights
from spikelearn.arrays import Floats
from spikelearn.parameters.foreign import unmasked
from spikelearn.parameters.numbers import whole_number
from spikelearn.spikes.trains import SpikeTrains

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["nonlinearity", "project"]


def nonlinearity(
    stimulus: ArrayLike,
    dt: Any,
    trains: SpikeTrains | None,
    axes: ArrayLike,
    window: Any = None,
    *,
    unit: int = 0,
    weights: Any = None,
    n_bins: int = 20,
) -> xr.Dataset:
    """Estimate the mean response given the projection of the stimulus on one axis, or on two together.

    Frames are sorted into bins of equal numbers along each axis, and the weights averaged in each bin. Axes found
    from the same data are tuned to its noise, so a flat response looks slightly selective: find the axes in one part
    of a recording and the nonlinearity in another where that matters.

    Parameters
    ----------
    stimulus, dt, trains, window, unit, weights
        As for `spike_triggered_covariance`.
    axes : array_like
        One filter, of the shape that the other analyses give it, or a stack of one or two.
    n_bins : int
        Bins along each axis.

    Returns
    -------
    xarray.Dataset, dims (bin,) or (bin, bin_2)
        ``response``: mean weight a frame and trial, of the trials that observed the frame from end to end; ``rate``:
        the same in 1/s; ``standard_error`` of ``rate``, for independent frames; ``frames`` in each bin, the trials of
        a repeated stimulus counted once. With two axes a bin can be empty: ``frames`` is 0 and the other values are
        NaN. Coordinates ``projection`` and ``projection_2``: median projection in each bin of the stimulus less its
        mean, in units of the stimulus times the axis.

    Raises
    ------
    ValueError
        No frame was observed, the axes do not fit the stimulus and window, there are more than two, or
        there are fewer frames than bins.

    References
    ----------
    002 Q3: the LN model of the joint response.

    Examples
    --------
    >>> stimulus = np.random.default_rng(0).standard_normal((9000, 2))
    >>> counts = (stimulus[:, 0] > 0).astype(int)
    >>> nonlinearity(stimulus, 0.01, None, [1.0, 0.0], weights=counts, n_bins=3)["response"].values.round(2)
    array([0. , 0.5, 1. ])
    """
    ensemble = make_ensemble(stimulus, dt, window)
    sets, _, exposure, repeats = read_weights(ensemble, trains, weights)
    unit = whole_number("unit", unit)
    if unit >= len(sets):
        raise ValueError(f"unit must be 0 to {len(sets) - 1}, got {unit}")
    looked = np.full(ensemble.n_vectors, float(repeats))
    if exposure is not None:
        looked = observed_vectors(ensemble, exposure)
    kept = np.flatnonzero(looked)
    used, looked = ensemble.valid(sets[unit])[kept], looked[kept]
    vectors = _checked_axes(ensemble, axes)
    if not 1 <= n_bins <= len(kept):
        raise ValueError(
            f"n_bins must be 1 to the number of whole windows that were observed, {len(kept)}, got {n_bins}"
        )
    projections = project(ensemble, vectors)[kept]
    bins, centers = zip(*(_equal_bins(one, n_bins) for one in projections.T), strict=True)
    shape = (n_bins,) * len(bins)
    place = np.ravel_multi_index(bins, shape)
    frames = np.bincount(place, minlength=n_bins ** len(bins))
    with np.errstate(invalid="ignore", divide="ignore"):
        every = np.bincount(place, looked, len(frames))
        mean = np.bincount(place, used, len(frames)) / every
        # A ratio of sums over frames; the square root of n var(w)/n^2 where all were observed alike.
        error = np.sqrt(np.bincount(place, (used - mean[place] * looked) ** 2, len(frames))) / every
    return _labelled(frames.reshape(shape), mean.reshape(shape), error.reshape(shape), centers, ensemble)


def project(ensemble: Ensemble, vectors: Floats) -> Floats:
    """Project every stimulus vector, about the mean stimulus, on filters of shape (size, m): (n_vectors, m)."""
    shaped = vectors.reshape(ensemble.n_lags, ensemble.n_dimensions, -1)
    result = np.zeros((ensemble.n_vectors, shaped.shape[2]))
    for which, first, last in ensemble.blocks(max(1, CHUNK_NUMBERS // ensemble.n_dimensions)):
        span = ensemble.span(which, first, last)
        base = which * ensemble.per_stimulus
        for lag in range(ensemble.n_lags):
            result[base + first : base + last] += span[lag : lag + last - first] @ shaped[lag]
    return result


def _checked_axes(ensemble: Ensemble, axes: ArrayLike) -> Floats:
    given = np.asarray(unmasked(axes, "axes"), dtype=np.float64)
    if given.size == 0 or given.size % ensemble.size or given.size // ensemble.size > 2:
        raise ValueError(
            f"axes must be one or two filters of {ensemble.n_lags} lags x {ensemble.n_dimensions} dimensions, "
            f"got shape {given.shape}"
        )
    if not np.isfinite(given).all():
        raise ValueError("axes must be finite, got NaN or infinity")
    return given.reshape(-1, ensemble.size).T


def _equal_bins(projection: Floats, n_bins: int) -> tuple[NDArray[np.int64], Floats]:
    """Say in which bin of equal count each frame lies, and give the median projection in each bin."""
    order = np.argsort(projection, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order)) * n_bins // len(order)
    first = -(-np.arange(1, n_bins) * len(order) // n_bins)
    centers = np.array([np.median(part) for part in np.split(projection[order], first)])
    return place, centers


def _labelled(
    frames: NDArray[np.int64], mean: Floats, error: Floats, centers: tuple[Floats, ...], ensemble: Ensemble
) -> xr.Dataset:
    import xarray as xr

    dims = ("bin", "bin_2")[: frames.ndim]
    names = ("projection", "projection_2")
    return xr.Dataset(
        {
            "response": (dims, mean, {"units": "1"}),
            "rate": (dims, mean / ensemble.dt, {"units": "1/s"}),
            "standard_error": (dims, error / ensemble.dt, {"units": "1/s"}),
            "frames": (dims, frames, {"units": "1"}),
        },
        coords={names[k]: (dims[k], center, {"units": "stimulus"}) for k, center in enumerate(centers)},
        attrs={"dt": ensemble.dt},
    )
