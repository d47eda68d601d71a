"""Exact stationary rates in discrete time, for one neuron that adapts or that another one drives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.models.escape_noise.binning import bin_width
from spikelearn.models.escape_noise.links import get_link

if TYPE_CHECKING:
    from spikelearn.models.escape_noise.model import EscapeNoise

__all__ = ["adapting_rate", "driven_rate", "rest_rate"]

Floats = NDArray[np.float64]


def _spike_probability(cell: EscapeNoise, u: Floats, dt: float) -> Floats:
    z = (u - float(cell.v)) / float(cell.Delta_u)
    return np.asarray(-np.expm1(-float(cell.rho_0) * dt * get_link(cell.link).shape(z)))


def _stationary_mean(wanted: Any, spiking: Any, decay: float) -> float:
    """Mean of wanted(x) where x <- decay (x + spike) with the spike probability spiking(x).

    The expectation n steps ahead, as a function of where x is now, becomes a constant: the stationary mean. It is a
    smooth function on the invariant interval 0 to decay/(1 - decay), carried by a cubic spline whose knots crowd toward
    zero.
    """
    from scipy.interpolate import CubicSpline

    top = decay / (1.0 - decay)
    x = top * np.linspace(0.0, 1.0, 801) ** 3
    p, stay, jump = spiking(x), decay * x, np.minimum(decay * (x + 1.0), top)
    ahead = np.asarray(wanted(x), dtype=np.float64)
    for _ in range(int(60.0 / (1.0 - decay)) + 10):
        spline = CubicSpline(x, ahead)
        new = (1.0 - p) * spline(stay) + p * spline(jump)
        done = np.ptp(new) < 1e-13 * abs(new[0])
        ahead = new
        if done:
            break
    return float(ahead[0])


def rest_rate(cell: EscapeNoise, dt: Any) -> float:
    """Rate in Hz of a neuron at rest: the spike probability of a bin, 1 - exp(-rho dt), over dt.

    Examples
    --------
    >>> from spikelearn.models.escape_noise.model import EscapeNoise
    >>> round(rest_rate(EscapeNoise(), 0.001), 3)
    95.163
    """
    width = bin_width(dt)
    return float(_spike_probability(cell, np.zeros(1), width)[0]) / width


def adapting_rate(cell: EscapeNoise, dt: Any) -> float:
    """Stationary rate in Hz of one neuron without input that adapts to its own spikes.

    Its adaptation a is a Markov chain, a <- d (a + X), whose stationary mean of the spike probability is calculated to
    about 1e-9.

    Parameters
    ----------
    cell : EscapeNoise
        The neuron; `eta_0` must not be negative.
    dt : float or Quantity
        Bin width in seconds.
    """
    width = bin_width(dt)
    if cell.eta_0 < 0:
        raise ValueError(f"adapting_rate: eta_0 must not be negative, got {cell.eta_0}")

    def spiking(a: Floats) -> Floats:
        return _spike_probability(cell, -cell.eta_0 * a, width)

    return _stationary_mean(spiking, spiking, float(np.exp(-width / float(cell.tau_adapt)))) / width


def driven_rate(cell: EscapeNoise, weight: float, dt: Any) -> float:
    """Stationary rate in Hz of a neuron that one resting neuron drives, both without adaptation.

    Parameters
    ----------
    cell : EscapeNoise
        Both neurons; `eta_0` must be zero.
    weight : float
        From the first to the second.
    dt : float or Quantity
        Bin width in seconds.
    """
    width = bin_width(dt)
    if cell.eta_0 != 0:
        raise ValueError(f"driven_rate: eta_0 must be zero, got {cell.eta_0}")
    p = rest_rate(cell, width) * width
    mean = _stationary_mean(
        lambda phi: _spike_probability(cell, weight * phi, width),
        lambda phi: np.full(phi.shape, p),
        float(np.exp(-width / float(cell.tau))),
    )
    return mean / width
