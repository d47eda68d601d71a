"""Bursting, tonic firing, or both: where in the plane of delay and conductance step, from exact simulations.

Every point is simulated from two histories: from rest, and from tonic firing with its conductance, the intervals of
the last delay modulated by 15 % (Gatsby 2021, question 1, part 4, erratum A5). Theory, for t_d >> tau_K: with
rho = delta_g tau_K/(t_s(0) g*) bursts are possible above rho = 1, and tonic firing is unstable above rho = 1.308, where
the slope of log rate against log g is -1; between the two lines the history decides. A train bursts if a pause of half
a delay is left after thirty delays. From rest the edge comes down to rho = 1 only slowly as the delay grows. Spikes are
discrete, and a train locks to its own delayed jumps: a tonic one survives somewhat above the upper line, at short
delays in stripes, and without the modulation far above it.

``python examples/phase_diagram.py [folder] [--million]``: 40,000 neurons in less than a minute, or a million. Delays
are the points of a sweep; the conductances of one delay run together through ``vary``.
"""

import argparse
import functools
import time
from pathlib import Path

import numpy as np
from brian2 import ms, mV, second
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, NullFormatter, ScalarFormatter

import spikelearn as sl
from spikelearn.models.adaptive_lif.regimes import tonic_edge
from spikelearn.plotting import COLOURS, new_figure, save_figure

DELAYS, SETTLED, MODULATION = 40, 30, 0.15
TONIC, BISTABLE, BURSTING, OTHER = range(4)
LABELS = ("tonic", "bistable", "bursting", "bursting from tonic history only")
base = sl.AdaptiveLIF(V_0=20 * mV, tau_K=50 * ms)
T_0, g_star = float(base.time_to_spike()), base.critical_conductance()
tau_K = float(base.tau_K)


def tonic_intervals(delta_g: np.ndarray) -> np.ndarray:
    return np.array([sl.AdaptiveLIF(V_0=20 * mV, tau_K=50 * ms, delta_g=step).tonic_interval() for step in delta_g])


def histories(t_d: float, intervals: np.ndarray) -> list:
    """Past spikes of each neuron in (-t_d, 0]: intervals T (1 + 0.15 sin(pi s/t_d)) at s before 0, a spike at 0."""
    s = np.linspace(0.0, 1.0, 2001)
    rate = 1 / (1 + MODULATION * np.sin(np.pi * s))
    passed = np.concatenate([[0.0], np.cumsum(0.5 * (rate[1:] + rate[:-1]) * np.diff(s))])
    return [-np.interp(np.arange(0.0, passed[-1], T / t_d), passed, s)[::-1] * t_d * second for T in intervals]


