"""Trials laid one after the other on the single time axis of a recording session, and cut out of it again.

NWB and pynapple know one axis of time. A time moved along it is rounded, so what was written also keeps the times
within the trials, and reading prefers them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats
from spikelearn.spikes.binning import rounding
from spikelearn.spikes.selection import keep_times, train_of
from spikelearn.spikes.trains import SpikeTrains

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["common_parts", "cut_session", "one_window", "refuse_unobserved", "session_origins"]


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
        What the user says.
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


def cut_session(times: Sequence[Floats], trials: Floats, where: str, observed: Sequence[Floats] = ()) -> SpikeTrains:
    """Cut trials out of session times: one trial for each row of `trials`, with time counted from its begin.

    Trials whose lengths differ by no more than rounding get the same length.

    Parameters
    ----------
    times : sequence of ndarray
        Session times of every unit in seconds.
    trials : ndarray, shape (n_trials, 2)
        Begin and end of each in session time. Shorter trials keep what was observed in ``observed``.
    where : str
        For the error message.
    observed : sequence of ndarray, shape (n_intervals, 2), optional
        When each unit was observed, in session time; without it, all of them in all trials.

    Raises
    ------
    ValueError
        There are no units or trials, a trial has no length, or the units were not observed in one common part of it.
    """
    if not len(times):
        raise ValueError(f"{where} has no units, so there is nothing to cut into trials")
    if not len(trials):
        raise ValueError(f"{where} has no trials; read it without by_trial")
    starts, lengths = trials[:, 0], trials[:, 1] - trials[:, 0]
    usable = np.isfinite(trials).all(axis=1) & (lengths > 0)
    if not usable.all():
        k = int((~usable).argmax())
        raise ValueError(f"{where}: trial {k} must have a length, got {trials[k].tolist()} s")
    lengths = _without_rounding(trials)
    longest, error = float(lengths.max()), rounding(trials[:, 0], trials[:, 1])
    parts = np.stack([np.zeros(len(trials)), lengths], axis=1)
    if len(observed):
        parts = np.clip(common_parts(times, trials, observed, where) - starts[:, None], 0.0, lengths[:, None])
        parts[:, 0] = np.where(parts[:, 0] <= error, 0.0, parts[:, 0])
        parts[:, 1] = np.where((parts[:, 1] >= lengths - error) & (parts[:, 0] == 0), lengths, parts[:, 1])
    spikes = np.concatenate(times)
    begin = min(float(starts.min()), float(spikes.min(initial=np.inf)))
    end = max(float(starts.max()) + longest, float(spikes.max(initial=-np.inf)))
    session = SpikeTrains.from_arrays(times, t_start=begin, t_stop=end + 1.0)
    cut = session.aligned(starts, 0.0, longest)
    trial = train_of(cut.offsets) // len(times)
    kept, offsets = keep_times(cut.times, cut.offsets, cut.times < (lengths - error)[trial])
    trial = train_of(offsets) // len(times)
    # Spike and border were both rounded in the subtraction of the trial's begin.
    kept = np.clip(kept, parts[trial, 0], np.nextafter(parts[trial, 1], -np.inf))
    return SpikeTrains(kept, offsets, len(times), t_stop=longest, observed=parts, slack=cut.slack)


def common_parts(times: Sequence[Floats], trials: Floats, observed: Sequence[Floats], where: str) -> Floats:
    """Say which part of every trial all units were observed in: begin and end in session time, equal for none.

    Raises
    ------
    ValueError
        Units were observed in different parts of a trial, a trial has several observed parts, or a unit has a spike in
        a trial when it was not observed.
    """
    error = rounding(trials[:, 0], trials[:, 1])
    first = _parts(observed[0], trials, error, where)
    for unit, intervals in enumerate(observed):
        if not np.array_equal(intervals, observed[0]):
            other = _parts(intervals, trials, error, where)
            differ = (np.abs(other - first) > error[:, None]).any(axis=1)
            if differ.any():
                k = int(differ.argmax())
                raise ValueError(
                    f"{where}: all units must have been observed in the same part of a trial, but in trial {k} unit 0 "
                    f"was in {first[k].tolist()} s and unit {unit} in {other[k].tolist()} s of the session; "
                    "keep the units or trials that agree"
                )
        outside = times[unit][~_within(times[unit], _joined(intervals, 0.0))]
        missed = outside[_within(outside, _joined(trials, 0.0))]
        if len(missed):
            raise ValueError(
                f"{where}: unit {unit} has a spike at {float(missed[0])} s, within a trial, when it was not observed"
            )
    return first


def refuse_unobserved(observed: Sequence[Floats], begin: float, end: float, where: str) -> None:
    """Refuse a window in which a unit was not observed throughout.

    Raises
    ------
    ValueError
        The window reaches beyond an observation interval, or over a gap between two.
    """
    error = float(rounding(begin, end))
    for unit, intervals in enumerate(observed):
        joined = _joined(intervals, error)
        if not ((joined[:, 0] <= begin + error) & (joined[:, 1] >= end - error)).any():
            raise ValueError(
                f"{where}: unit {unit} was not observed throughout the window [{begin}, {end}) s, only in "
                f"{joined[:4].tolist()} s; pass t_start= and t_stop= of a window in which all were, or by_trial=True"
            )


def _without_rounding(trials: Floats) -> Floats:
    """Give the lengths of trials, equal where they differ by rounding: that of the earliest such trial."""
    lengths = trials[:, 1] - trials[:, 0]
    order = np.argsort(lengths, kind="stable")
    largest = np.maximum.accumulate(rounding(trials[:, 0], trials[:, 1])[order])
    group = np.concatenate([[0], np.cumsum(np.diff(lengths[order]) > largest[1:])])
    size = np.abs(trials).max(axis=1)[order]
    snapped = np.empty_like(lengths)
    for which in np.split(np.arange(len(order)), np.flatnonzero(np.diff(group)) + 1):
        # The smallest session times carry the smallest rounding error.
        snapped[order[which]] = lengths[order[which[int(size[which].argmin())]]]
    return snapped


def _joined(intervals: Floats, error: float) -> Floats:
    """Sort intervals and join those that touch or overlap, leaving out empty ones."""
    rows = np.asarray(intervals, dtype=np.float64).reshape(-1, 2)
    rows = rows[rows[:, 0] < rows[:, 1]]
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    if not len(rows):
        return rows
    ends = np.maximum.accumulate(rows[:, 1])
    fresh = np.concatenate([[True], rows[1:, 0] > ends[:-1] + error])
    last = np.concatenate([np.flatnonzero(fresh)[1:] - 1, [len(rows) - 1]])
    return np.stack([rows[fresh, 0], ends[last]], axis=1)


def _within(times: Floats, joined: Floats) -> NDArray[np.bool_]:
    if not len(joined):
        return np.zeros(len(times), dtype=bool)
    row = np.searchsorted(joined[:, 0], times, side="right") - 1
    return np.asarray((row >= 0) & (times < joined[np.maximum(row, 0), 1]))


def _parts(intervals: Floats, trials: Floats, error: Floats, where: str) -> Floats:
    joined = _joined(intervals, float(error.max()))
    first = np.searchsorted(joined[:, 1], trials[:, 0] + error, side="right")
    number = np.searchsorted(joined[:, 0], trials[:, 1] - error, side="left") - first
    if (number > 1).any():
        k = int((number > 1).argmax())
        raise ValueError(f"{where}: trial {k} was observed in {int(number[k])} parts; one trial can have only one")
    parts = np.repeat(trials[:, :1], 2, axis=1)
    seen = number == 1
    parts[seen] = np.clip(joined[first[seen]], trials[seen, :1], trials[seen, 1:])
    return parts
