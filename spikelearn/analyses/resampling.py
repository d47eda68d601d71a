"""Surrogates of spike trains: the record that holds them, and how a method makes them row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from spikelearn.arrays import Floats, Integers
from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.seeds import generator
from spikelearn.parameters.units import seconds
from spikelearn.spikes.construction import check_trains
from spikelearn.spikes.trains import SpikeTrains

__all__ = ["Plan", "Surrogates", "borders", "drawn", "per_spike", "positive_time", "rows_of"]

# Random numbers that are held at once, at 8 bytes each.
_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Plan:
    """How to make surrogates of some trains: `columns` random numbers each, which `fill` turns into times."""

    trains: SpikeTrains
    method: str
    options: dict[str, float | None]
    columns: int
    fill: Callable[[Floats, Floats], None]


class Surrogates(Sequence[SpikeTrains]):
    """Surrogates of the same spike trains, each of them `SpikeTrains` with the same units, trials and window.

    A sequence: ``surrogates[3]`` is the fourth, ``len`` their number. No method changes how many spikes a train has,
    so all times fit into one array.

    Parameters
    ----------
    original : SpikeTrains
        What they were made from.
    times : ndarray, shape (n_surrogates, n_spikes)
        Times in seconds, in the order of ``original.times``.
    method : str
        Name of the function that made them.
    options : dict
        Its arguments, in seconds.

    Examples
    --------
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_arrays([[0.1, 0.25, 0.6]], t_stop=1.0)
    >>> surrogates = sl.analyses.dither_spikes(trains, "20 ms", 100, seed=1)
    >>> len(surrogates), surrogates.times.shape, surrogates.method, surrogates.options
    (100, (100, 3), 'dither_spikes', {'dither': 0.02})
    >>> surrogates[3].n_spikes
    3
    """

    def __init__(self, original: SpikeTrains, times: Floats, method: str, options: dict[str, float | None]) -> None:
        times.setflags(write=False)
        self.original, self.times, self.method, self.options = original, times, method, options

    def __len__(self) -> int:
        return len(self.times)

    @overload
    def __getitem__(self, index: int) -> SpikeTrains: ...
    @overload
    def __getitem__(self, index: slice) -> Surrogates: ...
    def __getitem__(self, index: int | slice) -> SpikeTrains | Surrogates:
        if isinstance(index, slice):
            return Surrogates(self.original, self.times[index], self.method, self.options)
        first = self.original
        return SpikeTrains(
            self.times[index],
            first.offsets,
            first.n_units,
            t_start=first.t_start,
            t_stop=first.t_stop,
            observed=None if first.fully_observed else first.observed,
            slack=first.slack,
            n_trials=first.n_trials,
            **first.names,
        )

    def __iter__(self) -> Iterator[SpikeTrains]:
        return (self[k] for k in range(len(self)))

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={value:g} s" for name, value in self.options.items() if value is not None)
        return f"Surrogates({len(self)} by {self.method}{f', {said}' if said else ''}, of {self.original!r})"


def drawn(plan: Plan, n_surrogates: Any, seed: int | None) -> Surrogates:
    """Draw surrogates and hold them."""
    n = whole_number(f"{plan.method}: n_surrogates", n_surrogates, at_least=1)
    times = np.empty((n, plan.trains.n_spikes))
    at = 0
    for rows in rows_of(plan, n, generator(seed)):
        times[at : at + len(rows)] = rows
        at += len(rows)
    return Surrogates(plan.trains, times, plan.method, plan.options)


def rows_of(plan: Plan, n_surrogates: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Draw surrogates a few at a time: arrays of shape (some, n_spikes), which must not be kept.

    Random numbers are drawn row after row, so that the surrogates do not depend on how many are made at a time.
    """
    at_once = max(1, min(n_surrogates, _AT_ONCE // max(plan.columns, plan.trains.n_spikes, 1)))
    out = np.empty((at_once, plan.trains.n_spikes))
    for begin in range(0, n_surrogates, at_once):
        rows = out[: min(at_once, n_surrogates - begin)]
        plan.fill(rng.random((len(rows), plan.columns)), rows)
        yield rows


def borders(trains: SpikeTrains) -> tuple[Floats, Floats]:
    """Give begin and end of what was observed, for every train: two arrays of shape (n_trials * n_units,)."""
    begin, end = np.repeat(trains.observed, trains.n_units, axis=0).T
    return np.ascontiguousarray(begin), np.ascontiguousarray(end)


def per_spike(values: Floats | Integers, trains: SpikeTrains) -> Any:
    """Repeat one value a train for each of its spikes."""
    return np.repeat(values, np.diff(trains.offsets))


def positive_time(value: Any, where: str, trains: SpikeTrains, *, zero: bool = False) -> float:
    """Read a time in seconds that is positive, or not negative where `zero` is true; and check what else was given.

    Raises
    ------
    ValueError
        It is not.
    TypeError
        These are no spike trains.
    """
    check_trains(trains, where.partition(":")[0])
    plain = seconds(value, where)
    if not (0 < plain < np.inf or (zero and plain == 0)):
        rule = "a time not below 0" if zero else "a positive time"
        raise ValueError(f"{where} must be {rule}, got {plain} s")
    return plain
