"""The report of a check: one page that shows every claim, its formula, what was expected and what was measured."""

from __future__ import annotations

import html
import re
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from spikelearn.catalogue.configuration import Configuration
from spikelearn.catalogue.files import check, load, run
from spikelearn.catalogue.folder import names as all_names
from spikelearn.catalogue.style import STYLE
from spikelearn.storage.provenance import versions

__all__ = ["AUTHORS", "SOURCES", "Entry", "entries", "ledger_rows", "page"]

SOURCES = {
    "000": "Notebook on learning rules from loss functions, beside Soldado-Magraner et al. 2022",
    "001": "A. Jones 2019, notes on Rezende & Gerstner 2014",
    "002": "Gatsby Unit 2021, final examination in theoretical neuroscience",
    "003": "Soldado-Magraner, Seay, Laje & Buonomano 2022, supplementary material",
    "004": "Galtier & Wainrib, a combination of STDP, Hebbian learning and synaptic scaling",
    "ei_trials": "Soldado-Magraner et al. 2022, the published simulations",
}
"""Each source in words, by the short name that the references of docstrings and the ledger use."""

AUTHORS = {
    "000": "Soldado-Magraner et al. 2022, notebook",
    "001": "Jones 2019",
    "002": "Gatsby 2021",
    "ei_trials": "Soldado-Magraner et al. 2022, published simulations",
    "003": "Soldado-Magraner et al. 2022",
    "004": "Galtier & Wainrib",
}
"""Author and year, as model files and pages name them; of two that begin alike the longer comes first."""

_OTHERS = "Textbooks and other papers"
# "003 Eq. (55)", "document 003": never a number with digits, a point or a letter beside it, nor one of thousands.
_SHORT = re.compile(r"(?<![\w.\-/=])(?<!\d[, ])(?:[Dd]ocuments? )?(00[0-4])(?![\w\-/=]|\.\d)")


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
        document = str(self.configuration.source.get("document", ""))
        return next((SOURCES[short] for short, name in AUTHORS.items() if document.startswith((name, short))), _OTHERS)


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


def ledger_rows() -> list[dict[str, Any]]:
    """Give the rows of the equation ledger: every numbered equation, figure and claim of the sources."""
    packaged = Path(str(files("spikelearn") / "ledger.toml"))
    path = packaged if packaged.is_file() else Path(__file__).resolve().parents[2] / "docs" / "ledger.toml"
    rows: list[dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))["row"]
    return rows


def page(found: Sequence[Entry], ledger: Sequence[Mapping[str, Any]], *, seconds: float, when: str) -> str:
    """Write the page; it asks for nothing but the pictures beside it.

    Parameters
    ----------
    found : sequence of Entry
        What was run.
    ledger : sequence of mapping
        `ledger_rows`.
    seconds : float
        Wall time of everything.
    when : str
        Date and time, as text.
    """
    values = [row for entry in found for row in entry.rows]
    off = sum(row["verdict"] != "ok" for row in values)
    failed = sum(entry.failed for entry in found)
    parts = [f"{len(values) - off} of {len(values)} values as expected"]
    parts += [f"{failed} configurations failed"] if failed else []
    verdict = "off" if off or failed else "ok"
    used = ", ".join(f"{name} {version}" for name, version in versions().items())
    sections = [
        (source, list(group))
        for source in (*dict.fromkeys(SOURCES.values()), _OTHERS)
        if (group := [entry for entry in found if entry.source == source])
    ]
    body = [
        "<h1>spikelearn: what was claimed, expected and measured</h1>",
        f'<p class="verdict {verdict}">{"; ".join(parts)}</p>',
        f"<p>{len(found)} configurations in {seconds:.0f} s, {html.escape(when)}; {html.escape(used)}. "
        "Expected values come from computations outside the package, predicted ones from the theory's formulas; a "
        "measured value may differ by the tolerance that its file gives.</p>",
        _contents(sections),
    ]
    for source, group in sections:
        body.append(f'<h2 id="{_anchor(source)}">{html.escape(source)}</h2>')
        body += [_entry(entry) for entry in group]
    body.append(_errata(ledger))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>spikelearn: report</title><style>{STYLE}</style></head>\n<body><main>\n"
        + "\n".join(body)
        + "\n</main></body></html>\n"
    )


