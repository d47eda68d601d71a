"""Figures of many units: means and units against trials, rates at the end, and the line of summed weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.models.ei_units.case import UnitsCase
from spikelearn.models.ei_units.measures import summed, weight_correlation
from spikelearn.models.ei_units.model import EIUnits
from spikelearn.models.ei_units.theory import balance_slope
from spikelearn.plotting import COLOURS, THEORY, heading, new_figure, typeset
from spikelearn.simulation.recording import Recording

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

__all__ = ["course_panel", "overview", "rates_panel", "sums_panel"]

E_COLOUR, I_COLOUR = COLOURS["E"], COLOURS["I"]


def overview(case: UnitsCase, recording: Recording, title: str) -> Any:
    """Draw the course of the rates, the units at the end, and the summed weights of every unit, for E and for I."""
    model, run = case.model, recording.traces
    page = new_figure(11.0, 7.5)
    panels = page.subplots(2, 2)
    course_panel(panels[0, 0], model, run)
    panels[0, 0].legend(frameon=False, fontsize="small")
    rates_panel(panels[0, 1], model, run)
    panels[0, 1].legend(frameon=False, fontsize="small")
    for axes, onto in zip(panels[1], "EI", strict=True):
        sums_panel(axes, model, run["W_end"].values, onto)
        axes.legend(frameon=False, fontsize="small")
    heading(page, title, recording.provenance)
    return page


def course_panel(axes: Axes, model: EIUnits, run: xr.Dataset) -> None:
    """Draw running means against trials: their average, the middle nine tenths of the units, and the set points."""
    trial = run["trial"].values
    parts = {"E": slice(0, model.n_E), "I": slice(model.n_E, model.n)}
    for name, colour in (("E", E_COLOUR), ("I", I_COLOUR)):
        low, high = np.quantile(run["rates"].values[:, parts[name]], [0.05, 0.95], axis=1)
        axes.fill_between(trial, low, high, color=colour, alpha=0.25, linewidth=0 if len(trial) > 1 else 4)
        marker = "o" if len(trial) == 1 else ""  # one trial is no line
        axes.plot(trial, run[name].values, marker=marker, color=colour, label=f"{name}, mean and 90 % of the units")
        axes.axhline(getattr(model.populations, f"{name}_set"), color=colour, linestyle="--", linewidth=0.8)
    axes.set(xlabel="trial", ylabel="rate (Hz)", ylim=(0, None))
    axes.set_title("Running means (dashed: set points)", fontsize="medium")


def rates_panel(axes: Axes, model: EIUnits, run: xr.Dataset) -> None:
    """Draw how the rates of the units are spread after the last trial, with the set points."""
    last = run["rates"].isel(trial=-1).values
    top = max(float(last.max()), model.populations.I_set) * 1.05
    edges = np.linspace(0, top, 43)
    for name, part, colour in (
        ("E", slice(0, model.n_E), E_COLOUR),
        ("I", slice(model.n_E, model.n), I_COLOUR),
    ):
        share = np.histogram(last[part], edges)[0] / last[part].size
        axes.stairs(100 * share, edges, color=colour, fill=True, alpha=0.5, label=name)
        axes.axvline(getattr(model.populations, f"{name}_set"), color=colour, linestyle="--", linewidth=0.8)
    axes.set(xlabel="rate (Hz)", ylabel="units (%)", xlim=(0, top))
    axes.set_title(f"Units after trial {int(run['trial'].values[-1])} (dashed: set points)", fontsize="medium")


def sums_panel(axes: Axes, model: EIUnits, W: Any, onto: str) -> None:
    """Draw the summed weights of every unit from I against those from E, with the line of the set points."""
    colour = E_COLOUR if onto == "E" else I_COLOUR
    x, y = summed(model, W, onto)
    r = float(weight_correlation(model, W, onto))
    axes.plot(x, y, "o", color=colour, markersize=3.5, alpha=0.7, label=typeset(f"{onto} units, r = {r:.5f}"))
    p = model.populations
    rest = p.E_set / p.g_E + p.Theta_E - p.I_ext if onto == "E" else p.I_set / p.g_I + p.Theta_I
    ends = np.array([x.min(), x.max()])
    axes.plot(
        ends,
        balance_slope(model) * ends - rest / p.I_set,
        **THEORY,
        linewidth=1.0,
        label="theory: the line of set points",
    )
    axes.set(xlabel=rf"$\sum W_{{{onto}E}}$", ylabel=rf"$\sum W_{{{onto}I}}$")
    # Room for the legend above the points.
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.25 * (high - low))
    axes.set_title(f"Summed weights onto {onto} units", fontsize="medium")
