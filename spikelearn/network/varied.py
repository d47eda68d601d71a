"""Parameters of a network's populations laid over for one run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from spikelearn.network.records import Network
from spikelearn.parameters.names import unknown_name

__all__ = ["varied"]


def varied(network: Network, vary: Mapping[str, Any]) -> Network:
    """Give the network whose populations have other parameters, neuron by neuron.

    Parameters
    ----------
    network : Network
        What it is otherwise; connections, which have a seed of their own, stay.
    vary : mapping of str to array_like
        Population and parameter, such as "E.V_0" or "E.refractory" -> one value for each neuron of the population,
        with units.

    Returns
    -------
    Network
        The same one where nothing is varied.

    Raises
    ------
    ValueError
        A name without a population, an unknown population or parameter, or a wrong unit or number of values.

    Examples
    --------
    >>> import spikelearn as sl
    >>> from brian2 import mV
    >>> pair = sl.network.Network({"pair": sl.network.Population(sl.AdaptiveLIF(delta_g=0.0), 2)})
    >>> sl.simulate(pair, "0.2 s", vary={"pair.V_0": [20, 30] * mV}).spikes.counts()
    array([[14, 28]])
    """
    populations = dict(network.populations)
    for place, values in vary.items():
        name, dot, parameter = str(place).partition(".")
        if not dot:
            first = next(iter(populations))
            raise ValueError(f"Network: vary must have names such as '{first}.V_0', got {place!r}")
        if name not in populations:
            raise ValueError(unknown_name("Network", "population", name, populations))
        there = populations[name]
        if parameter == "refractory":
            populations[name] = dataclasses.replace(there, refractory=values)
        else:
            populations[name] = dataclasses.replace(there, vary={**there.vary, parameter: values})
    return dataclasses.replace(network, populations=populations) if vary else network
