"""Numba's compiled code on disk, kept in step with the sources, and how many processors it may use.

Numba sees that the file of a function has changed, but not that a function called from another file has: its callers
would go on with the old code. So compiled code older than the newest source beside it is thrown away on import.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

__all__ = ["drop_stale", "processors"]


def drop_stale(folder: Path) -> list[Path]:
    """Remove compiled code in `folder` and below that is older than the newest Python file there.

    Parameters
    ----------
    folder : Path
        A package with functions that numba caches.

    Returns
    -------
    list of Path
        What was removed; a file that cannot be removed is left.
    """
    newest = max((path.stat().st_mtime for path in folder.rglob("*.py")), default=0.0)
    removed = []
    for path in [*folder.rglob("__pycache__/*.nbi"), *folder.rglob("__pycache__/*.nbc")]:
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < newest:
                path.unlink()
                removed.append(path)
    return removed


def processors() -> int:
    """Count the processors that this process may use, which in a container may be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
