"""Times of a clock, large numbers of seconds, carry rounding errors that small bins cannot bear."""

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.models.escape_noise.binning import bin_spikes

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


SEEN = {
    "cross_correlogram": lambda trains, width: sl.analyses.cross_correlogram(trains, (0, 1), width, 20 * width),
    "autocorrelogram": lambda trains, width: sl.analyses.autocorrelogram(trains, 0, width, 20 * width),
    "correlogram_significance": lambda trains, width: sl.analyses.correlogram_significance(
        trains, (0, 1), width, 20 * width, n_surrogates=39, seed=1
    ),
    "isi_histogram": lambda trains, width: sl.analyses.isi_histogram(trains, width, 0.1),
    "joint_weights": lambda trains, width: sl.analyses.joint_weights(trains, (0, 1), width),
    "summed_weights": lambda trains, width: sl.analyses.summed_weights(trains, bin_size=width),
    "psth": lambda trains, width: sl.analyses.psth(trains, width),
    "bin_spikes": lambda trains, width: bin_spikes(trains, width, counts=True),
}


@pytest.mark.parametrize("name", SEEN)
def test_bins_of_lags_and_intervals_are_refused_as_those_of_times_are(name):
    """A peak at 10 us stood at 14 us, and intervals in bins of 1 us were shifted by three."""
    rng = np.random.default_rng(2)
    near = np.sort(rng.integers(0, 2**16, (2, 300)), axis=1) * 2.0**-16
    clock = sl.SpikeTrains.from_arrays(CLOCK + near, t_start=CLOCK, t_stop=CLOCK + 1)
    with pytest.raises(ValueError, match=r"must be at least 0.003 s for times as large as 1.7e\+09 s, .* got 1e-05 s"):
        SEEN[name](clock, 1e-5)
    SEEN[name](sl.SpikeTrains.from_arrays(near, t_stop=1.0), 1e-3)
    SEEN[name](clock, 0.005)


def test_the_narrowest_of_bins_that_grow_counts():
    trains = sl.SpikeTrains.from_arrays([CLOCK + np.arange(100) * 0.01], t_start=CLOCK, t_stop=CLOCK + 1)
    with pytest.raises(ValueError, match="isi_histogram: the narrowest bin must be at least 0.003 s"):
        sl.analyses.isi_histogram(trains, min_interval=1e-3, max_interval=1.0, bins_per_decade=10)
