"""Spike-triggered covariance: the stimulus directions in which spikes change the variance, and how many are real."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.analyses.ensemble import Ensemble, make_ensemble, whole_steps
from spikelearn.analyses.triggered import observed_vectors, refuse_empty
from spikelearn.analyses.triggered_moments import prior_moments, weighted_moments
from spikelearn.analyses.triggered_surrogates import Stage, nested_test, whitened_covariance
from spikelearn.analyses.triggered_weights import effective_sample_size, read_weights
from spikelearn.analyses.whitening import Whitening, whitening
from spikelearn.arrays import Floats
from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.seeds import generator
from spikelearn.spikes.trains import SpikeTrains

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["spike_triggered_covariance"]


def spike_triggered_covariance(
    stimulus: ArrayLike,
    dt: Any,
    trains: SpikeTrains | None,
    window: Any = None,
    *,
    unit: int = 0,
    weights: Any = None,
    ridge: float = 0.0,
    variance_floor: float = 1e-9,
    n_surrogates: int = 199,
    alpha: float = 0.05,
    max_axes: int | None = None,
    min_shift: Any = None,
    relative_to_bulk: bool = False,
    seed: int = 0,
) -> xr.Dataset:
    """Find the stimulus directions along which the spike-triggered variance differs from the prior, and test them.

    The matrix is ``C = E[w x x']/E[w] - mu mu'`` with ``mu = E[w x]/E[w]``, compared with the covariance S of all
    stimulus vectors in coordinates in which S is 1. For Gaussian stimuli and ``E[w|x] = F(K' x)`` it is
    ``S + S K H K' S`` with ``H = E[grad grad F]/E[F] - E[grad F] E[grad F]'/E[F]^2``, for spike counts and joint
    weights alike: eigenvalues differ from 1 only within the subspace K. What to mind:

    - a direction with H = 0 is missed: of ``exp(k' x)`` only the average sees k;
    - a spherical stimulus that is not Gaussian moves all other eigenvalues together, because spikes select lengths
      of x: `relative_to_bulk` takes them relative to their median, as approximately as the shift is common;
    - weights are products for joint counts: the null width follows ``n_eff``, which is given, not the pairs;
    - windows over a stimulus of one dimension hold shifted copies of the same frames, and joint weights with a lag
      see a shifted copy of every filter.

    The test is nested: the most extreme eigenvalue at either end is compared with the same eigenvalue of surrogates
    in which all but the projections on accepted axes and on the average come from circularly shifted frames; see
    `spikelearn.analyses.triggered_surrogates`. It ends at the first eigenvalue that is not significant, so the
    chance of a false axis is about `alpha`, whatever the number of true ones and whatever the average.

    Parameters
    ----------
    stimulus, dt, trains, window, weights
        As for `spike_triggered_average`.
    unit : int
        The cell to analyse; without a meaning where `weights` are given.
    ridge, variance_floor : float
        Regularisation of the whitening: added to every prior variance, as a fraction of their mean; and the fraction
        of the largest prior variance below which a direction is left out.
    n_surrogates : int
        Shifted sets a stage of the test; 0 leaves the test out.
    alpha : float
        Level of the test; at least ``2/(n_surrogates + 1)``.
    max_axes : int, optional
        Most axes to accept; all by default.
    min_shift : float or Quantity, optional
        Smallest shift in seconds; the length of the window by default. Choose it beyond the memory of stimulus and
        cell together.
    relative_to_bulk : bool
        Whether the test takes eigenvalues relative to the median of those not accepted.
    seed : int
        Seed of the shifts.

    Returns
    -------
    xarray.Dataset
        Over ``component``, largest eigenvalue first: ``eigenvalues`` (1: no change); ``axes``, the filters k to apply
        to the stimulus, of unit length, the largest entry positive; ``features``, the stimulus ``S k`` that varies
        along each; and, with surrogates, ``p_value`` and ``significant``. A component that the nested test did not
        reach carries the p-value at which it ended, below which no level could accept it, and 1 where `max_axes` ended
        the test. Over ``stage``:
        ``stage_component``, ``stage_p_value``, ``stage_low`` and ``stage_high`` (surrogate quantiles ``alpha/2`` and
        ``1 - alpha/2``). ``average`` and ``prior_mean`` are stimuli; ``covariance`` and ``prior_covariance`` have the
        flattened vector (lag first) on both dimensions. ``attrs`` hold ``weight``, ``dropped``, ``n_eff``, ``seed``.

    Raises
    ------
    ValueError
        As for `spike_triggered_average`; or fewer than two frames carry weight, or `alpha` is out of reach of the
        surrogates, or the recording is too short to be shifted.

    References
    ----------
    002 Q3 part 5.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> stimulus = rng.standard_normal((4000, 3))
    >>> counts = rng.poisson(0.2 * stimulus[:, 1] ** 2)
    >>> found = spike_triggered_covariance(stimulus, 0.01, None, weights=counts, seed=2)
    >>> found["significant"].values
    array([ True, False, False])
    >>> np.abs(found["axes"].values[0]).round(1)
    array([0.1, 1. , 0. ])
    """
    ensemble = make_ensemble(stimulus, dt, window)
    sets, labels, exposure, _ = read_weights(ensemble, trains, weights)
    unit = whole_number("unit", unit)
    if unit >= len(sets):
        raise ValueError(f"unit must be 0 to {len(sets) - 1}, got {unit}")
    chosen = sets[unit : unit + 1]
    used = ensemble.valid(chosen)
    dropped = chosen.sum(axis=(1, 2)) - used.sum(axis=1)
    refuse_empty(used.sum(axis=1), dropped, labels[unit : unit + 1])
    flat = used[0]
    if np.count_nonzero(flat) < 2:
        raise ValueError("a covariance needs spikes in two frames at least, got one frame; use spike_triggered_average")
    seen = None if exposure is None else observed_vectors(ensemble, exposure)
    n_vectors = ensemble.n_vectors if seen is None else int(np.count_nonzero(seen))
    prior_mean, prior = prior_moments(ensemble, seen)
    white = whitening(prior, ridge, variance_floor, scale=ensemble.scale)
    average, covariance = weighted_moments(ensemble, flat)
    matrix = whitened_covariance(white, covariance, prior)
    stages: list[Stage] = []
    if n_surrogates:
        stages = nested_test(
            ensemble,
            flat,
            white,
            matrix,
            white.matrix.T @ (average - prior_mean),
            n_surrogates=_checked_number(n_surrogates, alpha),
            alpha=alpha,
            max_axes=len(matrix) if max_axes is None else whole_number("max_axes", max_axes),
            min_shift=_checked_shift(ensemble, min_shift, n_vectors),
            seen=None if seen is None else np.flatnonzero(seen),
            relative_to_bulk=relative_to_bulk,
            rng=generator(seed),
        )
    found = _labelled(ensemble, white, matrix, stages if n_surrogates else None, alpha)
    offset = np.tile(ensemble.center, ensemble.n_lags)
    for name, vector in (("average", average + offset), ("prior_mean", prior_mean + offset)):
        values, axes = ensemble.shaped(vector)
        found[name] = (axes, values, {"units": "stimulus"})
    found["covariance"] = (("entry", "entry_2"), covariance, {"units": "stimulus**2"})
    found["prior_covariance"] = (("entry", "entry_2"), prior, {"units": "stimulus**2"})
    found.attrs = {
        "unit": labels[unit],
        "weight": float(flat.sum()),
        "dropped": float(dropped[0]),
        "n_eff": effective_sample_size(flat),
        "n_vectors": n_vectors,
        "dt": ensemble.dt,
        "ridge": ridge,
        "variance_floor": variance_floor,
        "alpha": alpha,
        "n_surrogates": n_surrogates,
        "seed": seed,
    }
    return found


def _checked_number(n_surrogates: int, alpha: float) -> int:
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, got {alpha}")
    n_surrogates = whole_number("n_surrogates", n_surrogates)
    if n_surrogates + 1 < 2 / alpha:
        raise ValueError(
            f"n_surrogates must be at least 2/alpha - 1 = {2 / alpha - 1:g} to reach alpha = {alpha}, "
            f"got {n_surrogates}; 0 leaves the test out"
        )
    return n_surrogates


def _checked_shift(ensemble: Ensemble, min_shift: Any, n_vectors: int) -> int:
    frames = ensemble.n_lags if min_shift is None else whole_steps(min_shift, ensemble.dt, "min_shift")
    if frames < 1 or 2 * frames > n_vectors:
        raise ValueError(
            f"min_shift must be positive and at most half the recording of {n_vectors} whole windows, "
            f"got {frames} frames; record longer, shorten the window, or take n_surrogates=0"
        )
    return frames


def _labelled(
    ensemble: Ensemble, white: Whitening, matrix: Floats, stages: list[Stage] | None, alpha: float
) -> xr.Dataset:
    import xarray as xr

    values, vectors = np.linalg.eigh(matrix)
    order = np.arange(len(values))[::-1]
    filters = (white.matrix @ vectors[:, order]).T
    length = np.linalg.norm(filters, axis=1, keepdims=True)
    largest = np.take_along_axis(filters, np.abs(filters).argmax(axis=1, keepdims=True), axis=1)
    sign = np.where(largest < 0, -1.0, 1.0)
    axes, names = ensemble.shaped(filters * sign / length)
    features, _ = ensemble.shaped((white.inverse @ vectors[:, order]).T * sign)
    found = xr.Dataset(
        {
            "eigenvalues": ("component", values[order], {"units": "1", "long_name": "triggered over prior variance"}),
            "axes": (("component", *names), axes, {"units": "1"}),
            "features": (("component", *names), features, {"units": "stimulus"}),
        },
        coords={"component": np.arange(len(values)), **ensemble.coordinates()},
    )
    if stages is None:
        return found
    place = [len(values) - 1 - stage.component for stage in stages]
    p_values = np.maximum.accumulate([0.0, *(stage.p_value for stage in stages)])
    ended = bool(stages) and stages[-1].p_value > alpha
    every = np.full(len(values), p_values[-1] if ended else 1.0)
    every[place] = p_values[1:]
    significant = np.zeros(len(values), dtype=bool)
    significant[place[: len(place) - ended]] = True
    found["p_value"] = ("component", every)
    found["significant"] = ("component", significant)
    found["stage_component"] = ("stage", np.array(place, dtype=np.int64))
    found["stage_p_value"] = ("stage", np.array([stage.p_value for stage in stages]))
    found["stage_low"] = ("stage", np.array([stage.low for stage in stages]))
    found["stage_high"] = ("stage", np.array([stage.high for stage in stages]))
    return found
