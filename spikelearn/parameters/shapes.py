"""How things show themselves in a notebook: small tables and formulas, made of escaped text."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

__all__ = ["fields_html", "html_table", "latex_display"]

# Values that are longer as text are cut.
_LONGEST = 80


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


def fields_html(instance: Any) -> str:
    """Write the fields of a dataclass as a table in HTML, for its ``_repr_html_``: name, value, and what it is.

    Arrays are told by their shape. Fields that do not belong to its text are left out.
    """
    rows = [
        (field.name, _value(getattr(instance, field.name)), field.metadata.get("doc", ""))
        for field in dataclasses.fields(instance)
        if field.repr
    ]
    told = any(row[2] for row in rows)
    header = ("name", "value", "what") if told else ("name", "value")
    return html_table(type(instance).__name__, header, [row[: len(header)] for row in rows])


def _value(value: Any) -> str:
    if np.ndim(value) and hasattr(value, "dtype"):
        return f"array of shape {np.shape(value)}"
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 4]} ..."


def latex_display(formula: str) -> str:
    r"""Set a formula off as notebooks read it.

    Examples
    --------
    >>> latex_display("x")
    '$\\displaystyle x$'
    """
    return f"$\\displaystyle {formula}$"
