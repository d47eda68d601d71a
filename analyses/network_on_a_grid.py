"""What a time step does to a network: rate, irregularity and correlation on Brian2 at four steps, and without one.

``python analyses/network_on_a_grid.py --output FOLDER``; about half a minute.
"""

import argparse
from pathlib import Path

import numpy as np

import spikelearn as sl
from spikelearn.network import FixedInDegree, PoissonInput, Population, Projection
from spikelearn.plotting import COLOURS, new_figure, save_figure

STEPS = (1.0e-3, 0.5e-3, 0.2e-3, 0.1e-3)
SEEDS = range(3)
DURATION = 1.0


def network(n=250):
    """Excitation and inhibition in balance, with adaptation."""
    neuron = sl.AdaptiveLIF(V_0="15 mV", delta_g=0.1, tau_K="100 ms", t_d="5 ms")
    sizes = {"E": n * 4 // 5, "I": n // 5}
    fan = {"E": (20, "0.3 mV"), "I": (10, "-1 mV")}
    return sl.Network(
        {name: Population(neuron, size, refractory="2 ms") for name, size in sizes.items()},
        [Projection(a, b, FixedInDegree(fan[a][0]), fan[a][1], "2 ms") for a in "EI" for b in "EI"],
        poisson=[PoissonInput(name, "1 kHz", "0.3 mV") for name in "EI"],
    )


def statistics(spikes):
    """Mean rate (Hz), mean CV, mean pairwise correlation of counts in 20 ms."""
    cv = [np.diff(t).std() / np.diff(t).mean() for t in spikes if len(t) > 5]
    edges = np.linspace(0, spikes.duration, round(spikes.duration / 0.02) + 1)
    counts = np.array([np.histogram(t, edges)[0] for t in spikes], dtype=float)
    counts -= counts.mean(axis=1, keepdims=True)
    spread = counts.std(axis=1)
    z = counts[spread > 0] / spread[spread > 0, None]
    m = len(z)
    return spikes.counts().mean() / spikes.duration, np.mean(cv), ((z.sum(0) ** 2).mean() - m) / (m * (m - 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("output"))
    output = parser.parse_args().output
    net = network()
    exact = np.array([statistics(sl.simulate(net, DURATION, seed=s).spikes) for s in SEEDS])
    grid = {
        dt: np.array(
            [
                statistics(sl.simulate(net, DURATION, seed=s, engine="brian2", target="numpy", dt=dt).spikes)
                for s in SEEDS
            ]
        )
        for dt in STEPS
    }
    print("dt (ms)   rate (Hz)        CV               correlation      (mean and standard error over seeds)")
    for label, values in [*((f"{dt * 1e3:g}", v) for dt, v in grid.items()), ("none", exact)]:
        error = values.std(0, ddof=1) / np.sqrt(len(values))
        print(f"{label:8}", *(f"{m:8.4f} +- {e:.4f}" for m, e in zip(values.mean(0), error, strict=True)))
    figure = new_figure(10.0, 3.4)
    for k, (axes, name) in enumerate(
        zip(figure.subplots(1, 3), ("rate (Hz)", "CV of intervals", "count correlation, 20 ms"), strict=True)
    ):
        means = [v[:, k].mean() for v in grid.values()]
        errors = [v[:, k].std(ddof=1) / np.sqrt(len(v)) for v in grid.values()]
        axes.errorbar(
            np.array(STEPS) * 1e3, means, errors, fmt="o-", color=COLOURS["simulation"], label="Brian2", capsize=3
        )
        mean, error = exact[:, k].mean(), exact[:, k].std(ddof=1) / np.sqrt(len(exact))
        axes.axhspan(mean - error, mean + error, color=COLOURS["theory"], alpha=0.3, label="exact, one standard error")
        axes.set_xlim(0, None)
        axes.set_xlabel("time step (ms)")
        axes.set_ylabel(name)
    axes.legend(frameon=False, fontsize="small")
    figure.suptitle("What the grid does to a balanced network")
    save_figure(figure, output / "network_on_a_grid.png")


if __name__ == "__main__":
    main()
