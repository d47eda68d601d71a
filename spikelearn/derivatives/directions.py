"""Names of what spike times are differentiated by, in the words of `AdaptiveLIF`, and the directions that they mean."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from spikelearn.eventdriven.sensitivity.records import COLUMNS
from spikelearn.eventdriven.sensitivity.tangent import Tangent
from spikelearn.parameters.names import unknown_name

__all__ = ["DIRECTIONS", "STATES", "UNITS", "read_names", "seed"]

# Of each name, what it adds to the numbers that the engine knows: theta = V_th - E_L, Delta = E_L - E_K.
DIRECTIONS: dict[str, dict[str, float]] = {
    "V_0": {"V_0": 1.0},
    "delta_g": {"delta_g": 1.0},
    "tau_K": {"tau_K": 1.0},
    "t_d": {"t_d": 1.0},
    "tau": {"tau": 1.0},
    "E_L": {"theta": -1.0, "Delta": 1.0},
    "E_K": {"Delta": -1.0},
    "V_th": {"theta": 1.0},
    "theta": {"theta": 1.0},
    "Delta": {"Delta": 1.0},
}
STATES = ("u", "g")
UNITS = {
    **{name: "V" for name in ("V_0", "E_L", "E_K", "V_th", "theta", "Delta", "u")},
    **{name: "s" for name in ("tau_K", "t_d", "tau", "refractory")},
    **{name: "1" for name in ("delta_g", "g")},
}


def read_names(where: str, wrt: Any, known: Iterable[str]) -> tuple[str, ...]:
    """Read one name or several, each once.

    Raises
    ------
    TypeError
        They are no names.
    ValueError
        There is none, one twice, or one that is not known.
    """
    choices = tuple(known)
    names = (wrt,) if isinstance(wrt, str) else tuple(wrt) if isinstance(wrt, Iterable) else (wrt,)
    if not all(isinstance(name, str) for name in names):
        raise TypeError(f"{where} must be names such as 'V_0', got {wrt!r}")
    if not names:
        raise ValueError(f"{where} must name at least one of {', '.join(choices)}, got none")
    for name in names:
        if name not in choices:
            raise ValueError(unknown_name(where, "parameter", name, choices))
        if names.count(name) > 1:
            raise ValueError(f"{where} must name each parameter once, got {name!r} twice")
    return names


def seed(tangent: Tangent, names: Iterable[str]) -> None:
    """Let column c of a tangent move the c-th name by one unit, in every neuron its own."""
    for column, name in enumerate(names):
        if name == "u":
            tangent.u[:, column] = 1.0
        elif name == "g":
            tangent.g[:, column] = 1.0
        else:
            for part, amount in DIRECTIONS[name].items():
                tangent.parameters[:, COLUMNS.index(part), column] = amount
