"""Whole or not at all: kills and faults at every step, other writers, other contents."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import spikelearn as sl
from spikelearn.storage import workspace
from spikelearn.storage.files import whole_file, whole_folder, write_manifest
from spikelearn.storage.manifest import origin, read_manifest

posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are killed by forking")


def killed(folder, what, number=0, timeout=120):
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("killed.py"), folder / "run", what, str(number)],
        capture_output=True, text=True, timeout=timeout, check=False,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(Path(sl.__file__).parents[1])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@posix
@pytest.mark.parametrize(
    "what",
    [
        "steps",
        "steps without exchange",
        "faults",
        "faults without exchange",
        "interrupts",
        pytest.param("steps that keep", marks=pytest.mark.slow),
        pytest.param("faults that keep", marks=pytest.mark.slow),
        pytest.param("interrupts without exchange", marks=pytest.mark.slow),
        pytest.param("terminations", marks=pytest.mark.slow),
    ],
)
def test_a_kill_a_fault_or_a_signal_at_any_step_leaves_the_old_or_the_new(tmp_path, what):
    assert killed(tmp_path / "here", what) > 30


@posix
@pytest.mark.slow
def test_two_hundred_kills_at_random_moments(tmp_path):
    assert killed(tmp_path / "here", "random", 200) == 200


@posix
@pytest.mark.slow
def test_four_writers_and_a_reader(tmp_path):
    assert killed(tmp_path / "here", "writers", 45) > 100


def save(folder, kind="soup", text="a", **options):
    with whole_folder(folder, overwrite=True, **options) as place:
        (place / "part.txt").write_text(text)
        write_manifest(place, kind, {key: value for key, value in options.items() if key == "source"})


def test_another_kind_and_another_source_are_never_replaced(tmp_path):
    save(tmp_path / "run", source=origin("a/spikes.csv"))
    with pytest.raises(FileExistsError, match="holds a soup, which a stew must not replace"):
        save(tmp_path / "run", kind="stew", text="b")
    began = False
    with pytest.raises(FileExistsError, match="holds a soup"), whole_folder(tmp_path / "run", overwrite=True, kind="x"):
        began = True
    assert not began, "refused before anything is calculated"
    with pytest.raises(FileExistsError, match=r"holds results of another file called spikes.csv, which those of spik"):
        save(tmp_path / "run", text="b", source=origin("b/spikes.csv"))
    assert (tmp_path / "run" / "part.txt").read_text() == "a"
    save(tmp_path / "run", text="b", source=origin("./a/spikes.csv"))
    save(tmp_path / "run", text="c")
    with pytest.raises(FileExistsError, match=r"holds results of something else, which those of spikes.csv must not"):
        save(tmp_path / "run", source=origin("a/spikes.csv"))
    assert (tmp_path / "run" / "part.txt").read_text() == "c"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_results_never_take_the_place_of_what_they_are_made_from(tmp_path):
    save(tmp_path / "run")
    for place in ("run", "run/deeper"):
        with pytest.raises(FileExistsError, match="must be another place than .*run, which is read"):
            save(tmp_path / place, inputs=[tmp_path / "run"])
    with pytest.raises(FileExistsError, match="must be another place than"):
        save(tmp_path / "run", inputs=[None, tmp_path / "run" / "part.txt"])
    assert (tmp_path / "run" / "part.txt").read_text() == "a"


@pytest.mark.skipif(os.name != "posix", reason="modes of files differ")
def test_the_umask_decides_who_may_read(tmp_path):
    old = os.umask(0o027)
    try:
        save(tmp_path / "run")
        with whole_file(tmp_path / "file.txt") as path:
            path.write_text("x")
    finally:
        os.umask(old)
    modes = {name: (tmp_path / name).stat().st_mode & 0o777 for name in ("run", "run/part.txt", "file.txt")}
    assert modes == {"run": 0o750, "run/part.txt": 0o640, "file.txt": 0o640}


def test_what_a_killed_process_left_is_swept_and_what_lives_is_not(tmp_path):
    (tmp_path / ".run.0123456789ab" / "new").mkdir(parents=True)
    (tmp_path / ".run.0123456789ab" / "lock").touch()
    (tmp_path / ".run.0123456789ac").mkdir()
    (tmp_path / ".run.notes" / "new").mkdir(parents=True)
    (tmp_path / ".run.0123456789ad" / "thesis").mkdir(parents=True)
    with whole_folder(tmp_path / "run") as one:
        save(tmp_path / "run")
        assert one.exists(), "this process still works there"
        (one / "part.txt").write_text("one")
        write_manifest(one, "soup", {})
        # It was not to be replaced when this began; nor may it be now.
        with pytest.raises(FileExistsError, match="already holds results"), whole_folder(tmp_path / "run"):
            pass
        for path in (tmp_path / "run").iterdir():
            path.unlink()
    assert {path.name for path in tmp_path.iterdir()} == {"run", ".run.notes", ".run.0123456789ad"}
    assert (tmp_path / "run" / "part.txt").read_text() == "one"


def test_half_an_exchange_is_undone_by_reading(tmp_path):
    """A system without an atomic exchange can be killed between two renames."""
    save(tmp_path / "run")
    (tmp_path / ".run.0123456789ab").mkdir()
    (tmp_path / "run").rename(tmp_path / ".run.0123456789ab" / "old")
    assert read_manifest(tmp_path / "run", "soup")["kind"] == "soup"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_what_was_put_aside_is_kept_if_it_cannot_come_back(tmp_path, monkeypatch):
    save(tmp_path / "run")
    honest, renames = os.rename, []

    def trouble(one, other):
        renames.append((one, other))
        if len(renames) > 1:
            raise OSError("disk trouble")
        honest(one, other)

    monkeypatch.setattr(workspace, "exchange", lambda one, other: False)
    monkeypatch.setattr(os, "rename", trouble)
    with pytest.raises(OSError, match="disk trouble"):
        save(tmp_path / "run", text="b")
    monkeypatch.undo()
    assert read_manifest(tmp_path / "run", "soup")["kind"] == "soup"
    assert (tmp_path / "run" / "part.txt").read_text() == "a"


@pytest.mark.parametrize("call", ["mkdir", "fsync", "replace", "open"])
def test_a_file_is_whole_or_not_at_all(tmp_path, monkeypatch, call):
    (tmp_path / "file.txt").write_text("old")
    for number in range(9):
        honest, calls = getattr(os, call), []

        def trouble(*given, honest=honest, calls=calls, number=number, **options):
            calls.append(given)
            if len(calls) == number + 1:
                raise OSError(28, "No space left on device")
            return honest(*given, **options)

        monkeypatch.setattr(os, call, trouble)
        try:
            with whole_file(tmp_path / "file.txt") as path:
                path.write_text("new")
            monkeypatch.undo()
            break
        except OSError:
            monkeypatch.undo()
        assert (tmp_path / "file.txt").read_text() in ("old", "new")
    assert (tmp_path / "file.txt").read_text() == "new"
    with whole_file(tmp_path / "file.txt") as path:
        path.write_text("next")
    assert [path.name for path in tmp_path.iterdir()] == ["file.txt"]
    with pytest.raises(OSError, match="it is a folder"), whole_file(tmp_path):
        pass


def test_a_link_to_a_file_is_followed(tmp_path):
    (tmp_path / "far.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to(tmp_path / "far.txt")
    with whole_file(tmp_path / "link.txt") as path:
        path.write_text("new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "far.txt").read_text() == "new"


def test_threads_of_one_process_wait_for_each_other(tmp_path):
    def work(name):
        for _ in range(10):
            save(tmp_path / "run", text=name)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    read_manifest(tmp_path / "run", "soup")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.fixture
def recording():
    trains = sl.SpikeTrains.from_arrays([[0.1, 0.5], [0.2]], t_stop=1.0)
    traces = xr.Dataset({"u": (("time", "neuron"), np.ones((5, 2)))}, coords={"time": np.arange(5) * 0.1})
    return sl.Recording(trains, traces, {"engine": "exact", "seed": 1, "parameters": {"V_0": 0.02}})


@pytest.mark.parametrize("error", [MemoryError("no memory"), OSError(28, "No space left on device")])
@pytest.mark.parametrize("number", [0, 1])
def test_a_write_that_fails_leaves_the_earlier_recording(recording, tmp_path, monkeypatch, error, number):
    recording.save(tmp_path / "run")
    honest, calls = xr.Dataset.to_netcdf, []

    def trouble(*given, **options):
        calls.append(given)
        if len(calls) == number + 1:
            raise error
        return honest(*given, **options)

    monkeypatch.setattr(xr.Dataset, "to_netcdf", trouble)
    with pytest.raises(type(error)):
        sl.Recording(None, recording.traces, {}, np.array([[1]])).save(tmp_path / "run", overwrite=True)
    monkeypatch.undo()
    assert sl.Recording.load(tmp_path / "run").spikes == recording.spikes
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_every_changed_byte_of_a_manifest_is_noticed(recording, tmp_path):
    recording.save(tmp_path / "run")
    path = tmp_path / "run" / "manifest.json"
    whole = path.read_bytes()
    kept = json.loads(whole)
    rng = np.random.default_rng(3)
    for place in rng.integers(0, len(whole), 300):
        changed = bytearray(whole)
        changed[place] ^= 1 << int(rng.integers(0, 7))
        path.write_bytes(changed)
        try:
            again = read_manifest(tmp_path / "run", "recording")
        except ValueError:
            continue
        # White space may change: it says nothing.
        assert again == {key: value for key, value in kept.items() if key != "digest"}
    path.write_bytes(whole.replace(b'"seed": 1', b'"seed": 2'))
    with pytest.raises(ValueError, match=r"was changed since it was written \(digest differs\)"):
        sl.Recording.load(tmp_path / "run")


def test_a_manifest_without_provenance_is_one_line(recording, tmp_path):
    recording.save(tmp_path / "run")
    (tmp_path / "run" / "manifest.json").unlink()
    write_manifest(tmp_path / "run", "recording", {})
    with pytest.raises(ValueError, match="must say how the recording was made, in provenance"):
        sl.Recording.load(tmp_path / "run")


def test_folders_of_the_first_format_are_still_read(recording, tmp_path):
    recording.save(tmp_path / "run")
    path = tmp_path / "run" / "manifest.json"
    old = {**json.loads(path.read_text()), "format": 1}
    del old["digest"]
    path.write_text(json.dumps(old))
    assert sl.Recording.load(tmp_path / "run").spikes == recording.spikes
