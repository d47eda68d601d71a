"""What every source shares when it samples: checked arguments in, SpikeTrains out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.parameters.units import seconds
from spikelearn.spikes.trains import SpikeTrains

__all__ = ["collect", "read_span"]


def read_span(t_start: Any, t_stop: Any, where: str) -> tuple[float, float]:
    """Check the window to sample in: seconds, the end after the begin.

    Raises
    ------
    ValueError
        The window is empty.
    """
    start, stop = seconds(t_start, f"{where}: t_start"), seconds(t_stop, f"{where}: t_stop")
    if not stop > start:
        raise ValueError(f"{where}: t_stop must be after t_start = {start} s, got {stop} s")
    return start, stop


def collect(
    times: NDArray[np.float64],
    train: NDArray[np.int64],
    n_trials: int,
    n_units: int,
    t_start: float,
    t_stop: float,
) -> SpikeTrains:
    """Sort spikes into trains; train ``trial * n_units + unit`` of each spike is given.

    A uniform number just below 1 may round to the end of the window; such a spike is put on the last time before it.
    """
    inside = np.minimum(times, np.nextafter(t_stop, -np.inf))
    order = np.lexsort((inside, train))
    lengths = np.bincount(train, minlength=n_trials * n_units)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return SpikeTrains(inside[order], offsets, n_units, t_start=t_start, t_stop=t_stop)
