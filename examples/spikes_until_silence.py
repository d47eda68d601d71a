"""If the potassium conductance never decays, the neuron fires a fixed number of spikes and stops.

Gatsby 2021, question 1, part 3, Eq. (6): n = ceil(g*/delta_g), firing stops at g >= g* (erratum A4).
"""

import sys
from pathlib import Path

import numpy as np
from brian2 import ms, mV, second

import spikelearn as sl
from spikelearn.plotting import COLOURS, new_figure, save_figure

steps = np.array([0.011, 0.017, 0.023, 0.03, 0.044, 0.06, 0.09, 0.14, 0.21, 0.33, 0.6])
neuron = sl.AdaptiveLIF(V_0=30 * mV, tau_K=np.inf * ms, delta_g=0.03)
recording = sl.simulate(neuron, 2 * second, n=len(steps), vary={"delta_g": steps})
counts = recording.spikes.counts()[0]
predicted = [
    sl.AdaptiveLIF(V_0=30 * mV, tau_K=np.inf * ms, delta_g=step).spikes_until_silence() for step in steps.tolist()
]
print("delta_g  Eq. (6)  simulated")
for step, formula, count in zip(steps, predicted, counts, strict=True):
    print(f"{step:7.3f}  {formula:7d}  {count:9d}")
if list(counts) != predicted:
    raise SystemExit("the counts differ from Eq. (6)")

figure = new_figure(6, 4)
axes = figure.subplots()
grid = np.geomspace(steps[0], steps[-1], 2000)
axes.plot(
    grid,
    np.ceil(neuron.critical_conductance() / grid),
    color=COLOURS["theory"],
    linestyle="--",
    label=r"theory: $\lceil g^*/\delta g\rceil$",
)
axes.plot(steps, counts, "o", color=COLOURS["simulation"], label="simulated")
axes.set(xscale="log", yscale="log", xlabel=r"$\delta g$ (leak conductances)", ylabel="spikes until silence")
axes.set_yticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
axes.tick_params(which="minor", labelleft=False)
axes.legend(frameon=False)
output = Path(sys.argv[1] if len(sys.argv) > 1 else "output")
save_figure(figure, output / "spikes_until_silence.png")
print(f"figure in {output / 'spikes_until_silence.png'}")
