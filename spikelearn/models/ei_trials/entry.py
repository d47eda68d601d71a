"""E and I populations in trials in the catalogue: what is measured in a run, and what formulas say of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelearn.arrays import Floats
from spikelearn.catalogue.entry import Measure, RunRequest, System
from spikelearn.catalogue.registry import register
from spikelearn.models.ei_trials import measures, theory
from spikelearn.models.ei_trials.case import OnlineCase, TrialCase
from spikelearn.models.ei_trials.figure import online_overview, overview
from spikelearn.models.ei_trials.run_trials import run_trials
from spikelearn.parameters.numbers import one_number
from spikelearn.simulation.recording import Recording
from spikelearn.storage.provenance import provenance_of

__all__: list[str] = []


def _run(case: TrialCase, request: RunRequest) -> Recording:
    table = dict(request.settings)
    noise, seed, n_trials = (
        one_number("noise", table.get("noise", 0.0)),
        table.get("seed", 0),
        table.get("n_trials", 500),
    )
    engine = request.engine_or("array")
    run = run_trials(
        case.model,
        case.learned,
        n_trials,
        case.W0,
        noise=noise,
        seed=seed,
        sensor=case.sensor,
        variant=case.variant,  # type: ignore[arg-type]
        engine=engine,  # type: ignore[arg-type]
        target=request.target,
        progress=request.progress,
    )
    made = provenance_of(
        case,
        engine=engine,
        target=run.attrs.get("target"),
        dt=run.attrs["dt_ms"] * 1e-3,
        n_trials=n_trials,
        noise=noise,
        seed=seed,
    )
    return Recording(None, run, made)


def _run_online(case: OnlineCase, request: RunRequest) -> Recording:
    table = dict(request.settings)
    noise = one_number("noise", table.get("noise", 0.0))
    seed, n_trials = table.get("seed", 0), table.get("n_trials", 50)
    engine = request.engine_or("array")
    run = run_trials(
        case.model,
        case.learned,
        n_trials,
        case.W0,
        noise=noise,
        seed=seed,
        sensor=case.sensor,
        variant=case.variant,  # type: ignore[arg-type]
        engine=engine,  # type: ignore[arg-type]
        target=request.target,
        online=True,
        progress=request.progress,
    )
    dt, target = run.attrs["dt_ms"] * 1e-3, run.attrs.get("target")
    made = provenance_of(case, engine=engine, target=target, dt=dt, n_trials=n_trials, noise=noise, seed=seed)
    return Recording(None, run, made)


def _weights(_case: TrialCase, recording: Recording) -> Floats:
    names = ("W_EE", "W_EI", "W_IE", "W_II")
    return np.array([float(recording.traces[name][-1]) for name in names])


def _first_predicted(case: TrialCase) -> float:
    found = theory.predicted_first_up(case.model, case.learned, case.W0, variant=case.variant)
    if found is None:
        raise ValueError(
            "first_up_trial holds where the silent rule takes W_EE to the threshold of ignition while the kick leaves "
            "I silent; from here it does not"
        )
    return float(found)


def _line(weights: str) -> Any:
    def measured(case: TrialCase, recording: Recording) -> float:
        ee, ei, ie, ii = _weights(case, recording)
        set_E, set_I = case.model.E_set, case.model.I_set
        return float(set_E * ee - set_I * ei if weights == "onto_E" else set_E * ie - set_I * ii)

    return measured


register(
    System(
        name="EITrials",
        model=TrialCase,
        run=_run,
        quantities={
            "E_end": Measure(lambda _, r: float(r.traces["E"][-1]), "Hz", "running mean of E after the last trial"),
            "I_end": Measure(lambda _, r: float(r.traces["I"][-1]), "Hz", "running mean of I after the last trial"),
            "weights_end": Measure(_weights, "1", "W_EE, W_EI, W_IE, W_II after the last trial"),
            "first_up_trial": Measure(
                lambda _, r: float(measures.first_up(r.traces)), "1", "number of the first Up trial; 0 for none"
            ),
            "last_up_trial": Measure(
                lambda _, r: float(measures.last_up(r.traces)), "1", "number of the last Up trial; 0 for none"
            ),
            "up_trials": Measure(
                lambda _, r: float(measures.up_trials(r.traces).sum()), "1", "how many trials end in an Up state"
            ),
            "switches": Measure(lambda _, r: float(measures.switches(r.traces)), "1", "changes between Up and silence"),
            "line_onto_E": Measure(_line("onto_E"), "Hz", "E_set W_EE - I_set W_EI at the end"),
            "line_onto_I": Measure(_line("onto_I"), "Hz", "E_set W_IE - I_set W_II at the end"),
        },
        formulas={
            "first_up_trial": Measure(
                _first_predicted, "1", "silent drift of the weights up to the threshold of ignition"
            ),
            "ignition_threshold": Measure(
                lambda case: theory.ignition_threshold(case.model, case.variant),
                "1",
                "W_EE above which the kick ignites while I is silent",
            ),
            "line_onto_E": Measure(
                lambda case: theory.end_lines(case.model)["onto_E"], "Hz", "where E is at its set point, Eq. (24)"
            ),
            "line_onto_I": Measure(
                lambda case: theory.end_lines(case.model)["onto_I"], "Hz", "where I is at its set point, Eq. (24)"
            ),
        },
        figure=overview,
        more_parameters={
            "rates": "{ alpha_EE = 5e-4, alpha_EI = 5e-4, alpha_IE = 5e-4, alpha_II = 5e-4 }",
            "W0": "[2.1, 3.0, 4.0, 1.5]",
            "populations": "{ I_ext = 0.0 }",
            "about": "{ W_EE = 5.0, W_IE = 10.0 }",
        },
        run_settings=frozenset({"n_trials", "noise", "seed"}),
        example_run={"n_trials": 20},
        why_not_simulated="it is counted in trials, not in seconds: use spikelearn.run_trials",
    )
)

register(
    System(
        name="EIOnline",
        model=OnlineCase,
        run=_run_online,
        quantities={
            "E_end": Measure(lambda _, r: float(r.traces["E_calcium"][-1]), "Hz", "calcium sensor of E at the end"),
            "I_end": Measure(lambda _, r: float(r.traces["I_calcium"][-1]), "Hz", "calcium sensor of I at the end"),
            "weights_end": Measure(_weights, "1", "W_EE, W_EI, W_IE, W_II at the end"),
            "ignition_time": Measure(
                lambda _, r: float(measures.ignition_time(r.traces)), "s", "first time with the sensor of E above 1 Hz"
            ),
            "line_onto_E": Measure(_line("onto_E"), "Hz", "E_set W_EE - I_set W_EI at the end"),
            "line_onto_I": Measure(_line("onto_I"), "Hz", "E_set W_IE - I_set W_II at the end"),
        },
        formulas={
            "ignition_threshold": Measure(
                lambda case: theory.ignition_threshold(case.model, case.variant),
                "1",
                "W_EE above which the kick ignites while I is silent",
            ),
            "E_set": Measure(lambda case: case.model.E_set, "Hz", "set point of E"),
            "I_set": Measure(lambda case: case.model.I_set, "Hz", "set point of I"),
        },
        figure=online_overview,
        more_parameters={
            "rates": "{ alpha_EE = 5e-7, alpha_EI = 5e-7, alpha_IE = 5e-7, alpha_II = 5e-7 }",
            "W0": "[2.2, 3.0, 4.0, 2.0]",
            "populations": "{ I_ext = 0.0 }",
            "about": "{ W_EE = 5.0, W_IE = 10.0 }",
        },
        run_settings=frozenset({"n_trials", "noise", "seed"}),
        example_run={"n_trials": 3},
        why_not_simulated="its kicks and sensors are those of the trials: use spikelearn.run_trials(..., online=True)",
    )
)
