"""Cells that share a gain which varies from trial to trial: doubly stochastic Poisson."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats
from spikelearn.parameters.fields import quantity, validate_parameters
from spikelearn.parameters.names import unknown_name
from spikelearn.sources import brian
from spikelearn.sources.expectation import autocovariance_array, expected_dataset, fano
from spikelearn.sources.rates import accept, checked_rate, mean_counts, rate_at, rate_bound
from spikelearn.sources.sampling import collect, count_argument, read_span

if TYPE_CHECKING:
    import xarray as xr

    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["GAIN_DISTRIBUTIONS", "GainModulatedPoisson", "draw_gains"]


GAIN_DISTRIBUTIONS = ("gamma", "lognormal")


@dataclass(frozen=True)
class GainModulatedPoisson:
    """Poisson cells whose rate is scaled, on each trial, by one random gain of mean 1.

    Parameters
    ----------
    rate : Quantity or callable
        Mean rate of every cell, or a function from times in seconds to rates in Hz.
    gamma : float
        Standard deviation of the gain.
    distribution : {"gamma", "lognormal"}
        Of the gain; the expected JPSTH depends on its variance alone.
    shared : bool
        Whether the cells of a trial have the same gain.

    Raises
    ------
    ValueError
        A unit or range is wrong, or the distribution is unknown.

    References
    ----------
    002 Q3.2.

    Examples
    --------
    >>> source = GainModulatedPoisson(rate="20 Hz", gamma=0.5)
    >>> source.fano_factor(1.0)
    6.0
    >>> round(float(source.expected_jpsth(0.1).normalized[0, 5]), 6)
    0.333333
    """

    rate: Any = "20 Hz"
    gamma: Any = quantity("0.5", nonnegative=True, doc="standard deviation of the gain")
    distribution: str = "gamma"
    shared: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", checked_rate(self.rate, "GainModulatedPoisson.rate"))
        validate_parameters(self)
        if self.distribution not in GAIN_DISTRIBUTIONS:
            raise ValueError(
                unknown_name("GainModulatedPoisson", "distribution", self.distribution, GAIN_DISTRIBUTIONS)
            )

    def sample(
        self, n_trials: int, t_start: Any = 0.0, t_stop: Any = 1.0, seed: int | None = None, *, n_units: int = 2
    ) -> SpikeTrains:
        """Draw spikes exactly in continuous time; see `InhomogeneousPoisson.sample`."""
        trials = count_argument(n_trials, "GainModulatedPoisson.sample: n_trials")
        units = count_argument(n_units, "GainModulatedPoisson.sample: n_units")
        start, stop = read_span(t_start, t_stop, "GainModulatedPoisson.sample")
        rng = np.random.default_rng(seed)
        gains = draw_gains(rng, self.gamma, self.distribution, trials if self.shared else trials * units)
        per_train = np.repeat(gains, units) if self.shared else gains
        bound = rate_bound(self.rate, start, stop, "GainModulatedPoisson.rate")
        train = np.repeat(np.arange(trials * units), rng.poisson(bound * (stop - start) * per_train))
        times = rng.uniform(start, stop, size=len(train))
        keep = accept(rng, self.rate, times, bound, "GainModulatedPoisson.rate")
        return collect(times[keep], train[keep], trials, units, start, stop)

    def expected_rate(self, times: ArrayLike = 0.0) -> Floats:
        """Give the mean rate in Hz at times in seconds."""
        return rate_at(self.rate, times, "GainModulatedPoisson.rate")

    def expected_jpsth(
        self,
        bin_size: Any = 0.01,
        window: Any = (0.0, 1.0),
        *,
        limit: str | None = None,
        n_trials: int | None = None,
        half_width: Any = 0.0,
    ) -> xr.Dataset:
        """Give the JPSTH that is expected, ``E J_mn = (1 + gamma^2) Lam_m Lam_n``, under the names of `jpsth`.

        ``Lam_m`` is the integral of the rate over bin m and ``Var n_m = Lam_m + gamma^2 Lam_m^2``.

        Parameters
        ----------
        bin_size : float or Quantity
            Width of the bins in seconds; must divide the window.
        window : pair of float or Quantity, or a duration
            The half-open window in seconds.
        limit : None or "slow"
            "slow" takes the rates as constant within a bin, at its centre, as the source document does.
        n_trials : int, optional
            Give the expectation of the plug-in estimate from so many trials, whose covariogram is smaller by
            ``1 - 1/n_trials``. "normalized" is the ratio of expectations.
        half_width : float or Quantity
            Of the coincidence histogram, as in `jpsth`.

        Returns
        -------
        xarray.Dataset

        Raises
        ------
        ValueError
            The bin size does not divide the window, or the limit is unknown.
        """
        return expected_dataset(
            self.rate,
            bin_size,
            window,
            count_covariance=self._count_covariance,
            intensity_covariance=self._intensity_covariance,
            shared=self.shared,
            limit=limit,
            n_trials=n_trials,
            half_width=half_width,
            where="GainModulatedPoisson",
        )

    def fano_factor(self, window: Any = 1.0) -> float:
        """Give the Fano factor ``1 + gamma^2 Lam`` of the count in a window (a duration or a pair of times)."""
        return fano(self.rate, self._count_covariance, window, "GainModulatedPoisson")

    def autocovariance(self, lags: ArrayLike, time: Any = 0.0) -> xr.DataArray:
        """Give the covariance density ``gamma^2 rho(t) rho(t + lag)`` in Hz^2 at nonzero lags in seconds."""
        return autocovariance_array(self.rate, self._intensity_covariance, lags, time, "GainModulatedPoisson")

    def brian_group(
        self, n_trials: int, dt: Any, *, n_units: int = 2, duration: Any = None, t_start: Any = 0.0, seed: int = 0
    ) -> Any:
        """Build Brian2 objects that fire like this source; see `InhomogeneousPoisson.brian_group`."""
        return brian.gain_group(self, n_trials, n_units, dt, duration, t_start, seed)

    def _count_covariance(self, edges: Floats) -> Floats:
        counts = mean_counts(self.rate, edges, "GainModulatedPoisson.rate")
        result: Floats = self.gamma**2 * np.outer(counts, counts)
        return result

    def _intensity_covariance(self, first: Floats, second: Floats) -> Floats:
        result: Floats = self.gamma**2 * self.expected_rate(first) * self.expected_rate(second)
        return result


def draw_gains(rng: np.random.Generator, gamma: float, distribution: str, size: int) -> Floats:
    """Draw gains of mean 1 and standard deviation `gamma`."""
    if gamma == 0:
        return np.ones(size)
    if distribution == "gamma":
        return rng.gamma(gamma**-2, gamma**2, size)
    spread = np.log1p(gamma**2)
    return rng.lognormal(-spread / 2, np.sqrt(spread), size)
