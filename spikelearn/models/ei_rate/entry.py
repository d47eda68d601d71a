"""The E/I rate model under a plasticity rule in the catalogue: stability counted, and trajectories run."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn import rules
from spikelearn.catalogue.entry import Measure, RunRequest, System
from spikelearn.catalogue.registry import register
from spikelearn.models.ei_rate.model import EIRates, Weights
from spikelearn.models.ei_rate.stability import stability, stability_map
from spikelearn.models.ei_rate.trajectories import leading_mode, trajectory
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.units import seconds
from spikelearn.rules.linearise import linearise
from spikelearn.rules.rule import Rule
from spikelearn.simulation.recording import Recording
from spikelearn.storage.provenance import provenance_of

__all__ = ["SYSTEM", "Case", "grid_axes"]

BASES = {"table_1": EIRates, "non_paradoxical": EIRates.non_paradoxical}
RULES = tuple(name for name in rules.__all__ if name != "Rule")
MODEL_PARAMETERS = tuple(field.name for field in dataclasses.fields(EIRates))
SETTINGS = frozenset({"grid", "duration", "dt"})
GRID = 200
KICK = 1e-5


@dataclass(frozen=True, eq=False)
class Case:
    """A model at one state: a set point under a rule, or four fixed weights without one.

    The trajectory is run with all rates times `slowdown`, so that the quasi-steady state holds; the figures' rates
    matter by their ratios only.
    """

    model: EIRates
    rule: Rule | None
    weights: Weights
    slowdown: float = 1e-3


def grid_axes(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give one point in each of n x n cells over the figures' range, W_EE in [0, 10] and W_IE in [0, 20].

    The places within the cells are irrational: boundaries are lines with rational coefficients, and a point on one of
    them would be judged by its rounding error.
    """
    cells = np.arange(n)
    return 10 * (cells + (np.sqrt(5) - 1) / 2) / n, 20 * (cells + np.sqrt(2) - 1) / n


def _build(table: Mapping[str, Any]) -> Case:
    given = dict(table)
    base = str(given.pop("base", "table_1"))
    if base not in BASES:
        raise ValueError(unknown_name("EIRates", "base", base, BASES))
    model = BASES[base]().replace(**{k: given.pop(k) for k in MODEL_PARAMETERS if k in given})
    rule = _rule(given.pop("rule", None), given.pop("rates", {}))
    slowdown = float(given.pop("slowdown", 1e-3))
    if not slowdown > 0:
        raise ValueError(f"EIRates.slowdown must be positive, got {slowdown:g}")
    weights = [given.get(name) for name in model.weights]
    if rule is None:
        if any(w is None for w in weights):
            raise ValueError("EIRates without a rule must have W_EE, W_EI, W_IE and W_II")
        return Case(model, None, Weights(*(np.asarray(w, dtype=np.float64) for w in weights)))
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


def _run(case: Case, request: RunRequest) -> Recording:
    import xarray as xr

    settings = request.settings
    engine = request.engine or "array"
    if engine not in ("array", "brian2"):
        raise ValueError(unknown_name("EIRates", "engine", engine, ("array", "brian2")))
    n = _whole(settings.get("grid", GRID), "grid")
    dt = 1e3 * seconds(settings.get("dt", "0.05 ms"), "[run] dt")
    duration = 1e3 * seconds(settings.get("duration", "200 ms"), "[run] duration")
    model = case.model
    traces: dict[str, Any] = {}
    up = model.up_state(*case.weights)
    aside = np.array([1.02 * float(up.E), 0.98 * float(up.I), *map(float, case.weights)])
    times, fixed = trajectory(model, None, aside, duration, dt, engine=engine, target=request.target)
    for k, name in enumerate(model.populations):
        traces[f"{name}_fixed_weights"] = ("time", fixed[:, k], {"units": "Hz"})
    if case.rule is not None:
        slow = slower(case.rule, case.slowdown).at(model, W_EE=case.weights.W_EE, W_IE=case.weights.W_IE)
        mode = leading_mode(model, slow, case.weights)
        _, run = trajectory(model, slow, mode.kicked(KICK), duration, dt, engine=engine, target=request.target)
        for k, name in enumerate((*model.populations, *model.weights)):
            traces[name] = ("time", run[:, k], {"units": "Hz" if k < 2 else "1"})
        traces["amplitude"] = ("time", np.abs((run - mode.state) @ mode.left), {"units": "1"})
        ee, ie = grid_axes(n)
        traces |= {"W_EE_axis": ("W_EE_axis", ee), "W_IE_axis": ("W_IE_axis", ie)}
        for method in ("qss", "full", "trial"):
            verdict = stability_map(model, case.rule, ee, ie, method=method)
            traces[f"stable_{method}"] = (("W_EE_axis", "W_IE_axis"), verdict["stable"].values)
        traces["valid"] = (("W_EE_axis", "W_IE_axis"), verdict["valid"].values)
    data = xr.Dataset(traces, coords={"time": ("time", times * 1e-3, {"units": "s"})})
    facts = {
        "engine": engine,
        "target": request.target,
        "method": "rk4",
        "dt": dt * 1e-3,
        "grid": n,
        "slowdown": case.slowdown,
        "rule": case.rule.name if case.rule else None,
        "rates": dict(case.rule.parameters) if case.rule else None,
        "weights": [float(w) for w in case.weights],
    }
    return Recording(None, data, provenance_of(model, **facts))


