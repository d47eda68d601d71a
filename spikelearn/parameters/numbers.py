"""Whole numbers, plain numbers, flags, names and sequences of them: each error names the thing."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Floats, Integers
from spikelearn.parameters.flags import holds_flag
from spikelearn.parameters.foreign import bare, unmasked
from spikelearn.parameters.names import shown

__all__ = [
    "check_flag",
    "check_name",
    "flat",
    "is_number",
    "number_array",
    "one_number",
    "read_units",
    "whole_number",
    "whole_numbers",
]


def whole_number(name: str, value: Any, *, at_least: int = 0, at_most: int | None = None) -> int:
    """Read a whole number, NumPy's too; True and 2.5 are none.

    Raises
    ------
    TypeError
        The value is no whole number.
    ValueError
        It is below `at_least` or above `at_most`.
    """
    try:
        number = None if isinstance(value, (bool, np.bool_)) else operator.index(value)
    except TypeError:
        number = None
    if number is None:
        raise TypeError(f"{name} must be a whole number, got {shown(value)}")
    if number < at_least:
        rule = f"be at least {at_least}" if at_least else "not be negative"
        raise ValueError(f"{name} must {rule}, got {shown(number)}")
    if at_most is not None and number > at_most:
        raise ValueError(f"{name} must be at most {at_most}, got {shown(number)}")
    return number


def whole_numbers(name: str, values: Any) -> Integers:
    """Read whole numbers into an array; floats would be cut short without a word.

    Raises
    ------
    TypeError
        The values are not whole numbers.
    ValueError
        One does not fit into 64 bits, or is masked.
    """
    values = unmasked(values, name)
    array = np.asarray(values)
    whole = array.dtype.kind in "iu" or (
        array.dtype == object and all(isinstance(item, (int, np.integer)) for item in array.flat)
    )
    if array.size and not whole:
        raise TypeError(f"{name} must be whole numbers, got {array.dtype.name} values such as {array.flat[0]!s}")
    if holds_flag(values):
        raise TypeError(f"{name} must be whole numbers, got {shown(values)}")
    try:
        return np.asarray(array, dtype=np.int64)
    except OverflowError as error:
        raise ValueError(f"{name} must be whole numbers below 2**63, got a larger one") from error


def check_name(where: str, given: Any) -> None:
    """Refuse a name that is no text, or none."""
    if not isinstance(given, str):
        raise TypeError(f"{where} must be text, got {shown(given)}")
    if not given:
        raise ValueError(f"{where} must not be empty")


def check_flag(where: str, given: Any) -> None:
    """Refuse what is neither True nor False."""
    if not isinstance(given, (bool, np.bool_)):
        raise TypeError(f"{where} must be True or False, got {shown(given)}")


def one_number(where: str, given: Any) -> float:
    """Read one plain number; text, True and arrays are none.

    Raises
    ------
    TypeError
        It is no number.
    """
    if isinstance(given, (bool, np.bool_)) or not isinstance(given, (int, float, np.integer, np.floating)):
        raise TypeError(f"{where} must be a number, got {shown(given)}")
    try:
        return float(given)
    except OverflowError as error:
        raise ValueError(f"{where} must be below 1.8e308 in size, got {shown(given)}") from error


def is_number(text: str) -> bool:
    """Say whether text is a plain number, without a unit; "nan" and "inf" are.

    Examples
    --------
    >>> is_number("1e-3"), is_number("1 ms")
    (True, False)
    """
    try:
        float(text)
    except ValueError:
        return False
    return True


def number_array(where: str, given: Any) -> Floats:
    """Read plain numbers of any shape: a number, a list, a matrix as a list of rows.

    Raises
    ------
    TypeError
        Something in it is no number, or rows have different lengths.
    ValueError
        A whole number is too large for floating point, an entry is masked, or a number has a unit.
    """
    given = bare(given, where)
    try:
        array = np.asarray(given, dtype=np.float64)
        if holds_flag(given) or isinstance(given, str) or np.asarray(given).dtype.kind in "US":
            raise TypeError
    except OverflowError as error:
        raise ValueError(f"{where} must hold numbers below 1.8e308 in size, got a larger one") from error
    except (TypeError, ValueError) as error:
        raise TypeError(f"{where} must be a number or an array of numbers, got {shown(given)}") from error
    return array


def flat(where: str, given: Any) -> NDArray[Any]:
    """Read one value or a flat sequence into an array of one dimension; a generator is read once.

    Raises
    ------
    ValueError
        It has rows, equal or ragged, or an entry is masked.
    """
    given = unmasked(given, where)
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
            raise TypeError(f"units must be a slice of whole numbers, got {shown(given, plain=True)}") from error
        # A slice of a larger network would otherwise be cut short without a word.
        if any(bound is not None and abs(bound) > n for bound in (given.start, given.stop)):
            raise ValueError(f"units must lie in 0 to {n - 1}, got {shown(given, plain=True)}")
        return np.unique(chosen)
    if isinstance(given, (str, Mapping)) or not isinstance(given, Iterable) or getattr(given, "ndim", 1) == 0:
        raise TypeError(
            f"units must be a slice such as network.units('E') or a sequence of whole numbers, got {shown(given)}"
        )
    return np.unique(whole_numbers("units", flat("units", given if hasattr(given, "dtype") else list(given))))


def _kind_of(given: Any) -> str:
    return f"the class {given.__name__}" if isinstance(given, type) else type(given).__name__
