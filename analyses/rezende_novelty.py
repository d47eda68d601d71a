"""Novelty on a circular track: two places are exchanged, and the network-wide novelty signal tells where.

Twelve places, each with a random pattern of 8 of 30 sensory units, are visited in order for 200 laps; then the patterns
of two places are exchanged. Twelve further units signal the animal's own motion along the track (one for each place),
which the exchange does not touch. The online rule of Rezende & Gerstner (2014), doi 10.3389/fncom.2014.00038, learns
all the while; its signal fhat - fbar, averaged over a visit, less the mean of the same place over the last 40 laps
before, is the novelty of that visit.

Without the units of own motion the track is nothing but a sequence of patterns. Then the places right AFTER an
exchanged one are novel as well, because the pattern before them is: the study shows this as the control. Because fbar
follows the mean surprise, the novelty of familiar places dips slightly after the exchange.

Run ``python analyses/rezende_novelty.py [--full] [--output FOLDER]``.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from brian2 import Hz, ms
from scipy import stats

import spikelearn as sl
from spikelearn.models.escape_noise import corridor
from spikelearn.models.escape_noise.tasks import corridor_patterns
from spikelearn.plotting import COLOURS, new_figure, save_figure

DT = 0.001
PLACES, STAY, BEFORE, AFTER, EXCHANGED = 12, 20, 200, 100, (3, 8)
FOLLOWING = tuple((place + 1) % PLACES for place in EXCHANGED)
CELL = sl.EscapeNoise(tau=10 * ms, tau_adapt=10 * ms, eta_0=0.1, rho_0=20 * Hz)
EARLY = 5


@dataclass(frozen=True)
class Result:
    """One seed: novelty of every visit in excess of the place's own mean before the exchange, (laps, places)."""

    novelty: np.ndarray
    free_energy: np.ndarray


