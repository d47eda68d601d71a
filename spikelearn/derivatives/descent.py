"""One descent of a fit: from a start to the nearest optimum, more and more spikes at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spikelearn.arrays import Floats, Integers
from spikelearn.derivatives.fit_parameters import Coordinates
from spikelearn.derivatives.matching import match

__all__ = ["Descent", "Problem", "descend", "grow", "settle"]

_LEAD = 8
_GROWTH = 1.6
# No single descent goes further than by a factor of e^3.
_REACH = 3.0
_ROUNDS = 8
# Beyond this a train without end is cut: a model that fires so much too fast is no partner of anything.
_TOO_MANY = 4
_NO_PAIRS = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


@dataclass(frozen=True, eq=False)
class Problem:
    """What is to be fitted.

    Parameters
    ----------
    coordinates : Coordinates
        Of the model.
    trains : list of ndarray
        Recorded spikes, each train from the same initial state, seconds.
    gap : float
        Cost of a spike without partner, as a distance in seconds: see `matching.match`.
    t_stop : float
        End of the window.
    """

    coordinates: Coordinates
    trains: list[Floats]
    gap: float
    t_stop: float


@dataclass(eq=False)
class Descent:
    """Where a descent has come: coordinates, pairs of each train, cost of `matching.match`, and runs of the model."""

    x: Floats
    pairs: list[tuple[Integers, Integers]]
    cost: float
    evaluations: int
    residuals: Floats
    jacobian: Floats


def descend(problem: Problem, x: Floats) -> Descent:
    """Follow the exact Jacobian down from coordinates `x`, supposing that the first spikes are all recorded.

    Parameters
    ----------
    problem : Problem
        What is to be fitted.
    x : ndarray
        Start.

    Notes
    -----
    Eight spikes of each train are fitted first, paired by their number. Then their number grows by steps, since over a
    long train a wrong interval soon shifts one spike onto another, and pairs are those of `matching.match` where most
    find a partner. Times enter as logarithms at first, which weighs early spikes as much as late ones, and as they are
    at the end.
    """
    count = _first(problem)
    pairs = [_by_number(train[:count]) for train in problem.trains]
    x, spent = _solve(problem, x, pairs, logarithmic=True, most=25)
    return grow(problem, x, spent, by_number=True)


def grow(problem: Problem, x: Floats, spent: int = 0, *, by_number: bool = False) -> Descent:
    """Fit more and more spikes from coordinates with which the first are near, `spent` runs of the model before."""
    longest = max(len(train) for train in problem.trains)
    count, evaluations = _first(problem), spent
    if by_number:
        count = min(int(np.ceil(count * _GROWTH)), longest) if count < longest else longest + 1
    while count <= longest:
        found = _paired(problem, x, count)
        # Where most find no partner they are paired by number: the matching would take one spike for another.
        pairs = found or [_by_number(train[:count]) for train in problem.trains]
        x, spent = _solve(problem, x, pairs, logarithmic=True, most=15)
        evaluations += spent
        if count == longest:
            break
        count = min(int(np.ceil(count * _GROWTH)), longest)
    return settle(problem, x, evaluations)


def settle(problem: Problem, x: Floats, spent: int = 0) -> Descent:
    """Fit whole trains from coordinates near an optimum, `spent` runs of the model before."""
    before, evaluations = None, spent
    for _ in range(_ROUNDS):
        pairs, cost = _all_pairs(problem, x)
        if sum(len(model) for model, _ in pairs) < len(x):
            break
        if before is not None and all(
            np.array_equal(a, b) for old, new in zip(before, pairs, strict=True) for a, b in zip(old, new, strict=True)
        ):
            break
        x, spent = _solve(problem, x, pairs, logarithmic=False, most=40)
        evaluations += spent
        before = pairs
    pairs, cost = _all_pairs(problem, x)
    residuals, jacobian = _residuals(problem, x, pairs, False, True)
    return Descent(x, pairs, cost, evaluations + 2, residuals, jacobian)


def _first(problem: Problem) -> int:
    """Say how many spikes are fitted first."""
    return min(max(_LEAD, 2 * len(problem.coordinates.free)), max(len(train) for train in problem.trains))


def _by_number(part: Floats) -> tuple[Integers, Integers]:
    numbers = np.arange(len(part))
    return numbers, numbers


def _paired(problem: Problem, x: Floats, count: int) -> list[tuple[Integers, Integers]] | None:
    """Pair the first `count` recorded spikes with the model's, or give None where most find no partner."""
    pairs, found, wanted = [], 0, 0
    for train in problem.trains:
        part = train[:count]
        if not len(part):
            pairs.append(_NO_PAIRS)
            continue
        end = part[-1] + problem.gap
        model = problem.coordinates.spikes(problem.coordinates.values(x), _TOO_MANY * len(part) + 10, end)
        first, second, _ = match(model, part, problem.gap)
        pairs.append((first, second))
        found, wanted = found + len(first), wanted + len(part)
    return pairs if found >= 0.7 * wanted else None


