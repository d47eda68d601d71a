"""Branches against gain, the n^(-1/2) law with its coefficient, hysteresis under input, and the onset of chaos.

Four panels, in each of which the line is a formula and the points are networks: every branch of f(a) lambda = 1
against the gain, stable or not; the scatter of finite networks' overlaps about the branch against n, with the
coefficient of the closed form for drawn and for whitened vectors; the overlap while an input rises and falls slowly,
with the folds; the speed |dx/dt| of networks with a random part against its strength g, with the predicted onset g_c.

Source: Gatsby 2021, question 2, with errata L3; the last panel after Mastrogiuseppe & Ostojic (2018), Neuron 99.

Run ``python analyses/low_rank_branches.py [--full] [--output FOLDER]``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

import spikelearn as sl
from spikelearn.models.low_rank.array import integrate
from spikelearn.models.low_rank.closure import finite_fixed_point
from spikelearn.plotting import COLOURS, new_figure, save_figure

C = [[0.8, 0.2], [0.0, 0.4]]
BLUE, RED = COLOURS["simulation"], COLOURS["theory"]


def gains() -> tuple[np.ndarray, dict[float, list[tuple[float, bool]]], list[tuple[float, float]]]:
    """Branches (amplitude, stable) for each gain, and the amplitudes at which networks of 4000 units come to rest."""
    grid = np.linspace(0.8, 6.0, 105)
    branches = {}
    for gain in grid:
        points = sl.LowRank(C, "tanh", gain).fixed_points()
        branches[float(gain)] = [(point.amplitude, point.stable) for point in points]
    ends = []
    for gain in (1.0, 1.5, 2.0, 3.0, 4.0, 5.5):
        model = sl.LowRank(C, "tanh", gain)
        vectors = model.sample(4000, 1, whiten=True)
        path = integrate(model, vectors, vectors.state([0.3, 0.2]), 600, 0.1, overlaps_only=True)
        ends.append((gain, float(np.linalg.norm(path.m))))
    return grid, branches, ends


def scatter(sizes: list[int], count: int) -> dict[bool, tuple[list[float], float]]:
    """Root mean square distance of finite networks' fixed points from the branch, and its predicted coefficient."""
    model = sl.LowRank(C, "erf", 3.0)
    m = model.fixed_points()[0].overlaps
    found = {}
    for whiten in (False, True):
        spread = []
        for n in sizes:
            own = [finite_fixed_point(model, model.sample(n, (n, k), whiten=whiten), m) for k in range(count)]
            spread.append(float(np.sqrt((np.linalg.norm(np.array(own) - m, axis=1) ** 2).mean())))
        found[whiten] = (spread, float(np.sqrt(np.trace(model.fluctuations(whiten=whiten)))))
    return found


def hysteresis() -> tuple[Any, np.ndarray, np.ndarray, np.ndarray]:
    """Model, times, input and overlap of a network of 20,000 units under an input that rises and falls slowly."""
    model = sl.LowRank([[0.8]], "erf", 3.0, B=[0.5])
    vectors = model.sample(20_000, 1, whiten=True)
    top = 1.8 * float(model.folds()[-1])
    duration = 400.0
    u = lambda t: [-top * np.cos(2 * np.pi * t / duration)]  # noqa: E731
    start = finite_fixed_point(model, vectors, [-0.6], u(0.0))
    path = integrate(model, vectors, vectors.state(start), 4000, duration / 4000, u=u, overlaps_only=True)
    return model, path.times, np.array([u(t)[0] for t in path.times]), path.overlaps[:, 0]


