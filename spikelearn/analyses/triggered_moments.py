"""Means and covariances of stimulus vectors, weighted and not, without ever holding all the vectors."""

from __future__ import annotations

import numpy as np

from spikelearn.analyses.ensemble import CHUNK_NUMBERS, Ensemble
from spikelearn.arrays import Floats

__all__ = ["prior_moments", "weighted_averages", "weighted_moments"]


def prior_moments(ensemble: Ensemble, exposure: Floats | None = None) -> tuple[Floats, Floats]:
    """Give mean (about `Ensemble.center`) and covariance of the stimulus vectors of all frames with a whole window.

    With an exposure the frames count as often as trials observed them, and those that no trial observed not at all:
    they say nothing about what could have caused a spike.

    Without lags the covariance is summed in chunks. With lags it is block Hankel up to its edges: the block of lags
    (i + 1, j + 1) is the block of (i, j) less the frames that fall out at the beginning, plus those that enter at
    the end, so only the first row of blocks needs a pass over the stimulus.

    Parameters
    ----------
    ensemble : Ensemble
        The stimulus vectors.
    exposure : ndarray, shape (n_vectors,), optional
        How many trials observed the frame of each vector; by default all alike.

    Returns
    -------
    mean : ndarray, shape (size,)
    covariance : ndarray, shape (size, size)
        Divided by the number of vectors.
    """
    if exposure is not None and (exposure != exposure[0]).any():
        return weighted_moments(ensemble, exposure)
    if ensemble.n_lags == 1:
        total, square = np.zeros(ensemble.size), np.zeros((ensemble.size, ensemble.size))
        for which, first, last in ensemble.blocks(_frames(ensemble.size)):
            rows = ensemble.span(which, first, last)
            total += rows.sum(axis=0)
            square += rows.T @ rows
    else:
        total, square = _lagged_sums(ensemble)
    mean = total / ensemble.n_vectors
    return mean, square / ensemble.n_vectors - np.outer(mean, mean)


def weighted_moments(ensemble: Ensemble, weights: Floats) -> tuple[Floats, Floats]:
    """Give ``E[w x]/E[w]`` (about `Ensemble.center`) and ``E[w x x']/E[w]`` less the product of the means.

    Frames of weight zero are never read; the others enter one symmetric product a chunk, scaled by the root of their
    weight.

    Parameters
    ----------
    ensemble : Ensemble
        The stimulus vectors.
    weights : ndarray, shape (n_vectors,)
        Non-negative, not all zero.
    """
    index = np.flatnonzero(weights)
    used = weights[index]
    total, square = np.zeros(ensemble.size), np.zeros((ensemble.size, ensemble.size))
    frames = _frames(ensemble.size)
    for begin in range(0, len(index), frames):
        piece = used[begin : begin + frames]
        rows = ensemble.rows(index[begin : begin + frames])
        total += piece @ rows
        rows *= np.sqrt(piece)[:, np.newaxis]
        square += rows.T @ rows
    weight = float(used.sum())
    mean = total / weight
    return mean, square / weight - np.outer(mean, mean)


def weighted_averages(ensemble: Ensemble, weights: Floats) -> tuple[Floats, Floats]:
    """Give the weighted mean of the stimulus vectors, and its standard error, for several sets of weights.

    The error is the one of independent frames, ``sqrt(sum w^2 (x - mean)^2)/sum w``: it counts what a frame weighs,
    so it grows as weights become unequal.

    Parameters
    ----------
    ensemble : Ensemble
        The stimulus vectors.
    weights : ndarray, shape (sets, n_vectors)
        Non-negative, none of the sets all zero.

    Returns
    -------
    mean, error : ndarray, shape (sets, size)
        The mean is about `Ensemble.center`.
    """
    sets, d = len(weights), ensemble.n_dimensions
    shape = (sets, ensemble.n_lags, d)
    first_moment, error_1, error_2 = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for which, first, last in ensemble.blocks(_frames(8 * d)):
        base = which * ensemble.per_stimulus
        piece = weights[:, base + first : base + last]
        square = piece**2
        span = ensemble.span(which, first, last)
        for lag in range(ensemble.n_lags):
            rows = span[lag : lag + last - first]
            first_moment[:, lag] += piece @ rows
            error_1[:, lag] += square @ rows
            error_2[:, lag] += square @ rows**2
    total = weights.sum(axis=1)[:, np.newaxis]
    mean = first_moment.reshape(sets, -1) / total
    flat_1, flat_2 = error_1.reshape(sets, -1), error_2.reshape(sets, -1)
    variance = flat_2 - 2 * mean * flat_1 + mean**2 * (weights**2).sum(axis=1)[:, np.newaxis]
    # Rounding can leave a variance of exactly zero (one spike) a little below it.
    return mean, np.sqrt(np.maximum(variance, 0.0)) / total


def _frames(numbers: int) -> int:
    return max(1, CHUNK_NUMBERS // numbers)


def _lagged_sums(ensemble: Ensemble) -> tuple[Floats, Floats]:
    lags, d = ensemble.n_lags, ensemble.n_dimensions
    total, square = np.zeros((lags, d)), np.zeros((lags, d, lags, d))
    for which, first, last in ensemble.blocks(_frames(8 * d)):
        span = ensemble.span(which, first, last)
        early = span[: last - first]
        for lag in range(lags):
            late = span[lag : lag + last - first]
            total[lag] += late.sum(axis=0)
            square[0, :, lag] += early.T @ late
    for which in range(len(ensemble.stimulus)):
        _add_edges(ensemble, which, square)
    for i in range(1, lags):
        square[i, :, i:] += square[i - 1, :, i - 1 : -1]
    flat = square.reshape(ensemble.size, ensemble.size)
    upper = np.triu(flat)
    return total.ravel(), upper + np.triu(flat, 1).T


def _add_edges(ensemble: Ensemble, which: int, square: Floats) -> None:
    """Put into block (i, j), j >= i >= 1, by how much it differs from block (i - 1, j - 1)."""
    lags, n = ensemble.n_lags, ensemble.per_stimulus
    heads, tails = ensemble.span(which, 0, 0), ensemble.span(which, n, n)
    for i in range(1, lags):
        entering = np.multiply.outer(tails[i - 1], tails[i - 1 :])
        leaving = np.multiply.outer(heads[i - 1], heads[i - 1 :])
        square[i, :, i:] += entering - leaving
