"""The quadratic neuron in the catalogue."""

from __future__ import annotations

from spikelearn.catalogue.entry import Measure, System
from spikelearn.catalogue.registry import register
from spikelearn.catalogue.trains import TRAINS
from spikelearn.models.quadratic.model import QuadraticNeuron

__all__: list[str] = []

register(
    System(
        name="QuadraticNeuron",
        model=QuadraticNeuron,
        quantities=TRAINS,
        formulas={"interval": Measure(QuadraticNeuron.interval, "s", "from reset to peak, in closed form")},
        example_run={"duration": "0.3 s", "record": []},
        agreement={"mean_interval": 2e-3},
    )
)
