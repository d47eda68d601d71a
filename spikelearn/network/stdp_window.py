"""The window of spike timing in a network, measured and by its formula."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.network.plasticity import Plasticity
from spikelearn.network.records import Network
from spikelearn.network.wiring import Wiring
from spikelearn.simulation.recording import Recording

__all__ = ["learning_pairs", "stdp_window", "weight_change", "window_of"]


def weight_change(network: Network, recording: Recording) -> Floats:
    """Give by how much every plastic synapse changed in a run, volts."""
    weights = getattr(recording, "weights", None)
    if weights is None:
        raise ValueError("this quantity needs the weights of a run; a recording read from a file has none")
    wiring = network.wiring
    change: Floats = (weights - wiring.weight)[wiring.learns]
    return change


def learning_pairs(network: Network) -> tuple[Wiring, Plasticity, Floats]:
    """Give the rule, and for every plastic synapse the spikes of its target minus the arrivals, pair by pair."""
    wiring = network.wiring
    rows, delay = wiring.rows, np.broadcast_to(wiring.delay, wiring.target.shape)
    drivers = np.flatnonzero(~wiring.learns)
    if len(wiring.rules) != 1 or not {"A_plus", "A_minus"} <= set(wiring.rules[0].parameters) or len(drivers) != 1:
        raise ValueError("stdp_window needs one rule, by pair_stdp, and one static synapse that makes the target fire")

    def arrivals(synapse: Any) -> Any:
        return wiring.source_times[wiring.source_rows == rows[synapse]] + delay[synapse]

    spikes = arrivals(drivers[0])
    lags = [spikes - arrivals(synapse) for synapse in np.flatnonzero(wiring.learns)]
    return wiring, wiring.rules[0], np.array(lags)


def stdp_window(network: Network) -> Floats:
    """Sum ``A_plus e^{-lag/tau_plus}`` and ``-A_minus e^{lag/tau_minus}`` over pairs one by one, for each synapse.

    Only arrival k and spike k of the target are a pair, which holds where the pairs stand far apart.
    """
    _, rule, lags = learning_pairs(network)
    total: Floats = window_of(rule, lags).sum(axis=1)
    return total


def window_of(rule: Plasticity, lag: Floats) -> Floats:
    """Give the formula's change of the weight, volts, for a spike of the target `lag` seconds after an arrival."""
    tau_plus, tau_minus = (float(rule.traces[name]) for name in "xy")
    plus, minus = (float(rule.parameters[name]) for name in ("A_plus", "A_minus"))
    found: Floats = np.where(
        lag >= 0.0, plus * np.exp(-np.maximum(lag, 0.0) / tau_plus), -minus * np.exp(np.minimum(lag, 0.0) / tau_minus)
    )
    return found
