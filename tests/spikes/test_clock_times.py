"""Times of a clock, large numbers of seconds, carry rounding errors that small bins cannot bear."""

import numpy as np
import pytest

import spikelearn as sl

CLOCK = 1.7e9


def test_bins_that_rounding_would_shift_are_refused():
    """Bins of 1 us were shifted by three, and of bins of 1 ms 0.3 % of the spikes were in the bin beside theirs."""
    rng = np.random.default_rng(1)
    trains = sl.SpikeTrains.from_arrays([CLOCK + np.sort(rng.uniform(0, 1, 2000))], t_start=CLOCK, t_stop=CLOCK + 1)
    for width in (1e-6, 1e-3):
        with pytest.raises(ValueError, match=r"bin_size must be at least 0.003 s for times as large as 1.7e\+09 s"):
            trains.binned(width)
    counted = trains.binned(0.01)[0, 0]
    right = np.histogram(trains.times - CLOCK, np.arange(101) * 0.01)[0]
    assert np.abs(counted - right).sum() <= 2 * 2000 * 3e-4 * 3


def test_times_counted_from_a_nearer_start_are_binned():
    trains = sl.SpikeTrains.from_arrays([[0.0005, 0.0015, 0.3]], t_stop=1.0)
    assert trains.binned(1e-6).sum() == 3
    assert trains.binned(1e-3)[0, 0, :2].tolist() == [1, 1]
