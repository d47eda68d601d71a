"""Parts of a store: finished points in files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import io
import json
import os
import secrets
import time
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spikelearn.storage.workspace import lock_open
from spikelearn.sweeps.outcome import Outcome, Rows

__all__ = [
    "PARTS",
    "forget_failures",
    "read_part",
    "read_rows",
    "remove_leftovers",
    "write_part",
    "write_rows",
    "write_whole",
    "written_parts",
]

PARTS = "parts"
# Seconds after which a temporary file that may have been locked counts as left behind.
_ABANDONED = 3600.0


def write_part(folder: Path, keys: Sequence[str], outcomes: Sequence[Outcome]) -> None:
    """Write finished points into the folder of parts: temporary name, fsync, rename.

    Points with the same names and shapes share a part.

    Raises
    ------
    OSError
        The part cannot be written; no half of it is left.
    """
    groups: dict[Any, list[int]] = {}
    for k, outcome in enumerate(outcomes):
        signature = tuple((name, a.shape, a.dtype.char, outcome.units.get(name)) for name, a in outcome.values.items())
        groups.setdefault(signature, []).append(k)
    for members in groups.values():
        those = [outcomes[k] for k in members]
        values = {name: np.stack([outcome.values[name] for outcome in those]) for name in those[0].values}
        _write(folder, [keys[k] for k in members], values, those[0].units, those)


def write_rows(folder: Path, keys: Sequence[str], rows: Rows, *, failed: bool = True) -> None:
    """Write the results of many points as one part, and, if asked to, those that failed as others.

    Raises
    ------
    OSError
        As for `write_part`.
    """
    places = list(rows.failures)
    good = np.setdiff1d(np.arange(len(keys)), places)
    if len(good):
        _write(folder, [keys[k] for k in good], {n: a[good] for n, a in rows.values.items()}, rows.units, None)
    if failed:
        write_part(folder, [keys[k] for k in places], list(rows.failures.values()))


def _write(
    folder: Path, keys: list[str], values: dict[str, Any], units: dict[str, str], outcomes: list[Outcome] | None
) -> None:
    content: dict[str, Any] = {f"value/{name}": array for name, array in values.items()}
    content["keys"] = np.array(keys)
    content["units"] = np.array(json.dumps(units))
    for name in ("error", "traceback"):
        texts = [getattr(outcome, name) for outcome in outcomes] if outcomes else [""] * len(keys)
        content[name] = np.array(texts)
    stream = io.BytesIO()
    np.savez(stream, **content)
    write_whole(folder / f"{keys[0]}-{len(keys)}.npz", stream.getvalue())


def write_whole(final: Path, content: bytes) -> None:
    """Write a file under a temporary name, force it to the disk and rename it; the umask says who may read it.

    Raises
    ------
    OSError
        It cannot be written; the message names it in one line.
    """
    try:
        handle, name = _temporary(final.parent)
    except OSError as error:
        raise type(error)(f"cannot write {final}: {error.strerror or error}") from error
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
            os.replace(name, final)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(name)
        if isinstance(error, OSError):
            raise type(error)(f"cannot write {final}: {error.strerror or error}") from error
        raise


def _temporary(folder: Path) -> tuple[int, Path]:
    """Open a file of a new name, locked until it is closed or its process is gone."""
    while True:
        name = folder / f".{secrets.token_hex(8)}.tmp"
        handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o666)
        lock_open(handle, wait=False)
        # Whoever looked for what dead processes left behind may have taken it before it was locked.
        if os.fstat(handle).st_nlink:
            return handle, name
        os.close(handle)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of processes that are dead; on a file system without locks, those an hour old."""
    for path in folder.glob(".*.tmp"):
        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_RDWR)
            try:
                dead = lock_open(handle, wait=False)
                if dead or (dead is None and time.time() - path.stat().st_mtime > _ABANDONED):
                    path.unlink()
            finally:
                os.close(handle)


def read_rows(path: Path) -> tuple[list[str], Rows]:
    """Read a part: keys and results of its points.

    Raises
    ------
    ValueError
        The file is no part, or is damaged.
    OSError
        It cannot be read.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            content = {name: stored[name] for name in stored.files}
        units = json.loads(str(content["units"]))
        values = {name.removeprefix("value/"): content[name] for name in content if name.startswith("value/")}
        keys, errors, tracebacks = (content[name].tolist() for name in ("keys", "error", "traceback"))
        if {len(keys)} != {len(errors), len(tracebacks), *map(len, values.values())}:
            raise ValueError("its arrays differ in length")
    except OSError as error:
        raise type(error)(f"cannot read {path}: {error.strerror or error}") from error
    except (KeyError, IndexError, EOFError, TypeError, zipfile.BadZipFile, zlib.error, ValueError) as error:
        raise ValueError(f"{path} must be a part of a sweep; it is damaged: remove it, and its points run again") from (
            error
        )
    failures = {k: Outcome(error=errors[k], traceback=tracebacks[k]) for k in range(len(keys)) if errors[k]}
    return keys, Rows(values, units, failures)


def read_part(path: Path) -> Iterator[tuple[str, Outcome]]:
    """Read a part point by point; see `read_rows`."""
    keys, rows = read_rows(path)
    for k, key in enumerate(keys):
        values = {name: array[k] for name, array in rows.values.items()}
        yield key, rows.failures.get(k) or Outcome(values, rows.units)


def written_parts(folder: Path) -> list[Path]:
    """List the finished parts of a store, sorted by name.

    Raises
    ------
    OSError
        The folder of parts is gone or cannot be read.
    """
    try:
        found = [path for path in (folder / PARTS).iterdir() if path.suffix == ".npz" and path.name[0] != "."]
    except OSError as error:
        raise type(error)(f"cannot read {folder / PARTS}: {error.strerror or error}") from error
    return sorted(found)


def forget_failures(folder: Path) -> int:
    """Take the failed points out of a store, so that they run again; call it under the lock.

    Returns
    -------
    int
        How many there were.

    Raises
    ------
    ValueError
        A part is damaged.
    OSError
        A part cannot be removed.
    """
    forgotten = 0
    for path in written_parts(folder):
        keys, rows = read_rows(path)
        if not rows.failures:
            continue
        forgotten += len(rows.failures)
        if len(rows.failures) < len(keys):
            write_rows(path.parent, keys, Rows(rows.values, rows.units, rows.failures), failed=False)
        path.unlink()
    return forgotten
