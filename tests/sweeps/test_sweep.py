import math
import sys
import time

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from brian2 import ms, mV, volt

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
    for k in range(1, 500):
        one = keys({"a": [f"{k} mV"]})
        assert one == keys({"a": [k * mV]}) == keys({"a": [f"{k / 1000!r} V"]}) == keys({"a": [f"{k * 1000} uV"]})
    # Numbers are themselves to the last digit, with and without a unit.
    third = np.nextafter(1 / 3, 1) * np.array([1.0, 1 - 2e-16])
    assert third[0] != third[1]
    assert len(keys({"a": third})) == len(keys({"a": third * volt})) == 4
    assert set(keys({"a": [0.009]})).isdisjoint(keys({"a": [9 * 1e-3]}))
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


class Speechless(Exception):
    def __str__(self):
        raise ValueError("no words")


ODD = {
    "exits": (lambda: sys.exit("bye"), "SystemExit: bye"),
    "exits with a number": (lambda: sys.exit(3), "SystemExit: 3"),
    "speechless": (Speechless, "Speechless: its text cannot be made, ValueError"),
    "half a character": (lambda: ValueError("a\ud800b"), r"ValueError: a\ud800b"),
    "stops": (BaseException, "BaseException"),
}


@pytest.mark.parametrize("executor", ["serial", 1])
@pytest.mark.parametrize("case", ODD)
def test_whatever_a_point_raises_is_recorded_and_all_others_are_done(tmp_path, case, executor):
    make, said = ODD[case]

    def odd(x, seed):
        if x == 1:
            raise make()
        return {"y": x}

    found = sl.sweep(odd, {"x": [0, 1, 2]}, executor=executor, store=tmp_path / "s", version="1", progress=False)
    assert found["error"].values.tolist() == ["", said, ""]
    found.to_netcdf(tmp_path / "s.nc")


def test_an_interrupt_in_a_point_stops_the_sweep():
    def stopped(x, seed):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sl.sweep(stopped, {"x": [0, 1]}, executor="serial", progress=False)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (2**53 + 1, "y must be whole numbers that float64 holds"),
        (np.array([1, 2**63 - 1]), "y must be whole numbers that float64 holds"),
        (np.uint64(2**64 - 1), "y must be whole numbers that float64 holds"),
        (np.ma.array([1.0, 2.0], mask=[False, True]), "y must have no masked values"),
        (np.ma.masked, "y must have no masked values"),
    ],
)
def test_results_that_would_come_back_changed_are_refused(value, message):
    found = sl.sweep(lambda x, seed: {"y": value}, {"x": [1]}, executor="serial")
    assert found["error"].item().startswith(f"ValueError: {message}")


def test_results_that_floats_hold_are_kept():
    large = [2**53, -(2**53), 2**63, 2**53 + 2]
    found = sl.sweep(lambda x, seed: {"y": large[x], "z": np.ma.array([x])}, {"x": range(4)}, executor="serial")
    assert [int(value) for value in found["y"].values] == large
    assert found["z"].values.ravel().tolist() == [0, 1, 2, 3]


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
        ({"progress": "no"}, "sweep: progress must be True or False, got 'no'"),
        ({"retry": 1}, "sweep: retry must be True or False, got 1"),
        ({"version": 3}, "sweep: version must be text, got 3"),
        ({"version": ""}, "sweep: version must not be empty"),
        ({"timeout": math.nan}, "timeout"),
        ({"measure": ["x"]}, "measure and run must be left out for a function"),
    ],
)
def test_arguments_that_cannot_be(options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        sl.sweep(add, {"a": [1], "b": [2]}, **options)


@pytest.mark.parametrize("seed", [True, 1.9, "7"])
@pytest.mark.parametrize("sampler", [sl.sweeps.random, sl.sweeps.latin_hypercube])
def test_samplers_take_whole_numbers_as_seeds(sampler, seed):
    with pytest.raises(TypeError, match=f"seed must be a whole number, got {seed!r}"):
        sampler({"a": (0, 1)}, n=3, seed=seed)


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
