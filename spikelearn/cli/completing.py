"""What a shell offers when a command of spikelearn is typed: nothing heavier than the list of model files is read."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from spikelearn.catalogue.folder import model_folder, names
from spikelearn.parameters.names import unknown_name

__all__ = ["SCRIPTS", "script", "suggestions"]

SCRIPTS = {
    "bash": """\
_spikelearn_complete() {
    local IFS=$'\\n'
    COMPREPLY=($(spikelearn complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2> /dev/null))
    if [ "${#COMPREPLY[@]}" -eq 1 ] && [ "${COMPREPLY[0]: -1}" = "=" ]; then compopt -o nospace; fi
}
complete -o default -F _spikelearn_complete spikelearn""",
    "zsh": """\
_spikelearn() {
    local -a found
    found=("${(@f)$(spikelearn complete -- "${(@)words[2,CURRENT]}" 2> /dev/null)}")
    if [[ -n "${found[*]}" ]]; then compadd -a found; else _files; fi
}
if ! (( $+functions[compdef] )); then autoload -Uz compinit && compinit; fi
compdef _spikelearn spikelearn""",
    "fish": """\
complete -c spikelearn -a '(spikelearn complete -- (commandline -opc)[2..] (commandline -ct) 2> /dev/null)'""",
}


def script(shell: str) -> str:
    """Give the script of a shell.

    Raises
    ------
    ValueError
        There is none for it.
    """
    if shell not in SCRIPTS:
        raise ValueError(unknown_name("completion", "shell", shell, SCRIPTS))
    return SCRIPTS[shell]


def suggestions(words: Sequence[str]) -> list[str]:
    """List how the last of some words could go on; nothing where the shell is to offer files.

    Parameters
    ----------
    words : sequence of str
        What stands behind ``spikelearn``; the last one is unfinished, and may be empty.

    Examples
    --------
    >>> suggestions(["deri"]), suggestions(["run", "burs"]), suggestions(["run", "bursting", "--engine", "b"])
    (['derive'], ['bursting'], ['brian2'])
    """
    import typer.main

    from spikelearn.cli.app import app

    *before, last = words
    group: Any = typer.main.get_command(app)
    commands = {name: command for name, command in group.commands.items() if not command.hidden}
    chosen = next((word for word in before if word in commands), None)
    if chosen is None:
        return _those(last, _options(group) if last.startswith("-") else commands)
    options = {name: option for option in commands[chosen].params for name in option.opts if name.startswith("-")}
    option = options.get(before[-1])
    if option is not None and not getattr(option, "is_flag", False) and not getattr(option, "count", False):
        return _those(last, _values(option.name, before[before.index(chosen) + 1 :]))
    if last.startswith("-"):
        return _those(last, _options(commands[chosen]))
    return _those(last, _arguments(chosen))


def _those(begin: str, choices: Iterable[str]) -> list[str]:
    return [choice for choice in choices if choice.startswith(begin)]


def _options(command: Any) -> list[str]:
    long = [name for option in command.params for name in option.opts if name.startswith("--")]
    return [*long, "--help"]


def _arguments(command: str) -> Sequence[str]:
    known: dict[str, Callable[[], Sequence[str]]] = {
        **dict.fromkeys(("run", "show", "check", "copy", "sweep"), names),
        "systems": _systems,
        "completion": lambda: list(SCRIPTS),
    }
    return known.get(command, list)()


def _values(option: str | None, words: Sequence[str]) -> Sequence[str]:
    known: dict[str, Sequence[str]] = {
        "engine": ("exact", "array", "brian2"),
        "target": ("auto", "numpy", "cython", "cpp_standalone"),
        "approximation": ("exact", "small_weights", "up_state", "full"),
    }
    if option == "system":
        return _systems()
    if option == "set_value":
        return _settings(words)
    return known.get(option or "", ())


def _systems() -> list[str]:
    """Name the systems that model files use; asking the systems themselves would load all of them."""
    found = {_content(path).get("model", {}).get("system", "EquationNeuron") for path in model_folder().glob("*.toml")}
    return sorted(found)


def _settings(words: Sequence[str]) -> list[str]:
    """Name what the model file of a command sets itself: parameters and keys of [run]."""
    places = [model_folder() / f"{word}.toml" for word in words if word in names()]
    places += [Path(word) for word in words if word.endswith(".toml")]
    content = _content(places[0]) if places else {}
    model = content.get("model", {})
    return [f"{key}=" for table in (model.get("parameters", {}), content.get("run", {})) for key in table]


def _content(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
