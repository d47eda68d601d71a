"""The catalogue: model files that are listed, run, and checked against literals and formulas."""

from __future__ import annotations

import logging
import math
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from spikelearn.catalogue.changes import laid_over
from spikelearn.catalogue.compare import plain_values, relative_error, uncompared
from spikelearn.catalogue.configuration import Configuration, Expected
from spikelearn.catalogue.entry import RunRequest, System, unit_quantity
from spikelearn.catalogue.folder import model_folder, names
from spikelearn.catalogue.registry import get_system, system_names
from spikelearn.parameters.names import shortened, shown, unknown_name
from spikelearn.parameters.units import parse_quantity, si_value
from spikelearn.simulation.recording import Recording

__all__ = ["Configuration", "Expected", "check", "find", "load", "model_folder", "names", "run"]

_log = logging.getLogger(__name__)

SECTIONS = ("title", "model", "initial", "run", "sweep", "source", "expected")
SWEEP_KEYS = ("grid", "measure", "n_repeats", "seed", "timeout")
USER_NEURON = ("equations", "threshold", "reset", "refractory", "on_spike", "delay", "method", "parameters")
EXPECTED_KEYS = (
    "quantity",
    "formula",
    "value",
    "rtol",
    "atol",
    "grid_rtol",
    "grid_atol",
    "formula_rtol",
    "formula_atol",
    "reason",
)


def find(name: str | os.PathLike[str]) -> Path:
    """Give the path of a configuration: a name of the catalogue, or a file of one's own ending in .toml.

    Parameters
    ----------
    name : str or path
        "bursting", or "folder/mine.toml".

    Returns
    -------
    Path

    Raises
    ------
    FileNotFoundError
        There is no such name or file; the message holds the nearest name.

    Examples
    --------
    >>> from spikelearn.catalogue import find
    >>> find("bursting").name
    'bursting.toml'
    """
    text = os.fspath(name)
    if text.endswith(".toml"):
        path = Path(text)
        if path.is_dir():
            raise IsADirectoryError(f"{text} must be a model file, but it is a folder")
        if not path.is_file():
            raise FileNotFoundError(f"model file {text} does not exist")
        return path
    if text not in names():
        raise FileNotFoundError(
            unknown_name("the catalogue", "configuration", text, names(), more="spikelearn list shows all")
        )
    return model_folder() / f"{text}.toml"


def load(name: str | os.PathLike[str], changes: Mapping[str, Any] | None = None) -> Configuration:
    """Read and validate a model file.

    Parameters
    ----------
    name : str or path
        A name of the catalogue or a path ending in .toml.
    changes : mapping, optional
        Values laid over the file: parameters and keys of ``[run]`` by name, ``initial.u``, ``populations.E.n``.

    Returns
    -------
    Configuration

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The file is no valid TOML, has a wrong key, or a value that does not fit; the message names file, key and value.

    Examples
    --------
    >>> load("bursting", {"V_0": "25 mV", "duration": "1 s"}).settings["duration"]
    '1 s'
    """
    path = find(name)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name} is not valid TOML: {error}") from error
    _log.debug("reading %s", path)
    try:
        if changes:
            content = laid_over(content, _system_of(content), changes)
            _log.info("%s with %s", path.name, ", ".join(f"{key} = {value}" for key, value in changes.items()))
        return _configuration(path, content, changes or {})
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(shortened(f"{path.name}: {error}")) from error


def run(
    name: str | os.PathLike[str] | Configuration,
    *,
    engine: str | None = None,
    target: str = "auto",
    progress: bool = False,
    settings: Mapping[str, Any] | None = None,
) -> Recording:
    """Run a configuration.

    Parameters
    ----------
    name : str, path or Configuration
        What to run.
    engine : str, optional
        "exact", "brian2" or "array", where the system has it; its best one if not given.
    target : str
        Brian2's code generation.
    progress : bool
        Show a progress bar.
    settings : mapping, optional
        Values laid over the file's ``[run]`` table.

    Returns
    -------
    Recording

    Raises
    ------
    ValueError
        A value that does not fit; the message names file, key and value.

    Examples
    --------
    >>> import spikelearn as sl
    >>> sl.catalogue.run("spikes_until_silence").spikes.n_spikes
    17
    >>> sl.catalogue.load("spikes_until_silence").expected[0].value
    17.0
    """
    configuration = name if isinstance(name, Configuration) else load(name)
    merged = {**configuration.settings, **(settings or {})}
    _refuse_unknown(f"{configuration.name} [run]", merged, configuration.system.run_settings)
    request = RunRequest(merged, configuration.initial, engine, target, progress)
    try:
        recording: Recording = configuration.system.run(configuration.model, request)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(shortened(f"{configuration.path.name}: {error}")) from error
    return recording


