"""Values given on the command line, as a model file would hold them."""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Sequence
from typing import Any

from spikelearn import catalogue
from spikelearn.parameters.names import shown
from spikelearn.parameters.units import seconds

__all__ = ["read_changes", "setting"]


def setting(text: str) -> Any:
    """Read a value: as TOML where it is TOML, else as text, so that 25 mV needs no further quotes.

    Examples
    --------
    >>> setting("25 mV"), setting("3"), setting("[1, 2]"), setting("true")
    ('25 mV', 3, [1, 2], True)
    """
    plain = text.strip()
    try:
        found = tomllib.loads(f"value = {plain}")
    except tomllib.TOMLDecodeError:
        return plain
    value = found["value"]
    # Dates are no values of model files, and a line break could begin another key.
    return plain if len(found) > 1 or isinstance(value, (datetime.date, datetime.time)) else value


def read_changes(
    name: str, pairs: Sequence[str], duration: str | None, dt: str | None, seed: int | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Read --set, --duration, --dt and --seed.

    Parameters
    ----------
    name : str
        The configuration, whose system decides whether its duration is a parameter or a key of ``[run]``.
    pairs : sequence of str
        ``NAME=VALUE``.
    duration, dt : str, optional
        Times; seconds where they have no unit.
    seed : int, optional
        Seed of the run.

    Returns
    -------
    changes : dict
        Name to value, for `spikelearn.catalogue.load`.
    words : dict of str to str
        Name to the value as it was written.

    Raises
    ------
    ValueError
        A pair without a name or a value, a name twice, or a time that is none.
    """
    changes: dict[str, Any] = {}
    words: dict[str, str] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        key = key.strip()
        if not equals or not key or not text.strip():
            raise ValueError(f"--set must read NAME=VALUE, such as --set 'V_0=25 mV', got {shown(pair)}")
        _add(changes, words, key, setting(text), " ".join(text.split()))
    given = {"duration": duration, "dt": dt, "seed": seed}
    if any(value is not None for value in given.values()):
        system = catalogue.load(name).system
        for key, value in given.items():
            if value is not None:
                text = _time(f"--{key}", value) if isinstance(value, str) else str(value)
                both = key in system.run_settings and key in system.parameters
                place = f"run.{key}" if both else key
                _add(changes, words, place, _plain(value), text)
    return changes, words


def _add(changes: dict[str, Any], words: dict[str, str], key: str, value: Any, text: str) -> None:
    if key in changes:
        raise ValueError(f"{key} must be given once, got {words[key]} and {text}")
    changes[key], words[key] = value, text


def _plain(value: str | int) -> Any:
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _time(option: str, text: str) -> str:
    """Read a time; a plain number means seconds, as everywhere."""
    try:
        float(text)
    except ValueError:
        seconds(text, option)
    return " ".join(text.split())
