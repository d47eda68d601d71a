"""Formulas of plain text as HTML: no script, no font and no file from elsewhere."""

from __future__ import annotations

import html
import re

__all__ = ["typeset"]

_SCRIPT = re.compile(r"([_^])(?:\{([^{}]*)\}|(-?[0-9A-Za-z\u0391-\u03c9*']+))")


def typeset(text: str) -> str:
    """Write a formula as HTML: ``_`` lowers and ``^`` raises what follows, a word or what stands in braces.

    Parameters
    ----------
    text : str
        As in the ledger, such as ``t_s(g) = τ/(1 + g) log x^{-1/2}``.

    Examples
    --------
    >>> typeset("W_EE g_E - 1 > 0, x^{-1/2}")
    'W<sub>EE</sub> g<sub>E</sub> − 1 &gt; 0, x<sup>-1/2</sup>'
    """
    pieces, last = [], 0
    for match in _SCRIPT.finditer(text):
        tag = "sub" if match[1] == "_" else "sup"
        inner = match[2] if match[2] is not None else match[3]
        pieces += [
            html.escape(text[last : match.start()], quote=False),
            f"<{tag}>{typeset(inner)}</{tag}>",
        ]
        last = match.end()
    return "".join([*pieces, html.escape(text[last:], quote=False)]).replace(" - ", " − ")
