"""A user's own neuron in the catalogue: equation strings in a model file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spikelearn.catalogue.entry import Measure, RunRequest, System
from spikelearn.catalogue.registry import register
from spikelearn.catalogue.tables import SIMULATE_SETTINGS, simulate_request
from spikelearn.models.adaptive_lif import entry as adaptive_lif
from spikelearn.models.equation_neuron.model import EquationNeuron
from spikelearn.simulation.recording import Recording

__all__ = ["SYSTEM"]


def _rate(_model: EquationNeuron, recording: Recording) -> float:
    if recording.spikes is None:
        return float("nan")
    return recording.spikes.n_spikes / (recording.spikes.duration * recording.spikes.n_units)


def _build(table: Mapping[str, Any]) -> EquationNeuron:
    return EquationNeuron(**table)


def _run(model: EquationNeuron, request: RunRequest) -> Recording:
    return simulate_request(model, request)


def _figure(model: EquationNeuron, recording: Recording, title: str) -> Any:
    from spikelearn.plotting import new_figure, raster, trace

    traced = [str(name) for name in recording.traces.data_vars]
    panels = (["raster"] if recording.spikes is not None else []) + traced
    figure = new_figure(8.0, 1.0 + 1.8 * max(len(panels), 1))
    axes = np.atleast_1d(figure.subplots(max(len(panels), 1), 1, sharex=True))
    for panel, name in zip(axes, panels, strict=False):
        if name == "raster" and recording.spikes is not None:
            raster(panel, recording.spikes)
        else:
            unit = model.recordable[name]
            trace(panel, recording.traces, name, label=name if unit == "1" else f"{name} ({unit})")
    axes[-1].set_xlabel("time (s)")
    figure.suptitle(title)
    return figure


SYSTEM = register(
    System(
        name="EquationNeuron",
        summary="a neuron of your own, by Brian2 equation strings",
        parameters={
            "equations": "dv/dt = (drive - v)/tau : volt",
            "threshold": "v > 15*mV",
            "reset": "v = 0*mV",
            "refractory": "5 ms",
            "on_spike": "g_post += 0.05",
            "delay": "2 ms",
            "method": "rk4",
            "parameters": "{ drive = '20 mV', tau = '10 ms' }",
        },
        run_settings=SIMULATE_SETTINGS,
        build=_build,
        run=_run,
        quantities={
            **{
                name: adaptive_lif.QUANTITIES[name]
                for name in ("spike_count", "first_spike", "last_spike", "last_interval", "mean_interval")
            },
            "rate": Measure(_rate, "Hz", "spikes a second and neuron"),
        },
        formulas={},
        figure=_figure,
    )
)
