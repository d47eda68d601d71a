"""Causal positive kernels through which a drive spike raises a rate: area, integrals, and delays drawn from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats
from spikelearn.sources.quadrature import bin_integrals

__all__ = ["ExponentialKernel", "FiniteKernel"]


@dataclass(frozen=True)
class ExponentialKernel:
    """The kernel ``k(u) = (area/tau) exp(-u/tau)`` for ``u >= 0``.

    Parameters
    ----------
    area : float
        Its integral: spikes that one drive spike adds where alpha is 1.
    tau : float
        Seconds.
    """

    area: float
    tau: float

    @property
    def reach(self) -> float:
        """Where the kernel has fallen to the rounding error of its peak, in seconds."""
        return 40 * self.tau

    @property
    def breaks(self) -> Floats:
        """Lags at which the kernel jumps, in seconds."""
        return np.zeros(1)

    @property
    def scale(self) -> float:
        """The time over which the kernel changes, in seconds."""
        return self.tau

    def __call__(self, lags: ArrayLike) -> Floats:
        """Give the kernel in Hz at lags in seconds; zero at negative lags."""
        u = np.asarray(lags, dtype=np.float64)
        result: Floats = np.where(u >= 0, self.area / self.tau * np.exp(-np.maximum(u, 0) / self.tau), 0.0)
        return result

    def between(self, first: Floats, last: Floats) -> Floats:
        """Integrate the kernel from lag `first` to lag `last`."""
        low, high = np.maximum(first, 0), np.maximum(last, 0)
        result: Floats = self.area * np.exp(-low / self.tau) * -np.expm1(-(high - low) / self.tau)
        return result

    def delays(self, rng: np.random.Generator, size: int) -> Floats:
        """Draw delays whose density is the kernel over its area."""
        return rng.exponential(self.tau, size)


@dataclass(frozen=True)
class FiniteKernel:
    """A kernel given as a function, zero after a finite memory.

    Parameters
    ----------
    function : callable
        From an array of lags in seconds to values in Hz, not negative.
    memory : float
        Seconds; the function counts from lag 0 to here.
    where : str
        For error messages.
    """

    function: Callable[[Floats], Any]
    memory: float
    where: str

    @property
    def reach(self) -> float:
        """Where the kernel ends, in seconds."""
        return self.memory

    @property
    def breaks(self) -> Floats:
        """Lags at which the kernel begins and ends, in seconds."""
        return np.array([0.0, self.memory])

    @property
    def scale(self) -> float:
        """The time over which the kernel changes, in seconds: a guess, which the quadrature refines."""
        return self.memory / 8

    @property
    def area(self) -> float:
        """Integral of the kernel."""
        return float(bin_integrals(self.__call__, np.array([0.0, self.memory]))[0])

    def __call__(self, lags: ArrayLike) -> Floats:
        """Give the kernel in Hz at lags in seconds; zero at negative lags and after the memory.

        Raises
        ------
        ValueError
            The function gives a negative or infinite value.
        """
        u = np.asarray(lags, dtype=np.float64)
        inside = (u >= 0) & (u < self.memory)
        values = np.zeros(u.shape)
        values[inside] = np.asarray(self.function(u[inside]), dtype=np.float64)
        if not ((values >= 0) & np.isfinite(values)).all():
            raise ValueError(f"{self.where} must be finite and not negative, got {values.min()} Hz")
        return values

    def between(self, first: Floats, last: Floats) -> Floats:
        """Integrate the kernel from lag `first` to lag `last`."""
        low, high = np.broadcast_arrays(np.clip(first, 0, self.memory), np.clip(last, 0, self.memory))
        points, place = np.unique(np.concatenate([[0.0], low.ravel(), high.ravel()]), return_inverse=True)
        if len(points) < 2:
            return np.zeros(low.shape)
        grown = np.concatenate([[0.0], np.cumsum(bin_integrals(self.__call__, points))])[place.ravel()]
        result: Floats = (grown[1 + low.size :] - grown[1 : 1 + low.size]).reshape(low.shape)
        return result

    def delays(self, rng: np.random.Generator, size: int) -> Floats:
        """Draw delays whose density is the kernel over its area, by rejection under a bound found on a grid.

        Raises
        ------
        ValueError
            The kernel has a peak too narrow for the grid.
        """
        bound = 1.1 * float(self(np.linspace(0, self.memory, 4001)).max())
        found = np.empty(0)
        while len(found) < size:
            lags = rng.uniform(0, self.memory, 2 * (size - len(found)) + 16)
            values = self(lags)
            if (values > bound).any():
                raise ValueError(f"{self.where} must not have a peak narrower than 1/4000 of its memory")
            found = np.concatenate([found, lags[rng.random(len(lags)) * bound < values]])
        return found[:size]
