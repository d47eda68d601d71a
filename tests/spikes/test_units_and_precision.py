"""What carries a unit is converted or refused, masks are not dropped, single precision lies on the edges of bins."""

import datetime
import importlib.util

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from spikelearn import EscapeNoise, SpikeTrains, analyses
from spikelearn.parameters.foreign import scaled, widened
from spikelearn.parameters.units import seconds, si_value

EXPECTED = SpikeTrains.from_arrays([[0.1, 0.2]], t_stop=0.5)


class Pint:
    """A quantity as pint makes them."""

    def __init__(self, magnitude, units):
        self.magnitude, self.units = magnitude, units

    def to(self, unit):
        if self.units != "millisecond":
            raise TypeError(f"cannot convert {self.units}")
        return Pint(np.asarray(self.magnitude) / 1000, unit)


def quantities():
    if importlib.util.find_spec("quantities") is None:
        pytest.skip("quantities is not installed")
    import quantities as pq

    return pq


TIMES = {
    "timedelta64": np.array([100, 200], dtype="timedelta64[ms]"),
    "list of timedelta64": [np.timedelta64(100, "ms"), np.timedelta64(200000, "us")],
    "standard library": [datetime.timedelta(milliseconds=100), datetime.timedelta(seconds=0.2)],
    "pandas": pd.Series(pd.to_timedelta([100, 200], unit="ms")),
    "pandas index": pd.to_timedelta([100, 200], unit="ms"),
    "xarray": xr.DataArray([100, 200], dims="spike", attrs={"units": "ms"}),
    "pint": Pint([100, 200], "millisecond"),
    "text": ["100 ms", "0.2 s"],
}


@pytest.mark.parametrize("kind", TIMES)
def test_times_with_a_unit_are_converted_everywhere(kind):
    times = TIMES[kind]
    assert SpikeTrains.from_arrays([times], t_stop=0.5) == EXPECTED
    assert SpikeTrains(times, [0, 2], 1, t_stop=0.5) == EXPECTED
    assert SpikeTrains.from_indices([0, 0], times, n_units=1, t_stop=0.5) == EXPECTED
    assert EXPECTED.aligned(times, 0.05, 0.05).counts().tolist() == [[1], [1]]


def test_times_of_quantities_and_windows():
    pq = quantities()
    assert SpikeTrains.from_arrays([[100, 200] * pq.ms], t_stop=500 * pq.ms) == EXPECTED
    assert SpikeTrains.from_arrays([[100 * pq.ms, 0.2 * pq.s]], t_stop=0.5) == EXPECTED
    assert SpikeTrains.from_indices([0, 0], [100, 200] * pq.ms, n_units=1, t_stop=0.5) == EXPECTED
    partly = SpikeTrains.from_arrays([[0.1, 0.2]], t_stop=0.5, observed=[[0, 300]] * pq.ms)
    assert partly.observed.tolist() == [[0.0, 0.3]]
    assert EXPECTED.aligned([100, 200] * pq.ms, 50 * pq.ms, 50 * pq.ms).counts().tolist() == [[1], [1]]
    assert EXPECTED.binned(100 * pq.ms).tolist() == [[[0, 1, 1, 0, 0]]]
    assert EXPECTED.restrict(0.1 * pq.s, 150 * pq.ms).n_spikes == 1
    assert EXPECTED.shift(1000 * pq.ms).t_start == 1.0
    assert analyses.psth(EXPECTED, 100 * pq.ms).sizes["time"] == 5
    with pytest.raises(ValueError, match=r"t_stop must be a time, got values in 1.0 mV|t_stop must be a time"):
        SpikeTrains.from_arrays([[0.1]], t_stop=500 * pq.mV)
    with pytest.raises(ValueError, match="spike times must be a time, got values in"):
        SpikeTrains.from_arrays([[100, 200] * pq.mV], t_stop=1)
    with pytest.raises(ValueError, match="eta_0 must be a Brian2 quantity or text such as '1', got one in"):
        EscapeNoise(eta_0=0.1 * pq.s)
    curve = analyses.fi_curve(EXPECTED, [100] * pq.pA)
    assert (curve["input"].item(), curve["input"].attrs["units"]) == (100.0, "pA")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.timedelta64(5, "ms"), 0.005),
        (datetime.timedelta(hours=1), 3600.0),
        (pd.Timedelta("7us"), 7e-6),
        (np.float32(0.1), 0.1),
        (np.array(0.3), 0.3),
        (xr.DataArray(300, attrs={"units": "ms"}), 0.3),
        (np.timedelta64(3, "m"), 180.0),
    ],
)
def test_one_time(value, expected):
    assert seconds(value, "it") == expected