def _all_pairs(problem: Problem, x: Floats) -> tuple[list[tuple[Integers, Integers]], float]:
    """Pair whole trains within the window."""
    most = _TOO_MANY * max(len(train) for train in problem.trains) + 10
    model = problem.coordinates.spikes(problem.coordinates.values(x), most, problem.t_stop)
    pairs, total = [], 0.0
    for train in problem.trains:
        first, second, cost = match(model, train, problem.gap)
        pairs.append((first, second))
        total += cost
    return pairs, total


def _residuals(
    problem: Problem, x: Floats, pairs: list[tuple[Integers, Integers]], logarithmic: bool, slopes: bool
) -> tuple[Floats, Floats]:
    """Give model minus recorded over all pairs, in gaps or in logarithms of time, with derivatives if asked for."""
    need = 1 + max((int(first[-1]) for first, _ in pairs if len(first)), default=-1)
    # So late that a train this slow is far from any; what never comes counts as coming then.
    late = 20.0 * problem.t_stop
    if slopes:
        model, by = problem.coordinates.train(x, need, late)
    else:
        model, by = problem.coordinates.spikes(problem.coordinates.values(x), need, late), np.zeros((need, 0))
    if len(model) < need:
        by = np.concatenate([by, np.zeros((need - len(model), by.shape[1]))])
        model = np.concatenate([model, np.full(need - len(model), late)])
    parts, jacobians = [], []
    for train, (first, second) in zip(problem.trains, pairs, strict=True):
        t = model[first]
        if logarithmic:
            parts.append(np.log(t / train[second]))
            jacobians.append(by[first] / t[:, None])
        else:
            parts.append((t - train[second]) / problem.gap)
            jacobians.append(by[first] / problem.gap)
    return np.concatenate(parts), np.concatenate(jacobians)


def _solve(
    problem: Problem, x: Floats, pairs: list[tuple[Integers, Integers]], *, logarithmic: bool, most: int
) -> tuple[Floats, int]:
    """Least squares with fixed pairs; the runs of the model are counted."""
    from scipy.optimize import least_squares

    if sum(len(first) for first, _ in pairs) < len(x):
        return x, 0
    kept: dict[bytes, tuple[Floats, Floats]] = {}
    spent = 0

    def at(z: Any) -> tuple[Floats, Floats]:
        nonlocal spent
        key = np.asarray(z).tobytes()
        if key not in kept:
            kept.clear()
            spent += 1
            kept[key] = _residuals(problem, np.asarray(z), pairs, logarithmic, True)
        return kept[key]

    found = least_squares(
        lambda z: at(z)[0], x, lambda z: at(z)[1], bounds=(x - _REACH, x + _REACH), method="trf", max_nfev=most,
        xtol=1e-10, ftol=1e-3 if logarithmic else 1e-10, gtol=1e-14,
    )  # fmt: skip
    return np.asarray(found.x), spent
