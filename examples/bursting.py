"""A neuron bursts because its own potassium conductance comes late.

Gatsby 2021, question 1, part 4: with t_d >> tau_K >> t_s(0) the neuron fires until its first spikes' conductance
arrives, and is silent until the last one's has decayed. Both phases last a little longer than the delay.
"""

import sys
from pathlib import Path

import numpy as np
from brian2 import ms, mV, second

import spikelearn as sl
from spikelearn.models.adaptive_lif.figure import overview
from spikelearn.models.adaptive_lif.measures import settled_bursts
from spikelearn.plotting import save_figure

neuron = sl.AdaptiveLIF(V_0=20 * mV, tau_K=200 * ms, t_d=1 * second, delta_g=0.05)
recording = sl.simulate(neuron, 12 * second, record=("u", "g"), record_dt=1 * ms)

bursts = settled_bursts(neuron, recording)
theory = neuron.bursting()
print(f"rho = {theory.rho:.2f} (bursting needs more than 1)")
for name, predicted, measured in (
    ("burst, first to last spike", theory.on, (bursts[:, 1] - bursts[:, 0]).mean()),
    ("silence", theory.off, (bursts[1:, 0] - bursts[:-1, 1]).mean()),
    ("period", theory.period, np.diff(bursts[:, 0]).mean()),
):
    print(f"{name:28s} theory {predicted:.4f} s   simulated {measured:.4f} s")
print(f"{'spikes in a burst':28s} theory {theory.spikes:.1f}      simulated {bursts[:, 2].mean():.1f}")

output = Path(sys.argv[1] if len(sys.argv) > 1 else "output")
save_figure(overview(neuron, recording, "Bursting by delayed potassium"), output / "bursting.png")
print(f"figure in {output / 'bursting.png'}")
