"""Figures of runs in trials: activities and weights against trials, and the kick's threshold with the formula in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.models.ei_rate.model import EIRates
from spikelearn.models.ei_trials.case import OnlineCase, TrialCase
from spikelearn.models.ei_trials.kernel import quiet_trials
from spikelearn.models.ei_trials.protocol import protocol_of, trial_constants
from spikelearn.models.ei_trials.theory import end_lines, ignition_threshold, kick_peak, predicted_first_up
from spikelearn.plotting import COLOURS, SERIES, THEORY, heading, new_figure
from spikelearn.simulation.recording import Recording

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

__all__ = ["activity_panel", "ignition_panel", "line_panel", "online_overview", "overview", "weight_panel"]

E_COLOUR, I_COLOUR = COLOURS["E"], COLOURS["I"]
_WEIGHT_COLOURS = dict(zip(("W_EE", "W_EI", "W_IE", "W_II"), (E_COLOUR, I_COLOUR, SERIES[0], SERIES[4]), strict=True))


def overview(case: TrialCase, recording: Recording, title: str) -> Any:
    """Draw activities, weights, both lines of set points, and the path of the weights beside the kick's threshold."""
    run = recording.traces
    page = new_figure(11.0, 7.5)
    panels = page.subplots(2, 2)
    activity_panel(panels[0, 0], case.model, run)
    predicted = predicted_first_up(case.model, case.learned, case.W0, variant=case.variant)
    if predicted is not None and predicted <= run.sizes["trial"]:
        panels[0, 0].axvline(predicted, **THEORY, label=f"ignition predicted: trial {predicted}")
    panels[0, 0].legend(frameon=False, fontsize="small")
    weight_panel(panels[0, 1], run)
    line_panel(panels[1, 0], case.model, run)
    fixed = float(run["W_EI"][-1]), float(run["W_II"][-1])
    ignition_panel(panels[1, 1], case.model, run, fixed, variant=case.variant)
    heading(page, title, recording.provenance)
    return page


def online_overview(case: OnlineCase, recording: Recording, title: str) -> Any:
    """Draw a run without trials: sensors with the set points, and the weights, against time."""
    run = recording.traces
    time = run["time"].values
    page = new_figure(10.0, 6.5)
    above, below = page.subplots(2, 1, sharex=True)
    for name, colour in (("E", E_COLOUR), ("I", I_COLOUR)):
        above.plot(time, run[name].values, ".", color=colour, markersize=2, alpha=0.4)
        above.plot(time, run[f"{name}_calcium"].values, color=colour, linewidth=1.0, label=f"{name}, calcium sensor")
        above.axhline(getattr(case.model, f"{name}_set"), color=colour, linestyle="--", linewidth=0.8)
    above.set(ylabel="activity (Hz)", ylim=(-0.7, None))
    above.set_title("Activity (dots) and sensors (dashed: set points)", fontsize="medium")
    above.legend(frameon=False, fontsize="small")
    for name, colour in _WEIGHT_COLOURS.items():
        below.plot(time, run[name].values, color=colour, label=rf"$W_{{{name.removeprefix('W_')}}}$")
    below.set(xlabel="time (s)", ylabel="weight", ylim=(0, None))
    below.legend(frameon=False, fontsize="small", ncols=4)
    heading(page, title, recording.provenance)
    return page


def activity_panel(axes: Axes, model: EIRates, run: xr.Dataset) -> None:
    """Draw the means of every trial as points, the running means as lines, and the set points."""
    trial = run["trial"].values
    for name, colour in (("E", E_COLOUR), ("I", I_COLOUR)):
        axes.plot(trial, run[f"{name}_trial"].values, ".", color=colour, markersize=2, alpha=0.5)
        axes.plot(trial, run[name].values, color=colour, linewidth=1.0, label=f"{name}, running mean")
        axes.axhline(getattr(model, f"{name}_set"), color=colour, linestyle="--", linewidth=0.8)
    axes.set(xlabel="trial", ylabel="activity (Hz)", ylim=(-0.7, None))
    axes.set_title("Activity (dashed: set points)", fontsize="medium")


