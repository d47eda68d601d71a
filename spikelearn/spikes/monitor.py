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
        The window in seconds. The end is by default the time that the monitor's own Network has reached. When a monitor
        was added cannot be known: give `t_start` where that was not at time 0, or rates come out too low. Spikes before
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
        The monitor counted spikes without keeping their times, a spike lies outside the window, or there is no
        `t_stop` and the monitor has not been run or its Network is gone.

    Examples
    --------
    >>> import brian2 as b2
    >>> import spikelearn as sl
    >>> from spikelearn.brian.session import session
    >>> with session("numpy"):  # only so that this example compiles nothing
    ...     group = b2.SpikeGeneratorGroup(3, [0, 2], [10, 20] * b2.ms)
    ...     monitor = b2.SpikeMonitor(group)
    ...     network = b2.Network(group, monitor)
    ...     network.run(0.1 * b2.second)
    >>> sl.interop.from_spike_monitor(monitor).counts()  # unit 1 was silent
    array([[1, 0, 1]])
    """
    if not all(hasattr(monitor, name) for name in ("source", "clock", "count")):
        raise TypeError(f"from_spike_monitor must get a brian2.SpikeMonitor, got {type(monitor).__name__}")
    if not getattr(monitor, "record", True):
        raise ValueError("from_spike_monitor: the monitor was made with record=False, so it has no spike times")
    stop = _time_of_network(monitor) if t_stop is None else seconds(t_stop, "from_spike_monitor: t_stop")
    return SpikeTrains.from_indices(
        np.asarray(monitor.i[:], dtype=np.int64),
        np.asarray(monitor.t_[:], dtype=np.float64),
        n_units=len(monitor.source),
        t_start=seconds(t_start, "from_spike_monitor: t_start"),
        t_stop=stop,
    )


def _time_of_network(monitor: Any) -> float:
    """Give the time of the Network that has run the monitor: clocks are shared between networks, and tell another."""
    from brian2 import Network

    for reference in list(Network.__instances__()):
        network = reference()
        if network is None:
            continue
        ran = monitor._network == network.id if monitor._network is not None else monitor in network
        if ran:
            return float(network.t_)
    state = "has not been run" if monitor._network is None else "was run by a Network that is gone"
    raise ValueError(f"from_spike_monitor must be given t_stop where the monitor {state}")
