"""Integrals over bins to floating-point accuracy, and the test that an integral has converged."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spikelearn.arrays import Floats

__all__ = ["bin_integrals", "converged", "panel_nodes"]


_DEEPEST = 48  # a jump is then located to 2^-48 of its bin


def panel_nodes(edges: Floats, panels: int = 1, order: int = 10) -> tuple[Floats, Floats]:
    """Give Gauss-Legendre nodes and weights in every bin, each bin cut into `panels` equal panels.

    Parameters
    ----------
    edges : ndarray, shape (n_bins + 1,)
        Increasing edges.
    panels, order : int
        Panels a bin and nodes a panel.

    Returns
    -------
    nodes, weights : ndarray, shape (n_bins, panels * order)
    """
    x, w = np.polynomial.legendre.leggauss(order)
    steps = np.arange(panels)[:, None]
    place = ((steps + (x + 1) / 2) / panels).ravel()
    share = np.tile(w / (2 * panels), panels)
    width = np.diff(edges)
    return edges[:-1, None] + width[:, None] * place, width[:, None] * share


def bin_integrals(function: Callable[[Floats], Floats], edges: Floats, rtol: float = 1e-12) -> Floats:
    """Integrate a function over every bin by bisecting the panels that have not converged.

    A jump or a kink inside a bin is followed until its panel no longer matters, so that no smoothness is asked for.

    Parameters
    ----------
    function : callable
        From a one-dimensional array to an array of the same shape.
    edges : ndarray, shape (n_bins + 1,)
        Increasing edges.
    rtol : float
        Error of a panel relative to the largest bin.

    Returns
    -------
    ndarray, shape (n_bins,)

    Examples
    --------
    >>> bin_integrals(lambda t: (t > 0.25).astype(float), np.array([0.0, 0.5, 1.0])).round(9)
    array([0.25, 0.5 ])
    """
    total = np.zeros(len(edges) - 1)
    left, right, owner = edges[:-1], edges[1:], np.arange(len(edges) - 1)
    coarse = _gauss(function, left, right)
    scale = float(np.abs(coarse).max(initial=0.0))
    for _ in range(_DEEPEST):
        middle = (left + right) / 2
        first, second = _gauss(function, left, middle), _gauss(function, middle, right)
        scale = max(scale, float(np.abs(first + second).max(initial=0.0)))
        done = np.abs(first + second - coarse) <= rtol * scale
        np.add.at(total, owner[done], (first + second)[done])
        open_ = ~done
        if not open_.any():
            return total
        left, right = np.concatenate([left[open_], middle[open_]]), np.concatenate([middle[open_], right[open_]])
        coarse = np.concatenate([first[open_], second[open_]])
        owner = np.tile(owner[open_], 2)
    np.add.at(total, owner, coarse)
    return total


def _gauss(function: Callable[[Floats], Floats], left: Floats, right: Floats) -> Floats:
    x, w = np.polynomial.legendre.leggauss(8)
    half = (right - left) / 2
    points = (left + right)[:, None] / 2 + half[:, None] * x
    values = np.asarray(function(points.ravel())).reshape(points.shape)
    result: Floats = (values @ w) * half
    return result


def converged(compute: Callable[[int], Floats], where: str, rtol: float = 1e-9, first: int = 1) -> Floats:
    """Double the number of panels a bin until the result no longer changes.

    Raises
    ------
    ValueError
        It still changes after seven doublings: the functions are not smooth within the bins.
    """
    panels = first
    old = compute(panels)
    for _ in range(7):
        panels *= 2
        new = compute(panels)
        if np.abs(new - old).max(initial=0.0) <= rtol * np.abs(new).max(initial=0.0):
            return new
        old = new
    raise ValueError(
        f"{where} must be smooth enough for its integrals to converge; a jump must fall on an edge of a bin"
    )
