"""The standard figure of a network: raster and rates; for a pair, how its spikes come together, with the theory."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.network.pair import contraction, distances, is_pair, predicted_distances
from spikelearn.network.records import Network
from spikelearn.network.stdp_window import learning_pairs, weight_change, window_of
from spikelearn.plotting import COLOURS, SERIES, THEORY, heading, new_figure
from spikelearn.simulation.recording import Recording

if TYPE_CHECKING:
    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["overview", "window_figure"]

# Rows of a raster at most, and cycles of a pair that its raster shows.
_ROWS, _CYCLES = 200, 12


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
    figure = new_figure(9.0, 5.4)
    below = "distance" if pair else "rate"
    axes = figure.subplot_mosaic([["raster"], [below]], height_ratios=[1.0, 2.4] if pair else [2.0, 1.0])
    if recording.spikes is not None:
        _populations(axes["raster"], network, recording.spikes)
    if pair and recording.spikes is not None:
        first = np.sort(recording.spikes.times)[: 2 * _CYCLES]
        axes["raster"].set_xlim(recording.spikes.t_start, 1.02 * float(first[-1]))
        axes["raster"].set_xlabel(f"time (s), the first {_CYCLES} cycles")
        _distance(axes["distance"], network, recording)
    else:
        axes["raster"].tick_params(labelbottom=False)
        axes["raster"].sharex(axes["rate"])
        _rates(axes["rate"], network, recording)
    heading(figure, title, recording.provenance)
    return figure


def _populations(axes: Any, network: Network, trains: SpikeTrains) -> None:
    """Draw rows of every population, in its colour: all of them, or as many as fit of each, evenly chosen."""
    from matplotlib.ticker import MaxNLocator

    share = min(1.0, _ROWS / trains.n_units)
    offset, middles, names = 0, [], []
    for name, colour in _coloured(network):
        units = np.arange(trains.n_units)[network.units(name)]
        if share < 1:
            units = units[np.linspace(0, len(units) - 1, max(1, round(share * len(units)))).astype(int)]
        rows = [trains.train(int(unit)) for unit in units]
        places = list(range(offset, offset + len(rows)))
        axes.eventplot(rows, lineoffsets=places, colors=colour, linewidths=0.7, linelengths=0.8)
        middles.append(offset + (len(rows) - 1) / 2)
        names.append(f"{name}\n{len(rows)} of {network.populations[name].n}" if share < 1 else name)
        offset += len(rows)
    axes.set_xlim(trains.t_start, trains.t_stop)
    axes.set_ylim(-0.6, max(offset, 1) - 0.4)
    if len(names) > 1:
        axes.set_yticks(middles, names)
        axes.tick_params(axis="y", length=0)
    else:
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylabel("neuron" if share == 1 else f"neuron ({offset} of {trains.n_units})")


def _coloured(network: Network) -> list[tuple[str, str]]:
    """Give every population its colour: E and I have theirs, as in all other figures."""
    if set(network.populations) <= {"E", "I"}:
        return [(name, COLOURS[name]) for name in network.populations]
    return list(zip(network.populations, itertools.cycle(SERIES), strict=False))


def _rates(axes: Any, network: Network, recording: Recording) -> None:
    axes.set_xlabel("time (s)")
    axes.set_ylabel("rate (Hz)")
    if recording.spikes is None:
        return
    trains = list(recording.spikes)
    counts = [sum(len(trains[k]) for k in range(network.n)[network.units(name)]) for name in network.populations]
    # In bins of fewer than about 25 spikes nothing but their noise is seen.
    bins = int(np.clip(min(counts) / 25, 10, 100))
    start, stop = recording.spikes.t_start, recording.spikes.t_stop
    width = recording.spikes.duration / bins
    edges = start + width * np.arange(bins + 1)
    for name, colour in _coloured(network):
        flat = np.concatenate(trains[network.units(name)])
        rate = np.histogram(flat, edges)[0] / width / network.populations[name].n
        axes.stairs(rate, edges, label=name, color=colour, baseline=None)
        late = (start + stop) / 2
        mean = float((flat >= late).sum() / (stop - late) / network.populations[name].n)
        axes.hlines(
            mean, late, stop, colors=COLOURS["muted"], linestyles=":", label=f"{name}, mean here: {mean:.3g} Hz"
        )
    axes.set_ylabel(f"rate (Hz),\nbins of {1e3 * width:.3g} ms")
    axes.set_xlim(start, stop)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize="small", loc="lower right", bbox_to_anchor=(1.0, 0.98), ncols=4)


def _distance(axes: Any, network: Network, recording: Recording) -> None:
    apart = np.abs(distances(recording))
    cycles = np.arange(len(apart))
    theory = np.abs(predicted_distances(network, float(apart[0]), len(apart)))
    # On a logarithmic axis; what is exactly zero has no place there.
    shown = apart > 0
    axes.semilogy(cycles[shown], apart[shown] * 1e3, ".", markersize=7, color=COLOURS["simulation"], label="simulation")
    axes.semilogy(
        cycles, theory * 1e3, **THEORY, linewidth=1.2, zorder=3,
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
    figure = new_figure(7.0, 4.5)
    axes = figure.subplots()
    lag = lags.mean(axis=1)
    edge = 1.1 * float(np.abs(lag).max())
    pairs = lags.shape[1]
    sides = np.linspace(-edge, -1e-9, 400), np.linspace(0.0, edge, 400)
    for side, label in zip(sides, (None, "formula, all pairs"), strict=True):
        axes.plot(side * 1e3, pairs * window_of(rule, side) * 1e6, **THEORY, lw=1.2, label=label)
    axes.plot(lag * 1e3, change * 1e6, "o", ms=4, color=COLOURS["simulation"], label="change of one synapse")
    # At lag zero the value is that of the filled mark.
    for side, face in ((sides[0][-1:], "white"), (sides[1][:1], COLOURS["theory"])):
        axes.plot([0.0], pairs * window_of(rule, side) * 1e6, "o", ms=5, mfc=face, mec=COLOURS["theory"], zorder=4)
    axes.axhline(0.0, color="0.7", lw=0.8, zorder=0)
    axes.axvline(0.0, color="0.7", lw=0.8, zorder=0)
    axes.set_xlabel(r"$t_\mathrm{post} - t_\mathrm{arrival}$ (ms); filled: what holds at zero")
    axes.set_ylabel("change of the weight (µV)")
    axes.legend(frameon=False)
    heading(figure, title, recording.provenance)
    return figure
