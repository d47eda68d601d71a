import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import spikelearn
from spikelearn.compiled import drop_stale


def test_compiled_code_older_than_a_source_is_removed(tmp_path):
    (tmp_path / "__pycache__").mkdir()
    for name, age in (("caller.py", 10), ("callee.py", 50)):
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    for name, age in (("caller.f.nbi", 20), ("caller.f.nbc", 20), ("callee.g.nbi", 5), ("callee.pyc", 90)):
        (tmp_path / "__pycache__" / name).write_text("")
        os.utime(tmp_path / "__pycache__" / name, (1e9 - age, 1e9 - age))
    assert {path.name for path in drop_stale(tmp_path)} == {"caller.f.nbi", "caller.f.nbc"}
    assert {path.name for path in (tmp_path / "__pycache__").iterdir()} == {"callee.g.nbi", "callee.pyc"}
    assert drop_stale(tmp_path) == []


SQUARE = """
from spikelearn.compiled import njit

@njit(cache=True)
def square(x):
    return x * x
"""


def run_square(folder, before="", after=""):
    found = f"import sys; sys.path.insert(0, {str(folder)!r})\nimport squared\nprint(squared.square(3.0))"
    code = "\n".join([before, found, after])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_damaged_compiled_code_is_thrown_away(tmp_path):
    (tmp_path / "squared.py").write_text(SQUARE)
    hits = "print(sum(squared.square.stats.cache_hits.values()))"
    assert run_square(tmp_path, after=hits) == ["9.0", "0"]
    assert run_square(tmp_path, after=hits) == ["9.0", "1"], "it is kept on disk"
    files = [path for path in (tmp_path / "__pycache__").iterdir() if path.suffix in (".nbi", ".nbc")]
    assert {path.suffix for path in files} == {".nbi", ".nbc"}
    for damage in (lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"\x80" * len(data)):
        for path in files:
            path.write_bytes(damage(path.read_bytes()))
            assert run_square(tmp_path, after=hits) == ["9.0", "0"]
            assert run_square(tmp_path, after=hits) == ["9.0", "1"], "it is written anew"


NO_PLACE = """
import numba.core.caching as caching
def refuse(self):
    raise PermissionError("read-only")
caching._CacheLocator.ensure_cache_path = refuse
"""


def test_without_a_place_for_compiled_code_it_is_compiled_anew(tmp_path):
    """Numba itself refuses to import such a function; as superuser a test can only pretend."""
    (tmp_path / "squared.py").write_text(SQUARE)
    assert run_square(tmp_path, NO_PLACE) == ["9.0"]
    (tmp_path / "squared.py").write_text(SQUARE.replace("from spikelearn.compiled", "from numba"))
    with pytest.raises(AssertionError, match="cannot cache function"):
        run_square(tmp_path, NO_PLACE)
    (tmp_path / "squared.py").write_text(SQUARE)
    full = NO_PLACE.replace("_CacheLocator.ensure_cache_path", "IndexDataCacheFile.save").replace("(self)", "(*_)")
    assert run_square(tmp_path, full) == ["9.0"]


def test_every_compiled_function_has_the_cautious_cache():
    for path in Path(spikelearn.__file__).parent.rglob("*.py"):
        if path.name != "compiled.py":
            assert not re.search(r"from numba import .*\bnjit\b|numba\.njit", path.read_text(encoding="utf-8")), (
                f"{path} must take njit from spikelearn.compiled"
            )
