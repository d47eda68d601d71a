"""Figures of the analyses, drawn on Matplotlib axes: PSTH, correlogram, interval histogram, f-I curve, bursts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.spikes.ids import id_labels

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["plot_bursts", "plot_correlogram", "plot_fi_curve", "plot_isi_histogram", "plot_psth", "plot_raster"]


def _colours() -> dict[str, str]:
    from spikelearn.plotting import COLOURS

    return COLOURS


def plot_psth(axes: Axes, result: xr.DataArray, *, unit: int = 0, color: str | None = None, label: str = "") -> None:
    """Draw the PSTH of one unit as steps, with a band of one standard error over trials.

    Parameters
    ----------
    axes : Axes
        Where to.
    result : xarray.DataArray
        From `psth`.
    unit : int
        Which unit, by position.
    color, label : str, optional
        For several units on the same axes.
    """
    own, width = result.isel(unit=unit), float(result.attrs["bin_size"])
    color = color or _colours()["simulation"]
    edges = np.append(own["time"].values - width / 2, own["time"].values[-1] + width / 2)
    axes.stairs(own.values, edges, color=color, linewidth=1.2, label=label or None)
    low, high = own.values - own["sem"].values, own.values + own["sem"].values
    axes.fill_between(
        edges, np.append(low, low[-1]), np.append(high, high[-1]), step="post", color=color, alpha=0.25, linewidth=0
    )
    if np.isfinite(own["sem"].values).any():
        axes.set_title("band: one standard error over trials", fontsize="small")
    axes.set_xlim(edges[0], edges[-1])
    highest = axes.dataLim.y1  # of every unit that is drawn already, too
    axes.set_ylim(0, 1.05 * highest if highest > 0 else None)
    axes.set_xlabel("time (s)")
    axes.set_ylabel(f"rate (Hz), bins of {1e3 * width:g} ms")


def plot_correlogram(axes: Axes, result: xr.Dataset, *, predictor: bool = True) -> None:
    """Draw a correlogram as bars of counts, with the counts expected of unrelated and of merely co-driven trains.

    Parameters
    ----------
    axes : Axes
        Where to.
    result : xarray.Dataset
        From `cross_correlogram` or `autocorrelogram`.
    predictor : bool
        Whether to draw the shift predictor where there is one.
    """
    colours, lag = _colours(), result["lag"].values * 1e3
    width = float(result.attrs["bin_size"]) * 1e3
    axes.bar(lag, result["count"].values, width=width, color=colours["simulation"], linewidth=0, label="counted")
    axes.plot(
        lag,
        result["expected"].values,
        color=colours["theory"],
        linestyle="--",
        linewidth=1.2,
        label="expected: unrelated, stationary",
    )
    if predictor and "shift" in result:
        axes.plot(lag, result["shift"].values, color="black", linewidth=0.9, linestyle=":", label="shift predictor")
    axes.axvline(0, color=colours["muted"], linewidth=0.6)
    first, second = result.attrs["units_compared"]
    axes.set_xlabel(
        f"lag of unit {second} after unit {first} (ms)" if first != second else f"lag from a spike of unit {first} (ms)"
    )
    axes.set_ylabel(f"pairs per {width:g} ms")
    axes.set_xlim(lag[0] - width / 2, lag[-1] + width / 2)
    # Room for the legend above the bars.
    axes.set_ylim(0, 1.3 * max(float(result["count"].max()), float(result["expected"].max()), 1.0))
    axes.legend(frameon=False, fontsize="small")


def plot_isi_histogram(axes: Axes, result: xr.DataArray, *, unit: int = 0, threshold: float | None = None) -> None:
    """Draw the interval histogram of one unit, on a logarithmic axis where its bins are logarithmic.

    Parameters
    ----------
    axes : Axes
        Where to.
    result : xarray.DataArray
        From `isi_histogram`.
    unit : int
        Which unit, by position.
    threshold : float, optional
        A burst threshold in seconds to mark.
    """
    colours, own = _colours(), result.isel(unit=unit)
    edges = np.append(own["left"].values, own["right"].values[-1]) * 1e3
    axes.stairs(own.values, edges, fill=True, color=colours["simulation"])
    widths = np.diff(edges)
    if widths[-1] > 1.01 * widths[0]:
        axes.set_xscale("log")
    if threshold is not None and np.isfinite(threshold):
        axes.axvline(threshold * 1e3, color=colours["accent"], linestyle=":", label="threshold of bursts")
        axes.legend(frameon=False, fontsize="small")
    axes.set_xlim(edges[0], edges[-1])
    axes.set_xlabel("interval (ms)")
    axes.set_ylabel("intervals" if own.attrs["units"] == "1" else "density (1/s)")
    if int(own["outside"]):
        axes.set_title(f"{int(own['outside'])} intervals lie outside", fontsize="small")


def plot_fi_curve(axes: Axes, result: xr.Dataset, *, theory: Any = None) -> None:
    """Draw mean, onset and steady rate against the input, with standard errors, and a formula beside them.

    Parameters
    ----------
    axes : Axes
        Where to.
    result : xarray.Dataset
        From `fi_curve`.
    theory : array_like, optional
        Rates in Hz that a formula gives for ``result["input"]``.
    """
    colours, value = _colours(), result["input"].values
    sem = np.nan_to_num(result["sem"].values)
    if theory is not None:
        axes.plot(value, np.asarray(theory), color=colours["theory"], linestyle="--", linewidth=1.2, label="theory")
    axes.errorbar(value, result["rate"].values, yerr=sem, fmt="o", ms=4, color=colours["simulation"], label="mean rate")
    axes.plot(value, result["onset"].values, "^", ms=4, color=colours["potassium"], label="first interval")
    axes.plot(value, result["steady"].values, "v", ms=4, mfc="none", color=colours["accent"], label="last interval")
    unit = result["input"].attrs.get("units", "")
    axes.set_xlabel(f"input ({unit})" if unit else "input")
    axes.set_ylabel("rate (Hz)")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize="small")


def plot_raster(axes: Axes, trains: SpikeTrains, *, unit: int = 0, max_trials: int = 200) -> None:
    """Draw one row of ticks a trial for one unit, named by its id, and grey where a trial was not observed.

    Parameters
    ----------
    axes : Axes
        Where to.
    trains : SpikeTrains
        What; trials beyond `max_trials` are left out, and the label says so.
    unit : int
        Which unit, by position.
    max_trials : int
        The largest number of rows.
    """
    from matplotlib.ticker import MaxNLocator

    from spikelearn.plotting import show_ids

    shown = min(trains.n_trials, max_trials)
    rows = [trains.train(unit, k) for k in range(shown)]
    axes.eventplot(rows, lineoffsets=range(shown), colors=_colours()["simulation"], linewidths=0.7, linelengths=0.8)
    if not trains.fully_observed:
        for k, (begin, end) in enumerate(trains.observed[:shown]):
            for left, right in ((trains.t_start, begin), (end, trains.t_stop)):
                axes.fill_betweenx([k - 0.5, k + 0.5], left, right, color="0.85", linewidth=0)
    axes.set_xlim(trains.t_start, trains.t_stop)
    axes.set_ylim(-0.6, max(shown, 1) - 0.4)
    axes.set_xlabel("time (s)")
    axes.set_ylabel("trial" if shown == trains.n_trials else f"trial (first {shown} of {trains.n_trials})")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if "trial_ids" in trains.names:
        show_ids(axes.yaxis, trains.trial_ids)


def plot_bursts(axes: Axes, trains: SpikeTrains, table: pd.DataFrame, *, unit: int = 0, trial: int = 0) -> None:
    """Draw one train as ticks with a bar under every burst, open where the border of the observation cut the burst.

    Parameters
    ----------
    axes : Axes
        Where to.
    trains : SpikeTrains
        The spikes.
    table : pandas.DataFrame
        From `bursts`.
    unit, trial : int
        Which train.
    """
    colours = _colours()
    spikes = trains.train(unit, trial)
    axes.eventplot(spikes, lineoffsets=0, colors=colours["simulation"], linewidths=0.7, linelengths=0.8)
    name = id_labels(trains.unit_ids)[unit], id_labels(trains.trial_ids)[trial]
    own = table[(table["unit"] == name[0]) & (table["trial"] == name[1])]
    for start, length, whole in own[["start", "length", "whole"]].to_numpy(dtype=np.float64):
        face = colours["potassium"] if whole else "none"
        axes.barh(-0.55, length, 0.12, left=start, facecolor=face, edgecolor=colours["potassium"])
    axes.set_xlim(trains.t_start, trains.t_stop)
    axes.set_ylim(-0.75, 0.5)
    axes.set_yticks([])
    axes.set_xlabel("time (s)")
    axes.set_ylabel("spikes, bursts")
