import gc
import importlib.util
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numba
import pytest
from numba.core import caching

import spikelearn
from spikelearn import compiled
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


CALLER = """
from callee import inner
from spikelearn.compiled import njit

@njit(cache=True)
def outer(x):
    return inner(x) + 1.0
"""


@pytest.mark.parametrize("place", ["beside", "named", "home"])
def test_no_code_is_used_that_was_compiled_from_another_text(tmp_path, monkeypatch, place):
    """In ``__pycache__``, where NUMBA_CACHE_DIR says, or in the user's home."""
    folder, kept = tmp_path / "package", tmp_path / "kept"
    folder.mkdir()
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(kept) if place == "named" else "")
    if place == "home":
        # A file stands where numba would rather have a folder.
        (folder / "__pycache__").write_text("")
        monkeypatch.setenv("HOME", str(kept))
        monkeypatch.setenv("XDG_CACHE_HOME", str(kept))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(compiled, "_TOGETHER", [])
    monkeypatch.syspath_prepend(folder)

    def run(value):
        """Give what a new process computes and how much it loads, if the callee adds `value`; times tell nothing."""
        text = f"from spikelearn.compiled import njit\n\n@njit\ndef inner(x):\n    return x + {value}\n"
        for name, content in (("caller.py", CALLER), ("callee.py", text)):
            (folder / name).write_text(content)
            os.utime(folder / name, (1e9, 1e9))
        monkeypatch.delitem(sys.modules, "callee", raising=False)
        compiled._text_of.cache_clear()
        assert drop_stale(folder) == []
        spec = importlib.util.spec_from_file_location("caller", folder / "caller.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.outer(1.0), sum(module.outer.stats.cache_hits.values())

    assert [run(value) for value in (1.0, 1.0, 5.0, 5.0)] == [(3.0, 0), (3.0, 1), (7.0, 0), (7.0, 1)]
    places = {path.parent for path in tmp_path.rglob("*.nbi")}
    assert len(places) == 1
    assert (places == {folder / "__pycache__"}) == (place == "beside")


def test_compiled_functions_of_several_files_belong_together():
    """What numba does not see: a file whose compiled functions come from another one must be in a marked package."""
    root = Path(spikelearn.__file__).parents[1]
    texts = {path: path.read_text(encoding="utf-8") for path in (root / "spikelearn").rglob("*.py")}
    made = {path for path, text in texts.items() if re.search(r"from spikelearn\.compiled import .*\bnjit\b", text)}
    marked = [path.parent for path, text in texts.items() if "\ndrop_stale(Path(__file__).parent)\n" in text]
    pairs = 0
    for path in made:
        for name in re.findall(r"^from (spikelearn[\w.]+) import", texts[path], flags=re.MULTILINE):
            other = (root / name.replace(".", "/")).with_suffix(".py")
            if other in made:
                pairs += 1
                assert any(folder in path.parents and folder in other.parents for folder in marked), (path, other)
    assert pairs > 20


SQUARE = """
from spikelearn.compiled import njit

@njit(cache=True)
def square(x):
    return x * x
"""


def load(folder, text=None):
    """The function as a new process would have it: nothing compiled, only what is on disk."""
    path = folder / "squared.py"
    if text is not None:
        path.write_text(text)
    spec = importlib.util.spec_from_file_location("squared", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.square


def from_disk(square):
    assert square(3.0) == 9.0
    return sum(square.stats.cache_hits.values())


def test_damaged_compiled_code_is_thrown_away(tmp_path):
    assert from_disk(load(tmp_path, SQUARE)) == 0
    assert from_disk(load(tmp_path)) == 1, "it is kept on disk"
    files = [path for path in (tmp_path / "__pycache__").iterdir() if path.suffix in (".nbi", ".nbc")]
    assert {path.suffix for path in files} == {".nbi", ".nbc"}
    for damage in (lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"\x80" * len(data)):
        for path in files:
            path.write_bytes(damage(path.read_bytes()))
            assert from_disk(load(tmp_path)) == 0
            assert from_disk(load(tmp_path)) == 1, "it is written anew"


def refuse(*_):
    raise PermissionError("read-only")


def test_without_a_place_for_compiled_code_it_is_compiled_anew(tmp_path, monkeypatch):
    """Numba itself refuses to import such a function; as superuser a test can only pretend."""
    with monkeypatch.context() as nowhere:
        nowhere.setattr(caching._CacheLocator, "ensure_cache_path", refuse)
        assert load(tmp_path, SQUARE)(3.0) == 9.0
        with pytest.raises(RuntimeError, match="cannot cache function"):
            load(tmp_path, SQUARE.replace("from spikelearn.compiled", "from numba"))
    with monkeypatch.context() as full:
        full.setattr(caching.IndexDataCacheFile, "save", refuse)
        assert load(tmp_path, SQUARE)(3.0) == 9.0


def lock_of(folder):
    (index,) = [path for path in (folder / "__pycache__").iterdir() if path.suffix == ".nbi"]
    return open(index.with_suffix(".lock"), "a", encoding="utf-8")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="locks of files are not on this system")
def test_what_another_process_compiles_is_waited_for_and_loaded(tmp_path):
    import fcntl

    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    here.mkdir()
    load(there, SQUARE)(3.0)
    shutil.copy2(there / "squared.py", here)
    (here / "__pycache__").mkdir()
    waiting = load(here)
    with lock_of(there) as lock, ThreadPoolExecutor(1) as pool:
        # The other process: it has the lock, and later its compiled code is there.
        mine = here / "__pycache__" / Path(lock.name).name
        with open(mine, "a", encoding="utf-8") as taken:
            fcntl.flock(taken, fcntl.LOCK_EX)
            found = pool.submit(from_disk, waiting)
            time.sleep(0.5)
            assert not found.done()
            for path in (there / "__pycache__").iterdir():
                if path.suffix in (".nbi", ".nbc"):
                    shutil.copy2(path, mine.parent)
        assert found.result(timeout=60) == 1
    assert sum(waiting.stats.cache_misses.values()) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="locks of files are not on this system")
