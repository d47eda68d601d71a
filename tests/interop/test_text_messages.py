"""What a newcomer's table of spikes is refused with: rows without a time, times before 0, ids for places."""

import pytest

import spikelearn as sl


def test_rows_without_a_time_and_times_before_zero(tmp_path):
    path = tmp_path / "cells.csv"
    path.write_text("unit,time\n3,0.1\n3,\n")
    with pytest.raises(ValueError, match="got '' in row 1; rows without a time are no spikes: leave them out"):
        sl.interop.read_csv(path, t_stop=1.0)
    path.write_text("unit,time\n3,-0.25\n3,0.5\n")
    with pytest.raises(ValueError, match=r"got -0.25 s; times before 0 need t_start=$"):
        sl.interop.read_csv(path, t_stop=1.0)
    path.write_text("unit,time\n3,0.25\n3,500\n")
    with pytest.raises(ValueError, match=r"got 500.0 s; times in other units than seconds need time_unit="):
        sl.interop.read_csv(path, t_stop=1.0)


def test_ids_are_no_places():
    trains = sl.SpikeTrains.from_trials([[[0.1], [0.2]], [[0.3], [0.1]]], t_stop=1.0, unit_ids=[3, 11])
    with pytest.raises(IndexError, match="units must be 0 to 1, got 3; these are places, not ids"):
        sl.analyses.jpsth(trains, (3, 11), 0.5)
    assert sl.analyses.jpsth(trains.select_units(ids=[11, 3]), (0, 1), 0.5).attrs["unit_1"] == 11
