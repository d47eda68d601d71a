"""Two identical neurons with one delay between them: how fast a small distance of their spikes shrinks.

Without potassium, with the refractory period r shorter than the delay d and d shorter than the interval, each neuron
receives the other's jump w once a cycle, after its own reset. The next spike is where
``(V_0 - theta) e^{t'/tau} = V_0 e^{(t + r)/tau} - w e^{(s + d)/tau}``, t and s the last spikes of the neuron and of the
other one: linear in ``X = e^{t/tau}``. ``(X_0 - X_1)/(X_0 + X_1) = tanh((t_0 - t_1)/(2 tau))`` is therefore multiplied,
cycle by cycle and at any distance below d - r, by ``(V_0 e^{r/tau} + w e^{d/tau})/(V_0 e^{r/tau} - w e^{d/tau})``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.network.records import Network
from spikelearn.network.wiring import Wiring
from spikelearn.simulation.recording import Recording

__all__ = ["contraction", "distances", "is_pair", "measured_contraction", "predicted_distances"]

# Distances below this are rounding of spike times.
_SMALLEST = 1e-9


def _is_pair(wiring: Wiring) -> bool:
    values = wiring.values
    return (
        wiring.n == 2
        and len(wiring.start) == 3
        and not wiring.rates
        and wiring.target.tolist() == [1, 0]
        and len(wiring.delay) == 1
        and bool(wiring.weight[0] == wiring.weight[1])
        and all(value[0] == value[1] for value in values.values())
        and bool(values["delta_g"][0] == 0.0)
        and bool(values["refractory"][0] < wiring.delay[0])
    )


def is_pair(network: Network) -> bool:
    """Tell whether these are two such neurons, each with one synapse onto the other and no other input."""
    return network.n == 2 and not network.own and _is_pair(network.wiring)


def contraction(network: Network) -> float:
    """Give the factor by which the distance of the spikes shrinks each cycle.

    Raises
    ------
    ValueError
        The network is no such pair.
    """
    wiring = network.wiring
    if network.own or not _is_pair(wiring):
        raise ValueError(
            "contraction is for two identical neurons without potassium, each with one synapse on the other"
        )
    V_0, tau, pause = (float(wiring.values[name][0]) for name in ("V_0", "tau", "refractory"))
    own, other = V_0 * math.exp(pause / tau), float(wiring.weight[0]) * math.exp(float(wiring.delay[0]) / tau)
    return (own + other) / (own - other)


def distances(recording: Recording) -> NDArray[np.float64]:
    """Give the time from each spike of the second neuron to that of the first, cycle by cycle, seconds."""
    if recording.spikes is None:
        raise ValueError("this quantity needs spike times; record='counts' keeps none")
    first, second = recording.spikes.train(0), recording.spikes.train(1)
    cycles = min(len(first), len(second))
    return first[:cycles] - second[:cycles]


def measured_contraction(network: Network, recording: Recording) -> float:
    """Give the mean factor per cycle (geometric) while the distance is above rounding; NaN where it never is."""
    tau = float(network.wiring.values["tau"][0])
    size = np.tanh(np.abs(distances(recording)) / (2.0 * tau))
    below = np.flatnonzero(size < _SMALLEST / (2.0 * tau))
    last = int(below[0]) - 1 if len(below) else len(size) - 1
    return float((size[last] / size[0]) ** (1.0 / last)) if last > 0 else math.nan


def predicted_distances(network: Network, first: float, cycles: int) -> Any:
    """Give the distances that follow from the first one, seconds."""
    tau = float(network.wiring.values["tau"][0])
    return 2.0 * tau * np.arctanh(contraction(network) ** np.arange(cycles) * math.tanh(first / (2.0 * tau)))
