"""Escape-noise neurons in the catalogue: what is measured, and the formulas that it should equal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spikelearn.catalogue.entry import Measure, RunRequest, System
from spikelearn.catalogue.registry import register
from spikelearn.catalogue.tables import simulate_request
from spikelearn.models.escape_noise import measures
from spikelearn.models.escape_noise.figure import overview
from spikelearn.models.escape_noise.measures import EscapeCase
from spikelearn.models.escape_noise.model import EscapeNoise
from spikelearn.models.escape_noise.theory import rest_rate
from spikelearn.parameters.numbers import number_array
from spikelearn.parameters.units import parse_quantity, seconds
from spikelearn.simulation.recording import Recording

__all__: list[str] = []


def _build(parameters: Mapping[str, Any]) -> EscapeCase:
    given = dict(parameters)
    weights = number_array("EscapeNoise.W", given.pop("W", [[0.0]]))
    dt = seconds(given.pop("dt", "1 ms"), "EscapeNoise.dt")
    if dt <= 0:
        raise ValueError(f"EscapeNoise.dt must be positive, got {parameters['dt']}")
    if weights.ndim != 2 or weights.shape[0] != weights.shape[1]:
        raise ValueError(f"EscapeNoise.W must be a square matrix (to, from), got shape {weights.shape}")
    values = {name: value if name == "link" else parse_quantity(value) for name, value in given.items()}
    return EscapeCase(EscapeNoise(**values), weights, dt)


def _run(case: EscapeCase, request: RunRequest) -> Recording:
    described = {**request.settings, "dt": case.dt, "W": case.W}
    return simulate_request(case.cell, RunRequest(described, {}, request.engine, request.target, request.progress))


register(
    System(
        name="EscapeNoise",
        model=EscapeNoise,
        build=_build,
        run=_run,
        quantities={
            "last_rate": Measure(
                measures.last_rate, "Hz", "rate of the last unit, after ten time constants of a trial"
            ),
            "unit_rates": Measure(
                measures.settled_rates, "Hz", "rate of every unit, after ten time constants of each trial"
            ),
            "log_likelihood": Measure(measures.log_likelihood, "1", "nats in each bin of the spikes under the model"),
        },
        formulas={
            "rest_rate": Measure(lambda case: rest_rate(case.cell, case.dt), "Hz", "(1 - exp(-rho dt))/dt at rest"),
            "adapting_rate": Measure(
                measures.adapting_rate, "Hz", "stationary mean of the Markov chain of adaptation, W = 0"
            ),
            "driven_rate": Measure(
                measures.driven_rate,
                "Hz",
                "stationary rate of the second of two units, driven by the first; nothing adapts",
            ),
        },
        figure=overview,
        more_parameters={"W": "[[0.0]]", "dt": "1 ms"},
        run_settings=frozenset({"duration", "n_trials", "seed", "record"}),
        example_run={"duration": "2 s", "n_trials": 20, "seed": 1},
        agreement={"last_rate": 0.05},
    )
)
