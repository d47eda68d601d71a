"""Spike trains: the one data type between simulation, recorded data and analysis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.arrays import Floats, Integers
from spikelearn.parameters.numbers import whole_number, whole_numbers
from spikelearn.parameters.units import seconds
from spikelearn.spikes import checks
from spikelearn.spikes.alignment import align, shifted
from spikelearn.spikes.binning import count_in_bins, find_observed_bins, rounding
from spikelearn.spikes.concatenation import joined_time, joined_trials, joined_units
from spikelearn.spikes.selection import keep_times, read_choice, sort_into_trains, take_trains

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SpikeTrains"]


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
    observed : array_like, shape (n_trials, 2), optional
        For trials of unequal length: begin and end, in seconds, of the part of the window in which each trial was
        observed. Without it every trial was observed throughout.
    slack : float
        Rounding error in seconds that the times carry from when they were larger, as `aligned` and `shift` leave it;
        bins tolerate it.

    Raises
    ------
    ValueError
        A spike is NaN, lies outside the window or is out of order, or the offsets do not fit.
    TypeError
        Offsets or the number of units are not whole numbers.

    Examples
    --------
    >>> trains = SpikeTrains.from_arrays([[0.1, 0.4], [0.2]], t_start=0.0, t_stop=1.0)
    >>> trains
    SpikeTrains(1 trial x 2 units, 3 spikes in [0.0, 1.0) s)
    >>> trains.counts()
    array([[2, 1]])
    """

    __slots__ = ("_n_units", "_observed", "_offsets", "_slack", "_t_start", "_t_stop", "_times")

    def __init__(
        self,
        times: ArrayLike,
        offsets: ArrayLike,
        n_units: int,
        *,
        t_start: float = 0.0,
        t_stop: float,
        observed: ArrayLike | None = None,
        slack: float = 0.0,
    ) -> None:
        flat = checks.frozen(np.array(checks.without_unit(times)))
        ends = checks.frozen(np.array(whole_numbers("SpikeTrains.offsets", offsets)))
        n_units = whole_number("SpikeTrains.n_units", n_units)
        start, stop = seconds(t_start, "SpikeTrains.t_start"), seconds(t_stop, "SpikeTrains.t_stop")
        if stop < start:
            raise ValueError(f"SpikeTrains.t_stop must not be before t_start = {start} s, got {stop} s")
        checks.check_layout(flat, ends, n_units)
        parts = checks.check_observed(observed, (len(ends) - 1) // max(n_units, 1), start, stop)
        checks.check_times(flat, ends, max(n_units, 1), start, stop, parts)
        self._times, self._offsets, self._n_units = flat, ends, n_units
        self._t_start, self._t_stop, self._observed, self._slack = start, stop, parts, checks.check_slack(slack)

    @classmethod
    def from_arrays(cls, arrays: Sequence[ArrayLike], *, t_start: float = 0.0, t_stop: float) -> SpikeTrains:
        """Build one trial from one array of spike times a unit.

        Times and window are in seconds or Quantities; times must be sorted.
        """
        return cls.from_trials([arrays], t_start=t_start, t_stop=t_stop)

    @classmethod
    def from_trials(
        cls,
        trials: Sequence[Sequence[ArrayLike]],
        *,
        t_start: float = 0.0,
        t_stop: float,
        observed: ArrayLike | None = None,
    ) -> SpikeTrains:
        """Build from trials, each a sequence of one array of spike times a unit.

        Parameters
        ----------
        trials : sequence of sequences of array_like
            ``trials[k][i]`` holds the sorted times of unit i in trial k, in seconds or as a Quantity.
        t_start, t_stop, observed : optional
            As for the class.
        """
        sizes = {len(units) for units in trials}
        if len(sizes) > 1:
            raise ValueError(f"every trial must have the same number of units, got {sorted(sizes)}")
        n_units = sizes.pop() if sizes else 0
        arrays = [checks.plain_times(train) for units in trials for train in units]
        offsets = np.concatenate([[0], np.cumsum([len(array) for array in arrays])]).astype(np.int64)
        flat = np.concatenate(arrays) if arrays else np.empty(0)
        return cls(flat, offsets, n_units, t_start=t_start, t_stop=t_stop, observed=observed)

    @classmethod
    def from_indices(
        cls,
        indices: ArrayLike,
        times: ArrayLike,
        *,
        n_units: int,
        t_start: float = 0.0,
        t_stop: float,
        trials: ArrayLike | None = None,
        n_trials: int = 1,
        observed: ArrayLike | None = None,
        slack: float = 0.0,
    ) -> SpikeTrains:
        """Build from parallel arrays of unit index and spike time, in any order, as a Brian2 SpikeMonitor holds them.

        Parameters
        ----------
        indices, trials : array_like of int, shape (n_spikes,)
            Unit and trial of each spike, counted from 0; everything is trial 0 without `trials`.
        times : array_like, shape (n_spikes,)
            Times in seconds or as a Quantity.
        n_units, n_trials : int
            Number of units and trials, including silent ones.
        t_start, t_stop, observed, slack : optional
            As for the class.
        """
        flat = checks.plain_times(times)
        unit = whole_numbers("indices", indices)
        trial = np.zeros_like(unit) if trials is None else whole_numbers("trials", trials)
        n_units, n_trials = whole_number("n_units", n_units), whole_number("n_trials", n_trials)
        checks.check_indices("indices", unit, flat.shape, n_units)
        checks.check_indices("trials", trial, flat.shape, n_trials)
        flat, offsets = sort_into_trains(trial * n_units + unit, flat, n_trials * n_units)
        return cls(flat, offsets, n_units, t_start=t_start, t_stop=t_stop, observed=observed, slack=slack)

    @classmethod
    def from_dataframe(
        cls,
        frame: pd.DataFrame,
        *,
        t_start: float | None = None,
        t_stop: float | None = None,
        n_units: int | None = None,
        n_trials: int | None = None,
        observed: ArrayLike | None = None,
    ) -> SpikeTrains:
        """Build from a table with one row a spike and the columns trial, unit and time, in any order of rows.

        Times are in seconds; ``trial`` and ``unit`` count from 0, and ``trial`` may be missing where there is one. What
        a table cannot show, silent units and the end of the recording above all, is taken from ``frame.attrs``, where
        `to_dataframe` leaves it, unless it is given here. What is missing is refused.
        """
        from spikelearn.spikes.table import read_frame

        facts = {"t_start": t_start, "t_stop": t_stop, "n_units": n_units, "n_trials": n_trials, "observed": observed}
        return read_frame(frame, {key: value for key, value in facts.items() if value is not None}, "the table")

    @classmethod
    def from_spike_monitor(cls, monitor: Any, *, t_start: float = 0.0, t_stop: float | None = None) -> SpikeTrains:
        """Build one trial from a Brian2 SpikeMonitor; the same as `spikelearn.interop.from_spike_monitor`."""
        from spikelearn.spikes.monitor import from_spike_monitor

        return from_spike_monitor(monitor, t_start=t_start, t_stop=t_stop)

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
    def observed(self) -> Floats:
        """Begin and end of the observed part of every trial in seconds, shape (n_trials, 2): mostly the window."""
        if self._observed is not None:
            return self._observed
        return checks.frozen(np.tile([self._t_start, self._t_stop], (self.n_trials, 1)))

    @property
    def slack(self) -> float:
        """Rounding error in seconds that the times carry from when they were larger."""
        return self._slack

    @property
    def fully_observed(self) -> bool:
        """Whether every trial was observed throughout the window."""
        return self._observed is None

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

    def binned(self, bin_size: Any, *, t_start: Any = None, t_stop: Any = None) -> Integers:
        """Count the spikes in bins: int64 array of shape (n_trials, n_units, n_bins).

        Bin k is half-open, ``[t_start + k*bin_size, t_start + (k + 1)*bin_size)``, where `t_start` and `t_stop` may
        choose a part of the window. No spike is lost, and one that lies on an edge but for rounding counts as on the
        edge (see `spikelearn.spikes.binning.bin_indices`).

        Raises
        ------
        ValueError
            The bin size does not divide the window (the message holds the nearest that do), or the part reaches
            beyond what was observed.

        Examples
        --------
        >>> SpikeTrains.from_arrays([[0.0, 0.3, 0.35]], t_stop=0.4).binned(0.1)
        array([[[1, 0, 0, 2]]])
        """
        return count_in_bins(self, bin_size, t_start, t_stop)

    def observed_bins(self, bin_size: Any, *, t_start: Any = None, t_stop: Any = None) -> NDArray[np.bool_]:
        """Say which of the bins of `binned` were observed from end to end: bool array of shape (n_trials, n_bins)."""
        return find_observed_bins(self, bin_size, t_start, t_stop)

    def select_units(self, units: Any) -> SpikeTrains:
        """Keep the units given by an index, indices (in their order), a mask or a slice, in every trial.

        A unit that is not there is refused with an IndexError.
        """
        chosen = read_choice(units, self._n_units, "SpikeTrains.select_units: units")
        which = (np.arange(self.n_trials)[:, None] * self._n_units + chosen).ravel()
        return self._like(*take_trains(self._times, self._offsets, which), n_units=len(chosen))

    def select_trials(self, trials: Any) -> SpikeTrains:
        """Keep the trials given by an index, indices (in their order), a mask or a slice.

        A trial that is not there is refused with an IndexError.
        """
        chosen = read_choice(trials, self.n_trials, "SpikeTrains.select_trials: trials")
        which = (chosen[:, None] * self._n_units + np.arange(self._n_units)).ravel()
        observed = None if self._observed is None else self._observed[chosen]
        return self._like(*take_trains(self._times, self._offsets, which), observed=observed)

    def restrict(self, t_start: Any, t_stop: Any) -> SpikeTrains:
        """Keep the part ``t_start <= t < t_stop`` of the window; times stay as they are.

        A part that reaches beyond the window by more than rounding, where silence was not observed, is a ValueError.
        """
        start, stop = seconds(t_start, "restrict: t_start"), seconds(t_stop, "restrict: t_stop")
        slack = float(rounding(self._t_start, self._t_stop))
        start = self._t_start if 0 < self._t_start - start <= slack else start
        stop = self._t_stop if 0 < stop - self._t_stop <= slack else stop
        if start < self._t_start or stop > self._t_stop or stop < start:
            raise ValueError(
                f"restrict: the window must lie within [{self._t_start}, {self._t_stop}) s, got [{start}, {stop}) s"
            )
        keep = (self._times >= start) & (self._times < stop)
        observed = None if self._observed is None else np.clip(self._observed, start, stop)
        kept = keep_times(self._times, self._offsets, keep)
        return self._like(*kept, t_start=start, t_stop=stop, observed=observed)

    def shift(self, dt: Any) -> SpikeTrains:
        """Move all times and the window by `dt` seconds."""
        return self._like(offsets=self._offsets, **shifted(self, seconds(dt, "shift: dt")))

    def aligned(
        self, events: Any, before: Any, after: Any, *, trials: ArrayLike | None = None, incomplete: str = "refuse"
    ) -> SpikeTrains:
        """Cut a new trial around every event, with times counted from the event.

        Parameters
        ----------
        events : array_like or Quantity, shape (n_events,)
            Times of the events in seconds, in any order; the new trials keep it.
        before, after : float or Quantity
            The new window is ``-before <= t < after``.
        trials : array_like of int, shape (n_events,), optional
            The trial in which each event happened; needed where there are several.
        incomplete : {"refuse", "keep", "drop"}
            What becomes of an event whose cut was not all observed: an error, a trial with its observed part, nothing.

        Raises
        ------
        ValueError
            An event is NaN, its cut was not observed, or its trial is missing.
        """
        back, ahead = seconds(before, "aligned: before"), seconds(after, "aligned: after")
        return self._like(**align(self, checks.plain_times(events), back, ahead, trials, incomplete))

    @classmethod
    def concatenate_trials(cls, parts: Sequence[SpikeTrains]) -> SpikeTrains:
        """Put the trials of several objects with the same units and window one after the other."""
        return cls(**joined_trials(parts))

    @classmethod
    def concatenate_units(cls, parts: Sequence[SpikeTrains]) -> SpikeTrains:
        """Put the units of several objects with the same trials and window side by side."""
        return cls(**joined_units(parts))

    @classmethod
    def concatenate_time(cls, parts: Sequence[SpikeTrains]) -> SpikeTrains:
        """Join windows that follow each other without a gap, as `restrict` makes them."""
        return cls(**joined_time(parts))

    def to_dataframe(self) -> pd.DataFrame:
        """Give one row a spike, with the columns trial, unit and time (seconds).

        The rest (window, numbers of trials and units) is in ``attrs``, where `from_dataframe` finds it.
        """
        from spikelearn.spikes.table import to_frame

        return to_frame(self)

    def _like(self, times: Floats, offsets: Integers, **changes: Any) -> SpikeTrains:
        window = {"t_start": self._t_start, "t_stop": self._t_stop, "observed": self._observed, "slack": self._slack}
        return SpikeTrains(times, offsets, **({"n_units": self._n_units} | window | changes))

    def __iter__(self) -> Iterator[Floats]:
        """Go through the trains, trial by trial and unit by unit."""
        yield from (self._times[begin:end] for begin, end in pairwise(self._offsets))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SpikeTrains):
            return NotImplemented
        if (self.t_start, self.t_stop, self.n_units) != (other.t_start, other.t_stop, other.n_units):
            return False
        arrays = (self._offsets, other._offsets), (self._times, other._times), (self.observed, other.observed)
        return all(np.array_equal(mine, theirs) for mine, theirs in arrays)

    def __repr__(self) -> str:
        counted = (self.n_trials, "trial"), (self.n_units, "unit"), (self.n_spikes, "spike")
        trials, units, spikes = (f"{n} {word}{'' if n == 1 else 's'}" for n, word in counted)
        return f"SpikeTrains({trials} x {units}, {spikes} in [{self.t_start + 0.0}, {self.t_stop + 0.0}) s)"
