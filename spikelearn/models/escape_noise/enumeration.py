"""Exact sums over all hidden spike patterns of tiny networks: the yardstick for every estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.models.escape_noise.binning import bin_width, checked_spikes
from spikelearn.models.escape_noise.likelihood import weighted_gradient
from spikelearn.models.escape_noise.posterior import Path, credit, evaluate_path, path_gradients

if TYPE_CHECKING:
    from spikelearn.models.escape_noise.network import VariationalNetwork

__all__ = ["Moments", "all_patterns", "estimator_moments", "exact_free_energy", "exact_gradients", "log_evidence"]

Bins = NDArray[np.uint8]
Floats = NDArray[np.float64]
_LARGEST = 20


def all_patterns(n_bins: int, n_units: int) -> Bins:
    """List every spike pattern of `n_units` units in `n_bins` bins.

    Returns
    -------
    ndarray of uint8, shape (2**(n_bins * n_units), n_bins, n_units)

    Raises
    ------
    ValueError
        There would be more than 2**20 patterns.

    Examples
    --------
    >>> all_patterns(1, 2)[:, 0].tolist()
    [[0, 0], [1, 0], [0, 1], [1, 1]]
    """
    cells = n_bins * n_units
    if cells > _LARGEST:
        raise ValueError(
            f"enumeration must have bins * units at most {_LARGEST}, got {n_bins} * {n_units} = {cells}; "
            "pass exact=False to sample"
        )
    numbers = np.arange(2**cells, dtype=np.int64)[:, None]
    return ((numbers >> np.arange(cells)) & 1).astype(np.uint8).reshape(-1, n_bins, n_units)


def _joint(network: VariationalNetwork, V: Bins, dt: float) -> Path:
    """Evaluate every hidden pattern beside one trial of visible spikes, shape (bins, visible)."""
    H = all_patterns(V.shape[0], network.n_hidden)
    return evaluate_path(network, np.concatenate([np.broadcast_to(V, (len(H), *V.shape)), H], axis=2), dt)


def exact_free_energy(network: VariationalNetwork, V: Bins, dt: float) -> Floats:
    """Give F = sum_H q(H) [log q(H) - log p(V, H)] of each trial of V (trials, bins, visible)."""
    result = np.empty(len(V))
    for trial, visible in enumerate(V):
        path = _joint(network, visible, dt)
        result[trial] = np.exp(path.log_q.sum(axis=1)) @ path.free_energy.sum(axis=1)
    return result


def log_evidence(network: VariationalNetwork, X_visible: ArrayLike, dt: Any) -> Floats:
    """Give the exact log p(X_V) of each trial under the M-network, which -F bounds from below.

    Parameters
    ----------
    X_visible : array_like, shape (trials, bins, visible) or (bins, visible)
        Spikes of the visible units.
    dt : float or Quantity
        Bin width, in seconds.

    Returns
    -------
    ndarray, shape (trials,)
    """
    V, width = checked_spikes(X_visible, "log_evidence: X_visible", network.n_visible), bin_width(dt)
    return np.array([np.logaddexp.reduce(_joint(network, visible, width).log_p.sum(axis=1)) for visible in V])


def exact_gradients(network: VariationalNetwork, V: Bins, dt: float) -> tuple[Floats, Floats]:
    """Give dF/dW_M and dF/dW_Q summed over the trials of V (trials, bins, visible)."""
    W_M, W_Q = np.zeros((network.n_units,) * 2), np.zeros((network.n_hidden, network.n_units))
    for visible in V:
        path = _joint(network, visible, dt)
        part = path_gradients(
            network, path, dt, credit(path.free_energy, dt, "episode"), np.exp(path.log_q.sum(axis=1))
        )
        W_M += part[0]
        W_Q += part[1]
    return W_M, W_Q


@dataclass(frozen=True, eq=False)
class Moments:
    """Exact mean and variance, over hidden paths drawn from Q, of an estimator of dF/dW_Q.

    Parameters
    ----------
    mean, variance : ndarray, shape (hidden, units)
        Of a single sample.
    """

    mean: Floats
    variance: Floats


def estimator_moments(
    network: VariationalNetwork,
    X_visible: ArrayLike,
    dt: Any,
    *,
    estimator: str = "episode",
    baseline: float | Floats = 0.0,
    tau_G: float = np.inf,
    tau_baseline: float | None = None,
) -> Moments:
    """Give the exact mean and variance of an estimator of dF/dW_Q, weights held fixed, for one trial.

    Parameters
    ----------
    X_visible : array_like, shape (bins, visible)
        Spikes of the visible units.
    dt : float or Quantity
        Bin width, in seconds.
    estimator : {"episode", "causal"}
        Whole-trial free energy, or the free energy of this bin and later ones.
    baseline : float or ndarray, shape (bins,)
        What is subtracted from the credit of each bin; with a running baseline, its value at the start, which is
        subtracted from fhat_k itself.
    tau_G : float
        Time constant of the eligibility trace in seconds; infinite for the unbiased form.
    tau_baseline : float, optional
        Time constant in seconds of the running baseline of the online rule, updated after use in each bin. None:
        constant.

    References
    ----------
    Document 001 gives no rule for Q; the corrected learning scheme follows Rezende & Gerstner (2014).
    """
    V, width = checked_spikes(X_visible, "estimator_moments: X_visible", network.n_visible), bin_width(dt)
    if len(V) != 1:
        raise ValueError(f"estimator_moments: X_visible must be one trial, got {len(V)}")
    path = _joint(network, V[0], width)
    fhat = path.free_energy
    if tau_baseline is not None:
        rate, running = width / tau_baseline, np.full(len(fhat), float(np.asarray(baseline)))
        novelty = np.empty_like(fhat)
        for k in range(fhat.shape[1]):
            novelty[:, k] = fhat[:, k] - running
            running = running + rate * novelty[:, k]
        reward = credit(novelty, width, estimator, tau_G)
    else:
        reward = credit(fhat, width, estimator, tau_G) - baseline
    probability = np.exp(path.log_q.sum(axis=1))
    samples = np.array(
        [
            weighted_gradient(
                network.cell, path.X[n : n + 1], path.score_Q[n : n + 1], reward[n : n + 1], width, threads=1
            )
            for n in range(len(fhat))
        ]
    )
    mean = np.tensordot(probability, samples, axes=1)
    return Moments(mean, np.tensordot(probability, (samples - mean) ** 2, axes=1))
