"""Neurons of your own in a network that learns: quadratic integrate-and-fire cells with plasticity by spike timing.

Thirty quadratic neurons, each given as a Brian2 equation string, excite each other through jumps of v; pair STDP moves
the weights. Uncoupled, a cell above its onset fires with the interval of the closed form (Ermentrout & Kopell 1986),
which is printed beside the simulated one.
"""

import sys
from pathlib import Path

import numpy as np

import spikelearn as sl
from spikelearn.network import FixedInDegree, Network, Population, Projection, pair_stdp
from spikelearn.plotting import COLOURS, new_figure, raster


def main() -> None:
    output = Path(sys.argv[1] if len(sys.argv) > 1 else "output")
    cell = sl.QuadraticNeuron(eta=0.2)
    eta = np.linspace(0.1, 0.3, 30)
    population = Population(cell, 30, vary={"eta": eta})

    alone = sl.simulate(Network({"cells": population}), "0.5 s", dt="50 us").spikes
    measured = [float(np.diff(train).mean()) for train in (alone[0], alone[29])]
    formula = [sl.QuadraticNeuron(eta=value).interval() for value in (0.1, 0.3)]
    for which, seen, due in zip(("slowest", "fastest"), measured, formula, strict=True):
        print(f"{which} cell alone: interval {1e3 * seen:.2f} ms, closed form {1e3 * due:.2f} ms")

    rule = pair_stdp(0.05, 0.055, limits=(0.0, 1.0), unit="1")
    network = Network(
        {"cells": population},
        [Projection("cells", "cells", FixedInDegree(5), 0.5, "2 ms", plasticity=rule, onto="v")],
        seed=1,
    )
    print(network)
    run = sl.simulate(network, "0.5 s", dt="50 us")
    order = eta[run.targets] > eta[run.sources]
    onto = [run.weights[order].mean(), run.weights[~order].mean()]
    print(f"weights after 0.5 s, at first 0.5: {onto[0]:.3f} onto faster cells, {onto[1]:.3f} onto slower ones")

    figure = new_figure(8.0, 4.5)
    axes = figure.subplot_mosaic([["raster", "weights"]], width_ratios=[2.0, 1.0])
    raster(axes["raster"], run.spikes)
    axes["raster"].set_xlabel("time (s)")
    axes["weights"].scatter(eta[run.targets] - eta[run.sources], run.weights, s=8, color=COLOURS["simulation"])
    axes["weights"].axhline(0.5, color="0.6", lw=0.8)
    axes["weights"].set_xlabel("drive: target minus source")
    axes["weights"].set_ylabel("weight (jump of v) after learning")
    figure.suptitle("Quadratic neurons of one's own, coupled by plastic synapses")
    output.mkdir(parents=True, exist_ok=True)
    figure.savefig(output / "own_neuron_network.png")


if __name__ == "__main__":
    main()
