"""Starts of a fit: which are tried, how their ends are compared, and when an end is believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.derivatives.descent import Descent, Problem, descend, grow, settle
from spikelearn.derivatives.matching import match

__all__ = ["Search", "close", "determined", "doubt", "seek", "spread_of"]

# A fit is close if its residuals are below this part of an interval, and this part of all spikes has a partner.
_CLOSE, _PAIRED = 0.05, 0.9
# How often normal noise may make a fit look as if it had a spike too far off.
_OUTLIER = 1e-3
# Below this cost there is no noise that could make one optimum look like another.
_EXACT = 1e-8
# Two ends are one if no coordinate differs by more than this part of its standard error.
_SAME = 0.5
# Ends whose squared residuals differ by less than so many variances are equally likely for all that is known.
_LIKELY = 4.0
# Of the largest singular value of the Jacobian: what lies below is not determined by the spikes.
_RANK = 1e-9
# How far random starts lie about the given one where the spread is smaller.
_NEAR = 0.3
# The wide search: so many first spikes, as many candidates a parameter, generations, and descents from the best.
_LEAD, _CANDIDATES, _GENERATIONS, _TAKEN = 16, 25, 40, 3
# Most hops about a close optimum, how often it must be met again, and their lengths in standard errors.
_HOPS, _MET, _LENGTHS = 15, 2, (3.0, 10.0, 1.0)


@dataclass(eq=False)
class Search:
    """The best end of all starts, if there is one that can be used, and how it was found.

    Parameters
    ----------
    best : Descent or None
        The one of least cost.
    starts, evaluations : int
        Starts that were tried, and runs of the model in all.
    agreed : int
        Further starts that came to the same end.
    rivals : int
        Further starts that came to another one which is as likely.
    """

    best: Descent | None
    starts: int
    evaluations: int
    agreed: int
    rivals: int


def seek(problem: Problem, interval: float, spread: float, tries: int, rng: np.random.Generator) -> Search:
    """Try one start after the other until two have come to the same close fit.

    Parameters
    ----------
    problem : Problem
        What is to be fitted.
    interval : float
        Median interval of the recorded spikes, seconds.
    spread : float
        Starts lie within a factor e^spread of the given parameters.
    tries : int
        Most starts.
    rng : numpy.random.Generator
        Of all that is random.

    Notes
    -----
    The first start is the given one. Every further start is the end of a search over the whole range, by differential
    evolution, of the cost of matching the first sixteen spikes, with twice the gap: that cost knows nothing of a
    starting point, and a spike that is missing or too many does not mislead it. About an end that is close, more
    descents begin within ten standard errors, since the cost has kinks where an arrival meets a spike.
    """
    x = problem.coordinates.logarithms(problem.coordinates.start)
    search = Search(None, 0, 0, 0, 0)
    ends: list[Descent] = []
    for number in range(tries):
        found = descend(problem, x) if number == 0 else _widely(problem, x, spread, rng)
        search.starts, search.evaluations = number + 1, search.evaluations + found.evaluations
        usable = len(found.residuals) > len(x)
        if not usable or not (determined(found) or close(problem, found, interval)):
            continue
        if close(problem, found, interval) and determined(found) and found.cost >= _EXACT:
            found, spent = _hop(problem, found, rng)
            search.evaluations += spent
        ends.append(found)
        best = min(ends, key=lambda end: end.cost)
        if search.best is not best or search.agreed == 0:
            search.best = best
            search.agreed, search.rivals = _compare(best, ends)
        elif _distance(best, found) <= _SAME:
            search.agreed += 1
        if close(problem, best, interval) and (search.agreed or best.cost < _EXACT):
            break
    return search


def close(problem: Problem, found: Descent, interval: float) -> bool:
    """Tell whether residuals are small, none is far beyond the others, and most spikes have a partner."""
    return not _far(problem, found, interval)


def doubt(problem: Problem, search: Search, interval: float) -> str:
    """Say why the best end should not be believed; an empty text if nothing speaks against it."""
    if search.best is None:
        return "no start pairs more spikes than there are free parameters"
    far = _far(problem, search.best, interval)
    if far or search.best.cost < _EXACT:
        return far
    if search.rivals:
        return "another start came to other parameters that are as likely"
    if not search.agreed:
        return "no second start came to the same parameters"
    return ""


def determined(found: Descent) -> bool:
    """Tell whether the derivatives of the spikes by the free parameters are independent."""
    singular = np.linalg.svd(found.jacobian, compute_uv=False)
    return bool(singular[-1] > _RANK * singular[0])


def _far(problem: Problem, found: Descent, interval: float) -> str:
    total = sum(len(row) for row in problem.trains)
    rms = float(np.sqrt(np.mean(found.residuals**2))) * problem.gap
    if rms >= _CLOSE * interval:
        return f"residuals of {rms * 1e3:.3g} ms are not small beside intervals of {interval * 1e3:.3g} ms"
    alone = found.cost - float((found.residuals**2).sum())
    if alone > (1.0 - _PAIRED) * 2 * total:
        return f"{alone:.0f} spikes have no partner"
    worst = float(np.abs(found.residuals).max()) * problem.gap
    if found.cost >= _EXACT and worst > rms * _largest(len(found.residuals)):
        return f"a spike is off by {worst * 1e3:.3g} ms where {rms * 1e3:.3g} ms are usual"
    return ""


def _largest(n: int) -> float:
    """Give what the largest of n normal numbers, in their root mean square, exceeds once in a thousand times."""
    from scipy.stats import t

    if n < 3:
        return np.inf
    # Grubbs 1969 (Technometrics 11:1), by Bonferroni's bound.
    squared = float(t.isf(_OUTLIER / (2 * n), n - 1)) ** 2
    return float(np.sqrt(n * squared / (n - 1 + squared)))


def _variance(found: Descent) -> float:
    return float((found.residuals**2).sum()) / (len(found.residuals) - len(found.x))


def spread_of(found: Descent) -> Floats:
    """Give the root of the covariance of the coordinates, lower triangular, without squaring the Jacobian."""
    _, singular, right = np.linalg.svd(found.jacobian, full_matrices=False)
    upper = np.asarray(np.linalg.qr(right / singular[:, None])[1])
    root: Floats = np.sqrt(_variance(found)) * (upper * np.where(np.diag(upper) < 0.0, -1.0, 1.0)[:, None]).T
    return root


def _distance(best: Descent, other: Descent) -> float:
    """Give the largest difference in standard errors of the first."""
    if not determined(best):
        return np.inf
    return float((np.abs(other.x - best.x) / np.sqrt((spread_of(best) ** 2).sum(axis=1))).max())


def _compare(best: Descent, ends: list[Descent]) -> tuple[int, int]:
    """Count the ends that are the best one again, and others that are as likely."""
    others = [end for end in ends if end is not best]
    far = [end for end in others if _distance(best, end) > _SAME]
    likely = _LIKELY * _variance(best)
    return len(others) - len(far), sum(end.cost - best.cost < likely for end in far)


def _hop(problem: Problem, best: Descent, rng: np.random.Generator) -> tuple[Descent, int]:
    """Descend again from points about an end until none is lower and it was met again."""
    spent, met = 0, 0
    for hop in range(_HOPS):
        step = _LENGTHS[hop % 3] * spread_of(best) @ rng.standard_normal(len(best.x))
        found = settle(problem, best.x + step)
        spent += found.evaluations
        if len(found.residuals) <= len(best.x) or not determined(found):
            continue
        same = _distance(best, found) <= _SAME
        if found.cost < best.cost:
            best, met = found, met if same else 0
        met += same
        if met == _MET:
            break
    return best, spent


def _widely(problem: Problem, x: Floats, spread: float, rng: np.random.Generator) -> Descent:
    """Give the best descent from what a search of the whole range found."""
    if spread < _NEAR:
        return grow(problem, x + rng.uniform(-_NEAR, _NEAR, len(x)))
    candidates, evaluations = _evolve(problem, x, spread, rng)
    ends = [grow(problem, z) for z in candidates]
    best = min(ends, key=lambda end: end.cost)
    best.evaluations = evaluations + sum(end.evaluations for end in ends)
    return best


def _evolve(problem: Problem, x: Floats, spread: float, rng: np.random.Generator) -> tuple[list[Floats], int]:
    """Lower the cost of the first spikes by differential evolution."""
    from scipy.optimize import differential_evolution

    n = max(_LEAD, 4 * len(x))
    parts = [row[:n] for row in problem.trains]
    # Half way to the first spike that is left out, so that the model's last spikes are neither lost nor additional.
    ends = [float(row[n - 1] + row[n]) / 2 if len(row) > n else problem.t_stop for row in problem.trains]
    most, end = 2 * max(len(part) for part in parts) + 10, max(ends)

    def cost(z: Floats) -> float:
        model = problem.coordinates.spikes(problem.coordinates.values(z), most, end)
        return sum(
            match(model[model < stop], part, 2.0 * problem.gap)[2] for part, stop in zip(parts, ends, strict=True)
        )

    found = differential_evolution(
        cost, list(zip(x - spread, x + spread, strict=True)), strategy="currenttobest1bin", maxiter=_GENERATIONS,
        popsize=_CANDIDATES, tol=0.0, atol=0.0, polish=False, updating="deferred", rng=rng,
    )  # fmt: skip
    order = found.population_energies.argsort(kind="stable")
    return [found.population[k].copy() for k in order[:_TAKEN]], int(found.nfev)
