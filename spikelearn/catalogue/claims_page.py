"""The part of a report that shows the ledger: every claim of a source, what is so, and how that was shown."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from spikelearn.catalogue.ledger import STATES, Claim, author_year, source_of
from spikelearn.catalogue.proofs import Outcome
from spikelearn.catalogue.typeset import typeset

__all__ = ["claims_table", "counted", "errata", "number", "said", "tests_section"]

_PRINT = {
    "correct": "right",
    "typo": "misprint",
    "wrong": "wrong",
    "ambiguous": "says less than it seems to",
}
_SHOWN = 4
_WIDEST = 90
_NUMBERS = re.compile(r"(?:[-+0-9.,±<>=!()\[\] ]|e[-+]\d|inf|nan|approx|numbers|of|true|j)+")
_LONG = re.compile(r"\d+\.\d{7,}(?:e[-+]?\d+)?")


def said(text: str) -> str:
    """Write a text with authors and years for short names."""
    return html.escape(author_year(text), quote=False)


def number(value: Any, unit: str, digits: int = 10) -> str:
    """Write a value, or the first four of many, with its unit."""
    if value is None:
        return ""
    suffix = "" if unit == "1" else f" {unit}"
    if isinstance(value, (list, tuple)):
        shown = ", ".join(f"{item:.6g}" for item in value[:4])
        return html.escape(f"[{shown}{', ...' if len(value) > 4 else ''}]{suffix}")
    return html.escape(f"{value:.{digits}g}{suffix}")


def counted(claims: Sequence[Claim]) -> str:
    """Say how many claims there are, what is wrong in print, and how many are proved in which way."""
    printed = Counter(str(claim.row["status"]) for claim in claims)
    states = Counter(claim.state for claim in claims)
    print_ = ", ".join(f"{printed[key]} {word}" for key, word in _PRINT.items() if printed[key])
    proof = ", ".join(
        f'<span class="{state}">{states[state]} {word}</span>' for state, word in STATES.items() if states[state]
    )
    return f"In print: {print_}. Here: {proof}."


def claims_table(claims: Sequence[Claim]) -> str:
    """Write the claims of one source as a table; on a narrow screen each row is a card."""
    head = ("place in the source", "in print", "expected", "measured", "verdict")
    lines = ["<thead><tr>" + "".join(f"<th>{name}</th>" for name in head) + "</tr></thead>"]
    lines += [_row(claim) for claim in claims]
    return f'<table class="claims">{"".join(lines)}</table>'


def _row(claim: Claim) -> str:
    row = claim.row
    status = str(row["status"])
    place = f"<strong>{said(str(row['item']))}</strong>"
    if row.get("formula"):
        lines = (typeset(line) for line in str(row["formula"]).split("; "))
        place += f'<div class="formula">{";<br>".join(lines)}</div>'
    reason = str(row.get("reason", ""))
    print_ = f'<span class="print {status}">{_PRINT[status]}</span>'
    if reason:
        print_ += f'<div class="why">{said(reason)}</div>'
    pairs = "".join(
        f'<div class="pair"><div data-head="expected">{expected}</div><div data-head="measured">{measured}</div></div>'
        for expected, measured in _compared(claim)
    )
    verdict = f'<span class="{claim.state}">{html.escape(claim.verdict)}</span>'
    figures = dict.fromkeys(name for name, _ in claim.values)
    links = [f'<a href="#{html.escape(name)}">{html.escape(name)}</a>' for name in figures]
    if links:
        verdict += f'<div class="why">values and figure: {", ".join(links)}</div>'
    if row.get("test"):
        test = str(row["test"])
        name = html.escape(test.split("::")[-1].replace("_", " ").removeprefix("test "))
        link = f'<a href="#{test_anchor(test)}">{name}</a>' if claim.outcome is not None else name
        verdict += f'<div class="why" title="{html.escape(test)}">test: {link}</div>'
    if claim.outcome is not None and claim.outcome.why:
        verdict += f'<div class="why">{html.escape(claim.outcome.why)}</div>'
    shown = (
        f'<td>{place}</td><td data-head="in print">{print_}</td>'
        f'<td colspan="2"{"" if pairs else " class=none"}>{pairs}</td><td data-head="verdict">{verdict}</td>'
    )
    state = claim.state if status == "correct" else f"{claim.state} flawed"
    return f'<tr class="claim {state}" id="{claim.anchor}">{shown}</tr>'


def _compared(claim: Claim) -> list[tuple[str, str]]:
    """Give expected and measured values: those of model files, else those that the test compared."""
    if claim.values:
        more = len(claim.values) - _SHOWN
        return [_value(value) for _, value in claim.values[:_SHOWN]] + ([("", f"and {more} more")] if more > 0 else [])
    if claim.outcome is None or not claim.outcome.compared:
        return []
    telling = sorted((line for line in claim.outcome.compared if _numeric(line)), key=_rank)[:2]
    if not telling:
        held = len(claim.outcome.compared)
        return [("", "1 statement holds" if held == 1 else f"{held} statements hold")]
    return [(html.escape(_rounded(line["expected"])), html.escape(_deviating(line))) for line in telling]


def _value(value: Mapping[str, Any]) -> tuple[str, str]:
    unit = str(value["unit"])
    formula = number(value["predicted"], unit, 7) if value["formula"] else ""
    expected = number(value["expected"], unit, 7)
    if formula and formula != expected:
        expected += f" <small>formula {formula}</small>"
    mark = "" if value["verdict"] == "ok" else f' <span class="off">{html.escape(str(value["verdict"]))}</span>'
    return expected, f"{number(value['measured'], unit, 7)} <small>{html.escape(str(value['quantity']))}</small>{mark}"


def _numeric(line: Mapping[str, Any]) -> bool:
    """Say whether both sides are numbers, and not whole lists of them or names."""
    sides = [str(line[side]) for side in ("expected", "measured")]
    return all(_NUMBERS.fullmatch(side) and len(side) <= _WIDEST for side in sides)


def _rounded(text: Any) -> str:
    """Shorten the numbers of a text to eight digits."""
    return _LONG.sub(lambda match: f"{float(match[0]):.8g}", str(text))


def _rank(line: Mapping[str, Any]) -> int:
    if not line["expected"]:
        return 3
    if line["off"] is not None or "approx" in str(line["how"]):
        return 0
    return 1 if "=" in str(line["how"]) else 2


def _deviating(line: Mapping[str, Any]) -> str:
    text = _rounded(line["measured"])
    return f"{text} (off by {line['off']:.1e} at most)" if line["off"] else text


def test_anchor(name: str) -> str:
    """Give the name of a test's place on the page."""
    return "test-" + "".join(letter if letter.isalnum() else "-" for letter in name)


