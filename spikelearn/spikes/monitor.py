"""Spike trains from a Brian2 SpikeMonitor."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelearn.parameters.units import seconds
from spikelearn.spikes.trains import SpikeTrains

__all__ = ["from_spike_monitor"]


def from_spike_monitor(monitor: Any, *, t_start: Any = 0.0, t_stop: Any = None) -> SpikeTrains:
    """Build one trial from a Brian2 SpikeMonitor, silent units included.

    Parameters
    ----------
    monitor : brian2.SpikeMonitor
        After the run; on the standalone target, before the session closes.
    t_start, t_stop : float or Quantity
        The window in seconds; the end is by default the time that the monitored group has reached. Spikes before
        `t_start` are refused: restrict the result instead.

    Returns
    -------
    SpikeTrains
        One trial; unit i is neuron i of the monitored group.

    Raises
    ------
    TypeError
        The object is no SpikeMonitor.
    ValueError
        The monitor counted spikes without keeping their times, or a spike lies outside the window.
    """
    if not all(hasattr(monitor, name) for name in ("source", "clock", "count")):
        raise TypeError(f"from_spike_monitor must get a brian2.SpikeMonitor, got {type(monitor).__name__}")
    if not getattr(monitor, "record", True):
        raise ValueError("from_spike_monitor: the monitor was made with record=False, so it has no spike times")
    stop = (
        float(np.asarray(monitor.clock.t_[:]).reshape(()))
        if t_stop is None
        else seconds(t_stop, "from_spike_monitor: t_stop")
    )
    return SpikeTrains.from_indices(
        np.asarray(monitor.i[:], dtype=np.int64),
        np.asarray(monitor.t_[:], dtype=np.float64),
        n_units=len(monitor.source),
        t_start=seconds(t_start, "from_spike_monitor: t_start"),
        t_stop=stop,
    )
