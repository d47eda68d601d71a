"""Parameters with units: text to quantities, unit checks, and the one dataclass field that holds a quantity.

Brian2 is imported only where a quantity is built or checked, so that a program that never uses units
never pays for them.
"""

from __future__ import annotations

import functools
import math
import re
from typing import Any

import numpy as np

from spikelearn.parameters.flags import holds_flag
from spikelearn.parameters.foreign import foreign_seconds, foreign_unit, unmasked, widened
from spikelearn.parameters.loading import load_brian2
from spikelearn.parameters.names import nearest, shown

__all__ = ["as_quantity", "parse_quantity", "seconds", "si_value", "unit_dimensions"]

_TIMES = ("1 second", "1 s", "1 ms")
# What a formula may hold, too; a unit is raised to small powers.
_LARGEST_POWER = 64
_LONGEST = 1000
_NUMBER = re.compile(r"\s*([+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\d._])|inf(?!\w)))")
# SI symbols that Brian2 leaves out because they would shadow variables of one letter.
_SHORT_UNITS = {"s": "second", "V": "volt", "A": "amp", "S": "siemens", "F": "farad", "m": "metre"}
_KINDS = {
    "1 s": "a time",
    "1 V": "a voltage",
    "1 Hz": "a rate",
    "1 A": "a current",
    "1 S": "a conductance",
    "1 F": "a capacitance",
    "1 ohm": "a resistance",
    "1 m": "a length",
    "1 kelvin": "a temperature",
    "1 mole": "an amount of substance",
    "1 mole/m**3": "a concentration",
    "1 F/m**2": "a capacitance per area",
    "1 S/m**2": "a conductance per area",
    "1 A/m**2": "a current per area",
    "1 V/s": "a voltage per time",
}
_EXAMPLES = {"1 second": "1 s"}
_FACTOR = re.compile(r"\s*([*/]?)\s*([A-Za-z_]\w*)\s*(?:(?:\*\*|\^)\s*(-?\d+(?:\.\d+)?))?")
# The micro sign and the Greek letter mu look alike; Brian2 writes the prefix as u.
_MICRO = str.maketrans({"\N{MICRO SIGN}": "u", "\N{GREEK SMALL LETTER MU}": "u"})


def _unit(name: str, text: str) -> Any:
    load_brian2()
    from brian2 import units
    from brian2.units.fundamentalunits import Unit

    full_name = _SHORT_UNITS.get(name, name)
    unit = getattr(units, full_name, None)
    if unit is None and name[-1] in _SHORT_UNITS:
        # Brian2 has uvolt but no uV.
        unit = getattr(units, name[:-1] + _SHORT_UNITS[name[-1]], None)
    if isinstance(unit, Unit):
        return unit
    known = [n for n, u in vars(units).items() if isinstance(u, Unit)] + list(_SHORT_UNITS)
    guess = nearest(name, known)
    raise ValueError(
        f"{shown(text)} has the unknown unit {shown(name)}" + (f"; did you mean {guess!r}?" if guess else "")
    )


def parse_quantity(text: str | float | int) -> Any:
    """Read text such as "10 ms" or "2 nS/cm**2" into a quantity.

    Names are looked up among Brian2's units; nothing is evaluated.

    Parameters
    ----------
    text : str or number
        A number, optionally followed by units joined by a space, ``*`` or ``/`` with integer powers.
        ``inf`` is a number.

    Returns
    -------
    brian2.Quantity or float
        A float where the text has no unit.

    Raises
    ------
    ValueError
        The text is not a number with units, or a unit is unknown.

    Examples
    --------
    >>> parse_quantity("10 ms")
    10. * msecond
    >>> parse_quantity("0.05")
    0.05
    """
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        return _float(text, "a quantity")
    if not isinstance(text, str):
        raise TypeError(f"a quantity must be text such as '10 ms' or a number, got {shown(text)}")
    if len(text) > _LONGEST:
        raise ValueError(f"a quantity must have at most {_LONGEST} characters, got {len(text)}")
    text = text.translate(_MICRO)
    match = _NUMBER.match(text)
    if match is None:
        raise ValueError(f"a quantity must start with a number, as in '10 ms', got {shown(text)}")
    value: Any = float(match.group(1))
    finite = math.isfinite(value)
    if not finite and "inf" not in match.group(1):
        raise ValueError(f"a quantity must be below 1.8e308 in size, got {shown(text)}")
    rest = text[match.end() :]
    while rest.strip():
        factor = _FACTOR.match(rest)
        if factor is None:
            raise ValueError(f"a quantity must read like '10 ms' or '2 nS/cm**2', got {shown(text)}")
        unit = _unit(factor.group(2), text)
        power = _power(factor.group(3), text)
        try:
            with np.errstate(over="raise"):
                value = value / unit**power if factor.group(1) == "/" else value * unit**power
        except ArithmeticError as error:
            raise ValueError(f"a quantity must be below 1.8e308 in size, got {shown(text)}") from error
        rest = rest[factor.end() :]
    return value


