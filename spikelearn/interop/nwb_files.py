"""Spike trains in Neurodata Without Borders files: units with observation intervals, and a table of trials."""

from __future__ import annotations

import datetime
import os
from typing import Any

import numpy as np

from spikelearn.interop.extras import extra
from spikelearn.interop.facts import decode_facts, encode_facts
from spikelearn.interop.session import cut_session, one_window, refuse_unobserved, session_origins
from spikelearn.parameters.units import seconds
from spikelearn.spikes.selection import train_of
from spikelearn.spikes.trains import SpikeTrains
from spikelearn.storage.files import whole_file

__all__ = ["from_nwb", "to_nwb"]

MARK = "spikelearn "
COLUMNS = {
    "trial_of_spike": "Row of the trials table in which the spike happened.",
    "time_in_trial": "Time of the spike in seconds on the clock of its trial, exact where spike_times are rounded.",
}
# The session's begin is a required field; where it is not known, the epoch of Unix time says so.
UNKNOWN = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def to_nwb(
    trains: SpikeTrains,
    path: str | os.PathLike[str],
    *,
    gap: float = 1.0,
    session_description: str = "spike trains written by spikelearn",
    identifier: str = "spikelearn",
    session_start_time: datetime.datetime = UNKNOWN,
) -> None:
    """Write an NWB file with a table of units, their observation intervals and a table of trials.

    A single trial keeps its times. Several are laid one after the other on the time axis of the session, and each
    spike also keeps its trial and its exact time within it.

    Parameters
    ----------
    trains : SpikeTrains
        What to write.
    path : path
        Where to; written whole or not at all.
    gap : float
        Seconds between two trials on the time axis of the session.
    session_description, identifier, session_start_time : optional
        Fields that NWB demands; the begin has a time zone.

    Raises
    ------
    ImportError
        The extra ``nwb`` is not installed.
    OSError
        The place cannot be written to.
    """
    pynwb = extra("pynwb", "nwb", "to_nwb")
    file = pynwb.NWBFile(
        session_description=session_description,
        identifier=identifier,
        session_start_time=session_start_time,
        notes=MARK + encode_facts(trains),
    )
    origins = session_origins(trains, gap)
    for origin in origins:
        file.add_trial(start_time=float(origin + trains.t_start), stop_time=float(origin + trains.t_stop))
    # HDF5 needs a type for every column, which a column without a single entry does not have.
    several = trains.n_trials > 1 and trains.n_spikes > 0
    for name, text in COLUMNS.items() if several else ():
        file.add_unit_column(name, text, index=True)
    train = train_of(trains.offsets)
    trial, unit = train // max(trains.n_units, 1), train % max(trains.n_units, 1)
    for k in range(trains.n_units):
        own = unit == k
        exact = {"trial_of_spike": trial[own], "time_in_trial": trains.times[own]} if several else {}
        file.add_unit(
            id=k,
            spike_times=trains.times[own] + origins[trial[own]],
            obs_intervals=trains.observed + origins[:, None] if trains.n_trials else None,
            **exact,
        )
    with whole_file(path) as temporary, pynwb.NWBHDF5IO(str(temporary), "w") as out:
        out.write(file)


def from_nwb(
    path: str | os.PathLike[str], *, t_start: Any = None, t_stop: Any = None, by_trial: bool = False
) -> SpikeTrains:
    """Read the units of an NWB file.

    Parameters
    ----------
    path : path
        Written by `to_nwb`, which gives back the same object bit for bit, or by anything else.
    t_start, t_stop : float or Quantity, optional
        For other files: the window in session time; by default the observation interval, if all units share one.
        Every unit must have been observed throughout, where the file says when it was.
    by_trial : bool
        For other files: make each row of the trials table a trial, with time counted from its begin. What was observed
        of it, by its length and the units' observation intervals, is in ``observed``. It takes no window.

    Returns
    -------
    SpikeTrains
        Units in the order of the table.

    Raises
    ------
    ImportError
        The extra ``nwb`` is not installed.
    ValueError
        The file is cut off or no NWB file, has no units, does not say when the recording ended, its spikes do not
        fit, or units were not observed in the same part of a trial or throughout the window.
    OSError
        The file cannot be read.
    """
    if by_trial and not (t_start is None and t_stop is None):
        raise ValueError("from_nwb: by_trial=True takes the windows of the trials; leave out t_start= and t_stop=")
    pynwb = extra("pynwb", "nwb", "from_nwb")
    where = str(path)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"there is no file {where}")
    begin = None if t_start is None else seconds(t_start, "from_nwb: t_start")
    end = None if t_stop is None else seconds(t_stop, "from_nwb: t_stop")
    try:
        with pynwb.NWBHDF5IO(where, "r") as source:
            file = source.read()
            columns = _columns(file)
            notes = str(file.notes or "")
            trials = None if file.trials is None else file.trials[:][["start_time", "stop_time"]].to_numpy(np.float64)
    except Exception as error:
        # HDF5, hdmf and pynwb raise errors of a dozen kinds for a file that was cut off or holds something else.
        raise ValueError(f"{where} is not a whole NWB file: {str(error).splitlines()[0]}") from error
    if notes.startswith(MARK) and t_start is None and t_stop is None and not by_trial:
        return _as_written(columns, decode_facts(notes[len(MARK) :], where), where)
    if not columns["spike_times"]:
        raise ValueError(f"{where} must hold a table of units with spike times; there is none")
    known = columns["obs_intervals"] if any(len(own) for own in columns["obs_intervals"]) else []
    if by_trial:
        return cut_session(columns["spike_times"], np.empty((0, 2)) if trials is None else trials, where, known)
    window = one_window(known, begin, end, where)
    refuse_unobserved(known, float(window[0]), float(window[1]), where)
    return SpikeTrains.from_arrays(columns["spike_times"], t_start=float(window[0]), t_stop=float(window[1]))


def _columns(file: Any) -> dict[str, list[Any]]:
    names = ("spike_times", "obs_intervals", *COLUMNS)
    found: dict[str, list[Any]] = {name: [] for name in names}
    if file.units is None:
        return found
    for name in names:
        if name in file.units.colnames:
            found[name] = [np.asarray(file.units[name][row]) for row in range(len(file.units))]
    return found


def _as_written(columns: dict[str, list[Any]], facts: dict[str, Any], where: str) -> SpikeTrains:
    several = facts["n_trials"] > 1 and facts["n_spikes"] > 0
    times = columns["time_in_trial" if several else "spike_times"]
    trial = columns["trial_of_spike"] if several else [np.zeros(len(own), dtype=np.int64) for own in times]
    total = sum(len(own) for own in times)
    if len(times) != facts["n_units"] or total != facts["n_spikes"]:
        raise ValueError(
            f"{where} was changed since spikelearn wrote it: it holds {total} spikes of {len(times)} units, not "
            f"{facts['n_spikes']} of {facts['n_units']}; pass t_stop= or by_trial=True to read it as it is"
        )
    return SpikeTrains.from_indices(
        np.repeat(np.arange(len(times)), [len(own) for own in times]),
        np.concatenate([*times, np.empty(0)]),
        trials=np.concatenate([*trial, np.empty(0, dtype=np.int64)]),
        n_units=facts["n_units"],
        n_trials=facts["n_trials"],
        t_start=facts["t_start"],
        t_stop=facts["t_stop"],
        observed=facts.get("observed"),
        slack=facts.get("slack", 0.0),
    )
