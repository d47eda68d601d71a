"""What spike trains hold: read-only arrays, a window, and names; checked once, when they are made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats, Integers
from spikelearn.parameters.numbers import whole_number, whole_numbers
from spikelearn.parameters.shapes import html_table
from spikelearn.spikes import checks
from spikelearn.spikes.construction import count_trials, read_window_of
from spikelearn.spikes.ids import Ids, read_columns, read_ids, unnamed

__all__ = ["StoredTrains"]


class StoredTrains:
    """The contents of `spikelearn.SpikeTrains`, which says what the arguments are and adds all that can be done."""

    __slots__ = (
        "_columns",
        "_n_trials",
        "_n_units",
        "_observed",
        "_offsets",
        "_slack",
        "_t_start",
        "_t_stop",
        "_times",
        "_trial_ids",
        "_unit_ids",
    )

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
        n_trials: int | None = None,
        unit_ids: Iterable[int | str] | None = None,
        trial_ids: Iterable[int | str] | None = None,
        unit_columns: Mapping[str, Iterable[Any]] | None = None,
    ) -> None:
        flat = checks.frozen(np.array(checks.without_unit(times)))
        ends = checks.frozen(np.array(whole_numbers("SpikeTrains.offsets", offsets)))
        n_units = whole_number("SpikeTrains.n_units", n_units)
        start, stop = read_window_of(t_start, t_stop)
        checks.check_layout(flat, ends, n_units)
        n_trials = count_trials(ends, n_units, n_trials, observed)
        parts = checks.check_observed(observed, n_trials, start, stop)
        self._times, self._offsets, self._n_units, self._n_trials = flat, ends, n_units, n_trials
        self._t_start, self._t_stop, self._observed, self._slack = start, stop, parts, checks.check_slack(slack)
        self._unit_ids = None if unit_ids is None else read_ids(unit_ids, n_units, "SpikeTrains.unit_ids")
        self._trial_ids = None if trial_ids is None else read_ids(trial_ids, n_trials, "SpikeTrains.trial_ids")
        self._columns = read_columns(unit_columns or {}, n_units, "SpikeTrains.unit_columns")
        checks.check_times(flat, ends, (start, stop), parts, self.unit_ids, self.trial_ids)

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
        return self._n_trials

    @property
    def unit_ids(self) -> Ids:
        """Names of the units; their positions where nobody named them."""
        return unnamed(self._n_units) if self._unit_ids is None else self._unit_ids

    @property
    def trial_ids(self) -> Ids:
        """Names of the trials; their positions where nobody named them."""
        return unnamed(self._n_trials) if self._trial_ids is None else self._trial_ids

    @property
    def unit_columns(self) -> dict[str, tuple[Any, ...]]:
        """What else is known of the units, one value a unit in every column; a copy."""
        return dict(self._columns)

    @property
    def names(self) -> dict[str, Any]:
        """The ids that were given and the columns of units, as the class takes them; empty where there are none."""
        given = {"unit_ids": self._unit_ids, "trial_ids": self._trial_ids, "unit_columns": self._columns or None}
        return {key: value for key, value in given.items() if value is not None}

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

    def __iter__(self) -> Iterator[Floats]:
        """Go through the trains, trial by trial and unit by unit."""
        yield from (self._times[begin:end] for begin, end in pairwise(self._offsets))

    def same_spikes(self, other: StoredTrains) -> bool:
        """Say whether the other object holds the same spikes in the same windows, position by position.

        Times, windows and observed parts must be alike bit for bit. Ids, columns and the slack, which say what the
        units are called and how the times were come by, may differ; with ``==`` they may not.

        Raises
        ------
        TypeError
            The other object is no SpikeTrains.

        Examples
        --------
        >>> import spikelearn as sl
        >>> cut = sl.SpikeTrains.from_arrays([[5.25]], t_stop=10.0).aligned([5.0], 0.0, 1.0)
        >>> typed = sl.SpikeTrains.from_arrays([[0.25]], t_start=-0.0, t_stop=1.0)
        >>> cut.same_spikes(typed), cut == typed
        (True, False)
        """
        if not isinstance(other, StoredTrains):
            raise TypeError(f"SpikeTrains.same_spikes must get SpikeTrains, got {type(other).__name__}")
        if any(getattr(self, name) != getattr(other, name) for name in ("t_start", "t_stop", "n_units", "n_trials")):
            return False
        arrays = (self._offsets, other._offsets), (self._times, other._times), (self.observed, other.observed)
        return all(np.array_equal(mine, theirs) for mine, theirs in arrays)

    def __eq__(self, other: object) -> bool:
        # What is equal gives equal results everywhere: the slack decides on which side of an edge a spike counts.
        if not isinstance(other, StoredTrains):
            return NotImplemented
        if any(getattr(self, name) != getattr(other, name) for name in ("slack", "unit_ids", "trial_ids")):
            return False
        return self._columns == other._columns and self.same_spikes(other)

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in StoredTrains.__slots__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Arrays come out of a pickle, and out of deepcopy, writable.
        for name, value in state.items():
            setattr(self, name, checks.frozen(value) if isinstance(value, np.ndarray) else value)

    def __len__(self) -> int:
        """Count the trains: trials times units, as iteration goes through them."""
        return self.n_trials * self._n_units

    def __getitem__(self, k: int) -> Floats:
        """Give the k-th train, as iteration does: trial by trial, unit by unit.

        Raises
        ------
        TypeError
            `k` is no whole number; `select_units` and `select_trials` take several.
        IndexError
            There is no such train.
        """
        count = len(self)
        if isinstance(k, (bool, np.bool_)) or not isinstance(k, (int, np.integer)):
            raise TypeError(f"SpikeTrains[k] must have a whole number k, got {k!r}; use select_units or select_trials")
        if not -count <= k < count:
            raise IndexError(f"SpikeTrains[k] must have k from 0 to {count - 1}, got {k}")
        return self.train(int(k) % count % self._n_units, int(k) % count // self._n_units)

    def _repr_html_(self) -> str:
        counts = self.counts().sum(axis=0)
        head = repr(self).removeprefix("SpikeTrains")
        rows = list(zip(self.unit_ids, counts.tolist(), strict=True))
        more = [("...", f"{len(rows) - 10} more units")] if len(rows) > 10 else []
        return html_table(f"SpikeTrains {head}", ("unit", "spikes"), [*rows[:10], *more])

    def __repr__(self) -> str:
        counted = (self.n_trials, "trial"), (self.n_units, "unit"), (self.n_spikes, "spike")
        trials, units, spikes = (f"{n} {word}{'' if n == 1 else 's'}" for n, word in counted)
        return f"SpikeTrains({trials} x {units}, {spikes} in [{self.t_start + 0.0}, {self.t_stop + 0.0}) s)"
