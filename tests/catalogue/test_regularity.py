"""Bursts found without knowing the model are those that the model's own analysis finds."""

import numpy as np
import pytest
import xarray as xr

from spikelearn import Recording, SpikeTrains, catalogue
from spikelearn.catalogue.regularity import REGULARITY
from spikelearn.models.adaptive_lif.entry import QUANTITIES


def test_log_intervals_find_the_bursts_of_the_adaptive_neuron():
    configuration = catalogue.load("bursting")
    model, recording = configuration.model, catalogue.run(configuration)
    pairs = {
        "isi_burst_period": "burst_period",
        "isi_burst_length": "burst_duration",
        "isi_burst_silence": "silence_duration",
        "isi_burst_spikes": "spikes_per_burst",
    }
    for blind, informed in pairs.items():
        # The same spikes: only the order of the sums differs.
        np.testing.assert_allclose(
            REGULARITY[blind].function(model, recording), QUANTITIES[informed].function(model, recording), rtol=1e-12
        )
    assert REGULARITY["isi_bursts"].function(model, recording) == 7
    assert REGULARITY["cv"].function(model, recording) > 5


def test_one_value_a_unit_and_nothing_for_counts():
    trains = SpikeTrains.from_arrays([[0.1, 0.2, 0.4], [0.5]], t_stop=1.0)
    recording = Recording(trains, xr.Dataset())
    assert REGULARITY["unit_rates"].function(None, recording).tolist() == [3.0, 1.0]
    assert np.isnan(REGULARITY["cv"].function(None, recording)[1])
    with pytest.raises(ValueError, match="needs spike times; record='counts' keeps none"):
        REGULARITY["cv"].function(None, Recording(None, xr.Dataset()))
