"""Rate populations given by strings: any number of them, any weights, one steady-state formula each."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from spikelearn.formulas.grammar import LOSS, tree_of
from spikelearn.formulas.reserved import LOSS_RESERVED
from spikelearn.formulas.smooth import parse_expression
from spikelearn.formulas.statements import read_equations
from spikelearn.parameters.names import shown
from spikelearn.parameters.shapes import fields_html
from spikelearn.simulation.simulable import Runner

__all__ = ["RatePopulations", "SteadyState", "neural_equations", "read_steady_state"]


@dataclass(frozen=True)
class RatePopulations:
    """Rate populations whose steady state is given by one formula a population, in plain numbers (Hz, ms).

    Parameters
    ----------
    steady_state : mapping of str to str
        Population name to the right-hand side f of X = f(X, W) that holds above threshold, without the rectifier:
        ``{"E": "g_E*(W_EE*E - W_EI*I - Theta_E)", "I": ...}``.
    parameters : mapping of str to float
        Every other name of the formulas. ``E_set`` is the set point of a population E, ``tau_E`` its time constant in
        ms; both may be left out where they are not used.
    weights : sequence of str
        The plastic weights in order; empty: every name that begins with ``W_``, in order of appearance.

    Raises
    ------
    ValueError
        A formula does not read, a name is unknown or reserved, or a parameter is not a finite number.

    Examples
    --------
    >>> formulas = {"E": "g*(W_EE*E - W_ES*S) + b", "S": "W_SE*E"}
    >>> model = RatePopulations(formulas, {"g": 2, "b": 1, "tau_E": 10, "tau_S": 5})
    >>> model.populations, model.weights
    (('E', 'S'), ('W_EE', 'W_ES', 'W_SE'))
    >>> print(model.neural_equations)
    dE/dt = (-E + clip(g * (W_EE * E - W_ES * S) + b, 0, inf))/(tau_E*ms) : 1
    dS/dt = (-S + clip(W_SE * E, 0, inf))/(tau_S*ms) : 1
    """

    steady_state: Mapping[str, str]
    parameters: Mapping[str, float] = field(default_factory=dict)
    weights: tuple[str, ...] = ()

    _repr_html_ = fields_html

    def __post_init__(self) -> None:
        if not self.steady_state:
            raise ValueError("RatePopulations.steady_state must have at least one population, got none")
        for name, text in self.steady_state.items():
            if not isinstance(text, str):
                raise TypeError(f"RatePopulations.steady_state[{name!r}] must be text, got {text!r}")
        numbers = {name: _number(name, value) for name, value in self.parameters.items()}
        object.__setattr__(self, "steady_state", MappingProxyType(dict(self.steady_state)))
        object.__setattr__(self, "parameters", MappingProxyType(numbers))
        object.__setattr__(self, "weights", tuple(self.weights) or _weights(" ".join(self.steady_state.values())))
        read_steady_state(self)

    @property
    def populations(self) -> tuple[str, ...]:
        """Names of the populations in order."""
        return tuple(self.steady_state)

    @property
    def neural_equations(self) -> str:
        """The activities as Brian2 equations, rectified at zero; needs ``tau_<population>`` for each."""
        return neural_equations(self)

    @property
    def equations(self) -> str:
        """Brian2 equations with fixed weights."""
        return "\n".join([self.neural_equations, *(f"{name} : 1" for name in self.weights)])

    @property
    def recordable(self) -> dict[str, str]:
        """Variables that can be recorded: activities, and the weights; plain numbers."""
        return dict.fromkeys((*self.populations, *self.weights), "1")

    @property
    def settable(self) -> dict[str, str]:
        """Variables that `Initial` can set: the activities."""
        return dict.fromkeys(self.populations, "1")

    @property
    def default_dt(self) -> float:
        """Time step of a run that does not say one, in seconds: 0.05 ms."""
        return 5e-5

    @property
    def run_options(self) -> dict[str, str]:
        """Arguments of `simulate` that apply to it beyond the common ones."""
        return {
            "initial": "activities at time 0, zero if not given",
            "weights": "the weights at time 0, in order or by name",
            "rule": "a plasticity rule in continuous time, derived or of your own; the weights stay if left out",
        }

    @property
    def engines(self) -> dict[str, Runner]:
        """Engines that can run it, the best first."""
        from spikelearn.symbolic.dynamics import run_on_array, run_on_brian

        return {"array": run_on_array, "brian2": run_on_brian}

    def check_initial(self, states: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Refuse activities that rectified units cannot have.

        Raises
        ------
        ValueError
            An activity is negative.
        """
        for name, value in states.items():
            if np.any(np.asarray(value) < 0):
                raise ValueError(f"Initial.{name} must not be negative, got {value}")


