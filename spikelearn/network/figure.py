"""The standard figure of a network: raster and rates; for a pair, how its spikes come together, with the theory."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelearn.network.pair import contraction, distances, is_pair, predicted_distances
from spikelearn.network.records import Network
from spikelearn.network.stdp_window import learning_pairs, weight_change, window_of
from spikelearn.plotting import COLOURS, new_figure, raster
from spikelearn.simulation.recording import Recording

__all__ = ["overview", "window_figure"]


def overview(network: Network, recording: Recording, title: str) -> Any:
    """Draw the spikes of a network and what theory says of them.

    Parameters
    ----------
    network : Network
        What was run.
    recording : Recording
        With spikes.
    title : str
        Title of the figure.

    Returns
    -------
    matplotlib.figure.Figure
    """
    pair = recording.spikes is not None and is_pair(network) and len(distances(recording)) > 1
    figure = new_figure(9.0, 5.0)
    below = "distance" if pair else "rate"
    axes = figure.subplot_mosaic([["raster"], [below]], height_ratios=[1.0, 2.0] if pair else [2.0, 1.0])
    if recording.spikes is not None:
        raster(axes["raster"], recording.spikes)
    if pair:
        axes["raster"].set_xlabel("time (s)")
        _distance(axes["distance"], network, recording)
    else:
        axes["raster"].set_xlabel("")
        axes["raster"].sharex(axes["rate"])
        _rates(axes["rate"], network, recording)
    figure.suptitle(title)
    return figure


def _rates(axes: Any, network: Network, recording: Recording) -> None:
    axes.set_ylabel("rate (Hz)")
    axes.set_xlabel("time (s)")
    if recording.spikes is None:
        return
    trains = list(recording.spikes)
    width = recording.spikes.duration / 100
    edges = recording.spikes.t_start + width * np.arange(101)
    for name, colour in zip(network.populations, [*COLOURS.values()] * network.n, strict=False):
        flat = np.concatenate(trains[network.units(name)])
        rate = np.histogram(flat, edges)[0] / width / network.populations[name].n
        axes.stairs(rate, edges, label=name, color=colour)
    axes.set_xlim(recording.spikes.t_start, recording.spikes.t_stop)
    if len(network.populations) > 1:
        axes.margins(y=0.3)
        axes.legend(frameon=False, fontsize="small", loc="upper right", ncol=4)


def _distance(axes: Any, network: Network, recording: Recording) -> None:
    apart = np.abs(distances(recording))
    cycles = np.arange(len(apart))
    theory = np.abs(predicted_distances(network, float(apart[0]), len(apart)))
    # On a logarithmic axis; what is exactly zero has no place there.
    shown = apart > 0
    axes.semilogy(cycles[shown], apart[shown] * 1e3, ".", markersize=7, color=COLOURS["simulation"], label="simulation")
    axes.semilogy(
        cycles, theory * 1e3, color=COLOURS["theory"], linewidth=1.2, zorder=3,
        label=rf"theory: times $\lambda$ = {contraction(network):.4f} each cycle",
    )  # fmt: skip
    last = float(np.max(recording.spikes.times)) if recording.spikes is not None else 1.0
    axes.axhline(np.spacing(last) * 1e3, color=COLOURS["muted"], linestyle=":",
                 label="last digit of a spike time")  # fmt: skip
    axes.set_xlabel("cycle")
    axes.set_ylabel("distance of the two spikes (ms)")
    axes.legend(frameon=False, fontsize="small")


def window_figure(network: Network, recording: Recording, title: str) -> Any:
    """Draw the change of every synapse over its lag, beside the formula; None where there is no such window."""
    try:
        _, rule, lags = learning_pairs(network)
        change = weight_change(network, recording)
    except ValueError:
        return None
    first, second = list(COLOURS.values())[:2]
    figure = new_figure(7.0, 4.5)
    axes = figure.subplots()
    lag = lags.mean(axis=1)
    edge = 1.1 * float(np.abs(lag).max())
    for side, label in ((np.linspace(-edge, -1e-9, 400), None), (np.linspace(0.0, edge, 400), "formula, all pairs")):
        axes.plot(side * 1e3, lags.shape[1] * window_of(rule, side) * 1e6, color=second, lw=1.2, label=label)
    axes.plot(lag * 1e3, change * 1e6, "o", ms=4, color=first, label="change of one synapse")
    axes.axhline(0.0, color="0.7", lw=0.8, zorder=0)
    axes.axvline(0.0, color="0.7", lw=0.8, zorder=0)
    axes.set_xlabel("spike of the target - arrival (ms)")
    axes.set_ylabel("change of the weight (uV)")
    axes.legend(frameon=False)
    axes.set_title(title)
    return figure
