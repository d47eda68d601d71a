"""What docs/spike_trains.md shows is what happens."""

from pathlib import Path

import numpy as np
import pytest

import spikelearn as sl

DOCS = Path(sl.__file__).parent.parent / "docs" / "spike_trains.md"


@pytest.mark.skipif(not DOCS.is_file(), reason="installed without its documents")
def test_the_page_on_spike_trains(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = DOCS.read_text(encoding="utf-8")
    table = text.partition("```text\n")[2].partition("```")[0]
    Path("cells.csv").write_text(table, encoding="utf-8")
    blocks = [part.partition("```")[0] for part in text.split("```python\n")[1:]]
    names: dict = {}
    exec(compile(blocks[0], "docs", "exec"), names)
    assert names["trains"].unit_ids == ("A3", "B1", "C2")
    assert names["trains"].trial_ids == (1, 2, 3, 4)
    assert names["trains"].counts().tolist() == [[1, 0, 0], [1, 0, 0], [0, 0, 0], [0, 1, 0]]
    assert names["trains"].times.tolist() == [0.1035, 0.08725, 0.211]
    exec(compile(blocks[1], "docs", "exec"), names)
    assert sl.analyses.rate(names["trains"]).sel(unit="C2").values.tolist() == [0, 0, 0, 0]
    exec(compile(blocks[3], "docs", "exec"), names)
    assert names["trains"].select_units(ids=905).train().tolist() == [0.2]
    assert names["trains"].select_units([1]).unit_ids == (905,)
    assert names["trains"].select_units(quality="good").unit_ids == (17,)
    long = sl.SpikeTrains.from_arrays([np.arange(100) / 10], t_stop=10.0)
    names |= {"recording": long, "events": [0.1, 5.0]}
    exec(compile(blocks[4], "docs", "exec"), names)
    assert sl.analyses.rate(names["trains"]).values.tolist() == [[2.0], [2.0]]
    np.testing.assert_allclose(names["cuts"].observed, [[-0.1, 0.8], [-0.2, 0.8]])
