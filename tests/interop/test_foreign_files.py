"""Files and objects of other makers, damaged files, and packages that are not installed."""

import importlib
import importlib.util
import sys

import numpy as np
import pandas as pd
import pytest

from spikelearn import SpikeTrains, interop


def need(module):
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")


@pytest.fixture
def trains():
    rng = np.random.default_rng(1)
    return SpikeTrains.from_trials([[np.sort(rng.uniform(0, 1, 40)) for _ in range(3)] for _ in range(4)], t_stop=1.0)


def test_a_plain_table_needs_only_its_end(tmp_path):
    (tmp_path / "plain.csv").write_text("# from a colleague\nunit, time\n1, 0.5\n0, 0.25\n")
    assert interop.read_csv(tmp_path / "plain.csv", t_stop="1 s") == SpikeTrains.from_arrays([[0.25], [0.5]], t_stop=1)
    assert interop.read_csv(tmp_path / "plain.csv", t_stop=1, n_units=3, n_trials=2).counts().shape == (2, 3)
    with pytest.raises(ValueError, match=r"plain.csv does not say when the recording ended; pass t_stop="):
        interop.read_csv(tmp_path / "plain.csv")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a table of spikes: No columns"),
        (b"\xff\xfe\x00garbage", "is not a text file in UTF-8"),
        (b"time,neuron\n0.1,1\n", "must have the columns unit and time, got time, neuron"),
        (b"unit,time\n0,0.1\n0,x\n", "time must be a number, got 'x' in row 1"),
        (b"unit,time\n0,0.1\n0.5,0.2\n", "unit must be a whole number from 0, got 0.5 in row 1"),
        (b"unit,time\n0,0.1,0.2,0.3\n0,1\n1,2,3,4,5\n", "is not a table of spikes"),
        (b"unit,time\n5,0,0.1\n6,1,0.2\n", "rows have 3 fields under 2 column names"),
        (b"unit,time\n0,0.1,\n", "rows have 3 fields under 2 column names"),
        (b"trials,unit,time\n0,0,0.1\n1,0,0.1\n", "has a column 'trials'; did you mean it to be 'trial'"),
        (b"Trial,unit,time\n0,0,0.1\n1,0,0.1\n", "has a column 'Trial'; did you mean it to be 'trial'"),
        (b"trial_id,unit,time\n0,0,0.1\n1,0,0.1\n", "has a column 'trial_id'; did you mean it to be 'trial'"),
        (b"trail,unit,time\n0,0,0.1\n1,0,0.1\n", "has a column 'trail'; did you mean it to be 'trial'"),
        (b"unit,time,unit\n0,0.1,1\n", "has a column 'unit.1'; did you mean it to be 'unit'"),
        (b"unit,time\n0,\n", "time must be a number, got '' in row 0"),
        (b"unit,time\n0,2.5\n", "must lie within 0.0 s <= t < 1.0 s, got 2.5 s"),
        (b"unit,time\n-1,0.5\n", "unit must be a whole number from 0, got -1.0 in row 0"),
        (b"# spikelearn {\nunit,time\n", "line of facts cannot be read"),
        (b'# spikelearn {"x": 1}\nunit,time\n', "line of facts is not one that spikelearn writes"),
    ],
)
def test_bad_tables_are_refused(content, message, tmp_path):
    (tmp_path / "bad.csv").write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        interop.read_csv(tmp_path / "bad.csv", t_stop=1.0)
    assert "\n" not in str(error.value).strip()


@pytest.mark.parametrize("fraction", [0.01, 0.3, 0.6, 0.97])
@pytest.mark.parametrize("ending", ["csv", "parquet", "nwb"])
def test_files_that_were_cut_off_are_refused(trains, ending, fraction, tmp_path):
    need({"csv": "pandas", "parquet": "pyarrow", "nwb": "pynwb"}[ending])
    write = {"csv": interop.write_csv, "parquet": interop.write_parquet, "nwb": interop.to_nwb}[ending]
    path = tmp_path / f"it.{ending}"
    write(trains, path)
    content = path.read_bytes()
    path.write_bytes(content[: int(fraction * len(content))])
    with pytest.raises(ValueError, match=r"was cut off|is not a whole (NWB|Parquet) file"):
        interop.read_spikes(path)


def test_a_table_that_lost_whole_lines_is_refused(trains, tmp_path):
    interop.write_csv(trains, tmp_path / "it.csv")
    lines = (tmp_path / "it.csv").read_text().splitlines(keepends=True)
    (tmp_path / "it.csv").write_text("".join(lines[:-3]))
    with pytest.raises(ValueError, match="was cut off: it holds 477 of 480 spikes"):
        interop.read_csv(tmp_path / "it.csv")


