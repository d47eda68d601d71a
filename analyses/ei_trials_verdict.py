"""Does the verdict foretell the outcome? Three hundred random set points and rates, judged and then run.

Half the cases have the cross-homeostatic rule with four random rates, half the two-term rule; set points are random
among those that are neurally stable with all weights above the floor of 0.1. Every run begins 1e-7 beside the set
point, with the running means at it, so that what is tested is the set point and not its basin. A case has left where
its deviation ever exceeds a hundred times the first (it may come to rest at another set point later), and has converged
where it never does and ends below a third of its largest. Cases that are neither after 500 trials are run for 5000.

The verdict with the sensor's filter, (z - 1)(tau z - tau + 1) = lambda z with tau = 2, is held against the outcome, and
so is the one without it, which errs to both sides: a filter steadies a rule that overshoots, and by its lag unsteadies
one that turns. Cases that disagree are printed one by one with their largest multiplier, and with how far the mean of a
trial is from the Up state that the theory puts in its place.

Run ``python analyses/ei_trials_verdict.py [--output FOLDER]``.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

import spikelearn as sl
from spikelearn.models.ei_trials import protocol_of
from spikelearn.plotting import COLOURS, new_figure, save_figure

MODEL = sl.EIRates()
N, TRIALS, LONG, SENSOR = 300, 500, 5000, 2.0
FOUR = ("EE", "EI", "IE", "II")


def cases(seed: int = 0) -> list[tuple[str, Any, np.ndarray, np.ndarray]]:
    """Draw set points with weights above their floor, which would carry them away, and rates: half with either rule."""
    rng = np.random.default_rng(seed)
    ee, ie = rng.uniform(2.0, 10.0, 4 * N), rng.uniform(5.2, 20.0, 4 * N)
    any_rule = sl.rules.TwoTerm(alpha=1.0, beta=1.0)
    point = sl.stability(MODEL, any_rule, W_EE=ee, W_IE=ie)
    above = np.min(point.weights, axis=0) > protocol_of("matlab").weight_floor
    valid = np.flatnonzero(point.valid & above)[:N]
    first, second = valid[: N // 2], valid[N // 2 :]
    four = {f"alpha_{name}": 10 ** rng.uniform(-4, -1.7, len(first)) for name in FOUR}
    two = {name: 10 ** rng.uniform(-4, -1.7, len(second)) for name in ("alpha", "beta")}
    return [
        ("cross-homeostatic", sl.rules.CrossHomeostatic(**four), ee[first], ie[first]),
        ("two terms", sl.rules.TwoTerm(**two), ee[second], ie[second]),
    ]


def outcome(rule: Any, weights: list[np.ndarray], n_trials: int) -> dict[str, np.ndarray]:
    """Run cases and say which left and which converged."""
    run = sl.run_trials(MODEL, rule, n_trials, weights, A0=(MODEL.E_set, MODEL.I_set), sensor=SENSOR, progress=True)
    off = np.hypot(run.E - MODEL.E_set, run.I - MODEL.I_set).values
    largest = off.max(axis=0)
    left = largest > 100 * off[0]
    up = MODEL.up_state(*weights)
    return {
        "left": left,
        "converged": ~left & (off[-1] < largest / 3),
        "growth": largest / off[0],
        "end": off[-1] / off[0],
        "gap": np.hypot(run.E_trial[0].values - up.E, run.I_trial[0].values - up.I),
    }


def judge(rule: Any, ee: np.ndarray, ie: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Give both verdicts, the largest multiplier, the outcome, and how far a trial's mean is from the Up state."""
    filtered = sl.stability(MODEL, rule, W_EE=ee, W_IE=ie, method="trial", sensor=SENSOR)
    plain = sl.stability(MODEL, rule, W_EE=ee, W_IE=ie, method="trial")
    rng = np.random.default_rng(seed)
    weights = [w * (1 + 1e-7 * rng.standard_normal(len(ee))) for w in filtered.weights]
    found = outcome(rule, weights, TRIALS)
    slow = np.flatnonzero(~found["left"] & ~found["converged"])
    if len(slow):
        chosen = {name: value[slow] for name, value in rule.parameters.items()}
        again = outcome(dataclasses.replace(rule, parameters=chosen), [w[slow] for w in weights], LONG)
        for name, values in again.items():
            found[name][slow] = values
    found["slow"] = np.isin(np.arange(len(ee)), slow)
    return found | {
        "stable": filtered.stable,
        "plain": plain.stable,
        "largest": np.abs(filtered.multipliers).max(axis=-1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, help="folder for the figure")
    options = parser.parse_args()
    page = new_figure(11, 5)
    panels = page.subplots(1, 2, sharey=True)
    agreed = wrong_plain = 0
    for seed, (axes, (name, rule, ee, ie)) in enumerate(zip(panels, cases(), strict=True)):
        found = judge(rule, ee, ie, seed)
        fits = np.where(found["stable"], found["converged"], found["left"])
        fits_plain = np.where(found["plain"], found["converged"], found["left"])
        agreed, wrong_plain = agreed + int(fits.sum()), wrong_plain + int((~fits_plain).sum())
        print(
            f"{name}: {len(ee)} cases, {int(found['stable'].sum())} judged stable; {int(found['converged'].sum())} "
            f"converge, {int(found['left'].sum())} leave ({int(found['slow'].sum())} known only after {LONG} trials); "
            f"the verdict agrees in {int(fits.sum())}"
        )
        called = ~fits_plain & fits
        print(
            f"  without the filter: wrong in {int(called.sum())} of these, "
            f"{int((called & ~found['plain']).sum())} by calling a stable case unstable, "
            f"{int((called & found['plain']).sum())} by calling an unstable case stable"
        )
        for k in np.flatnonzero(~fits):
            print(
                f"  disagrees: W_EE {ee[k]:.3f}, W_IE {ie[k]:.3f}, largest multiplier {found['largest'][k]:.6f}, "
                f"deviation at most {found['growth'][k]:.3g} and at the end {found['end'][k]:.3g} times the first, "
                f"a trial's mean {found['gap'][k]:.1e} Hz from the Up state"
            )
        deviation = np.log10(np.maximum(found["end"], 1e-12))
        for outcome, colour in (("converged", COLOURS["simulation"]), ("left", COLOURS["accent"])):
            chosen = found[outcome]
            axes.semilogx(found["largest"][chosen], deviation[chosen], ".", color=colour, label=outcome)
        other = ~found["converged"] & ~found["left"]
        if other.any():
            axes.semilogx(found["largest"][other], deviation[other], "x", color="black", label="undecided")
        odd = ~fits_plain
        axes.semilogx(
            found["largest"][odd], deviation[odd], "o", mfc="none", color=COLOURS["muted"], label="wrong without filter"
        )
        axes.axvline(1, color=COLOURS["theory"], linestyle="--", linewidth=1.0)
        axes.set(xlabel="largest multiplier (stable left of 1)", title=name)
    panels[0].set_ylabel("log10 of the deviation at the end, relative to the first")
    panels[0].legend(frameon=False, fontsize="small")
    print(f"in all: {agreed} of {N} agree; the verdict without the filter is wrong in {wrong_plain}")
    if options.output:
        save_figure(page, options.output / "ei_trials_verdict.png")


if __name__ == "__main__":
    main()
