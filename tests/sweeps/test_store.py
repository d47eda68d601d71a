import errno
import json
import multiprocessing
import os
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import spikelearn as sl
from spikelearn.storage.files import whole_folder, write_manifest
from spikelearn.sweeps import parts as stores
from spikelearn.sweeps.outcome import Outcome
from tests.sweeps.functions import add, other

GRID = {"a": [1.0, 2.0, 3.0], "b": [1, 2]}


def counted(folder):
    """A function that leaves a mark in a folder each time it is called."""

    def leave(a, b, seed):
        with Path(folder).open("a") as marks:
            marks.write("x")
        return {"sum": a + b}

    return leave


def test_a_store_is_continued_and_nothing_runs_twice(tmp_path):
    marks = tmp_path / "marks"
    first = sl.sweep(counted(str(marks)), GRID, store=tmp_path / "s", executor=2)
    assert len(marks.read_text()) == 6
    xr.testing.assert_identical(first, sl.sweep(counted(str(marks)), GRID, store=tmp_path / "s", executor="serial"))
    assert len(marks.read_text()) == 6
    lost = stores.written_parts(tmp_path / "s")[0]
    n_lost = len(list(stores.read_part(lost)))
    lost.unlink()
    there = sl.sweeps.open(tmp_path / "s")
    assert int((~there["done"]).sum()) == n_lost
    assert not there["failed"].any()
    assert np.isnan(there["sum"].values[~there["done"].values]).all()
    xr.testing.assert_identical(first, sl.sweep(counted(str(marks)), GRID, store=tmp_path / "s", executor=2))
    assert len(marks.read_text()) == 6 + n_lost
    xr.testing.assert_identical(first, sl.sweeps.open(tmp_path / "s").drop_vars("done"))


@pytest.mark.parametrize(
    ("function", "grid", "options", "message"),
    [
        (add, {**GRID, "a": [1.0, 2.0]}, {}, r"grid.columns.a is \[\[1.0, \"1\"\], .* there and .* here"),
        (add, GRID, {"seed": 3}, "grid.seed is 0 there and 3 here"),
        (add, GRID, {"n_repeats": 2}, "grid.n_repeats is 1 there and 2 here"),
        (other, GRID, {}, "what.function is add there and other here"),
        (add, GRID, {"version": "2"}, "what.source is .* there and 2 here"),
    ],
)
def test_another_sweep_is_refused_with_the_difference(tmp_path, function, grid, options, message):
    sl.sweep(add, GRID, store=tmp_path, executor="serial")
    with pytest.raises(ValueError, match=message):
        sl.sweep(function, grid, store=tmp_path, executor="serial", **options)


def test_another_version_of_a_package_is_refused(tmp_path):
    sl.sweep(add, GRID, store=tmp_path, executor="serial")
    path = tmp_path / "sweep.json"
    content = json.loads(path.read_text())
    content["versions"]["numpy"] = "1.0"
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"versions.numpy is 1.0 there and"):
        sl.sweep(add, GRID, store=tmp_path, executor="serial")


def test_what_a_function_closes_over_enters_its_digest_or_is_refused(tmp_path):
    def scaled(factor):
        return lambda a, b, seed: {"sum": factor * a}

    sl.sweep(scaled(2.0), GRID, store=tmp_path / "two", executor="serial")
    sl.sweep(scaled(2.0), GRID, store=tmp_path / "two", executor="serial")
    with pytest.raises(ValueError, match="what.source is"):
        sl.sweep(scaled(3.0), GRID, store=tmp_path / "two", executor="serial")
    thing = object()

    def closed(a, b, seed):
        return {"y": hash(thing) * 0}

    with pytest.raises(TypeError, match=r"thing, over which .*closed closes, is a object, whose content .* version="):
        sl.sweep(closed, GRID, store=tmp_path / "three", executor="serial")
    assert not (tmp_path / "three").exists()
    assert sl.sweep(closed, GRID, store=tmp_path / "three", executor="serial", version="1")["y"].sum() == 0


def test_failures_are_tried_again_when_asked_to(tmp_path):
    weather = tmp_path / "weather"
    weather.write_text("rain")

    def fickle(a, b, seed):
        with (tmp_path / "calls").open("a") as calls:
            calls.write("x")
        if b == 2 and weather.read_text() == "rain":
            raise OSError("no file yet")
        return {"sum": a + b} if a > 1 else {"sum": a - b}

    def run(**options):
        (tmp_path / "calls").write_text("")
        found = sl.sweep(fickle, GRID, store=tmp_path / "s", executor="serial", version="1", **options)
        return found, len((tmp_path / "calls").read_text())

    found, calls = run()
    assert (int(found["failed"].sum()), calls) == (3, 6)
    weather.write_text("sun")
    found, calls = run()
    assert (int(found["failed"].sum()), calls) == (3, 0)
    found, calls = run(retry=True)
    assert (int(found["failed"].sum()), calls) == (0, 3)
    np.testing.assert_array_equal(found["sum"], [[0.0, -1.0], [3.0, 4.0], [4.0, 5.0]])
    xr.testing.assert_identical(found, sl.sweeps.open(tmp_path / "s").drop_vars("done"))
    assert run(retry=True)[1] == 0
    with pytest.raises(TypeError, match="retry must be True or False, got 'yes'"):
        run(retry="yes")


