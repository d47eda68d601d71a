"""fit(): parameters of a neuron from recorded spikes, by least squares with the exact Jacobian."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.derivatives.descent import Descent, Problem
from spikelearn.derivatives.directions import read_names
from spikelearn.derivatives.fit_parameters import FREE, Coordinates
from spikelearn.derivatives.fit_result import Fit
from spikelearn.derivatives.search import Search, determined, doubt, seek, spread_of
from spikelearn.models.adaptive_lif.model import AdaptiveLIF
from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.seeds import generator
from spikelearn.parameters.units import seconds
from spikelearn.simulation.arguments import initial_state
from spikelearn.simulation.initial import Initial
from spikelearn.spikes.trains import SpikeTrains

__all__ = ["fit"]

_WHERE = "fit"


def fit(
    neuron: AdaptiveLIF,
    trains: SpikeTrains,
    free: str | Iterable[str] | None = None,
    *,
    initial: Initial | None = None,
    n_starts: int = 10,
    spread: float = 1.0,
    gap: Any = None,
    seed: int = 0,
) -> Fit:
    """Find the parameters with which a neuron fires the recorded spikes.

    Squared distances of the model's spike times from the recorded ones are made as small as possible with respect to
    the logarithms of the free parameters (of V_0, of V_0 - theta), by `scipy.optimize.least_squares` with the exact
    Jacobian. A few spikes are fitted first, then more and more. Which spike stands for which is found by the cheapest
    matching, in which a spike that is missing from the record, or too many in it, costs as much as one that is off by
    `gap`. Starts are tried one after the other until two have come to the same close fit; else the best is taken, and
    said not to be good. The first start are the parameters of `neuron`; each further one is what a search of the whole
    range finds for the first sixteen spikes. Spikes without noise, which a fit meets exactly, need one start.

    Parameters
    ----------
    neuron : AdaptiveLIF
        The start, and the values of what is not free.
    trains : SpikeTrains
        Recorded spikes; each trial and unit is one realisation of the same neuron from the same initial state at time
        0, where the window must begin.
    free : str or iterable of str, optional
        Of V_0, theta, Delta, tau, tau_K, delta_g, t_d, and of u and g at time 0. All must be positive at the start. If
        not given, those of V_0, delta_g, tau_K and t_d that are: without a delay at the start none is fitted.
    initial : Initial, optional
        State at time 0 and past spikes.
    n_starts : int
        Largest number of starts.
    spread : float
        The range that is searched: a factor e^spread about the parameters of `neuron`.
    gap : time, optional
        Cost of a spike without partner, as a distance; a quarter of the median interval if not given.
    seed : int
        Of the searches.

    Returns
    -------
    Fit
        Estimates with standard errors; ``.figure()``, ``.table()`` and ``.interval(name)``.

    Raises
    ------
    ValueError
        Trains observed in part, fewer spikes than free parameters need, a start that does not fire, parameters that
        the spikes do not determine,
        or a name or value out of range.
    TypeError
        An argument of another kind.

    Examples
    --------
    >>> import spikelearn as sl
    >>> truth = sl.AdaptiveLIF(V_0="24 mV", delta_g=0.1, tau_K="80 ms", t_d="5 ms")
    >>> recorded = sl.simulate(truth, "0.6 s").spikes
    >>> start = sl.AdaptiveLIF(V_0="20 mV", delta_g=0.05, tau_K="100 ms", t_d="8 ms")
    >>> found = sl.fit(start, recorded)
    >>> {name: round(value, 6) for name, value in found.estimates.items()}
    {'V_0': 0.024, 'delta_g': 0.1, 'tau_K': 0.08, 't_d': 0.005}
    """
    if not isinstance(neuron, AdaptiveLIF):
        raise TypeError(f"{_WHERE}: neuron must be an AdaptiveLIF, got {type(neuron).__name__}")
    names = read_names(f"{_WHERE}: free", _usual(neuron) if free is None else free, FREE)
    rows = _rows(trains)
    start = initial_state(initial)
    tries = whole_number("n_starts", n_starts, at_least=1)
    if isinstance(spread, bool) or not isinstance(spread, (int, float)) or not 0 <= spread < 10:
        raise ValueError(f"{_WHERE}: spread must be a number from 0 to 10, got {spread!r}")
    coordinates = _coordinates(neuron, names, start)
    most = sum(len(row) for row in rows)
    if most <= len(names):
        raise ValueError(
            f"{_WHERE}: trains must hold more spikes than free parameters, "
            f"got {most} spikes for {len(names)} parameters"
        )
    interval = float(np.median(np.concatenate([np.diff(row, prepend=0.0) for row in rows])))
    width = interval / 4.0 if gap is None else seconds(gap, f"{_WHERE}: gap")
    if not width > 0.0:
        raise ValueError(f"{_WHERE}: gap must be positive, got {gap if gap is not None else width}")
    problem = Problem(coordinates, rows, width, float(trains.t_stop))
    _check_effect(problem, coordinates.logarithms(coordinates.start))
    search = seek(problem, interval, float(spread), tries, generator(seed))
    if search.best is None:
        raise ValueError(
            f"{_WHERE}: trains must be near what such a neuron can fire, got none of {tries} starts that "
            "pairs more spikes than there are free parameters; begin nearer, or give a longer gap"
        )
    return _result(neuron, problem, search, search.best, doubt(problem, search, interval))


def _usual(neuron: AdaptiveLIF) -> list[str]:
    """Name what is free if nothing is said: a logarithm starts at no zero and at no infinity."""
    values = neuron.values()
    return [name for name in ("V_0", "delta_g", "tau_K", "t_d") if 0.0 < float(values[name]) < np.inf]


def _rows(trains: Any) -> list[Floats]:
    if not isinstance(trains, SpikeTrains):
        raise TypeError(f"{_WHERE}: trains must be SpikeTrains, got {type(trains).__name__}")
    if not trains.fully_observed:
        raise ValueError(
            f"{_WHERE}: trains must be observed throughout, since a missing spike counts, "
            f"got {trains.observed.tolist()} s"
        )
    if trains.t_start != 0.0:
        raise ValueError(
            f"{_WHERE}: trains must begin at time 0, where the initial state is, got t_start = {trains.t_start} s"
        )
    rows = [trains.train(unit, trial) for trial in range(trains.n_trials) for unit in range(trains.n_units)]
    rows = [np.asarray(row[row > 0.0], dtype=np.float64) for row in rows]
    rows = [row for row in rows if len(row)]
    if not rows:
        raise ValueError(f"{_WHERE}: trains must hold spikes after time 0, got none")
    return rows


def _coordinates(neuron: AdaptiveLIF, names: tuple[str, ...], start: Initial) -> Coordinates:
    values = neuron.values()
    states = start.plain_states(neuron.settable, 1)
    neuron.check_initial(states, values)
    past, _ = start.plain_past_spikes(1, values["t_d"])
    states = {name: float(np.ravel(states.get(name, 0.0))[0]) for name in ("u", "g")}
    numbers = np.array([states[name] if name in states else float(values[name]) for name in FREE])
    if numbers[0] <= numbers[1]:
        raise ValueError(
            f"{_WHERE}: neuron must fire to begin with: V_0 must lie above theta = {numbers[1]} V, got {numbers[0]} V"
        )
    for name in names:
        value = numbers[FREE.index(name)]
        if not (value > 0.0 and np.isfinite(value)):
            raise ValueError(f"{_WHERE}: {name} must be positive and finite at the start to be free, got {value:g}")
    if "t_d" in names and len(past):
        raise ValueError(f"{_WHERE}: t_d must not be free where past spikes are given, which must lie within it")
    return Coordinates(numbers, names, past)


def _check_effect(problem: Problem, x: Floats) -> None:
    """Refuse parameters on which no spike depends."""
    count = max(len(row) for row in problem.trains)
    spikes, by = problem.coordinates.train(x, count, 20.0 * problem.t_stop)
    idle = [name for name, column in zip(problem.coordinates.free, by.T, strict=True) if not column.any()]
    if len(spikes) and idle:
        raise ValueError(
            f"{_WHERE}: free must name what spikes depend on, got {', '.join(idle)}, "
            f"on which none of {len(spikes)} does"
        )


def _refuse(problem: Problem, found: Descent, values: Floats) -> None:
    """Say which parameters the spikes leave open."""
    names = problem.coordinates.free
    direction = np.abs(np.linalg.svd(found.jacobian)[2][-1])
    open_ones = [name for name, part in zip(names, direction, strict=True) if part > 0.1]
    if len(open_ones) == 1:
        value = values[FREE.index(open_ones[0])]
        raise ValueError(
            f"{_WHERE}: free must name what the spikes determine, got {open_ones[0]}, which runs to its limit "
            f"({value:.3g}) without moving any spike; fix it"
        )
    raise ValueError(
        f"{_WHERE}: free must name what the spikes determine, got {', '.join(open_ones)}, which can be moved together "
        "without moving any spike; leave one of them out"
    )


def _result(neuron: AdaptiveLIF, problem: Problem, search: Search, found: Descent, why: str) -> Fit:
    names = problem.coordinates.free
    values = problem.coordinates.values(found.x)
    if not determined(found):
        _refuse(problem, found, values)
    freedom = len(found.residuals) - len(names)
    variance = float((found.residuals**2).sum()) / freedom
    root = spread_of(found)
    covariance = root @ root.T
    slopes = problem.coordinates.slopes(values)
    estimates, errors = {}, {}
    for name in names:
        column = FREE.index(name)
        estimates[name] = float(values[column])
        errors[name] = float(np.sqrt(slopes[column] @ covariance @ slopes[column]))
    most = 4 * max(len(row) for row in problem.trains) + 10
    spikes = problem.coordinates.spikes(values, most, problem.t_stop)
    missing = sum(len(spikes) - len(first) for first, _ in found.pairs)
    extra = sum(len(row) - len(second) for row, (_, second) in zip(problem.trains, found.pairs, strict=True))
    return Fit(
        problem.coordinates.neuron(neuron, values), estimates, errors, np.asarray(covariance),
        float(np.sqrt(variance)) * problem.gap,
        problem.trains, spikes, found.pairs, missing, extra, not why, search.starts, search.evaluations,
        problem.t_stop, why,
    )  # fmt: skip
