"""What is done at one point: a function, or a run of a system of the catalogue with its measured quantities."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from spikelearn.catalogue.entry import RunRequest
from spikelearn.catalogue.registry import get_system
from spikelearn.parameters.fields import field_values
from spikelearn.sweeps.digest import digest_of, function_digest
from spikelearn.sweeps.outcome import Outcome, attempt, failure
from spikelearn.sweeps.points import Point

__all__ = ["FunctionTask", "RunTask", "Task"]


class Task(Protocol):
    """What an executor calls: picklable, and the same wherever it runs."""

    @property
    def together(self) -> bool:
        """Whether many points are best computed at once in this process."""

    def one(self, point: Point) -> Outcome:
        """Compute one point; errors become its outcome."""

    def many(self, points: Sequence[Point]) -> list[Outcome]:
        """Compute several points, with the digits of `one`."""

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

    def many(self, points: Sequence[Point]) -> list[Outcome]:
        """Call the function point by point."""
        return [self.one(point) for point in points]

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
    """

    system: str
    model: Any
    settings: Mapping[str, Any]
    initial: Mapping[str, Any]
    measure: tuple[str, ...]
    parameters: frozenset[str]
    nested: frozenset[str] = frozenset()
    together: bool = False

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
        return get_system(self.system).build({**self.model, **changed})

    def one(self, point: Point) -> Outcome:
        """Build, run and measure one point."""
        return attempt(lambda: self._measured(self.built(point), self._run(point)))

    def _run(self, point: Point) -> Any:
        system = get_system(self.system)
        laid = {name: value.in_file for name, value in point.values.items() if name not in self.parameters}
        settings = {**self.settings, **laid}
        if "seed" in system.run_settings and "seed" not in laid:
            # Brian2's generators take seeds below 2**32.
            settings["seed"] = point.seed & 0xFFFFFFFF
        return system.run(self.built(point), RunRequest(settings, self.initial))

    def _measured(self, built: Any, recording: Any) -> dict[str, Any]:
        quantities = get_system(self.system).quantities
        return {name: quantities[name].function(built, recording) for name in self.measure}

    def many(self, points: Sequence[Point]) -> list[Outcome]:
        """Run the points as neurons of one simulation, where that is possible, else one by one."""
        if not self.together or len(points) == 1:
            return [self.one(point) for point in points]
        outcomes: dict[int, Outcome] = {}
        models = {}
        for k, point in enumerate(points):
            try:
                models[k] = self.built(point)
            except Exception as error:  # a point out of range is that point's failure
                outcomes[k] = failure(error)
        if models:
            try:
                rows = self._together([points[k] for k in models])
            except (ValueError, TypeError, RuntimeError, ArithmeticError):
                return [self.one(point) for point in points]
            for (k, built), row in zip(models.items(), rows, strict=True):
                outcomes[k] = attempt(lambda built=built, row=row: self._measured(built, row))  # type: ignore[misc]
        return [outcomes[k] for k in range(len(points))]

    def _together(self, points: Sequence[Point]) -> list[Any]:
        import numpy as np

        system = get_system(self.system)
        vary = {}
        for name, value in points[0].values.items():
            column = np.array([point.values[name].plain for point in points], dtype=np.float64)
            vary[name] = (
                column.tolist() if value.unit == "1" else [f"{item!r} {value.unit}" for item in column.tolist()]
            )
        recording = system.run(self.built(points[0]), RunRequest({**self.settings, "vary": vary}, self.initial))
        return [_neuron(recording, k) for k in range(len(points))]

    def identity(self, version: str | None) -> dict[str, Any]:
        """Name system and quantities, and digest what the model file says."""
        model = self.model if isinstance(self.model, Mapping) else field_values(self.model)
        return {
            "system": self.system,
            "measure": list(self.measure),
            "model": version or digest_of(model),
            "run": digest_of(self.settings),
            "initial": digest_of(self.initial),
        }


def _neuron(recording: Any, k: int) -> Any:
    """Give the recording that neuron k alone would have made."""
    from spikelearn.simulation.recording import Recording
    from spikelearn.spikes.trains import SpikeTrains

    spikes = recording.spikes
    counts = None
    if spikes is not None:
        spikes = SpikeTrains.from_arrays([spikes.train(unit=k)], t_start=spikes.t_start, t_stop=spikes.t_stop)
    elif recording.counts is not None:
        counts = recording.counts[:, k : k + 1]
    traces = recording.traces.isel(neuron=[k]) if "neuron" in recording.traces.dims else recording.traces
    return Recording(spikes, traces, {**recording.provenance, "n": 1, "vary": {}}, counts)
