"""Exact sums over all hidden spike patterns of tiny networks: the yardstick for every estimator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Bins, Floats
from spikelearn.models.escape_noise.binning import bin_width, checked_spikes
from spikelearn.models.escape_noise.likelihood import evaluate
from spikelearn.models.escape_noise.posterior import Path, credit, evaluate_path, path_gradients
from spikelearn.models.escape_noise.settings import check_estimator, checked_baseline, time_constant

if TYPE_CHECKING:
    from spikelearn.models.escape_noise.network import VariationalNetwork

__all__ = ["Moments", "all_patterns", "estimator_moments", "exact_free_energy", "exact_gradients", "log_evidence"]

_LARGEST = 20
# Patterns that are evaluated side by side: scores take 8 bytes a pattern, bin and unit.
_AT_ONCE = 4096


def all_patterns(n_bins: int, n_units: int) -> Bins:
    """List every spike pattern of `n_units` units in `n_bins` bins.

    Parameters
    ----------
    n_bins, n_units : int
        2**(n_bins n_units) patterns.

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
    return _patterns(0, 2 ** _cells(n_bins, n_units), n_bins, n_units)


def _cells(n_bins: int, n_units: int) -> int:
    cells = n_bins * n_units
    if cells > _LARGEST:
        raise ValueError(
            f"enumeration must have bins * units at most {_LARGEST}, got {n_bins} * {n_units} = {cells}; "
            "pass exact=False to sample"
        )
    return cells


def _patterns(start: int, stop: int, n_bins: int, n_units: int) -> Bins:
    numbers = np.arange(start, stop, dtype=np.int64)[:, None]
    bits = ((numbers >> np.arange(n_bins * n_units)) & 1).astype(np.uint8)
    # The number of patterns is said, since -1 is undefined for no cells at all, which have one empty pattern.
    return bits.reshape(stop - start, n_bins, n_units)


def _joint_spikes(network: VariationalNetwork, V: Bins) -> Iterator[Bins]:
    """Give every hidden pattern beside one trial of visible spikes, shape (bins, visible), some thousand at a time."""
    n_bins = V.shape[0]
    count = 2 ** _cells(n_bins, network.n_hidden)
    for start in range(0, count, _AT_ONCE):
        H = _patterns(start, min(start + _AT_ONCE, count), n_bins, network.n_hidden)
        yield np.concatenate([np.broadcast_to(V, (len(H), *V.shape)), H], axis=2)


def _likely_paths(network: VariationalNetwork, V: Bins, dt: float) -> Iterator[tuple[Floats, Path]]:
    """Give the probability under Q, and the evaluation by both networks, of every pattern that Q can draw."""
    for X in _joint_spikes(network, V):
        path = evaluate_path(network, X, dt)
        probability = np.exp(path.log_q.sum(axis=1))
        # A pattern of probability zero adds nothing, whatever its free energy: 0 times infinity must not enter.
        seen = probability > 0
        if not seen.all():
            path = Path(X[seen], path.log_q[seen], path.log_p[seen], path.score_M[seen], path.score_Q[seen])
        yield probability[seen], path


