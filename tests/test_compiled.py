import os

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
