"""Numbers that carry something NumPy would drop without a word: units of other packages, masks, single precision."""

from __future__ import annotations

import datetime
import math
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.parameters.names import shown

__all__ = ["bare", "carries_dimension", "foreign_seconds", "foreign_unit", "scaled", "unmasked", "widened"]


def unmasked(values: Any, where: str) -> Any:
    """Give a masked array without its mask, refusing one in which something is masked.

    Raises
    ------
    ValueError
        An entry is masked: it is not known, and NumPy would hand out the number under the mask.

    Examples
    --------
    >>> unmasked(np.ma.array([1.0, 2.0]), "weights")
    array([1., 2.])
    """
    if not isinstance(values, np.ma.MaskedArray):
        return values
    hidden = np.broadcast_to(values.mask, values.shape)
    if hidden.any():
        first = ", ".join(str(int(index)) for index in np.argwhere(hidden)[0])
        raise ValueError(
            f"{where} must not be masked, got {int(hidden.sum())} masked entries, the first at [{first}]; "
            "leave them out, for example with compressed()"
        )
    # Neo and python-quantities have no masked arrays; data is the plain array.
    return values.data


def carries_dimension(value: Any) -> bool:
    """Tell whether a value is a Brian2 quantity with a dimension, or a list, tuple or array in which one stands.

    Examples
    --------
    >>> from brian2 import mV
    >>> carries_dimension([[0.0, 1 * mV]]), carries_dimension(mV / mV), carries_dimension([0.5])
    (True, False, False)
    """
    dimension = getattr(value, "dim", None)
    if dimension is not None:
        return not getattr(dimension, "is_dimensionless", True)
    if isinstance(value, np.ndarray):
        return value.dtype == object and any(carries_dimension(item) for item in value.flat)
    return isinstance(value, (list, tuple)) and any(carries_dimension(item) for item in value)


def bare(values: Any, where: str) -> Any:
    """Give pure numbers back as they are, refusing masked entries and units, both of which NumPy would drop.

    Raises
    ------
    ValueError
        An entry is masked, or a number has a dimension: 1 mV would become 0.001.

    Examples
    --------
    >>> bare([1.0, 2.0], "weights")
    [1.0, 2.0]
    """
    if carries_dimension(values):
        raise ValueError(f"{where} must be pure numbers, without a unit, got {shown(values, plain=True)}")
    return unmasked(values, where)


def widened(values: Any) -> NDArray[Any]:
    """Widen single precision by its shortest decimal: float32 0.1 becomes 0.1, not 0.10000000149.

    Times are recorded in decimal fractions of a second, and bin edges are float64; binary widening would put them
    beside the edges by 6e-8 of their size. Other types stay as they are.

    Examples
    --------
    >>> float(widened(np.float32(0.1)))
    0.1
    """
    array = np.asarray(values)
    if array.dtype.kind == "f" and array.dtype.itemsize < 8:
        flat = array.ravel()
        result = flat.astype(np.float64)
        size = np.abs(result)
        large = np.flatnonzero(np.isfinite(size) & (size >= _EXACT_BELOW))
        left = np.flatnonzero((size > 0) & (size < _EXACT_BELOW))
        if array.dtype.itemsize < 4:
            left, large = left[:0], np.flatnonzero(np.isfinite(size) & (size > 0))
        exponent = np.floor(np.log10(size[left]))
        for digits in range(1, 10):
            # The power is exact, and so is the whole number: the quotient is the decimal, rounded once.
            power = 10.0 ** (digits - 1 - exponent)
            decimal = np.rint(result[left] * power) / power
            found = (decimal.astype(array.dtype) == flat[left]) & (power <= _EXACT_POWER) & (power >= 1)
            result[left[found]] = decimal[found]
            left, exponent = left[~found], exponent[~found]
        # What is very small or large: NumPy writes the fewest digits that tell a number from its neighbours.
        left = np.concatenate([left, large])
        result[left] = np.asarray(flat[left].astype(str), dtype=np.float64)
        return result.reshape(array.shape)
    return array


_EXACT_BELOW, _EXACT_POWER = 2.0**24, 1e22


def foreign_unit(value: Any) -> str:
    """Name the unit that a value of another package carries; empty where there is none.

    Known are python-quantities and Neo, pint, astropy, unyt, xarray's ``attrs["units"]``, and time differences of
    NumPy, pandas and the standard library.
    """
    if isinstance(value, (datetime.timedelta, np.timedelta64)) or getattr(_dtype(value), "kind", "") == "m":
        return "a time difference"
    if hasattr(value, "dim"):  # Brian2's own
        return ""
    for name, needed in (("dimensionality", "rescale"), ("unit", "to_value"), ("units", "to_value"), ("units", "to")):
        if hasattr(value, needed) and hasattr(value, name):
            return str(getattr(value, name))
    attrs = getattr(value, "attrs", None)
    if hasattr(value, "dims") and isinstance(attrs, dict) and attrs.get("units"):
        return str(attrs["units"])
    return ""


