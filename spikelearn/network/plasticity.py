"""A learning rule of synapses as one record: what an arrival and a spike of the target do to the weight."""

from __future__ import annotations

import keyword
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spikelearn.eventdriven.network.plasticity_inputs import EventRule
from spikelearn.formulas.formula import parse_expression
from spikelearn.formulas.reserved import RESERVED
from spikelearn.formulas.units import unit_name, unit_of
from spikelearn.network.jumps import one_unit
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.numbers import number_array
from spikelearn.parameters.shapes import html_table
from spikelearn.parameters.units import parse_quantity, si_value, unit_dimensions
from spikelearn.storage.provenance import plain

__all__ = ["Plasticity"]


@dataclass(frozen=True, eq=False, repr=False)
class Plasticity:
    """How each synapse of a projection learns from the spikes at its two ends.

    Every synapse has its weight ``w`` and traces of its own. Traces start at 0 and decay exponentially between events,
    exactly. Events at one instant at one neuron: its own potassium, then all arrivals, each with its `on_pre`, then the
    threshold, then `on_post` of a spike made there, so that an arrival and a spike of one instant count as pre before
    post. The jump of u at an arrival has the weight from before it. In the refractory period jumps of u are lost, but
    `on_pre` happens.

    Parameters
    ----------
    traces : mapping of str to Quantity or str
        Names of the traces, which have no unit, and their time constants.
    on_pre : mapping of str to str
        At the arrival of a spike, after the delay: for ``w`` or a trace a formula of its new value. All formulas read
        the values from before the event; they may hold the traces, ``w``, the parameters, ``pi`` and the functions in
        `spikelearn.formulas.formula.FUNCTIONS`.
    on_post : mapping of str to str
        The same at a spike of the target.
    parameters : mapping of str to Quantity, str or float
        Constants with any unit.
    limits : tuple of Quantity or str, optional
        Lowest and highest weight, to which w is clipped after every event.
    source : str
        Where the rule comes from.
    unit : str
        Unit of the weight: that of the variable that jumps, which is u in volts unless the target is an
        `EquationNeuron`.

    Raises
    ------
    ValueError
        A name that means something else, a formula that is not arithmetic, does not know a name or has the wrong unit,
        a time constant that is not positive, limits in the wrong order.
    TypeError
        Something that is no mapping, or no number.

    Examples
    --------
    Weights that fall by a fifth at every arrival and recover by a spike of the target:

    >>> Plasticity({}, {"w": "0.8*w"}, {"w": "w + step"}, {"step": "0.1 mV"}, limits=("0 mV", "1 mV"))
    Plasticity(on_pre: w = 0.8*w; on_post: w = w + step)
    """

    traces: Mapping[str, Any]
    on_pre: Mapping[str, str] = field(default_factory=dict)
    on_post: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    limits: tuple[Any, Any] | None = None
    source: str = ""
    unit: str = "V"

    def __post_init__(self) -> None:
        from brian2 import second
        from brian2.units.fundamentalunits import DIMENSIONLESS, get_dimensions

        for name in ("traces", "on_pre", "on_post", "parameters"):
            if not isinstance(getattr(self, name), Mapping):
                raise TypeError(f"Plasticity.{name} must map names to values, got {getattr(self, name)!r}")
        traces, parameters = {}, {}
        for name, given in self.traces.items():
            _check_name("traces", name, {"w"})
            tau = si_value(given, "1 second", f"Plasticity.traces[{name!r}]")
            if np.ndim(tau) or not 0.0 < tau < math.inf:
                raise ValueError(f"Plasticity.traces[{name!r}] must be one positive, finite time, got {given}")
            traces[name] = tau * second
        for name, given in self.parameters.items():
            _check_name("parameters", name, {"w", *traces})
            parameters[name] = _constant(f"Plasticity.parameters[{name!r}]", given)
        units = {"w": unit_dimensions(one_unit(self.unit)), **dict.fromkeys(traces, DIMENSIONLESS)}
        known = {**units, **{name: get_dimensions(value) for name, value in parameters.items()}}
        for event in ("on_pre", "on_post"):
            for name, text in getattr(self, event).items():
                where = f"Plasticity.{event}[{name!r}]"
                if name not in units:
                    raise ValueError(unknown_name(f"Plasticity.{event}", "variable", name, units))
                parse_expression(text, known, where)
                found = unit_of(text, known, where)
                if found is not units[name]:
                    voltage = "be a voltage" if self.unit == "V" else f"have the unit {self.unit} of w"
                    wanted = voltage if name == "w" else "have no unit"
                    raise ValueError(f"{where} must {wanted}, got {text!r} with {unit_name(found)}")
            object.__setattr__(self, event, dict(getattr(self, event)))
        if "w" not in self.on_pre and "w" not in self.on_post:
            raise ValueError("Plasticity must change w in on_pre or in on_post, got no formula for it")
        if self.limits is not None:
            object.__setattr__(self, "limits", _limits(self.limits, self.unit))
        object.__setattr__(self, "traces", traces)
        object.__setattr__(self, "parameters", parameters)

    def __repr__(self) -> str:
        events = (
            f"{event}: " + ", ".join(f"{name} = {text}" for name, text in getattr(self, event).items())
            for event in ("on_pre", "on_post")
            if getattr(self, event)
        )
        return f"Plasticity({'; '.join(events)})"

    def _repr_html_(self) -> str:
        rows = [(event, name, text) for event in ("on_pre", "on_post") for name, text in getattr(self, event).items()]
        rows += [("trace", name, tau) for name, tau in self.traces.items()]
        rows += [("parameter", name, value) for name, value in self.parameters.items()]
        rows += [] if self.limits is None else [("limits", "w", f"{self.limits[0]} to {self.limits[1]}")]
        return html_table("Plasticity", ("when", "what", "new value"), rows)

    @property
    def event_rule(self) -> EventRule:
        """The rule in plain numbers, SI units, and formulas for all variables."""
        formulas = [
            tuple(event.get(name, name) for name in ("w", *self.traces)) if event else ()
            for event in (self.on_pre, self.on_post)
        ]
        lowest, highest = (-math.inf, math.inf) if self.limits is None else (float(limit) for limit in self.limits)
        return EventRule(
            tuple(self.traces),
            tuple(float(tau) for tau in self.traces.values()),
            formulas[0],
            formulas[1],
            tuple(self.parameters),
            tuple(float(value) for value in self.parameters.values()),
            (lowest, highest),
        )

    @property
    def provenance(self) -> dict[str, Any]:
        """The rule in numbers, SI units, and text."""
        return {
            "traces": plain(self.traces),
            "on_pre": dict(self.on_pre),
            "on_post": dict(self.on_post),
            "parameters": plain(self.parameters),
            "limits": None if self.limits is None else plain([float(limit) for limit in self.limits]),
            "source": self.source,
            **({} if self.unit == "V" else {"unit": self.unit}),
        }

    def check_weights(self, weight: Any, where: str) -> None:
        """Refuse initial weights, in volts, that lie outside the limits.

        Raises
        ------
        ValueError
            Naming the first such weight.
        """
        if self.limits is None:
            return
        values = np.atleast_1d(weight)
        outside = (values < float(self.limits[0])) | (values > float(self.limits[1]))
        if outside.any():
            raise ValueError(
                f"{where}: weight must lie within the limits {self.limits[0]} to {self.limits[1]} of its plasticity, "
                f"got {values[outside][0] * 1e3:g} mV"
                if self.unit == "V"
                else f"{where}: weight must lie within the limits {self.limits[0]} to {self.limits[1]} of its "
                f"plasticity, got {values[outside][0]:g}"
            )


