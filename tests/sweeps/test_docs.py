"""What docs/sweeps.md shows is what happens."""

import tomllib
from pathlib import Path

import pytest
import xarray as xr

import spikelearn as sl
from spikelearn.catalogue.files import SWEEP_KEYS

DOCS = Path(sl.__file__).parent.parent / "docs" / "sweeps.md"
if not DOCS.is_file():
    pytest.skip("installed without its documents", allow_module_level=True)
TEXT = DOCS.read_text(encoding="utf-8")
BLOCKS = [part.partition("```")[0] for part in TEXT.split("```python\n")[1:]]


def test_the_page_on_sweeps(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    (tmp_path / "page.py").write_text(BLOCKS[0])
    exec(compile(BLOCKS[0], str(tmp_path / "page.py"), "exec"), names)
    assert names["result"]["mean"].dims == ("gain", "tau", "repeat")
    assert names["result"]["tau"].attrs["units"] == "s"
    xr.testing.assert_identical(sl.sweeps.open("noisy").drop_vars("done"), names["result"])
    exec(compile(BLOCKS[1], "page", "exec"), names)
    assert names["swept"]["spike_count"].shape == (2, 2)
    assert not names["intervals"]["failed"].any()
    assert len(names["figure"].axes[0].lines) == 2
    table = tomllib.loads(TEXT.partition("```toml\n")[2].partition("```")[0])
    assert set(table["sweep"]) <= set(SWEEP_KEYS)


@pytest.mark.slow
def test_the_block_on_dask():
    pytest.importorskip("distributed")
    names: dict = {"sl": sl}
    exec(compile(BLOCKS[2], "page", "exec"), names)
    here = sl.sweep(
        "bursting",
        {"V_0": ["18 mV", "20 mV"], "duration": ["4 s", "6 s"]},
        measure=["spike_count"],
        executor="serial",
    )
    xr.testing.assert_identical(names["again"], here)
