"""One rule, three verdicts: the cross-homeostatic rule is stable if it learns slowly, and not if it learns fast.

Soldado-Magraner et al. 2022, Eqs. (6) to (8) and erratum E13. Model and rule run together from 1 % beside the set
point, at the rates of Fig. S9 and at a thousandth of them.
"""

import sys
from pathlib import Path

import numpy as np

import spikelearn as sl
from spikelearn.models.ei_rate.trajectories import leading_mode, trajectory
from spikelearn.plotting import COLOURS, new_figure, save_figure

model = sl.EIRates()
weights = model.setpoint_weights(W_EE=5.0, W_IE=10.0)
figure = new_figure(9, 3.6)
print("rate (1/ms)   QSS      6-D      per trial   leading eigenvalue in 6-D (1/ms)")
for axes, rate, duration in zip(figure.subplots(1, 2), (2e-5, 0.02), (4000.0, 4.0), strict=True):
    rule = sl.rules.CrossHomeostatic(alpha_EE=rate, alpha_EI=rate, alpha_IE=rate, alpha_II=rate)
    verdicts = [
        "stable" if sl.stability(model, rule, W_EE=5.0, W_IE=10.0, method=method).stable else "unstable"
        for method in ("qss", "full", "trial")
    ]
    mode = leading_mode(model, rule, weights)
    print(f"{rate:<12g}  " + "".join(f"{verdict:<10s}" for verdict in verdicts) + f"  {mode.eigenvalue:.4g}")
    step = duration / 20_000
    times, states = step * np.arange(20_001), trajectory(model, rule, mode.kicked(0.05), 20_001, step)
    predicted = 0.05 * np.exp(mode.eigenvalue.real * times)
    axes.plot(times, states[:, 1] - model.I_set, color=COLOURS["I"], label="I - I_set, run")
    axes.plot(times, states[:, 0] - model.E_set, color=COLOURS["E"], label="E - E_set, run")
    theory = {"linestyle": (0, (4, 4)), "color": COLOURS["theory"], "zorder": 3}
    axes.plot(times, predicted, **theory, label="size of the leading mode, predicted")
    axes.plot(times, -predicted, **theory)
    axes.set_ylim(*((-0.06, 0.06) if rate < 1e-3 else (-0.3, 0.3)))
    axes.set_title(f"rates {rate:g} per ms: {verdicts[1]} in 6-D", fontsize="medium")
    axes.set_xlabel("time (ms)")
    axes.set_ylabel("deviation (Hz)")
figure.legend(*axes.get_legend_handles_labels(), frameon=False, fontsize="small", loc="outside lower center", ncols=3)
output = Path(sys.argv[1] if len(sys.argv) > 1 else "output")
save_figure(figure, output / "cross_homeostatic.png")
print(f"figure in {output / 'cross_homeostatic.png'}")
