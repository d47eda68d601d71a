"""The commands new and copy: a commented model file to begin with, and one of the catalogue to change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from spikelearn import catalogue
from spikelearn.cli.answers import Answer
from spikelearn.cli.toml_text import toml_key, toml_value
from spikelearn.storage.files import whole_file

__all__ = ["copy_file", "new_file", "template"]

_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?|true|false")
_COMMON = {
    "duration": ("1 s", "time of the run"),
    "dt": ("0.1 ms", "time step, where an engine takes steps"),
    "seed": (1, "seed of random numbers"),
    "record_dt": ("1 ms", "step of what is recorded"),
    "n": (10, "independent copies"),
    "n_trials": (100, "trials"),
    "method": ("rk4", "Brian2's integration method"),
}
_WIDTH = 34


def new_file(name: str, system: str) -> Answer:
    """Write a model file with the example of a system, in which everything else stands as a comment.

    Parameters
    ----------
    name : str
        The new file, with or without .toml.
    system : str
        A name from ``spikelearn systems``.

    Raises
    ------
    FileExistsError
        There is such a file already.
    ValueError
        There is no such system.
    """
    path = Path(name if name.endswith(".toml") else f"{name}.toml")
    _write(path, template(catalogue.get_system(system), path))
    text = f"{path}: a model of the system {system}\nrun it with: spikelearn run {path}"
    return Answer(text, [{"file": str(path), "system": system}])


def copy_file(name: str, to: Path | None) -> Answer:
    """Copy a model file of the catalogue, to be changed.

    Parameters
    ----------
    name : str
        A configuration, or a model file.
    to : Path, optional
        The new file or the folder for it; NAME.toml here if not given.

    Raises
    ------
    FileExistsError
        There is such a file already.
    FileNotFoundError
        There is no such configuration.
    """
    found = catalogue.find(name)
    path = Path(f"{found.stem}.toml") if to is None else to / f"{found.stem}.toml" if to.is_dir() else to
    if path.suffix != ".toml":
        path = path.with_name(f"{path.name}.toml")
    _write(path, found.read_text(encoding="utf-8"))
    return Answer(
        f"{path}: a copy of {name}\nrun it with: spikelearn run {path}", [{"file": str(path), "copy_of": name}]
    )


def _write(path: Path, text: str) -> None:
    if path.exists():
        raise FileExistsError(f"{path} exists already, and stays as it is; take another name")
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def template(system: Any, path: Path) -> str:
    """Write the model file of a system's example.

    Parameters
    ----------
    system : System
        Of the catalogue.
    path : Path
        The file that it is for, which the comments name.

    Returns
    -------
    str
        TOML that is read and run as it is.
    """
    built = system.build(dict(system.example))
    commands = [
        (f"spikelearn run {path}", f"figure, data and manifest in runs/{path.stem}"),
        (f"spikelearn check {path}", "compares with what is expected below"),
        (f"spikelearn systems {system.name}", "all parameters, keys, quantities and formulas"),
    ]
    width = max(len(command) for command, _ in commands)
    lines = [
        "# A model file of spikelearn: a model, a run of it, and what it should give.",
        *(f"#   {command:{width}s}  {said}" for command, said in commands),
        "",
        f"title = {toml_value(path.stem)}",
        "",
        f"# {system.summary}",
        *_model(system),
        "",
        "[run]",
        *_run(system, built),
        *_initial(system, built),
        "",
        "# [source]",
        '# citation = "who published it, and where"',
        "",
        *_expected(system),
    ]
    return "\n".join(lines) + "\n"


def _model(system: Any) -> Iterator[str]:
    yield "[model]"
    if system.name != "EquationNeuron":
        yield f"system = {toml_value(system.name)}"
        yield ""
        yield "[model.parameters]"
    yield from _entries(system.example, system.documents)
    for key, default in system.parameters.items():
        if key not in system.example:
            yield _comment(key, default, system.documents.get(key, ""))


def _run(system: Any, built: Any) -> Iterator[str]:
    own = dict(getattr(built, "run_options", None) or {})
    documents = {**{key: said for key, (_, said) in _COMMON.items()}, **own}
    names = list(getattr(built, "recordable", None) or {})
    given = dict(system.example_run)
    if "duration" in system.run_settings and "duration" not in given:
        given["duration"] = "1 s"
    if {"record", "vary"} <= system.run_settings and names and "record" not in given:
        given["record"] = names[:2]
    documents["record"] = f"of {', '.join(names)}" if names else "what is recorded"
    yield from _entries(given, documents)
    for key in sorted(system.run_settings - given.keys() - system.parameters.keys()):
        if key == "record" and names:
            yield _comment(key, toml_value(names[:2]), documents[key])
        elif key in _COMMON:
            yield _comment(key, str(_COMMON[key][0]), documents[key])
        else:
            yield _comment(key, "", documents.get(key, ""))


def _initial(system: Any, built: Any) -> Iterator[str]:
    if system.initial_settings(built):
        yield ""
        yield "# The state at time 0; all zero, and no spikes before it, where it is left out."
        yield "# [initial]"
        for name, unit in built.settable.items():
            yield f"# {toml_key(name)} = {'0.0' if unit == '1' else toml_value(f'0 {unit}')}"
        yield '# past_spikes = ["-3 ms"]'


def _expected(system: Any) -> Iterator[str]:
    """Give a table of what is expected, as a comment: what comes out is no expectation."""
    names, formulas = sorted(system.quantities), sorted(system.formulas)
    if not names:
        return
    unit = system.quantities[names[0]].unit
    yield "# What it should give: take the signs away, and put in a value that comes from something independent."
    yield "# [[expected]]"
    yield f'{f"""# quantity = "{names[0]}" """:{_WIDTH}s}  # {_some(names)}'
    if formulas:
        yield f'{f"""# formula = "{formulas[0]}" """:{_WIDTH}s}  # {_some(formulas)}; may be left out'
    yield f"# value = {'1.0' if unit == '1' else toml_value(f'1 {unit}')}"
    yield "# rtol = 1e-9"
    yield '# reason = "where the value comes from"'


def _some(names: Sequence[str]) -> str:
    return f"one of {', '.join(names[:4])}{', ...' if len(names) > 4 else ''}"


def _entries(content: Mapping[str, Any], documents: Mapping[str, str]) -> Iterator[str]:
    for key, value in content.items():
        line = f"{toml_key(key)} = {toml_value(value)}"
        said = documents.get(key, "")
        yield line if not said else f"{line:{_WIDTH}s}  # {said}"


def _comment(key: str, default: str, said: str) -> str:
    """Give a parameter that is left out, as a line that says what it is then."""
    if default in ("", "None", "()", "{}"):
        return f"# {key}: left out{f'; {said}' if said else ''}"
    if default.startswith("("):
        default = default.replace("(", "[").replace(",)", ")").replace(")", "]")
    default = {"True": "true", "False": "false"}.get(default, default)
    bare = _NUMBER.fullmatch(default) or default.startswith(("{", "[", "'"))
    line = f"# {toml_key(key)} = {default if bare else toml_value(default)}"
    return line if not said else f"{line:{_WIDTH}s}  # {said}"
