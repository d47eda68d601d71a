"""Independent Poisson cells: the source whose JPSTH is the product of the PSTHs and nothing more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats
from spikelearn.parameters.fields import quantity, validate_parameters
from spikelearn.sources import brian
from spikelearn.sources.expectation import autocovariance_array, expected_dataset, fano
from spikelearn.sources.rates import checked_rate, poisson_points, rate_at
from spikelearn.sources.sampling import collect, count_argument, read_span

if TYPE_CHECKING:
    import xarray as xr

    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["HomogeneousPoisson", "InhomogeneousPoisson"]


@dataclass(frozen=True)
class InhomogeneousPoisson:
    """Independent Poisson cells with one rate, a number or a function of time.

    Parameters
    ----------
    rate : Quantity or callable
        Rate of every cell, or a function from an array of times in seconds to rates in Hz; see also `BoundedRate`.

    Raises
    ------
    ValueError
        The rate is negative, not finite, or has another unit.

    References
    ----------
    002 Q3.1.

    Examples
    --------
    >>> source = InhomogeneousPoisson(rate=lambda t: 20 + 10 * np.sin(2 * np.pi * t))
    >>> trains = source.sample(100, t_start=0.0, t_stop=1.0, seed=0)
    >>> trains.n_trials, trains.n_units
    (100, 2)
    >>> bool(source.expected_jpsth(0.1).corrected.any())
    False
    """

    rate: Any = "20 Hz"

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", checked_rate(self.rate, f"{type(self).__name__}.rate"))

    def sample(
        self, n_trials: int, t_start: Any = 0.0, t_stop: Any = 1.0, seed: int | None = None, *, n_units: int = 2
    ) -> SpikeTrains:
        """Draw spikes exactly in continuous time.

        Parameters
        ----------
        n_trials, n_units : int
            Trials, and cells in each.
        t_start, t_stop : float or Quantity
            The half-open window, in seconds.
        seed : int, optional
            For `numpy.random.default_rng`.

        Raises
        ------
        ValueError
            The window is empty, or a function of time is negative or exceeds its bound.
        """
        return sample_poisson(self.rate, n_trials, n_units, t_start, t_stop, seed, type(self).__name__)

    def expected_rate(self, times: ArrayLike = 0.0) -> Floats:
        """Give the mean rate in Hz at times in seconds."""
        return rate_at(self.rate, times, f"{type(self).__name__}.rate")

    def expected_jpsth(
        self,
        bin_size: Any = 0.01,
        window: Any = (0.0, 1.0),
        *,
        limit: str | None = None,
        n_trials: int | None = None,
        half_width: Any = 0.0,
    ) -> xr.Dataset:
        """Give the JPSTH that is expected, ``E J_mn = Lam_m Lam_n`` (002 Q3.1), under the names of `jpsth`.

        See `GainModulatedPoisson.expected_jpsth` for the parameters.
        """
        return expected_dataset(
            self.rate,
            bin_size,
            window,
            count_covariance=no_covariance,
            intensity_covariance=lambda first, second: np.zeros(np.broadcast_shapes(first.shape, second.shape)),
            shared=False,
            limit=limit,
            n_trials=n_trials,
            half_width=half_width,
            where=type(self).__name__,
        )

    def fano_factor(self, window: Any = 1.0) -> float:
        """Give the variance over the mean of the spike count: 1 in any window where spikes are expected."""
        return fano(self.rate, no_covariance, window, type(self).__name__)

    def autocovariance(self, lags: ArrayLike, time: Any = 0.0) -> xr.DataArray:
        """Give the covariance density in Hz^2 at nonzero lags in seconds: none."""
        return autocovariance_array(
            self.rate,
            lambda first, second: np.zeros(np.broadcast_shapes(first.shape, second.shape)),
            lags,
            time,
            type(self).__name__,
        )

    def brian_group(
        self, n_trials: int, dt: Any, *, n_units: int = 2, duration: Any = None, t_start: Any = 0.0, seed: int = 0
    ) -> Any:
        """Build Brian2 objects that fire like this source; see `spikelearn.sources.brian`.

        Returns
        -------
        tuple of NeuronGroup
            First the cells, neuron ``trial * n_units + unit``.
        """
        return brian.poisson_group(self.rate, n_trials, n_units, dt, duration, t_start, seed, type(self).__name__)


@dataclass(frozen=True)
class HomogeneousPoisson(InhomogeneousPoisson):
    """Independent Poisson cells with a constant rate.

    Parameters
    ----------
    rate : Quantity
        Rate of every cell.

    Examples
    --------
    >>> HomogeneousPoisson(rate="50 Hz").fano_factor("100 ms")
    1.0
    """

    rate: Any = quantity("20 Hz", nonnegative=True, doc="rate of every cell")

    def __post_init__(self) -> None:
        validate_parameters(self)


def sample_poisson(
    rate: Any, n_trials: int, n_units: int, t_start: Any, t_stop: Any, seed: int | None, where: str
) -> SpikeTrains:
    """Draw independent Poisson trains with one rate."""
    trials = count_argument(n_trials, f"{where}.sample: n_trials")
    units = count_argument(n_units, f"{where}.sample: n_units")
    start, stop = read_span(t_start, t_stop, f"{where}.sample")
    rng = np.random.default_rng(seed)
    times, train = poisson_points(rng, rate, start, stop, trials * units, f"{where}.rate")
    return collect(times, train, trials, units, start, stop)


def no_covariance(edges: Floats) -> Floats:
    """Give the covariance of the integrals of a certain intensity: zero."""
    return np.zeros((len(edges) - 1, len(edges) - 1))
