"""What a time step does to a network: rate, irregularity and correlation on Brian2 at four steps, and without one.

Sixteen balanced networks on both engines with the same external spikes; every delay is a multiple of every step, so
that all that differs is the grid of the spikes. ``python analyses/network_on_a_grid.py --output FOLDER``; one minute.
"""

import argparse
import functools
from pathlib import Path

import numpy as np

import spikelearn as sl
from spikelearn.network import Connections, OneToOne, Population, Projection, SpikeSource
from spikelearn.plotting import COLOURS, new_figure, save_figure

STEPS = np.array([1.0e-3, 0.5e-3, 0.2e-3, 0.1e-3])
COPIES, SIZE = 16, 250
DURATION, TRANSIENT = 1.2, 0.2


@functools.cache
def networks(seed=1):
    """Make networks that are simulated as one, without connections between them: excitation, inhibition, adaptation."""
    rng = np.random.default_rng(seed)
    n, cut = COPIES * SIZE, SIZE * 4 // 5
    neuron = sl.AdaptiveLIF(V_0="15 mV", delta_g=0.1, tau_K="100 ms", t_d="5 ms")
    sources = []
    for i in range(n):
        others = np.delete(np.arange(SIZE), i % SIZE)
        fan = [
            rng.choice(others[others < cut], 20, replace=False),
            rng.choice(others[others >= cut], 10, replace=False),
        ]
        sources.append(i // SIZE * SIZE + np.concatenate(fan))
    pairs = Connections(np.concatenate(sources), np.repeat(np.arange(n), 30))
    weights = np.tile(np.repeat([0.3e-3, -1e-3], [20, 10]), n)
    trains = [np.sort(rng.uniform(0, DURATION, rng.poisson(300 * DURATION))) for _ in range(n)]
    return sl.Network(
        {"cells": Population(neuron, n, refractory="2 ms")},
        [
            Projection("cells", "cells", pairs, volts(weights), "2 ms"),
            Projection("input", "cells", OneToOne(), "1 mV", "2 ms"),
        ],
        {"input": SpikeSource(sl.SpikeTrains.from_arrays(trains, t_stop=DURATION))},
    )


def volts(values):
    """Give plain numbers the unit."""
    from brian2 import volt

    return values * volt


def statistics(spikes):
    """Mean rate (Hz), mean CV, mean pairwise correlation of counts in 20 ms: one row a network."""
    trains = [train[train >= TRANSIENT] for train in spikes]
    edges = np.linspace(TRANSIENT, DURATION, round((DURATION - TRANSIENT) / 0.02) + 1)
    rows = []
    for first in range(0, COPIES * SIZE, SIZE):
        members = trains[first : first + SIZE]
        rate = np.mean([len(t) for t in members]) / (DURATION - TRANSIENT)
        cv = np.mean([np.diff(t).std() / np.diff(t).mean() for t in members if len(t) > 5])
        counts = np.array([np.histogram(t, edges)[0] for t in members], dtype=float)
        counts -= counts.mean(axis=1, keepdims=True)
        spread = counts.std(axis=1)
        z = counts[spread > 0] / spread[spread > 0, None]
        m = len(z)
        rows.append([rate, cv, ((z.sum(0) ** 2).mean() - m) / (m * (m - 1))])
    return np.array(rows)


def on_a_grid(dt, seed):
    """Statistics of all networks on Brian2's clock, one point of the sweep; connections have a seed of their own."""
    del seed
    found = sl.simulate(networks(), DURATION, dt=dt, record_dt=dt, engine="brian2", target="numpy").spikes
    return {"statistics": statistics(found)}


def standard_error(values):
    """Give the standard error of the mean over networks, the first axis."""
    return values.std(0, ddof=1) / np.sqrt(COPIES)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("output"))
    parser.add_argument("--store", type=Path, help="folder that keeps every step, to go on after an interruption")
    options = parser.parse_args()
    exact = statistics(sl.simulate(networks(), DURATION).spikes)
    swept = sl.sweep(on_a_grid, {"dt": [f"{step!r} s" for step in STEPS.tolist()]}, store=options.store)
    if swept["failed"].any():
        raise RuntimeError(f"a point failed: {swept['error'].values[swept['failed'].values][0]}")
    off = swept["statistics"].values - exact
    # A line in dt for every network: its intercept should vanish.
    intercept, slope = np.einsum("ij,jkl->ikl", np.linalg.pinv(np.vander(STEPS, 2, increasing=True)), off)
    names = ("rate (Hz)", "CV of intervals", "count correlation, 20 ms")
    print(f"{'':28}", *(f"{name:>26}" for name in names))

    def row(label, values, digits=5):
        cells = (
            f"{m:.{digits}f} +- {e:.{digits}f}" for m, e in zip(values.mean(0), standard_error(values), strict=True)
        )
        print(f"{label:28}", *(f"{cell:>26}" for cell in cells))

    row("exact", exact)
    for dt, values in zip(STEPS, off, strict=True):
        row(f"dt {dt * 1e3:g} ms: off by", values)
    row("line: off by, dt -> 0", intercept)
    row("line: off by a ms of step", slope * 1e-3)
    print(f"Means and standard errors over {COPIES} networks; |t| of the intercepts:",
          np.round(np.abs(intercept.mean(0)) / standard_error(intercept), 1))  # fmt: skip
    figure = new_figure(10.0, 3.8)
    # The line of first order that starts at the exact engine.
    pinned = np.tensordot(STEPS, off, 1) / (STEPS @ STEPS)
    fine = np.linspace(0, STEPS.max(), 2)
    for k, (axes, name) in enumerate(zip(figure.subplots(1, 3), names, strict=True)):
        level = exact[:, k].mean()
        axes.axhline(level, color=COLOURS["exact"], linewidth=1.5, label="exact engine, no step")
        axes.plot(fine * 1e3, level + pinned[:, k].mean() * fine, "--", color=COLOURS["theory"],
                  label="first order in the step, from the exact value")  # fmt: skip
        axes.errorbar(STEPS * 1e3, level + off[:, :, k].mean(1), [standard_error(values[:, k]) for values in off],
                      fmt="o", color=COLOURS["brian2"], label="Brian2, standard error of the difference",
                      capsize=3)  # fmt: skip
        axes.set_xlim(0, 1.05 * STEPS.max() * 1e3)
        axes.set_xlabel("time step (ms)")
        axes.set_ylabel(name)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, ncol=3, loc="outside lower center")
    figure.suptitle(f"{COPIES} balanced networks on a grid and without one, same input")
    save_figure(figure, options.output / "network_on_a_grid.png")


if __name__ == "__main__":
    main()
