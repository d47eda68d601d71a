"""The overlaps of a finite network by themselves: dm/dt = (1/n) xi phi(eta^T m + inputs^T u) - m, exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.low_rank.stability import network_jacobian

if TYPE_CHECKING:
    from spikelearn.models.low_rank.model import LowRank
    from spikelearn.models.low_rank.sampling import Vectors

__all__ = ["finite_fixed_point", "finite_flow", "finite_path"]


def finite_flow(model: LowRank, vectors: Vectors, m: Any, u: Any = None) -> Floats:
    """Give dm/dt of a finite network for overlaps of shape (p,).

    References
    ----------
    Document 002 Q2, Eq. (12), without the limit of large n.

    Raises
    ------
    ValueError
        There is a random part, whose input the overlaps do not fix.
    """
    if model.g:
        raise ValueError(f"finite_flow must have g = 0: overlaps do not fix a random part, got g = {model.g:g}")
    overlaps = np.asarray(m, dtype=np.float64)
    h = overlaps @ vectors.eta
    if u is not None:
        h = h + model.check_input(u, "finite_flow: u", zero=True) @ vectors.inputs
    return np.asarray(vectors.xi @ model.nonlinearity(h) / vectors.n - overlaps)


def finite_fixed_point(model: LowRank, vectors: Vectors, m: Any, u: Any = None) -> Floats:
    """Find the fixed point of a finite network nearest to the overlaps m, by Newton's method in p unknowns.

    Raises
    ------
    RuntimeError
        Newton's method did not converge from there.
    """
    now = np.array(m, dtype=np.float64)
    for _ in range(50):
        step = np.linalg.solve(network_jacobian(model, vectors, now, u), -finite_flow(model, vectors, now, u))
        now = now + step
        if np.linalg.norm(step) <= 1e-13 * (1 + np.linalg.norm(now)):
            return now
        if not np.isfinite(now).all():
            break
    raise RuntimeError(f"finite_fixed_point: no fixed point was found from the overlaps {np.asarray(m).tolist()}")


def finite_path(model: LowRank, vectors: Vectors, m: Any, times: Any, u: Any = None) -> Floats:
    """Integrate `finite_flow` in continuous time to 1e-10, the oracle for what any engine should give as dt falls.

    Parameters
    ----------
    model, vectors : LowRank, Vectors
        The network.
    m : array_like, shape (p,)
        Overlaps at time 0.
    times : array_like, shape (k,)
        Rising, in time constants.
    u : array_like or callable, optional
        External input.

    Returns
    -------
    ndarray, shape (k, p)
    """
    from scipy.integrate import solve_ivp

    at = np.asarray(times, dtype=np.float64)
    solved = solve_ivp(
        lambda t, now: finite_flow(model, vectors, now, u(t) if callable(u) else u),
        (0.0, float(at[-1])),
        np.asarray(m, dtype=np.float64),
        "DOP853",
        at,
        rtol=1e-10,
        atol=1e-12,
    )
    return np.asarray(solved.y.T)
