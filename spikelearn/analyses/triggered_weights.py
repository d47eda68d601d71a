"""Weights of the spike-triggered ensemble: spike counts of one cell, of two cells, or joint counts of a pair."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.analyses.ensemble import Ensemble, whole_steps
from spikelearn.analyses.unit_pairs import read_pair
from spikelearn.arrays import Floats, Integers
from spikelearn.parameters.foreign import unmasked
from spikelearn.parameters.units import seconds
from spikelearn.spikes.binning import bin_edges, bin_indices, check_resolution, count_bins, rounding
from spikelearn.spikes.construction import check_trains
from spikelearn.spikes.ids import id_labels
from spikelearn.spikes.selection import train_of
from spikelearn.spikes.trains import SpikeTrains

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "TriggeredSets",
    "effective_sample_size",
    "frame_counts",
    "joint_weights",
    "observed_frames",
    "read_weights",
    "summed_weights",
]


class TriggeredSets(NamedTuple):
    """Weights of the stimulus frames, and how often each frame was looked at."""

    weights: Floats  # (sets, n_stimuli, frames), summed over trials where every trial repeats one stimulus
    labels: list[Any]  # ids of units, or the name of the given weights
    exposure: Floats | None  # (n_stimuli, frames), trials that observed the frame from end to end; None where all did
    repeats: int  # trials that share a stimulus


def frame_counts(trains: SpikeTrains, dt: float) -> Integers:
    """Count the spikes in every frame of length `dt`: int64 array of shape (trials, units, frames).

    Frames begin at ``t_start + k*dt``; the last one may reach beyond ``t_stop``. A spike on the begin of a frame
    belongs to it even where rounding puts it a few units in the last place before.
    """
    check_resolution(trains, dt, "frames: their length")
    ratio = trains.duration / dt
    frames = max(1, math.ceil(ratio - 1e-9 * max(1.0, ratio)))
    place = np.clip(bin_indices(trains.times, trains.t_start, dt, frames, slack=trains.slack), 0, frames - 1)
    flat = np.bincount(train_of(trains.offsets) * frames + place, minlength=trains.n_trials * trains.n_units * frames)
    return flat.astype(np.int64, copy=False).reshape(trains.n_trials, trains.n_units, frames)


def observed_frames(trains: SpikeTrains, dt: float, frames: int, before: int = 0) -> NDArray[np.bool_]:
    """Say which frames each trial observed from end to end, with the `before` frames ahead: shape (trials, frames)."""
    edges = bin_edges(trains.t_start, dt, frames)
    slack = float(rounding(trains.t_start, trains.t_stop)) + trains.slack
    begin, end = trains.observed[:, :1], trains.observed[:, 1:]
    seen = (begin <= edges[:-1] + slack) & (end >= edges[1:] - slack) & (end > begin)
    for _ in range(before):
        # Ahead of the window nothing is known of a trial.
        seen[:, 1:] &= seen[:, :-1]
        seen[:, 0] = False
    return np.asarray(seen)


def joint_weights(
    trains: SpikeTrains, units: tuple[int, int] = (0, 1), bin_size: Any = 0.01, max_lag: Any = 0.0
) -> Any:
    """Count, for every bin, the spike pairs of two cells whose later spike lies in it.

    The weight of bin t' is the sum of the joint PSTH counts in the bins whose later time is t',
    ``w[t'] = n1[t'] n2[t'] + sum over l = 1..L of (n1[t'] n2[t' - l] + n1[t' - l] n2[t'])``, pairs in the same bin
    counted once. Handed to `spike_triggered_average` or `spike_triggered_covariance` as ``weights=``, it triggers on
    the joint response. Three things follow from what the weights are, and are for the reader to mind:

    - weights are products, so the noise follows `effective_sample_size`, not the number of pairs;
    - with lags, the earlier spike answered an earlier stimulus, so shifted copies of the filters come in;
    - for the same reason the window must reach back over the memory of the earlier spike: filter plus `max_lag`.

    Parameters
    ----------
    trains : SpikeTrains
        Trials x units.
    units : pair of int
        The two cells.
    bin_size : float or Quantity
        Bin width in seconds, which must divide the window; the frame length of the stimulus they will weight.
    max_lag : float or Quantity
        Largest distance L of the two spikes in seconds, a whole number of bins; 0 takes pairs in the same bin.

    Returns
    -------
    xarray.DataArray of int64, dims (trial, time)
        Pairs by the bin of their later spike; ``time`` is the begin of the bin in seconds. Silent trials give zeros.
        Where trials were observed only in part, the coordinate ``observed`` over (trial, time) says in which bins every
        pair could be seen, that is, the bin and those of the lags before it; the analyses leave out the others. At the
        begin of whole trials, bins before the window hold no spikes.

    Raises
    ------
    ValueError
        The units are not two different whole numbers, the bin size does not divide the window, or `max_lag` is
        negative, longer than the recording or not on bins.
    IndexError
        There is no such unit.

    References
    ----------
    002 Q3 parts 4 to 6: the joint count of times t < t' is associated with the stimulus at t'.

    Examples
    --------
    >>> trains = SpikeTrains.from_arrays([[0.001, 0.021], [0.011, 0.022]], t_start=0.0, t_stop=0.03)
    >>> joint_weights(trains, bin_size=0.01, max_lag=0.01).values
    array([[0, 1, 2]])
    """
    check_trains(trains, "joint_weights")
    first, second = read_pair(units, trains.n_units, "joint_weights")
    width = _width(trains, bin_size, "joint_weights")
    lags = whole_steps(max_lag, width, "joint_weights: max_lag")
    counts = frame_counts(trains, width)
    frames = counts.shape[2]
    if not 0 <= lags < frames:
        raise ValueError(f"joint_weights: max_lag must be 0 to {(frames - 1) * width:g} s, got {lags * width:g} s")
    one, two = counts[:, first], counts[:, second]
    weights = one * two + one * _recent(two, lags) + _recent(one, lags) * two
    seen = None if trains.fully_observed else observed_frames(trains, width, frames, lags)
    names = id_labels([trains.unit_ids[first], trains.unit_ids[second]]).tolist()
    return _labelled(weights, trains, width, "joint_weights", {"units": names, "max_lag": lags * width}, seen)


def summed_weights(trains: SpikeTrains, units: tuple[int, int] = (0, 1), bin_size: Any = 0.01) -> Any:
    """Count the spikes of two cells together in every bin: the simpler weights that joint ones are compared with.

    Their average stimulus differs from the joint one by ``Cov(N1, N2 | x)`` and by taking the sum of the two
    responses in place of the product; the subspaces agree for cells that are independent given the stimulus and
    whose joint response is counted at lag 0, unless the sum or the product happens to be flat in a direction.

    Parameters
    ----------
    trains : SpikeTrains
        Trials x units.
    units : pair of int
        The two cells.
    bin_size : float or Quantity
        Bin width in seconds, which must divide the window.

    Returns
    -------
    xarray.DataArray of int64, dims (trial, time)
        Spikes of both cells; ``observed`` as from `joint_weights`.

    Raises
    ------
    ValueError, IndexError
        As `joint_weights`.

    References
    ----------
    002 Q3 part 6.

    Examples
    --------
    >>> trains = SpikeTrains.from_arrays([[0.001, 0.021], [0.011, 0.022]], t_start=0.0, t_stop=0.03)
    >>> summed_weights(trains, bin_size=0.01).values
    array([[1, 1, 2]])
    """
    check_trains(trains, "summed_weights")
    first, second = read_pair(units, trains.n_units, "summed_weights")
    width = _width(trains, bin_size, "summed_weights")
    counts = frame_counts(trains, width)
    seen = None if trains.fully_observed else observed_frames(trains, width, counts.shape[2])
    names = id_labels([trains.unit_ids[first], trains.unit_ids[second]]).tolist()
    return _labelled(counts[:, first] + counts[:, second], trains, width, "summed_weights", {"units": names}, seen)


def effective_sample_size(weights: ArrayLike) -> float:
    """Give the number of equally weighted samples with the same sampling error: ``(sum w)**2 / sum w**2``.

    It is the number of spikes where no frame has more than one, and less than the number of pairs for joint weights.
    Zero where all weights are zero.

    Parameters
    ----------
    weights : array_like
        Non-negative weights, of any shape.

    Returns
    -------
    float

    Examples
    --------
    >>> effective_sample_size([1, 1, 0, 4])
    2.0
    """
    flat = np.asarray(unmasked(weights, "effective_sample_size: weights"), dtype=np.float64).ravel()
    square = float(flat @ flat)
    return float(flat.sum()) ** 2 / square if square > 0 else 0.0


def read_weights(ensemble: Ensemble, trains: SpikeTrains | None, weights: Any) -> TriggeredSets:
    """Give weights for an ensemble from spike trains or from given weights, with a label for each set.

    Raises
    ------
    ValueError
        The stimulus does not cover the recording, frame for frame, or the weights do not fit or are negative or NaN.
    TypeError
        `trains` is no SpikeTrains.
    """
    frames, stimuli = ensemble.n_frames, len(ensemble.stimulus)
    labels: list[Any]
    seen: NDArray[np.bool_] | None = None
    if weights is None:
        if trains is None:
            raise ValueError("trains or weights must be given, got neither")
        check_trains(trains, "spike-triggered analysis")
        if trains.n_units == 0 or trains.n_trials == 0:
            raise ValueError(f"trains must hold a unit and a trial, got {trains!r}")
        counts = frame_counts(trains, ensemble.dt)
        if counts.shape[2] != frames:
            side = "longer" if counts.shape[2] < frames else "shorter"
            raise ValueError(
                f"stimulus must hold one frame for each {ensemble.dt:g} s of the recording, {counts.shape[2]} frames, "
                f"got {frames}: it is {side}"
            )
        sets, labels = np.moveaxis(counts, 1, 0).astype(np.float64), list(id_labels(trains.unit_ids).tolist())
        seen = None if trains.fully_observed else observed_frames(trains, ensemble.dt, frames)
    else:
        sets, labels = _given(weights, ensemble), [str(getattr(weights, "name", None) or "weights")]
        if "observed" in getattr(weights, "coords", {}):
            seen = np.asarray(weights.coords["observed"].values, dtype=bool).reshape(sets.shape[1:])
            sets = np.where(seen, sets, 0.0)
    repeats = sets.shape[1]
    if stimuli == 1:
        exposure = None if seen is None else seen.sum(axis=0, keepdims=True).astype(np.float64)
        return TriggeredSets(sets.sum(axis=1, keepdims=True), labels, exposure, repeats)
    if repeats != stimuli:
        raise ValueError(f"stimulus must be one for all or one for each of {repeats} trials, got {stimuli}")
    return TriggeredSets(sets, labels, None if seen is None else seen.astype(np.float64), 1)


def _given(weights: Any, ensemble: Ensemble) -> Floats:
    width = getattr(weights, "attrs", {}).get("bin_size")
    if width is not None and abs(float(width) - ensemble.dt) > 1e-9 * ensemble.dt:
        raise ValueError(f"weights must have bins as long as dt = {ensemble.dt:g} s, got bin_size {width:g} s")
    names = getattr(weights, "dims", ())
    if isinstance(names, tuple) and "time" in names[:-1]:
        raise ValueError(f"weights must have their axis 'time' last, got the axes {names}")
    weights = unmasked(weights, "weights")
    if np.asarray(weights).dtype.kind not in "fiub":
        raise ValueError(f"weights must be real numbers, got the type {np.asarray(weights).dtype}")
    array = np.asarray(weights, dtype=np.float64)
    if array.ndim == 1:
        array = array[np.newaxis]
    if array.ndim != 2 or array.shape[1] != ensemble.n_frames:
        raise ValueError(
            f"weights must have the shape (frames,) or (trials, frames) with {ensemble.n_frames} frames, "
            f"got {array.shape}"
        )
    if not np.isfinite(array).all() or (array < 0).any():
        raise ValueError("weights must be finite and not negative")
    return array[np.newaxis]


def _recent(counts: Integers, lags: int) -> Integers:
    """Sum the counts of the `lags` bins before each bin; bins before the recording hold none."""
    total = np.cumsum(counts, axis=1)
    before = np.zeros_like(counts)
    before[:, 1:] = total[:, :-1]
    before[:, lags + 1 :] -= total[:, : -lags - 1]
    return before


def _width(trains: SpikeTrains, bin_size: Any, where: str) -> float:
    width = seconds(bin_size, f"{where}: bin_size")
    count_bins(trains.t_start, trains.t_stop, width, f"{where}: bin_size")
    return width


def _labelled(
    weights: Integers,
    trains: SpikeTrains,
    width: float,
    name: str,
    attrs: dict[str, Any],
    seen: NDArray[np.bool_] | None,
) -> xr.DataArray:
    import xarray as xr

    time = trains.t_start + np.arange(weights.shape[1]) * width
    return xr.DataArray(
        weights,
        dims=("trial", "time"),
        coords={
            "trial": id_labels(trains.trial_ids),
            "time": ("time", time, {"units": "s"}),
            **({} if seen is None else {"observed": (("trial", "time"), seen)}),
        },
        name=name,
        attrs={"units": "1", "bin_size": width, **attrs},
    )
