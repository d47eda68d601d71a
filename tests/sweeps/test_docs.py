"""What docs/sweeps.md shows is what happens."""

import gc
import tomllib
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import spikelearn as sl
from spikelearn.catalogue.files import SWEEP_KEYS

DOCS = Path(sl.__file__).parent.parent / "docs" / "sweeps.md"
if not DOCS.is_file():
    pytest.skip("installed without its documents", allow_module_level=True)
TEXT = DOCS.read_text(encoding="utf-8")
BLOCKS = [part.partition("```")[0] for part in TEXT.split("```python\n")[1:]]


GRID = {"V_0": ["18 mV", "20 mV"], "duration": ["4 s", "6 s"]}


def block(words):
    """The one block that holds some words."""
    (found,) = [text for text in BLOCKS if words in text]
    return compile(found, "page", "exec")


@pytest.fixture
def here():
    return sl.sweep("bursting", GRID, measure=["spike_count"], executor="serial")


def test_the_page_on_sweeps(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    (tmp_path / "page.py").write_text(BLOCKS[0])
    exec(compile(BLOCKS[0], str(tmp_path / "page.py"), "exec"), names)
    assert names["result"]["mean"].dims == ("gain", "tau", "repeat")
    assert names["result"]["tau"].attrs["units"] == "s"
    xr.testing.assert_identical(sl.sweeps.open("noisy").drop_vars("done"), names["result"])
    exec(block("intervals ="), names)
    assert names["swept"]["spike_count"].shape == (2, 2)
    assert not names["intervals"]["failed"].any()
    assert len(names["figure"].axes[0].lines) == 2
    exec(block("network ="), names)
    assert not names["network"]["failed"].any()
    assert not names["rule"]["failed"].any()
    exec(block("balanced ="), names)
    assert np.diff(names["one_by_one"].counts[0]).min() >= 0
    assert names["driven"].spikes.n_units == 4
    table = tomllib.loads(TEXT.partition("```toml\n")[2].partition("```")[0])
    assert set(table["sweep"]) <= set(SWEEP_KEYS)
    assert len(BLOCKS) == 7


@pytest.mark.slow
def test_the_block_on_dask(here):
    pytest.importorskip("distributed")
    names: dict = {"sl": sl}
    exec(block("LocalCluster(n_workers=2"), names)
    xr.testing.assert_identical(names["again"], here)


@pytest.mark.slow
# dask-jobqueue leaves the processes of its local jobs to the collector of garbage.
@pytest.mark.filterwarnings("ignore")
def test_the_block_on_slurm_with_jobs_of_the_local_shell(here, monkeypatch, tmp_path):
    """The job scripts of dask-jobqueue, handed to bash instead of sbatch."""
    jobqueue = pytest.importorskip("dask_jobqueue")
    from dask_jobqueue.local import LocalCluster
    from distributed import Client

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(jobqueue, "SLURMCluster", LocalCluster)
    names: dict = {"sl": sl, "Client": Client}
    exec(block("SLURMCluster"), names)
    xr.testing.assert_identical(names.pop("far"), here)
    names.clear()
    gc.collect()


@pytest.mark.slow
def test_the_block_on_executorlib(here):
    pytest.importorskip("executorlib")
    names: dict = {"sl": sl}
    exec(block("SingleNodeExecutor"), names)
    xr.testing.assert_identical(names["alone"], here)
