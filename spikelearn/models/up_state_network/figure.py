"""Figures of the spiking network: raster, rates of E and I in a trial, and the rates of the units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.models.up_state_network.case import UpStateCase
from spikelearn.models.up_state_network.measures import window_rates
from spikelearn.models.up_state_network.model import UpStateNetwork
from spikelearn.plotting import COLOURS, SERIES, new_figure
from spikelearn.simulation.recording import Recording
from spikelearn.spikes.trains import SpikeTrains

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

__all__ = ["learning_panels", "overview", "raster_panel", "rate_panel", "units_panel"]

E_COLOUR, I_COLOUR = COLOURS["E"], COLOURS["I"]
_SHOWN_E, _SHOWN_I = 160, 40


def overview(case: UpStateCase, recording: Recording, title: str) -> Any:
    """Draw the first trial's spikes, the rates of all trials, and the units' rates with the set points."""
    model, traces = case.model, recording.traces
    page = new_figure(11.0, 7.5)
    grid = page.add_gridspec(2, 2, height_ratios=[1.25, 1.0])
    above = page.add_subplot(grid[0, :])
    raster_panel(above, model, recording.spike_trains())
    below = page.add_subplot(grid[1, 0])
    rate_panel(below, traces)
    _mark_current(above, recording, words=True)
    _mark_current(below, recording)
    _draw_means(below, model, recording)
    below.legend(frameon=False, fontsize="small")
    units_panel(page.add_subplot(grid[1, 1]), model, traces)
    page.suptitle(title, fontsize=11)
    return page


def raster_panel(axes: Axes, model: UpStateNetwork, trains: SpikeTrains, trial: int = 0) -> None:
    """Draw the spikes of evenly chosen units, as many E as I units as they are in the network, four to one."""
    rows = 0
    ticks = []
    for kind, first, n, shown, colour in (
        ("E", 0, model.n_E, _SHOWN_E, E_COLOUR),
        ("I", model.n_E, model.n_I, _SHOWN_I, I_COLOUR),
    ):
        chosen = first + np.unique(np.linspace(0, n - 1, min(n, shown)).round().astype(int))
        spikes = [trains.train(unit=int(unit), trial=trial) for unit in chosen]
        times = np.concatenate(spikes)
        height = np.repeat(np.arange(rows, rows + len(chosen)), [len(one) for one in spikes])
        axes.plot(times, height, ".", color=colour, markersize=2.2, markeredgewidth=0)
        ticks.append((rows + len(chosen) / 2, f"{len(chosen)} of {n} {kind}"))
        rows += len(chosen)
    axes.axvline(float(model.t_kick), color=COLOURS["muted"], linewidth=0.8, linestyle=":")
    axes.set_yticks(
        [place for place, _ in ticks], [name for _, name in ticks], rotation=90, va="center", fontsize="small"
    )
    axes.tick_params(axis="y", length=0)
    axes.set(xlim=(0, trains.t_stop), ylim=(-1, rows), xlabel="time (s)")
    axes.set_title(f"Spikes of trial {trial + 1} (dotted: kick)", fontsize="medium")


def rate_panel(axes: Axes, traces: xr.Dataset) -> None:
    """Draw the rates of E and I in bins of 10 ms: single trials pale, their mean strong."""
    time = traces["time"].values
    for kind, colour in (("E", E_COLOUR), ("I", I_COLOUR)):
        rates = traces[f"{kind}_rate"].values
        axes.plot(time, rates.T, color=colour, alpha=0.2, linewidth=0.6)
        axes.plot(time, rates.mean(axis=0), color=colour, linewidth=1.6, label=f"{kind}, mean of {len(rates)} trials")
    axes.set(xlabel="time (s)", ylabel="rate (Hz)", xlim=(0, None), ylim=(0, None))
    axes.set_title("Rates in bins of 10 ms", fontsize="medium")


def units_panel(axes: Axes, model: UpStateNetwork, traces: xr.Dataset) -> None:
    """Draw how the units' rates, as their sensors see them, are spread, with means and set points."""
    rates = traces["rates"].mean("trial").values
    top = max(float(np.quantile(rates, 0.999)), float(model.I_set)) * 1.1
    edges = np.linspace(0, top, 41)
    for kind, part, colour in (
        ("E", rates[: model.n_E], E_COLOUR),
        ("I", rates[model.n_E :], I_COLOUR),
    ):
        share = 100 * np.histogram(part, edges)[0] / part.size
        axes.stairs(share, edges, color=colour, fill=True, alpha=0.5, label=f"{kind}, mean {part.mean():.2f} Hz")
        axes.axvline(float(getattr(model, f"{kind}_set")), color=colour, linestyle="--", linewidth=1.0)
    axes.set(xlabel="rate in Up states (Hz)", ylabel="units (%)", xlim=(0, top), ylim=(0, None))
    axes.set_title("Rates of the units (dashed: set points)", fontsize="medium")
    axes.legend(frameon=False, fontsize="small")


def learning_panels(rates: Axes, weights: Axes, model: UpStateNetwork, run: xr.Dataset, average: int = 10) -> None:
    """Draw a run of `spikelearn.run_trials`: what the sensors saw, averaged over trials, and the mean weights."""
    trial = run["trial"].values
    kernel = np.ones(average) / average
    for kind, colour in (("E", E_COLOUR), ("I", I_COLOUR)):
        seen = run[f"{kind}_trial"].values
        rates.plot(trial, seen, ".", color=colour, markersize=2, alpha=0.4)
        if len(seen) >= average:
            rates.plot(trial[average - 1 :], np.convolve(seen, kernel, "valid"), color=colour, label=kind)
        rates.axhline(float(getattr(model, f"{kind}_set")), color=colour, linestyle="--", linewidth=0.8)
    rates.set(ylabel="rate in Up states (Hz)", ylim=(0, None))
    names = {"W_EE": E_COLOUR, "W_EI": I_COLOUR, "W_IE": SERIES[0], "W_II": SERIES[4]}
    for name, colour in names.items():
        weights.plot(trial, run[name].values, color=colour, label=rf"$W_{{{name[2:]}}}$")
    weights.set(xlabel="trial", ylabel="mean weight (pA)", ylim=(0, None))


def _mark_current(axes: Axes, recording: Recording, *, words: bool = False) -> None:
    current = float(recording.provenance.get("injected", 0.0))
    if not current:
        return
    first, last = (step * recording.provenance["dt"] for step in recording.provenance["inject_steps"])
    axes.axvspan(first, last, color=COLOURS["simulation"], alpha=0.12, linewidth=0)
    if words:
        axes.text(first, 1.01, f"{current:g} pA into I", transform=axes.get_xaxis_transform(), fontsize="small")


def _draw_means(axes: Axes, model: UpStateNetwork, recording: Recording) -> None:
    """Draw the rates that `paradoxical_change` compares, where there is a current and a second before it."""
    first, last = (step * recording.provenance["dt"] for step in recording.provenance["inject_steps"])
    if not recording.provenance["injected"] or first < 1.0 or last - first <= 0.2:
        return
    for start, stop in ((first - 1.0, first), (first + 0.2, last)):
        for rates in window_rates(model, recording.spike_trains(), start, stop):
            axes.plot([start, stop], [rates.mean()] * 2, color="black", linewidth=1.2)
            axes.text(stop, rates.mean(), f"{rates.mean():.1f}", fontsize="small", ha="right", va="bottom")