def check(name: str | os.PathLike[str] | Configuration, recording: Recording | None = None) -> Any:
    """Compare a configuration three ways: literal, formula, measurement.

    Parameters
    ----------
    name : str, path or Configuration
        What to check.
    recording : Recording, optional
        Its run; made if not given.

    Returns
    -------
    pandas.DataFrame
        One row an expected quantity: quantity, unit, formula, predicted, expected, measured, error (measured minus
        expected, relative), verdict ("ok", "measurement off", "formula off" or both). Where values were laid over the
        file its literals do not hold: expected is None, error that from the formula, NaN without one, and the verdict
        "not compared", with the reason where the formula does not hold for these values.

    Examples
    --------
    >>> import spikelearn as sl
    >>> table = sl.check("spikes_until_silence")
    >>> table[["quantity", "predicted", "measured", "verdict"]].head(1)
          quantity  predicted  measured verdict
    0  spike_count       17.0      17.0      ok
    """
    import pandas as pd

    configuration = name if isinstance(name, Configuration) else load(name)
    made = recording if recording is not None else run(configuration)
    rows = [_compare(configuration, expected, made) for expected in configuration.expected]
    return pd.DataFrame(
        rows,
        columns=["quantity", "unit", "formula", "predicted", "expected", "measured", "error", "verdict"],
    )


def _compare(configuration: Configuration, expected: Expected, recording: Recording) -> dict[str, Any]:
    import numpy as np

    system = configuration.system
    measure = system.quantities[expected.quantity]
    literal = np.asarray(expected.value, dtype=np.float64)
    measured = np.asarray(measure.function(configuration.model, recording), dtype=np.float64)
    on_grid = recording.provenance.get("engine") == "brian2"
    rtol = expected.rtol + (expected.grid_rtol if on_grid else 0.0)
    atol = expected.atol + (expected.grid_atol if on_grid else 0.0)
    wrong: list[str] = []
    if not configuration.comparable:
        return uncompared(system, expected.quantity, expected.formula, configuration.model, measured)
    if measured.shape != literal.shape or not _close(measured, literal, rtol, atol):
        wrong.append("measurement off")
    predicted = None
    if expected.formula is not None:
        predicted = np.asarray(system.formulas[expected.formula].function(configuration.model), dtype=np.float64)
        if not _close(predicted, literal, expected.formula_rtol, expected.formula_atol):
            wrong.append("formula off")
    return {
        "quantity": expected.quantity,
        "unit": measure.unit,
        "formula": expected.formula or "",
        "predicted": None if predicted is None else plain_values(predicted),
        "expected": plain_values(literal),
        "measured": plain_values(measured),
        "error": relative_error(measured, literal),
        "verdict": " and ".join(wrong) or "ok",
    }


def _close(value: Any, literal: Any, rtol: float, atol: float) -> bool:
    import numpy as np

    return bool(np.all((np.abs(value - literal) <= atol + rtol * np.abs(literal)) | (value == literal)))


def _system_of(content: Mapping[str, Any]) -> System:
    """Give the system of a file, after a look at what must be there to know it."""
    _refuse_unknown("the file", content, SECTIONS)
    for section in ("title", "model"):
        if section not in content:
            raise ValueError(f"a model file must have {section!r}")
    if not isinstance(content["title"], str):
        raise ValueError(f"title must be text, got {content['title']!r}")
    for section in ("model", "initial", "run", "sweep", "source"):
        if not isinstance(content.get(section, {}), Mapping):
            raise ValueError(f"[{section}] must be a table, got {content[section]!r}")
    table = content["model"]
    if "system" in table:
        _refuse_unknown("[model]", table, ("system", "parameters"))
        system = get_system(str(table["system"]))
        _refuse_unknown(system.name, table.get("parameters", {}), system.parameters, kind="parameter")
        return system
    if "equations" in table:
        _refuse_unknown("[model]", table, USER_NEURON)
        return get_system("EquationNeuron")
    raise ValueError(f"[model] must have a system ({', '.join(system_names())}) or equations")


