"""Inputs and targets: checked where they enter."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats
from spikelearn.parameters.foreign import bare

__all__ = ["check_inputs", "check_targets", "nearest_pair", "normalised"]

NORM_RTOL = 1e-9


def check_inputs(x: ArrayLike, n: int, where: str = "x") -> Floats:
    """Read inputs, one row an example, and hold them against |x|^2 = n.

    Parameters
    ----------
    x : array_like, shape (p, n) or (n,)
        Inputs.
    n : int
        Size of the layers and of the input.
    where : str
        The name for error messages.

    Returns
    -------
    ndarray, shape (p, n)

    Raises
    ------
    ValueError
        The shape is wrong, a number is not finite, or a row has another norm; the message says how to normalise it.
    """
    rows = np.atleast_2d(_numbers(x, where))
    if rows.ndim != 2 or rows.shape[1] != n or not len(rows):
        raise ValueError(f"{where} must have the shape (examples, {n}), got {np.shape(x)}")
    square = np.einsum("ij,ij->i", rows, rows) / n
    off = np.abs(square - 1) > NORM_RTOL
    if off.any():
        k = int(np.argmax(off))
        raise ValueError(
            f"{where} must have |x|^2 = n = {n} in every row, got {square[k] * n:.12g} in row {k}; "
            "kernel.normalised(x) scales the rows"
        )
    return rows


def normalised(x: ArrayLike, n: int, where: str = "x") -> Floats:
    """Scale every row to |x|^2 = n.

    Raises
    ------
    ValueError
        A row is zero or not finite, or has another length than n.

    Examples
    --------
    >>> normalised([[3.0, 4.0]], 2).round(3)
    array([[0.849, 1.131]])
    """
    rows = np.atleast_2d(_numbers(x, where))
    if rows.ndim != 2 or rows.shape[1] != n or not len(rows):
        raise ValueError(f"{where} must have the shape (examples, {n}), got {np.shape(x)}")
    length = np.linalg.norm(rows, axis=1)
    if not length.all():
        raise ValueError(f"{where} must have no row of zeros, got one in row {int(np.argmin(length))}")
    return np.asarray(rows * (np.sqrt(n) / length)[:, None])


def check_targets(y: ArrayLike, p: int, where: str = "y") -> Floats:
    """Read targets, one number an example.

    Raises
    ------
    ValueError
        There is not one finite number an example.
    """
    values = _numbers(y, where)
    if values.shape != (p,):
        raise ValueError(f"{where} must have one number an example, shape ({p},), got {values.shape}")
    return values


def nearest_pair(rows: Floats) -> tuple[int, int, float]:
    """Give the two rows that are most alike up to sign, and the cosine between them."""
    cosine = rows @ rows.T / rows.shape[1]
    np.fill_diagonal(cosine, 0.0)
    i, j = np.unravel_index(int(np.argmax(np.abs(cosine))), cosine.shape)
    return int(min(i, j)), int(max(i, j)), float(cosine[i, j])


def _numbers(given: Any, where: str) -> Floats:
    given = bare(given, where)
    try:
        values = np.asarray(given)
        if values.dtype.kind not in "iuf":
            raise TypeError
        # A copy: what is learned from them keeps them.
        values = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where} must be real numbers in rows of equal length, got {type(given).__name__}") from error
    if not np.isfinite(values).all():
        raise ValueError(f"{where} must be finite, got NaN or infinity")
    return values
