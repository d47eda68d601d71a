"""Rates and kernels given as arrays: constant in equal steps, with integrals in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats
from spikelearn.parameters.foreign import carries_dimension, unmasked
from spikelearn.parameters.units import seconds, si_value

__all__ = ["StepKernel", "StepRate"]


@dataclass(frozen=True, eq=False)
class StepRate:
    """A rate given as an array: ``values[k]`` from ``t_start + k*dt`` to ``t_start + (k + 1)*dt``.

    Before the first step it has the first value, after the last step the last one.

    Parameters
    ----------
    values : array_like, shape (steps,)
        In Hz, not negative.
    dt : Quantity
        Length of a step.
    t_start : Quantity or float
        Begin of the first step, in seconds.

    Raises
    ------
    ValueError
        The values are no finite rates in one dimension, or a step is not positive.

    Examples
    --------
    >>> rate = StepRate([20.0, 60.0], dt="10 ms")
    >>> rate(np.array([-1.0, 0.005, 0.015])), rate.integral(np.array([0.0, 0.015]))
    (array([20., 20., 60.]), array([0.5]))
    """

    values: Any
    dt: Any
    t_start: Any = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _levels(self.values, "StepRate.values"))
        object.__setattr__(self, "dt", _step(self.dt, "StepRate.dt"))
        object.__setattr__(self, "t_start", seconds(self.t_start, "StepRate.t_start"))

    @property
    def breaks(self) -> Floats:
        """Times at which the rate may jump, and the begin and end of the array, in seconds."""
        result: Floats = self.t_start + np.arange(len(self.values) + 1) * self.dt
        return result

    @property
    def maximum(self) -> float:
        """The largest rate in Hz."""
        return float(self.values.max())

    def __call__(self, times: ArrayLike) -> Floats:
        """Give the rate in Hz at times in seconds."""
        place = np.searchsorted(self.breaks, np.asarray(times, dtype=np.float64), side="right") - 1
        result: Floats = self.values[np.clip(place, 0, len(self.values) - 1)]
        return result

    def integral(self, edges: Floats) -> Floats:
        """Integrate over bins: the expected counts, shape (bins,)."""
        grown = np.concatenate([[0.0], np.cumsum(self.values * self.dt)])
        inside = np.interp(edges, self.breaks, grown)
        before = np.minimum(edges - self.breaks[0], 0.0) * self.values[0]
        after = np.maximum(edges - self.breaks[-1], 0.0) * self.values[-1]
        result: Floats = np.diff(inside + before + after)
        return result


@dataclass(frozen=True, eq=False)
class StepKernel:
    """A causal kernel given as an array: ``values[k]`` for lags from ``first_lag + k*dt`` on, and zero elsewhere.

    Parameters
    ----------
    values : array_like, shape (steps,)
        In Hz, not negative.
    dt : Quantity
        Length of a step.
    first_lag : Quantity or float
        Lag of the first step, in seconds, not negative.

    Raises
    ------
    ValueError
        A value is negative or not finite, a step is not positive, or the kernel begins before lag 0.

    Examples
    --------
    >>> kernel = StepKernel([30.0, 10.0], dt="10 ms")
    >>> round(kernel.area, 9), kernel(np.array([-0.001, 0.0, 0.015, 0.02]))
    (0.4, array([ 0., 30., 10.,  0.]))
    """

    values: Any
    dt: Any
    first_lag: Any = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _levels(self.values, "StepKernel.values"))
        object.__setattr__(self, "dt", _step(self.dt, "StepKernel.dt"))
        first = seconds(self.first_lag, "StepKernel.first_lag")
        if first < 0:
            raise ValueError(f"StepKernel.first_lag must not be negative, or the kernel is not causal, got {first} s")
        object.__setattr__(self, "first_lag", first)

    @property
    def breaks(self) -> Floats:
        """Lags at which the kernel may jump, in seconds."""
        result: Floats = self.first_lag + np.arange(len(self.values) + 1) * self.dt
        return result

    @property
    def memory(self) -> float:
        """Where the kernel ends, in seconds."""
        return float(self.breaks[-1])

    @property
    def reach(self) -> float:
        """Where the kernel ends, in seconds."""
        return self.memory

    @property
    def scale(self) -> float:
        """The time over which the kernel changes, in seconds; the quadrature cuts at its jumps."""
        return self.memory

    @property
    def area(self) -> float:
        """Integral of the kernel."""
        return float(self.values.sum() * self.dt)

    def __call__(self, lags: ArrayLike) -> Floats:
        """Give the kernel in Hz at lags in seconds."""
        place = np.searchsorted(self.breaks, np.asarray(lags, dtype=np.float64), side="right") - 1
        padded = np.append(self.values, 0.0)
        result: Floats = np.where(place >= 0, padded[np.clip(place, 0, len(self.values))], 0.0)
        return result

    def between(self, first: Floats, last: Floats) -> Floats:
        """Integrate the kernel from lag `first` to lag `last`."""
        grown = np.concatenate([[0.0], np.cumsum(self.values * self.dt)])
        result: Floats = np.interp(last, self.breaks, grown) - np.interp(first, self.breaks, grown)
        return result

    def delays(self, rng: np.random.Generator, size: int) -> Floats:
        """Draw delays whose density is the kernel over its area."""
        step = rng.choice(len(self.values), size=size, p=self.values / self.values.sum())
        result: Floats = self.first_lag + (step + rng.random(size)) * self.dt
        return result


def _levels(given: Any, where: str) -> Floats:
    given = si_value(given, "1 Hz", where) if carries_dimension(given) else unmasked(given, where)
    values = np.array(given, dtype=np.float64)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"{where} must be a sequence of rates, got shape {values.shape}")
    bad = ~((values >= 0) & np.isfinite(values))
    if bad.any():
        raise ValueError(f"{where} must be finite and not negative, got {values[int(bad.argmax())]} Hz")
    values.setflags(write=False)
    return values


def _step(given: Any, where: str) -> float:
    step = seconds(given, where)
    if not 0 < step < np.inf:
        raise ValueError(f"{where} must be positive, got {given}")
    return step
