"""The one progress bar: in a terminal, in a Jupyter notebook, and nowhere else."""

from __future__ import annotations

import sys
import warnings
from typing import Any

__all__ = ["in_notebook", "progress_bar"]


def in_notebook() -> bool:
    """Tell whether the code runs in a Jupyter kernel; nothing is imported to find out."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    return shell is not None and hasattr(shell, "kernel")


def progress_bar(iterable: Any = None, *, shown: bool | str, **options: Any) -> Any:
    """Make a tqdm bar that appears only for work of more than two seconds.

    Parameters
    ----------
    iterable : iterable, optional
        What to go through; without it the bar is told by ``update``.
    shown : bool or str
        Whether there is to be a bar at all. In a terminal it is on standard error, and left out where that is no
        terminal; in a notebook it is a widget, or text where ipywidgets is not installed.
    **options
        Of tqdm, such as ``total``, ``initial``, ``desc`` and ``unit``.

    Examples
    --------
    >>> with progress_bar(shown=False, total=10) as bar:
    ...     bar.update(3)
    """
    from tqdm import tqdm

    options = {"delay": 2.0, "leave": False, **options}
    if not shown:
        return tqdm(iterable, disable=True, **options)
    if not in_notebook():
        return tqdm(iterable, disable=None, **options)
    with warnings.catch_warnings():
        # Without ipywidgets tqdm warns, and gives its text bar.
        warnings.simplefilter("ignore")
        from tqdm.auto import tqdm as notebook_bar
    return notebook_bar(iterable, disable=False, **options)
