"""Figures of the E/I rate model: the map of stability with every condition labelled on its side, and a trajectory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.models.ei_rate.model import EIRates
from spikelearn.models.ei_rate.stability import stability, stability_map
from spikelearn.plotting import COLOURS, new_figure
from spikelearn.rules.closed_forms import TraceDeterminant, coefficients
from spikelearn.rules.rule import Rule
from spikelearn.simulation.recording import Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["overview", "stability_panel"]

X_MAX, Y_MAX, N = 10.0, 20.0, 301
LINES: Mapping[str, dict[str, Any]] = {
    "determinant, Eq. (22)": {"colour": "#009E73", "style": "-", "at": 0.45},
    "trace, Eq. (23)": {"colour": "#009E73", "style": "--", "at": 0.87},
    r"$W_{EI} > 0$": {"colour": "#7F7F7F", "style": "-", "at": 0.16},
    r"$W_{II} > 0$": {"colour": "#7F7F7F", "style": "-", "at": 0.08},
    "paradoxical, Eq. (27)": {"colour": "#CC79A7", "style": ":", "at": 0.68},
    "rule stable": {"colour": "#000000", "style": "-", "at": 0.5},
}


def stability_panel(axes: Axes, model: EIRates, rule: Rule, title: str, *, method: Any = "qss") -> float:
    """Draw one map over the free weights: the stable region shaded, every condition as a labelled line.

    A label stands on the side of its line where the condition holds. The share of the valid set points (neurally
    stable, positive weights) that is stable under the rule stands in the corner.

    Parameters
    ----------
    axes : Axes
        Where to.
    model, rule, method
        As in `spikelearn.stability`.
    title : str
        Title of the panel.

    Returns
    -------
    float
        The share that is stable.
    """
    ee = (np.arange(N) + 0.5) * X_MAX / N
    ie = (np.arange(N) + 0.5) * Y_MAX / N
    verdict = stability_map(model, rule, ee, ie, method=method)
    valid, stable = verdict["valid"].values, verdict["stable"].values
    layers = np.where(valid & stable, 2.0, np.where(valid, 1.0, np.nan)).T
    axes.contourf(ee, ie, layers, levels=[0.5, 1.5, 2.5], colors=["#F3E3D3", "#9CC9E8"])
    margins = _margins(model, rule, method)
    x, y = np.meshgrid(ee, ie, indexing="ij")
    for name, margin in margins.items():
        _line(axes, ee, ie, np.asarray(margin(x, y)), name)
    share = float(verdict.attrs["stable_fraction"])
    axes.text(
        0.02,
        0.98,
        f"stable: {100 * share:.1f} % of valid",
        transform=axes.transAxes,
        va="top",
        fontsize="small",
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5},
    )
    axes.set_xlim(0, X_MAX)
    axes.set_ylim(0, Y_MAX)
    axes.set_xlabel(r"$W_{EE}$")
    axes.set_ylabel(r"$W_{IE}$")
    axes.set_title(title, fontsize="medium")
    return share


def _margins(model: EIRates, rule: Rule, method: Any) -> dict[str, Callable[[Any, Any], Any]]:
    """Give functions of (W_EE, W_IE) that are positive where the condition of that name holds."""

    def of(pick: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
        return lambda x, y: pick(coefficients(model, x, y))

    return {
        "determinant, Eq. (22)": of(lambda c: c.C),
        "trace, Eq. (23)": of(lambda c: c.y * model.tau_E - c.x * model.tau_I),
        r"$W_{EI} > 0$": of(lambda c: c.W_EI + 0 * c.y),
        r"$W_{II} > 0$": of(lambda c: c.W_II + 0 * c.x),
        "paradoxical, Eq. (27)": of(lambda c: c.x + 0 * c.y),
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


def _line(axes: Axes, ee: NDArray[np.float64], ie: NDArray[np.float64], margin: NDArray[np.float64], name: str) -> None:
    look = LINES[name]
    if not (np.nanmin(margin) < 0 < np.nanmax(margin)):
        if name == "rule stable":
            where = "everywhere" if np.nanmin(margin) >= 0 else "nowhere"
            axes.text(0.97, 0.03, f"rule stable {where}", transform=axes.transAxes, ha="right", fontsize=7)
        return
    drawn = axes.contour(
        ee, ie, margin.T, levels=[0.0], colors=[look["colour"]], linestyles=[look["style"]], linewidths=1.4
    )
    segments = [s for s in drawn.allsegs[0] if len(s) > 1]
    longest = max(segments, key=lambda s: float(np.hypot(*np.diff(s, axis=0).T).sum()), default=None)
    if longest is None:
        return
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*(np.diff(longest, axis=0) / [X_MAX, Y_MAX]).T))])
    if longest[0, 0] + longest[0, 1] / 2 > longest[-1, 0] + longest[-1, 1] / 2:
        longest, length = longest[::-1], length[-1] - length[::-1]
    at = float(look["at"]) * length[-1]
    k = min(int(np.searchsorted(length, at)), len(longest) - 1)
    lo, hi = longest[max(k - 3, 0)], longest[min(k + 3, len(longest) - 1)]
    point = longest[k]
    # Work in fractions of the axes, where the panel's own shape sets angles.
    box = axes.get_window_extent()
    scale = np.array([box.width / X_MAX, box.height / Y_MAX])
    along = (hi - lo) * scale
    angle = float(np.degrees(np.arctan2(along[1], along[0])))
    angle = (angle + 90) % 180 - 90
    normal = np.array([-np.sin(np.radians(angle)), np.cos(np.radians(angle))])
    holds = _value_near(ee, ie, margin, point + 0.03 * np.array([X_MAX, Y_MAX]) * normal) > 0
    axes.annotate(
        name,
        tuple(point),
        xytext=tuple(normal * (2 if holds else -2)),
        textcoords="offset points",
        rotation=angle,
        rotation_mode="anchor",
        ha="center",
        va="bottom" if holds else "top",
        fontsize=7,
        color=look["colour"],
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.55, "pad": 0.3},
    )


def _value_near(ee: Any, ie: Any, margin: NDArray[np.float64], point: NDArray[np.float64]) -> float:
    i = int(np.clip(np.searchsorted(ee, point[0]), 0, len(ee) - 1))
    j = int(np.clip(np.searchsorted(ie, point[1]), 0, len(ie) - 1))
    return float(margin[i, j])


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
    figure = new_figure(10.0, 4.6)
    time = recording.traces["time"].values * 1e3
    if case.rule is None:
        axes = figure.subplots()
        for name, colour in (("E", COLOURS["simulation"]), ("I", COLOURS["potassium"])):
            axes.plot(time, recording.traces[f"{name}_fixed_weights"].values, color=colour, label=f"{name}, run")
            up = float(getattr(case.model.up_state(*case.weights), name))
            axes.axhline(up, color=COLOURS["theory"], linestyle="--", label=f"{name} of Eq. (18): {up:.4g} Hz")
        axes.set_xlabel("time (ms)")
        axes.set_ylabel("activity (Hz)")
        axes.legend(frameon=False)
    else:
        left, right = figure.subplots(1, 2)
        stability_panel(left, case.model, case.rule, f"{case.rule.name}, rates as given (QSS)")
        left.plot(case.weights.W_EE, case.weights.W_IE, "o", color=COLOURS["theory"])
        amplitude = recording.traces["amplitude"].values
        right.semilogy(time, amplitude, color=COLOURS["simulation"], linewidth=2, label="run")
        point = {"W_EE": case.weights.W_EE, "W_IE": case.weights.W_IE}
        value = stability(case.model, case.rule, **point).eigenvalues[0].real * case.slowdown
        prediction = amplitude[0] * np.exp(value * time)
        right.semilogy(time, prediction, "--", color=COLOURS["theory"], label=f"exp({value:.3g}/ms t), QSS")
        right.set_xlabel("time (ms)")
        right.set_ylabel("amplitude of the leading mode")
        right.set_title(f"rates times {case.slowdown:g}", fontsize="medium")
        right.legend(frameon=False)
    figure.suptitle(title)
    return figure
