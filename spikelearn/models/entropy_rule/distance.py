"""The distance between the fields of input and network along the input, and its gradient in the weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats
from spikelearn.models.entropy_rule.activation import get_activation
from spikelearn.models.entropy_rule.fields import target_of
from spikelearn.models.entropy_rule.frames import check_matrix, check_step, read_frames
from spikelearn.models.entropy_rule.minimiser import check_decay

__all__ = ["distance", "gradient", "times"]


def distance(
    W: Any,
    frames: ArrayLike,
    dt: float,
    l: float,
    activation: str = "tanh",
    xi: Any = "frames",
) -> float:
    """Give H = (1/2) integral over a period of |-l u + W S(u) - xi|^2.

    Parameters
    ----------
    W : array_like, shape (n, n), or FactoredWeights
        Weights W[i, j] from j to i.
    frames, dt, l, activation, xi
        As in `minimiser`.

    Returns
    -------
    float

    References
    ----------
    004 Eq. (3), with the sum over frames times dt for the integral.

    Examples
    --------
    >>> distance([[0.0]], [[1.0], [-1.0]], 0.5, 1.0)
    4.5
    """
    error, _ = _misfit(W, frames, dt, l, activation, xi, "entropy_rule.distance")
    return float(0.5 * check_step(dt, "entropy_rule.distance") * np.sum(error**2))


def gradient(
    W: Any,
    frames: ArrayLike,
    dt: float,
    l: float,
    activation: str = "tanh",
    xi: Any = "frames",
) -> Floats:
    """Give the gradient of `distance` in the weights, shape (n, n): W G - B with G = S.S' and B = (xi + l u).S'.

    Parameters
    ----------
    W : array_like, shape (n, n), or FactoredWeights
        Weights W[i, j] from j to i.
    frames, dt, l, activation, xi
        As in `minimiser`.

    Returns
    -------
    ndarray, shape (n, n)

    References
    ----------
    004 Eq. (4).

    Examples
    --------
    >>> import numpy as np
    >>> import spikelearn as sl
    >>> frames = 2 * np.eye(4) - 1
    >>> best = sl.entropy_rule.minimiser(frames, dt=0.1, l=1.0)
    >>> bool(abs(sl.entropy_rule.gradient(best, frames, 0.1, 1.0)).max() < 1e-12)  # zero at the minimum
    True
    """
    error, S = _misfit(W, frames, dt, l, activation, xi, "entropy_rule.gradient")
    return np.asarray(check_step(dt, "entropy_rule.gradient") * (error.T @ S))


def times(W: Any, rows: Floats) -> Floats:
    """Give W s for every row s, with a matrix or with factors."""
    return np.asarray((rows @ W.right.T) @ W.left.T if hasattr(W, "right") else rows @ W.T)


def _misfit(
    W: Any, frames: ArrayLike, dt: float, decay: float, activation: str, xi: Any, where: str
) -> tuple[Floats, Floats]:
    given, step = read_frames(frames, where), check_step(dt, where)
    weights = check_matrix(W, given.shape[1], where)
    S = get_activation(activation).value(given)
    return times(weights, S) - target_of(given, step, check_decay(decay, where), xi, where), S
