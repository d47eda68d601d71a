"""Figures of spike-triggered analyses: the average, the spectrum of the covariance with its test, the nonlinearity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spikelearn.parameters.numbers import whole_number

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_nonlinearity", "plot_triggered_average", "plot_triggered_covariance"]


def plot_triggered_average(average: xr.DataArray, *, title: str = "") -> Figure:
    """Draw the spike-triggered average of every unit, with one standard error where there is one.

    Parameters
    ----------
    average : xarray.DataArray
        What `spike_triggered_average` gives. Over lag and dimension it becomes one image a unit.
    title : str
        Over the figure.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_arrays([[0.002, 0.004]], t_stop=0.006)
    >>> average = sl.analyses.spike_triggered_average(
    ...     [0.0, 1.0, 0.0, 3.0, 0.0, 0.0], 0.001, trains, window=(-0.002, 0.0)
    ... )
    >>> figure = sl.analyses.plot_triggered_average(average, title="Two spikes")
    >>> sl.plotting.close_figure(figure)
    """
    from spikelearn.plotting import COLOURS, new_figure

    n_units = average.sizes["unit"]
    figure = new_figure(5.5, 1.0 + 2.4 * n_units)
    panels = figure.subplots(n_units, 1, squeeze=False, sharex=True)[:, 0]
    for unit, panel in enumerate(panels):
        one = average.isel(unit=unit)
        _draw_filter(panel, one, unit_text=str(average.attrs.get("units", "")))
        if average.ndim == 2 and "standard_error" in average.coords:
            x, error = _abscissa(one)[0], one["standard_error"].values
            panel.fill_between(
                x, one.values - error, one.values + error, alpha=0.3, lw=0, color=COLOURS["simulation"],
                label="one standard error",
            )  # fmt: skip
        panel.set_title(_ensemble_text(one), fontsize="medium")
        if "stimulus_mean" in one.coords and one.ndim == 1:
            panel.plot(
                _abscissa(one)[0], one["stimulus_mean"].values, color="0.5", ls="--", lw=1, label="mean stimulus"
            )
        if panel.get_legend_handles_labels()[1]:
            panel.legend(fontsize="small", frameon=False)
    panels[-1].set_xlabel(_abscissa(average.isel(unit=0))[1])
    if title:
        figure.suptitle(title)
    return figure


def plot_triggered_covariance(found: xr.Dataset, *, n_axes: int | None = None, title: str = "") -> Figure:
    """Draw the eigenvalues with the surrogate limits of the test, and the axes that were accepted.

    Parameters
    ----------
    found : xarray.Dataset
        What `spike_triggered_covariance` gives.
    n_axes : int, optional
        Axes to draw, from the most extreme eigenvalue on; by default the accepted ones, and one at least.
    title : str
        Over the figure.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np
    >>> import spikelearn as sl
    >>> rng = np.random.default_rng(1)
    >>> stimulus = rng.standard_normal((2000, 3))
    >>> counts = rng.poisson(0.2 * stimulus[:, 1] ** 2)
    >>> found = sl.analyses.spike_triggered_covariance(stimulus, 0.01, None, weights=counts, seed=2)
    >>> figure = sl.analyses.plot_triggered_covariance(found)
    >>> sl.plotting.close_figure(figure)
    """
    from spikelearn.plotting import SERIES, new_figure

    values = found["eigenvalues"].values
    tested = "stage_component" in found
    order = np.argsort(-np.abs(np.log(np.maximum(values, 1e-12))), kind="stable")
    if tested:
        accepted = [int(k) for k in found["stage_component"].values if found["significant"].values[k]]
        order = np.array(accepted + [k for k in order if k not in accepted])
        n_axes = max(1, len(accepted)) if n_axes is None else n_axes
    n_axes = min(len(values), 2 if n_axes is None else whole_number("n_axes", n_axes, at_least=1))
    figure = new_figure(9.5, max(3.2, 1.2 + 1.5 * n_axes))
    left, right = np.ravel(figure.subfigures(1, 2, squeeze=False))
    panel = left.subplots()
    _draw_spectrum(panel, found, values, tested)
    filters = right.subplots(n_axes, 1, squeeze=False, sharex=True)[:, 0]
    for rank, one in enumerate(filters):
        k = int(order[rank])
        accepted_here = not tested or bool(found["significant"].values[k])
        _draw_filter(one, found["axes"].isel(component=k), color=SERIES[rank % len(SERIES)] if accepted_here else "0.7")
        verdict = f", p = {found['p_value'].values[k]:.3g}" if tested else ""
        verdict += "" if accepted_here else " (not accepted)"
        one.set_title(f"axis of component {k}: eigenvalue {values[k]:.3g}{verdict}", fontsize="small")
    filters[-1].set_xlabel(_abscissa(found["axes"].isel(component=0))[1])
    if title:
        figure.suptitle(title)
    return figure


def plot_nonlinearity(result: xr.Dataset, *, title: str = "", quantity: str = "rate") -> Figure:
    """Draw the response along one axis with its standard error, or over the plane of two.

    Parameters
    ----------
    result : xarray.Dataset
        What `nonlinearity` gives.
    title : str
        Over the figure.
    quantity : {"rate", "response"}
        Rate in 1/s, or mean weight a frame and trial; joint weights are best read as the latter.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np
    >>> import spikelearn as sl
    >>> stimulus = np.random.default_rng(0).standard_normal((900, 2))
    >>> counts = (stimulus[:, 0] > 0).astype(int)
    >>> found = sl.analyses.nonlinearity(stimulus, 0.01, None, [1.0, 0.0], weights=counts, n_bins=3)
    >>> figure = sl.analyses.plot_nonlinearity(found, title="A threshold", quantity="response")
    >>> sl.plotting.close_figure(figure)
    """
    from spikelearn.plotting import COLOURS, new_figure

    if quantity not in ("rate", "response"):
        raise ValueError(f"quantity must be 'rate' or 'response', got {quantity!r}")
    label = "rate (1/s)" if quantity == "rate" else "mean weight a frame"
    figure = new_figure(5.0, 3.8)
    panel = figure.subplots()
    x, values = result["projection"].values, result[quantity].values
    if values.ndim == 1:
        scale = 1.0 if quantity == "rate" else float(result.attrs["dt"])
        panel.errorbar(
            x, values, scale * result["standard_error"].values, fmt="o-", ms=3.5, lw=1, color=COLOURS["simulation"],
            label="with one standard error",
        )  # fmt: skip
        # Room for the legend above the highest bar of error.
        panel.set_ylim(0.0, 1.18 * panel.get_ylim()[1])
        panel.legend(fontsize="small", frameon=False)
        panel.set_ylabel(label)
    else:
        y = result["projection_2"].values
        mesh = panel.pcolormesh(x, y, values.T, shading="nearest", cmap="magma", vmin=0.0)
        figure.colorbar(mesh, ax=panel, label=label)
        panel.set_ylabel("projection on axis 2")
    panel.set_xlabel("projection on the axis" if values.ndim == 1 else "projection on axis 1")
    if title:
        panel.set_title(title)
    return figure


def _draw_spectrum(panel: Axes, found: xr.Dataset, values: np.ndarray, tested: bool) -> None:
    from spikelearn.plotting import SERIES

    panel.axhline(1.0, color="0.6", lw=0.8)
    panel.plot(np.arange(len(values)), values, "o", ms=3.5, color="0.25", label="eigenvalues")
    if tested and found.sizes.get("stage", 0):
        level = 1 - found.attrs["alpha"]
        for name, text in (("stage_high", f"{level:.0%} of surrogates between, last stage"), ("stage_low", None)):
            panel.axhline(found[name].values[-1], color="0.4", ls=":", lw=1, label=text)
        for rank, k in enumerate(int(k) for k in found["stage_component"].values if found["significant"].values[k]):
            panel.plot(k, values[k], "o", ms=7, color=SERIES[rank % len(SERIES)])
    panel.set_xlabel("component")
    panel.set_ylabel("triggered variance / prior variance")
    low, high = panel.get_ylim()
    panel.set_ylim(low, high + 0.25 * (high - low))
    panel.legend(fontsize="small", frameon=False, loc="upper right")
    panel.set_title(f"n_eff {found.attrs['n_eff']:.0f}, {found.attrs['dropped']:g} dropped", fontsize="medium")


def _ensemble_text(one: xr.DataArray) -> str:
    label, weight = one["unit"].item(), one["weight"].item()
    what = f"{label}: total {weight:g}" if isinstance(label, str) else f"unit {label}: {weight:g} spikes"
    return f"{what} (n_eff {one['n_eff'].item():.0f}), {one['dropped'].item():g} dropped"


def _abscissa(one: xr.DataArray) -> tuple[np.ndarray, str]:
    if "lag" in one.dims:
        return one["lag"].values * 1e3, "lag from the spike (ms)"
    return one["dimension"].values, "stimulus dimension"


def _draw_filter(panel: Axes, one: xr.DataArray, *, color: str = "#0072B2", unit_text: str = "") -> None:
    x, _ = _abscissa(one)
    if one.ndim == 2:
        limit = float(np.abs(one.values).max()) or 1.0
        y = one["dimension"].values
        image = panel.pcolormesh(x, y, one.values.T, shading="nearest", cmap="RdBu_r", vmin=-limit, vmax=limit)
        panel.figure.colorbar(image, ax=panel, label=unit_text)
        panel.set_ylabel("dimension")
        return
    panel.plot(x, one.values, color=color, lw=1.4, marker="o" if len(x) < 40 else None, ms=2.5)
    low, high = float(one.values.min()), float(one.values.max())
    # A line at zero far from the curve would flatten it: a level of 60 dB that varies by 5.
    if low - (high - low) < 0 < high + (high - low):
        panel.axhline(0.0, color="0.7", lw=0.6, zorder=0)
    panel.set_ylabel({"stimulus": "stimulus", "1/stimulus": "filter (1/stimulus)"}.get(unit_text, "filter"))
