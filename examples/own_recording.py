"""A table of spikes, read as it comes, and how regularly its cells fire: three cells whose answers are known.

The table is what a spreadsheet writes: semicolons, decimal commas, milliseconds. Cell A3 is a Poisson process of 20 Hz,
B1 a gamma process of order k = 4 at the same rate, C2 a Poisson process whose rate swings by 80 % once in 50 seconds.
A gamma process has CV = k^(-1/2), CV2 = 4^(1-k)/(k B(k, k)), LV = 3/(2k + 1); the slow swing of size a makes the CV
(2/sqrt(1 - a^2) - 1)^(1/2), and leaves CV2 and LV, which compare neighbouring intervals, where they were.
"""

import sys
from pathlib import Path

import numpy as np
from scipy.special import beta

import spikelearn as sl
from spikelearn.plotting import THEORY, new_figure, raster, save_figure

RATE, LENGTH, TRIALS, ORDER, SWING = 20.0, 50.0, 40, 4, 0.8
output = Path(sys.argv[1] if len(sys.argv) > 1 else "output")
output.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(1)


def gamma_train(order):
    """Give every `order`-th event of a Poisson process, from a random one on."""
    events = np.sort(rng.uniform(0, LENGTH, rng.poisson(order * RATE * LENGTH)))
    return events[rng.integers(order) :: order]


def swinging_train():
    """Thin a Poisson process of the highest rate."""
    events = np.sort(rng.uniform(0, LENGTH, rng.poisson((1 + SWING) * RATE * LENGTH)))
    return events[rng.uniform(0, 1 + SWING, len(events)) < 1 + SWING * np.sin(2 * np.pi * events / LENGTH)]


rows = ["cell;trial;t_ms"]
for trial in range(1, TRIALS + 1):
    for cell, times in (("A3", gamma_train(1)), ("B1", gamma_train(ORDER)), ("C2", swinging_train())):
        rows += [f"{cell};{trial};{1000 * t:.4f}".replace(".", ",") for t in times]
(output / "cells.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")

trains = sl.interop.read_csv(
    output / "cells.csv", t_stop=LENGTH, unit_column="cell", time_column="t_ms", time_unit="ms", decimal=",",
    units=["A3", "B1", "C2"], trials=range(1, TRIALS + 1),
)  # fmt: skip
table = sl.analyses.regularity(trains)
predicted = {
    "A3": (RATE, 1.0, 1.0, 1.0),
    "B1": (RATE, ORDER**-0.5, 4.0 ** (1 - ORDER) / (ORDER * beta(ORDER, ORDER)), 3 / (2 * ORDER + 1)),
    "C2": (RATE, (2 / (1 - SWING**2) ** 0.5 - 1) ** 0.5, 1.0, 1.0),
}
print("cell  quantity  predicted  measured, with its standard error over trials")
for cell, found in table.groupby("unit"):
    for name, value in zip(("rate", "cv", "cv2", "lv"), predicted[cell], strict=True):
        print(f"{cell:4}  {name:8}  {value:9.4f}  {found[name].mean():8.4f} +- {found[name].sem():.4f}")

figure = new_figure(11, 3.4)
spikes, rates, intervals = figure.subplots(1, 3)
raster(spikes, trains.select_trials([0]).restrict(0, 5))
spikes.set_title("first five seconds of the first trial", fontsize="small")
for unit, cell in enumerate(trains.unit_ids):
    colour = sl.plotting.SERIES[unit]
    sl.analyses.figures.plot_psth(rates, sl.analyses.psth(trains, "1 s"), unit=unit, color=colour, label=cell)
    density = sl.analyses.isi_histogram(trains, "4 ms", "200 ms", density=True).isel(unit=unit)
    intervals.plot((density["left"] + density["right"]) * 500, density, color=colour, label=cell)
seconds = np.linspace(0.001, 0.2, 200)
for order in (1, ORDER):
    law = (order * RATE) ** order * seconds ** (order - 1) * np.exp(-order * RATE * seconds) / (1, 1, 2, 6)[order - 1]
    intervals.plot(1000 * seconds, law, **THEORY, label="gamma, order 1 and 4" if order == 1 else None)
rates.legend(frameon=False, fontsize="small", ncol=3, loc="lower left")
intervals.legend(frameon=False, fontsize="small")
intervals.set(xlabel="interval (ms)", ylabel="density (1/s)")
save_figure(figure, output / "own_recording.png")
print(f"figure in {output / 'own_recording.png'}")
