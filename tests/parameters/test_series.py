"""Lists and evenly spaced values of a file."""

import math

import numpy as np
import pytest
from brian2 import ms
from brian2.units.fundamentalunits import get_dimensions

from spikelearn.parameters.series import read_series


def test_evenly_spaced_values_leave_the_end_out_and_keep_the_unit():
    values = read_series("lags", {"start": "-50 ms", "stop": "0.0525 s", "num": 41})
    assert get_dimensions(values) == get_dimensions(ms)
    np.testing.assert_allclose(np.asarray(values), np.arange(-0.05, 0.05125, 0.0025), rtol=0, atol=1e-16)
    plain = read_series("gains", {"start": 1, "stop": 2, "num": 4})
    assert plain.tolist() == [1.0, 1.25, 1.5, 1.75]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"start": "-50 ms", "stop": math.nan, "num": 3}, r"lags\.stop must be finite, got nan"),
        ({"start": math.nan, "stop": "1 ms", "num": 3}, r"lags"),
        ({"start": "0 ms", "stop": math.inf, "num": 3}, r"lags\.stop must be finite, got inf"),
        ({"start": -math.inf, "stop": 1.0, "num": 3}, r"lags\.start must be finite, got -inf"),
        ({"start": "0 ms", "stop": "1 mV", "num": 3}, r"lags\.stop"),
        ({"start": "0 ms", "stop": "1 ms", "num": 0}, r"lags\.num must be a whole number of at least 1, got 0"),
        ({"start": "0 ms", "stop": "1 ms"}, r"must be a list or have start, .*, got \['start', 'stop'\]"),
        ([], "lags must not be empty"),
    ],
)
def test_what_is_no_series_is_named(given, said):
    with pytest.raises(ValueError, match=said):
        read_series("lags", given)
