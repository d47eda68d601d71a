"""Many E and I units in trials in the catalogue: means, spread and balance of a run."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelearn.catalogue.entry import Measure, RunRequest, System
from spikelearn.catalogue.registry import register
from spikelearn.models.ei_trials.run_trials import run_trials
from spikelearn.models.ei_units import measures
from spikelearn.models.ei_units.case import UnitsCase
from spikelearn.models.ei_units.figure import overview
from spikelearn.models.ei_units.theory import balance_slope
from spikelearn.parameters.numbers import one_number
from spikelearn.simulation.recording import Recording
from spikelearn.storage.provenance import provenance_of

__all__: list[str] = []


def _run(case: UnitsCase, request: RunRequest) -> Recording:
    table = dict(request.settings)
    noise = one_number("noise", table.get("noise", 0.0))
    n_trials, seed = table.get("n_trials", 250), table.get("seed", 0)
    run = run_trials(
        case.model,
        case.learned,
        n_trials,
        case.W0,
        noise=noise,
        seed=seed,
        sensor=case.sensor,
        variant=case.variant,  # type: ignore[arg-type]
        engine=request.engine_or("array"),  # type: ignore[arg-type]
        target=request.target,
        progress=request.progress,
    )
    made = provenance_of(
        case,
        engine="array",
        target=None,
        dt=run.attrs["dt_ms"] * 1e-3,
        n_trials=n_trials,
        noise=noise,
        seed=seed,
    )
    return Recording(None, run, made)


def _end(name: str) -> Any:
    return lambda _, recording: float(recording.traces[name][-1])


def _spread(kind: str) -> Any:
    return lambda _, recording: float(measures.spread(recording.traces, kind))


def _correlation(onto: str) -> Any:
    return lambda case, r: float(measures.weight_correlation(case.model, r.traces["W_end"].values, onto))


def _slope(onto: str) -> Any:
    def measured(case: UnitsCase, recording: Recording) -> float:
        x, y = measures.summed(case.model, recording.traces["W_end"].values, onto)
        return float(np.polyfit(x, y, 1)[0])

    return measured


register(
    System(
        name="EIUnits",
        model=UnitsCase,
        run=_run,
        quantities={
            "E_end": Measure(_end("E"), "Hz", "running mean of the E units after the last trial, averaged"),
            "I_end": Measure(_end("I"), "Hz", "running mean of the I units after the last trial, averaged"),
            "E_spread": Measure(_spread("E"), "Hz", "standard deviation over the E units after the last trial"),
            "I_spread": Measure(_spread("I"), "Hz", "standard deviation over the I units after the last trial"),
            "E_first": Measure(lambda _, r: float(r.traces["E_trial"][0]), "Hz", "mean of the E units in trial 1"),
            "I_first": Measure(lambda _, r: float(r.traces["I_trial"][0]), "Hz", "mean of the I units in trial 1"),
            "correlation_onto_E": Measure(
                _correlation("E"), "1", "over E units, of the summed weights from E with those from I"
            ),
            "correlation_onto_I": Measure(
                _correlation("I"), "1", "over I units, of the summed weights from E with those from I"
            ),
            "slope_onto_E": Measure(_slope("E"), "1", "slope of the summed weights of E units, from I against from E"),
            "slope_onto_I": Measure(_slope("I"), "1", "slope of the summed weights of I units, from I against from E"),
        },
        formulas={
            "E_set": Measure(lambda case: case.model.populations.E_set, "Hz", "set point of E"),
            "I_set": Measure(lambda case: case.model.populations.I_set, "Hz", "set point of I"),
            "E_max": Measure(lambda case: case.model.populations.E_max, "Hz", "cut-off of E"),
            "I_max": Measure(lambda case: case.model.populations.I_max, "Hz", "cut-off of I"),
            "balance_slope": Measure(
                lambda case: balance_slope(case.model), "1", "E_set/I_set: all units at their set points, Eq. (24)"
            ),
        },
        figure=overview,
        more_parameters={
            "rates": "{ alpha = 1e-5, beta = 1e-5 }",
            "start": "[0.1, 0.04]",
            "W_EI": "[0.12, 0.048]",
            "populations": "{ I_ext = 0.0 }",
        },
        run_settings=frozenset({"n_trials", "noise", "seed"}),
        example={"W_EI": [0.12, 0.048]},
        example_run={"n_trials": 3},
        why_not_simulated="it is counted in trials, not in seconds: use spikelearn.run_trials",
    )
)
