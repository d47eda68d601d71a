"""Numba's compiled code on disk, and how many processors it may use.

Numba sees that the file of a function has changed, but not that a function called from another file has: its callers
would go on with the old code. So compiled code older than the newest source beside it is thrown away on import.
It also takes for granted that it may write somewhere, and that what it finds there is whole. `njit` here compiles
without a cache where there is no place for one, and throws damaged files away.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, overload

__all__ = ["drop_stale", "njit", "processors"]

Function = TypeVar("Function", bound=Callable[..., Any])


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


@overload
def njit(function: Function) -> Function: ...
@overload
def njit(function: None = None, *, cache: bool = False, **options: Any) -> Callable[[Function], Function]: ...
def njit(function: Any = None, *, cache: bool = False, **options: Any) -> Any:
    """Compile a function as `numba.njit` does, with a cache that may be missing, full or damaged.

    Parameters
    ----------
    function : callable, optional
        What to compile; a decorator is returned without it.
    cache : bool
        Whether to keep compiled code on disk, in ``__pycache__`` or numba's folder in the user's home, if one of them
        can be written to.
    **options
        As in `numba.njit`.
    """
    import numba

    def compile_later(python: Callable[..., Any]) -> Any:
        compiled = numba.njit(**options)(python)
        if cache and hasattr(compiled, "enable_caching"):
            # No place can be written to: compiled anew in every process.
            with contextlib.suppress(RuntimeError, OSError):
                compiled.enable_caching()
                compiled._cache = _Cautious(compiled._cache)
        return compiled

    return compile_later if function is None else compile_later(function)


def processors() -> int:
    """Count the processors that this process may use, which in a container may be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Cautious:
    """Numba's cache of one function, of which nothing is fatal: not a full disk, not a damaged file."""

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    def load_overload(self, signature: Any, context: Any) -> Any:
        """Give the stored code, or None where there is none that can be used."""
        try:
            return self._cache.load_overload(signature, context)
        except Exception:  # unpickling damaged bytes raises anything
            self._throw_away()
            return None

    def save_overload(self, signature: Any, data: Any) -> None:
        """Store code; that it cannot be stored costs the next process some time and this one nothing."""
        try:
            self._cache.save_overload(signature, data)
        except Exception:  # a damaged index is read before it is written
            self._throw_away()

    def _throw_away(self) -> None:
        with contextlib.suppress(Exception):
            index = Path(self._cache._cache_file._index_path)
            stem = index.name.removesuffix(".nbi")
            for path in [index, *index.parent.glob("*.nbc")]:
                if path == index or path.name.startswith(f"{stem}."):
                    path.unlink(missing_ok=True)
