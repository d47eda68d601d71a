"""What a run of a network may be given beyond the common arguments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spikelearn.arrays import Integers
from spikelearn.network.records import Network
from spikelearn.parameters.numbers import flat, read_units, whole_numbers
from spikelearn.simulation.simulable import RunSettings

__all__ = ["NetworkOptions", "network_options"]


@dataclass(frozen=True, eq=False)
class NetworkOptions:
    """The options of a network's run, read.

    Parameters
    ----------
    units : ndarray of int64
        Neurons whose traces are recorded.
    synapses : ndarray of int64 or None
        Synapses whose weights are recorded; None for all.
    resume : NetworkState or None
        Where to go on from.
    """

    units: Integers
    synapses: Integers | None
    resume: Any


def network_options(network: Network, settings: RunSettings) -> NetworkOptions:
    """Read ``units``, ``synapses`` and ``resume``.

    Raises
    ------
    ValueError
        Neurons that the network does not have, or synapses where no weights are recorded.
    TypeError
        Numbers that are not whole.
    """
    units, synapses = settings.options.get("units"), settings.options.get("synapses")
    chosen = np.arange(network.n) if units is None else read_units(units, network.n)
    if len(chosen) and not 0 <= chosen[0] <= chosen[-1] < network.n:
        raise ValueError(f"units must lie in 0 to {network.n - 1}, got {chosen[0]} to {chosen[-1]}")
    if synapses is not None and "w" not in settings.record:
        raise ValueError(f"synapses must be left out where record does not have 'w', got record={settings.record}")
    which = None if synapses is None else np.unique(whole_numbers("synapses", flat("synapses", synapses)))
    return NetworkOptions(chosen, which, settings.options.get("resume"))
