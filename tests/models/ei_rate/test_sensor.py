"""Multipliers of a rule that sees running means: the roots of their polynomial, and where they leave the circle."""

import numpy as np
import pytest

from spikelearn.rules.sensor import sensor_bound, sensor_multipliers


@pytest.mark.parametrize("sensor", [1.0, 1.5, 4.0, 30.0])
def test_multipliers_are_the_roots_of_their_polynomial(sensor):
    """(z - 1)(tau z - tau + 1) = lambda z, written out for the companion matrix of NumPy."""
    values = np.array([-0.3, -5.0, 0.2, -0.1 + 0.4j, 0.05 - 2j, -1e-9])
    found = sensor_multipliers(values, sensor)
    assert found.shape == (12,)
    for k, value in enumerate(values):
        expected = np.roots([sensor, -(2 * sensor - 1 + value), sensor - 1])
        own = found[[k, k + 6]]
        for one in expected:
            assert np.abs(own - one).min() < 1e-7 * max(1.0, abs(one))
        assert own.prod() == pytest.approx((sensor - 1) / sensor, abs=1e-12)
    assert not np.isnan(sensor_multipliers(np.array([-(2 * sensor - 1)]), sensor)).any()


@pytest.mark.parametrize("sensor", [1.0, 2.0, 7.5])
def test_the_bound_is_where_a_multiplier_passes_minus_one(sensor):
    at = sensor_bound(sensor)
    sizes = [np.abs(sensor_multipliers([at * factor], sensor)).max() for factor in (0.999, 1.0, 1.001)]
    assert sizes[0] < sizes[1] < sizes[2]
    assert sizes[1] == pytest.approx(1.0, abs=1e-12)
    assert np.abs(sensor_multipliers([at], sensor) + 1).min() < 1e-12
