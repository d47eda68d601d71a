"""Bursts: runs of short inter-spike intervals, with their length, spikes, silence and period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.analyses.segments import intervals_of
from spikelearn.arrays import Floats
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.units import seconds
from spikelearn.spikes.binning import rounding
from spikelearn.spikes.checks import without_unit
from spikelearn.spikes.construction import check_trains
from spikelearn.spikes.ids import id_labels
from spikelearn.spikes.selection import train_of

if TYPE_CHECKING:
    import pandas as pd

    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["burst_summary", "bursts", "log_isi_threshold"]

METHODS = ("threshold", "logisi")


def bursts(
    trains: SpikeTrains,
    method: str = "threshold",
    *,
    max_interval: Any = 0.01,
    min_spikes: int = 3,
    void: float = 0.7,
) -> pd.DataFrame:
    """Find bursts: runs of at least `min_spikes` spikes with no interval longer than a threshold.

    Parameters
    ----------
    trains : SpikeTrains
        Any number of trials and units.
    method : {"threshold", "logisi"}
        Take `max_interval` as the threshold, or find one for every unit in the histogram of its log intervals, all
        trials together, as `log_isi_threshold` does; a unit whose histogram has no clear gap then has no bursts.
    max_interval : float or Quantity
        Longest interval within a burst, in seconds; for "logisi" the longest that the peak within bursts may have.
    min_spikes : int
        Fewest spikes of a burst, at least 2.
    void : float
        For "logisi": how clear the gap must be, see `log_isi_threshold`.

    Returns
    -------
    pandas.DataFrame
        One row a burst with the columns trial and unit (ids), burst (counted from 0 within the train), start and stop
        (times of its first and last spike in seconds), length (stop - start), spikes, silence (from its last spike to
        the first of the next burst), period (from start to start) and whole: whether it was seen from begin to end,
        that is, the observed part of the trial reaches at least a threshold beyond it on both sides. Silence and period
        are NaN for the last burst of a train. No rows where there are no bursts. Thresholds in seconds, one a unit, are
        in ``attrs["threshold"]``, NaN where none was found.

    Raises
    ------
    ValueError
        The method is unknown, or a number is out of range.

    Examples
    --------
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_arrays([[0.1, 0.105, 0.11, 0.5, 0.6, 0.605, 0.61, 0.615]], t_stop=1.0)
    >>> sl.analyses.bursts(trains)[["start", "spikes", "whole"]]
       start  spikes  whole
    0    0.1       3   True
    1    0.6       4   True
    """
    import pandas as pd

    check_trains(trains, "bursts")
    if method not in METHODS:
        raise ValueError(unknown_name("bursts", "method", method, METHODS))
    min_spikes = whole_number("bursts: min_spikes", min_spikes, at_least=2)
    longest = seconds(max_interval, "bursts: max_interval")
    if longest <= 0:
        raise ValueError(f"bursts: max_interval must be positive, got {longest} s")
    threshold = np.full(trains.n_units, longest)
    if method == "logisi":
        values, lengths = intervals_of(trains)
        unit = np.repeat(np.arange(len(lengths)) % max(trains.n_units, 1), lengths)
        found = [log_isi_threshold(values[unit == k], longest, void=void) for k in range(trains.n_units)]
        threshold = np.array(found, dtype=np.float64)
    first, last, train = _runs(trains, threshold, min_spikes)
    trial, unit = train // max(trains.n_units, 1), train % max(trains.n_units, 1)
    start, stop = trains.times[first], trains.times[last]
    silence, period = np.full(len(train), np.nan), np.full(len(train), np.nan)
    followed = np.flatnonzero(train[1:] == train[:-1])
    silence[followed] = start[followed + 1] - stop[followed]
    period[followed] = start[followed + 1] - start[followed]
    begin, end = trains.observed[trial].T
    newest = np.concatenate([[True], train[1:] != train[:-1]]) if len(train) else np.empty(0, dtype=bool)
    number = np.arange(len(train)) - np.maximum.accumulate(np.where(newest, np.arange(len(train)), 0))
    frame = pd.DataFrame(
        {
            "trial": id_labels(trains.trial_ids)[trial],
            "unit": id_labels(trains.unit_ids)[unit],
            "burst": number,
            "start": start,
            "stop": stop,
            "length": stop - start,
            "spikes": last - first + 1,
            "silence": silence,
            "period": period,
            "whole": (start - begin > threshold[unit]) & (end - stop > threshold[unit]),
        }
    )
    frame.attrs["threshold"] = threshold.tolist()
    frame.attrs["unit_position"] = unit.tolist()
    frame.attrs["trial_position"] = trial.tolist()
    return frame


def _runs(
    trains: SpikeTrains, threshold: Floats, min_spikes: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Give the positions of the first and last spike of each run of short intervals, and its train."""
    train = train_of(trains.offsets)
    unit = train % max(trains.n_units, 1)
    # Comparisons with NaN, the threshold that was not found, are false: no interval is short.
    slack = trains.slack + float(rounding(trains.t_start, trains.t_stop))
    short = (train[1:] == train[:-1]) & (np.diff(trains.times) <= threshold[unit[1:]] + slack)
    change = np.diff(np.concatenate([[False], short, [False]]).astype(np.int8))
    first, last = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    enough = last - first + 1 >= min_spikes
    return first[enough], last[enough], train[first[enough]]