@pytest.mark.parametrize("ending", ["parquet", "nwb"])
def test_garbage_is_refused(ending, tmp_path):
    need({"parquet": "pyarrow", "nwb": "pynwb"}[ending])
    (tmp_path / f"it.{ending}").write_bytes(b"not at all " * 100)
    with pytest.raises(ValueError, match=f"it.{ending} is not a whole"):
        interop.read_spikes(tmp_path / f"it.{ending}")


def test_unknown_endings_and_missing_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"it.h5 must end in .csv, .tsv, .txt, .nwb, .parquet, .mat or be the fold"):
        interop.read_spikes(tmp_path / "it.h5")
    with pytest.raises(FileNotFoundError, match="there is no file"):
        interop.read_spikes(tmp_path / "it.csv")
    (tmp_path / "it.csv").write_text("unit,time\n")
    with pytest.raises(ValueError, match="by_trial is for NWB files"):
        interop.read_spikes(tmp_path / "it.csv", by_trial=True)


def test_a_foreign_parquet_table(tmp_path):
    need("pyarrow")
    pd.DataFrame({"unit": [0, 1, 0], "time": [0.3, 0.2, 0.1]}).to_parquet(tmp_path / "it.parquet")
    again = interop.read_parquet(tmp_path / "it.parquet", t_stop="1 second")
    assert again == SpikeTrains.from_arrays([[0.1, 0.3], [0.2]], t_stop=1.0)


