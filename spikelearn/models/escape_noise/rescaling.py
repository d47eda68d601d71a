"""Time-rescaled intervals and the Kolmogorov-Smirnov test of a fitted or given intensity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.arrays import Floats
from spikelearn.models.escape_noise.binning import checked_spikes
from spikelearn.parameters.seeds import generator

__all__ = ["RescalingTest", "rescaled_intervals", "rescaling_test"]


@dataclass(frozen=True, eq=False)
class RescalingTest:
    """Whether spikes could have come from an intensity, unit by unit.

    Parameters
    ----------
    intervals : list of ndarray
        Rescaled intervals of each unit; standard exponential under the true intensity.
    statistic, p_value : ndarray, shape (units,)
        Kolmogorov-Smirnov distance from the standard exponential and its probability under the true intensity; NaN for
        a unit with fewer than two spikes.

    Examples
    --------
    >>> from spikelearn.models.escape_noise import EscapeNoise, rescaling_test, sample
    >>> cell = EscapeNoise(rho_0="30 Hz", eta_0=0.0)
    >>> X = sample(cell, [[0.0]], 1, 5000, "1 ms", seed=0)
    >>> found = rescaling_test(X[0], cell.intensities(X, [[0.0]], "1 ms")[0])
    >>> len(found.intervals[0]), bool(found.p_value[0] > 0.001)  # the true intensity is not refused
    (145, True)
    """

    intervals: list[Floats]
    statistic: Floats
    p_value: Floats


def rescaled_intervals(x: NDArray[np.uint8], r: Floats, rng: np.random.Generator) -> Floats:
    """Rescale the intervals between the spikes of one unit, shape (trials, bins) or flat, by its intensity r = rho dt.

    A bin spikes if a standard exponential waiting time ends within its r. Where in the bin it ended is drawn from the
    exponential distribution cut off at r, so that the intervals are exactly standard exponential for every width of
    bin, not only in the limit (the remedy of Haslinger, Pipa & Brown 2010). Trials are joined: the wait left over from
    one goes on in the next.
    """
    flat, steps = x.reshape(-1), r.reshape(-1)
    total = np.concatenate([[0.0], np.cumsum(steps)])
    spikes = np.flatnonzero(flat)
    if not len(spikes):
        return np.empty(0)
    within = -np.log1p(rng.random(len(spikes)) * np.expm1(-steps[spikes]))
    begin = np.concatenate([[0], spikes[:-1] + 1])
    return np.asarray(total[spikes] - total[begin] + within)


def rescaling_test(X: ArrayLike, r: ArrayLike, *, seed: int = 0) -> RescalingTest:
    """Test spikes against an intensity by the time-rescaling theorem.

    Parameters
    ----------
    X : array_like, shape (trials, bins, units) or (bins, units)
        0 or 1.
    r : array_like, same shape
        Intensity times bin width under the model, for example `EscapeNoise.intensities` or `GLMFit.intensities`. Bins
        in which it is NaN for every unit were not observed: they are left out, and a wait goes on after them.
    seed : int
        Seed of the positions within bins.

    Returns
    -------
    RescalingTest
        A p-value below 0.05 comes up in one of twenty units if the intensity is the true one. An intensity that was
        fitted to the same spikes passes more often than that.

    Raises
    ------
    ValueError
        Shapes differ, a bin holds several spikes, or an intensity is negative or not finite.

    References
    ----------
    Brown et al. (2002), Neural Computation 14, 325; Haslinger, Pipa & Brown (2010), Neural Computation 22, 2477.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> r = np.full((5000, 1), 0.1)
    >>> spikes = rng.random(r.shape) < -np.expm1(-r)
    >>> bool(rescaling_test(spikes, r).p_value[0] > 0.05), bool(rescaling_test(spikes, 2 * r).p_value[0] < 1e-6)
    (True, True)
    """
    from scipy.stats import kstest

    spikes = checked_spikes(X, "rescaling_test: X", counts=True)
    if spikes.max(initial=0) > 1:
        raise ValueError(
            f"rescaling_test: X must hold at most one spike a bin, got {spikes.max()}: the place of several within one "
            "bin is not known; use narrower bins"
        )
    rates: Any = np.asarray(r, dtype=np.float64)
    rates = rates[None] if rates.ndim == 2 else rates
    if rates.shape != spikes.shape:
        raise ValueError(f"rescaling_test: r must have the shape of X, {spikes.shape}, got {rates.shape}")
    seen = ~np.isnan(rates).all(axis=2)
    spikes, rates = spikes[seen], rates[seen]
    if not (np.isfinite(rates).all() and (rates >= 0).all()):
        raise ValueError("rescaling_test: r must be finite and not negative")
    rng = generator(seed)
    intervals = [rescaled_intervals(spikes[:, i], rates[:, i], rng) for i in range(spikes.shape[1])]
    results = [kstest(found, "expon") if len(found) > 1 else (np.nan, np.nan) for found in intervals]
    return RescalingTest(intervals, np.array([s[0] for s in results]), np.array([s[1] for s in results]))
