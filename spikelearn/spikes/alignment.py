"""Moving spike trains in time, cutting a part out, and cutting trials around events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from spikelearn.arrays import Floats, Integers
from spikelearn.spikes.binning import rounding
from spikelearn.spikes.selection import keep_times, offsets_of, ranges, read_choice, train_of

if TYPE_CHECKING:
    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["align", "restricted", "shifted"]


def shifted(trains: SpikeTrains, by: float) -> dict[str, Any]:
    """Move everything by `by` seconds: the arguments of the new SpikeTrains but for its offsets."""
    ends = np.repeat(trains.observed[:, 1] + by, trains.counts().sum(axis=1))
    # A sum can round up to the end of the window; the last number below it is nearer than the rounding error.
    times = np.minimum(trains.times + by, np.nextafter(ends, -np.inf))
    observed = None if trains.fully_observed else trains.observed + by
    start, stop = trains.t_start + by, trains.t_stop + by
    slack = max(trains.slack, float(rounding(trains.t_start, trains.t_stop, start, stop)))
    return {"times": times, "t_start": start, "t_stop": stop, "observed": observed, "slack": slack}


def restricted(trains: SpikeTrains, start: float, stop: float) -> dict[str, Any]:
    """Keep a part of the window: the arguments of the new SpikeTrains.

    A spike that lies on the begin or the end but for rounding counts as on it, as in `spikelearn.spikes.binning`; one
    that rounding has put before the begin moves onto it.

    Raises
    ------
    ValueError
        The part reaches beyond the window by more than rounding.
    """
    error = float(rounding(trains.t_start, trains.t_stop))
    start = trains.t_start if 0 < trains.t_start - start <= error else start
    stop = trains.t_stop if 0 < stop - trains.t_stop <= error else stop
    if start < trains.t_start or stop > trains.t_stop or stop < start:
        raise ValueError(
            f"restrict: the window must lie within [{trains.t_start}, {trains.t_stop}) s, got [{start}, {stop}) s"
        )
    slack = rounding(trains.times, start) + trains.slack
    seen = np.repeat(trains.observed, trains.counts().sum(axis=1), axis=0)
    keep = (trains.times >= start - slack) & (np.maximum(trains.times, start) < seen[:, 1])
    if stop < trains.t_stop:
        # What lies within rounding of the window's own end is still before it.
        keep &= trains.times < stop - (rounding(trains.times, stop) + trains.slack)
    times, offsets = keep_times(trains.times, trains.offsets, keep)
    observed = None if trains.fully_observed else np.clip(trains.observed, start, stop)
    return {
        "times": np.maximum(times, start),
        "offsets": offsets,
        "t_start": start,
        "t_stop": stop,
        "observed": observed,
    }


def align(
    trains: SpikeTrains, events: Floats, before: float, after: float, trials: ArrayLike | None, incomplete: str
) -> dict[str, Any]:
    """Cut ``[event - before, event + after)`` out of every unit: the arguments of the new SpikeTrains.

    Raises
    ------
    ValueError
        See `spikelearn.SpikeTrains.aligned`.
    """
    start = 0.0 - before  # 0 and not -0 for a cut that begins at its event
    if not before + after > 0:
        raise ValueError(f"aligned: the window must have a length, got [-{before}, {after}) s")
    strange = ~np.isfinite(events)
    if strange.any():
        k = int(strange.argmax())
        raise ValueError(f"aligned: event {k} must be a number and finite, got {float(events[k])}")
    if incomplete not in ("refuse", "keep", "drop"):
        raise ValueError(f"aligned: incomplete must be 'refuse', 'keep' or 'drop', got {incomplete!r}")
    if trials is None and trains.n_trials != 1:
        raise ValueError(f"aligned: trials= must say in which of the {trains.n_trials} trials each event happened")
    trial = (
        np.zeros(len(events), np.int64) if trials is None else read_choice(trials, trains.n_trials, "aligned: trials")
    )
    if trial.shape != events.shape:
        raise ValueError(f"aligned: trials must have one entry an event, got {trial.shape} for {events.shape}")
    begin, end = (trains.observed[trial] - events[:, None]).T
    slack = rounding(trains.observed[trial, 0], trains.observed[trial, 1], events, before, after)
    whole = (begin <= -before + slack) & (end >= after - slack)
    if incomplete == "refuse" and not whole.all():
        k = int(whole.argmin())
        raise ValueError(
            f"aligned: the cut around event {k} at {float(events[k])} s reaches beyond what was observed; "
            f"choose incomplete='keep' or incomplete='drop'"
        )
    named = None
    if incomplete == "drop":
        named = None if whole.all() else tuple(np.flatnonzero(whole).tolist())
        events, trial, begin, end, whole = (array[whole] for array in (events, trial, begin, end, whole))
    observed = np.clip(np.stack([begin, end], axis=1), -before, after)
    observed[whole] = [start, after]
    flat, offsets = _cut(trains, events, trial, before, after)
    if not whole.all():
        per_trial = np.diff(offsets).reshape(len(events), trains.n_units).sum(axis=1)
        inside = np.repeat(observed, per_trial, axis=0)
        # A spike counts as on the begin of a cut but for rounding, also where nothing of the cut was observed.
        seen = inside[:, 0] < inside[:, 1]
        flat, offsets = keep_times(flat, offsets, seen)
        # Both the spike and the border of the observed part were rounded in the subtraction of the event.
        flat = np.clip(flat, inside[seen, 0], np.nextafter(inside[seen, 1], -np.inf))
    return {
        "times": flat,
        "offsets": offsets,
        "t_start": start,
        "t_stop": after,
        "observed": None if whole.all() else observed,
        "slack": max(trains.slack, float(rounding(trains.t_start, trains.t_stop))),
        "n_trials": len(events),
        "trial_ids": named,
    }


def _cut(trains: SpikeTrains, events: Floats, trial: Integers, before: float, after: float) -> tuple[Floats, Integers]:
    # In one ascending sequence of all spikes of all trains a cut is a range; complex keys sort by train, then by time.
    key = np.empty(len(trains.times), dtype=np.complex128)
    key.real, key.imag = train_of(trains.offsets), trains.times
    train = (trial[:, None] * trains.n_units + np.arange(trains.n_units)).ravel()
    event = np.repeat(events, trains.n_units)
    slack = 2 * rounding(event, before, after)
    first, last = (np.searchsorted(key, train + 1j * edge) for edge in (event - before - slack, event + after + slack))
    cut = np.repeat(np.arange(len(train)), last - first)
    absolute = trains.times[ranges(first, last - first)]
    relative = absolute - event[cut]
    # A spike that lies on a border of the cut but for rounding counts as on it, as in `spikelearn.spikes.binning`.
    slack = rounding(absolute, event[cut], before, after)
    keep = (relative >= -before - slack) & (relative < after - slack)
    return np.maximum(relative[keep], -before), offsets_of(np.bincount(cut[keep], minlength=len(train)))
