"""Spike trains as a pynapple TsGroup: one member a unit, one epoch of the time support a trial."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from spikelearn.interop.extras import extra
from spikelearn.interop.session import cut_session, cut_window, one_window, session_origins
from spikelearn.parameters.units import seconds
from spikelearn.spikes.ids import Ids, read_ids
from spikelearn.spikes.selection import train_of
from spikelearn.spikes.table import NAMES, facts_of
from spikelearn.spikes.trains import SpikeTrains

__all__ = ["from_pynapple", "to_pynapple"]

FACTS_LINE = "spikelearn_names"
FACTS = ("window_start", "window_stop", "observed_start", "observed_stop", "slack")


def to_pynapple(trains: SpikeTrains, *, gap: Any = 1.0) -> Any:
    """Make a pynapple TsGroup with one member a unit and one epoch of its time support a trial.

    Ids of units that are whole numbers from 0 become the group's index; others, and columns of units, its metadata.

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

    Examples
    --------
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_arrays([[0.25, 0.5], [0.1]], t_stop=1.0, unit_ids=[17, 905])
    >>> group = sl.interop.to_pynapple(trains)
    >>> [int(unit) for unit in group.index], group[17].times()
    ([17, 905], array([0.25, 0.5 ]))
    """
    nap = extra("pynapple", "pynapple", "to_pynapple")
    if not trains.n_trials or not trains.duration > 0:
        raise ValueError(f"to_pynapple must get at least one trial of some length, got {trains}")
    origins = session_origins(trains, seconds(gap, "to_pynapple: gap"))
    support = nap.IntervalSet(
        start=origins + trains.t_start,
        end=origins + trains.t_stop,
        metadata={
            "window_start": np.full(trains.n_trials, trains.t_start),
            "window_stop": np.full(trains.n_trials, trains.t_stop),
            "observed_start": trains.observed[:, 0],
            "observed_stop": trains.observed[:, 1],
            "slack": np.full(trains.n_trials, trains.slack),
            FACTS_LINE: [json.dumps({key: facts_of(trains)[key] for key in NAMES if key in trains.names})]
            * trains.n_trials,
        },
    )
    train = train_of(trains.offsets)
    session = trains.times + origins[train // trains.n_units]
    # A sum may be rounded past the end of its epoch, where pynapple would drop the spike.
    session = np.clip(session, support.start[train // trains.n_units], support.end[train // trains.n_units])
    members = {}
    keys = _keys(trains.unit_ids)
    for unit in range(trains.n_units):
        own = train % trains.n_units == unit
        if trains.n_trials == 1:
            members[keys[unit]] = nap.Ts(t=trains.times[own], time_support=support)
        else:
            members[keys[unit]] = nap.Tsd(t=session[own], d=trains.times[own], time_support=support)
    group = nap.TsGroup(members, time_support=support)
    # The group sorts its members by their keys.
    order = np.argsort(keys)
    beside = {name: [column[k] for k in order] for name, column in trains.unit_columns.items()}
    if keys != list(trains.unit_ids):
        beside["unit_id"] = [str(trains.unit_ids[k]) for k in order]
    if order.tolist() != list(range(len(order))):
        beside["position"] = order.tolist()
    usable = {name: values for name, values in beside.items() if name not in ("rate", "index") and None not in values}
    if usable:
        group.set_info(**usable)
    return group


def _keys(ids: Ids) -> list[int]:
    fit = all(isinstance(item, int) and 0 <= item < 2**31 for item in ids)
    return [int(item) for item in ids] if fit else list(range(len(ids)))


def from_pynapple(
    group: Any,
    *,
    t_start: Any = None,
    t_stop: Any = None,
    by_trial: bool = False,
    crop: bool = False,
    closed_end: bool = False,
) -> SpikeTrains:
    """Build spike trains from a pynapple TsGroup; its members become units.

    Parameters
    ----------
    group : pynapple.TsGroup
        Made by `to_pynapple` or by anything else.
    t_start, t_stop : float or Quantity, optional
        The window for a group that was not made here; by default its time support, if that is one epoch. It wins over
        the ends of the time support, which pynapple may put on the last spike, but not over gaps between epochs, in
        which nothing was observed.
    by_trial : bool
        For such a group: make each epoch of the time support a trial, with time counted from its begin. It takes no
        `t_start` or `t_stop`.
    crop : bool
        Whether spikes beyond the window are left out instead of refused.
    closed_end : bool
        pynapple's epochs include their end, a half-open window does not: whether a spike exactly there is kept as the
        last moment before the end, instead of refused.

    Returns
    -------
    SpikeTrains
        Units in the order of the group's index, which holds their ids; its metadata are columns of units.

    Raises
    ------
    TypeError
        This is no TsGroup.
    ValueError
        There are several epochs and `by_trial` is not set, the window reaches over a gap between epochs, or a spike
        lies on the very end of the window.

    Examples
    --------
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_arrays([[0.25, 0.5], [0.1]], t_stop=1.0, unit_ids=[17, 905])
    >>> sl.interop.from_pynapple(sl.interop.to_pynapple(trains)) == trains
    True
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
    ids = read_ids([int(unit) for unit in group.index], None, "from_pynapple: index")
    if by_trial:
        _refuse_closing(times, epochs, ids, closed_end)
        found = cut_session(times, epochs, "the TsGroup", names=ids, closed_end=closed_end)
    else:
        begin, end = (
            None if edge is None else seconds(edge, f"from_pynapple: {name}")
            for edge, name in ((t_start, "t_start"), (t_stop, "t_stop"))
        )
        window = one_window([epochs], begin, end, "the TsGroup", ", with crop=True to leave out spikes beyond it")
        gaps = np.stack([epochs[:-1, 1], epochs[1:, 0]], axis=1)
        missed = gaps[(gaps[:, 0] < window[1]) & (gaps[:, 1] > window[0])]
        if len(missed):
            raise ValueError(
                f"from_pynapple: nothing was observed from {missed[0, 0]} s to {missed[0, 1]} s, between two epochs, "
                f"within the window [{window[0]}, {window[1]}) s; choose a window within one epoch, or by_trial=True"
            )
        last = max((float(unit[-1]) for unit in times if len(unit)), default=-np.inf)
        if last >= window[1] and not crop and not closed_end:
            raise ValueError(
                f"from_pynapple: a spike at {last} s does not lie before the end of the window, {window[1]} s; "
                "pynapple's windows are closed, so pass a later t_stop=, closed_end=True or crop=True"
            )
        found, _ = cut_window(times, window, "the TsGroup", names=ids, crop=crop, closed_end=closed_end)
    return found.with_ids(unit_columns=_beside(group))


