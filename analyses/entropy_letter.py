"""Figure 3 of Galtier & Wainrib: learning how to write the letter A, with both codings of ink and paper.

The source does not say how ink and paper are coded. With +1 and -1 replay contracts onto the movie: a quarter of the
finished letter, noise added or not, completes it. With 1 and 0 the first cycle is right and the third is lost: the
largest Floquet multiplier of the cycle says so beforehand. Weights go down the gradient towards the minimiser as the
eigenbasis formula says, slowest along the frames that differ least.

Run ``python analyses/entropy_letter.py [--output FOLDER]``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

import spikelearn as sl
from spikelearn.models.entropy_rule.figure import film, matrix
from spikelearn.models.entropy_rule.letter import letter_pixels
from spikelearn.plotting import COLOURS, SERIES, new_figure, save_figure, typeset

er = sl.entropy_rule
DT, L = 0.1, 1.0
NOISE = (0.1, 0.3, 0.5, 1.0)
SEEDS = 20
DESCENT = (1, 30, 1000, 100_000)


def figure(frames: np.ndarray, weights: Any, zero: np.ndarray, zero_weights: Any, noisy: dict) -> Any:
    """Movie and replays, weights during descent, errors of both codings, completion under noise."""
    page = new_figure(12, 13)
    rows = page.subfigures(5, 1, height_ratios=(1, 1, 1, 1.3, 1.5))
    page.suptitle("Movie; replay from the corner; the same movie coded 1 and 0 in its fourth cycle; weights; errors")
    steps = [0, 8, 16, 23, 31, 39]

    def strip(row: int, path: np.ndarray, label: str, offset: int = 0) -> None:
        film(list(rows[row].subplots(1, 6)), path, [offset + step for step in steps], (20, 20), label)

    strip(0, frames, "input")
    primed = er.replay(weights, er.corner_primer(), 200, DT, L)
    strip(1, primed, "from the corner")
    lost = er.replay(zero_weights, zero[0], 170, DT, L)
    strip(2, 2 * lost - 1, "coded 0, 1:", offset=120)
    ink = letter_pixels()
    history = er.descent_formula(frames, DT, L, DESCENT)
    for axes, W, count in zip(rows[3].subplots(1, len(DESCENT)), history, DESCENT, strict=True):
        image = matrix(axes, W[np.ix_(ink, ink)], f"{count} steps down")
        rows[3].colorbar(image, ax=axes)
    errors, noise = rows[4].subplots(1, 2)
    for name, movie, factors, colour in (
        ("+1, -1", frames, weights, "simulation"),
        ("1, 0", zero, zero_weights, "accent"),
    ):
        size = abs(er.floquet(factors, movie, DT, L)[0])
        path = er.replay(factors, movie[0], 130, DT, L)
        apart = np.abs(path - movie[np.arange(131) % 40]).max(axis=1)
        errors.semilogy(
            np.where(apart > 0, apart, np.nan), color=COLOURS[colour], label=typeset(f"{name}: {size:.3g} a cycle")
        )
    errors.set(xlabel="step", ylabel="largest $|v - u|$", title="Replay from the first frame, and its multiplier")
    errors.legend(frameon=False)
    for (level, paths), colour in zip(noisy.items(), SERIES, strict=False):
        noise.semilogy(np.median(paths, axis=0), color=colour, label=f"sd {level:g}")
        noise.fill_between(
            np.arange(paths.shape[1]), paths.min(axis=0), paths.max(axis=0), color=colour, alpha=0.15, lw=0
        )
    noise.axhline(0.01, color=COLOURS["muted"], lw=0.8)
    noise.set(xlabel="step", ylabel="rms to the nearest frame", title=f"From noisy corners ({SEEDS} seeds each)")
    noise.legend(frameon=False)
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, help="folder for the figure")
    arguments = parser.parse_args()
    frames, zero = er.letter_movie(), er.letter_movie("zero_one")
    weights, zero_weights = (er.minimiser(movie, DT, L, factored=True) for movie in (frames, zero))
    print(f"independent frames: {weights.rank} of {weights.n_frames}, in a 400 x 400 matrix of that rank")
    for name, movie, factors in (("+1, -1", frames, weights), ("1, 0", zero, zero_weights)):
        errors = er.cycle_errors(er.replay(factors, movie[0], 120, DT, L), movie)
        size = abs(er.floquet(factors, movie, DT, L)[0])
        shown = ", ".join(f"{e:.1e}" for e in errors)
        print(f"coding {name:6s} multiplier {size:9.4g}; error in cycles 1 to 3: {shown}")
    _, rms = er.nearest_frame(er.replay(weights, er.corner_primer(), 160, DT, L), frames)
    shown = ", ".join(f"{rms[k]:.2g}" for k in (20, 40, 80, 120, 160))
    print(f"from the corner, rms after 20, 40, 80, 120, 160 steps: {shown}")
    noisy = {}
    for level in NOISE:
        paths = [er.replay(weights, er.corner_primer(level, seed), 320, DT, L) for seed in range(SEEDS)]
        noisy[level] = np.array([er.nearest_frame(path, frames)[1] for path in paths])
        done = int((noisy[level][:, -1] < 0.01).sum())
        print(f"noise sd {level:g}: {done} of {SEEDS} on the cycle after eight cycles")
    formula = er.descent_formula(frames, DT, L, (300,))[0]
    steps = er.descend(frames, DT, L, (300,))[0]
    print(f"descent, 300 steps, against the eigenbasis formula: {np.abs(steps - formula).max():.1e}")
    if arguments.output:
        save_figure(figure(frames, weights, zero, zero_weights, noisy), arguments.output / "entropy_letter.png")


if __name__ == "__main__":
    main()
