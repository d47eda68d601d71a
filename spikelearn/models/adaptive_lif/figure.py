"""The standard figure of the adaptive LIF neuron: spikes, u and g, one stretch enlarged, phase plane, theory."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.models.adaptive_lif.course import course, turn_of
from spikelearn.models.adaptive_lif.measures import settled_bursts
from spikelearn.models.adaptive_lif.model import AdaptiveLIF
from spikelearn.plotting import COLOURS, SERIES, THEORY, broken_at, heading, new_figure, raster
from spikelearn.simulation.recording import Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["overview", "phase_plane"]

_ABOVE: dict[str, Any] = {
    "frameon": False,
    "fontsize": "small",
    "loc": "lower right",
    "bbox_to_anchor": (1.0, 0.99),
    "borderaxespad": 0.0,
    "ncols": 4,
}
_CRITICAL = r"critical $g^* = (V_0-\theta)/(\theta+\Delta)$"
# Neurons that are traced, and spikes of a stretch that is enlarged where nothing bursts.
_TRACED, _STRETCH = 2, 12


def overview(model: AdaptiveLIF, recording: Recording, title: str) -> Any:
    """Draw the raster, u and g of one or two neurons with threshold, g* and the predicted rhythm.

    Lines are broken at resets and reach the threshold at every spike; jumps of g are vertical. Below, one burst is
    enlarged, or the last few intervals; the phase plane shows the same stretch.

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
    names = [name for name in ("u", "g") if name in recording.traces]
    shown = min(recording.traces[names[0]].sizes["neuron"], _TRACED) if names else 0
    rows = [f"u{k}" for k in range(shown) if "u" in names] + (["g"] if "g" in names else [])
    both = len(names) == 2 and recording.spikes is not None
    layout: Any = [[row, row, *(["plane"] if both else [])] for row in ("raster", *rows)]
    heights = [0.6, *[1.0] * len(rows)]
    if both:
        layout.append(["zoom"] * 3)
        heights.append(1.3)
    figure = new_figure(10.0, 1.4 + 1.8 * (len(heights) - 0.5))
    axes = figure.subplot_mosaic(layout, height_ratios=heights)
    for name in rows:
        axes[name].sharex(axes["raster"])
    if recording.spikes is not None:
        raster(axes["raster"], recording.spikes, colours=SERIES[:shown])
        _predictions(axes["raster"], model, recording)
    for k in range(shown):
        courses = course(model, recording, k) if both else None
        if "u" in names:
            _membrane(axes[f"u{k}"], model, recording, k, courses, named=shown > 1)
        if "g" in names:
            time, g = (courses[0], courses[2]) if courses else _sampled(recording, "g", k)
            axes["g"].plot(time, g, color=SERIES[k], linewidth=0.7, label=f"neuron {k}" if shown > 1 else None)
    if "g" in names:
        _conductance(axes["g"], model)
    for name in ("raster", *rows)[:-1]:
        axes[name].tick_params(labelbottom=False)
    axes[rows[-1] if rows else "raster"].set_xlabel("time (s)")
    if both:
        window, neuron = _stretch(model, recording, shown)
        _enlarged(axes["zoom"], model, recording, window, neuron, named=shown > 1)
        phase_plane(axes["plane"], model, recording, index=neuron, window=window)
        axes["plane"].set_title("phase plane of the stretch below", fontsize="medium")
    heading(figure, title, recording.provenance)
    return figure


def _sampled(recording: Recording, name: str, neuron: int) -> tuple[Any, Any]:
    return recording.traces["time"].values, np.asarray(recording.traces[name].isel(neuron=neuron).values)


def _membrane(axes: Axes, model: AdaptiveLIF, recording: Recording, k: int, courses: Any, *, named: bool) -> None:
    if courses:
        time, u = courses[:2]
    else:
        spikes: Any = [] if recording.spikes is None else recording.spikes.train(unit=k)
        time, u = broken_at(*_sampled(recording, "u", k), spikes, turn_of(model, recording))
    axes.plot(time, u * 1e3, color=SERIES[k], linewidth=0.5)
    axes.axhline(float(model.theta) * 1e3, color=COLOURS["muted"], linestyle=":", label=r"threshold $\theta$")
    axes.set_ylabel(f"u, neuron {k}\n(mV)" if named else "u (mV)")
    if k == 0:
        axes.legend(**_ABOVE)


