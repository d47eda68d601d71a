"""What a second of model time costs: exact engine and Brian2 standalone against size, fan-in and rate.

``python analyses/network_cost.py --output FOLDER``; pure run times on one thread, the best of
three for the exact engine. Seven standalone programs are built, which takes most of the minute.
"""

import argparse
import functools
import time
from pathlib import Path

import numpy as np
from brian2 import mV

import spikelearn as sl
from spikelearn.brian import session
from spikelearn.eventdriven.network_run import run_network
from spikelearn.network import FixedInDegree, Population, Projection
from spikelearn.network.brian import brian_objects
from spikelearn.network.exact import network_inputs
from spikelearn.network.wiring import wire
from spikelearn.plotting import COLOURS, new_figure, save_figure

DT, DURATION = 0.1e-3, 0.5
SIZES, FANS, ADAPTATION = (200, 1000, 5000), (5, 30, 200), (1.2, 0.3, 0.05)


@functools.cache
def described(n, fan, delta_g):
    """Neurons that fire from within; weak adaptation makes the rate high."""
    neuron = sl.AdaptiveLIF(delta_g=delta_g, tau_K="200 ms", t_d="5 ms")
    vary = {"V_0": np.linspace(15.5, 19.5, n) * mV}
    return wire(sl.Network(
        {"cells": Population(neuron, n, vary)},
        [Projection("cells", "cells", FixedInDegree(fan), "0.02 mV", "1.5 ms")],
    ))  # fmt: skip


@functools.cache
def exact(wiring):
    """Seconds, rate."""
    zero, nothing = np.zeros(wiring.n), np.empty(0, dtype=np.int64)
    settings = {"u0": zero, "g0": zero, "traced": nothing, "trace_times": np.empty(0), "threads": 1}
    inputs = network_inputs(wiring, 0, 1e4)
    run_network(inputs, 0.002, **settings)
    spent = []
    for _ in range(3):
        start = time.perf_counter()
        result = run_network(inputs, DURATION, **settings)
        spent.append(time.perf_counter() - start)
    return min(spent), len(result.times) / wiring.n / DURATION


@functools.cache
def brian(wiring):
    """Seconds that the compiled program says its network took."""
    with session("cpp_standalone") as opened:
        from brian2 import Network, SpikeMonitor, second
        from brian2.devices.device import get_device

        objects = brian_objects(wiring, DT, DURATION)
        spikes = SpikeMonitor(objects[0])
        opened.run(Network(*objects, spikes), DURATION * second)
        return get_device()._last_run_time


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("output"))
    output = parser.parse_args().output
    series = {
        "neurons": (SIZES, [described(n, 30, 0.3) for n in SIZES]),
        "fan-in": (FANS, [described(1000, k, 0.3) for k in FANS]),
        "rate (Hz)": (None, [described(1000, 30, a) for a in ADAPTATION]),
    }
    figure = new_figure(10.0, 3.4)
    for axes, (name, (values, wirings)) in zip(figure.subplots(1, 3), series.items(), strict=True):
        own, clock = [exact(w) for w in wirings], [brian(w) for w in wirings]
        x = np.array(values if values is not None else [rate for _, rate in own], dtype=float)
        fast = np.array([spent for spent, _ in own]) / DURATION
        slow = np.array(clock) / DURATION
        for a, b, c in zip(x, fast, slow, strict=True):
            print(f"{name} {a:8.1f}: exact {b:.4f}, Brian2 {c:.4f} seconds a second; ratio {c / b:.2f}")
        axes.loglog(x, fast, "o-", color=COLOURS["theory"], label="exact")
        axes.loglog(x, slow, "s-", color=COLOURS["simulation"], label="Brian2 standalone, 0.1 ms")
        ratio = np.log(fast / slow)
        for k in np.flatnonzero(ratio[:-1] * ratio[1:] < 0):
            share = ratio[k] / (ratio[k] - ratio[k + 1])
            cross = x[k] * (x[k + 1] / x[k]) ** share
            axes.axvline(cross, color=COLOURS["muted"], linestyle=":")
            axes.text(cross, fast.min(), f" crossover\n {cross:.0f}", fontsize="small", color=COLOURS["muted"])
            print(f"crossover at {name} {cross:.0f}")
        axes.set_xticks(x, [f"{value:.3g}" for value in x])
        axes.minorticks_off()
        axes.set_xlabel(name)
        axes.set_ylabel("seconds a second of model time")
    axes.legend(frameon=False, fontsize="small")
    figure.suptitle("Cost on one thread; 1000 neurons, fan-in 30 where not varied")
    save_figure(figure, output / "network_cost.png")


if __name__ == "__main__":
    main()
