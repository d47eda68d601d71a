"""The report of a check: one page that shows every claim, its formula, what was expected and what was measured."""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spikelearn.catalogue.claims_page import claims_table, counted, errata, number, said, tests_section
from spikelearn.catalogue.configuration import Configuration
from spikelearn.catalogue.files import check, load, run
from spikelearn.catalogue.folder import names as all_names
from spikelearn.catalogue.ledger import OTHERS, SOURCES, Claim, author_year, source_of
from spikelearn.catalogue.proofs import Outcome
from spikelearn.catalogue.style import STYLE
from spikelearn.storage.provenance import versions

__all__ = ["Entry", "checked", "entries", "page"]


@dataclass(frozen=True, eq=False)
class Entry:
    """One configuration that was run and compared.

    Parameters
    ----------
    configuration : Configuration
        What was run.
    rows : list of dict
        What `spikelearn.catalogue.check` found, a row an expected quantity.
    engine : str
        Where it ran.
    seconds : float
        Wall time of run and comparison.
    figure : str
        Name of the picture's file; empty where there is none.
    trouble : str
        Why there is no picture, or why the run failed.
    failed : bool
        Whether the run or the comparison ended in an error.
    """

    configuration: Configuration
    rows: Sequence[Mapping[str, Any]]
    engine: str
    seconds: float
    figure: str = ""
    trouble: str = ""
    failed: bool = False

    @property
    def good(self) -> bool | None:
        """Whether every value was met; None where the file expects none."""
        if self.failed:
            return False
        return all(row["verdict"] == "ok" for row in self.rows) if self.rows else None

    @property
    def source(self) -> str:
        """Author and year of the source."""
        return source_of(str(self.configuration.source.get("document", "")))


def entries(
    names: Iterable[str], draw: Callable[[Callable[[], Any], str], str], *, engine: str | None, target: str
) -> Iterator[Entry]:
    """Run configurations one by one, compare and draw them; one that fails is an entry too.

    Parameters
    ----------
    names : iterable of str
        Names or model files; all of the catalogue if empty. Every file is read before the first one runs.
    draw : callable
        ``draw(make, name)`` writes the figure that ``make()`` gives as the file ``name`` and says in a line why not
        where that fails.
    engine, target
        As for `spikelearn.catalogue.run`.
    """
    for configuration in [load(name) for name in list(names) or all_names()]:
        began = time.perf_counter()
        try:
            recording = run(configuration, engine=engine, target=target)
            rows = check(configuration, recording).to_dict("records")
        except Exception as error:  # one page for all of them: an error is a red line of it
            words = " ".join(f"{type(error).__name__}: {error}".split())
            yield Entry(configuration, [], engine or "", time.perf_counter() - began, trouble=words, failed=True)
            continue
        seconds = time.perf_counter() - began
        name = f"{configuration.name}.png"
        trouble = draw(_figure(configuration, recording), name)
        used = str(recording.provenance.get("engine", ""))
        yield Entry(configuration, rows, used, seconds, "" if trouble else name, trouble)


def _figure(configuration: Configuration, recording: Any) -> Callable[[], Any]:
    return lambda: configuration.system.figure(configuration.model, recording, configuration.title)


def checked(found: Iterable[Entry]) -> dict[str, Sequence[Mapping[str, Any]] | None]:
    """Give what was measured by each configuration, for `spikelearn.catalogue.ledger.claims`; None for failed ones."""
    return {entry.configuration.name: None if entry.failed else entry.rows for entry in found}


