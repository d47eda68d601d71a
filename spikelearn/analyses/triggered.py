"""The spike-triggered average: the mean stimulus around a spike, or around joint spikes of two cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.analyses.ensemble import Ensemble, make_ensemble
from spikelearn.analyses.triggered_moments import prior_moments, weighted_averages
from spikelearn.analyses.triggered_weights import effective_sample_size, read_weights
from spikelearn.analyses.whitening import whitening
from spikelearn.arrays import Floats
from spikelearn.spikes.trains import SpikeTrains

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["observed_vectors", "refuse_empty", "spike_triggered_average"]


def spike_triggered_average(
    stimulus: ArrayLike,
    dt: Any,
    trains: SpikeTrains | None,
    window: Any = None,
    *,
    weights: Any = None,
    center: bool = False,
    whiten: bool = False,
    ridge: float = 0.0,
    variance_floor: float = 1e-9,
) -> xr.DataArray:
    """Average the stimulus around the spikes of each unit.

    Frame k of the stimulus holds from ``t_start + k*dt`` to ``t_start + (k + 1)*dt``. The window is half-open in
    seconds relative to the frame of the spike: ``(-0.01, 0.0)`` takes the lags -0.01 ... -dt, all before it. Spikes
    whose window would cross the edge of the recording are dropped and counted.

    For a one-dimensional LN cell and a spherical stimulus of mean zero the average points along the filter, whatever
    the nonlinearity and whether or not the spikes are Poisson; for an elliptical stimulus of covariance S it is
    ``whiten=True``, ``S^-1 (average - mean)``, that does. An even nonlinearity gives zero. For a cell with two
    filters and a Gaussian stimulus the average is one vector in their plane,
    ``S (k_1 E[d_1 F] + k_2 E[d_2 F])/E[F]``, and not k_1.

    Parameters
    ----------
    stimulus : array_like, shape (frames,), (frames, dimensions) or (trials, frames, dimensions)
        With one or two axes every trial repeats the same stimulus.
    dt : float or Quantity
        Frame length in seconds. The last frame may reach beyond the recording, but the stimulus must not end before it.
    trains : SpikeTrains or None
        Trials x units; its window must be covered by the stimulus frame for frame. A trial that was observed only in
        part gives the spikes it has, and mean and covariance of the stimulus are those of the frames that were
        observed, as often as trials observed them. None where `weights` are given.
    window : pair of float or Quantity, or None
        Range of lags in seconds, on whole frames; None takes the frame of the spike alone.
    weights : array_like or xarray.DataArray, shape (frames,) or (trials, frames), optional
        Weights in place of spike counts, for example `joint_weights`.
    center : bool
        Whether to subtract the mean stimulus of all frames that have a whole window.
    whiten : bool
        Whether to give ``S^-1 (average - mean)``; implies `center`.
    ridge : float
        Regularisation of the whitening: this fraction of the mean prior variance is added to every eigenvalue of S.
    variance_floor : float
        Directions in which the stimulus varies by less than this fraction of its largest variance are left out of
        the whitening, because it says nothing about them.

    Returns
    -------
    xarray.DataArray, dims (unit, lag), (unit, dimension) or (unit, lag, dimension)
        In units of the stimulus; lag in seconds, negative: stimulus before the spike. Coordinates on ``unit``:
        ``weight`` (spikes used), ``dropped`` (spikes whose window crosses the edge), ``n_eff`` (effective sample
        size). Beside the plain and the centred average stand ``standard_error``, for independent frames, and
        ``stimulus_mean``, the mean of all frames that were observed (0 once centred). The dropped counts are in
        ``attrs`` too.

    Raises
    ------
    ValueError
        The stimulus holds NaN or does not cover the recording, the window is longer than the recording, or a unit
        has no spike with a whole window.

    References
    ----------
    002 Q3 parts 4 and 6.

    Examples
    --------
    >>> trains = SpikeTrains.from_arrays([[0.002, 0.004]], t_start=0.0, t_stop=0.006)
    >>> average = spike_triggered_average([0.0, 1.0, 0.0, 3.0, 0.0, 0.0], 0.001, trains, window=(-0.002, 0.0))
    >>> average.values
    array([[0., 2.]])
    """
    ensemble = make_ensemble(stimulus, dt, window)
    sets, labels, exposure, _ = read_weights(ensemble, trains, weights)
    used = ensemble.valid(sets)
    total = used.sum(axis=1)
    dropped = sets.sum(axis=(1, 2)) - total
    refuse_empty(total, dropped, labels)
    mean, error = weighted_averages(ensemble, used)
    seen = None if exposure is None else observed_vectors(ensemble, exposure)
    baseline = np.tile(ensemble.center, ensemble.n_lags)
    if whiten:
        prior_mean, prior = prior_moments(ensemble, seen)
        mean = whitening(prior, ridge, variance_floor, scale=ensemble.scale).solve(mean - prior_mean)
    elif center:
        mean, baseline = mean - prior_moments(ensemble, seen)[0], np.zeros(ensemble.size)
    else:
        mean = mean + baseline
        if seen is not None:
            baseline = baseline + prior_moments(ensemble, seen)[0]
    return _labelled(ensemble, mean, baseline, None if whiten else error, used, labels, dropped)


def observed_vectors(ensemble: Ensemble, exposure: Floats) -> Floats:
    """Give the exposure of every stimulus vector, refusing one that is zero throughout.

    Raises
    ------
    ValueError
        No trial observed a frame with a whole window from end to end.
    """
    seen = ensemble.valid(exposure)
    if not seen.any():
        raise ValueError("no frame with a whole window of stimulus was observed from end to end in any trial")
    return np.asarray(seen, dtype=np.float64)


def refuse_empty(total: Floats, dropped: Floats, labels: list[Any]) -> None:
    """Refuse units without a single spike (or weight) to average over, naming the first.

    Raises
    ------
    ValueError
        A total is zero.
    """
    empty = np.flatnonzero(total == 0)
    if len(empty):
        which = labels[empty[0]]
        name = f"unit {which}" if len(labels) > 1 or isinstance(which, int) else repr(which)
        raise ValueError(
            f"every unit must have a spike whose window lies within the recording, got none for {name} "
            f"({dropped[empty[0]]:g} dropped at the edge)"
        )


def _labelled(
    ensemble: Ensemble,
    mean: Floats,
    baseline: Floats,
    error: Floats | None,
    used: Floats,
    labels: list[Any],
    dropped: Floats,
) -> xr.DataArray:
    import xarray as xr

    values, axes = ensemble.shaped(mean)
    coordinates = {
        "unit": labels,
        "weight": ("unit", used.sum(axis=1)),
        "dropped": ("unit", dropped),
        "n_eff": ("unit", np.array([effective_sample_size(one) for one in used])),
        **ensemble.coordinates(),
    }
    if error is not None:
        coordinates["standard_error"] = (("unit", *axes), ensemble.shaped(error)[0])
        coordinates["stimulus_mean"] = (axes, ensemble.shaped(baseline)[0])
    return xr.DataArray(
        values,
        dims=("unit", *axes),
        coords=coordinates,
        name="spike_triggered_average" if error is not None else "filter",
        attrs={
            "units": "stimulus" if error is not None else "1/stimulus",
            "dt": ensemble.dt,
            "dropped": dropped.tolist(),
        },
    )
