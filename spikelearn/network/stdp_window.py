"""Trains and learning synapses of networks in the catalogue, and the window of spike timing beside its formula."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.catalogue.tables import _spread
from spikelearn.network.plasticity import Plasticity
from spikelearn.network.records import Network, SpikeSource
from spikelearn.network.stdp import pair_stdp
from spikelearn.network.wiring import Wiring, wire
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.units import si_value
from spikelearn.simulation.recording import Recording
from spikelearn.spikes.trains import SpikeTrains

__all__ = ["read_plasticity", "read_source", "stdp_window", "weight_change", "window_figure"]


_RULES: dict[Any, Callable[..., Any]] = {"pair_stdp": pair_stdp, "formulas": Plasticity}
_SOURCE = ("trains", "times", "shifts")


def read_source(name: str, given: Mapping[str, Any]) -> SpikeSource:
    """Read ``{ trains = [["10 ms"], ["20 ms"]] }``, or ``{ times = ["10 ms"], shifts = { start, stop, num } }``.

    With `shifts` there is one train for each of them: all times, moved by it.

    Raises
    ------
    ValueError
        Keys that there are not or that do not go together, no list of times, or a time before 0.
    """
    for key in given:
        if key not in _SOURCE:
            raise ValueError(unknown_name(f"Network: source {name}", "setting", key, _SOURCE))
    if set(given) == {"trains"}:
        if not isinstance(given["trains"], list):
            raise ValueError(f"{name}.trains must be a list of lists of times, got {given['trains']!r}")
        trains = [np.empty(0) if train == [] else _times(f"{name}.trains", train) for train in given["trains"]]
    elif set(given) in ({"times"}, {"times", "shifts"}):
        times = _times(f"{name}.times", given["times"])
        shifts = _times(f"{name}.shifts", given["shifts"]) if "shifts" in given else np.zeros(1)
        trains = [times + shift for shift in shifts]
    else:
        raise ValueError(f"Network: source {name} must have trains, or times and perhaps shifts, got {sorted(given)}")
    last = max((float(train.max()) for train in trains if len(train)), default=0.0)
    if min((float(train.min()) for train in trains if len(train)), default=0.0) < 0.0:
        raise ValueError(f"Network: source {name} must have no time before 0")
    return SpikeSource(SpikeTrains.from_arrays([np.sort(train) for train in trains], t_stop=last + 1.0))


def _times(where: str, given: Any) -> Floats:
    found: Floats = np.asarray(si_value(_spread(where, given), "1 second", where), dtype=np.float64)
    return found


def read_plasticity(name: str, given: Mapping[str, Any]) -> Plasticity:
    """Read ``{ rule = "pair_stdp", A_plus = "10 uV", ... }`` or ``{ rule = "formulas", on_pre = { ... }, ... }``.

    Raises
    ------
    ValueError
        A rule or a setting of it that there is not.
    """
    settings = dict(given)
    if "rule" not in settings:
        raise ValueError(f"Network: plasticity {name} must have a rule, one of {', '.join(sorted(_RULES))}")
    kind = str(settings.pop("rule"))
    if kind not in _RULES:
        raise ValueError(unknown_name(f"Network: plasticity {name}", "rule", kind, _RULES))
    known = inspect.signature(_RULES[kind]).parameters
    for key in settings:
        if key not in known:
            raise ValueError(unknown_name(f"Network: plasticity {name}", "setting", key, ("rule", *known)))
    missing = [key for key, about in known.items() if about.default is about.empty and key not in settings]
    if missing:
        raise ValueError(f"Network: plasticity {name} must have {missing[0]}")
    made: Plasticity = _RULES[kind](**settings)
    return made


def weight_change(network: Network, recording: Recording) -> Floats:
    """Give by how much every plastic synapse changed in a run, volts."""
    weights = getattr(recording, "weights", None)
    if weights is None:
        raise ValueError("this quantity needs the weights of a run; a recording read from a file has none")
    wiring = wire(network)
    change: Floats = (weights - wiring.weight)[wiring.learns]
    return change


def _pairs(network: Network) -> tuple[Wiring, Plasticity, Floats]:
    """Give the rule, and for every plastic synapse the spikes of its target minus the arrivals, pair by pair."""
    wiring = wire(network)
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
    _, rule, lags = _pairs(network)
    total: Floats = _window(rule, lags).sum(axis=1)
    return total


def _window(rule: Plasticity, lag: Floats) -> Floats:
    tau_plus, tau_minus = (float(rule.traces[name]) for name in "xy")
    plus, minus = (float(rule.parameters[name]) for name in ("A_plus", "A_minus"))
    found: Floats = np.where(
        lag >= 0.0, plus * np.exp(-np.maximum(lag, 0.0) / tau_plus), -minus * np.exp(np.minimum(lag, 0.0) / tau_minus)
    )
    return found


def window_figure(network: Network, recording: Recording, title: str) -> Any:
    """Draw the change of every synapse over its lag, beside the formula; None where there is no such window."""
    from spikelearn.plotting import COLOURS, new_figure

    try:
        _, rule, lags = _pairs(network)
        change = weight_change(network, recording)
    except ValueError:
        return None
    first, second = list(COLOURS.values())[:2]
    figure = new_figure(7.0, 4.5)
    axes = figure.subplots()
    lag = lags.mean(axis=1)
    edge = 1.1 * float(np.abs(lag).max())
    for side, label in ((np.linspace(-edge, -1e-9, 400), None), (np.linspace(0.0, edge, 400), "formula, all pairs")):
        axes.plot(side * 1e3, lags.shape[1] * _window(rule, side) * 1e6, color=second, lw=1.2, label=label)
    axes.plot(lag * 1e3, change * 1e6, "o", ms=4, color=first, label="change of one synapse")
    axes.axhline(0.0, color="0.7", lw=0.8, zorder=0)
    axes.axvline(0.0, color="0.7", lw=0.8, zorder=0)
    axes.set_xlabel("spike of the target - arrival (ms)")
    axes.set_ylabel("change of the weight (uV)")
    axes.legend(frameon=False)
    axes.set_title(title)
    return figure
