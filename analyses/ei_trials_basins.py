"""From where do the rules arrive? A thousand random starts, and how each ends.

Starts are uniform: W_EE in [1, 8], W_EI in [0.1, 6], W_IE in [0.1, 12], W_II in [0.1, 4]. At the end a start is at the
set point (both running means within 10 %), saturated (E above 50 Hz), silent (E below 1 Hz in the last trial), or still
under way. The cross-homeostatic rule brings every start to the set point in the end, since its silent drift always
raises W_EE; the homeostatic rule brings none, the sum of both some.

Run ``python analyses/ei_trials_basins.py [--full] [--output FOLDER]``: the long run of 2000 trials is made with 200 of
the starts, or with all of them.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

import spikelearn as sl
from spikelearn.models.ei_trials import OUTCOMES, outcomes
from spikelearn.plotting import COLOURS, new_figure, save_figure

MODEL = sl.EIRates()
RANGES = {"W_EE": (1.0, 8.0), "W_EI": (0.1, 6.0), "W_IE": (0.1, 12.0), "W_II": (0.1, 4.0)}
COLOUR = dict(
    zip(OUTCOMES, (COLOURS["simulation"], COLOURS["potassium"], COLOURS["muted"], COLOURS["accent"]), strict=True)
)
FOUR = ("EE", "EI", "IE", "II")


def starts(n: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Draw starts, uniform in four dimensions."""
    rng = np.random.default_rng(seed)
    return {name: rng.uniform(low, high, n) for name, (low, high) in RANGES.items()}


def counts(ends: np.ndarray) -> str:
    return ", ".join(f"{name} {int((ends == name).sum())}" for name in OUTCOMES)


def scatter(axes: Any, ends: np.ndarray, drawn: dict[str, np.ndarray], pair: tuple[str, str], title: str) -> None:
    """Draw starts in the plane of two weights, coloured by how they ended."""
    for name in OUTCOMES:
        found = ends == name
        axes.plot(
            drawn[pair[0]][found],
            drawn[pair[1]][found],
            ".",
            color=COLOUR[name],
            markersize=4,
            label=f"{name} ({int(found.sum())})",
        )
    axes.set(xlabel=rf"${pair[0][:2]}{{{pair[0][2:]}}}$ at the start", ylabel=rf"${pair[1][:2]}{{{pair[1][2:]}}}$")
    axes.set_title(title, fontsize="medium")
    axes.set_ylim(-0.4, 13.2)
    axes.legend(frameon=False, fontsize="small", loc="upper center", ncols=4, columnspacing=1.0, handletextpad=0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="all starts for 2000 trials, and for every rule")
    parser.add_argument("--output", type=Path, help="folder for the figure")
    options = parser.parse_args()
    n, few = 1000, 1000 if options.full else 200
    every = starts(n)
    some = {name: values[:few] for name, values in every.items()}
    cross = sl.rules.CrossHomeostatic(**{f"alpha_{name}": 5e-4 for name in FOUR})
    homeostatic = sl.rules.Homeostatic(**{f"alpha_{name}": 1e-4 for name in FOUR})
    both = sl.rules.TwoTerm(alpha=2.5e-4, beta=2.5e-4)
    page = new_figure(12, 9)
    panels = page.subplots(2, 2).ravel()
    plans = (
        ("cross-homeostatic", cross, every, 500, ("W_EE", "W_IE")),
        ("cross-homeostatic", cross, some, 2000, ("W_EE", "W_IE")),
        ("homeostatic", homeostatic, some, 500, ("W_EE", "W_IE")),
        ("two terms", both, some, 500, ("W_EE", "W_IE")),
    )
    for axes, (name, rule, drawn, n_trials, pair) in zip(panels, plans, strict=True):
        begin = time.process_time()
        run = sl.run_trials(MODEL, rule, n_trials, drawn, progress=True)
        spent = time.process_time() - begin
        ends = outcomes(MODEL, run)
        print(f"{name:18s} {len(ends):4d} starts, {n_trials:4d} trials: {counts(ends)} ({spent:.1f} s of processor)")
        scatter(axes, ends, drawn, pair, f"{name}, {len(ends)} starts, after {n_trials} trials")
    if options.output:
        save_figure(page, options.output / "ei_trials_basins.png")


if __name__ == "__main__":
    main()
