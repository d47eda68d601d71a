"""Ids and columns of units through every format, and text files as people write them."""

import importlib.util
import warnings

import numpy as np
import pandas as pd
import pytest

from spikelearn import SpikeTrains, interop
from spikelearn.cli.analyse import analyse

FORMATS = ("csv", "parquet", "nwb", "neo", "pynapple")
NEEDS = {"parquet": "pyarrow", "nwb": "pynwb", "neo": "neo", "pynapple": "pynapple"}


def named(unit_ids, trial_ids, **columns):
    rng = np.random.default_rng(1)
    trials = [[np.sort(rng.uniform(0, 1, rng.integers(3, 9))) for _ in unit_ids] for _ in trial_ids]
    if len(trial_ids) > 1:
        trials[1] = [[] for _ in unit_ids]
    return SpikeTrains.from_trials(
        trials, t_stop=1.0, unit_ids=unit_ids, trial_ids=trial_ids, unit_columns=columns or None
    )


CASES = {
    "numbers": named([17, 905, 3], [20240101, 7, 8], quality=["good", "mua", "good"], depth=[1.5, 2.5, 0.5]),
    "one trial": named([17, 905], [12], quality=["good", "mua"]),
    "text": named(["cell, A", 'the "second"', "#3 ü", "4"], ["left", "right"]),
    "huge and mixed": named([10**30, "a", -5], [2**40, 1]),
    "gaps in columns": named([5, 6], [1, 2], quality=["good", None], chosen=[True, False]),
}


def through(trains, form, folder):
    if form in NEEDS and importlib.util.find_spec(NEEDS[form]) is None:
        pytest.skip(f"{NEEDS[form]} is not installed")
    if form == "neo":
        return interop.from_neo(interop.to_neo(trains))
    if form == "pynapple":
        return interop.from_pynapple(interop.to_pynapple(trains))
    path = folder / f"it.{form}"
    (interop.to_nwb if form == "nwb" else getattr(interop, f"write_{form}"))(trains, path)
    return interop.read_spikes(path)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("case", CASES)
def test_names_survive(form, case, tmp_path):
    trains = CASES[case]
    again = through(trains, form, tmp_path)
    assert (again.unit_ids, again.trial_ids, again.unit_columns) == (
        trains.unit_ids,
        trains.trial_ids,
        trains.unit_columns,
    )
    assert again == trains


@pytest.mark.parametrize("form", FORMATS)
def test_the_unnamed_stay_unnamed(form, tmp_path):
    trains = CASES["numbers"].with_ids(unit_ids=None, trial_ids=None, unit_columns=None)
    assert through(trains, form, tmp_path).names == {}


def test_text_files_without_facts(tmp_path):
    path = tmp_path / "it.csv"
    path.write_text("trial,unit,time\n3,cell_A,0.5\n1,b,0.25\n2,b,0.1\n")
    trains = interop.read_csv(path, t_stop=1)
    assert (trains.unit_ids, trains.trial_ids) == (("b", "cell_A"), (1, 2, 3))
    path.write_text("trial,unit,time\n1,0,0.5\n4,0,0.25\n")
    with pytest.warns(
        UserWarning, match=r"it.csv: 2 trials between 1 and 4 without a row, the first of them 2, .* trials="
    ):
        assert interop.read_csv(path, t_stop=1).n_trials == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert interop.read_csv(path, t_stop=1, trials=range(1, 6)).trial_ids == (1, 2, 3, 4, 5)
        assert interop.read_csv(path, t_stop=1, n_trials=5).n_trials == 5


