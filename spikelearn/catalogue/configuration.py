"""A model file as it was read: a system with its parameters, and the values that its run must give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spikelearn.catalogue.changes import NUMERICAL
from spikelearn.catalogue.entry import System

__all__ = ["Configuration", "Expected"]


@dataclass(frozen=True)
class Expected:
    """One line of the three-way check: a literal, a formula and a measurement of the same quantity.

    Parameters
    ----------
    quantity : str
        Name of the measurement.
    formula : str or None
        Name of the theory function; None where there is no closed form.
    value : float or tuple of float
        The literal, in the quantity's SI unit.
    rtol, atol : float
        How far the measurement may be from the literal.
    grid_rtol, grid_atol : float
        What a clock-driven run may be off in addition.
    formula_rtol, formula_atol : float
        How far the formula may be from the literal.
    reason : str
        Where the literal comes from, and why the formula may differ by that much.

    Examples
    --------
    >>> from spikelearn.catalogue import load
    >>> found = {line.quantity: line for line in load("bursting").expected}["burst_period"]
    >>> found.formula, round(found.value, 6), found.rtol
    ('burst_period', 4.362357, 1e-12)
    """

    quantity: str
    formula: str | None
    value: float | tuple[float, ...]
    rtol: float = 1e-9
    atol: float = 0.0
    grid_rtol: float = 0.0
    grid_atol: float = 0.0
    formula_rtol: float = 1e-9
    formula_atol: float = 0.0
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Configuration:
    """A model file, read and validated.

    Parameters
    ----------
    name, title : str
        Of the file, without its ending; its first line.
    path : Path
        Where it is.
    system : System
        What it is a case of.
    model : object
        What the system built from the parameters.
    settings, initial, source : mapping
        The tables ``[run]``, ``[initial]`` and ``[source]``.
    expected : tuple of Expected
        What the run must give.
    table : mapping
        The parameters from which the model was built.
    sweep : mapping
        The table ``[sweep]``.
    changes : mapping
        What was laid over the file.

    Examples
    --------
    >>> from spikelearn.catalogue import load
    >>> configuration = load("bursting", {"V_0": "25 mV"})
    >>> configuration.system.name, configuration.model.V_0, configuration.changes
    ('AdaptiveLIF', 25. * mvolt, {'V_0': '25 mV'})
    >>> len(configuration.expected), configuration.comparable  # the file's values do not hold for 25 mV
    (8, False)
    """

    name: str
    title: str
    path: Path
    system: System
    model: Any
    settings: Mapping[str, Any]
    initial: Mapping[str, Any]
    source: Mapping[str, Any]
    expected: tuple[Expected, ...] = field(default=())
    table: Mapping[str, Any] = field(default_factory=dict)
    sweep: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def comparable(self) -> bool:
        """Whether the file's expected values hold for it: only the time step differs from the file, if anything."""
        return set(self.changes) <= NUMERICAL
