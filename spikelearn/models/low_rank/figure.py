"""Figures of a low-rank network: overlaps in time beside the mean field, and the plane of overlaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.low_rank.model import LowRank
from spikelearn.plotting import COLOURS, SERIES, THEORY, heading, new_figure
from spikelearn.simulation.recording import Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["overview", "phase_portrait"]

_GRID = 41


def overview(model: LowRank, recording: Recording, title: str) -> Any:
    """Draw the overlaps of a run against time, with the mean field from the same start, and in their plane.

    Parameters
    ----------
    model : LowRank
        What was run.
    recording : Recording
        With the overlaps m.
    title : str
        Title of the figure.

    Returns
    -------
    matplotlib.figure.Figure
    """
    t, m = np.asarray(recording.traces["time"].values), np.asarray(recording.traces["m"].values)
    page = new_figure(11, 4.2)
    left, right = page.subplots(1, 2)
    given = recording.provenance.get("input")
    comparable = not model.g and given != "function" and len(t) > 1
    theory = model.mean_field(m[0], t, given) if comparable else None
    for k in range(min(model.p, 5)):
        left.plot(t, m[:, k], color=SERIES[k], label=f"$m_{k + 1}$")
        if theory is not None:
            left.plot(
                t,
                theory[:, k],
                color=THEORY["color"],
                linestyle=(0, (4, 4)),
                lw=1.3,
                label="mean field" if k == 0 else None,
            )
    left.set(xlabel="time (time constants)", ylabel="overlap")
    left.set_title(f"n = {recording.provenance.get('n')}", loc="left", fontsize="medium")
    left.legend(frameon=False, fontsize="small", loc="lower right", bbox_to_anchor=(1.0, 0.98), ncols=6)
    if model.p == 1:
        _line(right, model, given)
        right.plot(m[-1, 0], 0, "*", color=COLOURS["simulation"], ms=9, zorder=4, label="network, at the end")
    else:
        phase_portrait(right, model, u=given if comparable else None)
        right.plot(m[:, 0], m[:, 1], color=COLOURS["simulation"], lw=1.2, label="network")
        right.plot(*m[0, :2], "s", color=COLOURS["simulation"], ms=5)
        right.plot(*m[-1, :2], "*", color=COLOURS["simulation"], ms=9, zorder=4, label="its end")
    right.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1.0, 1.0))
    heading(page, title, recording.provenance)
    return page


def phase_portrait(axes: Axes, model: LowRank, *, u: Any = None, reach: float | None = None) -> None:
    """Draw flow, fixed points (filled where stable) and limit cycle in the plane of the first two overlaps.

    With more than two overlaps the flow is that at zero of the others.

    Parameters
    ----------
    axes : Axes
        Where to.
    model : LowRank
        With two or more overlaps.
    u : array_like, shape (q,), optional
        A constant input.
    reach : float, optional
        Half the width of the plane; it fits the fixed points and the cycle if not given.
    """
    points = model.fixed_points(u)
    closed = model.limit_cycle() if model.mixture is None and not model.g and u is None else None
    extent = max([point.amplitude for point in points] + [closed.radius_max if closed else 0.0])
    half = reach if reach is not None else 1.35 * extent or 0.5
    axis = np.linspace(-half, half, _GRID)
    if not model.g:
        plane = np.zeros((_GRID, _GRID, model.p))
        plane[..., 0], plane[..., 1] = np.meshgrid(axis, axis)
        flow = model.flow(plane, u)
        axes.streamplot(
            axis, axis, flow[..., 0], flow[..., 1], color="#C8C8C8", linewidth=0.6, density=0.9, arrowsize=0.7
        )
    if closed is not None:
        loop = np.vstack([closed.overlaps, closed.overlaps[:1]])
        axes.plot(loop[:, 0], loop[:, 1], **THEORY, lw=2, label="limit cycle, predicted")
    # Points come in pairs unless there is input or a mixture, whose list has both.
    mirrored = u is None and model.mixture is None
    for stable, label in ((True, "stable"), (False, "unstable")):
        chosen = [point.overlaps[:2] for point in points if point.stable is stable]
        chosen += [-m for m in chosen if m.any()] if mirrored else []
        if chosen:
            x, y = np.array(chosen).T
            face = COLOURS["theory"] if stable else "white"
            axes.plot(x, y, "o", mfc=face, mec=COLOURS["theory"], ms=7, zorder=3, label=f"{label} fixed point")
    axes.set(xlim=(-half, half), ylim=(-half, half), xlabel="$m_1$", ylabel="$m_2$", aspect="equal")


def _line(axes: Axes, model: LowRank, u: Any) -> None:
    """dm/dt against m for one overlap."""
    points = model.fixed_points(u) if not (model.g and u is not None) else ()
    half = 1.35 * max([point.amplitude for point in points] or [0.0]) or 0.5
    m = np.linspace(-half, half, 401)[:, None]
    if not model.g:
        axes.plot(m, model.flow(m, u)[:, 0], **THEORY, label="theory: $dm/dt$")
    axes.axhline(0, color=COLOURS["muted"], lw=0.7)
    both = [1.0] if u is not None or model.mixture is not None else [1.0, -1.0]
    for stable, label in ((True, "stable"), (False, "unstable")):
        places: list[Floats] = [
            s * point.overlaps
            for point in points
            if point.stable is stable
            for s in (both if point.amplitude else [1.0])
        ]
        if places:
            face = COLOURS["theory"] if stable else "white"
            axes.plot(
                np.array(places)[:, 0],
                np.zeros(len(places)),
                "o",
                mfc=face,
                mec=COLOURS["theory"],
                label=f"{label} fixed point",
            )
    axes.set(xlabel="$m$", ylabel="$dm/dt$")
    if model.g:
        # No equation in m alone: the fixed points are all there is to show.
        axes.set(yticks=[], ylabel="")
