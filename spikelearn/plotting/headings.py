"""What stands over a figure: its title, wrapped to its width, and how the run was made."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from spikelearn.plotting.typesetting import typeset

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["engine_line", "heading"]

# Letters of a title to the inch.
_DENSITY = 10.5


def heading(figure: Figure, title: str, made: Mapping[str, Any] | None = None) -> None:
    """Write a title over a figure, in as many lines as its width asks for.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Over what.
    title : str
        May hold mathematics between dollar signs, and lines that stay apart; set as `typeset` says.
    made : mapping, optional
        Provenance of a recording: its engine, and the time step of Brian2, are named below the title.

    Examples
    --------
    >>> import spikelearn as sl
    >>> recording = sl.simulate(sl.AdaptiveLIF(), "0.2 s")
    >>> with sl.plotting.offscreen():
    ...     figure = sl.plotting.new_figure()
    >>> sl.plotting.heading(figure, "Regular firing", recording.provenance)
    >>> figure.get_suptitle().splitlines()
    ['Regular firing', '(exact engine)']
    """
    width = max(int(_DENSITY * figure.get_figwidth()), 20)
    lines = [
        line for part in typeset(title).splitlines() for line in textwrap.wrap(part, width, break_long_words=False)
    ]
    made_how = engine_line(made or {})
    figure.suptitle("\n".join([*(lines or [""]), *([made_how] if made_how else [])]), fontsize="large")


def engine_line(made: Mapping[str, Any]) -> str:
    """Name the engine of a provenance in brackets, and the time step of Brian2; empty where neither is known.

    Parameters
    ----------
    made : mapping
        Provenance of a recording.

    Returns
    -------
    str

    Examples
    --------
    >>> engine_line({"engine": "brian2", "dt": 1e-4})
    '(Brian2, step 0.1 ms)'
    """
    names = {"exact": "exact engine", "brian2": "Brian2", "array": "NumPy arrays"}
    engine = made.get("engine")
    if engine not in names:
        return ""
    dt = made.get("dt") if engine == "brian2" else None
    step = f", step {1e3 * dt:g} ms" if isinstance(dt, (int, float)) and dt else ""
    return f"({names[str(engine)]}{step})"
