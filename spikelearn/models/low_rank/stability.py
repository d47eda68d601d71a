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
    """Give the Jacobian as printed, f C - I + 2 alpha f' v v^T, to compare with: it is wrong (erratum L4).

    Parameters
    ----------
    model : LowRank
        Without random part or mixture.
    m : ndarray, shape (p,)
        Overlaps.

    Returns
    -------
    ndarray, shape (p, p)

    Examples
    --------
    >>> import spikelearn as sl
    >>> from spikelearn.models.low_rank import printed_jacobian
    >>> model = sl.LowRank([[0.8]], phi="erf", gain=3.0)
    >>> m = model.fixed_points()[0].overlaps
    >>> step = (model.flow(m + 1e-6) - model.flow(m - 1e-6)) / 2e-6
    >>> printed_jacobian(model, m).round(4), model.jacobian(m).round(4), step.round(4)  # the flow decides
    (array([[-2.066]]), array([[-0.8264]]), array([-0.8264]))
    """
    a = float(np.linalg.norm(m))
    v = m / a
    phi = model.nonlinearity
    return np.asarray(
        float(phi.slope(a)) * model.C - np.eye(model.p) + 2 * a * float(phi.slope_rate(a)) * np.outer(v, v)
    )


def network_jacobian(model: LowRank, vectors: Vectors, m: Any, u: Any = None) -> Floats:
    """Give the p x p Jacobian (1/n) xi diag(phi'(h)) eta^T - I of a finite network at the overlaps m.

    Its eigenvalues are those of the n x n Jacobian of the units; the n - p others are exactly -1.

    Parameters
    ----------
    model : LowRank
        What the vectors were drawn from.
    vectors : Vectors
        Those of the network.
    m : array_like, shape (p,)
        Overlaps.
    u : array_like, shape (q,), optional
        A constant external input.

    Returns
    -------
    ndarray, shape (p, p)

    Examples
    --------
    >>> import spikelearn as sl
    >>> from spikelearn.models.low_rank import network_jacobian
    >>> model = sl.LowRank([[0.8]], phi="erf", gain=3.0)
    >>> found = network_jacobian(model, model.sample(1000, seed=0, whiten=True), [0.0])
    >>> found.round(6), model.jacobian([0.0]).round(6)  # gain C - 1
    (array([[1.4]]), array([[1.4]]))
    """
    h = np.asarray(m, dtype=np.float64) @ vectors.eta
    if u is not None:
        h = h + np.asarray(u, dtype=np.float64) @ vectors.inputs
    weighted = vectors.xi * model.nonlinearity(h, 1)
    return np.asarray(weighted @ vectors.eta.T / vectors.n - np.eye(model.p))
