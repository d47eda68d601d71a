"""The folder of a sweep: what it is, and its finished points in parts that are written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from spikelearn.storage.provenance import versions
from spikelearn.sweeps.parts import PARTS, write_whole
from spikelearn.sweeps.points import Grid

__all__ = ["locked", "open_store", "read_description"]

FORMAT = 1
_SWEEP, _LOCK = "sweep.json", "lock"
# A temporary file that old belongs to a worker that was killed while it wrote.
_ABANDONED = 3600.0


def open_store(folder: str | os.PathLike[str], grid: Grid, identity: Mapping[str, Any]) -> Path:
    """Make the folder of a sweep, or go on with that of the same one; call it under the lock.

    Raises
    ------
    ValueError
        The folder holds another sweep, said by the difference, or something else.
    OSError
        It cannot be written or read.
    """
    place = Path(folder).resolve()
    wanted = {"format": FORMAT, "what": dict(identity), "grid": grid.described(), "versions": versions()}
    path = place / _SWEEP
    if path.is_file():
        differences = _differences(read_description(place), json.loads(json.dumps(wanted)))
        if differences:
            raise ValueError(
                f"{place} holds another sweep: {'; '.join(differences[:3])}; go on with what began it, or take another "
                "folder"
            )
    else:
        foreign = sorted({entry.name for entry in place.iterdir()} - {_LOCK})
        if foreign:
            raise ValueError(f"{place} must be empty or hold a sweep; it holds {foreign[0]}")
        (place / PARTS).mkdir()
        write_whole(path, (json.dumps(wanted, indent=1) + "\n").encode())
    for entry in (place / PARTS).glob(".*.tmp"):
        with contextlib.suppress(OSError):
            if time.time() - entry.stat().st_mtime > _ABANDONED:
                entry.unlink()
    return place / PARTS


def read_description(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Read ``sweep.json`` of a store.

    Raises
    ------
    FileNotFoundError
        There is none.
    ValueError
        It cannot be read, or another version of the format wrote it.
    """
    path = Path(folder) / _SWEEP
    if not path.is_file():
        raise FileNotFoundError(f"{Path(folder)} must hold a sweep; there is no {_SWEEP} in it")
    try:
        content = json.loads(_text(path))
        known = {key: content[key] for key in ("format", "what", "grid", "versions")}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no description of a sweep: {error!r}") from error
    if known["format"] != FORMAT:
        raise ValueError(f"{path} must have format {FORMAT}, got {known['format']!r}; another version wrote it")
    return known


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise type(error)(f"cannot read {path}: {error.strerror or error}") from error


def _differences(there: Any, here: Any, name: str = "") -> list[str]:
    if isinstance(there, dict) and isinstance(here, dict):
        found = []
        for key in sorted({*there, *here}):
            found += _differences(there.get(key), here.get(key), f"{name}.{key}" if name else key)
        return found
    return [] if there == here else [f"{name} is {_short(there)} there and {_short(here)} here"]


def _short(value: Any) -> str:
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


@contextlib.contextmanager
def locked(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Make the folder if need be and hold it for this process alone; wait, with a line of text, where another has it.

    The lock is POSIX `lockf`: it goes with the process that took it, however that ends, and children do not inherit it.

    Raises
    ------
    OSError
        The folder cannot be made or written.
    """
    import fcntl

    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
        stream = (place / _LOCK).open("a+")
    except OSError as error:
        raise type(error)(f"cannot write into {place}: {error.strerror or error}") from error
    with stream:
        try:
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.stderr.write(f"spikelearn: another process works on {place}; waiting for it to end\n")
            fcntl.lockf(stream, fcntl.LOCK_EX)
        yield
