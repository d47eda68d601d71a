"""A user's own neuron in the catalogue: equation strings in a model file."""

from __future__ import annotations

from spikelearn.catalogue.entry import Measure, System
from spikelearn.catalogue.registry import register
from spikelearn.catalogue.trains import TRAINS
from spikelearn.models.equation_neuron.model import EquationNeuron
from spikelearn.simulation.recording import Recording

__all__: list[str] = []


def _rate(_model: EquationNeuron, recording: Recording) -> float:
    trains = recording.spikes
    return float("nan") if trains is None else trains.n_spikes / (trains.duration * trains.n_units)


register(
    System(
        name="EquationNeuron",
        model=EquationNeuron,
        quantities={**TRAINS, "rate": Measure(_rate, "Hz", "spikes a second and neuron")},
        more_parameters={
            "equations": "dv/dt = (drive - v)/tau : volt",
            "threshold": "v > 15*mV",
            "reset": "v = 0*mV",
            "refractory": "5 ms",
            "on_spike": "g_post += 0.05",
            "method": "rk4",
            "parameters": "{ drive = '20 mV', tau = '10 ms' }",
        },
        example={
            "equations": "dv/dt = (drive - v)/tau : volt",
            "threshold": "v > 15*mV",
            "reset": "v = 0*mV",
            "parameters": {"drive": "20 mV", "tau": "10 ms"},
        },
        example_run={"duration": "0.1 s"},
    )
)
