"""The folder of a sweep: what it is, and its finished points in parts that are written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from spikelearn.storage.manifest import own_files
from spikelearn.storage.provenance import versions
from spikelearn.sweeps.parts import PARTS, remove_leftovers, write_whole
from spikelearn.sweeps.points import Grid

__all__ = ["locked", "open_store", "read_description", "serve"]

FORMAT = 1
_SWEEP, _LOCK = "sweep.json", "lock"
# Folders that threads of this process hold, by process, since workers are copies of it, with the thread that does.
_HELD: dict[tuple[int, Path], tuple[threading.Lock, list[int]]] = {}
# The store that this process is a worker of.
_SERVED: set[Path] = set()


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
        (place / PARTS).mkdir(exist_ok=True)
        write_whole(path, (json.dumps(wanted, indent=1) + "\n").encode())
    for folder in (place, place / PARTS):
        remove_leftovers(folder)
    return place / PARTS


def _check_place(place: Path) -> None:
    """Refuse a folder that holds anything else, or lies where other results are; nothing is made in it."""
    for folder in (place, *place.parents):
        own, manifest = own_files(folder)
        if own:
            kind = manifest.get("kind")
            raise ValueError(f"{place} must lie outside of other results; {folder} holds a {kind}: take another folder")
    if any(folder.name == PARTS and (folder.parent / _SWEEP).is_file() for folder in (place, *place.parents)):
        raise ValueError(f"{place} must lie outside of the parts of another sweep; take another folder")
    if place.is_dir() and not (place / _SWEEP).is_file():
        # A driver that was killed early leaves no more than the lock, an empty folder of parts and a temporary file.
        begun = {_LOCK, *([] if _filled(place / PARTS) else [PARTS])}
        left = {entry.name for entry in place.glob(".*.tmp")}
        foreign = sorted({entry.name for entry in place.iterdir()} - begun - left)
        # Another driver may have begun meanwhile.
        if foreign and not (place / _SWEEP).is_file():
            raise ValueError(f"{place} must be empty or hold a sweep; it holds {foreign[0]}")


def _filled(folder: Path) -> bool:
    return folder.exists() and (not folder.is_dir() or any(folder.iterdir()))


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
    """Make the folder if need be and hold it for this call alone; wait, with a line of text, where another has it.

    Between processes the lock is POSIX `lockf`: it goes with the process that took it, however that ends, and children
    do not inherit it. Between threads of this process it is one of Python.

    Raises
    ------
    ValueError
        The folder holds something else, or lies where other results are.
    OSError
        The folder cannot be made or written.
    RuntimeError
        A point of a sweep asks for the store of this very sweep.
    """
    import fcntl

    place = Path(folder).resolve()
    with _alone(place):
        try:
            _check_place(place)
            place.mkdir(parents=True, exist_ok=True)
            stream = (place / _LOCK).open("a+")
        except OSError as error:
            raise type(error)(f"cannot write into {place}: {error.strerror or error}") from error
        with stream:
            try:
                fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                _say_waiting("process", place)
                fcntl.lockf(stream, fcntl.LOCK_EX)
            yield


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Hold a folder against the other threads of this process, which share its POSIX locks."""
    lock, holder = _HELD.setdefault((os.getpid(), place), (threading.Lock(), []))
    if place in _SERVED or threading.get_ident() in holder:
        raise RuntimeError(
            f"sweep: a point must not go on with the store of its own sweep, {place}; take another folder"
        )
    if not lock.acquire(blocking=False):
        _say_waiting("thread", place)
        lock.acquire()
    try:
        holder.append(threading.get_ident())
        yield
    finally:
        holder.clear()
        lock.release()


def _say_waiting(who: str, place: Path) -> None:
    sys.stderr.write(f"spikelearn: another {who} works on {place}; waiting for it to end\n")


def serve(parts: Path | None) -> None:
    """Say that this process is a worker of the sweep with this folder of parts, which waits for its points."""
    if parts is not None:
        _SERVED.add(parts.parent.resolve())
