"""Spike trains as a table with one row a spike, whose columns trial and unit hold ids."""

from __future__ import annotations

import difflib
import re
import warnings
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats, Integers
from spikelearn.parameters.names import nearest
from spikelearn.parameters.numbers import whole_number
from spikelearn.parameters.units import seconds
from spikelearn.spikes.checks import without_unit
from spikelearn.spikes.ids import Ids, id_labels, read_ids
from spikelearn.spikes.selection import train_of
from spikelearn.spikes.trains import SpikeTrains

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "KEYS", "facts_of", "read_frame", "to_frame"]

COLUMNS = ("trial", "unit", "time")
NAMES = ("unit_ids", "trial_ids", "unit_columns")
KEYS = ("t_start", "t_stop", "n_units", "n_trials", "observed", "slack", *NAMES)
LISTS = ("units", "trials")
_NOTHING = ("", "nan", "NaN", "NA", "None")
_WHOLE, _NUMBER = re.compile(r"[+-]?[0-9]+(\.0*)?"), re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def facts_of(trains: SpikeTrains) -> dict[str, Any]:
    """Give what a table of spikes cannot show: the window, numbers and names of units and trials, what was observed."""
    facts: dict[str, Any] = {
        "t_start": trains.t_start,
        "t_stop": trains.t_stop,
        "n_units": trains.n_units,
        "n_trials": trains.n_trials,
    }
    if not trains.fully_observed:
        facts["observed"] = trains.observed.tolist()
    if trains.slack:
        facts["slack"] = trains.slack
    for key, value in trains.names.items():
        facts[key] = {name: list(column) for name, column in value.items()} if key == "unit_columns" else list(value)
    return facts


