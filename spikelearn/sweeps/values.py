"""One value of a point: a number, a quantity, a flag or a text, and the one text that stands for it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikelearn.parameters.units import parse_quantity

__all__ = ["Value", "read_value", "unit_of"]

_SHORT = ("V", "s", "Hz", "S", "A", "F", "m", "ohm")


@dataclass(frozen=True)
class Value:
    """A value in SI units.

    Parameters
    ----------
    plain : bool, int, float or str
        The value, in SI units.
    unit : str
        Its unit as text that `parse_quantity` reads; "1" for numbers, empty for flags and texts.
    """

    plain: bool | int | float | str
    unit: str

    @property
    def text(self) -> str:
        """The text that stands for the value in keys and seeds: 1 and 1.0, "9 mV" and 0.009 volt are the same."""
        if isinstance(self.plain, (bool, str)):
            return json.dumps(self.plain)
        number = float(self.plain)
        # A whole number that no float can hold keeps its digits.
        shown = repr(number + 0.0) if number == self.plain else repr(self.plain)
        return shown if self.unit == "1" else f"{_nearest(number)!r} {self.unit}"

    @property
    def given(self) -> Any:
        """The value as a function gets it: with its unit, if it has one."""
        if self.unit in ("1", ""):
            return self.plain
        return self.plain * parse_quantity(f"1 {self.unit}")

    @property
    def in_file(self) -> Any:
        """The value as a model file holds it: text where it has a unit."""
        return self.plain if self.unit in ("1", "") else f"{self.plain!r} {self.unit}"


def read_value(given: Any, where: str) -> Value:
    """Read one value: a number, a Brian2 quantity, text with a unit, a flag, or any other text.

    Raises
    ------
    TypeError
        Something else, such as an array.
    ValueError
        A number that is NaN.

    Examples
    --------
    >>> read_value("20 mV", "V_0")
    Value(plain=0.02, unit='V')
    >>> read_value(3, "n").text
    '3.0'
    """
    if isinstance(given, str):
        try:
            parsed = parse_quantity(given)
        except ValueError:
            return Value(given, "")
        return Value(given, "") if isinstance(parsed, float) else read_value(parsed, where)
    if isinstance(given, (bool, np.bool_)):
        return Value(bool(given), "")
    if isinstance(given, (int, np.integer)):
        return Value(int(given), "1")
    if isinstance(given, float) and not hasattr(given, "dim"):
        return Value(_number(float(given), where), "1")
    shape = getattr(given, "shape", None)
    if shape == () and getattr(getattr(given, "dtype", None), "kind", "") in "fiu":
        return Value(_number(float(np.asarray(given)), where), unit_of(given))
    raise TypeError(f"{where} must be a number, a quantity, text or a flag, got {str(given)[:60]!r}")


def _nearest(number: float) -> float:
    """Give the short number that a prefix of its unit has moved by some last digits: 9 mV is 0.009000000000000001 V.

    Examples
    --------
    >>> _nearest(9 * 1e-3), _nearest(1 / 3)
    (0.009, 0.3333333333333333)
    """
    short = float(f"{number:.12g}")
    return short + 0.0 if abs(short - number) <= 4 * math.ulp(number) else number


def _number(value: float, where: str) -> float:
    if np.isnan(value):
        raise ValueError(f"{where} must be a number, got nan")
    return value


def unit_of(given: Any) -> str:
    """Give the unit of a quantity as text that `parse_quantity` reads, in SI units: "V", "s"; "1" for numbers."""
    if not hasattr(given, "dim") or given.dim.is_dimensionless:
        return "1"
    from brian2.units.fundamentalunits import get_unit

    unit = get_unit(given.dim)
    # Brian2 names some units with a prefix, such as mM; in base units the number is the SI number.
    return str(unit) if float(unit) == 1.0 and str(unit) in _SHORT else _spelt(given.dim)


def _spelt(dim: Any) -> str:
    names = ("m", "kilogram", "s", "A", "kelvin", "mol", "candela")
    powers = [dim.get_dimension(name) for name in ("m", "kg", "s", "A", "K", "mol", "cd")]
    return " ".join(f"{name}^{power:g}" for name, power in zip(names, powers, strict=True) if power)
