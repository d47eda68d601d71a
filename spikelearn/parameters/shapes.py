"""How things show themselves in a notebook: small tables and formulas, made of escaped text."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

__all__ = ["html_table", "latex_display"]


def html_table(caption: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a table in HTML; every text is escaped.

    Examples
    --------
    >>> html_table("a < b", ["name"], [["x"]])
    '<table><caption>a &lt; b</caption><tr><th>name</th></tr><tr><td>x</td></tr></table>'
    """
    lines = ["".join(f"<th>{html.escape(str(cell))}</th>" for cell in header)] if header else []
    lines += ["".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) for row in rows]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><caption>{html.escape(caption)}</caption>{body}</table>"


def latex_display(formula: str) -> str:
    r"""Set a formula off as notebooks read it.

    Examples
    --------
    >>> latex_display("x")
    '$\\displaystyle x$'
    """
    return f"$\\displaystyle {formula}$"