def to_frame(trains: SpikeTrains) -> pd.DataFrame:
    """Give one row a spike with the columns trial, unit (ids) and time (seconds), and the rest in ``attrs``."""
    import pandas as pd

    train, units = train_of(trains.offsets), max(trains.n_units, 1)
    trial, unit = id_labels(trains.trial_ids), id_labels(trains.unit_ids)
    frame = pd.DataFrame({"trial": trial[train // units], "unit": unit[train % units], "time": trains.times})
    # The number of spikes tells a table that was filtered since from the whole one that the other facts describe.
    frame.attrs.update(facts_of(trains) | {"n_spikes": trains.n_spikes})
    return frame


def read_frame(frame: pd.DataFrame, given: dict[str, Any], where: str) -> SpikeTrains:
    """Build spike trains from a table and the facts that are known besides.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns unit and time, and trial where there are several; facts in ``attrs`` stand in for those not given.
    given : dict
        Some of t_start, t_stop, units, trials (lists of ids), n_units, n_trials, observed, unit_columns.
    where : str
        Name of the table for error messages.

    Raises
    ------
    ValueError
        A column or the end of the window is missing or misspelt, a number cannot be read, an id is not listed, the
        facts are those of a table with other rows, or the spikes do not fit.
    TypeError
        An argument is unknown, or an id is neither a whole number nor text.
    """
    unknown = sorted(set(given) - {*KEYS, *LISTS})
    if unknown:
        raise TypeError(f"{where}: unknown argument {unknown[0]!r}; known are {', '.join((*KEYS, *LISTS))}")
    columns = [str(name) for name in frame.columns]
    for needed in ("unit", "time"):
        if needed not in columns:
            guess = nearest(needed, columns)
            hint = f"; did you mean {guess!r} to be {needed!r}?" if guess else ""
            raise ValueError(f"{where} must have the columns unit and time, got {', '.join(columns) or 'none'}{hint}")
    _refuse_misspelt(columns, where)
    described = frame.attrs.get("n_spikes", len(frame))
    if described != len(frame) and not {"n_trials", "trials"} & set(given):
        raise ValueError(
            f"{where} holds {len(frame)} spikes, but its attrs describe {described}: it was changed since, and trials "
            "and units may not be silent but missing; pass n_trials= (and n_units=), or trials= and units=, of what "
            "is left"
        )
    stale = {kind for kind in LISTS if kind in given or f"n_{kind}" in given}
    facts = {key: frame.attrs[key] for key in KEYS if key in frame.attrs and not _replaced(key, stale)} | given
    if "t_stop" not in facts:
        raise ValueError(f"{where} does not say when the recording ended; pass t_stop=")
    unit, n_units, unit_ids = _places(frame["unit"], "unit", facts, where)
    if "trial" in columns:
        trial, n_trials, trial_ids = _places(frame["trial"], "trial", facts, where)
    else:
        trial, n_trials, trial_ids = _one_trial(len(frame), facts, where)
    return SpikeTrains.from_indices(
        unit,
        _times(frame["time"], where),
        trials=trial,
        n_units=n_units,
        n_trials=n_trials,
        t_start=seconds(facts.get("t_start", 0.0), f"{where}: t_start"),
        t_stop=seconds(facts["t_stop"], f"{where}: t_stop"),
        observed=facts.get("observed"),
        slack=float(facts.get("slack", 0.0)),
        unit_ids=unit_ids,
        trial_ids=trial_ids,
        unit_columns=facts.get("unit_columns"),
    )


def _replaced(key: str, stale: set[str]) -> bool:
    of = {"n_units": "units", "unit_ids": "units", "unit_columns": "units", "n_trials": "trials", "trial_ids": "trials"}
    return of.get(key, "") in stale or (key == "observed" and "trials" in stale)


def _refuse_misspelt(columns: list[str], where: str) -> None:
    """Refuse a column that would be ignored although it can only be meant to be trial, unit or time."""
    for name in columns:
        if name in COLUMNS:
            continue
        # "Trials", "units" or, where the table has two columns "unit", pandas's "unit.1"
        plain = name.strip().casefold().partition(".")[0].rstrip("s")
        alike = "trial" in plain or difflib.get_close_matches(plain, ["trial"], cutoff=0.75)
        meant = plain if plain in COLUMNS else "trial" if alike and "trial" not in columns else None
        if meant:
            raise ValueError(
                f"{where} has a column {name!r}; did you mean it to be {meant!r}? Rename it or leave it out"
            )


def _places(column: Any, name: str, facts: dict[str, Any], where: str) -> tuple[Integers, int, Ids | None]:
    """Turn a column of ids into positions: those, how many there are, and the ids unless they are the positions."""
    given = f"{name}s"
    if given in facts and f"n_{given}" in facts and len(list(facts[given])) != facts[f"n_{given}"]:
        raise ValueError(f"{where}: n_{given} must be the length of {given}, got both; leave one out")
    listed = facts.get(given, facts.get(f"{name}_ids"))
    codes, present = _factorized(column, name, where)
    if listed is None and f"n_{given}" in facts:
        n = whole_number(f"{where}: n_{given}", facts[f"n_{given}"])
        wrong = [item for item in present if not isinstance(item, int) or not 0 <= item < n]
        if wrong:
            raise ValueError(
                f"{where}: {name} must lie in 0 to {n - 1} where n_{given} is given, got {wrong[0]!r}; "
                f"pass {given}= to list ids"
            )
        return np.array(present, dtype=np.int64)[codes], n, None
    if listed is None:
        ids: Ids = tuple(sorted(present, key=lambda item: (isinstance(item, str), item)))
        _refuse_negative(ids, name, where, codes, present)
        _warn_of_gaps(ids, name, where)
        if name == "trial" and not ids:
            ids = (0,)
    else:
        ids = read_ids(listed, None, f"{where}: {given}")
    # Tables hold ids as text where they cannot hold them otherwise.
    place = {str(item): k for k, item in enumerate(ids)}
    strange = [item for item in present if str(item) not in place]
    if strange:
        raise ValueError(
            f"{where}: {name} {strange[0]!r} is not among the {len(ids)} {given} that are listed; "
            f"list all of them in {given}=, or leave out the rows of the others"
        )
    order = np.array([place[str(item)] for item in present], dtype=np.int64)
    return order[codes], len(ids), ids


def _one_trial(n: int, facts: dict[str, Any], where: str) -> tuple[Integers, int, Ids | None]:
    listed = facts.get("trials", facts.get("trial_ids"))
    ids = None if listed is None else read_ids(listed, None, f"{where}: trials")
    number = len(ids) if ids is not None else whole_number(f"{where}: n_trials", facts.get("n_trials", 1))
    if n and number != 1 and "trials" in facts:
        raise ValueError(f"{where} must have a column trial for {number} trials")
    return np.zeros(n, dtype=np.int64), number, ids


def _refuse_negative(ids: Ids, name: str, where: str, codes: Integers, present: list[Any]) -> None:
    for item in ids:
        if isinstance(item, int) and item < 0:
            raise ValueError(
                f"{where}: {name} must be a whole number from 0, got {float(item)} in row "
                f"{int(np.argmax(codes == present.index(item)))}; where "
                f"that is the id of a {name}, list it in {name}s="
            )


def _warn_of_gaps(ids: Ids, name: str, where: str) -> None:
    numbers = [item for item in ids if isinstance(item, int)]
    missing = numbers[-1] - numbers[0] + 1 - len(numbers) if numbers else 0
    if not missing:
        return
    gap = next(k for k, item in enumerate(numbers) if item != numbers[0] + k)
    warnings.warn(
        f"{where}: {missing} {name}{'s' if missing > 1 else ''} between {numbers[0]} and {numbers[-1]} without a row, "
        f"the first of them {numbers[gap - 1] + 1}, taken for missing, not silent; pass {name}s= to list all, "
        "silent ones too",
        UserWarning,
        stacklevel=6,
    )


def _factorized(column: Any, name: str, where: str) -> tuple[Integers, list[Any]]:
    """Give each row the number of its id, in the order of their first rows, and the ids."""
    import pandas as pd

    given = np.asarray(column)
    if given.dtype.kind not in "iu":
        given = np.array([*_ids(given, name, where), None], dtype=object)[:-1]
    codes, present = pd.factorize(given)
    return codes.astype(np.int64), list(present.tolist())


def _ids(given: Any, name: str, where: str) -> list[Any]:
    """Read a column of ids: whole numbers of any size, or text; text that shows whole numbers only counts as those."""
    if given.dtype.kind == "f":
        return [_whole(value, row, name, where) for row, value in enumerate(given.tolist())]
    items = [item.decode() if isinstance(item, bytes) else item for item in given.tolist()]
    for row, item in enumerate(items):
        if isinstance(item, bool) or not isinstance(item, (int, float, str)):
            raise ValueError(
                f"{where}: {name} must be whole numbers or text, got values of the type {given.dtype}, "
                f"such as {item!r:.40} in row {row}"
            )
    texts = [item.strip() for item in items if isinstance(item, str)]
    if any(text in _NOTHING for text in texts):
        row = next(k for k, item in enumerate(items) if isinstance(item, str) and item.strip() in _NOTHING)
        raise ValueError(f"{where}: {name} must be a whole number or text, got {items[row]!r} in row {row}")
    if texts and all(_NUMBER.fullmatch(text) for text in texts):
        for row, item in enumerate(items):
            if isinstance(item, str) and not _WHOLE.fullmatch(item.strip()):
                raise ValueError(
                    f"{where}: {name} must be a whole number from 0, got {float(item)} in row {row}, or text"
                )
        plain = (item.strip().partition(".")[0] if isinstance(item, str) else item for item in items)
        return [
            int(item) if isinstance(item, str) else _whole(item, row, name, where) for row, item in enumerate(plain)
        ]
    return [item if isinstance(item, str) else _whole(item, row, name, where) for row, item in enumerate(items)]


def _whole(value: Any, row: int, name: str, where: str) -> int:
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(f"{where}: {name} must be a whole number from 0, got {value} in row {row}, or text")
    return int(value)


def _times(column: Any, where: str) -> Floats:
    """Read a column of times: real numbers of seconds or time differences; text and truth values are none."""
    given = np.asarray(column)
    if given.dtype.kind == "m":
        return without_unit(given, f"{where}: time")
    if given.dtype == object and all(isinstance(value, Real) and not isinstance(value, bool) for value in given):
        given = given.astype(np.float64)
    if given.dtype.kind not in "iuf":
        raise ValueError(f"{where}: time must be numbers in seconds, got values of the type {column.dtype}")
    return without_unit(given, f"{where}: time")
