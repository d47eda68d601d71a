"""Up states and what sensors see, on spikes that can be counted by hand."""

import numpy as np
import pytest

from spikelearn.models.up_state_network import UpStateNetwork, find_ups
from spikelearn.models.up_state_network.detector import sensor_rates
from spikelearn.models.up_state_network.trial import TrialSpikes


def counts(*active, n=100):
    found = np.zeros(n, dtype=int)
    for start, stop in active:
        found[start:stop] = 3
    return found


@pytest.mark.parametrize(
    ("active", "ups"),
    [
        ([], []),
        ([(10, 20)], []),  # 100 ms are not longer than 100 ms
        ([(10, 21)], [[10, 21]]),
        ([(10, 15), (25, 30)], [[10, 30]]),  # a hole of 100 ms is bridged
        ([(10, 15), (26, 31)], []),  # one of 110 ms is not, and neither part is long enough
        ([(0, 20), (40, 60), (99, 100)], [[0, 20], [40, 60]]),
        ([(0, 100)], [[0, 100]]),
        ([(10, 11), (20, 21)], [[10, 21]]),  # bridged first, then measured
    ],
)
def test_up_states_of_bins(active, ups):
    assert find_ups(counts(*active), 400).tolist() == ups


def test_one_spike_of_400_units_makes_a_bin_active_and_one_of_1000_does_not():
    """0.2 Hz in 10 ms are 0.8 spikes of 400 units and 2 spikes of 1,000."""
    one = np.ones(20, dtype=int)
    assert find_ups(one, 400).tolist() == [[0, 20]]
    assert find_ups(one, 1000).tolist() == []
    assert find_ups(2 * one, 1000).tolist() == [[0, 20]]


@pytest.fixture
def network():
    return UpStateNetwork(n_E=4, n_I=2, n_kicked=1, p=0.5, t_kick="0 ms", duration="1 s")


def spikes(*pairs, n_steps=10_000):
    pairs = sorted(pairs)
    return TrialSpikes(np.array([u for _, u in pairs], int), np.array([k for k, _ in pairs], int), n_steps)


def test_rates_within_two_up_states_are_averaged(network):
    """Unit 0: 3 spikes in 200 ms and 1 in 400 ms: (15 + 2.5)/2. Spikes outside count for nothing."""
    first = [(100 * b, 4) for b in range(10, 30)]
    second = [(100 * b + 99, 4) for b in range(50, 90)]
    mine = [(1000, 0), (2000, 0), (2999, 0), (5000, 0), (999, 0), (3000, 0), (9000, 0)]
    rates, ups = sensor_rates(network, spikes(*first, *second, *mine))
    assert ups.tolist() == [[10, 30], [50, 90]]
    np.testing.assert_allclose(rates, [8.75, 0, 0, 0, 100, 0])


def test_without_an_up_state_time_is_that_of_busy_bins(network):
    """Three busy bins of E, one of I: 30 ms. The kicked unit shows the mean of the other E units."""
    rates, ups = sensor_rates(network, spikes((10, 0), (20, 0), (150, 1), (160, 1), (250, 2), (30, 5)))
    assert len(ups) == 0
    np.testing.assert_allclose(rates, [(2 + 1 + 0) / 3 / 0.03, 2 / 0.03, 1 / 0.03, 0, 0, 1 / 0.03])


def test_a_silent_trial_gives_zeros(network):
    rates, ups = sensor_rates(network, spikes())
    assert rates.tolist() == [0.0] * 6
    assert ups.shape == (0, 2)
