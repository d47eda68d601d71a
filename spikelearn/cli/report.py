"""The option --report of check: the page and its pictures, whole or not at all."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import typer

from spikelearn.cli.answers import Answer
from spikelearn.cli.catalogue import table
from spikelearn.cli.drawing import saved_figure
from spikelearn.storage.files import whole_folder
from spikelearn.storage.manifest import write_manifest

__all__ = ["check_and_report"]


def check_and_report(folder: Path, names: Sequence[str], *, engine: str | None, target: str) -> Answer:
    """Run and compare configurations, and write one page about them into a folder.

    Parameters
    ----------
    folder : Path
        Where to; only an earlier report is replaced.
    names : sequence of str
        Names or model files; all of the catalogue if there is none.
    engine, target
        As for `spikelearn.catalogue.run`.

    Returns
    -------
    Answer
        The status is 1 if a value is off or a run failed.
    """
    import pandas as pd

    from spikelearn.catalogue.report import Entry, entries, ledger_rows, page

    began, found, rows = time.perf_counter(), [], []
    source = {"report": "of " + (", ".join(names) or "the whole catalogue")}
    with whole_folder(folder, overwrite=True, kind="report", source=source) as temporary:
        entry: Entry
        for entry in entries(
            names, lambda draw, name: saved_figure(draw, temporary / name), engine=engine, target=target
        ):
            made = entry.configuration
            body = f"  failed: {entry.trouble}" if entry.failed else "  no expected values: nothing to compare"
            typer.echo(f"{made.name}: {made.title}\n{table(pd.DataFrame(entry.rows)) if entry.rows else body}\n")
            rows += [{"configuration": made.name, **row} for row in entry.rows]
            found.append(entry)
        when = datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC")
        text = page(found, ledger_rows(), seconds=time.perf_counter() - began, when=when)
        (temporary / "index.html").write_text(text, encoding="utf-8")
        write_manifest(temporary, "report", {"source": source, "configurations": len(found)})
    bad = [entry.configuration.name for entry in found if entry.good is False]
    said = f"off or failed: {', '.join(bad)}" if bad else "all as expected"
    facts = {"folder": str(folder), "configurations": len(found), "off": bad}
    return Answer(f"{said}; the report is {folder / 'index.html'}", rows, facts, status=int(bool(bad)))
