"""Firing rates: a number with a unit, or a function of time; evaluated, integrated and bounded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.arrays import Floats
from spikelearn.parameters.fields import quantity, validate_parameters
from spikelearn.parameters.units import si_value
from spikelearn.sources.quadrature import bin_integrals

__all__ = ["BoundedRate", "SinusoidalRate", "checked_rate", "mean_counts", "poisson_points", "rate_at", "rate_bound"]


# Points at which a bound is looked for: one in 50 us, within limits that keep a call short.
_SPACING, _FEWEST, _MOST = 5e-5, 20_001, 1_000_001
_SCATTERED = 100_000
_GOLDEN = (5**0.5 - 1) / 2
_CANDIDATES, _ROUNDS = 64, 4
_HEADROOM = 1.2
_MOST_CANDIDATES = 1e9


@dataclass(frozen=True)
class SinusoidalRate:
    """The rate ``mean (1 + depth sin(2 pi frequency t + phase))``.

    Parameters
    ----------
    mean : Quantity
        Hz.
    depth : float
        0 to 1, so that the rate is never negative.
    frequency : Quantity
        Hz.
    phase : float
        Radians.

    Examples
    --------
    >>> SinusoidalRate(mean="20 Hz", depth=0.5, frequency="4 Hz")(np.array([0.0, 0.0625]))
    array([20., 30.])
    """

    mean: Any = quantity("20 Hz", positive=True, doc="rate averaged over a cycle")
    depth: Any = quantity("0.5", nonnegative=True, doc="modulation depth, 0 to 1")
    frequency: Any = quantity("4 Hz", positive=True, doc="cycles per second")
    phase: Any = quantity("0", doc="phase at time 0 in radians")

    def __post_init__(self) -> None:
        validate_parameters(self)
        if self.depth > 1:
            raise ValueError(f"SinusoidalRate.depth must not exceed 1, got {self.depth}")

    def __call__(self, times: ArrayLike) -> Floats:
        """Give the rate in Hz at times in seconds."""
        angle = 2 * np.pi * float(self.frequency) * np.asarray(times, dtype=np.float64) + self.phase
        result: Floats = float(self.mean) * (1 + self.depth * np.sin(angle))
        return result

    @property
    def maximum(self) -> float:
        """A bound of the rate in Hz."""
        return float(float(self.mean) * (1 + self.depth))


@dataclass(frozen=True)
class BoundedRate:
    """A rate that is a function of time together with a bound that it never exceeds.

    Thinning needs a bound. Where none is known it is looked for, which finds peaks wider than about 50 us (a millionth
    of windows longer than 50 s). A narrower one may be missed; it is refused as soon as a candidate spike meets it,
    and cut off silently until then. Saying the bound here makes sampling exact for certain.

    Parameters
    ----------
    function : callable
        From an array of times in seconds to rates in Hz.
    bound : Quantity
        Hz.

    Examples
    --------
    >>> import numpy as np
    >>> import spikelearn as sl
    >>> pulse = sl.sources.BoundedRate(lambda t: 500 * np.exp(-((t - 0.5) ** 2) / 2e-4), bound="500 Hz")
    >>> trains = sl.sources.InhomogeneousPoisson(rate=pulse).sample(2000, t_stop=1.0, seed=0, n_units=1)
    >>> round(float(trains.counts().mean()), 1), round(500 * (2e-4 * np.pi) ** 0.5, 1)  # mean, integral of the rate
    (12.5, 12.5)
    """

    function: Callable[[Any], Any]
    bound: Any = quantity("100 Hz", positive=True, doc="never exceeded")

    def __post_init__(self) -> None:
        validate_parameters(self)

    def __call__(self, times: ArrayLike) -> Any:
        """Give the rate in Hz at times in seconds."""
        return self.function(times)

    @property
    def maximum(self) -> float:
        """The bound in Hz."""
        return float(self.bound)


def checked_rate(value: Any, where: str) -> Any:
    """Check a rate given to a source: a callable is kept, anything else becomes a quantity in Hz.

    Raises
    ------
    ValueError
        The unit is not that of Hz, or the rate is negative or not finite.
    """
    if callable(value):
        return value
    plain = si_value(value, "1 Hz", where)
    if not isinstance(plain, float):
        raise TypeError(
            f"{where} must be one rate or a function of time, got an array of shape {plain.shape}; use StepRate"
        )
    if not 0 <= plain < np.inf:
        raise ValueError(f"{where} must be finite and not negative, got {value}")
    from brian2.units import hertz

    return plain * hertz


def rate_at(rate: Any, times: ArrayLike, where: str) -> Floats:
    """Evaluate a rate in Hz at times in seconds.

    A function may take and give plain numbers or quantities.

    Raises
    ------
    ValueError
        A function of time gives another shape or unit, or a negative or infinite rate; the first such time is named.
    """
    points = np.asarray(times, dtype=np.float64)
    if not callable(rate):
        return np.full(points.shape, float(rate))
    given = _evaluate(rate, points)
    values = si_value(given, "1 Hz", where) if hasattr(given, "dim") else given
    try:
        values = np.broadcast_to(np.asarray(values, dtype=np.float64), points.shape)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where} must give one rate for each time, got {given!r}") from error
    bad = ~((values >= 0) & np.isfinite(values))
    if bad.any():
        first = int(bad.argmax())
        raise ValueError(
            f"{where} must be finite and not negative, got {float(values.flat[first])} Hz "
            f"at {float(points.flat[first])} s"
        )
    return values


def _evaluate(rate: Any, points: Floats) -> Any:
    """Call a rate with plain seconds, or with a quantity where it was written for one, as Brian2's TimedArray is."""
    try:
        return rate(points)
    except Exception as error:
        from brian2.units import second
        from brian2.units.fundamentalunits import DimensionMismatchError

        if not isinstance(error, DimensionMismatchError):
            raise
    return rate(points * second)


