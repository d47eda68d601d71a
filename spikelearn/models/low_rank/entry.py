"""Low-rank networks in the catalogue: what is measured, and the formulas that it should equal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spikelearn.catalogue.entry import Measure, System
from spikelearn.catalogue.registry import register
from spikelearn.models.low_rank import measures
from spikelearn.models.low_rank.figure import overview
from spikelearn.models.low_rank.mixture import Population
from spikelearn.models.low_rank.model import LowRank
from spikelearn.parameters.names import unknown_name

__all__: list[str] = []

_POPULATION = ("weight", "C", "mean_eta", "mean_xi")


def _build(parameters: Mapping[str, Any]) -> LowRank:
    given = dict(parameters)
    if given.get("mixture") is not None:
        given["mixture"] = [_population(table) for table in given["mixture"]]
    return LowRank(**given)


def _population(table: Any) -> Population:
    if not isinstance(table, Mapping):
        raise ValueError(f"LowRank.mixture must be a list of tables with {', '.join(_POPULATION)}, got {table!r}")
    for key in table:
        if key not in _POPULATION:
            raise ValueError(unknown_name("LowRank.mixture", "key", key, _POPULATION))
    if not {"weight", "C"} <= set(table):
        raise ValueError(f"LowRank.mixture must give weight and C for every population, got {sorted(table)}")
    return Population(**table)


register(
    System(
        name="LowRank",
        model=LowRank,
        build=_build,
        quantities={
            "amplitude": Measure(measures.amplitude, "1", "|m| at the end of the run"),
            "overlaps": Measure(measures.last_overlaps, "1", "overlaps at the end of the run, Eq. (4)"),
            "relaxation_rate": Measure(measures.relaxation_rate, "1/s", "rate of return to the last overlaps"),
            "period": Measure(measures.period, "s", "time between upward zeros of the first overlap, second half"),
            "radius_min": Measure(measures.radius_min, "1", "smallest |m| in the second half of the run"),
            "radius_max": Measure(measures.radius_max, "1", "largest |m| in the second half of the run"),
        },
        formulas={
            "amplitude": Measure(measures.top_branch_amplitude, "1", "largest solution of f(a) lambda = 1, Eq. (17)"),
            "overlaps": Measure(measures.top_branch_overlaps, "1", "overlaps of the largest fixed point, Eq. (17)"),
            "relaxation_rate": Measure(measures.top_branch_rate, "1/s", "slowest eigenvalue there, Eq. (19) corrected"),
            "period": Measure(lambda model: measures.cycle(model).period, "s", "2 pi r/w of the leading pair r +- i w"),
            "radius_min": Measure(lambda model: measures.cycle(model).radius_min, "1", "smallest |m| on the cycle"),
            "radius_max": Measure(lambda model: measures.cycle(model).radius_max, "1", "largest |m| on the cycle"),
            "onset_of_chaos": Measure(
                lambda model: model.onset_of_chaos(), "1", "g at which the top branch is chaotic"
            ),
        },
        figure=overview,
        more_parameters={
            "C": "[[0.8, 0.1], [0.1, 0.5]]",
            "B": "[0.3, 0.1]",
            "mixture": "[{ weight = 1.0, C = [[0.8]] }]",
        },
        run_settings=frozenset(
            {"duration", "dt", "seed", "record", "record_dt", "method", "n", "input", "whiten", "units"}
        ),
        example={"C": [[0.8, 0.1], [0.1, 0.5]], "phi": "erf", "gain": 3.0},
        example_run={"duration": "5 s", "dt": "50 ms", "n": 500, "seed": 1},
        agreement={"amplitude": 1e-10},
    )
)
