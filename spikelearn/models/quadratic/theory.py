"""The flow of the quadratic neuron in closed form."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats

__all__ = ["time_between"]


def time_between(start: ArrayLike, stop: ArrayLike, eta: ArrayLike, tau: float) -> Floats:
    """Give the time in which ``tau dv/dt = v**2 + eta`` rises from `start` to `stop`; infinite where it never does.

    Parameters
    ----------
    start, stop, eta : array_like
        Pure numbers, broadcast; ``start < stop``.
    tau : float
        Time constant in seconds.

    Returns
    -------
    ndarray
        Seconds: ``tau/r (atan(v/r))`` between both for ``eta = r**2 > 0``, ``tau (1/start - 1/stop)`` for zero, and
        ``tau/(2 r) log((v - r)/(v + r))`` between both for ``eta = -r**2 < 0``, where only a start above r rises.

    Examples
    --------
    >>> float(time_between(-np.inf, np.inf, 1.0, 0.01).round(6))
    0.031416
    """
    a, b, drive = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in (start, stop, eta)))
    r = np.sqrt(np.abs(drive))
    with np.errstate(divide="ignore", invalid="ignore"):
        above = (np.arctan(b / r) - np.arctan(a / r)) / r
        at = 1 / a - 1 / b
        below = (np.log((b - r) / (b + r)) - np.log((a - r) / (a + r))) / (2 * r)
    found = np.where(drive > 0, above, np.where(drive == 0, at, below))
    rises = (drive > 0) | (a > r)
    return np.asarray(np.where(rises, tau * found, np.inf))
