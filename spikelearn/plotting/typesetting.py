"""Plain text as a printer would set it: minus signs before numbers, names with their index."""

from __future__ import annotations

import re

__all__ = ["typeset"]

_MATHEMATICS = re.compile(r"(?<!\\)(\$[^$]*(?<!\\)\$)")
_MINUS = re.compile(r"(?<![\w.)\]])-(?=[\d.])")
# A name of one letter with an index, such as W_IE or t_d.
_INDEXED = re.compile(r"(?<![\w\\.])([A-Za-z])_([A-Za-z0-9]{1,3})(?![\w.(])")


def typeset(text: str) -> str:
    r"""Give a text in which a hyphen before a number is a minus sign, and W_IE a letter with an index.

    Parameters
    ----------
    text : str
        For a title, a legend or a label. What stands between dollar signs stays as it is.

    Returns
    -------
    str

    Examples
    --------
    >>> typeset("W_IE grows by -0.5 /ms, $x_i - 1$")
    '$W_{IE}$ grows by −0.5 /ms, $x_i - 1$'
    """
    parts = _MATHEMATICS.split(text)
    parts[::2] = [_INDEXED.sub(r"$\1_{\2}$", _MINUS.sub("\N{MINUS SIGN}", part)) for part in parts[::2]]
    return "".join(parts)
