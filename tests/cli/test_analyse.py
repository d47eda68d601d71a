"""The command analyse: what it writes is what the functions give, and bad input ends in one clear line."""

import importlib.util
import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from spikelearn import Recording, SpikeTrains, analyses, interop
from spikelearn.cli.analyse import analyse, read_stimulus


@pytest.fixture(scope="module")
def trains():
    rng = np.random.default_rng(1)
    trials = [[np.sort(rng.uniform(0, 0.5, rng.poisson(15))) for _ in range(3)] for _ in range(8)]
    return SpikeTrains.from_trials(trials, t_stop=0.5)


@pytest.fixture
def table(trains, tmp_path):
    interop.write_csv(trains, tmp_path / "cells.csv")
    return tmp_path / "cells.csv"


def test_everything_is_written_and_equals_the_functions(trains, table, tmp_path):
    stimulus = np.random.default_rng(2).normal(size=500)
    np.save(tmp_path / "stimulus.npy", stimulus)
    text = analyse(
        table,
        tmp_path / "out",
        units=(2, 0),
        bin_size="50 ms",
        stimulus=tmp_path / "stimulus.npy",
        stimulus_dt="1 ms",
        stimulus_window=("-10 ms", "0 ms"),
    )
    names = {path.name for path in (tmp_path / "out").iterdir()}
    figures = {"psth", "correlogram", "jpsth", "sta"}
    assert names == {
        "manifest.json",
        "regularity.csv",
        "regularity_pooled.csv",
        *(f"{name}.nc" for name in figures),
        *(f"{name}.png" for name in figures),
    }
    assert "SpikeTrains(8 trials x 3 units" in text
    assert "JPSTH of units 2 and 0: jpsth.nc, jpsth.png" in text
    written = pd.read_csv(tmp_path / "out" / "regularity.csv")
    pd.testing.assert_frame_equal(written, analyses.regularity(trains), check_exact=False, rtol=1e-14)
    expected = {
        "psth": analyses.psth(trains, 0.05),
        "jpsth": analyses.jpsth(trains, (2, 0), 0.05)["raw"],
        "sta": analyses.spike_triggered_average(stimulus, 0.001, trains.select_units([2, 0]), (-0.01, 0.0)),
    }
    for name, value in expected.items():
        with xr.open_dataset(tmp_path / "out" / f"{name}.nc", engine="h5netcdf") as stored:
            np.testing.assert_array_equal(stored[value.name or "raw"], value)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["kind"] == "analysis"
    assert manifest["analysis"].pop("settings") == {
        "units": "2,0",
        "bin_size": "50ms",
        "stimulus": "stimulus.npy",
        "stimulus_dt": "1ms",
        "stimulus_window": "-10ms,0ms",
    }
    assert manifest["analysis"] == {"file": "cells.csv", "bin_size": 0.05, "units": [2, 0], "unit_ids": [2, 0]}
    # A second run replaces its own results, and nothing else.
    analyse(table, tmp_path / "again")
    analyse(table, tmp_path / "again")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    with pytest.raises(FileExistsError, match=r"earlier results only; it also holds notes.txt"):
        analyse(table, tmp_path / "mine")


