"""Ids are names: they stay with what they name in selections, joins and tables, and positions stay positions."""

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from spikelearn import Recording, SpikeTrains, analyses
from spikelearn.spikes.ids import id_labels

UNITS = [17, "A3", 10**25]


@pytest.fixture
def trains():
    trials = [[[0.1], [0.2, 0.3], []], [[], [0.25], [0.5, 0.6]]]
    columns = {"quality": ["good", "mua", "good"], "depth": [0.5, None, 1.5]}
    return SpikeTrains.from_trials(trials, t_stop=1.0, unit_ids=UNITS, trial_ids=[20240101, 3], unit_columns=columns)


def test_names_of_the_unnamed_are_positions():
    plain = SpikeTrains.from_trials([[[0.1], []]] * 3, t_stop=1.0)
    assert (plain.unit_ids, plain.trial_ids, plain.unit_columns) == ((0, 1), (0, 1, 2), {})
    assert plain.names == {}
    assert plain.with_ids(unit_ids=[0, 1]) == plain
    assert plain.with_ids(unit_ids=[1, 0]) != plain


def test_selections_keep_names(trains):
    some = trains.select_units([2, 0]).select_trials(1)
    assert (some.unit_ids, some.trial_ids) == ((10**25, 17), (3,))
    assert some.unit_columns == {"quality": ("good", "good"), "depth": (1.5, 0.5)}
    np.testing.assert_array_equal(some.train(0), [0.5, 0.6])
    assert trains.select_units(ids=[10**25, 17]).select_trials(ids=3) == some
    assert trains.select_units(ids="A3").counts().tolist() == [[2], [1]]
    assert trains.select_units(quality="good").unit_ids == (17, 10**25)
    assert trains.select_units(quality=["good", "mua"], depth=[0.5, None]).unit_ids == (17, "A3")
    assert trains.select_units(depth=99).n_units == 0
    for other in (trains.restrict(0.1, 0.6), trains.shift(1), trains.with_ids(), copy.deepcopy(trains)):
        assert (other.unit_ids, other.trial_ids, other.unit_columns) == (
            trains.unit_ids,
            trains.trial_ids,
            trains.unit_columns,
        )
    cut = trains.aligned([0.3, 0.9, 0.4], 0.2, 0.2, trials=[0, 1, 1], incomplete="drop")
    assert (cut.unit_ids, cut.trial_ids) == (tuple(UNITS), (0, 2))