def page(
    found: Sequence[Entry],
    claims: Sequence[Claim],
    *,
    seconds: float,
    when: str,
    outcomes: Mapping[str, Outcome] | None = None,
    tested: float = 0.0,
    no_tests: str = "",
) -> str:
    """Write the page; it asks for nothing but the pictures beside it.

    Parameters
    ----------
    found : sequence of Entry
        What was run.
    claims : sequence of Claim
        The ledger, with what was found about each row.
    seconds : float
        Wall time of everything.
    when : str
        Date and time, as text.
    outcomes : mapping of str to Outcome, optional
        The tests that were run.
    tested : float
        Wall time of the tests.
    no_tests : str
        Why no tests were run.
    """
    values = [row for entry in found for row in entry.rows]
    off = sum(row["verdict"] != "ok" for row in values)
    failed = sum(entry.failed for entry in found)
    bad = [claim for claim in claims if claim.state == "off"]
    parts = [f"{len(values) - off} of {len(values)} values as expected"]
    parts += [f"{failed} configurations failed"] if failed else []
    parts += (
        [f"{len(bad)} of {len(claims)} claims off" if bad else f"none of {len(claims)} claims off"] if claims else []
    )
    verdict = "off" if off or failed or bad else "ok"
    used = ", ".join(f"{name} {version}" for name, version in versions().items())
    sections = []
    for source in (*SOURCES.values(), OTHERS):
        inside = [claim for claim in claims if source_of(str(claim.row["document"])) == source]
        group = [entry for entry in found if entry.source == source]
        if inside or group:
            sections.append((source, inside, group))
    body = [
        "<h1>spikelearn: what was claimed, expected and measured</h1>",
        f'<p class="verdict {verdict}">{"; ".join(parts)}</p>',
        _what_is_off(found, bad),
        f"<p>{len(found)} configurations in {seconds:.0f} s, {html.escape(when)}; {html.escape(used)}. "
        "Expected values come from computations outside the package, predicted ones from the theory's formulas; a "
        "measured value may differ by the tolerance that its file gives.</p>",
        _legend(outcomes or {}, tested, no_tests),
        _contents(sections, tests=bool(outcomes)),
    ]
    for source, inside, group in sections:
        body.append(f'<h2 id="{_anchor(source)}">{html.escape(source)}</h2>')
        if inside:
            body.append(f"<p>{len(inside)} equations, figures and claims. {counted(inside)}</p>")
            body.append(
                f"<details open><summary>Equations, figures and claims</summary>{claims_table(inside)}</details>"
            )
        if inside and group:
            body.append(f'<h3 class="runs">Model files: {len(group)} runs with figures</h3>')
        body += [_entry(entry) for entry in group]
    body += [tests_section(outcomes or {}, seconds=tested), errata(claims) if claims else ""]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>spikelearn: report</title><style>{STYLE}</style></head>\n<body><main>\n"
        + "\n".join(part for part in body if part)
        + "\n</main></body></html>\n"
    )


def _what_is_off(found: Sequence[Entry], bad: Sequence[Claim]) -> str:
    """List what is off, with links; it comes first on the page."""
    lines = []
    for entry in (entry for entry in found if entry.good is False):
        made = entry.configuration
        quantities = ", ".join(str(row["quantity"]) for row in entry.rows if row["verdict"] != "ok") or "failed"
        link = f'<a href="#{html.escape(made.name)}">{html.escape(made.title)}</a>'
        lines.append(f"<li>{link}: {html.escape(quantities)}</li>")
    lines += [
        f'<li><a href="#{claim.anchor}">{html.escape(_source_in_short(claim))}: {said(str(claim.row["item"]))}</a>: '
        f"{html.escape(claim.verdict)}</li>"
        for claim in bad
    ]
    return f'<ul class="off">{"".join(lines)}</ul>' if lines else ""


def _source_in_short(claim: Claim) -> str:
    return author_year(str(claim.row["document"]))


def _legend(outcomes: Mapping[str, Outcome], tested: float, no_tests: str) -> str:
    """Say what the verdicts mean, whether tests were run, and how to see less."""
    if outcomes:
        tests = f"{len(outcomes)} tests that rows name were run for this page, in {tested:.0f} s."
    else:
        why = no_tests or "--tests runs them, from a checkout of the repository"
        tests = f"Tests were not run for this page: {why}."
    choices = (
        ("all", "everything"),
        ("off", "what is off"),
        ("flawed", "where the print is wrong"),
        ("claims", "claims alone"),
        ("runs", "runs alone"),
    )
    shown = "".join(
        f'<label><input type="radio" name="shown" id="show-{key}"{" checked" if key == "all" else ""}> {words}</label>'
        for key, words in choices
    )
    return (
        "<p>A claim is <b>as expected</b> if the values that measure it are, and its test passed where it was run; "
        "<b>off</b> if any of them is not; <b>by test, not run here</b> if a test alone shows it; <b>by reason</b> if "
        f"nothing can be computed: the reason stands there. {html.escape(tests)}</p>"
        f'<fieldset class="shown"><legend>Show</legend>{shown}</fieldset>'
    )


