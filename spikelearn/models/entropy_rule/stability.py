"""Whether replay returns to the movie or leaves it: the Floquet multipliers of the cycle."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.arrays import Floats
from spikelearn.models.entropy_rule.activation import get_activation
from spikelearn.models.entropy_rule.filters import resample
from spikelearn.models.entropy_rule.frames import check_matrix, check_periodic, check_step, read_frames
from spikelearn.models.entropy_rule.minimiser import check_decay
from spikelearn.parameters.names import unknown_name

__all__ = ["floquet"]


def floquet(
    W: Any,
    frames: ArrayLike,
    dt: float,
    l: float,
    activation: str = "tanh",
    *,
    method: str = "euler",
) -> NDArray[np.complex128]:
    """Give the factors by which small disturbances of replay grow or shrink in one cycle, largest first.

    Replay contracts onto the movie where all are below one in size. A movie that is learned exactly by "euler" has no
    neutral direction; a smooth cycle ("rk4") has one multiplier 1, that of a shift in time.

    Parameters
    ----------
    W : array_like, shape (n, n), or FactoredWeights
        Weights W[i, j] from j to i; factors cost rank^2 n a frame.
    frames : array_like, shape (frames, n)
        The cycle that replay runs along.
    dt, l, activation
        As in `replay`.
    method : {"euler", "rk4"}
        The steps by which replay is made.

    Returns
    -------
    ndarray of complex
        All n multipliers of a dense matrix; with factors the `rank` that differ from (1 - l dt)^T,
        which all others are.

    Examples
    --------
    >>> frames = 2 * np.eye(4) - 1
    >>> from spikelearn.models.entropy_rule import minimiser
    >>> bool(abs(floquet(minimiser(frames, 0.1, 1.0), frames, 0.1, 1.0)[0]) < 1)
    True
    """
    where = "entropy_rule.floquet"
    given, step, decay = read_frames(frames, where), check_step(dt, where), check_decay(l, where)
    weights = check_matrix(W, given.shape[1], where)
    slope = get_activation(activation).slope
    if method == "euler":
        found = _euler(weights, slope(given), step, decay)
    elif method == "rk4":
        check_periodic(given, where)
        dense = weights.dense() if hasattr(weights, "dense") else weights
        found = _rk4(dense, slope(resample(given, 2)), step, decay)
    else:
        raise ValueError(unknown_name(where, "method", str(method), ("euler", "rk4")))
    return np.asarray(found[np.argsort(-np.abs(found))], dtype=np.complex128)


def _euler(weights: Any, slopes: Floats, dt: float, decay: float) -> NDArray[Any]:
    """Multiply the steps' Jacobians a I + dt L R D_k, held as a^k I + L C_k."""
    n = slopes.shape[1]
    left, right = (weights.left, weights.right) if hasattr(weights, "left") else (weights, np.eye(n))
    a, power = 1.0 - decay * dt, 1.0
    C = np.zeros_like(right)
    for d in slopes:
        seen = right * d
        C = a * C + dt * (power * seen + (seen @ left) @ C)
        power *= a
    return np.asarray(power + np.linalg.eigvals(C @ left))


def _rk4(W: Floats, slopes: Floats, dt: float, decay: float) -> NDArray[Any]:
    n = W.shape[0]
    M, eye = np.eye(n), np.eye(n)
    for k in range(0, len(slopes), 2):
        first, middle, last = (W * slopes[(k + j) % len(slopes)] - decay * eye for j in range(3))
        a = first @ M
        b = middle @ (M + 0.5 * dt * a)
        c = middle @ (M + 0.5 * dt * b)
        M = M + dt / 6.0 * (a + 2.0 * b + 2.0 * c + last @ (M + dt * c))
    return np.asarray(np.linalg.eigvals(M))