def test_what_is_drawn_twice_has_no_name(trains):
    again = trains.select_trials([1, 1, 0])
    assert again.trial_ids == (0, 1, 2)
    assert again.unit_ids == tuple(UNITS)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda t: t.select_units(ids=18), KeyError, "no id 18; the ids are 17, 'A3', 1000"),
        (lambda t: t.select_units(ids="A4"), KeyError, "no id 'A4'; did you mean 'A3'"),
        (lambda t: t.select_trials(ids=[0]), KeyError, "select_trials has no id 0; the ids are 20240101, 3"),
        (lambda t: t.select_units(qualty="good"), ValueError, "no column of units 'qualty'; did you mean 'quality'"),
        (lambda t: t.select_units(), ValueError, "must get either positions, or ids=, or columns"),
        (lambda t: t.select_units([0], ids=[17]), ValueError, "must get either positions, or ids=, or columns"),
        (lambda t: t.select_trials(), ValueError, "must get either positions or ids="),
        (lambda t: t.with_ids(unit_ids=[1, 2]), ValueError, "unit_ids must have 3 entries, got 2"),
        (lambda t: t.with_ids(unit_ids=[1, "1", 2]), ValueError, "unit_ids must all differ, got '1' twice"),
        (lambda t: t.with_ids(unit_ids=[1, 2.5, 2]), TypeError, "must be whole numbers or text, got 2.5"),
        (lambda t: t.with_ids(unit_ids=[1, True, 2]), TypeError, "must be whole numbers or text, got True"),
        (lambda t: t.with_ids(unit_ids="abc"), TypeError, "must be a list of ids, got 'abc'"),
        (lambda t: t.with_ids(trial_ids=["a", " "]), ValueError, "must not be empty text"),
        (lambda t: t.with_ids(unit_columns={"q": [1, 2]}), ValueError, "unit_columns: q must have 3 entries, got 2"),
        (lambda t: t.with_ids(unit_columns={"q": [1, 2, []]}), TypeError, "q must hold text, numbers, truth values"),
        (lambda t: t.with_ids(unit_columns={"q": "abc"}), TypeError, "q must have one entry a unit"),
        (lambda t: t.with_ids(unit_columns=[1]), TypeError, "unit_columns must be a mapping"),
        (lambda t: t.with_ids(unit_columns={1: "abc"}), TypeError, "unit_columns must have text for names, got 1"),
        (
            lambda t: SpikeTrains.concatenate_units([t, t]),
            ValueError,
            "unit_ids must all differ, got 17 twice; pass unit_ids=",
        ),
        (
            lambda t: SpikeTrains.concatenate_units([t, t.with_ids(unit_ids=None, trial_ids=[3, 20240101])]),
            ValueError,
            "every part must have the same trial_ids, got 20240101 and 3 at position 0",
        ),
        (
            lambda t: SpikeTrains.concatenate_trials([t, t.select_units([1, 0, 2])]),
            ValueError,
            "every part must have the same unit_ids, got 17 and 'A3' at position 0",
        ),
        (
            lambda t: SpikeTrains.concatenate_trials([t, t.with_ids(unit_columns={"q": [1, 2, 3]})]),
            ValueError,
            "every part must have the same unit_columns",
        ),
    ],
)
def test_names_that_are_not_there_or_do_not_fit_are_refused(call, error, message, trains):
    with pytest.raises(error, match=message):
        call(trains)


def test_joins_keep_names(trains):
    halves = [trains.restrict(0, 0.5), trains.restrict(0.5, 1)]
    assert SpikeTrains.concatenate_time(halves) == trains
    assert SpikeTrains.concatenate_units([trains.select_units([0]), trains.select_units([1, 2])]) == trains
    assert SpikeTrains.concatenate_trials([trains.select_trials(0), trains.select_trials(1)]) == trains
    twice = SpikeTrains.concatenate_trials([trains, trains], trial_ids=["a", "b", "c", "d"])
    assert (twice.n_trials, twice.trial_ids, twice.unit_ids) == (4, ("a", "b", "c", "d"), tuple(UNITS))
    plain = trains.with_ids(unit_ids=None, trial_ids=None, unit_columns=None)
    assert SpikeTrains.concatenate_units([plain, plain]).unit_ids == tuple(range(6))
    wide = SpikeTrains.concatenate_units([trains, plain.with_ids(unit_ids=[1, 2, 3])])
    assert wide.unit_columns["quality"] == ("good", "mua", "good", None, None, None)


def test_errors_of_times_name_the_ids():
    with pytest.raises(ValueError, match="spike 0 of unit 905, trial a must lie within 0.0 s <= t < 1.0 s, got 2.0 s"):
        SpikeTrains.from_arrays([[0.1], [2.0]], t_stop=1, unit_ids=[17, 905], trial_ids=["a"])


def test_tables_hold_ids(trains):
    table = trains.to_dataframe()
    assert table["unit"].tolist() == ["17", "A3", "A3", "A3", str(10**25), str(10**25)]
    assert table["trial"].tolist() == [20240101] * 3 + [3] * 3
    assert SpikeTrains.from_dataframe(table) == trains
    assert SpikeTrains.from_dataframe(table.sample(frac=1, random_state=1)) == trains
    numbers = trains.select_units([0]).to_dataframe()
    assert numbers["unit"].tolist() == [17]