def tests_section(outcomes: Mapping[str, Outcome], *, seconds: float) -> str:
    """Write what every test compared, each a fold; nothing where none was run."""
    if not outcomes:
        return ""
    ends = Counter(outcome.outcome for outcome in outcomes.values())
    counts = ", ".join(f"{ends[end]} {end}" for end in ("failed", "passed", "skipped") if ends[end])
    parts = [
        f'<h2 id="tests">What the tests compared</h2><p>{len(outcomes)} tests in {seconds:.0f} s: {counts}. A line '
        "that was passed several times shows the values of the first time and the largest deviation of all.</p>"
    ]
    for name, outcome in sorted(outcomes.items(), key=lambda item: (item[1].outcome != "failed", item[0])):
        file, _, function = name.partition("::")
        state = {"passed": "ok", "failed": "off", "skipped": "open"}[outcome.outcome]
        cases = "" if outcome.cases == 1 else f", {outcome.cases} cases"
        lines = [
            f'<details class="test {state}" id="{test_anchor(name)}"{" open" if state == "off" else ""}><summary>'
            f'<code>{html.escape(function)}</code> <span class="{state}">{outcome.outcome}</span>, '
            f"{outcome.seconds:.2g} s{cases}</summary><p><code>{html.escape(file)}</code></p>"
        ]
        if outcome.why:
            lines.append(f'<p class="{state}">{html.escape(outcome.why)}</p>')
        if outcome.compared:
            lines.append("<ul>" + "".join(f"<li>{_line(line)}</li>" for line in outcome.compared) + "</ul>")
        elif outcome.outcome == "passed":
            lines.append("<p>It compares nothing that could be noted: it asks that something is refused or raised.</p>")
        parts.append("".join([*lines, "</details>"]))
    return "\n".join(parts)


def _line(line: Mapping[str, Any]) -> str:
    times = f", {line['times']} times" if line["times"] > 1 else ""
    how = f"<code>{html.escape(str(line['how']))}</code>"
    if not line["expected"]:
        return f"{how}: holds{times}"
    off = "" if line["off"] is None else f"; off by {line['off']:.1e} at most"
    return f"{how}: {html.escape(str(line['measured']))} | {html.escape(str(line['expected']))}{off}{times}"


def errata(claims: Sequence[Claim]) -> str:
    """Write the list of what is wrong in print, with what is so and how it is shown."""
    wrong = [claim for claim in claims if claim.row["status"] != "correct"]
    lines = []
    for claim in wrong:
        row = claim.row
        proof = str(row.get("test", "")).split("::")[-1]
        lines.append(
            f'<tr><td><a href="#{claim.anchor}">{said(str(row["item"]))}</a><br><small>'
            f"{html.escape(source_of(str(row['document'])))}</small></td>"
            f"<td>{_PRINT[str(row['status'])]}</td><td>{said(str(row.get('reason', '')))}</td>"
            f"<td>{f'<code>{html.escape(proof)}</code>' if proof else 'no test: see the reason'}</td></tr>"
        )
    head = "<tr><th>where</th><th>in print</th><th>what is so</th><th>shown by</th></tr>"
    return (
        f'<h2 id="errata">Where the print is wrong</h2><p>Of {len(claims)} equations, figures and claims in the ledger '
        f"{len(wrong)} are wrong, misprinted or say less than they seem to; each has a test or a reason.</p>"
        f'<details><summary>All {len(wrong)}</summary><div class="wide"><table>{head}{"".join(lines)}</table></div>'
        "</details>"
    )
