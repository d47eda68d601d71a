"""Figures of the entropy rule: weights finding their place, and a movie beside its replay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.entropy_rule.cases import EntropyCase
from spikelearn.models.entropy_rule.letter import SIDE
from spikelearn.models.entropy_rule.measures import relative_error
from spikelearn.models.entropy_rule.replaying import replay
from spikelearn.plotting import COLOURS, SERIES, heading, new_figure
from spikelearn.simulation.recording import Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["film", "matrix", "overview"]


def overview(case: EntropyCase, recording: Recording, title: str) -> Any:
    """Draw a run: weights, error and terms of the online rule; frames and errors of a replay."""
    return _online(case, recording, title) if case.truth is not None else _movie(case, recording, title)


def matrix(axes: Axes, W: Floats, title: str, limit: float | None = None) -> Any:
    """Draw a weight matrix, to by from, zero in white."""
    from matplotlib.ticker import MaxNLocator

    size = float(np.abs(W).max()) if limit is None else limit
    image = axes.imshow(W, cmap="RdBu_r", vmin=-size, vmax=size, interpolation="nearest")
    axes.set(xlabel="from neuron j", ylabel="to neuron i", title=title)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5, integer=True))
    return image


def film(axes: list[Axes], path: Floats, steps: list[int], shape: tuple[int, int], label: str) -> None:
    """Draw states as images, dark where they are high, one panel a step."""
    for panel, step in zip(axes, steps, strict=True):
        panel.imshow(path[step].reshape(shape), cmap="gray_r", vmin=-1, vmax=1, interpolation="nearest")
        panel.set(xticks=[], yticks=[], title=f"{label} {step}")


def _online(case: EntropyCase, recording: Recording, title: str) -> Any:
    truth = np.asarray(case.truth)
    page = new_figure(11.0, 7.0)
    weights, error, terms, replayed = page.subplots(2, 2).ravel()
    time = recording.traces["time"].values
    W = recording.traces["W"].values
    solution = case.rule.periodic(case.frames, case.dt)
    n = len(truth)
    for k, (i, j) in enumerate(np.ndindex(n, n)):
        weights.plot(time, W[:, i, j], color=COLOURS["simulation"], lw=0.8, label="online" if not k else None)
        weights.axhline(
            solution.mean[i, j], color=COLOURS["theory"], ls="--", lw=0.8, label="periodic\nsolution" if not k else None
        )
    weights.set(xlabel="time", ylabel="weight", title="Nine weights and where they tend")
    weights.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1.0, 1.0))
    away = [relative_error(w, truth) for w in W]
    error.semilogy(time, away, color=COLOURS["simulation"], label="online")
    end = relative_error(solution.weights[0], truth)
    error.axhline(end, color=COLOURS["theory"], ls="--", label=f"periodic\nsolution, {end:.2g}")
    error.set(xlabel="time", ylabel=r"$|W - W_0| / |W_0|$", title="Distance from the input's weights")
    error.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1.0, 1.0))
    if "stdp" in recording.traces:
        for name, colour in (("stdp", "simulation"), ("hebbian", "potassium"), ("scaling", "accent")):
            part = recording.traces[name].values[:, 0, 1]
            terms.plot(time, part, color=COLOURS[colour], label={"stdp": "STDP", "hebbian": "Hebbian"}.get(name, name))
        terms.plot(time, W[:, 0, 1], color=COLOURS["muted"], ls=":", label="their sum, the weight")
        terms.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1.0, 1.0))
    terms.set(xlabel="time", ylabel="added to the weight from 2 to 1", title="Three terms")
    steps = 2 * len(case.frames)
    path = replay(W[-1], case.frames[0], steps, case.dt, case.rule.l, case.rule.activation, method="rk4")
    t = case.dt * np.arange(steps + 1)
    shown = case.frames[np.arange(steps + 1) % len(case.frames)]
    for k in range(n):
        replayed.plot(t, path[:, k], color=SERIES[k % 4], lw=1.2, label="replay" if not k else None)
        replayed.plot(t, shown[:, k], color="k", ls="--", lw=0.8, label="input" if not k else None)
    replayed.set(xlabel="time", ylabel="activity", title="Replay without input, decay l")
    replayed.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1.0, 1.0))
    heading(page, title, recording.provenance)
    return page


def _movie(case: EntropyCase, recording: Recording, title: str) -> Any:
    path = np.asarray(recording.traces["v"].values)
    T = len(case.frames)
    page = new_figure(11.0, 6.0)
    if case.grid is None:
        steps = [round(k * (T - 1) / 5) for k in range(6)]
        shape = (SIDE, SIDE)
        last = len(path) - T - 1
        rows = page.add_gridspec(3, 6, height_ratios=[1, 1, 1.2])
        film([page.add_subplot(rows[0, k]) for k in range(6)], case.frames, steps, shape, "movie")
        film([page.add_subplot(rows[1, k]) for k in range(6)], path, [last + s for s in steps], shape, "replay")
        left, right = page.add_subplot(rows[2, :3]), page.add_subplot(rows[2, 3:])
    else:
        rows = page.add_gridspec(2, 2)
        shown, left = page.add_subplot(rows[0, :]), page.add_subplot(rows[1, 0])
        right = page.add_subplot(rows[1, 1])
        t = recording.traces["time"].values
        for k, (truth, seen) in enumerate(zip(case.grid.decode(case.frames).T, case.grid.decode(path).T, strict=True)):
            shown.plot(t, truth[np.arange(len(t)) % T], color="k", ls="--", lw=0.8, label="input" if not k else None)
            shown.plot(t, seen, ".", ms=4, color=SERIES[k % 4], label=f"replay, {'xy'[k]}")
        shown.set(xlabel="time", ylabel="place", title="Read from the most active box")
        shown.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    apart = recording.traces["frame_error"].values
    left.semilogy(np.where(apart > 0.0, apart, np.nan), color=COLOURS["simulation"])
    left.set(xlabel="step", ylabel="rms to the nearest frame", title="Distance of replay from the movie")
    W = case.weights()
    if case.grid is None:
        right.semilogy(W.singular_values, ".", color=COLOURS["simulation"])
        right.set(xlabel="number", ylabel="singular value of S(u)", title=f"{W.rank} independent frames of {T}")
    else:
        # Each box followed by the one that comes next, so that weights to the next neuron stand beside the diagonal.
        _, order = np.unique(np.searchsorted(case.grid.active, case.grid.boxes), return_index=True)
        sequence = np.argsort(order)
        page.colorbar(matrix(right, W.dense()[np.ix_(sequence, sequence)], "Weights, in order of activity"), ax=right)
    heading(page, title, recording.provenance)
    return page
