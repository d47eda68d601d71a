"""Settings of a run in words: for the name of its folder, for the title of its figure, for its source."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["option_words", "options_digest", "run_label", "run_words"]

# Names of folders may have 255 characters on most systems; so many are left for temporary names.
_LONGEST = 120
_ODD = re.compile(r"[^A-Za-z0-9._=+-]")


def run_words(changes: Mapping[str, str], engine: str | None, target: str) -> list[str]:
    """Say what was set beyond the file, for people.

    Examples
    --------
    >>> run_words({"V_0": "25 mV"}, "brian2", "auto")
    ['V_0 = 25 mV', 'engine brian2']
    """
    words = [f"{name} = {value}" for name, value in changes.items()]
    words += [f"engine {engine}"] if engine else []
    return words + ([f"target {target}"] if target != "auto" else [])


def run_label(name: str, changes: Mapping[str, str], engine: str | None, target: str) -> str:
    """Give the name of the folder of a run: different settings never have the same one.

    Letters, digits and ``. _ = + -`` stand as they are, blanks are left out; where anything else is replaced, or the
    name is cut, eight digits of a checksum follow.

    Parameters
    ----------
    name : str
        The configuration.
    changes : mapping of str to str
        Values laid over the file, as they were given.
    engine, target : str
        None and "auto" where they were not given.

    Examples
    --------
    >>> run_label("bursting", {"duration": "10 s", "V_0": "25 mV"}, "brian2", "auto")
    'bursting-V_0=25mV-duration=10s-brian2'
    >>> run_label("bursting", {"record": '["u"]'}, None, "auto")
    'bursting-record=__u__-df3953d0'
    """
    parts: Sequence[str] = [name, *(f"{key}={''.join(changes[key].split())}" for key in sorted(changes))]
    whole = "-".join([*parts, *([engine] if engine else []), *([target] if target != "auto" else [])])
    plain = _ODD.sub("_", whole)
    if plain == whole and len(plain) <= _LONGEST:
        return whole
    return f"{plain[: _LONGEST - 9]}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def option_words(options: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, str]:
    """Give the options that are not as usual as text; None, and a flag that is not set, are usual too.

    Parameters
    ----------
    options : mapping
        Values by name: text, numbers, flags, paths, and sequences of them.
    usual : mapping
        Values that need no words.

    Examples
    --------
    >>> option_words({"units": (0, 1), "sort": True, "crop": False, "events": Path("a/b.csv"), "t": None}, {})
    {'units': '0,1', 'sort': 'true', 'events': 'b.csv'}
    """
    said = {name: _as_text(value) for name, value in options.items()}
    return {name: word for name, word in said.items() if word and word != _as_text(usual.get(name))}


def options_digest(options: Mapping[str, Any]) -> str:
    """Give a checksum of options, in which files count with their whole path, which stays private."""
    whole = {
        name: str(value.resolve()) if isinstance(value, Path) else _as_text(value) for name, value in options.items()
    }
    told = {name: word for name, word in whole.items() if word}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _as_text(value: Any) -> str:
    """Say a value without blanks; nothing for None, a flag that is not set, and no values."""
    if value is None or value is False:
        return ""
    if value is True:
        return "true"
    if isinstance(value, Path):
        return value.name
    if isinstance(value, (list, tuple)):
        return ",".join(map(_as_text, value))
    return "".join(str(value).split())
