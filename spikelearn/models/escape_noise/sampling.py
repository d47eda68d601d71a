"""Spikes drawn from a network, free or clamped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.models.escape_noise.binning import bin_width, checked_weights
from spikelearn.models.escape_noise.likelihood import constants
from spikelearn.models.escape_noise.links import get_link
from spikelearn.parameters.foreign import unmasked
from spikelearn.parameters.seeds import generator

if TYPE_CHECKING:
    from spikelearn.models.escape_noise.model import EscapeNoise

__all__ = ["sample"]

FREE = -1


def sample(
    cell: EscapeNoise,
    W: ArrayLike,
    n_trials: int,
    n_bins: int,
    dt: Any,
    *,
    clamp: ArrayLike | None = None,
    seed: int | None = None,
) -> NDArray[np.uint8]:
    """Draw spikes bin by bin, each with the probability 1 - exp(-rho dt) given all earlier bins.

    Parameters
    ----------
    cell : EscapeNoise
        The neuron.
    W : array_like, shape (units, units)
        Weights W[i, j] from unit j to unit i.
    n_trials, n_bins : int
        How much to draw; every trial starts at rest.
    dt : float or Quantity
        Bin width, in seconds.
    clamp : array_like, optional
        Shape (trials or 1, bins or fewer, units or fewer): 0 or 1 forces that value, -1 leaves the unit free. Bins and
        units beyond its shape are free, so that visible units, which come first, are clamped by an array of their own
        size.
    seed : int, optional
        Seed of the random numbers.

    Returns
    -------
    ndarray of uint8, shape (trials, bins, units)

    Raises
    ------
    ValueError
        The clamp does not fit or holds something else.

    Examples
    --------
    >>> from spikelearn.models.escape_noise import EscapeNoise, rest_rate, sample
    >>> cell = EscapeNoise(rho_0="20 Hz", eta_0=0.0)
    >>> X = sample(cell, [[0.0]], n_trials=100, n_bins=1000, dt="1 ms", seed=0)
    >>> X.shape, round(float(X.mean()) * 1000, 1), round(rest_rate(cell, "1 ms"), 1)  # Hz, standard error 0.4
    ((100, 1000, 1), 19.4, 19.8)
    """
    from spikelearn.models.escape_noise.kernels import generate, in_chunks

    size = np.asarray(W).shape[0] if np.asarray(W).ndim else 0
    weights, width = checked_weights(W, "sample: W", (size, size)), bin_width(dt)
    if n_trials < 0 or n_bins < 0:
        raise ValueError(f"sample: n_trials and n_bins must not be negative, got {n_trials} and {n_bins}")
    shape = (n_trials, n_bins, size)
    fixed = np.full(shape, FREE, dtype=np.int8)
    if clamp is not None:
        given = np.asarray(unmasked(clamp, "sample: clamp"))
        given = given[None] if given.ndim == 2 else given
        if given.ndim != 3 or given.shape[0] not in (1, n_trials) or any(np.array(given.shape[1:]) > shape[1:]):
            raise ValueError(f"sample: clamp must fit into the shape {shape}, got {np.asarray(clamp).shape}")
        if not np.isin(given, (FREE, 0, 1)).all():
            raise ValueError("sample: clamp must hold 0, 1 or -1 (free)")
        fixed[:, : given.shape[1], : given.shape[2]] = given
    X = np.zeros(shape, dtype=np.uint8)
    threshold = generator(seed).standard_exponential(shape)
    numbers, link = constants(cell, width), get_link(cell.link).code
    WT = np.ascontiguousarray(weights.T)

    def task(start: int, stop: int) -> None:
        generate(X, fixed, WT, threshold, start, stop, numbers, link)

    in_chunks(task, n_trials, None, X.size)
    return X
