"""Networks in the catalogue: what is measured in a run, which formulas it should equal, and the figure."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.catalogue.entry import Measure, System
from spikelearn.catalogue.registry import register
from spikelearn.network.figure import overview, window_figure
from spikelearn.network.pair import contraction, measured_contraction
from spikelearn.network.records import Network
from spikelearn.network.stdp_window import stdp_window, weight_change
from spikelearn.network.tables import build_network
from spikelearn.simulation.recording import Recording

__all__ = ["SYSTEM"]


def _late(recording: Recording) -> list[NDArray[np.float64]]:
    """Trains in the second half of the window, where transients are over."""
    trains = recording.spike_trains()
    return [train[train >= 0.5 * trains.t_stop] for train in trains]


def _counts(_network: Network, recording: Recording) -> Any:
    return np.asarray(recording.counts)[0].astype(np.float64)


def _last_spikes(_network: Network, recording: Recording) -> Any:
    return np.array([train[-1] if len(train) else np.nan for train in recording.spike_trains()])


def _mean_interval(_network: Network, recording: Recording) -> float:
    return float(np.mean(np.concatenate([np.diff(train) for train in _late(recording)])))


def _asynchrony(_network: Network, recording: Recording) -> float:
    """Largest distance of the last spikes of all neurons."""
    last = _last_spikes(_network, recording)
    return float(last.max() - last.min())


def _rate(network: Network, recording: Recording) -> Any:
    duration = recording.provenance["duration"]
    counts = np.asarray(recording.counts)[0]
    return np.array([counts[network.units(name)].mean() / duration for name in network.populations])


def _irregularity(network: Network, recording: Recording) -> Any:
    trains = list(recording.spike_trains())
    found = []
    for name in network.populations:
        intervals = [np.diff(train) for train in trains[network.units(name)] if len(train) > 5]
        found.append(np.mean([i.std() / i.mean() for i in intervals]) if intervals else np.nan)
    return np.array(found)


def _synchronous_interval(network: Network) -> float:
    """Interval of identical neurons without potassium that fire together and receive their inputs once an interval."""
    if network.own:
        raise ValueError(f"synchronous_interval must be of AdaptiveLIF neurons, got others in {network.own[0]}")
    wiring = network.wiring
    first = {name: float(value[0]) for name, value in wiring.values.items()}
    jump = float(wiring.weight[wiring.target == 0].sum())
    delay = float(wiring.delay[0]) - first["refractory"]
    after = first["V_0"] * math.exp(-delay / first["tau"]) - jump
    return float(wiring.delay[0]) + first["tau"] * math.log(after / (first["V_0"] - first["theta"]))


QUANTITIES = {
    "spike_count": Measure(_counts, "1", "number of spikes of every neuron"),
    "last_spike": Measure(_last_spikes, "s", "time of every neuron's last spike"),
    "mean_interval": Measure(_mean_interval, "s", "mean interval over all neurons, second half of the window"),
    "asynchrony": Measure(_asynchrony, "s", "largest distance between the last spikes of the neurons"),
    "population_rates": Measure(_rate, "Hz", "rate of every population, mean over its neurons"),
    "contraction": Measure(measured_contraction, "1", "factor by which the spikes of a pair come closer each cycle"),
    "weight_change": Measure(weight_change, "V", "how much every plastic synapse changed, in the order of synapses"),
    "irregularity": Measure(_irregularity, "1", "mean coefficient of variation of the intervals, each population"),
}

FORMULAS = {
    "contraction": Measure(
        contraction, "1", "(V_0 e^{r/tau} + w e^{d/tau})/(V_0 e^{r/tau} - w e^{d/tau}), two neurons without potassium"
    ),
    "stdp_window": Measure(
        stdp_window, "V", "sum over pairs of A_plus e^{-lag/tau_plus}, -A_minus e^{lag/tau_minus} (Song et al. 2000)"
    ),
    "synchronous_interval": Measure(
        _synchronous_interval, "s", "d + tau log((V_0 e^{-d/tau} - w)/(V_0 - theta)) of neurons that fire together"
    ),
}


def _figure(network: Network, recording: Recording, title: str) -> Any:
    return window_figure(network, recording, title) or overview(network, recording, title)


SYSTEM = register(
    System(
        name="Network",
        model=Network,
        build=build_network,
        quantities=QUANTITIES,
        formulas=FORMULAS,
        figure=_figure,
        more_parameters={
            "populations": "{ E = { n = 80, V_0 = '20 mV' } }",
            "projections": (
                "[{ source = 'E', target = 'E', connect = { in_degree = 9 }, weight = '1 mV', delay = '1 ms' }]"
            ),
            "sources": "{ input = { trains = [['10 ms', '20 ms'], ['15 ms']] } }",
            "plasticity": "{ stdp = { rule = 'pair_stdp', A_plus = '10 uV', A_minus = '10.5 uV' } }",
            "poisson": "[{ population = 'E', rate = '1 kHz', weight = '0.1 mV' }]",
        },
        example={"populations": {"E": {"n": 10, "V_0": "20 mV", "delta_g": 0.0}}},
        example_run={"duration": "0.2 s"},
        agreement={"mean_interval": 0.02},
    )
)
