"""Cross-correlogram and autocorrelogram of spike trains, from exact time differences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.analyses.shift_predictor import LagBins, shift_with_gaps, sorting_key
from spikelearn.analyses.unit_pairs import read_pair
from spikelearn.arrays import Floats
from spikelearn.parameters.units import seconds
from spikelearn.spikes.binning import bin_indices, check_resolution, count_bins, rounding
from spikelearn.spikes.construction import check_trains
from spikelearn.spikes.ids import id_labels
from spikelearn.spikes.selection import ranges, train_of

if TYPE_CHECKING:
    import xarray as xr

    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["autocorrelogram", "cross_correlogram"]

# Pairs of spikes that are held in memory at once, at about 40 bytes each.
PAIRS_AT_ONCE = 2_000_000


def cross_correlogram(
    trains: SpikeTrains, units: Sequence[int] = (0, 1), bin_size: Any = 0.001, max_lag: Any = 0.05
) -> xr.Dataset:
    """Count how often one unit fires at each lag from the spikes of another in the same trial.

    Parameters
    ----------
    trains : SpikeTrains
        Any number of trials.
    units : (int, int)
        The reference unit and the other; the lag is positive where the other fires later. The same unit twice gives
        its autocorrelogram, without the pairs of a spike and itself.
    bin_size : float or Quantity
        Width of the bins of the lag in seconds.
    max_lag : float or Quantity
        Centre of the last bin, a whole number of bins. Bin j holds ``(j - 1/2)*bin_size <= lag < (j + 1/2)*bin_size``,
        so that lag 0 lies in the middle of a bin.

    Returns
    -------
    xarray.Dataset
        Over ``lag`` (s): ``count``, the pairs of spikes; ``rate``, the rate in Hz of the other unit at that lag from a
        spike of the reference, which counts only reference spikes for which the lag was observed; ``expected``, the
        count of two unrelated stationary trains with the same number of spikes in every trial; and with two trials or
        more ``shift``, the count that the trials give when each is paired with its neighbours (both orders averaged,
        scaled to the number of trials): what locking to the stimulus alone would give. Where trials were observed for
        unequal times, each pair of times is predicted from the trials that observed both, and ``shift_covered`` is the
        share of such pairs that two trials or more observed. Without spikes of the reference the rate is NaN.

    Raises
    ------
    ValueError
        The bin size does not divide the lag, or the lag is longer than the window.
    IndexError
        There is no such unit.

    Examples
    --------
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_arrays([[0.1, 0.5], [0.102, 0.499]], t_stop=1.0)
    >>> sl.analyses.cross_correlogram(trains, max_lag=0.002)["count"].values
    array([0, 1, 0, 0, 1])
    """
    import xarray as xr

    check_trains(trains, "cross_correlogram")
    first, second = read_pair(units, trains.n_units, "cross_correlogram", same=True)
    width, longest = seconds(bin_size, "bin_size"), seconds(max_lag, "max_lag")
    half = count_bins(0.0, longest, width, "cross_correlogram: bin_size")
    check_resolution(trains, width, "cross_correlogram: bin_size")
    if longest >= trains.duration:
        raise ValueError(
            f"cross_correlogram: max_lag must be shorter than the window of {trains.duration} s, got {longest} s"
        )
    lags: Floats = np.asarray(np.arange(-half, half + 1) * width, dtype=np.float64)
    one, other = trains.select_units([first]), trains.select_units([second])
    trial = np.arange(trains.n_trials)
    count = _pairs(one, other, trial, trial, width, half)
    if first == second:
        count[half] -= one.n_spikes
    n_one, n_other = one.counts()[:, 0], other.counts()[:, 0]
    length = np.diff(trains.observed, axis=1)
    overlap = np.maximum(length - np.abs(lags), 0)
    pairs = (n_one * (n_other - (first == second)))[:, None]
    expected = np.divide(pairs * overlap * width, length**2, out=np.zeros(overlap.shape), where=length > 0).sum(axis=0)
    followed = _observed_references(one, lags)
    rate = np.divide(count, followed * width, out=np.full(len(lags), np.nan), where=followed > 0)
    variables = {
        "count": ("lag", count, {"long_name": "pairs of spikes", "units": "1"}),
        "rate": ("lag", rate, {"long_name": "rate at the lag from a spike", "units": "Hz"}),
        "expected": ("lag", expected, {"long_name": "pairs of unrelated stationary trains", "units": "1"}),
    }
    if trains.n_trials >= 2:
        if trains.fully_observed:
            both = _pairs(one, other, trial[:-1], trial[1:], width, half)
            both += _pairs(one, other, trial[1:], trial[:-1], width, half)
            shift, covered = both * trains.n_trials / (2 * (trains.n_trials - 1)), np.ones(len(lags))
        else:
            shift, covered = shift_with_gaps(one, other, LagBins(width, half))
        variables["shift"] = ("lag", shift, {"long_name": "pairs across neighbouring trials", "units": "1"})
        variables["shift_covered"] = ("lag", covered, {"long_name": "share seen by two trials or more", "units": "1"})
    coords = {"lag": ("lag", lags, {"long_name": "lag", "units": "s"})}
    compared = id_labels([trains.unit_ids[first], trains.unit_ids[second]]).tolist()
    return xr.Dataset(variables, coords, {"units_compared": compared, "bin_size": width})


def autocorrelogram(trains: SpikeTrains, unit: int = 0, bin_size: Any = 0.001, max_lag: Any = 0.05) -> xr.Dataset:
    """Count how often a unit fires at each lag from its own spikes, the spike itself left out.

    Parameters
    ----------
    trains : SpikeTrains
        Any number of trials.
    unit : int
        The unit.
    bin_size, max_lag : float or Quantity
        As for `cross_correlogram`.

    Returns
    -------
    xarray.Dataset
        As from `cross_correlogram`; for a Poisson train ``rate`` is flat, a refractory period is a gap around lag 0,
        and a regular train shows peaks at the multiples of its interval.

    Examples
    --------
    >>> import spikelearn as sl
    >>> clock = sl.SpikeTrains.from_arrays([[0.1, 0.11, 0.12, 0.13]], t_stop=1.0)
    >>> found = sl.analyses.autocorrelogram(clock, bin_size=0.005, max_lag=0.01)
    >>> found["lag"].values, found["count"].values
    (array([-0.01 , -0.005,  0.   ,  0.005,  0.01 ]), array([3, 0, 0, 0, 3]))
    """
    return cross_correlogram(trains, (unit, unit), bin_size, max_lag)


def _pairs(
    one: SpikeTrains,
    other: SpikeTrains,
    trials_one: NDArray[np.int64],
    trials_other: NDArray[np.int64],
    width: float,
    half: int,
) -> NDArray[np.int64]:
    """Histogram of ``t_other - t_one`` over all pairs of spikes of the paired trials, shape (2*half + 1,)."""
    one, other = one.select_trials(trials_one), other.select_trials(trials_other)
    pair, n_bins = train_of(one.offsets), 2 * half + 1
    # Bin edges lie at (j - 1/2)*width; one bin more on either side leaves the decision to bin_indices.
    reach = (half + 1.5) * width
    key = sorting_key(train_of(other.offsets), other.times)
    first = np.searchsorted(key, sorting_key(pair, one.times - reach))
    last = np.searchsorted(key, sorting_key(pair, one.times + reach))
    counts = np.zeros(n_bins, dtype=np.int64)
    slack = one.slack + float(rounding(one.t_start, one.t_stop))
    done = np.concatenate([[0], np.cumsum(last - first)])
    begin = 0
    while begin < len(pair):
        end = max(int(np.searchsorted(done, done[begin] + PAIRS_AT_ONCE, side="right")) - 1, begin + 1)
        number = (last - first)[begin:end]
        lag = other.times[ranges(first[begin:end], number)] - np.repeat(one.times[begin:end], number)
        place = bin_indices(lag, -(half + 0.5) * width, width, n_bins, slack=slack)
        counts += np.bincount(place[(place >= 0) & (place < n_bins)], minlength=n_bins)
        begin = end
    return counts


def _observed_references(one: SpikeTrains, lags: Floats) -> NDArray[np.int64]:
    """Count for every lag the reference spikes for which ``t + lag`` was observed."""
    trial = np.arange(one.n_trials)[:, None]
    key = sorting_key(train_of(one.offsets), one.times)
    begin, end = one.observed[:, :1], one.observed[:, 1:]
    # A spike on a border but for rounding counts as on it, as in `spikelearn.spikes.binning`: the begin was observed,
    # the end was not.
    slack = float(rounding(one.t_start, one.t_stop)) + one.slack
    last = np.searchsorted(key, sorting_key(trial, end - lags - slack))
    first = np.searchsorted(key, sorting_key(trial, begin - lags - slack))
    # A lag beyond the trial's own length leaves no reference, whatever the order of the two borders.
    low, high = one.offsets[:-1, None], one.offsets[1:, None]
    return np.asarray(np.maximum(np.clip(last, low, high) - np.clip(first, low, high), 0).sum(axis=0))
