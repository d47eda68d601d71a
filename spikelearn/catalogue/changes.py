"""Values laid over a model file: parameters, keys of [run] and [initial], by name."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from spikelearn.catalogue.entry import System
from spikelearn.parameters.names import unknown_name

__all__ = ["NUMERICAL", "laid_over"]

NUMERICAL = frozenset({"dt"})
"""Changes that ask for the same numbers: what a file expects still holds."""

_SECTIONS = ("run", "initial")


def laid_over(content: Mapping[str, Any], system: System, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Give the content of a model file with other values.

    Parameters
    ----------
    content : mapping
        The file as TOML gives it.
    system : System
        Its system.
    changes : mapping
        Name to value. A name is a parameter, else a key of ``[run]``; ``run.seed`` and ``initial.u`` say the table,
        ``populations.E.n`` goes down into one, and a whole number into a list.

    Returns
    -------
    dict
        A copy.

    Raises
    ------
    ValueError
        There is no such name or table; the message holds the nearest name.

    Examples
    --------
    >>> from spikelearn.catalogue.registry import get_system
    >>> file = {"model": {"system": "AdaptiveLIF", "parameters": {"V_0": "20 mV"}}, "run": {"duration": "1 s"}}
    >>> laid_over(file, get_system("AdaptiveLIF"), {"V_0": "25 mV", "n": 3})["run"]
    {'duration': '1 s', 'n': 3}
    """
    made: dict[str, Any] = copy.deepcopy(dict(content))
    for name, value in changes.items():
        table, keys = _place(made, system, name)
        for depth, key in enumerate(keys[:-1]):
            table = _below(table, key, ".".join(keys[:depth]) or name, name)
        last = keys[-1]
        if isinstance(table, list):
            _below(table, last, ".".join(keys[:-1]), name)
            table[int(last)] = value
        elif isinstance(table, dict):
            table[last] = value
        else:
            raise ValueError(f"{name}: {'.'.join(keys[:-1])} must be a table or a list, got {table!r}")
    return made


def _place(content: dict[str, Any], system: System, name: str) -> tuple[Any, list[str]]:
    """Find the table that a name begins in, and the keys from there on."""
    keys = name.split(".")
    if len(keys) > 1 and keys[0] in _SECTIONS:
        return content.setdefault(keys[0], {}), keys[1:]
    model = content["model"]
    own = model.setdefault("parameters", {})
    parameters = set(system.parameters)
    if "system" not in model:
        # Of a neuron of one's own the parameters lie in a table within its description.
        parameters = (parameters - {"parameters"}) | set(own)
        if keys[0] not in own:
            own = model
    if keys[0] in parameters:
        return own, keys
    if keys[0] in system.run_settings:
        return content.setdefault("run", {}), keys
    choices = sorted(parameters | set(system.run_settings))
    raise ValueError(unknown_name(system.name, "parameter or key of [run]", keys[0], choices))


def _below(table: Any, key: str, above: str, name: str) -> Any:
    if isinstance(table, dict):
        if key not in table:
            raise ValueError(unknown_name(f"{name}: {above}", "table", key, map(str, table)))
        return table[key]
    if isinstance(table, list):
        if not key.isdecimal() or int(key) >= len(table):
            raise ValueError(f"{name}: {above} must be followed by 0 to {len(table) - 1}, got {key}")
        return table[int(key)]
    raise ValueError(f"{name}: {above} must be a table or a list, got {table!r}")