def test_trials_1_to_10_are_ten_trials():
    table = pd.DataFrame({"trial": np.arange(1, 11), "unit": 0, "time": 0.05})
    table = pd.concat([table.assign(time=0.05 + 0.1 * k) for k in range(10)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trains = SpikeTrains.from_dataframe(table, t_stop=1.0)
    assert trains.trial_ids == tuple(range(1, 11))
    assert float(analyses.rate(trains, pooled=True)[0]) == 10.0
    assert float(analyses.fano_factor(trains)[0]) == 0.0


def test_units_17_and_905_are_two_and_a_gap_is_said_once():
    table = pd.DataFrame({"trial": [20240101, 950910352], "unit": [905, 17], "time": [0.1, 0.2]})
    with pytest.warns(UserWarning, match="pass (units|trials)= to list all, silent ones too") as caught:
        trains = SpikeTrains.from_dataframe(table, t_stop=1.0)
    assert sorted(str(one.message).partition(" between")[0] for one in caught) == [
        "the table: 887 units",
        "the table: 930670250 trials",
    ]
    assert (trains.unit_ids, trains.trial_ids, trains.counts().shape) == ((17, 905), (20240101, 950910352), (2, 2))
    assert trains.train(1, 0).tolist() == [0.1]


def test_lists_bring_silent_ones_and_the_order():
    table = pd.DataFrame({"trial": [2, 5], "unit": ["b", "b"], "time": [0.1, 0.2]})
    trains = SpikeTrains.from_dataframe(table, t_stop=1.0, units=["b", "a"], trials=[5, 2, 9])
    assert (trains.unit_ids, trains.trial_ids) == (("b", "a"), (5, 2, 9))
    assert trains.counts().tolist() == [[1, 0], [1, 0], [0, 0]]
    with pytest.raises(ValueError, match=r"trial 5 is not among the 2 trials that are listed; .* trials="):
        SpikeTrains.from_dataframe(table, t_stop=1.0, trials=[2, 3])
    with pytest.raises(ValueError, match=r"trial must lie in 0 to 4 where n_trials is given, got 5; pass trials="):
        SpikeTrains.from_dataframe(table, t_stop=1.0, n_trials=5)
    assert SpikeTrains.from_dataframe(table, t_stop=1.0, n_trials=6).n_trials == 6
    with pytest.raises(ValueError, match="n_trials must be the length of trials, got both"):
        SpikeTrains.from_dataframe(table, t_stop=1.0, n_trials=6, trials=[2, 5])
    with pytest.raises(TypeError, match="unknown argument 'unit'"):
        SpikeTrains.from_dataframe(table, t_stop=1.0, unit=[2, 5])
    with pytest.raises(ValueError, match="must have a column trial for 2 trials"):
        SpikeTrains.from_dataframe(table.drop(columns="trial"), t_stop=1.0, trials=[2, 5])


@pytest.mark.parametrize(
    ("units", "ids"),
    [
        ([2, 10, 2], (2, 10)),
        ([2.0, 10.0, 2.0], (2, 10)),
        (["2", "10", "2"], (2, 10)),
        (["b", "10", "b"], ("10", "b")),
        ([2**63, 5, 2**63], (5, 2**63)),
        (["123456789012345678901", "5", "123456789012345678901"], (5, 123456789012345678901)),
    ],
)
@pytest.mark.filterwarnings("ignore:.* without a row")
def test_ids_of_tables(units, ids):
    trains = SpikeTrains.from_dataframe(pd.DataFrame({"unit": units, "time": [0.1, 0.2, 0.3]}), t_stop=1.0)
    assert trains.unit_ids == ids
    assert trains.counts().sum() == 3


@pytest.mark.parametrize(
    ("unit", "message"),
    [
        ([0, -1], r"unit must be a whole number from 0, got -1.0 in row 1; .* list it in units="),
        ([0.5, 1.0], "unit must be a whole number from 0, got 0.5 in row 0, or text"),
        ([np.nan, 1.0], "unit must be a whole number from 0, got nan in row 0"),
        (["a", " "], "unit must be a whole number or text, got ' ' in row 1"),
        (["1", "2.5"], "unit must be a whole number from 0, got 2.5 in row 1, or text"),
        (["1", "nan"], "unit must be a whole number or text, got 'nan' in row 1"),
    ],
)
def test_what_is_no_id_is_refused(unit, message):
    with pytest.raises(ValueError, match=message):
        SpikeTrains.from_dataframe(pd.DataFrame({"unit": unit, "time": [0.1, 0.2]}), t_stop=1.0)
    listed = pd.DataFrame({"unit": [0, -1], "time": [0.1, 0.2]})
    assert SpikeTrains.from_dataframe(listed, t_stop=1.0, units=[-1, 0]).unit_ids == (-1, 0)


def test_saved_recordings_keep_names(trains, tmp_path):
    Recording(trains, xr.Dataset()).save(tmp_path / "it")
    assert Recording.load(tmp_path / "it").spikes == trains
    silent = trains.select_units([])
    Recording(silent, xr.Dataset()).save(tmp_path / "none")
    assert Recording.load(tmp_path / "none").spikes == silent


@pytest.mark.parametrize("copied", [lambda t: pickle.loads(pickle.dumps(t)), copy.deepcopy, copy.copy])
def test_a_copy_cannot_be_changed_either(copied, trains):
    partly = trains.restrict(0.0, 1.0).select_trials([0, 1])
    partly = SpikeTrains(partly.times, partly.offsets, 3, t_stop=1.0, observed=[[0, 0.9], [0, 1]])
    for original in (trains, partly):
        again = copied(original)
        assert again == original
        for array in (again.times, again.offsets, again.observed, again.train(0)):
            assert not array.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            again.times[0] = 0.7


def test_no_units_leave_the_trials():
    trains = SpikeTrains.from_trials([[[0.1]], [[]]], t_stop=1.0, observed=[[0, 0.5], [0, 1]], trial_ids=[4, 9])
    none = trains.select_units([])
    assert (none.n_units, none.n_trials, none.trial_ids) == (0, 2, (4, 9))
    assert none.counts().shape == (2, 0)
    np.testing.assert_array_equal(none.observed, trains.observed)
    assert none.binned(0.5).shape == (2, 0, 2)
    assert none.restrict(0, 0.5).n_trials == none.shift(1).n_trials == 2
    assert none.aligned([0.2], 0.1, 0.1, trials=[0]).n_trials == 1
    assert SpikeTrains.from_trials([[], [], []], t_stop=1.0).n_trials == 3
    assert SpikeTrains.concatenate_trials([none, none], trial_ids=range(4)).n_trials == 4
    assert SpikeTrains.from_dataframe(none.to_dataframe()) == none
    with pytest.raises(ValueError, match="n_trials must fit the offsets, which hold 2 trials, got 3"):
        SpikeTrains(trains.times, trains.offsets, 1, t_stop=1.0, n_trials=3)


def test_analyses_label_by_ids():
    rng = np.random.default_rng(3)
    trials = [[np.sort(rng.uniform(0, 1, 20)) for _ in range(3)] for _ in range(4)]
    trains = SpikeTrains.from_trials(trials, t_stop=1.0, unit_ids=[905, "b", 17], trial_ids=[1, 2, 3, 5])
    labels = ["905", "b", "17"]
    for result in (analyses.psth(trains, 0.1), analyses.rate(trains), analyses.isi_histogram(trains)):
        assert result["unit"].values.tolist() == labels
    assert analyses.rate(trains)["trial"].values.tolist() == [1, 2, 3, 5]
    table = analyses.regularity(trains)
    assert table["unit"].tolist() == labels * 4
    assert table["trial"].tolist() == [1] * 3 + [2] * 3 + [3] * 3 + [5] * 3
    assert analyses.jpsth(trains, (2, 0), 0.1).attrs["unit_1"] == 17
    assert analyses.jpsth(trains, (1, 0), 0.1).attrs["unit_1"] == "b"
    assert analyses.cross_correlogram(trains, (1, 2)).attrs["units_compared"] == ["b", "17"]
    pairs = analyses.jpsth_pairs(trains, bin_size=0.1)
    assert pairs["unit_1"].values.tolist() == ["905", "905", "b"]
    assert analyses.burst_summary(trains, max_interval=0.05)["unit"].tolist() == labels
    found = analyses.bursts(trains, max_interval=0.05)
    assert set(found["trial"]) <= {1, 2, 3, 5}
    average = analyses.spike_triggered_average(rng.normal(size=100), 0.01, trains, (-0.05, 0.0))
    assert average["unit"].values.tolist() == labels
    assert analyses.joint_weights(trains, bin_size=0.1)["trial"].values.tolist() == [1, 2, 3, 5]
    quiet = trains.with_ids(unit_ids=[1, 2, 3])
    assert analyses.psth(quiet, 0.1).sel(unit=3).equals(analyses.psth(quiet.select_units(ids=3), 0.1).sel(unit=3))


@pytest.mark.parametrize(
    "call",
    [
        lambda r: analyses.psth(r),
        lambda r: analyses.jpsth(r),
        lambda r: analyses.jpsth_pairs(r),
        lambda r: analyses.jpsth_significance(r),
        lambda r: analyses.jpsth_bootstrap(r),
        lambda r: analyses.covariogram_band(r),
        lambda r: analyses.bursts(r),
        lambda r: analyses.burst_summary(r),
        lambda r: analyses.cross_correlogram(r),
        lambda r: analyses.autocorrelogram(r),
        lambda r: analyses.isi_histogram(r),
        lambda r: analyses.regularity(r),
        lambda r: analyses.rate(r),
        lambda r: analyses.cv(r),
        lambda r: analyses.fano_factor(r),
        lambda r: analyses.spike_triggered_average(np.zeros(10), 0.1, r),
        lambda r: analyses.spike_triggered_covariance(np.arange(10.0), 0.1, r),
        lambda r: analyses.nonlinearity(np.arange(10.0), 0.1, r, [1.0]),
        lambda r: analyses.joint_weights(r),
        lambda r: analyses.summed_weights(r),
    ],
)
def test_a_recording_in_place_of_trains_is_explained(call, trains):
    recording = Recording(trains, xr.Dataset())
    with pytest.raises(TypeError, match="trains must be SpikeTrains, got Recording; hand over its attribute spikes"):
        call(recording)
    with pytest.raises(TypeError, match="trains must be SpikeTrains, got list"):
        call([[0.1]])


def test_columns_of_one_s_own_are_left_alone_and_misspelt_ones_are_not():
    table = pd.DataFrame({"unit": [0, 1], "time": [0.1, 0.2], "amplitude": [5.0, 6.0]})
    plain = SpikeTrains.from_dataframe(table[["unit", "time"]], t_stop=1.0)
    assert SpikeTrains.from_dataframe(table, t_stop=1.0) == plain
    with pytest.raises(ValueError, match="has a column 'Trials'; did you mean it to be 'trial'"):
        SpikeTrains.from_dataframe(table.assign(Trials=0), t_stop=1.0)
    # Beside a column of trials, what else is said of them is the user's own.
    both = table.assign(trial=0, trial_type=3)
    assert SpikeTrains.from_dataframe(both, t_stop=1.0) == plain


def test_numbers_beyond_64_bits_are_labels_of_text():
    assert id_labels([3, 2**63 - 1, -(2**63)]).dtype == np.int64
    for beyond in (2**63, -(2**63) - 1):
        assert id_labels([3, beyond]).tolist() == ["3", str(beyond)]
