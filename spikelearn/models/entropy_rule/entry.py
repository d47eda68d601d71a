"""The entropy rule in the catalogue: what is measured, and the formulas that it should equal."""

from __future__ import annotations

from typing import Any

from spikelearn.catalogue.entry import Measure, RunRequest, System
from spikelearn.catalogue.registry import register
from spikelearn.models.entropy_rule import measures
from spikelearn.models.entropy_rule.cases import CASE_PARAMETERS, EntropyCase, build_case, run_replay
from spikelearn.models.entropy_rule.figure import overview
from spikelearn.models.entropy_rule.model import EntropyRule
from spikelearn.parameters.numbers import one_number, whole_number
from spikelearn.simulation.recording import Recording
from spikelearn.simulation.simulate import simulate

__all__: list[str] = []


def _run(case: EntropyCase, request: RunRequest) -> Recording:
    """Run the online rule for whole periods of its input, or learn and replay a movie."""
    given: dict[str, Any] = dict(request.settings)
    cycles = whole_number("[run] cycles", given.get("cycles", 3), at_least=1)
    noise = one_number("[run] noise", given.get("noise", 0.0))
    seed = given.get("seed")
    if case.truth is None:
        if request.engine not in (None, "array") or request.target != "auto":
            raise ValueError(f"task {case.task!r} must run on the array engine, got {request.engine or request.target}")
        if not 0.0 <= noise < float("inf"):
            raise ValueError(f"[run] noise must not be negative and be finite, got {noise:g}")
        return run_replay(case, cycles, noise, None if seed is None else whole_number("[run] seed", seed))
    if "noise" in given:
        raise ValueError("[run] noise must be left out for the task 'connectivity', whose input is as it stands")
    # It draws nothing, so that every seed, which a sweep gives to each point, is right.
    if seed is not None:
        whole_number("[run] seed", seed)
    every = whole_number("[run] records_per_cycle", given.get("records_per_cycle", 1), at_least=1)
    steps = len(case.frames)
    if steps % every:
        raise ValueError(f"[run] records_per_cycle must divide the {steps} steps of a cycle, got {every}")
    return simulate(
        case.rule,
        cycles * steps * case.dt,
        engine=request.engine,
        target=request.target,
        dt=case.dt,
        record_dt=case.dt * (steps // every),
        input=case.frames,
        progress=request.progress,
    )


register(
    System(
        name="EntropyRule",
        model=EntropyRule,
        build=build_case,
        run=_run,
        quantities={
            "weights": Measure(measures.weights_at_end, "1", "weights after the last period, row by row"),
            "weight_error": Measure(measures.weight_error, "1", "|W - W_0| / |W_0| after the last period"),
            "replay_period": Measure(measures.replay_period, "s", "period of the learned network left to itself"),
            "first_cycle_error": Measure(
                measures.first_cycle_error, "1", "largest |v - u| in the first cycle of replay"
            ),
            "deviation": Measure(measures.deviation, "1", "d(u, v), mean over active neurons and steps of a cycle"),
            "completion": Measure(measures.completion, "1", "rms to the nearest frame after each cycle of replay"),
            "independent_frames": Measure(measures.independent_frames, "1", "rank of S(u), frames by neurons"),
            "largest_multiplier": Measure(
                measures.largest_multiplier, "1", "of replay's Floquet multipliers, in factors"
            ),
        },
        formulas={
            "periodic_weights": Measure(measures.periodic_weights, "1", "P (1 - M)^-1: Eq. (5) over one period"),
            "stationary_weights": Measure(
                measures.stationary_weights, "1", "where Eq. (15) rests, by Fourier transform"
            ),
            "source_period": Measure(measures.source_period, "s", "period of the input network"),
            "largest_multiplier": Measure(measures.multiplier_bound, "1", "the same from the whole matrix"),
            "frames_shown": Measure(measures.frames_shown, "1", "frames, or active neurons where there are fewer"),
        },
        figure=overview,
        more_parameters=CASE_PARAMETERS,
        run_settings=frozenset({"cycles", "noise", "seed", "records_per_cycle"}),
        example={"l_net": 20.0, "gamma": 30.0, "epsilon": 0.05, "steps": 400},
        example_run={"cycles": 2},
        agreement={"weight_error": 0.01},
    )
)
