"""Exponents from widths: a power law fitted to repeated draws, with a band that states how often it fails."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats

__all__ = ["Slope", "fit_slope"]


@dataclass(frozen=True)
class Slope:
    """A fitted exponent.

    Parameters
    ----------
    value : float
        Slope of the log of the geometric mean over draws against log n.
    sd : float
        Its standard error, from the spread between draws.
    freedom : float
        Degrees of freedom of `sd` (Welch and Satterthwaite).
    half_width : float
        Half of the band: the true exponent lies within ``value +- half_width`` with the level of `fit_slope`.
    """

    value: float
    sd: float
    freedom: float
    half_width: float

    def holds(self, exponent: float, allowance: float = 0.0) -> bool:
        """Say whether an exponent lies in the band, widened by an allowance for small widths."""
        return abs(self.value - exponent) <= self.half_width + allowance


def fit_slope(widths: ArrayLike, values: ArrayLike, level: float = 0.999) -> Slope:
    """Fit a power of n to a positive quantity measured in several draws at each width.

    Parameters
    ----------
    widths : array_like, shape (k,)
        Widths n, at least two.
    values : array_like, shape (k, s)
        The quantity; each of the s >= 2 draws stands for itself, also across widths.
    level : float
        Of the two-sided band. Of m independent true power laws at least one falls outside with the probability
        1 - level^m: 0.9 % for nine at 0.999, but 37 % at 0.95.

    Raises
    ------
    ValueError
        There are too few widths or draws, or a value is not positive.

    Examples
    --------
    >>> slope = fit_slope([10, 100, 1000], [[1.0, 1.1], [0.1, 0.11], [0.01, 0.011]])
    >>> round(slope.value, 6)
    -1.0
    """
    from scipy.stats import t

    n, table = np.asarray(widths, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != len(n) or len(n) < 2 or table.shape[1] < 2:
        raise ValueError(
            f"fit_slope: values must have a row for each of at least two widths and at least two draws, "
            f"got widths {n.shape} and values {table.shape}"
        )
    if not ((table > 0) & np.isfinite(table)).all():
        raise ValueError("fit_slope: values must be positive and finite")
    logs = np.log(table)
    part = _contrast(np.log(n))
    # Each mean has the variance of its own width: narrow networks scatter more than wide ones.
    share = part**2 * logs.var(axis=1, ddof=1) / logs.shape[1]
    variance = float(share.sum())
    freedom = variance**2 / float((share**2).sum() / (logs.shape[1] - 1)) if variance > 0 else np.inf
    sd = float(np.sqrt(variance))
    return Slope(float(part @ logs.mean(axis=1)), sd, freedom, float(t.ppf((1 + level) / 2, freedom)) * sd)


def _contrast(log_n: Floats) -> Floats:
    """Weights of the means in the slope of ordinary least squares."""
    centred = log_n - log_n.mean()
    return np.asarray(centred / (centred @ centred))
