"""Is there any correlation at all? Surrogates made by pairing trials that do not belong together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.analyses.joint_psth import bin_units
from spikelearn.analyses.jpsth_dataset import band_bins, near_diagonal
from spikelearn.analyses.unit_pairs import read_pair
from spikelearn.arrays import Floats
from spikelearn.parameters.seeds import generator
from spikelearn.progress import progress_bar
from spikelearn.spikes.binning import bin_centers
from spikelearn.spikes.construction import check_trains

if TYPE_CHECKING:
    import xarray as xr

    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["jpsth_bootstrap", "jpsth_significance"]


def jpsth_significance(
    trains: SpikeTrains,
    units: Sequence[int] = (0, 1),
    bin_size: Any = 0.01,
    window: Any = None,
    *,
    n_surrogates: int = 999,
    alpha: float = 0.05,
    seed: int | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Test a JPSTH against trials shuffled between the units, correcting for the many bins by the maximum statistic.

    The trials of the second unit are permuted; the largest absolute entry of the normalized JPSTH over all bins is the
    statistic. A bin is significant where it exceeds the largest bin of all but a share `alpha` of the surrogates, so
    the chance of any false positive anywhere is `alpha`. The null hypothesis is that the trials of the two units are
    independent and exchangeable: a gain or drift that both share over trials is an effect, not part of it.

    Parameters
    ----------
    trains, units, bin_size, window
        As in `jpsth`; every trial must have been observed throughout the window.
    n_surrogates : int
        Random permutations; the smallest possible p is ``1/(n_surrogates + 1)``.
    alpha : float
        Between 0 and 1.
    seed : int, optional
        For `numpy.random.default_rng`.
    progress : bool
        Whether to show a progress bar when it takes longer than two seconds.

    Returns
    -------
    xarray.Dataset
        ``normalized``, ``p_value`` (corrected for all bins) and ``significant`` over (time_1, time_2); ``p`` of the
        whole histogram; ``threshold``, which an entry must exceed; ``maxima`` over surrogate. Bins whose count never
        varies have ``normalized`` NaN and ``p_value`` 1.

    Raises
    ------
    ValueError
        As in `jpsth`, or a trial was not observed throughout, or a number is out of range.

    References
    ----------
    Nichols and Holmes (2002), Hum. Brain Mapp. 15, 1-25: maximum statistics by permutation.

    Examples
    --------
    >>> from spikelearn.sources import GainModulatedPoisson
    >>> trains = GainModulatedPoisson(rate="40 Hz", gamma=0.5).sample(200, seed=0)
    >>> float(jpsth_significance(trains, bin_size=0.1, n_surrogates=199, seed=0).p)
    0.005
    """
    import xarray as xr

    where = "jpsth_significance"
    first, second, start, width = _complete_counts(trains, units, bin_size, window, n_surrogates, alpha, where)
    a, b = standardized(first), standardized(second)
    observed = np.abs(a.T @ b)
    rng = generator(seed)
    maxima = np.empty(n_surrogates)
    for k in progress_bar(range(n_surrogates), shown=progress, desc="surrogates"):
        surrogate = a.T @ b[rng.permutation(len(b))]
        maxima[k] = max(surrogate.max(), -surrogate.min())
    ordered = np.sort(maxima)
    # Single precision adds the same products in another order; an equal surrogate must count as equal.
    larger = n_surrogates - np.searchsorted(ordered, observed * (1 - 1e-5), side="left")
    p_value = (1 + larger) / (n_surrogates + 1)
    rank = int(np.ceil((1 - alpha) * (n_surrogates + 1))) - 1
    normalized = (a.T @ b).astype(np.float64)
    undefined = np.logical_or.outer(~a.any(axis=0), ~b.any(axis=0))
    normalized[undefined], p_value[undefined] = np.nan, 1.0
    centers = bin_centers(start, width, first.shape[1])
    plane = ("time_1", "time_2")
    return xr.Dataset(
        {
            "normalized": (plane, normalized),
            "p_value": (plane, p_value),
            "significant": (plane, p_value <= alpha),
            "p": p_value.min(),
            "threshold": ordered[rank] if rank < n_surrogates else np.inf,
            "maxima": ("surrogate", maxima),
        },
        coords={"time_1": ("time_1", centers, {"units": "s"}), "time_2": ("time_2", centers, {"units": "s"})},
        attrs={"alpha": alpha, "n_surrogates": n_surrogates, "bin_size": width, "n_trials": trains.n_trials},
    )