def slower(rule: Rule, factor: float) -> Rule:
    """Give the rule with every rate multiplied and every time constant divided by `factor`."""
    changed = {k: v / factor if k.startswith("tau") else v * factor for k, v in rule.parameters.items()}
    return dataclasses.replace(rule, parameters=changed)


def _whole(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 2:
        raise ValueError(f"[run] {name} must be a whole number of at least 2, got {value!r}")
    return value


def _fraction(recording: Recording, name: str) -> float:
    valid = recording.traces["valid"].values
    return float((recording.traces[name].values & valid).sum() / valid.sum())


def _growth(_case: Case, recording: Recording) -> float:
    """Mean growth of the leading mode's amplitude over the second half of the run."""
    amplitude, time = recording.traces["amplitude"].values, recording.traces["time"].values * 1e3
    half = len(time) // 2
    return float(np.log(amplitude[-1] / amplitude[half]) / (time[-1] - time[half]))


def _verdict(case: Case, method: Any) -> NDArray[np.float64]:
    if case.rule is None:
        raise ValueError("this number needs a rule")
    verdict = stability(case.model, case.rule, W_EE=case.weights.W_EE, W_IE=case.weights.W_IE, method=method)
    return np.asarray(verdict.eigenvalues[:2].real)


def _closed_fraction(case: Case, n: int = GRID) -> float:
    if case.rule is None:
        raise ValueError("this number needs a rule")
    verdict = stability_map(case.model, case.rule, *grid_axes(n), method="closed")
    return float(verdict.attrs["stable_fraction"])


def _jacobian_real_parts(case: Case, _recording: Recording) -> NDArray[np.float64]:
    """Two eigenvalues of largest size of the whole 4 x 4 Jacobian, by LAPACK."""
    if case.rule is None:
        raise ValueError("this number needs a rule")
    values = np.linalg.eigvals(linearise(case.model, case.rule, case.weights).qss)
    pair = values[np.argsort(-np.abs(values))[:2]]
    return np.sort(pair.real)[::-1]


QUANTITIES = {
    "stable_fraction": Measure(
        lambda _, r: _fraction(r, "stable_qss"), "1", "share of valid set points that are stable, numerically (QSS)"
    ),
    "stable_fraction_full": Measure(
        lambda _, r: _fraction(r, "stable_full"), "1", "the same for activities and weights together (6-D)"
    ),
    "stable_fraction_trial": Measure(
        lambda _, r: _fraction(r, "stable_trial"), "1", "the same for one update a trial, rates per trial"
    ),
    "eigenvalues": Measure(_jacobian_real_parts, "1/ms", "real parts of the nonzero QSS eigenvalues at the point"),
    "growth_rate": Measure(_growth, "1/ms", "growth of the leading mode in the run, rates times slowdown"),
    "E_up": Measure(lambda _, r: float(r.traces["E_fixed_weights"][-1]), "Hz", "E at the end, weights fixed"),
    "I_up": Measure(lambda _, r: float(r.traces["I_fixed_weights"][-1]), "Hz", "I at the end, weights fixed"),
}
FORMULAS = {
    "stable_fraction": Measure(_closed_fraction, "1", "by the closed form of the rule, on a grid of 200 x 200"),
    "eigenvalues": Measure(lambda case: _verdict(case, "closed"), "1/ms", "real parts, by the closed form of the rule"),
    "growth_rate": Measure(
        lambda case: float(_verdict(case, "closed")[0] * case.slowdown), "1/ms", "the larger one times slowdown (QSS)"
    ),
    "E_up": Measure(lambda case: float(case.model.up_state(*case.weights).E), "Hz", "E_up, Eq. (18)"),
    "I_up": Measure(lambda case: float(case.model.up_state(*case.weights).I), "Hz", "I_up, Eq. (18)"),
}


def _figure(case: Case, recording: Recording, title: str) -> Any:
    from spikelearn.models.ei_rate.figure import overview

    return overview(case, recording, title)


SYSTEM = register(
    System(
        name="EIRates",
        summary="E/I rate populations at a set point under a homeostatic rule",
        parameters={
            "base": "table_1",
            **{field.name: str(field.default) for field in dataclasses.fields(EIRates)},
            "rule": "CrossHomeostatic",
            "rates": "{ alpha_EE = 0.02, alpha_EI = 0.02, alpha_IE = 0.02, alpha_II = 0.02 }",
            "slowdown": "0.001",
            "W_EE": "5.0",
            "W_EI": "2.0",
            "W_IE": "10.0",
            "W_II": "2.0",
        },
        run_settings=SETTINGS,
        build=_build,
        run=_run,
        quantities=QUANTITIES,
        formulas=FORMULAS,
        figure=_figure,
    )
)
