"""Brian2's monitors among the ways in: reading one is a part of the spike trains themselves."""

from __future__ import annotations

from spikelearn.spikes.monitor import from_spike_monitor

__all__ = ["from_spike_monitor"]
