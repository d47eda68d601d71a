"""Spike trains: the one data type between simulation, recorded data and analysis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.arrays import Floats, Integers
from spikelearn.parameters.units import seconds
from spikelearn.spikes import checks
from spikelearn.spikes.alignment import align, restricted, shifted
from spikelearn.spikes.binning import count_in_bins, find_observed_bins
from spikelearn.spikes.concatenation import joined_time, joined_trials, joined_units
from spikelearn.spikes.construction import from_lists, from_places
from spikelearn.spikes.ids import find_ids, rows_where, taken
from spikelearn.spikes.selection import read_choice, take_trains
from spikelearn.spikes.stored import StoredTrains

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SpikeTrains"]


class SpikeTrains(StoredTrains):
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
        bins tolerate it. Trains are equal (``==``) only if it is the same; `same_spikes` leaves it aside.
    n_trials : int, optional
        Needed only where there are no units, since offsets then cannot tell.
    unit_ids, trial_ids : iterable of int or str, optional
        Names of units and trials: whole numbers of any size or text, all different. They stay with what they name in
        every selection, table and file, while `train` and pairs of units go by position. Without them the ids are the
        positions.
    unit_columns : dict of str to one value a unit, optional
        What else is known of the units, for example ``{"quality": ["good", "mua"]}``.

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

    __slots__ = ()

    @classmethod
    def from_arrays(
        cls, arrays: Sequence[ArrayLike], *, t_start: float = 0.0, t_stop: float, **names: Any
    ) -> SpikeTrains:
        """Build one trial from one array of spike times a unit.

        Times and window are in seconds or carry a unit (Quantities of any package, time differences); times must be
        sorted. `names` are the ids and columns of the class.
        """
        return cls.from_trials([arrays], t_start=t_start, t_stop=t_stop, **names)

    @classmethod
    def from_trials(
        cls,
        trials: Sequence[Sequence[ArrayLike]],
        *,
        t_start: float = 0.0,
        t_stop: float,
        observed: ArrayLike | None = None,
        **names: Any,
    ) -> SpikeTrains:
        """Build from trials, each a sequence of one array of spike times a unit.

        Parameters
        ----------
        trials : sequence of sequences of array_like
            ``trials[k][i]`` holds the sorted times of unit i in trial k, in seconds or with a unit.
        t_start, t_stop, observed, **names : optional
            As for the class.
        """
        flat, offsets, n_units = from_lists(trials)
        facts = {"n_trials": len(trials), "observed": observed} | names
        return cls(flat, offsets, n_units, t_start=t_start, t_stop=t_stop, **facts)

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
        **names: Any,
    ) -> SpikeTrains:
        """Build from parallel arrays of unit index and spike time, in any order, as a Brian2 SpikeMonitor holds them.

        Parameters
        ----------
        indices, trials : array_like of int, shape (n_spikes,)
            Unit and trial of each spike as positions, counted from 0; everything is trial 0 without `trials`. For ids
            that are no positions, see `from_dataframe`.
        times : array_like, shape (n_spikes,)
            Times in seconds or with a unit.
        n_units, n_trials : int
            Number of units and trials, including silent ones.
        t_start, t_stop, observed, slack, **names : optional
            As for the class.
        """
        flat, offsets, units, repeats = from_places(indices, times, trials, n_units, n_trials)
        facts = {"n_trials": repeats, "observed": observed, "slack": slack} | names
        return cls(flat, offsets, units, t_start=t_start, t_stop=t_stop, **facts)

    @classmethod
    def from_dataframe(cls, frame: pd.DataFrame, **facts: Any) -> SpikeTrains:
        """Build from a table with one row a spike and the columns trial, unit and time, in any order of rows.

        Times are in seconds or time differences; ``trial`` and ``unit`` hold ids, whole numbers or text, and ``trial``
        may be missing where there is one. What a table cannot show, silent units and trials and the end of the
        recording above all, is taken from ``frame.attrs``, where `to_dataframe` leaves it, unless it is given here.

        Parameters
        ----------
        frame : pandas.DataFrame
            The table.
        units, trials : sequence of ids, optional
            All units and trials in their order, silent ones too. Without them those that occur are taken, sorted, and
            a gap in their numbers gives a warning.
        n_units, n_trials : int, optional
            The ids are positions 0 to n - 1.
        t_start, t_stop, observed, unit_columns : optional
            As for the class.

        Raises
        ------
        ValueError
            Something is missing, an id is not listed, or the spikes do not fit.
        """
        from spikelearn.spikes.table import read_frame

        return read_frame(frame, {key: value for key, value in facts.items() if value is not None}, "the table")

    @classmethod
    def from_spike_monitor(cls, monitor: Any, *, t_start: float = 0.0, t_stop: float | None = None) -> SpikeTrains:
        """Build one trial from a Brian2 SpikeMonitor; the same as `spikelearn.interop.from_spike_monitor`."""
        from spikelearn.spikes.monitor import from_spike_monitor

        return from_spike_monitor(monitor, t_start=t_start, t_stop=t_stop)

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

    def select_units(self, units: Any = None, *, ids: Any = None, **columns: Any) -> SpikeTrains:
        """Keep some units in every trial, by position, by id or by what their columns say.

        Parameters
        ----------
        units : int, sequence of int, mask or slice, optional
            Positions, in the order of the result.
        ids : id or sequence of ids, optional
            Ids, in the order of the result.
        **columns : optional
            Values of unit columns, for example ``quality="good"`` or ``quality=["good", "mua"]``; all must hold.

        Raises
        ------
        IndexError, KeyError, ValueError
            There is no such position, id or column.

        Examples
        --------
        >>> trains = SpikeTrains.from_arrays([[0.1], [0.2]], t_stop=1.0, unit_ids=[17, 905])
        >>> trains.select_units(ids=905).train()
        array([0.2])
        """
        where = "SpikeTrains.select_units"
        if (units is not None) + (ids is not None) + bool(columns) != 1:
            raise ValueError(f"{where} must get either positions, or ids=, or columns of units")
        if columns:
            chosen = rows_where(self._columns, columns, self._n_units, where)
        elif ids is not None:
            chosen = find_ids(ids, self.unit_ids, where)
        else:
            chosen = read_choice(units, self._n_units, f"{where}: units")
        which = (np.arange(self._n_trials)[:, None] * self._n_units + chosen).ravel()
        names: dict[str, Any] = {
            "unit_ids": taken(self._unit_ids, chosen),
            "unit_columns": {name: [values[k] for k in chosen] for name, values in self._columns.items()},
        }
        return self._like(*take_trains(self._times, self._offsets, which), n_units=len(chosen), **names)

    def select_trials(self, trials: Any = None, *, ids: Any = None) -> SpikeTrains:
        """Keep the trials given by positions (an index, indices in their order, a mask or a slice) or by ids.

        A trial that is not there is refused with an IndexError or KeyError. What is taken twice loses its name.
        """
        where = "SpikeTrains.select_trials"
        if (trials is None) == (ids is None):
            raise ValueError(f"{where} must get either positions or ids=")
        if ids is not None:
            chosen = find_ids(ids, self.trial_ids, where)
        else:
            chosen = read_choice(trials, self._n_trials, f"{where}: trials")
        which = (chosen[:, None] * self._n_units + np.arange(self._n_units)).ravel()
        observed = None if self._observed is None else self._observed[chosen]
        kept = take_trains(self._times, self._offsets, which)
        names = taken(self._trial_ids, chosen)
        return self._like(*kept, observed=observed, n_trials=len(chosen), trial_ids=names)

    def with_ids(self, **names: Any) -> SpikeTrains:
        """Give the same trains with other `unit_ids`, `trial_ids` or `unit_columns`; None takes them away."""
        return self._like(self._times, self._offsets, **names)

    def restrict(self, t_start: Any, t_stop: Any) -> SpikeTrains:
        """Keep the part ``t_start <= t < t_stop`` of the window; times stay as they are.

        A spike on an edge but for rounding counts as on it, as in `binned`. A part that reaches beyond the window by
        more than rounding, where silence was not observed, is a ValueError.
        """
        return self._like(
            **restricted(self, seconds(t_start, "restrict: t_start"), seconds(t_stop, "restrict: t_stop"))
        )

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
            What becomes of an event whose cut was not all observed: an error, a trial with its observed part, nothing;
            the ids of the new trials are then the numbers of the events that are left.

        Raises
        ------
        ValueError
            An event is NaN, its cut was not observed, or its trial is missing.
        """
        back, ahead = seconds(before, "aligned: before"), seconds(after, "aligned: after")
        where = checks.plain_times(events, "aligned: events")
        return self._like(**align(self, where, back, ahead, trials, incomplete))

    @classmethod
    def concatenate_trials(cls, parts: Sequence[SpikeTrains], **names: Any) -> SpikeTrains:
        """Put the trials of several objects with the same units and window one after the other.

        Ids that occur twice are refused; `names` (`trial_ids`) gives new ones.
        """
        return cls(**(joined_trials(parts, names)))

    @classmethod
    def concatenate_units(cls, parts: Sequence[SpikeTrains], **names: Any) -> SpikeTrains:
        """Put the units of several objects with the same trials and window side by side; `names` as above."""
        return cls(**(joined_units(parts, names)))

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
        sizes = {"n_units": self._n_units, "n_trials": self._n_trials}
        return SpikeTrains(times, offsets, **(sizes | window | self.names | changes))
