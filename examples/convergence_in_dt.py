"""Clock-driven spike times converge to the exact ones at first order in the time step.

Thirty neurons fire on Brian2 at five time steps and once on the exact engine. A clock sees a crossing only at the end
of the step in which it happens, and the reset comes then: each spike is late by half a step on average and the delays
add up, so that however exact the integration within a step may be, the error of the k-th spike falls as dt, not faster.
Brian2 names a spike by the begin of its step; one step is added here to give the moment of the reset.
"""

import sys
from pathlib import Path

import numpy as np
from brian2 import ms, mV, second

import spikelearn as sl
from spikelearn.plotting import COLOURS, new_figure, save_figure

N = 30
STEPS = np.array([0.4, 0.2, 0.1, 0.05, 0.025]) * 1e-3
neuron = sl.AdaptiveLIF(tau_K=100 * ms, t_d=4 * ms, delta_g=0.1)
V_0 = np.linspace(17.0, 30.0, N) * mV
duration = 0.6 * second


def errors_at(dt: float, exact: sl.SpikeTrains) -> np.ndarray:
    """Mean difference in seconds of each neuron's spike times from the exact ones; the whole train, in order."""
    run = sl.simulate(neuron, duration, n=N, vary={"V_0": V_0}, engine="brian2", dt=dt, target="numpy")
    late = []
    for unit in range(N):
        both = min(len(run.spikes.train(unit)), len(exact.train(unit)))
        late.append(np.abs(run.spikes.train(unit)[:both] + dt - exact.train(unit)[:both]).mean())
    return np.array(late)


exact = sl.simulate(neuron, duration, n=N, vary={"V_0": V_0}, engine="exact").spikes
errors = np.array([errors_at(dt, exact) for dt in STEPS])
slopes = np.polyfit(np.log(STEPS), np.log(errors), 1)[0]
print(f"{exact.n_spikes} spikes; slope of log error against log dt over {N} neurons:")
print(f"mean {slopes.mean():.3f}, from {slopes.min():.3f} to {slopes.max():.3f} (first order is 1)")

figure = new_figure(6.0, 4.5)
axes = figure.subplots()
axes.loglog(STEPS * 1e3, errors * 1e3, color=COLOURS["simulation"], linewidth=0.6, alpha=0.5)
axes.loglog(STEPS * 1e3, errors.mean(1) * 1e3, "o-", color=COLOURS["simulation"], label=f"Brian2, mean of {N} neurons")
reference = errors.mean(1)[0] * STEPS / STEPS[0]
axes.loglog(STEPS * 1e3, reference * 1e3, "--", color=COLOURS["theory"], label="slope 1")
axes.set_xticks(STEPS * 1e3, labels=[f"{dt * 1e3:g}" for dt in STEPS])
axes.minorticks_off()
axes.set_xlabel("time step dt (ms)")
axes.set_ylabel("mean error of spike times (ms)")
axes.set_title(f"Spike times against the exact engine: order {slopes.mean():.2f}")
axes.legend(frameon=False)
output = Path(sys.argv[1] if len(sys.argv) > 1 else "output")
save_figure(figure, output / "convergence_in_dt.png")
print(f"figure in {output / 'convergence_in_dt.png'}")
