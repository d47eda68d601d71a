"""Numba's compiled code on disk, and how many processors it may use.

Numba sees that the file of a function has changed, but not that a function called from another file has: its callers
would go on with the old code. So a package whose functions call each other says so on import by `drop_stale`, and what
is compiled of it, wherever numba keeps it, is used only with the very text of all its files that it was made from.
Numba also takes for granted that it may write somewhere, and that what it finds there is whole. `njit` here compiles
without a cache where there is no place for one, and throws damaged files away. Where several processes need the same
function, one compiles it and the others wait and load; what takes longer than an instant is told on stderr.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import hashlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, TypeVar, overload

try:
    import fcntl
except ImportError:  # Windows: every process compiles for itself
    fcntl = None  # type: ignore[assignment]

__all__ = ["drop_stale", "njit", "processors", "silent", "told"]

Function = TypeVar("Function", bound=Callable[..., Any])

# What is compiled within this needs no words.
_UNTOLD = 0.9
# A process that is stopped while it compiles must not stop the others for ever.
_PATIENCE = 300.0
_LOOK_AGAIN = 0.02
# Packages whose compiled functions call each other.
_TOGETHER: list[Path] = []
_ROOMS = {"spikelearn.eventdriven": "the exact engine", "spikelearn.eventdriven.network": "the network engine"}


def drop_stale(folder: Path) -> list[Path]:
    """Have compiled code of a package used only with the text that it was made from, and remove what is old beside it.

    A change of any Python file in `folder` and below makes new all functions that `njit` keeps of it, in
    ``__pycache__``, in the folder that NUMBA_CACHE_DIR names, or in the user's home. What is older than the newest
    file is removed from ``__pycache__``; elsewhere it is written over.

    Parameters
    ----------
    folder : Path
        A package with functions that numba caches, before any of them is imported.

    Returns
    -------
    list of Path
        What was removed; a file that cannot be removed is left.
    """
    if folder not in _TOGETHER:
        _TOGETHER.append(folder)
    newest = max((path.stat().st_mtime for path in folder.rglob("*.py")), default=0.0)
    removed = []
    for path in [*folder.rglob("__pycache__/*.nbi"), *folder.rglob("__pycache__/*.nbc")]:
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < newest:
                path.unlink()
                removed.append(path)
    return removed


@functools.cache
def _text_of(folder: Path) -> str:
    """Give a digest of all Python files in a folder and below, with their names."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        text = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()} {len(text)} ".encode() + text)
    return digest.hexdigest()


def _mark(compiled: Any) -> None:
    """Add the text of its package to what the compiled code of a function on disk must match."""
    file = Path(compiled.py_func.__code__.co_filename)
    marks = [_text_of(folder) for folder in _TOGETHER if folder in file.parents]
    if marks:
        kept = compiled._cache._cache_file
        kept._source_stamp = (kept._source_stamp, *marks)


