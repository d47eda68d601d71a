"""The guide for contributors, followed to the letter: its model file, its analysis and the analysis's test."""

import doctest
import importlib.util
import re
from pathlib import Path

import pytest

from spikelearn import analyses, catalogue

GUIDE = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")


def block(path):
    """The fenced block that follows the mention of a path."""
    after = GUIDE.split(f"`{path}`", 1)[1]
    return re.search(r"^```\w+\n(.*?)^```", after, flags=re.MULTILINE | re.DOTALL).group(1)


def load(path, text):
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_model_file_gives_what_it_says(tmp_path):
    path = tmp_path / "faster_regular.toml"
    path.write_text(block("models/faster_regular.toml"), encoding="utf-8")
    assert set(catalogue.check(path)["verdict"]) == {"ok"}


def test_the_analysis_passes_its_own_test_and_example(tmp_path, monkeypatch):
    module = load(tmp_path / "shortest_interval.py", block("spikelearn/analyses/shortest_interval.py"))
    assert doctest.testmod(module).attempted == 3
    assert doctest.testmod(module).failed == 0
    monkeypatch.setattr(analyses, "shortest_interval", module.shortest_interval, raising=False)
    test = load(tmp_path / "test_shortest_interval.py", block("tests/analyses/test_shortest_interval.py"))
    test.test_the_shortest_interval_is_counted()
    monkeypatch.setattr(analyses, "shortest_interval", lambda trains: module.shortest_interval(trains) + 0.1)
    with pytest.raises(AssertionError):
        test.test_the_shortest_interval_is_counted()


def test_the_files_of_the_smallest_system_are_there():
    root = Path(__file__).parents[1]
    section = GUIDE.split("## Add a system", 1)[1]
    named = re.findall(r"^\| `([\w./]+)`", section, flags=re.MULTILINE)
    assert len(named) == 7
    assert all((root / name).is_file() for name in named)
    lines = sum(len((root / name).read_text().splitlines()) for name in named if name != "spikelearn/__init__.pyi")
    assert lines <= 310
