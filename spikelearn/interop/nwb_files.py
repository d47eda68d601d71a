"""Spike trains in Neurodata Without Borders files: units with observation intervals, and a table of trials."""

from __future__ import annotations

import datetime
import os
import warnings
from typing import Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.interop.extras import extra
from spikelearn.interop.facts import check_facts, decode_facts, encode_facts
from spikelearn.interop.intervals import without_invalid
from spikelearn.interop.nwb_tables import COLUMNS, NAME, RESERVED, NWBSession, read_session, session_bytes
from spikelearn.interop.nwb_tables import SessionError as _SessionError
from spikelearn.interop.session import check_session_times, cut_session, cut_window, one_window, session_origins
from spikelearn.parameters.units import seconds
from spikelearn.spikes.ids import Ids
from spikelearn.spikes.selection import train_of
from spikelearn.spikes.table import NAMES
from spikelearn.spikes.trains import SpikeTrains
from spikelearn.storage.files import whole_file

__all__ = ["from_nwb", "to_nwb"]

MARK = "spikelearn "
DESCRIPTION = "Units written by spikelearn; window, names and checksum are in the notes of the file."
INCOMPLETE = ("refuse", "keep", "drop_units", "drop_trials")
_INSTEAD = "with t_stop= or by_trial=True, as a file of others"
# The session's begin is a required field; where it is not known, the epoch of Unix time says so.
UNKNOWN = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def to_nwb(
    trains: SpikeTrains,
    path: str | os.PathLike[str],
    *,
    gap: Any = 1.0,
    session_description: str = "spike trains written by spikelearn",
    identifier: str = "spikelearn",
    session_start_time: datetime.datetime = UNKNOWN,
) -> None:
    """Write an NWB file with a table of units, their observation intervals and a table of trials.

    A single trial keeps its times. Several are laid one after the other on the time axis of the session, and each
    spike also keeps its trial and its exact time within it. Ids that are whole numbers become the ids of the tables'
    rows; other ids of units ride in a column ``unit_name``. Columns of units become columns of the table.

    Parameters
    ----------
    trains : SpikeTrains
        What to write.
    path : path
        Where to; written whole or not at all.
    gap : float or Quantity
        Seconds between two trials on the time axis of the session.
    session_description, identifier, session_start_time : optional
        Fields that NWB demands; the begin has a time zone.

    Raises
    ------
    ImportError
        The extra ``nwb`` is not installed.
    OSError
        The place cannot be written to.

    Examples
    --------
    >>> import tempfile
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_trials([[[0.25]], [[0.1, 0.7]]], t_stop=1.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sl.interop.to_nwb(trains, folder + "/cells.nwb", identifier="rat 3, day 1")
    ...     sl.interop.from_nwb(folder + "/cells.nwb")
    SpikeTrains(2 trials x 1 unit, 3 spikes in [0.0, 1.0) s)
    """
    pynwb = extra("pynwb", "nwb", "to_nwb")
    origins = session_origins(trains, seconds(gap, "to_nwb: gap"))
    columns, edges = _session_columns(trains, origins), np.stack([origins + trains.t_start, origins + trains.t_stop], 1)
    file = pynwb.NWBFile(
        session_description=session_description,
        identifier=identifier,
        session_start_time=session_start_time,
        notes=MARK + encode_facts(trains, session_bytes(columns, edges)),
    )
    for (begin, end), own_id in zip(edges.tolist(), _numbers_of(trains.trial_ids), strict=True):
        file.add_trial(start_time=begin, stop_time=end, id=own_id)
    # HDF5 needs a type for every column, which a column without a single entry does not have.
    if trains.n_units:
        file.units = pynwb.misc.Units(name="units", description=DESCRIPTION)
    for name, text in COLUMNS.items():
        if name in columns:
            file.add_unit_column(name, text, index=True)
    beside = _columns_to_write(trains)
    for name in beside:
        file.add_unit_column(name, "From the columns of units." if name != NAME else "Name of the unit.")
    for k, own_id in enumerate(_numbers_of(trains.unit_ids)):
        own = {name: column[k] for name, column in (columns | beside).items()}
        file.add_unit(id=own_id, **own)
    with whole_file(path) as temporary, pynwb.NWBHDF5IO(str(temporary), "w") as out:
        out.write(file)


