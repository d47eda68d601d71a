"""Pictures and tables of the runs on written pages: where a page has a comment for one, and the run was made.

``<!-- picture: models-NAME/figure.png | words -->`` becomes the picture, ``<!-- printed: models-NAME -->`` what the run
printed. A file read elsewhere, or a site built without runs, shows nothing there.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

PICTURE = re.compile(r"^<!-- picture: (\S+) \| (.+?) -->$", flags=re.MULTILINE)
PRINTED = re.compile(r"^<!-- printed: (\S+) -->$", flags=re.MULTILINE)


def shown(text: str, runs: Path, into: Path, up: str) -> str:
    """Put pictures and tables into a page; `into` gets the pictures, and lies at `up` as seen from the page."""

    def picture(match: re.Match[str]) -> str:
        source = runs / match[1]
        if not source.is_file():
            return ""
        name = match[1].replace("/", "-")
        into.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, into / name)
        return f"![{match[2]}]({up}{name})"

    def printed(match: re.Match[str]) -> str:
        source = runs / f"{match[1]}.txt"
        return f"```text\n{source.read_text(encoding='utf-8').strip(chr(10))}\n```" if source.is_file() else ""

    return PRINTED.sub(printed, PICTURE.sub(picture, text))


def read(app: Any, name: str, source: list[str]) -> None:
    """Change the source of a page as it is read."""
    if os.environ.get("SPIKELEARN_RUNS") and "<!-- p" in source[0]:
        folder = Path(app.srcdir) / "generated" / "pictures"
        up = "../" * name.count("/") + "generated/pictures/"
        source[0] = shown(source[0], Path(os.environ["SPIKELEARN_RUNS"]), folder, up)


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("source-read", read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
