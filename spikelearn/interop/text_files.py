"""Spike trains as CSV: one row a spike, and one comment line for what the rows cannot show."""

from __future__ import annotations

import csv
import io
import logging
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.interop.facts import check_facts, decode_facts, encode_facts
from spikelearn.parameters.foreign import scaled
from spikelearn.parameters.names import nearest
from spikelearn.parameters.units import seconds
from spikelearn.spikes.table import read_frame, to_frame
from spikelearn.spikes.trains import SpikeTrains
from spikelearn.storage.files import whole_file

__all__ = ["read_csv", "write_csv"]

_log = logging.getLogger(__name__)

MARK = "# spikelearn "
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "blank"}
# Python reads 1_5 as 15, NumPy reads 1d3; a table of spikes holds neither.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?(?:inf|infinity)|nan", re.IGNORECASE)


def write_csv(trains: SpikeTrains, path: str | os.PathLike[str]) -> None:
    """Write a CSV file with the columns trial, unit (ids) and time (seconds), whole or not at all.

    The first line is a comment with the window and the names of trials and units; times are written so that they
    read back bit for bit.

    Parameters
    ----------
    trains : SpikeTrains
        What to write.
    path : path
        Where to.

    Raises
    ------
    OSError
        The place cannot be written to.

    Examples
    --------
    >>> import tempfile
    >>> trains = SpikeTrains.from_arrays([[0.25], [0.5]], t_stop=1.0, unit_ids=[17, "A3"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_csv(trains, folder + "/cells.csv")
    ...     read_csv(folder + "/cells.csv") == trains
    True
    """
    frame = to_frame(trains)
    quoting: Any = csv.QUOTE_MINIMAL
    if any(isinstance(item, str) for item in (*trains.unit_ids, *trains.trial_ids)):
        # Text may hold separators, blanks and the sign of a comment.
        quoting = csv.QUOTE_NONNUMERIC
        frame["time"] = frame["time"].astype(float)
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        rows = frame.to_csv(index=False, lineterminator="\n", quoting=quoting)
        file.write(MARK + encode_facts(trains, [rows.encode()]) + "\n")
        file.write(rows)


def read_csv(
    path: str | os.PathLike[str],
    *,
    t_start: Any = None,
    t_stop: Any = None,
    units: Any = None,
    trials: Any = None,
    n_units: int | None = None,
    n_trials: int | None = None,
    observed: ArrayLike | None = None,
    unit_column: str | int = "unit",
    time_column: str | int = "time",
    trial_column: str | int = "trial",
    time_unit: Any = "s",
    delimiter: str | None = None,
    decimal: str = ".",
    header: bool = True,
) -> SpikeTrains:
    r"""Read a text file with one row a spike: the columns unit and time, and trial where there are several.

    Parameters
    ----------
    path : path
        Written by `write_csv` or by anything else; lines that begin with # are comments.
    t_start, t_stop, units, trials, n_units, n_trials, observed : optional
        As in `spikelearn.SpikeTrains.from_dataframe`. `write_csv` leaves them in the file; for other files `t_stop` is
        needed, and `units` and `trials`, lists of all ids, where some may be silent.
    unit_column, time_column, trial_column : str or int
        What the columns are called; their places, counted from 0, where there is no header. A file without a column
        trial has one trial.
    time_unit : str, float or Quantity
        What the numbers of the times are multiples of: "ms", "1/30000 s" as a number, or for times that count samples
        ``1/sampling_rate``.
    delimiter : str, optional
        The separator of columns; found in the first row if not given.
    decimal : {".", ","}
        The decimal sign.
    header : bool
        Whether the first row holds the names of the columns.

    Returns
    -------
    SpikeTrains

    Raises
    ------
    ValueError
        The file is no such table, was cut off, or its spikes do not fit.
    OSError
        The file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "sorted.txt").write_text("cluster;t\n17;250,5\n905;80\n")
    ...     trains = read_csv(
    ...         folder + "/sorted.txt", t_stop=1, units=[17, 400, 905], unit_column="cluster", time_column="t",
    ...         time_unit="ms", decimal=","
    ...     )
    >>> trains.unit_ids, trains.train(0)
    ((17, 400, 905), array([0.2505]))
    """
    import pandas as pd

    where = str(path)
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{where} is not a text file in UTF-8: {error.reason}") from error
    facts: dict[str, Any] = {}
    if text.startswith(MARK):
        first, newline, text = text.partition("\n")
        if not newline or not text.endswith("\n"):
            raise ValueError(f"{where} was cut off: its last line is not whole")
        facts = decode_facts(first[len(MARK) :], where)
    if decimal not in (".", ","):
        raise ValueError(f"read_csv: decimal must be '.' or ',', got {decimal!r}")
    wanted = {"unit": unit_column, "time": time_column, "trial": trial_column}
    separator = delimiter or ("," if facts else _find_delimiter(text, wanted, decimal))
    if len(separator) != 1 or (separator == decimal and decimal == ","):
        raise ValueError(f"read_csv: delimiter must be one sign, and not the decimal sign, got {separator!r}")
    _log.debug("%s: columns are separated by a %s", where, DELIMITERS.get(separator, separator))
    try:
        # As text first: Python's own reading of numbers is exact in every version of pandas.
        frame = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            comment="#",
            skipinitialspace=True,
            dtype=str,
            keep_default_na=False,
            header=0 if header else None,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise ValueError(f"{where} is not a table of spikes: {' '.join(str(error).split())}") from error
    if not isinstance(frame.index, pd.RangeIndex):
        # pandas takes the first fields of longer rows for labels and moves the columns.
        raise ValueError(
            f"{where} is not a table of spikes: its rows have {len(frame.columns) + frame.index.nlevels} fields under "
            f"{len(frame.columns)} column names"
        )
    frame = _renamed(frame, wanted, separator, where)
    if "time" in frame:
        factor = _factor(time_unit)
        frame["time"] = np.asarray(scaled(_numbers(frame["time"].tolist(), "time", decimal, where), factor))
    n_spikes = facts.get("n_spikes", len(frame))
    if len(frame) != n_spikes:
        raise ValueError(f"{where} was cut off: it holds {len(frame)} of {n_spikes} spikes")
    facts = check_facts(facts, [text.encode()], where)
    facts.pop("n_spikes", None)
    given = {"units": units, "trials": trials, "n_units": n_units, "n_trials": n_trials, "observed": observed}
    for name, value in (("t_start", t_start), ("t_stop", t_stop)):
        given[name] = None if value is None else seconds(value, f"read_csv: {name}")
    return with_hint(frame, facts, given, where)


