"""From spike trains to bins of 0 and 1 and back, and the checks that every spike array passes once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Bins, Floats
from spikelearn.parameters.foreign import bare, unmasked
from spikelearn.parameters.units import seconds
from spikelearn.spikes.binning import bin_indices, check_resolution, count_bins
from spikelearn.spikes.construction import check_trains
from spikelearn.spikes.trains import SpikeTrains

__all__ = ["bin_spikes", "bin_width", "checked_spikes", "checked_weights", "to_spike_trains"]

_LARGEST_COUNT = 255


def bin_width(dt: Any) -> float:
    """Read the width of a bin in seconds.

    Raises
    ------
    ValueError
        It is not a positive finite time.
    """
    width = seconds(dt, "dt")
    if width <= 0:
        raise ValueError(f"dt must be positive, got {dt}")
    return width


def checked_spikes(X: ArrayLike, where: str, n_units: int | None = None, *, counts: bool = False) -> Bins:
    """Check an array of spikes and give it as contiguous uint8 of shape (trials, bins, units).

    Parameters
    ----------
    X : array_like, shape (trials, bins, units) or (bins, units)
        0 or 1 in every bin; with `counts` any whole number up to 255.
    where : str
        The name for error messages.
    n_units : int, optional
        How many units there must be.
    counts : bool
        Whether a bin may hold more than one spike.

    Raises
    ------
    ValueError
        The shape does not fit or a bin holds something else.
    """
    array = np.asarray(unmasked(X, where))
    if array.ndim not in (2, 3):
        raise ValueError(f"{where} must have the shape (trials, bins, units) or (bins, units), got {array.shape}")
    if array.dtype.kind not in "buif":
        raise TypeError(f"{where} must hold numbers, got dtype {array.dtype}")
    stack = array[None] if array.ndim == 2 else array
    if n_units is not None and stack.shape[2] != n_units:
        raise ValueError(f"{where} must have {n_units} units in its last axis, got shape {array.shape}")
    largest = _LARGEST_COUNT if counts else 1
    if array.dtype != np.bool_:
        bad = ~((stack >= 0) & (stack <= largest) & (stack == np.floor(stack)))
        if bad.any():
            trial, time, unit = (int(index) for index in np.argwhere(bad)[0])
            rule = f"whole numbers from 0 to {largest}" if counts else "0 or 1 in every bin"
            value = stack[trial, time, unit].item()
            raise ValueError(f"{where} must hold {rule}, got {value} for unit {unit} in bin {time} of trial {trial}")
    return np.ascontiguousarray(stack, dtype=np.uint8)


def checked_weights(W: ArrayLike, where: str, shape: tuple[int, int]) -> Floats:
    """Check a weight matrix W[i, j] (to i, from j) and give a private copy that cannot be written to.

    Raises
    ------
    ValueError
        The shape does not fit or a weight is not finite.
    """
    array = np.array(bare(W, where), dtype=np.float64)
    if array.shape != shape:
        raise ValueError(f"{where} must have the shape {shape} (to, from), got {array.shape}")
    if not np.isfinite(array).all():
        i, j = (int(index) for index in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(f"{where} must be finite, got {array[i, j]} from unit {j} to unit {i}")
    array.setflags(write=False)
    return array


def bin_spikes(trains: SpikeTrains, dt: Any, *, counts: bool = False, unobserved: str = "refuse") -> Bins:
    """Sort spikes into bins of width `dt` that tile the window from its start.

    Parameters
    ----------
    trains : SpikeTrains
        The spikes.
    dt : float or Quantity
        Bin width in seconds; the window must hold a whole number of bins.
    counts : bool
        Whether several spikes of a unit may share a bin.
    unobserved : {"refuse", "zero"}
        Zeros cannot tell silence from a trial that was not observed, so trials of unequal length are refused. "zero"
        is for those who leave out the bins that ``trains.observed_bins(dt)`` calls unobserved.

    Returns
    -------
    ndarray of uint8, shape (trials, bins, units)
        Bin k covers ``t_start + k dt <= t < t_start + (k + 1) dt``. A silent unit gives zeros.

    Raises
    ------
    ValueError
        The window is no whole number of bins, a bin holds more spikes than allowed, or a trial was observed only in
        part.

    Examples
    --------
    >>> trains = SpikeTrains.from_arrays([[0.001, 0.0042]], t_start=0.0, t_stop=0.006)
    >>> bin_spikes(trains, 0.002)[0, :, 0]
    array([1, 0, 1], dtype=uint8)
    """
    check_trains(trains, "bin_spikes")
    width = bin_width(dt)
    if unobserved not in ("refuse", "zero"):
        raise ValueError(f"bin_spikes: unobserved must be 'refuse' or 'zero', got {unobserved!r}")
    if unobserved == "refuse" and not trains.fully_observed:
        k = int((np.diff(trains.observed, axis=1)[:, 0] < trains.duration).argmax())
        raise ValueError(
            f"bin_spikes: every trial must be observed throughout, but trial {k} was only in "
            f"{trains.observed[k].tolist()} s, and zeros would read as silence; restrict() to what all share, or pass "
            "unobserved='zero' and leave out the other bins by observed_bins(dt)"
        )
    if trains.duration == 0:
        return np.zeros((trains.n_trials, 0, trains.n_units), dtype=np.uint8)
    n_bins = count_bins(trains.t_start, trains.t_stop, width, "dt")
    check_resolution(trains, width, "bin_spikes: dt")
    # Times that should lie on an edge may fall short of it by rounding, which grows with the clock's time; a spike
    # within rounding of the window's end belongs to the last bin.
    index = bin_indices(trains.times, trains.t_start, width, n_bins, slack=trains.slack)
    index = np.minimum(index, n_bins - 1)
    train_of = np.repeat(np.arange(len(trains.offsets) - 1), np.diff(trains.offsets))
    n_units = max(trains.n_units, 1)
    found = np.zeros((trains.n_trials, n_bins, trains.n_units), dtype=np.int64)
    np.add.at(found, (train_of // n_units, index, train_of % n_units), 1)
    largest = _LARGEST_COUNT if counts else 1
    if found.size and found.max() > largest:
        trial, time, unit = (int(k) for k in np.argwhere(found > largest)[0])
        raise ValueError(
            f"dt must be small enough for {largest} spike{'s' if counts else ''} a bin, got {width} s, with "
            f"{found[trial, time, unit]} spikes of unit {unit} in bin {time} of trial {trial}"
        )
    return found.astype(np.uint8)


def to_spike_trains(X: ArrayLike, dt: Any, *, t_start: float = 0.0) -> SpikeTrains:
    """Turn bins of 0 and 1 into spike trains with each spike in the middle of its bin.

    Parameters
    ----------
    X : array_like, shape (trials, bins, units) or (bins, units)
        0 or 1.
    dt : float or Quantity
        Bin width in seconds.
    t_start : float
        Time of the first edge in seconds.

    Returns
    -------
    SpikeTrains

    Examples
    --------
    >>> to_spike_trains([[0, 1], [1, 0]], 0.002).train(unit=0)
    array([0.003])
    """
    width = bin_width(dt)
    spikes = checked_spikes(X, "X")
    n_trials, n_bins, n_units = spikes.shape
    trial, unit, time = np.nonzero(spikes.transpose(0, 2, 1))
    sizes = np.bincount(trial * n_units + unit, minlength=n_trials * n_units)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    return SpikeTrains(
        t_start + (time + 0.5) * width, offsets, n_units, t_start=t_start, t_stop=t_start + n_bins * width
    )
