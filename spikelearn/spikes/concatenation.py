"""Joining spike trains along trials, units and time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.spikes.binning import rounding
from spikelearn.spikes.selection import offsets_of, sort_into_trains, train_of

if TYPE_CHECKING:
    from spikelearn.spikes.trains import SpikeTrains

__all__ = ["joined_time", "joined_trials", "joined_units"]


def joined_trials(parts: Sequence[SpikeTrains]) -> dict[str, Any]:
    """Put trials one after the other: the arguments of the new SpikeTrains.

    Raises
    ------
    ValueError
        There are no parts, or their units or windows differ.
    """
    first = _alike(parts, ("n_units", "t_start", "t_stop"), "concatenate_trials")
    return {
        "times": np.concatenate([part.times for part in parts]),
        "offsets": offsets_of(np.concatenate([np.diff(part.offsets) for part in parts])),
        "n_units": first.n_units,
        "slack": max(part.slack for part in parts),
        "t_start": first.t_start,
        "t_stop": first.t_stop,
        "observed": np.concatenate([part.observed for part in parts]),
    }


def joined_units(parts: Sequence[SpikeTrains]) -> dict[str, Any]:
    """Put units side by side: the arguments of the new SpikeTrains.

    Raises
    ------
    ValueError
        There are no parts, or their trials, windows or observed parts differ.
    """
    first = _alike(parts, ("n_trials", "t_start", "t_stop"), "concatenate_units")
    if any(not np.array_equal(part.observed, first.observed) for part in parts):
        raise ValueError("concatenate_units: every part must have been observed at the same times")
    widths = [part.n_units for part in parts]
    n_units, train, before = sum(widths), [], 0
    for part, width in zip(parts, widths, strict=True):
        own = train_of(part.offsets)
        train.append(own // max(width, 1) * n_units + own % max(width, 1) + before)
        before += width
    times = np.concatenate([part.times for part in parts])
    flat, offsets = sort_into_trains(np.concatenate(train), times, first.n_trials * n_units)
    return {
        "times": flat,
        "offsets": offsets,
        "n_units": n_units,
        "slack": max(part.slack for part in parts),
        "t_start": first.t_start,
        "t_stop": first.t_stop,
        "observed": first.observed,
    }


def joined_time(parts: Sequence[SpikeTrains]) -> dict[str, Any]:
    """Join windows that follow each other: the arguments of the new SpikeTrains.

    Raises
    ------
    ValueError
        There are no parts, their trials or units differ, or a gap larger than rounding lies between two windows or two
        observed parts.
    """
    first = _alike(parts, ("n_trials", "n_units"), "concatenate_time")
    for part, following in pairwise(parts):
        if abs(part.t_stop - following.t_start) > float(rounding(part.t_start, part.t_stop, following.t_stop)):
            raise ValueError(
                "concatenate_time: each window must begin where the one before ends, "
                f"got {following.t_start} s after {part.t_stop} s"
            )
    train = np.concatenate([train_of(part.offsets) for part in parts])
    times = np.concatenate([part.times for part in parts])
    lengths = np.sum([np.diff(part.offsets) for part in parts], axis=0)
    return {
        # By time too: windows may overlap by rounding.
        "times": times[np.lexsort((times, train))],
        "offsets": offsets_of(lengths),
        "n_units": first.n_units,
        "slack": max(part.slack for part in parts),
        "t_start": first.t_start,
        "t_stop": parts[-1].t_stop,
        "observed": _joined_observed([part.observed for part in parts]),
    }


def _joined_observed(parts: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    observed = parts[0].copy()
    for part in parts[1:]:
        seen, empty = part[:, 0] < part[:, 1], observed[:, 0] >= observed[:, 1]
        error = rounding(part[:, 0], part[:, 1], observed[:, 0])
        gap = seen & ~empty & (np.abs(part[:, 0] - observed[:, 1]) > error)
        if gap.any():
            k = int(gap.argmax())
            raise ValueError(
                f"concatenate_time: trial {k} was not observed from {float(observed[k, 1])} s "
                f"to {float(part[k, 0])} s; one trial can have only one observed part"
            )
        observed[seen & empty] = part[seen & empty]
        observed[seen & ~empty, 1] = part[seen & ~empty, 1]
    return observed


def _alike(parts: Sequence[SpikeTrains], names: Sequence[str], where: str) -> SpikeTrains:
    if not parts:
        raise ValueError(f"{where} must get at least one SpikeTrains, got none")
    for name in names:
        values = [getattr(part, name) for part in parts]
        wrong = next((value for value in values if value != values[0]), None)
        if wrong is not None:
            raise ValueError(f"{where}: every part must have the same {name}, got {values[0]} and {wrong}")
    return parts[0]
