"""Jacobians of the overlaps, p x p, and the random bulk beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats

if TYPE_CHECKING:
    from spikelearn.models.low_rank.model import LowRank
    from spikelearn.models.low_rank.sampling import Vectors

__all__ = ["bulk_edge", "jacobian_at", "network_jacobian", "printed_jacobian"]


def jacobian_at(model: LowRank, m: Floats, spread: float, drive: Floats | None = None) -> Floats:
    """Give the Jacobian of the overlaps, f C - I + (f'/a)(C m + B u) m^T at spread a.

    Parameters
    ----------
    model : LowRank
        The network.
    m : ndarray, shape (p,)
        Overlaps; a fixed point where there is a random part.
    spread : float
        Standard deviation a of the inputs: sqrt(|m|^2 + |u|^2), or that of the random part with them.
    drive : ndarray, shape (p,), optional
        B u.

    Returns
    -------
    ndarray, shape (p, p), or (p + 1, p + 1) with a random part
        With a random part a perturbation also changes the variance: with c = <phi(h) dx> and s = dq/d(a^2),
        sigma dm = (f C - I) dm + (f'/a) C m (m.dm + g^2 c) and sigma c = s (m.dm + g^2 c) - c. Its eigenvalues are the
        outliers of the spectrum of the n x n Jacobian.

    References
    ----------
    Document 002 Q2, Eq. (19), which has 2 alpha f' v v^T for lambda alpha f' v v^T (erratum L4); with a random part,
    Mastrogiuseppe & Ostojic (2018), Neuron 99.
    """
    phi = model.nonlinearity
    f = float(phi.slope(spread))
    curvature = float(phi.mean(3, spread))
    forced = model.C @ m if drive is None else model.C @ m + drive
    J = f * model.C - np.eye(model.p) + curvature * np.outer(forced, m)
    if not model.g:
        return np.asarray(J)
    s, g2 = float(phi.square_rate(spread)), model.g**2
    whole = np.empty((model.p + 1,) * 2)
    whole[:-1, :-1] = J
    whole[:-1, -1] = g2 * curvature * forced
    whole[-1, :-1] = s * m
    whole[-1, -1] = g2 * s - 1
    return whole


def bulk_edge(model: LowRank, spread: float) -> float:
    """Give the rightmost edge g sqrt<phi'^2> - 1 of the disc that a random part fills with eigenvalues."""
    return model.g * float(np.sqrt(model.nonlinearity.square_slope(spread))) - 1 if model.g else -1.0


def printed_jacobian(model: LowRank, m: Floats) -> Floats:
    """Give the Jacobian as printed, f C - I + 2 alpha f' v v^T, to compare with: it is wrong (erratum L4)."""
    a = float(np.linalg.norm(m))
    v = m / a
    phi = model.nonlinearity
    return np.asarray(
        float(phi.slope(a)) * model.C - np.eye(model.p) + 2 * a * float(phi.slope_rate(a)) * np.outer(v, v)
    )


def network_jacobian(model: LowRank, vectors: Vectors, m: Any, u: Any = None) -> Floats:
    """Give the p x p Jacobian (1/n) xi diag(phi'(h)) eta^T - I of a finite network at the overlaps m.

    Its eigenvalues are those of the n x n Jacobian of the units; the n - p others are exactly -1.
    """
    h = np.asarray(m, dtype=np.float64) @ vectors.eta
    if u is not None:
        h = h + np.asarray(u, dtype=np.float64) @ vectors.inputs
    weighted = vectors.xi * model.nonlinearity(h, 1)
    return np.asarray(weighted @ vectors.eta.T / vectors.n - np.eye(model.p))