def _power(written: str | None, text: str) -> int | float:
    if written is None:
        return 1
    if abs(float(written)) > _LARGEST_POWER:
        raise ValueError(f"a quantity must have units to powers of at most {_LARGEST_POWER}, got {shown(text)}")
    return float(written) if "." in written else int(written)


def _float(value: Any, where: str) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError(f"{where} must be below 1.8e308 in size, got {shown(value)}") from error


@functools.cache
def unit_dimensions(unit: str) -> Any:
    """Give the dimensions of a unit, read once: models are built by the thousand in sweeps."""
    load_brian2()
    from brian2.units.fundamentalunits import get_dimensions

    return get_dimensions(parse_quantity(unit))


def as_quantity(plain: Any, unit: str) -> Any:
    """Give plain SI numbers the dimensions of a unit; for "1" they stay as they are."""
    if unit == "1":
        return plain
    from brian2.units.fundamentalunits import Quantity

    return Quantity(plain, dim=unit_dimensions(unit))


def _needed(unit: str) -> str:
    """Say what is needed in words, with an example: ``a voltage, such as '20 mV'``."""
    if unit == "1":
        return "a pure number"
    dimension = unit_dimensions(unit)
    kind = next((word for name, word in _KINDS.items() if unit_dimensions(name) == dimension), "a quantity")
    return f"{kind}, such as {_EXAMPLES.get(unit, unit)!r}"


def si_value(value: Any, unit: str, where: str) -> Any:
    """Strip a quantity to plain float64 numbers in SI units after checking its unit.

    Parameters
    ----------
    value : Quantity, float, array or str
        What the user handed in; text is read by `parse_quantity`. Plain numbers for a time are seconds.
    unit : str
        A quantity with the right dimension, for example ``"1 ms"``; ``"1"`` for a pure number.
    where : str
        The name for the error message, for example ``"AdaptiveLIF.tau_K"``.

    Returns
    -------
    float or ndarray
        In SI base units.

    Raises
    ------
    ValueError
        The dimension is not that of `unit`, or the text is no quantity.
    TypeError
        Something that is no number.

    Examples
    --------
    >>> si_value("10 ms", "1 ms", "tau")
    0.01
    """
    load_brian2()
    from brian2.units.fundamentalunits import get_dimensions

    value = unmasked(value, where)
    if holds_flag(value):
        said = "a number" if unit == "1" else f"a number: {_needed(unit)}"
        raise TypeError(f"{where} must be {said}, got {shown(value)}")
    carried = foreign_unit(value)
    if carried:
        if unit not in _TIMES:
            raise ValueError(f"{where} must be a Brian2 quantity or text such as {unit!r}, got one in {carried}")
        value = foreign_seconds(value, where) * parse_quantity("1 second")
    try:
        checked = parse_quantity(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    wanted = unit_dimensions(unit)
    try:
        found = get_dimensions(checked)
        # Brian2 compares dimensions with a tolerance, which takes its time; mostly they are the same object.
        same = found is wanted or found == wanted
        if not same and wanted is unit_dimensions("1 second") and found.is_dimensionless and _plain_number(checked):
            # A plain number for a time means seconds, everywhere; a list of voltages has a dimension of its own.
            same = True
        plain = np.asarray(checked, dtype=np.float64)
    except OverflowError as error:
        raise ValueError(f"{where} must be below 1.8e308 in size, got {shown(value)}") from error
    except (TypeError, ValueError) as error:
        said = "a number" if unit == "1" else f"a number: {_needed(unit)}"
        raise TypeError(f"{where} must be {said}, got {shown(value)}") from error
    if not same:
        raise ValueError(f"{where} must be {_needed(unit)}, got {shown(value, plain=True)}")
    return float(plain) if plain.ndim == 0 else plain


def _plain_number(value: Any) -> bool:
    """Tell whether it is a number or an array of numbers that never had a unit."""
    if hasattr(value, "dim") or isinstance(value, (bool, np.bool_)):
        return False
    array = np.asarray(value)
    return bool(array.dtype.kind in "iuf")


def seconds(value: Any, where: str) -> float:
    """Read a time given as a quantity, as text, or as a plain number of seconds.

    Quantities of other packages and time differences are converted, and single precision is read by its shortest
    decimal, see `spikelearn.parameters.foreign`.

    Raises
    ------
    ValueError
        The value is not finite or has another unit than time.
    TypeError
        The value is True or False.

    Examples
    --------
    >>> seconds(0.25, "bin_size")
    0.25
    >>> seconds("5 ms", "bin_size")
    0.005
    """
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{where} must be a time, got {shown(value, plain=True)}")
    if not isinstance(value, (int, float, str)):
        value = foreign_seconds(value, where)
        # An array without dimensions is a number.
        value = value[()] if type(value) is np.ndarray and value.ndim == 0 else value
    if isinstance(value, (int, float, np.floating, np.integer)) and not hasattr(value, "dim"):
        plain = _float(widened(value), where)
    else:
        result = si_value(value, "1 second", where)
        if not isinstance(result, float):
            raise ValueError(f"{where} must be one time, got an array of shape {result.shape}")
        plain = result
    if not math.isfinite(plain):
        raise ValueError(f"{where} must be a finite time, got {shown(value, plain=True)}")
    return plain
