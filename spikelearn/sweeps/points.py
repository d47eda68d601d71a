"""The points of a sweep: a grid of values or a table of listed points, with a key and a seed for each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from spikelearn.arrays import Integers
from spikelearn.parameters.numbers import whole_number
from spikelearn.sweeps.values import Value, read_value

__all__ = ["Grid", "Point", "read_grid"]


@dataclass(frozen=True)
class Point:
    """One point: its place in the result, its values by name, which repeat it is, its key and its seed."""

    index: int
    values: dict[str, Value]
    repeat: int
    key: str
    seed: int

    @property
    def label(self) -> str:
        """The point as text, for messages."""
        shown = ", ".join(f"{name} = {value.text}" for name, value in self.values.items())
        return shown if not self.repeat else f"{shown}, repeat {self.repeat}"


@dataclass(frozen=True)
class Grid:
    """Names and values of all points, made one by one when they are asked for.

    Parameters
    ----------
    columns : dict of str to tuple of Value
        Values along each dimension, or one value a listed point.
    listed : bool
        Whether the columns are the points themselves.
    n_repeats, seed : int
        Repeats of each point, and the root of all seeds.
    """

    columns: dict[str, tuple[Value, ...]]
    listed: bool
    n_repeats: int
    seed: int

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the dimensions, the last that of repeats where there are several."""
        own = ("point",) if self.listed else tuple(self.columns)
        return own if self.n_repeats == 1 else (*own, "repeat")

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each dimension."""
        lengths = tuple(len(column) for column in self.columns.values())
        own = lengths[:1] if self.listed else lengths
        return own if self.n_repeats == 1 else (*own, self.n_repeats)

    def __len__(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))

    def __iter__(self) -> Iterator[Point]:
        return (self.point(index) for index in range(len(self)))

    def point(self, index: int) -> Point:
        """Give one point; key and seed come from its values, its repeat and the root seed alone."""
        places, repeat = self._places(index)
        values = {name: column[k] for (name, column), k in zip(self.columns.items(), places, strict=True)}
        digest = self._digest(places, repeat)
        words = np.frombuffer(digest, dtype="<u4").tolist()
        low, high = np.random.SeedSequence([self.seed, *words]).generate_state(2).tolist()
        return Point(index, values, repeat, digest.hex()[:40], low | (high & 0x7FFFFFFF) << 32)

    def key(self, index: int) -> str:
        """Give the key of one point, without its seed."""
        return self._digest(*self._places(index)).hex()[:40]

    def places(self, indices: Integers) -> dict[str, Integers]:
        """Give, for every name, where in its column the values of some points stand."""
        own = np.asarray(indices) // self.n_repeats
        if self.listed:
            return dict.fromkeys(self.columns, own)
        lengths = [len(column) for column in self.columns.values()]
        return dict(zip(self.columns, np.unravel_index(own, lengths), strict=True))

    def _places(self, index: int) -> tuple[list[int], int]:
        own, repeat = divmod(index, self.n_repeats)
        if self.listed:
            return [own] * len(self.columns), repeat
        found = []
        for column in reversed(self.columns.values()):
            own, place = divmod(own, len(column))
            found.append(place)
        return found[::-1], repeat

    @cached_property
    def _texts(self) -> list[tuple[int, list[str]]]:
        """By name: the place of the column, and its values as they stand in the text of a point."""
        named = sorted((name, k) for k, name in enumerate(self.columns))
        return [(k, [json.dumps([name, value.text]) for value in self.columns[name]]) for name, k in named]

    def _digest(self, places: list[int], repeat: int) -> bytes:
        content = f"[[{', '.join(texts[places[k]] for k, texts in self._texts)}], {repeat}]"
        return hashlib.sha256(content.encode()).digest()

    def described(self) -> dict[str, Any]:
        """Give the grid as JSON holds it; read back by `restored`."""
        columns = {name: [[value.plain, value.unit] for value in column] for name, column in self.columns.items()}
        return {"columns": columns, "listed": self.listed, "n_repeats": self.n_repeats, "seed": self.seed}

    @classmethod
    def restored(cls, content: Mapping[str, Any]) -> Grid:
        """Make the grid that `described` wrote down."""
        columns = {name: tuple(Value(*item) for item in column) for name, column in content["columns"].items()}
        return cls(columns, content["listed"], content["n_repeats"], content["seed"])


def read_grid(grid: Any, n_repeats: int, seed: int) -> Grid:
    """Read a grid: a mapping of name to values, or a table of points (list of mappings, or DataFrame).

    Raises
    ------
    TypeError
        Neither of them, or a value that cannot stand in a point.
    ValueError
        No names or no points, values of different kinds along one dimension, or a point twice.
    """
    repeats = whole_number("sweep: n_repeats", n_repeats, at_least=1)
    root = whole_number("sweep: seed", seed, at_least=0)
    listed = not isinstance(grid, Mapping)
    given = _columns(grid) if listed else dict(grid)
    if not given:
        raise ValueError("sweep: grid must name at least one parameter, got none")
    columns = {}
    for name, values in given.items():
        if not isinstance(name, str) or not name:
            raise TypeError(f"sweep: grid must have names of parameters as keys, got {name!r}")
        if name in ("seed", "repeat", "point"):
            raise ValueError(f"sweep: grid must not have the name {name!r}; seeds and repeats are made by the sweep")
        columns[name] = _column(f"sweep: grid {name}", values)
    made = Grid(columns, listed, repeats, root)
    rows = zip(*columns.values(), strict=True) if listed else None
    for label, items in [("table", rows)] if rows is not None else [(n, ((v,) for v in c)) for n, c in columns.items()]:
        seen: set[tuple[str, ...]] = set()
        for row in items:
            texts = tuple(value.text for value in row)
            if texts in seen:
                raise ValueError(f"sweep: grid {label} must hold each value once, got {', '.join(texts)} twice")
            seen.add(texts)
    return made


def _columns(table: Any) -> dict[str, list[Any]]:
    records = table.to_dict("records") if hasattr(table, "to_dict") else table
    if not isinstance(records, (list, tuple)) or not all(isinstance(row, Mapping) for row in records):
        raise TypeError(
            f"sweep: grid must be a dict of name -> values, a list of points or a DataFrame, got {type(table).__name__}"
        )
    if not records:
        raise ValueError("sweep: grid must hold at least one point, got none")
    for number, row in enumerate(records):
        if set(row) != set(records[0]):
            raise ValueError(f"sweep: every point must have the names {sorted(records[0])}, point {number} has not")
    return {name: [row[name] for row in records] for name in records[0]}


def _column(where: str, values: Any) -> tuple[Value, ...]:
    if isinstance(values, (str, Mapping)) or not isinstance(values, Iterable) or getattr(values, "ndim", 1) != 1:
        raise TypeError(f"{where} must be a flat sequence of values, got {str(values)[:60]!r}")
    read = tuple(read_value(value, where) for value in values)
    if not read:
        raise ValueError(f"{where} must hold at least one value, got none")
    for value in read:
        if value.unit != read[0].unit or (value.unit == "" and type(value.plain) is not type(read[0].plain)):
            raise ValueError(f"{where} must be values of one kind and unit, got {read[0].text} and {value.text}")
    return read
