"""Spike trains as CSV: one row a spike, and one comment line for what the rows cannot show."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.interop.facts import check_facts, decode_facts, encode_facts
from spikelearn.parameters.units import seconds
from spikelearn.spikes.table import read_frame, to_frame
from spikelearn.spikes.trains import SpikeTrains
from spikelearn.storage.files import whole_file

__all__ = ["read_csv", "write_csv"]

MARK = "# spikelearn "


def write_csv(trains: SpikeTrains, path: str | os.PathLike[str]) -> None:
    """Write a CSV file with the columns trial, unit and time (seconds), whole or not at all.

    The first line is a comment with the window and the numbers of trials and units; times are written so that they
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
    """
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        rows = to_frame(trains).to_csv(index=False, lineterminator="\n")
        file.write(MARK + encode_facts(trains, [rows.encode()]) + "\n")
        file.write(rows)


def read_csv(
    path: str | os.PathLike[str],
    *,
    t_start: Any = None,
    t_stop: Any = None,
    n_units: int | None = None,
    n_trials: int | None = None,
    observed: ArrayLike | None = None,
) -> SpikeTrains:
    """Read a CSV file with the columns unit and time (seconds), and trial where there are several.

    Parameters
    ----------
    path : path
        Written by `write_csv` or by anything else; lines that begin with # are comments.
    t_start, t_stop, n_units, n_trials, observed : optional
        As in `spikelearn.SpikeTrains.from_indices`. `write_csv` leaves them in the file; for other files `t_stop` is
        needed, and `n_units` where the last units may be silent.

    Raises
    ------
    ValueError
        The file is no such table, was cut off, or its spikes do not fit.
    OSError
        The file cannot be read.
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
    try:
        # As text first: Python's own reading of numbers is exact in every version of pandas.
        frame = pd.read_csv(io.StringIO(text), comment="#", skipinitialspace=True, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise ValueError(f"{where} is not a table of spikes: {error}") from error
    if not isinstance(frame.index, pd.RangeIndex):
        # pandas takes the first fields of longer rows for labels and moves the columns.
        raise ValueError(
            f"{where} is not a table of spikes: its rows have {len(frame.columns) + frame.index.nlevels} fields under "
            f"{len(frame.columns)} column names"
        )
    for name in frame.columns.intersection(["trial", "unit", "time"]):
        frame[name] = _numbers(frame[name].tolist(), name, where)
    n_spikes = facts.get("n_spikes", len(frame))
    if len(frame) != n_spikes:
        raise ValueError(f"{where} was cut off: it holds {len(frame)} of {n_spikes} spikes")
    facts = check_facts(facts, [text.encode()], where)
    facts.pop("n_spikes", None)
    given = {"n_units": n_units, "n_trials": n_trials, "observed": observed}
    for name, value in (("t_start", t_start), ("t_stop", t_stop)):
        given[name] = None if value is None else seconds(value, f"read_csv: {name}")
    return read_frame(frame, facts | {key: value for key, value in given.items() if value is not None}, where)


def _numbers(texts: list[Any], name: str, where: str) -> NDArray[np.float64]:
    numbers = np.empty(len(texts))
    for row, text in enumerate(texts):
        try:
            numbers[row] = float(text)
        except (TypeError, ValueError):
            raise ValueError(f"{where}: {name} must be a number, got {text!r} in row {row}") from None
    return numbers
