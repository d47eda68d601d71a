"""``manifest.json``: what a folder of results holds, how it was made, and a checksum of everything."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from spikelearn.storage.workspace import name_lock, sweep

__all__ = ["origin", "own_files", "read_folder", "read_manifest", "write_manifest"]

FORMAT = 2
# Format 1 had no digest of the manifest itself.
_READABLE = (1, FORMAT)
_ATTEMPTS = 20
Result = TypeVar("Result")


def origin(path: str | os.PathLike[str]) -> dict[str, str]:
    """Say which file results come from: its name, and a digest of the whole path, which stays private."""
    place = Path(path).resolve()
    return {"name": place.name, "path_sha256": hashlib.sha256(os.fsencode(place)).hexdigest()}


def write_manifest(folder: Path, kind: str, content: Mapping[str, Any]) -> None:
    """Write ``manifest.json``: kind, content, checksums of every other file, and a digest of all that.

    Parameters
    ----------
    folder : Path
        Holds the files already.
    kind : str
        What the folder is; only results of the same kind ever replace it.
    content : mapping
        Numbers, text, lists and dicts. A ``source``, such as `origin` gives, says what it was made from: only results
        of the same source ever replace it.
    """
    files = {
        path.name: {"bytes": path.stat().st_size, "sha256": _sha256(path)}
        for path in sorted(folder.iterdir())
        if path.name != "manifest.json"
    }
    manifest = {"format": FORMAT, "kind": kind, **content, "files": files}
    text = json.dumps({**manifest, "digest": _digest(manifest)}, indent=2, sort_keys=False)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")


def read_manifest(folder: str | os.PathLike[str], kind: str) -> dict[str, Any]:
    """Read and verify the manifest of a folder written by `write_manifest`.

    Raises
    ------
    FileNotFoundError
        There is no manifest.
    ValueError
        The manifest cannot be read or was changed, is of another kind, or a file is missing or was changed.
    """
    place = Path(folder)
    path = place / "manifest.json"
    if not place.exists():
        _bring_back(place)
    if not path.is_file():
        raise FileNotFoundError(f"{place} must hold a manifest.json written by spikelearn; there is none")
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        files, found = dict(manifest["files"]), manifest["kind"]
        digests = {name: facts["sha256"] for name, facts in files.items()}
        version = manifest.get("format")
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path} is not a manifest of spikelearn: {error!r}") from error
    if isinstance(version, bool) or version not in _READABLE:
        raise ValueError(f"{path} must have format {FORMAT}, got {version!r}; another version wrote it")
    digest = manifest.pop("digest", None if version == 1 else "")
    if digest is not None and digest != _digest(manifest):
        raise ValueError(f"{path} was changed since it was written (digest differs)")
    if found != kind:
        raise ValueError(f"{place} must hold a {kind}, got a {found}")
    for name, expected in digests.items():
        file = place / name
        if not file.is_file():
            raise ValueError(f"{place} must hold {name}, which is missing")
        if _sha256(file) != expected:
            raise ValueError(f"{file} was truncated or changed since it was written (checksum differs)")
    return manifest


def read_folder(folder: str | os.PathLike[str], kind: str, read: Callable[[Path, dict[str, Any]], Result]) -> Result:
    """Read a folder as it was at one moment, also while somebody replaces it.

    Parameters
    ----------
    folder : path
        Written by `spikelearn.storage.files.whole_folder`.
    kind : str
        What it must be.
    read : callable
        ``read(folder, manifest)``.

    Raises
    ------
    FileNotFoundError, ValueError
        As `read_manifest`, and whatever `read` raises.
    """
    place = Path(folder)
    for attempt in range(_ATTEMPTS):
        before = _identity(place)
        try:
            result = read(place, read_manifest(place, kind))
        except (OSError, ValueError):
            if _identity(place) == before or attempt == _ATTEMPTS - 1:
                raise
            continue
        if _identity(place) == before:
            return result
    raise ValueError(f"{place} is being replaced all the time; read it when that is over")


def own_files(folder: Path) -> tuple[set[str], dict[str, Any]]:
    """Give the names of the files in a folder that its manifest knows, and the manifest; nothing without one."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if manifest.get("format") not in _READABLE:
            return set(), {}
        named = {"manifest.json", *manifest["files"]}
        return {name for name in named if (folder / name).is_file() and not (folder / name).is_symlink()}, manifest
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return set(), {}


def _bring_back(place: Path) -> None:
    """Undo half an exchange, which only systems without an atomic one can leave behind."""
    final = place.resolve()
    with contextlib.suppress(OSError):
        if any(path.name.startswith(f".{final.name}.") for path in final.parent.iterdir()):
            with name_lock(final):
                sweep(final)


def _identity(place: Path) -> tuple[int, ...]:
    try:
        one, other = place.stat(), (place / "manifest.json").stat()
    except OSError:
        return ()
    return one.st_dev, one.st_ino, one.st_ctime_ns, other.st_ino, other.st_mtime_ns


def _digest(manifest: Mapping[str, Any]) -> str:
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
