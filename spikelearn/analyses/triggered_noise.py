"""Sampling error of the triggered covariance along a direction that the weights depend on, by random multipliers."""

from __future__ import annotations

import math

import numpy as np

from spikelearn.analyses.ensemble import CHUNK_NUMBERS, Ensemble
from spikelearn.analyses.whitening import Whitening
from spikelearn.arrays import Floats, Integers

__all__ = ["direction_beside", "multiplier_noise"]

# More blocks than this add time and no precision: an error known from 5000 of them is known to 2 %.
MOST_BLOCKS = 5000


def direction_beside(vector: Floats, accepted: Floats) -> Floats:
    """Give the direction of the part of a vector that is orthogonal to the accepted axes.

    Parameters
    ----------
    vector : ndarray, shape (kept,)
    accepted : ndarray, shape (kept, n_accepted)
        Orthonormal.

    Returns
    -------
    ndarray, shape (kept, 1) or (kept, 0)
        Of unit length; nothing where no part is left but rounding.

    Examples
    --------
    >>> direction_beside(np.array([3.0, 2.0]), np.array([[1.0], [0.0]])).T
    array([[0., 1.]])
    """
    rest = vector - accepted @ (accepted.T @ vector)
    # Once more, because what is left may be small beside what was taken away.
    rest = rest - accepted @ (accepted.T @ rest)
    length = float(np.linalg.norm(rest))
    if length <= 1e-9 * float(np.linalg.norm(vector)):
        return np.empty((len(vector), 0))
    direction: Floats = rest[:, np.newaxis] / length
    return direction


def multiplier_noise(
    ensemble: Ensemble,
    weights: Floats,
    white: Whitening,
    held: Floats,
    *,
    n_surrogates: int,
    memory: int,
    rng: np.random.Generator,
    seen: Integers | None = None,
) -> Floats:
    """Draw the sampling error of the triggered covariance between the last of several directions and each of them.

    With u the projection on the last direction and v on another, the entry ``E[w (u - m)(v - n)]/E[w]`` in whitened
    coordinates answers to frame t by its influence ``w_t ((u_t - m)(v_t - n) - entry)/sum w`` less what the frame adds
    to the prior that the coordinates are made of. Its error is the sum of the influences, each times a random number
    of mean 0, variance 1 and third moment 1, so that variance and skewness of the sum are those of the error,
    whatever w depends on. One number serves `memory` neighbouring frames (a moving sum), so that their correlation
    counts; the third moment of what multiplies a frame is then 1/sqrt(r), r being the blocks of frames in the sum, and
    the skewness of the drawn error too small by that factor.

    Parameters
    ----------
    ensemble, weights, white
        As for `spikelearn.analyses.triggered_surrogates.nested_test`.
    held : ndarray, shape (kept, n_held)
        Orthonormal directions in whitened coordinates.
    n_surrogates : int
        Draws.
    memory : int
        Frames over which influences may be correlated; at most a quarter of the recording is taken.
    rng : numpy.random.Generator
        Source of the multipliers.
    seen : ndarray of int, optional
        The vectors that make up the prior; all by default.

    Returns
    -------
    ndarray, shape (n_surrogates, n_held)

    References
    ----------
    Mammen, E. (1993) Bootstrap and wild bootstrap for high dimensional linear models, Annals of Statistics 21, 255;
    Shao, X. (2010) The dependent wild bootstrap, Journal of the American Statistical Association 105, 218.
    """
    influence = _influences(ensemble, weights, white, held, seen)
    length = math.ceil(len(influence) / MOST_BLOCKS)
    blocks = np.add.reduceat(influence, np.arange(0, len(influence), length), axis=0)
    reach = max(1, min(math.ceil(memory / length), len(blocks) // 4))
    if reach > 1:
        sums = np.cumsum(np.pad(blocks, ((reach, reach - 1), (0, 0))), axis=0)
        blocks = (sums[reach:] - sums[:-reach]) / math.sqrt(reach)
    # Gamma with shape 4: variance 4 and third central moment 8, so half of it has the moments 1 and 1.
    multipliers = rng.gamma(4.0, size=(len(blocks), n_surrogates)) / 2 - 2
    noise: Floats = multipliers.T @ blocks
    return noise


def _influences(ensemble: Ensemble, weights: Floats, white: Whitening, held: Floats, seen: Integers | None) -> Floats:
    to_held = white.matrix @ held
    projected = np.empty((ensemble.n_vectors, held.shape[1]))
    frames = max(1, CHUNK_NUMBERS // ensemble.size)
    for begin in range(0, len(projected), frames):
        index = np.arange(begin, min(begin + frames, len(projected)))
        projected[index] = ensemble.rows(index) @ to_held
    of_prior = slice(None) if seen is None else seen
    projected -= projected[of_prior].mean(axis=0)
    share = (weights / weights.sum())[:, np.newaxis]
    triggered = projected - (share * projected).sum(axis=0)
    product = triggered * triggered[:, -1:]
    influence: Floats = share * (product - (share * product).sum(axis=0))
    # An entry moves by minus the mean of the two variances times the change of the prior; under the null u has 1.
    variance = (share * triggered**2).sum(axis=0)
    variance[-1] = 1.0
    prior = projected[of_prior] * projected[of_prior, -1:]
    influence[of_prior] -= (variance + 1) / 2 * (prior - prior.mean(axis=0)) / len(prior)
    return influence
