"""Escape-noise neurons learn a staircase of activity with hidden units, and replay it.

Rezende & Gerstner (2014), doi 10.3389/fncom.2014.00038; Jones 2019 with its errata. Prints what the hidden units are
worth in nats a bin on trials that were not learned; then fits spikes of two other neurons as a point-process GLM and
tests the fit by time rescaling.
"""

import sys
from pathlib import Path

import numpy as np
from brian2 import Hz, ms

import spikelearn as sl
from spikelearn.models.escape_noise import fit, rescaling_test, sample, staircase, to_spike_trains
from spikelearn.plotting import COLOURS, new_figure, raster, save_figure

dt = 1 * ms
cell = sl.EscapeNoise(tau=10 * ms, tau_adapt=10 * ms, eta_0=0.1, rho_0=1300 * Hz, v=4.0, link="sigmoid")
learn_from, test_on = staircase(20, 300, n_units=24, seed=1), staircase(20, 300, n_units=24, seed=2)

networks = {
    "visible only": sl.VariationalNetwork.random(cell, 24, 0),
    "24 visible, 40 hidden": sl.VariationalNetwork.random(cell, 24, 40, scale=0.05, seed=0),
}
curves, learned = {}, {}
for name, network in networks.items():
    result = network.learn(learn_from, dt, n_updates=600, batch=4, mu_M=1e-4, mu_Q=5e-7, progress=True)
    learned[name], curves[name] = result.network, result.history.free_energy.values
    held_out = result.network.held_out(test_on, dt).sum() / test_on[..., 0].size
    print(f"{name:24s} held-out log-likelihood {held_out:7.3f} nat/bin")

cue = test_on[:1, :60]
replay = learned["24 visible, 40 hidden"].sample(1, 300, dt, clamp=cue, seed=3)

neuron = sl.EscapeNoise(tau=10 * ms, tau_adapt=20 * ms, eta_0=1.0, rho_0=40 * Hz)
truth = np.array([[0.0, 0.5], [-0.8, 0.0]])
spikes = sample(neuron, truth, 20, 1000, dt, seed=4)
recorded = to_spike_trains(spikes, dt)
found = fit(recorded, neuron, dt)
print(found.summary().round(3).to_string(index=False))
tested = rescaling_test(spikes, found.intensities(recorded))
print("rescaled intervals, KS p-values", tested.p_value.round(3))

page = new_figure(10, 4)
left, right = page.subplots(1, 2)
for (name, curve), colour in zip(curves.items(), (COLOURS["muted"], COLOURS["simulation"]), strict=True):
    left.plot(curve, color=colour, label=name)
# The first tenth falls steeply and would flatten the rest.
late = np.concatenate([np.asarray(curve)[len(curve) // 10 :] for curve in curves.values()])
left.set(xlabel="update", ylabel="free energy (nat/bin)", ylim=(late.min() - 0.1, late.max() + 0.3))
left.legend(frameon=False)
raster(right, to_spike_trains(replay, dt))
right.axvline(0.06, color="black", linestyle=":")
right.set_xlabel("time (s)")
right.set_title("cue to the line, then replay; hidden units from 24 on", fontsize=10)
output = Path(sys.argv[1] if len(sys.argv) > 1 else "output")
save_figure(page, output / "hidden_units.png")
print(f"figure in {output / 'hidden_units.png'}")
