"""Log-likelihood and gradient in continuous time, for spike trains without bins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.arrays import Floats
from spikelearn.models.escape_noise.binning import checked_weights
from spikelearn.models.escape_noise.links import get_link
from spikelearn.spikes.construction import check_trains
from spikelearn.spikes.trains import SpikeTrains

if TYPE_CHECKING:
    from spikelearn.models.escape_noise.model import EscapeNoise

__all__ = ["continuous_gradient", "continuous_log_likelihood"]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(10)
# How far z may move within one piece. The nearest poles of a link lie pi i from the line, so that ten nodes leave about
# 6^-20 of a piece.
_LEAP = 2.0
# Beyond this many leaps z is so large that an exponential has overflowed or vanished.
_MOST_LEAPS = 2000
# A part of z that has decayed by this many factors e is below rounding.
_FORGOTTEN = 40.0


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
    begin, end = trains.observed[trial].tolist()
    phi, a, now = np.zeros(trains.n_units), np.zeros(trains.n_units), begin
    for k, moment in enumerate(moments):
        # Spikes at the same moment do not feel each other: the traces hold earlier spikes only.
        spiking = units[group == k]
        length = float(moment) - now
        yield _Stretch(length, phi, a, spiking)
        phi, a = phi * np.exp(-length / tau), a * np.exp(-length / tau_a)
        np.add.at(phi, spiking, 1.0)
        np.add.at(a, spiking, 1.0)
        now = float(moment)
    yield _Stretch(end - now, phi, a, np.empty(0, dtype=np.int64))


def _edges(length: float, parts: tuple[tuple[float, float], ...]) -> Floats:
    """Cut a stretch into pieces short enough for one Gauss rule each.

    `parts` are the amplitudes A and time constants tau of what decays within z. Within a piece no part decays by more
    than half a factor e, nor moves z by more than a leap; once all have decayed below rounding one piece is left,
    however long it lasts.
    """
    found = [np.array([0.0, length])]
    for amplitude, tau in parts:
        until = min(length, tau * (np.log(max(amplitude, 1.0)) + _FORGOTTEN))
        found.append(np.linspace(0.0, until, int(np.ceil(until / (0.5 * tau))) + 1))
        # Where what is left of the part, A exp(-s/tau), is a whole number of leaps.
        left = _LEAP * np.arange(1, min(amplitude / _LEAP, _MOST_LEAPS))
        found.append(np.clip(tau * np.log(amplitude / left), 0.0, length) if len(left) else np.empty(0))
    return np.unique(np.concatenate(found))


def _integrals(cell: EscapeNoise, stretch: _Stretch, drive: Floats) -> tuple[Floats, Floats]:
    """Give int rho dt and int rho (g'/g) exp(-s/tau) ds of every unit over one stretch, by ten-point Gauss rules."""
    tau, tau_a = float(cell.tau), float(cell.tau_adapt)
    softness, eta = float(cell.Delta_u), float(cell.eta_0)
    largest, adapted = np.abs(drive).max(initial=0.0), abs(eta) * stretch.a.max(initial=0.0)
    edges = _edges(stretch.length, ((float(largest) / softness, tau), (float(adapted) / softness, tau_a)))
    half = 0.5 * np.diff(edges)
    s = ((edges[:-1] + half)[:, None] + half[:, None] * _NODES).ravel()
    weight = (half[:, None] * _WEIGHTS).ravel()
    decay = np.exp(-s / tau)
    u = np.outer(drive, decay) - eta * np.outer(stretch.a, np.exp(-s / tau_a))
    link = get_link(cell.link)
    z = (u - float(cell.v)) / softness
    # An intensity beyond 1e308 Hz is infinite: the likelihood is then zero, its logarithm -inf.
    with np.errstate(over="ignore"):
        rho = float(cell.rho_0) * link.shape(z)
    sloped = np.where(decay > 0, rho * link.log_slope(z) / softness, 0.0)
    return rho @ weight, sloped @ (weight * decay)


def continuous_log_likelihood(cell: EscapeNoise, trains: SpikeTrains, W: ArrayLike) -> float:
    """Give the log-likelihood density sum_f log rho(t_f) - int rho dt of spike trains, summed over units and trials.

    Parameters
    ----------
    cell : EscapeNoise
        The neuron.
    trains : SpikeTrains
        Every trial starts with traces at zero, and only the time in which it was observed counts. Spikes at
        one moment do not act on each other.
    W : array_like, shape (units, units)
        Weights W[i, j] from unit j to unit i.

    Returns
    -------
    float
        With intensities in Hz: a density, whose value depends on the unit of time as log-densities do. The integral is
        exact to about 1e-13 of itself.

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

    Returns
    -------
    ndarray, shape (units, units)

    Raises
    ------
    ValueError
        As in `continuous_log_likelihood`.

    References
    ----------
    Document 001 Eq. (1), corrected: one phi_j (erratum R1), the factor 1/Delta_u (R2).

    Examples
    --------
    >>> import spikelearn as sl
    >>> from spikelearn.models.escape_noise import EscapeNoise, continuous_gradient, continuous_log_likelihood
    >>> cell = EscapeNoise(rho_0="20 Hz", eta_0=0.0)
    >>> trains = sl.SpikeTrains.from_arrays([[0.1], [0.11]], t_stop=0.5)
    >>> up, down = (continuous_log_likelihood(cell, trains, [[0, 0], [w, 0]]) for w in (1.001, 0.999))
    >>> round(float(continuous_gradient(cell, trains, [[0, 0], [1, 0]])[1, 0]), 4), round((up - down) / 0.002, 4)
    (0.0242, 0.0242)
    """
    return _evaluate(cell, trains, W)[1]


def _evaluate(cell: EscapeNoise, trains: SpikeTrains, W: ArrayLike) -> tuple[float, Floats]:
    check_trains(trains, "continuous_log_likelihood")
    weights = checked_weights(W, "EscapeNoise: W", (trains.n_units, trains.n_units))
    tau, tau_a = float(cell.tau), float(cell.tau_adapt)
    link = get_link(cell.link)
    total, gradient = 0.0, np.zeros_like(weights)
    for trial in range(trains.n_trials):
        for stretch in _stretches(cell, trains, trial):
            drive = weights @ stretch.phi
            expected, sloped = _integrals(cell, stretch, drive)
            total -= float(expected.sum())
            fed = stretch.phi > 0
            # Only traces that are there, since 0 times an infinite intensity would be NaN.
            gradient[:, fed] -= np.outer(sloped, stretch.phi[fed])
            if len(stretch.spiking):
                i = stretch.spiking
                fade = np.exp(-stretch.length / tau)
                u = drive[i] * fade - float(cell.eta_0) * stretch.a[i] * np.exp(-stretch.length / tau_a)
                z = (u - float(cell.v)) / float(cell.Delta_u)
                total += float((np.log(float(cell.rho_0)) + link.log_shape(z)).sum())
                gradient[i] += np.outer(link.log_slope(z) / float(cell.Delta_u), stretch.phi * fade)
    return total, gradient
