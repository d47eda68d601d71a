"""What the command analyse reads: spikes of any format, a stimulus, events."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.interop import read_spikes
from spikelearn.parameters.foreign import scaled
from spikelearn.parameters.loading import load_brian2
from spikelearn.parameters.names import shown, unknown_name
from spikelearn.parameters.units import seconds

if TYPE_CHECKING:
    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["cut_trials", "positions", "read_events", "read_stimulus", "read_trains", "selected"]

MOST_LISTED = 1_000_000
_NAMES = (
    "t_start t_stop by_trial crop sort closed_end incomplete unit_column time_column trial_column time_unit delimiter"
)
OPTIONS = {
    **{name: f"--{name.replace('_', '-')}" for name in _NAMES.split()},
    **{
        name: f"--{name.replace('_', '-')}"
        for name in ("decimal", "sampling_rate", "variable", "field", "unit_variable")
    },
    "header": "--header",
    "units": "--all-units",
    "trials": "--all-trials",
}


def read_trains(
    place: Path,
    *,
    all_units: str | Sequence[int | str] | None,
    all_trials: str | Sequence[int | str] | None,
    **reading: Any,
) -> tuple[SpikeTrains, list[str]]:
    """Read spike trains, and what is to be said about them; messages name the options of the command.

    Raises
    ------
    ValueError
        The file cannot be understood, or holds no trial.
    """
    if reading.get("header") is False:
        columns = {key: value for key, value in reading.items() if key.endswith("_column")}
        reading |= {key: int(value) for key, value in columns.items() if value is not None and value.isdecimal()}
    load_brian2()  # which sends warnings to its log from then on: not in the midst of keeping them
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", UserWarning)
            trains = read_spikes(place, units=_listed(all_units), trials=_listed(all_trials), **reading)
    except (ValueError, TypeError) as error:
        raise type(error)(_with_options(str(error))) from error
    if not trains.n_trials or not trains.duration > 0:
        raise ValueError(f"{place} must hold at least one trial of some length, got {trains}")
    return trains, [_with_options(str(one.message)) for one in said if one.category is UserWarning]


def selected(trains: SpikeTrains, conditions: Sequence[str], place: Path) -> SpikeTrains:
    """Keep the units whose columns say what is wanted: ``group=good``; several values of a column with commas.

    Raises
    ------
    ValueError
        No such column, or no unit is left.
    """
    for text in conditions:
        name, equals, values = text.partition("=")
        if not equals or not name.strip() or not values.strip():
            raise ValueError(f"--select must read COLUMN=VALUE, such as --select group=good, got {shown(text)}")
        name = name.strip()
        if name not in trains.unit_columns:
            raise ValueError(unknown_name(str(place), "column of units", name, trains.unit_columns))
        column = [str(value) for value in trains.unit_columns[name]]
        wanted = {value.strip() for value in values.split(",")}
        chosen = [k for k, value in enumerate(column) if value in wanted]
        if not chosen:
            raise ValueError(f"{place} has no unit with {text}; {name} is one of {', '.join(sorted(set(column)))}")
        trains = trains.select_units(chosen)
    return trains


def positions(ids: Sequence[int | str], trains: SpikeTrains, place: Path) -> list[int]:
    """Find units by their ids, or by the text of them, as the command line has it.

    Raises
    ------
    ValueError
        There is no such unit.
    """
    texts = [str(item) for item in trains.unit_ids]
    for item in ids:
        if str(item) not in texts:
            raise ValueError(unknown_name(str(place), "unit", str(item), texts))
    return [texts.index(str(item)) for item in ids]


def cut_trials(
    trains: SpikeTrains, events: Path, window: Sequence[Any] | None, event_unit: Any, incomplete: str | None
) -> SpikeTrains:
    """Cut a recording into trials around events.

    Parameters
    ----------
    trains : SpikeTrains
        One trial: the recording.
    events : Path
        See `read_events`.
    window : pair
        Begin and end of a trial, counted from its event.
    event_unit : str, optional
        What the numbers in the file are multiples of; seconds if not given.
    incomplete : str, optional
        See `spikelearn.SpikeTrains.aligned`.

    Raises
    ------
    ValueError
        The window is missing or empty, the recording has trials already, or a trial was not all observed.
    """
    if window is None:
        raise ValueError("--events needs a --window about each of them, such as --window '-200 ms' '800 ms'")
    first, last = (seconds(edge, "analyse: window") for edge in window)
    if trains.n_trials != 1:
        raise ValueError(f"--events must cut one recording into trials, got one of {trains.n_trials} trials already")
    times = read_events(events, event_unit)
    try:
        return trains.aligned(times, -first, last, incomplete=incomplete or "refuse")
    except ValueError as error:
        raise ValueError(str(error).replace("choose incomplete='keep' or incomplete='drop'", _EITHER)) from error


_EITHER = "choose --incomplete keep or --incomplete drop"


def read_events(path: str | os.PathLike[str], unit: Any = None) -> NDArray[np.float64]:
    """Read times of events: a .npy file, or the first column of a text file, with or without a heading.

    Returns
    -------
    ndarray
        In seconds.

    Raises
    ------
    ValueError
        The ending is unknown, the file holds no times, or the unit is none of time.
    OSError
        The file cannot be read.
    """
    times = _numbers(path, "events", (".npy", ".csv", ".tsv", ".txt"))
    times = times[:, 0] if times.ndim == 2 else times
    if times.ndim != 1 or not len(times):
        raise ValueError(f"events {path} must hold one time a row, got numbers of shape {times.shape}")
    if unit is None:
        return times
    bare = isinstance(unit, str) and not any(sign.isdigit() for sign in unit)
    return np.asarray(scaled(times, seconds(f"1 {unit}" if bare else unit, "analyse: event_unit")))


def read_stimulus(path: str | os.PathLike[str]) -> NDArray[np.float64]:
    """Read a stimulus: a .npy file, or a .csv file with one row a frame and one column a dimension.

    Raises
    ------
    ValueError
        The ending is unknown or the file does not hold numbers.
    OSError
        The file cannot be read.
    """
    frames = _numbers(path, "stimulus", (".npy", ".csv"))
    return frames[:, 0] if frames.ndim == 2 and frames.shape[1] == 1 else frames


def _numbers(path: str | os.PathLike[str], what: str, endings: Sequence[str]) -> NDArray[np.float64]:
    place = Path(path)
    if place.suffix.lower() not in endings:
        raise ValueError(f"{what} {place} must end in {', '.join(endings[:-1])} or {endings[-1]}")
    if not place.is_file():
        raise FileNotFoundError(f"there is no file {place}")
    try:
        if place.suffix.lower() == ".npy":
            loaded = np.load(place, allow_pickle=False)
            if loaded.dtype.kind not in "fiub":
                raise ValueError(f"got the type {loaded.dtype}")
            return np.asarray(loaded, dtype=np.float64)
        text = place.read_text(encoding="utf-8-sig").splitlines()
        first = _heading(text)
        rows = [line for line in text[first:] if line.strip() and not line.startswith("#")]
        sign = next((sign for sign in (",", ";", "\t") if sign in rows[0]), ",")
        # Of events only the times are read: what stands beside them may be text.
        columns = 0 if what == "events" else None
        return np.asarray(np.loadtxt(rows, delimiter=sign, usecols=columns, ndmin=2), dtype=np.float64)
    except (ValueError, EOFError) as error:
        raise ValueError(f"{what} {place} must hold numbers only: {str(error).splitlines()[0]}") from error


def _heading(text: Sequence[str]) -> int:
    """Count the lines ahead of the first number: comments and one line of column names."""
    for number, line in enumerate(text):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            float(line.replace(";", ",").replace("\t", ",").split(",")[0])
        except ValueError:
            return number + 1
        return number
    raise ValueError("the file is empty")


def _listed(ids: str | Sequence[int | str] | None) -> list[int | str] | None:
    """Read a list of ids; text has commas between them and may give ranges of whole numbers."""
    if ids is None or not isinstance(ids, str):
        return None if ids is None else list(ids)
    found: list[int | str] = []
    for part in (part.strip() for part in ids.split(",")):
        first, dash, last = part.partition("-")
        if dash and first.isdecimal() and last.isdecimal() and int(last) - int(first) < MOST_LISTED:
            found += range(int(first), int(last) + 1)
        else:
            found.append(int(part) if part.isdecimal() else part)
    return found


def _with_options(message: str) -> str:
    """Name the options of the command line in a message that names the arguments of a function."""

    def option(found: re.Match[str]) -> str:
        name, value = found.groups()
        if name not in OPTIONS:
            return found.group()
        return "--no-header" if value == "False" else OPTIONS[name] + ("" if value else " ")

    named = re.sub(r"\b([a-z_]+)=(True|False)?", option, message).replace(" by_trial", " --by-trial")
    return re.sub(r" +(?=[ ,;]|$)", "", named)
