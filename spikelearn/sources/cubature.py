"""Gaussian moments of functions of a few projections, to a stated accuracy and with kinks followed."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spikelearn.arrays import Floats

__all__ = ["Moments", "gaussian_moments"]


Function = Callable[[Floats], Floats]

# Mass outside the box is below 1e-40 for a bounded function; one that grows has to die off before its border.
_HALF_WIDTH, _CELL = 14.0, 2.0
_ORDER, _DEEPEST, _MOST_CELLS = 8, 14, 400_000
_BORDER = 1e-9
_GRIDS = (12, 20, 28)
_GRID_RTOL = 1e-6
LARGEST_RANK = 4


@dataclass(frozen=True, eq=False)
class Moments:
    """Moments of order 0, 1 and 2 of a weight over a stimulus.

    Parameters
    ----------
    total : float
        E[w].
    first : ndarray, shape (size,)
        E[w z].
    second : ndarray, shape (size, size)
        E[w z z^T].
    """

    total: float
    first: Floats
    second: Floats


def gaussian_moments(function: Function, rank: int, where: str, rtol: float = 1e-10) -> Moments:
    """Integrate ``f(y)``, ``f(y) y`` and ``f(y) y y^T`` over a standard normal y of one to four dimensions.

    In one and two dimensions cells that have not converged are cut until they have, so that a kink of f costs time and
    no accuracy. In three and four dimensions Gauss-Hermite grids of 12, 20 and 28 nodes a dimension must agree to 1e-6.

    Parameters
    ----------
    function : callable
        From points of shape (n, rank) to values of shape (n,).
    rank : int
        Dimensions of y.
    where : str
        For error messages.
    rtol : float
        Error of a cell relative to the integral, in one and two dimensions.

    Raises
    ------
    ValueError
        The function overflows or grows so fast that the integral does not converge, or the rank is above 4.

    Examples
    --------
    >>> moments = gaussian_moments(lambda y: np.maximum(y[:, 0], 0.0), 1, "it")
    >>> round(float(moments.total * np.sqrt(2 * np.pi)), 9), round(float(moments.first[0]), 9)
    (1.0, 0.5)
    """
    if not 1 <= rank <= LARGEST_RANK:
        raise ValueError(f"{where} must depend on 1 to {LARGEST_RANK} projections, got {rank}; sample instead")
    with np.errstate(over="ignore", invalid="ignore"):
        values = _by_cells(function, rank, where, rtol) if rank < 3 else _by_grids(function, rank, where)
    upper = np.triu_indices(rank)
    second = np.zeros((rank, rank))
    second[upper] = values[1 + rank :]
    second = second + np.triu(second, 1).T
    return Moments(float(values[0]), values[1 : 1 + rank], second)


def _integrand(function: Function, points: Floats) -> Floats:
    """Give f, f y and the upper half of f y y^T at points, without the normal density: shape (n, 1 + r + r(r+1)/2)."""
    rank = points.shape[1]
    one, other = np.triu_indices(rank)
    basis = np.column_stack([np.ones(len(points)), points, points[:, one] * points[:, other]])
    result: Floats = np.asarray(function(points), dtype=np.float64)[:, None] * basis
    return result


def _by_cells(function: Function, rank: int, where: str, rtol: float) -> Floats:
    edges = np.arange(-_HALF_WIDTH, _HALF_WIDTH, _CELL)
    corners = np.array(list(itertools.product(edges, repeat=rank)))
    size = _CELL
    coarse = _cells(function, corners, size, where)
    outer = (np.abs(corners + _CELL / 2) > _HALF_WIDTH - _CELL).any(axis=1)
    scale = np.abs(coarse).sum(axis=0).max()
    if np.abs(coarse[outer]).sum(axis=0).max(initial=0.0) > _BORDER * scale:
        raise ValueError(f"{where} must have finite moments, got one that grows too fast; make the gain smaller")
    total = np.zeros(coarse.shape[1])
    for _ in range(_DEEPEST):
        shifts = np.array(list(itertools.product([0.0, size / 2], repeat=rank)))
        children = (corners[:, None] + shifts).reshape(-1, rank)
        fine = _cells(function, children, size / 2, where)
        summed = fine.reshape(len(corners), len(shifts), -1).sum(axis=1)
        left = np.abs(summed - coarse).max(axis=1) > rtol * scale
        total += summed[~left].sum(axis=0)
        if not left.any():
            return total
        again = np.repeat(left, len(shifts))
        corners, coarse, size = children[again], fine[again], size / 2
        if len(corners) > _MOST_CELLS:
            raise ValueError(f"{where} must be continuous but for a few kinks, or its moments do not converge")
    total += coarse.sum(axis=0)
    return total


def _cells(function: Function, corners: Floats, size: float, where: str) -> Floats:
    """Integrate over each cell by a tensor rule, a few cells at a time."""
    rank = corners.shape[1]
    x, w = np.polynomial.legendre.leggauss(_ORDER)
    nodes = np.array(list(itertools.product(size * (x + 1) / 2, repeat=rank)))
    mass = np.array([np.prod(one) for one in itertools.product(size * w / 2, repeat=rank)])
    parts = []
    step = max(1, 400_000 // len(nodes))
    for first in range(0, len(corners), step):
        points = (corners[first : first + step, None] + nodes).reshape(-1, rank)
        density = np.exp(-0.5 * (points**2).sum(axis=1)) / (2 * np.pi) ** (rank / 2)
        values = _integrand(function, points) * (density * np.tile(mass, len(points) // len(nodes)))[:, None]
        parts.append(values.reshape(-1, len(nodes), values.shape[1]).sum(axis=1))
    result: Floats = np.concatenate(parts)
    if not np.isfinite(result).all():
        raise ValueError(f"{where} must stay finite, got a rate that overflows; make the gain smaller")
    return result


def _by_grids(function: Function, rank: int, where: str) -> Floats:
    old = np.zeros(0)
    for nodes in _GRIDS:
        x, w = np.polynomial.hermite_e.hermegauss(nodes)
        mesh = np.stack(np.meshgrid(*[x] * rank, indexing="ij"), axis=-1).reshape(-1, rank)
        mass = np.stack(np.meshgrid(*[w / np.sqrt(2 * np.pi)] * rank, indexing="ij"), axis=-1).reshape(-1, rank)
        new: Floats = mass.prod(axis=1) @ _integrand(function, mesh)
        if not np.isfinite(new).all():
            raise ValueError(f"{where} must stay finite, got a rate that overflows; make the gain smaller")
        if old.size and np.abs(new - old).max() <= _GRID_RTOL * np.abs(new).max():
            return new
        old = new
    raise ValueError(
        f"{where} must be smooth for moments over {rank} projections to converge; sample instead, or leave lags out"
    )
