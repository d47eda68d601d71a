"""The ledger of the sources: every numbered equation, figure and claim, and what became of it in a report."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from spikelearn.catalogue.proofs import Outcome

__all__ = [
    "AUTHORS",
    "NUMBERED",
    "OTHERS",
    "SOURCES",
    "STATES",
    "Claim",
    "author_year",
    "claims",
    "ledger_rows",
    "source_of",
]

SOURCES = {
    "000": "Soldado-Magraner et al. 2022, notebook on learning rules from loss functions",
    "001": "A. Jones 2019, notes on Rezende & Gerstner 2014",
    "002": "Gatsby Unit 2021, final examination in theoretical neuroscience",
    "003": "Soldado-Magraner, Seay, Laje & Buonomano 2022, supplementary material",
    "004": "Galtier & Wainrib, a combination of STDP, Hebbian learning and synaptic scaling",
    "ei_trials": "Soldado-Magraner et al. 2022, the published simulations",
}
"""Each source in words, by the short name that the references of docstrings and the ledger use."""

OTHERS = "Textbooks and other papers"
"""Where configurations go that belong to none of the sources."""

STATES = {
    "off": "off",
    "ok": "as expected",
    "open": "by test, not run here",
    "reason": "by reason",
}
"""What a report can say of a row of the ledger, the worst first."""

AUTHORS = {
    "000": "Soldado-Magraner et al. 2022, notebook",
    "001": "Jones 2019",
    "002": "Gatsby 2021",
    "ei_trials": "Soldado-Magraner et al. 2022, published simulations",
    "003": "Soldado-Magraner et al. 2022",
    "004": "Galtier & Wainrib",
}
"""Author and year, as model files and pages name them; of two that begin alike the longer comes first."""

# "002 Q1", "document 003", "Fig. S8 of 003": never a number with digits, a point, a comma or a letter beside it, nor
# the thousands of 20,000 or 20 000.
_ALONE = (
    r"(?<![\w.\-/=])(?<!\d[, \u00a0\u2009\u202f])(?:[Dd]ocuments? )?({names})(?![\w\-/=]|[.,]\d|\.py)"
)  # fmt: skip
NUMBERED = re.compile(_ALONE.format(names="00[0-4]"))
"""Where a text names a source by its number."""

_NAME = re.compile(_ALONE.format(names="00[0-4]|ei_trials"))


def author_year(text: str) -> str:
    """Write authors and years for the short names of the sources; other numbers stay as they are.

    Examples
    --------
    >>> author_year("ei_trials, 30,000 trials")
    'Soldado-Magraner et al. 2022, published simulations, 30,000 trials'
    """
    return _NAME.sub(lambda match: AUTHORS[match[1]], text)


def source_of(document: str) -> str:
    """Give the source in words that the text of a model file or of a row begins with, by its short name or authors.

    Examples
    --------
    >>> source_of("Jones 2019, membrane potential")
    'A. Jones 2019, notes on Rezende & Gerstner 2014'
    """
    return next((SOURCES[short] for short, name in AUTHORS.items() if document.startswith((name, short))), OTHERS)


def ledger_rows() -> list[dict[str, Any]]:
    """Give the rows of the equation ledger: every numbered equation, figure and claim of the sources."""
    packaged = Path(str(files("spikelearn") / "ledger.toml"))
    path = packaged if packaged.is_file() else Path(__file__).resolve().parents[2] / "docs" / "ledger.toml"
    rows: list[dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))["row"]
    return rows


@dataclass(frozen=True, eq=False)
class Claim:
    """A row of the ledger with what a report found about it.

    Parameters
    ----------
    row : mapping
        As it stands in the ledger.
    values : sequence of (str, mapping)
        Rows of `spikelearn.catalogue.check` that measure what the claim says, each with the name of its model file.
    failed : sequence of str
        Model files with such values whose run failed.
    outcome : Outcome, optional
        How its test ended; None where it was not run.
    """

    row: Mapping[str, Any]
    values: Sequence[tuple[str, Mapping[str, Any]]] = ()
    failed: Sequence[str] = ()
    outcome: Outcome | None = None

    @property
    def state(self) -> str:
        """One of `STATES`."""
        values_off = self.failed or any(value["verdict"] != "ok" for _, value in self.values)
        if values_off or (self.outcome is not None and self.outcome.outcome == "failed"):
            return "off"
        if self.values or (self.outcome is not None and self.outcome.outcome == "passed"):
            return "ok"
        return "open" if self.row.get("test") else "reason"

    @property
    def verdict(self) -> str:
        """What the proof came to, in words."""
        said = []
        if self.failed:
            said.append(f"run of {', '.join(self.failed)} failed")
        if self.values:
            off = sum(value["verdict"] != "ok" for _, value in self.values)
            number = _values(len(self.values))
            said.append(f"{off} of {number} off" if off else f"{number} as expected")
        if self.outcome is not None:
            end = {"passed": "test passed", "failed": "test failed", "skipped": "test skipped"}[self.outcome.outcome]
            said.append(f"{end}, {self.outcome.seconds:.2g} s")
        elif self.row.get("test"):
            said.append("its test was not run here" if said else "by test, not run here")
        return "; ".join(said) or "by reason"

    @property
    def anchor(self) -> str:
        """The name of its place on the page."""
        text = f"{self.row['document']} {self.row['item']}"
        return "claim-" + "".join(letter if letter.isalnum() else "-" for letter in text)


def _values(number: int) -> str:
    return "1 value" if number == 1 else f"{number} values"


def claims(
    rows: Iterable[Mapping[str, Any]],
    checked: Mapping[str, Sequence[Mapping[str, Any]] | None],
    outcomes: Mapping[str, Outcome],
) -> list[Claim]:
    """Put the rows of the ledger together with what was measured and tested.

    Parameters
    ----------
    rows : iterable of mapping
        `ledger_rows`.
    checked : mapping
        Of each model file that was run, what `spikelearn.catalogue.check` found; None where the run failed.
    outcomes : mapping of str to Outcome
        Of each test that was run.
    """
    found = []
    for row in rows:
        values: list[tuple[str, Mapping[str, Any]]] = []
        failed = []
        for wanted in row.get("values", ()):
            name, quantity, formula = parts_of(wanted)
            if name not in checked:
                continue
            measured = checked[name]
            if measured is None:
                failed.append(name)
                continue
            values += [
                (name, value)
                for value in measured
                if value["quantity"] == quantity and formula in ("", value["formula"])
            ]
        found.append(Claim(row, values, tuple(dict.fromkeys(failed)), outcomes.get(str(row.get("test", "")))))
    return found


def parts_of(wanted: str) -> tuple[str, str, str]:
    """Split what a row names as its value into model file, quantity and formula, the last of which may be left out.

    Examples
    --------
    >>> parts_of("regular_firing.first_spike=time_to_spike")
    ('regular_firing', 'first_spike', 'time_to_spike')
    >>> parts_of("bursting.cv2")
    ('bursting', 'cv2', '')
    """
    name, _, rest = wanted.partition(".")
    quantity, _, formula = rest.partition("=")
    return name, quantity, formula
