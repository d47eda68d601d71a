"""What the tests of sources share: spikes against expectations, with a stated false-alarm rate."""

import numpy as np
import pytest
from scipy import stats


def compare(trains, expected, bin_size, alpha=1e-4):
    """Hold the simulated JPSTH against its expectation, bin by bin, lag by lag and as a whole.

    Every entry of the raw histogram is a mean over independent trials, so z = (mean - expectation)/(sd/sqrt(n)) is
    close to standard normal where an entry collects many events. Bonferroni over all entries, over all lags and over
    the three families keeps the chance that a correct source is refused below `alpha` on a normal approximation; the
    skewness of products of counts (0.03 for the mean of 30,000) about doubles the lower tail at five deviations.
    """
    counts = trains.binned(bin_size).astype(float)
    first, second = counts[:, 0], counts[:, 1]
    k, n = first.shape
    raw = first.T @ second / k
    deviation = np.sqrt(((first**2).T @ (second**2) / k - raw**2) / k)
    entries = (raw - expected.raw.values) / deviation
    limit = stats.norm.isf(alpha / 6 / entries.size)
    assert np.abs(entries).max() < limit, f"largest z {np.abs(entries).max():.2f}, limit {limit:.2f}"

    z_lags = []
    for lag in range(1 - n, n):
        at = np.arange(max(0, -lag), min(n, n - lag))
        per_trial = np.einsum("km,km->k", first[:, at], second[:, at + lag])
        wanted = np.trace(expected.raw.values, lag)
        z_lags.append((per_trial.mean() - wanted) / (per_trial.std() / np.sqrt(k)))
    limit = stats.norm.isf(alpha / 6 / len(z_lags))
    assert np.abs(z_lags).max() < limit, f"largest z of a lag {np.abs(z_lags).max():.2f}, limit {limit:.2f}"

    total = first.sum(axis=1) * second.sum(axis=1)
    z_total = (total.mean() - expected.raw.values.sum()) / (total.std() / np.sqrt(k))
    assert abs(z_total) < stats.norm.isf(alpha / 6), f"z of the whole {z_total:.2f}"


@pytest.fixture
def assert_jpsth_as_expected():
    return compare
