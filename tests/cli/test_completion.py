"""Shells complete commands, options and names, and load nothing heavy for it."""

import os
import shutil
import subprocess
import sys

import pytest

from spikelearn import catalogue
from spikelearn.cli.completing import SCRIPTS, suggestions
from spikelearn.simulation.targets import TARGETS


def test_commands_options_and_values():
    assert suggestions(["ru"]) == ["run"]
    assert "complete" not in suggestions([""])
    assert suggestions(["--v"]) == ["--version"]
    assert suggestions(["run", "burs"]) == ["bursting"]
    assert suggestions(["check", "bursting", "bist"]) == ["bistable"]
    assert suggestions(["run", "bursting", "--se"]) == ["--set", "--seed"]
    assert suggestions(["run", "bursting", "--engine", ""]) == ["exact", "array", "brian2"]
    assert suggestions(["run", "--target", ""]) == ["auto", *TARGETS]
    assert suggestions(["run", "bursting", "--set", "t"]) == ["tau_K=", "t_d="]
    assert suggestions(["systems", "Esc"]) == ["EscapeNoise"]
    assert suggestions(["run", "-v", "burs"]) == ["bursting"]
    assert suggestions(["run", "bursting", "-q", "b"]) == ["balanced_network", "bistable", "bursting"]
    # Files are the shell's.
    assert (
        suggestions(["analyse", "x"])
        == suggestions(["run", "-o", ""])
        == suggestions(["run", "absent.toml", "--set", ""])
        == []
    )


def test_systems_are_those_of_the_catalogue():
    assert set(suggestions(["new", "x", "--system", ""])) <= set(catalogue.system_names())


def test_completing_loads_no_simulator():
    code = (
        "from spikelearn.cli import main\n"
        "for words in (['run', ''], ['run', 'bursting', '--set', ''], ['systems', '']):\n"
        "    main(['complete', '--', *words])\nimport sys; print(sorted(m.split('.')[0] for m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    loaded = done.stdout.splitlines()[-1]
    assert not any(f"'{name}'" in loaded for name in ("brian2", "numpy", "numba", "scipy"))


BASH = """
COMP_WORDS=(spikelearn {words}); COMP_CWORD={last}; _spikelearn_complete; printf "%s\\n" "${{COMPREPLY[@]}}"
"""
ZSH = """
compadd() {{ print -l -- "${{(@P)2}}" }}
_files() {{ print "" }}
words=(spikelearn {words}); CURRENT=$(({last} + 1)); _spikelearn
"""
FISH = """
complete -C "spikelearn {plain}"
"""


@pytest.mark.parametrize(("shell", "ask"), [("bash", BASH), ("zsh", ZSH), ("fish", FISH)])
def test_shells_ask_and_get_their_answer(shell, ask, tmp_path):
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"there is no {shell}")
    command = tmp_path / "spikelearn"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m spikelearn "$@"\n')
    command.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}
    quiet = {"bash": "--norc", "zsh": "-f", "fish": "--no-config"}[shell]
    for words, found in (
        (["run", "burs"], ["bursting"]),
        (["comp"], ["completion"]),
        (["run", "bursting", "--set", "t"], ["tau_K=", "t_d="]),
        (["analyse", "cel"], [""]),
    ):
        listed = " ".join(f"'{word}'" for word in words)
        asked = ask.format(words=listed, last=len(words), plain=" ".join(words))
        done = subprocess.run(
            [program, quiet, "-c", SCRIPTS[shell] + asked],
            capture_output=True, text=True, check=False, timeout=60, env=environment, cwd=tmp_path,
        )  # fmt: skip
        assert sorted(done.stdout.rstrip("\n").split("\n")) == sorted(found), done.stderr
