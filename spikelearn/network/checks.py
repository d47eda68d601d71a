"""Checks of what a network is described with: each error names the attribute, and says how to make what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from spikelearn.parameters import nearest, parse_quantity
from spikelearn.spike_checks import whole_numbers

__all__ = [
    "check_flag",
    "check_name",
    "check_weight_variable",
    "flat",
    "listed",
    "mapped",
    "one_number",
    "read_units",
    "require",
]

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


def check_name(where: str, given: Any) -> None:
    """Refuse a name that is no text, or none."""
    if not isinstance(given, str):
        raise TypeError(f"{where} must be text, got {given!r}")
    if not given:
        raise ValueError(f"{where} must not be empty")


def check_flag(where: str, given: Any) -> None:
    """Refuse what is neither True nor False."""
    if not isinstance(given, (bool, np.bool_)):
        raise TypeError(f"{where} must be True or False, got {given!r}")


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


def one_number(where: str, given: Any) -> float:
    """Read one plain number; text, True and arrays are none.

    Raises
    ------
    TypeError
        It is no number.
    """
    if isinstance(given, (bool, np.bool_)) or not isinstance(given, (int, float, np.integer, np.floating)):
        raise TypeError(f"{where} must be a number, got {given!r}")
    return float(given)


def flat(where: str, given: Any) -> NDArray[Any]:
    """Read one value or a flat sequence into an array of one dimension; a generator is read once.

    Raises
    ------
    ValueError
        It has rows, equal or ragged.
    """
    try:
        stream = isinstance(given, Iterable) and not hasattr(given, "__len__")
        array = np.atleast_1d(np.asarray(list(given) if stream else given))
    except ValueError as error:
        raise ValueError(f"{where} must be a flat sequence, got rows of different lengths") from error
    if array.ndim > 1:
        raise ValueError(f"{where} must be a flat sequence, got an array of shape {array.shape}")
    return array


def read_units(given: Any, n: int) -> NDArray[np.int64]:
    """Read which neurons are meant, by a slice such as that of a population or by their numbers; sorted, each once.

    Raises
    ------
    TypeError
        Something else, or numbers that are not whole.
    ValueError
        A slice that reaches beyond the neurons, or rows of numbers.
    """
    if isinstance(given, slice):
        try:
            chosen = np.arange(n)[given]
        except (TypeError, ValueError) as error:
            raise TypeError(f"units must be a slice of whole numbers, got {given}") from error
        # A slice of a larger network would otherwise be cut short without a word.
        if any(bound is not None and abs(bound) > n for bound in (given.start, given.stop)):
            raise ValueError(f"units must lie in 0 to {n - 1}, got {given}")
        return np.unique(chosen)
    if isinstance(given, (str, Mapping)) or not isinstance(given, Iterable) or getattr(given, "ndim", 1) == 0:
        raise TypeError(
            f"units must be a slice such as network.units('E') or a sequence of whole numbers, got {given!r}"
        )
    return np.unique(whole_numbers("units", flat("units", given if hasattr(given, "dtype") else list(given))))


def _kind_of(given: Any) -> str:
    return f"the class {given.__name__}" if isinstance(given, type) else type(given).__name__
