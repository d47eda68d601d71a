"""Log-likelihood of binned spikes and its gradient in the weights: one pass, many trials at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spikelearn.arrays import Bins, Floats
from spikelearn.models.escape_noise.links import get_link, likelihood_code

if TYPE_CHECKING:
    from spikelearn.models.escape_noise.model import EscapeNoise

__all__ = ["Evaluation", "constants", "evaluate", "traces", "weighted_gradient"]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What one pass over given spikes finds.

    Parameters
    ----------
    log_likelihood : ndarray, shape (trials, bins)
        Log-probability of each bin, summed over the units that were evaluated.
    score : ndarray, shape (trials, bins, posts)
        Slope of the log-probability of each unit's bin in its potential u; empty where it was not asked for.
    """

    log_likelihood: Floats
    score: Floats


def constants(cell: EscapeNoise, dt: float) -> tuple[float, float, float, float, float, float]:
    """Give the numbers that the kernels use: both decays a bin, eta_0, rho_0 dt, v and 1/Delta_u."""
    tau, tau_adapt = float(cell.tau), float(cell.tau_adapt)
    return (
        float(np.exp(-dt / tau)),
        float(np.exp(-dt / tau_adapt)),
        float(cell.eta_0),
        float(cell.rho_0) * dt,
        float(cell.v),
        1.0 / float(cell.Delta_u),
    )


def evaluate(
    cell: EscapeNoise,
    X: Bins,
    W: Floats,
    dt: float,
    *,
    likelihood: str = "bernoulli",
    first: int = 0,
    score: bool = False,
    threads: int | None = None,
) -> Evaluation:
    """Evaluate the units first, first + 1, ... (one for each row of W) on spikes that were checked already.

    Parameters
    ----------
    cell : EscapeNoise
        The neuron.
    X : ndarray of uint8, shape (trials, bins, units)
        Spikes of all units.
    W : ndarray, shape (posts, units)
        Weights to the evaluated units.
    dt : float
        Bin width in seconds.
    likelihood : {"bernoulli", "poisson", "linear"}
        Probability of a bin.
    first : int
        Index of the first evaluated unit within X.
    score : bool
        Whether to keep the scores, an array of the size of X.
    threads : int, optional
        How many threads share the trials; all processors unless given. Results do not depend on it.

    Raises
    ------
    ValueError
        With the linear likelihood, where r = rho dt reaches one.
    """
    from spikelearn.models.escape_noise.kernels import forward, in_chunks

    n_trials, n_bins = X.shape[:2]
    n_posts = W.shape[0]
    kind, link = likelihood_code(likelihood), get_link(cell.link).code
    logs = np.empty((n_trials, n_bins, min(n_posts, 1)))
    scores = np.empty((n_trials, n_bins, n_posts if score else 0))
    largest = np.zeros(n_trials)
    WT, numbers = np.ascontiguousarray(W.T), constants(cell, dt)

    def task(start: int, stop: int) -> None:
        forward(X, WT, start, stop, first, numbers, link, kind, logs, scores, largest)

    in_chunks(task, n_trials, threads, scores.size or X.size)
    if kind == 2 and not (largest < 1.0).all():
        trial = int(np.argmax(~(largest < 1.0)))
        raise ValueError(
            f"EscapeNoise: the linear likelihood must have rho dt below 1 in every bin, got {largest[trial]:.6g} "
            f'in trial {trial}; use a smaller dt or likelihood="bernoulli"'
        )
    return Evaluation(logs.sum(axis=2), scores)


def weighted_gradient(
    cell: EscapeNoise, X: Bins, score: Floats, weight: Floats, dt: float, *, threads: int | None = None
) -> Floats:
    """Sum weight[trial, k] score[trial, k, i] phi[trial, k, j] over trials and bins: shape (posts, units)."""
    from spikelearn.models.escape_noise.kernels import accumulate, in_chunks

    decay = constants(cell, dt)[0]
    transposed = np.zeros((X.shape[2], score.shape[2]))

    def task(start: int, stop: int) -> None:
        accumulate(score, weight, X, decay, start, stop, transposed)

    in_chunks(task, score.shape[2], threads, score.size)
    return np.ascontiguousarray(transposed.T)


def traces(X: Bins, decay: float) -> Floats:
    """Give the traces phi[k] = decay (phi[k-1] + X[k-1]) of every unit, same shape as X."""
    from scipy.signal import lfilter

    # The filter z^-1 decay / (1 - decay z^-1) along the bins is this recursion, started at rest.
    return np.asarray(lfilter([0.0, decay], [1.0, -decay], X.astype(np.float64), axis=1))
