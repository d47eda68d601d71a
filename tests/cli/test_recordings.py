"""Recordings as laboratories have them, on the command line: the numbers are those of the spikes that were written."""

import json

import matplotlib.figure
import numpy as np
import pytest
import xarray as xr

import spikelearn as sl
from spikelearn.cli.reading import read_events

WINDOW = ["--window", "0 ms", "600 ms", "--bin-size", "20 ms"]
STIMULUS = ["--stimulus", "stimulus.npy", "--stimulus-dt", "1 ms", "--stimulus-window", "-30 ms", "1 ms"]
LENGTH = 20.0


@pytest.fixture(scope="module")
def spikes():
    """Two cells, spikes on a raster of 1/30 ms so that every format holds them exactly enough, and 18 events."""
    rng = np.random.default_rng(3)
    cells = [np.unique(rng.integers(1, LENGTH * 30000 - 1, 300)) / 30000 for _ in range(2)]
    return cells, np.arange(1.0, 19.0) + rng.integers(0, 100, 18) / 1000


@pytest.fixture
def folder(tmp_path, monkeypatch, spikes):
    monkeypatch.chdir(tmp_path)
    # What is drawn is tested elsewhere.
    monkeypatch.setattr(matplotlib.figure.Figure, "savefig", lambda _figure, path, **_: path.write_bytes(b"drawn"))
    np.save("stimulus.npy", np.random.default_rng(4).normal(size=int(LENGTH * 1000)))
    np.savetxt("events.csv", spikes[1], header="onset", comments="")
    return tmp_path


def check(name, spikes, ids, *, cut=True, averaged=True, tolerance=1e-9):
    """Compare what was written with the functions of the package, called on the spikes themselves."""
    cells, events = spikes
    whole = sl.SpikeTrains.from_arrays(cells, t_stop=LENGTH, unit_ids=ids)
    trains = whole.aligned(events, 0.0, 0.6)
    expected = sl.analyses.jpsth(trains, (0, 1), 0.02)
    with xr.open_dataset(f"{name}/jpsth.nc", engine="h5netcdf") as found:
        np.testing.assert_allclose(found["raw"], expected["raw"], rtol=tolerance)
        np.testing.assert_allclose(found["normalized"], expected["normalized"], rtol=1e-9, atol=1e-9)
    if averaged:
        average = sl.analyses.spike_triggered_average(np.load("stimulus.npy"), 0.001, whole, (-0.03, 0.001))
        with xr.open_dataarray(f"{name}/sta.nc", engine="h5netcdf") as found:
            np.testing.assert_allclose(found, average, rtol=1e-9, atol=1e-12)
            assert found["unit"].values.tolist() == list(ids)
    if cut:
        table = sl.analyses.regularity(whole)
        written = np.genfromtxt(f"{name}/regularity.csv", delimiter=",", skip_header=1, usecols=(2, 5))
        np.testing.assert_allclose(written, table[["spikes", "cv"]].to_numpy(), rtol=1e-6)


def test_a_table_of_another_style(folder, spikes, call, capsys):
    rows = sorted((time, unit) for unit, cell in zip(("A3", "B1"), spikes[0], strict=True) for time in cell)
    text = "".join(f"{unit};{time * 1000:.9f}\n".replace(".", ",") for time, unit in rows)
    (folder / "cells.csv").write_text("Neuron_ID;Spike time\n" + text)
    # Each refusal says what to add next.
    assert call("analyse", "cells.csv") == 2
    assert "did you mean --unit-column 'Neuron_ID' and --time-column 'Spike time'?" in capsys.readouterr().err
    given = ["--unit-column", "Neuron_ID", "--time-column", "Spike time"]
    assert call("analyse", "cells.csv", *given) == 2
    assert "pass --decimal ','" in capsys.readouterr().err
    given += ["--decimal", ","]
    assert call("analyse", "cells.csv", *given) == 2
    assert "does not say when the recording ended; pass --t-stop\n" in capsys.readouterr().err
    given += ["--t-stop", "20 s"]
    assert call("analyse", "cells.csv", *given) == 2
    assert "times in other units than seconds need --time-unit, such as 'ms'" in capsys.readouterr().err
    given += ["--time-unit", "ms"]
    assert call("analyse", "cells.csv", *given, "-o", "whole") == 0
    said = capsys.readouterr().out
    assert "--trial-column names a column of trials, --events FILE --window '-200 ms' '800 ms' cuts trials" in said
    assert "deprecated" not in said
    assert call("analyse", "cells.csv", *given, "--events", "events.csv", *WINDOW, *STIMULUS, "-o", "out") == 0
    check("out", spikes, ("A3", "B1"))
    manifest = json.loads((folder / "out" / "manifest.json").read_text())
    assert manifest["analysis"]["events"] == {"file": "events.csv", "window": [0.0, 0.6]}


def test_a_session_with_trials(folder, spikes, call, capsys):
    pynwb = pytest.importorskip("pynwb")
    from datetime import UTC, datetime

    session = pynwb.NWBFile("demo", "demo", datetime(2026, 1, 1, tzinfo=UTC))
    for cell in spikes[0]:
        session.add_unit(spike_times=cell)
    for event in spikes[1]:
        session.add_trial(start_time=event, stop_time=event + 0.6)
    with pynwb.NWBHDF5IO("session.nwb", "w") as file:
        file.write(session)
    assert call("analyse", "session.nwb") == 2
    assert "pass --t-stop, or --by-trial to read its 18 trials" in capsys.readouterr().err
    assert call("analyse", "session.nwb", "--by-trial", "--bin-size", "20 ms", "-o", "out") == 0
    check("out", spikes, (0, 1), cut=False, averaged=False)
    assert (
        call("analyse", "session.nwb", "--t-stop", "20 s", *STIMULUS, "--events", "events.csv", *WINDOW, "-o", "cut")
        == 0
    )
    check("cut", spikes, (0, 1))


