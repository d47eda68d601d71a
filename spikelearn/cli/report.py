"""The option --report of check: the page and its pictures, whole or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from spikelearn.cli.answers import Answer
from spikelearn.cli.catalogue import table
from spikelearn.cli.drawing import saved_figure
from spikelearn.storage.files import whole_folder
from spikelearn.storage.manifest import write_manifest

if TYPE_CHECKING:
    from spikelearn.catalogue.proofs import Outcome

__all__ = ["check_and_report"]


def check_and_report(
    folder: Path,
    names: Sequence[str],
    *,
    engine: str | None,
    target: str,
    tests: bool = False,
    claims: Sequence[str] = (),
) -> Answer:
    """Run and compare configurations, and write one page about them into a folder.

    Parameters
    ----------
    folder : Path
        Where to; only an earlier report is replaced.
    names : sequence of str
        Names or model files; all of the catalogue if there is none.
    engine, target
        As for `spikelearn.catalogue.run`.
    tests : bool
        Whether to run the tests that the ledger names too; only said to be impossible where there are none.
    claims : sequence of str
        Beginnings of the rows whose tests are run, such as ``"Gatsby 2021 Q1"``, with the source by author and year or
        by its short name in the ledger; all rows if there is none.

    Returns
    -------
    Answer
        The status is 1 if a value is off, a run failed or a test failed.
    """
    import pandas as pd

    from spikelearn.catalogue.ledger import author_year, ledger_rows
    from spikelearn.catalogue.ledger import claims as judged
    from spikelearn.catalogue.report import Entry, checked, entries, page

    began, found, rows = time.perf_counter(), [], []
    ledger = ledger_rows()
    wanted = _wanted(ledger, claims) if tests else []
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
        ran = time.perf_counter() - began
        outcomes, trouble = _tested(wanted)
        tested = time.perf_counter() - began - ran
        all_claims = judged(ledger, checked(found), outcomes)
        when = datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC")
        text = page(
            found, all_claims, seconds=ran, when=when, outcomes=outcomes, tested=tested, no_tests=trouble
        )  # fmt: skip
        (temporary / "index.html").write_text(text, encoding="utf-8")
        counts = {"configurations": len(found), "claims": len(all_claims), "tests": len(outcomes)}
        write_manifest(temporary, "report", {"source": source, **counts})
    bad = [entry.configuration.name for entry in found if entry.good is False]
    off = [f"{claim.row['document']} {claim.row['item']}" for claim in all_claims if claim.state == "off"]
    said = [f"off or failed: {', '.join(bad)}" if bad else "all as expected"]
    if off:
        first = author_year("; ".join(off[:5]))
        said.append(f"claims that are off: {len(off)} ({first}{'; ...' if len(off) > 5 else ''})")
    if trouble:
        said.append(f"tests were not run: {trouble}")
    facts = {"folder": str(folder), **counts, "off": bad, "claims_off": off}
    words = f"{'; '.join(said)}; the report is {folder / 'index.html'}"
    return Answer(words, rows, facts, status=int(bool(bad or off)))


def _wanted(ledger: Sequence[Mapping[str, Any]], claims: Sequence[str]) -> list[str]:
    """Give the tests of the rows whose name begins so."""
    from spikelearn.catalogue.ledger import author_year

    found: dict[str, None] = {}
    for beginning in claims or [""]:
        rows = [row for row in ledger if any(name.startswith(beginning) for name in _names(row, author_year))]
        if not rows:
            raise ValueError(
                f"--claims must be the beginning of a row of the ledger, such as 'Gatsby 2021 Q1', got {beginning!r}"
            )
        found |= dict.fromkeys(str(row["test"]) for row in rows if row.get("test"))
    return list(found)


def _names(row: Mapping[str, Any], author_year: Callable[[str], str]) -> tuple[str, str]:
    item = row["item"]
    return f"{row['document']} {item}", f"{author_year(str(row['document']))} {item}"


def _tested(wanted: Sequence[str]) -> tuple[dict[str, Outcome], str]:
    """Run the tests, or say why that cannot be."""
    from spikelearn.catalogue.proofs import checkout, run_tests

    if not wanted:
        return {}, ""
    if checkout() is None:
        return {}, "an installed package has none, only a checkout of the repository has"
    typer.echo(f"{len(wanted)} tests of the ledger's rows: this takes minutes", err=True)
    return run_tests(wanted), ""
