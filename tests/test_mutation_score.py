"""The tool that measures the tests: which errors it finds in a file, its draw, and its interval."""

import ast
import importlib.util
import sys
from pathlib import Path

import numpy as np
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
    assert {m.path for kind in by_kind.values() for m in kind.values()} == {"spikelearn/spikes/binning.py"}
    short, long = score.drawn(by_kind, 12), score.drawn(by_kind, 40)
    assert long[:12] == short
    assert [m.kind for _, m in short] == list(score.KINDS) * 2
    assert len(set(long)) == len({key for key, _ in long}) == 40
    assert score.drawn(score.candidates(["spikes/binning.py"], 4), 12) != short


def written(folder, **files):
    """Make the package of small files that a draw looks through."""
    for name, text in files.items():
        path = folder / "spikelearn" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def sums(n):
    return "".join(f"x{k} = a{k} + b{k}\n" for k in range(n))


def test_a_draw_stays_when_lines_move_and_goes_on_when_rooms_are_added(score, tmp_path):
    written(tmp_path, one=sums(40), two=sums(60).replace("x", "y"))
    alone = score.candidates(["one.py"], 5, tmp_path)["operator"]
    before = list(alone)
    written(tmp_path, one='"""Now it says what it is."""\n\nimport math\n\n' + sums(40))
    moved = score.candidates(["one.py"], 5, tmp_path)["operator"]
    # The first line has another one before it now.
    assert len(set(before) - set(moved)) == 1
    assert [key for key in before if key in moved] == [key for key in moved if key in before]
    assert [moved[k].line - alone[k].line for k in before if k in moved] == [4] * 39
    # Two fifths of every beginning are of the first room, and of those the ones that were drawn before.
    both = score.candidates(["one.py", "two.py"], 6, tmp_path, before[5:15])["operator"]
    for number in (10, 25, 60):
        own = [key for key in list(both)[:number] if both[key].path.endswith("one.py")]
        assert abs(len(own) - 0.4 * number) <= 1
        assert len(set(own) & set(before[5:15]) & set(moved)) == min(len(own), 10)


def test_every_error_of_a_room_has_the_same_chance_and_every_room_its_share(score):
    rooms = {"one": dict.fromkeys("abcd"), "two": dict.fromkeys("efghijkl")}
    merged = sys.modules["small_errors"].merged
    first = [list(merged(rooms, seed, "name", set()))[:3] for seed in range(1200)]
    assert {sum(key in rooms["one"] for key in chosen) for chosen in first} == {1}
    counts = np.array([sum(key in chosen for chosen in first) for key in "abcdefghijkl"])
    # Each of twelve is among the first three in a quarter of the draws: 300, standard deviation 15; 12 in all, 5e-4.
    assert np.abs(counts - 300).max() < 4.1 * 15


def test_the_same_line_twice_is_two_errors(score, tmp_path):
    written(tmp_path, one="def f(a, b):\n" + "    a = a * b\n" * 6)
    found = score.candidates(["one.py"], 1, tmp_path)["operator"]
    assert sorted(m.line for m in found.values()) == [2, 3, 4, 5, 6, 7]


def test_tests_that_name_the_module_come_first(score):
    room, files = score.tests_of("spikelearn/spikes/binning.py")
    assert room == "tests/spikes"
    assert files[0] == "tests/spikes/test_binning.py"
    assert score.tests_of("spikelearn/models/low_rank/theory.py")[0] == "tests/models/low_rank"
    assert score.tests_of("spikelearn/rules/closed_forms.py")[0] == "tests/models/ei_rate"


def test_every_room_holds_files_and_every_file_has_tests(score):
    for room in score.ROOMS:
        paths = sorted((ROOT / "spikelearn").glob(room))
        assert paths, room
        assert all(score.tests_of(path.relative_to(ROOT))[1] for path in paths)


def test_the_score_is_told_at_first_sight_and_now(score, capsys):
    killed = {"kind": "name", "verdict": "killed", "first": "killed", "diff": ""}
    results = [killed] * 17 + [killed | {"first": "survived"}, killed | {"verdict": "survived", "first": "survived"}]
    score.report([*results, killed | {"verdict": "late", "first": "late"}])
    told = capsys.readouterr().out
    assert "18 of 20 noticed at first sight (1 by not ending): 90.0%, 95 % interval 69.9% to 97.2%" in told
    assert "19 of 20 noticed by the tests of now (1 by not ending): 95.0%, 95 % interval 76.4% to 99.1%" in told
    assert told.count("survived: name") == 1


@pytest.mark.parametrize(("killed", "number"), [(0, 5), (17, 20), (60, 60), (340, 400)])
def test_the_interval_is_wilsons(score, killed, number):
    expected = binomtest(killed, number).proportion_ci(0.95, method="wilson")
    assert score.wilson(killed, number) == pytest.approx((expected.low, expected.high), abs=1e-6)