def from_nwb(
    path: str | os.PathLike[str],
    *,
    t_start: Any = None,
    t_stop: Any = None,
    by_trial: bool = False,
    trials: str = "trials",
    units_table: str | None = None,
    incomplete: str = "refuse",
    crop: bool = False,
    sort: bool = False,
    closed_end: bool = False,
) -> SpikeTrains:
    """Read the units of an NWB file.

    Parameters
    ----------
    path : path
        Written by `to_nwb`, which gives back the same object bit for bit, or by anything else.
    t_start, t_stop : float or Quantity, optional
        For other files: the window in session time; by default the observation interval, if all units share one.
        Every unit must have been observed throughout, where the file says when it was; ``invalid_times`` were not.
    by_trial : bool
        For other files: make each row of the trials table a trial, with time counted from its begin. What was observed
        of it, by its length, the units' observation intervals and the invalid times, is in ``observed``. It takes no
        window.
    trials : str
        The table of intervals that are the trials: "trials", "epochs", or another by its name.
    units_table : str, optional
        Name of the table of units, where the file holds several.
    incomplete : {"refuse", "keep", "drop_units", "drop_trials"}
        What becomes of units that were not observed throughout the window or the trials: an error; only the part that
        all units observed counts, and spikes elsewhere are left out; such units, or such trials, are left out.
    crop : bool
        Whether spikes beyond the window are left out instead of refused.
    sort : bool
        Whether times out of order are sorted instead of refused.
    closed_end : bool
        Whether the window or a trial includes its end: a spike exactly there is kept as the last moment before it.

    Returns
    -------
    SpikeTrains
        Units in the order of the table, with its ids (``unit_ids``) and its plain columns, such as quality
        (``unit_columns``); trials with the ids of their rows.

    Raises
    ------
    ImportError
        The extra ``nwb`` is not installed.
    ValueError
        The file is cut off or no NWB file, has no units, does not say when the recording ended, its spikes do not
        fit, or units were not observed in the same part of a trial or throughout the window.
    OSError
        The file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_arrays([[0.25, 0.5], [0.1]], t_stop=1.0, unit_ids=[17, 905])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sl.interop.to_nwb(trains, folder + "/cells.nwb")
    ...     sl.interop.from_nwb(folder + "/cells.nwb") == trains
    True
    """
    if by_trial and not (t_start is None and t_stop is None):
        raise ValueError("from_nwb: by_trial=True takes the windows of the trials; leave out t_start= and t_stop=")
    if not isinstance(trials, str):
        raise TypeError(f"from_nwb: trials must be the name of a table, got {trials!r:.60}; the file holds all trials")
    if incomplete not in INCOMPLETE:
        raise ValueError(f"from_nwb: incomplete must be one of {', '.join(INCOMPLETE)}, got {incomplete!r}")
    pynwb = extra("pynwb", "nwb", "from_nwb")
    where = str(path)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"there is no file {where}")
    begin = None if t_start is None else seconds(t_start, "from_nwb: t_start")
    end = None if t_stop is None else seconds(t_stop, "from_nwb: t_stop")
    try:
        with pynwb.NWBHDF5IO(where, "r") as source:
            session = read_session(source.read(), where, trials=trials, units_table=units_table)
    except _SessionError as error:
        raise ValueError(str(error)) from None
    except Exception as error:
        # HDF5, hdmf and pynwb raise errors of a dozen kinds for a file that was cut off or holds something else.
        raise ValueError(f"{where} is not a whole NWB file: {str(error).splitlines()[0]}") from error
    plain = t_start is None and t_stop is None and not by_trial and units_table is None
    if session.notes.startswith(MARK):
        if plain:
            return _as_written(session, where)
        if units_table is None:
            _warn_of_changes(session, where)
    elif plain and session.description == DESCRIPTION:
        raise ValueError(f"{where} was changed since spikelearn wrote it: its notes are missing; it is read {_INSTEAD}")
    if not session.columns["spike_times"]:
        raise ValueError(f"{where} must hold a table of units with spike times; there is none")
    times = check_session_times(session.columns["spike_times"], session.unit_ids, where, sort=sort)
    intervals = session.columns["obs_intervals"]
    known = intervals if any(len(own) for own in intervals) else []
    observed = without_invalid(known, session.invalid, len(times))
    if by_trial:
        rows = np.empty((0, 2)) if session.trials is None else session.trials
        found = cut_session(
            times,
            rows,
            where,
            observed,
            names=session.unit_ids,
            trial_names=session.trial_ids,
            incomplete=incomplete,
            closed_end=closed_end,
        )
        left = [session.unit_ids.index(item) for item in found.unit_ids]
    else:
        if not len(known) and end is None and session.trials is not None and len(session.trials):
            raise ValueError(
                f"{where} does not say when the recording ended; pass t_stop=, or by_trial=True to read its "
                f"{len(session.trials)} trials"
            )
        window = one_window(known, begin, end, where, ", with crop=True to leave out spikes beyond it")
        found, left = cut_window(
            times,
            window,
            where,
            observed,
            names=session.unit_ids,
            incomplete=incomplete,
            crop=crop,
            closed_end=closed_end,
        )
    return found.with_ids(unit_columns={name: [own[k] for k in left] for name, own in session.beside.items()})


