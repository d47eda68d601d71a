"""What derivatives of spike times are good for: phase response, stability of locked firing, learning spike times.

Left: how much a small jump of u delays or advances a neuron that fires regularly, from one backward pass over all
phases, beside runs in which a jump does arrive. Middle: the largest multiplier of regular firing whose potassium comes
back m periods later, beside the decay of a disturbance in a run. Right: four neurons learn to fire at given times by
gradient descent on weights and delays, from six starts. Where a spike is made by a jump, its time moves with the delay
of that jump alone, so descent is slow, or stops when that delay has come to its least.
"""

import sys
from pathlib import Path

import numpy as np
from brian2 import ms, mV, second, volt

import spikelearn as sl
from spikelearn.derivatives import locked_firing
from spikelearn.network import Connections, OneToOne, Population, Projection, SpikeSource
from spikelearn.plotting import COLOURS, SERIES, new_figure, save_figure

# Seconds: what a delay may fall to.
LEAST_DELAY = 1e-4


def phase_response(axes):
    neuron = sl.AdaptiveLIF(V_0=22 * mV, delta_g=0.1, tau_K=80 * ms)
    train = sl.simulate(neuron, 1.2 * second).spikes.train()
    k = 30
    phases = np.linspace(0.02, 0.98, 49)
    times = train[k] + phases * (train[k + 1] - train[k])

    def network(weight):
        trains = sl.SpikeTrains.from_arrays([[t - 1e-3] for t in times], t_stop=2.0)
        pairs = Connections(np.arange(len(times)), np.zeros(len(times), dtype=int))
        return sl.Network(
            {"one": Population(neuron, 1)},
            [Projection("kicks", "one", pairs, weight * volt, 1 * ms)],
            {"kicks": SpikeSource(trains)},
        )

    silent = network(np.zeros(len(times)))
    recording = sl.simulate(silent, 1.2 * second)
    loss = np.zeros(len(recording.spikes.times))
    loss[-1] = 1.0
    advance = -sl.gradient(silent, recording, loss).weights
    axes.plot(phases, advance, "--", color=COLOURS["theory"], label="one backward pass")
    checked, off = np.arange(4, 49, 8), []
    for j in checked:
        weight = np.zeros(len(times))
        weight[j] = 1e-6
        later, earlier = (sl.simulate(network(w), 1.2 * second).spikes.times[-1] for w in (-weight, weight))
        off.append((later - earlier) / 2e-6)
    axes.plot(phases[checked], off, "o", color=COLOURS["simulation"], label="runs with jumps of ±1 µV")
    axes.set(xlabel="phase of the jump", ylabel="advance of later spikes (ms/mV)", title="phase response")
    axes.legend(frameon=False)
    worst = np.abs(np.array(off) / advance[checked] - 1).max()
    print(f"phase response: largest difference between the pass and runs with a jump, relative {worst:.1e}")


def multipliers(axes):
    print(f"{'m':>4}{'period (ms)':>13}{'phase':>8}{'largest multiplier':>20}{'measured':>10}")
    shown, predicted, measured = (1, 2, 4, 8, 16), [], []
    for m in shown:
        neuron = sl.AdaptiveLIF(V_0=20 * mV, delta_g=0.01, tau_K=200 * ms, t_d=(m + 0.4) * 20.1 * ms)
        found = locked_firing(neuron, m)
        past = [-k * found.period for k in range(m, -1, -1) if k * found.period < float(neuron.t_d)]
        run = sl.spike_time_jacobian(
            neuron, n_spikes=60 * (m + 1), wrt="g", initial=sl.Initial(g=found.g, past_spikes=[past])
        )
        moved = np.abs(np.diff(run["derivative"].values[:, 0]))
        # The largest change within m + 1 spikes, over many such groups.
        groups = moved[: len(moved) // (m + 1) * (m + 1)].reshape(-1, m + 1).max(axis=1)
        use = slice(5, int(np.argmax(groups < 1e-11 * groups[0])) or None)
        rate = np.exp(np.polyfit(np.arange(len(groups))[use], np.log(groups[use]), 1)[0] / (m + 1))
        predicted.append(abs(found.multipliers[0]))
        measured.append(rate)
        print(f"{m:4d}{found.period * 1e3:13.4f}{found.phase:8.3f}{predicted[-1]:20.5f}{rate:10.5f}")
    axes.plot(
        shown, predicted, "_", markersize=14, markeredgewidth=2, color=COLOURS["theory"], label="largest multiplier"
    )
    axes.plot(shown, measured, "o", markersize=4, color=COLOURS["simulation"], label="decay a spike in a run")
    axes.axhline(1.0, color=COLOURS["muted"], linewidth=0.8)
    axes.set_xscale("log", base=2)
    axes.set_xticks(shown, [str(m) for m in shown])
    axes.set(xlabel="delay (whole periods)", ylabel="factor from spike to spike", title="locked firing with delay")
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(0.0, 0.95))
    axes.set_ylim(0.78, 1.01)


