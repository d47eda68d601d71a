"""Brian2's Cython target where neither home nor cache can be written to, as in containers and on clusters."""

import os
import subprocess
import sys
import tempfile

import pytest

from spikelearn.brian import cache
from spikelearn.brian.session import session
from spikelearn.simulation.targets import why_not

KEY = "codegen.runtime.cython.cache_dir"


@pytest.fixture
def nowhere(tmp_path):
    """A folder that not even the superuser can make: a file lies in its way."""
    from brian2 import prefs

    (tmp_path / "file").write_text("")
    before, prefs[KEY] = prefs[KEY], str(tmp_path / "file" / "cache")
    cache._own_folder.cache_clear()
    yield str(tmp_path / "file" / "cache")
    prefs[KEY] = before
    cache._own_folder.cache_clear()


def test_a_folder_of_the_process_takes_the_place(nowhere, capsys):
    from brian2 import prefs

    places = []
    for _ in range(2):
        with cache.writable_cache() as place:
            assert place == prefs[KEY] != nowhere
            assert os.access(place, os.W_OK)
            places.append(place)
        assert prefs[KEY] == nowhere, "what the user chose is as before"
    assert places[0] == places[1], "what was compiled is used again"
    said = capsys.readouterr().err
    assert said == f"spikelearn: {nowhere} cannot be written to; Brian2 compiles its code anew in every process\n"


def test_a_folder_that_can_be_written_to_is_left_to_brian2(tmp_path, capsys):
    from brian2 import prefs

    before, prefs[KEY] = prefs[KEY], str(tmp_path / "cache")
    try:
        with cache.writable_cache() as place:
            assert place == prefs[KEY] == str(tmp_path / "cache")
    finally:
        prefs[KEY] = before
    assert list((tmp_path / "cache").iterdir()) == []
    assert capsys.readouterr().err == ""


def test_without_any_place_the_target_is_refused(nowhere, monkeypatch):
    def full(**_):
        raise FileNotFoundError("no usable temporary directory")

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    with pytest.raises(RuntimeError, match="no folder for compiled code can be written to, neither .*; numpy works"):
        cache.writable_cache().__enter__()


@pytest.mark.skipif(why_not("cython") is not None, reason="Cython needs a compiler and Python's headers")
def test_a_session_asks_for_a_place(nowhere):
    from brian2 import prefs

    with session("cython"):
        assert prefs[KEY] not in (None, nowhere)
    with session("numpy"):
        assert prefs[KEY] == nowhere


RUN = """
import spikelearn as sl
found = sl.simulate(sl.AdaptiveLIF(V_0="30 mV", delta_g=0.02), 0.05, engine="brian2", target="cython", dt=1e-4)
same = sl.simulate(sl.AdaptiveLIF(V_0="30 mV", delta_g=0.02), 0.05, engine="brian2", target="numpy", dt=1e-4)
print(found.spikes.same_spikes(same.spikes), found.spikes.n_spikes > 3, found.provenance["target"])
"""


@pytest.mark.slow
@pytest.mark.skipif(why_not("cython") is not None, reason="Cython needs a compiler and Python's headers")
@pytest.mark.skipif(not os.path.isdir("/proc"), reason="a home in which nothing can be made")
def test_cython_runs_without_a_home(tmp_path):
    """It ended with an OSError. Compiles for half a minute, and leaves nothing behind."""
    place = {name: str(tmp_path) for name in ("TMPDIR", "MPLCONFIGDIR")}
    home = {name: "/proc/nowhere" for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")}
    done = subprocess.run(
        [sys.executable, "-c", RUN], capture_output=True, text=True, check=False, env={**os.environ, **home, **place}
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == ["True", "True", "cython"]
    assert done.stderr.count("\n") == 1
    assert "cannot be written to; Brian2 compiles its code anew in every process" in done.stderr
    assert not list(tmp_path.glob("spikelearn_cython_*"))
