"""Populations of neurons with vectors about different means: a Gaussian mixture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.models.low_rank.admissible import check_admissible, matrix
from spikelearn.parameters.names import shown
from spikelearn.parameters.numbers import number_array, one_number

if TYPE_CHECKING:
    from spikelearn.models.low_rank.fixed_points import FixedPoint
    from spikelearn.models.low_rank.model import LowRank

__all__ = ["Population", "mixture_fixed_points", "mixture_flow", "mixture_jacobian", "read_mixture"]

_STARTS = 256
_SAME = 1e-7


@dataclass(frozen=True, eq=False)
class Population:
    """One component of a mixture: vectors with unit variances about means, xi and eta with the covariance C.

    Parameters
    ----------
    weight : float
        Share of the neurons; the shares of a mixture add up to 1.
    C : array_like, shape (p, p)
        Covariance of xi and eta within the population.
    mean_eta, mean_xi : array_like, shape (p,)
        Their means; zero if not given.

    Raises
    ------
    ValueError
        A shape does not fit, C is inadmissible, or the weight is not in (0, 1].

    Examples
    --------
    >>> import spikelearn as sl
    >>> from spikelearn.models.low_rank import Population
    >>> halves = [Population(0.5, [[1.0]], mean_eta=[s], mean_xi=[0.0]) for s in (1.0, -1.0)]
    >>> sl.LowRank(mixture=halves, gain=1.5).mixture[0].weight
    0.5
    """

    weight: float
    C: Any
    mean_eta: Any = None
    mean_xi: Any = None

    def __post_init__(self) -> None:
        C = matrix("Population.C", self.C)
        check_admissible("Population.C", C)
        object.__setattr__(self, "C", C)
        for name in ("mean_eta", "mean_xi"):
            given = getattr(self, name)
            where = f"Population.{name}"
            mean = np.zeros(len(C)) if given is None else np.atleast_1d(number_array(where, given).copy())
            if mean.shape != (len(C),) or not np.isfinite(mean).all():
                raise ValueError(f"{where} must be {len(C)} finite numbers, one an overlap, got {shown(given)}")
            mean.setflags(write=False)
            object.__setattr__(self, name, mean)
        weight = one_number("Population.weight", self.weight)
        if not 0 < weight <= 1:
            raise ValueError(f"Population.weight must lie in (0, 1], got {self.weight}")
        object.__setattr__(self, "weight", weight)


def read_mixture(given: Any) -> tuple[Population, ...]:
    """Read populations whose weights add up to 1 and that have the same number of overlaps.

    Raises
    ------
    TypeError
        No sequence of `Population`.
    ValueError
        The weights or sizes do not fit.
    """
    if not isinstance(given, Iterable) or isinstance(given, str):
        raise TypeError(f"LowRank.mixture must be a sequence of Population, got {shown(given)}")
    parts = tuple(given)
    if not parts or not all(isinstance(part, Population) for part in parts):
        raise TypeError(f"LowRank.mixture must be a sequence of Population, got {shown(given)}")
    total = sum(part.weight for part in parts)
    if abs(total - 1) > 1e-9:
        raise ValueError(f"LowRank.mixture must have weights that add up to 1, got {total:.9g}")
    if len({len(part.C) for part in parts}) > 1:
        raise ValueError(f"LowRank.mixture must have the same size of C throughout, got {[len(p.C) for p in parts]}")
    return parts


def _averages(model: LowRank, part: Population, m: Floats, orders: range) -> list[Floats]:
    """<phi^(k)> over inputs of mean a_eta.m and variance m.m, for each m of shape (..., p)."""
    mu, sigma = m @ part.mean_eta, np.sqrt((m * m).sum(axis=-1))
    return [model.nonlinearity.mean(k, sigma, mu) for k in orders]


def mixture_flow(model: LowRank, m: Floats) -> Floats:
    """Give dm/dt = sum_k alpha_k [a_xi <phi> + C_k m <phi'>] - m for m of shape (..., p)."""
    flow = -np.asarray(m, dtype=np.float64)
    for part in model.mixture or ():
        mean, slope = _averages(model, part, m, range(2))
        flow = flow + part.weight * (part.mean_xi * mean[..., None] + (m @ part.C.T) * slope[..., None])
    return flow


def mixture_jacobian(model: LowRank, m: Floats) -> Floats:
    """Give the Jacobian of `mixture_flow`, shape (..., p, p); <phi> has the gradient <phi'> a_eta + <phi''> m in m."""
    J = np.broadcast_to(-np.eye(model.p), (*m.shape, model.p)).copy()
    for part in model.mixture or ():
        _, one, two, three = (value[..., None] for value in _averages(model, part, m, range(4)))
        first, second = one * part.mean_eta + two * m, two * part.mean_eta + three * m
        forced = m @ part.C.T
        J += part.weight * (
            part.mean_xi[:, None] * first[..., None, :]
            + one[..., None] * part.C
            + forced[..., :, None] * second[..., None, :]
        )
    return J


def mixture_fixed_points(model: LowRank) -> tuple[FixedPoint, ...]:
    """Find fixed points by Newton's method from many starts until their indices add up to 1.

    Nothing confines the fixed points of a mixture to lines, so that a scan cannot be exhaustive: the index sum is
    necessary for a complete list, and a pair that appeared in a fold can still be missed.

    Raises
    ------
    ValueError
        phi is unbounded.
    RuntimeError
        The indices of the points found do not add up to 1.
    """
    from spikelearn.models.low_rank.fixed_points import FixedPoint

    largest = model.nonlinearity.largest
    if largest is None:
        raise ValueError(f"LowRank.fixed_points: a mixture needs a bounded phi, got {model.nonlinearity.phi!r}")
    reach = largest * max(float(np.abs(part.mean_xi).max()) + 1 for part in model.mixture or ())
    from scipy.stats import qmc

    # A low-discrepancy sequence covers the cube evenly, the same one each time.
    unit = np.asarray(qmc.Sobol(model.p, scramble=False).random_base2(int(np.ceil(np.log2(_STARTS)))))
    starts = np.concatenate([np.zeros((1, model.p)), reach * (2 * unit - 1), 0.1 * reach * (2 * unit[:64] - 1)])
    found: list[Floats] = []
    for m in _newton(model, starts, reach):
        if all(np.linalg.norm(m - other) > _SAME * reach for other in found):
            found.append(m)
    points = []
    total = 0
    for m in found:
        values = np.linalg.eigvals(mixture_jacobian(model, m)).astype(np.complex128)
        values = values[np.argsort(-values.real, kind="stable")]
        total += int(np.sign(np.prod(-values).real))
        size = float(np.linalg.norm(m))
        points.append(FixedPoint(size, m, values, bool((values.real < -1e-10).all()), size))
    if total != 1:
        raise RuntimeError(
            f"LowRank.fixed_points: the indices of the {len(points)} points of the mixture must add up to 1, "
            f"got {total}"
        )
    return tuple(sorted(points, key=lambda point: -point.amplitude))


def _newton(model: LowRank, starts: Floats, reach: float) -> Floats:
    """Newton's method from all starts at once, steps cut to half the reach; what has converged, shape (k, p)."""
    m, done = starts, []
    for _ in range(60):
        with np.errstate(all="ignore"):
            # The pseudoinverse, because starts may lie on a fold.
            step = -(np.linalg.pinv(mixture_jacobian(model, m)) @ mixture_flow(model, m)[..., None])[..., 0]
            length = np.linalg.norm(step, axis=-1)
            m = m + step * np.minimum(1.0, 0.5 * reach / np.maximum(length, 1e-300))[:, None]
        settled = length < 1e-13 * reach
        done.append(m[settled])
        m = m[~settled & (np.linalg.norm(m, axis=-1) < 10 * reach * np.sqrt(model.p))]
        if not len(m):
            break
    found = np.concatenate(done)
    return np.asarray(found[np.linalg.norm(mixture_flow(model, found), axis=-1) < 1e-11 * reach])