def _refuse_closing(times: list[Any], epochs: Any, ids: Ids, closed_end: bool) -> None:
    for unit, own in zip(ids, times, strict=True):
        closing = own[np.isin(own, epochs[:, 1])]
        if len(closing) and not closed_end:
            raise ValueError(
                f"from_pynapple: unit {unit} has a spike exactly on the end of an epoch, at {float(closing[0])} s, "
                "which pynapple counts and a half-open window does not; pass closed_end=True to keep such spikes"
            )


def _beside(group: Any) -> dict[str, list[Any]]:
    """Read metadata with one text, number or truth value a unit; the rate is no property of a unit but of a window."""
    found: dict[str, list[Any]] = {}
    for name in getattr(group, "metadata_columns", []):
        values = np.asarray(group.get_info(name)).tolist() if name != "rate" else []
        plain = all(item is None or isinstance(item, (str, int, float, bool)) for item in values)
        if isinstance(name, str) and name != "rate" and plain:
            found[name] = values
    return found


def _as_written(group: Any, support: Any, epochs: Any, times: list[Any]) -> SpikeTrains:
    start, stop, begin, end, slack = (np.asarray(support[name], dtype=np.float64) for name in FACTS)
    written = support.metadata_columns
    names = json.loads(str(np.asarray(support[FACTS_LINE])[0])) if FACTS_LINE in written else {}
    if len(epochs) > 1:
        trial = [np.searchsorted(epochs[:, 0], own, side="right") - 1 for own in times]
        times = [np.asarray(group[unit].values, dtype=np.float64) for unit in group.index]
    else:
        trial = [np.zeros(len(own), dtype=np.int64) for own in times]
    place = np.arange(len(times))
    if "position" in getattr(group, "metadata_columns", []):
        place = np.asarray(group.get_info("position"), dtype=np.int64)
    known = len(names.get("unit_ids", times)) == len(times) and len(names.get("trial_ids", epochs)) == len(epochs)
    return SpikeTrains.from_indices(
        np.repeat(place, [len(own) for own in times]),
        np.concatenate(times) if times else np.empty(0),
        trials=np.concatenate(trial) if trial else np.empty(0, dtype=np.int64),
        n_units=len(times),
        n_trials=len(epochs),
        t_start=float(start[0]),
        t_stop=float(stop[0]),
        observed=np.stack([begin, end], axis=1),
        slack=float(slack[0]),
        **(names if known else {}),
    )