def _anchor(text: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in text.lower())


def _contents(sections: Sequence[tuple[str, Sequence[Entry]]]) -> str:
    lines = []
    for source, group in sections:
        off = sum(entry.good is False for entry in group)
        state = f'<span class="off">{off} off</span>' if off else '<span class="ok">all as expected</span>'
        lines.append(f'<li><a href="#{_anchor(source)}">{html.escape(source)}</a>: {len(group)}, {state}</li>')
    return f'<ul>{"".join(lines)}<li><a href="#errata">Where the print is wrong</a></li></ul>'


def _entry(entry: Entry) -> str:
    made = entry.configuration
    state = {True: "ok", False: "off", None: "none"}[entry.good]
    document = str(made.source.get("document", ""))
    said = ", ".join(part for part in (document, str(made.source.get("citation", ""))) if part)
    lines = [
        f'<section class="{state}" id="{html.escape(made.name)}">',
        f"<h3>{html.escape(made.title)}</h3>",
        f'<p class="facts"><code>spikelearn run {html.escape(made.name)}</code>; {html.escape(made.system.name)}, '
        f"{html.escape(entry.engine)} engine, {entry.seconds:.2g} s. {html.escape(said)}</p>",
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
            _number(row["predicted"], unit) if formula else "",
            _number(row["expected"], unit),
            _number(row["measured"], unit),
            f"{row['error']:.1e}",
            "as expected" if good else html.escape(str(row["verdict"])),
        )
        state = "ok" if good else "off"
        lines.append(f'<tr class="{state}">' + "".join(_cell(k, cell) for k, cell in enumerate(cells)) + "</tr>")
        if reason:
            lines.append(f'<tr class="reason"><td colspan="{len(head)}">{html.escape(reason)}</td></tr>')
    return f'<div class="wide"><table class="values">{"".join(lines)}</table></div>'


def _cell(column: int, text: str) -> str:
    numbers = 2 <= column <= 5 and "[" not in text
    return f'<td class="n">{text}</td>' if numbers else f"<td>{text}</td>"


def _number(value: Any, unit: str) -> str:
    if value is None:
        return ""
    suffix = "" if unit == "1" else f" {unit}"
    if isinstance(value, (list, tuple)):
        shown = ", ".join(f"{item:.6g}" for item in value[:4])
        return html.escape(f"[{shown}{', ...' if len(value) > 4 else ''}]{suffix}")
    return html.escape(f"{value:.10g}{suffix}")


def _named(text: str) -> str:
    """Write author and year for the short number of a source."""
    return _SHORT.sub(lambda found: AUTHORS[found[1]], text)


def _errata(ledger: Sequence[Mapping[str, Any]]) -> str:
    wrong = [row for row in ledger if row["status"] != "correct"]
    head = "<tr><th>where</th><th>verdict</th><th>what is so</th><th>shown by</th></tr>"
    lines = []
    for row in wrong:
        source = SOURCES.get(str(row["document"]), str(row["document"]))
        proof = str(row.get("test", "")) or "no test: see the reason"
        lines.append(
            f"<tr><td>{html.escape(source)}: {html.escape(str(row['item']))}</td>"
            f"<td>{html.escape(str(row['status']))}</td>"
            f"<td>{html.escape(_named(str(row.get('reason', ''))))}</td><td><code>{html.escape(proof)}</code></td></tr>"
        )
    return (
        f'<h2 id="errata">Where the print is wrong</h2><p>Of {len(ledger)} equations, figures and claims in the ledger '
        f"{len(wrong)} are wrong, misprinted or say less than they seem to; each has a test or a reason.</p>"
        f'<div class="wide"><table>{head}{"".join(lines)}</table></div>'
    )
