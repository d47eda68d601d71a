"""Ids: the names of units and trials, which are no positions and stay with what they name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Integers
from spikelearn.parameters.names import unknown_name

__all__ = ["Id", "Ids", "Names", "find_ids", "id_labels", "read_columns", "read_ids", "rows_where", "taken", "unnamed"]

Id = int | str
Ids = tuple[Id, ...]
Names = tuple["Ids | None", "Ids | None", dict[str, tuple[Any, ...]]]  # of units, of trials, columns of units


def unnamed(n: int) -> Ids:
    """Give the ids of what nobody named: positions 0 to ``n - 1``."""
    return tuple(range(n))


def read_ids(ids: Any, n: int | None, where: str) -> Ids:
    """Read ids: whole numbers of any size or text, all different, also as text.

    Parameters
    ----------
    ids : iterable
        The ids in the order of what they name.
    n : int or None
        How many there must be; None for any number.
    where : str
        Name for error messages.

    Raises
    ------
    TypeError
        An id is neither a whole number nor text.
    ValueError
        There are too few or too many, two are alike, or one is empty.

    Examples
    --------
    >>> read_ids(np.array([17, 905]), 2, "units")
    (17, 905)
    """
    if isinstance(ids, (str, bytes, Mapping)) or not isinstance(ids, Iterable):
        raise TypeError(f"{where} must be a list of ids, got {ids!r:.80}")
    found = tuple(_read_id(item, where) for item in ids)
    if n is not None and len(found) != n:
        raise ValueError(f"{where} must have {n} entries, got {len(found)}")
    seen: set[str] = set()
    for item in found:
        # Tables and files hold ids as text, where 7 and "7" look the same.
        if str(item) in seen:
            raise ValueError(f"{where} must all differ, got {item!r} twice")
        seen.add(str(item))
    return found


def _read_id(item: Any, where: str) -> Id:
    if isinstance(item, (bytes, np.bytes_)):
        item = item.decode(errors="replace")
    if isinstance(item, str):
        if not item.strip():
            raise ValueError(f"{where} must not be empty text")
        return str(item)
    if isinstance(item, (int, np.integer)) and not isinstance(item, (bool, np.bool_)):
        return int(item)
    raise TypeError(f"{where} must be whole numbers or text, got {item!r:.80}")


def id_labels(ids: Sequence[Id]) -> NDArray[Any]:
    """Give ids as an array for coordinates and tables: int64 where all fit, otherwise text."""
    if all(isinstance(item, int) and -(2**63) <= item < 2**63 for item in ids):
        return np.array(ids, dtype=np.int64)
    return np.array([str(item) for item in ids])


def find_ids(wanted: Any, ids: Sequence[Id], where: str) -> Integers:
    """Give the positions of ids, in the order in which they are asked for.

    Raises
    ------
    KeyError
        There is no such id; the message holds the nearest.
    """
    asked = [wanted] if isinstance(wanted, (str, bytes)) or not isinstance(wanted, Iterable) else list(wanted)
    place = {item: k for k, item in enumerate(ids)}
    found = []
    for item in asked:
        plain = _read_id(item, where)
        if plain not in place:
            raise KeyError(_missing(where, plain, ids))
        found.append(place[plain])
    return np.array(found, dtype=np.int64)


def _missing(where: str, wanted: Id, ids: Sequence[Id]) -> str:
    if isinstance(wanted, str):
        return unknown_name(where, "id", wanted, [str(item) for item in ids], more="unit_ids and trial_ids list them")
    shown = ", ".join(repr(item) for item in ids[:8]) + (", ..." if len(ids) > 8 else "")
    return f"{where} has no id {wanted!r}; the ids are {shown or 'none'}"


def read_columns(columns: Any, n_units: int, where: str) -> dict[str, tuple[Any, ...]]:
    """Read what is known of every unit beside its id: text, numbers, truth values or None, one entry a unit.

    Raises
    ------
    TypeError
        A value is of another kind, or this is no mapping.
    ValueError
        A column has another length.
    """
    if not isinstance(columns, Mapping):
        raise TypeError(f"{where} must be a mapping of a name to one value a unit, got {type(columns).__name__}")
    read: dict[str, tuple[Any, ...]] = {}
    for name, values in columns.items():
        if not isinstance(name, str) or not name:
            raise TypeError(f"{where} must have text for names, got {name!r}")
        if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
            raise TypeError(f"{where}: {name} must have one entry a unit, got {values!r:.80}")
        plain = tuple(_plain(value, f"{where}: {name}") for value in values)
        if len(plain) != n_units:
            raise ValueError(f"{where}: {name} must have {n_units} entries, got {len(plain)}")
        read[name] = plain
    return read


def _plain(value: Any, where: str) -> Any:
    if isinstance(value, (bytes, np.bytes_)):
        return value.decode(errors="replace")
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, (str, int, float, bool)):
        return value
    raise TypeError(f"{where} must hold text, numbers, truth values or None, got {type(value).__name__}")


def rows_where(columns: Mapping[str, tuple[Any, ...]], wanted: Mapping[str, Any], n_units: int, where: str) -> Integers:
    """Give the positions of the units whose columns have the wanted values; a list means any of them.

    Raises
    ------
    ValueError
        There is no such column.
    """
    keep = np.ones(n_units, dtype=bool)
    for name, value in wanted.items():
        if name not in columns:
            raise ValueError(unknown_name(where, "column of units", name, columns))
        allowed = [value] if isinstance(value, (str, bytes)) or not isinstance(value, Iterable) else list(value)
        plain = [_plain(item, where) for item in allowed]
        keep &= np.array([entry in plain for entry in columns[name]], dtype=bool)
    return np.flatnonzero(keep)


def taken(ids: Ids | None, chosen: Integers) -> Ids | None:
    """Take the ids of a choice; what was chosen twice has no name any more."""
    if ids is None or len(np.unique(chosen)) < len(chosen):
        return None
    return tuple(ids[k] for k in chosen)
