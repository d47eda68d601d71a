"""Two rules from one start, a trial at a time: one finds the set point, one falls silent, and both as predicted.

The protocol of Soldado-Magraner, Seay, Laje & Buonomano (2022): a kick once a trial, the mean of the last half second
through a running mean, one change of the weights after every trial.
"""

import sys
from pathlib import Path

import spikelearn as sl
from spikelearn.models.ei_trials import first_up, ignition_threshold, outcomes, predicted_first_up
from spikelearn.models.ei_trials.figure import activity_panel
from spikelearn.plotting import new_figure, save_figure

model = sl.EIRates()
start = (2.1, 3.0, 4.0, 1.5)
print(f"the kick ignites above W_EE = {ignition_threshold(model):.4f}; the start has {start[0]}")
rules = {
    "cross-homeostatic": sl.rules.CrossHomeostatic(alpha_EE=5e-4, alpha_EI=5e-4, alpha_IE=5e-4, alpha_II=5e-4),
    "homeostatic": sl.rules.Homeostatic(alpha_EE=1e-4, alpha_EI=1e-4, alpha_IE=1e-4, alpha_II=1e-4),
}
figure = new_figure(10, 3.6)
for axes, (name, rule) in zip(figure.subplots(1, 2), rules.items(), strict=True):
    run = sl.run_trials(model, rule, 500, start)
    print(
        f"{name}: first Up trial {int(first_up(run))} (predicted {predicted_first_up(model, rule, start)}), "
        f"after 500 trials: {outcomes(model, run)}, E {float(run.E[-1]):.3f} Hz, I {float(run.I[-1]):.3f} Hz"
    )
    activity_panel(axes, model, run)
    axes.set_title(name, fontsize="medium")
axes.legend(frameon=False, fontsize="small")

fast = sl.rules.CrossHomeostatic(alpha_EE=4e-3, alpha_EI=4e-3, alpha_IE=4e-3, alpha_II=4e-3)
for sensor in (1, 2):
    verdict = sl.stability(model, fast, W_EE=5, W_IE=10, method="trial", sensor=sensor)
    print(f"rates 4e-3, sensor of {sensor} trials: {'stable' if verdict.stable else 'unstable'} at W_EE 5, W_IE 10")
output = Path(sys.argv[1] if len(sys.argv) > 1 else "output")
save_figure(figure, output / "ei_trials.png")
print(f"figure in {output / 'ei_trials.png'}")
