"""What the documents tell people to type is understood by the command line."""

import re
import shlex
from pathlib import Path

import pytest
import typer.main

import spikelearn
from spikelearn import catalogue
from spikelearn.cli.app import app
from spikelearn.cli.naming import run_label
from spikelearn.cli.settings import read_changes

ROOT = Path(spikelearn.__file__).resolve().parents[1]

WITH_A_FILE = {"run", "analyse", "derive", "new", "copy", "show", "sweep", "completion", "fit"}


def commands(page):
    """Every whole command of a page: lines of shell blocks, and what stands between backquotes."""
    text = (ROOT / page).read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    lines += re.findall(r"`(spikelearn [^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    for line in lines:
        for part in re.findall(r"(?:^|&& |\$\(|bin/)(spikelearn .*)", line):
            words = shlex.split(re.split(r" \| | > |\)\"| #", part)[0], comments=True)[1:]
            # FILE, [NAME] and COMMAND stand for a reader's own; A3 and B1 are names of units.
            if words and not any(re.fullmatch(r"\[?[A-Z]{4,}\]?", word) or word in {"-h", "..."} for word in words):
                yield words


@pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="installed without its documents")
def test_commands_of_documents_are_understood():
    known = typer.main.get_command(app).commands
    pages = [path for path in (ROOT / "docs").rglob("*.md") if not {"generated", "_build"} & set(path.parts)]
    found = {page: list(commands(page)) for page in [*ROOT.glob("*.md"), *pages]}
    assert sum(map(bool, found.values())) > 15
    for page, several in found.items():
        for name, *arguments in several:
            assert name in known, f"{page.name}: {name}"
            if not arguments and name in WITH_A_FILE:
                continue  # the command as such is meant
            known[name].make_context(name, list(arguments))


def test_settings_in_documents_are_those_of_the_model_files_they_name():
    """What a page sets by --set exists in the file, and its value can be read."""
    checked = 0
    for page in sorted((ROOT / "docs").glob("*.md")):
        for name, *arguments in commands(page):
            if name == "run" and "--set" in arguments and arguments[0] in catalogue.names():
                settings = [value for key, value in zip(arguments, arguments[1:], strict=False) if key == "--set"]
                changes, _ = read_changes(arguments[0], settings, None, None, None)
                catalogue.load(arguments[0], changes)
                checked += 1
    assert checked > 8


def test_the_folder_that_the_page_names():
    (words,) = [words for words in commands("docs/command_line.md") if "tau_K=150ms" in words]
    context = typer.main.get_command(app).commands["run"].make_context("run", words[1:])
    given = context.params
    changes, written = read_changes("bursting", given["set_value"], given["duration"], given["dt"], given["seed"])
    label = run_label("bursting", written, None, "auto")
    assert f"`runs/{label}`" in (ROOT / "docs" / "command_line.md").read_text(encoding="utf-8")
    assert float(catalogue.load("bursting", changes).model.tau_K) == pytest.approx(0.15)
