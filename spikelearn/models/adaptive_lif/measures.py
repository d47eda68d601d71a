"""What is measured in a run of the adaptive LIF neuron."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from spikelearn.models.adaptive_lif.model import AdaptiveLIF
from spikelearn.simulation.recording import Recording

__all__ = ["bursts", "largest_conductance", "settled_bursts"]


def settled_bursts(model: AdaptiveLIF, recording: Recording, unit: int = 0) -> NDArray[np.float64]:
    """Find the bursts of one neuron that are over before the window ends, without the first burst.

    A pause longer than half the delay parts two bursts: within a burst the neuron fires in steps of about t_s(0), and
    no silence between bursts is shorter than the delay. The first burst starts from g = 0 and differs.

    Returns
    -------
    ndarray, shape (n_bursts, 3)
        First spike (s), last spike (s) and number of spikes of each burst.
    """
    times = recording.spike_trains().train(unit=unit)
    pause = 0.5 * float(model.t_d)
    cuts = np.flatnonzero(np.diff(times) > pause) + 1
    edges = np.concatenate([[0], cuts, [len(times)]])
    rows = [(times[a], times[b - 1], b - a) for a, b in pairwise(edges) if b > a]
    if rows and recording.spikes is not None and recording.spikes.t_stop - rows[-1][1] <= pause:
        rows.pop()
    return np.array(rows[1:], dtype=np.float64).reshape(-1, 3)


def bursts(model: AdaptiveLIF, recording: Recording, *, of: str) -> float:
    """Give the mean period, duration, silence or number of spikes of settled bursts, as `of` says; NaN without any."""
    found = settled_bursts(model, recording)
    if of == "period":
        return float(np.diff(found[:, 0]).mean()) if len(found) > 1 else np.nan
    if not len(found):
        return np.nan
    if of == "silence":
        return float((found[1:, 0] - found[:-1, 1]).mean()) if len(found) > 1 else np.nan
    return float((found[:, 1] - found[:, 0]).mean()) if of == "duration" else float(found[:, 2].mean())


def largest_conductance(_model: AdaptiveLIF, recording: Recording) -> float:
    """Give the largest recorded g of the first neuron; NaN where g was not recorded."""
    return float(recording.traces["g"].isel(neuron=0).max()) if "g" in recording.traces else np.nan
