"""How far the fixed points of a finite network lie from those of an infinite one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.low_rank.stability import jacobian_at
from spikelearn.parameters.numbers import whole_number

if TYPE_CHECKING:
    from spikelearn.models.low_rank.model import LowRank

__all__ = ["fluctuations", "noise_covariance"]


def noise_covariance(model: LowRank, m: Floats, *, whiten: bool = False) -> Floats:
    """Give n times the covariance over networks of (1/n) sum_i xi_i phi(m.eta_i), shape (p, p).

    With z = m.eta/|m|, a = |m| and c = C m/a, xi = c z + xi' with xi' independent of z and of covariance I - c c^T, so
    that it is (I - c c^T) <phi^2> + c c^T (<z^2 phi^2> - <z phi>^2). Whitened vectors have no fluctuations of second
    moments; this removes what depends on them, (I - c c^T) <z phi>^2 and c c^T <z (z^2 - 1) phi>^2/2.

    Parameters
    ----------
    model : LowRank
        The network.
    m : ndarray, shape (p,)
        Overlaps, not zero.
    whiten : bool
        Whether the second moments of the vectors are exact in each network.
    """
    phi, a = model.nonlinearity, float(np.linalg.norm(m))
    c = model.C @ m / a
    along, across = np.outer(c, c), np.eye(model.p) - np.outer(c, c)
    f, third = float(phi.slope(a)), float(phi.mean(3, a))
    first = a * f
    q = float(phi.square(a))
    second = q + 2 * a * a * float(phi.square_rate(a))
    if not whiten:
        return np.asarray(across * q + along * (second - first**2))
    cubic = a**3 * third + 2 * first
    return np.asarray(across * (q - first**2) + along * (second - first**2 - cubic**2 / 2))


def fluctuations(model: LowRank, branch: int = 0, *, whiten: bool = False) -> Floats:
    """Give n times the covariance of a finite network's overlaps about a fixed point, for large n.

    The finite network's fixed point solves G_n(m) = m with G_n = G + noise, so that m_n - m = -J^-1 noise with the
    Jacobian J of G - m.

    Parameters
    ----------
    model : LowRank
        Without random part or mixture.
    branch : int
        Which of `fixed_points`, 0 the largest.
    whiten : bool
        As in `LowRank.sample`.

    Returns
    -------
    ndarray, shape (p, p)

    Raises
    ------
    ValueError
        There is no such branch, it is the zero (which is exact at any n), or it is not isolated.

    References
    ----------
    The print takes the large n limit (document 002 Q2, Eq. (12) to (5)) without saying how fast it is reached.
    """
    points = model.fixed_points()
    branch = whole_number("LowRank.fluctuations: branch", branch)
    if branch >= len(points):
        raise ValueError(f"LowRank.fluctuations: branch must lie in 0 to {len(points) - 1}, got {branch}")
    point = points[branch]
    if point.amplitude == 0:
        raise ValueError(
            f"LowRank.fluctuations: branch must not be the zero, which does not fluctuate, "
            f"got {branch} of {len(points)}"
        )
    J = jacobian_at(model, point.overlaps, point.spread)
    if point.dimension or np.linalg.cond(J) > 1e12:
        raise ValueError("LowRank.fluctuations: the fixed point must be isolated, got a ring of them or a bifurcation")
    inverse = np.linalg.inv(J)
    return np.asarray(inverse @ noise_covariance(model, point.overlaps, whiten=whiten) @ inverse.T)