def learn(seed, steps):
    """Give the distance from the targets at every step, and how many of the four spikes a jump makes at the end."""
    rng = np.random.default_rng(seed)
    n, inputs = 4, 12
    neuron = sl.AdaptiveLIF(V_0=16.5 * mV, delta_g=0.05, tau_K=50 * ms, t_d=2 * ms)
    trains = sl.SpikeTrains.from_arrays([np.sort(rng.uniform(0, 0.1, 3)) for _ in range(inputs)], t_stop=0.2)
    pre, post = np.repeat(np.arange(inputs), n), np.tile(np.arange(n), inputs)
    weight, delay = rng.uniform(-0.5, 0.8, len(pre)) * 1e-3, rng.uniform(2e-3, 8e-3, len(pre))
    errors, target = [], None
    for _ in range(steps):
        network = sl.Network(
            {"cells": Population(neuron, n)},
            [
                Projection("in", "cells", Connections(pre, post), weight * volt, delay * second),
                Projection("cells", "cells", OneToOne(), -0.3 * mV, 3 * ms, allow_self=True),
            ],
            {"in": SpikeSource(trains)},
        )  # fmt: skip
        recording = sl.simulate(network, 0.15 * second, threads=1)
        if target is None:
            target = np.array([train[0] for train in recording.spikes]) + np.array([-6e-3, -3e-3, 3e-3, 6e-3])
        loss, off = np.zeros(len(recording.spikes.times)), []
        for i, train in enumerate(recording.spikes):
            off.append(train[0] - target[i])
            loss[recording.spikes.offsets[i]] = off[-1]
        errors.append(np.sqrt(np.mean(np.square(off))))
        found = sl.gradient(network, recording, loss)
        by_weight, by_delay = found.weights[recording.sources >= n], found.delays[recording.sources >= n]
        # A step that would halve the squared error if it were linear, and no weight moved by more than 0.2 mV.
        slope = np.concatenate([by_weight * 1e-3, by_delay * 1e-3])
        step = 0.5 * np.sum(np.square(off)) / max(slope @ slope, 1e-30)
        size = min(1.0, 0.2 / max(np.abs(step * slope).max(), 1e-30))
        weight = weight - size * step * slope[: len(pre)] * 1e-3
        delay = np.maximum(delay - size * step * slope[len(pre) :] * 1e-3, LEAST_DELAY)
    # A spike that a jump makes moves with the delay of that jump and with no weight.
    jumps = sum(not by_weight[post == i].any() for i in range(n))
    return np.array(errors), jumps


def learning(axes, starts=6, steps=80):
    print(
        f"{'start':>5}{'distance before (ms)':>22}{'after ' + str(steps) + ' steps':>18}{'spikes made by a jump':>23}"
    )
    for seed in range(starts):
        errors, jumps = learn(seed, steps)
        print(f"{seed:5d}{errors[0] * 1e3:22.3f}{errors[-1] * 1e3:18.2e}{jumps:23d}")
        axes.semilogy(errors * 1e3, color=SERIES[seed % len(SERIES)], linewidth=1.0, label=f"start {seed + 1}")
    axes.set(
        xlabel="step of gradient descent", ylabel="rms distance from target times (ms)", title="learning spike times"
    )
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))


figure = new_figure(13, 3.8)
left, middle, right = figure.subplots(1, 3)
phase_response(left)
multipliers(middle)
learning(right)
output = Path(sys.argv[1] if len(sys.argv) > 1 else "output")
save_figure(figure, output / "spike_time_derivatives.png")
print(f"figure in {output / 'spike_time_derivatives.png'}")
