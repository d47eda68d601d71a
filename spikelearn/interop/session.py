"""Trials laid one after the other on the single time axis of a recording session, and cut out of it again.

NWB and pynapple know one axis of time. A time moved along it is rounded, so what was written also keeps the times
within the trials, and reading prefers them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.interop.intervals import covers, intersect, join, lies_within, shared_by_all, shown
from spikelearn.spikes.binning import rounding
from spikelearn.spikes.checks import without_unit
from spikelearn.spikes.ids import Id, unnamed
from spikelearn.spikes.selection import keep_times, train_of
from spikelearn.spikes.trains import SpikeTrains

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = [
    "check_session_times",
    "common_parts",
    "cut_session",
    "cut_window",
    "one_window",
    "refuse_unobserved",
    "session_origins",
]


def session_origins(trains: SpikeTrains, gap: float) -> Floats:
    """Give the session time at which each trial's clock shows 0: trials follow each other after `gap` seconds.

    A single trial stays where it is.
    """
    step = trains.duration + gap
    return np.asarray(np.arange(trains.n_trials) * step - (trains.t_start if trains.n_trials > 1 else 0.0))


def one_window(
    windows: Sequence[ArrayLike], t_start: float | None, t_stop: float | None, where: str, hint: str = ""
) -> Floats:
    """Find the one window in which all units were observed.

    Parameters
    ----------
    windows : sequence of array_like, shape (n_intervals, 2)
        What the file says of every unit; may be empty.
    t_start, t_stop : float, optional
        What the user says.
    where : str
        For the error message.
    hint : str
        What to pass beside a window, where that is possible.

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
        common = shared_by_all([np.reshape(window, (-1, 2)) for window in windows])
        where_all = f" ({shown(common)})" if len(common) else ""
        raise ValueError(
            f"{where} holds {len(edges)} different observation windows; pass by_trial=True to make each trial of the "
            f"session a trial, or t_start= and t_stop= of a window in which all units were observed{where_all}{hint}"
        )
    begin, end = edges.pop()
    return np.array([begin if t_start is None else t_start, end])