def foreign_nwb(path, windows, with_trials=True):
    import datetime

    import pynwb

    file = pynwb.NWBFile("a session", "x", datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
    if with_trials:
        for start, stop in [(1.0, 2.0), (3.0, 3.5)]:
            file.add_trial(start_time=start, stop_time=stop)
    for k, window in enumerate(windows):
        extra = {} if window is None else {"obs_intervals": np.array([window])}
        file.add_unit(spike_times=np.array([1.25, 3.25, 3.75]) + 0.125 * k, **extra)
    with pynwb.NWBHDF5IO(str(path), "w") as out:
        out.write(file)


def test_foreign_nwb_sessions(tmp_path):
    need("pynwb")
    path = tmp_path / "it.nwb"
    foreign_nwb(path, [(0.5, 4.0), (0.5, 4.0)])
    whole = interop.from_nwb(path)
    assert whole == SpikeTrains.from_arrays([[1.25, 3.25, 3.75], [1.375, 3.375, 3.875]], t_start=0.5, t_stop=4.0)
    trials = interop.from_nwb(path, by_trial=True)
    expected = [[[0.25], [0.375]], [[0.25], [0.375]]]
    assert trials.same_spikes(SpikeTrains.from_trials(expected, t_stop=1.0, observed=[[0, 1.0], [0, 0.5]]))
    foreign_nwb(path, [(0.5, 4.0), (0.5, 5.0)], with_trials=False)
    with pytest.raises(ValueError, match="holds 2 different observation windows; pass by_trial=True"):
        interop.from_nwb(path)
    assert interop.from_nwb(path, t_start="1 s", t_stop=4.0).t_stop == 4.0
    for window in ({"t_start": "1 s", "t_stop": 4.5}, {"t_stop": 4.5}, {"t_start": 0.0, "t_stop": 4.0}):
        with pytest.raises(
            ValueError, match=r"unit 0 was not observed throughout the window .* only in \[\[0.5, 4.0\]\]"
        ):
            interop.from_nwb(path, **window)
    with pytest.raises(
        ValueError, match="by_trial=True takes the windows of the trials; leave out t_start= and t_stop="
    ):
        interop.from_nwb(path, by_trial=True, t_stop=4.0)
    with pytest.raises(ValueError, match="has no trials; read it without by_trial"):
        interop.from_nwb(path, by_trial=True)
    foreign_nwb(path, [None])
    with pytest.raises(ValueError, match="does not say when the recording ended; pass t_stop="):
        interop.from_nwb(path)
    foreign_nwb(path, [])
    with pytest.raises(ValueError, match="must hold a table of units"):
        interop.from_nwb(path)


def test_spike_times_of_nwb_are_laid_out_on_the_session(trains, tmp_path):
    need("pynwb")
    import pynwb

    interop.to_nwb(trains, tmp_path / "it.nwb", gap=0.5)
    with pynwb.NWBHDF5IO(str(tmp_path / "it.nwb"), "r") as source:
        file = source.read()
        assert file.trials["start_time"][:].tolist() == [0.0, 1.5, 3.0, 4.5]
        np.testing.assert_allclose(file.units["obs_intervals"][1], [[1.5 * k, 1.5 * k + 1] for k in range(4)])
        expected = np.concatenate([trains.train(1, k) + 1.5 * k for k in range(4)])
        np.testing.assert_allclose(file.units["spike_times"][1], expected, rtol=1e-15)


def test_neo_objects_of_others():
    need("neo")
    import neo
    import quantities as pq

    train = neo.SpikeTrain([30.0, 10.0] * pq.ms, t_start=0 * pq.s, t_stop=0.1 * pq.s)
    assert interop.from_neo([train]) == SpikeTrains.from_arrays([[0.01, 0.03]], t_stop=0.1)
    segment = neo.Segment()
    segment.spiketrains.append(train)
    assert interop.from_neo(segment) == interop.from_neo([train])
    with pytest.raises(ValueError, match=r"a spike at 0.1 s lies on the end of its train's window"):
        interop.from_neo([neo.SpikeTrain([0.1] * pq.s, t_stop=0.1 * pq.s)])
    with pytest.raises(ValueError, match="the spike trains of segment 0 must have one window"):
        interop.from_neo([train, neo.SpikeTrain([] * pq.s, t_stop=0.2 * pq.s)])
    with pytest.raises(ValueError, match="at least one spike train, got none"):
        interop.from_neo([])
    with pytest.raises(TypeError, match="from_neo must get neo.SpikeTrain objects, got int"):
        interop.from_neo([1, 2])
    with pytest.raises(TypeError, match="from_neo must get a neo.Block"):
        interop.from_neo(3)
    block = neo.Block()
    block.segments.append(segment)
    block.segments.append(neo.Segment())
    with pytest.raises(ValueError, match=r"every segment must have the same number of spike trains, got \[0, 1\]"):
        interop.from_neo(block)


def test_pynapple_groups_of_others():
    need("pynapple")
    import pynapple as nap

    support = nap.IntervalSet(0.0, 1.0)
    group = nap.TsGroup({3: nap.Ts([0.1, 0.5]), 5: nap.Ts([0.2], time_support=support)}, time_support=support)
    assert interop.from_pynapple(group) == SpikeTrains.from_arrays([[0.1, 0.5], [0.2]], t_stop=1.0, unit_ids=[3, 5])
    # pynapple's own time support ends on the last spike.
    with pytest.raises(ValueError, match=r"a spike at 0.5 s does not lie before the end of the window, 0.5 s"):
        interop.from_pynapple(nap.TsGroup({0: nap.Ts([0.1, 0.5])}))
    assert interop.from_pynapple(nap.TsGroup({0: nap.Ts([0.1, 0.5])}), t_start=0.0, t_stop=1.0).t_stop == 1.0
    epochs = nap.IntervalSet([0.0, 2.0], [1.0, 2.5])
    two = nap.TsGroup({0: nap.Ts([0.25, 2.25])}, time_support=epochs)
    with pytest.raises(ValueError, match="the TsGroup holds 2 different observation windows"):
        interop.from_pynapple(two)
    expected = SpikeTrains.from_trials([[[0.25]], [[0.25]]], t_stop=1.0, observed=[[0, 1], [0, 0.5]])
    assert interop.from_pynapple(two, by_trial=True).same_spikes(expected)
    with pytest.raises(ValueError, match="by_trial=True takes the epochs' windows; leave out t_start="):
        interop.from_pynapple(two, by_trial=True, t_stop=2.0)
    silent = interop.from_pynapple(nap.TsGroup({0: nap.Ts([])}, time_support=epochs), by_trial=True)
    assert silent.same_spikes(SpikeTrains.from_trials([[[]], [[]]], t_stop=1.0, observed=[[0, 1], [0, 0.5]]))
    with pytest.raises(TypeError, match=r"must get a pynapple.TsGroup, got dict"):
        interop.from_pynapple({})


@pytest.mark.parametrize(
    ("call", "package", "name"),
    [
        (interop.to_neo, "neo", "neo"),
        (lambda trains: interop.to_nwb(trains, "it.nwb"), "pynwb", "nwb"),
        (lambda _: interop.from_nwb("it.nwb"), "pynwb", "nwb"),
        (interop.to_pynapple, "pynapple", "pynapple"),
        (lambda trains: interop.write_parquet(trains, "it.parquet"), "pyarrow", "parquet"),
        (lambda _: interop.read_parquet("it.parquet"), "pyarrow", "parquet"),
    ],
)
def test_a_missing_extra_is_named(call, package, name, trains, monkeypatch, tmp_path):
    real = importlib.import_module

    def refuse(module, *rest):
        if module.partition(".")[0] == package:
            raise ImportError(f"No module named {module!r}")
        return real(module, *rest)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(ImportError, match=rf'needs {package}: pip install "spikelearn-neuro\[{name}\]"'):
        call(trains)
    assert list(tmp_path.iterdir()) == []


def test_importing_the_formats_loads_no_extra():
    import subprocess

    code = (
        "import sys, spikelearn as sl; sl.interop.read_csv; sl.interop.to_nwb; sl.interop.to_neo;"
        "sl.interop.to_pynapple; sl.interop.read_parquet;"
        "print([m for m in ('neo', 'pynwb', 'pynapple', 'pyarrow', 'brian2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_byte_order_mark_and_other_columns_are_no_obstacle(tmp_path):
    (tmp_path / "it.csv").write_bytes(b"\xef\xbb\xbfunit,time,amplitude,channel,train,interval\r\n0,0.25,7.5,a,1,2\r\n")
    assert interop.read_csv(tmp_path / "it.csv", t_stop=1.0) == SpikeTrains.from_arrays([[0.25]], t_stop=1.0)


def test_a_filtered_table_does_not_make_silent_trials(trains):
    table = trains.to_dataframe()
    part = table[table.trial < 2]
    with pytest.raises(ValueError, match=r"holds 240 spikes, but its attrs describe 480: .* pass n_trials="):
        SpikeTrains.from_dataframe(part)
    assert SpikeTrains.from_dataframe(part, n_trials=2) == trains.select_trials([0, 1])
    assert SpikeTrains.from_dataframe(table.sample(frac=1, random_state=1)) == trains


def test_a_table_in_a_data_frame_with_a_misspelt_trial_is_refused(trains):
    table = trains.to_dataframe().rename(columns={"trial": "Trials"})
    with pytest.raises(ValueError, match="the table has a column 'Trials'; did you mean it to be 'trial'"):
        SpikeTrains.from_dataframe(table)


def test_a_parquet_file_that_lost_rows_is_refused(trains, tmp_path):
    need("pyarrow")
    import pyarrow.parquet as pq

    interop.write_parquet(trains, tmp_path / "it.parquet")
    pq.write_table(pq.read_table(tmp_path / "it.parquet").slice(0, 100), tmp_path / "it.parquet")
    with pytest.raises(ValueError, match="was changed since spikelearn wrote it: it holds 100 of 480 spikes"):
        interop.read_parquet(tmp_path / "it.parquet")


@pytest.mark.parametrize("times", [["0.5"], [0.5 + 1j], [True], [None], [pd.Timestamp("2020-01-01")]])
def test_columns_that_hold_no_real_numbers_are_refused(times):
    with pytest.raises(ValueError, match="the table: time must be numbers in seconds, got values of the type"):
        SpikeTrains.from_dataframe(pd.DataFrame({"unit": [0], "time": times}), t_stop=1.0)
    with pytest.raises(ValueError, match="the table: unit must be (whole numbers or text|a whole number from 0), got"):
        SpikeTrains.from_dataframe(pd.DataFrame({"unit": times, "time": [0.5]}), t_stop=1.0)


def test_nullable_whole_numbers_are_numbers():
    table = pd.DataFrame({"unit": pd.array([0, 1], dtype="Int64"), "time": [0.5, 0.25]})
    assert SpikeTrains.from_dataframe(table, t_stop=1.0).counts().tolist() == [[1, 1]]


def test_a_matlab_struct_of_other_things_says_which_variable_to_name(tmp_path):
    savemat = pytest.importorskip("scipy.io").savemat
    cells = np.empty(2, dtype=object)
    cells[:] = [np.array([0.1, 0.2]), np.array([0.3])]
    savemat(tmp_path / "it.mat", {"session": {"spikes": cells, "rat": 7}})
    message = r"session is a struct with the fields spikes, rat, of which spikes hold .* pass variable='session.spikes'"
    with pytest.raises(ValueError, match=message):
        interop.read_mat(tmp_path / "it.mat", t_stop=1.0)
    assert interop.read_mat(tmp_path / "it.mat", "session.spikes", t_stop=1.0).n_units == 2
