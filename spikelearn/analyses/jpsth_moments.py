"""From binned counts to the matrices of a JPSTH: plain arrays and matrix products."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spikelearn.analyses.jpsth_dataset import JointMoments
from spikelearn.parameters import unknown_name

__all__ = ["NORMALIZATIONS", "PREDICTORS", "as_factors", "check_choice", "joint_moments"]

Floats = NDArray[np.float64]
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


def as_factors(counts: NDArray[np.integer]) -> Array:
    """Turn counts into floats for matrix products: single precision where all sums of products stay exact in it.

    Whole numbers below 2^24 are exact in single precision, so that the faster product loses nothing.
    """
    largest = int(counts.max(initial=0))
    single = len(counts) * largest**2 < _EXACT_IN_SINGLE
    return counts.astype(np.float32 if single else np.float64)


def joint_moments(
    first: Array,
    second: Array,
    *,
    observed: NDArray[np.bool_] | None = None,
    predictor: str = "psth",
    normalization: str = "population",
    unbiased: bool = False,
) -> JointMoments:
    """Compute the matrices of a JPSTH from counts.

    Parameters
    ----------
    first, second : ndarray, shape (n_trials, n_bins)
        Counts of the two units as made by `as_factors`; zero where not observed.
    observed : ndarray of bool, shape (n_trials, n_bins), optional
        Bins that each trial observed; None where all are. Every pair of bins then uses the trials that observed both.
    predictor, normalization, unbiased
        As in `spikelearn.analyses.jpsth`.

    Returns
    -------
    JointMoments
        NaN where fewer than two trials observed both bins, and in ``normalized`` where a count never varies.
    """
    if observed is not None and not observed.all():
        return _with_gaps(first, second, observed.astype(first.dtype), predictor, normalization, unbiased)
    n_trials = len(first)
    sum_1, sum_2 = first.sum(axis=0, dtype=np.float64), second.sum(axis=0, dtype=np.float64)
    psth_1, psth_2 = sum_1 / n_trials, sum_2 / n_trials
    joint = (first.T @ second).astype(np.float64)
    raw = joint / n_trials
    if predictor == "psth":
        expected = np.multiply.outer(psth_1, psth_2)
    elif predictor == "shuffle":
        expected = (np.multiply.outer(sum_1, sum_2) - joint) / (n_trials * (n_trials - 1))
    else:
        shifted = first[:-1].T @ second[1:] + first[1:].T @ second[:-1]
        expected = shifted.astype(np.float64) / (2 * (n_trials - 1))
    corrected = raw - expected
    if unbiased and predictor == "psth":
        corrected *= n_trials / (n_trials - 1)
    degrees = n_trials if normalization == "population" else n_trials - 1
    deviation_1, deviation_2 = (_deviation(counts, degrees) for counts in (first, second))
    with np.errstate(divide="ignore", invalid="ignore"):
        normalized = corrected / deviation_1[:, None] / deviation_2[None, :]
    if not (deviation_1.all() and deviation_2.all()):
        normalized[deviation_1 == 0, :] = np.nan
        normalized[:, deviation_2 == 0] = np.nan
    return JointMoments(raw, expected, corrected, normalized, psth_1, psth_2)


def _deviation(counts: Array, degrees: int) -> Floats:
    """Give the standard deviation of the counts in each bin, exactly zero where they are all the same."""
    n = len(counts)
    total = counts.sum(axis=0, dtype=np.float64)
    squares = np.einsum("km,km->m", counts, counts, dtype=np.float64, casting="same_kind")
    result: Floats = np.sqrt((n * squares - total**2) / (n * degrees))
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
            whole = np.multiply.outer(first.sum(axis=0, dtype=np.float64), second.sum(axis=0, dtype=np.float64))
            expected = (whole - joint) / (np.multiply.outer(per_bin, per_bin) - trials)
        else:
            shifted = product(first[:-1], second[1:]) + product(first[1:], second[:-1])
            expected = shifted / (product(seen[:-1], seen[1:]) + product(seen[1:], seen[:-1]))
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
