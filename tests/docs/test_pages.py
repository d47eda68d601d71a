"""Every block of Python in the documentation runs, page by page, in the order in which it stands."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
spec = importlib.util.spec_from_file_location("documentation_blocks", HERE / "blocks.py")
pages = importlib.util.module_from_spec(spec)
spec.loader.exec_module(pages)
if not pages.DOCS.is_dir():
    pytest.skip("installed without its documents", allow_module_level=True)

# Pages whose blocks are run, and looked at more closely, by tests of their own.
ELSEWHERE = {
    "spike_trains.md": "tests/interop/test_docs.py",
    "sweeps.md": "tests/sweeps/test_docs.py",
}
# Sizes that take minutes are made smaller: what stands on the page, and what is run.
SMALLER = {
    "../README.md": {"simulate(neuron, 30*second, engine": "simulate(neuron, 1*second, engine"},
    "ei_units.md": {"range(20)": "range(2)", "rule, 250,": "rule, 3,", "slow, 50,": "slow, 1,"},
    "up_state_network.md": {
        "trained, 10": "trained, 1",
        "values), 10": "values), 1",
        "rule, 330,": "rule, 2,",
        'target="cpp_standalone"': 'target="numpy", duration="0.4 s"',
    },
    "low_rank.md": {"n=100_000": "n=2_000"},
    "entropy_rule.md": {"dt, 6000.0": "dt, 60.0"},
}
# What a page takes as given.
BEFORE = {
    "../README.md": "import brian2\n"
    "from spikelearn.brian.session import session\n"
    "with session('numpy'):\n"
    "    group = brian2.SpikeGeneratorGroup(2, [0, 0, 0], [10, 20, 40]*brian2.ms)\n"
    "    monitor = brian2.SpikeMonitor(group)\n"
    "    simulated = brian2.Network(group, monitor)\n"
    "    simulated.run(50*brian2.ms)",
}
README = "../README.md"
FAST = {"start/spikes.md", "howto/notebooks.md"}


def all_pages():
    found = [path.relative_to(pages.DOCS).as_posix() for path in sorted(pages.DOCS.rglob("*.md"))]
    found = [name for name in found if not re.match(r"(generated|_)", name)]
    found = [name for name in found if pages.blocks((pages.DOCS / name).read_text(encoding="utf-8"))]
    return found


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(name, marks=() if name in FAST else pytest.mark.slow)
        for name in all_pages()
        if name not in ELSEWHERE
    ],
)
def test_the_blocks_of_a_page_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = pages.run(page, BEFORE.get(page, ""), SMALLER.get(page, {}))
    assert len(names) > 2
    sys.modules.pop("page", None)


@pytest.mark.slow
def test_what_readme_says_beside_its_code_is_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = pages.run(README, BEFORE[README], SMALLER[README])
    text = (pages.DOCS / README).read_text(encoding="utf-8")
    assert f"# {names['recording'].spikes!r}\n" in text
    assert f"# {names['neuron'].bursting().period:.3f} s, theory\n" in text
    assert names["neuron"].critical_conductance() == pytest.approx(1 / 6, rel=1e-12)
    assert "# g* = 1/6, Eq. (5)\n" in text
    assert {path.name for path in (tmp_path / "my_run").iterdir()} >= {"manifest.json"}
    assert names["trains"].counts().tolist() == [[3, 0]]  # the silent neuron is there


def test_sizes_that_are_made_smaller_stand_on_their_pages():
    for page, changes in SMALLER.items():
        text = (pages.DOCS / page).read_text(encoding="utf-8")
        assert all(text.count(size) for size in changes), page


def test_pages_that_are_run_elsewhere_are():
    root = pages.DOCS.parent
    for page, test in ELSEWHERE.items():
        assert page.removesuffix(".md") in (root / test).read_text(encoding="utf-8")


def test_a_block_that_fails_is_seen(tmp_path, monkeypatch):
    (tmp_path / "page.md").write_text("# A page\n\n```python\nx = 1\n```\n\n```python\nassert x == 2\n```\n")
    monkeypatch.setattr(pages, "DOCS", tmp_path)
    with pytest.raises(AssertionError):
        pages.run("page.md")
    assert [line for line, _ in pages.blocks((tmp_path / "page.md").read_text())] == [4, 8]
