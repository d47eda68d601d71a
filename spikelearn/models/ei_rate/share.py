"""The share of the valid set points that is stable, as the area of polygons along the boundaries."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats
from spikelearn.models.ei_rate.model import EIRates
from spikelearn.models.ei_rate.stability import Method, stability
from spikelearn.parameters.numbers import whole_number
from spikelearn.rules.rule import Rule

__all__ = ["W_EE_MAX", "W_IE_MAX", "stable_share"]

W_EE_MAX, W_IE_MAX = 10.0, 20.0
"""The range of the free weights in the figures of the source, from zero."""

_CELLS, _BISECTIONS = 157, 7
# Corners of a cell in the order of the arrays, and counterclockwise.
_AROUND = (0, 1, 3, 2)
_CORNERS = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])


def stable_share(
    model: EIRates, rule: Rule, *, method: Method | None = None, sensor: float = 1.0, halvings: int = 3
) -> float:
    """Give the share of the valid set points that is stable, W_EE in [0, 10] and W_IE in [0, 20].

    A ratio of two areas: of the points that are stable under the rule, and of those that are set points at all (neural
    stability, W_EI and W_II positive).

    Parameters
    ----------
    model, rule
        As in `spikelearn.stability`.
    method : {"qss", "full", "trial", "closed"}, optional
        As in `spikelearn.stability`; the closed form where the rule has one, else ``"qss"``: both judge the
        quasi-steady state.
    sensor : float
        As in `spikelearn.stability`.
    halvings : int
        How often cells of the first grid that a boundary cuts are halved in both directions.

    Returns
    -------
    float
        From 0 to 1; NaN where no point is valid. With three halvings the error is below 5e-6.

    Raises
    ------
    ValueError
        As in `spikelearn.stability`, or `halvings` is no whole number from 0 to 10.

    Notes
    -----
    Cells whose corners agree count whole. In a cell that a boundary cuts, bisection finds where it crosses the sides,
    and the polygon of these crossings and of the corners inside counts; what is left is the curvature of the boundary
    within a cell, 1/1256 of each axis. An island or the tip of a wedge narrower than a cell of the first grid, 1/157 of
    each axis, can be overlooked; the regions of this family are bounded by a few smooth lines. The first grid is not
    quite even, so that no line with rational coefficients, such as W_EI = 0, runs along its corners, where rounding
    would judge.

    Examples
    --------
    >>> from spikelearn.rules import Homeostatic
    >>> equal = dict(alpha_EE=0.02, alpha_EI=0.02, alpha_IE=0.02, alpha_II=0.02)
    >>> f"{stable_share(EIRates(), Homeostatic(**equal)):.5f}"
    '0.07550'
    """
    times = whole_number("stable_share.halvings", halvings, at_least=0)
    if times > 10:
        raise ValueError(f"stable_share.halvings must be at most 10, got {times}")
    chosen: Any = method or ("qss" if rule.closed_form is None else "closed")

    def judge(x: Floats, y: Floats) -> NDArray[np.int64]:
        found = stability(model, rule, W_EE=x, W_IE=y, method=chosen, sensor=sensor)
        return np.where(found.valid, np.where(found.stable, 2, 1), 0)

    x, y = _uneven(W_EE_MAX), _uneven(W_IE_MAX)
    at_corners = judge(*np.meshgrid(x, y, indexing="ij"))
    cells = np.array([at_corners[:-1, :-1], at_corners[1:, :-1], at_corners[:-1, 1:], at_corners[1:, 1:]])
    lower = np.array(np.meshgrid(x[:-1], y[:-1], indexing="ij")).reshape(2, -1)
    size = np.array(np.meshgrid(np.diff(x), np.diff(y), indexing="ij")).reshape(2, -1)
    corners = cells.reshape(4, -1)
    areas = np.zeros(2)
    for _ in range(times):
        whole = (corners == corners[0]).all(axis=0)
        areas += _whole(corners[0, whole], size[:, whole])
        lower, size, corners = _halved(judge, lower[:, ~whole], size[:, ~whole], corners[:, ~whole])
    valid, stable = areas + _cut(judge, lower, size, corners)
    return float(stable / valid) if valid > 0 else float("nan")


def _uneven(stop: float) -> Floats:
    """Give edges from 0 to `stop`, those between them a little off at irrational places."""
    k = np.arange(1, _CELLS)
    inner = k + 0.2 * ((k * (np.sqrt(5) - 1) / 2) % 1 - 0.5)
    return np.asarray(stop * np.concatenate([[0.0], inner, [_CELLS]]) / _CELLS)


def _whole(verdict: NDArray[np.int64], size: Floats) -> Floats:
    """Give the areas of what is valid and of what is stable among cells of one verdict each."""
    area = size[0] * size[1]
    return np.array([area[verdict >= level].sum() for level in (1, 2)])


def _cut(judge: Any, lower: Floats, size: Floats, corners: NDArray[np.int64]) -> Floats:
    """Give the same areas among cells that boundaries may cut, by the polygons within them."""
    places = lower[:, None, :] + _CORNERS.T[:, :, None] * size[:, None, :]
    areas = []
    for level in (1, 2):
        inside = corners[list(_AROUND)] >= level
        points = np.empty((2, 8, lower.shape[1]))
        points[:, ::2] = places
        used = np.zeros((8, lower.shape[1]), dtype=bool)
        used[::2] = inside
        used[1::2] = inside != np.roll(inside, -1, axis=0)
        side, cell = np.nonzero(used[1::2])
        ends = places[:, side, cell], places[:, (side + 1) % 4, cell]
        flip = ~inside[side, cell]
        within, without = np.where(flip, ends[1], ends[0]), np.where(flip, ends[0], ends[1])
        for _ in range(_BISECTIONS if cell.size else 0):
            middle = (within + without) / 2
            good = judge(*middle) >= level
            within, without = np.where(good, middle, within), np.where(good, without, middle)
        points[:, 2 * side + 1, cell] = (within + without) / 2
        areas.append(_polygons(points, used))
    return np.array(areas)


def _polygons(points: Floats, used: NDArray[np.bool_]) -> float:
    """Add up the areas of polygons, points of shape (2, 8, n) in order, of which some are used."""
    rest = used.any(axis=0)
    points, used = points[:, :, rest], used[:, rest]
    # A corner that is not used stands at the one before it, where it adds nothing.
    turn = np.where(np.concatenate([used, used]), np.arange(16)[:, None], -1)
    before = np.maximum.accumulate(turn, axis=0)[8:] % 8
    x, y = (np.take_along_axis(part, before, axis=0) for part in points)
    return float(0.5 * (x * np.roll(y, -1, axis=0) - np.roll(x, -1, axis=0) * y).sum())


def _halved(
    judge: Any, lower: Floats, size: Floats, corners: NDArray[np.int64]
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Cut every cell into four; five new corners each have to be judged."""
    if not lower.size:
        return lower, size, corners
    half = size / 2
    places = np.array([[1, 0], [0, 1], [1, 1], [2, 1], [1, 2]])
    new = lower[:, None, :] + places.T[:, :, None] * half[:, None, :]
    low, left, middle, right, high = judge(new[0], new[1])
    a, b, c, d = corners
    children = [(a, low, left, middle), (low, b, middle, right), (left, middle, c, high), (middle, right, high, d)]
    shifts = [(0, 0), (1, 0), (0, 1), (1, 1)]
    return (
        np.concatenate([lower + np.array(shift)[:, None] * half for shift in shifts], axis=1),
        np.concatenate([half] * 4, axis=1),
        np.concatenate([np.array(child) for child in children], axis=1),
    )
