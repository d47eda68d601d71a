"""What the rule learns from a noisy input, in closed form: its circulation alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats
from spikelearn.models.entropy_rule.frames import check_step
from spikelearn.parameters.names import unknown_name

__all__ = ["learned_from_linear", "learned_from_moments", "stationary_covariance"]

_WINDOWS = ("antisymmetric", "one_sided")


def stationary_covariance(A: ArrayLike, Q: ArrayLike) -> Floats:
    """Give P with A P + P A' + Q = 0, the covariance of du = A u dt + Q^(1/2) dB at rest.

    Parameters
    ----------
    A, Q : array_like, shape (n, n)
        Drift, with eigenvalues left of zero, and diffusion.

    Returns
    -------
    ndarray, shape (n, n)

    Raises
    ------
    ValueError
        Shapes that do not fit, a Q that is no covariance, or a drift that does not hold u together.

    Examples
    --------
    >>> import numpy as np
    >>> import spikelearn as sl
    >>> sl.entropy_rule.stationary_covariance([[-2.0]], [[4.0]])  # Q/(2 |A|)
    array([[1.]])
    """
    drift, diffusion = _checked(A, Q, "stationary_covariance")
    from scipy.linalg import solve_continuous_lyapunov

    return np.asarray(solve_continuous_lyapunov(drift, -diffusion))


def learned_from_linear(
    A: ArrayLike,
    Q: ArrayLike,
    l: float,
    *,
    gamma: float | None = None,
    l_net: float | None = None,
    window: str = "antisymmetric",
) -> Floats:
    """Give the weights that the rule, with S(x) = x, learns from du = A u dt + Q^(1/2) dB.

    With fast filters W = l + A + (1/2) Q P^-1: of A = -(1/2) Q P^-1 + R P^-1, R antisymmetric, only the second part,
    the circulating one, is learned. delta is antisymmetric and takes half of <dx y'> - <x dy'> for <dx y'>, which lacks
    half of Ito's term Q. A window of one side alone, gamma (x (y * g_gamma) - x y), learns all of A where l_net >>
    gamma >> the rates of A: it looks at u before and after with a delay that noise does not cross.

    Parameters
    ----------
    A, Q : array_like, shape (n, n)
        Drift, with eigenvalues left of zero, and diffusion.
    l : float
        Decay constant in the rule.
    gamma, l_net : float, optional
        Rates of the window and of the network; infinitely fast if not given. Finite ones are exact, by a Lyapunov
        equation for (u, u * g_l_net, u * g_l_net * g_gamma).
    window : {"antisymmetric", "one_sided"}
        The rule's own, or that with the part before the spike alone.

    Returns
    -------
    ndarray, shape (n, n)

    References
    ----------
    004, Discussion: what noise does to the estimate of the derivative is left open there.

    Examples
    --------
    Noise in a potential teaches nothing; a rotation is learned:

    >>> A, Q = np.array([[-1.0, -2.0], [2.0, -1.0]]), np.eye(2)
    >>> learned_from_linear(A, Q, l=1.0).round(12)
    array([[ 1., -2.],
           [ 2.,  1.]])
    """
    where = "learned_from_linear"
    drift, diffusion = _checked(A, Q, where)
    if window not in _WINDOWS:
        raise ValueError(unknown_name(where, "window", str(window), _WINDOWS))
    n, eye = len(drift), np.eye(len(drift))
    if gamma is None and l_net is None:
        P = stationary_covariance(drift, diffusion)
        gained = 0.5 * diffusion @ np.linalg.inv(P) if window == "antisymmetric" else 0.0
        return np.asarray(l * eye + drift + gained)
    if gamma is None:
        raise ValueError(f"{where}: gamma must be given where l_net is, got None")
    rate = check_step(gamma, f"{where}: gamma")
    F = np.zeros((3 * n, 3 * n))
    F[:n, :n] = drift
    if l_net is None:
        # u itself in the second place: two thirds of the system.
        F = np.zeros((2 * n, 2 * n))
        F[:n, :n] = drift
        F[n:, :n], F[n:, n:] = rate * eye, -rate * eye
        C, x = stationary_covariance(F, _noise(diffusion, 2 * n)), slice(0, n)
    else:
        net = check_step(l_net, f"{where}: l_net")
        F[n : 2 * n, :n], F[n : 2 * n, n : 2 * n] = net * eye, -net * eye
        F[2 * n :, n : 2 * n], F[2 * n :, 2 * n :] = rate * eye, -rate * eye
        C, x = stationary_covariance(F, _noise(diffusion, 3 * n)), slice(n, 2 * n)
    p = slice(len(C) - n, len(C))
    timing = 0.5 * rate * (C[x, p] - C[p, x]) if window == "antisymmetric" else rate * (C[x, p] - C[x, x])
    return np.asarray(l * eye + np.linalg.solve(C[x, x].T, timing.T).T)


def learned_from_moments(
    xi_S: ArrayLike,
    u_S: ArrayLike,
    S_S: ArrayLike,
    slope: ArrayLike,
    Q: ArrayLike,
    l: float,
) -> Floats:
    """Give the weights that the rule with fast filters learns from du = xi(u) dt + Q^(1/2) dB at rest.

    W = (E[xi S'] + l E[u S'] + (1/2) Q diag E[S'(u)]) E[S S']^-1: for drifts xi = (-Q/2 + J) grad Phi, J antisymmetric,
    the first and the last term leave J diag E[S'(u)], the circulation alone.

    Parameters
    ----------
    xi_S, u_S, S_S : array_like, shape (n, n)
        E[xi_i S(u_j)], E[u_i S(u_j)], E[S(u_i) S(u_j)].
    slope : array_like, shape (n,)
        E[S'(u_j)].
    Q : array_like, shape (n, n)
        Diffusion.
    l : float
        Decay constant in the rule.

    Returns
    -------
    ndarray, shape (n, n)

    Raises
    ------
    ValueError
        The moments are not square or of different sizes.

    Examples
    --------
    >>> import numpy as np
    >>> import spikelearn as sl
    >>> A, Q = np.array([[-1.0, -2.0], [2.0, -1.0]]), np.eye(2)
    >>> P = sl.entropy_rule.stationary_covariance(A, Q)
    >>> sl.entropy_rule.learned_from_moments(A @ P, P, P, np.ones(2), Q, l=1.0).round(12)
    array([[ 1., -2.],
           [ 2.,  1.]])
    >>> sl.entropy_rule.learned_from_linear(A, Q, l=1.0).round(12)
    array([[ 1., -2.],
           [ 2.,  1.]])
    """
    second = np.asarray(S_S, dtype=np.float64)
    gained = 0.5 * np.asarray(Q, dtype=np.float64) * np.asarray(slope, dtype=np.float64)[None, :]
    total = np.asarray(xi_S, dtype=np.float64) + l * np.asarray(u_S, dtype=np.float64) + gained
    if total.shape != second.shape or second.shape != (len(second), len(second)):
        raise ValueError(f"learned_from_moments: moments must be square and of one size, got {total.shape}")
    return np.asarray(np.linalg.solve(second.T, total.T).T)


def _noise(Q: Floats, size: int) -> Floats:
    whole = np.zeros((size, size))
    whole[: len(Q), : len(Q)] = Q
    return whole


def _checked(A: ArrayLike, Q: ArrayLike, where: str) -> tuple[Floats, Floats]:
    drift, diffusion = np.asarray(A, dtype=np.float64), np.asarray(Q, dtype=np.float64)
    n = len(drift) if drift.ndim else 0
    for name, given in (("A", drift), ("Q", diffusion)):
        if given.shape != (n, n) or not np.isfinite(given).all():
            raise ValueError(f"{where}: {name} must be finite, of shape ({n}, {n}), got shape {given.shape}")
    lowest = np.linalg.eigvalsh(diffusion)[0]
    if not np.allclose(diffusion, diffusion.T, rtol=1e-12, atol=0.0) or lowest < -1e-12 * np.abs(diffusion).max():
        raise ValueError(f"{where}: Q must be a covariance, got one with the eigenvalue {lowest:.3g}")
    slowest = float(np.linalg.eigvals(drift).real.max())
    if slowest >= 0.0:
        raise ValueError(f"{where}: A must have eigenvalues left of zero, got one with the real part {slowest:.3g}")
    return drift, diffusion
