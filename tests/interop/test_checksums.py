"""No damaged file reads back as other spikes: every one is refused or gives the same."""

import re

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.interop import from_nwb, read_csv, read_parquet, to_nwb, write_csv, write_parquet


@pytest.fixture(scope="module")
def trains():
    rng = np.random.default_rng(1)
    trials = [[np.sort(rng.uniform(0, 2, 12)) for _ in range(3)] for _ in range(2)]
    return sl.SpikeTrains.from_trials(trials, t_stop=2.0)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("write", "read", "ending"), [(write_csv, read_csv, "csv"), (write_parquet, read_parquet, "parquet")]
)
def test_a_damaged_file_never_gives_other_spikes(trains, tmp_path, write, read, ending):
    """7.5 % of Parquet files with one changed byte gave other spikes."""
    path = tmp_path / f"spikes.{ending}"
    write(trains, path)
    assert read(path) == trains
    whole = path.read_bytes()
    rng = np.random.default_rng(2)
    refused = 0
    for place in rng.integers(0, len(whole), 150):
        changed = bytearray(whole)
        changed[place] ^= 1 << int(rng.integers(0, 8))
        path.write_bytes(changed)
        try:
            found = read(path)
        except (ValueError, OSError):
            refused += 1
            continue
        assert found == trains
    assert refused > 40


def test_a_changed_number_is_named(trains, tmp_path):
    write_csv(trains, tmp_path / "spikes.csv")
    text = (tmp_path / "spikes.csv").read_text()
    lines = text.splitlines()
    lines[2] = "0,0,0.0625"
    (tmp_path / "spikes.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(ValueError, match=r"was changed since spikelearn wrote it \(checksum differs\)"):
        read_csv(tmp_path / "spikes.csv")
    # Without its facts it is a table like any other.
    (tmp_path / "plain.csv").write_text("\n".join(lines[1:]) + "\n")
    assert read_csv(tmp_path / "plain.csv", t_stop=2.0).n_spikes == trains.n_spikes
    (tmp_path / "windows.csv").write_bytes(text.replace("\n", "\r\n").encode())
    assert read_csv(tmp_path / "windows.csv") == trains, "ends of lines may be those of another system"


def test_files_without_a_checksum_are_still_read(trains, tmp_path):
    write_csv(trains, tmp_path / "spikes.csv")
    first, rest = (tmp_path / "spikes.csv").read_text().split("\n", 1)
    head, tail = first.split(', "sha256": "')
    (tmp_path / "old.csv").write_text(head + tail[64 + 1 :] + "\n" + rest)
    assert read_csv(tmp_path / "old.csv") == trains


def places_that_matter(whole, trains):
    """Where in an NWB file times, facts and the names of what holds them lie; the rest is mostly the format's text."""
    names = (b"notes", b"units", b"spike_times", b"time_in_trial", b"trial_of_spike", b"obs_intervals", b"general")
    notes = whole.index(b"spikelearn {")
    exact = whole.index(trains.train(0, 0).tobytes())
    named = [found.start() + k for name in names for found in re.finditer(name, whole) for k in range(len(name))]
    texts = [place for place in named if b'"' in whole[place - 300 : place + 300]]
    return {
        "notes": range(notes, whole.index(b"}", notes)),
        "times": range(exact, exact + 8 * trains.n_spikes),
        "names": sorted(set(named) - set(texts)),
    }


def damaged(whole, place, path):
    changed = bytearray(whole)
    changed[place] ^= 1 << place % 8
    path.write_bytes(changed)
    return path


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["notes", "times", "names"])
@pytest.mark.parametrize("n_trials", [1, 2])
def test_a_damaged_session_never_gives_other_spikes(trains, tmp_path, n_trials, kind):
    """Times with a changed byte were read as other spikes, unless they left the window or their order."""
    pytest.importorskip("pynwb")
    own = trains.select_trials(range(n_trials)).shift(0.25).restrict(0.25, 2.0)
    to_nwb(own, tmp_path / "it.nwb")
    whole = (tmp_path / "it.nwb").read_bytes()
    places = places_that_matter(whole, own)[kind]
    assert len(places) >= 20
    refused = 0
    for place in np.random.default_rng(3).choice(places, 6, replace=False):
        try:
            found = from_nwb(damaged(whole, int(place), tmp_path / "it.nwb"))
        except (ValueError, OSError):
            refused += 1
            continue
        assert found == own
    assert refused >= (1 if kind == "names" else 6)


def test_a_changed_session_is_named_and_read_as_one_of_others_on_purpose(trains, tmp_path):
    pytest.importorskip("pynwb")
    import h5py

    path = tmp_path / "it.nwb"
    to_nwb(trains, path)
    assert from_nwb(path) == trains
    assert from_nwb(path, by_trial=True).n_trials == 2, "what was not changed is read either way without a word"
    with h5py.File(path, "a") as file:
        file["units/spike_times"][3] += 1e-3
    with pytest.raises(
        ValueError, match=r"\(checksum differs\).* is read with t_stop= or by_trial=True, as a file of oth"
    ):
        from_nwb(path)
    with pytest.warns(UserWarning, match=r"was changed since spikelearn wrote it \(checksum differs\); it is read as"):
        assert from_nwb(path, by_trial=True).n_spikes == trains.n_spikes
    with h5py.File(path, "a") as file:
        del file["general/notes"]
    with pytest.raises(ValueError, match="its notes are missing; it is read with t_stop= or by_trial=True"):
        from_nwb(path)
    assert from_nwb(path, by_trial=True).n_trials == 2


def test_rows_that_were_added_to_a_session_change_nothing(trains, tmp_path):
    pynwb = pytest.importorskip("pynwb")
    path = tmp_path / "it.nwb"
    to_nwb(trains, path)
    with pynwb.NWBHDF5IO(str(path), "a") as source:
        file = source.read()
        file.add_trial(start_time=10.0, stop_time=11.0)
        file.add_acquisition(pynwb.TimeSeries(name="speed", data=[1.0, 2.0], unit="m/s", rate=1.0))
        source.write(file)
    assert from_nwb(path) == trains
