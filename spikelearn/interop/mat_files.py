"""Spike trains from MATLAB files: a cell array or a struct of trains, or one vector of times and one of units."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from spikelearn.interop.mat_contents import Cell, read_variables
from spikelearn.interop.session import check_session_times
from spikelearn.parameters.foreign import scaled
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.units import seconds
from spikelearn.spikes.trains import SpikeTrains

__all__ = ["read_mat"]


def read_mat(
    path: str | os.PathLike[str],
    variable: str | None = None,
    *,
    t_stop: Any,
    t_start: Any = 0.0,
    field: str | None = None,
    unit_variable: str | None = None,
    time_unit: Any = "s",
    sort: bool = False,
    observed: Any = None,
) -> SpikeTrains:
    """Read spike trains from a variable of a MATLAB file, of version 5 or 7.3.

    Parameters
    ----------
    path : path
        The .mat file.
    variable : str, optional
        Its variable; may be left out where there is one. Parts of structs are reached by dots, as in "session.spikes".
        It is one of

        - a cell array of vectors: 1 x n or n x 1, one cell a unit; n_trials x n_units, one cell a train;
        - a struct of vectors: one field a unit, which its name becomes the id of;
        - a struct array: one element a unit, whose `field` holds the times; other fields with one text or number an
          element are columns of units, and a field ``id`` or ``unit_id`` gives the ids;
        - a vector: the times of one unit, or of all, if `unit_variable` says whose each spike is.
    t_start, t_stop : float or Quantity
        The window in seconds.
    field : str, optional
        For a struct array: where the times are; needed if there are several fields.
    unit_variable : str, optional
        A vector of ids beside a vector of times.
    time_unit : str, float or Quantity
        What the numbers are multiples of, such as "ms", or ``1/sampling_rate`` for samples.
    sort : bool
        Whether times out of order are sorted instead of refused.
    observed : array_like, shape (n_trials, 2), optional
        As in `spikelearn.SpikeTrains`.

    Returns
    -------
    SpikeTrains
        Single precision is read by its shortest decimal.

    Raises
    ------
    ValueError
        This is no whole MATLAB file, has no such variable, or the variable is none of these.
    OSError
        The file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from scipy.io import savemat
    >>> cells = np.empty(2, dtype=object)
    >>> cells[:] = [np.array([100.0, 300.0]), np.array([250.0])]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     savemat(folder + "/cells.mat", {"spikes": cells})
    ...     read_mat(folder + "/cells.mat", "spikes", t_stop=1.0, time_unit="ms").train(0)
    array([0.1, 0.3])
    """
    where = str(path)
    variables = read_variables(path)
    value, name = _pick(variables, variable, where)
    text = f"1 {time_unit}" if isinstance(time_unit, str) and not any(c.isdigit() for c in time_unit) else time_unit
    factor = seconds(text, "read_mat: time_unit")
    names: dict[str, Any] = {}
    if unit_variable is not None:
        times = scaled(_vector(value, f"{where}: {name}"), factor)
        units = _vector(_pick(variables, unit_variable, where)[0], f"{where}: {unit_variable}")
        if units.shape != times.shape or (units != np.floor(units)).any():
            raise ValueError(f"{where}: {unit_variable} must hold one whole number a spike, {len(times)} of them")
        ids, place = np.unique(units.astype(np.int64), return_inverse=True)
        trials = [[times[place.ravel() == k] for k in range(len(ids))]]
        names["unit_ids"] = ids.tolist()
    else:
        trials, names = _trains(value, field, f"{where}: {name}")
        trials = [[scaled(train, factor) for train in units] for units in trials]
    shown = names.get("unit_ids", range(max((len(units) for units in trials), default=0)))
    trials = [check_session_times(units, shown, where, sort=sort) for units in trials]
    try:
        return SpikeTrains.from_trials(trials, t_start=t_start, t_stop=t_stop, observed=observed, **names)
    except ValueError as error:
        hint = "; times in other units than seconds need time_unit=" if "must lie within" in str(error) else ""
        raise ValueError(f"{where}: {error}{hint}") from error


def _pick(variables: dict[str, Any], wanted: str | None, where: str) -> tuple[Any, str]:
    if wanted is None:
        if len(variables) != 1:
            listed = ", ".join(variables) or "none"
            raise ValueError(f"{where} holds the variables {listed}; say which one is meant by variable=")
        return next(iter(variables.values())), next(iter(variables))
    found: Any = variables
    for part in wanted.split("."):
        if not isinstance(found, dict) or part not in found:
            raise ValueError(unknown_name(where, "variable", wanted, found if isinstance(found, dict) else variables))
        found = found[part]
    return found, wanted


def _trains(value: Any, field: str | None, where: str) -> tuple[list[list[Any]], dict[str, Any]]:
    """Give trials of units, and the names of the units."""
    if isinstance(value, dict) and field is None:
        own = where.rpartition(": ")[2]
        deeper = [name for name, train in value.items() if isinstance(train, (dict, list))]
        if deeper:
            raise ValueError(
                f"{where} is a struct with the fields {', '.join(value)}, of which {', '.join(deeper)} hold more than "
                f"times of one unit; pass variable={f'{own}.{deeper[0]}'!r}"
            )
        return [[_vector(train, f"{where}.{name}") for name, train in value.items()]], {"unit_ids": list(value)}
    if isinstance(value, (dict, list)) and not isinstance(value, Cell):
        return _records([value] if isinstance(value, dict) else value, field, where)
    if isinstance(value, Cell):
        rows = [row for row in value if row]
        if len(rows) > 1 and all(len(row) == 1 for row in rows):
            rows = [[row[0] for row in rows]]
        return [
            [_vector(cell, f"{where}{{{k + 1}, {i + 1}}}") for i, cell in enumerate(row)] for k, row in enumerate(rows)
        ], {}
    return [[_vector(value, where)]], {}


def _records(records: Sequence[Any], field: str | None, where: str) -> tuple[list[list[Any]], dict[str, Any]]:
    known = list(records[0]) if records and isinstance(records[0], dict) else []
    if field is None and len(known) != 1:
        raise ValueError(f"{where} is a struct array with the fields {', '.join(known)}; pass field= of the times")
    chosen = known[0] if field is None else field
    if chosen not in known:
        raise ValueError(unknown_name(where, "field", chosen, known))
    trains = [_vector(record[chosen], f"{where}({k + 1}).{chosen}") for k, record in enumerate(records)]
    names: dict[str, Any] = {}
    columns: dict[str, list[Any]] = {}
    for other in known:
        values = [_scalar(record[other]) for record in records]
        if other == chosen or any(value is None for value in values):
            continue
        if other in ("id", "unit_id") and len({str(value) for value in values}) == len(values):
            names["unit_ids"] = [int(v) if isinstance(v, float) and v.is_integer() else v for v in values]
        else:
            columns[other] = values
    return [trains], names | ({"unit_columns": columns} if columns else {})


def _scalar(value: Any) -> Any:
    if isinstance(value, str):
        return value
    return value.ravel()[0].item() if isinstance(value, np.ndarray) and value.size == 1 else None


def _vector(value: Any, where: str) -> Any:
    """Read a row or column of numbers; an empty array of any shape is a silent train."""
    array = value if isinstance(value, np.ndarray) else np.asarray(value)
    if array.size == 0:
        return np.empty(0)
    if array.dtype.kind not in "iuf" or array.ndim > 2 or (array.ndim == 2 and 1 not in array.shape):
        raise ValueError(f"{where} must be a vector of times, got {type(value).__name__} of shape {array.shape}")
    return array.ravel()