@pytest.fixture(scope="module")
def reference(trains, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    interop.write_csv(trains, folder / "cells.csv")
    return analyse(folder / "cells.csv", folder / "out").splitlines()[:-1]


@pytest.mark.parametrize("form", ["recording", "x.parquet", "x.nwb"])
def test_every_format_gives_the_same_table(form, trains, reference, tmp_path):
    place = tmp_path / form
    if form == "recording":
        Recording(trains, xr.Dataset()).save(place)
    elif importlib.util.find_spec({"x.parquet": "pyarrow", "x.nwb": "pynwb"}[form]) is None:
        pytest.skip(f"what {form} needs is not installed")
    else:
        (interop.write_parquet if form == "x.parquet" else interop.to_nwb)(trains, place)
    assert analyse(place, tmp_path / "out").splitlines()[:-1] == reference


def test_rates_of_a_pair_are_drawn_on_one_scale(trains, tmp_path, monkeypatch):
    from spikelearn import plotting
    from spikelearn.cli.analyse_parts import psth_line

    made = []
    make = plotting.new_figure
    monkeypatch.setattr(plotting, "new_figure", lambda *size: made.append(make(*size)) or made[-1])
    assert "psth.png" in psth_line(trains, None, 0.05, tmp_path)
    left, right = made[0].axes[2:]
    assert left.get_ylim() == right.get_ylim()
    assert (left.get_ylabel() != "", right.get_ylabel()) == (True, "")


def test_what_one_trial_or_one_unit_do_not_allow_is_left_out_with_the_reason(trains, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    interop.write_csv(trains.select_trials(0), "trial.csv")
    text = analyse("trial.csv")
    assert "JPSTH left out: jpsth must have at least two trials" in text
    assert "correlogram of units 0 and 1" in text
    assert (tmp_path / "runs" / "trial-analysis" / "psth.png").is_file()
    interop.write_csv(trains.select_units(1), "unit.csv")
    assert "left out: they need two units" in analyse("unit.csv")
    with pytest.raises(ValueError, match="jpsth must have at least two trials"):
        analyse("trial.csv", units=(0, 1))


def test_a_silent_unit_is_shown_with_dashes_and_has_no_jpsth(trains, tmp_path):
    silent = SpikeTrains.from_trials([[trains.train(0, k), []] for k in range(8)], t_stop=0.5)
    interop.write_csv(silent, tmp_path / "cells.csv")
    text = analyse(tmp_path / "cells.csv", tmp_path / "out")
    assert "every unit must have spikes in the window [0.0, 0.5) s, but unit 1 has none" in text
    row = next(line for line in text.splitlines() if line.split()[:3] == ["0", "1", "0"])
    assert row.split()[3:] == ["0", "-", "-", "-", "-", "-"]


def test_other_options_never_replace_an_earlier_analysis(trains, table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # Only the tables are made; the figures would take most of the time.
    monkeypatch.setattr("spikelearn.cli.analyse.psth_line", lambda *_: "")
    monkeypatch.setattr("spikelearn.cli.analyse.pair_lines", lambda *_: [])
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "events.csv").write_text("0.1\n0.3\n" if folder == "a" else "0.2\n0.4\n")
    whole = SpikeTrains.from_arrays([trains.train(k) for k in range(2)], t_stop=0.5)
    interop.write_csv(whole, "one.csv")
    window = ("-50 ms", "50 ms")
    settings = [
        {},
        {"bin_size": "50 ms"},
        {"bin_size": "25 ms"},
        {"refractoriness": "2 ms"},
        {"t_stop": "0.5 s"},
        {"events": "a/events.csv", "window": window},
        {"events": "a/events.csv", "window": window, "units": (1, 0)},
    ]
    seen = {}
    for given in settings:
        analyse("one.csv", **given)
        manifests = {path: path.read_bytes() for path in (tmp_path / "runs").glob("*/manifest.json")}
        assert len(manifests) == len(seen) + 1, f"{given} has the place of another analysis"
        assert seen.items() <= manifests.items(), f"{given} replaced an earlier analysis"
        seen = manifests
    assert (tmp_path / "runs" / "one-analysis" / "manifest.json").is_file()
    assert (tmp_path / "runs" / "one-analysis-bin_size=25ms" / "manifest.json").is_file()
    # Usual values, and the same said with other blanks, are the same analysis, which is replaced.
    analyse("one.csv", refractoriness="5 ms", drop_rest=False)
    analyse("one.csv", bin_size="25ms")
    assert len(list((tmp_path / "runs").iterdir())) == len(seen)
    # Another file of the same name is another option.
    with pytest.raises(FileExistsError, match="must not replace"):
        analyse("one.csv", events="b/events.csv", window=window)
    analyse("one.csv", "out", bin_size="25 ms")
    with pytest.raises(
        FileExistsError, match=r"results of one.csv as one-analysis-bin_size=25ms, which those of one.csv"
    ):
        analyse("one.csv", "out", bin_size="50 ms")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["analysis"]["settings"] == {"bin_size": "25ms"}
    assert str(tmp_path) not in (tmp_path / "out" / "manifest.json").read_text()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"bin_size": "30 ms"}, ValueError, r"bin_size must divide the window \[0.0, 0.5\) s into whole bins"),
        ({"bin_size": "5 mV"}, ValueError, "bin_size must be a time, such as '1 s'"),
        ({"units": (0, 3)}, ValueError, "units must be 0 to 2, got 3; .* holds 3 units, counted from 0"),
        ({"units": (0, -1)}, ValueError, "units must be 0 to 2, got -1"),
        ({"units": (1, 1)}, ValueError, "units must be a pair of two different units"),
        ({"units": (0,)}, ValueError, r"units must be a pair of unit numbers, got \(0,\)"),
        (
            {"stimulus": "complex.npy", "stimulus_dt": "1 ms"},
            ValueError,
            "must hold numbers only: got the type complex",
        ),
        ({"stimulus": "s.npy"}, ValueError, "stimulus_dt must say how long a frame"),
        ({"stimulus": "s.npy", "stimulus_dt": "1 ms"}, FileNotFoundError, "there is no file"),
        ({"stimulus": "short.npy", "stimulus_dt": "1 ms"}, ValueError, "recording, 500 frames, got 100: it is shorter"),
        ({"stimulus": "nan.npy", "stimulus_dt": "1 ms"}, ValueError, r"(?i)nan"),
        ({"stimulus": "text.csv", "stimulus_dt": "1 ms"}, ValueError, "must hold numbers only"),
        ({"stimulus": "objects.npy", "stimulus_dt": "1 ms"}, ValueError, "must hold numbers only"),
        ({"stimulus": "cut.npy", "stimulus_dt": "1 ms"}, ValueError, "must hold numbers only"),
        ({"stimulus": "s.mat", "stimulus_dt": "1 ms"}, ValueError, "must end in .npy or .csv"),
        ({"refractoriness": "-1 ms"}, ValueError, "refractoriness must not be negative"),
        ({"t_stop": 0.4}, ValueError, "must lie within 0.0 s <= t < 0.4 s"),
    ],
)
def test_bad_input_ends_in_one_clear_line_and_leaves_nothing(options, error, message, table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("short.npy", np.zeros(100))
    np.save("complex.npy", np.zeros(500, dtype=complex))
    np.save("nan.npy", np.append(np.zeros(499), np.nan))
    np.save("objects.npy", np.array([{}, None], dtype=object), allow_pickle=True)
    content = (tmp_path / "nan.npy").read_bytes()
    (tmp_path / "cut.npy").write_bytes(content[: len(content) // 2])
    (tmp_path / "text.csv").write_text("a\n1\nb\n")
    with pytest.raises(error, match=message) as caught:
        analyse(table, "out", **options)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_file_without_a_trial_is_refused(tmp_path):
    interop.write_csv(SpikeTrains.from_trials([], t_stop=1.0), tmp_path / "none.csv")
    with pytest.raises(ValueError, match="must hold at least one trial of some length"):
        analyse(tmp_path / "none.csv", tmp_path / "out")


def test_stimuli_are_read_with_and_without_headings(tmp_path):
    (tmp_path / "one.csv").write_text("# a comment\nluminance\n1\n2.5\n")
    assert read_stimulus(tmp_path / "one.csv").tolist() == [1.0, 2.5]
    (tmp_path / "two.csv").write_text("1,2\n3,4\n5,6\n")
    assert read_stimulus(tmp_path / "two.csv").shape == (3, 2)
    (tmp_path / "none.csv").write_text("# nothing\n")
    with pytest.raises(ValueError, match="the file is empty"):
        read_stimulus(tmp_path / "none.csv")


def test_a_unit_without_usable_spikes_leaves_the_averages_of_the_others(trains, tmp_path):
    # Unit 1 is silent, and unit 2 fires only where the window would reach before the recording.
    some = SpikeTrains.from_trials([[trains.train(0, k), [], [0.002]] for k in range(8)], t_stop=0.5)
    interop.write_csv(some, tmp_path / "cells.csv")
    np.save(tmp_path / "s.npy", np.random.default_rng(2).normal(size=500))
    text = analyse(tmp_path / "cells.csv", tmp_path / "out", stimulus=tmp_path / "s.npy", stimulus_dt="1 ms")
    for unit in (1, 2):
        assert f"spike-triggered average of unit {unit} left out: no spike with a whole window of stimulus" in text
    assert "spike-triggered average of unit 0 over lags -0.02 s to 0.0 s" in text
    with xr.open_dataset(tmp_path / "out" / "sta.nc", engine="h5netcdf") as stored:
        assert stored["unit"].values.tolist() == [0]


def test_messages_name_the_options_of_the_command(tmp_path):
    (tmp_path / "plain.csv").write_text("unit,time\n0,0.5\n")
    with pytest.raises(ValueError, match=r"does not say when the recording ended; pass --t-stop$"):
        analyse(tmp_path / "plain.csv", tmp_path / "out")
