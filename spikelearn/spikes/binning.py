"""Times to bins and samples: half-open bins, whole numbers of them, and no spike lost or moved by rounding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.parameters.units import seconds
from spikelearn.spikes.selection import train_of

if TYPE_CHECKING:
    from spikelearn.spikes.trains import SpikeTrains

__all__ = [
    "bin_centers",
    "bin_edges",
    "bin_indices",
    "check_resolution",
    "count_bins",
    "count_in_bins",
    "find_observed_bins",
    "read_window",
    "rounding",
]

# A time t = k*dt and a step dt each carry half a unit in the last place, and so do the subtraction, the product and
# the quotient in (t - t_start)/dt; eight units cover them and two conversions such as ms to s.
_UNITS_IN_THE_LAST_PLACE = 8
# The largest part of a bin that rounding may make up: so many of the spikes may be in the bin beside theirs.
_MISPLACED = 1e-3
_EPSILON = float(np.finfo(np.float64).eps)


def rounding(*times: ArrayLike) -> Any:
    """Give the rounding error of differences of `times`, in seconds: eight units in the last place of the largest."""
    largest: Any = np.abs(np.asarray(times[0], dtype=np.float64))
    for time in times[1:]:
        largest = np.maximum(largest, np.abs(np.asarray(time, dtype=np.float64)))
    return _UNITS_IN_THE_LAST_PLACE * _EPSILON * largest


def bin_indices(times: ArrayLike, t_start: float, width: float, n: int, *, slack: float = 0.0) -> NDArray[np.int64]:
    """Say in which bin each time lies.

    Bin k is the half-open interval ``[t_start + k*width, t_start + (k + 1)*width)``. A time that lies below an edge by
    no more than rounding (eight units in the last place) counts as on the edge: 0.3 s lies in bin 3 of width 0.1 s,
    although 0.3/0.1 is 2.9999999999999996 in floating point.

    Parameters
    ----------
    times : array_like
        Times in seconds.
    t_start : float
        Begin of bin 0 in seconds.
    width : float
        Width of a bin in seconds, positive.
    n : int
        Number of bins.
    slack : float
        Rounding error in seconds that the times carry already, as differences of larger times do.

    Returns
    -------
    ndarray of int64, the shape of `times`
        0 to ``n - 1``; -1 for times before the first bin and `n` for times after the last.

    Examples
    --------
    >>> bin_indices([0.0, 0.29, 0.3, 0.7, 1.0], 0.0, 0.1, 10)
    array([ 0,  2,  3,  7, 10])
    """
    flat = np.asarray(times, dtype=np.float64)
    place = ((flat - t_start) + (rounding(flat, t_start) + slack)) / width
    return np.asarray(np.floor(np.clip(place, -1, n)), dtype=np.int64)


def count_bins(t_start: float, t_stop: float, width: float, where: str = "bin_size") -> int:
    """Count the bins of `width` in the window, refusing a width that does not divide it.

    Parameters
    ----------
    t_start, t_stop : float
        The window in seconds.
    width : float
        Width of a bin in seconds.
    where : str
        Name of the width for the error message.

    Raises
    ------
    ValueError
        The width is not positive, or the window does not hold a whole number of bins; the message holds the nearest
        widths that do, and the part of the window that does.

    Examples
    --------
    >>> count_bins(0.0, 2.0, 0.1)
    20
    """
    if not width > 0:
        raise ValueError(f"{where} must be positive, got {width} s")
    duration = t_stop - t_start
    ratio = duration / width
    n = round(ratio)
    if n >= 1 and abs(ratio - n) <= 1e-9 + float(rounding(t_start, t_stop)) / width + _EPSILON * ratio:
        return n
    window = f"[{t_start}, {t_stop}) s"
    if duration <= 0:
        raise ValueError(f"{where} must divide the window, but {window} is empty")
    nearest = [repr(duration / k) + " s" for k in (int(ratio) + 1, int(ratio)) if k]
    choice = f"the nearest that do are {' and '.join(nearest)}" if len(nearest) > 1 else f"the widest is {nearest[0]}"
    if len(nearest) > 1:
        choice += f"; restrict to [{t_start}, {_short(t_start + int(ratio) * width)}) s to leave out the rest"
    raise ValueError(f"{where} must divide the window {window} into whole bins, got {width} s; {choice}")


def _short(time: float) -> str:
    """Write a time that was calculated without the last digits, where these are rounding."""
    short = float(f"{time:.15g}")
    return repr(short if abs(short - time) <= rounding(time) else time)


def bin_edges(t_start: float, width: float, n: int) -> NDArray[np.float64]:
    """Give the ``n + 1`` edges ``t_start + k*width`` in seconds, none of them accumulated."""
    return np.asarray(t_start + np.arange(n + 1) * width, dtype=np.float64)


def bin_centers(t_start: float, width: float, n: int) -> NDArray[np.float64]:
    """Give the centres ``t_start + (k + 1/2)*width`` of `n` bins, in seconds."""
    return np.asarray(t_start + (np.arange(n) + 0.5) * width, dtype=np.float64)


def read_window(
    trains: SpikeTrains, bin_size: Any, t_start: Any = None, t_stop: Any = None, where: str = "binned"
) -> tuple[float, float, float, int]:
    """Read a bin size and a part of the window of `trains`: begin, end and width in seconds, and the number of bins.

    Raises
    ------
    ValueError
        The part reaches beyond the window that was observed, or the bin size does not divide it, or it is so small
        that rounding would move spikes to the next bin.
    """
    width = seconds(bin_size, f"{where}: bin_size")
    start = trains.t_start if t_start is None else seconds(t_start, f"{where}: t_start")
    stop = trains.t_stop if t_stop is None else seconds(t_stop, f"{where}: t_stop")
    slack = float(rounding(trains.t_start, trains.t_stop))
    if start < trains.t_start - slack or stop > trains.t_stop + slack or stop < start:
        raise ValueError(
            f"{where}: the window must lie within [{trains.t_start}, {trains.t_stop}) s, got [{start}, {stop}) s"
        )
    check_resolution(trains, width, f"{where}: bin_size", start, stop)
    return start, stop, width, count_bins(start, stop, width, f"{where}: bin_size")


def check_resolution(
    trains: SpikeTrains, width: float, where: str, start: float | None = None, stop: float | None = None
) -> None:
    """Refuse bins, of times, of lags or of intervals, which the rounding of the trains' times would shift.

    Parameters
    ----------
    trains : SpikeTrains
        Whose times are binned.
    width : float
        Width of the narrowest bin in seconds.
    where : str
        Name of the argument in the message, with its function.
    start, stop : float, optional
        Part of the window that is used; all of it if not given.

    Raises
    ------
    ValueError
        The rounding error is more than a thousandth of the bin.
    """
    first, last = trains.t_start if start is None else start, trains.t_stop if stop is None else stop
    error = float(rounding(first, last)) + trains.slack
    if width > 0 and error > _MISPLACED * width:
        raise ValueError(
            f"{where} must be at least {error / _MISPLACED:.2g} s for times as large as "
            f"{max(abs(first), abs(last)):g} s, which carry a rounding error of {error:.2g} s, got {width:g} s; count "
            "time from a nearer start"
        )


def count_in_bins(trains: SpikeTrains, bin_size: Any, t_start: Any = None, t_stop: Any = None) -> NDArray[np.int64]:
    """Count spikes in bins; see `spikelearn.SpikeTrains.binned`."""
    start, stop, width, n = read_window(trains, bin_size, t_start, t_stop)
    place = bin_indices(trains.times, start, width, n, slack=trains.slack)
    if stop >= trains.t_stop:
        # A spike within rounding of the window's end is still before it: it belongs to the last bin.
        place = np.minimum(place, n - 1)
    inside = (place >= 0) & (place < n)
    n_trains = len(trains.offsets) - 1
    flat = np.bincount(train_of(trains.offsets)[inside] * n + place[inside], minlength=n_trains * n)
    return flat.reshape(trains.n_trials, trains.n_units, n).astype(np.int64, copy=False)


def find_observed_bins(
    trains: SpikeTrains, bin_size: Any, t_start: Any = None, t_stop: Any = None
) -> NDArray[np.bool_]:
    """Say which bins were observed from end to end; see `spikelearn.SpikeTrains.observed_bins`."""
    start, _, width, n = read_window(trains, bin_size, t_start, t_stop, "observed_bins")
    edges, slack = bin_edges(start, width, n), float(rounding(trains.t_start, trains.t_stop)) + trains.slack
    first, last = trains.observed[:, :1], trains.observed[:, 1:]
    return np.asarray((first <= edges[:-1] + slack) & (last >= edges[1:] - slack) & (last > first))
