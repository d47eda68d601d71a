"""The covariogram of two units with a band for no correlation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from spikelearn.analyses.joint_psth import jpsth
from spikelearn.analyses.jpsth_dataset import lag_sums
from spikelearn.analyses.jpsth_moments import check_choice
from spikelearn.spikes.construction import check_trains

if TYPE_CHECKING:
    import xarray as xr

    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["covariogram_band"]

KINDS = ("brody", "centered")


def covariogram_band(
    trains: SpikeTrains,
    units: Sequence[int] = (0, 1),
    bin_size: Any = 0.01,
    window: Any = None,
    *,
    alpha: float = 0.05,
    kind: str = "brody",
) -> xr.Dataset:
    """Give the covariogram of two units, and the band in which it lies at each lag if the units are independent.

    With the mean P and the variance v of the count of each unit in each bin, over K trials, the squared standard
    deviation at a lag is a sum over times of

    * "brody": ``(v1 v2 + P1^2 v2 + v1 P2^2)/K``, Brody's formula. The variances enter once; implementations
      that square them again draw a band that is too narrow by orders of magnitude at low rates.
    * "centered": ``v1 v2/(K - 1)``. The covariogram subtracts the PSTHs of the same trials, and then the other
      two terms cancel: "brody" is the wider, and the two agree where counts per bin are small.

    Both take the counts of different bins of one unit as independent. A common gain or drift over trials is outside the
    null hypothesis.

    Parameters
    ----------
    trains, units, bin_size, window
        As in `jpsth`.
    alpha : float
        Share of lags outside the band for independent units, each lag on its own.
    kind : {"brody", "centered"}
        The formula.

    Returns
    -------
    xarray.Dataset
        ``covariogram``, ``deviation``, ``lower`` and ``upper`` over lag (s).

    Raises
    ------
    ValueError
        As in `jpsth`, or trials of unequal length.

    References
    ----------
    Brody (1999), Neural Comput. 11, 1537-1551.

    Examples
    --------
    >>> from spikelearn.sources import HomogeneousPoisson
    >>> band = covariogram_band(HomogeneousPoisson(rate="20 Hz").sample(500, seed=1), bin_size=0.05)
    >>> bool(abs(band.covariogram - band.covariogram.mean()).max() < 4 * band.deviation.max())
    True
    """
    import xarray as xr

    check_trains(trains, "covariogram_band")
    check_choice("kind of band", kind, KINDS)
    if not 0 < alpha < 1:
        raise ValueError(f"covariogram_band: alpha must lie between 0 and 1, got {alpha}")
    result = jpsth(trains, units, bin_size, window)
    width, start, stop = (float(result.attrs[name]) for name in ("bin_size", "t_start", "t_stop"))
    chosen = trains.select_units(list(units))
    if not chosen.observed_bins(width, t_start=start, t_stop=stop).all():
        raise ValueError("covariogram_band must have every trial observed throughout the window")
    counts = chosen.binned(width, t_start=start, t_stop=stop)
    k = len(counts)
    (mean_1, mean_2), (var_1, var_2) = counts.mean(axis=0), counts.var(axis=0)
    product = np.multiply.outer(var_1, var_2)
    if kind == "centered":
        squared = lag_sums(product) / (k - 1)
    else:
        squared = lag_sums(product + np.multiply.outer(mean_1**2, var_2) + np.multiply.outer(var_1, mean_2**2)) / k
    deviation = np.sqrt(squared)
    reach = float(special.ndtri(1 - alpha / 2)) * deviation
    return xr.Dataset(
        {
            "covariogram": result["covariogram"],
            "deviation": ("lag", deviation),
            "lower": ("lag", -reach),
            "upper": ("lag", reach),
        },
        attrs={"alpha": alpha, "kind": kind, "n_trials": k},
    )