def burst_summary(trains: SpikeTrains, method: str = "threshold", **options: Any) -> pd.DataFrame:
    """Summarise the bursts of every unit over all trials: how many, how long, how far apart.

    Parameters
    ----------
    trains : SpikeTrains
        Any number of trials and units.
    method, **options
        As for `bursts`.

    Returns
    -------
    pandas.DataFrame
        One row a unit with the columns unit, bursts (all that were found), burst_rate (Hz), fraction (of spikes that
        lie in bursts), and the means length (s), spikes, silence (s) and period (s). The means leave out what the
        border of the observation may have cut: length and spikes of bursts that are not whole, silences and periods
        from or to such bursts. NaN where nothing remains.

    Examples
    --------
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_arrays([[0.1, 0.105, 0.11, 0.5, 0.6, 0.605, 0.61, 0.615]], t_stop=1.0)
    >>> sl.analyses.burst_summary(trains)[["bursts", "fraction", "spikes", "period"]]
       bursts  fraction  spikes  period
    0       2     0.875     3.5     0.5
    """
    import pandas as pd

    table = bursts(trains, method, **options)
    follower_whole = table["whole"].shift(-1, fill_value=False)
    unit = np.asarray(table.attrs["unit_position"], dtype=np.int64)
    observed = float(np.diff(trains.observed, axis=1).sum())
    spikes = trains.counts().sum(axis=0)
    number = np.bincount(unit, minlength=trains.n_units)
    inside = np.bincount(unit, weights=table["spikes"], minlength=trains.n_units)
    keep = {
        "length": table["whole"],
        "spikes": table["whole"],
        "silence": table["whole"] & follower_whole & table["silence"].notna(),
        "period": table["whole"] & follower_whole & table["period"].notna(),
    }
    columns = {
        "unit": id_labels(trains.unit_ids),
        "bursts": number,
        "burst_rate": _ratio(number, np.full(trains.n_units, observed)),
        "fraction": _ratio(inside, spikes),
    }
    for name, chosen in keep.items():
        total = np.bincount(unit[chosen], weights=table[name][chosen], minlength=trains.n_units)
        columns[name] = _ratio(total, np.bincount(unit[chosen], minlength=trains.n_units))
    return pd.DataFrame(columns)


def log_isi_threshold(
    intervals: NDArray[np.float64], max_interval: Any = 0.1, *, bins_per_decade: int = 10, void: float = 0.7
) -> float:
    """Find the interval that separates the intervals within bursts from those between, in the log-interval histogram.

    The smoothed histogram of log10 intervals must have a peak below `max_interval` and a later one, with a minimum
    between them so low that its void, 1 - h_min / sqrt(h_1 h_2), reaches `void`. The first such minimum is taken.

    Parameters
    ----------
    intervals : ndarray
        Inter-spike intervals in seconds, of one unit.
    max_interval : float or Quantity
        Where the peak within bursts must lie below, in seconds.
    bins_per_decade : int
        Resolution of the histogram, which is smoothed with a Gaussian of one bin.
    void : float
        How clear the gap must be, 0 to 1.

    Returns
    -------
    float
        The threshold in seconds; NaN where the histogram shows none.

    References
    ----------
    Selinger et al. (2007), IEEE Trans. Biomed. Eng. 54, 1659 (the void parameter); Pasquale, Martinoia and Chiappalone
    (2010), J. Comput. Neurosci. 29, 213 (the search from the peak within bursts). They smooth by local regression.

    Examples
    --------
    >>> import numpy as np
    >>> import spikelearn as sl
    >>> spread = np.exp(0.1 * np.linspace(-2, 2, 40))
    >>> intervals = np.concatenate([0.005 * spread, 0.5 * spread])  # within bursts and between
    >>> 0.005 < sl.analyses.log_isi_threshold(intervals) < 0.5
    True
    """
    intervals = without_unit(intervals, "log_isi_threshold: intervals")
    highest = seconds(max_interval, "log_isi_threshold: max_interval")
    bins_per_decade = whole_number("log_isi_threshold: bins_per_decade", bins_per_decade, at_least=1)
    if not 0 < void < 1:
        raise ValueError(f"log_isi_threshold: void must lie between 0 and 1, got {void}")
    logs = np.log10(intervals[intervals > 0]) * bins_per_decade
    if len(logs) < 2:
        return float("nan")
    # Three empty bins on either side leave room for the smoothing, so that a peak at the border is a peak.
    low, high = int(np.floor(logs.min())) - 3, int(np.floor(logs.max())) + 4
    counts = np.bincount(np.floor(logs).astype(np.int64) - low, minlength=high - low)
    kernel = np.exp(-0.5 * np.arange(-3, 4) ** 2)
    smooth = np.convolve(counts, kernel / kernel.sum(), mode="same")
    peaks = np.flatnonzero((smooth[1:-1] > smooth[:-2]) & (smooth[1:-1] >= smooth[2:])) + 1
    centers = 10 ** ((np.arange(low, high) + 0.5) / bins_per_decade)
    early = peaks[centers[peaks] < highest]
    if not early.size:
        return float("nan")
    main = int(early[smooth[early].argmax()])
    for later in peaks[peaks > main]:
        lowest = main + int(smooth[main : later + 1].argmin())
        if 1 - smooth[lowest] / np.sqrt(smooth[main] * smooth[later]) >= void:
            # In an empty gap every bin is lowest; its middle separates best.
            flat = np.flatnonzero(smooth[main : later + 1] <= smooth[lowest]) + main
            return float(np.sqrt(centers[flat[0]] * centers[flat[-1]]))
    return float("nan")


def _ratio(above: NDArray[np.generic], below: NDArray[np.generic]) -> Floats:
    plain = np.asarray(below, dtype=np.float64)
    out = np.full(plain.shape, np.nan)
    return np.asarray(np.divide(np.asarray(above, dtype=np.float64), plain, out=out, where=plain != 0))
