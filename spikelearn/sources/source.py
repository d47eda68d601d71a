"""What every spike source has: moments that follow from its rate and its covariances, and ways to run it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from spikelearn.arrays import Floats
from spikelearn.parameters.fields import field_values
from spikelearn.simulation.simulable import Runner
from spikelearn.sources.expectation import autocovariance_array, expected_dataset, fano, span_of
from spikelearn.sources.rates import rate_at

if TYPE_CHECKING:
    import xarray as xr

    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["Source"]


class Source(ABC):
    """A source of spikes in trials: cells with a mean rate, and covariances of their counts and intensities.

    A source is a frozen dataclass with a field ``rate``; where its cells share what modulates them, ``shared`` is true.
    It gives `sample`, `brian_group`, `count_covariance` and `intensity_covariance`; everything else follows from these.
    """

    rate: Any

    @abstractmethod
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

    @abstractmethod
    def brian_group(
        self, n_trials: int, dt: Any, *, n_units: int = 2, duration: Any = None, t_start: Any = 0.0, seed: int = 0
    ) -> tuple[Any, ...]:
        """Build Brian2 objects that fire like this source; see `spikelearn.sources.brian`.

        Returns
        -------
        tuple of NeuronGroup
            First the cells, neuron ``trial * n_units + unit``.
        """

    @abstractmethod
    def count_covariance(self, edges: Floats) -> Floats:
        """Give the covariance of the integrated intensity over bins of these edges, shape (bins, bins)."""

    @abstractmethod
    def intensity_covariance(self, first: Floats, second: Floats) -> Floats:
        """Give the covariance of the intensity at pairs of times, Hz^2; the arrays are broadcast."""

    def check_window(self, window: Any) -> None:
        """Refuse what is no window (a duration or a pair of times), or where parameters contradict each other."""
        span_of(window, self._name)

    def expected_rate(self, times: ArrayLike = 0.0) -> Floats:
        """Give the mean rate in Hz at times in seconds."""
        return rate_at(self.rate, times, f"{self._name}.rate")

    def expected_jpsth(
        self,
        bin_size: Any = 0.01,
        window: Any = (0.0, 1.0),
        *,
        limit: str | None = None,
        n_trials: int | None = None,
        half_width: Any = 0.0,
    ) -> xr.Dataset:
        """Give the JPSTH that is expected, exact within the bins, under the names of `jpsth`.

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
        self.check_window(window)
        return expected_dataset(
            self.rate,
            bin_size,
            window,
            count_covariance=self.count_covariance,
            intensity_covariance=self.intensity_covariance,
            shared=bool(getattr(self, "shared", False)),
            limit=limit,
            n_trials=n_trials,
            half_width=half_width,
            where=self._name,
        )

    def fano_factor(self, window: Any = 1.0) -> float:
        """Give the variance over the mean of the count in a window (a duration or a pair of times)."""
        return fano(self.rate, self.count_covariance, window, self._name)

    def autocovariance(self, lags: ArrayLike, time: Any = 0.0) -> xr.DataArray:
        """Give the covariance density in Hz^2 at nonzero lags in seconds."""
        return autocovariance_array(self.rate, self.intensity_covariance, lags, time, self._name)

    @property
    def parameters(self) -> dict[str, Any]:
        """Value of every parameter by name."""
        return field_values(self)

    @property
    def equations(self) -> str:
        """No equations: a source is sampled; its Brian2 objects are made by `brian_group`."""
        return ""

    @property
    def recordable(self) -> dict[str, str]:
        """Variables that can be recorded: none beside the spikes."""
        return {}

    @property
    def settable(self) -> dict[str, str]:
        """Variables that `Initial` can set: none, since a source is stationary from the start."""
        return {}

    @property
    def default_dt(self) -> float:
        """Time step of a run on Brian2 that does not say one: 0.1 ms."""
        return 1e-4

    @property
    def run_options(self) -> dict[str, str]:
        """Arguments of `simulate` that apply to it beyond the common ones."""
        return {"n_trials": "number of trials, 1 if left out", "n_units": "cells in each trial, 2 if left out"}

    @property
    def engines(self) -> dict[str, Runner]:
        """Engines that can run it: its exact sampler, and Brian2."""
        from spikelearn.sources.engines import run_exactly, run_on_brian

        return {"exact": run_exactly, "brian2": run_on_brian}

    def check_initial(self, states: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Refuse any state: a source has run for ever."""
        if states:
            raise ValueError(f"{self._name} starts in one way only, got the states {sorted(states)}")

    @property
    def _name(self) -> str:
        return type(self).__name__
