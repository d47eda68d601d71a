"""Spike trains as Neo objects: one segment a trial, one neo.SpikeTrain a unit."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelearn.interop.extras import extra
from spikelearn.spikes.trains import SpikeTrains

__all__ = ["from_neo", "to_neo"]

ANNOTATION = "spikelearn_window"


def to_neo(trains: SpikeTrains) -> Any:
    """Make a neo.Block with one segment a trial and one neo.SpikeTrain a unit in it.

    Each train begins and ends where its trial was observed. The block's annotations keep the common window.

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
    """
    neo, pq = extra("neo", "neo", "to_neo"), extra("quantities", "neo", "to_neo")
    block = neo.Block(name="spikelearn")
    block.annotate(**{ANNOTATION: [trains.t_start, trains.t_stop, trains.n_units, trains.slack]})
    for k in range(trains.n_trials):
        segment = neo.Segment(name=f"trial {k}", index=k)
        begin, end = trains.observed[k].tolist()
        for unit in range(trains.n_units):
            times = trains.train(unit, k) * pq.s
            segment.spiketrains.append(
                neo.SpikeTrain(times, t_start=begin * pq.s, t_stop=end * pq.s, name=f"unit {unit}", unit=unit)
            )
        block.segments.append(segment)
    return block


def from_neo(block: Any) -> SpikeTrains:
    """Build spike trains from Neo: the segments of a block become trials, their trains units.

    Parameters
    ----------
    block : neo.Block, neo.Segment, or list of neo.SpikeTrain
        A segment or a list is one trial. Every segment must have the same number of trains. Times in other units than
        seconds are converted. Windows may differ from trial to trial, not within a trial.

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
        return SpikeTrains([], [0], int(kept[2]), t_start=kept[0], t_stop=kept[1])
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
    )


def _window(segment: list[Any], k: int) -> tuple[float, float]:
    windows = {(float(train.t_start.rescale("s")), float(train.t_stop.rescale("s"))) for train in segment}
    if len(windows) > 1:
        raise ValueError(f"from_neo: the spike trains of segment {k} must have one window, got {sorted(windows)} s")
    return windows.pop()


def _seconds(train: Any) -> Any:
    # rescale() copies even where the unit is seconds already, and multiplies by exactly 1.
    times = np.asarray(train.times.rescale("s").magnitude, dtype=np.float64)
    end = float(train.t_stop.rescale("s"))
    if len(times) and times.max() >= end:
        raise ValueError(
            f"from_neo: a spike at {times.max()} s lies on the end of its train's window, which is half-open here; "
            "give the neo.SpikeTrain a later t_stop"
        )
    # Neo does not ask for order; a train is a set of times.
    return np.sort(times)
