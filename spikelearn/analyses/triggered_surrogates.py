"""A nested test of spike-triggered covariance: how many axes differ from what shifted spike trains would show.

Null hypothesis of stage i: given the projections on the i axes accepted so far and on the average, the weights say
nothing about the rest of the stimulus, and the variance along the average is the prior's. A surrogate keeps every
weight with its own projections on these axes, and takes the rest of the stimulus vector from a frame that lies a
random circular shift away. For a Gaussian stimulus the rest is independent of the projections, and under the null of
the weights too, so the shifted set has the law of the data: the same weights and their autocorrelation, the same
accepted variances, fresh noise in the rest and between the two.

Along the average the weights do depend on the stimulus, whether or not the variance changes, and the error of the
variance is another than without that dependence: for ``exp(a u)`` with mu spikes a frame it is
``(2 + mu e^(a^2)(a^4 + 4 a^2 + 2))/(2 + 2 mu e^(a^2))`` times as large where the prior is known, both ends of the
fraction less by 2 mu where it is that of the same frames. There a surrogate has the variance 1 and no
covariance with the accepted axes, plus an error drawn by `spikelearn.analyses.triggered_noise.multiplier_noise`.
The statistic is of the whole covariance matrix, the
eigenvalue next to those accepted, so that an accepted axis repels its neighbours in surrogates as it does in data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikelearn.analyses.ensemble import CHUNK_NUMBERS, Ensemble
from spikelearn.analyses.triggered_noise import direction_beside, multiplier_noise
from spikelearn.analyses.whitening import Whitening
from spikelearn.arrays import Floats, Integers

__all__ = ["Stage", "nested_test", "rank_p_value", "shifted_covariances", "whitened_covariance"]


@dataclass(frozen=True)
class Stage:
    """One step of the nested test.

    Parameters
    ----------
    component : int
        Place of the tested eigenvalue, counted from the smallest.
    value : float
        The eigenvalue.
    p_value : float
        Chance, under the null, of an eigenvalue at either end that is as extreme among surrogates.
    low, high : float
        Quantiles ``alpha/2`` and ``1 - alpha/2`` of the smallest and the largest eigenvalue left in the surrogates.
    """

    component: int
    value: float
    p_value: float
    low: float
    high: float


def nested_test(
    ensemble: Ensemble,
    weights: Floats,
    white: Whitening,
    matrix: Floats,
    average: Floats,
    *,
    n_surrogates: int,
    alpha: float,
    max_axes: int,
    min_shift: int,
    relative_to_bulk: bool,
    rng: np.random.Generator,
    seen: Integers | None = None,
) -> list[Stage]:
    """Accept axes one after the other until one is no more extreme than in surrogates drawn afresh for it.

    Parameters
    ----------
    ensemble : Ensemble
        The stimulus vectors.
    weights : ndarray, shape (n_vectors,)
        Weight of every vector.
    white : Whitening
        Whitened coordinates, `kept` of them.
    matrix : ndarray, shape (kept, kept)
        Weighted covariance of the data in these coordinates, the prior being 1.
    average : ndarray, shape (kept,)
        Weighted mean less prior mean in these coordinates.
    n_surrogates : int
        Shifted sets a stage.
    alpha : float
        Level of each stage, and so the chance of one axis too many.
    max_axes : int
        Stop after so many.
    min_shift : int
        Smallest shift, in frames.
    relative_to_bulk : bool
        Whether eigenvalues are taken relative to the median of those not accepted, in data and surrogates alike.
    rng : numpy.random.Generator
        Source of the shifts.
    seen : ndarray of int, optional
        The vectors whose frame was observed, round which the sets are shifted; all by default.

    Returns
    -------
    list of Stage
        The accepted axes in order, and the first that was not accepted unless `max_axes` came first.
    """
    values, vectors = np.linalg.eigh(matrix)
    kept = len(values)
    number = ensemble.n_vectors if seen is None else len(seen)
    low = high = 0
    stages: list[Stage] = []
    while low + high < min(max_axes, kept):
        accepted = vectors[:, list(range(low)) + list(range(kept - high, kept))]
        held = np.hstack([accepted, direction_beside(average, accepted)])
        shifts = rng.integers(min_shift, number - min_shift + 1, size=n_surrogates)
        matrices = shifted_covariances(ensemble, weights, white, held, shifts, seen)
        if held.shape[1] > accepted.shape[1]:
            # Blocks of multipliers longer than the window by far, so that what overlaps is nearly all counted.
            memory = 3 * min_shift - 2
            drawn = multiplier_noise(
                ensemble, weights, white, held, n_surrogates=n_surrogates, memory=memory, rng=rng, seen=seen
            )
            drawn[:, -1] += np.median(values[low : kept - high]) if relative_to_bulk else 1.0
            matrices += _along_the_last(held, drawn - held.T @ matrix @ held[:, -1])
        surrogates = np.linalg.eigvalsh(matrices)
        scaled = np.vstack([values, surrogates])
        if relative_to_bulk:
            scaled = scaled / np.median(scaled[:, low : kept - high], axis=1, keepdims=True)
        lowest, highest = scaled[:, low], scaled[:, kept - 1 - high]
        p_value, at_high = rank_p_value(lowest, highest)
        stages.append(
            Stage(
                kept - 1 - high if at_high else low,
                float(highest[0] if at_high else lowest[0]),
                p_value,
                float(np.quantile(lowest[1:], alpha / 2)),
                float(np.quantile(highest[1:], 1 - alpha / 2)),
            )
        )
        if p_value > alpha:
            break
        low, high = (low, high + 1) if at_high else (low + 1, high)
    return stages


def _along_the_last(held: Floats, change: Floats) -> Floats:
    """Write changes of the entries between the last direction and all, shape (n, n_held), as symmetric matrices."""
    half = np.hstack([change[:, :-1], change[:, -1:] / 2])
    one_sided = (half @ held.T)[:, :, np.newaxis] * held[:, -1]
    both: Floats = one_sided + one_sided.swapaxes(1, 2)
    return both


def rank_p_value(lowest: Floats, highest: Floats) -> tuple[float, bool]:
    """Rank the first of several equivalent sets by its more extreme end; give the p-value, and whether it is the high.

    The statistic of every set is the smaller of its two ranks, and the p-value is the share of sets, the data
    included, whose statistic is no larger: exact, whatever the dependence of the two ends, as long as the sets are
    exchangeable.

    Parameters
    ----------
    lowest, highest : ndarray, shape (1 + n_surrogates,)
        Smallest and largest eigenvalue of the data, then of each surrogate.

    Examples
    --------
    >>> rank_p_value(np.array([0.5, 0.6, 0.7, 0.8]), np.array([1.9, 1.2, 1.3, 1.4]))
    (0.25, True)
    """
    rank_low = (lowest[np.newaxis] <= lowest[:, np.newaxis]).sum(axis=1)
    rank_high = (highest[np.newaxis] >= highest[:, np.newaxis]).sum(axis=1)
    extreme = np.minimum(rank_low, rank_high)
    at_high = rank_high[0] < rank_low[0]
    if rank_high[0] == rank_low[0]:
        # Both ends are equally rare: take the one that lies further out of the surrogates.
        outside_high = highest[0] - np.median(highest)
        outside_low = np.median(lowest) - lowest[0]
        at_high = outside_high / (np.ptp(highest[1:]) or 1.0) >= outside_low / (np.ptp(lowest[1:]) or 1.0)
    return float((extreme <= extreme[0]).mean()), bool(at_high)


def whitened_covariance(white: Whitening, covariance: Floats, prior: Floats) -> Floats:
    """Express how a covariance differs from the prior in whitened coordinates, and add the identity.

    Without a ridge this is ``W' C W``. With one, ``I + W' (C - S) W``, so that no change reads as 1 in every direction.
    """
    difference = white.matrix.T @ (covariance - prior) @ white.matrix
    moved: Floats = np.eye(len(difference)) + (difference + difference.T) / 2
    return moved


def shifted_covariances(
    ensemble: Ensemble,
    weights: Floats,
    white: Whitening,
    accepted: Floats,
    shifts: Integers,
    seen: Integers | None = None,
) -> Floats:
    """Give the whitened covariance of surrogates: own projections on the accepted axes, the rest from elsewhere.

    Parameters
    ----------
    ensemble, weights, white
        As for `nested_test`.
    accepted : ndarray, shape (kept, n_accepted)
        Orthonormal axes in whitened coordinates on which a surrogate keeps its own projections; may be none.
    shifts : ndarray of int, shape (n_surrogates,)
        Each surrogate takes the rest of the stimulus from so many frames later, round the recording.
    seen : ndarray of int, optional
        Shift round these vectors only, in their order.

    Returns
    -------
    ndarray, shape (n_surrogates, kept, kept)
        Comparable with `whitened_covariance` of the data, which a shift of 0 gives back.
    """
    index = np.flatnonzero(weights)
    used = weights[index]
    kept, n_accepted = accepted.shape
    size = ensemble.size
    frames = max(1, CHUNK_NUMBERS // size)
    total = float(used.sum())
    own = np.empty((len(index), n_accepted))
    if n_accepted:
        to_accepted = white.matrix @ accepted
        for begin in range(0, len(index), frames):
            own[begin : begin + frames] = ensemble.rows(index[begin : begin + frames]) @ to_accepted
    # z' = (1 - E E') W' x[t + shift] + E u[t], with u the projections of the data on the accepted axes E.
    rest = white.matrix.T - accepted @ (accepted.T @ white.matrix.T)
    transform = np.hstack([rest, accepted])
    result = np.empty((len(shifts), kept, kept))
    ridge_share = np.eye(kept) - np.diag(white.prior)
    root = np.sqrt(used)
    for k, shift in enumerate(shifts):
        moment = np.zeros((size + n_accepted, size + n_accepted))
        mean = np.zeros(size + n_accepted)
        if seen is None:
            moved = (index + shift) % ensemble.n_vectors
        else:
            # A weight on a frame that was observed in part takes the place of the next whole one.
            moved = seen[(np.searchsorted(seen, index) + shift) % len(seen)]
        for begin in range(0, len(index), frames):
            piece = slice(begin, begin + frames)
            rows = np.hstack([ensemble.rows(moved[piece]), own[piece]])
            mean += used[piece] @ rows
            rows *= root[piece, np.newaxis]
            moment += rows.T @ rows
        mean /= total
        moment = moment / total - np.outer(mean, mean)
        one = transform @ moment @ transform.T
        result[k] = (one + one.T) / 2 + ridge_share
    return result
