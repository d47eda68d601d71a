"""What a run of a network returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.recording import Recording

if TYPE_CHECKING:
    from spikelearn.eventdriven.network_run import NetworkState

__all__ = ["NetworkRecording"]


@dataclass(frozen=True, eq=False, repr=False)
class NetworkRecording(Recording):
    """A recording of a network: units are its neurons, population after population.

    `save` writes what every recording has; `NetworkRecording.load` gives that back, with None for the four below. The
    state has a folder of its own, by `save_state`.

    Parameters
    ----------
    state : NetworkState or None
        Of the exact engine, where the run ended: give it to `simulate` to go on, or to `save_state`.
    sources, targets : ndarray of int32 or None
        Pre and post of every synapse; rows beyond the neurons are external trains.
    weights : ndarray or None
        Their weights at the end, volts.
    """

    state: NetworkState | None = None
    sources: NDArray[np.int32] | None = None
    targets: NDArray[np.int32] | None = None
    weights: NDArray[np.float64] | None = None

    @property
    def interrupted(self) -> bool:
        """Whether the run was stopped before its end."""
        found: Any = self.provenance.get("interrupted", False)
        return bool(found)
