"""Spikes before the start of a run on Brian2: their arrivals come from generators, their refractory periods go on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.network.history import History
from spikelearn.network.wiring import Wiring

__all__ = ["history_objects"]


def history_objects(
    group: Any, history: History, wiring: Wiring, *, on_arrival: str, jump: str, dt: float
) -> list[Any]:
    """Make generators and synapses for what arrives after time 0, each arrival in the step that contains it.

    Parameters
    ----------
    group : NeuronGroup
        The neurons; where they have a refractory period, that of past spikes goes on.
    history : History
        Spikes not after time 0.
    wiring : Wiring
        The network.
    on_arrival, jump : str
        What an arrival of own potassium, and of another neuron's spike, does.
    dt : float
        Time step, seconds.
    """
    pending = history.pending(wiring)
    objects: list[Any] = []
    if len(pending.own_times):
        objects += _delivered(group, pending.own_times, pending.own_neurons, None, on_arrival, dt, "past_own")
    if len(pending.times):
        objects += _delivered(group, pending.times, pending.targets, pending.weights, jump, dt, "past_jumps")
    fired = history.rows < wiring.n
    if fired.any() and "lastspike" in group.variables:
        last = np.full(wiring.n, -1e4)
        np.maximum.at(last, history.rows[fired], history.times[fired])
        group.variables["lastspike"].set_value(last)
    return objects


def _delivered(
    group: Any, times: NDArray[np.float64], targets: NDArray[np.int64], weights: Any, on_pre: str, dt: float, name: str
) -> list[Any]:
    from brian2 import SpikeGeneratorGroup, Synapses, second

    step = np.maximum(np.ceil(times / dt * (1 - 1e-12)).astype(np.int64) - 1, 0)
    n = len(times)
    # One generator an arrival: none of them ever spikes twice in a step.
    source = SpikeGeneratorGroup(n, np.arange(n), step * dt * second, dt=dt * second, name=f"{name}_source*")
    variables = "" if weights is None else "w : volt (constant)"
    synapses = Synapses(source, group, variables, on_pre=on_pre, dt=dt * second, namespace={}, name=f"{name}*")
    synapses.connect(i=np.arange(n), j=targets)
    if weights is not None:
        synapses.variables["w"].set_value(weights)
    return [source, synapses]