@overload
def njit(function: Function) -> Function: ...
@overload
def njit(
    function: None = None, *, cache: bool = False, inner: bool = False, **options: Any
) -> Callable[[Function], Function]: ...
def njit(function: Any = None, *, cache: bool = False, inner: bool = False, **options: Any) -> Any:
    """Compile a function as `numba.njit` does, with a cache that may be missing, full or damaged.

    Parameters
    ----------
    function : callable, optional
        What to compile; a decorator is returned without it.
    cache : bool
        Whether to keep compiled code on disk, in ``__pycache__`` or numba's folder in the user's home, if one of them
        can be written to.
    inner : bool
        Whether only compiled code calls the function: then it gets no way in from Python, which takes longer to
        compile than a small function does.
    **options
        As in `numba.njit`.
    """
    import numba

    if inner:
        options |= {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

    def compile_later(python: Callable[..., Any]) -> Any:
        compiled = numba.njit(**options)(python)
        plain: Callable[[Any], Any] = numba.types.unliteral
        if hasattr(compiled, "enable_caching"):
            if inner:
                _shut(compiled)
            if cache:
                # No place can be written to: compiled anew in every process.
                with contextlib.suppress(RuntimeError, OSError):
                    compiled.enable_caching()
                    _mark(compiled)
            compiled._cache = kept = _Cautious(compiled._cache)
            compile_one, what = compiled.compile, _room_of(python)

            def compile_alone(signature: Any) -> Any:
                # Whole numbers that stand in the text of the caller would have a copy of the function each.
                if isinstance(signature, tuple):
                    signature = tuple(plain(kind) for kind in signature)
                with told(what), kept.alone():
                    return compile_one(signature)

            compiled.compile = compile_alone
        return compiled

    return compile_later if function is None else compile_later(function)


def _shut(compiled: Any) -> None:
    """Have calls from Python refused, which would otherwise jump to where there is no code."""

    def refuse(*_arguments: Any, **_named: Any) -> Any:
        raise TypeError(f"{compiled.py_func.__name__} must be called by compiled code, got a call from Python")

    # What Python finds is listed by `_insert`, and what is not listed compiled by `_compile_for_args`.
    compiled._insert = lambda *_listed, **_named: None
    compiled._compile_for_args = refuse


def processors() -> int:
    """Count the processors that this process may use, which in a container may be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def told(what: str) -> contextlib.AbstractContextManager[None]:
    """Give a context in which compilation is told in one line on stderr: what, and how long it took.

    The line begins within a second of the compilation, once, and ends with the context. Nothing is said where all is
    found on disk, where it takes less than a second, within `silent`, or in the worker processes of a pool. A
    context within another is part of it.

    Parameters
    ----------
    what : str
        What is compiled, such as "the network engine".
    """
    return _NOTICE.told(what)


def silent(quiet: bool = True) -> contextlib.AbstractContextManager[None]:
    """Give a context in which compilation is not told, or is, where `quiet` is false.

    Parameters
    ----------
    quiet : bool
        Whether nothing is to be written to standard error.

    Returns
    -------
    context manager

    Examples
    --------
    >>> import spikelearn as sl
    >>> with sl.compiled.silent():
    ...     recording = sl.simulate(sl.AdaptiveLIF(), "0.2 s")
    >>> recording.spikes.n_spikes
    8
    """
    return _NOTICE.silent(quiet)


def _room_of(python: Callable[..., Any]) -> str:
    """Name the package of a function."""
    room = python.__module__.rpartition(".")[0] or python.__module__
    return _ROOMS.get(room, room)


class _Notice:
    """The line that tells of compilation; one for all threads, since numba compiles in one at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._depth, self._quiet = 0, 0
        self._collects = False
        self._what = ""
        self._begun: float | None = None
        self._said: IO[str] | None = None

    @contextlib.contextmanager
    def told(self, what: str) -> Iterator[None]:
        with self._lock:
            self._depth += 1
            if self._depth == 1:
                self._what = what
                # Compilation makes millions of small objects that stay; looking through them for garbage again and
                # again takes a tenth of its time.
                self._collects = gc.isenabled()
                gc.disable()
        try:
            yield
        finally:
            with self._lock:
                self._depth -= 1
                if self._depth == 0:
                    if self._collects:
                        gc.enable()
                    self._end()

    @contextlib.contextmanager
    def silent(self, quiet: bool) -> Iterator[None]:
        with self._lock:
            self._quiet += bool(quiet)
        try:
            yield
        finally:
            with self._lock:
                self._quiet -= bool(quiet)

    def begin(self) -> None:
        """Take note that something is not on disk."""
        import multiprocessing

        with self._lock:
            if self._begun is None and self._depth and not self._quiet and multiprocessing.parent_process() is None:
                self._begun = time.perf_counter()
                timer = threading.Timer(_UNTOLD, self._say, [self._begun])
                timer.daemon = True
                timer.start()

    def _say(self, begun: float) -> None:
        with self._lock:
            if self._begun == begun and sys.stderr is not None:
                self._said = sys.stderr
                self._write(f"spikelearn: compiling {self._what}, once on this machine ...")

    def _end(self) -> None:
        if self._said is not None and self._begun is not None:
            self._write(f" {time.perf_counter() - self._begun:.1f} s\n")
        self._begun = self._said = None

    def _write(self, text: str) -> None:
        # A stream that has been closed costs the line, not the run.
        with contextlib.suppress(OSError, ValueError):
            if self._said is not None:
                self._said.write(text)
                self._said.flush()


_NOTICE = _Notice()


class _Cautious:
    """Numba's cache of one function, of which nothing is fatal: not a full disk, not a damaged file.

    What is not there is compiled by one process at a time: the others wait and load it.
    """

    def __init__(self, cache: Any) -> None:
        self._cache = cache
        self._lock: IO[str] | None = None
        self._owner: int | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    def load_overload(self, signature: Any, context: Any) -> Any:
        """Give the stored code, or None where there is none that can be used."""
        found = self._load(signature, context)
        if found is None:
            _NOTICE.begin()
            if self._wait_in_line():
                found = self._load(signature, context)
            if found is not None:
                self._leave()
        return found

    def save_overload(self, signature: Any, data: Any) -> None:
        """Store code; that it cannot be stored costs the next process some time and this one nothing."""
        try:
            self._cache.save_overload(signature, data)
        except Exception:  # a damaged index is read before it is written
            self._throw_away()
        self._leave()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Give a context at whose end other processes may compile this function, whatever became of it here."""
        try:
            yield
        finally:
            self._leave()

    def _leave(self) -> None:
        """Give the lock away, if this thread has it."""
        if self._lock is not None and self._owner == threading.get_ident():
            # Closing does it, as does the end of the process.
            self._lock.close()
            self._lock = self._owner = None

    def _load(self, signature: Any, context: Any) -> Any:
        try:
            return self._cache.load_overload(signature, context)
        except Exception:  # unpickling damaged bytes raises anything
            self._throw_away()
            return None

    def _wait_in_line(self) -> bool:
        """Take the lock of this function, and say whether to look again for what another process may have stored."""
        if fcntl is None or self._lock is not None or not hasattr(self._cache, "_cache_file"):
            return False
        patience = time.monotonic() + _PATIENCE
        with contextlib.suppress(OSError):
            place = Path(self._cache._cache_file._index_path)
            place.parent.mkdir(parents=True, exist_ok=True)
            lock = open(place.with_suffix(".lock"), "a", encoding="utf-8")  # noqa: SIM115
            try:
                while time.monotonic() < patience:
                    try:
                        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    except BlockingIOError:
                        time.sleep(_LOOK_AGAIN)
                    else:
                        self._lock, self._owner = lock, threading.get_ident()
                        break
            finally:
                if self._lock is None:
                    lock.close()
        return self._lock is not None

    def _throw_away(self) -> None:
        with contextlib.suppress(Exception):
            index = Path(self._cache._cache_file._index_path)
            stem = index.name.removesuffix(".nbi")
            for path in [index, *index.parent.glob("*.nbc")]:
                if path == index or path.name.startswith(f"{stem}."):
                    path.unlink(missing_ok=True)
