"""The labelled form of a JPSTH, the same for what was measured and for what a source should give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.parameters.units import seconds
from spikelearn.spikes.binning import bin_centers

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["JointMoments", "band_bins", "jpsth_dataset", "lag_sums", "near_diagonal"]


class JointMoments(NamedTuple):
    """The matrices (n_bins, n_bins) and margins (n_bins,) of a JPSTH, in spikes per bin."""

    raw: Floats
    predictor: Floats
    corrected: Floats
    normalized: Floats
    psth_1: Floats
    psth_2: Floats


def band_bins(half_width: Any, width: float) -> int:
    """Read the half width of the coincidence histogram as a number of bins.

    Raises
    ------
    ValueError
        It is negative or no whole number of bins.
    """
    time = seconds(half_width, "jpsth: half_width")
    bins = round(time / width)
    if time < 0 or abs(time / width - bins) > 1e-6:
        raise ValueError(f"jpsth: half_width must be 0 or a whole number of bins of {width} s, got {time} s")
    return bins


def near_diagonal(matrix: Floats, half_bins: int) -> Floats:
    """Average a square matrix near its diagonal.

    Entry t is the mean over ``[t, t + l]`` and ``[t + l, t]`` for all lags l up to `half_bins`, so that the result does
    not change when the units are exchanged. Entries beyond the edges or undefined are left out.
    """
    n = len(matrix)
    total, number = np.zeros(n), np.zeros(n)
    for lag in range(-half_bins, half_bins + 1):
        at = np.arange(max(0, -lag), min(n, n - lag))
        for values in (matrix[at, at + lag], matrix[at + lag, at]):
            defined = ~np.isnan(values)
            total[at[defined]] += values[defined]
            number[at[defined]] += 1
    result: Floats = np.divide(total, number, out=np.full(n, np.nan), where=number > 0)
    return result


def lag_sums(matrix: Floats) -> Floats:
    """Add a square matrix along its diagonals: entry ``lag + n - 1`` sums ``[m, m + lag]``; NaN counts as 0.

    The matrix is left as it is.
    """
    n = len(matrix)
    # Rows written 2n apart and read 2n - 1 apart slide by one column each, which lines the diagonals up.
    sheared = np.zeros((n, 2 * n))
    sheared[:, :n] = np.nan_to_num(matrix[::-1])
    result: Floats = sheared.ravel()[: n * (2 * n - 1)].reshape(n, 2 * n - 1).sum(axis=0)
    return result


def jpsth_dataset(moments: JointMoments, t_start: float, width: float, *, half_width: Any = 0.0) -> xr.Dataset:
    """Label the moments with times and lags, and add the coincidence histogram and the covariogram."""
    import xarray as xr

    n = len(moments.psth_1)
    centers = bin_centers(t_start, width, n)
    half_bins = band_bins(half_width, width)
    plane = ("time_1", "time_2")
    unit = {"units": "s"}
    return xr.Dataset(
        {
            "raw": (plane, moments.raw, {"long_name": "mean product of the counts"}),
            "predictor": (plane, moments.predictor, {"long_name": "product expected without correlation"}),
            "corrected": (plane, moments.corrected, {"long_name": "covariance of the counts"}),
            "normalized": (plane, moments.normalized, {"long_name": "correlation of the counts"}),
            "psth_1": ("time_1", moments.psth_1, {"long_name": "spikes per bin"}),
            "psth_2": ("time_2", moments.psth_2, {"long_name": "spikes per bin"}),
            "coincidence": (
                "time",
                near_diagonal(moments.corrected, half_bins),
                {"long_name": "covariance near the diagonal"},
            ),
            "covariogram": (
                "lag",
                lag_sums(moments.corrected),
                {"long_name": "covariance summed over time, by the lag of unit 2 behind unit 1"},
            ),
        },
        coords={
            "time_1": ("time_1", centers, unit),
            "time_2": ("time_2", centers, unit),
            "time": ("time", centers, unit),
            "lag": ("lag", np.arange(1 - n, n) * width, unit),
        },
        attrs={
            "bin_size": width,
            "t_start": t_start,
            "t_stop": t_start + n * width,
            "half_width": half_bins * width,
            "undefined_bins": int(np.isnan(moments.normalized).sum()),
        },
    )
