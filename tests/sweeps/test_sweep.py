import math
import time

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from brian2 import ms, mV

import spikelearn as sl
from spikelearn.sweeps.points import read_grid
from tests.sweeps.functions import add, wicked


def plain(**point):
    del point["seed"]
    return {"n": len(point), **{f"{name}_": value for name, value in point.items() if not isinstance(value, str)}}


def test_every_combination_lands_in_its_place():
    found = sl.sweep(add, {"a": [1.0, 2.0, 5.0], "b": [10, 20]}, executor=2)
    assert found["sum"].dims == ("a", "b")
    expected = np.add.outer([1.0, 2.0, 5.0], [10, 20])
    np.testing.assert_array_equal(found["sum"].values, expected)
    assert found["sum"].sel(a=5.0, b=20) == 25
    assert not found["failed"].any()
    assert (found["error"] == "").all()


def test_values_keep_their_units():
    def volts(V, tau, seed):
        return {"slope": V / tau, "plain": float(V / mV)}

    found = sl.sweep(volts, {"V": np.array([10, 20]) * mV, "tau": ["5 ms", 10 * ms]}, executor="serial")
    assert found["V"].attrs["units"] == "V"
    assert found["tau"].attrs["units"] == "s"
    np.testing.assert_allclose(found["slope"], [[2.0, 1.0], [4.0, 2.0]], rtol=1e-15)
    np.testing.assert_allclose(found["plain"], [[10, 10], [20, 20]], rtol=1e-15)
    assert "V" not in found["plain"].attrs["units"]
    assert found["slope"].attrs["units"] != "1"


def test_listed_points_lie_along_one_dimension():
    table = [{"a": 1.0, "b": 2}, {"a": 3.0, "b": 4}]
    found = sl.sweep(add, table, executor="serial")
    assert found["sum"].dims == ("point",)
    assert found["sum"].values.tolist() == [3.0, 7.0]
    assert found["a"].dims == ("point",)
    xr.testing.assert_identical(found, sl.sweep(add, pd.DataFrame(table), executor="serial"))
    # A point is itself, whatever stands beside it.
    grid = sl.sweep(add, {"b": [4, 2], "a": [3.0, 1.0]}, executor="serial")
    assert grid["seed_low"].sel(a=3.0, b=4) == found["seed_low"][1]


def test_repeats_have_a_dimension_and_seeds_of_their_own():
    found = sl.sweep(add, {"a": [1, 2], "b": [0]}, n_repeats=3, executor="serial")
    assert found["seed_low"].dims == ("a", "b", "repeat")
    assert len(np.unique(found["seed_low"])) == 6
    once = sl.sweep(add, {"a": [2], "b": [0]}, executor="serial")
    assert once["seed_low"].item() == found["seed_low"].sel(a=2, repeat=0).item()


def test_seeds_come_from_root_and_content():
    def keys(grid, seed=0):
        return {point.key: point.seed for point in read_grid(grid, 2, seed)}

    first = keys({"a": [1, 2], "b": ["20 mV"]})
    assert first == keys({"b": [0.02 * 1000 * mV], "a": [2.0, 1.0]})
    assert len(set(first.values())) == 4
    assert first != keys({"a": [1, 2], "b": ["20 mV"]}, seed=1)
    assert set(keys({"a": [1]})).isdisjoint(keys({"a": [True]}))
    assert all(0 <= seed < 2**63 for seed in first.values())


def test_what_dies_raises_or_hangs_is_recorded_and_all_others_are_done():
    began = time.monotonic()
    found = sl.sweep(wicked, {"x": list(range(12))}, executor=2, timeout="1 s")
    assert time.monotonic() - began < 15
    errors = dict(zip(found["x"].values.tolist(), found["error"].values.tolist(), strict=True))
    assert errors.pop(2) == "WorkerDied: 3 workers ended at this point, the last by signal SIGKILL"
    assert errors.pop(3) == "KeyError: 'three'"
    assert errors.pop(4) == "TimeoutError: took longer than 1 s"
    assert set(errors.values()) == {""}
    assert found["x"][found["failed"]].values.tolist() == [2, 3, 4]
    good = found.where(~found["failed"], drop=True)
    assert good["y"].values.tolist() == [0, 1, 5, 6, 7, 8, 9, 10, 11]
    assert np.isnan(found["y"][2:5]).all()


