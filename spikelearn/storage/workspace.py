"""A workspace beside a result: locked while its process lives, swept by the next writer once it does not.

Files are made in ``.NAME.<12 hexadecimal digits>/new`` beside NAME and get their name in one step of the file system.
Nothing has to be cleaned up by the process that made them: whoever writes NAME next sees by the lock, which the system
drops with the process, that nobody works there any more.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["exchange", "lock_open", "name_lock", "settle", "swap_in", "sweep", "workspace"]

# File systems that have no such call say one of these.
_CANNOT = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK}
_PARTS = {"lock", "new", "old"}


@contextlib.contextmanager
def name_lock(final: Path) -> Iterator[None]:
    """Hold the right to put something in the place of `final`, or to sweep beside it; others wait meanwhile."""
    path = final.parent / f".{final.name}.lock"
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            lock_open(handle, wait=True)
            # Whoever held it before has removed its name: then this is a lock that nobody else will ever meet.
            current = os.path.samestat(os.fstat(handle), os.stat(path))
        except FileNotFoundError:
            current = False
        except BaseException:
            os.close(handle)
            raise
        if current:
            break
        os.close(handle)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()
        os.close(handle)


@contextlib.contextmanager
def workspace(final: Path) -> Iterator[Path]:
    """Give an empty folder beside `final`, on the same file system, and remove it with all that is left in it.

    What processes that were killed left beside `final` is swept first.

    Raises
    ------
    OSError
        The place cannot be written to.
    """
    place = final.parent / f".{final.name}.{secrets.token_hex(6)}"
    handle = -1
    try:
        with name_lock(final):
            sweep(final)
            place.mkdir()
            handle = os.open(place / "lock", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            lock_open(handle, wait=False)
        yield place
    finally:
        _remove(place, final)
        if handle >= 0:
            os.close(handle)


def sweep(final: Path) -> None:
    """Remove the workspaces of dead processes; what one of them had put aside comes back where `final` is missing.

    To be called under the lock of the name.
    """
    pattern = re.compile(rf"\.{re.escape(final.name)}\.[0-9a-f]{{12}}")
    for place in [path for path in final.parent.iterdir() if pattern.fullmatch(path.name)]:
        with contextlib.suppress(OSError):
            if {entry.name.split(".")[0] for entry in place.iterdir()} <= _PARTS and not _alive(place):
                _remove(place, final)


def _remove(place: Path, final: Path) -> None:
    """Remove a workspace; what was put aside there is never removed before something else has its name."""
    if (place / "old").exists() and not os.path.lexists(final):
        try:
            os.rename(place / "old", final)
        except OSError:
            return
    shutil.rmtree(place, ignore_errors=True)


def _alive(place: Path) -> bool:
    """Whether the process that made a workspace may still work there."""
    try:
        handle = os.open(place / "lock", os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return not lock_open(handle, wait=False)
    finally:
        os.close(handle)


def swap_in(new: Path, final: Path, aside: Path) -> None:
    """Give a finished folder its name; what had it before is moved to `aside`, or to where the finished one was.

    In one step where the system can exchange two names. Where it cannot, a process that is killed between two steps
    leaves the earlier folder aside, from where `sweep` brings it back.
    """
    if not os.path.lexists(final):
        os.rename(new, final)
    elif not exchange(new, final):
        os.rename(final, aside)
        try:
            os.rename(new, final)
        except BaseException:
            os.rename(aside, final)
            raise


def exchange(one: Path, other: Path) -> bool:
    """Exchange the names of two files or folders in one step, and say whether the system could.

    Raises
    ------
    OSError
        It can, but not here.
    """
    import ctypes

    call: Any = None
    with contextlib.suppress(OSError, TypeError):
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "linux":
            call = getattr(library, "renameat2", None)
        elif sys.platform == "darwin":
            call = getattr(library, "renamex_np", None)
    if call is None:
        return False
    here, swap, names = -100, 2, (os.fsencode(one), os.fsencode(other))
    arguments = (here, names[0], here, names[1], swap) if sys.platform == "linux" else (*names, swap)
    if call(*arguments) == 0:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT:
        return False
    raise OSError(number, os.strerror(number), str(other))


def settle(path: Path) -> None:
    """Wait until a file, or a folder with all its files, is on the disk and not only in memory."""
    if path.is_dir():
        for entry in path.iterdir():
            settle(entry)
        if os.name != "posix":
            return
    handle = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(handle)
    except OSError as error:
        # Folders of some file systems know no such call.
        if not path.is_dir() or error.errno not in _CANNOT:
            raise
    finally:
        os.close(handle)


def lock_open(handle: int, *, wait: bool) -> bool | None:
    """Lock an open file until it is closed, and say whether it is ours; None where the system has no locks."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError as error:
        if error.errno in _CANNOT:
            return None
        if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            return False
        raise
    return True