def _configuration(path: Path, content: Mapping[str, Any], changes: Mapping[str, Any]) -> Configuration:
    system = _system_of(content)
    table = content["model"]
    given = table.get("parameters", {}) if "system" in table else table
    settings, initial = content.get("run", {}), content.get("initial", {})
    _refuse_unknown("[run]", settings, system.run_settings)
    _refuse_unknown("[sweep]", content.get("sweep", {}), SWEEP_KEYS)
    model = system.build(given)
    _refuse_unknown("[initial]", initial, system.initial_settings(model))
    return Configuration(
        name=path.stem,
        title=content["title"],
        path=path,
        system=system,
        model=model,
        settings=settings,
        initial=initial,
        source=content.get("source", {}),
        expected=tuple(_expected(entries, system) for entries in _tables(content.get("expected", []))),
        table=given,
        sweep=content.get("sweep", {}),
        changes=changes,
    )


def _tables(value: Any) -> Iterator[Mapping[str, Any]]:
    if not isinstance(value, list):
        raise ValueError("expected values must be written as [[expected]] tables")
    yield from value


def _expected(entries: Mapping[str, Any], system: System) -> Expected:
    _refuse_unknown("[[expected]]", entries, EXPECTED_KEYS)
    if "quantity" not in entries or "value" not in entries:
        raise ValueError(f"[[expected]] must have a quantity and a value, got {sorted(entries)}")
    name, formula = entries["quantity"], entries.get("formula")
    if not isinstance(name, str) or not isinstance(formula, (str, type(None))):
        raise ValueError(f"[[expected]] quantity and formula must be names, got {name!r} and {formula!r}")
    if name not in system.quantities:
        raise ValueError(unknown_name(system.name, "quantity", name, system.quantities))
    if formula is not None and formula not in system.formulas:
        raise ValueError(unknown_name(system.name, "formula", formula, system.formulas))
    unit = system.quantities[name].unit
    if formula is not None and system.formulas[formula].unit != unit:
        raise ValueError(f"{formula} is in {system.formulas[formula].unit}, but {name} is in {unit}")
    for key in EXPECTED_KEYS[3:-1]:
        given = entries.get(key, 0.0)
        if isinstance(given, bool) or not isinstance(given, (int, float)) or not 0 <= given < 1e308:
            raise ValueError(f"[[expected]] {key} of {name} must be a number not below 0, got {shown(entries[key])}")
    given = entries["value"]
    values = [_literal(item, unit, name) for item in (given if isinstance(given, list) else [given])]
    tolerances = {key: float(entries[key]) for key in EXPECTED_KEYS[3:-1] if key in entries}
    return Expected(
        name,
        formula,
        tuple(values) if isinstance(given, list) else values[0],
        **tolerances,
        reason=str(entries.get("reason", "")),
    )


def _literal(given: Any, unit: str, name: str) -> float:
    if isinstance(given, bool) or not isinstance(given, (str, int, float)):
        raise ValueError(f"value of {name} must be a number or text such as '4.3 s', got {given!r}")
    plain: Any = given
    try:
        parsed = parse_quantity(given)
    except ValueError as error:
        raise ValueError(f"value of {name}: {error}") from error
    if isinstance(given, str):
        plain = si_value(parsed, unit_quantity(unit), f"value of {name}")
    if math.isnan(plain):
        raise ValueError(f"value of {name} must be a number, got {given!r}")
    return float(plain)


def _refuse_unknown(where: str, given: Any, allowed: Any, *, kind: str = "key") -> None:
    if not isinstance(given, Mapping):
        raise ValueError(f"{where} must be a table, got {given!r}")
    for key in given:
        if key not in allowed:
            raise ValueError(unknown_name(where, kind, key, allowed))
