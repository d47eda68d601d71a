"""Empty figures that pyplot knows, unless asked otherwise, and how they are written."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from spikelearn.storage.files import whole_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["KEPT", "close_figure", "new_figure", "offscreen", "save_figure"]

KEPT = 15
"""How many figures of this package pyplot knows at most; the oldest are forgotten first."""

_OFFSCREEN: ContextVar[bool] = ContextVar("offscreen", default=False)


def new_figure(width: float = 8.0, height: float = 5.0) -> Figure:
    """Make an empty figure that ``plt.show()`` shows and ``plt.savefig`` saves.

    A notebook shows it once, whether it is the value of the cell or not. Pyplot keeps the newest `KEPT` of them, so
    that a loop over thousands does not fill the memory; inside `offscreen`, and outside the main thread, it knows none.

    Parameters
    ----------
    width, height : float
        In inches.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> figure = new_figure()
    >>> plt.gcf() is figure
    True
    >>> close_figure(figure)
    """
    options: dict[str, Any] = {"figsize": (width, height), "layout": "constrained"}
    if not _OFFSCREEN.get() and threading.current_thread() is threading.main_thread():
        try:
            return _known_to_pyplot(options)
        except ImportError:
            # A window was asked for, in MPLBACKEND, where there can be none.
            pass
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = _figure_class()(**options)
    FigureCanvasAgg(figure)
    return figure


def _known_to_pyplot(options: dict[str, Any]) -> Figure:
    import matplotlib.pyplot as plt

    own = [number for number in plt.get_fignums() if _is_own(number)]
    for number in own[: max(len(own) + 1 - KEPT, 0)]:
        plt.close(number)
    return plt.figure(FigureClass=_figure_class(), **options)


def _is_own(number: int) -> bool:
    from matplotlib._pylab_helpers import Gcf

    manager = Gcf.figs.get(number)
    return manager is not None and isinstance(manager.canvas.figure, _figure_class())


@functools.cache
def _figure_class() -> type[Figure]:
    from matplotlib.figure import Figure

    class OwnFigure(Figure):
        """A figure that a notebook does not show a second time at the end of the cell."""

        def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
            import matplotlib

            # At the end of a cell the inline backend shows what pyplot knows; this one is being shown already.
            if "inline" in matplotlib.get_backend().lower():
                close_figure(self)
            return {}

    return OwnFigure


def close_figure(figure: Figure) -> None:
    """Make pyplot forget a figure; the figure itself stays as it is.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        One that pyplot may know.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import spikelearn as sl
    >>> figure = sl.plotting.new_figure()
    >>> sl.plotting.close_figure(figure)
    >>> plt.fignum_exists(figure.number)
    False
    """
    from matplotlib._pylab_helpers import Gcf

    Gcf.destroy_fig(figure)


@contextlib.contextmanager
def offscreen() -> Iterator[None]:
    """Make the figures of a block unknown to pyplot: no window, nothing to close.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> with offscreen():
    ...     figure = new_figure()
    >>> plt.fignum_exists(getattr(figure, "number", -1))
    False
    """
    token = _OFFSCREEN.set(True)
    try:
        yield
    finally:
        _OFFSCREEN.reset(token)


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure, whole or not at all; the ending decides the format.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to write, at 150 dots an inch.
    path : path
        Where to; an earlier file is replaced.

    Raises
    ------
    OSError
        The place cannot be written to.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import spikelearn as sl
    >>> with tempfile.TemporaryDirectory() as folder, sl.plotting.offscreen():
    ...     sl.plotting.save_figure(sl.plotting.new_figure(), folder + "/empty.png")
    ...     print([path.name for path in Path(folder).iterdir()])
    ['empty.png']
    """
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=150)
