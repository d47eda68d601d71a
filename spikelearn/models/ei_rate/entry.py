"""The E/I rate model under a plasticity rule in the catalogue: stability counted, and trajectories run."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from spikelearn import rules
from spikelearn.catalogue.entry import Measure, RunRequest, System
from spikelearn.catalogue.registry import register
from spikelearn.models.ei_rate.figure import overview
from spikelearn.models.ei_rate.measures import (
    GRID,
    Case,
    growth,
    jacobian_real_parts,
    share,
    verdict,
)
from spikelearn.models.ei_rate.model import EIRates, Weights
from spikelearn.models.ei_rate.stability import grid_axes, stability_map
from spikelearn.models.ei_rate.trajectories import leading_mode
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import number_array, one_number, whole_number
from spikelearn.parameters.units import seconds
from spikelearn.rules.rule import Rule, slower
from spikelearn.simulation.initial import Initial
from spikelearn.simulation.recording import Recording
from spikelearn.simulation.simulate import simulate

__all__: list[str] = []

BASES = {"table_1": EIRates, "non_paradoxical": EIRates.non_paradoxical}
RULES = tuple(name for name in rules.__all__ if name != "Rule")
MODEL_PARAMETERS = tuple(field.name for field in dataclasses.fields(EIRates))
KICK = 1e-5


def _build(table: Mapping[str, Any]) -> Case:
    given = dict(table)
    base = str(given.pop("base", "table_1"))
    if base not in BASES:
        raise ValueError(unknown_name("EIRates", "base", base, BASES))
    model = BASES[base]().replace(**{k: given.pop(k) for k in MODEL_PARAMETERS if k in given})
    rule = _rule(given.pop("rule", None), given.pop("rates", {}))
    slowdown = one_number("EIRates.slowdown", given.pop("slowdown", 1e-3))
    if not slowdown > 0:
        raise ValueError(f"EIRates.slowdown must be positive, got {slowdown:g}")
    weights = [given.get(name) for name in model.weights]
    if rule is None:
        if any(w is None for w in weights):
            raise ValueError("EIRates without a rule must have W_EE, W_EI, W_IE and W_II")
        return Case(model, None, Weights(*map(number_array, (f"EIRates.{name}" for name in model.weights), weights)))
    if weights[0] is None or weights[2] is None or weights[1] is not None or weights[3] is not None:
        raise ValueError("EIRates with a rule must have W_EE and W_IE; the set point gives W_EI and W_II")
    return Case(model, rule, model.setpoint_weights(weights[0], weights[2], check=True), slowdown)


def _rule(name: Any, rates: Any) -> Rule | None:
    if name is None:
        if rates:
            raise ValueError("EIRates.rates must come with a rule")
        return None
    if name not in RULES:
        raise ValueError(unknown_name("EIRates", "rule", str(name), RULES))
    factory = getattr(rules, name)
    known = inspect.signature(factory).parameters
    if not isinstance(rates, Mapping):
        raise ValueError(f"EIRates.rates must be a table, got {rates!r}")
    for key in rates:
        if key not in known:
            raise ValueError(unknown_name(f"rule {name}", "parameter", key, known))
    missing = [k for k, p in known.items() if p.default is inspect.Parameter.empty and k not in rates]
    if missing:
        raise ValueError(f"rule {name} must have {missing[0]}")
    rule: Rule = factory(**rates)
    return rule


QUANTITIES = {
    "stable_fraction": Measure(
        lambda case, _: share(case, "qss"), "1", "share of valid set points that are stable, numerically (QSS), an area"
    ),
    "stable_fraction_full": Measure(
        lambda case, _: share(case, "full"), "1", "the same for activities and weights together (6-D)"
    ),
    "stable_fraction_trial": Measure(
        lambda case, _: share(case, "trial"), "1", "the same for one update a trial, rates per trial"
    ),
    "eigenvalues": Measure(jacobian_real_parts, "1/ms", "real parts of the nonzero QSS eigenvalues at the point"),
    "growth_rate": Measure(growth, "1/ms", "growth of the leading mode in the run, rates times slowdown"),
    "E_up": Measure(lambda _, r: float(r.traces["E_fixed_weights"][-1]), "Hz", "E at the end, weights fixed"),
    "I_up": Measure(lambda _, r: float(r.traces["I_fixed_weights"][-1]), "Hz", "I at the end, weights fixed"),
}
FORMULAS = {
    "stable_fraction": Measure(share, "1", "by the closed form of the rule, as the area of polygons"),
    "eigenvalues": Measure(lambda case: verdict(case, "closed"), "1/ms", "real parts, by the closed form of the rule"),
    "growth_rate": Measure(
        lambda case: float(verdict(case, "closed")[0] * case.slowdown), "1/ms", "the larger one times slowdown (QSS)"
    ),
    "E_up": Measure(lambda case: float(case.model.up_state(*case.weights).E), "Hz", "E_up, Eq. (18)"),
    "I_up": Measure(lambda case: float(case.model.up_state(*case.weights).I), "Hz", "I_up, Eq. (18)"),
}


def _run(case: Case, request: RunRequest) -> Recording:
    """Run the activities beside the Up state, then the rule beside its set point, and judge a grid of set points."""
    import xarray as xr

    table = dict(request.settings)
    n = whole_number("[run] grid", table.get("grid", GRID), at_least=2)
    dt = seconds(table.get("dt", "0.05 ms"), "[run] dt")
    duration = seconds(table.get("duration", "200 ms"), "[run] duration")
    model, rule = case.model, case.rule

    def trajectory(state: Any, rule: Rule | None) -> Any:
        # One step more than the duration, so that its end is recorded too.
        return simulate(
            model,
            duration + dt,
            engine=request.engine,
            target=request.target,
            dt=dt,
            initial=Initial(E=float(state[0]), I=float(state[1])),
            weights=state[2:],
            rule=rule,
        )

    up = model.up_state(*case.weights)
    fixed = trajectory([1.02 * float(up.E), 0.98 * float(up.I), *map(float, case.weights)], None)
    traces: dict[str, Any] = {f"{name}_fixed_weights": fixed.traces[name] for name in model.populations}
    if rule is not None:
        slow = slower(rule, case.slowdown).at(model, W_EE=case.weights.W_EE, W_IE=case.weights.W_IE)
        mode = leading_mode(model, slow, case.weights)
        run = trajectory(mode.kicked(KICK), slow)
        order = (*model.populations, *model.weights)
        traces |= {name: run.traces[name] for name in order}
        states = np.column_stack([run.traces[name].values for name in order])
        traces["amplitude"] = ("time", np.abs((states - mode.state) @ mode.left), {"units": "1"})
        traces |= _maps(case, rule, n)
    provenance = {
        **fixed.provenance,
        "duration": duration,
        "grid": n,
        "slowdown": case.slowdown,
        "rule": rule.name if rule else None,
        "rates": dict(rule.parameters) if rule else None,
    }
    return Recording(None, xr.Dataset(traces), provenance)


def _maps(case: Case, rule: Rule, n: int) -> dict[str, Any]:
    ee, ie = grid_axes(n)
    found: dict[str, Any] = {"W_EE_axis": ("W_EE_axis", ee), "W_IE_axis": ("W_IE_axis", ie)}
    for method in ("qss", "full", "trial"):
        verdict = stability_map(case.model, rule, ee, ie, method=method)
        found[f"stable_{method}"] = (("W_EE_axis", "W_IE_axis"), verdict["stable"].values)
    found["valid"] = (("W_EE_axis", "W_IE_axis"), verdict["valid"].values)
    return found


register(
    System(
        name="EIRates",
        model=EIRates,
        build=_build,
        run=_run,
        quantities=QUANTITIES,
        formulas=FORMULAS,
        figure=overview,
        more_parameters={
            "base": "table_1",
            "rule": "CrossHomeostatic",
            "rates": "{ alpha_EE = 0.02, alpha_EI = 0.02, alpha_IE = 0.02, alpha_II = 0.02 }",
            "slowdown": "0.001",
            "W_EE": "5.0",
            "W_EI": "2.0",
            "W_IE": "10.0",
            "W_II": "2.0",
        },
        run_settings=frozenset({"grid", "duration", "dt"}),
        example={"W_EE": 5.0, "W_EI": 1.0857142857142856, "W_IE": 10.0, "W_II": 1.5357142857142858},
        example_run={"duration": "50 ms"},
        agreement={"E_up": 1e-9, "I_up": 1e-9},
    )
)
