"""The systems of the package by name: every ``entry.py`` registers what it describes when it is imported."""

from __future__ import annotations

import importlib
from pathlib import Path

from spikelearn.catalogue.entry import System
from spikelearn.parameters.names import unknown_name

__all__ = ["get_system", "register", "system_names"]

_PACKAGE = Path(__file__).resolve().parents[1]
_FOUND: dict[str, System] = {}


def register(system: System) -> System:
    """Make a system known by its name; an ``entry.py`` calls this when it is imported.

    Raises
    ------
    ValueError
        The name is taken by another system.
    """
    if system.name in _FOUND and _FOUND[system.name] is not system:
        raise ValueError(f"system {system.name!r} is registered twice")
    _FOUND[system.name] = system
    return system


def system_names() -> list[str]:
    """List all systems; imports every entry.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from spikelearn.catalogue import system_names
    >>> "AdaptiveLIF" in system_names(), "QuadraticNeuron" in system_names()
    (True, True)
    """
    for module in _entries():
        importlib.import_module(module)
    return sorted(_FOUND)


def get_system(name: str) -> System:
    """Give the system of that name.

    Parameters
    ----------
    name : str
        As in ``[model] system = "AdaptiveLIF"``.

    Returns
    -------
    System

    Raises
    ------
    ValueError
        There is none; the message holds the nearest name.

    Examples
    --------
    >>> from spikelearn.catalogue import get_system
    >>> system = get_system("QuadraticNeuron")
    >>> system.summary
    'A quadratic integrate-and-fire neuron, the normal form of a neuron that begins to fire at any low rate.'
    >>> system.parameters
    {'eta': '1.0', 'tau': '10 ms', 'v_peak': '100.0', 'v_reset': '-100.0'}
    """
    if name not in _FOUND:
        # The entry whose folder is named after the system comes first, so that most calls import one.
        for module in sorted(_entries(), key=lambda module: not _named_after(module, name)):
            importlib.import_module(module)
            if name in _FOUND:
                break
        else:
            raise ValueError(unknown_name("[model]", "system", name, _FOUND))
    return _FOUND[name]


def _entries() -> list[str]:
    """Every ``entry.py`` of the package: of the rooms below models, and of the rooms beside them."""
    paths = sorted([*_PACKAGE.glob("*/entry.py"), *_PACKAGE.glob("models/*/entry.py")])
    found = (path.relative_to(_PACKAGE.parent).with_suffix("").parts for path in paths)
    return [".".join(parts) for parts in found if parts[1] != "catalogue"]


def _named_after(module: str, name: str) -> bool:
    room = module.split(".")[-2].replace("_", "")
    return name.lower().startswith(room)
