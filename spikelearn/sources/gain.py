"""Cells that share a gain which varies from trial to trial: doubly stochastic Poisson."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.parameters.fields import quantity, validate_parameters
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.seeds import generator
from spikelearn.parameters.shapes import fields_html
from spikelearn.sources import brian
from spikelearn.sources.rates import accept, checked_rate, mean_counts, rate_bound
from spikelearn.sources.sampling import collect, read_span
from spikelearn.sources.source import Source

if TYPE_CHECKING:
    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["GAIN_DISTRIBUTIONS", "GainModulatedPoisson", "draw_gains"]


GAIN_DISTRIBUTIONS = ("gamma", "lognormal")


@dataclass(frozen=True)
class GainModulatedPoisson(Source):
    """Poisson cells whose rate is scaled, on each trial, by one random gain of mean 1.

    With ``Lam_m`` the integral of the rate over bin m, ``E J_mn = (1 + gamma^2) Lam_m Lam_n`` and
    ``Var n_m = Lam_m + gamma^2 Lam_m^2``; the Fano factor is ``1 + gamma^2 Lam``.

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

    _repr_html_ = fields_html

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
        """Draw spikes exactly in continuous time; see `Source.sample`."""
        trials = whole_number("GainModulatedPoisson.sample: n_trials", n_trials, at_least=1)
        units = whole_number("GainModulatedPoisson.sample: n_units", n_units, at_least=1)
        start, stop = read_span(t_start, t_stop, "GainModulatedPoisson.sample")
        rng = generator(seed)
        gains = draw_gains(rng, self.gamma, self.distribution, trials if self.shared else trials * units)
        per_train = np.repeat(gains, units) if self.shared else gains
        bound = rate_bound(self.rate, start, stop, "GainModulatedPoisson.rate")
        train = np.repeat(np.arange(trials * units), rng.poisson(bound * (stop - start) * per_train))
        times = rng.uniform(start, stop, size=len(train))
        keep = accept(rng, self.rate, times, bound, "GainModulatedPoisson.rate")
        return collect(times[keep], train[keep], trials, units, start, stop)

    def brian_group(
        self, n_trials: int, dt: Any, *, n_units: int = 2, duration: Any = None, t_start: Any = 0.0, seed: int = 0
    ) -> Any:
        """Build Brian2 objects that fire like this source; see `Source.brian_group`."""
        return brian.gain_group(self, n_trials, n_units, dt, duration, t_start, seed)

    def count_covariance(self, edges: Floats) -> Floats:
        """Give the covariance of the integrated intensity over bins, shape (bins, bins)."""
        counts = mean_counts(self.rate, edges, "GainModulatedPoisson.rate")
        result: Floats = self.gamma**2 * np.outer(counts, counts)
        return result

    def intensity_covariance(self, first: Floats, second: Floats) -> Floats:
        """Give the covariance of the intensity at pairs of times, Hz^2."""
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
