"""A neuron of the user's own, written as Brian2 equation strings."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from spikelearn.brian.steps import fitting_step
from spikelearn.formulas.reserved import RESERVED
from spikelearn.formulas.statements import (
    declared_names,
    names_in_statements,
    read_condition,
    read_equations,
    read_statements,
    whole_numbers_of,
)
from spikelearn.parameters.fields import quantity, validate_parameters
from spikelearn.parameters.names import shown, unknown_name
from spikelearn.parameters.shapes import fields_html
from spikelearn.parameters.units import parse_quantity, si_value
from spikelearn.simulation.simulable import Runner

__all__ = ["EquationNeuron"]

_SYMBOLS = {"volt": "V", "second": "s", "amp": "A", "siemens": "S", "hertz": "Hz", "farad": "F", "metre": "m"}
_BASE_UNITS = {
    "metre": "m",
    "kilogram": "kg",
    "second": "s",
    "amp": "A",
    "kelvin": "K",
    "mole": "mol",
    "candela": "cd",
}


@dataclasses.dataclass(frozen=True, eq=False)
class EquationNeuron:
    """A neuron given by Brian2's own constructor arguments, and what its spikes do to itself after a delay.

    Parameters
    ----------
    equations : str
        Brian2 equations, each line with its unit. All texts go through the closed grammar of
        `spikelearn.formulas.grammar` before Brian2, which would run strings within them as Python.
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
        Values of the names in the equations, with units, all finite. A name that the equations declare as a parameter
        is set in every neuron and may be varied; any other name is a constant.

    Raises
    ------
    ValueError
        The equations cannot be parsed, or a text is not of the grammar; a parameter has the wrong unit or is not
        finite, occurs nowhere in the equations and statements, or has the name of a state variable or of a unit or
        function.
    TypeError
        A value of a kind that the argument cannot have.

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

    _repr_html_ = fields_html

    def __post_init__(self) -> None:
        validate_parameters(self)
        for name in ("equations", "threshold", "reset", "on_spike"):
            if not isinstance(getattr(self, name), str):
                raise TypeError(f"EquationNeuron.{name} must be text, got {shown(getattr(self, name))}")
        if not isinstance(self.refractory, (str, bool)) and not hasattr(self.refractory, "dim"):
            raise TypeError(f"EquationNeuron.refractory must be a time, text or False, got {shown(self.refractory)}")
        if self.method is not None and not isinstance(self.method, str):
            raise TypeError(f"EquationNeuron.method must be text or None, got {shown(self.method)}")
        if not isinstance(self.parameters, Mapping):
            raise TypeError(
                f"EquationNeuron.parameters must be a table of names and values, got {shown(self.parameters)}"
            )
        parsed = self._parsed()
        used = self._names_used(parsed)
        for name in self.parameters:
            _check_name(name, parsed, used)
        checked = {name: _one_value(name, value) for name, value in self.parameters.items()}
        object.__setattr__(self, "parameters", checked)
        self._texts()
        for name in sorted(parsed.parameter_names & checked.keys()):
            si_value(checked[name], _unit_text(parsed[name].dim, prefix=True), _place(name))

    @property
    def default_dt(self) -> float:
        """Time step of a run that does not say one: 0.1 ms."""
        return 1e-4

    @property
    def run_options(self) -> dict[str, str]:
        """Arguments of `simulate` that apply to it beyond the common ones."""
        return {
            "n": "number of independent neurons",
            "vary": "declared parameters that differ between neurons",
            "initial": "state at time 0 and past spikes",
        }

    @property
    def engines(self) -> dict[str, Runner]:
        """Engines that can run it."""
        from spikelearn.brian.neurons import simulate_on_brian

        return {"brian2": simulate_on_brian}

    def check_initial(self, states: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Accept any start that `Initial` can read: what the equations mean is not known here."""
        del states, values

    def fastest_rate(self, values: Mapping[str, Any], **run: Any) -> float:
        """Give 0: no bound of the rates of these equations is known."""
        return 0.0

    def arrival_delay(self, vary: Mapping[str, Any] | None = None, n: int = 1) -> float:
        """Give the delay in seconds, the same for all neurons."""
        return float(self.delay)

    @property
    def delay_name(self) -> str:
        """What the delay from a spike to its arrival is called."""
        return "delay"

    @property
    def on_arrival(self) -> str:
        """Statement executed when a spike from before time 0 arrives back.

        Raises
        ------
        ValueError
            It raises to a power of the number of neurons, which is another one there.
        """
        text: str = self._texts()["on_spike"]
        if text != self._texts(1)["on_spike"]:
            raise ValueError("EquationNeuron.on_spike must hold no power of N where a run starts from past spikes")
        return text or "pass"

    @property
    def recordable(self) -> dict[str, str]:
        """Variables that can be recorded, with their SI units."""
        parsed = self._parsed()
        return {name: _unit_text(parsed[name].dim) for name in sorted(parsed.eq_names)}

    @property
    def resets(self) -> dict[str, tuple[float, float]]:
        """Variables that a spike resets, from where and to where in SI units; NaN where that is no number."""
        from spikelearn.models.equation_neuron.resets import resets

        return resets(self)

    @property
    def settable(self) -> dict[str, str]:
        """Variables that `Initial` can set, with their SI units: those of differential equations, and parameters."""
        parsed = self._parsed()
        return {name: _unit_text(parsed[name].dim) for name in sorted(parsed.diff_eq_names | parsed.parameter_names)}

    @property
    def jumpable(self) -> dict[str, str]:
        """Variables that a spike from elsewhere may change at once, with their SI units: those with a derivative."""
        parsed = self._parsed()
        return {name: _unit_text(parsed[name].dim) for name in sorted(parsed.diff_eq_names)}

    @property
    def constants(self) -> dict[str, Any]:
        """Values of the names that the equations do not declare, with units."""
        declared = self._parsed().parameter_names
        return {name: value for name, value in self.parameters.items() if name not in declared}

    def group_values(self, vary: Mapping[str, Any] | None = None, n: int = 1) -> dict[str, Any]:
        """Give the constants of the Brian2 group: `values`."""
        return self.values(vary, n)

    def values(self, vary: Mapping[str, Any] | None = None, n: int = 1) -> dict[str, Any]:
        """Give the declared parameters in SI units, arrays where `vary` makes neurons differ.

        Raises
        ------
        ValueError
            `vary` names something that the equations do not declare as a parameter, or has a wrong unit or shape or a
            value that is not finite; or a declared parameter has no value.
        """
        parsed = self._parsed()
        declared = sorted(parsed.parameter_names)
        plain: dict[str, Any] = {}
        for name in declared:
            if name in self.parameters:
                plain[name] = float(np.asarray(self.parameters[name]))
        for name, given in (vary or {}).items():
            if name not in declared:
                message = unknown_name("EquationNeuron", "parameter in its equations", name, declared)
                if name in self.parameters:
                    message += (
                        f"; a constant becomes one by a line of its own in the equations, such as '{name} : volt'"
                    )
                raise ValueError(message)
            value = np.asarray(si_value(given, _unit_text(parsed[name].dim, prefix=True), f"vary[{name!r}]"))
            if value.shape != (n,):
                hint = f"; say n={len(value)}" if n == 1 and value.ndim == 1 else ""
                rule = f"one value for each of {n} neurons"
                raise ValueError(f"vary[{name!r}] must have {rule}, got shape {value.shape}{hint}")
            if not np.isfinite(value).all():
                raise ValueError(f"vary[{name!r}] must be finite, got {given}")
            plain[name] = value
        for name in declared:
            if name not in plain:
                raise ValueError(
                    f"EquationNeuron.parameters must have a value for {name!r}, which the equations declare "
                    f"(or vary must)"
                )
        return plain

    def brian_objects(
        self, n: int = 1, *, dt: Any = None, method: str | None = None, vary: Mapping[str, Any] | None = None
    ) -> tuple[Any, ...]:
        """Make the NeuronGroup and, where there is an `on_spike`, the delayed self-connections.

        Raises
        ------
        ValueError
            As for `values`; or `dt` has another unit, or the delay is above zero and shorter than a step.
        """
        from brian2 import NeuronGroup, Synapses, second

        values = self.group_values(vary, n)
        constants = self.constants
        dt = fitting_step(dt, float(self.delay), self.delay_name)
        options: dict[str, Any] = {"method": method or self.method} if method or self.method else {}
        texts = self._texts(n)
        group = NeuronGroup(
            n,
            texts["equations"],
            threshold=texts["threshold"] or None,
            reset=texts["reset"] or None,
            refractory=texts["refractory"],
            dt=dt,
            namespace=constants,
            name="equation_neuron*",
            **options,
        )
        for name, value in values.items():
            group.variables[name].set_value(value)
        if not texts["on_spike"]:
            return (group,)
        synapses = Synapses(group, group, on_pre=texts["on_spike"], dt=dt, namespace=constants, name="on_spike*")
        synapses.connect(j="i")
        synapses.delay = float(self.delay) * second
        return group, synapses

    def _texts(self, n: int | None = None, *, named: bool = False) -> dict[str, Any]:
        """Give every text as the grammar read it, with whole numbers put in: parameters unless `named`, and n."""
        place = "EquationNeuron."
        given: dict[str, float] = {} if n is None else dict.fromkeys(("N", "N_pre", "N_post"), float(n))
        if not named:
            whole = {name: value for name, value in self.parameters.items() if isinstance(value, (int, np.integer))}
            given |= {name: float(value) for name, value in whole.items()}
        known = whole_numbers_of(self.equations, place + "equations", given)
        own = declared_names(self.equations, place + "equations")
        refractory = self.refractory
        if isinstance(refractory, str):
            try:
                refractory = parse_quantity(refractory)
            except ValueError:
                refractory = read_condition(refractory, place + "refractory", known=known) or False
        return {
            "equations": read_equations(self.equations, place + "equations", given),
            "threshold": read_condition(self.threshold, place + "threshold", known=known),
            "reset": read_statements(self.reset, place + "reset", states=own, known=known),
            "refractory": refractory,
            "on_spike": read_statements(
                self.on_spike,
                place + "on_spike",
                states=[name + end for name in own for end in ("", "_pre", "_post")],
                known={name + end: value for name, value in known.items() for end in ("", "_pre", "_post")},
            ),
        }

    def _names_used(self, parsed: Any) -> set[str]:
        texts = self._texts(named=True)
        statements = [texts[name] for name in ("threshold", "reset", "on_spike", "refractory")]
        names = names_in_statements(*(text for text in statements if isinstance(text, str)))
        return {*parsed.identifiers, *names, *(name.removesuffix("_post") for name in names)}

    def _parsed(self) -> Any:
        from brian2.equations.equations import EquationError, Equations

        try:
            return Equations(self._texts(named=True)["equations"])
        except (EquationError, SyntaxError, TypeError, ValueError) as error:
            if str(error).startswith("EquationNeuron."):
                raise
            reason = str(error).strip()
            if "unit specification" in reason:
                reason += " Units of equations are volt, amp, siemens, hertz, 1 and the like, without a prefix."
            raise ValueError(f"EquationNeuron.equations cannot be read: {reason}") from error


def _place(name: str) -> str:
    return f"EquationNeuron.parameters[{name!r}]"


def _check_name(name: str, parsed: Any, used: set[str]) -> None:
    """Refuse what Brian2 would leave aside without a word: names of its own, of states, and names never used."""
    if name in parsed.eq_names:
        raise ValueError(f"{_place(name)} must not have the name of a state variable; where it starts is for Initial")
    if name in RESERVED:
        raise ValueError(f"{_place(name)} must not have a name that means a unit, function or variable of Brian2")
    if name not in used and name not in parsed.parameter_names:
        choices = (used | parsed.parameter_names) - RESERVED - parsed.eq_names
        raise ValueError(unknown_name("EquationNeuron", "name in its equations and statements", name, choices))


def _one_value(name: str, given: Any) -> Any:
    try:
        value = parse_quantity(given) if isinstance(given, str) else given
    except ValueError as error:
        raise ValueError(f"{_place(name)}: {error}") from error
    try:
        plain = None if isinstance(value, bool) else np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        plain = None
    except OverflowError as error:
        raise ValueError(f"{_place(name)} must be below 1.8e308 in size, got {shown(given)}") from error
    if plain is None or plain.ndim or value is None:
        raise TypeError(f"{_place(name)} must be one number, with its unit, got {shown(given)}")
    if not np.isfinite(plain):
        raise ValueError(f"{_place(name)} must be finite, got {shown(given, plain=True)}")
    return value


def _unit_text(dimension: Any, *, prefix: bool = False) -> str:
    from brian2 import units
    from brian2.units.fundamentalunits import get_unit

    if dimension.is_dimensionless:
        return "1"
    name = str(get_unit(dimension).name)
    if hasattr(units, name):
        text = _SYMBOLS.get(name, name)
    else:
        # A unit without a name of its own is spelt out in base units, so that it can be read back.
        powers = [(unit, dimension.get_dimension(symbol)) for unit, symbol in _BASE_UNITS.items()]
        text = "*".join(unit if power == 1 else f"{unit}**{power:g}" for unit, power in powers if power)
    return f"1 {text}" if prefix else text
