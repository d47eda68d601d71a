"""Averages over a standard normal variable by the trapezoid rule, which converges fast for smooth functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from spikelearn.arrays import Floats

__all__ = ["REACH", "gaussian_mean", "windowed_mean"]

REACH = 12.0
"""Where the normal density, 2e-32, is cut off."""

_WINDOW = 25.0
_POINTS = 240
_FIRST, _LAST = 480, 480 * 2**9
_AGREE = 1e-14
_CHUNK = 2_000_000


def windowed_mean(function: Callable[[Floats], Any], sigma: Any, mu: Any, gain: float) -> Floats:
    """Average a function that falls off as exp(-2 gain |x|) over x = mu + sigma z.

    The window |gain x| <= 25 and the step 1/4 in gain x, or 1/10 in z where that is finer, need 241 points at any gain:
    the trapezoid rule errs by about exp(-pi^2/(gain sigma h)) for a function with its poles at i pi/(2 gain).

    Parameters
    ----------
    function : callable
        Takes and gives arrays.
    sigma, mu : array_like
        Standard deviation (0 or more) and mean of x; they broadcast.
    gain : float
        Steepness of the function.

    Returns
    -------
    ndarray
        Of the broadcast shape.
    """
    sd, mean = np.broadcast_arrays(np.asarray(sigma, dtype=np.float64), np.asarray(mu, dtype=np.float64))
    safe = np.maximum(sd, 1e-300)
    with np.errstate(over="ignore"):
        low = np.clip((-_WINDOW / gain - mean) / safe, -REACH, REACH)
        high = np.clip((_WINDOW / gain - mean) / safe, -REACH, REACH)
    z = low[..., None] + (high - low)[..., None] * np.linspace(0.0, 1.0, _POINTS + 1)
    weights = np.exp(-0.5 * z * z) * ((high - low) / (_POINTS * np.sqrt(2 * np.pi)))[..., None]
    return np.asarray((function(mean[..., None] + sd[..., None] * z) * weights).sum(axis=-1))


def gaussian_mean(function: Callable[[Floats], Any], sigma: Any, mu: Any = 0.0, where: str = "phi") -> Floats:
    """Average any smooth function over x = mu + sigma z, halving the step until two values agree to 1e-14.

    Parameters
    ----------
    function : callable
        Takes and gives arrays.
    sigma, mu : array_like
        Standard deviation and mean of x; they broadcast.
    where : str
        What is averaged, for the error.

    Returns
    -------
    ndarray
        Of the broadcast shape.

    Raises
    ------
    ValueError
        The values do not settle: the function has a kink, or grows faster than the normal density falls.

    Examples
    --------
    >>> float(gaussian_mean(np.cos, 1.0).round(14)), round(float(np.exp(-0.5)), 14)
    (0.60653065971263, 0.60653065971263)
    """
    sd, mean = np.broadcast_arrays(np.asarray(sigma, dtype=np.float64), np.asarray(mu, dtype=np.float64))
    shape = sd.shape
    sd, mean = sd.reshape(-1), mean.reshape(-1)
    found = np.empty(sd.size)
    rows = max(1, _CHUNK // _FIRST)
    for start in range(0, sd.size, rows):
        found[start : start + rows] = _settled(function, sd[start : start + rows], mean[start : start + rows], where)
    return found.reshape(shape)


def _settled(function: Callable[[Floats], Any], sd: Floats, mean: Floats, where: str) -> Floats:
    """Trapezoid sums on ever finer grids; a row leaves when it has settled."""
    value, size = _sums(function, sd, mean, _FIRST, shifted=False)
    open_rows = np.arange(sd.size)
    intervals = _FIRST
    while open_rows.size:
        # The points halfway between the old ones complete the grid of half the step.
        between, between_size = _sums(function, sd[open_rows], mean[open_rows], intervals, shifted=True)
        finer, finer_size = (value[open_rows] + between) / 2, (size[open_rows] + between_size) / 2
        change = np.abs(finer - value[open_rows])
        value[open_rows], size[open_rows] = finer, finer_size
        # NaN must stay open, so that it ends in the error.
        open_rows = open_rows[~(change <= _AGREE * (finer_size + 1e-300))]
        intervals *= 2
        if open_rows.size and intervals >= _LAST:
            k = int(open_rows[0])
            raise ValueError(
                f"{where} must be smooth and grow slower than exp(x**2/2) for its Gaussian average, which does not "
                f"settle at standard deviation {sd[k]:g}"
            )
    return value


def _sums(
    function: Callable[[Floats], Any], sd: Floats, mean: Floats, n: int, *, shifted: bool
) -> tuple[Floats, Floats]:
    """Sum over the grid of n intervals, or over the points between, and the same of absolute values."""
    z = -REACH + 2 * REACH / n * (np.arange(n) + (0.5 if shifted else 0.0))
    weights = np.exp(-0.5 * z * z) * (2 * REACH / n / np.sqrt(2 * np.pi))
    total, size = np.empty(sd.size), np.empty(sd.size)
    rows = max(1, _CHUNK // n)
    with np.errstate(over="ignore", invalid="ignore"):
        for k in range(0, sd.size, rows):
            x = mean[k : k + rows, None] + sd[k : k + rows, None] * z
            terms = np.asarray(function(x), dtype=np.float64) * weights
            total[k : k + rows] = terms.sum(axis=-1)
            size[k : k + rows] = np.abs(terms).sum(axis=-1)
    return total, size
