"""All fixed points of the overlaps: every branch of f(a) lambda = 1, counted by an index argument."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.low_rank.nonlinearity import Nonlinearity

if TYPE_CHECKING:
    from spikelearn.models.low_rank.model import LowRank

__all__ = ["FixedPoint", "amplitudes", "fixed_points", "index_sum", "largest_amplitude", "sign_changes"]

_SCAN = 2000
_EQUAL = 1e-10
_FLAT = 1e-8


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """A fixed point of the overlaps, one of a pair +-m unless it is zero.

    Parameters
    ----------
    amplitude : float
        |m|.
    overlaps : ndarray, shape (p,)
        m.
    eigenvalues : ndarray of complex, shape (p,)
        Of the Jacobian, by falling real part; with a random part there is one more, of the variance.
    stable : bool
        Whether all have a negative real part, and the random bulk, too.
    spread : float
        Standard deviation a of the inputs over neurons: |m| where there is neither input nor random part.
    eigenvalue : float
        The lambda of C with f(a) lambda = 1; NaN for the zero and under input.
    dimension : int
        0 for an isolated point; 1 on a ring, 2 on a sphere, of fixed points that all have the same lambda.
    bulk : float
        Rightmost edge of the random bulk, g sqrt<phi'^2> - 1; -1 without a random part.

    Examples
    --------
    >>> import spikelearn as sl
    >>> point = sl.LowRank([[0.8]], phi="erf", gain=3.0).fixed_points()[0]
    >>> round(point.amplitude, 5), point.eigenvalue, point.stable, bool(point.eigenvalues[0].real < 0)
    (0.58026, 0.8, True, True)
    """

    amplitude: float
    overlaps: Floats
    eigenvalues: np.ndarray[tuple[int, ...], np.dtype[np.complex128]] = field(repr=False)
    stable: bool
    spread: float = 0.0
    eigenvalue: float = float("nan")
    dimension: int = 0
    bulk: float = -1.0


def fixed_points(model: LowRank, *, reach: float | None = None) -> tuple[FixedPoint, ...]:
    """Find all fixed points of dm/dt = f(|m|) C m - m, or of the network with a random part.

    A fixed point is zero or an eigenvector of C with a real eigenvalue, of an amplitude with f(a) lambda = 1. The
    amplitudes are scanned up to their bound and polished; for a bounded phi the indices of all points must then add up
    to 1, as for every field that points inwards on a large sphere.

    Parameters
    ----------
    model : LowRank
        The network.
    reach : float, optional
        Largest amplitude to look for; needed where phi is unbounded.

    Returns
    -------
    tuple of FixedPoint
        By falling amplitude, one of each pair; the zero, which is always there, last.

    Raises
    ------
    ValueError
        phi is unbounded and no range is given.
    RuntimeError
        The indices do not add up: two branches closer together than the scan resolves.

    References
    ----------
    Document 002 Q2, Eq. (17); that these "typically" exist is erratum L3.
    """
    phi = model.nonlinearity
    found = []
    for value, basis in real_eigenspaces(model.C):
        top = largest_amplitude(phi, value, reach)
        for a in amplitudes(phi, value, top):
            point = _point(model, float(a), value, basis)
            if point is not None:
                found.append(point)
    found.sort(key=lambda point: -point.amplitude)
    found.append(_zero(model))
    bounded = phi.largest is not None and reach is None
    if bounded and not model.g:
        total = index_sum(found)
        if total is not None and total != 1:
            raise RuntimeError(
                f"LowRank.fixed_points: the indices of the {len(found)} points found must add up to 1, got {total}: "
                f"branches of phi = {phi.phi!r} lie closer together than the scan resolves"
            )
    return tuple(found)


def real_eigenspaces(C: Floats) -> list[tuple[float, Floats]]:
    """Give each real eigenvalue of C once, by falling size, with an orthonormal basis of its eigenvectors (p, d)."""
    scale = max(float(np.abs(C).max()), 1e-300)
    values = np.linalg.eigvals(C)
    real = np.sort(values.real[np.abs(values.imag) <= _EQUAL * scale])[::-1]
    spaces: list[tuple[float, Floats]] = []
    for value in real:
        if spaces and abs(spaces[-1][0] - value) <= _FLAT * scale:
            continue
        _, singular, right = np.linalg.svd(C - value * np.eye(len(C)))
        d = max(1, int((singular <= _FLAT * scale).sum()))
        spaces.append((float(value), np.asarray(right[-d:].T)))
    return spaces


def largest_amplitude(phi: Nonlinearity, value: float, reach: float | None) -> float:
    """Give the bound |lambda| max|phi| sqrt(2/pi), from a = lambda <z phi(a z)>, or the range that was given."""
    if reach is not None:
        if not np.isfinite(reach) or reach <= 0:
            raise ValueError(f"LowRank.fixed_points: reach must be positive and finite, got {reach}")
        return float(reach)
    if phi.largest is None:
        raise ValueError(
            f"LowRank.fixed_points: reach must be given, because phi = {phi.phi!r} is unbounded and sets no largest "
            "amplitude: fixed_points(reach=10) looks up to 10"
        )
    return abs(value) * phi.largest * float(np.sqrt(2 / np.pi))


def amplitudes(phi: Nonlinearity, value: float, top: float) -> Floats:
    """Solve f(a) lambda = 1 on (0, top]; every solution, rising."""
    if top <= 0 or value == 0:
        return np.empty(0)

    def excess(a: Floats) -> Floats:
        return value * phi.slope(a) - 1

    if phi.sigmoid:
        # f falls from phi'(0) to 0: one solution or none. The bound is reached only by an infinite gain.
        at_zero = value * phi.gain - 1
        if at_zero <= 0:
            return np.empty(0)
        lowest = 1e-3 * np.sqrt(min(at_zero, 1.0)) / phi.gain
        return sign_changes(excess, np.array([lowest, top * 1.01]))
    return sign_changes(excess, top * np.arange(1, _SCAN + 1) / _SCAN * (1 + 1e-12), first=top * 1e-6)


def sign_changes(function: Callable[[Floats], Floats], grid: Floats, first: float | None = None) -> Floats:
    """Find the zeros of a function of an array on a grid, polished to rounding; touching pairs between points, too.

    Where |function| has a smallest value between grid points without a change of sign, the extremum is polished, and
    the two zeros beside it are found if it lies across.
    """
    from scipy.optimize import brentq, minimize_scalar

    points = grid if first is None else np.concatenate([[first], grid[grid > first]])
    values = np.asarray(function(points))

    def one(a: float) -> float:
        return float(function(np.array([a]))[0])

    cells = [(points[k], points[k + 1]) for k in np.flatnonzero(values[:-1] * values[1:] < 0)]
    zeros = [float(a) for a in points[values == 0]]
    size = np.abs(values)
    for k in 1 + np.flatnonzero((size[1:-1] < size[:-2]) & (size[1:-1] <= size[2:])):
        side = np.sign(values[k])
        if side == 0 or values[k - 1] * side <= 0 or values[k + 1] * side <= 0:
            continue
        low, high = points[k - 1], points[k + 1]
        best = minimize_scalar(
            lambda a, side=side: side * one(a), bounds=(low, high), method="bounded", options={"xatol": 1e-12 * high}
        )
        if best.fun < 0:
            cells += [(low, best.x), (best.x, high)]
    zeros += [brentq(one, low, high, xtol=1e-15 * max(high, 1.0), rtol=8.9e-16) for low, high in cells]
    return np.array(sorted(zeros))


def index_sum(points: list[FixedPoint] | tuple[FixedPoint, ...]) -> int | None:
    """Add the indices sign det(-J) of all fixed points, both of each pair; None at a bifurcation.

    A sphere of fixed points counts with its Euler number (0 for a ring) times the sign across it. The sum is 1 for
    every field that points inwards on a large sphere (Poincare and Hopf).

    Parameters
    ----------
    points : sequence of FixedPoint
        All fixed points of a network, from ``LowRank.fixed_points()``.

    Returns
    -------
    int or None

    Examples
    --------
    >>> import spikelearn as sl
    >>> from spikelearn.models.low_rank import index_sum
    >>> index_sum(sl.LowRank([[0.8, 0.1], [0.1, 0.5]], phi="erf", gain=3.0).fixed_points())
    1
    """
    total = 0
    for point in points:
        values = sorted(point.eigenvalues, key=abs)[point.dimension :]
        if any(abs(value) < _FLAT for value in values):
            return None
        sign = round(float(np.sign(np.prod(-np.array(values)).real))) if values else 1
        euler = 2 if point.dimension % 2 == 0 else 0
        total += sign * (1 if point.amplitude == 0 else euler)
    return total


def _point(model: LowRank, a: float, value: float, basis: Floats) -> FixedPoint | None:
    """Build the record of the branch of spread a; None where a random part leaves no real overlap."""
    phi = model.nonlinearity
    square = a * a - (model.g**2 * float(phi.square(a)) if model.g else 0.0)
    if square <= 0:
        return None
    direction = basis[:, 0] * (1.0 if basis[np.abs(basis[:, 0]).argmax(), 0] > 0 else -1.0)
    m = np.sqrt(square) * direction
    return record(model, m, a, value, basis.shape[1] - 1)


def _zero(model: LowRank) -> FixedPoint:
    return record(model, np.zeros(model.p), 0.0, float("nan"), 0)


def record(model: LowRank, m: Floats, spread: float, value: float, dimension: int) -> FixedPoint:
    """Add eigenvalues and stability to a fixed point."""
    from spikelearn.models.low_rank.stability import bulk_edge, jacobian_at

    # At zero the variance is of second order and no direction of its own.
    J = jacobian_at(model, m, spread)[: None if spread else model.p, : None if spread else model.p]
    values = np.linalg.eigvals(J).astype(np.complex128)
    values = values[np.argsort(-values.real, kind="stable")]
    bulk = bulk_edge(model, spread)
    stable = bool((values.real < -_EQUAL).all() and bulk < -_EQUAL)
    m.setflags(write=False)
    return FixedPoint(float(np.linalg.norm(m)), m, values, stable, spread, value, dimension, bulk)
