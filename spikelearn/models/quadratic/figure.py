"""The standard figure of the quadratic neuron: its spikes and traces, and where the closed form expects the spikes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spikelearn.catalogue.overview import overview
from spikelearn.models.quadratic.model import QuadraticNeuron
from spikelearn.plotting import THEORY
from spikelearn.simulation.recording import Recording

__all__ = ["quadratic_figure"]


def quadratic_figure(model: QuadraticNeuron, recording: Recording, title: str) -> Any:
    """Draw spikes and traces, with predicted spikes where all neurons have the parameters of the model.

    Parameters
    ----------
    model : QuadraticNeuron
        Gives the interval.
    recording : Recording
        With spikes.
    title : str
        Title of the figure.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = overview(model, recording, title)
    trains, interval = recording.spikes, model.interval()
    if trains is None or recording.provenance.get("vary") or not math.isfinite(interval):
        return figure
    axes = figure.axes[0]
    for unit in range(min(trains.n_units, 4)):
        fired = trains.train(unit)
        if len(fired):
            expected = np.arange(fired[0], trains.t_stop, interval)
            label = f"predicted from the first spike on: one every {1e3 * interval:.4g} ms" if not unit else None
            axes.vlines(expected, unit - 0.55, unit + 0.55, **_dashed(), label=label)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(frameon=False, fontsize="small", loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.0)
    return figure


def _dashed() -> dict[str, Any]:
    return {"colors": THEORY["color"], "linestyles": THEORY["linestyle"], "linewidth": 1.0}
