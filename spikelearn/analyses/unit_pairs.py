"""Reading the numbers of two units."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["read_pair"]


def read_pair(units: Any, n_units: int, where: str, *, same: bool = False) -> tuple[int, int]:
    """Read two unit numbers; `same` says whether they may be equal.

    Raises
    ------
    ValueError
        They are not two whole numbers, or equal. True and False are no numbers of units.
    IndexError
        There is no such unit.
    """
    try:
        given = list(units)
    except TypeError as error:
        raise ValueError(f"{where}: units must be a pair of unit numbers, got {units!r}") from error
    if len(given) != 2 or any(isinstance(unit, bool) or not isinstance(unit, (int, np.integer)) for unit in given):
        raise ValueError(f"{where}: units must be a pair of unit numbers, got {units!r}")
    first, second = int(given[0]), int(given[1])
    if first == second and not same:
        raise ValueError(f"{where}: units must be a pair of two different units, got {units!r}")
    for unit in (first, second):
        if not 0 <= unit < n_units:
            raise IndexError(f"{where}: units must be 0 to {n_units - 1}, got {unit}; these are places, not ids")
    return first, second
