"""Eighty E and twenty I units: which published starts saturate and why, and what two rules make of the others.

Twenty draws of the published start weights, N(0.1, 0.04), run for one trial tell which of them go to the cut-offs of
both populations, and three counterfactuals tell why: the I units' cut-off lifted, the E units' cut-off lifted, and the
spread of the weights taken away. Then the published weights and mended ones, from I to E N(0.12, 0.048), learn for 250
trials under the global cross-homeostatic rule and under the one with own terms; saturated starts are counted and left
out of the means, none is chosen by its seed.

Run ``python analyses/ei_units_saturation.py [--full] [--output FOLDER]``; twenty seeds with ``--full``, else two that
learn.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

import spikelearn as sl
from spikelearn.models.ei_units import saturated, spread, total_weights, two_population_trial, weight_correlation
from spikelearn.models.ei_units.figure import course_panel, rates_panel, sums_panel
from spikelearn.models.ei_units.measures import silent_units
from spikelearn.plotting import COLOURS, new_figure, save_figure

MODEL = sl.EIUnits()
MENDED = (0.12, 0.048)
RULES = {
    "cross-homeostatic, 2e-5": sl.rules.CrossHomeostatic(
        **{f"alpha_{name}": 2e-5 for name in ("EE", "EI", "IE", "II")}
    ),
    "with own terms, 1e-5 each": sl.rules.TwoTerm(alpha=1e-5, beta=1e-5),
}
STARTS: dict[str, Any] = {"published": None, "mended": MENDED}


def first_trials(n: int) -> dict[str, Any]:
    """Give the determinant C of every start, which starts saturate, and how many do in the counterfactuals."""
    rule = next(iter(RULES.values()))
    W0 = MODEL.draw_weights(range(n))
    found = {"C": MODEL.populations.determinant(*total_weights(MODEL, W0))}
    run = sl.run_trials(MODEL, rule, 1, W0)
    found["E"], found["lost"] = run["E_trial"].values[0], saturated(MODEL, run)
    found["sums alone"] = two_population_trial(MODEL, W0)[0] > 0.9 * MODEL.populations.E_max
    for name, changes in (("cut-off of I lifted", {"I_max": 1e5}), ("cut-off of E lifted", {"E_max": 1e4})):
        units = sl.EIUnits(sl.EIRates(**changes))
        # Lost means the same place as before, so E is compared with its own cut-off.
        found[name] = saturated(units, sl.run_trials(units, rule, 1, W0))
    mended = MODEL.draw_weights(range(n), W_EI=MENDED)
    found["mended"] = saturated(MODEL, sl.run_trials(MODEL, rule, 1, mended))
    return found


def report(name: str, run: Any) -> None:
    """Print means and spread over the starts that do not saturate."""
    kept = ~saturated(MODEL, run)
    print(f"  {name}: {int((~kept).sum())} of {kept.size} starts saturate")
    if not kept.any():
        return
    for kind in "EI":
        mean, sd = run[kind].values[-1][kept], spread(run, kind)[kept]
        r = weight_correlation(MODEL, run["W_end"].values[kept], kind)
        print(
            f"    {kind}: mean {mean.mean():.3f} (from {mean.min():.3f} to {mean.max():.3f}) Hz, spread over units "
            f"{sd.mean():.3f} Hz, silent units {silent_units(run, kind)[kept].mean():.1f}, "
            f"r of summed weights {r.min():.5f} to {r.max():.5f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="twenty seeds learn instead of two; some minutes")
    parser.add_argument(
        "--noise", type=float, default=0.0, help="size of the noise; 0.1 in the source, which is slower"
    )
    parser.add_argument("--output", type=Path, help="folder for the figure")
    options = parser.parse_args()
    first = first_trials(20)
    print(f"trial 1 of {first['C'].size} starts: {int(first['lost'].sum())} saturate at (100, 250) Hz")
    for name in ("sums alone", "cut-off of I lifted", "cut-off of E lifted", "mended"):
        print(f"  {name}: {int(first[name].sum())}")
    equal = sl.run_trials(MODEL, next(iter(RULES.values())), 1, MODEL.draw_weights(0, start=(0.1, 0.0)))
    print(f"  no spread: E {float(equal['E_trial'][0]):.2f} Hz")
    seeds = range(20) if options.full else (0, 1)
    page = new_figure(14.0, 7.5)
    panels = page.subplots(2, 4)
    first_panels(panels[:, 0], first)
    for label, from_I in STARTS.items():
        print(f"{label} start weights, {len(seeds)} seeds, noise {options.noise:g}, trial 250")
        if label == "published" and not options.full:
            print("  with --full")
            continue
        W0 = MODEL.draw_weights(seeds, W_EI=from_I)
        for row, (name, rule) in enumerate(RULES.items()):
            run = sl.run_trials(MODEL, rule, 250, W0, noise=options.noise, progress=True)
            report(name, run)
            if label == "mended":
                one = run.isel(start=0)
                course_panel(panels[row, 1], MODEL, one)
                panels[row, 1].set_title(f"{name}, one mended start", fontsize="medium")
                rates_panel(panels[row, 2], MODEL, one)
                sums_panel(panels[row, 3], MODEL, one["W_end"].values, "E")
                for axes in panels[row, 1:]:
                    axes.legend(frameon=False, fontsize="small")
    if options.output:
        save_figure(page, options.output / "ei_units_saturation.png")


def first_panels(panels: Any, first: dict[str, Any]) -> None:
    """Draw E in trial 1 against C, and how many starts saturate in each case."""
    above, below = panels
    for lost, colour, label in ((True, COLOURS["accent"], "saturated"), (False, COLOURS["simulation"], "Up state")):
        chosen = first["lost"] == lost
        above.plot(first["C"][chosen], first["E"][chosen], "o", color=colour, label=label)
    C = np.linspace(2.0, 8.0, 200)
    units = MODEL.draw_weights(0, start=(0.1, 0.0))
    ei, ii = (float(total_weights(MODEL, units)[k]) for k in (1, 3))
    p = MODEL.populations
    above.plot(
        C,
        p.g_E * (p.g_I * p.Theta_I * ei - (p.g_I * ii + 1) * (p.Theta_E - p.I_ext)) / C,
        color=COLOURS["theory"],
        linestyle="--",
        linewidth=1,
        label="theory: Up state of the mean weights",
    )
    above.set(xlabel="C of the summed weights", ylabel="E in trial 1 (Hz)", ylim=(0, 140))
    above.set_title("Published start weights", fontsize="medium")
    above.legend(frameon=False, fontsize="small")
    names = ("lost", "cut-off of E lifted", "cut-off of I lifted", "sums alone", "mended")
    labels = ("as published", "E cut-off lifted", "I cut-off lifted", "sums alone", "mended")
    counts = [int(first[name].sum()) for name in names]
    below.barh(range(len(names)), counts, color=COLOURS["accent"])
    below.set_yticks(range(len(names)), labels, fontsize="small")
    below.invert_yaxis()
    below.set(xlabel=f"saturated starts of {first['C'].size}", xlim=(0, first["C"].size))
    below.set_title("Why", fontsize="medium")


if __name__ == "__main__":
    main()
