"""What triggering on the spikes of LN cells finds: expected average and covariance, and how far off they lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.analyses.whitening import Whitening, whitening
from spikelearn.arrays import Floats
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import whole_number
from spikelearn.sources.cubature import Moments

if TYPE_CHECKING:
    import xarray as xr

    from spikelearn.sources.linear_nonlinear import LinearNonlinear

__all__ = ["WEIGHTS", "AverageBias", "Expectation", "bias_of", "expectation_of"]


WEIGHTS = ("single", "summed", "joint")


@dataclass(frozen=True)
class AverageBias:
    """Where the whitened spike-triggered average points, beside the filters.

    Parameters
    ----------
    angle_to_first, angle_to_span : float
        Degrees from the expected average to the first filter (as lines), and to the span of all filters, shifted copies
        left out; NaN where the average vanishes.
    coefficients : ndarray, shape (filters,)
        The average as a sum of filters, by least squares.
    unbiased : bool
        Whether theory alone says that the direction is right: one filter, an elliptical stimulus, no lags.
    statement : str
        The reason, in a sentence.
    """

    angle_to_first: float
    angle_to_span: float
    coefficients: Floats
    unbiased: bool
    statement: str


@dataclass(frozen=True, eq=False)
class Expectation:
    """Expected moments of the weighted ensemble, with the prior, in windows of a number of frames.

    Parameters
    ----------
    moments : Moments
        E[w], E[w x], E[w x x^T] for one frame of one trial, x the flattened window, lag first.
    prior_mean, prior : ndarray
        Mean and covariance of x.
    window, dimensions : int
        Frames in a window, numbers in a frame.
    dt : float
        Seconds.
    """

    moments: Moments
    prior_mean: Floats
    prior: Floats
    window: int
    dimensions: int
    dt: float

    @property
    def average(self) -> Floats:
        """E[w x]/E[w], flattened."""
        result: Floats = self.moments.first / self.moments.total
        return result

    @property
    def covariance(self) -> Floats:
        """E[w x x^T]/E[w] less the outer product of the average."""
        result: Floats = self.moments.second / self.moments.total - np.outer(self.average, self.average)
        return result

    @property
    def white(self) -> Whitening:
        """Coordinates in which the prior is white."""
        return whitening(self.prior)

    @property
    def direction(self) -> Floats:
        """The whitened average, S^-1 (average - mean), flattened."""
        return self.white.solve(self.average - self.prior_mean)

    def labelled_average(self, whiten: bool) -> xr.DataArray:
        """Give the average, or the whitened one, with its axes."""
        import xarray as xr

        values, axes = self._shaped(self.direction if whiten else self.average)
        return xr.DataArray(
            values,
            dims=axes,
            coords=self._coordinates(),
            name="filter" if whiten else "spike_triggered_average",
            attrs={"units": "1/stimulus" if whiten else "stimulus", "kind": "expected", "dt": self.dt},
        )

    def labelled_covariance(self) -> xr.Dataset:
        """Give eigenvalues and axes under the names of `spike_triggered_covariance`."""
        import xarray as xr

        white = self.white
        values, vectors = np.linalg.eigh(white.matrix.T @ self.covariance @ white.matrix)
        order = np.arange(len(values))[::-1]
        filters = (white.matrix @ vectors[:, order]).T
        largest = np.take_along_axis(filters, np.abs(filters).argmax(axis=1, keepdims=True), axis=1)
        sign = np.where(largest < 0, -1.0, 1.0)
        axes, names = self._shaped(sign * filters / np.linalg.norm(filters, axis=1, keepdims=True))
        features, _ = self._shaped(sign * (white.inverse @ vectors[:, order]).T)
        average, place = self._shaped(self.average)
        return xr.Dataset(
            {
                "eigenvalues": ("component", values[order], {"units": "1"}),
                "axes": (("component", *names), axes, {"units": "1"}),
                "features": (("component", *names), features, {"units": "stimulus"}),
                "average": (place, average, {"units": "stimulus"}),
                "covariance": (("entry", "entry_2"), self.covariance, {"units": "stimulus**2"}),
                "prior_covariance": (("entry", "entry_2"), self.prior, {"units": "stimulus**2"}),
            },
            coords={"component": np.arange(len(values)), **self._coordinates()},
            attrs={"kind": "expected", "dt": self.dt},
        )

    def _shaped(self, values: Floats) -> tuple[Floats, tuple[str, ...]]:
        lead = values.shape[:-1]
        if self.dimensions == 1:
            return values.reshape(*lead, self.window), ("lag",)
        if self.window == 1:
            return values.reshape(*lead, self.dimensions), ("dimension",)
        return values.reshape(*lead, self.window, self.dimensions), ("lag", "dimension")

    def _coordinates(self) -> dict[str, Any]:
        lags = (np.arange(self.window) - self.window + 1) * self.dt
        found: dict[str, Any] = {}
        if self.dimensions == 1 or self.window > 1:
            found["lag"] = ("lag", lags, {"units": "s"})
        if self.dimensions > 1:
            found["dimension"] = np.arange(self.dimensions)
        return found


def expectation_of(source: LinearNonlinear, weights: str, unit: int, max_lag: int, window: int | None) -> Expectation:
    """Integrate the weights over the stimulus.

    Parameters
    ----------
    source : LinearNonlinear
        The cells.
    weights : {"single", "summed", "joint"}
        Spike counts of one cell, of both, or joint counts by their later spike.
    unit : int
        The cell of "single".
    max_lag : int
        Frames between the spikes of a pair.
    window : int or None
        Frames in the stimulus vector; just enough if None.

    Raises
    ------
    ValueError
        An unknown kind of weights, joint ones of a single cell, a window that is too short, or moments that do not
        exist.
    """
    where = type(source).__name__
    if weights not in WEIGHTS:
        raise ValueError(unknown_name(where, "kind of weights", str(weights), WEIGHTS))
    if weights != "single" and source.n_units < 2:
        raise ValueError(f"{where}: {weights} weights must have two cells, got one")
    unit = whole_number(f"{where}: unit", unit)
    if unit >= source.n_units:
        raise ValueError(f"{where}: unit must be 0 to {source.n_units - 1}, got {unit}")
    max_lag = whole_number(f"{where}: max_lag", max_lag)
    needed = source.n_lags + max_lag
    frames = needed if window is None else window
    if frames < needed:
        raise ValueError(f"{where}: window must reach over filter and lag, {needed} frames, got {frames}")
    law, size = source.law, frames * source.law.dimensions
    total, first, second = 0.0, np.zeros(size), np.zeros((size, size))
    for function, lag in _terms(source, weights, unit, max_lag):
        found = law.moments(function, _projection(source, frames, lag), f"{where}: the expected weight")
        total, first, second = total + found.total, first + found.first, second + found.second
    if not total > 0:
        raise ValueError(f"{where}: the expected weight must be positive, got {total}; the cells never fire so")
    mean, prior = law.prior(frames)
    moments = Moments(total, first, second)
    return Expectation(moments, mean, prior, frames, law.dimensions, source.frame)


def bias_of(source: LinearNonlinear, expected: Expectation, max_lag: int) -> AverageBias:
    """Say where the whitened average points, and why."""
    filters = _projection(source, expected.window, 0)
    direction = expected.direction
    coefficients = np.asarray(np.linalg.lstsq(filters, direction, rcond=None)[0], dtype=np.float64)
    length = np.linalg.norm(direction)
    # What integration leaves of an average that symmetry makes vanish.
    if length <= 1e-7 / np.sqrt(np.linalg.eigvalsh(expected.prior)[-1]):
        flat = "The average vanishes: the weight is even along the filters, and only the covariance sees them."
        return AverageBias(np.nan, np.nan, np.zeros(len(coefficients)), False, flat)
    unbiased = bool(source.law.elliptical and filters.shape[1] == 1 and max_lag == 0)
    return AverageBias(
        _angle(direction, filters[:, :1]),
        _angle(direction, filters),
        coefficients,
        unbiased,
        _statement(source, max_lag),
    )


def _statement(source: LinearNonlinear, max_lag: int) -> str:
    if max_lag > 0:
        return "Pairs some frames apart answer two stimuli: shifted copies of the filters are mixed in."
    if not source.law.elliptical:
        return (
            "The stimulus is not elliptical: the mean of x at a given projection lies off S k, and so does the average."
        )
    if len(source.filters) == 1:
        return "One filter and an elliptical stimulus: S^-1 times the average points along the filter, for any weights."
    return "Several filters: S^-1 times the average is one vector in their span, in general none of the filters."


def _terms(source: LinearNonlinear, weights: str, unit: int, max_lag: int) -> Iterator[tuple[Any, int]]:
    """Give the weight as a sum of functions of projections now and, in further columns, `lag` frames earlier."""
    counts, m = source.mean_counts, len(source.filters)
    if weights == "single":
        yield (lambda u: counts(u)[:, unit]), 0
        return
    if weights == "summed":
        yield (lambda u: counts(u).sum(axis=1)), 0
        return
    yield (lambda u: counts(u).prod(axis=1) * (1 + source.gate_depth(u) ** 2)), 0
    for lag in range(1, max_lag + 1):
        yield (lambda u: _crossed(counts(u[:, :m]), counts(u[:, m:]))), lag


def _crossed(now: Floats, before: Floats) -> Floats:
    result: Floats = now[:, 0] * before[:, 1] + before[:, 0] * now[:, 1]
    return result


def _projection(source: LinearNonlinear, window: int, lag: int) -> Floats:
    """Give the filters as columns over a window, followed for a lag by the same filters so many frames earlier."""
    m, n, p = source.filters.shape
    parts = []
    for shift in dict.fromkeys((0, lag)):
        padded = np.zeros((m, window, p))
        padded[:, window - n - shift : window - shift] = source.filters
        parts.append(padded.reshape(m, -1))
    return np.concatenate(parts).T


def _angle(vector: Floats, columns: Floats) -> float:
    basis = np.linalg.qr(columns)[0]
    inside = float(np.linalg.norm(basis.T @ vector))
    outside = float(np.linalg.norm(vector - basis @ (basis.T @ vector)))
    return float(np.degrees(np.arctan2(outside, inside)))
