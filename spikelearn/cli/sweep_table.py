"""The points of a sweep as rows of a table."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

__all__ = ["sweep_rows"]


def sweep_rows(folder: Path) -> list[dict[str, Any]]:
    """Give one row a point of the sweep in a folder, finished or not: where it lies and what was measured there.

    Parameters
    ----------
    folder : Path
        The store of a sweep.

    Returns
    -------
    list of dict
        Coordinates, measured numbers in SI units (lists where a point gives several), ``failed`` and ``error``.
    """
    from spikelearn import sweeps

    result = sweeps.open(folder)
    dims = tuple(map(str, result["failed"].dims))
    along = [name for name in map(str, result.coords) if set(map(str, result[name].dims)) <= set(dims)]
    measured = [name for name in map(str, result.data_vars) if set(dims) <= set(map(str, result[name].dims))]
    rows = []
    for place in itertools.product(*(range(result.sizes[dim]) for dim in dims)):
        point = result.isel(dict(zip(dims, place, strict=True)))
        rows.append({name: point[name].values.tolist() for name in (*along, *measured)})
    return rows