def test_failures_that_share_a_part_with_successes_are_taken_out(tmp_path):
    (tmp_path / "parts").mkdir()
    outcomes = [Outcome(), Outcome(error="ValueError: no", traceback="T"), Outcome()]
    stores.write_part(tmp_path / "parts", ["a", "b", "c"], outcomes)
    assert [key for key, _ in stores.read_part(stores.written_parts(tmp_path)[0])] == ["a", "b", "c"]
    assert stores.forget_failures(tmp_path) == 1
    (left,) = stores.written_parts(tmp_path)
    assert [(key, outcome.error) for key, outcome in stores.read_part(left)] == [("a", ""), ("c", "")]


def test_places_that_cannot_be_a_store(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    with pytest.raises(ValueError, match=r"must be empty or hold a sweep; it holds letter.txt"):
        sl.sweep(add, GRID, store=tmp_path / "full", executor="serial")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["letter.txt"]
    with pytest.raises(OSError, match="cannot write into"):
        sl.sweep(add, GRID, store=tmp_path / "full" / "letter.txt", executor="serial")
    with pytest.raises(FileNotFoundError, match="must hold a sweep"):
        sl.sweeps.open(tmp_path / "full")
    sl.sweep(add, GRID, store=tmp_path / "s", executor="serial")
    part = stores.written_parts(tmp_path / "s")[0]
    part.write_bytes(part.read_bytes()[:100])
    with pytest.raises(ValueError, match=f"{part.name} must be a part of a sweep; it is damaged: remove it"):
        sl.sweep(add, GRID, store=tmp_path / "s", executor="serial")
    part.unlink()
    (tmp_path / "s" / "parts" / "x.npz").mkdir()
    with pytest.raises(OSError, match=r"cannot read .*x.npz: Is a directory"):
        sl.sweeps.open(tmp_path / "s")
    (tmp_path / "s" / "parts").rename(tmp_path / "s" / "away")
    with pytest.raises(FileNotFoundError, match="cannot read .*parts: No such file"):
        sl.sweeps.open(tmp_path / "s")
    (tmp_path / "s" / "sweep.json").write_text("{")
    with pytest.raises(ValueError, match="is no description of a sweep"):
        sl.sweeps.open(tmp_path / "s")


@pytest.mark.parametrize("executor", ["serial", 2])
def test_a_full_disk_ends_the_sweep_in_one_line_and_loses_nothing(tmp_path, monkeypatch, executor):
    true, calls = os.fsync, []

    def fsync(handle):
        calls.append(handle)
        if len(calls) > 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        true(handle)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fsync)
        patched.setattr("spikelearn.sweeps.chunks._PATIENCE", -1.0)
        with pytest.raises(OSError, match=r"cannot write .*\.npz: No space left on device"):
            sl.sweep(add, GRID, store=tmp_path, executor=executor)
    assert not list((tmp_path / "parts").glob(".*"))
    assert sl.sweeps.open(tmp_path)["done"].sum() >= 1
    whole = sl.sweep(add, GRID, store=tmp_path, executor=executor)
    xr.testing.assert_identical(whole, sl.sweep(add, GRID, executor="serial"))


def test_half_parts_of_workers_that_are_ended_do_not_stay(tmp_path, monkeypatch):
    true, driver = os.fsync, os.getpid()

    def fsync(handle):
        if os.getpid() == driver:
            return true(handle)
        try:
            os.close(os.open(tmp_path / "marker", os.O_CREAT | os.O_EXCL))
        except FileExistsError:  # the second writer, once the first is at its part
            raise OSError(errno.ENOSPC, "No space left on device") from None
        time.sleep(60)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fsync)
        patched.setattr("spikelearn.sweeps.chunks._PATIENCE", -1.0)
        with pytest.raises(OSError, match="No space left on device"):
            sl.sweep(slow, GRID, store=tmp_path / "s", executor=2, progress=False)
    assert not list((tmp_path / "s" / "parts").glob(".*"))


def test_half_parts_of_the_dead_are_removed_and_those_of_the_living_stay(tmp_path):
    sl.sweep(add, GRID, store=tmp_path, executor="serial")
    parts, whole = tmp_path / "parts", set(os.listdir(tmp_path / "parts"))
    for folder in (tmp_path, parts):
        (folder / ".abcdef.tmp").write_bytes(b"half")
    handle, living = stores._temporary(parts)
    try:
        sl.sweep(add, GRID, store=tmp_path, executor="serial")
        assert set(os.listdir(parts)) == {*whole, living.name}
        assert set(os.listdir(tmp_path)) == {"sweep.json", "lock", "parts"}
    finally:
        os.close(handle)
    sl.sweep(add, GRID, store=tmp_path, executor="serial")
    assert set(os.listdir(parts)) == whole


