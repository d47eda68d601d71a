"""Peristimulus time histogram and histogram of inter-spike intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.analyses.segments import intervals_of
from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.units import seconds
from spikelearn.spikes.binning import bin_centers, bin_indices, check_resolution, count_bins, read_window, rounding
from spikelearn.spikes.construction import check_trains
from spikelearn.spikes.ids import id_labels

if TYPE_CHECKING:
    import xarray as xr

    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["isi_histogram", "psth"]


def psth(trains: SpikeTrains, bin_size: Any = 0.01, *, t_start: Any = None, t_stop: Any = None) -> xr.DataArray:
    """Give the peristimulus time histogram: the firing rate of every unit in bins, averaged over trials.

    Parameters
    ----------
    trains : SpikeTrains
        Trials aligned to the stimulus, see `spikelearn.SpikeTrains.aligned`.
    bin_size : float or Quantity
        Width of the half-open bins in seconds; it must divide the window.
    t_start, t_stop : float or Quantity, optional
        A part of the window.

    Returns
    -------
    xarray.DataArray, shape (n_units, n_bins)
        Rate in Hz over ``unit`` and ``time`` (the centres of the bins in seconds). The coordinate ``trials`` counts the
        trials that were observed from end to end of a bin; others do not count, and where there is none the rate is
        NaN. The coordinate ``sem`` is the standard error over trials, NaN for fewer than two.

    Raises
    ------
    ValueError
        The bin size does not divide the window, or there is no trial.

    Examples
    --------
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_trials([[[0.1]], [[0.1, 0.7]]], t_stop=1.0)
    >>> sl.analyses.psth(trains, 0.5).values
    array([[2., 1.]])
    """
    import xarray as xr

    check_trains(trains, "psth")
    if not trains.n_trials:
        raise ValueError("psth must get at least one trial, got none")
    start, _, width, n = read_window(trains, bin_size, t_start, t_stop, "psth")
    counts = trains.binned(bin_size, t_start=t_start, t_stop=t_stop)
    seen = trains.observed_bins(bin_size, t_start=t_start, t_stop=t_stop)[:, None, :]
    trials = seen.sum(axis=0)
    mean = np.divide((counts * seen).sum(axis=0), trials, out=np.full(counts.shape[1:], np.nan), where=trials > 0)
    squares = np.where(seen, (counts - np.where(np.isnan(mean), 0, mean)) ** 2, 0).sum(axis=0)
    variance = np.divide(squares, trials * (trials - 1), out=np.full(mean.shape, np.nan), where=trials > 1)
    coords = {
        "unit": id_labels(trains.unit_ids),
        "time": ("time", bin_centers(start, width, n), {"units": "s"}),
        "trials": ("time", trials[0]),
        "sem": (("unit", "time"), np.sqrt(variance) / width, {"units": "Hz"}),
    }
    attrs = {"long_name": "peristimulus time histogram", "units": "Hz", "bin_size": width}
    return xr.DataArray(mean / width, coords, ("unit", "time"), name="psth", attrs=attrs)


def isi_histogram(
    trains: SpikeTrains,
    bin_size: Any = 0.001,
    max_interval: Any = 0.1,
    *,
    bins_per_decade: int | None = None,
    min_interval: Any = 0.001,
    density: bool = False,
) -> xr.DataArray:
    """Count the inter-spike intervals of every unit in bins of their length, all trials together.

    Parameters
    ----------
    trains : SpikeTrains
        Any number of trials and units.
    bin_size : float or Quantity
        Width of the bins in seconds; it must divide `max_interval`. Not used with `bins_per_decade`.
    max_interval : float or Quantity
        End of the last bin in seconds.
    bins_per_decade : int, optional
        Use bins of equal width in the logarithm of the interval, from `min_interval` to `max_interval`.
    min_interval : float or Quantity
        Begin of the first logarithmic bin in seconds; linear bins begin at 0.
    density : bool
        Give probability a second instead of counts. Longer and shorter intervals count in the total, so that the
        histogram's area is the fraction of intervals inside.

    Returns
    -------
    xarray.DataArray, shape (n_units, n_bins)
        Over ``unit`` and ``interval`` (the centres of the bins in seconds, geometric ones for logarithmic bins), with
        the coordinates ``left`` and ``right`` (edges) and ``outside`` (intervals of each unit that no bin holds). A
        density is NaN for a unit without intervals.

    Raises
    ------
    ValueError
        The bins do not fit the range, or the range is empty.

    Examples
    --------
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_arrays([[0.1, 0.103, 0.11, 0.4]], t_stop=1.0)
    >>> found = sl.analyses.isi_histogram(trains, bin_size=0.005, max_interval=0.01)
    >>> found.values, found["outside"].values
    (array([[1, 1]]), array([1]))
    """
    import xarray as xr

    stop = seconds(max_interval, "isi_histogram: max_interval")
    values, lengths = intervals_of(trains, "isi_histogram")
    slack = trains.slack + float(rounding(trains.t_start, trains.t_stop))
    unit = np.repeat(np.arange(len(lengths)) % max(trains.n_units, 1), lengths)
    if bins_per_decade is None:
        width = seconds(bin_size, "isi_histogram: bin_size")
        n = count_bins(0.0, stop, width, "isi_histogram: bin_size")
        edges = np.arange(n + 1) * width
        check_resolution(trains, width, "isi_histogram: bin_size")
        place, centers = bin_indices(values, 0.0, width, n, slack=slack), bin_centers(0.0, width, n)
    else:
        first = seconds(min_interval, "isi_histogram: min_interval")
        bins_per_decade = whole_number("isi_histogram: bins_per_decade", bins_per_decade, at_least=1)
        if not 0 < first < stop:
            raise ValueError(
                f"isi_histogram: logarithmic bins need 0 < min_interval < max_interval, got {first} s and {stop} s"
            )
        n = max(round(np.log10(stop / first) * bins_per_decade), 1)
        edges = np.geomspace(first, stop, n + 1)
        check_resolution(trains, float(edges[1] - edges[0]), "isi_histogram: the narrowest bin")
        place, centers = np.searchsorted(edges, values + slack, side="right") - 1, np.sqrt(edges[:-1] * edges[1:])
    inside = (place >= 0) & (place < n)
    counts = np.bincount(unit[inside] * n + place[inside], minlength=trains.n_units * n).reshape(trains.n_units, n)
    total = np.bincount(unit, minlength=trains.n_units)
    coords = {
        "unit": id_labels(trains.unit_ids),
        "interval": ("interval", centers, {"units": "s"}),
        "left": ("interval", edges[:-1], {"units": "s"}),
        "right": ("interval", edges[1:], {"units": "s"}),
        "outside": ("unit", total - counts.sum(axis=1)),
    }
    attrs = {"long_name": "inter-spike intervals", "units": "1/s" if density else "1"}
    result: xr.DataArray = xr.DataArray(counts, coords, ("unit", "interval"), name="isi_histogram", attrs=attrs)
    if density:
        area = total[:, None] * np.diff(edges)
        result = result.copy(data=np.divide(counts, area, out=np.full(counts.shape, np.nan), where=area > 0))
    return result
