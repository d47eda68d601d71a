"""Names: the nearest one, and the error for one that is unknown."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any

__all__ = ["nearest", "shortened", "shown", "unknown_name"]

# As many characters of a message in all.
_LONGEST = 500
# As many characters of a value as an error echoes.
_ECHOED = 80
# As many names as an error lists before it says where the rest are.
_LISTED = 8


def shown(value: Any, *, plain: bool = False) -> str:
    """Echo a value in an error message: as Python writes it, or `plain` as it prints, cut where it is long.

    Examples
    --------
    >>> shown("v"), shown([1.5, 2.5])
    ("'v'", '[1.5, 2.5]')
    >>> shown("v" * 1000)
    "'vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv...'"
    """
    if isinstance(value, str) and not plain:
        return repr(value if len(value) <= _ECHOED else f"{value[: _ECHOED - 5]}...")
    if isinstance(value, int) and value.bit_length() > 4 * _ECHOED:
        return f"a whole number of {value.bit_length()} binary digits"
    try:
        text = " ".join((str(value) if plain else repr(value)).split())
    except ValueError:  # Python writes out no whole number of more than 4300 digits
        return f"a {type(value).__name__} with a very large number"
    return text if len(text) <= _ECHOED else f"{text[: _ECHOED - 3]}..."


def shortened(message: str) -> str:
    """Cut what an error message echoes at length: words without a space, and the end of a very long one.

    Examples
    --------
    >>> shortened("tau must be a time, got " + "x" * 1000)
    'tau must be a time, got xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...'
    """
    cut = re.sub(rf"(\S{{{_ECHOED - 3}}})\S{{4,}}", r"\1...", message)
    return cut if len(cut) <= _LONGEST else f"{cut[: _LONGEST - 3]}..."


def nearest(name: str, choices: Iterable[str]) -> str | None:
    """Give the choice most like `name`, or None where none is alike.

    Examples
    --------
    >>> nearest("tauK", ["tau", "tau_K", "t_d"])
    'tau_K'
    """
    pool = list(choices)
    same = [choice for choice in pool if choice.lower() == name.lower()]
    if same:
        return min(same, key=lambda choice: sum(a != b for a, b in zip(choice, name, strict=False)))
    found = difflib.get_close_matches(name, pool, n=1, cutoff=0.5)
    if found:
        return found[0]
    lowered = {choice.lower(): choice for choice in pool}
    found = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.5)
    return lowered[found[0]] if found else None


def unknown_name(where: str, kind: str, name: str, choices: Iterable[str], *, more: str = "") -> str:
    """Word the error for a name that is not among the choices, with the nearest one.

    Parameters
    ----------
    where, kind, name : str
        What was asked, for what, and the name that it does not have.
    choices : iterable of str
        The names that it has.
    more : str
        How to see all of them, where they may be many: then only the eight most alike are listed.

    Examples
    --------
    >>> unknown_name("AdaptiveLIF", "parameter", "tauK", ["tau_K", "t_d"])
    "AdaptiveLIF has no parameter 'tauK'; did you mean 'tau_K'? Known: t_d, tau_K"
    """
    pool = sorted(choices)
    guess = nearest(name, pool)
    hint = f"; did you mean {guess!r}?" if guess else "."
    listed = ", ".join(pool)
    if more and len(pool) > _LISTED:
        alike = difflib.get_close_matches(name, pool, n=_LISTED, cutoff=0.0)
        listed = f"{', '.join(alike)}, ... ({more})"
    return f"{where} has no {kind} {shown(name)}{hint} Known: {listed}"
