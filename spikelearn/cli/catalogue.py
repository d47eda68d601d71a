"""The commands list, systems, show and check."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from spikelearn.catalogue.folder import model_folder
from spikelearn.cli.answers import Answer

__all__ = ["check_many", "description", "listing", "system_listing", "system_text", "table"]

COLUMNS = ("quantity", "formula", "predicted", "expected", "measured", "error", "verdict")


def listing() -> Answer:
    """Give one line a configuration: name, system, title; the files are read, and no model is built."""
    rows = []
    for path in sorted(model_folder().glob("*.toml")):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        system = content["model"].get("system", "EquationNeuron")
        rows.append({"configuration": path.stem, "system": system, "title": content["title"]})
    shown = [(row["configuration"], row["system"], row["title"]) for row in rows]
    return Answer(aligned([("configuration", "system", "what it shows"), *shown]), rows)


def system_listing() -> Answer:
    """Give one line a system: name, engines, what it is."""
    from spikelearn import catalogue

    rows: list[dict[str, Any]] = []
    for name in catalogue.system_names():
        system = catalogue.get_system(name)
        rows.append({"system": name, "engines": catalogue.example_engines(system), "summary": system.summary})
    shown = [(row["system"], ", ".join(row["engines"]) or "none", row["summary"]) for row in rows]
    return Answer(aligned([("system", "engines", "what it is"), *shown]), rows)


def system_text(name: str) -> Answer:
    """Describe one system: parameters with units and defaults, keys of a run, quantities and formulas."""
    from spikelearn import catalogue

    system = catalogue.get_system(name)
    engines = catalogue.example_engines(system)
    lines = [f"{name}: {system.summary}", f"engines: {', '.join(engines) or f'none: {system.why_not_simulated}'}"]
    documents = system.documents
    rows = [
        {"kind": "parameter", "name": key, "default": default, "unit": None, "what": documents.get(key, "")}
        for key, default in system.parameters.items()
    ]
    lines += ["", "parameters:", *_columns([(row["name"], row["default"], row["what"]) for row in rows])]
    lines += ["", f"keys of [run]: {', '.join(sorted(system.run_settings))}"]
    rows += [
        {"kind": "key of [run]", "name": key, "default": None, "unit": None, "what": ""}
        for key in sorted(system.run_settings)
    ]
    for kind, heading, measures in (
        ("quantity", "quantities", system.quantities),
        ("formula", "formulas", system.formulas),
    ):
        if measures:
            lines += ["", f"{heading}:"]
            lines += _columns([(key, measure.unit, measure.doc) for key, measure in measures.items()])
            rows += [
                {"kind": kind, "name": key, "default": None, "unit": measure.unit, "what": measure.doc}
                for key, measure in measures.items()
            ]
    facts = {"system": name, "summary": system.summary, "engines": engines}
    return Answer("\n".join(lines), rows, facts)


def _columns(rows: Sequence[Sequence[Any]]) -> list[str]:
    widths = [max(len(row[0]) for row in rows), min(max(len(row[1]) for row in rows), 24)]
    return [f"  {row[0]:{widths[0]}s}  {row[1]:{widths[1]}s}  {row[2]}".rstrip() for row in rows]


def description(name: str) -> Answer:
    """Describe one configuration, in the words of a model file."""
    from spikelearn import catalogue

    configuration = catalogue.load(name)
    system = configuration.system
    lines = [configuration.title, f"file: {configuration.path.name}", f"system: {system.name}"]
    rows: list[dict[str, Any]] = []
    for heading, content in (
        ("parameters", _parameters(configuration)),
        ("initial", configuration.initial),
        ("run", configuration.settings),
        ("sweep", configuration.sweep),
        ("source", configuration.source),
    ):
        if content:
            lines.append(f"{heading}:")
            lines += [f"  {line}" for key, value in content.items() for line in _entry(key, value)]
            rows += [{"table": heading, "name": key, "value": value} for key, value in content.items()]
    lines.append("expected:")
    for expected in configuration.expected:
        unit = system.quantities[expected.quantity].unit
        formula = f", formula {expected.formula}" if expected.formula else ""
        lines.append(f"  {expected.quantity} = {_number(expected.value, unit)}{formula}")
        if expected.reason:
            lines.append(f"    {expected.reason}")
        rows.append({"table": "expected", "name": expected.quantity, "value": _number(expected.value, unit)})
    facts = {"configuration": configuration.name, "title": configuration.title, "system": system.name}
    return Answer("\n".join(lines), rows, facts)


def _parameters(configuration: Any) -> dict[str, Any]:
    """Give all parameters, those that the file leaves out too; tables and formulas as the file has them."""
    table = configuration.table
    fields = getattr(configuration.model, "__dataclass_fields__", {})
    found = {key: value for key in fields if _simple(value := getattr(configuration.model, key)) and value is not None}
    found = {key: str(value) for key, value in found.items()}
    return {**found, **{key: value for key, value in table.items() if key not in found}}


def _simple(value: Any) -> bool:
    return hasattr(value, "dim") or isinstance(value, (int, float, str))


def _entry(key: str, value: Any, depth: int = 0) -> Iterator[str]:
    """Give a value as lines: tables within tables are indented."""
    from spikelearn.cli.toml_text import toml_value

    indent = "  " * depth
    if isinstance(value, Mapping):
        yield f"{indent}{key}:"
        for inner, item in value.items():
            yield from _entry(str(inner), item, depth + 1)
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for number, item in enumerate(value):
            yield from _entry(f"{key}.{number}", item, depth)
    else:
        text = value if isinstance(value, str) else toml_value(value)
        yield f"{indent}{key} = {' / '.join(text.strip().splitlines())}"


def check_many(names: Sequence[str], *, engine: str | None, target: str) -> Iterator[tuple[str, Any, bool | None]]:
    """Check configurations one by one; all of the catalogue if no name is given.

    Every name is looked up, and every file read, before the first one runs.

    Yields
    ------
    text : str
        Title and table.
    rows : list of dict
        The table, with the name of the configuration.
    good : bool or None
        Whether every expected value was met; None where the file has none.
    """
    from spikelearn import catalogue

    for configuration in [catalogue.load(name) for name in names or catalogue.names()]:
        result = catalogue.check(configuration, catalogue.run(configuration, engine=engine, target=target))
        good = bool((result["verdict"] == "ok").all()) if len(result) else None
        body = table(result) if len(result) else "  no expected values: nothing to compare"
        rows = [{"configuration": configuration.name, **row} for row in result.to_dict("records")]
        yield f"{configuration.name}: {configuration.title}\n{body}\n", rows, good


def table(result: Any) -> str:
    """Lay out the result of `spikelearn.catalogue.check` as text."""
    rows: list[Sequence[str]] = [COLUMNS]
    reasons = []
    for row in result.to_dict("records"):
        unit = row["unit"]
        verdict, _, reason = row["verdict"].partition(": ")
        reasons += [f"{row['quantity']} is not predicted: {reason}"] if reason else []
        rows.append(
            (
                row["quantity"],
                row["formula"],
                "" if row["formula"] == "" or reason else _number(row["predicted"], unit),
                "" if verdict == "not compared" else _number(row["expected"], unit),
                _number(row["measured"], unit),
                "" if row["error"] != row["error"] else f"{row['error']:.1e}",
                verdict,
            )
        )
    return "\n".join([aligned(rows), *(["", *reasons] if reasons else [])])


def _number(value: Any, unit: str) -> str:
    suffix = "" if unit == "1" else f" {unit}"
    if isinstance(value, (list, tuple)):
        shown = ", ".join(f"{item:.6g}" for item in value[:3])
        return f"[{shown}{', ...' if len(value) > 3 else ''}]{suffix}"
    return f"{value:.10g}{suffix}"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Lay out rows of text, the first of them a heading, in columns."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])
