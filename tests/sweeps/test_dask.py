"""Dask on loopback: a local cluster, and a scheduler and workers as processes of their own, one of them killed."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import xarray as xr

import spikelearn as sl
from spikelearn.cli import main
from spikelearn.sweeps.parts import written_parts
from tests.sweeps.functions import GRID, draw, wicked

distributed = pytest.importorskip("distributed")
dask_package = pytest.importorskip("dask")
pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
FILE = """
title = "Intervals over the drive"
[model]
system = "AdaptiveLIF"
parameters = { V_0 = "30 mV" }
[run]
duration = "0.5 s"
[sweep]
grid = { V_0 = ["20 mV", "30 mV"], duration = ["0.5 s", "1 s"] }
measure = ["spike_count"]
"""


@pytest.fixture(scope="module")
def undisturbed():
    return sl.sweep(draw, GRID, executor="serial", progress=False)


def test_a_local_cluster_of_two_workers_gives_the_same_to_the_last_bit(undisturbed, tmp_path):
    with (
        # Dask itself would give a task to four workers before it says that it has lost them.
        dask_package.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as cluster,
        distributed.Client(cluster) as client,
    ):
        executor = client.get_executor(pure=False)
        xr.testing.assert_identical(undisturbed, sl.sweep(draw, GRID, executor=executor, progress=False))
        kept = sl.sweep(draw, GRID, executor=executor, store=tmp_path, progress=False)
        xr.testing.assert_identical(undisturbed, kept)
        deadly = sl.sweep(wicked, {"x": [0, 1, 2, 3, 5, 6]}, executor=executor, progress=False)
    assert deadly["x"][deadly["failed"]].values.tolist() == [2, 3]
    assert deadly["error"].values[2].startswith("WorkerDied: 3 workers were lost at this point, KilledWorker")
    assert deadly["error"].values[3] == "KeyError: 'three'"


def dask(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "critical"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@pytest.fixture
def separate(tmp_path):
    """Give the address of a scheduler and its two workers, three processes on loopback."""
    file = tmp_path / "scheduler.json"
    started = [dask("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))]
    try:
        deadline = time.monotonic() + 60
        while not (file.exists() and file.read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        address = json.loads(file.read_text())["address"]
        for _ in range(2):
            started.append(
                dask("worker", address, "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard")
            )
        yield address, started[1:]
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_one_of_two_separate_workers_is_killed_in_the_middle(separate, undisturbed, tmp_path):
    address, workers = separate
    store, killed = tmp_path / "store", []

    def watch():
        while not killed:
            if (store / "parts").is_dir() and len(written_parts(store)) > 2:
                os.kill(workers[0].pid, signal.SIGKILL)
                killed.append(int(sl.sweeps.open(store)["done"].sum()))
            time.sleep(0.005)

    with distributed.Client(address) as client:
        client.wait_for_workers(2, timeout=60)
        threading.Thread(target=watch, daemon=True).start()
        found = sl.sweep(draw, GRID, executor=client.get_executor(pure=False), store=store, progress=False)
    assert killed
    assert killed[0] < found["failed"].size
    assert workers[0].wait(timeout=10) == -signal.SIGKILL
    assert workers[1].poll() is None
    xr.testing.assert_identical(found, undisturbed)


def test_the_command_sends_its_points_to_a_scheduler(separate, tmp_path, monkeypatch, capsys):
    address, _ = separate
    monkeypatch.chdir(tmp_path)
    Path("drive.toml").write_text(FILE)
    main(["sweep", "drive.toml", "-q", "--dask", address])
    assert "points: V_0 2 x duration 2; failed: 0" in capsys.readouterr().out
    here = sl.sweep("drive.toml", {"V_0": ["20 mV", "30 mV"], "duration": ["0.5 s", "1 s"]}, measure=["spike_count"])
    with xr.open_dataset("runs/drive-sweep/sweep.nc") as there:
        xr.testing.assert_identical(there["spike_count"].load(), here["spike_count"])
