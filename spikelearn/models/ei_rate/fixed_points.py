"""All fixed points of the two rectified, cut-off populations: Up, Down, one population alone, and at the cut-offs."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["FixedPoint", "fixed_points"]

_STATES = ("silent", "active", "saturated")


class FixedPoint(NamedTuple):
    """One fixed point of the activities at fixed weights.

    Attributes
    ----------
    E, I : float
        Activities in Hz.
    E_state, I_state : str
        "silent" (drive not above threshold, activity 0), "active", or "saturated" (at the cut-off).
    stable : bool
        Whether small perturbations of the activities decay.
    """

    E: float
    I: float  # noqa: E741  (the source's name)
    E_state: str
    I_state: str
    stable: bool

    @property
    def name(self) -> str:
        """What it is called: "Up" with both active, "Down" with both silent, else both states in words."""
        states = (self.E_state, self.I_state)
        named = {("active", "active"): "Up", ("silent", "silent"): "Down"}
        return named.get(states, f"E {self.E_state}, I {self.I_state}")


def fixed_points(
    model: Any, W_EE: ArrayLike, W_EI: ArrayLike, W_IE: ArrayLike, W_II: ArrayLike
) -> tuple[FixedPoint, ...]:
    """Find every fixed point of an `EIRates` at fixed weights, in order of rising E, then I.

    Each population is silent, active or at its cut-off; in each of the nine cases the equations are linear. A solution
    counts where its drives agree with the case. Lines of fixed points, which a zero determinant gives, are left out.

    Parameters
    ----------
    model : EIRates
    W_EE, W_EI, W_IE, W_II : float
        Weights, not negative.

    Returns
    -------
    tuple of FixedPoint

    Raises
    ------
    ValueError
        A weight is negative, not finite, or an array.

    References
    ----------
    003 Eqs. (17) to (23); the cut-offs are those of its trial simulations.

    Examples
    --------
    >>> from spikelearn.models.ei_rate.model import EIRates
    >>> for point in fixed_points(EIRates(), 5.0, 1.0857142857142856, 10.0, 1.5357142857142858):
    ...     print(f"{point.name}: E {point.E:.4g}, I {point.I:.4g}, {'stable' if point.stable else 'unstable'}")
    Down: E 0, I 0, stable
    E active, I silent: E 1.2, I 0, unstable
    Up: E 5, I 14, stable
    E active, I saturated: E 69.06, I 250, unstable
    E saturated, I saturated: E 100, I 250, stable
    """
    weights = []
    for name, value in zip(model.weights, (W_EE, W_EI, W_IE, W_II), strict=True):
        if np.ndim(value) > 0:
            raise ValueError(f"fixed_points must be given one number for {name}, got shape {np.shape(value)}")
        number = float(np.asarray(value, dtype=np.float64))
        if not 0 <= number < np.inf:
            raise ValueError(f"fixed_points must be given a finite {name} that is not negative, got {number:g}")
        weights.append(number)
    ee, ei, ie, ii = weights
    gain = np.array([[model.g_E * ee, -model.g_E * ei], [model.g_I * ie, -model.g_I * ii]])
    offset = np.array([-model.g_E * (model.Theta_E - model.I_ext), -model.g_I * model.Theta_I])
    largest = np.array([model.E_max, model.I_max])
    tau = np.array([model.tau_E, model.tau_I])
    found = []
    for states in itertools.product(_STATES, _STATES):
        active = np.array([state == "active" for state in states])
        fixed = np.where([state == "saturated" for state in states], largest, 0.0)
        matrix = np.where(active[:, None], np.eye(2) - gain, np.eye(2))
        if abs(np.linalg.det(matrix)) <= 8 * np.finfo(float).eps * np.prod(np.linalg.norm(matrix, axis=1)):
            continue
        x = np.linalg.solve(matrix, np.where(active, offset, fixed))
        if not _agrees(states, gain @ x + offset, largest):
            continue
        jacobian = -matrix / tau[:, None]
        stable = bool((np.linalg.eigvals(jacobian).real < 0).all())
        # Adding zero turns -0.0 into 0.0.
        found.append(FixedPoint(float(x[0]) + 0.0, float(x[1]) + 0.0, *states, stable))
    return tuple(sorted(found))


def _agrees(states: tuple[str, ...], drive: NDArray[np.float64], largest: NDArray[np.float64]) -> bool:
    tests = {
        "silent": drive <= 0,
        "active": (drive > 0) & (drive < largest),
        "saturated": drive >= largest,
    }
    return all(bool(tests[state][k]) for k, state in enumerate(states))
