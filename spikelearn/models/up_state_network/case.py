"""Trials of the spiking network with frozen weights as a model file describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spikelearn.models.up_state_network.model import UpStateNetwork
from spikelearn.models.up_state_network.synapses import UpStateSynapses
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import whole_number

__all__ = ["UpStateCase"]


@dataclass(frozen=True, eq=False)
class UpStateCase:
    """Spiking E and I units with Up states, their weights as trained, or as drawn.

    Parameters
    ----------
    start : sequence of four floats
        Means of W_EE, W_EI, W_IE, W_II in pA from which weights are drawn; the trained ones where it is empty.
    weights_seed : int
        Seed of the drawn ones.
    network : mapping
        Parameters of `spikelearn.UpStateNetwork` that differ from the published ones.

    Raises
    ------
    ValueError
        A name or value is none that the network knows, or there are no trained weights for it.
    """

    start: Any = ()
    weights_seed: int = 0
    network: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.network, Mapping):
            raise ValueError(f"UpStateNetwork.network must be a table, got {self.network!r}")
        known = UpStateNetwork.__dataclass_fields__
        for name in self.network:
            if name not in known:
                raise ValueError(unknown_name("UpStateNetwork", "parameter", str(name), known))
        if not isinstance(self.start, (list, tuple)) or len(self.start) not in (0, 4):
            raise ValueError(f"UpStateNetwork.start must be four weights in pA, or empty, got {self.start!r}")
        whole_number("UpStateNetwork.weights_seed", self.weights_seed)

    @property
    def model(self) -> UpStateNetwork:
        """The network."""
        return UpStateNetwork(**self.network)

    @property
    def synapses(self) -> UpStateSynapses:
        """Connections and weights."""
        if not self.start:
            return self.model.trained()
        return self.model.draw_synapses(self.weights_seed, start=self.start)
