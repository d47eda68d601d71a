"""The recording of a run of connected neurons: what every recording has, and the synapses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.simulation.recording import Recording

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["NetworkRecording"]


@dataclass(frozen=True, eq=False, repr=False)
class NetworkRecording(Recording):
    """A recording of a network: units are its neurons, population after population.

    `save` and `spikelearn run` keep all but the state, which has a folder of its own, by `save_state`; loading a folder
    gives back a NetworkRecording without a state.

    Parameters
    ----------
    state : NetworkState or None
        Of the exact engine, where the run ended: give it to `simulate` to go on, or to `save_state`.
    sources, targets : ndarray of int32 or None
        Pre and post of every synapse; rows beyond the neurons are external trains.
    weights : ndarray or None
        Their weights at the end, in SI units, volts for jumps of a membrane; not those at the start where synapses
        learn.
    weight_unit : str
        Unit of the weights; "SI" where projections differ in it.

    Examples
    --------
    >>> import spikelearn as sl
    >>> pair = sl.Network(
    ...     {"pair": sl.network.Population(sl.AdaptiveLIF(V_0="20 mV"), 2)},
    ...     [sl.network.Projection("pair", "pair", sl.network.Connections([0, 1], [1, 0]), "1 mV", "2 ms")],
    ... )
    >>> recording = sl.simulate(pair, "1 s")
    >>> recording.weights, recording.weight_unit, recording.interrupted
    (array([0.001, 0.001]), 'V', False)
    """

    state: Any = None
    sources: NDArray[np.int32] | None = None
    targets: NDArray[np.int32] | None = None
    weights: NDArray[np.float64] | None = None
    weight_unit: str = "V"

    @property
    def interrupted(self) -> bool:
        """Whether the run was stopped before its end."""
        found: Any = self.provenance.get("interrupted", False)
        return bool(found)

    def _synapses(self) -> xr.Dataset | None:
        import xarray as xr

        if self.sources is None or self.targets is None or self.weights is None:
            return None
        return xr.Dataset(
            {
                "sources": ("synapse", self.sources),
                "targets": ("synapse", self.targets),
                "weights": ("synapse", self.weights, {"units": self.weight_unit}),
            }
        )
