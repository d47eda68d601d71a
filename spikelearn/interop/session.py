"""Trials laid one after the other on the single time axis of a recording session, and cut out of it again.

NWB and pynapple know one axis of time. A time moved along it is rounded, so what was written also keeps the times
within the trials, and reading prefers them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spikelearn.spikes import SpikeTrains

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["cut_session", "one_window", "session_origins"]

Floats = NDArray[np.float64]


def session_origins(trains: SpikeTrains, gap: float) -> Floats:
    """Give the session time at which each trial's clock shows 0: trials follow each other after `gap` seconds.

    A single trial stays where it is.
    """
    step = trains.duration + gap
    return np.asarray(np.arange(trains.n_trials) * step - (trains.t_start if trains.n_trials > 1 else 0.0))


def one_window(windows: Sequence[ArrayLike], t_start: float | None, t_stop: float | None, where: str) -> Floats:
    """Find the one window in which all units were observed.

    Parameters
    ----------
    windows : sequence of array_like, shape (n_intervals, 2)
        What the file says of every unit; may be empty.
    t_start, t_stop : float, optional
        What the user says; it wins.
    where : str
        For the error message.

    Raises
    ------
    ValueError
        The file does not say, or says different windows for different units, or several for one.
    """
    edges = {(float(begin), float(end)) for window in windows for begin, end in np.reshape(window, (-1, 2))}
    if t_stop is not None:
        known = min((begin for begin, _ in edges), default=0.0)
        return np.array([known if t_start is None else t_start, t_stop])
    if not edges:
        raise ValueError(f"{where} does not say when the recording ended; pass t_stop=")
    if len(edges) > 1:
        raise ValueError(
            f"{where} holds {len(edges)} different observation windows; pass by_trial=True to make each trial of the "
            "session a trial, or t_start= and t_stop= of a window in which all units were observed"
        )
    begin, end = edges.pop()
    return np.array([begin if t_start is None else t_start, end])


def cut_session(times: Sequence[Floats], trials: Floats, where: str) -> SpikeTrains:
    """Cut trials out of session times: one trial for each row of `trials`, with time counted from its begin.

    Parameters
    ----------
    times : sequence of ndarray
        Session times of every unit in seconds.
    trials : ndarray, shape (n_trials, 2)
        Begin and end of each in session time. Shorter trials keep what was observed in ``observed``.
    where : str
        For the error message.

    Raises
    ------
    ValueError
        There are no trials, or one has no length.
    """
    if not len(trials):
        raise ValueError(f"{where} has no trials; read it without by_trial")
    lengths = trials[:, 1] - trials[:, 0]
    if not (lengths > 0).all():
        k = int((~(lengths > 0)).argmax())
        raise ValueError(f"{where}: trial {k} must have a length, got {trials[k].tolist()} s")
    begin = min(float(trials[:, 0].min()), *(float(unit[0]) for unit in times if len(unit)))
    end = max(float(trials[:, 1].max()), *(float(unit[-1]) for unit in times if len(unit)))
    session = SpikeTrains.from_arrays(times, t_start=begin, t_stop=float(np.nextafter(end, np.inf)))
    rows = [
        session.aligned([start], 0.0, length)
        for start, length in zip(trials[:, 0].tolist(), lengths.tolist(), strict=True)
    ]
    offsets = np.concatenate([[0], np.cumsum(np.concatenate([np.diff(row.offsets) for row in rows]))])
    return SpikeTrains(
        np.concatenate([row.times for row in rows]),
        offsets,
        session.n_units,
        t_stop=float(lengths.max()),
        observed=np.stack([np.zeros(len(rows)), lengths], axis=1),
        slack=max(row.slack for row in rows),
    )