def _conductance(axes: Axes, model: AdaptiveLIF) -> None:
    critical = model.critical_conductance()
    if critical > 0:
        axes.axhline(critical, **THEORY, label=_CRITICAL)
    level = _tonic_level(model)
    if level is not None:
        axes.axhline(level, color=COLOURS["theory"], linestyle="-.", label="tonic firing, predicted mean")
    axes.set_ylabel("g (leak\nconductances)")
    if axes.get_legend_handles_labels()[1]:
        axes.legend(**_ABOVE)


def _tonic_level(model: AdaptiveLIF) -> float | None:
    """Give the mean conductance of saturated tonic firing where theory knows of one."""
    if not float(model.t_d) or model.regime() not in ("tonic", "bistable"):
        return None
    interval = model.tonic_interval()
    return float(model.delta_g) * float(model.tau_K) / interval if math.isfinite(interval) else None


def _predictions(axes: Any, model: AdaptiveLIF, recording: Recording) -> None:
    """Mark above each train when theory expects the neuron to burst, counted from its first settled burst."""
    trains = recording.spike_trains()
    if not float(model.t_d):
        count = model.spikes_until_silence() if math.isinf(float(model.tau_K)) else math.inf
        if math.isfinite(count):
            _say(axes, f"predicted: {count:g} spikes, then silence; fired: {len(trains.train(unit=0))}")
        return
    predicted = model.bursting()
    if trains.n_units > 4 or not math.isfinite(predicted.period):
        return
    found = False
    for unit in range(trains.n_units):
        bursts = settled_bursts(model, recording, unit)
        if len(bursts) < 2:
            continue
        starts = np.arange(bursts[0, 0], trains.t_stop, predicted.period)
        stops = np.minimum(starts + predicted.on, trains.t_stop)
        axes.hlines([unit + 0.55] * len(starts), starts, stops, color=THEORY["color"], linestyles=[(0, (2, 0.6))], lw=3)
        found = True
    if found:
        axes.set_ylim(-0.6, trains.n_units - 0.2)
        _say(axes, "dashed: predicted bursts, from the second on: the first still carries the initial state")


def _say(axes: Any, text: str) -> None:
    axes.text(0.0, 1.03, text, transform=axes.transAxes, fontsize="small", color=COLOURS["theory"])


def _stretch(model: AdaptiveLIF, recording: Recording, shown: int) -> tuple[tuple[float, float], int]:
    """Choose what is enlarged: the last whole burst, or the last few intervals, and of which neuron."""
    trains = recording.spike_trains()
    time = recording.traces["time"].values
    if float(model.t_d):
        for k in range(shown):
            bursts = settled_bursts(model, recording, k)
            if len(bursts) > 1:
                start, stop = bursts[-2, 0], bursts[-2, 1]
                return (start - 0.05 * (stop - start), stop + 0.1 * (stop - start)), k
    spikes = trains.train(unit=0)
    spikes = spikes[(spikes >= time[0]) & (spikes <= time[-1])] if len(time) else spikes
    if len(spikes) < 2:
        return (float(trains.t_start), float(trains.t_stop)), 0
    if model.spikes_until_silence() == len(spikes) and math.isinf(float(model.tau_K)):
        return (float(trains.t_start), 1.25 * float(spikes[-1])), 0
    first = max(len(spikes) - _STRETCH, 0)
    margin = 0.05 * (spikes[-1] - spikes[first])
    return (float(spikes[first] - margin), float(spikes[-1] + margin)), 0


def _within(parts: tuple[Any, ...], window: tuple[float, float]) -> tuple[Any, ...]:
    """Cut out of a course what lies in a window, with one row on either side."""
    first, stop = np.searchsorted(parts[0], window)
    return tuple(part[max(first - 1, 0) : stop + 1] for part in parts)


