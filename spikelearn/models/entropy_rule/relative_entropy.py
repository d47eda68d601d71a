"""Noisy inputs: the density of a path under one drift against another, and its mean, the relative entropy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats
from spikelearn.models.entropy_rule.frames import check_step
from spikelearn.models.entropy_rule.stochastic import stationary_covariance

__all__ = ["log_density", "relative_entropy"]

_Drift = ArrayLike | Callable[[Floats], Floats]


def log_density(paths: ArrayLike, dt: float, drift: _Drift, other: _Drift, Q: ArrayLike) -> Floats:
    """Give ln dQ/dP of every path, P the law of dx = f dt + Q^(1/2) dB and Q that with another drift g.

    The integral of (g - f)' Q^-1 dx - (1/2) (g' Q^-1 g - f' Q^-1 f) dt, in Ito's sense: of paths that are stepped by
    Euler and Maruyama the exact ratio of their densities.

    Parameters
    ----------
    paths : array_like, shape (..., n_times, n)
        States of one path or several, `dt` apart.
    dt : float
        Step.
    drift, other : array_like, shape (n, n), or callable
        f and g: a matrix A for the drift A x, or a function from states (..., n) to velocities of that shape.
    Q : array_like, shape (n, n)
        Diffusion, the same for both: paths of different diffusions have no density.

    Returns
    -------
    ndarray, shape (...,)

    Raises
    ------
    ValueError
        Shapes that do not fit, paths of one state, or a Q without an inverse.

    References
    ----------
    004 Eqs. (7)-(11); Girsanov (1960), Theory of Probability and its Applications 5, 285-301.

    Examples
    --------
    A path that rises as g = 1 says, without noise, is likelier under g than under f = 0, by T/2:

    >>> log_density([[0.0], [0.5], [1.0]], 0.5, np.zeros_like, np.ones_like, [[1.0]])
    array(0.5)
    """
    where = "log_density"
    step, precision = check_step(dt, where), _precision(Q, where)
    states, n = np.asarray(paths, dtype=np.float64), len(precision)
    if states.ndim < 2 or states.shape[-1] != n or states.shape[-2] < 2:
        raise ValueError(f"{where}: paths must have the shape (..., n_times >= 2, {n}), got {states.shape}")
    before = states[..., :-1, :]
    f, g = (_velocity(name, one, before) for name, one in (("drift", drift), ("other", other)))
    surprise = np.diff(states, axis=-2) - 0.5 * (f + g) * step
    return np.asarray(np.einsum("...ti,ij,...tj->...", g - f, precision, surprise))


def relative_entropy(drift: ArrayLike, other: ArrayLike, Q: ArrayLike) -> float:
    """Give E[ln dQ/dP] under Q a unit of time, of two linear diffusions at rest: dx = B x dt + Q^(1/2) dB against A x.

    This is (1/2) E[|Q^(-1/2) (B - A) x|^2] with x at rest under B: never negative, zero for equal drifts alone, and
    another number with the two exchanged.

    Parameters
    ----------
    drift, other : array_like, shape (n, n)
        A of P and B of Q; B with eigenvalues left of zero.
    Q : array_like, shape (n, n)
        Diffusion of both.

    Returns
    -------
    float
        Relative entropy of the paths a unit of time.

    Raises
    ------
    ValueError
        As `stationary_covariance` for B and Q, an A of another shape, or a Q without an inverse.

    References
    ----------
    004 Eqs. (12) and (13); (12) has the ratio upside down (erratum G6).

    Examples
    --------
    >>> relative_entropy([[-1.0]], [[-3.0]], [[1.0]]), relative_entropy([[-3.0]], [[-1.0]], [[1.0]])
    (0.3333333333333333, 1.0)
    """
    where = "relative_entropy"
    at_rest, precision = stationary_covariance(other, Q), _precision(Q, where)
    A, B = np.asarray(drift, dtype=np.float64), np.asarray(other, dtype=np.float64)
    if A.shape != B.shape:
        raise ValueError(f"{where}: drift must have the shape {B.shape}, got {A.shape}")
    return float(0.5 * np.trace((B - A).T @ precision @ (B - A) @ at_rest))


def _precision(Q: ArrayLike, where: str) -> Floats:
    diffusion = np.asarray(Q, dtype=np.float64)
    if diffusion.ndim != 2 or diffusion.shape[0] != diffusion.shape[1]:
        raise ValueError(f"{where}: Q must be a square matrix, got the shape {diffusion.shape}")
    values = np.linalg.eigvalsh(diffusion)
    if not np.allclose(diffusion, diffusion.T, rtol=1e-12, atol=0.0) or values[0] <= 1e-12 * values[-1]:
        raise ValueError(f"{where}: Q must be a covariance with an inverse, got the eigenvalues {values}")
    return np.asarray(np.linalg.inv(diffusion))


def _velocity(name: str, drift: _Drift, states: Floats) -> Floats:
    if callable(drift):
        found = np.asarray(drift(states), dtype=np.float64)
        if found.shape != states.shape:
            raise ValueError(f"log_density: {name} must give the shape of its states {states.shape}, got {found.shape}")
        return found
    matrix, n = np.asarray(drift, dtype=np.float64), states.shape[-1]
    if matrix.shape != (n, n):
        raise ValueError(f"log_density: {name} must be callable or have the shape ({n}, {n}), got {matrix.shape}")
    return np.asarray(states @ matrix.T)