def pauses(t_d, seed, delta_g: np.ndarray, intervals: np.ndarray) -> dict:
    """Longest late interval over the delay, from rest (row 0) and from tonic firing (row 1): a point of the sweep."""
    delay, n = float(t_d), len(delta_g)
    neuron = sl.AdaptiveLIF(V_0=20 * mV, tau_K=50 * ms, t_d=t_d)
    g = np.concatenate([np.zeros(n), delta_g * tau_K / intervals])
    start = sl.Initial(g=g, past_spikes=[[]] * n + histories(delay, intervals))
    vary = {"delta_g": np.tile(delta_g, 2)}
    # The sweep has a process on every processor.
    trains = sl.simulate(neuron, DELAYS * delay, n=2 * n, vary=vary, initial=start, threads=1).spikes
    late = [np.diff(train[train > SETTLED * delay]) for train in trains]
    return {"pause": np.array([steps.max() if len(steps) else np.inf for steps in late]).reshape(2, n) / delay}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", default="output")
    parser.add_argument("--million", action="store_true", help="1000 x 500 points, minutes")
    parser.add_argument("--store", type=Path, help="folder that keeps every delay, to go on after an interruption")
    options = parser.parse_args()
    columns, rows = (1000, 500) if options.million else (200, 100)

    rho = np.linspace(0.7, 1.7, rows)
    delta_g = rho * T_0 * g_star / tau_K
    delays = np.geomspace(3, 40, columns) * tau_K
    at_delay = functools.partial(pauses, delta_g=delta_g, intervals=tonic_intervals(delta_g))
    began = time.perf_counter()
    swept = sl.sweep(at_delay, {"t_d": delays * second}, store=options.store)
    took = time.perf_counter() - began
    if swept["failed"].any():
        raise RuntimeError(f"a point failed: {swept['error'].values[swept['failed'].values][0]}")
    bursts = swept["pause"].values > 0.5
    kind = np.select(
        [bursts.all(axis=1), bursts[:, 0], bursts[:, 1]], [BURSTING, BISTABLE, OTHER], default=TONIC
    )  # shape (delays, conductances)

    edge = tonic_edge(V_0=float(base.V_0), theta=float(base.theta), Delta=float(base.Delta))
    print(f"{2 * kind.size} neurons in {took:.0f} s")
    for index, label in enumerate(LABELS):
        print(f"{label:34s} {np.mean(kind == index):6.1%}")
    long = delays > 30 * tau_K
    rest, unstable = (rho[np.argmax(bursts[long, history], axis=1)] for history in (0, 1))
    print(f"t_d > 30 tau_K: from rest bursts begin at rho {rest.min():.2f} to {rest.max():.2f}", end="")
    print(" (theory: a little above 1)")
    print(f"t_d > 30 tau_K: tonic history is lost at rho {unstable.min():.2f} to {unstable.max():.2f}", end="")
    print(f" (theory: {edge:.3f})")
    path = Path(options.folder) / "phase_diagram.png"
    save_figure(draw(kind, delays, delta_g, edge), path)
    print(f"figure in {path}")


def draw(kind: np.ndarray, delays: np.ndarray, delta_g: np.ndarray, edge: float):
    """Draw the map of kinds and the lines of the theory."""
    figure = new_figure(7.5, 5.0)
    axes = figure.subplots()
    palette = [COLOURS["unstable"], COLOURS["stable"], COLOURS["simulation"], COLOURS["accent"]]
    axes.pcolormesh(delays, delta_g, kind.T, cmap=ListedColormap(palette), vmin=-0.5, vmax=3.5, shading="nearest")
    axes.set_xscale("log")
    handles = [Patch(color=palette[k], label=LABELS[k]) for k in range(4) if (kind == k).any()]
    for value, style in ((1.0, "--"), (edge, "-.")):
        handles.append(
            axes.axhline(
                value * T_0 * g_star / tau_K,
                color=COLOURS["theory"],
                linestyle=style,
                label=rf"theory for $t_d \gg \tau_K$: $\rho$ = {value:.4g}",
            )
        )
    axes.set_xlabel(r"delay $t_d$ (s)")
    axes.set_ylabel(r"conductance step $\delta g$ (leak conductances)")
    above = axes.secondary_xaxis("top", functions=(lambda t: t / tau_K, lambda r: r * tau_K))
    above.set_xlabel(r"$t_d/\tau_K$")
    for axis, ticks in ((axes.xaxis, (0.2, 0.5, 1, 2)), (above.xaxis, (3, 5, 10, 20, 40))):
        axis.set_major_locator(FixedLocator(ticks))
        axis.set_major_formatter(ScalarFormatter())
        axis.set_minor_formatter(NullFormatter())
    right = axes.secondary_yaxis(
        "right", functions=(lambda d: d * tau_K / (T_0 * g_star), lambda r: r * T_0 * g_star / tau_K)
    )
    right.set_ylabel(r"$\rho = \delta g\,\tau_K / (t_s(0)\,g^*)$")
    figure.legend(handles=handles, loc="outside lower center", fontsize="small", frameon=False, ncols=2)
    return figure


if __name__ == "__main__":
    main()
