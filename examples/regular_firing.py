"""Without delay the potassium conductance makes the neuron fire like a clock: four formulas for its period.

Gatsby 2021, question 1, part 5: Eq. (7), t* = tau_K log(1 + delta_g/g*), misses a constant of order tau however slow
potassium is (erratum A8). The gap closes order by order in tau/tau_K.
"""

import sys
from pathlib import Path

import numpy as np
from brian2 import ms, mV, second

import spikelearn as sl
from spikelearn.plotting import COLOURS, THEORY, new_figure, save_figure

taus = np.array([30, 100, 300, 1000, 3000])
orders = ("leading", "first", "manifold", "exact")
print(
    "tau_K (ms)  simulated (ms)  " + "  ".join(f"{order:>9s}" for order in orders) + "   formula minus simulation (us)"
)
gaps = []
for tau_K in taus:
    neuron = sl.AdaptiveLIF(V_0=30 * mV, delta_g=0.5, tau_K=tau_K * ms)
    exact = neuron.regular_interval("exact")
    spikes = sl.simulate(neuron, 8 * exact * second).spikes.train()
    measured = spikes[-1] - spikes[-2]
    gaps.append([neuron.regular_interval(order) - measured for order in orders])
    print(f"{tau_K:10d}  {measured * 1e3:14.4f}  " + "  ".join(f"{gap * 1e6:9.2f}" for gap in gaps[-1]))

figure = new_figure(6, 4)
axes = figure.subplots()
colours = (COLOURS["simulation"], COLOURS["potassium"], COLOURS["accent"])
for column, (order, colour) in enumerate(zip(orders[:3], colours, strict=True)):
    axes.loglog(taus, np.abs(np.array(gaps)[:, column]) * 1e3, "o-", color=colour, label=order)
# What each order leaves out goes as this power of tau_K; the factor is that of the last point.
for column, power in enumerate((0, -1, -3)):
    line = abs(gaps[-1][column]) * 1e3 * (np.array(taus) / taus[-1]) ** float(power)
    axes.loglog(taus, line, **THEORY, linewidth=1.0, label=r"expected powers 0, $-1$, $-3$" if column == 0 else None)
axes.set_xlabel(r"$\tau_K$ (ms)")
axes.set_ylabel("|formula - simulation| (ms)")
axes.set_title(
    r"$\tau_K \log(1 + \delta g/g^*)$ (leading) stays off by a constant" "\n" r"of order $\tau$ = 10 ms",
    fontsize="medium",
)
axes.legend(frameon=False)
output = Path(sys.argv[1] if len(sys.argv) > 1 else "output")
save_figure(figure, output / "regular_firing.png")
print(f"figure in {output / 'regular_firing.png'}")