def exact_free_energy(network: VariationalNetwork, V: Bins, dt: float) -> Floats:
    """Give F = sum_H q(H) [log q(H) - log p(V, H)] of each trial of V (trials, bins, visible)."""
    result = np.zeros(len(V))
    for trial, visible in enumerate(V):
        for X in _joint_spikes(network, visible):
            log_q = evaluate(network.cell, X, network.W_Q, dt, first=network.n_visible).log_likelihood.sum(axis=1)
            log_p = evaluate(network.cell, X, network.W_M, dt).log_likelihood.sum(axis=1)
            probability = np.exp(log_q)
            seen = probability > 0
            result[trial] += probability[seen] @ (log_q[seen] - log_p[seen])
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

    Examples
    --------
    >>> import numpy as np
    >>> from spikelearn.models.escape_noise import EscapeNoise, VariationalNetwork, log_evidence
    >>> cell = EscapeNoise(rho_0="100 Hz")
    >>> network = VariationalNetwork(cell, 1, 1, np.array([[0.0, 1.0], [1.0, 0.0]]), np.zeros((1, 2)))
    >>> evidence = float(log_evidence(network, [[1], [0], [1]], "1 ms")[0])
    >>> round(evidence, 4), round(-network.free_energy([[1], [0], [1]], "1 ms"), 4)  # the bound lies below
    (-4.5484, -4.8309)
    """
    V, width = checked_spikes(X_visible, "log_evidence: X_visible", network.n_visible), bin_width(dt)
    result = np.full(len(V), -np.inf)
    for trial, visible in enumerate(V):
        for X in _joint_spikes(network, visible):
            log_p = evaluate(network.cell, X, network.W_M, width).log_likelihood.sum(axis=1)
            result[trial] = np.logaddexp(result[trial], np.logaddexp.reduce(log_p))
    return result


def exact_gradients(network: VariationalNetwork, V: Bins, dt: float) -> tuple[Floats, Floats]:
    """Give dF/dW_M and dF/dW_Q summed over the trials of V (trials, bins, visible)."""
    W_M, W_Q = np.zeros((network.n_units,) * 2), np.zeros((network.n_hidden, network.n_units))
    for visible in V:
        for probability, path in _likely_paths(network, visible, dt):
            part = path_gradients(network, path, dt, credit(path.free_energy, dt, "episode"), probability)
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
    tau_G: Any = np.inf,
    tau_baseline: Any = None,
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
    tau_G : float or Quantity
        Time constant of the eligibility trace, in seconds, of the causal form; infinite for the unbiased one.
    tau_baseline : float or Quantity, optional
        Time constant, in seconds, of the running baseline of the online rule, updated after use in each bin; at least
        one bin. None: constant.

    Returns
    -------
    Moments
        Zero for self-weights that the network holds at zero.

    Raises
    ------
    ValueError
        There is more than one trial, or a setting is out of range.

    References
    ----------
    Document 001 gives no rule for Q; the corrected learning scheme follows Rezende & Gerstner (2014).

    Examples
    --------
    >>> import numpy as np
    >>> from spikelearn.models.escape_noise import EscapeNoise, VariationalNetwork, estimator_moments
    >>> network = VariationalNetwork(EscapeNoise(rho_0="100 Hz"), 1, 1, np.zeros((2, 2)), np.zeros((1, 2)))
    >>> found = estimator_moments(network, [[1], [0], [1]], "1 ms")
    >>> exact = network.gradients([[1], [0], [1]], "1 ms")
    >>> np.allclose(found.mean, exact.W_Q)  # unbiased
    True
    """
    V, width = checked_spikes(X_visible, "estimator_moments: X_visible", network.n_visible), bin_width(dt)
    if len(V) != 1:
        raise ValueError(f"estimator_moments: X_visible must be one trial, got {len(V)}")
    time = time_constant(tau_G, "estimator_moments: tau_G")
    check_estimator(estimator, time, "estimator_moments")
    b = checked_baseline(baseline, V.shape[1], "estimator_moments")
    rate = None
    if tau_baseline is not None:
        rate = width / time_constant(tau_baseline, "estimator_moments: tau_baseline", least=width)
        if b.ndim:
            raise ValueError(f"estimator_moments: baseline must be one number where it runs, got shape {b.shape}")
    probabilities, samples = [], []
    for probability, path in _likely_paths(network, V[0], width):
        reward = _reward(path.free_energy, width, estimator, time, b, rate)
        probabilities.append(probability)
        for n in range(len(probability)):
            one = slice(n, n + 1)
            single = Path(path.X[one], path.log_q[one], path.log_p[one], path.score_M[one], path.score_Q[one])
            samples.append(path_gradients(network, single, width, reward[one], threads=1)[1])
    weights, values = np.concatenate(probabilities), np.array(samples)
    mean = np.tensordot(weights, values, axes=1)
    return Moments(
        np.asarray(mean, dtype=np.float64),
        np.asarray(np.tensordot(weights, (values - mean) ** 2, axes=1), dtype=np.float64),
    )


def _reward(fhat: Floats, width: float, estimator: str, tau_G: float, baseline: Floats, rate: float | None) -> Floats:
    """Give the credit of each bin less its baseline, which runs where it has a rate."""
    if rate is None:
        return np.asarray(credit(fhat, width, estimator, tau_G) - baseline)
    running = np.full(len(fhat), float(baseline))
    novelty = np.empty_like(fhat)
    for k in range(fhat.shape[1]):
        novelty[:, k] = fhat[:, k] - running
        running = running + rate * novelty[:, k]
    return credit(novelty, width, estimator, tau_G)