def _anchor(text: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in text.lower())


def _contents(sections: Sequence[tuple[str, Sequence[Claim], Sequence[Entry]]], *, tests: bool) -> str:
    head = ("source", "claims", "as expected", "by test, not run", "by reason", "model files", "off")
    lines = ["<tr>" + "".join(f"<th>{name}</th>" for name in head) + "</tr>"]
    for source, inside, group in sections:
        states = [claim.state for claim in inside]
        off = states.count("off") + sum(entry.good is False for entry in group)
        numbers = [len(inside), states.count("ok"), states.count("open"), states.count("reason"), len(group)]
        cells = "".join(f'<td class="n">{count}</td>' for count in numbers)
        state = f'<span class="off">{off} off</span>' if off else '<span class="ok">none</span>'
        link = f'<a href="#{_anchor(source)}">{html.escape(source)}</a>'
        lines.append(f"<tr><td>{link}</td>{cells}<td>{state}</td></tr>")
    more = ' <a href="#tests">What the tests compared</a>.' if tests else ""
    errata_ = '<a href="#errata">Where the print is wrong</a>.' if any(inside for _, inside, _ in sections) else ""
    return f'<nav><div class="wide"><table class="contents">{"".join(lines)}</table></div><p>{errata_}{more}</p></nav>'


def _entry(entry: Entry) -> str:
    made = entry.configuration
    state = {True: "ok", False: "off", None: "none"}[entry.good]
    document = str(made.source.get("document", ""))
    cited = ", ".join(part for part in (document, str(made.source.get("citation", ""))) if part)
    lines = [
        f'<section class="{state}" id="{html.escape(made.name)}">',
        f"<h3>{html.escape(made.title)}</h3>",
        f'<p class="facts"><code>spikelearn run {html.escape(made.name)}</code>; {html.escape(made.system.name)}, '
        f"{html.escape(entry.engine)} engine, {entry.seconds:.2g} s. {said(cited)}</p>",
    ]
    if entry.failed:
        lines.append(f'<p class="off">failed: {html.escape(entry.trouble)}</p>')
    if entry.rows:
        lines.append(_table(entry))
    if entry.figure:
        alt = f"Figure of the run: {made.title}"
        lines.append(f'<img src="{html.escape(entry.figure)}" alt="{html.escape(alt)}" loading="lazy">')
    elif not entry.failed:
        lines.append(f"<p>no figure: {html.escape(entry.trouble)}</p>")
    return "\n".join([*lines, "</section>"])


def _table(entry: Entry) -> str:
    system = entry.configuration.system
    reasons = [expected.reason for expected in entry.configuration.expected]
    head = ("quantity", "formula", "predicted", "expected", "measured", "error", "verdict")
    lines = ["<tr>" + "".join(f"<th>{name}</th>" for name in head) + "</tr>"]
    for row, reason in zip(entry.rows, reasons, strict=True):
        quantity, unit = str(row["quantity"]), str(row["unit"])
        formula = str(row["formula"])
        meaning = system.quantities[quantity].doc
        theory = system.formulas[formula].doc if formula in system.formulas else ""
        good = row["verdict"] == "ok"
        cells = (
            f"<strong>{html.escape(quantity)}</strong><br>{html.escape(meaning)}",
            html.escape(theory or formula),
            number(row["predicted"], unit) if formula else "",
            number(row["expected"], unit),
            number(row["measured"], unit),
            f"{row['error']:.1e}",
            "as expected" if good else html.escape(str(row["verdict"])),
        )
        state = "ok" if good else "off"
        lines.append(f'<tr class="{state}">' + "".join(_cell(k, cell) for k, cell in enumerate(cells)) + "</tr>")
        if reason:
            lines.append(f'<tr class="note"><td colspan="{len(head)}">{said(reason)}</td></tr>')
    return f'<div class="wide"><table class="values">{"".join(lines)}</table></div>'


def _cell(column: int, text: str) -> str:
    numbers = 2 <= column <= 5 and "[" not in text
    return f'<td class="n">{text}</td>' if numbers else f"<td>{text}</td>"
