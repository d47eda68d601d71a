"""The labelled result of a sweep, as it comes in or read from a store."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spikelearn.arrays import Integers
from spikelearn.sweeps.outcome import Outcome, Rows
from spikelearn.sweeps.parts import read_rows, written_parts
from spikelearn.sweeps.points import Grid
from spikelearn.sweeps.store import read_description

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
        if outcome.error:
            self.done[index] = self.failed[index] = True
            self.errors[index] = outcome.error
            return
        rows = Rows({name: value[None] for name, value in outcome.values.items()}, outcome.units)
        self.add_rows(np.array([index]), rows)

    def add_rows(self, indices: Integers, rows: Rows) -> None:
        """Take in the results of many points.

        Parameters
        ----------
        indices : ndarray of int64, shape (m,)
            Where they belong.
        rows : Rows
            The results.

        Raises
        ------
        ValueError
            As for `add`.
        """
        good = np.ones(len(indices), dtype=bool)
        for k, outcome in rows.failures.items():
            good[k] = False
            self.add(int(indices[k]), outcome)
        if not good.any():
            return
        indices = indices[good]
        self.done[indices], self.failed[indices] = True, False
        if self.errors:
            for index in indices.tolist():
                self.errors.pop(index, None)
        first, fresh = int(indices[0]), not self._values
        for name, given in rows.values.items():
            values = given if good.all() else given[good]
            unit = rows.units.get(name)
            if fresh:
                self._first[name] = first
                self._values[name] = np.full((len(self.grid), *values.shape[1:]), np.nan, dtype=values.dtype)
                self._units.setdefault(name, unit or "1")
            there = self._values.get(name)
            where = f"sweep: {name} at {self.grid.point(first).label}" if self._odd(name, values, unit) else ""
            if name in (*self.grid.dims, *self.grid.columns):
                raise ValueError(f"{where} must have a name that the grid does not have")
            if there is None:
                raise ValueError(f"{where} must be returned by every point, but another one does not")
            if there.shape[1:] != values.shape[1:]:
                raise ValueError(
                    f"{where} must have the shape {there.shape[1:]} that it has at "
                    f"{self.grid.point(self._first[name]).label}, got {values.shape[1:]}"
                )
            if unit is not None and unit != self._units[name]:
                raise ValueError(f"{where} must have the unit {self._units[name]}, got {unit}")
            if values.dtype.kind == "c" and there.dtype.kind != "c":
                there = self._values[name] = there.astype(np.complex128)
            there[indices] = values
        missing = sorted(set(self._values) - set(rows.values))
        if missing:
            raise ValueError(f"sweep: {self.grid.point(first).label} must return {missing[0]}, as other points do")

    def _odd(self, name: str, values: NDArray[Any], unit: str | None) -> bool:
        """Tell whether something is wrong with a result, whose point is then to be named."""
        there = self._values.get(name)
        named = name in self.grid.dims or name in self.grid.columns
        return named or there is None or there.shape[1:] != values.shape[1:] or unit not in (None, self._units[name])

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
        # Files hold whole numbers of 64 bits.
        return xr.Dataset(variables, coords, {"seed": grid.seed if grid.seed < 2**63 else str(grid.seed)})


def read_store(folder: str | os.PathLike[str], collector: Collector) -> None:
    """Take in every finished point of a store.

    Parameters
    ----------
    folder : path
        The store.
    collector : Collector
        What takes them in.

    Raises
    ------
    ValueError
        A part is damaged; the message names it.
    OSError
        A part or the folder cannot be read.
    """
    parts = written_parts(Path(folder))
    if not parts:
        return
    places = {collector.grid.key(index): index for index in range(len(collector.grid))}
    for path in parts:
        keys, rows = read_rows(path)
        found = np.array([places.get(key, -1) for key in keys], dtype=np.int64)
        # A worker that was stopped for its time may have finished all the same: its result stands.
        late = [k for k in rows.failures if found[k] >= 0 and collector.done[found[k]]]
        kept = found >= 0
        kept[late] = False
        if not kept.any():
            continue
        failures = {int(kept[:k].sum()): outcome for k, outcome in rows.failures.items() if kept[k]}
        values = {name: array[kept] for name, array in rows.values.items()}
        collector.add_rows(found[kept], Rows(values, rows.units, failures))


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

    Examples
    --------
    >>> import tempfile
    >>> import spikelearn as sl
    >>> def square(x, seed):
    ...     return {"y": x**2}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = sl.sweep(square, {"x": [1.0, 2.0, 3.0]}, store=folder + "/squares", executor="serial")
    ...     found = sl.sweeps.open(folder + "/squares").load()
    >>> found["y"].values, found["done"].values
    (array([1., 4., 9.]), array([ True,  True,  True]))
    """
    description = read_description(store)
    grid = Grid.restored(description["grid"])
    collector = Collector(grid, description["what"].get("units"))
    read_store(store, collector)
    return collector.dataset(partial=True)