def foreign_seconds(value: Any, where: str) -> Any:
    """Convert what carries a unit of another package to float64 seconds; give anything else back as it is.

    Raises
    ------
    ValueError
        The unit is not one of time, an entry is masked, or it is a point in time instead of a length.

    Examples
    --------
    >>> foreign_seconds(np.array([100, 200], dtype="timedelta64[ms]"), "times")
    array([0.1, 0.2])
    """
    value = unmasked(value, where)
    if getattr(_dtype(value), "kind", "") == "M" or isinstance(value, datetime.date):
        raise ValueError(f"{where} must be times since the begin of the recording in seconds, got dates: {value!s:.80}")
    unit = foreign_unit(value)
    if not unit:
        return value
    if unit == "a time difference":
        return _differences(value, where)
    if hasattr(value, "dims"):
        if unit.strip() in ("1", "dimensionless"):
            raise ValueError(f"{where} must be a time, got the unit {unit!r}")
        return scaled(np.asarray(value.values), _factor(unit, where))
    magnitude, factor = _magnitude(value, unit, where)
    return scaled(magnitude, factor)


def scaled(values: Any, factor: float) -> Any:
    """Multiply by a unit's factor so that a decimal stays one: 300 times 0.001 as 300/1000, rounded once.

    Single precision is widened first, in the unit in which the times were written.

    Examples
    --------
    >>> scaled(3, 0.1), 3 * 0.1
    (0.3, 0.30000000000000004)
    """
    plain = np.asarray(widened(values), dtype=np.float64)
    inverse = round(1 / factor) if 0 < factor < 1 else 0
    decimal = bool(inverse) and math.isclose(inverse * factor, 1.0, rel_tol=1e-12)
    plain = plain / inverse if decimal else plain * factor
    return float(plain) if plain.ndim == 0 else plain


def _dtype(value: Any) -> Any:
    return getattr(value, "dtype", None)


def _differences(value: Any, where: str) -> Any:
    array = np.asarray(value)
    if array.dtype == object:  # datetime.timedelta, pandas.Timedelta
        flat = [float(_exact(item)) for item in array.ravel()]
        result = np.array(flat, dtype=np.float64).reshape(array.shape)
    else:
        missing = np.isnat(array)
        if missing.any():
            raise ValueError(f"{where} must be a time, got NaT at {int(np.ravel(missing).argmax())}")
        if np.datetime_data(array.dtype)[0] in ("Y", "M", "generic"):
            raise ValueError(f"{where} must be a time in units of fixed length, got {array.dtype}")
        # Whole numbers of a unit over the unit's number in a second, so that the quotient is rounded once.
        name, count = np.datetime_data(array.dtype)
        factor = Fraction(_PER_SECOND[name]) if name in _PER_SECOND else 1 / Fraction(_SECONDS[name])
        result = array.astype(np.int64) * count / float(factor)
    return float(result) if result.ndim == 0 else result


_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9, "ps": 10**12, "fs": 10**15, "as": 10**18}
_SECONDS = {"m": 60, "h": 3600, "D": 86400, "W": 604800}


def _exact(item: Any) -> Fraction:
    nanoseconds = getattr(item, "nanoseconds", 0)
    return (
        Fraction(item.days * 86400 + item.seconds) + Fraction(item.microseconds, 10**6) + Fraction(nanoseconds, 10**9)
    )


def _factor(unit: str, where: str) -> float:
    from spikelearn.parameters.units import si_value

    return float(si_value(f"1 {unit}", "1 second", f"{where} in {unit!r}"))


def _magnitude(value: Any, unit: str, where: str) -> tuple[Any, float]:
    """Give plain numbers in the value's own unit, and that unit in seconds."""
    try:
        if hasattr(value, "rescale"):
            return np.asarray(value.magnitude), float((1.0 * value.units).rescale("s").magnitude)
        if hasattr(value, "to_value") and hasattr(value, "unit"):
            return np.asarray(value.value), float(value.unit.to("s"))
        if hasattr(value, "to_value"):
            return np.asarray(value.to_value("s")), 1.0
        return np.asarray(value.to("s").magnitude), 1.0
    except Exception as error:  # every package has errors of its own
        raise ValueError(f"{where} must be a time, got values in {unit}") from error
