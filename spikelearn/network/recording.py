"""What a run of a network returns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spikelearn.simulation.network_recording import NetworkRecording

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["NetworkRecording", "RunawayError", "network_traces"]

_UNITS = {"u": "V", "g": "1", "V": "V", "w": "V"}


class RunawayError(ValueError):
    """A rate or a weight without bound stopped a run.

    Attributes
    ----------
    recording : NetworkRecording
        Spikes and traces up to a time shortly before; without a state, since nothing can go on from there. Weights are
        those at the stop.

    Examples
    --------
    >>> import spikelearn as sl
    >>> from spikelearn.network import Connections, Population, Projection
    >>> cells = Population(sl.AdaptiveLIF(V_0="20 mV", delta_g=0.0), 2)
    >>> wild = sl.Network({"cells": cells}, [Projection("cells", "cells", Connections([0, 1], [1, 0]), "1 V", "1 us")])
    >>> try:
    ...     sl.simulate(wild, "1 s")
    ... except sl.network.RunawayError as error:
    ...     print(error.recording.spikes.duration < 1.0)
    True
    """

    def __init__(self, message: str, recording: NetworkRecording) -> None:
        super().__init__(message)
        self.recording = recording


def network_traces(
    found: dict[str, NDArray[np.float64]],
    times: NDArray[np.float64],
    neurons: NDArray[np.int64],
    synapses: NDArray[np.int64],
    units: Mapping[str, str] = _UNITS,
) -> xr.Dataset:
    """Label recorded variables, arrays of shape (n_times, n_neurons), for w (n_times, n_synapses)."""
    import xarray as xr

    owner = {name: "synapse" if name == "w" else "neuron" for name in found}
    labels = {"neuron": neurons, "synapse": synapses}
    return xr.Dataset(
        {name: (("time", owner[name]), values, {"units": units[name]}) for name, values in found.items()},
        coords={
            "time": ("time", times, {"units": "s"}),
            **{name: (name, label) for name, label in labels.items() if name in owner.values()},
        },
    )
