"""What a Neurodata Without Borders file says of units and trials, as plain arrays and ids."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.spikes.ids import Ids, read_ids, unnamed

__all__ = ["COLUMNS", "NAME", "RESERVED", "NWBSession", "SessionError", "read_session", "session_bytes"]

COLUMNS = {
    "trial_of_spike": "Row of the trials table in which the spike happened.",
    "time_in_trial": "Time of the spike in seconds on the clock of its trial, exact where spike_times are rounded.",
}
NAME = "unit_name"
RESERVED = ("spike_times", "obs_intervals", "electrodes", "electrode_group", "waveforms", "id", NAME, *COLUMNS)


class SessionError(ValueError):
    """The file can be read but does not hold what was asked for."""


class NWBSession(NamedTuple):
    """Units, trials and invalid times of a file."""

    columns: dict[str, list[Any]]  # spike_times, obs_intervals and COLUMNS, one array a unit; empty without units
    unit_ids: Ids
    beside: dict[str, list[Any]]  # plain columns of the units
    trials: Floats | None  # (n_trials, 2), begin and end
    trial_ids: Ids
    invalid: Floats  # (n, 2)
    notes: str
    description: str  # of the table of units


def read_session(file: Any, where: str, *, trials: str = "trials", units_table: str | None = None) -> NWBSession:
    """Read an open NWB file.

    Raises
    ------
    SessionError
        There is no such table, or several tables of units and none was chosen.
    """
    units = _units(file, where, units_table)
    rows, trial_ids = _trials(file, where, trials)
    columns: dict[str, list[Any]] = {name: [] for name in ("spike_times", "obs_intervals", *COLUMNS)}
    beside: dict[str, list[Any]] = {}
    ids: Ids = ()
    if units is not None:
        for name in columns:
            if name in units.colnames:
                columns[name] = [np.asarray(units[name][row]) for row in range(len(units))]
        ids = _row_ids(units, f"{where}: the table {units.name}")
        beside = _plain_columns(units)
        named = beside.get(NAME)
        if named and all(isinstance(item, str) and item for item in named) and len(set(named)) == len(named):
            ids = tuple(named)
            del beside[NAME]
    invalid = np.empty((0, 2))
    if file.invalid_times is not None:
        invalid = _edges(file.invalid_times)
    return NWBSession(
        columns, ids, beside, rows, trial_ids, invalid, str(file.notes or ""), str(getattr(units, "description", ""))
    )


def session_bytes(columns: Mapping[str, Sequence[Any]], trials: Any) -> Iterator[bytes]:
    """Give what a checksum of units and trials is made of, as they are written and as they are read.

    Parameters
    ----------
    columns : mapping
        As in `NWBSession`: one array a unit, nothing where the file has no such column.
    trials : array_like, shape (n_trials, 2)
        Begin and end of the trials.
    """
    yield np.asarray(trials, dtype=np.float64).tobytes()
    for name in ("spike_times", "obs_intervals", *COLUMNS):
        own = columns.get(name, ())
        yield f"{name} {len(own)}".encode()
        for values in own:
            plain = np.asarray(values, dtype=np.int64 if name == "trial_of_spike" else np.float64).ravel()
            yield f"{len(plain)} ".encode()
            yield plain.tobytes()


def _units(file: Any, where: str, wanted: str | None) -> Any:
    """Find the table of units: the file's own, or one under processing, acquisition, analysis or scratch."""
    found = {} if file.units is None else {"units": file.units}
    places = [*file.processing.values(), file]
    for place in places:
        for group in ("data_interfaces", "acquisition", "analysis", "scratch"):
            for name, item in dict(getattr(place, group, None) or {}).items():
                if type(item).__name__ == "Units" or "spike_times" in getattr(item, "colnames", ()):
                    found[f"{place.name}/{name}" if place is not file else f"{group}/{name}"] = item
    if wanted is not None:
        chosen = [item for name, item in found.items() if wanted in (name, name.rpartition("/")[2])]
        if len(chosen) != 1:
            raise SessionError(f"{where} has no one table of units {wanted!r}; it holds {', '.join(found) or 'none'}")
        return chosen[0]
    if "units" in found:
        return found["units"]
    if len(found) > 1:
        raise SessionError(f"{where} holds {len(found)} tables of units, {', '.join(found)}; pass units_table=")
    return next(iter(found.values()), None)


def _trials(file: Any, where: str, wanted: str) -> tuple[Floats | None, Ids]:
    tables = dict(file.intervals or {})
    for name in ("trials", "epochs", "invalid_times"):
        if getattr(file, name, None) is not None:
            tables[name] = getattr(file, name)
    if wanted not in tables:
        others = [name for name in tables if name != "invalid_times"]
        if wanted != "trials":
            raise SessionError(f"{where} has no table of intervals {wanted!r}; it holds {', '.join(others) or 'none'}")
        return None, ()
    table = tables[wanted]
    return _edges(table), _row_ids(table, f"{where}: the table {wanted}")


def _edges(table: Any) -> Floats:
    begin, end = (np.asarray(table[name][:], dtype=np.float64) for name in ("start_time", "stop_time"))
    return np.stack([begin, end], axis=1)


def _row_ids(table: Any, where: str) -> Ids:
    ids = [int(item) for item in np.asarray(table.id[:]).tolist()]
    if len(set(ids)) < len(ids):
        # The format does not ask for different ids.
        warnings.warn(f"{where} has the same id in several rows; ids are positions instead", UserWarning, stacklevel=5)
        return unnamed(len(ids))
    return read_ids(ids, None, where)


def _plain_columns(table: Any) -> dict[str, list[Any]]:
    """Read columns with one text, number or truth value a unit; others belong to no table of spike trains."""
    beside: dict[str, list[Any]] = {}
    for name in table.colnames:
        column = table[name]
        if (name in RESERVED and name != NAME) or hasattr(column, "target") or type(column).__name__ == "VectorIndex":
            continue
        try:
            values = np.asarray(column[:])
        except (TypeError, ValueError):
            continue
        plain = [item.decode() if isinstance(item, bytes) else item for item in values.tolist()]
        if values.ndim == 1 and all(item is None or isinstance(item, (str, int, float, bool)) for item in plain):
            beside[name] = plain
    return beside
