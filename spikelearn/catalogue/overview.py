"""The figure of a system that has none of its own: a raster and every recorded trace."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelearn.plotting import new_figure, raster, trace
from spikelearn.simulation.recording import Recording

__all__ = ["overview"]


def overview(model: Any, recording: Recording, title: str) -> Any:
    """Draw the spikes and the traces of a recording below each other.

    Parameters
    ----------
    model : Simulable
        Gives the units of what was recorded.
    recording : Recording
        Traces over (time, neuron).
    title : str
        Title of the figure.

    Returns
    -------
    matplotlib.figure.Figure
    """
    traced = [str(name) for name in recording.traces.data_vars if "neuron" in recording.traces[name].dims]
    panels = (["raster"] if recording.spikes is not None else []) + traced
    figure = new_figure(8.0, 1.0 + 1.8 * max(len(panels), 1))
    axes = np.atleast_1d(figure.subplots(max(len(panels), 1), 1, sharex=True))
    for panel, name in zip(axes, panels, strict=False):
        if name == "raster" and recording.spikes is not None:
            raster(panel, recording.spikes)
        else:
            unit = model.recordable[name]
            trace(panel, recording.traces, name, label=name if unit == "1" else f"{name} ({unit})")
    axes[-1].set_xlabel("time (s)")
    figure.suptitle(title)
    return figure