def with_hint(frame: Any, facts: dict[str, Any], given: dict[str, Any], where: str) -> SpikeTrains:
    """Read a table of a file: errors name the file, and times far beyond the window are perhaps not seconds."""
    frame.attrs.update(facts)
    try:
        return read_frame(frame, {key: value for key, value in given.items() if value is not None}, where)
    except ValueError as error:
        message = str(error)
        if not message.startswith(where):
            message = f"{where}: {message}"
        if "must lie within" in message and message.split(" ")[-1] == "s":
            early = float(message.split(" ")[-2]) < 0
            message += "; times before 0 need t_start=" if early else ""
            message += "" if early else "; times in other units than seconds need time_unit=, such as 'ms'"
        raise ValueError(message) from error


def _factor(time_unit: Any) -> float:
    if isinstance(time_unit, str) and not any(sign.isdigit() for sign in time_unit):
        time_unit = f"1 {time_unit}"
    factor = seconds(time_unit, "read_csv: time_unit")
    if factor <= 0:
        raise ValueError(f"read_csv: time_unit must be positive, got {time_unit}")
    return factor


def _find_delimiter(text: str, wanted: dict[str, Any], decimal: str) -> str:
    """Find the separator of the first row that is no comment: the first that gives the wanted columns."""
    line = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    candidates = [sign for sign in DELIMITERS if not (sign == decimal == ",") and sign in line]
    names = [str(name) for key, name in wanted.items() if key != "trial"]
    for sign in candidates:
        fields = [field.strip().strip('"') for field in line.split(sign)]
        if all(name in fields for name in names):
            return sign
    # Otherwise the first that is there: commas part fields even where blanks follow them.
    return candidates[0] if candidates else ","


def _renamed(frame: Any, wanted: dict[str, Any], separator: str, where: str) -> Any:
    names = [name if isinstance(name, int) else str(name).strip() for name in frame.columns]
    new: dict[Any, str] = {}
    for key, name in wanted.items():
        if name in names:
            new[frame.columns[names.index(name)]] = key
        elif name != key or (key != "trial" and not isinstance(name, str)):
            raise ValueError(f"{where} has no column {name!r}; its columns are {', '.join(map(str, names))}")
        elif key != "trial":
            listed = ", ".join(map(str, names)) or "none"
            raise ValueError(
                f"{where} must have the columns unit and time, got {listed} (separated by "
                f"{DELIMITERS.get(separator, separator)}s){_which_is_meant(wanted, names)}"
            )
    # Where a column was named, another that is called like it is something else.
    chosen = [key for key, name in wanted.items() if name != key]
    hidden = [column for column in frame.columns if column not in new and _plain(column) in chosen]
    return frame.drop(columns=hidden).rename(columns=new)


def _which_is_meant(wanted: dict[str, Any], names: list[Any]) -> str:
    """Say what to pass for columns of other names: the ones that are meant, where the names tell."""
    taken = {wanted[key] for key in wanted if wanted[key] in names}
    passed = []
    for key in ("unit", "time"):
        if wanted[key] in names:
            continue
        left = [str(name) for name in names if name not in taken]
        alike = [name for word in _WORDS[key] for name in left if word in name.casefold()]
        guess = alike[0] if alike else nearest(key, left)
        if guess:
            passed.append(f"{key}_column={guess!r}")
            taken.add(guess)
    if passed:
        return f"; did you mean {' and '.join(passed)}?"
    if any(isinstance(name, str) and _NUMBER.fullmatch(name) for name in names):
        return "; where the first row is a spike pass header=False, and the columns by place, such as unit_column=0"
    return "; pass unit_column= and time_column= for other names, or delimiter="


_WORDS = {"unit": ("unit", "cluster", "neuron", "cell", "channel", "id"), "time": ("time", "spike", "sec", "stamp")}


def _plain(column: Any) -> str:
    return str(column).strip().casefold().partition(".")[0].removesuffix("s")


def _numbers(texts: list[Any], name: str, decimal: str, where: str) -> Any:
    numbers = np.empty(len(texts))
    read: Callable[[str], str] = (lambda text: text.replace(",", ".")) if decimal == "," else (lambda text: text)
    for row, text in enumerate(texts):
        plain = read(text.strip()) if isinstance(text, str) and not (decimal == "," and "." in text) else ""
        if not _NUMBER.fullmatch(plain):
            comma = isinstance(text, str) and "," in text and _NUMBER.fullmatch(text.strip().replace(",", "."))
            hint = "; pass decimal=','" if comma and decimal == "." else ""
            if not plain:
                hint = "; rows without a time are no spikes: leave them out"
            raise ValueError(f"{where}: {name} must be a number, got {text!r:.60} in row {row}{hint}")
        numbers[row] = float(plain)
    return numbers
