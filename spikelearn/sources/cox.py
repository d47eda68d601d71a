"""Cells driven by a gain that wanders within a trial: Poisson given an Ornstein-Uhlenbeck or a gamma process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats
from spikelearn.parameters.fields import quantity, validate_parameters
from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.seeds import generator
from spikelearn.parameters.shapes import fields_html
from spikelearn.sources import brian
from spikelearn.sources.expectation import modulated_covariance
from spikelearn.sources.rates import accept, checked_rate, rate_bound
from spikelearn.sources.sampling import collect, read_span
from spikelearn.sources.source import Source

if TYPE_CHECKING:
    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["GammaModulatedPoisson", "OUModulatedPoisson"]


@dataclass(frozen=True)
class OUModulatedPoisson(Source):
    """Poisson cells whose gain follows an Ornstein-Uhlenbeck process.

    The process x sets the gain through a probit, ``2 Phi(sigma x)``.
    The gain lies between 0 and 2, so that the rate never turns negative and thinning is exact; its mean is 1 and its
    covariance ``(2/pi) arcsin(z exp(-|u|/tau))`` with ``z = sigma^2/(1 + sigma^2) = sin(pi gamma^2/2)``, by the
    orthant probability of two correlated Gaussians.

    Parameters
    ----------
    rate : Quantity or callable
        Mean rate of every cell, or a function from times in seconds to rates in Hz.
    gamma : float
        Standard deviation of the gain, between 0 and 1.
    tau : Quantity
        Time constant of the process.
    shared : bool
        Whether the cells of a trial have the same gain.

    Raises
    ------
    ValueError
        A unit or range is wrong.

    Examples
    --------
    >>> OUModulatedPoisson(rate="20 Hz", gamma=0.5, tau="50 ms").autocovariance([0.0]).values
    array([100.])
    """

    rate: Any = "20 Hz"
    gamma: Any = quantity("0.5", positive=True, doc="standard deviation of the gain, below 1")
    tau: Any = quantity("50 ms", positive=True, doc="time constant of the gain")
    shared: bool = True

    _repr_html_ = fields_html

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", checked_rate(self.rate, "OUModulatedPoisson.rate"))
        validate_parameters(self)
        if self.gamma >= 1:
            raise ValueError(
                f"OUModulatedPoisson.gamma must be below 1, the limit of a gain between 0 and 2, got {self.gamma}"
            )

    @property
    def sigma(self) -> float:
        """The slope of the probit, ``sigma^2 = z/(1 - z)``."""
        z = np.sin(np.pi * self.gamma**2 / 2)
        return float(np.sqrt(z / (1 - z)))

    def sample(
        self, n_trials: int, t_start: Any = 0.0, t_stop: Any = 1.0, seed: int | None = None, *, n_units: int = 2
    ) -> SpikeTrains:
        """Draw spikes exactly in continuous time; see `Source.sample`.

        Candidates at twice the mean rate are kept with probability ``Phi(sigma x)``; x is drawn at the candidates
        from its exact transition density and nowhere else.
        """
        where = "OUModulatedPoisson"
        trials = whole_number(f"{where}.sample: n_trials", n_trials, at_least=1)
        units = whole_number(f"{where}.sample: n_units", n_units, at_least=1)
        start, stop = read_span(t_start, t_stop, f"{where}.sample")
        rng = generator(seed)
        bound = rate_bound(self.rate, start, stop, f"{where}.rate")
        train = np.repeat(np.arange(trials * units), rng.poisson(2 * bound * (stop - start), trials * units))
        times = rng.uniform(start, stop, size=len(train))
        keep = accept(rng, self.rate, times, bound, f"{where}.rate")
        times, train = times[keep], train[keep]
        process = train // units if self.shared else train
        order = np.lexsort((times, process))
        times, train = times[order], train[order]
        x = _stationary_ou(rng, times, process[order], float(self.tau))
        fired = rng.standard_normal(len(x)) < self.sigma * x
        return collect(times[fired], train[fired], trials, units, start, stop)

    def brian_group(
        self, n_trials: int, dt: Any, *, n_units: int = 2, duration: Any = None, t_start: Any = 0.0, seed: int = 0
    ) -> Any:
        """Build Brian2 objects that fire like this source; see `Source.brian_group`."""
        return brian.ou_group(self, n_trials, n_units, dt, duration, t_start, seed)

    def _correlation(self, lags: Floats) -> Floats:
        z = np.sin(np.pi * self.gamma**2 / 2) * np.exp(-np.abs(lags) / float(self.tau))
        result: Floats = 2 / np.pi * np.arcsin(z)
        return result

    def count_covariance(self, edges: Floats) -> Floats:
        """Give the covariance of the integrated intensity over bins, shape (bins, bins)."""
        return modulated_covariance(self.rate, self._correlation, edges, float(self.tau), "OUModulatedPoisson.rate")

    def intensity_covariance(self, first: Floats, second: Floats) -> Floats:
        """Give the covariance of the intensity at pairs of times, Hz^2."""
        return self.expected_rate(first) * self.expected_rate(second) * self._correlation(second - first)


@dataclass(frozen=True)
class GammaModulatedPoisson(Source):
    """Poisson cells whose gain is a stationary gamma process with exponential memory.

    The gain decays with the time constant tau and jumps, at Poisson times of rate ``1/(gamma^2 tau)``, by
    exponentially distributed amounts of mean ``gamma^2``: a gamma-distributed gain of mean 1 and variance
    ``gamma^2`` at every moment, with the covariance ``gamma^2 exp(-|u|/tau)``.

    Parameters
    ----------
    rate : Quantity or callable
        Mean rate of every cell, or a function from times in seconds to rates in Hz.
    gamma : float
        Standard deviation of the gain.
    tau : Quantity
        Time constant of the gain.
    shared : bool
        Whether the cells of a trial have the same gain.

    Raises
    ------
    ValueError
        A unit or range is wrong.

    References
    ----------
    Barndorff-Nielsen and Shephard (2001), J. R. Stat. Soc. B 63, 167-241: gamma-distributed processes of the
    Ornstein-Uhlenbeck kind.

    Examples
    --------
    >>> GammaModulatedPoisson(rate="20 Hz", gamma=0.5, tau="50 ms").autocovariance([0.0]).values
    array([100.])
    """

    rate: Any = "20 Hz"
    gamma: Any = quantity("0.5", positive=True, doc="standard deviation of the gain")
    tau: Any = quantity("50 ms", positive=True, doc="time constant of the gain")
    shared: bool = True

    _repr_html_ = fields_html

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", checked_rate(self.rate, "GammaModulatedPoisson.rate"))
        validate_parameters(self)

    def sample(
        self, n_trials: int, t_start: Any = 0.0, t_stop: Any = 1.0, seed: int | None = None, *, n_units: int = 2
    ) -> SpikeTrains:
        """Draw spikes exactly in continuous time; see `Source.sample`.

        The gain at the begin is drawn from its stationary distribution; it and every jump then give a Poisson number
        of candidates with exponentially distributed delays, which is what a decaying intensity means.
        """
        where = "GammaModulatedPoisson"
        trials = whole_number(f"{where}.sample: n_trials", n_trials, at_least=1)
        units = whole_number(f"{where}.sample: n_units", n_units, at_least=1)
        start, stop = read_span(t_start, t_stop, f"{where}.sample")
        rng = generator(seed)
        tau, variance = float(self.tau), self.gamma**2
        processes, cells = (trials, units) if self.shared else (trials * units, 1)
        jumps = np.repeat(np.arange(processes), rng.poisson((stop - start) / (variance * tau), processes))
        owner = np.concatenate([np.arange(processes), jumps])
        begin = np.concatenate([np.full(processes, start), rng.uniform(start, stop, len(jumps))])
        height = np.concatenate([rng.gamma(1 / variance, variance, processes), rng.exponential(variance, len(jumps))])
        bound = rate_bound(self.rate, start, stop, f"{where}.rate")
        reach = -np.expm1(-(stop - begin) / tau)
        cluster = np.repeat(np.arange(len(owner)), rng.poisson(cells * bound * tau * height * reach))
        times = begin[cluster] - tau * np.log1p(-rng.random(len(cluster)) * reach[cluster])
        train = owner[cluster] * cells + rng.integers(cells, size=len(cluster))
        keep = accept(rng, self.rate, times, bound, f"{where}.rate")
        return collect(times[keep], train[keep], trials, units, start, stop)

    def brian_group(
        self, n_trials: int, dt: Any, *, n_units: int = 2, duration: Any = None, t_start: Any = 0.0, seed: int = 0
    ) -> Any:
        """Build Brian2 objects that fire like this source; see `Source.brian_group`."""
        return brian.gamma_group(self, n_trials, n_units, dt, duration, t_start, seed)

    def _correlation(self, lags: Floats) -> Floats:
        result: Floats = self.gamma**2 * np.exp(-np.abs(lags) / float(self.tau))
        return result

    def count_covariance(self, edges: Floats) -> Floats:
        """Give the covariance of the integrated intensity over bins, shape (bins, bins)."""
        return modulated_covariance(self.rate, self._correlation, edges, float(self.tau), "GammaModulatedPoisson.rate")

    def intensity_covariance(self, first: Floats, second: Floats) -> Floats:
        """Give the covariance of the intensity at pairs of times, Hz^2."""
        return self.expected_rate(first) * self.expected_rate(second) * self._correlation(second - first)


def _stationary_ou(rng: np.random.Generator, times: Floats, process: NDArray[np.int64], tau: float) -> Floats:
    """Draw unit-variance stationary Ornstein-Uhlenbeck values at times sorted within each process.

    The recurrence ``x_i = a_i x_(i-1) + b_i`` is summed by doubling: after s steps every x_i holds the last 2^s terms,
    so a chain of n values takes log2 n passes over the array.
    """
    n = len(times)
    factor = np.zeros(n)
    same = process[1:] == process[:-1]
    factor[1:][same] = np.exp(-np.diff(times)[same] / tau)
    value = np.sqrt((1 - factor) * (1 + factor)) * rng.standard_normal(n)
    step = 1
    while step < n and factor[step:].any():
        carried = factor[step:] * value[:-step]
        factor[step:] = factor[step:] * factor[:-step]
        value[step:] += carried
        step *= 2
    return value
