"""Sums over trains in the flat layout, without a loop over trains, and the labels of one value a train."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats, Integers
from spikelearn.spikes.construction import check_trains
from spikelearn.spikes.ids import id_labels
from spikelearn.spikes.selection import train_of

if TYPE_CHECKING:
    import xarray as xr

    from spikelearn.spikes.trains import SpikeTrains


__all__ = ["interval_pairs", "intervals_of", "label", "sums_per_train"]


def intervals_of(trains: SpikeTrains, where: str = "intervals") -> tuple[Floats, Integers]:
    """Give all inter-spike intervals in seconds, flat in the order of the trains, and how many each train has."""
    check_trains(trains, where)
    train = train_of(trains.offsets)
    within = train[1:] == train[:-1]
    return np.diff(trains.times)[within], np.maximum(np.diff(trains.offsets) - 1, 0)


def interval_pairs(trains: SpikeTrains) -> tuple[Floats, Floats, Integers]:
    """Give each interval and the one after it in the same train, and how many such pairs each train has."""
    interval, lengths = intervals_of(trains)
    train = np.repeat(np.arange(len(lengths)), lengths)
    within = train[1:] == train[:-1]
    return interval[:-1][within], interval[1:][within], np.maximum(lengths - 1, 0)


def sums_per_train(values: Floats, lengths: Integers) -> Floats:
    """Add up the values of each train; 0 for a train without any."""
    sums = np.zeros(len(lengths))
    filled = np.flatnonzero(lengths)
    if filled.size:
        # Trains without values would make reduceat return a neighbour's value, so only the others are handed over.
        first = (np.cumsum(lengths) - lengths)[filled]
        sums[filled] = np.add.reduceat(values, first)
    return sums


def label(values: NDArray[np.generic], trains: SpikeTrains, name: str, long_name: str, units: str) -> xr.DataArray:
    """Label one value a train, shape (n_trials, n_units), or one value a unit, shape (n_units,)."""
    import xarray as xr

    attrs = {"long_name": long_name, "units": units}
    unit = id_labels(trains.unit_ids)
    if values.ndim == 1:
        return xr.DataArray(values, {"unit": unit}, ("unit",), name=name, attrs=attrs)
    coords = {"trial": id_labels(trains.trial_ids), "unit": unit}
    return xr.DataArray(values, coords, ("trial", "unit"), name=name, attrs=attrs)
