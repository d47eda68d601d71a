"""A figure that costs no results: it is drawn after they are saved, in bounded time, whatever its title."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

__all__ = ["DRAWING_SECONDS", "drawable", "saved_figure", "time_limit"]

DRAWING_SECONDS = 120.0
"""The longest time that a figure, with the theory in it, may take."""


def saved_figure(draw: Callable[[], Any], path: Path, seconds: float = DRAWING_SECONDS) -> str:
    """Draw a figure and write it, and say why not where that fails.

    Parameters
    ----------
    draw : callable
        Gives the figure.
    path : Path
        Where to, in a folder that is not yet in its place.
    seconds : float
        The longest time that both may take.

    Returns
    -------
    str
        The reason in one line; empty where the figure is there.
    """
    from spikelearn.plotting import offscreen

    try:
        with time_limit(seconds), offscreen():
            draw().savefig(path, dpi=150)
    except Exception as error:
        path.unlink(missing_ok=True)
        return " ".join(str(error).split()) or type(error).__name__
    except KeyboardInterrupt:
        path.unlink(missing_ok=True)
        return "interrupted"
    return ""


def drawable(title: str) -> str:
    """Give a title in which dollar signs are only signs if the mathematics between them cannot be set."""
    from matplotlib.mathtext import MathTextParser

    try:
        MathTextParser("agg").parse(title)
    except Exception:  # whatever the parser stumbles over, the title is to be shown
        return title.replace("$", r"\$")
    return title


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """End a block that takes too long, where the system has such an alarm and this is the main thread.

    Raises
    ------
    TimeoutError
        It took longer.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_number: int, _frame: Any) -> None:
        raise TimeoutError(f"it took longer than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
