"""What is done at one point: a function, or a run of a system of the catalogue with its measured quantities."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from spikelearn.arrays import Integers
from spikelearn.catalogue.entry import RunRequest
from spikelearn.catalogue.registry import get_system
from spikelearn.parameters.fields import field_values
from spikelearn.sweeps.digest import digest_of, function_digest
from spikelearn.sweeps.outcome import Outcome, Rows, attempt, failure
from spikelearn.sweeps.points import Grid, Point
from spikelearn.sweeps.tables import with_value
from spikelearn.sweeps.together import batches, columns_of, measured

__all__ = ["FunctionTask", "RunTask", "Task"]


class Task(Protocol):
    """What an executor calls: picklable, and the same wherever it runs."""

    @property
    def together(self) -> bool:
        """Whether many points are best computed at once in this process."""

    def one(self, point: Point) -> Outcome:
        """Compute one point; errors become its outcome."""

    def batches(self, grid: Grid, indices: Integers) -> Iterator[Integers]:
        """Part points into groups that may be computed together."""

    def many(self, grid: Grid, indices: Integers) -> Rows | list[Outcome]:
        """Compute several points together, with the digits of `one`."""

    def identity(self, version: str | None) -> dict[str, Any]:
        """Say what is computed, as a store compares it."""


@dataclass(frozen=True)
class FunctionTask:
    """A function of the point's values and a seed."""

    function: Any

    together = False

    def one(self, point: Point) -> Outcome:
        """Call the function."""
        given = {name: value.given for name, value in point.values.items()}
        return attempt(lambda: self.function(seed=point.seed, **given))

    def batches(self, grid: Grid, indices: Integers) -> Iterator[Integers]:
        """Give all points."""
        yield indices

    def many(self, grid: Grid, indices: Integers) -> list[Outcome]:
        """Call the function point by point."""
        return [self.one(grid.point(index)) for index in indices.tolist()]

    def identity(self, version: str | None) -> dict[str, Any]:
        """Name the function and digest its source and what it closes over."""
        name = getattr(self.function, "__qualname__", type(self.function).__name__)
        return {"function": name, "source": version or function_digest(self.function)}


@dataclass(frozen=True)
class RunTask:
    """Runs of a system of the catalogue.

    Parameters
    ----------
    system : str
        Its name.
    model : mapping or model
        The ``[model]`` parameters, or a model whose fields are replaced.
    settings, initial : mapping
        The ``[run]`` and ``[initial]`` tables.
    measure : tuple of str
        Registered quantities.
    parameters : frozenset of str
        Which names of a point are parameters; the others are keys of ``[run]``.
    nested : frozenset of str
        Which of them lie in the ``parameters`` of a neuron of one's own.
    together : bool
        Whether points run as neurons of one simulation.
    engine, target : str or None, str
        As in `simulate`.
    """

    system: str
    model: Any
    settings: Mapping[str, Any]
    initial: Mapping[str, Any]
    measure: tuple[str, ...]
    parameters: frozenset[str]
    nested: frozenset[str] = frozenset()
    together: bool = False
    engine: str | None = None
    target: str = "auto"

    def built(self, point: Point) -> Any:
        """Make the model of a point."""
        changed = {n: v.in_file for n, v in point.values.items() if n in self.parameters and n not in self.nested}
        inner = {name: value.in_file for name, value in point.values.items() if name in self.nested}
        if not isinstance(self.model, Mapping):
            if inner:
                changed["parameters"] = {**self.model.parameters, **inner}
            return dataclasses.replace(self.model, **changed)
        if inner:
            changed["parameters"] = {**self.model.get("parameters", {}), **inner}
        table = dict(self.model)
        for name, value in changed.items():
            table = with_value(table, name, value)
        return get_system(self.system).build(table)

    def one(self, point: Point) -> Outcome:
        """Build, run and measure one point."""
        return attempt(lambda: self._measured(self.built(point), self._run(point)))

    def _run(self, point: Point) -> Any:
        system = get_system(self.system)
        laid = {name: value.in_file for name, value in point.values.items() if name not in self.parameters}
        settings = {**self.settings, **laid}
        if "seed" in system.run_settings and "seed" not in laid:
            settings["seed"] = point.seed
        built = self.built(point)
        if not hasattr(built, "engines") or "brian2" not in built.engines:
            return system.run(built, self._request(settings))
        from spikelearn.sweeps.programs import ON_BRIAN, close_program, run_program, runs_as_program

        with ON_BRIAN:
            if runs_as_program(built, settings, self.engine, self.target):
                return run_program(built, self.parameters, settings, self.initial)
            # Brian2 has one device for compiled programs, which this run may need.
            close_program()
            return system.run(built, self._request(settings))

    def _request(self, settings: Mapping[str, Any]) -> RunRequest:
        return RunRequest(settings, self.initial, engine=self.engine, target=self.target)

    def _measured(self, built: Any, recording: Any) -> dict[str, Any]:
        quantities = get_system(self.system).quantities
        return {name: quantities[name].function(built, recording) for name in self.measure}

    @cached_property
    def _base(self) -> Any:
        """The model that the points differ from, built once."""
        return get_system(self.system).build(self.model) if isinstance(self.model, Mapping) else self.model

    def batches(self, grid: Grid, indices: Integers) -> Iterator[Integers]:
        """Part points into groups that may run together."""
        yield from batches(self._base, grid, indices)

    def many(self, grid: Grid, indices: Integers) -> Rows | list[Outcome]:
        """Run the points as neurons of one simulation, where that is possible, else one by one."""
        system = get_system(self.system)
        quantities = {name: system.quantities[name] for name in self.measure}
        try:
            built = self._base
            columns = columns_of(grid, indices)
            settings = {**self.settings, "n": len(indices), "vary": columns}
            return measured(built, quantities, system.run(built, self._request(settings)), columns)
        except (ValueError, TypeError, RuntimeError, ArithmeticError):
            return self._apart(grid, indices)

    def _apart(self, grid: Grid, indices: Integers) -> list[Outcome]:
        """Leave out the points that the model refuses and run the others together, or all one by one."""
        points = [grid.point(index) for index in indices.tolist()]
        outcomes: dict[int, Outcome] = {}
        for k, point in enumerate(points):
            try:
                self.built(point)
            except Exception as error:  # a point out of range is that point's failure
                outcomes[k] = failure(error)
        good = [k for k in range(len(points)) if k not in outcomes]
        if not outcomes or not good:
            return [outcomes.get(k) or self.one(point) for k, point in enumerate(points)]
        found = self.many(grid, indices[good])
        outcomes.update(zip(good, found.split() if isinstance(found, Rows) else found, strict=True))
        return [outcomes[k] for k in range(len(points))]

    def identity(self, version: str | None) -> dict[str, Any]:
        """Name system and quantities, and digest what the model file says."""
        model = self.model if isinstance(self.model, Mapping) else field_values(self.model)
        return {
            "system": self.system,
            "measure": list(self.measure),
            "model": version or digest_of(model),
            "run": digest_of(self.settings),
            "initial": digest_of(self.initial),
            # Earlier versions gave runs the lower half of a seed.
            **({"seed_bits": 63} if "seed" in get_system(self.system).run_settings else {}),
            **({"engine": self.engine} if self.engine else {}),
            **({"target": self.target} if self.target != "auto" else {}),
        }
