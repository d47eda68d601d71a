"""Log-likelihood and gradient in continuous time, for spike trains without bins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.models.escape_noise.binning import checked_weights
from spikelearn.models.escape_noise.links import get_link
from spikelearn.spikes import SpikeTrains

if TYPE_CHECKING:
    from spikelearn.models.escape_noise.model import EscapeNoise

__all__ = ["continuous_gradient", "continuous_log_likelihood"]

Floats = NDArray[np.float64]
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(10)


@dataclass(frozen=True, eq=False)
class _Stretch:
    """Time from one spike, or the start, to the next, or the end: traces at its beginning, who spikes at its end."""

    length: float
    phi: Floats
    a: Floats
    spiking: NDArray[np.int64]


def _stretches(cell: EscapeNoise, trains: SpikeTrains, trial: int) -> Iterator[_Stretch]:
    tau, tau_a = float(cell.tau), float(cell.tau_adapt)
    times = [trains.train(unit=i, trial=trial) for i in range(trains.n_units)]
    units = np.repeat(np.arange(trains.n_units), [len(train) for train in times])
    flat = np.concatenate(times) if times else np.empty(0)
    moments, group = np.unique(flat, return_inverse=True)
    phi, a, now = np.zeros(trains.n_units), np.zeros(trains.n_units), trains.t_start
    for k, moment in enumerate(moments):
        # Spikes at the same moment do not feel each other: the traces hold earlier spikes only.
        spiking = units[group == k]
        length = float(moment) - now
        yield _Stretch(length, phi, a, spiking)
        phi, a = phi * np.exp(-length / tau), a * np.exp(-length / tau_a)
        np.add.at(phi, spiking, 1.0)
        np.add.at(a, spiking, 1.0)
        now = float(moment)
    yield _Stretch(trains.t_stop - now, phi, a, np.empty(0, dtype=np.int64))


def _integrals(cell: EscapeNoise, stretch: _Stretch, drive: Floats) -> tuple[Floats, Floats]:
    """Give int rho dt and int rho (g'/g) exp(-s/tau) ds of every unit over one stretch.

    The integrand is smooth between spikes; ten-point Gauss rules on pieces of half a time constant leave rounding only.
    """
    tau, tau_a = float(cell.tau), float(cell.tau_adapt)
    pieces = max(1, int(np.ceil(stretch.length / (0.5 * min(tau, tau_a)))))
    edges = np.linspace(0.0, stretch.length, pieces + 1)
    half = 0.5 * np.diff(edges)
    s = ((edges[:-1] + half)[:, None] + half[:, None] * _NODES).ravel()
    weight = (half[:, None] * _WEIGHTS).ravel()
    decay = np.exp(-s / tau)
    u = np.outer(drive, decay) - float(cell.eta_0) * np.outer(stretch.a, np.exp(-s / tau_a))
    link = get_link(cell.link)
    z = (u - float(cell.v)) / float(cell.Delta_u)
    rho = float(cell.rho_0) * link.shape(z)
    return rho @ weight, (rho * link.log_slope(z) / float(cell.Delta_u)) @ (weight * decay)


def continuous_log_likelihood(cell: EscapeNoise, trains: SpikeTrains, W: ArrayLike) -> float:
    """Give the log-likelihood density sum_f log rho(t_f) - int rho dt of spike trains, summed over units and trials.

    Parameters
    ----------
    cell : EscapeNoise
        The neuron.
    trains : SpikeTrains
        Every trial starts with traces at zero. Spikes at one moment do not act on each other.
    W : array_like, shape (units, units)
        Weights W[i, j] from unit j to unit i.

    Returns
    -------
    float
        With intensities in Hz: a density, whose value depends on the unit of time as log-densities do.

    References
    ----------
    Document 001, the integral in Eq. (1) before the gradient is taken.

    Examples
    --------
    >>> from brian2 import Hz
    >>> from spikelearn.models.escape_noise.model import EscapeNoise
    >>> trains = SpikeTrains.from_arrays([[0.3]], t_start=0.0, t_stop=1.0)
    >>> round(continuous_log_likelihood(EscapeNoise(eta_0=0.0, rho_0=2 * Hz), trains, [[0.0]]), 6)
    -1.306853
    """
    return _evaluate(cell, trains, W)[0]


def continuous_gradient(cell: EscapeNoise, trains: SpikeTrains, W: ArrayLike) -> Floats:
    """Give the gradient of `continuous_log_likelihood` in the weights, shape (units, units).

    It is sum_f (g'/g) phi_j(t_f) - int rho_i (g'/g) phi_j dt, with g'/g = 1/Delta_u for the exponential link.

    Parameters
    ----------
    cell, trains, W
        As in `continuous_log_likelihood`.

    References
    ----------
    Document 001 Eq. (1), corrected: one phi_j (erratum R1), the factor 1/Delta_u (R2).
    """
    return _evaluate(cell, trains, W)[1]


def _evaluate(cell: EscapeNoise, trains: SpikeTrains, W: ArrayLike) -> tuple[float, Floats]:
    weights = checked_weights(W, "EscapeNoise: W", (trains.n_units, trains.n_units))
    tau, tau_a = float(cell.tau), float(cell.tau_adapt)
    link = get_link(cell.link)
    total, gradient = 0.0, np.zeros_like(weights)
    for trial in range(trains.n_trials):
        for stretch in _stretches(cell, trains, trial):
            drive = weights @ stretch.phi
            expected, sloped = _integrals(cell, stretch, drive)
            total -= float(expected.sum())
            gradient -= np.outer(sloped, stretch.phi)
            if len(stretch.spiking):
                i = stretch.spiking
                fade = np.exp(-stretch.length / tau)
                u = drive[i] * fade - float(cell.eta_0) * stretch.a[i] * np.exp(-stretch.length / tau_a)
                z = (u - float(cell.v)) / float(cell.Delta_u)
                total += float(np.log(float(cell.rho_0) * link.shape(z)).sum())
                gradient[i] += np.outer(link.log_slope(z) / float(cell.Delta_u), stretch.phi * fade)
    return total, gradient
