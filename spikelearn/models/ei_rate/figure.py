"""Figures of the E/I rate model: the map of stability with every condition as a line, and a run beside its theory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.models.ei_rate.model import EIRates
from spikelearn.models.ei_rate.share import W_EE_MAX, W_IE_MAX, stable_share
from spikelearn.models.ei_rate.stability import stability, stability_map
from spikelearn.plotting import COLOURS, heading, new_figure, typeset
from spikelearn.rules.closed_forms import TraceDeterminant, coefficients
from spikelearn.rules.rule import Rule, slower
from spikelearn.simulation.recording import Recording

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

__all__ = ["overview", "stability_handles", "stability_panel"]

N = 301
DETERMINANT, TRACE, PARADOXICAL = "neural determinant > 0", "neural trace < 0", r"paradoxical: $g_E W_{EE} > 1$"
LINES: Mapping[str, dict[str, Any]] = {
    DETERMINANT: {"colour": COLOURS["E"], "style": "-"},
    TRACE: {"colour": COLOURS["E"], "style": "--"},
    r"$W_{EI} > 0$": {"colour": COLOURS["muted"], "style": "-"},
    r"$W_{II} > 0$": {"colour": COLOURS["muted"], "style": "--"},
    PARADOXICAL: {"colour": COLOURS["accent"], "style": ":"},
    "rule stable": {"colour": "#000000", "style": "-"},
}
SHADES = {"stable set point": COLOURS["stable"], "unstable set point": COLOURS["unstable"], "no set point": "#FFFFFF"}
# On which side of a contour line the larger values lie, as an angle of the strokes that stand on it.
_TICKS: Mapping[str, Any] = {"spacing": 9, "length": 0.55, "angle": 90}


def stability_panel(
    axes: Axes, model: EIRates, rule: Rule, title: str, *, method: Any = "qss", legend: bool = True
) -> float:
    """Draw one map over the free weights: set points shaded by their verdict, every condition as a line.

    Strokes stand on the side of a line where its condition holds. The share of the valid set points (neurally stable,
    positive weights) that is stable under the rule stands in the corner.

    Parameters
    ----------
    axes : Axes
        Where to.
    model, rule, method
        As in `spikelearn.stability`.
    title : str
        Title of the panel.
    legend : bool
        Whether to say below the panel what shades and lines are; `stability_handles` serves several panels at once.

    Returns
    -------
    float
        The share that is stable, as `spikelearn.models.ei_rate.share.stable_share` gives it.
    """
    ee = (np.arange(N) + 0.5) * W_EE_MAX / N
    ie = (np.arange(N) + 0.5) * W_IE_MAX / N
    verdict = stability_map(model, rule, ee, ie, method=method)
    valid, stable = verdict["valid"].values, verdict["stable"].values
    layers = np.where(valid & stable, 2.0, np.where(valid, 1.0, np.nan)).T
    axes.contourf(ee, ie, layers, levels=[0.5, 1.5, 2.5], colors=[COLOURS["unstable"], COLOURS["stable"]])
    x, y = np.meshgrid(ee, ie, indexing="ij")
    drawn = [
        name
        for name, margin in _margins(model, rule, method).items()
        if _line(axes, ee, ie, np.asarray(margin(x, y)), name)
    ]
    share = stable_share(model, rule, method=None if method in ("qss", "closed") else method)
    axes.text(
        0.02,
        0.98,
        f"stable: {100 * share:.2f} % of valid",
        transform=axes.transAxes,
        va="top",
        fontsize="small",
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5},
    )
    axes.set_xlim(0, W_EE_MAX)
    axes.set_ylim(0, W_IE_MAX)
    axes.set_xlabel(r"$W_{EE}$")
    axes.set_ylabel(r"$W_{IE}$")
    axes.set_title(typeset(title), fontsize="medium")
    if legend:
        axes.legend(
            handles=stability_handles(drawn), loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3, fontsize=8,
            frameon=False, title="strokes stand on the side where a condition holds", title_fontsize=8,
        )  # fmt: skip
    return share


def stability_handles(lines: Any = tuple(LINES)) -> list[Artist]:
    """Give what a legend of stability maps is made of: the three shades, and one entry a line.

    Parameters
    ----------
    lines : iterable of str
        Names of the lines that are drawn.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    shades = [Patch(facecolor=colour, edgecolor="0.6", label=name) for name, colour in SHADES.items()]
    return [
        *shades,
        *(Line2D([], [], color=LINES[name]["colour"], linestyle=LINES[name]["style"], label=name) for name in lines),
    ]