def test_the_lock_is_given_back_also_by_what_cannot_be_compiled(tmp_path):
    import fcntl

    square = load(tmp_path, SQUARE)
    with pytest.raises(numba.TypingError):
        square("three")
    assert from_disk(square) == 0
    with lock_of(tmp_path) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_one_that_never_comes_back_is_not_waited_for(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")
    monkeypatch.setattr(compiled, "_PATIENCE", 0.1)
    load(tmp_path, SQUARE)(3.0)
    with lock_of(tmp_path) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for path in (tmp_path / "__pycache__").glob("*.nb*"):
            path.unlink()
        assert from_disk(load(tmp_path)) == 0


def test_compilation_is_told_within_a_second():
    assert 0 < compiled._UNTOLD < 1


def test_compilation_is_told_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(compiled, "_UNTOLD", 0.0)

    def run(name, quiet=False):
        """Compile two functions that are on no disk."""
        (tmp_path / name).mkdir()
        cube = SQUARE.replace("square", "cube").replace("return x * x", "return square(x) * x")
        square = load(tmp_path / name, SQUARE + cube)
        with compiled.silent(quiet), compiled.told("a cube"), compiled.told("its square"):
            assert (square(3.0), square.py_func.__globals__["cube"](2)) == (9.0, 8)
        return capsys.readouterr().err

    assert re.fullmatch(r"spikelearn: compiling a cube, once on this machine \.\.\. \d+\.\d s\n", run("first"))
    assert run("quiet", quiet=True) == ""
    assert run("again") != ""
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: "a pool of workers")
    assert run("worker") == ""


def test_what_is_on_disk_is_loaded_without_a_word(tmp_path, monkeypatch, capsys):
    load(tmp_path, SQUARE)(3.0)
    monkeypatch.setattr(compiled, "_UNTOLD", 0.0)
    capsys.readouterr()
    with compiled.told("a square"):
        assert from_disk(load(tmp_path)) == 1
        time.sleep(0.1)
    assert capsys.readouterr().err == ""


def test_numbers_in_the_text_of_the_caller_have_no_copy_each(tmp_path):
    caller = SQUARE + "\n@njit\ndef both(x):\n    return square(2) + square(3) + square(x)\n"
    square = load(tmp_path, caller)
    assert square.py_func.__globals__["both"](1) == 14
    assert len(square.signatures) == 1


def test_inner_functions_are_called_by_compiled_code_only():
    @compiled.njit(inner=True)
    def half(x):
        return 0.5 * x

    @compiled.njit
    def quarter(x):
        return half(half(x))

    for _ in range(2):
        with pytest.raises(TypeError, match="half must be called by compiled code, got a call from Python"):
            half(1.0)
        assert quarter(1.0) == 0.25


@pytest.mark.parametrize("collects", [True, False])
def test_garbage_is_collected_after_compilation_as_before(collects):
    before = gc.isenabled()
    (gc.enable if collects else gc.disable)()
    try:
        with pytest.raises(ZeroDivisionError), compiled.told("one"):
            with compiled.told("another"):
                assert not gc.isenabled()
            assert not gc.isenabled()
            raise ZeroDivisionError
        assert gc.isenabled() == collects
    finally:
        (gc.enable if before else gc.disable)()


def test_every_compiled_function_has_the_cautious_cache():
    for path in Path(spikelearn.__file__).parent.rglob("*.py"):
        if path.name != "compiled.py":
            assert not re.search(r"from numba import .*\bnjit\b|numba\.njit", path.read_text(encoding="utf-8")), (
                f"{path} must take njit from spikelearn.compiled"
            )


WORKER = """
import importlib.util, sys

spec = importlib.util.spec_from_file_location("squared", "squared.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)


def test_square():
    import os
    import pathlib
    import time

    # The other worker has begun, too, so that both want the function at the same time.
    pathlib.Path(os.environ["PYTEST_XDIST_WORKER"] + ".begun").touch()
    while len(list(pathlib.Path().glob("*.begun"))) < 2:
        time.sleep(0.01)
    assert module.square(3.0) == 9.0
    hits = sum(module.square.stats.cache_hits.values())
    pathlib.Path(os.environ["PYTEST_XDIST_WORKER"] + ".hits").write_text(str(hits))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="locks of files are not on this system")
def test_workers_of_pytest_share_what_one_of_them_compiled(tmp_path):
    """Two workers want the same function at once: one compiles it, the other loads it."""
    pytest.importorskip("xdist")
    (tmp_path / "squared.py").write_text(SQUARE)
    for name in ("one", "two"):
        (tmp_path / f"test_{name}.py").write_text(WORKER)
    root = Path(spikelearn.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "-p", "no:cacheprovider", "."],
        cwd=tmp_path, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": str(root)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert sorted(path.read_text() for path in tmp_path.glob("*.hits")) == ["0", "1"]
    assert len(list((tmp_path / "__pycache__").glob("*.nbc"))) == 1
