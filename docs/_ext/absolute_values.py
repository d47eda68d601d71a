"""Bars around a value in a docstring are bars, where reStructuredText would look for a substitution."""

from __future__ import annotations

from typing import Any


def escaped(lines: list[str]) -> list[str]:
    r"""Escape the bars outside of code and of examples.

    Examples
    --------
    >>> escaped(["twice |m|, ``a | b``", ">>> x | y", "1 | 2", "", "|m|"])
    ['twice \\|m\\|, ``a | b``', '>>> x | y', '1 | 2', '', '\\|m\\|']
    """
    found = []
    example = False
    for line in lines:
        example = bool(line.strip()) and (example or line.lstrip().startswith(">>>"))
        if example:
            found.append(line)
        else:
            parts = line.split("``")
            parts[::2] = [part.replace("|", "\\|") for part in parts[::2]]
            found.append("``".join(parts))
    return found


def work(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Change the lines of a docstring in place, as autodoc wants it."""
    lines[:] = escaped(lines)


def setup(app: Any) -> dict[str, bool]:
    """Come before numpydoc."""
    app.connect("autodoc-process-docstring", work, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