def _margins(model: EIRates, rule: Rule, method: Any) -> dict[str, Callable[[Any, Any], Any]]:
    """Give functions of (W_EE, W_IE) that are positive where the condition of that name holds."""

    def of(pick: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
        return lambda x, y: pick(coefficients(model, x, y))

    return {
        DETERMINANT: of(lambda c: c.C),
        TRACE: of(lambda c: c.y * model.tau_E - c.x * model.tau_I),
        r"$W_{EI} > 0$": of(lambda c: c.W_EI + 0 * c.y),
        r"$W_{II} > 0$": of(lambda c: c.W_II + 0 * c.x),
        PARADOXICAL: of(lambda c: c.x + 0 * c.y),
        "rule stable": lambda x, y: _rule_margin(model, rule, method, x, y),
    }


def _rule_margin(model: EIRates, rule: Rule, method: Any, x: Any, y: Any) -> Any:
    """Give a number that is positive where the rule is stable, given neural stability.

    With a closed form it is taken times C, which is positive wherever the verdict means anything: so the line goes on
    smoothly beyond the neural region, as the source draws it.
    """
    pair = None
    if method in ("qss", "closed") and rule.closed_form is not None and not rule.parameters.keys() & {"W_EE_up"}:
        with np.errstate(divide="ignore", invalid="ignore"):
            pair = rule.closed_form(model, rule.parameters, x, y)
    # The pinned forced-balance rule has four nonzero eigenvalues and no such pair.
    if isinstance(pair, TraceDeterminant):
        c = coefficients(model, x, y)
        with np.errstate(divide="ignore", invalid="ignore"):
            trace, determinant = -pair.trace * c.C, pair.determinant * c.C
        return np.minimum(trace / np.nanstd(trace), determinant / np.nanmax(np.abs(determinant)))
    verdict = stability(model, rule, W_EE=x, W_IE=y, method=method)
    return np.where(verdict.neural_stable, np.where(verdict.rule_stable, 1.0, -1.0), np.nan)


def _line(axes: Axes, ee: NDArray[np.float64], ie: NDArray[np.float64], margin: NDArray[np.float64], name: str) -> bool:
    """Draw where a margin is zero, and tell whether it is so anywhere."""
    from matplotlib.patheffects import withTickedStroke

    look = LINES[name]
    if not (np.nanmin(margin) < 0 < np.nanmax(margin)):
        if name == "rule stable":
            where = "everywhere" if np.nanmin(margin) >= 0 else "nowhere"
            axes.text(0.97, 0.03, f"rule stable {where}", transform=axes.transAxes, ha="right", fontsize=8)
        return False
    drawn = axes.contour(
        ee, ie, margin.T, levels=[0.0], colors=[look["colour"]], linestyles=[look["style"]], linewidths=1.4
    )
    drawn.set_path_effects([withTickedStroke(**_TICKS)])
    return True


def overview(case: Any, recording: Recording, title: str) -> Any:
    """Draw the map with the point that was run, and the run's departure from the set point beside the prediction.

    Parameters
    ----------
    case : Case
        Of `spikelearn.models.ei_rate.entry`.
    recording : Recording
        Its run.
    title : str
        Title of the figure.
    """
    if case.rule is None:
        figure = new_figure(8.0, 4.4)
        _up_state(figure.subplots(), case, recording)
    else:
        figure = new_figure(10.5, 5.6)
        left, right = figure.subplots(1, 2)
        stability_panel(left, case.model, case.rule, f"{case.rule.name}: activities at their quasi-steady state")
        left.plot(case.weights.W_EE, case.weights.W_IE, "o", color=COLOURS["simulation"], label="the run")
        left.annotate(
            "run", (float(case.weights.W_EE), float(case.weights.W_IE)), xytext=(6, 4), textcoords="offset points",
            fontsize="small", color=COLOURS["simulation"],
        )  # fmt: skip
        _departure(right, case, recording)
    heading(figure, title, recording.provenance)
    return figure


def _departure(axes: Axes, case: Any, recording: Recording) -> None:
    """Draw the leading mode relative to where it begins, over decades, with both predictions."""
    time = recording.traces["time"].values * 1e3
    amplitude = recording.traces["amplitude"].values
    relative = amplitude / amplitude[0]
    half = len(time) // 2
    growth = float(np.log(amplitude[-1] / amplitude[half]) / (time[-1] - time[half]))
    axes.semilogy(
        time, relative, color=COLOURS["simulation"], linewidth=2, label=typeset(f"run: grows by {growth:.4g} /ms")
    )
    point = {"W_EE": case.weights.W_EE, "W_IE": case.weights.W_IE}
    slow = slower(case.rule, case.slowdown)
    whole = float(stability(case.model, slow, **point, method="full").eigenvalues[..., :4].real.max())
    quasi = float(stability(case.model, case.rule, **point).eigenvalues[0].real) * case.slowdown
    for value, style, text in ((whole, "--", "activities and weights together"), (quasi, "-.", "quasi-steady state")):
        line = np.exp(value * time)
        axes.semilogy(time, line, style, color=COLOURS["theory"], label=typeset(f"theory, {text}: {value:.4g} /ms"))
    # A per cent is not to fill the panel: a decade to either side at least.
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, 0.1), max(high, 10.0))
    axes.set_xlabel("time (ms)")
    axes.set_ylabel("departure from the set point, relative to its start")
    axes.set_title(f"leading mode of the run, rates times {case.slowdown:g}", fontsize="medium")
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.13), fontsize=8)


def _up_state(axes: Axes, case: Any, recording: Recording) -> None:
    """Draw both activities at fixed weights until they have settled, beside the fixed point."""
    time = recording.traces["time"].values * 1e3
    off = np.zeros(len(time))
    for name, style in (("E", "--"), ("I", "-.")):
        course = recording.traces[f"{name}_fixed_weights"].values
        up = float(getattr(case.model.up_state(*case.weights), name))
        axes.plot(time, course, color=COLOURS[name], label=f"{name}, run")
        axes.axhline(up, color=COLOURS["theory"], linestyle=style, label=f"{name}, theory: {up:.4g} Hz")
        off = np.maximum(off, np.abs(course - up) / np.abs(course[0] - up or 1.0))
    # After the last time at which a thousandth of the first departure is left nothing is to be seen.
    moving = np.flatnonzero(off > 1e-3)
    stop = min(len(time) - 1, int(1.2 * moving[-1]) + 1) if len(moving) else len(time) - 1
    axes.set_xlim(time[0], time[stop])
    axes.set_xlabel("time (ms)")
    axes.set_ylabel("activity (Hz)")
    axes.set_title("from 2 % beside the Up state, weights fixed", fontsize="medium")
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
