"""Hidden units help on the staircase: held-out log-likelihood, learning curves, replay and weights.

Three blocks of ten units fire one after the other (p = 0.7 within the block, 0.001 outside; stays of 30 +- 2 bins of 1
ms). A network of 30 visible and 50 hidden escape-noise units learns them by the variational rule of Rezende & Gerstner
(2014), doi 10.3389/fncom.2014.00038. Held-out log-likelihood a bin is compared, on the same test trials, with the same
network without hidden units, and with independent units of constant rate. With hidden units it is the
importance-sampled bound (20 paths from Q a trial), which lies below the true value on average; for the other two it is
exact.

The link is the sigmoid with a largest intensity of 1300 Hz (p = 0.73 a bin): an exponential link learns too, but its
free-running samples die out or explode. The scale of the source's own runs is not known here and is not claimed.

Run ``python analyses/rezende_staircase.py [--full] [--output FOLDER]``; the default uses two seeds and short learning.
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
from spikelearn.models.escape_noise import fit, staircase, to_spike_trains
from spikelearn.plotting import COLOURS, new_figure, save_figure, typeset

DT = 0.001
N_VISIBLE, N_HIDDEN, N_BINS = 30, 50, 400
CELL = sl.EscapeNoise(tau=10 * ms, tau_adapt=10 * ms, eta_0=0.1, rho_0=1300 * Hz, v=4.0, Delta_u=1.0, link="sigmoid")
CUE = 60


@dataclass(frozen=True)
class Result:
    """One seed: held-out nats a bin of the three models, learning curves, and the trained network."""

    hidden: float
    visible: float
    visible_best: float
    independent: float
    curve_hidden: np.ndarray
    curve_visible: np.ndarray
    network: Any
    cue: np.ndarray


def independent_rates(train: np.ndarray, test: np.ndarray) -> float:
    """Held-out nats a bin of independent units, each with its rate in training (half a spike added)."""
    p = (train.sum(axis=(0, 1)) + 0.5) / (train.shape[0] * train.shape[1] + 1.0)
    return float(np.where(test > 0, np.log(p), np.log1p(-p)).sum() / test[..., 0].size)


def run(seed: int, n_updates: int, *, n_train: int = 40, n_test: int = 20, best: bool = True) -> Result:
    """Learn with and without hidden units from the same trials and measure on others."""
    children = np.random.SeedSequence(seed).spawn(2)
    train, test = (staircase(n, N_BINS, seed=child) for n, child in zip((n_train, n_test), children, strict=True))
    size = n_test * N_BINS
    settings = {"n_updates": n_updates, "batch": 4, "mu_M": 1e-4, "mu_Q": 5e-7, "seed": seed}
    with_hidden = sl.VariationalNetwork.random(CELL, N_VISIBLE, N_HIDDEN, scale=0.05, seed=seed)
    alone = sl.VariationalNetwork(CELL, N_VISIBLE, 0, np.zeros((N_VISIBLE,) * 2), np.zeros((0, N_VISIBLE)))
    learned, plain = with_hidden.learn(train, DT, **settings), alone.learn(train, DT, **settings)
    best_value = np.nan
    if best:
        options = {"fit_adaptation": False, "fit_threshold": False, "fit_self": True, "ridge": 1.0}
        maximum = fit(to_spike_trains(train, DT), CELL, DT, **options)
        best_value = CELL.log_likelihood(test, maximum.W, DT) / size
    return Result(
        float(learned.network.held_out(test, DT, n_samples=20, seed=seed).sum()) / size,
        float(plain.network.held_out(test, DT).sum()) / size,
        best_value,
        independent_rates(train, test),
        learned.history.free_energy.values,
        plain.history.free_energy.values,
        learned.network,
        test[0, :CUE],
    )


def interval(values: np.ndarray) -> tuple[float, float]:
    """Mean and half-width of the 95 % Student interval over seeds."""
    mean = float(np.mean(values))
    half = float(stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return mean, half


def smooth(curve: np.ndarray, width: int) -> np.ndarray:
    """Mean over consecutive stretches of `width` updates."""
    return curve[: len(curve) // width * width].reshape(-1, width).mean(axis=1)


def figure(results: list[Result]) -> Any:
    """Learning curves with bands, held-out log-likelihoods, replay, weights."""
    page = new_figure(12, 7.5)
    grid = page.add_gridspec(2, 3)
    curves, bars, replay = (page.add_subplot(grid[0, k]) for k in range(3))
    width = max(1, len(results[0].curve_hidden) // 60)
    for name, colour, label in (
        ("curve_visible", COLOURS["muted"], "30 visible"),
        ("curve_hidden", COLOURS["simulation"], "30 visible + 50 hidden"),
    ):
        each = np.array([smooth(getattr(result, name), width) for result in results])
        updates = (np.arange(each.shape[1]) + 0.5) * width
        curves.plot(updates, each.mean(axis=0), color=colour, label=label)
        curves.fill_between(updates, each.min(axis=0), each.max(axis=0), color=colour, alpha=0.25, lw=0)
    curves.set(xlabel="update", ylabel="free energy (nat/bin)", title=f"Learning, {len(results)} seeds (band: range)")
    curves.set_ylim(top=float(np.quantile(results[0].curve_visible, 0.99)))
    curves.legend(frameon=False)
    names = ("independent", "visible", "visible_best", "hidden")
    for place, name in enumerate(names):
        values = np.array([getattr(result, name) for result in results])
        mean, half = interval(values)
        bars.errorbar(place, mean, half, fmt="o", color="black", capsize=4)
        bars.plot(np.full(len(values), place + 0.15), values, ".", color=COLOURS["simulation"])
    labels = ["indep.\nrates", "visible\nlearned", "visible\nmaximum", "hidden\n(bound)"]
    bars.set_xticks(range(4), labels, fontsize=8)
    bars.set(ylabel="held-out log-likelihood (nat/bin)", title="Test trials: seeds, mean, 95 % interval")
    bars.set_xlim(-0.5, 3.6)
    best = results[0]
    X = best.network.sample(1, 400, DT, clamp=best.cue, seed=1)[0]
    bins, unit = np.nonzero(X)
    seen = unit < N_VISIBLE
    replay.plot(bins[seen], unit[seen], "|", ms=2, color=COLOURS["simulation"])
    replay.plot(bins[~seen], unit[~seen], "|", ms=2, color=COLOURS["accent"])
    replay.axvline(CUE, color="black", ls=":", lw=1)
    replay.set(xlabel="bin (1 ms)", ylabel="unit (visible below 30)", title="Replay from M: cue ends at the line")
    for place, (name, matrix) in enumerate((("$W^M$", best.network.W_M), ("$W^Q$", best.network.W_Q))):
        axes = page.add_subplot(grid[1, place])
        limit = float(np.quantile(np.abs(matrix), 0.99))
        image = axes.imshow(matrix, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest")
        axes.set(xlabel="from unit", ylabel="to unit" if place == 0 else "to hidden unit", title=name)
        page.colorbar(image, ax=axes, label="weight (potential per trace)")
    blocks = page.add_subplot(grid[1, 2])
    mean = best.network.W_M[:30, :30].reshape(3, 10, 3, 10).mean(axis=(1, 3))
    image = blocks.imshow(mean, cmap="RdBu_r", vmin=-np.abs(mean).max(), vmax=np.abs(mean).max())
    for (i, j), value in np.ndenumerate(mean):
        blocks.text(j, i, typeset(f"{value:.2f}"), ha="center", va="center",
                    color="white" if abs(value) > 0.6 * np.abs(mean).max() else "black")  # fmt: skip
    blocks.set_xticks(range(3), "ABC")
    blocks.set_yticks(range(3), "ABC")
    blocks.set(xlabel="from block", ylabel="to block", title="Mean $W^M$ between blocks")
    page.colorbar(image, ax=blocks, label="weight")
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="five seeds and 3000 updates")
    parser.add_argument("--output", type=Path, help="folder for the figure")
    arguments = parser.parse_args()
    seeds, updates = (5, 3000) if arguments.full else (2, 500)
    results = [run(seed, updates) for seed in range(seeds)]
    for name, label in (
        ("independent", "independent rates (exact)"),
        ("visible", "visible only, same learning (exact)"),
        ("visible_best", "visible only, maximum with ridge 1 (exact)"),
        ("hidden", "with hidden units (importance-sampled bound)"),
    ):
        mean, half = interval(np.array([getattr(result, name) for result in results]))
        print(f"{label:48s} {mean:8.3f} +- {half:.3f} nat/bin")
    for name in ("visible", "visible_best", "independent"):
        gain = np.array([result.hidden - getattr(result, name) for result in results])
        mean, half = interval(gain)
        print(f"gain of hidden units over {name:13s} {mean:6.3f} +- {half:.3f} nat/bin (95 %, {seeds} seeds)")
    if arguments.output:
        save_figure(figure(results), arguments.output / "rezende_staircase.png")


if __name__ == "__main__":
    main()
