"""Figures: rasters and traces, drawn on Matplotlib axes without touching its global state."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spikelearn.storage.files import whole_file

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["COLOURS", "new_figure", "raster", "save_figure", "show_ids", "trace"]

# Okabe and Ito's palette, which readers with any colour vision can tell apart.
COLOURS = {
    "simulation": "#0072B2",
    "theory": "#D55E00",
    "potassium": "#009E73",
    "accent": "#CC79A7",
    "muted": "#7F7F7F",
}


def new_figure(width: float = 8.0, height: float = 5.0) -> Figure:
    """Make an empty figure (inches) that belongs to no window and no global registry."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure, whole or not at all; the ending decides the format.

    Raises
    ------
    OSError
        The place cannot be written to.
    """
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=150)


def raster(axes: Axes, trains: SpikeTrains, *, trial: int = 0, max_units: int = 200) -> None:
    """Draw one row of ticks a unit, named by its id where units have any.

    Parameters
    ----------
    axes : Axes
        Where to.
    trains : SpikeTrains
        What; units beyond `max_units` are left out, and the label says so.
    trial : int
        Which trial.
    max_units : int
        The largest number of rows.
    """
    from matplotlib.ticker import MaxNLocator

    shown = min(trains.n_units, max_units)
    rows = [trains.train(unit, trial) for unit in range(shown)]
    axes.eventplot(rows, lineoffsets=list(range(shown)), colors=COLOURS["simulation"], linewidths=0.7, linelengths=0.8)
    axes.set_xlim(trains.t_start, trains.t_stop)
    axes.set_ylim(-0.6, max(shown, 1) - 0.4)
    if shown == 1:
        axes.set_yticks([])
        axes.set_ylabel("spikes")
    else:
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylabel("neuron" if shown == trains.n_units else f"neuron (first {shown} of {trains.n_units})")
        if "unit_ids" in trains.names:
            show_ids(axes.yaxis, trains.unit_ids)


def show_ids(axis: Axis, ids: Sequence[int | str]) -> None:
    """Label the whole numbers of an axis by the ids of what stands there; nothing between them."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    def name_at(place: float, _: int) -> str:
        row = round(place)
        return str(ids[row]) if abs(place - row) < 1e-6 and 0 <= row < len(ids) else ""

    axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axis.set_major_formatter(FuncFormatter(name_at))


def trace(axes: Axes, traces: xr.Dataset, name: str, *, neuron: int = 0, scale: float = 1.0, label: str) -> None:
    """Draw one recorded variable of one neuron against time in seconds.

    Parameters
    ----------
    axes : Axes
        Where to.
    traces : xarray.Dataset
        The traces of a Recording.
    name : str
        Which variable.
    neuron : int
        Which neuron.
    scale : float
        Factor from SI units to those of `label`, for example 1000 for "u (mV)".
    label : str
        Label of the vertical axis.
    """
    values = np.asarray(traces[name].isel(neuron=neuron).values) * scale
    axes.plot(traces["time"].values, values, color=COLOURS["simulation"], linewidth=0.8)
    axes.set_ylabel(label)
