"""The standard figure of the adaptive LIF neuron: spikes, u and g over time, and the phase plane, with the theory."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelearn.models.adaptive_lif.model import AdaptiveLIF
from spikelearn.plotting import COLOURS, new_figure, phase_plane, raster, trace
from spikelearn.simulation.recording import Recording

__all__ = ["overview"]

_ABOVE: dict[str, Any] = {
    "frameon": False,
    "fontsize": "small",
    "loc": "lower right",
    "bbox_to_anchor": (1.0, 0.96),
    "borderaxespad": 0.0,
}


def overview(model: AdaptiveLIF, recording: Recording, title: str) -> Any:
    """Draw the raster, u and g of one neuron with threshold, g* and the predicted spike rhythm.

    Parameters
    ----------
    model : AdaptiveLIF
        Gives the theory lines.
    recording : Recording
        With spikes; traces u and g where they were recorded.
    title : str
        Title of the figure.

    Returns
    -------
    matplotlib.figure.Figure
    """
    traced = [name for name in ("u", "g") if name in recording.traces]
    figure = new_figure(9.0, 2.0 + 1.9 * len(traced))
    plane = len(traced) == 2
    layout: Any = [["raster"] * 2 + (["plane"] if plane else [])]
    layout += [[name] * 2 + (["plane"] if plane else []) for name in traced]
    axes = figure.subplot_mosaic(layout, height_ratios=[0.6, *[1.0] * len(traced)])
    for name in traced:
        axes[name].sharex(axes["raster"])
    if recording.spikes is not None:
        raster(axes["raster"], recording.spikes)
    _predictions(axes["raster"], model, recording)
    if "u" in traced:
        trace(axes["u"], recording.traces, "u", scale=1e3, label="u (mV)")
        axes["u"].axhline(float(model.theta) * 1e3, color=COLOURS["muted"], linestyle=":", label=r"threshold $\theta$")
        axes["u"].legend(**_ABOVE)
    if "g" in traced:
        trace(axes["g"], recording.traces, "g", label="g (leak conductances)")
        critical = model.critical_conductance()
        if critical > 0:
            axes["g"].axhline(critical, color=COLOURS["theory"], linestyle="--", label=r"$g^*$, Eq. (5)")
            axes["g"].legend(**_ABOVE)
    if plane:
        phase_plane(axes["plane"], model, recording)
        axes["plane"].set_title("phase plane", fontsize="medium")
    axes[traced[-1] if traced else "raster"].set_xlabel("time (s)")
    figure.suptitle(title)
    return figure


def _predictions(axes: Any, model: AdaptiveLIF, recording: Recording) -> None:
    """Mark above the raster when theory expects the neuron to fire, counted from the last settled burst or spike."""
    from spikelearn.models.adaptive_lif.entry import settled_bursts

    if recording.spikes is None or recording.spikes.n_units != 1 or float(model.t_d) == 0:
        return
    bursts = settled_bursts(model, recording)
    predicted = model.bursting()
    if len(bursts) < 2 or predicted is None or not np.isfinite(predicted.period):
        return
    first, stop = bursts[0, 0], recording.spikes.t_stop
    starts = np.arange(first, stop, predicted.period)
    axes.hlines(
        [0.7] * len(starts), starts, np.minimum(starts + predicted.on, stop), color=COLOURS["theory"], linewidth=4
    )
    axes.set_ylim(-0.6, 0.95)
    axes.text(
        0.0, 1.02, "orange: predicted bursts", transform=axes.transAxes, fontsize="small", color=COLOURS["theory"]
    )
