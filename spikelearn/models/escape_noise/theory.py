"""Exact stationary rates in discrete time, for one neuron that adapts or that another one drives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.escape_noise.binning import bin_width
from spikelearn.models.escape_noise.links import get_link

if TYPE_CHECKING:
    from spikelearn.models.escape_noise.model import EscapeNoise

__all__ = ["adapting_rate", "driven_rate", "rest_rate"]

_KNOTS = (200, 400, 800, 1600, 3200)
# Change on the last doubling of the knots; the error of the finer value is several times smaller.
_SETTLED = 1e-8


def _spike_probability(cell: EscapeNoise, u: Floats, dt: float) -> Floats:
    z = (u - float(cell.v)) / float(cell.Delta_u)
    return np.asarray(-np.expm1(-float(cell.rho_0) * dt * get_link(cell.link).shape(z)))


def _stationary_mean(wanted: Any, spiking: Any, decay: float, scale: float) -> float:
    """Mean of wanted(x) where x <- decay (x + spike) with the spike probability spiking(x).

    With T the expectation one step ahead, the mean c and a function h solve h - T h + c = wanted, h(0) = 0: solved, not
    iterated, since strong adaptation relaxes far more slowly than `decay` says. h is smooth on the invariant interval 0
    to decay/(1 - decay): a cubic spline carries it, with knots that crowd toward zero within `scale`, where the
    probability changes. Knots are doubled until the mean stays.

    Raises
    ------
    ValueError
        The mean still changes with the finest knots.
    """
    from scipy.interpolate import CubicSpline

    top, before = decay / (1.0 - decay), np.nan
    for knots in _KNOTS:
        x = scale * np.expm1(np.linspace(0.0, np.log1p(top / scale), knots))
        x[-1] = top
        p, stay, jump = spiking(x), decay * x, np.minimum(decay * (x + 1.0), top)
        spline = CubicSpline(x, np.eye(knots))
        matrix = np.eye(knots) - (1.0 - p)[:, None] * spline(stay) - p[:, None] * spline(jump)
        # h(0) = 0 frees the first column for c.
        matrix[:, 0] = 1.0
        mean = float(np.linalg.solve(matrix, wanted(x))[0])
        if abs(mean - before) <= _SETTLED * abs(mean):
            return mean
        before = mean
    raise ValueError(
        f"the stationary mean must settle to {_SETTLED:g} within {_KNOTS[-1]} knots, last change "
        f"{abs(mean - before) / abs(mean) if mean else np.inf:.1g}; use a larger dt or a smaller time constant"
    )


def rest_rate(cell: EscapeNoise, dt: Any) -> float:
    """Rate in Hz of a neuron at rest: the spike probability of a bin, 1 - exp(-rho dt), over dt.

    Parameters
    ----------
    cell : EscapeNoise
        The neuron.
    dt : float or Quantity
        Bin width in seconds.

    Returns
    -------
    float
        Hz.

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
    1e-8 of itself.

    Parameters
    ----------
    cell : EscapeNoise
        The neuron; `eta_0` must not be negative.
    dt : float or Quantity
        Bin width in seconds.

    Returns
    -------
    float
        Hz.

    Raises
    ------
    ValueError
        `eta_0` is negative, or the mean does not settle.

    Examples
    --------
    >>> from spikelearn.models.escape_noise import EscapeNoise, adapting_rate, rest_rate
    >>> cell = EscapeNoise(eta_0=0.5, rho_0="20 Hz")
    >>> adapting_rate(cell, "1 ms") < rest_rate(cell, "1 ms")
    True
    >>> round(adapting_rate(EscapeNoise(eta_0=0.0, rho_0="20 Hz"), "1 ms"), 6)  # (1 - exp(-0.02))/1 ms
    19.801327
    >>> round(rest_rate(EscapeNoise(eta_0=0.0, rho_0="20 Hz"), "1 ms"), 6)
    19.801327
    """
    width = bin_width(dt)
    if cell.eta_0 < 0:
        raise ValueError(f"adapting_rate: eta_0 must not be negative, got {cell.eta_0}")

    def spiking(a: Floats) -> Floats:
        return _spike_probability(cell, -cell.eta_0 * a, width)

    scale = min(1.0, float(cell.Delta_u) / cell.eta_0) if cell.eta_0 else 1.0
    return _stationary_mean(spiking, spiking, float(np.exp(-width / float(cell.tau_adapt))), scale) / width


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

    Returns
    -------
    float
        Hz.

    Raises
    ------
    ValueError
        `eta_0` is not zero.

    Examples
    --------
    >>> from spikelearn.models.escape_noise import EscapeNoise, driven_rate, rest_rate
    >>> cell = EscapeNoise(rho_0="20 Hz", eta_0=0.0)
    >>> round(driven_rate(cell, 1.0, "1 ms") / rest_rate(cell, "1 ms"), 2)
    1.27
    >>> round(driven_rate(cell, 0.0, "1 ms") / rest_rate(cell, "1 ms"), 12)
    1.0
    """
    width = bin_width(dt)
    if cell.eta_0 != 0:
        raise ValueError(f"driven_rate: eta_0 must be zero, got {cell.eta_0}")
    p = rest_rate(cell, width) * width
    mean = _stationary_mean(
        lambda phi: _spike_probability(cell, weight * phi, width),
        lambda phi: np.full(phi.shape, p),
        float(np.exp(-width / float(cell.tau))),
        min(1.0, float(cell.Delta_u) / abs(weight)) if weight else 1.0,
    )
    return mean / width
