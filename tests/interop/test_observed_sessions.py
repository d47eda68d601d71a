"""NWB and pynapple as they come: invalid times, gaps, units observed at different times, closed ends, other tables."""

import datetime
import importlib.util

import numpy as np
import pytest

from spikelearn import SpikeTrains, analyses, interop

NWB = pytest.mark.skipif(importlib.util.find_spec("pynwb") is None, reason="pynwb is not installed")
PYNAPPLE = pytest.mark.skipif(importlib.util.find_spec("pynapple") is None, reason="pynapple is not installed")


def write_nwb(path, units, *, trials=(), invalid=(), epochs=(), place="units", ids=None, quality=None):
    """Write `units`, pairs of spike times and observation intervals (or None)."""
    import pynwb

    file = pynwb.NWBFile("a session", "x", datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
    for k, (start, stop) in enumerate(trials):
        file.add_trial(start_time=float(start), stop_time=float(stop), id=100 + k)
    for start, stop in invalid:
        file.add_invalid_time_interval(start_time=float(start), stop_time=float(stop))
    for start, stop in epochs:
        file.add_epoch(start_time=float(start), stop_time=float(stop))
    table = pynwb.misc.Units(name="units" if place == "units" else place, description="units")
    if quality:
        table.add_column("quality", "of the sorting")
    for k, (times, intervals) in enumerate(units):
        extra = {} if intervals is None else {"obs_intervals": np.array(intervals, dtype=float)}
        extra |= {"quality": quality[k]} if quality else {}
        table.add_unit(spike_times=np.array(times, dtype=float), id=k if ids is None else ids[k], **extra)
    if place == "units":
        file.units = table
    else:
        file.create_processing_module("ecephys", "sorted").add(table)
    with pynwb.NWBHDF5IO(str(path), "w") as out:
        out.write(file)
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "it.nwb"


@NWB
def test_invalid_times_were_not_observed(path):
    times = np.arange(50) / 10
    write_nwb(path, [(times, None)], invalid=[(5, 10)], trials=[(0, 4), (4, 8), (8, 10)])
    with pytest.raises(
        ValueError, match=r"it.nwb: unit 0 was not observed throughout .* all were in \[\[0.0, 5.0\]\] s"
    ):
        interop.from_nwb(path, t_stop=10)
    kept = interop.from_nwb(path, t_stop=10, incomplete="keep")
    assert kept.observed.tolist() == [[0.0, 5.0]]
    assert float(analyses.rate(kept)[0, 0]) == 10.0
    assert interop.from_nwb(path, t_stop=5).n_spikes == 50
    by_trial = interop.from_nwb(path, by_trial=True)
    assert by_trial.observed.tolist() == [[0.0, 4.0], [0.0, 1.0], [0.0, 0.0]]
    assert by_trial.trial_ids == (100, 101, 102)
    np.testing.assert_array_equal(analyses.rate(by_trial)[:, 0], [10.0, 10.0, np.nan])
    # A spike in invalid time is not observed either.
    write_nwb(path, [([1.0, 6.0], None)], invalid=[(5, 10)], trials=[(0, 4), (4, 8)])
    with pytest.raises(ValueError, match="unit 0 has a spike at 6.0 s, within a trial, when it was not observed"):
        interop.from_nwb(path, by_trial=True)
    assert interop.from_nwb(path, by_trial=True, incomplete="keep").n_spikes == 1
    write_nwb(path, [([1.0, 6.0], None)], invalid=[(2, 3)])
    with pytest.raises(
        ValueError, match=r"all units were observed in 2 parts of the window, \[\[0.0, 2.0\], \[3.0, 10.0"
    ):
        interop.from_nwb(path, t_stop=10, incomplete="keep")


@NWB
def test_the_window_that_an_error_names_can_be_read(path):
    units = [([1.0, 2.0, 8.0], [(0, 9)]), ([3.0, 4.0], [(2.5, 7)])]
    write_nwb(path, units, ids=[17, 905], quality=["good", "mua"])
    with pytest.raises(ValueError, match=r"in which all units were observed \(\[\[2.5, 7.0\]\] s\), with crop=True"):
        interop.from_nwb(path)
    with pytest.raises(ValueError, match=r"unit 17 has 3 spikes beyond the window \[2.5, 7.0\) s, .* pass crop=True"):
        interop.from_nwb(path, t_start=2.5, t_stop=7)
    trains = interop.from_nwb(path, t_start=2.5, t_stop=7, crop=True)
    expected = SpikeTrains.from_arrays(
        [[], [3.0, 4.0]], t_start=2.5, t_stop=7.0, unit_ids=[17, 905], unit_columns={"quality": ["good", "mua"]}
    )
    assert trains == expected
    dropped = interop.from_nwb(path, t_start=0, t_stop=9, incomplete="drop_units")
    assert (dropped.unit_ids, dropped.unit_columns, dropped.n_spikes) == ((17,), {"quality": ("good",)}, 3)
    kept = interop.from_nwb(path, t_start=0, t_stop=9, incomplete="keep")
    assert (kept.observed.tolist(), kept.n_spikes) == ([[2.5, 7.0]], 2)
    with pytest.raises(ValueError, match="incomplete must be one of refuse, keep, drop_units, drop_trials, got 'no'"):
        interop.from_nwb(path, incomplete="no")


@NWB
def test_units_and_trials_by_observation(path):
    trials = [(0, 2), (3, 5), (6, 8)]
    units = [([1.0, 4.0, 7.0], [(0, 9)]), ([0.5, 3.5], [(0, 4.5)]), ([1.5, 7.5], [(0, 2), (6, 8)])]
    write_nwb(path, units, trials=trials, ids=[17, 905, 3])
    with pytest.raises(
        ValueError, match=r"in trial 1 unit 17 was in \[3.0, 5.0\] s and unit 905 in .* incomplete='keep'"
    ):
        interop.from_nwb(path, by_trial=True)
    by_units = interop.from_nwb(path, by_trial=True, incomplete="drop_units")
    assert (by_units.unit_ids, by_units.trial_ids) == ((17,), (100, 101, 102))
    by_trials = interop.from_nwb(path, by_trial=True, incomplete="drop_trials")
    assert (by_trials.unit_ids, by_trials.trial_ids) == ((17, 905, 3), (100,))
    assert by_trials.counts().tolist() == [[1, 1, 1]]
    kept = interop.from_nwb(path, by_trial=True, incomplete="keep")
    assert kept.observed.tolist() == [[0.0, 2.0], [0.0, 0.0], [0.0, 0.0]]
    assert kept.n_spikes == 3
    write_nwb(path, [([1.0], [(0, 1.5)])], trials=trials)
    with pytest.raises(ValueError, match="no trial was observed throughout, none is left"):
        interop.from_nwb(path, by_trial=True, incomplete="drop_trials")


@NWB
def test_the_very_end_and_times_that_are_none(path):
    write_nwb(path, [([1.0, 2.0], [(0, 2)])], ids=[17])
    with pytest.raises(ValueError, match=r"unit 17 has 1 spikes beyond .* exactly on its end \(pass closed_end=True"):
        interop.from_nwb(path)
    closed = interop.from_nwb(path, closed_end=True)
    assert closed.t_stop == 2.0
    assert closed.times.tolist() == [1.0, np.nextafter(2.0, 0)]
    assert interop.from_nwb(path, crop=True).times.tolist() == [1.0]
    write_nwb(path, [([1.0], None), ([-1.0, 0.5], None)], ids=[17, 905])
    with pytest.raises(
        ValueError, match=r"it.nwb: unit 905 has 1 spikes beyond .* the first at -1.0 s; pass crop=True"
    ):
        interop.from_nwb(path, t_stop=2)
    write_nwb(path, [([1.0], None), ([0.5, np.nan], None)], ids=[17, 905])
    with pytest.raises(ValueError, match="it.nwb: spike 1 of unit 905 must be at a finite time, got nan s"):
        interop.from_nwb(path, t_stop=2)
    write_nwb(path, [([1.0, 0.5], None)], ids=[17])
    with pytest.raises(ValueError, match=r"spike 1 of unit 17 must not come before .* pass sort=True"):
        interop.from_nwb(path, t_stop=2)
    assert interop.from_nwb(path, t_stop=2, sort=True).times.tolist() == [0.5, 1.0]


@NWB
def test_empty_rows_and_rows_with_the_same_id(path):
    write_nwb(path, [([], None), ([0.5], None), ([], None)], ids=[4, 5, 6])
    trains = interop.from_nwb(path, t_stop=1)
    assert (trains.unit_ids, trains.counts().tolist()) == ((4, 5, 6), [[0, 1, 0]])
    write_nwb(path, [([0.25], None), ([0.5], None)], ids=[4, 4])
    with pytest.warns(UserWarning, match="the table units has the same id in several rows; ids are positions"):
        assert interop.from_nwb(path, t_stop=1).unit_ids == (0, 1)


@NWB
def test_units_and_trials_in_other_tables(path):
    write_nwb(path, [([0.5, 1.5], None)], place="sorted", ids=[17], epochs=[(0, 1), (1, 2)])
    assert interop.from_nwb(path, t_stop=2).unit_ids == (17,)
    assert interop.from_nwb(path, t_stop=2, units_table="sorted").n_spikes == 2
    assert interop.from_nwb(path, by_trial=True, trials="epochs").times.tolist() == [0.5, 0.5]
    with pytest.raises(TypeError, match=r"trials must be the name of a table, got \[1, 2\]; the file holds all trials"):
        interop.read_spikes(path, by_trial=True, trials=[1, 2])
    with pytest.raises(ValueError, match="has no table of intervals 'stimuli'; it holds epochs"):
        interop.from_nwb(path, by_trial=True, trials="stimuli")
    with pytest.raises(ValueError, match="has no one table of units 'mine'; it holds ecephys/sorted"):
        interop.from_nwb(path, t_stop=2, units_table="mine")


@PYNAPPLE
def test_gaps_between_epochs_were_not_observed():
    import pynapple as nap

    epochs = nap.IntervalSet([0.0, 2.0], [1.0, 3.0])
    group = nap.TsGroup({3: nap.Ts([0.25, 2.25])}, time_support=epochs, metadata={"quality": ["good"]})
    with pytest.raises(ValueError, match=r"nothing was observed from 1.0 s to 2.0 s, between two epochs"):
        interop.from_pynapple(group, t_start=0, t_stop=3)
    part = interop.from_pynapple(group, t_start=2, t_stop="3 s", crop=True)
    assert part == SpikeTrains.from_arrays(
        [[2.25]], t_start=2, t_stop=3, unit_ids=[3], unit_columns={"quality": ["good"]}
    )


@PYNAPPLE
def test_spikes_on_the_closed_end_of_an_epoch_are_not_dropped():
    import pynapple as nap

    epochs = nap.IntervalSet([0.0, 2.0], [1.0, 3.0])
    group = nap.TsGroup({7: nap.Ts([0.25, 1.0, 2.5, 3.0])}, time_support=epochs)
    with pytest.raises(ValueError, match="unit 7 has a spike exactly on the end of an epoch, at 1.0 s"):
        interop.from_pynapple(group, by_trial=True)
    trains = interop.from_pynapple(group, by_trial=True, closed_end=True)
    assert trains.t_stop == 1.0
    assert trains.counts().tolist() == [[2], [2]]
    np.testing.assert_allclose(trains.times, [0.25, 1.0, 0.5, 1.0], rtol=1e-15)
    assert (trains.times < 1.0).all()
    one = nap.TsGroup({7: nap.Ts([0.25, 1.0])}, time_support=nap.IntervalSet(0.0, 1.0))
    assert interop.from_pynapple(one, closed_end=True).counts().tolist() == [[2]]
    assert interop.from_pynapple(one, crop=True).counts().tolist() == [[1]]
