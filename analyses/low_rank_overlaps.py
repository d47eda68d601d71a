"""The plane of overlaps: fixed points and limit cycles of the mean field, and networks running on top.

Three networks with two overlaps: a symmetric C, whose stable pair lies along its leading eigenvector; a rotation, whose
complex pair gives a circle; and a non-normal C, whose cycle is no circle. Over the flow dm/dt = f(|m|) C m - m run the
overlaps of networks of n units from the same starts, and in the last panel |m| along a turn beside its extremes.

Source: Gatsby 2021, question 2, with errata L4 and L6.

Run ``python analyses/low_rank_overlaps.py [--n 3000] [--output FOLDER]``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

import spikelearn as sl
from spikelearn.models.low_rank.figure import phase_portrait
from spikelearn.plotting import COLOURS, new_figure, save_figure

CASES = {
    "symmetric C: a stable pair": sl.LowRank([[0.7, 0.2], [0.2, 0.5]], "tanh", 3.0),
    "a rotation: the circle f(a) r = 1": sl.LowRank([[0.6, -0.3], [0.3, 0.6]], "tanh", 3.0),
    "non-normal C: no circle": sl.LowRank([[0.6, -0.6], [0.1, 0.6]], "tanh", 3.0),
}
STARTS = ((0.05, 0.1), (-0.3, 0.5), (0.5, -0.45), (-0.05, -0.1))
DURATION, DT = 40.0, 0.02


def trajectories(model: Any, n: int) -> list[np.ndarray]:
    """Overlaps of one network of n units from every start, shape (steps, 2)."""
    vectors = model.sample(n, 4, whiten=True)
    return [
        sl.simulate(
            model, DURATION, dt=DT, vectors=vectors, initial=sl.Initial(m=start), record="m", engine="closure"
        ).traces.m.values
        for start in STARTS
    ]


def deviation(model: Any, path: np.ndarray) -> float:
    """Distance of the second half of a path from the attractor of the mean field, root mean square."""
    late = path[len(path) // 2 :]
    cycle = model.limit_cycle()
    top = model.fixed_points()[0].overlaps
    target = np.array([top, -top]) if cycle is None else cycle.overlaps
    return float(np.sqrt((np.linalg.norm(late[:, None] - target[None], axis=-1).min(axis=1) ** 2).mean()))


def figure(runs: dict[str, list[np.ndarray]]) -> Any:
    """Three planes and the radius along the cycles."""
    page = new_figure(13, 9)
    axes = page.subplots(2, 2).ravel()
    for place, (name, model) in zip(axes, CASES.items(), strict=False):
        phase_portrait(place, model, reach=0.7)
        for k, path in enumerate(runs[name]):
            place.plot(*path.T, color=COLOURS["simulation"], lw=1, label="network" if k == 0 else None)
            place.plot(*path[0], "s", color=COLOURS["simulation"], ms=4)
        place.set_title(name, fontsize=10)
        place.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    last = axes[3]
    t = DT * np.arange(len(runs[next(iter(CASES))][0]))
    for name, colour in zip(list(CASES)[1:], (COLOURS["potassium"], COLOURS["simulation"]), strict=True):
        cycle = CASES[name].limit_cycle()
        last.plot(t, np.linalg.norm(runs[name][0], axis=1), color=colour, label=name.split(":")[0])
        for radius in (cycle.radius_min, cycle.radius_max):
            last.axhline(radius, color=COLOURS["theory"], ls="--", lw=0.8)
    last.plot([], [], "--", color=COLOURS["theory"], lw=0.8, label="theory: extremes on the cycle")
    last.set(xlabel="time (time constants)", ylabel="$|m|$", title="Radius along the way")
    last.legend(frameon=False, fontsize=8)
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=3000, help="units of the networks")
    parser.add_argument("--output", type=Path, help="folder for the figure")
    arguments = parser.parse_args()
    runs = {name: trajectories(model, arguments.n) for name, model in CASES.items()}
    for name, model in CASES.items():
        print(f"{name}: {model.verdict()}")
        cycle = model.limit_cycle()
        if cycle is not None:
            print(
                f"  radius {cycle.radius_min:.6f} to {cycle.radius_max:.6f}, "
                f"exponents {cycle.exponents.round(6).tolist()}"
            )
        off = np.mean([deviation(model, path) for path in runs[name]])
        print(f"  networks of n = {arguments.n}: {off:.4f} from it, {off * np.sqrt(arguments.n):.2f}/sqrt(n)")
    if arguments.output:
        save_figure(figure(runs), arguments.output / "low_rank_overlaps.png")


if __name__ == "__main__":
    main()
