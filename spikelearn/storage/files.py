"""Folders and files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from spikelearn.storage.earlier import CONTENT, keep_earlier
from spikelearn.storage.interrupts import interrupts_heard
from spikelearn.storage.manifest import own_files, read_manifest, write_manifest
from spikelearn.storage.workspace import name_lock, settle, swap_in, workspace

__all__ = ["read_manifest", "whole_file", "whole_folder", "write_manifest"]

_ATTEMPTS = 5
_log = logging.getLogger(__name__)


@contextlib.contextmanager
def whole_folder(
    folder: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    kind: str | None = None,
    source: Mapping[str, Any] | None = None,
    inputs: Iterable[str | os.PathLike[str] | None] = (),
) -> Iterator[Path]:
    """Give a temporary folder that becomes `folder` when the block ends, and vanishes after an error.

    A process that is killed, a full disk or another writer leave the earlier folder or the new one, each whole. What
    a killed process left behind is removed when the same folder is written again. The umask decides who may read it.

    Parameters
    ----------
    folder : path
        The name that the finished folder gets.
    overwrite : bool
        Whether earlier results of that name may be replaced: a folder that holds a manifest, the files that it names
        and nothing else, of the same kind and source as the new ones. Any other folder with something in it is refused.
        Where the sources say that their file has changed since, the earlier results are kept as ``NAME.1``, ``NAME.2``
        and so on, and a warning of the logger ``spikelearn`` says so.
    kind, source : optional
        What will be written, see `write_manifest`, so that other results are refused before anything is calculated;
        in any case they are when the block ends.
    inputs : iterable of path
        What is read to make the results, which must not be in their place; None stands for nothing.

    Yields
    ------
    Path
        The temporary folder to write into, on the same file system.

    Raises
    ------
    FileExistsError
        The folder holds something that may not be replaced, is the current folder or one above it, or holds an input.
    OSError
        The place cannot be written to.
    """
    final = Path(folder).resolve()
    here = Path.cwd().resolve()
    if final == here or final in here.parents:
        raise FileExistsError(f"{folder} must be a folder of its own, not the current one or one above it")
    _refuse_to_lose(final, overwrite, kind, source)
    for given in inputs:
        place = final if given is None else Path(given).resolve()
        inside = place == final or final in place.parents or (place.is_dir() and place in final.parents)
        if given is not None and inside:
            raise FileExistsError(f"{final} must be another place than {given}, which is read; take another folder")
    with _working(final, f"cannot write into {final.parent}") as place:
        temporary = place / "new"
        temporary.mkdir()
        yield temporary
        settle(temporary)
        made = own_files(temporary)[1]
        with name_lock(final):
            _refuse_to_lose(final, overwrite, made.get("kind"), made.get("source"))
            kept = keep_earlier(final, made.get("source"), place / "new.kept")
            swap_in(temporary, final, place / "old")
        settle_name(final)
        if kept is not None:
            shown = Path(folder).with_name(kept.name)
            _log.warning("%s: what it is made from has changed; earlier results are kept in %s", folder, shown)
        _log.info("wrote the folder %s", folder)


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary name with the same ending that becomes `path` when the block ends, and vanishes after an error.

    Raises
    ------
    OSError
        The place cannot be written to.
    """
    final = Path(path).resolve()
    if final.is_dir():
        raise IsADirectoryError(f"cannot write {final}: it is a folder")
    with _working(final, f"cannot write {final}") as place:
        temporary = place / f"new{final.suffix}"
        # Some libraries ask for a file that exists, others make it.
        temporary.touch()
        yield temporary
        settle(temporary)
        with name_lock(final):
            os.replace(temporary, final)
        settle_name(final)
        _log.info("wrote the file %s", path)


def settle_name(final: Path) -> None:
    """Wait until the disk knows under which name a result lies."""
    if os.name == "posix":
        handle = os.open(final.parent, os.O_RDONLY)
        try:
            # Folders of some file systems know no such call.
            with contextlib.suppress(OSError):
                os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def _working(final: Path, trouble: str) -> Iterator[Path]:
    """Open a workspace beside `final`; folders made on the way go again if nothing comes of it."""
    made = [parent for parent in final.parents if not parent.exists()]
    with interrupts_heard(), contextlib.ExitStack() as stack:
        stack.push(lambda kind, *_: _remove_empty(made) if kind is not None else None)
        for attempt in range(_ATTEMPTS):
            try:
                final.parent.mkdir(parents=True, exist_ok=True)
                place = stack.enter_context(workspace(final))
                break
            except FileNotFoundError as error:
                # Somebody whose results never came has just removed the folder that was empty.
                if attempt == _ATTEMPTS - 1:
                    raise type(error)(f"{trouble}: {error.strerror or error}") from error
            except OSError as error:
                raise type(error)(f"{trouble}: {error.strerror or error}") from error
        yield place


def _refuse_to_lose(final: Path, overwrite: bool, kind: str | None, source: Mapping[str, Any] | None) -> None:
    """Refuse a place that holds anything but earlier results of the same kind, which may be replaced."""
    if not final.exists():
        return
    if not final.is_dir():
        raise FileExistsError(f"{final} must be a folder, but a file of that name exists")
    present = {path.name for path in final.iterdir()}
    if not present:
        return
    own, manifest = own_files(final)
    foreign = sorted(present - own)
    if foreign:
        raise FileExistsError(f"{final} must be empty or hold earlier results only; it also holds {foreign[0]}")
    if not overwrite:
        raise FileExistsError(f"{final} already holds results; pass overwrite=True or another folder")
    if kind is not None and manifest.get("kind") != kind:
        raise FileExistsError(
            f"{final} holds a {manifest.get('kind')}, which a {kind} must not replace; take another folder"
        )
    found = manifest.get("source")
    if source is not None and _which(found) != _which(source):
        name = _called(found)
        other = "another file called " if name == source.get("name") else ""
        raise FileExistsError(
            f"{final} holds results of {other}{name}, which those of {_called(source)} must not replace; take "
            "another folder"
        )


def _called(source: Any) -> str:
    """Name what results are made from: a file, or what else its source says of itself, such as a report of two runs."""
    known = {key: value for key, value in source.items() if key != CONTENT} if isinstance(source, Mapping) else {}
    name = known.get("name") or " ".join(f"{key} {value}" for key, value in known.items() if isinstance(value, str))
    return str(name or "something else")


def _which(source: Any) -> Any:
    """Say which file results are made from, whatever stood in it."""
    return {key: value for key, value in source.items() if key != CONTENT} if isinstance(source, Mapping) else source


def _remove_empty(folders: list[Path]) -> None:
    """Remove the folders made on the way to a result that never came."""
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()