def mean_counts(rate: Any, edges: Floats, where: str) -> Floats:
    """Integrate a rate over bins: the expected spike counts, shape (n_bins,)."""
    if not callable(rate):
        result: Floats = float(rate) * np.diff(edges)
        return result
    known = getattr(rate, "integral", None)
    if known is not None:
        given: Floats = known(edges)
        return given
    return bin_integrals(lambda times: rate_at(rate, times, where), edges)


def rate_bound(rate: Any, t_start: float, t_stop: float, where: str) -> float:
    """Give a bound of the rate in Hz within the window: exact, declared, or looked for, with 20 % of headroom.

    A function is evaluated on a grid and at scattered points that share no period with it, then closer and closer
    around the largest values and the sharpest bends. A peak that neither shows on the grid nor meets a scattered point
    is not found: only a declared bound is certain.
    """
    if not callable(rate):
        return float(rate)
    declared = getattr(rate, "maximum", None)
    if declared is not None:
        return float(declared)
    length = t_stop - t_start
    n = int(np.clip(np.ceil(length / _SPACING) + 1, _FEWEST, _MOST))
    grid = np.linspace(t_start, t_stop, n)
    values = rate_at(rate, grid, where)
    scattered = t_start + length * (np.arange(1, min(n, _SCATTERED) + 1) * _GOLDEN % 1)
    elsewhere = rate_at(rate, scattered, where)
    best = max(float(values.max()), float(elsewhere.max()))
    inner = values[1:-1]
    peaks = np.flatnonzero((inner >= values[:-2]) & (inner >= values[2:])) + 1
    bends = np.flatnonzero((inner > values[:-2]) | (inner > values[2:])) + 1
    bend = np.abs(2 * values[bends] - values[bends - 1] - values[bends + 1])
    centers = np.concatenate(
        [
            grid[peaks[np.argsort(values[peaks])[-_CANDIDATES:]]],
            grid[bends[np.argsort(bend)[-_CANDIDATES:]]],
            scattered[np.argsort(elsewhere)[-_CANDIDATES:]],
        ]
    )
    step = length / (n - 1)
    for _ in range(_ROUNDS):
        around = np.clip(centers[:, None] + np.linspace(-step, step, 33), t_start, t_stop)
        found = rate_at(rate, around.ravel(), where).reshape(around.shape)
        centers = around[np.arange(len(around)), found.argmax(axis=1)]
        best = max(best, float(found.max()))
        step /= 8
    return _HEADROOM * best


def poisson_points(
    rng: np.random.Generator,
    rate: Any,
    t_start: float,
    t_stop: float,
    n_trains: int,
    where: str,
    *,
    factor: float = 1.0,
) -> tuple[Floats, NDArray[np.int64]]:
    """Draw Poisson spikes of rate ``factor * rate`` in continuous time, by thinning where the rate is a function.

    Returns
    -------
    times : ndarray
        In seconds, not sorted.
    train : ndarray of int
        The train of each spike.

    Raises
    ------
    ValueError
        The rate exceeds the bound that was declared or found, or the bound asks for more candidates than fit into
        memory.
    """
    bound = rate_bound(rate, t_start, t_stop, where)
    expected = factor * bound * (t_stop - t_start)
    if expected * n_trains > _MOST_CANDIDATES:
        raise ValueError(
            f"{where} has a bound of {bound:.6g} Hz, so that {n_trains} trains of {t_stop - t_start:g} s would take "
            f"{expected * n_trains:.3g} candidate spikes; sample fewer trials or a shorter window at a time"
        )
    train = np.repeat(np.arange(n_trains), rng.poisson(expected, size=n_trains))
    times = rng.uniform(t_start, t_stop, size=len(train))
    keep = accept(rng, rate, times, bound, where)
    return times[keep], train[keep]


def accept(rng: np.random.Generator, rate: Any, times: Floats, bound: float, where: str) -> NDArray[np.bool_]:
    """Thin candidates drawn at the rate `bound` down to the rate wanted."""
    if not callable(rate):
        return np.ones(len(times), dtype=bool)
    values = rate_at(rate, times, where)
    above = values > bound * (1 + 1e-12)
    if above.any():
        first = int(above.argmax())
        raise ValueError(
            f"{where} must not exceed its bound of {bound:.6g} Hz, got {values[first]:.6g} Hz at {times[first]:.6g} s; "
            "say the largest rate with BoundedRate(function, bound)"
        )
    return rng.random(len(times)) * bound < values
