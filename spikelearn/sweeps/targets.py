"""What a sweep may be of: a function, a model file, or a model; and which names of a grid belong where."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Mapping
from typing import Any

from spikelearn.catalogue.configuration import Configuration
from spikelearn.catalogue.entry import System
from spikelearn.catalogue.files import load
from spikelearn.catalogue.registry import get_system, system_names
from spikelearn.parameters.names import unknown_name
from spikelearn.simulation.targets import TARGETS
from spikelearn.sweeps.points import Grid
from spikelearn.sweeps.tables import reachable
from spikelearn.sweeps.tasks import FunctionTask, RunTask, Task

__all__ = ["read_task"]


def read_task(
    what: Any,
    grid: Grid,
    measure: Iterable[str] | None,
    run: Mapping[str, Any] | None,
    engine: str | None = None,
    target: str = "auto",
) -> tuple[Task, dict[str, str]]:
    """Make the task of a sweep, and the units of its results where they are known.

    Raises
    ------
    TypeError
        Something that cannot be swept.
    ValueError
        A name of the grid or a quantity that the system does not have, or arguments that do not belong to it.
    """
    if isinstance(what, (str, os.PathLike)):
        what = load(what)
    if isinstance(what, Configuration):
        table = {key: value for key, value in what.table.items()}
        return _runs(what.system, table, {**what.settings, **(run or {})}, what.initial, grid, measure, engine, target)
    system = None if isinstance(what, type) else _system_of(what)
    if system is not None:
        return _runs(system, what, dict(run or {}), {}, grid, measure, engine, target)
    if not callable(what) or isinstance(what, type):
        raise TypeError(f"sweep must be given a function, a model file or a model of the package, got {what!r}")
    if measure is not None or run is not None:
        raise ValueError("sweep: measure and run must be left out for a function, which returns what it measures")
    if engine is not None or target != "auto":
        raise ValueError("sweep: engine and target must be left out for a function, which runs what it likes")
    return FunctionTask(what), {}


def _system_of(model: Any) -> System | None:
    """Find the system of a model whose quantities are functions of the model itself."""
    if not dataclasses.is_dataclass(model) or not hasattr(model, "engines"):
        return None
    name = type(model).__name__
    system = get_system(name) if name in system_names() else None
    if system is None or system.model is not type(model):
        raise TypeError(f"sweep must be given a model of a system of the catalogue, got {name}; sweep a function of it")
    try:
        built = system.build(dict(system.example))
    except (ValueError, TypeError):
        built = None
    if not isinstance(built, system.model):
        raise TypeError(f"sweep: {name} must be swept as a model file, whose quantities need more than the model")
    return system


def _runs(
    system: System,
    model: Any,
    settings: Mapping[str, Any],
    initial: Any,
    grid: Grid,
    measure: Any,
    engine: str | None,
    target: str,
) -> tuple[Task, dict[str, str]]:
    if target not in (*TARGETS, "auto"):
        raise ValueError(unknown_name("Brian2", "target", str(target), (*TARGETS, "auto")))
    if engine is not None:
        runs = getattr(system.build(model) if isinstance(model, Mapping) else model, "engines", {})
        if engine not in runs:
            raise ValueError(unknown_name(system.name, "engine", str(engine), runs))
    wanted = () if measure is None else (measure,) if isinstance(measure, str) else tuple(measure)
    if not wanted:
        known = ", ".join(sorted(system.quantities))
        raise ValueError(f"sweep: measure must name at least one quantity of {system.name}: {known}")
    for name in wanted:
        if name not in system.quantities:
            raise ValueError(unknown_name(system.name, "quantity", str(name), system.quantities))
        if wanted.count(name) > 1:
            raise ValueError(f"sweep: measure must name each quantity once, got {name!r} twice")
    for key in settings:
        if key not in system.run_settings:
            raise ValueError(unknown_name(f"{system.name} [run]", "key", key, system.run_settings))
    nested = _nested(system, model)
    own = set(system.parameters) - ({"parameters"} if nested else set())
    inner = {name for name in grid.columns if isinstance(model, Mapping) and reachable(model, name)}
    own |= inner
    for name in grid.columns:
        if name not in own | nested and name not in system.run_settings:
            choices = sorted(own | nested | set(system.run_settings))
            raise ValueError(unknown_name(system.name, "parameter or key of [run]", name, choices))
    parameters = frozenset(name for name in grid.columns if name in own | nested)
    task = RunTask(
        system=system.name,
        model=model,
        settings=dict(settings),
        initial=dict(initial),
        measure=wanted,
        parameters=parameters,
        nested=frozenset(nested & parameters),
        together=engine in (None, "exact")
        and target == "auto"
        and _together(system, model, settings, initial, grid, parameters),
        engine=engine,
        target=target,
    )
    return task, {name: system.quantities[name].unit for name in wanted}


def _nested(system: System, model: Any) -> set[str]:
    """Give the names of parameters that lie in a table of their own, those of a neuron of one's own."""
    if "equations" not in system.parameters or "parameters" not in system.parameters:
        return set()
    table = model.get("parameters", {}) if isinstance(model, Mapping) else model.parameters
    return set(table)


def _exact(built: Any) -> bool:
    return next(iter(built.engines), None) == "exact" and {"n", "vary"} <= set(built.run_options)


def _together(
    system: System, model: Any, settings: Mapping[str, Any], initial: Any, grid: Grid, parameters: frozenset[str]
) -> bool:
    """Tell whether the points can run as neurons of one exact simulation."""
    if initial or parameters != set(grid.columns) or settings.get("n", 1) != 1 or settings.get("vary"):
        return False
    built: Any = system.build(model) if isinstance(model, Mapping) else model
    if type(built) is not system.model or not hasattr(built, "engines"):
        return False
    varied = all(column[0].unit for column in grid.columns.values())
    return varied and _exact(built)
