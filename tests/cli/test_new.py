"""Model files to begin with: each is read and runs as it is, and what stands in comments is right too."""

import re
import tomllib
from pathlib import Path

import pytest

from spikelearn import catalogue
from spikelearn.cli.new import template
from spikelearn.cli.toml_text import toml_key, toml_value

# Comments that stand for something else than the example: they go with it one at a time only.
INSTEAD = {
    "EIRates": {"rule", "rates"},
    "EntropyRule": {"coding", "primer", "N"},
    "LowRank": {"mixture"},
}


@pytest.mark.parametrize("name", catalogue.system_names())
def test_every_system_gives_a_file_that_is_read_with_each_of_its_comments(name, tmp_path):
    path = tmp_path / "mine.toml"
    text = template(catalogue.get_system(name), path)
    path.write_text(text)
    configuration = catalogue.load(path)
    assert configuration.system.name == name
    assert configuration.title == "mine"
    body, _, expected = text.partition("# [[expected]]")
    for comment in re.finditer(r"(?m)^# ((\w+) = .*)$", body):
        if comment.group(2) in {*INSTEAD.get(name, ()), "citation"}:
            continue
        changed = text[: comment.start()] + comment.group(1) + text[comment.end() :]
        if -1 < text.find("# [initial]") < comment.start():
            changed = changed.replace("# [initial]", "[initial]")
        path.write_text(changed)
        catalogue.load(path)
    for comment in re.findall(r"(?m)^# (\w+): left out", body):
        assert comment in {*configuration.system.parameters, *configuration.system.run_settings}
    # What is expected can be switched on as well.
    path.write_text(body + "[[expected]]" + re.sub(r"(?m)^# (?!formula)", "", expected))
    assert len(catalogue.load(path).expected) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", catalogue.system_names())
def test_every_new_file_runs(name, quick, call, capsys):
    assert call("new", "mine", "--system", name) == 0
    assert call("run", "mine.toml", "-q") == 0
    assert "no expected values: nothing to compare" in capsys.readouterr().out


def test_a_new_file_runs_and_is_never_overwritten(quick, call, capsys, undrawn):
    assert call("new", "mine") == 0
    assert (
        capsys.readouterr().out
        == "mine.toml: a model of the system AdaptiveLIF\nrun it with: spikelearn run mine.toml\n"
    )
    assert call("run", "mine.toml", "-q") == 0
    (quick / "mine.toml").write_text("mine")
    capsys.readouterr()
    assert call("new", "mine.toml") == 2
    assert capsys.readouterr().err == "spikelearn: mine.toml exists already, and stays as it is; take another name\n"
    assert (quick / "mine.toml").read_text() == "mine"


def test_a_copy_is_the_file(quick, call, capsys):
    (quick / "there").mkdir()
    for arguments, made in (
        (["bursting"], "bursting.toml"),
        (["bursting", "mine"], "mine.toml"),
        (["bursting", "there"], "there/bursting.toml"),
        (["quick.toml", "other.toml"], "other.toml"),
    ):
        assert call("copy", *arguments) == 0
        assert (quick / made).read_bytes() == Path(catalogue.find(arguments[0])).read_bytes()
    capsys.readouterr()
    assert call("copy", "bursting") == 2
    assert "bursting.toml exists already, and stays as it is" in capsys.readouterr().err
    assert catalogue.load("mine.toml").table == catalogue.load("bursting").table


@pytest.mark.parametrize(
    "value",
    [
        1, -2.5, 1e-300, True, "text", 'with "quotes" and \\', "two\nlines", "tab\tand é\x7f\x01", [1, 2], [[0.5], []],
        {"a": {"b c": [1, "x"]}}, {}, float("inf"),
    ],
)  # fmt: skip
def test_toml_is_written_so_that_it_reads_back(value):
    read = tomllib.loads(f"{toml_key('a key')} = {toml_value(value)}")["a key"]
    assert read == (f"{value}\n" if value == "two\nlines" else value)