def test_a_driver_killed_before_it_described_its_sweep_leaves_a_store_that_can_be_begun(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "lock").touch()
    (tmp_path / ".abcdef.tmp").write_bytes(b"half")
    assert sl.sweep(add, GRID, store=tmp_path, executor="serial")["sum"].notnull().all()


def test_the_umask_decides_who_may_read_a_store(tmp_path):
    before = os.umask(0o027)
    try:
        sl.sweep(add, GRID, store=tmp_path / "s", executor=1)
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "s").rglob("*") if path.is_file()}
    assert modes == {0o640}


def test_a_store_is_no_place_in_other_results(tmp_path):
    with whole_folder(tmp_path / "run") as folder:
        write_manifest(folder, "recording", {})
    sl.sweep(add, GRID, store=tmp_path / "s", executor="serial")
    before = sorted(tmp_path.rglob("*"))
    for place in (tmp_path / "run", tmp_path / "run" / "inner", tmp_path / "run" / "a" / "b"):
        with pytest.raises(ValueError, match=f"{place} must lie outside of other results; .*run holds a recording"):
            sl.sweep(add, GRID, store=place, executor="serial")
    with pytest.raises(ValueError, match="must lie outside of the parts of another sweep"):
        sl.sweep(add, GRID, store=tmp_path / "s" / "parts" / "inner", executor="serial")
    assert sorted(tmp_path.rglob("*")) == before


def test_two_threads_of_one_process_compute_every_point_once(tmp_path, capfd):
    def marked(a, b, seed):
        with (tmp_path / "calls").open("a") as calls:
            calls.write("x")
        time.sleep(0.02)
        return {"sum": a + b}

    def run(_):
        return sl.sweep(marked, GRID, store=tmp_path / "s", executor="serial", version="1", progress=False)

    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(run, range(3)))
    assert len((tmp_path / "calls").read_text()) == 6
    xr.testing.assert_identical(found[0], found[1])
    xr.testing.assert_identical(found[0], found[2])
    assert "another thread works on" in capfd.readouterr().err


@pytest.mark.parametrize("executor", ["serial", 1])
def test_a_point_that_asks_for_the_store_of_its_own_sweep_is_told_so(tmp_path, executor):
    def nested(a, b, seed):
        sl.sweep(add, GRID, store=tmp_path, executor="serial")

    found = sl.sweep(nested, {"a": [1], "b": [1]}, store=tmp_path, executor=executor, version="1", progress=False)
    said = "RuntimeError: sweep: a point must not go on with the store of its own sweep"
    assert found["error"].item().startswith(said)


def slow(a, b, seed):
    time.sleep(0.1)
    return {"sum": a + b}


def _drive(store):
    sl.sweep(slow, GRID, store=store, executor=1, progress=False)


def test_the_second_driver_waits_and_finds_all_done(tmp_path, capfd):
    first = multiprocessing.get_context("spawn").Process(target=_drive, args=(tmp_path,))
    first.start()
    deadline = time.monotonic() + 30
    while not (tmp_path / "sweep.json").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    before = sl.sweeps.open(tmp_path)["done"].sum()
    assert before < 6
    found = sl.sweep(slow, GRID, store=tmp_path, executor="serial", progress=False)
    first.join()
    assert first.exitcode == 0
    assert "another process works on" in capfd.readouterr().err
    assert found["sum"].notnull().all()
    keys = [key for path in stores.written_parts(tmp_path) for key, _ in stores.read_part(path)]
    assert len(keys) == len(set(keys)) == 6


def test_a_result_is_a_file_when_it_is_done(tmp_path):
    grid = {"V": ["1 mV", "2 mV"], "kind": ["a", "b"]}

    def some(V, kind, seed):
        if kind == "b":
            raise ValueError("not b")
        return {"y": V, "z": np.arange(3.0)}

    found = sl.sweep(some, grid, executor="serial", seed=2**70, n_repeats=2)
    found.to_netcdf(tmp_path / "s.nc")
    with xr.open_dataset(tmp_path / "s.nc") as read:
        xr.testing.assert_equal(read.load(), found)
        assert read["y"].attrs["units"] == read["V"].attrs["units"] == "V"
        assert read.attrs["seed"] == str(2**70)


def test_a_result_is_a_zarr_folder_when_it_is_done(tmp_path):
    pytest.importorskip("zarr")
    found = sl.sweep(add, {"a": [1.0, 2.0], "b": [3]}, executor="serial")
    with warnings.catch_warnings():
        # Zarr says that texts of fixed length have no specification yet.
        warnings.simplefilter("ignore")
        found.to_zarr(tmp_path / "s.zarr")
    with xr.open_zarr(tmp_path / "s.zarr") as read:
        xr.testing.assert_equal(read.load(), found)
