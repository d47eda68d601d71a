"""Which variable of a neuron jumps when a spike arrives, and by a weight of which unit."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikelearn.models.adaptive_lif.model import AdaptiveLIF
from spikelearn.models.equation_neuron.model import EquationNeuron
from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.units import parse_quantity, si_value

__all__ = ["LARGEST_WEIGHT", "jump_of", "one_unit", "read_neuron", "read_weight"]

# Far beyond any membrane; numbers above 2**52 have another meaning in the compiled loop.
LARGEST_WEIGHT = 1e9


def read_neuron(given: Any) -> AdaptiveLIF | EquationNeuron:
    """Read the neuron of a population: an AdaptiveLIF, an EquationNeuron, or what has ``as_equations()``.

    Raises
    ------
    TypeError
        It is something else.
    """
    neuron = given.as_equations() if hasattr(given, "as_equations") and not isinstance(given, type) else given
    if not isinstance(neuron, (AdaptiveLIF, EquationNeuron)):
        name = given.__name__ if isinstance(given, type) else type(given).__name__
        made = f", the class; use {name}(...)" if isinstance(given, type) else ""
        raise TypeError(f"Population.neuron must be an AdaptiveLIF or an EquationNeuron, got {name}{made}")
    return neuron


def jump_of(neuron: AdaptiveLIF | EquationNeuron, onto: str | None, where: str) -> tuple[str, str]:
    """Give the variable that an arrival changes, and its SI unit.

    Parameters
    ----------
    neuron : AdaptiveLIF or EquationNeuron
        Who receives.
    onto : str or None
        The variable; None where there is no choice.
    where : str
        The name for errors.

    Raises
    ------
    ValueError
        There is no such variable, or several and none is named.
    """
    choices = {"u": "V"} if isinstance(neuron, AdaptiveLIF) else neuron.jumpable
    if onto is None:
        if len(choices) != 1:
            raise ValueError(f"{where}: onto must name the variable that jumps, one of {', '.join(choices) or 'none'}")
        (onto,) = choices
    elif onto not in choices:
        raise ValueError(unknown_name(where, "variable that jumps (onto)", str(onto), choices))
    return onto, choices[onto]


def one_unit(unit: str) -> str:
    """Give a unit as the quantity that `si_value` checks with."""
    return {"1": "1", "V": "1 mV"}.get(unit, f"1 {unit}")


def read_weight(weight: Any, onto: str | None, where: str) -> Any:
    """Read weights as plain numbers in SI units: voltages, or of any unit where `onto` says what they belong to.

    Raises
    ------
    ValueError
        A weight is not finite, or beyond 1e9.
    TypeError
        It is no number.
    """
    if onto is None:
        plain = np.asarray(si_value(weight, "1 mV", f"{where}: weight"))
    else:
        try:
            value = parse_quantity(weight) if isinstance(weight, str) else weight
            plain = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            raise type(error)(f"{where}: weight must be a number with a unit, got {weight!r}") from error
    if not (np.abs(plain) < LARGEST_WEIGHT).all():
        raise ValueError(f"{where}: weight must be finite and below {LARGEST_WEIGHT:g} V, got {weight}")
    return plain
