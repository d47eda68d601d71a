"""Which covariances Gaussian connectivity vectors can have."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelearn.arrays import Floats

__all__ = ["check_admissible", "matrix", "residual_root"]

_SLACK = 1e-12


def matrix(where: str, given: Any, rows: int | None = None) -> Floats:
    """Read a read-only matrix of finite numbers; a plain number is a 1 x 1 matrix.

    Raises
    ------
    TypeError
        No numbers.
    ValueError
        Not two-dimensional, empty, not finite, or with another number of rows than `rows`; square if that is None.
    """
    try:
        array = np.array(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{where} must be a matrix of numbers, got {given!r}") from error
    if array.ndim == 0:
        array = array.reshape(1, 1)
    if array.ndim != 2 or not array.size or (rows is None and array.shape[0] != array.shape[1]):
        raise ValueError(f"{where} must be a {'square ' if rows is None else ''}matrix, got shape {array.shape}")
    if rows is not None and array.shape[0] != rows:
        raise ValueError(f"{where} must have {rows} rows, one an overlap, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{where} must be finite, got {array.tolist()}")
    array.setflags(write=False)
    return array


def check_admissible(where: str, D: Floats) -> None:
    """Refuse a cross-covariance D of vectors with unit variances that has a singular value above 1.

    The joint covariance [[I, D^T], [D, I]] has the eigenvalues 1 - s and 1 + s for every singular value s of D, so that
    it is one only if no s exceeds 1.

    Raises
    ------
    ValueError
        With the singular value.

    References
    ----------
    Document 002 Q2, Eqs. (3a) to (3c), which leave C free (erratum L2).
    """
    largest = float(np.linalg.norm(D, 2))
    if largest > 1 + _SLACK:
        raise ValueError(
            f"{where} must have singular values of at most 1, because no vectors with unit variances have a larger "
            f"cross-covariance, got {largest:.6g}; put the strength of the connections into gain"
        )


def residual_root(D: Floats) -> Floats:
    """Give the symmetric square root of I - D D^T, the covariance of xi given the other vectors.

    By eigenvectors, so that a singular value of 1, where the covariance is singular, is no obstacle.
    """
    values, vectors = np.linalg.eigh(np.eye(len(D)) - D @ D.T)
    return np.asarray((vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T)
