"""Values written as TOML."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from spikelearn.storage.provenance import plain

__all__ = ["toml_key", "toml_value"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml_key(key: str) -> str:
    """Write a key, in quotes where it needs them."""
    return key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def toml_value(value: Any) -> str:
    """Write a value on one line; text of several lines stays so.

    Examples
    --------
    >>> print(toml_value({"n": 2, "V_0": "20 mV", "learns": True, "weights": [1.0, float("inf")]}))
    { n = 2, V_0 = "20 mV", learns = true, weights = [1.0, inf] }
    >>> print(toml_value("dv/dt = -v/tau : volt"))
    "dv/dt = -v/tau : volt"
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, Mapping):
        inside = ", ".join(f"{toml_key(str(key))} = {toml_value(item)}" for key, item in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(toml_value(item) for item in value)}]"
    if hasattr(value, "tolist") and not hasattr(value, "dim"):
        return toml_value(value.tolist())
    text = value if isinstance(value, str) else str(plain(value))
    if "\n" in text and '"""' not in text and "\\" not in text:
        return '"""\n' + text.strip("\n") + '\n"""'
    # JSON's escapes are TOML's, but for this one.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
