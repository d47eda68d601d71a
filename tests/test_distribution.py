"""The distribution has a name of its own: the plain one belongs to somebody else on the public index."""

import re
import tomllib
from pathlib import Path

import pytest

import spikelearn
from spikelearn.parameters.distribution import DISTRIBUTION, install
from spikelearn.storage.provenance import versions

ROOT = Path(spikelearn.__file__).resolve().parents[1]
FOLDERS = ("spikelearn", "docs", "examples", "analyses", "models", "tests")
TEXTS = [
    *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*")),
    *ROOT.glob("*.md"),
    *ROOT.glob("*.toml"),
]
TAKEN = re.compile(
    r"""(?:install|download)(?:\s+-[-\w]+)*\s+["']?spikelearn(?=[\s"'`\[=<>~!;,]|$)|["'`\s]spikelearn\[\w"""
)


def test_the_name_stands_in_pyproject_and_nowhere_else_by_hand():
    with (ROOT / "pyproject.toml").open("rb") as file:
        assert tomllib.load(file)["project"]["name"] == DISTRIBUTION
    assert install("nwb") == f'pip install "{DISTRIBUTION}[nwb]"'
    by_hand = [
        path.name for path in (ROOT / "spikelearn").rglob("*.py") if DISTRIBUTION in path.read_text(encoding="utf-8")
    ]
    assert by_hand == ["distribution.py"]


def test_extras_that_messages_name_exist():
    with (ROOT / "pyproject.toml").open("rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    named = set()
    for path in (ROOT / "spikelearn").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        named |= set(re.findall(r"""install\(["'](\w+)["']\)""", text))
        named |= set(re.findall(r"""extra\(["']\w[\w.]*["'], ["'](\w+)["']""", text))
    assert {"cluster", "nwb", "neo", "parquet"} <= named <= set(extras)


@pytest.mark.parametrize(
    "text",
    ['pip install "spikelearn[nwb]"', "pip install spikelearn", "pip install -U 'spikelearn'", "`spikelearn[neo]`"],
)
def test_the_search_finds_the_taken_name(text):
    assert TAKEN.search(text)
    assert not TAKEN.search(text.replace("spikelearn", DISTRIBUTION))


def test_no_text_tells_anybody_to_install_what_belongs_to_somebody_else():
    for path in TEXTS:
        if path.suffix in {".py", ".md", ".toml", ".ipynb", ".pyi"} and path.name != Path(__file__).name:
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                assert not TAKEN.search(line), f"{path.relative_to(ROOT)}:{number}: {line}"


def test_the_version_is_that_of_the_code_whatever_is_installed():
    assert versions()["spikelearn"] == spikelearn.__version__
