"""The spiking network in the catalogue: Up states, rates, and the paradoxical effect."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelearn.catalogue.entry import Measure, RunRequest, System
from spikelearn.catalogue.registry import register
from spikelearn.models.up_state_network import measures, theory
from spikelearn.models.up_state_network.case import UpStateCase
from spikelearn.models.up_state_network.figure import overview
from spikelearn.models.up_state_network.frozen import run_frozen
from spikelearn.parameters.series import read_value
from spikelearn.simulation.recording import Recording

__all__: list[str] = []

_QUANTITIES = ("duration", "injected", "inject_from", "inject_to")


def _run(case: UpStateCase, request: RunRequest) -> Recording:
    table = dict(request.settings)
    settings = {
        name: read_value(table[name], f"[run] {name}") if name in _QUANTITIES else table[name]
        for name in table
        if name != "n_trials"
    }
    return run_frozen(
        case.model,
        case.synapses,
        table.get("n_trials", 10),
        engine=request.engine_or("array"),
        target=request.target,
        progress=request.progress,
        **settings,
    )


def _mean(name: str) -> Any:
    return lambda _, recording: float(recording.traces[name].mean())


def _spread(kind: str) -> Any:
    def measured(case: UpStateCase, recording: Recording) -> float:
        rates = recording.traces["rates"].mean("trial").values
        return float((rates[: case.model.n_E] if kind == "E" else rates[case.model.n_E :]).std())

    return measured


def _change(place: int) -> Any:
    def measured(case: UpStateCase, recording: Recording) -> float:
        return float(np.mean(measures.paradoxical_change(case.model, recording)[place]))

    return measured


register(
    System(
        name="UpStateNetwork",
        model=UpStateCase,
        run=_run,
        quantities={
            "E_up": Measure(_mean("E_trial"), "Hz", "what the sensors of the E units see, over units and trials"),
            "I_up": Measure(_mean("I_trial"), "Hz", "what the sensors of the I units see, over units and trials"),
            "E_spread": Measure(_spread("E"), "Hz", "standard deviation over E units of their mean over trials"),
            "I_spread": Measure(_spread("I"), "Hz", "standard deviation over I units of their mean over trials"),
            "up_time": Measure(_mean("up_time"), "s", "time in Up states in a trial"),
            "up_share": Measure(
                lambda _, r: float((r.traces["n_ups"] > 0).mean()), "1", "share of the trials with an Up state"
            ),
            "E_change": Measure(
                _change(0), "Hz", "rate of E during the current into I minus that in the second before"
            ),
            "I_change": Measure(
                _change(1), "Hz", "rate of I during the current into I minus that in the second before"
            ),
        },
        formulas={
            "E_set": Measure(lambda case: float(case.model.E_set), "Hz", "set point of E units"),
            "I_set": Measure(lambda case: float(case.model.I_set), "Hz", "set point of I units"),
            "minimum_kick": Measure(
                lambda case: theory.minimum_kick(case.model), "pA", "kick from which a unit fires, in continuous time"
            ),
            "kick_spike": Measure(
                lambda case: theory.kick_spike(case.model), "ms", "when a kicked unit fires on the grid, without noise"
            ),
            "every_trial": Measure(lambda _: 1.0, "1", "an Up state in every trial"),
        },
        figure=overview,
        more_parameters={
            "start": "[165.0, 265.0, 141.0, 181.0]",
            "network": '{ sigma = "2.5 mV" }',
        },
        run_settings=frozenset({"n_trials", "seed", *_QUANTITIES}),
        example={
            "start": [165.0, 265.0, 141.0, 181.0],
            "network": {"n_E": 40, "n_I": 10, "n_kicked": 8, "duration": "300 ms", "t_kick": "20 ms"},
        },
        example_run={"n_trials": 2},
        why_not_simulated="it needs connections and runs in trials: use UpStateNetwork.trials, or "
        "spikelearn.run_trials to let it learn",
    )
)