def _enlarged(
    axes: Axes, model: AdaptiveLIF, recording: Recording, window: tuple[float, float], neuron: int, *, named: bool
) -> None:
    time, u, _ = _within(course(model, recording, neuron), window)
    axes.plot(time, u * 1e3, color=SERIES[neuron], linewidth=0.9)
    axes.axhline(float(model.theta) * 1e3, color=COLOURS["muted"], linestyle=":")
    marks, text = _marks(model, recording, window, neuron)
    for k, mark in enumerate(marks):
        axes.axvline(mark, **THEORY, linewidth=1.0, zorder=0, label=text if k == 0 else None)
    axes.set_xlim(*window)
    axes.set_xlabel("time (s)")
    axes.set_ylabel("u (mV)")
    axes.set_title("enlarged" + (f": neuron {neuron}" if named else ""), fontsize="medium", loc="left")
    if len(marks):
        axes.legend(**_ABOVE)


def _marks(model: AdaptiveLIF, recording: Recording, window: tuple[float, float], neuron: int) -> tuple[Any, str]:
    """Give the times in a window at which theory expects something, and what."""
    spikes = recording.spike_trains().train(unit=neuron)
    bursts = settled_bursts(model, recording, neuron)
    if float(model.t_d) and len(bursts) > 1:
        cycle = model.bursting()
        if not math.isfinite(cycle.period):
            return (), ""
        starts = bursts[0, 0] + cycle.period * np.arange(len(bursts) + 1)
        edges = np.concatenate([starts, starts + cycle.on])
        return edges[(edges > window[0]) & (edges < window[1])], "predicted first and last spike of the burst"
    inside = spikes[(spikes >= window[0]) & (spikes <= window[1])]
    if not len(inside) or math.isinf(float(model.tau_K)):
        return (), ""
    interval = model.tonic_interval() if float(model.t_d) else model.regular_interval(order="exact")
    if not math.isfinite(interval):
        return (), ""
    marks = inside[0] + interval * np.arange(int((window[1] - inside[0]) / interval) + 1)
    return marks, f"predicted: one spike every {1e3 * interval:.4g} ms"


def phase_plane(
    axes: Axes, neuron: Any, recording: Recording, *, index: int = 0, window: tuple[float, float] | None = None
) -> None:
    """Draw a trajectory of the adaptive neuron in the plane of g and u, with its u-nullcline, threshold and g*.

    Parameters
    ----------
    axes : Axes
        Where to.
    neuron : AdaptiveLIF
        Gives the nullcline u = (V_0 - g Delta)/(1 + g), the threshold theta and the critical conductance g*.
    recording : Recording
        With spikes and the traces u and g; the line is broken at resets.
    index : int
        Which neuron of the recording.
    window : tuple of two floats, optional
        Seconds; the whole recording if not given.

    References
    ----------
    002 Q1, Eqs. (5) and (12).
    """
    parts = course(neuron, recording, index)
    _, u, g = _within(parts, window) if window else parts
    V_0, Delta, theta = float(neuron.V_0) * 1e3, float(neuron.Delta) * 1e3, float(neuron.theta) * 1e3
    axes.plot(g, u * 1e3, color=SERIES[index % len(SERIES)], linewidth=0.6, label="simulation")
    grid = np.linspace(0.0, max(float(np.nanmax(g, initial=0.0)) * 1.05, 1e-3), 300)
    axes.plot(grid, (V_0 - grid * Delta) / (1 + grid), **THEORY, label=r"$\dot u = 0$")
    axes.axhline(theta, color=COLOURS["muted"], linestyle=":", label=r"threshold $\theta$")
    critical = float(neuron.critical_conductance())
    axes.set_xlabel("g (leak conductances)")
    axes.set_ylabel("u (mV)")
    # Room for the legend above everything that is drawn.
    axes.set_ylim(top=V_0 + 0.45 * V_0)
    if critical > 0:
        low = axes.get_ylim()[0]
        axes.plot([critical] * 2, [low, V_0], color=COLOURS["theory"], linestyle="-.", label=r"critical $g^*$")
        axes.set_ylim(bottom=low)
    axes.legend(framealpha=0.9, edgecolor="none", fontsize="small", loc="upper right")
