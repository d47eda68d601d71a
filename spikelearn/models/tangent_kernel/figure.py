"""The figure of the width study: every quantity against width with the theory's power, and the fitted exponents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.models.tangent_kernel.measures import fitted
from spikelearn.models.tangent_kernel.width import WidthStudy
from spikelearn.plotting import COLOURS, SERIES, THEORY, heading, new_figure
from spikelearn.simulation.recording import Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["label", "overview"]

_LABELS = {
    "delta_w_readout": r"$\Delta w^{L+1}$ (read-out)",
    "a": r"$a_\mu$",
    "gradient": r"$\partial f/\partial h$",
    "kernel": r"$C$",
    "kernel_error": r"$C - C_\infty$",
    "residual": r"residual",
    "descent_distance": r"full descent",
}


def label(name: str) -> str:
    """Give the mathematical name of a quantity of the study."""
    return _LABELS.get(name) or rf"$\Delta w^{{{name.rsplit('_', 1)[-1]}}}$"


def overview(study: WidthStudy, recording: Recording, title: str) -> Any:
    """Draw sizes of weight changes, sizes of the rest, what the theory leaves out, and exponents beside their bands.

    Parameters
    ----------
    study : WidthStudy
        What was asked.
    recording : Recording
        Its run.
    title : str
        Title of the figure.
    """
    figure = new_figure(10.0, 8.0)
    (changes, sizes), (errors, exponents) = figure.subplots(2, 2)
    hidden = [f"delta_w_{k}" for k in range(1, study.depth + 1)]
    _powers(changes, study, recording, [*hidden, "delta_w_readout"], "changes of weights (rms)")
    _powers(sizes, study, recording, ["a", "kernel", "gradient"], "coefficients, kernel, gradient")
    _powers(errors, study, recording, ["kernel_error", "residual", "descent_distance"], "what finite width leaves")
    _exponents(exponents, study, recording)
    heading(figure, title, recording.provenance)
    return figure


def _powers(axes: Axes, study: WidthStudy, recording: Recording, names: list[str], title: str) -> None:
    table = recording.traces
    for colour, name in zip(SERIES, names, strict=False):
        values = table[name].values
        measured = np.isfinite(values).all(axis=1)
        if not measured.any():
            continue
        n, values = table["width"].values[measured], values[measured]
        axes.loglog(n, values, "o", color=colour, markersize=2.5, alpha=0.35)
        mean = np.exp(np.log(values).mean(axis=1))
        axes.loglog(n, mean, "o", color=colour, markersize=5, label=label(name))
        # The theory gives the power, not the factor: the line goes through the middle of the data.
        power = study.exponents[name]
        middle = np.exp(np.mean(np.log(mean) - power * np.log(n)))
        axes.loglog(n, middle * n**power, **THEORY, linewidth=1.0)
    axes.set_xticks(table["width"].values, [str(n) for n in table["width"].values])
    axes.minorticks_off()
    axes.set_xlabel("width n")
    axes.set_title(f"{title}; dashed: theory", fontsize="medium")
    low, high = axes.get_ylim()
    axes.set_ylim(low, high * (high / low) ** 0.25)
    axes.legend(frameon=False, fontsize="small", loc="upper center", ncols=2)


def _exponents(axes: Axes, study: WidthStudy, recording: Recording) -> None:
    found = fitted(recording)
    names = list(found)[::-1]
    for k, name in enumerate(names):
        slope, expected = found[name], study.exponents[name]
        axes.plot([expected, expected], [k - 0.35, k + 0.35], **THEORY, linewidth=2)
        axes.errorbar(slope.value, k, xerr=slope.half_width, fmt="o", color=COLOURS["simulation"], capsize=3)
    axes.set_yticks(range(len(names)), [label(name) for name in names])
    axes.set_xlabel("exponent of n")
    axes.set_title("fitted, with bands of 99.9 %; bars: theory", fontsize="medium")
    axes.grid(axis="x", color="0.9")
