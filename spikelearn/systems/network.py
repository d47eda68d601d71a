"""Networks in the catalogue: from the tables of a model file to a network, and what is measured in a run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.models.adaptive_lif.model import AdaptiveLIF
from spikelearn.network.connectivity import Connections, FixedInDegree, FixedProbability, OneToOne
from spikelearn.network.records import Network, PoissonInput, Population, Projection
from spikelearn.network.wiring import wire
from spikelearn.parameters import parse_quantity, unknown_name
from spikelearn.recording import Recording
from spikelearn.systems.record import Measure, RunRequest, System
from spikelearn.systems.running import SIMULATE_SETTINGS, _spread, simulate_request

__all__ = ["SYSTEM"]

_CONNECTIONS = ("pairs", "ring", "one_to_one", "probability", "in_degree")


def _connections(given: Mapping[str, Any], size: int) -> Any:
    """Read ``{ in_degree = 20 }``, ``{ pairs = [[0, 1], [1, 0]] }`` and so on."""
    if len(given) != 1:
        raise ValueError(f"Network: connect must have one of {', '.join(_CONNECTIONS)}, got {sorted(given)}")
    ((kind, value),) = given.items()
    if kind == "pairs":
        pairs = np.asarray(value, dtype=np.int64).reshape(-1, 2)
        return Connections(pairs[:, 0], pairs[:, 1])
    if kind == "ring":
        index = np.arange(size)
        return Connections(index, (index + int(value)) % size)
    if kind == "one_to_one":
        return OneToOne()
    if kind == "probability":
        return FixedProbability(float(value))
    if kind == "in_degree":
        return FixedInDegree(int(value))
    raise ValueError(unknown_name("Network", "connect", kind, _CONNECTIONS))


def _population(given: Mapping[str, Any]) -> Population:
    settings = dict(given)
    n, refractory = int(settings.pop("n", 1)), parse_quantity(settings.pop("refractory", 0.0))
    vary = {name: _spread(name, value) for name, value in settings.pop("vary", {}).items()}
    return Population(AdaptiveLIF(**settings), n, vary, refractory)


def _build(parameters: Mapping[str, Any]) -> Network:
    populations = {name: _population(table) for name, table in parameters.get("populations", {}).items()}
    projections = []
    for table in parameters.get("projections", []):
        missing = {"source", "target", "connect", "weight", "delay"} - set(table)
        if missing:
            raise ValueError(f"Network: a projection must have {sorted(missing)[0]}")
        size = populations[table["source"]].n if table["source"] in populations else 0
        projections.append(
            Projection(
                table["source"],
                table["target"],
                _connections(table["connect"], size),
                _values(table["weight"]),
                _values(table["delay"]),
                bool(table.get("allow_self", False)),
            )
        )
    poisson = [PoissonInput(t["population"], t["rate"], t["weight"]) for t in parameters.get("poisson", [])]
    return Network(populations, projections, poisson=poisson, seed=int(parameters.get("seed", 0)))


def _values(given: Any) -> Any:
    return _spread("values", given) if isinstance(given, list) else parse_quantity(given)


def _trains(recording: Recording) -> list[NDArray[np.float64]]:
    if recording.spikes is None:
        raise ValueError("this quantity needs spike times; record='counts' keeps none")
    return list(recording.spikes)


def _late(recording: Recording) -> list[NDArray[np.float64]]:
    """Trains in the second half of the window, where transients are over."""
    half = 0.5 * (recording.spikes.t_stop if recording.spikes is not None else 0.0)
    return [train[train >= half] for train in _trains(recording)]


def _counts(_network: Network, recording: Recording) -> Any:
    return np.asarray(recording.counts)[0].astype(np.float64)


def _last_spikes(_network: Network, recording: Recording) -> Any:
    return np.array([train[-1] if len(train) else np.nan for train in _trains(recording)])


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
    trains = _trains(recording)
    found = []
    for name in network.populations:
        intervals = [np.diff(train) for train in trains[network.units(name)] if len(train) > 5]
        found.append(np.mean([i.std() / i.mean() for i in intervals]) if intervals else np.nan)
    return np.array(found)


def _synchronous_interval(network: Network) -> float:
    """Interval of identical neurons without potassium that fire together and receive their inputs once an interval."""
    wiring = wire(network)
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
    "rate": Measure(_rate, "Hz", "mean rate of each population"),
    "irregularity": Measure(_irregularity, "1", "mean coefficient of variation of the intervals, each population"),
}

FORMULAS = {
    "synchronous_interval": Measure(
        _synchronous_interval, "s", "d + tau log((V_0 e^{-d/tau} - w)/(V_0 - theta)) of neurons that fire together"
    ),
}


def _run(network: Network, request: RunRequest) -> Recording:
    return simulate_request(network, request)


def _figure(network: Network, recording: Recording, title: str) -> Any:
    from spikelearn.plotting import COLOURS, new_figure, raster

    figure = new_figure(9.0, 5.0)
    axes = figure.subplot_mosaic([["raster"], ["rate"]], height_ratios=[2.0, 1.0], sharex=True)
    if recording.spikes is not None:
        raster(axes["raster"], recording.spikes)
        width = recording.spikes.duration / 100
        edges = recording.spikes.t_start + width * np.arange(101)
        trains = _trains(recording)
        for name, colour in zip(network.populations, [*COLOURS.values()] * network.n, strict=False):
            flat = np.concatenate(trains[network.units(name)])
            rate = np.histogram(flat, edges)[0] / width / network.populations[name].n
            axes["rate"].stairs(rate, edges, label=name, color=colour)
        axes["rate"].legend(frameon=False, fontsize="small", loc="upper right")
    axes["raster"].set_xlabel("")
    axes["rate"].set_ylabel("rate (Hz)")
    axes["rate"].set_xlabel("time (s)")
    figure.suptitle(title)
    return figure


SYSTEM = System(
    name="Network",
    summary="adaptive LIF neurons coupled by delayed jumps of the membrane",
    parameters={
        "populations": "{ E = { n = 80, V_0 = '20 mV' } }",
        "projections": "[{ source = 'E', target = 'E', connect = { in_degree = 9 }, weight = '1 mV', delay = '1 ms' }]",
        "poisson": "[{ population = 'E', rate = '1 kHz', weight = '0.1 mV' }]",
        "seed": "0",
    },
    run_settings=SIMULATE_SETTINGS - {"n", "vary"},
    build=_build,
    run=_run,
    quantities=QUANTITIES,
    formulas=FORMULAS,
    figure=_figure,
    initial_settings=frozenset({"u", "g", "past_spikes"}),
)
