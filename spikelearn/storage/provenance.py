"""How a result was made: engine, settings, parameters and versions, in numbers and text that JSON can hold."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import importlib.metadata
import platform
from collections.abc import Mapping
from typing import Any

import numpy as np

from spikelearn import __version__

# Numbers of one array that still go into a manifest, so that it alone can repeat the run.
LONGEST = 10_000

__all__ = ["LONGEST", "plain", "provenance_of", "versions"]


def provenance_of(model: Any, *, parameters: Mapping[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    """Collect settings, parameters (SI units) and versions.

    Parameters
    ----------
    model : dataclass instance
        Its fields are the parameters.
    parameters : mapping, optional
        Instead of the fields.
    **settings
        Engine, target, dt, seed and so on; arrays of more than `LONGEST` numbers are kept as shape, range and checksum.
    """
    values = dict(parameters or {})
    if parameters is None and dataclasses.is_dataclass(model) and not isinstance(model, type):
        values = {field.name: getattr(model, field.name) for field in dataclasses.fields(model)}
    return {
        "model": type(model).__name__,
        "parameters": {name: plain(value) for name, value in values.items()},
        **{name: plain(value) for name, value in settings.items()},
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Give the versions of spikelearn, Python and the packages that decide numbers."""
    return dict(_versions())


@functools.cache
def _versions() -> tuple[tuple[str, str], ...]:
    """Look them up once: reading a package's metadata takes as long as a short exact simulation."""
    # Its own version from its one source: what is installed may be called otherwise, or be an earlier checkout.
    found = [("python", platform.python_version()), ("spikelearn", __version__)]
    for name in ("brian2", "numpy", "scipy", "numba"):
        try:
            found.append((name, importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            continue
    return tuple(found)


def plain(value: Any) -> Any:
    """Turn a value into numbers, text, lists and dicts; quantities become SI numbers."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, (np.integer, np.bool_)):
        return value.item()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "states") and hasattr(value, "past_spikes"):
        return {**plain(value.states), "past_spikes": plain(list(value.past_spikes))}
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        return [plain(item) for item in value] if isinstance(value, (list, tuple)) else str(value)
    if array.ndim == 0:
        number = float(array)
        return number if np.isfinite(number) else str(number)
    if array.size <= LONGEST and np.isfinite(array).all():
        return array.tolist()
    if array.size <= LONGEST:
        return [plain(item) for item in array.tolist()]
    return {
        "shape": list(array.shape),
        "min": float(array.min()),
        "max": float(array.max()),
        "sha256": hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest(),
    }
