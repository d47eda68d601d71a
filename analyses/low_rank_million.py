"""A million units: the overlaps of a network without any n x n matrix, beside the mean field.

Gatsby 2021, question 2, takes n to infinity; here n = 10^6 at p = 2, so that what is left of the deviation, a few
n^(-1/2) = 0.001, can be seen, together with what a step costs in time and memory.

Run ``python analyses/low_rank_million.py [--n 1000000] [--duration 15] [--output FOLDER]``.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

import spikelearn as sl
from spikelearn.plotting import COLOURS, SERIES, new_figure, save_figure

MODEL = sl.LowRank([[0.7, -0.3], [0.3, 0.7]], "tanh", 3.0)
START, DT = [0.02, 0.0], 0.02


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--duration", type=float, default=15.0, help="in time constants")
    parser.add_argument("--output", type=Path, help="folder for the figure")
    arguments = parser.parse_args()
    n = arguments.n
    began = time.perf_counter()
    vectors = MODEL.sample(n, 1, whiten=True)
    print(f"n = {n}: vectors drawn and whitened in {time.perf_counter() - began:.1f} s, {4 * 8 * n / 1e6:.0f} MB")
    began = time.perf_counter()
    run = sl.simulate(MODEL, arguments.duration, dt=DT, vectors=vectors, initial=sl.Initial(m=START), units=range(5))
    took = time.perf_counter() - began
    t, m = run.traces.time.values, run.traces.m.values
    print(
        f"{len(t)} steps in {took:.1f} s, {took / len(t) * 1e3:.1f} ms a step; J would have {8 * n * n / 1e12:.0f} TB"
    )
    # The mean field by the same rule and step, so that only the size of the network is left.
    field = [np.array(START)]
    for _ in t[1:]:
        field.append(field[-1] + DT * MODEL.flow(field[-1]))
    off = np.linalg.norm(m - np.array(field), axis=1)
    print(f"largest deviation from the mean field {off.max():.5f} = {off.max() * np.sqrt(n):.2f}/sqrt(n)")
    cycle = MODEL.limit_cycle()
    print(f"|m| at the end {np.linalg.norm(m[-1]):.5f}, radius of the cycle {cycle.radius_max:.5f}")
    if arguments.output:
        page = new_figure(11, 6)
        upper, lower = page.subplots(2, 1, sharex=True)
        for k, colour in ((0, COLOURS["simulation"]), (1, COLOURS["potassium"])):
            upper.plot(t, m[:, k], color=colour, label=f"$m_{k + 1}$, network of {n:,} units")
            upper.plot(t, np.array(field)[:, k], "--", color=COLOURS["theory"], lw=1, label="mean field" if k else None)
        upper.axhline(cycle.radius_max, color=COLOURS["theory"], ls="-.", label="theory: radius of the cycle")
        upper.set(ylabel="overlap", ylim=(-0.65, 0.85))
        upper.legend(frameon=False, fontsize=8, loc="upper left", ncols=2)
        for row, colour in zip(run.traces.x.values.T, SERIES, strict=False):
            lower.plot(t, row, lw=0.9, color=colour)
        lower.set(xlabel="time (time constants)", ylabel="$x_i$ of five units")
        save_figure(page, arguments.output / "low_rank_million.png")


if __name__ == "__main__":
    main()
