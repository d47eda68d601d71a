"""Intervals of many neurons at once are those of each alone, to the last bit."""

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.catalogue.trains import TRAINS


def one(train, middle):
    """The longest interval by hand."""
    late = [after - before for before, after in zip(train, train[1:], strict=False) if before > middle]
    return max(late, default=np.nan)


@pytest.mark.parametrize("n", [1, 2, 40])
def test_the_longest_late_interval_of_every_neuron(n):
    rng = np.random.default_rng(n)
    rows = [np.sort(rng.uniform(2, 6, size=rng.integers(0, 8))) for _ in range(n)]
    rows[0] = np.array([2.5, 4.0, 4.25, 5.0])  # 4.0 is the middle itself, which is not after it
    trains = sl.SpikeTrains.from_arrays(rows, t_start=2.0, t_stop=6.0)
    quantity = TRAINS["longest_interval"].function
    found = quantity(None, sl.Recording(trains, sl.simulate(sl.AdaptiveLIF(), 0.01).traces, {}))
    np.testing.assert_array_equal(found, [one(row.tolist(), 4.0) for row in rows] if n > 1 else 0.75)


def test_no_spikes_have_no_intervals():
    for rows in ([[]], [[], []], [[], [0.4], []]):
        trains = sl.SpikeTrains.from_arrays(rows, t_stop=1.0)
        recording = sl.Recording(trains, sl.simulate(sl.AdaptiveLIF(), 0.01).traces, {})
        assert np.isnan(TRAINS["longest_interval"].function(None, recording)).all()
