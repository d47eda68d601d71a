"""Figure 4 of Galtier & Wainrib: a network's weights from its activity, by batch and online, hybrid and homogeneous.

The values of figure 4a are not printed; the matrix here has a limit cycle of period 5.7352, and its mirror image. Batch
learning gives the matrix to rounding. Online learning ends on the periodic solution of the rule, whose distance from
the matrix is a bias of the filters and of the learning rate: not "exactly W_0", as the source has it. In the
homogeneous scheme (l_net = l) it ends elsewhere, where a Fourier transform says. Figure 4b is drawn with a logarithmic
axis, on which the three cases can be told apart.

Run ``python analyses/entropy_connectivity.py [--full] [--output FOLDER]``; the default has epsilon = 0.01 and 0.003,
the full study 0.001 too.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

import spikelearn as sl
from spikelearn.models.entropy_rule.figure import matrix
from spikelearn.models.entropy_rule.measures import relative_error
from spikelearn.plotting import COLOURS, SERIES, new_figure, save_figure

er = sl.entropy_rule
STEPS = 1200
NETWORKS = (20.0, 50.0, 100.0)


def figure(frames: np.ndarray, dt: float, truth: np.ndarray, runs: dict, batch: np.ndarray, replays: dict) -> Any:
    """4a the matrix, 4b errors, 4c activity of input and replay."""
    page = new_figure(13, 7.5)
    grid = page.add_gridspec(2, 3)
    page.colorbar(matrix(page.add_subplot(grid[0, 0]), truth, "$W_0$"), ax=page.axes[-1])
    error = page.add_subplot(grid[0, 1:])
    styles = {"hybrid": (COLOURS["simulation"], "--"), "homogeneous": (COLOURS["accent"], "-.")}
    for name, (rule, run) in runs.items():
        colour, line = styles[name]
        time = run.traces.time.values
        error.semilogy(time, [relative_error(W, truth) for W in run.traces.W.values], line, color=colour, label=name)
        level = relative_error(rule.stationary(frames, dt), truth)
        error.axhline(level, color=colour, lw=0.7, ls=":", label=f"{name}: stationary, {level:.2g}")
    steps = np.unique(np.round(np.geomspace(1, 1e5, 80)).astype(int))
    down = er.descent_formula(frames, dt, 1.0, steps, xi="spectral")
    # A step of h = 1/lambda_max of the batch gradient is as long as that time online, at the same rate epsilon.
    scale = er.largest_step(frames, dt) * dt * len(frames) / runs["hybrid"][0].epsilon
    shown = scale * steps < runs["hybrid"][1].traces.time.values[-1]
    error.semilogy((scale * steps)[shown], [relative_error(W, truth) for W in down[shown]], "k", label="batch, descent")
    error.axhline(max(relative_error(batch, truth), 1e-16), color="k", lw=0.7, ls=":", label="batch, minimiser")
    error.set(xlabel="time", ylabel=r"$|W - W_0|/|W_0|$", title="Distance from the input's matrix")
    error.legend(frameon=False, fontsize=8, ncol=2, loc=(0.02, 0.1))
    for place, (name, path) in enumerate(replays.items()):
        axes = page.add_subplot(grid[1, place])
        t = dt * np.arange(len(path))
        for k in range(3):
            axes.plot(t, path[:, k], color=SERIES[k], label="replay" if not k else None)
            axes.plot(t, frames[np.arange(len(path)) % STEPS, k], "k--", lw=0.8, label="input" if not k else None)
        axes.set(xlabel="time", ylabel="activity", title=f"Replay, {name}")
        axes.legend(frameon=False, fontsize=8)
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="epsilon = 0.001 as well, some ten seconds more")
    parser.add_argument("--output", type=Path, help="folder for the figure")
    arguments = parser.parse_args()
    network = er.source_network()
    cycle = network.cycle(er.START, settle=0.0)
    frames, dt, truth = cycle.frames(STEPS), cycle.period / STEPS, network.W
    print(f"input: period {cycle.period:.6f}, multipliers {np.abs(cycle.multipliers).round(4)}")
    coarse = cycle.frames(64)
    batch = er.minimiser(coarse, cycle.period / 64, 1.0, xi="spectral")
    print(f"batch, 64 samples, spectral derivative: largest error {np.abs(batch - truth).max():.1e}")
    forward = er.minimiser(cycle.frames(1024), cycle.period / 1024, 1.0)
    print(f"batch, 1024 samples, forward difference: largest error {np.abs(forward - truth).max():.1e}")
    for epsilon in (0.01, 0.003, *([0.001] if arguments.full else [])):
        for l_net in NETWORKS:
            rule = sl.EntropyRule(l_net=l_net, epsilon=epsilon)
            solution = rule.periodic(frames, dt)
            periods = round(20 * solution.time_constants[0] / cycle.period)
            run = rule.learn(frames, dt, periods * STEPS * dt)
            off, bias = np.abs(run.W - solution.weights[0]).max(), np.abs(solution.mean - truth).max()
            print(
                f"online, epsilon {epsilon:g}, l_net {l_net:g}: {periods} periods; off its periodic solution by "
                f"{off:.1e}, whose mean is off W_0 by {bias:.2e}"
            )
    runs = {}
    for name, l_net in (("hybrid", 50.0), ("homogeneous", None)):
        rule = sl.EntropyRule(l_net=l_net, epsilon=0.01)
        runs[name] = rule, rule.learn(frames, dt, 1000 * STEPS * dt, record_every=STEPS)
    wrong = runs["homogeneous"][0].stationary(frames, dt)
    print(f"homogeneous: stationary point off W_0 by {relative_error(wrong, truth):.3f} of its size")
    best = sl.EntropyRule(l_net=50.0, epsilon=0.001).periodic(frames, dt).mean
    learned = er.InputNetwork(best).cycle(cycle.start)
    extent = np.ptp(learned.frames(STEPS), axis=0) / np.ptp(frames, axis=0)
    print(f"replay, hybrid, epsilon 0.001: period {learned.period:.4f}, amplitudes {extent.round(4)} of the input's")
    replays = {
        "hybrid": er.replay(runs["hybrid"][1].W, frames[0], 3 * STEPS, dt, 1.0, method="rk4"),
        "homogeneous": er.replay(runs["homogeneous"][1].W, frames[0], 3 * STEPS, dt, 1.0, method="rk4"),
        "batch": er.replay(batch, frames[0], 3 * STEPS, dt, 1.0, method="rk4"),
    }
    if arguments.output:
        save_figure(figure(frames, dt, truth, runs, batch, replays), arguments.output / "entropy_connectivity.png")


if __name__ == "__main__":
    main()
