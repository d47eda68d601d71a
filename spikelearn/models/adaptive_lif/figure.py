"""The standard figure of the adaptive LIF neuron: spikes, u and g over time, and the phase plane, with the theory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.models.adaptive_lif.measures import settled_bursts
from spikelearn.models.adaptive_lif.model import AdaptiveLIF
from spikelearn.plotting import COLOURS, new_figure, raster, trace
from spikelearn.simulation.recording import Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["overview", "phase_plane"]

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


def phase_plane(axes: Axes, neuron: Any, recording: Recording, *, index: int = 0) -> None:
    """Draw a trajectory of the adaptive neuron in the plane of g and u, with its u-nullcline, threshold and g*.

    Parameters
    ----------
    axes : Axes
        Where to.
    neuron : AdaptiveLIF
        Gives the nullcline u = (V_0 - g Delta)/(1 + g), the threshold theta and the critical conductance g*.
    recording : Recording
        With the traces u and g.
    index : int
        Which neuron of the recording.

    References
    ----------
    002 Q1, Eqs. (5) and (12).
    """
    u = np.asarray(recording.traces["u"].isel(neuron=index).values) * 1e3
    g = np.asarray(recording.traces["g"].isel(neuron=index).values)
    V_0, Delta, theta = float(neuron.V_0) * 1e3, float(neuron.Delta) * 1e3, float(neuron.theta) * 1e3
    axes.plot(g, u, color=COLOURS["simulation"], linewidth=0.6, label="simulation")
    grid = np.linspace(0.0, max(float(g.max()) * 1.05, 1e-3), 300)
    axes.plot(grid, (V_0 - grid * Delta) / (1 + grid), color=COLOURS["theory"], label=r"$\dot u = 0$")
    axes.axhline(theta, color=COLOURS["muted"], linestyle=":", label=r"threshold $\theta$")
    critical = float(neuron.critical_conductance())
    if critical > 0:
        axes.axvline(critical, color=COLOURS["theory"], linestyle="--", label=r"$g^*$, Eq. (5)")
    axes.set_xlabel("g (leak conductances)")
    axes.set_ylabel("u (mV)")
    axes.legend(frameon=False, fontsize="small")