def test_results_need_one_shape_and_names():
    def ragged(x, seed):
        return {"y": np.zeros(x)}

    def missing(x, seed):
        return {"y": 1.0} if x == 1 else {"z": 1.0}

    with pytest.raises(ValueError, match=r"y at x = 2.0 must have the shape \(1,\) that it has at x = 1.0, got \(2,\)"):
        sl.sweep(ragged, {"x": [1, 2]}, executor="serial")
    with pytest.raises(ValueError, match="z at x = 2.0 must be returned by every point"):
        sl.sweep(missing, {"x": [1, 2]}, executor="serial")
    with pytest.raises(ValueError, match="x at x = 1.0 must have a name that the grid does not have"):
        sl.sweep(lambda x, seed: {"x": x}, {"x": [1]}, executor="serial")
    found = sl.sweep(lambda x, seed: x, {"x": [1]}, executor="serial")
    assert found["error"].item() == "TypeError: a sweep's function must return a dict of numbers or arrays, got int"
    found = sl.sweep(lambda x, seed: {"y": "two"}, {"x": [1]}, executor="serial")
    assert "y must be a number or an array of numbers, got 'two'" in found["error"].item()


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({}, "must name at least one parameter"),
        ({"x": []}, "grid x must hold at least one value"),
        ({"x": 3}, "grid x must be a flat sequence"),
        ({"x": "abc"}, "grid x must be a flat sequence"),
        ({"x": [1, 1.0]}, "must hold each value once, got 1.0 twice"),
        ({"x": [1, "2 mV"]}, "must be values of one kind and unit, got 1.0 and 0.002 V"),
        ({"x": [math.nan]}, "grid x must be a number, got nan"),
        ({"seed": [1]}, "must not have the name 'seed'"),
        ([], "at least one point"),
        ([{"a": 1}, {"b": 1}], "every point must have the names"),
        ([{"a": 1}, {"a": 1}], "table must hold each value once"),
        (5, "must be a dict of name -> values"),
        ({"x": [None]}, "must be a number, a quantity, text or a flag"),
    ],
)
def test_grids_that_cannot_be(grid, message):
    with pytest.raises((ValueError, TypeError), match=message):
        sl.sweep(add, grid, executor="serial")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"executor": "fast"}, "executor must be None, a number of workers"),
        ({"executor": 0}, "executor must be at least 1"),
        ({"executor": [1]}, r"executor must have submit\(\)"),
        ({"executor": "serial", "timeout": 1}, "timeout must be left out"),
        ({"timeout": -1}, "timeout must be positive"),
        ({"n_repeats": 0}, "n_repeats must be at least 1"),
        ({"seed": -1}, "seed must not be negative"),
        ({"measure": ["x"]}, "measure and run must be left out for a function"),
    ],
)
def test_arguments_that_cannot_be(options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        sl.sweep(add, {"a": [1], "b": [2]}, **options)


def test_samplers_fill_their_ranges():
    spread = sl.sweeps.latin_hypercube({"V": ("10 mV", "20 mV"), "a": (0, 1)}, n=50, seed=3)
    volts = np.array([float(point["V"]) for point in spread])
    assert np.sort(np.floor((volts - 0.01) / 0.01 * 50)).tolist() == list(range(50))
    drawn = sl.sweeps.random({"V": (10 * mV, 20 * mV)}, n=500, seed=3)
    volts = np.array([float(point["V"]) for point in drawn])
    assert (volts >= 0.01).all()
    assert (volts < 0.02).all()
    # Mean of 500 uniform numbers: beyond 4 standard errors once in 16,000 seeds.
    assert abs(volts.mean() - 0.015) < 4 * 0.01 / math.sqrt(12 * 500)
    assert sl.sweep(plain, spread, executor="serial")["V_"].attrs["units"] != "1"
    for ranges, message in (
        ({"a": (1, 0)}, "must rise"),
        ({"a": (1, "2 mV")}, "two numbers of one unit"),
        ({"a": (1, 2, 3)}, r"must be \(low, high\)"),
        ({}, "must be a mapping"),
    ):
        with pytest.raises(ValueError, match=message):
            sl.sweeps.random(ranges, n=3)
