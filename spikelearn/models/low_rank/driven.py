"""Constant external input: every fixed point, and the folds between which the network has a memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.low_rank.fixed_points import (
    FixedPoint,
    amplitudes,
    largest_amplitude,
    real_eigenspaces,
    sign_changes,
)
from spikelearn.models.low_rank.stability import jacobian_at

if TYPE_CHECKING:
    from spikelearn.models.low_rank.model import LowRank

__all__ = ["driven_fixed_points", "folds", "strength"]

_SCAN = 2000
_PARALLEL = 1e-9


def strength(model: LowRank, spread: Any, direction: Floats) -> Floats:
    """Give the size |u| of the input along a unit direction at which there is a fixed point of that spread.

    At a fixed point m = (I/f - C)^-1 B u with f = f(s) and s^2 = |m|^2 + |u|^2, so that s fixes |u| =
    s/sqrt(1 + |(I/f - C)^-1 B e|^2): the branches are the level sets of one function of s. It is zero where 1/f is an
    eigenvalue of C, the fixed points without input.

    Parameters
    ----------
    model : LowRank
        With B.
    spread : array_like
        s, positive.
    direction : ndarray, shape (q,)
        e, of length 1.
    """
    s = np.atleast_1d(np.asarray(spread, dtype=np.float64))
    f = model.nonlinearity.slope(s)
    drive = model.B @ direction
    found = np.empty(s.size)
    # An eigenvector that the input does not reach takes no part; lifting it keeps the matrix regular at its 1/f.
    lifted = np.eye(model.p) + sum(np.outer(v, w) / (w @ v) for _, v, w in _unreached(model, drive))
    for k in range(s.size):
        matrix = lifted - f[k] * model.C
        with np.errstate(all="ignore"):
            try:
                m = np.linalg.solve(matrix, f[k] * drive)
                found[k] = s[k] / np.sqrt(1 + m @ m)
            except np.linalg.LinAlgError:
                found[k] = 0.0
    return found


def _grid(model: LowRank, u: float, direction: Floats) -> tuple[Floats, Floats]:
    """Spreads to scan, closer near the fixed points without input, and those points themselves."""
    phi = model.nonlinearity
    if phi.largest is None:
        raise ValueError(f"LowRank: fixed points under input need a bounded phi, got {phi.phi!r}")
    # |m_k| <= max|phi| <|xi_k|> for every overlap, and s^2 = |m|^2 + |u|^2.
    top = np.sqrt(model.p * 2 / np.pi * phi.largest**2 + u * u) * 1.001
    poles = np.array(
        [
            a
            for value, _ in real_eigenspaces(model.C)
            for a in amplitudes(phi, value, largest_amplitude(phi, value, None))
        ]
    )
    near = np.geomspace(1e-13, 0.3, 60)
    clusters = [pole * (1 + sign * near) for pole in poles for sign in (-1, 1)]
    points = np.concatenate(
        [top * np.arange(1, _SCAN + 1) / _SCAN, top * np.geomspace(1e-9, 1e-3, 40), *clusters, poles]
    )
    return np.unique(points[(points > 0) & (points <= top)]), poles


def driven_fixed_points(model: LowRank, u: Any) -> tuple[FixedPoint, ...]:
    """Find all fixed points of dm/dt = f(sqrt(|m|^2 + |u|^2)) (C m + B u) - m under a constant input u.

    Parameters
    ----------
    model : LowRank
        With B and a bounded phi.
    u : array_like, shape (q,)
        The input, not zero.

    Returns
    -------
    tuple of FixedPoint
        By falling amplitude, each for itself (input breaks the pairs).

    Raises
    ------
    ValueError
        There is no B, u does not fit or is zero, or phi is unbounded.
    RuntimeError
        The indices of the points do not add up to 1: two of them lie closer together than the scan resolves.

    Examples
    --------
    >>> import spikelearn as sl
    >>> from spikelearn.models.low_rank import driven_fixed_points
    >>> model = sl.LowRank([[0.9]], B=[[0.3]], gain=2.0)
    >>> for point in driven_fixed_points(model, [0.05]):
    ...     print(point.overlaps.round(4), point.stable)
    [0.5958] True
    [-0.5444] True
    [-0.0382] False
    """
    drive = model.check_input(u, "LowRank.fixed_points: u")
    size = float(np.linalg.norm(drive))
    direction = drive / size
    phi = model.nonlinearity
    grid, poles = _grid(model, size, direction)
    spreads = sign_changes(lambda s: strength(model, s, direction) - size, grid)
    points = []
    for s in spreads:
        f = float(phi.slope(s))
        points.append(_record(model, np.linalg.solve(np.eye(model.p) / f - model.C, model.B @ drive), float(s), drive))
    points += _free(model, drive, poles)
    total = sum(int(np.sign(np.prod(-point.eigenvalues).real)) for point in points)
    if total != 1 and not any(np.abs(point.eigenvalues).min() < 1e-6 for point in points):
        raise RuntimeError(
            f"LowRank.fixed_points: the indices of the {len(points)} points under input must add up to 1, got {total}"
        )
    return tuple(sorted(points, key=lambda point: -point.amplitude))


def _free(model: LowRank, drive: Floats, poles: Floats) -> list[FixedPoint]:
    """Find fixed points with a component along an eigenvector that the input does not reach."""
    found: list[FixedPoint] = []
    forced = model.B @ drive
    for value, v, _ in _unreached(model, forced):
        for s in poles[np.abs(value * model.nonlinearity.slope(poles) - 1) < 1e-9]:
            particular = np.linalg.lstsq(value * np.eye(model.p) - model.C, forced, rcond=1e-10)[0]
            # |particular + t v|^2 = s^2 - |u|^2.
            half, rest = particular @ v, particular @ particular - s * s + drive @ drive
            if half * half > rest:
                root = np.sqrt(half * half - rest)
                found += [_record(model, particular + t * v, float(s), drive) for t in (-half - root, -half + root)]
    return found


def _unreached(model: LowRank, forced: Floats) -> list[tuple[float, Floats, Floats]]:
    """List simple real eigenvalues of C with right and left eigenvectors, where the left is orthogonal to B u."""
    found = []
    for value, basis in real_eigenspaces(model.C):
        left = np.linalg.svd((model.C - value * np.eye(model.p)).T)[2][-1]
        simple = basis.shape[1] == 1 and abs(left @ basis[:, 0]) > _PARALLEL
        if simple and abs(left @ forced) <= _PARALLEL * np.linalg.norm(forced):
            found.append((value, basis[:, 0], np.asarray(left)))
    return found


def _record(model: LowRank, m: Floats, s: float, drive: Floats) -> FixedPoint:
    values = np.linalg.eigvals(jacobian_at(model, m, s, model.B @ drive)).astype(np.complex128)
    values = values[np.argsort(-values.real, kind="stable")]
    return FixedPoint(float(np.linalg.norm(m)), m, values, bool((values.real < -1e-10).all()), s)


def folds(model: LowRank, direction: Any = None) -> Floats:
    """Find the input sizes at which fixed points appear or vanish in pairs, along a direction of the input.

    Folds are the extrema of `strength` over the spread. The network is bistable for smaller inputs than the largest,
    and an input that rises beyond it makes the overlaps jump.

    Parameters
    ----------
    model : LowRank
        With B and a bounded phi.
    direction : array_like, shape (q,), optional
        Any length; the first input alone if not given.

    Returns
    -------
    ndarray
        Sizes |u|, rising; empty where there is no fold.

    Examples
    --------
    >>> import spikelearn as sl
    >>> model = sl.LowRank([[0.9]], B=[[0.3]], gain=2.0)
    >>> (fold,) = model.folds()
    >>> len(model.fixed_points([0.9 * fold])), len(model.fixed_points([1.1 * fold]))  # bistable below, not beyond
    (3, 1)
    """
    from scipy.optimize import minimize_scalar

    given = np.eye(model.q)[0] if direction is None and model.q else direction
    drive = model.check_input(given, "LowRank.folds: direction")
    unit = drive / np.linalg.norm(drive)
    grid, _ = _grid(model, 1.0, unit)
    values = strength(model, grid, unit)
    found = []
    for k in range(1, len(grid) - 1):
        for sign in (1.0, -1.0):
            if sign * values[k] > sign * values[k - 1] and sign * values[k] >= sign * values[k + 1]:
                best = minimize_scalar(
                    lambda s, sign=sign: -sign * float(strength(model, s, unit)[0]),
                    bounds=(grid[k - 1], grid[k + 1]),
                    method="bounded",
                    options={"xatol": 1e-11 * grid[k]},
                )
                size = abs(float(best.fun))
                # A minimum of zero is a fixed point without input, no fold.
                if sign > 0 or size > 1e-6 * float(values.max()):
                    found.append(size)
    return np.array(sorted(found))
