"""A rule that sees activities through a running mean: the map from trial to trial."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.rules.linearise import Linearisation

__all__ = ["sensor_bound", "sensor_map", "sensor_multipliers"]


def sensor_multipliers(eigenvalues: Any, sensor: float) -> NDArray[np.complex128]:
    r"""Give the multipliers of a rule that changes weights by activities alone and sees their running mean.

    With A_t = A_{t-1} + (m(W_t) - A_{t-1})/sensor and W_{t+1} = W_t + F(A_t), every nonzero eigenvalue lambda of the
    derivative of F(m(W)) by W gives two multipliers z,

    .. math:: (z - 1)(\tau z - \tau + 1) = \lambda z

    with the sensor's time constant tau; the set point is stable where both are below 1 in size.

    Parameters
    ----------
    eigenvalues : array_like of complex, shape (..., k)
        Of the change a trial.
    sensor : float
        Time constant in trials, at least 1.

    Returns
    -------
    ndarray of complex, shape (..., 2 k)
        Without a filter (1), 1 + lambda and zeros.

    Examples
    --------
    >>> sensor_multipliers([-1.0], 2.0).round(6)
    array([0.5+0.5j, 0.5-0.5j])
    """
    value = np.asarray(eigenvalues, dtype=np.complex128)
    half = (2 * sensor - 1 + value) / 2
    root = np.sqrt(half**2 - sensor * (sensor - 1))
    # The larger root first, the other from their product: no cancellation.
    large = np.where((half * root.conj()).real >= 0, half + root, half - root) / sensor
    safe = np.where(large == 0, 1.0, large)
    return np.concatenate([large, np.where(large == 0, 0.0, (sensor - 1) / sensor / safe)], axis=-1)


def sensor_bound(sensor: float) -> float:
    """Give the real eigenvalue below which the filtered rule oscillates and grows: -2 (2 sensor - 1)."""
    return -2.0 * (2.0 * sensor - 1.0)


def sensor_map(linear: Linearisation, sensor: float) -> NDArray[np.float64]:
    """Give the map of one trial for running means and weights together, for a rule that also sees the weights at once.

    W_{t+1} = W_t + F(A_t, W_t): what the rule takes from the weights themselves does not pass the sensor, so that the
    eigenvalues of the whole change do not suffice. Where the rule leaves motion along the plane of set-point weights
    alone, the weights enter by the drive that they give to the activities, which leaves out that neutral motion.

    Parameters
    ----------
    linear : Linearisation
        Model and rule at the set point.
    sensor : float
        Time constant in trials, at least 1.

    Returns
    -------
    ndarray, shape (..., 2 n, 2 n) or (..., n + m, n + m)
        For n activities and m weights: the smaller one where `Linearisation.rests_on_plane`.
    """
    n, m = linear.B.shape[-2:]
    keep = 1 - 1 / sensor
    if linear.rests_on_plane:
        size = n
        # B response = -B A^-1 B, and u = B W: the response to u is -A^-1, the last columns below.
        to_means = linear.response @ linear.right_inverse
        from_means, own = linear.B @ linear.F_r, linear.drive_by_drive
    else:
        size, to_means, from_means, own = m, linear.response, linear.F_r, linear.F_W
    shape = linear.A.shape[:-2]
    same = np.broadcast_to(keep * np.eye(n), (*shape, n, n))
    stay = np.broadcast_to(np.eye(size), (*shape, size, size))
    top = np.concatenate([same, np.broadcast_to(to_means / sensor, (*shape, n, size))], axis=-1)
    bottom = np.concatenate(
        [
            np.broadcast_to(keep * from_means, (*shape, size, n)),
            stay + own + from_means @ to_means / sensor,
        ],
        axis=-1,
    )
    return np.concatenate([top, bottom], axis=-2)
