"""The joint peri-stimulus time histogram of two units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelearn.analyses.jpsth_dataset import band_bins, jpsth_dataset
from spikelearn.analyses.jpsth_moments import NORMALIZATIONS, PREDICTORS, as_factors, check_choice, joint_moments
from spikelearn.analyses.unit_pairs import read_pair
from spikelearn.spikes.binning import read_window
from spikelearn.spikes.construction import check_trains
from spikelearn.spikes.ids import id_labels

if TYPE_CHECKING:
    import xarray as xr

    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["BinnedUnits", "bin_units", "jpsth"]


class BinnedUnits(NamedTuple):
    """Counts of some units in the bins of a window."""

    counts: NDArray[np.int64]  # (n_trials, n_units, n_bins)
    observed: NDArray[np.bool_] | None  # (n_trials, n_bins), None where every trial observed every bin
    t_start: float
    width: float


def bin_units(trains: SpikeTrains, units: Sequence[int], bin_size: Any, window: Any, where: str) -> BinnedUnits:
    """Bin some units and check that a joint histogram of them can be made.

    Raises
    ------
    ValueError
        There are fewer than two trials, the bin size does not divide the window, the window was not observed, or a
        unit has no spikes in it.
    IndexError
        There is no such unit.
    """
    if trains.n_trials < 2:
        raise ValueError(f"{where} must have at least two trials to tell correlation from rates, got {trains.n_trials}")
    first, last = (None, None) if window is None else _pair(window, where)
    start, stop, width, _ = read_window(trains, bin_size, first, last, where)
    chosen = trains.select_units(list(units))
    counts = chosen.binned(width, t_start=start, t_stop=stop)
    seen = chosen.observed_bins(width, t_start=start, t_stop=stop)
    gaps = None if seen.all() else seen
    if gaps is not None:
        counts = counts * gaps[:, None, :]
    silent = [trains.unit_ids[unit] for unit, total in zip(units, counts.sum(axis=(0, 2)), strict=True) if total == 0]
    if silent:
        names = ", ".join(str(unit) for unit in silent)
        raise ValueError(
            f"{where}: every unit must have spikes in the window [{start}, {stop}) s, but unit {names} has none; "
            "its correlation is undefined"
        )
    return BinnedUnits(counts, gaps, start, width)


def jpsth(
    trains: SpikeTrains,
    units: Sequence[int] = (0, 1),
    bin_size: Any = 0.01,
    window: Any = None,
    predictor: str = "psth",
    normalization: str = "population",
    *,
    unbiased: bool = False,
    half_width: Any = 0.0,
) -> xr.Dataset:
    """Count how often two units fire together, at every pair of times after the stimulus.

    Entry (m, n) of the raw histogram is the mean over trials of (spikes of the first unit in bin m) x (spikes of the
    second in bin n). The predictor is what the two firing rates alone would give; what remains is the covariance of
    the counts, and over their standard deviations, the correlation.

    Parameters
    ----------
    trains : SpikeTrains
        At least two trials. Where trials were observed for different times, every pair of bins uses the trials that
        observed both from end to end, in its predictor too.
    units : pair of int
        Positions of the first, along ``time_1``, and the second, along ``time_2``; their ids are in ``attrs``.
    bin_size : float or Quantity
        Seconds; must divide the window. Bins are half-open.
    window : pair of float or Quantity, optional
        ``(start, stop)`` in seconds; the whole window of `trains` unless given.
    predictor : {"psth", "shift", "shuffle"}
        "psth": product of the PSTHs. "shift": trials paired with their neighbours, in both orders, the last not with
        the first. "shuffle": mean over all ordered pairs of different trials.
    normalization : {"population", "sample"}
        Divide by standard deviations over ``n_trials`` (a perfect correlation is then 1) or over ``n_trials - 1`` (it
        is ``(n_trials - 1)/n_trials``, as in the Matlab toolbox). With the unbiased covariances of "shift" and
        "shuffle", "sample" is the one that gives 1.
    unbiased : bool
        Multiply the covariance of the "psth" predictor, whose expectation is ``(1 - 1/n_trials)`` of the truth, by
        ``n_trials/(n_trials - 1)``. "shift" and "shuffle" have no such bias and stay as they are.
    half_width : float or Quantity
        The coincidence histogram averages the covariance over lags up to this, a whole number of bins.

    Returns
    -------
    xarray.Dataset
        ``raw``, ``predictor``, ``corrected`` and ``normalized`` over (time_1, time_2), ``psth_1`` and ``psth_2`` in
        spikes per bin, ``coincidence`` over time (mean of ``corrected`` near the diagonal) and ``covariogram`` over
        lag (sum of ``corrected`` along a diagonal; positive lag: the second unit fires later). Times are the centres
        of bins, in seconds. ``normalized`` is NaN in bins where a count never varies, such as bins without a
        spike; ``attrs["undefined_bins"]`` says how many.

    Raises
    ------
    ValueError
        Fewer than two trials, a unit without spikes in the window, a bin size that does not divide the window, a
        window that was not observed, or an unknown choice.
    IndexError
        There is no such unit.

    References
    ----------
    002 Q3, its definition of the JPSTH. Aertsen, Gerstein, Habib and Palm (1989), J. Neurophysiol. 61, 900-917.

    Examples
    --------
    >>> from spikelearn import SpikeTrains
    >>> trains = SpikeTrains.from_trials([[[0.01], [0.01]], [[0.03], [0.03]]], t_stop=0.04)
    >>> jpsth(trains, bin_size=0.02).normalized.values
    array([[ 1., -1.],
           [-1.,  1.]])
    """
    check_choice("predictor", predictor, PREDICTORS)
    check_choice("normalization", normalization, NORMALIZATIONS)
    check_trains(trains, "jpsth")
    units = read_pair(units, trains.n_units, "jpsth")
    binned = bin_units(trains, units, bin_size, window, "jpsth")
    band_bins(half_width, binned.width)
    first, second = as_factors(binned.counts)
    moments = joint_moments(
        first,
        second,
        observed=binned.observed,
        predictor=predictor,
        normalization=normalization,
        unbiased=unbiased,
    )
    result = jpsth_dataset(moments, binned.t_start, binned.width, half_width=half_width)
    result.attrs.update(
        n_trials=trains.n_trials,
        unit_1=id_labels([trains.unit_ids[units[0]]])[0].item(),
        unit_2=id_labels([trains.unit_ids[units[1]]])[0].item(),
        predictor_kind=predictor,
        normalization=normalization,
        unbiased=int(unbiased),
        kind="measured",
    )
    return result


def _pair(window: Any, where: str) -> tuple[Any, Any]:
    try:
        first, last = window
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: window must be a pair of times (start, stop), got {window!r}") from error
    return first, last
