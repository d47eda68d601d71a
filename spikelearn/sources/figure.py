"""The figure of LN cells: averages and eigenvalues of joint or single spikes beside what they should be."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelearn.plotting import COLOURS, THEORY, heading, new_figure
from spikelearn.simulation.recording import Recording
from spikelearn.sources.ln_measures import TriggeredCase, measured

__all__ = ["ln_figure"]


def ln_figure(case: TriggeredCase, recording: Recording, title: str) -> Any:
    """Draw whitened average and eigenvalues of the covariance, for joint weights where there are two cells."""
    weights = "joint" if case.cells.n_units == 2 else "single"
    average, covariance, _ = measured(case, recording, weights)
    expected = case.expected(weights)
    white = expected.white
    page = new_figure(10, 4)
    heading(page, title, recording.provenance)
    left, right = page.subplots(1, 2)
    size = len(average)
    at: Any = np.arange(size)
    name = "entry of the stimulus vector"
    if expected.dimensions == 1:
        at, name = (np.arange(size) - size + 1) * expected.dt * 1e3, "lag (ms)"
    left.plot(at, white.solve(average - expected.prior_mean), "o", color=COLOURS["simulation"], label="measured")
    left.plot(at, expected.direction, **THEORY, label="expected")
    # Where nothing is expected, noise alone is not to fill the panel: half a unit of the whitened stimulus at least.
    natural = 0.5 * float(np.sqrt((white.matrix**2).sum() / size))
    low, high = left.get_ylim()
    left.set_ylim(min(low, -natural), max(high, natural))
    left.axhline(0, color="0.8", lw=0.8, zorder=0)
    left.set(xlabel=name, ylabel="$S^{-1}$ average (1/stimulus)")
    left.set_title(f"Average of {weights} spikes", fontsize="medium")
    left.legend(frameon=False)
    found, wanted = (
        np.linalg.eigvalsh(white.matrix.T @ one @ white.matrix)[::-1] for one in (covariance, expected.covariance)
    )
    order = np.arange(1, len(found) + 1)
    right.plot(order, found, "o", color=COLOURS["simulation"], label="measured")
    right.plot(order, wanted, "_", ms=14, mew=2, color=COLOURS["theory"], label="expected")
    # Sampling alone spreads eigenvalues: a change of a few per cent is not to fill the panel.
    low, high = min(0.8, found[-1], wanted[-1]), max(1.2, found[0], wanted[0])
    right.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
    right.xaxis.get_major_locator().set_params(integer=True)
    right.axhline(1, color="0.8", lw=0.8, zorder=0)
    right.set(xlabel="component", ylabel="triggered over prior variance")
    right.set_title("Covariance", fontsize="medium")
    right.legend(frameon=False)
    return page
