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
        Whether earlier results of that name may be replaced: a folder that holds a manifest, the files that it names
        and nothing else. Any other folder with something in it is refused.

    Yields
    ------
    Path
        The temporary folder to write into, beside `folder`.

    Raises
    ------
    FileExistsError
        The folder holds something that may not be replaced, or is the current folder or one above it.
    OSError
        The place cannot be written to.
    """
    final = Path(folder).resolve()
    here = Path.cwd().resolve()
    if final == here or final in here.parents:
        raise FileExistsError(f"{folder} must be a folder of its own, not the current one or one above it")
    _refuse_to_lose(final, overwrite)
    made = _missing_parents(final)
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{final.name}.", dir=final.parent))
    except OSError as error:
        _remove_empty(made)
        raise type(error)(f"cannot write into {final.parent}: {error.strerror or error}") from error
    try:
        temporary.chmod(0o755)
        yield temporary
        _refuse_to_lose(final, overwrite)
        _exchange(temporary, final)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        _remove_empty(made)
        raise


def _refuse_to_lose(final: Path, overwrite: bool) -> None:
    """Refuse a place that holds anything but earlier results, and those too unless they may be replaced."""
    if not final.exists():
        return
    if not final.is_dir():
        raise FileExistsError(f"{final} must be a folder, but a file of that name exists")
    present = {path.name for path in final.iterdir()}
    if not present:
        return
    try:
        manifest = json.loads((final / "manifest.json").read_text(encoding="utf-8"))
        own = {"manifest.json", *manifest["files"]} if manifest.get("format") == FORMAT else set()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        own = set()
    foreign = sorted(present - own)
    if foreign:
        raise FileExistsError(f"{final} must be empty or hold earlier results only; it also holds {foreign[0]}")
    if not overwrite:
        raise FileExistsError(f"{final} already holds results; pass overwrite=True or another folder")


def _exchange(temporary: Path, final: Path) -> None:
    """Put the finished folder in place of the earlier one, which comes back if that fails."""
    if not final.exists():
        temporary.rename(final)
        return
    retired = Path(tempfile.mkdtemp(prefix=f".{final.name}.old.", dir=final.parent))
    try:
        final.rename(retired / "old")
        try:
            temporary.rename(final)
        except BaseException:
            (retired / "old").rename(final)
            raise
    finally:
        if final.exists():
            shutil.rmtree(retired, ignore_errors=True)


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
        files, found = dict(manifest["files"]), manifest["kind"]
        digests = {name: facts["sha256"] for name, facts in files.items()}
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is not a manifest of spikelearn: {error!r}") from error
    if manifest.get("format") != FORMAT:
        raise ValueError(f"{path} must have format {FORMAT}, got {manifest.get('format')!r}; another version wrote it")
    if found != kind:
        raise ValueError(f"{place} must hold a {kind}, got a {found}")
    for name, digest in digests.items():
        file = place / name
        if not file.is_file():
            raise ValueError(f"{place} must hold {name}, which is missing")
        if hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            raise ValueError(f"{file} was truncated or changed since it was written (checksum differs)")
    result: dict[str, Any] = manifest
    return result
