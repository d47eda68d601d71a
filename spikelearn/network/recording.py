"""What a run of a network returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.simulation.recording import Recording

if TYPE_CHECKING:
    import xarray as xr

    from spikelearn.eventdriven.network.records import NetworkState

__all__ = ["NetworkRecording", "RunawayError", "network_traces"]

_UNITS = {"u": "V", "g": "1", "V": "V", "w": "V"}


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
        Their weights at the end, volts; not those at the start where synapses learn.
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


class RunawayError(ValueError):
    """A rate or a weight without bound stopped a run.

    Attributes
    ----------
    recording : NetworkRecording
        Spikes and traces up to a time shortly before; without a state, since nothing can go on from there. Weights are
        those at the stop.
    """

    def __init__(self, message: str, recording: NetworkRecording) -> None:
        super().__init__(message)
        self.recording = recording


def network_traces(
    found: dict[str, NDArray[np.float64]],
    times: NDArray[np.float64],
    neurons: NDArray[np.int64],
    synapses: NDArray[np.int64],
) -> xr.Dataset:
    """Label recorded variables, arrays of shape (n_times, n_neurons), for w (n_times, n_synapses)."""
    import xarray as xr

    owner = {name: "synapse" if name == "w" else "neuron" for name in found}
    labels = {"neuron": neurons, "synapse": synapses}
    return xr.Dataset(
        {name: (("time", owner[name]), values, {"units": _UNITS[name]}) for name, values in found.items()},
        coords={
            "time": ("time", times, {"units": "s"}),
            **{name: (name, label) for name, label in labels.items() if name in owner.values()},
        },
    )
