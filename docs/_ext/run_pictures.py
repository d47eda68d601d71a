"""Pictures and tables of the runs on written pages: where a page has a comment for one, and the run was made.

``<!-- picture: models-NAME/figure.png | words -->`` becomes the picture, ``<!-- printed: models-NAME -->`` what the run
printed; the comparison that a model file prints becomes a table, whose long cells wrap. A file read elsewhere, or a
site built without runs, shows nothing there.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

PICTURE = re.compile(r"^<!-- picture: (\S+) \| (.+?) -->$", flags=re.MULTILINE)
PRINTED = re.compile(r"^<!-- printed: (\S+) -->$", flags=re.MULTILINE)

RULER = re.compile(r"-+(?:  +-+)+")


def comparison(printed: str) -> str | None:
    r"""Make a table in Markdown of the comparison that the run of a model file prints; None where there is none.

    Examples
    --------
    >>> printed = ["Bursts (exact)", "", "quantity  formula  predicted", "--------  -------  ---------"]
    >>> print(comparison("\n".join([*printed, "rate      E_set    5 Hz"])))
    | quantity | predicted |
    |---|---|
    | `rate` | [5 Hz]{.value} by `E_set` |
    """
    lines = printed.splitlines()
    k = next((k for k, line in enumerate(lines) if RULER.fullmatch(line)), 0)
    if not k or not lines[k - 1].startswith("quantity "):
        return None
    ends = [match.span() for match in re.finditer("-+", lines[k])]
    rows = [[line[a:b].strip() for a, b in ends] for line in lines[k - 1 : k] + lines[k + 1 :]]
    rows = rows[: next((k for k, row in enumerate(rows) if not any(row)), len(rows))]
    table = []
    for number, row in enumerate(rows):
        cells = dict(zip(rows[0], row, strict=True))
        formula = cells.pop("formula", "")
        values = {name: (cell if number == 0 else _value(cell)) for name, cell in cells.items()}
        if number:
            values["quantity"] = f"`{cells['quantity']}`"
            if formula not in ("", cells["quantity"]):  # which formula, where its name is not that of the quantity
                values["predicted"] += f" by `{formula}`"
        table.append("| " + " | ".join(values.values()) + " |")
        if number == 0:
            table.append("|---" * len(values) + "|")
    return "\n".join(table)


def _value(text: str) -> str:
    """Write a value so that nothing in it is read as markup; a list breaks at its commas, one number nowhere."""
    plain = re.sub(r"([\\`*_{}\[\]<>|$])", r"\\\1", text)
    return f"[{plain}]{{.value}}" if plain and "," not in plain else plain


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
        if not source.is_file():
            return ""
        words = source.read_text(encoding="utf-8").strip("\n")
        return comparison(words) or f"```text\n{words}\n```"

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
