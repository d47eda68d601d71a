"""Spike trains: the one data type between simulation, recorded data and analysis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.parameters import seconds

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SpikeTrains"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class SpikeTrains:
    """Spike times of several units over several trials, all within one half-open window.

    Times are sorted float64 seconds, held in one flat array in the order trial, unit, time; ``offsets`` says
    where each train begins. The object cannot be changed.

    Parameters
    ----------
    times : array_like, shape (n_spikes,)
        All spike times in seconds: first those of trial 0, unit 0, then of trial 0, unit 1, and so on.
    offsets : array_like of int, shape (n_trials * n_units + 1,)
        Train ``trial * n_units + unit`` is ``times[offsets[k]:offsets[k + 1]]``.
    n_units : int
        Units in every trial.
    t_start, t_stop : float or Quantity
        The window ``t_start <= t < t_stop`` that was observed, in seconds.

    Raises
    ------
    ValueError
        A spike is NaN, lies outside the window or is out of order, or the offsets do not fit.

    Examples
    --------
    >>> trains = SpikeTrains.from_arrays([[0.1, 0.4], [0.2]], t_start=0.0, t_stop=1.0)
    >>> trains
    SpikeTrains(1 trial x 2 units, 3 spikes in [0.0, 1.0) s)
    >>> trains.counts()
    array([[2, 1]])
    """

    __slots__ = ("_n_units", "_offsets", "_t_start", "_t_stop", "_times")

    def __init__(
        self, times: ArrayLike, offsets: ArrayLike, n_units: int, *, t_start: float = 0.0, t_stop: float
    ) -> None:
        flat = _frozen(np.array(times, dtype=np.float64))
        ends = _frozen(np.array(offsets, dtype=np.int64))
        start, stop = seconds(t_start, "SpikeTrains.t_start"), seconds(t_stop, "SpikeTrains.t_stop")
        if stop < start:
            raise ValueError(f"SpikeTrains.t_stop must not be before t_start = {start} s, got {stop} s")
        if flat.ndim != 1:
            raise ValueError(f"SpikeTrains.times must have one dimension, got shape {flat.shape}")
        if n_units < 0 or ends.ndim != 1 or len(ends) < 1 or (len(ends) - 1) % max(n_units, 1):
            raise ValueError(
                f"SpikeTrains.offsets must have n_trials * n_units + 1 entries, got {ends.shape} for {n_units} units"
            )
        if ends[0] != 0 or ends[-1] != len(flat) or (np.diff(ends) < 0).any():
            raise ValueError(f"SpikeTrains.offsets must rise from 0 to the number of spikes, {len(flat)}")
        _check_times(flat, ends, max(n_units, 1), start, stop)
        self._times, self._offsets, self._n_units = flat, ends, int(n_units)
        self._t_start, self._t_stop = start, stop

    @classmethod
    def from_arrays(cls, arrays: Sequence[ArrayLike], *, t_start: float = 0.0, t_stop: float) -> SpikeTrains:
        """Build one trial from one array of spike times a unit.

        Parameters
        ----------
        arrays : sequence of array_like
            Sorted times of each unit, in seconds or as a Quantity.
        t_start, t_stop : float or Quantity
            The observed window, in seconds.
        """
        return cls.from_trials([arrays], t_start=t_start, t_stop=t_stop)

    @classmethod
    def from_trials(cls, trials: Sequence[Sequence[ArrayLike]], *, t_start: float = 0.0, t_stop: float) -> SpikeTrains:
        """Build from trials, each a sequence of one array of spike times a unit.

        Parameters
        ----------
        trials : sequence of sequences of array_like
            ``trials[k][i]`` holds the sorted times of unit i in trial k, in seconds or as a Quantity.
        t_start, t_stop : float or Quantity
            The observed window, in seconds, the same for every trial.
        """
        sizes = {len(units) for units in trials}
        if len(sizes) > 1:
            raise ValueError(f"every trial must have the same number of units, got {sorted(sizes)}")
        n_units = sizes.pop() if sizes else 0
        arrays = [_plain_times(train) for units in trials for train in units]
        offsets = np.concatenate([[0], np.cumsum([len(array) for array in arrays])]).astype(np.int64)
        flat = np.concatenate(arrays) if arrays else np.empty(0)
        return cls(flat, offsets, n_units, t_start=t_start, t_stop=t_stop)

    @classmethod
    def from_indices(
        cls, indices: ArrayLike, times: ArrayLike, *, n_units: int, t_start: float = 0.0, t_stop: float
    ) -> SpikeTrains:
        """Build one trial from parallel arrays of unit index and spike time, as a Brian2 SpikeMonitor holds them.

        Parameters
        ----------
        indices : array_like of int, shape (n_spikes,)
            Unit of each spike, 0 to ``n_units - 1``.
        times : array_like, shape (n_spikes,)
            Times in seconds or as a Quantity, in any order.
        n_units : int
            Number of units, including silent ones.
        t_start, t_stop : float or Quantity
            The observed window, in seconds.
        """
        unit, flat = np.asarray(indices, dtype=np.int64), _plain_times(times)
        if unit.shape != flat.shape:
            raise ValueError(f"indices and times must have the same length, got {unit.shape} and {flat.shape}")
        if len(unit) and (unit.min() < 0 or unit.max() >= n_units):
            raise ValueError(f"indices must lie in 0 to {n_units - 1}, got {unit.min()} to {unit.max()}")
        order = np.lexsort((flat, unit))
        offsets = np.concatenate([[0], np.cumsum(np.bincount(unit, minlength=n_units))]).astype(np.int64)
        return cls(flat[order], offsets, n_units, t_start=t_start, t_stop=t_stop)

    @property
    def times(self) -> Floats:
        """All spike times in seconds, flat and read-only, in the order trial, unit, time."""
        return self._times

    @property
    def offsets(self) -> Integers:
        """Where each train begins in `times`, shape (n_trials * n_units + 1,), read-only."""
        return self._offsets

    @property
    def t_start(self) -> float:
        """Begin of the window in seconds; a spike exactly here belongs to it."""
        return self._t_start

    @property
    def t_stop(self) -> float:
        """End of the window in seconds; a spike exactly here would not belong to it."""
        return self._t_stop

    @property
    def duration(self) -> float:
        """Length of the window in seconds."""
        return self._t_stop - self._t_start

    @property
    def n_units(self) -> int:
        """Number of units, silent ones included."""
        return self._n_units

    @property
    def n_trials(self) -> int:
        """Number of trials, empty ones included."""
        return (len(self._offsets) - 1) // self._n_units if self._n_units else 0

    @property
    def n_spikes(self) -> int:
        """Spikes of all units and trials together."""
        return len(self._times)

    def train(self, unit: int = 0, trial: int = 0) -> Floats:
        """Give the spike times of one unit in one trial, in seconds, as a read-only view.

        Raises
        ------
        IndexError
            There is no such unit or trial.
        """
        for name, index, size in (("unit", unit, self.n_units), ("trial", trial, self.n_trials)):
            if not 0 <= index < size:
                raise IndexError(f"SpikeTrains.train: {name} must be 0 to {size - 1}, got {index}")
        k = trial * self._n_units + unit
        return self._times[self._offsets[k] : self._offsets[k + 1]]

    def counts(self) -> Integers:
        """Count the spikes of every train: int64 array of shape (n_trials, n_units)."""
        return np.diff(self._offsets).reshape(self.n_trials, self._n_units)

    def to_dataframe(self) -> pd.DataFrame:
        """Give one row a spike, with the columns trial, unit and time (seconds)."""
        import pandas as pd

        train_of = np.repeat(np.arange(len(self._offsets) - 1), np.diff(self._offsets))
        units = max(self._n_units, 1)
        return pd.DataFrame({"trial": train_of // units, "unit": train_of % units, "time": self._times})

    def __iter__(self) -> Iterator[Floats]:
        """Go through the trains, trial by trial and unit by unit."""
        for k in range(len(self._offsets) - 1):
            yield self._times[self._offsets[k] : self._offsets[k + 1]]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SpikeTrains):
            return NotImplemented
        return (
            (self.t_start, self.t_stop, self.n_units) == (other.t_start, other.t_stop, other.n_units)
            and np.array_equal(self._offsets, other._offsets)
            and np.array_equal(self._times, other._times)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        trials = f"{self.n_trials} trial{'' if self.n_trials == 1 else 's'}"
        units = f"{self.n_units} unit{'' if self.n_units == 1 else 's'}"
        return f"SpikeTrains({trials} x {units}, {self.n_spikes} spikes in [{self.t_start}, {self.t_stop}) s)"


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.setflags(write=False)
    return array


def _plain_times(times: Any) -> Floats:
    if hasattr(times, "dim"):
        from spikelearn.parameters import si_value

        return np.atleast_1d(np.asarray(si_value(times, "1 second", "spike times"), dtype=np.float64))
    array = np.asarray(times, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"the spike times of one unit must be one-dimensional, got shape {array.shape}")
    return array


def _check_times(flat: Floats, offsets: Integers, n_units: int, start: float, stop: float) -> None:
    """Refuse NaN, times outside the window and times out of order, naming the first offender."""

    def complain(position: int, what: str) -> ValueError:
        k = int(np.searchsorted(offsets, position, side="right")) - 1
        place = f"spike {position - offsets[k]} of unit {k % n_units}, trial {k // n_units}"
        return ValueError(f"{place} {what}, got {flat[position]!r} s".replace("np.float64(", "").replace(")", "", 1))

    bad = np.isnan(flat)
    if bad.any():
        raise complain(int(bad.argmax()), "must be a number")
    bad = (flat < start) | (flat >= stop)
    if bad.any():
        raise complain(int(bad.argmax()), f"must lie within {start} s <= t < {stop} s")
    falls = np.diff(flat) < 0
    if len(flat) > 1:
        inside = np.ones(len(flat) - 1, dtype=bool)
        boundaries = offsets[1:-1]
        inside[boundaries[(boundaries > 0) & (boundaries < len(flat))] - 1] = False
        bad = falls & inside
        if bad.any():
            raise complain(int(bad.argmax()) + 1, "must not come before the spike ahead of it")
