"""Figure 5 of Galtier & Wainrib: a two-dimensional input learned by a network of many neurons, one a box of its plane.

Two neurons cannot span the input; a grid of N x N can, once every one of the 50 steps has its own box (N = 44). The
error is not monotone in N, and its sum needs 1/(n_eff T). With boxes coded 1 and 0, as the source's weights suggest,
the first cycle is right to rounding and any push grows a million-fold in the next; coded +1 and -1 replay contracts.
Neurons inhibit themselves only where l is below 1/dt.

Run ``python analyses/entropy_grid.py [--output FOLDER]``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

import spikelearn as sl
from spikelearn.models.entropy_rule.figure import matrix
from spikelearn.models.entropy_rule.grid import GridMovie, trajectory
from spikelearn.plotting import COLOURS, SERIES, new_figure, save_figure, typeset

er = sl.entropy_rule
T = 50
DT = 2 * np.pi / T
SIDES = tuple(range(4, 62, 2))
CODINGS = {"plus_minus": "+1, -1", "zero_one": "1, 0"}


def error_of(movie: GridMovie, l: float, cycles: int = 1) -> float:
    """Mean deviation in the last of some cycles of replay."""
    weights = movie.learn(DT, l)
    path = er.replay(weights, movie.frames[0], cycles * T, DT, l)
    return er.mean_deviation(path[(cycles - 1) * T :], movie.frames)


def in_order(movie: GridMovie, W: np.ndarray) -> np.ndarray:
    """Weights of active neurons in the order in which the input visits them."""
    place = np.searchsorted(movie.active, movie.boxes)
    _, first = np.unique(place, return_index=True)
    order = np.argsort(first)
    return W[np.ix_(order, order)]


def figure(errors: dict, counts: list[int]) -> Any:
    """5a input, two neurons and the grid; 5b boxes and errors; 5c weights."""
    page = new_figure(13, 10)
    grid = page.add_gridspec(3, 4)
    fine = 2 * np.pi * np.arange(400) / 400
    points = trajectory(fine)
    two = er.minimiser(points, fine[1], 1.0, xi="spectral")
    alone = er.replay(two, points[0], 1200, fine[1], 1.0, method="rk4")
    movie = er.grid_movie(58)
    path = er.replay(movie.learn(DT, 10.0), movie.frames[0], 3 * T, DT, 10.0)
    for row, (title, t, seen) in enumerate(
        (
            ("Input", fine[1] * np.arange(1201), points[np.arange(1201) % 400]),
            ("Two neurons", fine[1] * np.arange(1201), alone),
            ("3364 neurons, l = 10", DT * np.arange(3 * T + 1), movie.decode(path)),
        )
    ):
        axes = page.add_subplot(grid[row, :2])
        for k, colour in enumerate(SERIES[:2]):
            axes.plot(t, seen[:, k], color=colour, label="xy"[k])
        axes.set(title=title, xlabel="time" if row == 2 else "", ylabel="place")
    page.axes[0].legend(frameon=False)
    boxes = page.add_subplot(grid[0, 2])
    coarse = er.grid_movie(20)
    y, x = np.divmod(coarse.active, 20)
    boxes.plot((points[:, 0] + 3) * 19 / 6, (points[:, 1] + 2) * 19 / 3.125, color=COLOURS["simulation"])
    boxes.plot(x, y, "s", ms=6, mfc="none", color=COLOURS["accent"])
    boxes.set(title="Active boxes, N = 20", xlabel="x box", ylabel="y box")
    accuracy = page.add_subplot(grid[0, 3])
    for (name, label), colour in zip(CODINGS.items(), (SERIES[0], *SERIES[2:]), strict=False):
        accuracy.semilogy(SIDES, np.maximum(errors[name], 1e-17), ".-", color=colour, label=typeset(f"error, {label}"))
    accuracy.set(title="d(u, v), first cycle, l = 0.1", xlabel="N")
    accuracy.legend(frameon=False, fontsize=7, loc="lower left")
    other = accuracy.twinx()
    other.plot(SIDES, counts, color=COLOURS["potassium"])
    other.set_ylabel("$n_{eff}$", color=COLOURS["potassium"])
    for place, (N, l) in enumerate(((10, 0.1), (58, 0.1), (58, 10.0))):
        movie = er.grid_movie(N, coding="zero_one")
        axes = page.add_subplot(grid[1 + place // 2, 2 + place % 2])
        W = in_order(movie, movie.learn(DT, l).dense())
        page.colorbar(matrix(axes, W, f"n = {N * N}, l = {l:g}: {len(W)} active"), ax=axes)
    push = page.add_subplot(grid[2, 3])
    for (name, label), colour in zip(CODINGS.items(), (SERIES[0], *SERIES[2:]), strict=False):
        movie = er.grid_movie(58, coding=name)
        weights = movie.learn(DT, 10.0)
        start = movie.frames[0] + 1e-6 * np.random.default_rng(0).normal(size=movie.frames.shape[1])
        apart = np.abs(er.replay(weights, start, 3 * T, DT, 10.0) - movie.frames[np.arange(3 * T + 1) % T]).max(axis=1)
        size = abs(er.floquet(weights, movie.frames, DT, 10.0)[0])
        push.semilogy(apart, color=colour, label=typeset(f"{label}: multiplier {size:.2g}"))
    push.set(title="A push of 1e-6, l = 10", xlabel="step", ylabel="largest $|v - u|$")
    push.legend(frameon=False, fontsize=7)
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, help="folder for the figure")
    arguments = parser.parse_args()
    counts = [len(er.grid_movie(N).active) for N in SIDES]
    errors = {name: np.array([error_of(er.grid_movie(N, coding=name), 0.1) for N in SIDES]) for name in CODINGS}
    print("N      n_eff  error (+1, -1)  error (1, 0), first cycle, l = 0.1")
    for N, n_eff, a, b in zip(SIDES, counts, errors["plus_minus"], errors["zero_one"], strict=True):
        if N % 8 == 2 or N in (42, 44):
            print(f"{N:<6d} {n_eff:<6d} {a:<15.2g} {b:.2g}")
    first = min(N for N in range(40, 60) if len(er.grid_movie(N).active) == T)
    rises = int((np.diff(errors["plus_minus"][:20]) > 0).sum())
    print(f"every step has its own box from N = {first} on; rises of the error with N: {rises}")
    for name, label in CODINGS.items():
        movie = er.grid_movie(58, coding=name)
        weights = movie.learn(DT, 10.0)
        size = abs(er.floquet(weights, movie.frames, DT, 10.0)[0])
        print(f"n = 3364, l = 10, coding {label}: error {error_of(movie, 10.0):.1e}, largest multiplier {size:.3g}")
    for l in (0.1, 10.0):
        W = er.grid_movie(58, coding="zero_one").learn(DT, l).dense()
        print(f"self-weight at l = {l:g}: {W[0, 0]:.4f}; (l - 1/dt)/tanh(1) = {(l - 1 / DT) / np.tanh(1):.4f}")
    if arguments.output:
        save_figure(figure(errors, counts), arguments.output / "entropy_grid.png")


if __name__ == "__main__":
    main()
