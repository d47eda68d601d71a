"""The weights at which the relative entropy is least, from one singular value decomposition of the frames."""

from __future__ import annotations

import warnings
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats
from spikelearn.models.entropy_rule.activation import get_activation
from spikelearn.models.entropy_rule.factored import FactoredWeights
from spikelearn.models.entropy_rule.fields import target_of
from spikelearn.models.entropy_rule.frames import check_step, conflicts, read_frames
from spikelearn.parameters.fields import check_range

__all__ = ["RANK_CUT", "check_decay", "least_squares", "minimiser"]

# Singular values of S(u) below this part of the largest are taken for rounding.
RANK_CUT = 1e-10


@overload
def minimiser(
    frames: ArrayLike, dt: float, l: float, activation: str = ..., xi: Any = ..., *, factored: Literal[True]
) -> FactoredWeights: ...
@overload
def minimiser(
    frames: ArrayLike, dt: float, l: float, activation: str = ..., xi: Any = ..., factored: Literal[False] = ...
) -> Floats: ...
@overload
def minimiser(
    frames: ArrayLike, dt: float, l: float, activation: str, xi: Any, factored: Literal[True]
) -> FactoredWeights: ...
def minimiser(
    frames: ArrayLike,
    dt: float,
    l: float,
    activation: str = "tanh",
    xi: Any = "frames",
    factored: bool = False,
) -> Floats | FactoredWeights:
    """Find the weights whose network moves as the input does, at every frame of it, in the least-squares sense.

    Among all minimisers that of least norm is given: what frames never show, no weight is spent on. With S the frames
    as other neurons see them (frames x neurons) and Y = xi + l u, W' = S^+ Y, from the singular values of S itself; no
    matrix of neurons x neurons is ever inverted.

    Parameters
    ----------
    frames : array_like, shape (frames, neurons)
        One period of the input; the last frame is followed by the first.
    dt : float
        Time from frame to frame, in the model's unit of time.
    l : float
        Decay constant of the network.
    activation : str
        "tanh", "linear", or a formula in x.
    xi : {"frames", "spectral"} or array_like
        The input's velocity, as in `input_velocity`.
    factored : bool
        Whether to give factors (n x r)(r x n) instead of the matrix.

    Returns
    -------
    ndarray, shape (neurons, neurons), or FactoredWeights
        W[i, j] from neuron j to neuron i.

    Warns
    -----
    UserWarning
        Frames are not independent of each other, with their number; equal frames are followed by different ones, with
        the first such pair and what remains there.

    Raises
    ------
    ValueError
        A shape or a value that does not fit; a frame that is zero to all neurons, from which no weights can lead on.

    References
    ----------
    004 (Galtier & Wainrib), W* below Eq. (4). The print inverts S.S', which is singular whenever there are fewer frames
    than neurons (erratum G1); its pseudo-inverse with a default cut is wrong there, too.

    Examples
    --------
    A pulse runs round four neurons; Euler's replay follows it exactly:

    >>> import spikelearn as sl
    >>> frames = 2 * np.eye(4) - 1
    >>> W = minimiser(frames, dt=0.1, l=1.0)
    >>> sl.EntropyRule(l=1.0).replay(W, frames[0], 4, dt=0.1).round(6)[1:3]
    array([[-1.,  1., -1., -1.],
           [-1., -1.,  1., -1.]])
    """
    where = "entropy_rule.minimiser"
    given, step, decay = read_frames(frames, where), check_step(dt, where), check_decay(l, where)
    S = get_activation(activation).value(given)
    zero = np.flatnonzero(~S.any(axis=1))
    if len(zero):
        raise ValueError(
            f"{where}: frames must not be zero to every neuron, frame {zero[0]} is: no weights lead on from it"
        )
    target = target_of(given, step, decay, xi, where)
    found = least_squares(S, target)
    _say(found, where)
    return found if factored else found.dense()


def least_squares(S: Floats, target: Floats) -> FactoredWeights:
    """Solve W S_k = target_k over all frames k with the W of least norm, in factors.

    Parameters
    ----------
    S, target : ndarray, shape (frames, neurons)
    """
    if S.shape[0] < S.shape[1]:
        # Of few long rows, first an orthonormal basis, then the decomposition of a small square.
        basis, small = np.linalg.qr(S.T)
        U, s, V = np.linalg.svd(small.T)
        rank = int(np.count_nonzero(s > RANK_CUT * s[0])) if s[0] > 0.0 else 0
        right = V[:rank] @ basis.T
    else:
        U, s, V = np.linalg.svd(S, full_matrices=False)
        rank = int(np.count_nonzero(s > RANK_CUT * s[0])) if s[0] > 0.0 else 0
        right = np.ascontiguousarray(V[:rank])
    # W S' = target' U U': what lies outside the span of the frames' coordinates is lost.
    seen = U[:, :rank].T @ target
    left = (seen / s[:rank, None]).T
    residual = np.linalg.norm(U[:, :rank] @ seen - target, axis=1)
    return FactoredWeights(left, right, len(S), s, residual, tuple(conflicts(S, target)))


def check_decay(l: Any, where: str) -> float:
    """Read a decay constant: a finite number that is not negative."""
    try:
        value = float(l)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{where}: l must be a number, got {l!r}") from error
    check_range(value, {"positive": False, "nonnegative": True, "infinite": False}, f"{where}: l", l)
    return value


def _say(found: FactoredWeights, where: str) -> None:
    """Warn of what a movie cannot be learned for; a long time series of few neurons is no such case."""
    if found.conflicts:
        first, second = found.conflicts[0]
        left = max(found.residual[first], found.residual[second])
        others = f" and {len(found.conflicts) - 1} more such pairs" if len(found.conflicts) > 1 else ""
        warnings.warn(
            f"{where}: frames {first} and {second} are equal but must be followed differently{others}; least squares "
            f"leaves a residual of {left:.3g} there",
            UserWarning,
            stacklevel=3,
        )
    elif found.rank < found.n_frames <= np.count_nonzero(found.right.any(axis=0)):
        warnings.warn(
            f"{where}: only {found.rank} of {found.n_frames} frames are independent; the largest residual is "
            f"{found.residual.max():.3g}",
            UserWarning,
            stacklevel=3,
        )
