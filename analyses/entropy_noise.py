"""The open question in Galtier & Wainrib's Discussion: what the rule learns from a noisy input.

Of the drift A of du = A u dt + Q^(1/2) dB the rule learns the circulating part alone, W = l + A + Q P^-1 / 2, P being
the covariance: its antisymmetric window takes half of <dx y'> - <x dy'> for <dx y'>, which lacks half of Ito's term. A
window of one side learns all of A. Closed forms, exact at finite rates of network and window, beside averages over
simulated inputs with their sampling errors.

Run ``python analyses/entropy_noise.py [--full] [--output FOLDER]``; the full study has ten times as many inputs.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

import spikelearn as sl
from spikelearn.plotting import COLOURS, SERIES, new_figure, save_figure

er = sl.entropy_rule
A = np.array([[-1.0, -2.0, 0.3], [1.5, -1.2, 0.5], [0.2, -0.7, -0.8]])
ROOT = np.array([[1.0, 0.2, 0.0], [0.0, 0.8, 0.3], [0.1, 0.0, 0.6]])
Q = ROOT @ ROOT.T
GAMMAS = (5.0, 10.0, 20.0)
WINDOWS = {"antisymmetric": "the rule", "one_sided": "one-sided window"}


def figure(found: dict) -> Any:
    """Weights against their closed forms, and bias against the rate of the window."""
    page = new_figure(12, 4.5)
    points, bias = page.subplots(1, 2)
    for k, window in enumerate(WINDOWS):
        estimate, exact = found[window, 10.0]
        points.errorbar(
            exact.ravel(), estimate.weights.ravel(), 4 * estimate.standard_error.ravel(), fmt="os"[k], ms=4,
            color=SERIES[k],
            label=f"{WINDOWS[window]} (bars: 4 standard errors)",
        )  # fmt: skip
    edge = np.array([-2.2, 2.0])
    points.plot(edge, edge, color=COLOURS["muted"], lw=0.8)
    points.set(xlabel="weight, closed form", ylabel="weight, simulated", title=r"$\gamma$ = 10, $l_{net}$ infinite")
    points.legend(frameon=False)
    gammas = np.geomspace(2, 2000, 40)
    limit = er.learned_from_linear(A, Q, 1.0)
    for k, (window, target) in enumerate((("antisymmetric", limit), ("one_sided", A + np.eye(3)))):
        for l_net, line in ((None, "-"), (1e3, "--")):
            settings = {"l_net": l_net, "window": window}
            learned = [er.learned_from_linear(A, Q, 1.0, gamma=g, **settings) for g in gammas]
            label = f"{WINDOWS[window]}, $l_{{net}}$ {'infinite' if l_net is None else f'{l_net:g}'}"
            bias.loglog(gammas, [np.abs(W - target).max() for W in learned], line, color=SERIES[k], label=label)
    bias.set(
        xlabel=r"$\gamma$", ylabel="largest distance", title="From circulation + l (the rule) and A + l (one-sided)"
    )
    bias.legend(frameon=False, fontsize=8)
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="ten times as many inputs")
    parser.add_argument("--output", type=Path, help="folder for the figure")
    arguments = parser.parse_args()
    print("A + l\n", A + np.eye(3))
    print("learned in the limit of fast filters: l + A + Q P^-1/2\n", er.learned_from_linear(A, Q, 1.0).round(4))
    found = {}
    for window, label in WINDOWS.items():
        for gamma in GAMMAS:
            exact = er.learned_from_linear(A, Q, 1.0, gamma=gamma, window=window)
            n_inputs = 10_000 if arguments.full else 1000
            estimate = er.learn_from_noise(
                A, Q, 0.05, 40.0, l=1.0, gamma=gamma, window=window, n_inputs=n_inputs, seed=1
            )
            off = np.abs(estimate.weights - exact)
            z = (off / estimate.standard_error).max()
            found[window, gamma] = estimate, exact
            print(f"{label}, gamma {gamma:g}: off the closed form by {off.max():.4f}, at most {z:.1f} standard errors")
    if arguments.output:
        save_figure(figure(found), arguments.output / "entropy_noise.png")


if __name__ == "__main__":
    main()
