"""True and False are no numbers, alone or among numbers."""

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.parameters.numbers import number_array, whole_numbers
from spikelearn.parameters.units import si_value


@pytest.mark.parametrize("given", [True, [0.5, True], (1, np.False_), [[1.0], [True]], np.array([True, False])])
def test_no_reader_takes_them(given):
    with pytest.raises(TypeError, match=r"gain must be a number, got"):
        si_value(given, "1", "gain")
    with pytest.raises(TypeError, match="gain must be a number or an array of numbers, got"):
        number_array("gain", given)
    with pytest.raises(TypeError, match="steps must be whole numbers, got"):
        whole_numbers("steps", given)


def test_times_and_parameters():
    with pytest.raises(TypeError, match="spike times must be real numbers, got"):
        sl.SpikeTrains.from_arrays([[0.5, True]], t_stop=2.0)
    neuron = sl.AdaptiveLIF()
    with pytest.raises(TypeError, match=r"vary\['delta_g'\] must be a number, got \[True, False\]"):
        sl.simulate(neuron, 0.1, n=2, vary={"delta_g": [True, False]})
    assert number_array("gain", [[1, 0], [0.0, 2]]).tolist() == [[1.0, 0.0], [0.0, 2.0]]
