"""The figure of a correlogram test: counts, what surrogates predict, and both bands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

__all__ = ["plot_correlogram_test"]


def plot_correlogram_test(axes: Axes, result: xr.Dataset, *, legend: bool = True) -> None:
    """Draw a correlogram as steps over the pointwise and the family-wise band, and mark what leaves the latter.

    Parameters
    ----------
    axes : Axes
        Where to.
    result : xarray.Dataset
        From `correlogram_significance`.
    legend : bool
        Whether to explain the lines.

    Examples
    --------
    >>> import spikelearn as sl
    >>> source = sl.sources.CommonDrive(rate="10 Hz", drive_rate="10 Hz", alpha=0.5, tau="2 ms")
    >>> found = sl.analyses.correlogram_significance(source.sample(5, t_stop=2.0, seed=1), n_surrogates=199, seed=1)
    >>> figure = sl.plotting.new_figure()
    >>> sl.analyses.plot_correlogram_test(figure.subplots(), found)
    >>> sl.plotting.close_figure(figure)
    """
    from spikelearn.plotting import COLOURS, THEORY

    width = float(result.attrs["bin_size"]) * 1e3
    lag = result["lag"].values * 1e3
    edges = np.append(lag - width / 2, lag[-1] + width / 2)
    share = f"{100 * (1 - result.attrs['alpha']):g} %"
    for low, high, opacity, label in (
        ("lower_all", "upper_all", 0.18, f"{share}, all lags together"),
        ("lower", "upper", 0.35, f"{share}, each lag"),
    ):
        bottom, height = (np.append(result[name].values, result[name].values[-1]) for name in (low, high))
        axes.fill_between(
            edges, bottom, height, step="post", color=COLOURS["theory"], alpha=opacity, linewidth=0, label=label
        )
    axes.stairs(result["mean"].values, edges, linewidth=1.0, label="mean of surrogates", **THEORY)
    counted = result["count"].values
    axes.stairs(counted, edges, color=COLOURS["simulation"], linewidth=1.3, label="counted")
    beyond = result["significant"].values
    top = max(float(counted.max()), float(result["upper_all"].max()), 1.0)
    if beyond.any():
        axes.plot(lag[beyond], counted[beyond] + 0.05 * top, "v", color="black", markersize=4, label="outside")
    axes.axvline(0, color=COLOURS["muted"], linewidth=0.6)
    first, second = result.attrs["units_compared"]
    axes.set_xlabel(f"lag of unit {second} after unit {first} (ms)")
    axes.set_ylabel(f"pairs per {width:g} ms")
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(0, (1.65 if legend else 1.15) * top)
    if legend:
        axes.legend(frameon=False, fontsize="small", ncols=2, loc="upper left")
