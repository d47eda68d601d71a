"""Noise: the cross-homeostatic rule does not mind; weak noise keeps the homeostatic one from silence, strong brings it.

The published runs have noise in the input of both populations, x <- x - 0.1 x + s z in every step with s = 0.1. Eight
seeds of each run, and then the size of the noise from none to ten times as much. With weak noise the homeostatic rule
flickers on where it would fall silent for good; strong noise makes I fire during the kick and silences it altogether.

Run ``python analyses/ei_trials_noise.py [--full] [--output FOLDER]``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import spikelearn as sl
from spikelearn.models.ei_trials import first_up, up_trials
from spikelearn.plotting import COLOURS, new_figure, save_figure

MODEL = sl.EIRates()
START = (2.1, 3.0, 4.0, 1.5)
FOUR = ("EE", "EI", "IE", "II")
RULES = {
    "cross-homeostatic, 5e-4": sl.rules.CrossHomeostatic(**{f"alpha_{name}": 5e-4 for name in FOUR}),
    "homeostatic, 1e-4": sl.rules.Homeostatic(**{f"alpha_{name}": 1e-4 for name in FOUR}),
}
SIZES = (0.0, 0.03, 0.1, 0.3, 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="forty seeds instead of eight")
    parser.add_argument("--output", type=Path, help="folder for the figure")
    options = parser.parse_args()
    n = 40 if options.full else 8
    page = new_figure(12, 7)
    panels = page.subplots(2, 2)
    for row, (name, rule) in enumerate(RULES.items()):
        quiet = sl.run_trials(MODEL, rule, 500, START)
        shares, course = [], panels[row, 0]
        print(name)
        for size in SIZES:
            many = np.tile(START, (n if size else 1, 1))
            run = sl.run_trials(MODEL, rule, 500, many, noise=size, progress=True)
            up, last = up_trials(run), run.isel(trial=-1)
            share = up[-100:].mean(axis=0)
            shares.append(share)
            E, I = last.E.values, last.I.values  # noqa: E741
            print(
                f"  noise {size:4.2f}: first Up {first_up(run).min()} to {first_up(run).max()}, Up trials "
                f"{up.sum(axis=0).min()} to {up.sum(axis=0).max()}, Up in the last hundred {100 * share.mean():.0f} %, "
                f"trial 500 E {E.mean():.3f} +- {E.std(ddof=min(1, len(E) - 1)):.3f}, "
                f"I {I.mean():.3f} +- {I.std(ddof=min(1, len(I) - 1)):.3f} Hz"
            )
            if size == 0.1:
                for values in run.E.values.T:
                    course.plot(run.trial, values, color=COLOURS["simulation"], alpha=0.35, linewidth=0.8)
        course.plot(quiet.trial, quiet.E, color="black", linewidth=1.0, label="without noise")
        course.plot([], [], color=COLOURS["simulation"], label=f"noise 0.1, {n} seeds")
        course.axhline(MODEL.E_set, color=COLOURS["muted"], linestyle="--", linewidth=0.8)
        course.set(xlabel="trial", ylabel="E, running mean (Hz)", title=name)
        course.legend(frameon=False, fontsize="small")
        spread = panels[row, 1]
        for place, share in enumerate(shares):
            spread.plot(np.full(len(share), place), 100 * share, "o", color=COLOURS["simulation"], alpha=0.5)
        spread.set_xticks(range(len(SIZES)), [f"{size:g}" for size in SIZES])
        spread.set(xlabel="size of the noise", ylabel="Up in trials 401 to 500 (%)", ylim=(-5, 105))
    if options.output:
        save_figure(page, options.output / "ei_trials_noise.png")


if __name__ == "__main__":
    main()
