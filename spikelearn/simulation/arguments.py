"""Reading the arguments that every way of running a model has in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from spikelearn.parameters.names import unknown_name
from spikelearn.parameters.units import parse_quantity, seconds
from spikelearn.simulation.initial import Initial

__all__ = ["initial_state", "method_name", "positive_time", "record_names"]


def positive_time(name: str, value: Any) -> float:
    """Read a positive time in seconds: a quantity, text with a unit, or a plain number.

    Raises
    ------
    ValueError
        Not positive, not finite, or of another unit.
    """
    plain = seconds(parse_quantity(value) if isinstance(value, str) else value, name)
    if plain <= 0:
        raise ValueError(f"{name} must be positive, got {value}")
    return plain


def record_names(record: Any, model: Any) -> tuple[str, ...]:
    """Read what is to be recorded: names of the model's variables, or "counts" alone.

    Raises
    ------
    TypeError
        No name.
    ValueError
        A name twice, an unknown one, or "counts" beside others.
    """
    if isinstance(record, str):
        wanted: tuple[Any, ...] = (record,)
    else:
        wanted = tuple(record) if isinstance(record, Iterable) else (record,)
    if not all(isinstance(name, str) for name in wanted):
        raise TypeError(f"record must be a name or a sequence of names, got {record!r}")
    if "counts" in wanted and len(wanted) > 1:
        raise ValueError(f"record='counts' must stand alone, got {wanted}")
    for name in wanted:
        if wanted.count(name) > 1:
            raise ValueError(f"record must name each variable once, got {name!r} twice in {wanted}")
        if name not in (*model.recordable, "counts"):
            raise ValueError(unknown_name(type(model).__name__, "variable", name, (*model.recordable, "counts")))
    return wanted


def method_name(method: Any) -> str | None:
    """Read the name of an integration method, or None.

    Raises
    ------
    TypeError
        Neither text nor None.
    """
    if method is not None and not isinstance(method, str):
        raise TypeError(f"method must be the name of one of Brian2's integration methods or None, got {method!r}")
    return method


def initial_state(initial: Any) -> Initial:
    """Read the state at time zero; everything zero if not given.

    Raises
    ------
    TypeError
        No `Initial`.
    """
    if initial is not None and not isinstance(initial, Initial):
        raise TypeError(f"initial must be made as Initial(u=0*mV, g=0.2), got {initial!r}")
    return initial or Initial()
