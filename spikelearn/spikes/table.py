"""Spike trains as a table with one row a spike."""

from __future__ import annotations

import difflib
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.parameters.names import nearest
from spikelearn.parameters.units import seconds
from spikelearn.spikes.selection import train_of
from spikelearn.spikes.trains import SpikeTrains

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["facts_of", "read_frame", "to_frame"]

COLUMNS = ("trial", "unit", "time")
KEYS = ("t_start", "t_stop", "n_units", "n_trials", "observed", "slack")


def facts_of(trains: SpikeTrains) -> dict[str, Any]:
    """Give what a table of spikes cannot show: the window, the numbers of units and trials, what was observed."""
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
    return facts


def to_frame(trains: SpikeTrains) -> pd.DataFrame:
    """Give one row a spike with the columns trial, unit and time (seconds), and the rest in ``attrs``."""
    import pandas as pd

    train, units = train_of(trains.offsets), max(trains.n_units, 1)
    frame = pd.DataFrame({"trial": train // units, "unit": train % units, "time": trains.times})
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
        Some of t_start, t_stop, n_units, n_trials, observed.
    where : str
        Name of the table for error messages.

    Raises
    ------
    ValueError
        A column or the end of the window is missing or misspelt, a number cannot be read, the facts are those of a
        table with other rows, or the spikes do not fit.
    """
    columns = [str(name) for name in frame.columns]
    for needed in ("unit", "time"):
        if needed not in columns:
            guess = nearest(needed, columns)
            hint = f"; did you mean {guess!r} to be {needed!r}?" if guess else ""
            raise ValueError(f"{where} must have the columns unit and time, got {', '.join(columns) or 'none'}{hint}")
    _refuse_misspelt(columns, where)
    described = frame.attrs.get("n_spikes", len(frame))
    if described != len(frame) and "n_trials" not in given:
        raise ValueError(
            f"{where} holds {len(frame)} spikes, but its attrs describe {described}: it was changed since, and trials "
            "and units may not be silent but missing; pass n_trials= (and n_units=) of what is left"
        )
    facts = {key: frame.attrs[key] for key in KEYS if key in frame.attrs} | given
    if "t_stop" not in facts:
        raise ValueError(f"{where} does not say when the recording ended; pass t_stop=")
    unit = _whole(frame["unit"], "unit", where)
    trial = _whole(frame["trial"], "trial", where) if "trial" in columns else np.zeros_like(unit)
    times = _numbers(frame["time"], "time", "numbers in seconds", where)
    return SpikeTrains.from_indices(
        unit,
        times,
        trials=trial,
        n_units=int(facts.get("n_units", unit.max(initial=-1) + 1)),
        n_trials=int(facts.get("n_trials", trial.max(initial=0) + 1)),
        t_start=seconds(facts.get("t_start", 0.0), f"{where}: t_start"),
        t_stop=seconds(facts["t_stop"], f"{where}: t_stop"),
        observed=facts.get("observed"),
        slack=float(facts.get("slack", 0.0)),
    )


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


def _whole(column: Any, name: str, where: str) -> Any:
    numbers = _numbers(column, name, "whole numbers", where)
    wrong = ~np.isfinite(numbers) | (numbers != np.floor(numbers)) | (numbers < 0)
    if wrong.any():
        k = int(wrong.argmax())
        raise ValueError(f"{where}: {name} must be a whole number from 0, got {numbers[k]} in row {k}")
    return numbers.astype(np.int64)


def _numbers(column: Any, name: str, what: str, where: str) -> Any:
    """Read a column of real numbers; text, complex numbers and truth values are none."""
    given = np.asarray(column)
    if given.dtype == object and all(isinstance(value, Real) and not isinstance(value, bool) for value in given):
        given = given.astype(np.float64)
    if given.dtype.kind not in "iuf":
        raise ValueError(f"{where}: {name} must be {what}, got values of the type {column.dtype}")
    return given.astype(np.float64)
