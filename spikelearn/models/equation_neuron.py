"""A neuron of the user's own, written as Brian2 equation strings."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.parameters import parse_quantity, quantity, si_value, unknown_name, validate_parameters

__all__ = ["EquationNeuron"]

_SYMBOLS = {"volt": "V", "second": "s", "amp": "A", "siemens": "S", "hertz": "Hz", "farad": "F", "metre": "m"}


@dataclasses.dataclass(frozen=True, eq=False)
class EquationNeuron:
    """A neuron given by Brian2's own constructor arguments, and what its spikes do to itself after a delay.

    Parameters
    ----------
    equations : str
        Brian2 equations, each line with its unit.
    threshold, reset : str
        Brian2's threshold condition and reset statements.
    refractory : str or bool
        Brian2's refractory period, as text such as "5 ms"; False for none.
    on_spike : str
        Statements executed on the neuron itself when a spike arrives back, `delay` after it; variables of the neuron
        carry the suffix ``_post``, as in Brian2's ``on_pre``.
    delay : Quantity
        Time from a spike to `on_spike`.
    method : str or None
        Brian2's integration method.
    parameters : mapping
        Values of the names in the equations, with units. A name that the equations declare as a parameter is set in
        every neuron and may be varied; any other name is a constant.

    Raises
    ------
    ValueError
        The equations cannot be parsed, or a parameter has the wrong unit.

    Examples
    --------
    >>> neuron = EquationNeuron(
    ...     equations="dv/dt = (drive - v)/tau : volt", threshold="v > 15*mV", reset="v = 0*mV",
    ...     parameters={"drive": "20 mV", "tau": "10 ms"})
    >>> neuron.recordable
    {'v': 'V'}
    """

    equations: str
    threshold: str = ""
    reset: str = ""
    refractory: Any = False
    on_spike: str = ""
    delay: Any = quantity("0 ms", nonnegative=True, doc="delay from a spike to on_spike")
    method: str | None = None
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        validate_parameters(self)
        for name in ("equations", "threshold", "reset", "on_spike"):
            if not isinstance(getattr(self, name), str):
                raise TypeError(f"EquationNeuron.{name} must be text, got {getattr(self, name)!r}")
        checked = {
            name: parse_quantity(value) if isinstance(value, str) else value for name, value in self.parameters.items()
        }
        object.__setattr__(self, "parameters", checked)
        declared = self._parsed()
        for name, value in checked.items():
            if name in declared.parameter_names:
                si_value(value, _unit_text(declared[name].dim, prefix=True), f"EquationNeuron.parameters[{name!r}]")

    @property
    def engines(self) -> tuple[str, ...]:
        """Engines that can run it."""
        return ("brian2",)

    @property
    def on_arrival(self) -> str:
        """Statement executed when a spike arrives back."""
        return self.on_spike or "pass"

    @property
    def recordable(self) -> dict[str, str]:
        """Variables that can be recorded, with their SI units."""
        parsed = self._parsed()
        return {name: _unit_text(parsed[name].dim) for name in sorted(parsed.eq_names)}

    def values(self, vary: Mapping[str, Any] | None = None, n: int = 1) -> dict[str, float | NDArray[np.float64]]:
        """Give the declared parameters and the delay (as t_d) in SI units, arrays where `vary` makes neurons differ.

        Raises
        ------
        ValueError
            `vary` names something that the equations do not declare as a parameter, or has a wrong unit or shape.
        """
        parsed = self._parsed()
        declared = sorted(parsed.parameter_names)
        plain: dict[str, Any] = {"t_d": float(self.delay)}
        for name in declared:
            if name in self.parameters:
                plain[name] = float(np.asarray(self.parameters[name]))
        for name, given in (vary or {}).items():
            if name not in declared:
                raise ValueError(unknown_name("EquationNeuron", "parameter in its equations", name, declared))
            value = np.asarray(si_value(given, _unit_text(parsed[name].dim, prefix=True), f"vary[{name!r}]"))
            if value.shape != (n,):
                raise ValueError(f"vary[{name!r}] must have one value for each of {n} neurons, got shape {value.shape}")
            plain[name] = value
        return plain

    def brian_objects(
        self, n: int = 1, *, dt: Any = None, method: str | None = None, vary: Mapping[str, Any] | None = None
    ) -> tuple[Any, ...]:
        """Make the NeuronGroup and, where there is an `on_spike`, the delayed self-connections."""
        from brian2 import NeuronGroup, Synapses, second

        values = self.values(vary, n)
        constants = {name: value for name, value in self.parameters.items() if name not in values}
        options: dict[str, Any] = {"method": method or self.method} if method or self.method else {}
        refractory = self.refractory
        if isinstance(refractory, str):
            try:
                refractory = parse_quantity(refractory)
            except ValueError:
                refractory = self.refractory
        group = NeuronGroup(
            n,
            self.equations,
            threshold=self.threshold or None,
            reset=self.reset or None,
            refractory=refractory,
            dt=dt,
            namespace=constants,
            name="equation_neuron*",
            **options,
        )
        delay = values.pop("t_d")
        for name, value in values.items():
            group.variables[name].set_value(value)
        if not self.on_spike:
            return (group,)
        synapses = Synapses(group, group, on_pre=self.on_spike, dt=dt, namespace=constants, name="on_spike*")
        synapses.connect(j="i")
        synapses.delay = delay * second
        return group, synapses

    def _parsed(self) -> Any:
        from brian2.equations.equations import EquationError, Equations

        try:
            return Equations(self.equations)
        except (EquationError, SyntaxError, TypeError, ValueError) as error:
            raise ValueError(f"EquationNeuron.equations cannot be read: {str(error).strip()}") from error


def _unit_text(dimension: Any, *, prefix: bool = False) -> str:
    from brian2.units.fundamentalunits import get_unit

    if dimension.is_dimensionless:
        return "1"
    name = str(get_unit(dimension).name)
    text = _SYMBOLS.get(name, name).replace(" ", "")
    return f"1 {text}" if prefix else text
