"""Is there fine-timed correlation? A correlogram beside those of surrogates, lag by lag and all lags together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.analyses.dithering import dither_plan, shift_plan
from spikelearn.analyses.jittering import jitter_plan, pattern_plan, shuffle_plan
from spikelearn.analyses.resampling import Plan, rows_of
from spikelearn.analyses.unit_pairs import read_pair
from spikelearn.arrays import Floats, Integers
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.seeds import generator
from spikelearn.parameters.units import seconds
from spikelearn.spikes.binning import check_resolution, count_bins, rounding
from spikelearn.spikes.construction import check_trains
from spikelearn.spikes.ids import id_labels

if TYPE_CHECKING:
    import xarray as xr

    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["correlogram_significance"]

_METHODS: dict[str, tuple[Callable[..., Plan], dict[str, Any]]] = {
    "pattern_jitter": (pattern_plan, {"window": 0.02, "history": 0.01, "resolution": None}),
    "jitter_spikes": (jitter_plan, {"bin_size": 0.02}),
    "dither_spikes": (dither_plan, {"dither": 0.01, "refractory_period": None}),
    "dither_spike_train": (shift_plan, {"shift": 0.1}),
    "shuffle_isis": (shuffle_plan, {}),
}


def correlogram_significance(
    trains: SpikeTrains,
    units: Sequence[int] = (0, 1),
    bin_size: Any = 0.001,
    max_lag: Any = 0.05,
    *,
    method: str = "pattern_jitter",
    n_surrogates: int = 999,
    alpha: float = 0.05,
    seed: int | None = None,
    **options: Any,
) -> xr.Dataset:
    """Test the cross-correlogram of two units against surrogates of the second, and draw bands for no correlation.

    The spikes of the second unit are moved as `method` says, those of the first stay; the null hypothesis is that the
    moved trains are as likely as the recorded one, whatever the first unit did. The pointwise band holds each lag on
    its own; the family-wise band holds all lags together: under the null hypothesis any count at all leaves it with
    the chance `alpha`. Its statistic is the largest deviation from the mean in standard deviations, mean and deviation
    being taken over the surrogates and the data together, so that p is exact where the surrogates are.

    Parameters
    ----------
    trains, units, bin_size, max_lag
        As in `cross_correlogram`, of two different units. Trials that were observed for unequal times are welcome: no
        spike is moved out of what was observed of its trial.
    method : {"pattern_jitter", "jitter_spikes", "dither_spikes", "dither_spike_train", "shuffle_isis"}
        The function that makes the surrogates. Only the first two are made for tests; see Notes.
    n_surrogates : int
        How many; the smallest possible p is ``1/(n_surrogates + 1)``.
    alpha : float
        Between 0 and 1.
    seed : int, optional
        Of the random numbers; a different one each time if not given.
    **options
        Arguments of the method. If not given: ``window`` 20 ms and ``history`` 10 ms for pattern_jitter, ``bin_size``
        20 ms for jitter_spikes (as ``jitter=``), ``dither`` 10 ms, ``shift`` 100 ms.

    Returns
    -------
    xarray.Dataset
        Over ``lag`` (s): ``count``; ``mean`` of the surrogates, the prediction; ``lower`` and ``upper``, the pointwise
        band, and ``p_pointwise``, both ends together; ``lower_all`` and ``upper_all``, the family-wise band,
        ``p_value``, corrected for all lags, and ``significant``, where the count leaves that band. ``p``: of the
        correlogram as a whole; ``maxima`` over surrogate: their statistics.

    Raises
    ------
    ValueError
        As in `cross_correlogram` and in the method, or a number is out of range.

    Notes
    -----
    Choose the window by the question: correlation slower than the window is part of the null hypothesis. With the
    method "pattern_jitter" the chance of a false alarm is `alpha` for Poisson, refractory and bursting cells; with
    "jitter_spikes" two cells with regular bursts are found correlated nine times as often as that. "dither_spikes" and
    "shuffle_isis" are heuristics without such a promise.

    References
    ----------
    Amarasingham, Harrison, Hatsopoulos and Geman (2012), J. Neurophysiol. 107, 517-531: acceptance bands, pointwise and
    simultaneous. Harrison and Geman (2009), Neural Comput. 21, 1244-1258.

    Examples
    --------
    >>> import spikelearn as sl
    >>> source = sl.sources.CommonDrive(rate="10 Hz", drive_rate="10 Hz", alpha=0.5, tau="2 ms")
    >>> found = correlogram_significance(source.sample(20, t_stop=5.0, seed=1), n_surrogates=199, seed=1)
    >>> float(found.p), float(found.lag[found["count"].values.argmax()])
    (0.005, 0.0)
    """
    import xarray as xr

    where = "correlogram_significance"
    check_trains(trains, where)
    first, second = read_pair(units, trains.n_units, where)
    if not 0 < alpha < 1:
        raise ValueError(f"{where}: alpha must lie between 0 and 1, got {alpha}")
    n = whole_number(f"{where}: n_surrogates", n_surrogates)
    if n + 1 < 2 / alpha - 1e-9:
        raise ValueError(f"{where}: n_surrogates must be at least 2/alpha - 1 = {2 / alpha - 1:g}, got {n}")
    width, longest = seconds(bin_size, "bin_size"), seconds(max_lag, "max_lag")
    half = count_bins(0.0, longest, width, f"{where}: bin_size")
    check_resolution(trains, width, f"{where}: bin_size")
    if longest >= trains.duration:
        raise ValueError(f"{where}: max_lag must be shorter than the window of {trains.duration} s, got {longest} s")
    plan = _plan(trains.select_units([second]), method, options, where)
    observed, counts = _counts(trains.select_units([first]), plan, n, width, half, seed)
    both = np.vstack([observed, counts])
    mean, deviation = both.mean(axis=0), both.std(axis=0)
    score = np.divide(np.abs(both - mean), deviation, out=np.zeros(both.shape), where=deviation > 0)
    maxima = score[1:].max(axis=1)
    ordered = np.sort(maxima)
    p_value = (1 + n - np.searchsorted(ordered, score[0], side="left")) / (n + 1)
    # Both bands are left where p is not above alpha.
    threshold = ordered[n - int(alpha * (n + 1) * (1 + 1e-12))]
    in_order = np.sort(counts, axis=0)
    rank = int(alpha / 2 * (n + 1) * (1 + 1e-12))
    above, below = (counts >= observed).sum(axis=0), (counts <= observed).sum(axis=0)
    data = {
        "count": (observed, "pairs of spikes"),
        "mean": (counts.mean(axis=0), "pairs of spikes in surrogates"),
        "lower": (in_order[rank - 1], "pointwise band, lower end"),
        "upper": (in_order[n - rank], "pointwise band, upper end"),
        "p_pointwise": (np.minimum(2 * (1 + np.minimum(above, below)) / (n + 1), 1.0), "p of each lag on its own"),
        "lower_all": (mean - threshold * deviation, "family-wise band, lower end"),
        "upper_all": (mean + threshold * deviation, "family-wise band, upper end"),
        "p_value": (p_value, "p corrected for all lags"),
        "significant": (p_value <= alpha, "outside the family-wise band"),
    }
    lags: Floats = np.asarray(np.arange(-half, half + 1) * width, dtype=np.float64)
    return xr.Dataset(
        {
            **{name: ("lag", values, {"long_name": text, "units": "1"}) for name, (values, text) in data.items()},
            "p": p_value.min(),
            "maxima": ("surrogate", maxima),
        },
        coords={"lag": ("lag", lags, {"long_name": "lag", "units": "s"})},
        attrs={
            "units_compared": id_labels([trains.unit_ids[first], trains.unit_ids[second]]).tolist(),
            "bin_size": width,
            "alpha": alpha,
            "n_surrogates": n,
            "method": method,
            **{name: value for name, value in plan.options.items() if value is not None and name != "bin_size"},
        },
    )


def _plan(trains: SpikeTrains, method: str, options: dict[str, Any], where: str) -> Plan:
    if method not in _METHODS:
        raise ValueError(unknown_name(where, "method", str(method), _METHODS))
    make, usual = _METHODS[method]
    names = {"jitter": "bin_size"} if method == "jitter_spikes" else {name: name for name in usual}
    for name in options:
        if name not in names:
            raise ValueError(unknown_name(where, f"option of {method}", str(name), names))
    return make(trains, **(usual | {names[name]: value for name, value in options.items()}))


def _counts(
    one: SpikeTrains, plan: Plan, n: int, width: float, half: int, seed: int | None
) -> tuple[Integers, Integers]:
    """Count the lags of the recorded trains, shape (n_bins,), and of the surrogates, shape (n, n_bins)."""
    from spikelearn.analyses.resampling_kernels import count_lags

    other = plan.trains
    slack = other.slack + float(rounding(other.t_start, other.t_stop))

    def add(rows: Floats, counts: Integers) -> None:
        count_lags(one.times, one.offsets, rows, other.offsets, width, half, slack, counts)

    observed, counts = np.zeros((1, 2 * half + 1), dtype=np.int64), np.zeros((n, 2 * half + 1), dtype=np.int64)
    add(other.times[np.newaxis], observed)
    at = 0
    for rows in rows_of(plan, n, generator(seed)):
        add(rows, counts[at : at + len(rows)])
        at += len(rows)
    return observed[0], counts