def chaos(n: int, strengths: np.ndarray) -> tuple[Any, list[float], list[float]]:
    """Model, speed at the end and overlap for each strength of the random part; mean of two networks."""
    base = sl.LowRank([[0.8]], "erf", 3.0)
    critical = base.onset_of_chaos()
    speeds, overlaps = [], []
    for ratio in strengths:
        model = sl.LowRank([[0.8]], "erf", 3.0, g=ratio * critical)
        vectors = model.sample(n, 3, whiten=True)
        path = integrate(model, vectors, vectors.state([0.5]), 400, 0.2)
        after = integrate(model, vectors, path.x, 1, 0.2)
        speeds.append(float(np.sqrt(np.mean((after.x - path.x) ** 2)) / 0.2))
        overlaps.append(float(abs(path.m[0])))
    return base, speeds, overlaps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="400 networks a size, and random parts of 3000 units")
    parser.add_argument("--output", type=Path, help="folder for the figure")
    arguments = parser.parse_args()
    page = new_figure(13, 9)
    axes = page.subplots(2, 2).ravel()

    grid, branches, ends = gains()
    for stable, style in ((True, "--"), (False, ":")):
        rows = [sorted((a for a, good in branches[float(b)] if good is stable), reverse=True) for b in grid]
        for k in range(3):
            line = [row[k] if len(row) > k else np.nan for row in rows]
            axes[0].plot(
                grid, line, style, color=RED, label=f"{'stable' if stable else 'unstable'} branch" if k == 0 else None
            )
    axes[0].plot(*zip(*ends, strict=True), "o", color=BLUE, label="networks of 4000 units")
    axes[0].set(xlabel="gain", ylabel="$|m|$", title="Branches of $f(a)\\lambda = 1$, phi = tanh", ylim=(-0.03, 0.95))
    for value in np.linalg.eigvals(C).real:
        axes[0].axvline(1 / value, color=COLOURS["muted"], lw=0.7, ls=":")
    worst = max(abs(m - max(a for a, good in branches_at(gain) if good)) for gain, m in ends)
    print(f"branches: networks of 4000 units within {worst:.4f} of the stable branch")

    sizes, count = [500, 1000, 2000, 4000, 8000], 400 if arguments.full else 80
    for whiten, (spread, coefficient) in scatter(sizes, count).items():
        kind, colour = ("whitened", COLOURS["potassium"]) if whiten else ("drawn", BLUE)
        slope = np.polyfit(np.log(sizes), np.log(spread), 1)[0]
        error = np.array(spread) / np.sqrt(2 * count)
        axes[1].errorbar(sizes, spread, error, fmt="o", color=colour, label=f"{kind}, {count} networks")
        axes[1].plot(
            sizes, coefficient / np.sqrt(sizes), color=RED, ls="-." if not whiten else "--", label=f"{kind}, formula"
        )
        measured = np.sqrt(np.mean(np.array(spread) ** 2 * sizes))
        print(f"n^(-1/2), {kind}: slope {slope:.3f}, coefficient {measured:.3f}, predicted {coefficient:.3f}")
    axes[1].set(xscale="log", yscale="log", xlabel="n", ylabel="rms distance from the branch", title="Finite networks")
    axes[1].set_xticks(sizes, [f"{n:,}" for n in sizes])
    axes[1].minorticks_off()

    model, _times, u, m = hysteresis()
    fold = float(model.folds()[-1])
    curve = [(size * sign, point.overlaps[0] * sign, point.stable) for size in np.linspace(1e-4, u.max(), 150)
             for sign in (1, -1) for point in model.fixed_points([size])]  # fmt: skip
    for stable, shade in ((True, RED), (False, COLOURS["accent"])):
        chosen = np.array([(x, y) for x, y, good in curve if good is stable])
        axes[2].plot(*chosen.T, ".", ms=2, color=shade, label=f"{'stable' if stable else 'unstable'} fixed points")
    axes[2].plot(u, m, color=BLUE, lw=1, label="network of 20,000 units")
    for sign in (1, -1):
        axes[2].axvline(sign * fold, color=COLOURS["muted"], ls=":", lw=1)
    axes[2].set(xlabel="input u", ylabel="m", title="Hysteresis; dotted: the folds")
    jump = u[1:][(m[:-1] < 0) & (m[1:] >= 0)][0]
    print(f"hysteresis: fold at |u| = {fold:.5f}, the network under a slowly rising input jumps at {jump:.4f}")

    strengths = np.array([0.4, 0.6, 0.8, 0.9, 0.95, 1.05, 1.1, 1.2, 1.4])
    n = 3000 if arguments.full else 1000
    base, speeds, overlaps = chaos(n, strengths)
    critical = base.onset_of_chaos()
    axes[3].semilogy(strengths, np.maximum(speeds, 1e-16), "o-", color=BLUE, label="rms speed at time 80")
    axes[3].axvline(1, color=RED, ls="--", label=f"theory: $g_c$ = {critical:.4f}")
    axes[3].set(xlabel="$g/g_c$", ylabel="$|dx/dt|$", title=f"Onset of chaos, n = {n}")
    other = axes[3].twinx()
    fine = np.linspace(0.3, 1.0, 50)
    expected = [sl.LowRank([[0.8]], "erf", 3.0, g=ratio * critical).fixed_points()[0].amplitude for ratio in fine]
    other.plot(fine, expected, "-.", color=RED, label="|m|, formula")
    other.plot(strengths, overlaps, "s", color=COLOURS["potassium"], ms=4, label="|m|, network")
    other.set(ylabel="$|m|$", ylim=(0, 0.7))
    print(f"chaos: g_c = {critical:.5f}; speed {speeds[2]:.1e} at 0.8 g_c, {speeds[-2]:.1e} at 1.2 g_c")
    handles = [entry for place in (axes[3], other) for entry in place.get_legend_handles_labels()[0]]
    axes[3].legend(handles=handles, frameon=False, fontsize=8, loc="center left")
    for place, corner in zip(axes[:3], ("upper left", "upper right", "lower right"), strict=True):
        place.legend(frameon=False, fontsize=8, loc=corner)
    if arguments.output:
        save_figure(page, arguments.output / "low_rank_branches.png")


def branches_at(gain: float) -> list[tuple[float, bool]]:
    """Amplitudes and stability of all fixed points at one gain."""
    return [(point.amplitude, point.stable) for point in sl.LowRank(C, "tanh", gain).fixed_points()]


if __name__ == "__main__":
    main()