def auc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Area under the ROC curve: the chance that a positive value exceeds a negative one, ties counted half."""
    difference = positive.ravel()[:, None] - negative.ravel()[None, :]
    return float((difference > 0).mean() + 0.5 * (difference == 0).mean())


def run(seed: int, *, own_motion: bool = True) -> Result:
    """Learn 200 laps, exchange two places, learn 100 more."""
    children = np.random.SeedSequence(seed).spawn(4)
    patterns = corridor_patterns(PLACES, 30, 8, seed=children[0])
    exchanged = patterns.copy()
    exchanged[list(EXCHANGED)] = patterns[list(EXCHANGED[::-1])]
    V = np.concatenate(
        [
            corridor(patterns, BEFORE, stay=STAY, seed=children[1]),
            corridor(exchanged, AFTER, stay=STAY, seed=children[2]),
        ]
    )
    if own_motion:
        motion = corridor(np.eye(PLACES, dtype=bool), BEFORE + AFTER, stay=STAY, p=(0.5, 0.002), seed=children[3])
        V = np.concatenate([V, motion], axis=2)
    network = sl.VariationalNetwork.random(CELL, V.shape[2], 10, scale=0.05, seed=seed)
    learned = network.learn(V, DT, rule="online", mu_M=3e-4, mu_Q=1e-6, carry_over=True, seed=seed)
    visits = learned.history.novelty.values.reshape(-1, PLACES, STAY).mean(axis=2)
    return Result(visits - visits[BEFORE - 40 : BEFORE].mean(axis=0), learned.history.free_energy.values)


def areas(results: list[Result]) -> dict[str, np.ndarray]:
    """ROC areas of each seed, over the first laps after the exchange."""
    others = [place for place in range(PLACES) if place not in EXCHANGED]
    far = [place for place in others if place not in FOLLOWING]
    window, before = slice(BEFORE, BEFORE + EARLY), slice(BEFORE - 40, BEFORE)
    pairs = {
        "exchanged places against all others": lambda n: (n[window][:, EXCHANGED], n[window][:, others]),
        "places after them, against the laps before": lambda n: (n[window][:, FOLLOWING], n[before][:, FOLLOWING]),
        "all other places, against the laps before": lambda n: (n[window][:, far], n[before][:, far]),
        "exchanged places 90 laps later, against before": lambda n: (
            n[BEFORE + 90 :][:, EXCHANGED],
            n[before][:, EXCHANGED],
        ),
    }
    return {name: np.array([auc(*pick(result.novelty)) for result in results]) for name, pick in pairs.items()}


def interval(values: np.ndarray) -> tuple[float, float]:
    """95 % Student interval of the mean area over seeds; a bootstrap over five seeds would cover less than it says.

    What lies outside 0 to 1, where no area can be, is cut off: that costs no coverage.
    """
    half = stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return max(float(values.mean() - half), 0.0), min(float(values.mean() + half), 1.0)


def figure(with_motion: list[Result], without: list[Result]) -> Any:
    """Novelty along the track and its decay over laps."""
    page = new_figure(12, 7)
    grid = page.add_gridspec(2, 2)
    for row, (results, name) in enumerate(((with_motion, "with own motion"), (without, "patterns alone (control)"))):
        novelty = np.array([result.novelty for result in results])
        track, decay = page.add_subplot(grid[row, 0]), page.add_subplot(grid[row, 1])
        first = novelty[:, BEFORE : BEFORE + EARLY].mean(axis=1)
        spread = novelty[:, BEFORE - 40 : BEFORE].std()
        track.axhspan(-2 * spread, 2 * spread, color=COLOURS["muted"], alpha=0.2, lw=0, label="2 sd of visits before")
        for place in EXCHANGED:
            track.axvspan(place - 0.4, place + 0.4, color=COLOURS["accent"], alpha=0.2, lw=0)
        track.plot(np.arange(PLACES), first.T, ".", color=COLOURS["simulation"], alpha=0.4)
        track.plot(np.arange(PLACES), first.mean(axis=0), color=COLOURS["simulation"], label="laps 1 to 5 after, mean")
        track.set(xlabel="place (exchanged: shaded)", ylabel="novelty (nat/bin)", title=f"First laps, {name}")
        track.legend(frameon=False)
        lap = np.arange(BEFORE + AFTER)
        others = [place for place in range(PLACES) if place not in (*EXCHANGED, *FOLLOWING)]
        for places, colour, label in (
            (EXCHANGED, COLOURS["accent"], "exchanged"),
            (FOLLOWING, COLOURS["potassium"], "right after"),
            (others, COLOURS["muted"], "others"),
        ):
            each = novelty[:, :, list(places)].mean(axis=2)
            decay.plot(lap[160:], each.mean(axis=0)[160:], color=colour, label=label)
            decay.fill_between(
                lap[160:], each.min(axis=0)[160:], each.max(axis=0)[160:], color=colour, alpha=0.15, lw=0
            )
        decay.axvline(BEFORE, color="k", lw=0.8)
        decay.set(xlabel="lap", ylabel="novelty (nat/bin)", title=f"Relearning, {name} (band: range of seeds)")
        decay.legend(frameon=False)
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="twenty seeds instead of five")
    parser.add_argument("--output", type=Path, help="folder for the figure")
    arguments = parser.parse_args()
    seeds = 20 if arguments.full else 5
    both = [[run(seed, own_motion=motion) for seed in range(seeds)] for motion in (True, False)]
    for results, name in zip(both, ("with own motion", "patterns alone (control)"), strict=True):
        print(f"{name}, {seeds} seeds, ROC area (95 % Student interval over seeds)")
        for label, values in areas(results).items():
            low, high = interval(values)
            print(f"  {label:48s} {values.mean():.3f} ({low:.3f} to {high:.3f})")
    if arguments.output:
        save_figure(figure(*both), arguments.output / "rezende_novelty.png")


if __name__ == "__main__":
    main()
