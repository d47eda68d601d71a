"""Earlier results of a file that has changed since: kept beside the new ones."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spikelearn.storage.manifest import own_files
from spikelearn.storage.workspace import settle

__all__ = ["CONTENT", "content_digest", "keep_earlier", "link"]

# The key of a source that says what stood in the file; all others say which file it was.
CONTENT = "content_sha256"
# The content of files above this is not read for the digest: size and time stand for it.
_READ_UP_TO = 2**28


def content_digest(*paths: str | os.PathLike[str] | None) -> str:
    """Give a digest of what stands in files and folders, in their order; None stands for nothing.

    Of a folder of results the checksums in its manifest count, of any other folder names, sizes and times of all
    files, as they do for a file above 256 MiB.
    """
    digest = hashlib.sha256()
    for path in paths:
        digest.update((_content(Path(path)) if path is not None else "nothing").encode())
    return digest.hexdigest()


def _content(place: Path) -> str:
    if not place.exists():
        # Who reads it says so.
        return "nothing"
    if place.is_dir():
        facts = own_files(place)[1].get("files")
        if facts is None:
            inside = sorted(path for path in place.rglob("*") if path.is_file())
            facts = [[path.relative_to(place).as_posix(), *_stamp(path)] for path in inside]
        return json.dumps(facts, sort_keys=True)
    if place.stat().st_size > _READ_UP_TO:
        return json.dumps(_stamp(place))
    return hashlib.sha256(place.read_bytes()).hexdigest()


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def keep_earlier(final: Path, source: Mapping[str, Any] | None, workplace: Path) -> Path | None:
    """Give the results in `final` a second name, ``NAME.1`` or the next that is free, if their file has changed since.

    To be called under the lock of the name, before something else takes it.

    Parameters
    ----------
    final : Path
        Where results are about to be replaced.
    source : mapping or None
        What the new ones are made from; where it does not say what stood in the file, nothing is kept.
    workplace : Path
        A name that is free, on the same file system.

    Returns
    -------
    Path or None
        The second name.
    """
    names, manifest = own_files(final)
    found = manifest.get("source")
    wanted = None if source is None else source.get(CONTENT)
    if not names or wanted is None or (isinstance(found, dict) and found.get(CONTENT) == wanted):
        return None
    workplace.mkdir()
    for name in names:
        link(final / name, workplace / name)
    settle(workplace)
    number = 1
    while os.path.lexists(kept := final.with_name(f"{final.name}.{number}")):
        number += 1
    os.rename(workplace, kept)
    return kept


def link(old: Path, new: Path) -> None:
    """Give a file a second name, or copy it where the file system has no such thing."""
    try:
        os.link(old, new)
    except OSError:
        shutil.copyfile(old, new)
