"""Eighty E and twenty I units in trials: the means can be right while hardly a unit is.

The global cross-homeostatic rule sees the mean error of the other population; with own terms every unit also sees its
own (Soldado-Magraner, Seay, Laje & Buonomano 2022). Fifty trials of each; the spread tells them apart.
"""

import sys
from pathlib import Path

import spikelearn as sl
from spikelearn.models.ei_units import spread, weight_correlation
from spikelearn.models.ei_units.figure import course_panel
from spikelearn.plotting import new_figure, save_figure

units = sl.EIUnits()
start = units.draw_weights(0, W_EI=(0.12, 0.048))
rules = {
    "cross-homeostatic": sl.rules.CrossHomeostatic(alpha_EE=2e-5, alpha_EI=2e-5, alpha_IE=2e-5, alpha_II=2e-5),
    "with own terms": sl.rules.TwoTerm(alpha=1e-5, beta=1e-5),
}
figure = new_figure(10, 3.6)
for axes, (name, rule) in zip(figure.subplots(1, 2), rules.items(), strict=True):
    run = sl.run_trials(units, rule, 50, start, noise=0.1, seed=1)
    print(
        f"{name}: E {float(run.E[-1]):.2f} +- {float(spread(run, 'E')):.2f} Hz, I {float(run.I[-1]):.2f} +- "
        f"{float(spread(run, 'I')):.2f} Hz over units, summed weights of E units r = "
        f"{float(weight_correlation(units, run.W_end.values, 'E')):.3f}"
    )
    course_panel(axes, units, run)
    axes.set_title(name, fontsize="medium")
axes.legend(frameon=False, fontsize="small")

slow = sl.rules.CrossHomeostatic(alpha_EE=5e-7, alpha_EI=5e-7, alpha_IE=5e-7, alpha_II=5e-7)
run = sl.run_trials(sl.EIRates(), slow, 50, (2.2, 3.0, 4.0, 2.0), online=True, noise=0.1)
print(f"two populations without trials, 100 s: E {float(run.E_calcium[-1]):.2f}, I {float(run.I_calcium[-1]):.2f} Hz")
output = Path(sys.argv[1] if len(sys.argv) > 1 else "output")
save_figure(figure, output / "many_units.png")
print(f"figure in {output / 'many_units.png'}")
