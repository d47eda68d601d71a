"""Numbers of a file with or without a unit, and series of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from spikelearn.parameters.names import shown
from spikelearn.parameters.units import as_quantity, parse_quantity, si_value

__all__ = ["read_series", "read_value"]


# A series is written out in memory.
_MOST = 10_000_000


def read_value(given: Any, where: str) -> Any:
    """Read a number or text with a unit, naming the key where it is neither."""
    try:
        return parse_quantity(given)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: {error}") from error


def read_series(where: str, given: Any) -> Any:
    """Read a list of values, or a table start, stop, num for evenly spaced ones without the end point.

    An array, which no file can hold, is taken as it is.
    """
    if isinstance(given, np.ndarray):
        return given
    if isinstance(given, Mapping):
        if set(given) != {"start", "stop", "num"}:
            raise ValueError(f"{where} must be a list or have start, stop and num, got {sorted(given)}")
        num = given["num"]
        if isinstance(num, bool) or not isinstance(num, int) or num < 1:
            raise ValueError(f"{where}.num must be a whole number of at least 1, got {shown(num)}")
        if num > _MOST:
            raise ValueError(f"{where}.num must be at most {_MOST}, got {shown(num)}")
        start, stop = read_value(given["start"], f"{where}.start"), read_value(given["stop"], f"{where}.stop")
        unit = str(given["start"]) if hasattr(start, "dim") else "1"
        first, last = (float(si_value(v, unit, f"{where}.{key}")) for key, v in (("start", start), ("stop", stop)))
        for key, value in (("start", first), ("stop", last)):
            if not math.isfinite(value):
                raise ValueError(f"{where}.{key} must be finite, got {shown(given[key])}")
        return as_quantity(first + np.arange(num) / num * (last - first), unit)
    if not isinstance(given, list):
        raise ValueError(f"{where} must be a list or a table with start, stop and num, got {shown(given)}")
    values = [read_value(item, where) for item in given]
    if not values:
        raise ValueError(f"{where} must not be empty")
    unit = str(given[0]) if hasattr(values[0], "dim") else "1"
    numbers = np.array([float(si_value(value, unit, where)) for value in values], dtype=np.float64)
    return as_quantity(numbers, unit)
