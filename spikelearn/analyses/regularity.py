"""How regular spike trains are: interval statistics, rate and Fano factor, per trial and unit or pooled over trials.

Every function gives NaN where its quantity is not defined: an interval needs two spikes, a coefficient of variation
two intervals. Intervals and pairs of intervals never cross from one trial to the next, also where trials are pooled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.analyses.segments import interval_pairs, intervals_of, label, sums_per_train
from spikelearn.arrays import Floats
from spikelearn.parameters.units import seconds
from spikelearn.spikes.construction import check_trains
from spikelearn.spikes.ids import id_labels

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["cv", "cv2", "fano_factor", "intervals", "isi", "lv", "lvr", "rate", "regularity"]


def intervals(trains: SpikeTrains) -> xr.DataArray:
    """List every inter-spike interval in seconds, with the trial and unit it belongs to and when it began.

    Parameters
    ----------
    trains : SpikeTrains
        Any number of trials and units.

    Returns
    -------
    xarray.DataArray, shape (n_intervals,)
        In the order trial, unit, time, with the coordinates trial, unit and start along ``interval``.

    Examples
    --------
    >>> import spikelearn as sl
    >>> sl.analyses.intervals(sl.SpikeTrains.from_arrays([[0.25, 0.5, 1.0]], t_stop=2.0)).values
    array([0.25, 0.5 ])
    """
    import xarray as xr

    values, lengths = intervals_of(trains)
    train = np.repeat(np.arange(len(lengths)), lengths)
    last = np.zeros(trains.n_spikes, dtype=bool)
    last[trains.offsets[1:][np.diff(trains.offsets) > 0] - 1] = True
    units = max(trains.n_units, 1)
    coords = {
        "trial": ("interval", id_labels(trains.trial_ids)[train // units]),
        "unit": ("interval", id_labels(trains.unit_ids)[train % units]),
        "start": ("interval", trains.times[~last], {"units": "s"}),
    }
    attrs = {"long_name": "inter-spike interval", "units": "s"}
    return xr.DataArray(values, coords, ("interval",), name="intervals", attrs=attrs)


def isi(trains: SpikeTrains, *, pooled: bool = False) -> xr.DataArray:
    """Give the mean inter-spike interval in seconds; `intervals` lists all of them.

    Parameters
    ----------
    trains : SpikeTrains
        Any number of trials and units.
    pooled : bool
        Whether to put the intervals of all trials of a unit together.

    Returns
    -------
    xarray.DataArray, shape (n_trials, n_units), or (n_units,) if pooled
        NaN for fewer than two spikes.

    Examples
    --------
    >>> import spikelearn as sl
    >>> sl.analyses.isi(sl.SpikeTrains.from_arrays([[0.25, 0.5, 1.25], [0.5]], t_stop=2.0)).values
    array([[0.5, nan]])
    """
    values, lengths = intervals_of(trains)
    n = _gather(lengths, trains, pooled)
    mean = _ratio(_gather(sums_per_train(values, lengths), trains, pooled), n)
    return label(mean, trains, "isi", "mean inter-spike interval", "s")


def cv(trains: SpikeTrains, *, pooled: bool = False) -> xr.DataArray:
    """Give the coefficient of variation of the inter-spike intervals: their standard deviation over their mean.

    Parameters
    ----------
    trains : SpikeTrains
        Any number of trials and units.
    pooled : bool
        Whether to put the intervals of all trials of a unit together.

    Returns
    -------
    xarray.DataArray, shape (n_trials, n_units), or (n_units,) if pooled
        0 for a clock, 1 for a long Poisson train. The standard deviation divides by the number of intervals. NaN for
        fewer than two intervals: one interval has no spread.

    Examples
    --------
    >>> import spikelearn as sl
    >>> float(sl.analyses.cv(sl.SpikeTrains.from_arrays([[0.0, 0.25, 1.0]], t_stop=2.0))[0, 0])
    0.5
    """
    values, lengths = intervals_of(trains)
    n = _gather(lengths, trains, pooled)
    mean = _ratio(_gather(sums_per_train(values, lengths), trains, pooled), n)
    centre = np.broadcast_to(mean, (trains.n_trials, trains.n_units)).ravel()
    squares = _gather(sums_per_train((values - np.repeat(centre, lengths)) ** 2, lengths), trains, pooled)
    result = np.where(n >= 2, _ratio(np.sqrt(_ratio(squares, n)), mean), np.nan)
    return label(result, trains, "cv", "coefficient of variation of the intervals", "1")


def cv2(trains: SpikeTrains, *, pooled: bool = False) -> xr.DataArray:
    """Give the local coefficient of variation CV2, the mean of 2 |I' - I| / (I' + I) over neighbouring intervals.

    Parameters
    ----------
    trains : SpikeTrains
        Any number of trials and units.
    pooled : bool
        Whether to put the pairs of all trials of a unit together.

    Returns
    -------
    xarray.DataArray, shape (n_trials, n_units), or (n_units,) if pooled
        0 for a clock, 1 for a Poisson train; blind to slow changes of the rate. NaN for fewer than two intervals, and
        where three spikes have the same time.

    References
    ----------
    Holt, Softky, Koch and Douglas (1996), J. Neurophysiol. 75, 1806, Eq. (3).

    Examples
    --------
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_arrays([[0.0, 0.25, 1.0]], t_stop=2.0)
    >>> float(sl.analyses.cv2(trains)[0, 0]), 2 * (0.75 - 0.25) / (0.75 + 0.25)
    (1.0, 1.0)
    """
    first, second, lengths = interval_pairs(trains)
    term = 2 * np.abs(_ratio(second - first, second + first))
    return label(_mean_term(term, lengths, trains, pooled), trains, "cv2", "local variation CV2", "1")


def lv(trains: SpikeTrains, *, pooled: bool = False) -> xr.DataArray:
    """Give the local variation LV, the mean of 3 (I - I')^2 / (I + I')^2 over neighbouring intervals.

    Parameters
    ----------
    trains : SpikeTrains
        Any number of trials and units.
    pooled : bool
        Whether to put the pairs of all trials of a unit together.

    Returns
    -------
    xarray.DataArray, shape (n_trials, n_units), or (n_units,) if pooled
        0 for a clock, 1 for a Poisson train. NaN for fewer than two intervals, and where three spikes have the same
        time.

    References
    ----------
    Shinomoto, Shima and Tanji (2003), Neural Comput. 15, 2823, Eq. (2.2).

    Examples
    --------
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_arrays([[0.0, 0.25, 1.0]], t_stop=2.0)
    >>> float(sl.analyses.lv(trains)[0, 0]), 3 * (0.75 - 0.25) ** 2 / (0.75 + 0.25) ** 2
    (0.75, 0.75)
    """
    first, second, lengths = interval_pairs(trains)
    term = 3 * _ratio(second - first, second + first) ** 2
    return label(_mean_term(term, lengths, trains, pooled), trains, "lv", "local variation LV", "1")


def lvr(trains: SpikeTrains, refractoriness: Any = 0.005, *, pooled: bool = False) -> xr.DataArray:
    """Give LVR, the local variation revised for the refractory period R.

    It is the mean of 3 (1 - 4 I I' / (I + I')^2) (1 + 4 R / (I + I')) over neighbouring intervals I and I'.

    Parameters
    ----------
    trains : SpikeTrains
        Any number of trials and units.
    refractoriness : float or Quantity
        The constant R in seconds; 5 ms is what the authors chose.
    pooled : bool
        Whether to put the pairs of all trials of a unit together.

    Returns
    -------
    xarray.DataArray, shape (n_trials, n_units), or (n_units,) if pooled
        NaN for fewer than two intervals, and where three spikes have the same time.

    Raises
    ------
    ValueError
        The refractoriness is negative or no time.

    References
    ----------
    Shinomoto et al. (2009), PLoS Comput. Biol. 5, e1000433, Eq. (3).

    Examples
    --------
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_arrays([[0.0, 0.25, 1.0]], t_stop=2.0)
    >>> float(sl.analyses.lvr(trains, "0 ms")[0, 0])  # as LV
    0.75
    >>> round(float(sl.analyses.lvr(trains, "5 ms")[0, 0]), 3), 0.75 * (1 + 4 * 0.005)
    (0.765, 0.765)
    """
    constant = seconds(refractoriness, "lvr: refractoriness")
    if constant < 0:
        raise ValueError(f"lvr: refractoriness must not be negative, got {constant} s")
    first, second, lengths = interval_pairs(trains)
    total = second + first
    term = 3 * (1 - 4 * _ratio(first * second, total**2)) * (1 + 4 * _ratio(np.full_like(total, constant), total))
    return label(_mean_term(term, lengths, trains, pooled), trains, "lvr", "revised local variation LVR", "1")


def rate(trains: SpikeTrains, *, pooled: bool = False) -> xr.DataArray:
    """Give the mean firing rate in Hz: spikes over the time in which the trial was observed.

    Parameters
    ----------
    trains : SpikeTrains
        Any number of trials and units.
    pooled : bool
        Whether to put all trials of a unit together.

    Returns
    -------
    xarray.DataArray, shape (n_trials, n_units), or (n_units,) if pooled
        0 for a silent train; NaN where nothing was observed.

    Examples
    --------
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_trials([[[0.1, 0.4], []], [[0.3], [0.9]]], t_stop=1.0)
    >>> sl.analyses.rate(trains).values
    array([[2., 0.],
           [1., 1.]])
    >>> sl.analyses.rate(trains, pooled=True).values
    array([1.5, 0.5])
    """
    check_trains(trains, "rate")
    length = np.repeat(np.diff(trains.observed, axis=1), trains.n_units, axis=1)
    counts = _gather(trains.counts().astype(np.float64).ravel(), trains, pooled)
    result = _ratio(counts, _gather(length.ravel(), trains, pooled))
    return label(result, trains, "rate", "firing rate", "Hz")


def fano_factor(trains: SpikeTrains, *, window: Any = None) -> xr.DataArray:
    """Give the Fano factor of the spike counts of every unit: their variance over their mean.

    Parameters
    ----------
    trains : SpikeTrains
        At least two trials, unless `window` cuts the trials into more counts.
    window : float or Quantity, optional
        Count in consecutive windows of this length, which must divide the observed window, and put the counts of all
        trials together. By default one count a trial.

    Returns
    -------
    xarray.DataArray, shape (n_units,)
        1 for Poisson counts. The variance divides by the number of counts. NaN for a silent unit.

    Raises
    ------
    ValueError
        There are fewer than two counts, or trials were observed for unequal times and `window` is not given.

    Examples
    --------
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_trials([[[0.1]], [[0.1, 0.4, 0.7]]], t_stop=1.0)  # counts 1 and 3
    >>> float(sl.analyses.fano_factor(trains)[0])
    0.5
    >>> poisson = sl.sources.HomogeneousPoisson(rate="20 Hz").sample(2000, seed=0, n_units=1)
    >>> round(float(sl.analyses.fano_factor(poisson)[0]), 2)  # 1, with a standard error of 0.03
    1.02
    """
    check_trains(trains, "fano_factor")
    if window is None:
        if not trains.fully_observed:
            raise ValueError(
                "fano_factor: counts of trials that were observed for unequal times cannot be compared; "
                "pass window= or restrict() to the part that all trials share"
            )
        counts = trains.counts().astype(np.float64)
    else:
        seen = trains.observed_bins(window)
        counts = trains.binned(window).transpose(0, 2, 1)[seen].astype(np.float64)
    if len(counts) < 2:
        raise ValueError(f"fano_factor must get at least two counts, got {len(counts)}; add trials or pass window=")
    result = _ratio(counts.var(axis=0), counts.mean(axis=0))
    return label(result, trains, "fano_factor", "Fano factor of the spike count", "1")


def regularity(trains: SpikeTrains, refractoriness: Any = 0.005, *, pooled: bool = False) -> pd.DataFrame:
    """Tabulate spikes, rate, mean interval, CV, CV2, LV and LVR.

    Parameters
    ----------
    trains : SpikeTrains
        Any number of trials and units.
    refractoriness : float or Quantity
        The constant of `lvr`, in seconds.
    pooled : bool
        Whether to put all trials of a unit together; the table then has a Fano factor as well, NaN where there are
        fewer than two trials or they were observed for unequal times.

    Returns
    -------
    pandas.DataFrame
        One row a trial and unit with the columns trial, unit (their ids), spikes, rate (Hz), isi (s), cv, cv2, lv, lvr;
        or one row a unit. NaN where a quantity is not defined.

    Examples
    --------
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_arrays([[0.0, 0.25, 1.0], [0.5, 1.0, 1.5]], t_stop=2.0, unit_ids=["A3", "B1"])
    >>> sl.analyses.regularity(trains)[["unit", "spikes", "rate", "cv", "cv2", "lv"]]
      unit  spikes  rate   cv  cv2    lv
    0   A3       3   1.5  0.5  1.0  0.75
    1   B1       3   1.5  0.0  0.0  0.00
    """
    import pandas as pd

    check_trains(trains, "regularity")
    counts = trains.counts().sum(axis=0) if pooled else trains.counts()
    trial, unit = (index.ravel() for index in np.indices((trains.n_trials, trains.n_units)))
    units, trials = id_labels(trains.unit_ids), id_labels(trains.trial_ids)
    columns: dict[str, Any] = {"unit": units} if pooled else {"trial": trials[trial], "unit": units[unit]}
    columns["spikes"] = counts.ravel()
    for function in (rate, isi, cv, cv2, lv):
        columns[function.__name__] = function(trains, pooled=pooled).values.ravel()
    columns["lvr"] = lvr(trains, refractoriness, pooled=pooled).values.ravel()
    if pooled:
        comparable = trains.fully_observed and trains.n_trials >= 2
        columns["fano_factor"] = fano_factor(trains).values if comparable else np.full(trains.n_units, np.nan)
    frame = pd.DataFrame(columns)
    frame.attrs.update({"rate": "Hz", "isi": "s"})
    return frame


def _gather(per_train: NDArray[Any], trains: SpikeTrains, pooled: bool) -> Floats:
    shaped = per_train.reshape(trains.n_trials, trains.n_units).astype(np.float64)
    return np.asarray(shaped.sum(axis=0) if pooled else shaped)


def _ratio(above: Floats, below: Floats) -> Floats:
    """Divide, with NaN and no warning where the divisor is 0."""
    return np.asarray(np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below != 0))


def _mean_term(term: Floats, lengths: NDArray[np.int64], trains: SpikeTrains, pooled: bool) -> Floats:
    return _ratio(_gather(sums_per_train(term, lengths), trains, pooled), _gather(lengths, trains, pooled))
