"""The f-I curve: hand counts, repeated inputs, and a neuron whose curve has a closed form."""

import numpy as np
import pytest
import xarray as xr
from brian2 import mV, volt

from spikelearn import Recording, SpikeTrains, analyses


def test_hand_counted_rates_come_in_the_order_of_the_input():
    trains = SpikeTrains.from_arrays([[0.1, 0.2, 0.6], [], [0.5], [0.2, 0.4, 0.5]], t_stop=1.0)
    result = analyses.fi_curve(trains, [3.0, 1.0, 2.0, 3.0], input_units="nA")
    assert result["input"].values.tolist() == [1.0, 2.0, 3.0]
    assert result["input"].attrs["units"] == "nA"
    assert result["rate"].values.tolist() == [0.0, 1.0, 3.0]
    np.testing.assert_allclose(result["onset"], [np.nan, np.nan, (1 / 0.1 + 1 / 0.2) / 2])
    np.testing.assert_allclose(result["steady"], [np.nan, np.nan, (1 / 0.4 + 1 / 0.1) / 2])
    np.testing.assert_allclose(result["sem"], [np.nan, np.nan, 0.0])
    skipped = analyses.fi_curve(trains, [3.0, 1.0, 2.0, 3.0], skip="400 ms")
    np.testing.assert_allclose(skipped["rate"], [0.0, 1 / 0.6, (1 + 2) / 0.6 / 2])


def test_inputs_may_belong_to_trials():
    trains = SpikeTrains.from_trials([[[0.1, 0.2], [0.3]], [[], []]], t_stop=1.0)
    result = analyses.fi_curve(trains, [2.0, 1.0], dim="trial")
    assert result["rate"].values.tolist() == [0.0, 1.5]
    np.testing.assert_allclose(result["sem"], [0.0, 0.5])


def test_a_recording_and_a_quantity_are_taken():
    import xarray as xr
    from brian2 import mV

    trains = SpikeTrains.from_arrays([[0.1], [0.1, 0.2]], t_stop=1.0)
    result = analyses.fi_curve(Recording(trains, xr.Dataset()), [20, 30] * mV)
    assert result["input"].attrs["units"] == "mV"
    np.testing.assert_allclose(result["input"], [20, 30])


def test_leaky_neurons_have_the_curve_of_their_closed_form():
    # Spikes at multiples of T(I) = tau log(I/(I - 1)): the rates must be 1/T but for counting whole spikes.
    drive = np.array([1.2, 1.5, 2.0, 4.0])
    interval = 0.01 * np.log(drive / (drive - 1))
    trains = SpikeTrains.from_arrays([np.arange(1, int(10 / t) + 1) * t for t in interval], t_stop=10.1)
    result = analyses.fi_curve(trains, drive)
    np.testing.assert_allclose(result["onset"], 1 / interval, rtol=1e-9)
    np.testing.assert_allclose(result["steady"], 1 / interval, rtol=1e-9)
    np.testing.assert_allclose(result["rate"], 1 / interval, rtol=0.015)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: analyses.fi_curve(t, [1.0]), r"inputs must have one value a unit, got shape \(1,\) for 2"),
        (lambda t: analyses.fi_curve(t, [1.0, np.nan]), "input 1 must be a number, got nan"),
        (
            lambda t: analyses.fi_curve(t, [1.0, 2.0], skip=1.0),
            "skip must leave a part of what was observed of every trial, got",
        ),
        (lambda t: analyses.fi_curve(t, [1.0, 2.0], dim="units"), "dim must be 'unit' or 'trial', got 'units'"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(SpikeTrains.from_arrays([[0.1], [0.2]], t_stop=1.0))


def test_two_spikes_have_one_interval_first_and_last():
    result = analyses.fi_curve(SpikeTrains.from_arrays([[0.1, 0.3], [0.2]], t_stop=1.0), [1.0, 2.0])
    np.testing.assert_allclose(result["onset"], [5.0, np.nan])
    np.testing.assert_allclose(result["steady"], [5.0, np.nan])


def test_the_trial_of_which_nothing_is_left_is_named():
    observed = [[0.0, 1.0], [0.0, 0.3], [0.0, 1.0]]
    trains = SpikeTrains.from_trials([[[0.1]], [[0.2]], [[0.3]]], t_stop=1.0, observed=observed, trial_ids=[5, 6, 7])
    with pytest.raises(ValueError, match="and of trial 6 0.3 s was observed"):
        analyses.fi_curve(trains, [9.0, 2.0, 3.0], dim="trial", skip="400 ms")


def test_numbers_are_in_the_unit_of_the_label():
    trains = SpikeTrains.from_arrays([[0.1], [0.2]], t_stop=1.0)
    for inputs in ([20, 25] * mV, np.array([0.02, 0.025]) * volt):
        curve = analyses.fi_curve(trains, inputs, input_units="mV")
        assert curve.input.values == pytest.approx([20, 25])
        assert curve.input.units == "mV"
    labelled = xr.DataArray([20.0, 25.0], attrs={"units": "mV"})
    assert analyses.fi_curve(trains, labelled, input_units="mV").input.units == "mV"
    with pytest.raises(ValueError, match="input_units must be left out for inputs in mV, got 'V'"):
        analyses.fi_curve(trains, labelled, input_units="V")
    with pytest.raises(ValueError, match="input_units must be a unit of the inputs, such as 1. mV, got 'nA'"):
        analyses.fi_curve(trains, [20, 25] * mV, input_units="nA")
