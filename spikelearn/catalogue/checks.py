"""The one check that every system gets, whoever adds it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from spikelearn.catalogue.entry import Measure, RunRequest, System, unit_quantity
from spikelearn.catalogue.registry import get_system
from spikelearn.parameters.units import parse_quantity

__all__ = ["check_system", "example_engines"]


def check_system(name: str) -> list[str]:
    """Check that a system keeps the contract of the catalogue.

    Its example (the defaults where there is none) builds and runs on every engine; a parameter that does not exist is
    refused; the engines agree in the quantities of ``agreement``; every quantity and formula
    has a unit and a description; a system without engines says why.

    Parameters
    ----------
    name : str
        The system's name.

    Returns
    -------
    list of str
        The engines on which the example ran.

    Raises
    ------
    ValueError
        The first thing that does not hold.

    Examples
    --------
    >>> check_system("AdaptiveLIF")
    ['exact', 'brian2']
    """
    system = get_system(name)
    if not system.summary:
        raise ValueError(f"{name}: the class of the model must have a docstring, whose first line says what it is")
    for kind, measures in (("quantity", system.quantities), ("formula", system.formulas)):
        for key, measure in measures.items():
            _check_measure(f"{name}: {kind} {key}", measure)
    built = system.build(dict(system.example))
    _check_refusals(system)
    engines: list[str | None] = [*example_engines(system)] or [None]
    if engines == [None] and not system.why_not_simulated:
        raise ValueError(f"{name}: a system without engines must say in why_not_simulated why it has none")
    found = {engine: _run(system, built, engine) for engine in engines}
    if len(engines) > 1 and not system.agreement:
        raise ValueError(f"{name}: agreement must name a quantity that its engines {engines} agree in")
    for quantity, rtol in system.agreement.items():
        values = {
            e: np.asarray(system.quantities[quantity].function(built, r), dtype=np.float64) for e, r in found.items()
        }
        first = next(iter(values.values()))
        for engine, value in values.items():
            if (
                value.shape != first.shape
                or not np.isfinite(value).all()
                or not np.allclose(value, first, rtol=rtol, atol=0.0)
            ):
                raise ValueError(
                    f"{name}: {quantity} on {engine} must agree with {engines[0]} to {rtol:g}, got {value} and {first}"
                )
    for engine, recording in found.items():
        if engine is not None and recording.provenance.get("engine") != engine:
            raise ValueError(
                f"{name}: the recording of engine {engine} must say so, got {recording.provenance.get('engine')!r}"
            )
    figure = system.figure(built, next(iter(found.values())), "example")
    if not figure.axes:
        raise ValueError(f"{name}: its figure must have at least one panel")
    return [engine for engine in engines if engine is not None]


def _check_measure(where: str, measure: Measure) -> None:
    if not measure.doc.strip():
        raise ValueError(f"{where} must have a description")
    if measure.unit != "1":
        parse_quantity(unit_quantity(measure.unit))


def _check_refusals(system: System) -> None:
    key = "no_such_key"
    if key in system.parameters or key in system.run_settings:
        raise ValueError(f"{system.name} must not have a key of the name {key!r}")
    _refused(lambda: system.build({**system.example, key: 1}), f"{system.name}: a parameter that does not exist")


def _refused(call: Callable[[], Any], what: str) -> None:
    try:
        call()
    except (TypeError, ValueError):
        return
    raise ValueError(f"{what} must be refused")


def example_engines(system: System) -> list[str]:
    """Name the engines that run a system, the best first; none where `simulate` does not run it.

    Parameters
    ----------
    system : System
        One of the catalogue's.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from spikelearn.catalogue import example_engines, get_system
    >>> example_engines(get_system("AdaptiveLIF")), example_engines(get_system("LowRank"))
    (['exact', 'brian2'], ['array', 'closure', 'brian2'])
    """
    built = system.build(dict(system.example))
    # Where it is a case, the model is inside, with what belongs to its experiment.
    candidates = [built, *vars(built).values()] if hasattr(built, "__dict__") else [built]
    for model in candidates:
        if isinstance(model, system.model):
            return list(getattr(model, "engines", {}))
    return []


def _run(system: System, built: Any, engine: str | None) -> Any:
    return system.run(
        built, RunRequest(dict(system.example_run), {}, engine, "numpy" if engine == "brian2" else "auto")
    )
