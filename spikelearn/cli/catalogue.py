"""The commands list, systems, show, run and check."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from spikelearn import catalogue
from spikelearn.cli.drawing import drawable, saved_figure
from spikelearn.storage.files import whole_folder
from spikelearn.storage.manifest import origin
from spikelearn.storage.provenance import plain

__all__ = ["check_many", "description", "listing", "run_and_write", "system_listing", "system_text", "table"]


def listing() -> str:
    """Give one line a configuration: name, system, title."""
    rows = []
    for name in catalogue.names():
        configuration = catalogue.load(name)
        rows.append((name, configuration.system.name, configuration.title))
    return _aligned([("configuration", "system", "what it shows"), *rows])


def system_listing() -> str:
    """Give one line a system: name, engines, what it is."""
    rows = []
    for name in catalogue.system_names():
        system = catalogue.get_system(name)
        rows.append((name, ", ".join(catalogue.example_engines(system)) or "none", system.summary))
    return _aligned([("system", "engines", "what it is"), *rows])


def system_text(name: str) -> str:
    """Describe one system: parameters with units and defaults, keys of a run, quantities and formulas."""
    system = catalogue.get_system(name)
    engines = catalogue.example_engines(system)
    lines = [f"{name}: {system.summary}", f"engines: {', '.join(engines) or f'none: {system.why_not_simulated}'}"]
    documents = system.documents
    lines += ["", "parameters:"]
    lines += _columns([(key, default, documents.get(key, "")) for key, default in system.parameters.items()])
    lines += ["", f"keys of [run]: {', '.join(sorted(system.run_settings))}"]
    for heading, measures in (("quantities", system.quantities), ("formulas", system.formulas)):
        if measures:
            lines += ["", f"{heading}:"]
            lines += _columns([(key, measure.unit, measure.doc) for key, measure in measures.items()])
    return "\n".join(lines)


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[0]) for row in rows), min(max(len(row[1]) for row in rows), 24)]
    return [f"  {row[0]:{widths[0]}s}  {row[1]:{widths[1]}s}  {row[2]}".rstrip() for row in rows]


def description(name: str) -> str:
    """Describe one configuration."""
    configuration = catalogue.load(name)
    lines = [configuration.title, f"file: {configuration.path.name}", f"system: {configuration.system.name}"]
    parameters = getattr(configuration.model, "__dataclass_fields__", {})
    lines.append("parameters:")
    lines += [f"  {key} = {_shown(getattr(configuration.model, key))}" for key in parameters]
    for heading, content in (
        ("initial", configuration.initial),
        ("run", configuration.settings),
        ("source", configuration.source),
    ):
        if content:
            lines.append(f"{heading}:")
            lines += [f"  {key} = {value}" for key, value in content.items()]
    lines.append("expected:")
    for expected in configuration.expected:
        unit = configuration.system.quantities[expected.quantity].unit
        formula = f", formula {expected.formula}" if expected.formula else ""
        lines.append(f"  {expected.quantity} = {_number(expected.value, unit)}{formula}")
        if expected.reason:
            lines.append(f"    {expected.reason}")
    return "\n".join(lines)


def run_and_write(
    name: str, output: Path | None, *, engine: str | None, target: str, progress: bool
) -> tuple[str, int]:
    """Run a configuration and write data, then table, figure and manifest into a folder, whole or not at all.

    The data are saved before anything is calculated from them: a figure that cannot be drawn, or a formula that takes
    for ever, costs the figure and not the run.

    Parameters
    ----------
    name : str
        Configuration or model file.
    output : Path or None
        The folder; ``runs/NAME`` if not given. Only an earlier run of the same file is replaced.
    engine, target, progress
        As for `spikelearn.catalogue.run`.

    Returns
    -------
    text : str
        The table and what was written.
    status : int
        0 if every expected value was met and the figure is there, 130 if the run was interrupted, else 1.
    """
    configuration = catalogue.load(name)
    folder = output or Path("runs") / configuration.name
    file = name.endswith(".toml")
    source = origin(configuration.path) if file else {"name": configuration.name, "catalogue": "spikelearn"}
    place: dict[str, Any] = {"overwrite": True, "kind": "recording", "source": source}
    with whole_folder(folder, inputs=[configuration.path], **place) as temporary:
        recording = catalogue.run(configuration, engine=engine, target=target, progress=progress)
        recording.write_into(temporary, source=source)
    try:
        result = catalogue.check(configuration, recording)
    except Exception as error:
        error.args = (f"{error}; the data are in {folder}",)
        raise
    with whole_folder(folder, **place) as temporary:
        result.to_csv(temporary / "check.csv", index=False)
        trouble = saved_figure(
            lambda: configuration.system.figure(configuration.model, recording, drawable(configuration.title)),
            temporary / "figure.png",
        )
        recording.write_into(temporary, source=source)
    made = recording.provenance
    how = made.get("engine", "")
    if made.get("target"):
        how += f", {made['target']}, dt = {made['dt']:g} s"
    body = table(result) if len(result) else "no expected values: nothing to compare"
    written = (
        f"data and manifest in {folder}; no figure: {trouble}" if trouble else f"figure, data and manifest in {folder}"
    )
    interrupted = bool(made.get("interrupted", False))
    if interrupted:
        body += f"\n\ninterrupted at {made.get('reached', 0.0):g} s: this is the result so far"
    passed = bool((result["verdict"] == "ok").all()) and not trouble
    return f"{configuration.title} ({how})\n\n{body}\n\n{written}", 130 if interrupted else int(not passed)


def check_many(names: Sequence[str], *, engine: str | None, target: str) -> Iterator[tuple[str, bool | None]]:
    """Check configurations one by one; all of the catalogue if no name is given.

    Yields
    ------
    text : str
        Title and table.
    good : bool or None
        Whether every expected value was met; None where the file has none.
    """
    for name in names or catalogue.names():
        configuration = catalogue.load(name)
        result = catalogue.check(configuration, catalogue.run(configuration, engine=engine, target=target))
        good = bool((result["verdict"] == "ok").all()) if len(result) else None
        body = table(result) if len(result) else "  no expected values: nothing to compare"
        yield f"{configuration.name}: {configuration.title}\n{body}\n", good


def table(result: Any) -> str:
    """Lay out the result of `spikelearn.catalogue.check` as text."""
    rows = [("quantity", "formula", "predicted", "expected", "measured", "error", "verdict")]
    for row in result.to_dict("records"):
        predicted = "" if row["formula"] == "" else _number(row["predicted"], row["unit"])
        rows.append(
            (
                row["quantity"],
                row["formula"],
                predicted,
                _number(row["expected"], row["unit"]),
                _number(row["measured"], row["unit"]),
                f"{row['error']:.1e}",
                row["verdict"],
            )
        )
    return _aligned(rows)


def _number(value: Any, unit: str) -> str:
    suffix = "" if unit == "1" else f" {unit}"
    if isinstance(value, (list, tuple)):
        shown = ", ".join(f"{item:.6g}" for item in value[:3])
        return f"[{shown}{', ...' if len(value) > 3 else ''}]{suffix}"
    return f"{value:.10g}{suffix}"


def _shown(value: Any) -> str:
    if hasattr(value, "dim") or isinstance(value, (int, float, str)):
        return str(value)
    return str(plain(value))


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])