def _check_name(field_name: str, name: Any, taken: set[str]) -> None:
    where = f"Plasticity.{field_name}"
    if not isinstance(name, str) or not name.isidentifier() or not name.isascii() or keyword.iskeyword(name):
        raise ValueError(f"{where} must have names that formulas can use, got {name!r}")
    if name in taken:
        raise ValueError(f"{where} must not use the name {name!r} of the weight or a trace")
    if name in RESERVED or name.startswith("_"):
        raise ValueError(f"{where} must not use the name {name!r}, which means something in equations")


def _constant(where: str, given: Any) -> Any:
    try:
        value = parse_quantity(given) if isinstance(given, str) else given
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    number = np.asarray(value) if hasattr(value, "dim") else number_array(where, value)
    if number.ndim or not np.isfinite(number) or isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{where} must be one finite number, got {given!r}")
    # Brian2 would raise whole numbers to powers of any length.
    return value if hasattr(value, "dim") else float(number)


def _limits(given: Any, unit: str) -> tuple[Any, Any]:
    from brian2 import Quantity

    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise TypeError(f"Plasticity.limits must be two voltages, got {given!r}")
    lowest, highest = (si_value(limit, one_unit(unit), "Plasticity.limits") for limit in given)
    if np.ndim(lowest) or np.ndim(highest) or not lowest < highest:
        raise ValueError(f"Plasticity.limits must rise, got {given[0]} to {given[1]}")
    dimensions = unit_dimensions(one_unit(unit))
    return Quantity(lowest, dim=dimensions), Quantity(highest, dim=dimensions)
