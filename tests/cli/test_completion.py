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


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["run", "burs"], "bursting"),
        (["comp"], "completion"),
        (["analyse", "cel"], ""),
        (["run", "x y", "--qu"], "--quiet"),
    ],
)
def test_bash_asks_and_gets_its_answer(words, found, tmp_path):
    command = tmp_path / "spikelearn"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m spikelearn "$@"\n')
    command.chmod(0o755)
    listed = " ".join(f"'{word}'" for word in words)
    script = f"{SCRIPTS['bash']}\nCOMP_WORDS=(spikelearn {listed}); COMP_CWORD={len(words)}\n_spikelearn_complete\n"
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "--norc", "-c", script + 'printf "%s\\n" "${COMPREPLY[@]}"'],
        capture_output=True, text=True, check=True, timeout=60, env={**os.environ, "PATH": path},
    )  # fmt: skip
    assert done.stdout.strip() == found


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_scripts_of_other_shells_are_read_by_them(shell):
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    subprocess.run([shell, "-n", "-c", SCRIPTS[shell]], check=True, timeout=60)
