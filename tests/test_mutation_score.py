"""The tool that measures the tests: which errors it finds in a file, its draw, and its interval."""

import ast
import importlib.util
import sys
from pathlib import Path

import pytest
from scipy.stats import binomtest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="every error has a process of its own, made by fork")


@pytest.fixture(scope="module")
def score():
    spec = importlib.util.spec_from_file_location("mutation_score", ROOT / "tests" / "mutation_score.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutation_score"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["mutation_score"]


SOURCE = '''"""No error in é here."""

import math


def area(r: float = 1.5, h: int = 2) -> float:
    """None here: r + 1."""
    if r < 0 and h > 0:
        raise ValueError(f"area: r must be positive, got {r - 1}")
    é = r * h
    return é - r
'''

EXPECTED = [
    ("constant", "r: float = 1.6500000000000001, h"),
    ("off by one", "h: int = 3) -> float"),
    ("off by one", "h: int = 1) -> float"),
    ("operator", "if r < 0 or h > 0:"),
    ("dropped", "if ((r < 0)):"),
    ("dropped", "if ((h > 0)):"),
    ("comparison", "if r <= 0 and"),
    ("comparison", "if r > 0 and"),
    ("off by one", "if r < 1 and"),
    ("off by one", "if r < (-1) and"),
    ("comparison", "h >= 0:"),
    ("comparison", "h < 0:"),
    ("off by one", "h > 1:"),
    ("off by one", "h > (-1):"),
    ("name", "if h < 0"),
    ("name", "and r > 0"),
    ("operator", "é = r / h"),
    ("dropped", "é = (r)\n"),
    ("dropped", "é = (h)\n"),
    ("name", "é = h * h"),
    ("name", "é = r * r"),
    ("operator", "return é + r"),
    ("dropped", "return (é)\n"),
]


def test_every_error_of_a_small_file_and_no_other(score):
    text = SOURCE.encode()
    finder = sys.modules["small_errors"].Finder("area.py", text, 0)
    finder.visit(ast.parse(text))
    made = [(m.kind, (text[: m.start] + m.new.encode() + text[m.end :]).decode()) for m in finder.found]
    for kind, piece in EXPECTED:
        assert sum(k == kind and piece in after for k, after in made) == 1, (kind, piece)
    # Beside those, the two names of the last line, whose other name is drawn.
    rest = [m for m in finder.found if m.line == 11 and m.kind == "name"]
    assert len(made) == len(EXPECTED) + len(rest)
    assert len(rest) == 2
    assert all(after.count("got {r - 1}") == after.count("None here: r + 1") == 1 for _, after in made)


def test_a_longer_draw_begins_with_the_shorter_one(score):
    by_kind = score.candidates(["spikes/binning.py"], 3)
    assert {m.path for kind in by_kind.values() for m in kind} == {"spikelearn/spikes/binning.py"}
    short, long = score.drawn(by_kind, 12), score.drawn(by_kind, 40)
    assert long[:12] == short
    assert [m.kind for m in short] == list(score.KINDS) * 2
    assert len(set(long)) == 40
    assert score.drawn(score.candidates(["spikes/binning.py"], 4), 12) != short


def test_tests_that_name_the_module_come_first(score):
    room, files = score.tests_of("spikelearn/spikes/binning.py")
    assert room == "tests/spikes"
    assert files[0] == "tests/spikes/test_binning.py"
    assert score.tests_of("spikelearn/models/low_rank/theory.py")[0] == "tests/models/low_rank"


@pytest.mark.parametrize(("killed", "number"), [(0, 5), (17, 20), (60, 60), (340, 400)])
def test_the_interval_is_wilsons(score, killed, number):
    expected = binomtest(killed, number).proportion_ci(0.95, method="wilson")
    assert score.wilson(killed, number) == pytest.approx((expected.low, expected.high), abs=1e-6)
