"""Choosing trains and spikes in the flat layout of times and offsets; plain arrays in, plain arrays out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelearn.arrays import Floats, Integers
from spikelearn.parameters.foreign import unmasked

__all__ = ["keep_times", "offsets_of", "ranges", "read_choice", "sort_into_trains", "take_trains", "train_of"]


def train_of(offsets: Integers) -> Integers:
    """Say of every spike to which train it belongs."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def ranges(first: Integers, lengths: Integers) -> Integers:
    """Join the index ranges that begin at `first` and have the given lengths, without a loop."""
    ends = np.cumsum(lengths)
    positions: Integers = np.repeat(first - (ends - lengths), lengths) + np.arange(int(ends[-1]) if len(ends) else 0)
    return positions


def offsets_of(lengths: ArrayLike) -> Integers:
    """Turn spikes per train into offsets."""
    return np.concatenate([[0], np.cumsum(np.asarray(lengths, dtype=np.int64))]).astype(np.int64)


def take_trains(times: Floats, offsets: Integers, which: Integers) -> tuple[Floats, Integers]:
    """Take the trains `which`, in that order."""
    lengths = np.diff(offsets)[which]
    return times[ranges(offsets[:-1][which], lengths)], offsets_of(lengths)


def keep_times(times: Floats, offsets: Integers, keep: NDArray[np.bool_]) -> tuple[Floats, Integers]:
    """Keep the spikes where `keep` is true; every train remains, perhaps empty."""
    before = np.concatenate([[0], np.cumsum(keep)]).astype(np.int64)
    return times[keep], before[offsets]


def sort_into_trains(train: Integers, times: Floats, n_trains: int) -> tuple[Floats, Integers]:
    """Sort spikes given in any order by train and time."""
    order = np.lexsort((times, train))
    return times[order], offsets_of(np.bincount(train, minlength=n_trains))


def read_choice(choice: Any, size: int, where: str) -> Integers:
    """Read an index, a sequence of indices, a boolean mask or a slice into indices.

    Raises
    ------
    IndexError
        An index is not among 0 to ``size - 1``, or a mask has another length.
    ValueError
        An entry is masked.
    """
    if isinstance(choice, slice):
        return np.arange(size)[choice]
    array = np.atleast_1d(np.asarray(unmasked(choice, where)))
    if array.dtype == np.bool_:
        if array.shape != (size,):
            raise IndexError(f"{where}: a mask must have {size} entries, got shape {array.shape}")
        return np.flatnonzero(array)
    if array.size == 0:
        return np.empty(0, dtype=np.int64)
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
        raise IndexError(f"{where} must be whole numbers, a mask or a slice, got {choice!r}")
    wrong = array[(array < 0) | (array >= size)]
    if wrong.size:
        raise IndexError(f"{where} must be 0 to {size - 1}, got {wrong[0]}")
    return array.astype(np.int64)
