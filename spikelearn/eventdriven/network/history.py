"""What spikes before the start leave behind in the state of a network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spikelearn.eventdriven.network.cells import PAUSE_END, Sources

__all__ = ["NO_PAST", "pause_after"]

NO_PAST = Sources(np.empty(0), np.empty(0, dtype=np.int64))


def pause_after(past: Sources, refractory: NDArray[np.float64], state: NDArray[np.float64]) -> None:
    """Let the refractory periods of spikes before time 0 go on.

    Parameters
    ----------
    past : Sources
        Spikes not after time 0; rows beyond the neurons are external trains.
    refractory : ndarray, shape (n,)
        Seconds.
    state : ndarray
        Of all neurons, see `network_cells`.
    """
    neurons = past.rows < len(state)
    rows = past.rows[neurons]
    np.maximum.at(state[:, PAUSE_END], rows, past.times[neurons] + refractory[rows])
