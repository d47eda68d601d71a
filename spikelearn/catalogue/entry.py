"""What a system tells the catalogue: how to build it, run it, measure it, and which formulas it should equal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Measure", "RunRequest", "System"]


@dataclass(frozen=True)
class Measure:
    """A named number of a system: measured in a recording, or given by a formula.

    Parameters
    ----------
    function : callable
        ``function(model, recording)`` for a quantity, ``function(model)`` for a formula; gives a float or a
        one-dimensional array, in `unit`.
    unit : str
        Text such as ``"s"``, ``"Hz"`` or ``"1"``; literals in model files must have its dimension.
    doc : str
        One line: what it is, with the equation it comes from.
    """

    function: Callable[..., Any]
    unit: str
    doc: str


@dataclass(frozen=True)
class RunRequest:
    """How one run was asked for: the ``[run]`` table of a model file, and what the command line laid over it.

    Parameters
    ----------
    settings : mapping
        The ``[run]`` table, with text still as text ("30 s").
    initial : mapping
        The ``[initial]`` table.
    engine : str or None
        "exact", "brian2", "array"; None lets the system choose.
    target : str
        Brian2's code generation target or "auto".
    progress : bool
        Whether to show a progress bar.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    initial: Mapping[str, Any] = field(default_factory=dict)
    engine: str | None = None
    target: str = "auto"
    progress: bool = False


@dataclass(frozen=True)
class System:
    """One system of the package, as the catalogue and the command line see it.

    Parameters
    ----------
    name : str
        The name in ``[model] system = "..."``.
    summary : str
        One line for ``spikelearn list``.
    parameters : mapping of str to str
        Parameter names with a default or an example of the unit, for errors and ``spikelearn show``.
    run_settings : frozenset of str
        The keys that ``[run]`` may have.
    build : callable
        ``build(parameters)``: from the ``[model] parameters`` table to a model.
    run : callable
        ``run(model, request)``: from a model and a `RunRequest` to a ``Recording``.
    quantities, formulas : mapping of str to Measure
        What can be measured and what can be calculated.
    figure : callable
        ``figure(model, recording, title)``: the matplotlib Figure with simulation and theory.
    initial_settings : frozenset of str
        The keys that ``[initial]`` may have.
    """

    name: str
    summary: str
    parameters: Mapping[str, str]
    run_settings: frozenset[str]
    build: Callable[[Mapping[str, Any]], Any]
    run: Callable[[Any, RunRequest], Any]
    quantities: Mapping[str, Measure]
    formulas: Mapping[str, Measure]
    figure: Callable[[Any, Any, str], Any]
    initial_settings: frozenset[str] = frozenset()