def weight_panel(axes: Axes, run: xr.Dataset) -> None:
    """Draw the four weights against trials."""
    for name, colour in _WEIGHT_COLOURS.items():
        label = rf"$W_{{{name.removeprefix('W_')}}}$"
        axes.plot(run["trial"].values, run[name].values, color=colour, label=label)
    axes.set(xlabel="trial", ylabel="weight", ylim=(0, None))
    axes.set_title("Weights", fontsize="medium")
    axes.legend(frameon=False, fontsize="small", ncols=2)


def line_panel(axes: Axes, model: EIRates, run: xr.Dataset) -> None:
    """Draw how far the weights are from holding each set point: both differences are zero there."""
    lines = end_lines(model)
    for onto, pair, colour in (("onto_E", ("W_EE", "W_EI"), E_COLOUR), ("onto_I", ("W_IE", "W_II"), I_COLOUR)):
        value = model.E_set * run[pair[0]].values - model.I_set * run[pair[1]].values
        axes.plot(
            run["trial"].values,
            value - lines[onto],
            color=colour,
            label=f"{onto.replace('_', ' ')}: limit {lines[onto]:.4g} Hz",
        )
    axes.axhline(0, color=COLOURS["muted"], linewidth=0.8)
    axes.set(
        xlabel="trial",
        ylabel=r"$E_{set}W_{\cdot E} - I_{set}W_{\cdot I}$ - limit (Hz)",
    )
    axes.set_title("Distance to the end lines", fontsize="medium")
    axes.legend(frameon=False, fontsize="small")


def ignition_panel(
    axes: Axes, model: EIRates, run: xr.Dataset, fixed: tuple[float, float], *, variant: str = "matlab", n: int = 90
) -> None:
    """Draw where the kick ignites over W_EE and W_IE, simulated, with the formulas and the path of the weights.

    Parameters
    ----------
    axes : Axes
        Where to.
    model : EIRates
        The populations.
    run : xarray.Dataset
        A run of one start.
    fixed : tuple of two floats
        W_EI and W_II at which the map is made.
    variant : str
        See `spikelearn.run_trials`.
    n : int
        Points along each axis.
    """
    ee_path, ie_path = run["W_EE"].values, run["W_IE"].values
    threshold = ignition_threshold(model, variant)
    finite = threshold if np.isfinite(threshold) else ee_path.max()
    low, high = min(ee_path.min(), finite) - 0.15, max(ee_path.max(), finite) + 0.3
    ee = np.linspace(max(low, 0.0), high, n)
    ie = np.linspace(max(ie_path.min() - 0.7, 0.0), ie_path.max() + 0.7, n)
    x, y = np.meshgrid(ee, ie, indexing="ij")
    weights = np.array([x.ravel(), np.full(x.size, fixed[0]), y.ravel(), np.full(x.size, fixed[1])])
    protocol = protocol_of(variant)
    schedule = (protocol.steps, protocol.kick_start, protocol.kick_stop, protocol.window)
    E = quiet_trials(weights, trial_constants(model, protocol), schedule, protocol.kick)[0].reshape(x.shape)
    axes.contourf(ee, ie, (E >= 1.0).T.astype(float), levels=[0.5, 1.5], colors=[COLOURS["stable"]])
    axes.axvline(threshold, **THEORY, label=f"formula: $W_{{EE}}$ = {threshold:.4f}")
    with np.errstate(divide="ignore"):
        axes.plot(
            ee,
            model.Theta_I / kick_peak(model, ee, variant),
            "-.",
            color=COLOURS["theory"],
            label="formula: I fires in the kick",
        )
    axes.plot(ee_path, ie_path, color=COLOURS["accent"], label="path of the weights")
    axes.plot(ee_path[-1], ie_path[-1], "o", color=COLOURS["accent"], markersize=5)
    axes.set(xlim=(ee[0], ee[-1]), ylim=(ie[0], ie[-1]), xlabel=r"$W_{EE}$", ylabel=r"$W_{IE}$")
    axes.set_title(rf"The kick ignites (blue; $W_{{EI}}$ {fixed[0]:.2f}, $W_{{II}}$ {fixed[1]:.2f})", fontsize="medium")
    axes.legend(frameon=True, framealpha=0.8, edgecolor="none", fontsize="small", loc="lower right")