DIALECTS = {
    "semicolon, decimal comma": ("unit;time\n7;0,25\n8;0,5\n", {"decimal": ","}),
    "tab": ("unit\ttime\n7\t0.25\n8\t0.5\n", {}),
    "bar": ("unit|time\n7|0.25\n8|0.5\n", {}),
    "semicolon, found": ("unit; time\n7; 0.25\n8; 0.5\n", {}),
    "given": ("unit;time\n7;0.25\n8;0.5\n", {"delimiter": ";"}),
    "mark": ("\ufeffunit,time\n7,0.25\n8,0.5\n", {}),
    "names and ms": (
        "neuron,t_ms\n7,250\n8,500\n",
        {"unit_column": "neuron", "time_column": "t_ms", "time_unit": "ms"},
    ),
    "capitals": ("Unit,Time\n7,0.25\n8,0.5\n", {"unit_column": "Unit", "time_column": "Time"}),
    "samples": ("unit,time\n7,7500\n8,15000\n", {"time_unit": 1 / 30000}),
    "no header": ("0.25 7\n0.5 8\n", {"header": False, "time_column": 0, "unit_column": 1}),
    "with another time": (
        "time,unit,t\n99,7,0.25\n98,8,0.5\n",
        {"time_column": "t"},
    ),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_dialects(dialect, tmp_path):
    text, options = DIALECTS[dialect]
    (tmp_path / "it.txt").write_text(text, encoding="utf-8")
    expected = SpikeTrains.from_arrays([[0.25], [0.5]], t_stop=1.0, unit_ids=[7, 8])
    assert interop.read_spikes(tmp_path / "it.txt", t_stop=1.0, **options) == expected


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("unit,time\n0,1_5\n", {}, "it.csv: time must be a number, got '1_5' in row 0"),
        ("unit;time\n0;0,5\n", {}, "time must be a number, got '0,5' in row 0; pass decimal=','"),
        ("unit;time\n0;0.5\n", {"decimal": ","}, "time must be a number, got '0.5' in row 0"),
        ("Unit,time\n0,0.5\n", {}, r"; did you mean unit_column='Unit'\?"),
        ("Unit,Time\n0,0.5\n", {}, r"did you mean unit_column='Unit' and time_column='Time'\?"),
        ("spike_times,spike_clusters\n9,0\n", {}, "unit_column='spike_clusters' and time_column='spike_times'"),
        ("neuron_id\tspike_time_s\n0\t0.5\n", {}, "unit_column='neuron_id' and time_column='spike_time_s'"),
        ("Cell;t (sec)\n0;0.5\n", {}, r"unit_column='Cell' and time_column='t \(sec\)'"),
        ("0,0.5\n", {}, "first row is a spike pass header=False, and the columns by place, such as unit_column=0"),
        ("a,b\n0,0.5\n", {}, "pass unit_column= and time_column= for other names, or delimiter="),
        ("unit,time\n0,0.5\n", {"time_column": "t"}, "it.csv has no column 't'; its columns are unit, time"),
        ("unit,time\n0,117.5\n", {}, "it.csv: spike 0 of unit 0, .* got 117.5 s; .* need time_unit=, such as 'ms'"),
        ("unit,time\n0,0.5\n", {"time_unit": "mV"}, "time_unit must be a time, such as '1 s'"),
        ("unit,time\n0,0.5\n", {"time_unit": -1.0}, "time_unit must be positive"),
        ("unit,time\n0,0.5\n", {"decimal": ";"}, "decimal must be '.' or ','"),
        ("unit,time\n0,0.5\n", {"delimiter": ", "}, "delimiter must be one sign"),
        ("unit,time\n0,0.5\n", {"units": [1, 2]}, "it.csv: unit 0 is not among the 2 units that are listed"),
    ],
)
def test_bad_dialects_are_refused(text, options, message, tmp_path):
    (tmp_path / "it.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        interop.read_csv(tmp_path / "it.csv", t_stop=1.0, **options)


def test_an_option_that_a_format_does_not_have_is_refused(tmp_path):
    (tmp_path / "it.csv").write_text("unit,time\n0,0.5\n")
    with pytest.raises(TypeError, match=r"read_csv has no option 'unit_colum'; did you mean 'unit_column'"):
        interop.read_spikes(tmp_path / "it.csv", t_stop=1.0, unit_colum="neuron")


def test_parquet_of_others_keeps_ids(tmp_path):
    if importlib.util.find_spec("pyarrow") is None:
        pytest.skip("pyarrow is not installed")
    times = (np.arange(100) / 10).astype(np.float32)
    pd.DataFrame({"unit": "b", "trial": 3, "time": times}).to_parquet(tmp_path / "it.parquet")
    trains = interop.read_parquet(tmp_path / "it.parquet", t_stop=10.0, units=["a", "b"])
    assert (trains.unit_ids, trains.trial_ids) == (("a", "b"), (3,))
    assert (trains.binned(0.1)[0, 1] == 1).all()
    with pytest.raises(ValueError, match=r"it.parquet: spike 50 of unit b, trial 3 must lie within"):
        interop.read_parquet(tmp_path / "it.parquet", t_stop=5.0)


def test_neo_trains_are_matched_by_name():
    if importlib.util.find_spec("neo") is None:
        pytest.skip("neo is not installed")
    import neo
    import quantities as pq

    block = neo.Block()
    for names in (("a", "b"), ("b", "a")):
        segment = neo.Segment()
        for name in names:
            times = np.array([250 if name == "a" else 500], dtype=np.float32) * pq.ms
            segment.spiketrains.append(neo.SpikeTrain(times, t_stop=1 * pq.s, name=name, quality="good"))
        block.segments.append(segment)
    trains = interop.from_neo(block)
    assert (trains.unit_ids, trains.unit_columns) == (("a", "b"), {"quality": ("good", "good")})
    assert trains.times.tolist() == [0.25, 0.5, 0.25, 0.5]


def test_analyse_names_units_by_ids(tmp_path):
    interop.write_csv(CASES["numbers"], tmp_path / "it.csv")
    text = analyse(tmp_path / "it.csv", tmp_path / "out", ids=("905", 17), bin_size=0.5)
    assert "correlogram of units 905 and 17" in text
    assert "JPSTH of units 905 and 17" in text
    table = pd.read_csv(tmp_path / "out" / "regularity.csv")
    assert sorted(set(table["unit"])) == [3, 17, 905]
    with pytest.raises(ValueError, match=r"it.csv has no unit '18'; did you mean '17'"):
        analyse(tmp_path / "it.csv", tmp_path / "out", ids=(18, 17))
    with pytest.raises(ValueError, match="units, positions, or ids, not both"):
        analyse(tmp_path / "it.csv", tmp_path / "out", ids=(905, 17), units=(0, 1))
    (tmp_path / "ms.txt").write_text("cell\tt\n17\t250\n18\t500\n")
    options = {"unit_column": "cell", "time_column": "t", "time_unit": "ms"}
    assert "correlogram of units 17 and 18" in analyse(tmp_path / "ms.txt", tmp_path / "ms", t_stop=1, **options)
    with pytest.raises(ValueError, match="need --time-unit, such as 'ms'"):
        analyse(tmp_path / "ms.txt", tmp_path / "s", t_stop=1, unit_column="cell", time_column="t")
    (tmp_path / "gap.csv").write_text("trial,unit,time\n1,0,0.5\n3,0,0.25\n")
    text = analyse(tmp_path / "gap.csv", tmp_path / "gap", t_stop=1)
    assert "note: " in text
    assert "1 trial between 1 and 3 without a row, the first of them 2" in text
    assert "pass --all-trials to list all" in text
    listed = analyse(tmp_path / "gap.csv", tmp_path / "all", t_stop=1, all_trials="1-3,9", all_units="0,b")
    assert "SpikeTrains(4 trials x 2 units, 2 spikes" in listed
    assert "note: " not in listed
