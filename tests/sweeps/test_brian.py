"""Brian2 inside sweeps: programs that are built once, compilers that meet, and threads."""

import functools
import glob
import os
import signal
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import spikelearn as sl
from spikelearn.simulation.targets import why_not
from spikelearn.sweeps import programs

compiler = pytest.mark.skipif(why_not("cpp_standalone") is not None, reason="Brian2 cannot compile here")
NOISY = """
title = "A noisy neuron of one's own"
[model]
equations = '''
dv/dt = (drive - v)/tau + spread*sqrt(2/tau)*xi : volt
drive : volt (constant)
'''
threshold = "v > 15*mV"
reset = "v = 0*mV"
parameters = { drive = "20 mV", tau = "10 ms", spread = "3 mV" }
[run]
duration = "0.3 s"
"""
GRID = {"drive": ["10 mV", "14 mV", "20 mV"], "n": [1]}


@pytest.fixture
def noisy(tmp_path):
    file = tmp_path / "noisy.toml"
    file.write_text(NOISY)
    return file


def test_threads_that_share_brian2_give_what_one_gives(noisy):
    options = {"measure": "spike_count", "n_repeats": 4, "run": {"duration": "0.1 s"}, "progress": False}
    with ThreadPoolExecutor(4) as pool:
        found = sl.sweep(noisy, {"drive": ["20 mV"]}, executor=pool, **options)
    alone = sl.sweep(noisy, {"drive": ["20 mV"]}, executor="serial", **options)
    xr.testing.assert_identical(found, alone)
    assert len(np.unique(alone["spike_count"])) > 1


def simulated(k, seed):
    neuron = sl.AdaptiveLIF(V_0="30 mV", t_d="1 ms")
    return {"count": sl.simulate(neuron, 0.05, engine="brian2", seed=seed % 1000, record="counts").counts[0, 0]}


def test_functions_that_simulate_may_meet_in_threads():
    with ThreadPoolExecutor(3) as pool:
        found = sl.sweep(simulated, {"k": range(3)}, executor=pool, progress=False)
    assert not found["failed"].any()
    assert len(np.unique(found["count"])) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "fortran"}, "Brian2 has no target 'fortran'"),
        ({"engine": "array"}, "EquationNeuron has no engine 'array'"),
    ],
)
def test_engines_and_targets_that_are_not_there(noisy, options, message):
    with pytest.raises(ValueError, match=message):
        sl.sweep(noisy, GRID, measure="spike_count", executor="serial", **options)


def test_a_function_chooses_its_own_engine():
    with pytest.raises(ValueError, match="engine and target must be left out for a function"):
        sl.sweep(simulated, {"k": [1]}, engine="exact")


@pytest.mark.slow
@compiler
def test_a_program_is_built_once_in_a_process_and_leaves_nothing_behind(noisy, monkeypatch, tmp_path):
    built, original = [], programs._built

    def counted(*given):
        built.append(os.getpid())
        return original(*given)

    monkeypatch.setattr(programs, "_built", counted)
    options = {"measure": ["spike_count", "mean_interval"], "target": "cpp_standalone", "n_repeats": 2}
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    alone = sl.sweep(noisy, GRID, executor="serial", progress=False, **options)
    assert built == [os.getpid()]
    assert not alone["failed"].any()
    shared = sl.sweep(noisy, GRID, executor=2, progress=False, **options)
    xr.testing.assert_identical(alone, shared)
    assert not list((tmp_path / "temporary").glob("spikelearn_*"))
    counts = alone["spike_count"].mean("repeat").values[:, 0]
    # Without noise 20 mV gives an interval of tau log 4, 21 spikes; 10 mV gives none.
    assert counts[0] < counts[1] < counts[2]
    assert abs(counts[2] - 21) < 8
    assert len(np.unique(alone["spike_count"].values)) > 3


def compiled(k, seed, folder):
    """One of the Cython compilers; the first is killed in the middle of its work, under the lock."""
    from brian2 import Network, NeuronGroup, ms, prefs

    from spikelearn.brian.session import session

    prefs["codegen.runtime.cython.cache_dir"] = folder
    if k == 0 and not Path(folder, "killed").exists():

        def kill():
            while not glob.glob(f"{folder}/*.pyx"):
                time.sleep(0.002)
            Path(folder, "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)

        threading.Thread(target=kill, daemon=True).start()
    with session("cython") as brian:
        group = NeuronGroup(2, "dv/dt = (1 - v)/(10*ms) : 1", method="exact", dt=0.1 * ms, name="cells")
        brian.run(Network(group), 10 * ms, namespace={"ms": ms})
        return {"v": float(group.v[0])}


@pytest.mark.slow
@pytest.mark.skipif(why_not("cython") is not None, reason="Brian2 has no Cython here")
def test_workers_that_compile_at_once_wait_for_each_other_and_not_for_the_dead(tmp_path):
    function = functools.partial(compiled, folder=str(tmp_path))
    found = sl.sweep(function, {"k": range(4)}, executor=2, timeout=300, progress=False)
    assert (tmp_path / "killed").exists()
    assert found["error"].values.tolist() == [""] * 4
    np.testing.assert_allclose(found["v"], 1 - np.exp(-1), rtol=1e-12)
    # One code object, whose source is removed once it is compiled.
    assert len(glob.glob(f"{tmp_path}/*.so")) == 1
