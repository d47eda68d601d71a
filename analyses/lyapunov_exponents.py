"""Whether small disturbances of a network grow: exponents from derivatives of one run, and from pairs of runs.

Two networks of 80 excitatory and 20 inhibitory neurons with delays, one with weak and one with strong synapses.
``python analyses/lyapunov_exponents.py --output FOLDER``; half a minute; ``--full`` runs longer and more pairs.
"""

import argparse
from pathlib import Path

import numpy as np
from brian2 import ms, mV, volt

import spikelearn as sl
from spikelearn.network import Connections, Population, Projection
from spikelearn.plotting import COLOURS, new_figure, save_figure, typeset

CASES = {"weak synapses": (0.3, -1.5), "strong synapses": (1.2, -5.0)}
WINDOW = 0.1


def network(w_E, w_I, seed=1, n=100):
    """Four excitatory neurons for each inhibitory one, a fifth of all pairs, delays of 1 to 4 ms."""
    rng = np.random.default_rng(seed)
    neuron = sl.AdaptiveLIF(delta_g=0.08, tau_K=100 * ms, t_d=5 * ms)
    pre, post = np.nonzero((rng.random((n, n)) < 0.2) & ~np.eye(n, dtype=bool))
    weights = np.where(pre < n * 4 // 5, w_E, w_I) * mV
    population = Population(neuron, n, {"V_0": rng.uniform(17, 23, n) * mV})
    return sl.Network(
        {"cells": population},
        [Projection("cells", "cells", Connections(pre, post), weights, rng.uniform(1, 4, len(pre)) * ms)],
    )


def twins(model, duration, begin, seed, size=1e-11):
    """Distance of two runs that differ by `size` volts at time `begin`: rms shift of spikes, time shift taken out."""
    rng = np.random.default_rng(seed)
    u = rng.uniform(0, 1e-3, model.n)
    other = u + size * rng.standard_normal(model.n)
    pair = [sl.simulate(model, duration, initial=sl.Initial(u=v * volt)).spikes for v in (u, other)]
    edges = np.arange(0.0, duration + 1e-9, WINDOW)
    moved = [[] for _ in edges[1:]]
    for a, b in zip(*pair, strict=True):
        m = min(len(a), len(b))
        k = np.searchsorted(edges, a[:m], side="right") - 1
        for window, d in zip(k, b[:m] - a[:m], strict=True):
            moved[window].append(d)
    return edges[1:] - WINDOW / 2, np.array([np.std(d) if len(d) > 1 else np.nan for d in moved])


def slope(times, distance):
    """Growth rate of a distance while it is neither rounding nor finite, 1/s; NaN where there are too few windows."""
    use = (distance > 1e-14) & (distance < 1e-6) & (times > 0.3)
    # Only up to where it first leaves the range.
    out = np.flatnonzero(~use & (times > 0.3))
    if len(out):
        use[out[0] :] = False
    return np.polyfit(times[use], np.log(distance[use]), 1)[0] if use.sum() >= 5 else np.nan


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("output"))
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    duration, pairs = (20.0, 40) if options.full else (8.0, 12)
    figure = new_figure(10.0, 4.0)
    print(f"{'':18}{'derivatives (1/s)':>22}{'pairs of runs (1/s)':>24}")
    for axes, (name, weights) in zip(figure.subplots(1, 2), CASES.items(), strict=True):
        model = network(*weights)
        found = sl.derivatives.lyapunov_exponents(model, sl.simulate(model, duration), transient=0.5)
        rate, error = found.exponents[0], found.standard_errors[0]
        slopes = []
        for k in range(pairs):
            times, distance = twins(model, 3.0, 0.0, seed=k)
            slopes.append(slope(times, distance))
            axes.semilogy(times, distance * 1e3, color=COLOURS["simulation"], alpha=0.35, linewidth=0.9,
                          label=f"{pairs} pairs of runs" if k == 0 else None)  # fmt: skip
        slopes = np.array(slopes)[np.isfinite(slopes)]
        mean, spread = slopes.mean(), slopes.std(ddof=1) / np.sqrt(len(slopes))
        axes.semilogy(times, 1e-8 * np.exp(rate * (times - times[0])), "--", color=COLOURS["theory"], linewidth=2.0,
                      label=typeset(f"from derivatives, {rate:+.1f} ± {error:.1f} per second"))  # fmt: skip
        axes.set_title(typeset(f"{name}: {weights[0]:g} and {weights[1]:g} mV"))
        axes.set_xlabel("time (s)")
        axes.set_ylabel("rms shift of spikes between two runs (ms)")
        axes.set_ylim(1e-13, 1e2)
        axes.legend(frameon=False, loc="upper left" if rate > 0 else "upper right")
        print(f"{name:18}{rate:+12.2f} +- {error:.2f}{mean:+16.2f} +- {spread:.2f}   ({len(slopes)} pairs)")
    save_figure(figure, options.output / "lyapunov_exponents.png")
    print(f"figure in {options.output / 'lyapunov_exponents.png'}")


if __name__ == "__main__":
    main()