@dataclass(frozen=True, eq=False)
class SteadyState:
    """The fixed point X = f(X, W) of a model in SymPy, with the numbers of its parameters.

    Parameters
    ----------
    populations, weights : tuple of str
        In order.
    right_hand_sides : mapping of str to sympy.Expr
        f of each population.
    parameters : mapping of str to float
        Without populations and weights.
    """

    populations: tuple[str, ...]
    weights: tuple[str, ...]
    right_hand_sides: Mapping[str, Any]
    parameters: Mapping[str, float]

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that a formula about this model may use."""
        return (*self.populations, *self.weights, *self.parameters)

    @property
    def set_points(self) -> dict[str, str]:
        """Population to the name of its set point, for those that have one among the parameters."""
        return {name: f"{name}_set" for name in self.populations if f"{name}_set" in self.parameters}


def read_steady_state(model: Any, parameters: Mapping[str, float] | None = None) -> SteadyState:
    """Read the fixed-point equations of a model: any object with equations, parameters and populations.

    Parameters
    ----------
    model : object
        Has ``populations``, ``parameters`` and ``steady_state``, a mapping of population to the right-hand side f of
        X = f(X, W) above threshold; where it has no ``steady_state``, its ``equations`` are taken: such a mapping, or
        Brian2 text whose lines ``dX/dt = ... : 1`` are set to zero. ``weights`` are optional.
    parameters : mapping, optional
        More names with their values, for what only the loss uses.

    Returns
    -------
    SteadyState

    Raises
    ------
    TypeError
        The object lacks one of these.
    ValueError
        A formula does not read, or a name is used twice, reserved or unknown.
    """
    owner = type(model).__name__
    texts, differential = _texts(model, owner)
    populations = tuple(getattr(model, "populations", None) or texts)
    for name in populations:
        if name not in texts:
            raise ValueError(f"{owner}.steady_state must have an equation of every population, got none of {name!r}")
    weights = tuple(getattr(model, "weights", None) or _weights(" ".join(texts[name] for name in populations)))
    if not weights:
        raise ValueError(f"{owner}.weights must name at least one weight (names beginning with W_ are found)")
    for name in parameters or {}:
        if name in (*populations, *weights, *(getattr(model, "parameters", None) or {})):
            raise ValueError(f"parameters must not redefine {name!r} of {owner}: change the model")
    values = {**dict(getattr(model, "parameters", {}) or {}), **dict(parameters or {})}
    values = {k: _number(k, v) for k, v in values.items() if k not in weights and k not in populations}
    for name in (*populations, *weights, *values):
        if not name.isidentifier() or name.startswith("_"):
            raise ValueError(f"{owner} must use plain names, got {name!r}")
        if name in LOSS_RESERVED or name.startswith("xi_"):
            raise ValueError(
                f"{owner} must not use the name {name!r}, which means something else in the rule's equations"
            )
    if len({*populations, *weights}) != len(populations) + len(weights):
        raise ValueError(f"{owner} must use every name once, got populations {populations} and weights {weights}")
    names = (*populations, *weights, *values)
    import sympy

    sides = {name: parse_expression(texts[name], names, f"{owner}.steady_state[{name!r}]") for name in populations}
    if differential:
        sides = {name: side + sympy.Symbol(name) for name, side in sides.items()}
    used = set().union(*(side.free_symbols for side in sides.values()))
    for name in weights:
        if sympy.Symbol(name) not in used:
            raise ValueError(f"{owner}.weights must appear in the steady state, got {name!r}, which does not")
    return SteadyState(populations, weights, sides, values)


def neural_equations(model: Any) -> str:
    """Give the activities of a model as Brian2 equations, with the weights left to be declared.

    These are the model's own ``neural_equations`` where it has them; else they are made of its steady state, rectified
    at zero, with a time constant ``tau_<population>`` in ms for each.

    Raises
    ------
    ValueError
        A time constant is missing among the parameters.
    """
    if not isinstance(model, RatePopulations) and hasattr(model, "neural_equations"):
        return str(model.neural_equations)
    owner = type(model).__name__
    texts, differential = _texts(model, owner)
    if differential:
        return read_equations(model.equations, f"{owner}.equations")
    missing = [f"tau_{name}" for name in texts if f"tau_{name}" not in model.parameters]
    if missing:
        raise ValueError(f"{owner}.parameters must give {', '.join(missing)} (in ms) for the dynamics")
    return "\n".join(
        f"d{name}/dt = (-{name} + clip({ast.unparse(tree_of(text, LOSS, owner))}, 0, inf))/(tau_{name}*ms) : 1"
        for name, text in texts.items()
    )


def _texts(model: Any, owner: str) -> tuple[dict[str, str], bool]:
    given = getattr(model, "steady_state", None)
    given = getattr(model, "equations", None) if given is None else given
    if isinstance(given, Mapping):
        return {str(name): text for name, text in given.items()}, False
    if isinstance(given, str):
        from brian2.equations.equations import Equations

        read = read_equations(given, f"{owner}.equations")
        return {name: str(text) for name, text in Equations(read).diff_eq_expressions}, True
    raise TypeError(f"model must have steady_state or equations, populations and parameters, got {owner}")


def _weights(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(re.findall(r"\bW_\w+", text)))


def _number(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"parameter {name} must be a number, got {shown(value)}") from error
    if not math.isfinite(number):
        raise ValueError(f"parameter {name} must be finite, got {shown(value)}")
    return number
