"""Checks of what a network is described with: each error names the attribute, and says how to make what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from spikelearn.parameters.names import nearest
from spikelearn.parameters.numbers import _kind_of, check_name
from spikelearn.parameters.units import parse_quantity

__all__ = ["check_weight_variable", "listed", "mapped", "require"]

Kind = TypeVar("Kind")


def require(where: str, given: Any, kind: type[Kind], make: str) -> Kind:
    """Give it back if it is of this kind; `make` is how to get one, for the error.

    Raises
    ------
    TypeError
        It is of another kind.
    """
    if not isinstance(given, kind):
        raise TypeError(f"{where} must be a {kind.__name__}, got {_kind_of(given)}; use {make}")
    return given


def listed(where: str, given: Any, kind: type[Kind], make: str) -> tuple[Kind, ...]:
    """Read a sequence of records once, so that a generator keeps them.

    Raises
    ------
    TypeError
        It is a single record, or holds something else.
    """
    if isinstance(given, (str, Mapping)) or not isinstance(given, Iterable):
        raise TypeError(f"{where} must be a sequence of {kind.__name__}, got {_kind_of(given)}; use [{make}]")
    return tuple(require(f"{where}[{k}]", item, kind, make) for k, item in enumerate(given))


def mapped(where: str, given: Any, kind: str) -> dict[str, Any]:
    """Copy a mapping from names.

    Raises
    ------
    TypeError
        It is no mapping, or a name is no text.
    """
    if not isinstance(given, Mapping):
        raise TypeError(f"{where} must map names to {kind}, got {_kind_of(given)}")
    for name in given:
        check_name(f"{where}: a name", name)
    return dict(given)


def check_weight_variable(weight: Any, synapses: Any, where: str) -> None:
    """Refuse text that is neither a variable of the Brian2 synapses nor a quantity."""
    if not hasattr(synapses, "variables"):
        raise TypeError(f"{where}: synapses must be Brian2 Synapses, got {_kind_of(synapses)}")
    if not isinstance(weight, str) or weight in synapses.variables:
        return
    try:
        parse_quantity(weight)
    except ValueError as error:
        own = sorted(set(synapses.equations.names) - {"lastupdate"})
        guess = nearest(weight, own)
        hint = f"; did you mean {guess!r}?" if guess else ""
        raise ValueError(
            f"{where}: weight must be one of the variables {own} of the synapses or a voltage, got {weight!r}{hint}"
        ) from error
