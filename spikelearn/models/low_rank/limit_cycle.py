"""Limit cycles of the overlaps where the leading eigenvalues of C are a complex pair."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.low_rank.fixed_points import amplitudes, largest_amplitude

if TYPE_CHECKING:
    from spikelearn.models.low_rank.model import LowRank
    from spikelearn.models.low_rank.nonlinearity import Nonlinearity

__all__ = ["LimitCycle", "limit_cycle"]

_SIZES = (32, 64, 128, 256, 512, 1024)
_SETTLED = 1e-12
_COMPLEX = 1e-10


@dataclass(frozen=True, eq=False)
class LimitCycle:
    """A periodic solution of dm/dt = f(|m|) C m - m.

    Parameters
    ----------
    period : float
        2 pi r/w for the pair r +- i w, whatever phi is.
    radius_min, radius_max : float
        Smallest and largest |m| along the cycle; equal for a circle.
    exponents : ndarray of float, shape (p,)
        Floquet exponents (real parts) by falling size; one is zero, the shift along the cycle.
    stable : bool
        Whether the others are negative.
    overlaps : ndarray, shape (points, p)
        The cycle at `times`, from the start of a turn, without its end.
    times : ndarray, shape (points,)
        In units of the time constant.

    Examples
    --------
    >>> import math
    >>> import spikelearn as sl
    >>> cycle = sl.LowRank([[0.8, -0.4], [0.4, 0.8]], gain=2.0).limit_cycle()
    >>> round(cycle.period, 6), round(2 * math.pi * 0.8 / 0.4, 6), cycle.stable  # 2 pi r/w
    (12.566371, 12.566371, True)
    >>> round(cycle.radius_max - cycle.radius_min, 6)  # a circle
    0.0
    """

    period: float
    radius_min: float
    radius_max: float
    exponents: Floats = field(repr=False)
    stable: bool
    overlaps: Floats = field(repr=False)
    times: Floats = field(repr=False)


def limit_cycle(model: LowRank, reach: float | None = None) -> LimitCycle | None:
    """Find the limit cycle of the leading complex pair r +- i w of C, or None where there is none.

    In the pair's invariant plane m = e^R (x cos s - y sin s), where the eigenvector x + i y has had its phase turned so
    that x and y are orthogonal. With the angle as the time, dR/ds = r/w - 1/(w f(a)) with a = e^R |x cos s - y sin s|
    has a right-hand side of period pi. It is solved by Fourier collocation and Newton's method, until the coefficients
    fall to rounding.

    Parameters
    ----------
    model : LowRank
        The network, without random part or mixture.
    reach : float, optional
        Largest amplitude, where phi is unbounded.

    Returns
    -------
    LimitCycle or None
        None if the leading eigenvalue of C is real, or f(a) r = 1 has no solution (for "tanh" and "erf": r gain <= 1).
        For another phi one cycle is looked for beside every solution, and the largest is given.

    References
    ----------
    Document 002 Q2.4 speaks of the largest eigenvalue (erratum L6: the largest real part, which may belong to a complex
    pair). Since ds = f dt turns the direction of m into that of e^{Cs} m, and |m| returns if r S = T, the period is
    T = 2 pi r/w exactly.
    """
    values, vectors = np.linalg.eig(model.C)
    lead = int(np.lexsort((values.imag, values.real))[-1])
    r, w = float(values[lead].real), float(values[lead].imag)
    if w <= _COMPLEX * max(float(np.abs(model.C).max()), 1e-300) or r <= 0:
        return None
    x, y = _balanced(vectors[:, lead])
    phi = model.nonlinearity
    found = []
    for a in amplitudes(phi, r, largest_amplitude(phi, r, reach)):
        solved = _solve(model, float(a), r, w, x, y)
        if solved is not None:
            found.append(_cycle(model, solved, r, w, x, y, np.delete(values, [lead, _partner(values, lead)])))
    return max(found, key=lambda cycle: cycle.radius_max, default=None)


def _partner(values: np.ndarray[tuple[int, ...], np.dtype[np.complex128]], lead: int) -> int:
    return int(np.abs(values - np.conj(values[lead])).argmin())


def _balanced(vector: np.ndarray[tuple[int, ...], np.dtype[np.complex128]]) -> tuple[Floats, Floats]:
    """Turn the phase of an eigenvector so that its real and imaginary parts are orthogonal, the real one the longer."""
    square = complex((vector * vector).sum())
    turned = vector * np.exp(-0.5j * np.angle(square)) if abs(square) > 0 else vector
    scale = np.linalg.norm(turned.real)
    return np.asarray(turned.real / scale), np.asarray(turned.imag / scale)


def _ellipse(s: Floats, x: Floats, y: Floats) -> Floats:
    """Length of x cos s - y sin s for orthogonal x and y."""
    return np.asarray(np.sqrt(x @ x * np.cos(s) ** 2 + y @ y * np.sin(s) ** 2))


def _solve(model: LowRank, a: float, r: float, w: float, x: Floats, y: Floats) -> Floats | None:
    """Sample R at n even angles in [0, pi), n chosen so that its Fourier series has ended."""
    phi = model.nonlinearity
    guess = np.full(_SIZES[0], np.log(a) - 0.5 * np.log(0.5 * (x @ x + y @ y)))
    R = None
    for n in _SIZES:
        s = np.pi * np.arange(n) / n
        length = _ellipse(s, x, y)
        slopes = _differentiation(n)
        R = _newton(phi, _refined(guess, n), slopes, length, r, w)
        if R is None:
            # The other limit, w much smaller than r: the amplitude follows f(a) r = 1 at every angle.
            R = _newton(phi, np.log(a / length), slopes, length, r, w)
        if R is None:
            continue
        guess = R
        size = np.abs(np.fft.rfft(R)) / n
        if size[n // 3 :].max() < _SETTLED * max(1.0, float(size.max())):
            return R
    return None


def _newton(phi: Nonlinearity, start: Floats, slopes: Floats, length: Floats, r: float, w: float) -> Floats | None:
    """Solve D R - r/w + 1/(w f(e^R length)) = 0 by damped Newton steps."""
    R = start.copy()

    def residual(R: Floats) -> Floats:
        with np.errstate(all="ignore"):
            return np.asarray(slopes @ R - r / w + 1 / (w * phi.slope(np.exp(R) * length)))

    error = residual(R)
    for _ in range(60):
        a = np.exp(R) * length
        f = phi.slope(a)
        jacobian = slopes - np.diag(phi.slope_rate(a) * a / (w * f * f))
        step = np.linalg.solve(jacobian, -error)
        if not np.isfinite(step).all():
            return None
        factor = min(1.0, 1.0 / max(float(np.abs(step).max()), 1e-300))
        while factor > 1e-4:
            tried = residual(R + factor * step)
            if np.isfinite(tried).all() and np.abs(tried).max() <= (1 - 0.1 * factor) * np.abs(error).max() + 1e-13:
                break
            factor /= 2
        else:
            return None
        R, error = R + factor * step, tried
        if factor == 1.0 and np.abs(step).max() < 1e-13 * max(1.0, float(np.abs(R).max())):
            return np.asarray(R)
    return np.asarray(R) if np.abs(error).max() < 1e-10 * (1 + r / w) else None


def _differentiation(n: int) -> Floats:
    """Matrix that differentiates a function of period pi from n even samples (n even)."""
    k = np.arange(n)
    difference = k[:, None] - k[None, :]
    with np.errstate(divide="ignore"):
        matrix = (-1.0) ** difference / np.tan(np.pi * difference / n)
    matrix[k, k] = 0.0
    return np.asarray(matrix)


def _refined(samples: Floats, n: int) -> Floats:
    """Interpolate even samples of a period to n of them."""
    if len(samples) == n:
        return samples
    return np.asarray(np.fft.irfft(np.fft.rfft(samples), n) * n / len(samples))


def _interpolant(R: Floats, s: Floats) -> Floats:
    """Fourier interpolation of R at any angles."""
    n = len(R)
    coefficients = np.fft.rfft(R) / n
    k = np.arange(len(coefficients))
    weights = np.where((k == 0) | (k == n // 2), 1.0, 2.0)
    return np.asarray((weights * coefficients * np.exp(2j * np.multiply.outer(s, k))).real.sum(axis=-1))


def _cycle(
    model: LowRank,
    R: Floats,
    r: float,
    w: float,
    x: Floats,
    y: Floats,
    others: np.ndarray[tuple[int, ...], np.dtype[np.complex128]],
) -> LimitCycle:
    """Build the record: extremes of |m| by solving m.dm/dt = 0, exponents from the divergence."""
    from scipy.optimize import brentq

    phi = model.nonlinearity

    def growth(s: Floats) -> Floats:
        """D log|m| / ds, which has the sign of m.dm/dt."""
        length = _ellipse(s, x, y)
        turning = 0.5 * np.sin(2 * s) * (y @ y - x @ x) / length**2
        return np.asarray(r / w - 1 / (w * phi.slope(np.exp(_interpolant(R, s)) * length)) + turning)

    fine = np.pi * np.arange(4 * len(R) + 1) / (4 * len(R))
    values = growth(fine)
    radii = np.exp(_interpolant(R, fine)) * _ellipse(fine, x, y)
    extremes = [float(radii.min()), float(radii.max())]
    for k in np.flatnonzero(values[:-1] * values[1:] < 0):
        s = brentq(lambda s: float(growth(np.array([s]))[0]), fine[k], fine[k + 1], xtol=1e-14)
        extremes.append(float((np.exp(_interpolant(R, np.array([s]))) * _ellipse(np.array([s]), x, y))[0]))
    n = 4 * len(R)
    s = 2 * np.pi * np.arange(n) / n
    a = np.exp(_interpolant(R, s)) * _ellipse(s, x, y)
    f = phi.slope(a)
    period = 2 * np.pi * r / w
    radial = float(np.mean(phi.slope_rate(a) * a / (w * f * f))) * 2 * np.pi / period
    exponents = np.sort(np.array([0.0, radial, *(others.real / r - 1)]))[::-1]
    order = np.argsort(-np.abs(exponents))
    stable = bool((exponents[order][:-1] < -1e-10).all())
    overlaps = np.exp(_interpolant(R, s))[:, None] * (np.cos(s)[:, None] * x - np.sin(s)[:, None] * y)
    # dt = ds/(w f), integrated by its Fourier series.
    pace = np.fft.rfft(1 / (w * f)) / n
    k = np.arange(1, len(pace))
    weights = np.where(k == n // 2, 0.0, 2.0)
    waves = weights * pace[1:] / (1j * k)
    times = pace[0].real * s + (waves * (np.exp(1j * np.multiply.outer(s, k)) - 1)).real.sum(axis=-1)
    return LimitCycle(period, min(extremes), max(extremes), exponents, stable, overlaps, times)
