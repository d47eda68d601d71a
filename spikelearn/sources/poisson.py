"""Independent Poisson cells: the source whose JPSTH is the product of the PSTHs and nothing more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.parameters.fields import quantity, validate_parameters
from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.seeds import generator
from spikelearn.parameters.shapes import fields_html
from spikelearn.sources import brian
from spikelearn.sources.rates import checked_rate, poisson_points
from spikelearn.sources.sampling import collect, read_span
from spikelearn.sources.source import Source

if TYPE_CHECKING:
    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["HomogeneousPoisson", "InhomogeneousPoisson"]


@dataclass(frozen=True)
class InhomogeneousPoisson(Source):
    """Independent Poisson cells with one rate, a number or a function of time.

    Parameters
    ----------
    rate : Quantity or callable
        Rate of every cell, or a function from an array of times in seconds to rates in Hz; see also `BoundedRate`.
        With ``Lam_m`` its integral over bin m, ``E J_mn = Lam_m Lam_n``.

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

    _repr_html_ = fields_html

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", checked_rate(self.rate, f"{type(self).__name__}.rate"))

    def sample(
        self, n_trials: int, t_start: Any = 0.0, t_stop: Any = 1.0, seed: int | None = None, *, n_units: int = 2
    ) -> SpikeTrains:
        """Draw spikes exactly in continuous time; see `Source.sample`."""
        return sample_poisson(self.rate, n_trials, n_units, t_start, t_stop, seed, type(self).__name__)

    def brian_group(
        self, n_trials: int, dt: Any, *, n_units: int = 2, duration: Any = None, t_start: Any = 0.0, seed: int = 0
    ) -> Any:
        """Build Brian2 objects that fire like this source; see `Source.brian_group`."""
        return brian.poisson_group(self.rate, n_trials, n_units, dt, duration, t_start, seed, type(self).__name__)

    def count_covariance(self, edges: Floats) -> Floats:
        """Give the covariance of the integrated intensity, which is certain: zero."""
        return np.zeros((len(edges) - 1, len(edges) - 1))

    def intensity_covariance(self, first: Floats, second: Floats) -> Floats:
        """Give the covariance of the intensity, which is certain: zero."""
        return np.zeros(np.broadcast_shapes(first.shape, second.shape))


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

    _repr_html_ = fields_html

    def __post_init__(self) -> None:
        validate_parameters(self)


def sample_poisson(
    rate: Any, n_trials: int, n_units: int, t_start: Any, t_stop: Any, seed: int | None, where: str
) -> SpikeTrains:
    """Draw independent Poisson trains with one rate."""
    trials = whole_number(f"{where}.sample: n_trials", n_trials, at_least=1)
    units = whole_number(f"{where}.sample: n_units", n_units, at_least=1)
    start, stop = read_span(t_start, t_stop, f"{where}.sample")
    rng = generator(seed)
    times, train = poisson_points(rng, rate, start, stop, trials * units, f"{where}.rate")
    return collect(times, train, trials, units, start, stop)
