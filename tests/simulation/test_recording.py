import json
import os

import numpy as np
import pytest
import xarray as xr

import spikelearn as sl
from spikelearn.storage.files import whole_file, whole_folder


@pytest.fixture
def recording():
    rng = np.random.default_rng(1)
    trains = sl.SpikeTrains.from_trials(
        [[np.sort(rng.uniform(0, 2, k)) for k in (0, 3, 17)] for _ in range(2)], t_start=0.0, t_stop=2.0
    )
    traces = xr.Dataset(
        {"u": (("time", "neuron"), rng.normal(size=(5, 3)), {"units": "V"})},
        coords={"time": ("time", np.arange(5) * 0.1, {"units": "s"})},
    )
    return sl.Recording(trains, traces, {"engine": "test", "seed": 1})


def test_a_folder_gives_back_every_bit(recording, tmp_path):
    recording.save(tmp_path / "run")
    again = sl.Recording.load(tmp_path / "run")
    assert again.spikes == recording.spikes
    assert again.traces.identical(recording.traces)
    assert again.provenance == recording.provenance
    assert np.array_equal(again.counts, recording.counts)
    with pytest.raises(ValueError, match="read-only"):
        again.counts[0, 0] = 7


def test_counts_alone_survive(tmp_path):
    counts = np.array([[3, 0, 7]])
    sl.Recording(None, xr.Dataset(), {}, counts).save(tmp_path / "run")
    again = sl.Recording.load(tmp_path / "run")
    assert again.spikes is None
    assert np.array_equal(again.counts, counts)


def test_results_are_replaced_only_when_asked(recording, tmp_path):
    recording.save(tmp_path / "run")
    with pytest.raises(FileExistsError, match="already holds results"):
        recording.save(tmp_path / "run")
    recording.save(tmp_path / "run", overwrite=True)
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_foreign_files_are_never_touched(recording, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").write_text("words")
    with pytest.raises(FileExistsError, match="must be empty or hold earlier results only; it also holds chapter1.tex"):
        recording.save(tmp_path / "thesis", overwrite=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError, match="must be a folder"):
        recording.save(tmp_path / "file")
    assert (tmp_path / "thesis" / "chapter1.tex").read_text() == "words"


def test_notes_beside_earlier_results_are_never_lost(recording, tmp_path):
    recording.save(tmp_path / "run")
    (tmp_path / "run" / "notes.txt").write_text("seen")
    with pytest.raises(FileExistsError, match=r"it also holds notes.txt"):
        recording.save(tmp_path / "run", overwrite=True)
    foreign = tmp_path / "extension"
    foreign.mkdir()
    (foreign / "manifest.json").write_text('{"name": "a browser extension"}')
    with pytest.raises(FileExistsError, match=r"it also holds manifest.json"):
        recording.save(foreign, overwrite=True)
    assert (tmp_path / "run" / "notes.txt").read_text() == "seen"


def test_the_current_folder_is_no_place_for_results(recording, tmp_path, monkeypatch):
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    for place in (".", "..", "../../a"):
        with pytest.raises(FileExistsError, match="must be a folder of its own"):
            recording.save(place)
    recording.save("../c")
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == ["b", "c"]


def test_a_link_is_followed(recording, tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "far")
    recording.save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert sl.Recording.load(tmp_path / "far").spikes == recording.spikes


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions differ on Windows")
def test_a_read_only_folder_is_one_clear_line(recording, tmp_path):
    if os.geteuid() == 0:
        pytest.skip("the superuser can write everywhere")
    (tmp_path / "shut").mkdir(mode=0o500)
    with pytest.raises(OSError, match="cannot write into"):
        recording.save(tmp_path / "shut" / "run")


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_nothing_half_written_remains(error, tmp_path):
    with pytest.raises(error), whole_folder(tmp_path / "run") as folder:
        (folder / "part").write_text("x")
        raise error
    with pytest.raises(error), whole_file(tmp_path / "file.txt") as path:
        path.write_text("x")
        raise error
    assert list(tmp_path.iterdir()) == []


def test_a_truncated_file_is_refused(recording, tmp_path):
    recording.save(tmp_path / "run")
    path = tmp_path / "run" / "spikes.nc"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"spikes.nc was truncated or changed"):
        sl.Recording.load(tmp_path / "run")
    path.unlink()
    with pytest.raises(ValueError, match=r"must hold spikes.nc, which is missing"):
        sl.Recording.load(tmp_path / "run")


def test_a_folder_of_something_else_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"must hold a manifest.json"):
        sl.Recording.load(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ValueError, match="is not a manifest"):
        sl.Recording.load(tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps({"kind": "soup", "files": [1]}))
    with pytest.raises(ValueError, match="is not a manifest"):
        sl.Recording.load(tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps({"kind": "recording", "files": {}, "format": 99}))
    with pytest.raises(ValueError, match="must have format 2, got 99"):
        sl.Recording.load(tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps({"kind": "soup", "files": {}, "format": 1}))
    with pytest.raises(ValueError, match="must hold a recording, got a soup"):
        sl.Recording.load(tmp_path)


def test_an_unwritable_place_is_one_clear_line(recording, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="cannot write into"):
        recording.save(tmp_path / "file" / "run")
