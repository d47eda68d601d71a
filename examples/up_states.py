"""How many units must be kicked? A trained spiking network, kicked at 40 to 100 of its 1600 E units.

The kick is at the threshold of a single unit, so that noise decides which of the kicked units fire, and when. Each row:
the share of six trials with an Up state, when I first fires, and the rates from 0.3 s after the kick to the end.
"""

import sys
from pathlib import Path

import numpy as np

import spikelearn as sl
from spikelearn.models.up_state_network.measures import window_rates
from spikelearn.models.up_state_network.theory import kick_spike
from spikelearn.plotting import COLOURS, new_figure, save_figure

N_TRIALS, DURATION = 6, 0.7
synapses = sl.UpStateNetwork().trained()
kicked = (40, 50, 60, 70, 80, 100)
shares, delays = [], []
print("kicked units   Up states   I after the kick (ms)   E, I later (Hz)")
for n in kicked:
    network = sl.UpStateNetwork(n_kicked=n)
    recording = network.trials(synapses, N_TRIALS, seed=n, duration=DURATION)
    trains = recording.spike_trains()
    up = recording.traces["n_ups"].values > 0
    first = np.full(N_TRIALS, np.inf)
    for trial in np.flatnonzero(up):
        times = [trains.train(unit=unit, trial=int(trial)) for unit in range(network.n_E, network.n)]
        first[trial] = np.concatenate(times).min()
    delay = 1e3 * (first[up] - float(network.t_kick))
    E, I = (rates[up] for rates in window_rates(network, trains, 0.4, DURATION))  # noqa: E741
    shares.append(up.mean())
    delays.append(delay)
    later = f"{E.mean():.1f}, {I.mean():.1f}" if up.any() else "none"
    print(f"{n:12d}   {up.mean():9.2f}   {delay.mean() if up.any() else np.nan:21.1f}   {later}")
figure = new_figure(9.0, 3.6)
left, right = figure.subplots(1, 2)
left.plot(kicked, shares, "o-", color=COLOURS["simulation"])
left.set(xlabel="kicked units", ylabel="share of trials with an Up state", ylim=(-0.05, 1.05))
for n, delay in zip(kicked, delays, strict=True):
    right.plot(np.full(len(delay), n), delay, "o", color=COLOURS["simulation"], markersize=3)
at = kick_spike(sl.UpStateNetwork())
right.axhline(at, color=COLOURS["theory"], linestyle="--", label=f"a kicked E unit without noise: {at:.1f} ms")
right.legend(frameon=False, fontsize="small", loc="lower left")
right.set(xlabel="kicked units", ylabel="first I spike after the kick (ms)", ylim=(0, None))
output = Path(sys.argv[1] if len(sys.argv) > 1 else "output")
save_figure(figure, output / "up_states.png")
print(f"figure in {output / 'up_states.png'}")
