"""The random part g chi/sqrt(n): where the network becomes chaotic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spikelearn.parameters.numbers import whole_number

if TYPE_CHECKING:
    from spikelearn.models.low_rank.model import LowRank

__all__ = ["onset_of_chaos", "strongest_structure"]


def onset_of_chaos(model: LowRank, branch: int = 0) -> float:
    """Give the strength g_c of the random part at which a fixed point loses stability to its bulk.

    The spread a of a branch solves f(a) lambda = 1 whatever g is, so that g_c = 1/sqrt<phi'(a z)^2>; for "erf" it is
    (1 + pi gain^2 a^2)^(1/4)/gain. At zero, g_c = 1/phi'(0).

    Parameters
    ----------
    model : LowRank
        Its own g is left aside.
    branch : int
        Which fixed point of the network without a random part, 0 the largest.

    Returns
    -------
    float
        Infinite where the branch ends before it becomes chaotic, see `strongest_structure`.

    Raises
    ------
    ValueError
        There is no such branch.

    References
    ----------
    Sompolinsky, Crisanti & Sommers (1988), Phys. Rev. Lett. 61; Mastrogiuseppe & Ostojic (2018), Neuron 99.

    Examples
    --------
    >>> import spikelearn as sl
    >>> model = sl.LowRank([[0.8]], phi="erf", gain=3.0)
    >>> a = model.fixed_points()[0].spread
    >>> round(model.onset_of_chaos(), 6), round((1 + 3.141592653589793 * 9 * a**2) ** 0.25 / 3, 6)
    (0.60032, 0.60032)
    """
    phi = model.nonlinearity
    a = _spread(model, branch, "onset_of_chaos")
    critical = 1 / float(np.sqrt(phi.square_slope(a)))
    return critical if critical < strongest_structure(model, branch) else float("inf")


def strongest_structure(model: LowRank, branch: int = 0) -> float:
    """Give the g at which the overlap of a branch, |m|^2 = a^2 - g^2 <phi(a z)^2>, has shrunk to zero.

    Parameters
    ----------
    model : LowRank
        Its own g is left aside.
    branch : int
        As in `onset_of_chaos`.

    Returns
    -------
    float

    Examples
    --------
    >>> import spikelearn as sl
    >>> from spikelearn.models.low_rank import strongest_structure
    >>> largest = strongest_structure(sl.LowRank([[0.8]], phi="erf", gain=3.0))
    >>> [sl.LowRank([[0.8]], phi="erf", gain=3.0, g=s * largest).fixed_points()[0].amplitude > 0 for s in (0.99, 1.01)]
    [True, False]
    """
    a = _spread(model, branch, "strongest_structure")
    return a / float(np.sqrt(model.nonlinearity.square(a))) if a else float("inf")


def _spread(model: LowRank, branch: int, name: str) -> float:
    from dataclasses import replace

    points = replace(model, g=0.0).fixed_points()
    branch = whole_number(f"LowRank.{name}: branch", branch)
    if branch >= len(points):
        raise ValueError(f"LowRank.{name}: branch must lie in 0 to {len(points) - 1}, got {branch}")
    return points[branch].spread
