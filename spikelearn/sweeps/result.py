"""The labelled result of a sweep, as it comes in or read from a store."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.sweeps.outcome import Outcome
from spikelearn.sweeps.points import Grid
from spikelearn.sweeps.store import read_description, read_part, written_parts

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Collector", "open"]


class Collector:
    """Arrays over all points that fill as outcomes come in, in any order.

    Parameters
    ----------
    grid : Grid
        The points.
    units : mapping of str to str
        Units of results that are known beforehand.
    """

    def __init__(self, grid: Grid, units: Mapping[str, str] | None = None) -> None:
        self.grid = grid
        self.done = np.zeros(len(grid), dtype=bool)
        self.failed = np.zeros(len(grid), dtype=bool)
        self.errors: dict[int, str] = {}
        self._units = dict(units or {})
        self._values: dict[str, NDArray[Any]] = {}
        self._first: dict[str, int] = {}

    def add(self, index: int, outcome: Outcome) -> None:
        """Take in the outcome of one point.

        Raises
        ------
        ValueError
            A result has another shape, unit or other names than at another point.
        """
        self.done[index] = True
        if outcome.error:
            self.failed[index], self.errors[index] = True, outcome.error
            return
        self.failed[index] = False
        self.errors.pop(index, None)
        fresh = not self._values
        for name, value in outcome.values.items():
            if fresh:
                self._first[name] = index
                self._values[name] = np.full((len(self.grid), *value.shape), np.nan, dtype=value.dtype)
                self._units.setdefault(name, outcome.units.get(name, "1"))
            rows = self._values.get(name)
            where = f"sweep: {name} at {self.grid.point(index).label}"
            if name in (*self.grid.dims, *self.grid.columns):
                raise ValueError(f"{where} must have a name that the grid does not have")
            if rows is None:
                raise ValueError(f"{where} must be returned by every point, but another one does not")
            if rows.shape[1:] != value.shape:
                raise ValueError(
                    f"{where} must have the shape {rows.shape[1:]} that it has at "
                    f"{self.grid.point(self._first[name]).label}, got {value.shape}"
                )
            if outcome.units.get(name, self._units[name]) != self._units[name]:
                raise ValueError(f"{where} must have the unit {self._units[name]}, got {outcome.units[name]}")
            if value.dtype.kind == "c" and rows.dtype.kind != "c":
                rows = self._values[name] = rows.astype(np.complex128)
            rows[index] = value
        missing = sorted(set(self._values) - set(outcome.values))
        if missing:
            raise ValueError(f"sweep: {self.grid.point(index).label} must return {missing[0]}, as other points do")

    def dataset(self, *, partial: bool = False) -> xr.Dataset:
        """Label what has come in; `partial` adds ``done``."""
        import xarray as xr

        grid = self.grid
        coords: dict[str, Any] = {}
        for name, column in grid.columns.items():
            attrs = {"units": column[0].unit} if column[0].unit else {}
            coords[name] = ("point" if grid.listed else name, np.array([value.plain for value in column]), attrs)
        if grid.listed:
            coords["point"] = np.arange(grid.shape[0])
        if grid.n_repeats > 1:
            coords["repeat"] = np.arange(grid.n_repeats)
        variables: dict[str, Any] = {}
        for name in sorted(self._values):
            rows = self._values[name]
            own = tuple(f"{name}_{axis}" for axis in range(rows.ndim - 1))
            shaped = rows.reshape(*grid.shape, *rows.shape[1:])
            variables[name] = ((*grid.dims, *own), shaped, {"units": self._units[name]})
        errors = np.full(len(grid), "", dtype=f"U{max([1, *map(len, self.errors.values())])}")
        for index, text in self.errors.items():
            errors[index] = text
        variables["failed"] = (grid.dims, self.failed.reshape(grid.shape))
        variables["error"] = (grid.dims, errors.reshape(grid.shape))
        if partial:
            variables["done"] = (grid.dims, self.done.reshape(grid.shape))
        return xr.Dataset(variables, coords, {"seed": grid.seed})


def read_store(folder: str | os.PathLike[str], grid: Grid, collector: Collector) -> None:
    """Take in every finished point of a store."""
    places = {point.key: point.index for point in grid}
    for path in written_parts(Path(folder)):
        for key, outcome in read_part(path):
            index = places.get(key)
            # A worker that was stopped for its time may have finished all the same: its result stands.
            if index is not None and not (outcome.error and collector.done[index]):
                collector.add(index, outcome)


def open(store: str | os.PathLike[str]) -> xr.Dataset:
    """Read what a store holds so far, also while the sweep runs elsewhere.

    Parameters
    ----------
    store : path
        The folder of the sweep.

    Returns
    -------
    xarray.Dataset
        As `sweep` gives it, and ``done``: which points have been computed. The others are NaN and not failed.

    Raises
    ------
    FileNotFoundError
        There is no sweep.
    ValueError
        The folder cannot be understood; the message names the file.
    """
    description = read_description(store)
    grid = Grid.restored(description["grid"])
    collector = Collector(grid, description["what"].get("units"))
    read_store(store, grid, collector)
    return collector.dataset(partial=True)
