"""What stands over a figure: its title, wrapped to its width, and how the run was made."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["heading"]

# Letters of a title to the inch.
_DENSITY = 10.5


def heading(figure: Figure, title: str, made: Mapping[str, Any] | None = None) -> None:
    """Write a title over a figure, in as many lines as its width asks for.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Over what.
    title : str
        May hold mathematics between dollar signs, and lines that stay apart.
    made : mapping, optional
        Provenance of a recording: its engine, and the time step of Brian2, are named below the title.
    """
    width = max(int(_DENSITY * figure.get_figwidth()), 20)
    lines = [line for part in title.splitlines() for line in textwrap.wrap(part, width, break_long_words=False)]
    figure.suptitle("\n".join([*(lines or [""]), *_engine(made or {})]), fontsize="large")


def _engine(made: Mapping[str, Any]) -> list[str]:
    names = {"exact": "exact engine", "brian2": "Brian2", "array": "NumPy arrays"}
    engine = made.get("engine")
    if engine not in names:
        return []
    dt = made.get("dt") if engine == "brian2" else None
    step = f", step {1e3 * dt:g} ms" if isinstance(dt, (int, float)) and dt else ""
    return [f"({names[str(engine)]}{step})"]
