"""One start, two rules: the cross-homeostatic rule succeeds and the homeostatic one collapses, and why.

Both runs are those of Soldado-Magraner, Seay, Laje & Buonomano (2022): 500 trials from the same weights, one kick a
trial. From there the kick does not ignite an Up state. A formula says when it will: as long as I is silent, the kick of
101 steps ignites where (1 + a)^101 > 1 + Theta_E/(7 - Theta_E) with a = (g_E W_EE - 1) dt/tau_E, that is W_EE > 2.1526;
the silent drift of the weights, at the floor of 1 Hz, gives the trial.

The homeostatic rule then flickers, holds an Up state with I hardly firing, and loses it although that state still
exists and is stable: W_IE has grown until I fires during the kick, so that the kick reaches it no more. In silence
W_IE grows 3.25 times as fast as W_EE (14 - 1 against 5 - 1), so it never comes back. The maps show where the kick
ignites, by simulation, with the formulas drawn in and the path of the weights.

Run ``python analyses/ei_trials_collapse.py [--output FOLDER]``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import spikelearn as sl
from spikelearn.models.ei_trials import (
    first_up,
    ignition_threshold,
    kick_peak,
    last_up,
    predicted_first_up,
    switches,
    up_state_margin,
    up_trials,
)
from spikelearn.models.ei_trials.figure import activity_panel, ignition_panel, weight_panel
from spikelearn.plotting import COLOURS, THEORY, new_figure, save_figure

MODEL = sl.EIRates()
START = (2.1, 3.0, 4.0, 1.5)


def four(rate: float) -> dict[str, float]:
    return {f"alpha_{name}": rate for name in ("EE", "EI", "IE", "II")}


RULES = {
    "cross-homeostatic, 5e-4": sl.rules.CrossHomeostatic(**four(5e-4)),
    "homeostatic, 1e-4": sl.rules.Homeostatic(**four(1e-4)),
}


def report(name: str, rule: Any, run: Any) -> None:
    """Print the course of one run beside what the formulas say."""
    last, up = run.isel(trial=-1), int(last_up(run))
    print(f"{name}")
    print(f"  first Up trial {int(first_up(run))}, predicted {predicted_first_up(MODEL, rule, START)}")
    print(f"  {int(up_trials(run).sum())} Up trials, the last in trial {up}; {int(switches(run))} switches")
    print(f"  trial 500: E {float(last.E):.4f} Hz, I {float(last.I):.4f} Hz")
    print("  weights " + ", ".join(f"{w} {float(last[w]):.4f}" for w in MODEL.weights))
    if up == run.sizes["trial"]:
        return
    at = run.sel(trial=up)
    weights = [float(at[w]) for w in MODEL.weights]
    state = MODEL.up_state(*weights)
    print(
        f"  after trial {up} the Up state exists ({bool(state.exists)}) and is stable ({bool(state.stable)}): "
        f"25 (W_EE - 1) - 4.8 W_IE = {float(up_state_margin(MODEL, weights)):+.2f}"
    )
    peak = weights[2] * float(kick_peak(MODEL, weights[0]))
    print(f"  I would get {peak:.1f} of its threshold of {MODEL.Theta_I:g} by the end of the kick, were it silent")


def figure(runs: dict[str, Any]) -> Any:
    """Draw one row a rule: activity, weights, and the map of ignition with formula and path."""
    page = new_figure(14, 7.5)
    panels = page.subplots(2, 3)
    for row, (name, run) in enumerate(runs.items()):
        activity, weights, ignition = panels[row]
        activity_panel(activity, MODEL, run)
        predicted = predicted_first_up(MODEL, RULES[name], START)
        activity.axvline(predicted, **THEORY, label=f"ignition predicted: trial {predicted}")
        activity.legend(frameon=False, fontsize="small", loc="center right")
        activity.set_title(name, fontsize="medium")
        weight_panel(weights, run)
        end = int(last_up(run))
        # The map is made at the last trial that ignites, where it decides.
        fixed = float(run.W_EI.sel(trial=end)), float(run.W_II.sel(trial=end))
        ignition_panel(ignition, MODEL, run, fixed)
        if end < run.sizes["trial"]:
            there = run.sel(trial=end)
            label = f"last Up trial, {end}"
            ignition.plot(there.W_EE, there.W_IE, "*", color=COLOURS["theory"], markersize=11, label=label)
            ignition.legend(framealpha=0.8, edgecolor="none", fontsize="small", loc="lower right")
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, help="folder for the figure")
    options = parser.parse_args()
    print(f"the kick ignites from silence above W_EE = {ignition_threshold(MODEL):.7f}; the start has {START[0]}")
    runs = {name: sl.run_trials(MODEL, rule, 500, START) for name, rule in RULES.items()}
    for name, run in runs.items():
        report(name, RULES[name], run)
    longer = sl.run_trials(MODEL, RULES["cross-homeostatic, 5e-4"], 20_000, START)
    print("cross-homeostatic, end lines (limits 9.8 and 28.5)")
    for trial in (500, 1000, 2000, 5000, 20_000):
        at = longer.sel(trial=trial)
        onto_E, onto_I = 5 * at.W_EE - 14 * at.W_EI, 5 * at.W_IE - 14 * at.W_II
        print(f"  trial {trial:6d}: {float(onto_E):.9f} {float(onto_I):.9f}  W_IE {float(at.W_IE):.9f}")
    if options.output:
        save_figure(figure(runs), options.output / "ei_trials_collapse.png")


if __name__ == "__main__":
    main()
