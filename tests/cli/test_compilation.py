"""The command line tells of compilation unless it is to be quiet, or its output is for programs."""

import contextlib
import importlib

import pytest

# The package has the Typer object under the same name.
app = importlib.import_module("spikelearn.cli.app")


@pytest.mark.parametrize(
    ("arguments", "quiet"),
    [([], False), (["--quiet"], True), (["-q"], True), (["--json"], True)],
)
def test_quiet_and_json_say_nothing_of_compilation(arguments, quiet, monkeypatch):
    asked = []

    def silent(value):
        asked.append(value)
        return contextlib.nullcontext()

    monkeypatch.setattr(app, "silent", silent)
    with pytest.raises(SystemExit):
        app.main(["run", "no_such_configuration", *arguments])
    assert asked == [quiet]
