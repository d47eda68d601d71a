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


def joined_trials(parts: Sequence[SpikeTrains], names: dict[str, Any]) -> dict[str, Any]:
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
        "n_trials": sum(part.n_trials for part in parts),
        **_shared(parts, "unit_ids", "concatenate_trials"),
        **_columns(parts, "concatenate_trials"),
        **_strung(parts, "trial_ids", names, "concatenate_trials"),
        **names,
    }


def joined_units(parts: Sequence[SpikeTrains], names: dict[str, Any]) -> dict[str, Any]:
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
        "n_trials": first.n_trials,
        **_shared(parts, "trial_ids", "concatenate_units"),
        **_strung(parts, "unit_ids", names, "concatenate_units"),
        "unit_columns": {
            name: [value for part in parts for value in part.unit_columns.get(name, [None] * part.n_units)]
            for name in dict.fromkeys(name for part in parts for name in part.unit_columns)
        },
        **names,
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
        "n_trials": first.n_trials,
        **_shared(parts, "unit_ids", "concatenate_time"),
        **_shared(parts, "trial_ids", "concatenate_time"),
        **_columns(parts, "concatenate_time"),
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


def _shared(parts: Sequence[SpikeTrains], kind: str, where: str) -> dict[str, Any]:
    """Give the ids that all parts share; parts that nobody named go by position."""
    named = [part.names[kind] for part in parts if kind in part.names]
    for ids in named[1:]:
        if ids != named[0]:
            wrong = next(k for k, pair in enumerate(zip(ids, named[0], strict=True)) if pair[0] != pair[1])
            raise ValueError(
                f"{where}: every part must have the same {kind}, got {named[0][wrong]!r} and {ids[wrong]!r} at "
                f"position {wrong}; select in one order, or drop the ids with with_ids({kind}=None)"
            )
    return {kind: named[0]} if named else {}


def _strung(parts: Sequence[SpikeTrains], kind: str, names: dict[str, Any], where: str) -> dict[str, Any]:
    """Join the ids of the parts, unless new ones are given or nobody named any."""
    if kind in names or not any(kind in part.names for part in parts):
        return {}
    ids = [item for part in parts for item in getattr(part, kind)]
    seen: set[str] = set()
    for item in ids:
        if str(item) in seen:
            raise ValueError(f"{where}: {kind} must all differ, got {item!r} twice; pass {kind}=")
        seen.add(str(item))
    return {kind: ids}


def _columns(parts: Sequence[SpikeTrains], where: str) -> dict[str, Any]:
    named = [part.unit_columns for part in parts if part.unit_columns]
    if any(columns != named[0] for columns in named[1:]):
        raise ValueError(f"{where}: every part must have the same unit_columns; drop them with with_ids()")
    return {"unit_columns": named[0]} if named else {}


def _alike(parts: Sequence[SpikeTrains], names: Sequence[str], where: str) -> SpikeTrains:
    if not parts:
        raise ValueError(f"{where} must get at least one SpikeTrains, got none")
    for name in names:
        values = [getattr(part, name) for part in parts]
        wrong = next((value for value in values if value != values[0]), None)
        if wrong is not None:
            raise ValueError(f"{where}: every part must have the same {name}, got {values[0]} and {wrong}")
    return parts[0]