def jpsth_bootstrap(
    trains: SpikeTrains,
    units: Sequence[int] = (0, 1),
    bin_size: Any = 0.01,
    window: Any = None,
    *,
    half_width: Any = 0.0,
    n_surrogates: int = 999,
    alpha: float = 0.05,
    seed: int | None = None,
) -> xr.Dataset:
    """Test the time course of synchrony as a whole: one p for the normalized JPSTH near its diagonal.

    Under the null hypothesis the trials of the two units are drawn independently of each other: each is resampled with
    replacement, PSTHs and standard deviations included. That gives a band around zero at every time; the
    statistic is the area by which the time course leaves the band, and p its rank among the resampled ones.

    Parameters
    ----------
    trains, units, bin_size, window, half_width
        As in `jpsth`; every trial must have been observed throughout the window.
    n_surrogates, alpha, seed
        Resamplings, share of them that leave the band at any one time, and seed.

    Returns
    -------
    xarray.Dataset
        ``coincidence`` (from the normalized histogram), ``lower`` and ``upper`` over time; ``area`` (correlation x s)
        and ``p``.

    Raises
    ------
    ValueError
        As in `jpsth_significance`.

    References
    ----------
    After Ventura, Cai and Kass (2005), J. Neurophysiol. 94, 2928-2939, who smooth the time course before.

    Examples
    --------
    >>> from spikelearn.sources import GainModulatedPoisson
    >>> trains = GainModulatedPoisson(rate="40 Hz", gamma=0.5).sample(200, seed=0)
    >>> float(jpsth_bootstrap(trains, bin_size=0.1, n_surrogates=199, seed=0).p)
    0.005
    """
    import xarray as xr

    where = "jpsth_bootstrap"
    first, second, start, width = _complete_counts(trains, units, bin_size, window, n_surrogates, alpha, where)
    half_bins = band_bins(half_width, width)
    rng = generator(seed)
    k = len(first)

    def course(a: NDArray[np.int64], b: NDArray[np.int64]) -> Floats:
        matrix = standardized(a).T @ standardized(b)
        return near_diagonal(matrix.astype(np.float64), half_bins)

    observed = course(first, second)
    null = np.empty((n_surrogates, first.shape[1]))
    for row in null:
        row[:] = course(first[rng.integers(k, size=k)], second[rng.integers(k, size=k)])
    # The observed course helps to draw the band too: were it the only one that does not, it would leave the band more
    # often than the others, and p would come out too small.
    lower, upper = np.quantile(np.vstack([observed, null]), [alpha / 2, 1 - alpha / 2], axis=0)

    def area(values: Floats) -> Floats:
        result: Floats = width * (np.maximum(values - upper, 0) + np.maximum(lower - values, 0)).sum(axis=-1)
        return result

    beyond = area(observed)
    p = (1 + int((area(null) >= beyond).sum())) / (n_surrogates + 1)
    return xr.Dataset(
        {
            "coincidence": ("time", observed),
            "lower": ("time", lower),
            "upper": ("time", upper),
            "area": float(beyond),
            "p": p,
        },
        coords={"time": ("time", bin_centers(start, width, len(observed)), {"units": "s"})},
        attrs={"alpha": alpha, "n_surrogates": n_surrogates, "half_width": half_bins * width},
    )


def standardized(counts: NDArray[np.int64]) -> NDArray[np.float32]:
    """Center the counts of each bin over trials and scale them to unit length; zero where they never vary."""
    plain = counts.astype(np.float64)
    centered = plain - plain.mean(axis=0)
    varies = (counts != counts[0]).any(axis=0)
    length = np.sqrt((centered**2).sum(axis=0))
    scaled = np.divide(centered, length, out=np.zeros_like(centered), where=varies)
    result: NDArray[np.float32] = scaled.astype(np.float32)
    return result


def _complete_counts(
    trains: SpikeTrains,
    units: Sequence[int],
    bin_size: Any,
    window: Any,
    n_surrogates: int,
    alpha: float,
    where: str,
) -> tuple[NDArray[np.int64], NDArray[np.int64], float, float]:
    check_trains(trains, where)
    if not 0 < alpha < 1:
        raise ValueError(f"{where}: alpha must lie between 0 and 1, got {alpha}")
    if n_surrogates + 1 < 1 / alpha:
        raise ValueError(f"{where}: n_surrogates must be at least 1/alpha - 1 = {1 / alpha - 1:g}, got {n_surrogates}")
    units = read_pair(units, trains.n_units, where)
    binned = bin_units(trains, units, bin_size, window, where)
    if binned.observed is not None:
        raise ValueError(
            f"{where} must have every trial observed throughout the window, because it exchanges trials; "
            "choose a window that all of them cover"
        )
    return binned.counts[:, 0], binned.counts[:, 1], binned.t_start, binned.width
