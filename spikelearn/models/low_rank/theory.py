"""Closed forms for phi = erf(sqrt(pi) gain x/2), and the mean field integrated in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats

if TYPE_CHECKING:
    from spikelearn.models.low_rank.model import LowRank

__all__ = ["circle_radius", "erf_amplitude", "erf_onset_of_chaos", "erf_radial_rate", "mean_field"]


def erf_amplitude(gain: float, eigenvalue: float) -> float:
    """Give alpha = sqrt(2 (gain^2 lambda^2 - 1)/pi)/gain, zero where gain lambda <= 1.

    Examples
    --------
    >>> round(erf_amplitude(3.0, 0.8), 6)
    0.58026
    """
    above = (gain * eigenvalue) ** 2 - 1
    return float(np.sqrt(2 * above / np.pi) / gain) if above > 0 and eigenvalue > 0 else 0.0


def erf_radial_rate(gain: float, eigenvalue: float) -> float:
    """Give the eigenvalue alpha f'/f = 1/(gain lambda)^2 - 1 along a branch."""
    return 1 / (gain * eigenvalue) ** 2 - 1


def erf_onset_of_chaos(gain: float, amplitude: float) -> float:
    """Give g_c = (1 + pi gain^2 a^2)^(1/4)/gain."""
    return float((1 + np.pi * (gain * amplitude) ** 2) ** 0.25 / gain)


def circle_radius(model: LowRank) -> float:
    """Give the radius of the limit cycle of a normal complex pair r +- i w: f(a) r = 1, zero where there is none.

    References
    ----------
    Document 002 Q2.4, "the largest eigenvalue" (erratum L6).
    """
    from spikelearn.models.low_rank.fixed_points import amplitudes, largest_amplitude

    values = np.linalg.eigvals(model.C)
    r = float(values.real.max())
    found = amplitudes(model.nonlinearity, r, largest_amplitude(model.nonlinearity, r, None))
    return float(found[-1]) if len(found) else 0.0


def mean_field(model: LowRank, m: Any, times: Any, u: Any = None) -> Floats:
    """Integrate dm/dt of the infinite network; see `LowRank.mean_field`.

    Parameters
    ----------
    model, m, times, u
        As in ``LowRank.mean_field``.

    Returns
    -------
    ndarray, shape (times, p)

    Raises
    ------
    ValueError
        A shape does not fit, or times do not rise from 0 on.
    RuntimeError
        The integration failed.

    Examples
    --------
    >>> import spikelearn as sl
    >>> from spikelearn.models.low_rank import mean_field
    >>> model = sl.LowRank([[0.8]], phi="erf", gain=3.0)
    >>> mean_field(model, [0.1], [0.0, 30.0]).round(5)[-1], round(model.fixed_points()[0].amplitude, 5)
    (array([0.58026]), 0.58026)
    """
    from scipy.integrate import solve_ivp

    start = np.atleast_1d(np.asarray(m, dtype=np.float64))
    if start.shape != (model.p,) or not np.isfinite(start).all():
        raise ValueError(f"LowRank.mean_field: m must be {model.p} finite numbers, got {m!r}")
    at = np.asarray(times, dtype=np.float64)
    if at.ndim != 1 or not at.size or at[0] < 0 or (np.diff(at) <= 0).any():
        raise ValueError("LowRank.mean_field: times must be one-dimensional, rising and not negative")

    def rate(t: float, now: Floats) -> Floats:
        return model.flow(now, u(t) if callable(u) else u)

    if at[-1] == 0:
        return start[None].copy()
    solved = solve_ivp(rate, (0.0, float(at[-1])), start, "DOP853", at, rtol=1e-10, atol=1e-12)
    if not solved.success:
        raise RuntimeError(f"LowRank.mean_field: {solved.message}")
    return np.asarray(solved.y.T)
