"""Sampling of hidden spikes from the Q-network, with both networks evaluated along the sampled path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spikelearn.arrays import Bins, Floats
from spikelearn.models.escape_noise.likelihood import constants, evaluate, weighted_gradient
from spikelearn.models.escape_noise.links import get_link

if TYPE_CHECKING:
    from spikelearn.models.escape_noise.network import VariationalNetwork

__all__ = ["Path", "credit", "evaluate_path", "path_gradients", "sample_path"]


@dataclass(frozen=True, eq=False)
class Path:
    """Joint spikes of visible and hidden units, and what both networks say about them.

    Parameters
    ----------
    X : ndarray of uint8, shape (trials, bins, units)
        Visible units first.
    log_q : ndarray, shape (trials, bins)
        Log-probability of the hidden spikes of a bin under Q.
    log_p : ndarray, shape (trials, bins)
        Log-probability of all spikes of a bin under M.
    score_M : ndarray, shape (trials, bins, units)
        Slope of the log-probability under M in each potential.
    score_Q : ndarray, shape (trials, bins, hidden)
        The same under Q.
    """

    X: Bins
    log_q: Floats
    log_p: Floats
    score_M: Floats
    score_Q: Floats

    @property
    def free_energy(self) -> Floats:
        """The sample fhat_k = log q - log p of the free energy of each bin, shape (trials, bins)."""
        return np.asarray(self.log_q - self.log_p)


def sample_path(
    network: VariationalNetwork, V: Bins, dt: float, rng: np.random.Generator, *, threads: int | None = None
) -> Path:
    """Draw hidden spikes from Q for visible spikes V (trials, bins, visible) and evaluate both networks."""
    from spikelearn.models.escape_noise.kernels import in_chunks, posterior

    n_trials, n_bins = V.shape[:2]
    hidden, units = network.n_hidden, network.n_units
    X = np.zeros((n_trials, n_bins, units), dtype=np.uint8)
    X[:, :, : network.n_visible] = V
    threshold = rng.standard_exponential((n_trials, n_bins, hidden))
    logs = np.empty((n_trials, n_bins, 2))
    score_M, score_Q = np.empty((n_trials, n_bins, units)), np.empty((n_trials, n_bins, hidden))
    WMT, WQT = np.ascontiguousarray(network.W_M.T), np.ascontiguousarray(network.W_Q.T)
    numbers, link = constants(network.cell, dt), get_link(network.cell.link).code

    def task(start: int, stop: int) -> None:
        posterior(X, WMT, WQT, threshold, start, stop, numbers, link, logs, score_M, score_Q)

    in_chunks(task, n_trials, threads, X.size)
    return Path(X, logs[:, :, 0], logs[:, :, 1], score_M, score_Q)


def evaluate_path(network: VariationalNetwork, X: Bins, dt: float) -> Path:
    """Evaluate both networks on given joint spikes, shape (trials, bins, units)."""
    under_M = evaluate(network.cell, X, network.W_M, dt, score=True)
    under_Q = evaluate(network.cell, X, network.W_Q, dt, first=network.n_visible, score=True)
    return Path(X, under_Q.log_likelihood, under_M.log_likelihood, under_M.score, under_Q.score)


def credit(fhat: Floats, dt: float, estimator: str, tau_G: float = np.inf) -> Floats:
    """Give the free energy that each bin's hidden spikes answer for, shape (trials, bins).

    With ``"episode"`` it is the whole sum over the trial; with ``"causal"`` the sum over this bin and later ones,
    discounted by exp(-dt/tau_G) a bin. The second is sum_k fhat_k G[k] with the order of the sums exchanged.
    """
    if estimator == "episode":
        return np.repeat(fhat.sum(axis=1, keepdims=True), fhat.shape[1], axis=1)
    if estimator != "causal":
        raise ValueError(f'estimator must be "causal" or "episode", got {estimator!r}')
    if np.isinf(tau_G):
        return np.ascontiguousarray(fhat[:, ::-1].cumsum(axis=1)[:, ::-1])
    keep = float(np.exp(-dt / tau_G))
    result = fhat.copy()
    for k in range(fhat.shape[1] - 2, -1, -1):
        result[:, k] += keep * result[:, k + 1]
    return result


def path_gradients(
    network: VariationalNetwork,
    path: Path,
    dt: float,
    reward: Floats,
    weight: Floats | None = None,
    *,
    threads: int | None = None,
) -> tuple[Floats, Floats]:
    """Estimate dF/dW_M and dF/dW_Q along sampled paths, summed over trials.

    Parameters
    ----------
    reward : ndarray, shape (trials, bins)
        What `credit` gives, less a baseline that does not depend on this sample.
    weight : ndarray, shape (trials,), optional
        Weight of each trial; one unless given. Enumeration passes probabilities.

    Returns
    -------
    dF_dW_M : ndarray, shape (units, units)
    dF_dW_Q : ndarray, shape (hidden, units)
    """
    ones = np.ones(reward.shape) if weight is None else np.repeat(weight[:, None], reward.shape[1], axis=1)
    W_M = -weighted_gradient(network.cell, path.X, path.score_M, ones, dt, threads=threads)
    W_Q = weighted_gradient(network.cell, path.X, path.score_Q, ones * reward, dt, threads=threads)
    if not network.self_connections:
        np.fill_diagonal(W_M, 0.0)
        np.fill_diagonal(W_Q[:, network.n_visible :], 0.0)
    return W_M, W_Q
