"""The ways in by lists, and the check that everything passes once: plain arrays and facts out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats, Integers
from spikelearn.parameters.numbers import whole_number, whole_numbers
from spikelearn.parameters.units import seconds
from spikelearn.spikes import checks
from spikelearn.spikes.selection import sort_into_trains

if TYPE_CHECKING:
    pass

__all__ = ["check_trains", "count_trials", "from_lists", "from_places", "read_window_of"]


def check_trains(trains: object, where: str) -> None:
    """Refuse what is no SpikeTrains: lists and arrays do not say how long the recording was, a Recording holds more.

    Raises
    ------
    TypeError
        These are no SpikeTrains.
    """
    from spikelearn.spikes.trains import SpikeTrains

    if isinstance(trains, SpikeTrains):
        return
    if isinstance(getattr(trains, "spikes", None), SpikeTrains):
        raise TypeError(
            f"{where}: trains must be SpikeTrains, got {type(trains).__name__}; hand over its attribute spikes"
        )
    raise TypeError(
        f"{where}: trains must be SpikeTrains, got {type(trains).__name__}; make them with SpikeTrains.from_arrays(...)"
    )


def read_window_of(t_start: Any, t_stop: Any) -> tuple[float, float]:
    """Read the window in seconds.

    Raises
    ------
    ValueError
        It ends before it begins.
    """
    start, stop = seconds(t_start, "SpikeTrains.t_start"), seconds(t_stop, "SpikeTrains.t_stop")
    if stop < start:
        raise ValueError(f"SpikeTrains.t_stop must not be before t_start = {start} s, got {stop} s")
    return start, stop


def count_trials(offsets: Integers, n_units: int, n_trials: Any, observed: Any) -> int:
    """Count the trials, which offsets cannot tell where there are no units.

    Raises
    ------
    ValueError
        The number that was given is another than that of the offsets.
    """
    given = None if n_trials is None else whole_number("SpikeTrains.n_trials", n_trials)
    if not n_units:
        return given if given is not None else 0 if observed is None else len(np.atleast_1d(np.asarray(observed)))
    found = (len(offsets) - 1) // n_units
    if given is not None and given != found:
        raise ValueError(f"SpikeTrains.n_trials must fit the offsets, which hold {found} trials, got {given}")
    return found


def from_lists(trials: Sequence[Sequence[ArrayLike]]) -> tuple[Floats, Integers, int]:
    """Lay trials of units out flat: times, offsets and the number of units.

    Raises
    ------
    ValueError
        The trials have different numbers of units.
    """
    sizes = {len(units) for units in trials}
    if len(sizes) > 1:
        raise ValueError(f"every trial must have the same number of units, got {sorted(sizes)}")
    n_units = sizes.pop() if sizes else 0
    arrays = [checks.plain_times(train) for units in trials for train in units]
    offsets = np.concatenate([[0], np.cumsum([len(array) for array in arrays])]).astype(np.int64)
    return np.concatenate(arrays) if arrays else np.empty(0), offsets, n_units


def from_places(
    indices: ArrayLike, times: ArrayLike, trials: ArrayLike | None, n_units: Any, n_trials: Any
) -> tuple[Floats, Integers, int, int]:
    """Sort spikes given by positions of unit and trial: times, offsets, numbers of units and trials.

    Raises
    ------
    ValueError
        Lengths differ, or a position does not exist.
    TypeError
        Positions are not whole numbers.
    """
    flat = checks.plain_times(times)
    unit = whole_numbers("indices", indices)
    trial = np.zeros_like(unit) if trials is None else whole_numbers("trials", trials)
    units, repeats = whole_number("n_units", n_units), whole_number("n_trials", n_trials)
    checks.check_indices("indices", unit, flat.shape, units)
    checks.check_indices("trials", trial, flat.shape, repeats)
    flat, offsets = sort_into_trains(trial * units + unit, flat, repeats * units)
    return flat, offsets, units, repeats
