"""A sequence whose order reverses half-way: the online rule relearns it, and the weights turn round.

Five blocks of six units fire in the order A B C D E in the first half of the trials and E D C B A in the second. The
online rule of Rezende & Gerstner (2014), doi 10.3389/fncom.2014.00038, changes the weights in every bin. Free energy
jumps at the reversal and falls again; the mean weight from a block to its successor minus that to its predecessor
changes sign.

Run ``python analyses/rezende_reversal.py [--full] [--output FOLDER]``.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from brian2 import Hz, ms

import spikelearn as sl
from spikelearn.models.escape_noise import reversing_sequence
from spikelearn.plotting import COLOURS, new_figure, save_figure

DT = 0.001
N_VISIBLE, N_HIDDEN, N_BLOCKS, N_BINS = 30, 20, 5, 200
CELL = sl.EscapeNoise(tau=10 * ms, tau_adapt=10 * ms, eta_0=0.1, rho_0=1300 * Hz, v=4.0, Delta_u=1.0, link="sigmoid")


@dataclass(frozen=True)
class Result:
    """One seed: free energy a bin of each trial, direction index before and after, mean block weights."""

    free_energy: np.ndarray
    direction: tuple[float, float]
    blocks: tuple[np.ndarray, np.ndarray]


def block_weights(network: Any) -> np.ndarray:
    """Mean visible weights between blocks, shape (to, from)."""
    size = N_VISIBLE // N_BLOCKS
    visible = network.W_M[:N_VISIBLE, :N_VISIBLE]
    return np.asarray(visible.reshape(N_BLOCKS, size, N_BLOCKS, size).mean(axis=(1, 3)))


def direction(blocks: np.ndarray) -> float:
    """Mean weight to the next block in the alphabet less that to the block before, round the circle."""
    here = np.arange(N_BLOCKS)
    return float((blocks[(here + 1) % N_BLOCKS, here] - blocks[(here - 1) % N_BLOCKS, here]).mean())


def run(seed: int, n_trials: int) -> Result:
    """Learn forward, then backward; one pass, online."""
    V = reversing_sequence(n_trials, N_BINS, n_units=N_VISIBLE, n_blocks=N_BLOCKS, seed=seed)
    half = n_trials // 2
    network = sl.VariationalNetwork.random(CELL, N_VISIBLE, N_HIDDEN, scale=0.05, seed=seed)
    settings = {"rule": "online", "mu_M": 1e-4, "mu_Q": 1e-7, "seed": seed}
    first = network.learn(V[:half], DT, **settings)
    second = first.network.learn(V[half:], DT, **settings)
    energies = np.concatenate([part.history.free_energy.values for part in (first, second)])
    blocks = (block_weights(first.network), block_weights(second.network))
    return Result(energies, (direction(blocks[0]), direction(blocks[1])), blocks)


def figure(results: list[Result]) -> Any:
    """Free energy over trials with a band, and block weights before and after."""
    page = new_figure(12, 4)
    grid = page.add_gridspec(1, 4)
    axes = page.add_subplot(grid[0, :2])
    width = max(1, len(results[0].free_energy) // 50)
    each = np.array(
        [r.free_energy[: len(r.free_energy) // width * width].reshape(-1, width).mean(axis=1) for r in results]
    )
    trial = (np.arange(each.shape[1]) + 0.5) * width
    axes.plot(trial, each.mean(axis=0), color=COLOURS["simulation"], label="mean over seeds")
    axes.fill_between(
        trial, each.min(axis=0), each.max(axis=0), color=COLOURS["simulation"], alpha=0.25, lw=0, label="range"
    )
    axes.axvline(len(results[0].free_energy) / 2, color="black", linestyle=":", label="order reverses")
    axes.set(xlabel="trial (200 bins)", ylabel="free energy (nat/bin)", title=f"Online learning, {len(results)} seeds")
    axes.legend(frameon=False)
    for place, name in enumerate(("after A B C D E", "after E D C B A")):
        mean = np.mean([r.blocks[place] for r in results], axis=0)
        panel = page.add_subplot(grid[0, 2 + place])
        off = np.abs(mean[~np.eye(N_BLOCKS, dtype=bool)]).max()
        image = panel.imshow(mean, cmap="RdBu_r", vmin=-off, vmax=off)
        panel.set_xticks(range(N_BLOCKS), "ABCDE")
        panel.set_yticks(range(N_BLOCKS), "ABCDE")
        panel.set(xlabel="from block", ylabel="to block", title=f"$W^M$ {name}")
        page.colorbar(image, ax=panel, label="mean weight", shrink=0.7)
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="2000 trials instead of 600")
    parser.add_argument("--output", type=Path, help="folder for the figure")
    arguments = parser.parse_args()
    n_trials = 2000 if arguments.full else 600
    results = [run(seed, n_trials) for seed in range(5)]
    half = n_trials // 2
    tenth = n_trials // 10
    energy = np.array([r.free_energy for r in results])
    windows = {
        "first trials": slice(0, 5),
        "before the reversal": slice(half - tenth, half),
        "five trials after it": slice(half, half + 5),
        "end": slice(n_trials - tenth, n_trials),
    }
    for name, window in windows.items():
        values = energy[:, window].mean(axis=1)
        print(f"free energy, {name:22s} {values.mean():7.3f} nat/bin (seeds {values.min():.3f} to {values.max():.3f})")
    for place, name in enumerate(("forward", "backward")):
        print(f"direction of weights after {name:9s}", *[f"{r.direction[place]:+.3f}" for r in results])
    if arguments.output:
        save_figure(figure(results), arguments.output / "rezende_reversal.png")


if __name__ == "__main__":
    main()
