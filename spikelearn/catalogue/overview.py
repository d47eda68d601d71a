"""The figure of a system that has none of its own: a raster and every recorded trace."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spikelearn.plotting import THEORY, heading, new_figure, raster, trace
from spikelearn.simulation.recording import Recording

__all__ = ["overview"]


# Volts and amperes of cells are shown in the units in which cells are spoken of.
_USUAL = {"V": ("mV", 1e3), "A": ("nA", 1e9), "S": ("nS", 1e9)}


def resets(model: Any, recording: Recording) -> dict[str, tuple[float, float]]:
    """Give the variables that a spike resets, with where they come from and go to, in SI units; none if not known."""
    # A neuron that can be written as equations says there what its reset does.
    written = model.as_equations() if hasattr(model, "as_equations") else model
    found = getattr(written, "resets", {})
    return {} if recording.provenance.get("vary") else dict(found)


def _label(name: str, unit: str) -> tuple[str, float]:
    shown, factor = _USUAL.get(unit, (unit, 1.0))
    return (name if unit == "1" else f"{name} ({shown})"), factor


def overview(model: Any, recording: Recording, title: str) -> Any:
    """Draw the spikes and the traces of a recording below each other.

    A model with a method `interval`, seconds from reset to the next spike, has its predicted spikes drawn in, counted
    from the first one of each neuron, as long as all neurons have the parameters of the model.

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
            _predicted(panel, model, recording)
        else:
            unit = model.recordable[name]
            spikes: Any = [] if recording.spikes is None else recording.spikes.train(unit=0)
            turn = resets(model, recording).get(name)
            # What no spike resets is not broken by one.
            label, factor = _label(name, unit)
            trace(panel, recording.traces, name, label=label, scale=factor, spikes=spikes if turn else (), turn=turn)
    axes[-1].set_xlabel("time (s)")
    heading(figure, title, recording.provenance)
    return figure


def _predicted(axes: Any, model: Any, recording: Recording) -> None:
    known = getattr(model, "interval", None)
    trains, interval = recording.spikes, known() if callable(known) else math.inf
    if trains is None or recording.provenance.get("vary") or not 0.0 < interval < math.inf:
        return
    style: dict[str, Any] = {"colors": THEORY["color"], "linestyles": THEORY["linestyle"], "linewidth": 1.0}
    label: str | None = f"predicted from the first spike on: one every {1e3 * interval:.4g} ms"
    for unit in range(min(trains.n_units, 4)):
        fired = trains.train(unit)
        if len(fired):
            expected = np.arange(fired[0], trains.t_stop, interval)
            axes.vlines(expected, unit - 0.55, unit + 0.55, **style, label=label)
            label = None
    if label is None:
        axes.legend(frameon=False, fontsize="small", loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.0)
