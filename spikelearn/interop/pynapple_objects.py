"""Spike trains as a pynapple TsGroup: one member a unit, one epoch of the time support a trial."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelearn.interop.extras import extra
from spikelearn.interop.session import cut_session, one_window, session_origins
from spikelearn.spikes.selection import train_of
from spikelearn.spikes.trains import SpikeTrains

__all__ = ["from_pynapple", "to_pynapple"]

FACTS = ("window_start", "window_stop", "observed_start", "observed_stop", "slack")


def to_pynapple(trains: SpikeTrains, *, gap: float = 1.0) -> Any:
    """Make a pynapple TsGroup with one member a unit and one epoch of its time support a trial.

    Parameters
    ----------
    trains : SpikeTrains
        At least one trial, with a window that has a length. A single trial keeps its times. Several are laid one after
        the other, because pynapple knows one axis of time; each member then is a Tsd, whose values are the times
        within the trials.
    gap : float
        Seconds between two trials; pynapple does not keep epochs apart that touch.

    Returns
    -------
    pynapple.TsGroup
        The metadata of its time support keep the exact windows, so that `from_pynapple` gives back the same object.

    Raises
    ------
    ImportError
        The extra ``pynapple`` is not installed.
    ValueError
        There is no trial, or the window is empty.
    """
    nap = extra("pynapple", "pynapple", "to_pynapple")
    if not trains.n_trials or not trains.duration > 0:
        raise ValueError(f"to_pynapple must get at least one trial of some length, got {trains}")
    origins = session_origins(trains, gap)
    support = nap.IntervalSet(
        start=origins + trains.t_start,
        end=origins + trains.t_stop,
        metadata={
            "window_start": np.full(trains.n_trials, trains.t_start),
            "window_stop": np.full(trains.n_trials, trains.t_stop),
            "observed_start": trains.observed[:, 0],
            "observed_stop": trains.observed[:, 1],
            "slack": np.full(trains.n_trials, trains.slack),
        },
    )
    train = train_of(trains.offsets)
    session = trains.times + origins[train // trains.n_units]
    # A sum may be rounded past the end of its epoch, where pynapple would drop the spike.
    session = np.clip(session, support.start[train // trains.n_units], support.end[train // trains.n_units])
    members = {}
    for unit in range(trains.n_units):
        own = train % trains.n_units == unit
        if trains.n_trials == 1:
            members[unit] = nap.Ts(t=trains.times[own], time_support=support)
        else:
            members[unit] = nap.Tsd(t=session[own], d=trains.times[own], time_support=support)
    return nap.TsGroup(members, time_support=support)


def from_pynapple(
    group: Any, *, t_start: float | None = None, t_stop: float | None = None, by_trial: bool = False
) -> SpikeTrains:
    """Build spike trains from a pynapple TsGroup; its members become units.

    Parameters
    ----------
    group : pynapple.TsGroup
        Made by `to_pynapple` or by anything else.
    t_start, t_stop : float, optional
        The window in seconds for a group that was not made here; by default its time support, if that is one epoch. It
        wins over the time support, which pynapple may end on the last spike.
    by_trial : bool
        For such a group: make each epoch of the time support a trial, with time counted from its begin. It takes no
        `t_start` or `t_stop`.

    Returns
    -------
    SpikeTrains
        Units in the order of the group's index.

    Raises
    ------
    TypeError
        This is no TsGroup.
    ValueError
        There are several epochs and `by_trial` is not set, or a spike lies on the very end of the window, which
        pynapple allows and a half-open window does not: pass a later `t_stop`.
    """
    if type(group).__name__ != "TsGroup":
        raise TypeError(f"from_pynapple must get a pynapple.TsGroup, got {type(group).__name__}")
    if by_trial and not (t_start is None and t_stop is None):
        raise ValueError("from_pynapple: by_trial=True takes the epochs' windows; leave out t_start=, t_stop=")
    support = group.time_support
    epochs = np.stack([np.asarray(support.start), np.asarray(support.end)], axis=1)
    times = [np.asarray(group[unit].index.values, dtype=np.float64) for unit in group.index]
    if (
        set(FACTS) <= set(getattr(support, "metadata_columns", []))
        and t_start is None
        and t_stop is None
        and not by_trial
    ):
        return _as_written(group, support, epochs, times)
    if by_trial:
        return cut_session(times, epochs, "the TsGroup")
    begin, end = one_window([epochs], t_start, t_stop, "the TsGroup")
    last = max((float(unit[-1]) for unit in times if len(unit)), default=-np.inf)
    if last >= end:
        raise ValueError(
            f"from_pynapple: a spike at {last} s does not lie before the end of the window, {end} s; "
            "pynapple's windows are closed, so pass a later t_stop="
        )
    return SpikeTrains.from_arrays(times, t_start=begin, t_stop=end)


def _as_written(group: Any, support: Any, epochs: Any, times: list[Any]) -> SpikeTrains:
    start, stop, begin, end, slack = (np.asarray(support[name], dtype=np.float64) for name in FACTS)
    if len(epochs) > 1:
        trial = [np.searchsorted(epochs[:, 0], own, side="right") - 1 for own in times]
        times = [np.asarray(group[unit].values, dtype=np.float64) for unit in group.index]
    else:
        trial = [np.zeros(len(own), dtype=np.int64) for own in times]
    unit = np.repeat(np.arange(len(times)), [len(own) for own in times])
    return SpikeTrains.from_indices(
        unit,
        np.concatenate(times) if times else np.empty(0),
        trials=np.concatenate(trial) if trial else np.empty(0, dtype=np.int64),
        n_units=len(times),
        n_trials=len(epochs),
        t_start=float(start[0]),
        t_stop=float(stop[0]),
        observed=np.stack([begin, end], axis=1),
        slack=float(slack[0]),
    )
