"""Spike trains as Neo objects: one segment a trial, one neo.SpikeTrain a unit."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelearn.interop.extras import extra
from spikelearn.parameters.units import seconds
from spikelearn.spikes.checks import without_unit
from spikelearn.spikes.trains import SpikeTrains

__all__ = ["from_neo", "to_neo"]

ANNOTATION = "spikelearn_window"
RESERVED = ("unit_id", "nix_name", "neo_name", "name", "description", "file_origin", "units", "t_start", "t_stop")


def to_neo(trains: SpikeTrains) -> Any:
    """Make a neo.Block with one segment a trial and one neo.SpikeTrain a unit in it.

    Each train begins and ends where its trial was observed. The block's annotations keep the common window, each
    train's the id (``unit_id``) and the columns of its unit, each segment's the id of its trial (``trial_id``).

    Parameters
    ----------
    trains : SpikeTrains
        Any number of trials and units.

    Returns
    -------
    neo.Block
        Times in seconds, bit for bit.

    Raises
    ------
    ImportError
        The extra ``neo`` is not installed.

    Examples
    --------
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_arrays([[0.25, 0.5], [0.1]], t_stop=1.0, unit_ids=[17, 905])
    >>> train = sl.interop.to_neo(trains).segments[0].spiketrains[0]
    >>> train.magnitude, float(train.t_stop), train.annotations["unit_id"]
    (array([0.25, 0.5 ]), 1.0, 17)
    """
    neo, pq = extra("neo", "neo", "to_neo"), extra("quantities", "neo", "to_neo")
    block = neo.Block(name="spikelearn")
    block.annotate(**{ANNOTATION: [trains.t_start, trains.t_stop, trains.n_units, trains.slack, sorted(trains.names)]})
    for k in range(trains.n_trials):
        segment = neo.Segment(name=f"trial {trains.trial_ids[k]}", index=k, trial_id=trains.trial_ids[k])
        begin, end = trains.observed[k].tolist()
        for unit in range(trains.n_units):
            times = trains.train(unit, k) * pq.s
            name = trains.unit_ids[unit]
            known = {key: column[unit] for key, column in trains.unit_columns.items() if key not in RESERVED}
            segment.spiketrains.append(
                neo.SpikeTrain(
                    times, t_start=begin * pq.s, t_stop=end * pq.s, name=f"unit {name}", unit_id=name, **known
                )
            )
        block.segments.append(segment)
    return block


def from_neo(block: Any) -> SpikeTrains:
    """Build spike trains from Neo: the segments of a block become trials, their trains units.

    Parameters
    ----------
    block : neo.Block, neo.Segment, or list of neo.SpikeTrain
        A segment or a list is one trial. Every segment must have the same number of trains. Times in other units than
        seconds are converted. Windows may differ from trial to trial, not within a trial. Units are named by the
        annotation ``unit_id`` of their trains, or by the trains' names, where these are all different and the same in
        every segment, in any order; otherwise they are positions. Plain annotations become columns of units.

    Returns
    -------
    SpikeTrains
        The window is the one that holds all trials; what each trial was observed is in ``observed``.

    Raises
    ------
    TypeError
        This is no Neo object of these kinds.
    ValueError
        The numbers or windows of the trains do not fit, or a spike lies on the very end of its window, which Neo
        allows and a half-open window does not.

    Examples
    --------
    >>> import spikelearn as sl
    >>> trains = sl.SpikeTrains.from_arrays([[0.25, 0.5], [0.1]], t_stop=1.0, unit_ids=[17, 905])
    >>> sl.interop.from_neo(sl.interop.to_neo(trains)) == trains
    True
    """
    if hasattr(block, "segments"):
        segments = [list(segment.spiketrains) for segment in block.segments]
    elif hasattr(block, "spiketrains"):
        segments = [list(block.spiketrains)]
    elif isinstance(block, (list, tuple)) or type(block).__name__ == "SpikeTrainList":
        segments = [list(block)]
    else:
        raise TypeError(f"from_neo must get a neo.Block, neo.Segment or list of neo.SpikeTrain, got {type(block)}")
    for segment in segments:
        strange = [
            train for train in segment if not all(hasattr(train, name) for name in ("times", "t_start", "t_stop"))
        ]
        if strange:
            raise TypeError(f"from_neo must get neo.SpikeTrain objects, got {type(strange[0]).__name__}")
    sizes = {len(segment) for segment in segments}
    if len(sizes) > 1:
        raise ValueError(f"from_neo: every segment must have the same number of spike trains, got {sorted(sizes)}")
    kept = getattr(block, "annotations", {}).get(ANNOTATION)
    if not segments or not max(sizes):
        if kept is None:
            raise ValueError("from_neo must get at least one spike train, got none")
        facts = {"t_start": kept[0], "t_stop": kept[1], "n_trials": len(segments)}
        return SpikeTrains([], [0], int(kept[2]), **facts)
    segments, names = _named(block, segments, kept)
    observed = np.array([_window(segment, k) for k, segment in enumerate(segments)])
    arrays = [_seconds(train) for segment in segments for train in segment]
    start, stop, slack = (kept[0], kept[1], kept[3]) if kept else (observed[:, 0].min(), observed[:, 1].max(), 0.0)
    return SpikeTrains(
        np.concatenate(arrays),
        np.concatenate([[0], np.cumsum([len(array) for array in arrays])]),
        sizes.pop(),
        t_start=float(start),
        t_stop=float(stop),
        observed=observed,
        slack=float(slack),
        **names,
    )


def _named(block: Any, segments: list[list[Any]], kept: Any) -> tuple[list[list[Any]], dict[str, Any]]:
    """Put the trains of every segment in the order of the first, by their ids; and give ids and columns."""
    names: dict[str, Any] = {}
    named = kept[4] if kept and len(kept) > 4 else ("unit_ids", "trial_ids", "unit_columns")
    for annotated in (True, False):
        ids = [
            [train.annotations.get("unit_id") if annotated else train.name or None for train in segment]
            for segment in segments
        ]
        texts = [[str(item) for item in own] for own in ids]
        whole = all(isinstance(item, (int, str, np.integer)) and str(item).strip() for own in ids for item in own)
        if whole and all(len(set(own)) == len(own) and set(own) == set(texts[0]) for own in texts):
            segments = [
                [segment[own.index(item)] for item in texts[0]] for segment, own in zip(segments, texts, strict=True)
            ]
            if "unit_ids" in named:
                names["unit_ids"] = ids[0]
            break
    trials = [getattr(segment, "annotations", {}).get("trial_id") for segment in getattr(block, "segments", [])]
    if trials and "trial_ids" in named and all(isinstance(item, (int, str)) for item in trials):
        names["trial_ids"] = trials
    shared = [train.annotations for segment in segments for train in segment]
    columns = {}
    for key in shared[0] if "unit_columns" in named else ():
        values = [train.annotations.get(key) for train in segments[0]]
        if key not in RESERVED and all(item is None or isinstance(item, (str, int, float, bool)) for item in values):
            columns[key] = values
    return segments, names | ({"unit_columns": columns} if columns else {})


def _window(segment: list[Any], k: int) -> tuple[float, float]:
    windows = {tuple(seconds(edge, "from_neo") for edge in (train.t_start, train.t_stop)) for train in segment}
    if len(windows) > 1:
        raise ValueError(f"from_neo: the spike trains of segment {k} must have one window, got {sorted(windows)} s")
    begin, end = windows.pop()
    return begin, end


def _seconds(train: Any) -> Any:
    # Single precision is widened in the train's own unit; a unit of seconds multiplies by exactly 1.
    times = np.atleast_1d(without_unit(train.times, "from_neo: times"))
    end = seconds(train.t_stop, "from_neo: t_stop")
    if len(times) and times.max() >= end:
        raise ValueError(
            f"from_neo: a spike at {times.max()} s lies on the end of its train's window, which is half-open here; "
            "give the neo.SpikeTrain a later t_stop"
        )
    # Neo does not ask for order; a train is a set of times.
    return np.sort(times)