@pytest.mark.parametrize(
    ("times", "error", "message"),
    [
        (np.array(["2020-01-01"], dtype="datetime64[s]"), ValueError, "since the begin of the recording .* got dates"),
        ([np.timedelta64("NaT", "ms")], ValueError, "must be a time, got NaT"),
        (np.array([1], dtype="timedelta64[M]"), ValueError, "units of fixed length"),
        (xr.DataArray([1.0], attrs={"units": "mV"}), ValueError, "must be a time, such as '1 s'"),
        (Pint([1.0], "millivolt"), ValueError, "must be a time, got values in millivolt"),
        ([True, False], TypeError, "must be real numbers, got the type bool"),
        ([0.1 + 1j], TypeError, "must be real numbers, got the type complex128"),
        ([None], TypeError, "must be real numbers, got None"),
        (["0.1 mV"], ValueError, "must be a time, such as '1 s'"),
        (["0.1"], ValueError, "must|unit"),
        (["soon"], ValueError, "must|unit"),
        (np.ma.array([0.1, 0.2], mask=[False, True]), ValueError, r"not be masked, got 1 masked entries, .* at \[1\]"),
        ([0.1, np.ma.masked], ValueError, "must not be masked"),
    ],
)
def test_what_is_no_time_is_refused(times, error, message):
    with pytest.raises(error, match=message):
        SpikeTrains.from_arrays([times], t_stop=1.0)


def test_masks_are_not_dropped():
    assert SpikeTrains.from_arrays([np.ma.array([0.1, 0.2])], t_stop=0.5) == EXPECTED
    hidden = np.ma.array(np.arange(5.0), mask=[0, 0, 1, 0, 0])
    for call in (
        lambda: analyses.spike_triggered_average(hidden, 0.1, EXPECTED),
        lambda: analyses.spike_triggered_average(np.arange(5.0), 0.1, None, weights=hidden),
        lambda: analyses.nonlinearity(np.arange(5.0), 0.1, None, [1.0], weights=hidden),
        lambda: analyses.effective_sample_size(hidden),
        lambda: analyses.fi_curve(SpikeTrains.from_arrays([[]] * 5, t_stop=1.0), hidden),
        lambda: SpikeTrains.from_arrays([[]], t_stop=1.0, observed=np.ma.array([[0, 1]], mask=[[0, 1]])),
        lambda: EXPECTED.aligned(np.ma.array([0.1, 0.2], mask=[0, 1]), 0.05, 0.05),
        lambda: EscapeNoise().log_likelihood(np.ma.array([[0, 1]], mask=[[0, 1]]), [[0.0] * 2] * 2, 0.001),
        lambda: seconds(np.ma.masked, "it"),
        lambda: si_value(np.ma.array([1.0], mask=[1]), "1", "it"),
    ):
        with pytest.raises(ValueError, match="must not be masked"):
            call()


def test_single_precision_lies_on_the_edges_of_bins():
    times = (np.arange(100) / 10).astype(np.float32)
    trains = SpikeTrains.from_arrays([times], t_stop=10.0)
    assert (trains.binned(0.1) == 1).all()
    np.testing.assert_array_equal(trains.times, np.arange(100) / 10)
    assert (SpikeTrains.from_dataframe(pd.DataFrame({"unit": 0, "time": times}), t_stop=10).binned(0.1) == 1).all()
    assert EXPECTED.binned(np.float32(0.1)).tolist() == [[[0, 1, 1, 0, 0]]]


@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_widening_equals_numpys_shortest_decimals(kind):
    rng = np.random.default_rng(0)
    with np.errstate(over="ignore", under="ignore"):
        values = np.concatenate(
            [
                rng.random(2000),
                10 ** rng.uniform(-40, 38, 2000),
                -(10 ** rng.uniform(-3, 6, 500)),
                np.arange(500) / 3e4,
                [0.0, -0.0, np.nan, np.inf, -np.inf, 2**24, 2**24 + 2],
            ]
        ).astype(kind)
    np.testing.assert_array_equal(widened(values), values.astype(str).astype(np.float64))
    assert widened(np.float64(0.1)).dtype == np.float64
    assert scaled([300, 1], 0.001).tolist() == [0.3, 0.001]


def test_parts_and_skips_share_the_edges_of_bins():
    # k*0.1 for k = 0 to 9, each a unit in the last place beside k/10 or not.
    trains = SpikeTrains.from_arrays([np.arange(10) * 0.1], t_stop=1.0)
    for k in range(10):
        part = trains.restrict(k / 10, (k + 1) / 10)
        assert part.n_spikes == 1, k
        assert part.train()[0] >= k / 10
    split = [trains.restrict(k / 10, (k + 1) / 10) for k in range(10)]
    joined = SpikeTrains.concatenate_time(split)
    assert joined.n_spikes == 10
    np.testing.assert_allclose(joined.times, trains.times, rtol=4e-16)
    for k in range(1, 10):
        rate = float(analyses.fi_curve(trains, [1.0], skip=k / 10)["rate"].item())
        assert rate == pytest.approx(10.0, rel=1e-12), k
    below = SpikeTrains.from_arrays([np.nextafter(np.arange(1, 10) / 10, 0)], t_stop=1.0)
    for k in range(1, 10):
        assert below.restrict(k / 10, (k + 1) / 10).times.tolist() == [k / 10]
    # A spike that moves onto the begin is not put where its trial was not observed.
    before = SpikeTrains.from_arrays([[np.nextafter(0.3, 0)]], t_stop=1.0, observed=[[0, 0.3]])
    assert before.restrict(0.3, 1.0).n_spikes == 0


def test_intervals_of_a_threshold_may_carry_units():
    times = np.repeat([2, 2, 2, 2, 300], 40)
    plain = analyses.log_isi_threshold(times / 1000)
    assert analyses.log_isi_threshold(times.astype("timedelta64[ms]")) == plain > 0
