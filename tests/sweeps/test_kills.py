"""Drivers and workers killed with -9 at random moments: the result is that of a serial run, bit for bit."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import xarray as xr

import spikelearn as sl
from spikelearn.sweeps.parts import written_parts
from tests.sweeps.functions import GRID, draw

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def undisturbed():
    return sl.sweep(draw, GRID, executor="serial", progress=False)


def start(store, workers):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.sweeps.functions", str(store), str(workers)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
    )


def children(pid):
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(path.parent.name))
    return found


def wait_for_parts(store, number, process):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if (store / "parts").is_dir() and len(written_parts(store)) > number:
            return
        time.sleep(0.002)


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_any_number_of_workers_gives_the_same(undisturbed, workers):
    xr.testing.assert_identical(undisturbed, sl.sweep(draw, GRID, executor=workers, progress=False))


def kill_and_go_on(store, undisturbed, kills, rng):
    for _ in range(kills):
        before = len(written_parts(store)) if (store / "parts").is_dir() else 0
        process = start(store, 2)
        wait_for_parts(store, before, process)
        time.sleep(rng.uniform(0, 0.03))
        workers = children(process.pid)
        process.kill()
        process.communicate()
        # Orphans leave by themselves, and do not hold the lock.
        deadline = time.monotonic() + 5
        while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not any(Path(f"/proc/{pid}").exists() for pid in workers)
    there = int(sl.sweeps.open(store)["done"].sum())
    found = sl.sweep(draw, GRID, store=store, executor=2, progress=False)
    xr.testing.assert_identical(found, undisturbed)
    assert found["error"].sel(x=2.0, k=7) == "ValueError: no value at 2.0"
    return there


def test_a_killed_driver_loses_nothing(tmp_path, undisturbed):
    there = kill_and_go_on(tmp_path, undisturbed, 1, random.Random(1))
    assert 0 < there < 200


@pytest.mark.slow
def test_ten_killed_drivers_lose_nothing(tmp_path, undisturbed):
    kill_and_go_on(tmp_path, undisturbed, 10, random.Random(2))


def test_killed_workers_lose_nothing(tmp_path, undisturbed):
    process, rng, killed = start(tmp_path, 2), random.Random(3), 0
    wait_for_parts(tmp_path, 0, process)
    while process.poll() is None and killed < 10:
        workers = children(process.pid)
        if workers:
            try:
                os.kill(rng.choice(workers), signal.SIGKILL)
                killed += 1
            except ProcessLookupError:
                pass
        time.sleep(rng.uniform(0.02, 0.08))
    assert process.communicate(timeout=60)[1] == b""
    assert process.returncode == 0
    assert killed >= 3
    xr.testing.assert_identical(sl.sweeps.open(tmp_path).drop_vars("done"), undisturbed)
