"""From binned counts to the matrices of a JPSTH: plain arrays and matrix products."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spikelearn.analyses.jpsth_dataset import JointMoments
from spikelearn.arrays import Floats
from spikelearn.parameters.names import unknown_name

__all__ = ["NORMALIZATIONS", "PREDICTORS", "UnitCounts", "as_factors", "check_choice", "joint_moments"]

Array = NDArray[np.floating]

PREDICTORS = ("psth", "shift", "shuffle")
NORMALIZATIONS = ("population", "sample")

_EXACT_IN_SINGLE = 2**24


def check_choice(kind: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse an unknown predictor or normalization, naming the nearest.

    Raises
    ------
    ValueError
        The choice is unknown.
    """
    if value not in choices:
        raise ValueError(unknown_name("jpsth", kind, str(value), choices))


class UnitCounts(NamedTuple):
    """The counts of one unit as a factor of matrix products, with the moments that every pair of it needs."""

    counts: Array  # (n_trials, n_bins), zero where not observed
    psth: Floats  # (n_bins,), mean count
    variance: Floats  # (n_bins,), over n_trials; exactly zero where the count never varies


def as_factors(counts: NDArray[np.integer]) -> list[UnitCounts]:
    """Turn counts into floats for matrix products: single precision where all sums of products stay exact in it.

    Whole numbers below 2^24 are exact in single precision, so that the faster product loses nothing.

    Parameters
    ----------
    counts : ndarray of int, shape (n_trials, n_units, n_bins)
        Zero where not observed.
    """
    n_trials, largest = len(counts), int(counts.max(initial=0))
    single = n_trials * largest**2 < _EXACT_IN_SINGLE
    result = []
    for unit in range(counts.shape[1]):
        plain: Array = counts[:, unit].astype(np.float32 if single else np.float64, order="C")
        total = plain.sum(axis=0, dtype=np.float64)
        squares = (plain * plain).sum(axis=0, dtype=np.float64)
        result.append(UnitCounts(plain, total / n_trials, (n_trials * squares - total**2) / n_trials**2))
    return result


def joint_moments(
    first: UnitCounts,
    second: UnitCounts,
    *,
    observed: NDArray[np.bool_] | None = None,
    predictor: str = "psth",
    normalization: str = "population",
    unbiased: bool = False,
) -> JointMoments:
    """Compute the matrices of a JPSTH from counts.

    Parameters
    ----------
    first, second : UnitCounts
        The two units, both made by one call of `as_factors`.
    observed : ndarray of bool, shape (n_trials, n_bins), optional
        Bins that each trial observed; None where all are. Every pair of bins then uses the trials that observed both.
    predictor, normalization, unbiased
        As in `spikelearn.analyses.jpsth`.

    Returns
    -------
    JointMoments
        Every predictor uses the trials that observed both bins, and no others; "shift" pairs consecutive ones among
        those. NaN where fewer than two trials observed both bins, and in ``normalized`` where a count never varies.
    """
    a, b = first.counts, second.counts
    if observed is not None and not observed.all():
        return _with_gaps(a, b, observed.astype(a.dtype), predictor, normalization, unbiased)
    n_trials = len(a)
    raw = np.divide(a.T @ b, n_trials, dtype=np.float64)
    if predictor == "shift":
        expected = _consecutive(a, b) / (2 * (n_trials - 1))
        corrected = raw - expected
    else:
        expected = np.multiply.outer(first.psth, second.psth)
        corrected = raw - expected
        if predictor == "shuffle":
            # Over all ordered pairs of different trials: (K^2 P1 P2 - K raw)/(K (K - 1)).
            expected -= corrected / (n_trials - 1)
        if predictor == "shuffle" or unbiased:
            corrected *= n_trials / (n_trials - 1)
    degrees = 1.0 if normalization == "population" else n_trials / (n_trials - 1)
    scale_1, scale_2 = (_over(np.sqrt(unit.variance * degrees)) for unit in (first, second))
    normalized = corrected * scale_1[:, None]
    normalized *= scale_2
    return JointMoments(raw, expected, corrected, normalized, first.psth, second.psth)


def _over(deviation: Floats) -> Floats:
    """Give 1/deviation, and NaN where it is zero: no correlation is defined there."""
    result: Floats = np.divide(1.0, deviation, out=np.full_like(deviation, np.nan), where=deviation > 0)
    return result


def _with_gaps(
    first: Array, second: Array, seen: Array, predictor: str, normalization: str, unbiased: bool
) -> JointMoments:
    def product(a: Array, b: Array) -> Floats:
        return (a.T @ b).astype(np.float64)

    trials, joint = product(seen, seen), product(first, second)
    sum_1, sum_2 = product(first, seen), product(seen, second)
    per_bin = seen.sum(axis=0, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        enough = np.where(trials >= 2, trials, np.nan)
        raw = joint / enough
        if predictor == "psth":
            expected = sum_1 * sum_2 / enough**2
        elif predictor == "shuffle":
            # Over all ordered pairs of different trials among those that observed both bins.
            expected = (sum_1 * sum_2 - joint) / (enough * (enough - 1))
        else:
            expected = _shifted_with_gaps(first, second, seen) / (2 * (enough - 1))
        corrected = raw - expected
        if unbiased and predictor == "psth":
            corrected *= enough / (enough - 1)
        degrees = enough if normalization == "population" else enough - 1
        variance_1 = (enough * product(first * first, seen) - sum_1**2) / (enough * degrees)
        variance_2 = (enough * product(seen, second * second) - sum_2**2) / (enough * degrees)
        scale = np.sqrt(variance_1 * variance_2)
        normalized = np.where(scale > 0, corrected / scale, np.nan)
        psth_1 = first.sum(axis=0, dtype=np.float64) / per_bin
        psth_2 = second.sum(axis=0, dtype=np.float64) / per_bin
    return JointMoments(raw, expected, corrected, normalized, psth_1, psth_2)


def _shifted_with_gaps(first: Array, second: Array, seen: Array) -> Floats:
    """Sum the products over consecutive trials, in both orders, among those that observed both bins.

    Trials that a pair of bins leaves out are skipped, so that their neighbours become consecutive. Bins that the same
    trials observed share their pairs and go through one matrix product.
    """
    patterns, group = np.unique(seen > 0, axis=1, return_inverse=True)
    bins = [np.flatnonzero(group.ravel() == g) for g in range(patterns.shape[1])]
    total = np.zeros((first.shape[1], second.shape[1]))
    for g, rows in enumerate(bins):
        for h, columns in enumerate(bins):
            both = np.flatnonzero(patterns[:, g] & patterns[:, h])
            total[np.ix_(rows, columns)] = _consecutive(first[np.ix_(both, rows)], second[np.ix_(both, columns)])
    return total


def _consecutive(a: Array, b: Array) -> Floats:
    """Sum the products of consecutive trials in both orders: each is exact in single precision, their sum is not."""
    return np.add(a[:-1].T @ b[1:], a[1:].T @ b[:-1], dtype=np.float64)
