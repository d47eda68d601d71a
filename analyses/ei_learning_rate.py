"""How fast may a rule learn? Three verdicts on stability against the learning rate, for every rule of the family.

The figures of the source judge stability in the quasi-steady state, where only ratios of rates matter. Here all rates
of a rule are multiplied by one factor, and the share of the valid set points that is stable is counted three ways: in
the quasi-steady state, for activities and weights together (6-D), and for one update a trial (rates per trial). The
rates 0.02 of the figures are the factor 1 in continuous time: there tau_0 is 0.714 ms, shorter than both time constants
of the activities (erratum E13), and the cross-homeostatic rule, stable everywhere in the quasi-steady state, is
unstable at every valid set point.
"""

import argparse
import functools
from pathlib import Path

import numpy as np

import spikelearn as sl
from spikelearn.models.ei_rate.share import stable_share
from spikelearn.models.ei_rate.stability import grid_axes
from spikelearn.plotting import COLOURS, new_figure, save_figure, typeset
from spikelearn.rules.rule import slower

EQUAL = {f"alpha_{name}": 0.02 for name in ("EE", "EI", "IE", "II")}
SLOW_I = {**EQUAL, "alpha_IE": 2e-4, "alpha_II": 2e-4}
RULES = {
    "Homeostatic": sl.rules.Homeostatic(**EQUAL),
    "Homeostatic, slow inhibition": sl.rules.Homeostatic(**SLOW_I),
    "CrossHomeostatic": sl.rules.CrossHomeostatic(**EQUAL),
    "TwoTerm, beta = alpha/4": sl.rules.TwoTerm(alpha=0.02, beta=0.005),
    "SynapticScaling, slow inhibition": sl.rules.SynapticScaling(**{**EQUAL, "alpha_IE": 2e-3, "alpha_II": 2e-3}),
    "ForcedBalance, sign -1": sl.rules.ForcedBalance(alpha_1=0.02, alpha_3=0.02, ie_sign=-1),
    "ForcedBalance, sign +1": sl.rules.ForcedBalance(alpha_1=0.02, alpha_3=0.02, ie_sign=1),
    "LossGradient": sl.rules.LossGradient(alpha=0.02),
    "LossApproximate": sl.rules.LossApproximate(alpha=0.02),
}
FACTORS = np.logspace(-7, 1, 33)
STYLES = {
    "qss": ("quasi-steady state", COLOURS["theory"], "--"),
    "full": ("activities and weights together", COLOURS["simulation"], "-"),
    "trial": ("one update a trial", COLOURS["potassium"], "-."),
}


@functools.cache
def valid_points(name, n):
    """Give the set points of the grid that are valid under a rule."""
    ee, ie = grid_axes(n)
    ee, ie = (a.ravel() for a in np.meshgrid(ee, ie, indexing="ij"))
    valid = sl.stability(sl.EIRates(), RULES[name], W_EE=ee, W_IE=ie).valid
    return ee[valid], ie[valid]


def share(rule, method, factor, seed, n):
    """Share of the valid set points that is stable, one point of the sweep."""
    ee, ie = valid_points(rule, n)
    found = sl.stability(sl.EIRates(), slower(RULES[rule], factor), W_EE=ee, W_IE=ie, method=method)
    return {"stable": float(found.stable.mean())}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("output"))
    parser.add_argument("--grid", type=int, default=30, help="set points along each axis")
    parser.add_argument("--store", type=Path, help="folder that keeps every point, to go on after an interruption")
    options = parser.parse_args()
    grid = {"rule": list(RULES), "method": list(STYLES), "factor": FACTORS}
    swept = sl.sweep(functools.partial(share, n=options.grid), grid, store=options.store, version="1")
    if swept["failed"].any():
        raise RuntimeError(f"a point failed: {swept['error'].values[swept['failed'].values][0]}")
    figure = new_figure(11.0, 8.5)
    panels = figure.subplots(3, 3, sharex=True, sharey=True).ravel()
    quasi = {name: stable_share(sl.EIRates(), rule) for name, rule in RULES.items()}
    print(f"{'rule':<34s} quasi-steady   6-D at 1   largest rate at which half of the stable set points are stable")
    print(f"{'':<34s}                           6-D (per ms)   per trial")
    for axes, name in zip(panels, RULES, strict=True):
        found = {method: swept["stable"].sel({"rule": name, "method": method}).values for method in STYLES}
        for method, (label, colour, style) in STYLES.items():
            if method == "qss":
                # Only ratios of rates matter there: one number, the area of the map of stability.
                axes.axhline(100 * quasi[name], linestyle=style, color=colour, linewidth=2.5, zorder=1, label=label)
                continue
            axes.semilogx(FACTORS, found[method] * 100, style, color=colour, label=label)
        axes.axvline(1, color=COLOURS["muted"], linewidth=0.8)
        axes.set_title(typeset(name), fontsize="medium")
        axes.set_ylim(-4, 104)
        half = []
        for method in ("full", "trial"):
            good = found[method] >= 0.5 * found["qss"][0]
            top = ">" if good.all() else ""
            half.append(f"{top}{0.02 * FACTORS[good].max():.2g}" if good.any() else "none")
        at_one = found["full"][int(np.argmin(np.abs(FACTORS - 1)))]
        print(f"{name:<34s} {100 * quasi[name]:9.2f} % {100 * at_one:9.1f} %   {half[0]:>12s} {half[1]:>11s}")
    for axes in panels[6:]:
        axes.set_xlabel("all rates times this factor")
    for axes in panels[::3]:
        axes.set_ylabel("stable, % of valid set points")
    figure.legend(*panels[0].get_legend_handles_labels(), frameon=False, loc="outside lower center", ncols=3)
    figure.suptitle("Stability against the learning rate (grey line: the rates of the published figures)")
    save_figure(figure, options.output / "ei_learning_rate.png")


if __name__ == "__main__":
    main()
