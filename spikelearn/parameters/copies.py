"""Copies of what a record is made from: its numbers stay what they were when the caller's arrays are used again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["private"]


def private(value: Any) -> Any:
    """Copy an array, and lists, tuples and mappings in which arrays stand; anything else is given back as it is.

    Parameters
    ----------
    value : object
        What the caller handed in: numbers with or without units, arrays of NumPy, Brian2, pandas or xarray.

    Examples
    --------
    >>> weights = np.array([1.0, 2.0])
    >>> kept = private({"w": weights})
    >>> weights[:] = 0.0
    >>> kept
    {'w': array([1., 2.])}
    """
    labelled = all(hasattr(value, name) for name in ("values", "copy", "ndim"))  # of pandas and xarray
    if isinstance(value, np.ndarray) or labelled:
        return value.copy() if value.ndim else value
    if isinstance(value, Mapping):
        return {name: private(item) for name, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(private(item) for item in value)
    return value
