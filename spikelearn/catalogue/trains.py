"""Spikes and intervals as quantities that any system with spikes can register."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.catalogue.entry import Measure
from spikelearn.simulation.recording import Recording

__all__ = ["TRAINS"]


def _spike_count(_model: Any, recording: Recording) -> Any:
    """Count spikes, of every neuron where there are several."""
    counts = np.asarray(recording.counts)[0].astype(np.float64)
    return float(counts[0]) if len(counts) == 1 else counts


def _first_spike(_model: Any, recording: Recording) -> float:
    """Give the time of the first spike of the first neuron (s); infinite where there is none."""
    times = recording.spike_trains().train(unit=0)
    return float(times[0]) if len(times) else np.inf


def _last_spike(_model: Any, recording: Recording) -> float:
    """Give the time of the last spike of the first neuron (s); NaN where there is none."""
    times = recording.spike_trains().train(unit=0)
    return float(times[-1]) if len(times) else np.nan


def _last_interval(_model: Any, recording: Recording) -> float:
    """Give the last interval of the first neuron (s); NaN with fewer than two spikes."""
    times = recording.spike_trains().train(unit=0)
    return float(times[-1] - times[-2]) if len(times) > 1 else np.nan


def _late_intervals(recording: Recording) -> list[NDArray[np.float64]]:
    """Intervals of every neuron in the second half of the window, where transients are over."""
    trains = recording.spike_trains()
    middle = 0.5 * (trains.t_start + trains.t_stop)
    return [np.diff(train[train > middle]) for train in trains]


def _each(values: list[float]) -> Any:
    return values[0] if len(values) == 1 else np.array(values)


def _mean_interval(_model: Any, recording: Recording) -> Any:
    """Give the mean interval in the second half of the window (s), of every neuron."""
    return _each([float(steps.mean()) if len(steps) else np.nan for steps in _late_intervals(recording)])


def _longest_interval(_model: Any, recording: Recording) -> Any:
    """Give the longest interval in the second half of the window (s), of every neuron; sweeps ask for very many."""
    trains = recording.spike_trains()
    times, offsets = trains.times, trains.offsets
    # The interval that begins with each spike, none with the last one of a train.
    steps = np.append(np.diff(times), -np.inf) if len(times) else np.empty(0)
    filled = np.flatnonzero(np.diff(offsets))
    steps[offsets[filled + 1] - 1] = -np.inf
    steps[times <= 0.5 * (trains.t_start + trains.t_stop)] = -np.inf
    longest = np.full(len(offsets) - 1, np.nan)
    if len(filled):
        found = np.maximum.reduceat(steps, offsets[filled])
        longest[filled] = np.where(found > -np.inf, found, np.nan)
    return float(longest[0]) if len(longest) == 1 else longest


TRAINS = {
    "spike_count": Measure(_spike_count, "1", "number of spikes, of every neuron where there are several", each=True),
    "first_spike": Measure(_first_spike, "s", "time of the first spike"),
    "last_spike": Measure(_last_spike, "s", "time of the last spike"),
    "last_interval": Measure(_last_interval, "s", "the last interval between spikes"),
    "mean_interval": Measure(
        _mean_interval, "s", "mean interval in the second half of the window, of every neuron", each=True
    ),
    "longest_interval": Measure(
        _longest_interval, "s", "longest interval in the second half of the window, of every neuron", each=True
    ),
}
