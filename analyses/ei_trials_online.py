"""Learning without trials beside learning in trials: the same weights in the end, with and without noise.

The cross-homeostatic rule acts in every step through calcium sensors of 1 s, with kicks at random at 0.1 Hz, or after
every trial of 2 s through a running mean. A million steps of 5e-7 learn as much as a thousand trials of 5e-4, so the
100 s online stand beside 1000 trials. Both start at W_EE = 2.2, where the first kick ignites, and at the published
2.1, where it does not: there every kick adds 0.007 to W_EE, so that it takes about eight of them, or noise.

Run ``python analyses/ei_trials_online.py [--full] [--output FOLDER]``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

import spikelearn as sl
from spikelearn.models.ei_trials import end_lines, ignition_threshold, ignition_time
from spikelearn.plotting import COLOURS, new_figure, save_figure, typeset

MODEL = sl.EIRates()
FOUR = ("EE", "EI", "IE", "II")
ONLINE = sl.rules.CrossHomeostatic(**{f"alpha_{name}": 5e-7 for name in FOUR})
TRIALS = sl.rules.CrossHomeostatic(**{f"alpha_{name}": 5e-4 for name in FOUR})
STARTS = {"W_EE = 2.2": (2.2, 3.0, 4.0, 2.0), "published, W_EE = 2.1": (2.1, 3.0, 4.0, 1.5)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="two hundred starts of each kind instead of twenty")
    parser.add_argument("--output", type=Path, help="folder for the figure")
    options = parser.parse_args()
    n = 200 if options.full else 20
    page = new_figure(12.0, 7.0)
    panels = page.subplots(2, 3)
    for row, (label, start) in enumerate(STARTS.items()):
        print(label)
        for noise, colour in ((0.0, COLOURS["simulation"]), (0.1, COLOURS["accent"])):
            run = sl.run_trials(MODEL, ONLINE, 50, np.tile(start, (n, 1)), online=True, noise=noise)
            trials = sl.run_trials(MODEL, TRIALS, 1000, start, noise=noise)
            last, times = run.isel(time=-1), ignition_time(run)
            up = np.isfinite(times)
            E, I = last["E_calcium"].values[up], last["I_calcium"].values[up]  # noqa: E741
            print(
                f"  noise {noise:g}: online {int(up.sum())} of {n} ignite"
                + (f", after {times[up].min():.1f} to {times[up].max():.1f} s" if up.any() else "")
                + (
                    f"; of these at 100 s E {E.mean():.2f} ({E.min():.2f} to {E.max():.2f}), "
                    f"I {I.mean():.2f} ({I.min():.2f} to {I.max():.2f}) Hz"
                    if up.any()
                    else ""
                )
                + f"; 1000 trials E {float(trials['E'][-1]):.2f}, I {float(trials['I'][-1]):.2f} Hz"
            )
            course_panel(panels[row, 0], run, trials, noise, colour)
            ordered = np.sort(times[up])
            panels[row, 1].step([0, *ordered, 100], [0, *np.arange(1, up.sum() + 1), up.sum()], where="post",
                                color=colour, label=f"noise {noise:g}")  # fmt: skip
            path_panel(panels[row, 2], run, trials, noise, colour)
        panels[row, 0].axhline(MODEL.E_set, color=COLOURS["muted"], linestyle="--", linewidth=0.8)
        panels[row, 0].set(
            xlabel="time (s); ten trials a second for the dashed lines", ylabel="E, sensor (Hz)", ylim=(0, 14)
        )
        panels[row, 0].set_title(typeset(label), fontsize="medium")
        panels[row, 1].set(xlabel="time (s)", ylabel=f"runs ignited, of {n}", xlim=(0, 100), ylim=(0, n * 1.05))
        panels[row, 1].set_title("First Up state online", fontsize="medium")
        for axes in panels[row, :2]:
            axes.legend(frameon=False, fontsize="small")
        ee = np.linspace(2.0, 5.2, 2)
        line = (MODEL.E_set * ee - end_lines(MODEL)["onto_E"]) / MODEL.I_set
        panels[row, 2].plot(ee, line, "--", color=COLOURS["theory"], linewidth=1.0, label="theory: set point of E")
        panels[row, 2].axvline(
            ignition_threshold(MODEL), color=COLOURS["theory"], linestyle="-.", label="theory: kick ignites"
        )
        panels[row, 2].set(xlabel=r"$W_{EE}$", ylabel=r"$W_{EI}$", ylim=(0, 3.3))
        panels[row, 2].set_title("Path of the weights (dashed: in trials)", fontsize="medium")
        panels[row, 2].legend(frameon=False, fontsize="small")
    if options.output:
        save_figure(page, options.output / "ei_trials_online.png")


def course_panel(axes: Any, run: Any, trials: Any, noise: float, colour: str) -> None:
    """Draw the sensor of E of one run, and the running mean of the same rule in trials."""
    axes.plot(run["time"].values, run["E_calcium"].values[0], color=colour, label=f"online, noise {noise:g}")
    axes.plot(0.1 * trials["trial"].values, trials["E"].values, ":", color=colour, label=f"in trials, noise {noise:g}")


def path_panel(axes: Any, run: Any, trials: Any, noise: float, colour: str) -> None:
    """Draw the weights onto E of the first ten runs."""
    for k in range(10):
        axes.plot(run["W_EE"].values[k], run["W_EI"].values[k], color=colour, alpha=0.4, linewidth=0.8)
    axes.plot(trials["W_EE"].values, trials["W_EI"].values, ":", color=colour)


if __name__ == "__main__":
    main()
