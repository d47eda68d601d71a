"""Folders and files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["read_manifest", "whole_file", "whole_folder", "write_manifest"]

FORMAT = 1


@contextlib.contextmanager
def whole_folder(folder: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary folder that becomes `folder` when the block ends, and vanishes after an error.

    Parameters
    ----------
    folder : path
        The name that the finished folder gets.
    overwrite : bool
        Whether a folder of that name that holds a ``manifest.json`` may be replaced. Any other existing folder with
        something in it is refused, so that nothing but earlier results is ever removed.

    Yields
    ------
    Path
        The temporary folder to write into, beside `folder`.

    Raises
    ------
    FileExistsError
        The folder holds something already.
    OSError
        The place cannot be written to.
    """
    final = Path(folder)
    if final.exists() and not final.is_dir():
        raise FileExistsError(f"{final} must be a folder, but a file of that name exists")
    if final.exists() and any(final.iterdir()):
        if not (final / "manifest.json").exists():
            raise FileExistsError(f"{final} must be empty or hold earlier results; it holds other files")
        if not overwrite:
            raise FileExistsError(f"{final} already holds results; pass overwrite=True or another folder")
    made = _missing_parents(final)
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{final.name}.", dir=final.parent))
    except OSError as error:
        _remove_empty(made)
        raise type(error)(f"cannot write into {final.parent}: {error.strerror or error}") from error
    temporary.chmod(0o755)
    try:
        yield temporary
        retired = None
        if final.exists():
            retired = Path(tempfile.mkdtemp(prefix=f".{final.name}.old.", dir=final.parent))
            final.rename(retired / "old")
        temporary.rename(final)
        if retired is not None:
            shutil.rmtree(retired, ignore_errors=True)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        _remove_empty(made)
        raise


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary name with the same ending that becomes `path` when the block ends, and vanishes after an error.

    Raises
    ------
    OSError
        The place cannot be written to.
    """
    final = Path(path)
    made = _missing_parents(final)
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{final.stem}.", suffix=final.suffix, dir=final.parent)
    except OSError as error:
        _remove_empty(made)
        raise type(error)(f"cannot write {final}: {error.strerror or error}") from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(final)
    except BaseException:
        temporary.unlink(missing_ok=True)
        _remove_empty(made)
        raise


def _missing_parents(path: Path) -> list[Path]:
    """List the folders above `path` that do not exist yet, deepest first."""
    return [parent for parent in path.parents if not parent.exists()]


def _remove_empty(folders: list[Path]) -> None:
    """Remove the folders made on the way to a result that never came."""
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def write_manifest(folder: Path, kind: str, content: dict[str, Any]) -> None:
    """Write ``manifest.json``: what the folder holds, how it was made, and a checksum of every other file."""
    files = {
        path.name: {"bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for path in sorted(folder.iterdir())
        if path.name != "manifest.json"
    }
    text = json.dumps({"format": FORMAT, "kind": kind, **content, "files": files}, indent=2, sort_keys=False)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")


def read_manifest(folder: str | os.PathLike[str], kind: str) -> dict[str, Any]:
    """Read and verify the manifest of a folder written by `write_manifest`.

    Raises
    ------
    FileNotFoundError
        There is no manifest.
    ValueError
        The manifest cannot be read, is of another kind, or a file is missing or was changed.
    """
    place = Path(folder)
    path = place / "manifest.json"
    if not path.is_file():
        raise FileNotFoundError(f"{place} must hold a manifest.json written by spikelearn; there is none")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        files, found = manifest["files"], manifest["kind"]
    except (json.JSONDecodeError, KeyError, UnicodeDecodeError, TypeError) as error:
        raise ValueError(f"{path} is not a manifest of spikelearn: {error!r}") from error
    if found != kind:
        raise ValueError(f"{place} must hold a {kind}, got a {found}")
    for name, facts in files.items():
        file = place / name
        if not file.is_file():
            raise ValueError(f"{place} must hold {name}, which is missing")
        if hashlib.sha256(file.read_bytes()).hexdigest() != facts["sha256"]:
            raise ValueError(f"{file} was truncated or changed since it was written (checksum differs)")
    result: dict[str, Any] = manifest
    return result
