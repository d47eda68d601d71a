"""A place for what Brian2 compiles with Cython, also where neither home nor cache can be written to.

Brian2 takes for granted that it may write below the user's home, and stops with an OSError in containers and on
clusters where it may not. There a folder of this process takes the place, and is removed with it.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator

__all__ = ["writable_cache"]


@contextlib.contextmanager
def writable_cache() -> Iterator[str]:
    """Give Brian2's Cython target a folder that can be written to while the context is open.

    Yields
    ------
    str
        The folder: Brian2's own where it can be written to, otherwise one of this process.

    Raises
    ------
    RuntimeError
        No folder can be written to, not even a temporary one.
    """
    from brian2 import prefs
    from brian2.codegen.runtime.cython_rt.extension_manager import get_cython_cache_dir

    usual = os.path.expanduser(get_cython_cache_dir())
    if _can_write(usual):
        yield usual
        return
    own = _own_folder(usual)
    before = prefs["codegen.runtime.cython.cache_dir"]
    prefs["codegen.runtime.cython.cache_dir"] = own
    try:
        yield own
    finally:
        prefs["codegen.runtime.cython.cache_dir"] = before


def _can_write(folder: str) -> bool:
    # Tried, not asked: permissions say little of file systems that are read-only, full or remote.
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError:
        return False
    return True


@functools.cache
def _own_folder(usual: str) -> str:
    """Make the folder of this process, once, and say so in one line."""
    try:
        folder = tempfile.mkdtemp(prefix="spikelearn_cython_")
    except OSError as error:
        raise RuntimeError(
            "Brian2's target cython cannot be used here: no folder for compiled code can be written to, neither "
            f"{usual} nor a temporary one; numpy works everywhere"
        ) from error
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    print(  # noqa: T201
        f"spikelearn: {usual} cannot be written to; Brian2 compiles its code anew in every process", file=sys.stderr
    )
    return folder
