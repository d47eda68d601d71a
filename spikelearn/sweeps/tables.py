"""Places inside the tables of a model file, such as "populations.E.V_0" or "projections.0.weight"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["reachable", "with_value"]


def reachable(table: Any, path: str) -> bool:
    """Tell whether a name with dots leads into tables that are there; its last part may be new to a table."""
    *way, last = path.split(".")
    for part in way:
        table = _inside(table, part)
    if isinstance(table, list):
        return _inside(table, last) is not None
    return bool(way) and isinstance(table, Mapping)


def with_value(table: Any, path: str, value: Any) -> Any:
    """Give a copy of a table with one value laid into it."""
    first, _, rest = path.partition(".")
    if isinstance(table, list):
        k = int(first)
        return [*table[:k], with_value(table[k], rest, value) if rest else value, *table[k + 1 :]]
    return {**table, first: with_value(table[first], rest, value) if rest else value}


def _inside(table: Any, part: str) -> Any:
    if isinstance(table, Mapping):
        return table.get(part)
    if isinstance(table, list) and part.isascii() and part.isdigit() and int(part) < len(table):
        return table[int(part)]
    return None
