"""The dataclass field that holds a quantity, and the check of all such fields."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from spikelearn.parameters.names import shown
from spikelearn.parameters.numbers import is_number
from spikelearn.parameters.units import as_quantity, parse_quantity, si_value

__all__ = ["check_range", "field_values", "quantity", "validate_parameters"]


def quantity(
    default: str | float,
    *,
    positive: bool = False,
    nonnegative: bool = False,
    infinite: bool = False,
    doc: str = "",
) -> Any:
    """Declare a dataclass field that holds a quantity.

    A Brian2 quantity cannot be hashed, so a dataclass refuses it as a default; text stands in for it
    until `validate_parameters` turns it into a quantity.

    Parameters
    ----------
    default : str or float
        ``"10 ms"``; its unit is the unit that every value must have.
    positive, nonnegative : bool
        The range that is checked.
    infinite : bool
        Whether infinity is allowed.
    doc : str
        What the parameter is, for help texts.
    """
    metadata = {
        "quantity": default,
        "positive": positive,
        "nonnegative": nonnegative,
        "infinite": infinite,
        "doc": doc,
    }
    return dataclasses.field(default=default, metadata=metadata)


def validate_parameters(instance: Any) -> None:
    """Turn every `quantity` field of a frozen dataclass into a checked quantity; call it in ``__post_init__``.

    Raises
    ------
    ValueError
        A wrong unit, NaN, an infinity that is not allowed, or a value outside the field's range. The message reads
        ``AdaptiveLIF.tau_K must be positive, got -5. ms``.
    TypeError
        A value that is no number, or an array where one value is needed.
    """
    owner = type(instance).__name__
    for field in dataclasses.fields(instance):
        if "quantity" not in field.metadata:
            continue
        where = f"{owner}.{field.name}"
        given = getattr(instance, field.name)
        try:
            value = parse_quantity(given) if isinstance(given, str) else given
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from error
        if isinstance(value, (bool, np.bool_)):
            raise TypeError(f"{where} must be a number, got {given!r}")
        example = field.metadata["quantity"]
        unit = example if isinstance(example, str) and not is_number(example) else "1"
        plain = si_value(value, unit, where)
        if not isinstance(plain, float):
            raise TypeError(
                f"{where} must be one value, got an array of shape {plain.shape}; pass arrays through vary="
            )
        check_range(plain, field.metadata, where, given)
        object.__setattr__(instance, field.name, as_quantity(plain, unit))


def field_values(instance: Any) -> dict[str, Any]:
    """Give the value of every field of a dataclass by name."""
    return {field.name: getattr(instance, field.name) for field in dataclasses.fields(instance)}


def check_range(plain: Any, metadata: Mapping[str, Any], where: str, given: Any) -> None:
    """Check finite, positive and nonnegative as a field's metadata ask; `plain` may be an array."""
    values = np.asarray(plain, dtype=np.float64)
    if np.isnan(values).any():
        raise ValueError(f"{where} must be a number, got {shown(given, plain=True)}")
    if not metadata["infinite"] and np.isinf(values).any():
        raise ValueError(f"{where} must be finite, got {shown(given, plain=True)}")
    if metadata["positive"] and (values <= 0).any():
        raise ValueError(f"{where} must be positive, got {shown(given, plain=True)}")
    if metadata["nonnegative"] and (values < 0).any():
        raise ValueError(f"{where} must not be negative, got {shown(given, plain=True)}")