def _numbers_of(ids: Ids) -> list[int]:
    """Give ids that a table's rows can have: the ids where they are numbers that fit, otherwise positions."""
    fit = all(isinstance(item, int) and -(2**31) <= item < 2**31 for item in ids)
    return [int(item) for item in ids] if fit else list(range(len(ids)))


def _columns_to_write(trains: SpikeTrains) -> dict[str, list[Any]]:
    beside: dict[str, list[Any]] = {}
    if list(trains.unit_ids) != _numbers_of(trains.unit_ids):
        beside[NAME] = [str(item) for item in trains.unit_ids]
    for name, column in trains.unit_columns.items():
        # HDF5 columns have one type and no None; what does not fit is in the line of facts.
        kinds = {type(value) for value in column}
        if len(kinds) == 1 and kinds <= {str, int, float, bool} and name not in RESERVED:
            beside[name] = list(column)
    return beside


def _session_columns(trains: SpikeTrains, origins: Floats) -> dict[str, list[Any]]:
    """Lay trials on the time axis of the session: columns with one array a unit."""
    train = train_of(trains.offsets)
    trial, unit = train // max(trains.n_units, 1), train % max(trains.n_units, 1)
    of_unit = [unit == k for k in range(trains.n_units)]
    columns: dict[str, list[Any]] = {"spike_times": [trains.times[own] + origins[trial[own]] for own in of_unit]}
    if trains.n_trials:
        columns["obs_intervals"] = [trains.observed + origins[:, None]] * trains.n_units
    if trains.n_trials > 1 and trains.n_spikes:
        columns["trial_of_spike"] = [trial[own] for own in of_unit]
        columns["time_in_trial"] = [trains.times[own] for own in of_unit]
    return columns


def _check(session: NWBSession, facts: dict[str, Any], where: str) -> dict[str, Any]:
    # Rows that were added to the table of trials change nothing of what was written.
    trials = np.empty((0, 2)) if session.trials is None else session.trials[: facts["n_trials"]]
    body = session_bytes(session.columns, trials)
    return check_facts(facts, body, where, _INSTEAD)


def _warn_of_changes(session: NWBSession, where: str) -> None:
    try:
        _check(session, decode_facts(session.notes[len(MARK) :], where), where)
    except (ValueError, TypeError):
        text = f"{where} was changed since spikelearn wrote it (checksum differs); it is read as a file of others"
        warnings.warn(text, UserWarning, stacklevel=3)


def _as_written(session: NWBSession, where: str) -> SpikeTrains:
    facts, columns = decode_facts(session.notes[len(MARK) :], where), session.columns
    several = facts["n_trials"] > 1 and facts["n_spikes"] > 0
    times = columns["time_in_trial" if several else "spike_times"]
    trial = columns["trial_of_spike"] if several else [np.zeros(len(own), dtype=np.int64) for own in times]
    total = sum(len(own) for own in times)
    if len(times) != facts["n_units"] or total != facts["n_spikes"]:
        raise ValueError(
            f"{where} was changed since spikelearn wrote it: it holds {total} spikes of {len(times)} units, not "
            f"{facts['n_spikes']} of {facts['n_units']}; pass t_stop= or by_trial=True to read it as it is"
        )
    facts = _check(session, facts, where)
    kept = {key: facts[key] for key in ("observed", "slack", *NAMES) if key in facts}
    return SpikeTrains.from_indices(
        np.repeat(np.arange(len(times)), [len(own) for own in times]),
        np.concatenate([*times, np.empty(0)]),
        trials=np.concatenate([*trial, np.empty(0, dtype=np.int64)]),
        n_units=facts["n_units"],
        n_trials=facts["n_trials"],
        t_start=facts["t_start"],
        t_stop=facts["t_stop"],
        **kept,
    )
