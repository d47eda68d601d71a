"""Foreign executors: pools of the standard library, and Dask on loopback where it is installed."""

from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor

import pytest
import xarray as xr

import spikelearn as sl
from tests.sweeps.functions import GRID, draw, wicked


class Forgetful(ThreadPoolExecutor):
    """Loses every chunk that holds the point x = 2, as a cluster loses the task that kills its worker."""

    def submit(self, function, /, *args):
        if any(point.values["x"].plain == 2 for point in args[1]):
            lost = Future()
            lost.set_exception(LookupError("KilledWorker"))
            return lost
        return super().submit(function, *args)


def harmless(x, seed):
    return {"y": x}


def test_threads_give_the_same():
    with ThreadPoolExecutor(4) as pool:
        found = sl.sweep(draw, GRID, executor=pool, progress=False)
    xr.testing.assert_identical(found, sl.sweep(draw, GRID, executor="serial", progress=False))


@pytest.mark.parametrize("kept", [True, False])
def test_a_point_that_an_executor_loses_three_times_is_given_up(tmp_path, kept):
    with Forgetful(2) as pool:
        found = sl.sweep(harmless, {"x": range(6)}, executor=pool, store=tmp_path if kept else None)
    assert found["failed"].values.tolist() == [False, False, True, False, False, False]
    assert found["error"].values[2] == "WorkerDied: 3 workers were lost at this point, LookupError"


def test_a_broken_pool_is_said_and_the_store_goes_on(tmp_path):
    grid = {"x": [0, 1, 2, 5]}
    with (
        ProcessPoolExecutor(1) as pool,
        pytest.raises(RuntimeError, match="the executor is broken .* call sweep again"),
    ):
        sl.sweep(wicked, grid, executor=pool, store=tmp_path)
    found = sl.sweep(wicked, grid, store=tmp_path, executor=1)
    assert found["failed"].values.tolist() == [False, False, True, False]