def test_a_folder_of_phy(folder, spikes, call, capsys):
    sorting = folder / "sorting"
    sorting.mkdir()
    samples = np.concatenate([*spikes[0], [1.0]]) * 30000
    order = np.argsort(samples, kind="stable")
    np.save(sorting / "spike_times.npy", np.round(samples[order]).astype(np.int64))
    np.save(sorting / "spike_clusters.npy", np.repeat([17, 905, 42], [len(c) for c in [*spikes[0], [1.0]]])[order])
    (sorting / "cluster_group.tsv").write_text("cluster_id\tgroup\n17\tgood\n42\tnoise\n905\tmua\n")
    (sorting / "params.py").write_text("dat_path = 'raw.dat'\nsample_rate = 30000.0\n")
    given = ["--t-stop", "20 s", "--select", "group=good,mua", "--events", "events.csv", *WINDOW, *STIMULUS]
    assert call("analyse", "sorting", *given, "-o", "out") == 0
    check("out", spikes, (17, 905))
    capsys.readouterr()
    for wrong, message in (
        ("group", "--select must read COLUMN=VALUE, such as --select group=good, got 'group'"),
        ("grup=good", "sorting has no column of units 'grup'; did you mean 'group'?"),
        ("group=best", "sorting has no unit with group=best; group is one of good, mua, noise"),
    ):
        assert call("analyse", "sorting", "--t-stop", "20 s", "--select", wrong) == 2
        assert message in capsys.readouterr().err


def test_a_matlab_file(folder, spikes, call, capsys):
    from scipy.io import savemat

    cells = np.empty(2, dtype=object)
    cells[:] = [cell * 1000 for cell in spikes[0]]
    savemat("session.mat", {"session": {"spikes": cells, "rat": 7}})
    assert call("analyse", "session.mat", "--t-stop", "20 s") == 2
    assert "pass --variable 'session.spikes'" in capsys.readouterr().err
    given = ["--variable", "session.spikes", "--time-unit", "ms", "--t-stop", "20 s"]
    assert call("analyse", "session.mat", *given, "--events", "events.csv", *WINDOW, *STIMULUS, "-o", "out") == 0
    check("out", spikes, (0, 1))


def test_a_bin_that_does_not_fit_offers_to_drop_the_rest(quick, call, capsys):
    given = ["cells.csv", "--t-stop", "0.3 s", "--bin-size", "7 ms"]
    assert call("analyse", *given) == 2
    error = capsys.readouterr().err
    assert "restrict to [0.0, 0.294) s to leave out the rest, as --drop-rest does" in error
    assert call("analyse", *given, "--drop-rest", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["window"] == [0.0, pytest.approx(0.294, abs=1e-12)]
    assert "the last 6 ms hold no whole bin: left out" in found["notes"]
    # Where it fits nothing is dropped.
    assert call("analyse", *given[:-1], "10 ms", "--drop-rest", "--json") == 0
    assert json.loads(capsys.readouterr().out)["window"] == [0.0, 0.3]


@pytest.mark.parametrize(
    ("content", "unit", "expected"),
    [
        ("onset\n0.5\n1.5\n", None, [0.5, 1.5]),
        ("onset\tkind\n500\tgo\n\n1500\tstop\n", "ms", [0.5, 1.5]),
        ("# comment\n15000;1\n45000;2\n", 1 / 30000, [0.5, 1.5]),
    ],
)
def test_events_are_read_in_their_unit(content, unit, expected, tmp_path):
    (tmp_path / "events.txt").write_text(content)
    np.testing.assert_allclose(read_events(tmp_path / "events.txt", unit), expected, rtol=1e-12)
    np.save(tmp_path / "events.npy", expected)
    np.testing.assert_array_equal(read_events(tmp_path / "events.npy"), expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--events", "events.csv"],
            "--events needs a --window about each of them, such as --window '-200 ms' '800 ms'",
        ),
        (["--window", "0 ms", "1 ms"], "--window is that of the trials about --events"),
        (["--events", "absent.csv", "--window", "0 ms", "1 ms"], "there is no file absent.csv"),
        (["--events", "events.csv", "--window", "0 ms", "5 mV"], "window must be a time, such as '1 s', got 5 mV"),
        (["--events", "events.csv", "--window", "1 ms", "0 ms"], "the window must have a length"),
        (["--events", "events.csv", "--window", "0 ms", "2 s"], "choose --incomplete keep or --incomplete drop"),
        (["--events", "words.csv", "--window", "0 ms", "1 ms"], "events words.csv must hold numbers only"),
        (["--events", "events.mat", "--window", "0 ms", "1 ms"], "must end in .npy, .csv, .tsv or .txt"),
    ],
)
def test_events_that_do_not_fit_are_one_line(quick, call, capsys, options, message):
    (quick / "cells.csv").write_text("unit,time\n0,0.5\n1,0.25\n")
    (quick / "events.csv").write_text("0.1\n0.2\n")
    (quick / "words.csv").write_text("onset\nnow\n")
    (quick / "events.mat").write_text("")
    assert call("analyse", "cells.csv", "--t-stop", "1 s", *options) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (quick / "runs").exists()


def test_trials_are_not_cut_out_of_trials(quick, call, capsys):
    (quick / "events.csv").write_text("0.1\n")
    assert call("analyse", "cells.csv", "--t-stop", "0.3 s", "--events", "events.csv", "--window", "0 ms", "9 ms") == 2
    assert "--events must cut one recording into trials, got one of 3 trials already" in capsys.readouterr().err
