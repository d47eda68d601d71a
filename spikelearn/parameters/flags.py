"""Truth values among numbers, which NumPy takes for 1 and 0."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["holds_flag"]


def holds_flag(value: Any) -> bool:
    """Tell whether a value is True or False, or a list, tuple or array in which one stands.

    Examples
    --------
    >>> holds_flag([0.5, True]), holds_flag([[1, 0], [0.0]]), holds_flag(np.array([1, 0]) > 0)
    (True, False, True)
    """
    if isinstance(value, np.ndarray):
        return value.dtype.kind == "b" or (value.dtype == object and any(holds_flag(item) for item in value.flat))
    if isinstance(value, (list, tuple)):
        return any(map(holds_flag, value))
    return isinstance(value, (bool, np.bool_))