def cut_session(
    times: Sequence[Floats],
    trials: Floats,
    where: str,
    observed: Sequence[Floats] = (),
    *,
    names: Sequence[Id] | None = None,
    trial_names: Sequence[Id] | None = None,
    incomplete: str = "refuse",
    closed_end: bool = False,
) -> SpikeTrains:
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
    names, trial_names : sequence of ids, optional
        Of units and trials.
    incomplete : {"refuse", "keep", "drop_units", "drop_trials"}
        What becomes of trials in which units were observed in different parts: an error; the part that all observed;
        only units, or only trials, that were observed throughout.
    closed_end : bool
        Whether a spike exactly on the end of a trial belongs to it, as the last moment before its end.

    Raises
    ------
    ValueError
        There are no units or trials, a trial has no length, or the units were not observed in one common part of it.
    """
    ids = unnamed(len(times)) if names is None else tuple(names)
    if not len(times):
        raise ValueError(f"{where} has no units, so there is nothing to cut into trials")
    if not len(trials):
        raise ValueError(f"{where} has no trials; read it without by_trial")
    usable = np.isfinite(trials).all(axis=1) & (trials[:, 1] > trials[:, 0])
    if not usable.all():
        k = int((~usable).argmax())
        raise ValueError(f"{where}: trial {k} must have a length, got {trials[k].tolist()} s")
    if len(observed) and incomplete in ("drop_units", "drop_trials"):
        units, kept_trials = _whole(observed, trials, incomplete, where)
        times, observed = [times[k] for k in units], [observed[k] for k in units]
        ids, trials = tuple(ids[k] for k in units), trials[kept_trials]
        trial_names = [(trial_names or unnamed(len(usable)))[k] for k in kept_trials]
    elif len(observed) and incomplete == "keep":
        common = shared_by_all(observed)
        times, observed = [own[lies_within(own, common)] for own in times], [common] * len(times)
    starts, lengths = trials[:, 0], _without_rounding(trials)
    longest, error = float(lengths.max()), rounding(trials[:, 0], trials[:, 1])
    parts = np.stack([np.zeros(len(trials)), lengths], axis=1)
    if len(observed):
        parts = common_parts(times, trials, observed, where, ids) - starts[:, None]
        parts = np.clip(parts, 0.0, lengths[:, None])
        parts[:, 0] = np.where(parts[:, 0] <= error, 0.0, parts[:, 0])
        parts[:, 1] = np.where((parts[:, 1] >= lengths - error) & (parts[:, 0] == 0), lengths, parts[:, 1])
    spikes = np.concatenate(times)
    begin = min(float(starts.min()), float(spikes.min(initial=np.inf)))
    end = max(float(starts.max()) + longest, float(spikes.max(initial=-np.inf)))
    session = SpikeTrains.from_arrays(times, t_start=begin, t_stop=end + 1.0)
    reach = 4 * float(error.max()) if closed_end else 0.0
    cut = session.aligned(starts, 0.0, longest + reach)
    trial = train_of(cut.offsets) // len(times)
    inside = cut.times <= (lengths + error)[trial] if closed_end else cut.times < (lengths - error)[trial]
    kept, offsets = keep_times(cut.times, cut.offsets, inside)
    trial = train_of(offsets) // len(times)
    # Spike and border were both rounded in the subtraction of the trial's begin.
    kept = np.clip(kept, parts[trial, 0], np.nextafter(parts[trial, 1], -np.inf))
    return SpikeTrains(
        kept,
        offsets,
        len(times),
        t_stop=longest,
        observed=parts,
        slack=cut.slack,
        unit_ids=None if names is None else ids,
        trial_ids=trial_names,
    )


def common_parts(
    times: Sequence[Floats], trials: Floats, observed: Sequence[Floats], where: str, names: Sequence[Id] | None = None
) -> Floats:
    """Say which part of every trial all units were observed in: begin and end in session time, equal for none.

    Raises
    ------
    ValueError
        Units were observed in different parts of a trial, a trial has several observed parts, or a unit has a spike in
        a trial when it was not observed.
    """
    ids = unnamed(len(times)) if names is None else names
    error = rounding(trials[:, 0], trials[:, 1])
    first = _parts(observed[0], trials, error, where)
    for unit, intervals in enumerate(observed):
        if not np.array_equal(intervals, observed[0]):
            other = _parts(intervals, trials, error, where)
            differ = (np.abs(other - first) > error[:, None]).any(axis=1)
            if differ.any():
                k = int(differ.argmax())
                raise ValueError(
                    f"{where}: all units must have been observed in the same part of a trial, but in trial {k} unit "
                    f"{ids[0]} was in {first[k].tolist()} s and unit {ids[unit]} in {other[k].tolist()} s of the "
                    "session; pass incomplete='keep' (the part that all observed), 'drop_units' or 'drop_trials'"
                )
        joined = join(intervals, 0.0)
        slack = float(error.max())
        outside = times[unit][~lies_within(times[unit], joined + np.array([-slack, slack]))]
        missed = outside[lies_within(outside, join(trials, 0.0))]
        if len(missed):
            raise ValueError(
                f"{where}: unit {ids[unit]} has a spike at {float(missed[0])} s, within a trial, when it was not "
                "observed; pass incomplete='keep' to leave out such spikes"
            )
    return first


def cut_window(
    times: Sequence[Floats],
    window: Floats,
    where: str,
    observed: Sequence[Floats] = (),
    *,
    names: Sequence[Id] | None = None,
    incomplete: str = "refuse",
    crop: bool = False,
    closed_end: bool = False,
) -> tuple[SpikeTrains, list[int]]:
    """Cut one trial out of session times, which keep their clock: the trains, and the positions of the units left.

    Parameters
    ----------
    times, where, observed, names, incomplete, closed_end
        As in `cut_session`; "drop_trials" has no meaning here.
    window : ndarray, shape (2,)
        Begin and end in session time.
    crop : bool
        Whether spikes beyond the window are left out; otherwise they are refused.

    Raises
    ------
    ValueError
        A unit was not observed throughout the window, or has a spike beyond it.
    """
    ids = unnamed(len(times)) if names is None else tuple(names)
    begin, end = float(window[0]), float(window[1])
    units, part = list(range(len(times))), None
    if len(observed) and incomplete == "keep":
        common = intersect(shared_by_all(observed), np.array([[begin, end]]))
        if len(common) > 1:
            raise ValueError(
                f"{where}: all units were observed in {len(common)} parts of the window, {shown(common)}, and one "
                "trial can have only one; choose a part by t_start= and t_stop=, or pass by_trial=True"
            )
        part = common if len(common) else np.array([[begin, begin]])
        times = [own[lies_within(own, common)] for own in times]
    elif len(observed) and incomplete == "drop_units":
        error = float(rounding(begin, end))
        units = [k for k, own in enumerate(observed) if covers(own, begin, end, error)]
    elif len(observed):
        refuse_unobserved(observed, begin, end, where, ids)
    arrays = []
    for k in units:
        own = times[k]
        if closed_end:
            own = np.where(own == end, np.nextafter(end, -np.inf), own)
        outside = (own < begin) | (own >= end)
        if outside.any() and not crop:
            first = float(own[outside][0])
            edge = " exactly on its end (pass closed_end=True where windows include their end)" if first == end else ""
            raise ValueError(
                f"{where}: unit {ids[k]} has {int(outside.sum())} spikes beyond the window [{begin}, {end}) s, the "
                f"first at {first} s{edge}; pass crop=True to leave them out"
            )
        arrays.append(own[~outside])
    named = None if names is None else [ids[k] for k in units]
    return SpikeTrains.from_arrays(arrays, t_start=begin, t_stop=end, observed=part, unit_ids=named), units


def check_session_times(times: Sequence[Any], names: Sequence[Id], where: str, *, sort: bool = False) -> list[Floats]:
    """Read the session times of every unit, refusing NaN and, unless they are to be sorted, times out of order.

    Raises
    ------
    ValueError
        Names file, unit and spike.
    """
    read = []
    for own, name in zip(times, names, strict=True):
        plain = without_unit(np.asarray(own).ravel() if np.size(own) else np.empty(0), f"{where}: times of unit {name}")
        strange = ~np.isfinite(plain)
        if strange.any():
            k = int(strange.argmax())
            raise ValueError(f"{where}: spike {k} of unit {name} must be at a finite time, got {float(plain[k])} s")
        if sort:
            plain = np.sort(plain)
        falls = np.diff(plain) < 0
        if falls.any():
            k = int(falls.argmax()) + 1
            raise ValueError(
                f"{where}: spike {k} of unit {name} must not come before the spike ahead of it, got "
                f"{float(plain[k])} s after {float(plain[k - 1])} s; pass sort=True where the order has no meaning"
            )
        read.append(plain)
    return read


def refuse_unobserved(
    observed: Sequence[Floats], begin: float, end: float, where: str, names: Sequence[Id] | None = None
) -> None:
    """Refuse a window in which a unit was not observed throughout.

    Raises
    ------
    ValueError
        The window reaches beyond an observation interval, or over a gap between two.
    """
    ids = unnamed(len(observed)) if names is None else names
    error = float(rounding(begin, end))
    for unit, intervals in enumerate(observed):
        if not covers(intervals, begin, end, error):
            common = intersect(shared_by_all(observed), np.array([[begin, end]]))
            where_all = f"all were in {shown(common)}" if len(common) else "all were at no time of it"
            raise ValueError(
                f"{where}: unit {ids[unit]} was not observed throughout the window [{begin}, {end}) s, only in "
                f"{shown(join(intervals, error))}; {where_all}: pass such t_start= and t_stop= with crop=True, "
                "by_trial=True, or incomplete='keep' or 'drop_units'"
            )


def _whole(observed: Sequence[Floats], trials: Floats, incomplete: str, where: str) -> tuple[list[int], list[int]]:
    """Give the positions of units, or of trials, that were observed throughout."""
    error = rounding(trials[:, 0], trials[:, 1])
    whole = np.empty((len(observed), len(trials)), dtype=bool)
    for k, own in enumerate(observed):
        parts = _parts(own, trials, error, where, several_are_none=True)
        whole[k] = (parts[:, 0] <= trials[:, 0] + error) & (parts[:, 1] >= trials[:, 1] - error)
    every_unit, every_trial = list(range(len(observed))), list(range(len(trials)))
    if incomplete == "drop_units":
        every_unit = np.flatnonzero(whole.all(axis=1)).tolist()
    else:
        every_trial = np.flatnonzero(whole.all(axis=0)).tolist()
    if not every_unit or not every_trial:
        raise ValueError(f"{where}: no {incomplete.removeprefix('drop_')[:-1]} was observed throughout, none is left")
    return every_unit, every_trial


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


def _parts(intervals: Floats, trials: Floats, error: Floats, where: str, *, several_are_none: bool = False) -> Floats:
    joined = join(intervals, float(error.max()))
    first = np.searchsorted(joined[:, 1], trials[:, 0] + error, side="right")
    number = np.searchsorted(joined[:, 0], trials[:, 1] - error, side="left") - first
    if (number > 1).any() and not several_are_none:
        k = int((number > 1).argmax())
        raise ValueError(
            f"{where}: trial {k} was observed in {int(number[k])} parts; one trial can have only one; pass "
            "incomplete='drop_trials' or 'drop_units'"
        )
    parts = np.repeat(trials[:, :1], 2, axis=1)
    seen = number == 1
    parts[seen] = np.clip(joined[first[seen]], trials[seen, :1], trials[seen, 1:])
    return parts
