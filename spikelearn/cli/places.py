"""Where the results of a file go, and what is noted of their source: other options, other results."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spikelearn.cli.naming import option_words, options_digest, run_label
from spikelearn.storage.earlier import CONTENT, content_digest
from spikelearn.storage.manifest import origin

__all__ = ["place_of_results"]


def place_of_results(
    place: Path,
    what: str,
    output: str | os.PathLike[str] | None,
    options: Mapping[str, Any],
    usual: Mapping[str, Any],
    *,
    beside: Sequence[str | os.PathLike[str] | None] = (),
) -> tuple[Path, dict[str, str], dict[str, str]]:
    """Give the folder, what its results are made from, and the options that were set.

    Parameters
    ----------
    place : Path
        The file.
    what : str
        "analysis" or another word, for the name of the folder.
    output : path, optional
        The folder, if it was named.
    options, usual : mapping
        All options, and those values that need no words.
    beside : sequence of path
        What else is read, of which the content counts, too.
    """
    settings = option_words(options, usual)
    label, source = run_label(f"{place.stem}-{what}", settings, None, "auto"), origin(place)
    source[CONTENT] = content_digest(place, *beside)
    if settings:
        source["name"] += f" as {label}"
        source["settings_sha256"] = options_digest({key: options[key] for key in settings})
    return Path(output) if output is not None else Path("runs") / label, source, settings
