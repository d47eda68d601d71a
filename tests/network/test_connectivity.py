"""Connections of a fixed in-degree: beyond one chunk of targets, and uniform over sources and over sets of sources.

Every statistical test asks for both tails of a chi-square statistic at 1e-6 each: false alarm 2e-6 a case.
"""

import itertools

import numpy as np
import pytest
from scipy.stats import chi2

from spikelearn.network import FixedInDegree

RARE = 1e-6


def assert_chi_square(statistic, freedom):
    low, high = chi2.ppf(RARE, freedom), chi2.isf(RARE, freedom)
    assert low < statistic < high


def test_more_targets_than_are_drawn_at_once():
    """9000 targets are three chunks; 22 self-connections would be expected if the later ones were numbered from 0."""
    n, k = 9000, 40
    pre, post = FixedInDegree(k).pairs(n, n, True, np.random.default_rng(3), "")
    assert not (pre == post).any()
    np.testing.assert_array_equal(np.bincount(post, minlength=n), k)
    assert len(np.unique(pre.astype(np.int64) * n + post)) == n * k
    assert pre.min() >= 0
    assert pre.max() < n


# Few sources of many are drawn with repeats thrown out, many by sorting.
@pytest.mark.parametrize("k", [1, 10, 30])
def test_every_source_is_as_likely(k):
    """n = 20000 targets that draw k of 100: one source's count has the variance n p (1 - p), all sum to n k."""
    sources, n = 100, 20000
    p = k / sources
    pre, _post = FixedInDegree(k).pairs(sources, n, False, np.random.default_rng(4), "")
    count = np.bincount(pre, minlength=sources)
    # Without replacement two counts have the correlation -1/(sources - 1), as those of one multinomial draw have.
    variance = n * p * (1 - p) * sources / (sources - 1)
    assert_chi_square(((count - n * p) ** 2).sum() / variance, sources - 1)


@pytest.mark.parametrize("k", [10, 30])
def test_every_other_neuron_is_as_likely(k):
    """100 neurons that each draw k of the 99 others, n = 200 times."""
    neurons, n = 100, 200
    p = k / (neurons - 1)
    rng = np.random.default_rng(5)
    count = np.zeros(neurons)
    for _ in range(n):
        pre, _post = FixedInDegree(k).pairs(neurons, neurons, True, rng, "")
        count += np.bincount(pre, minlength=neurons)
    # Covariance of the counts: n p (1 - p) (neurons I - 1 1^T).
    assert_chi_square(((count - n * k) ** 2).sum() / (n * p * (1 - p) * neurons), neurons - 1)


@pytest.mark.parametrize(("sources", "k"), [(9, 3), (6, 4)])
def test_every_set_of_sources_is_as_likely(sources, k):
    """n = 40000 targets; all 84 sets of 3 out of 9, by repeats, and all 15 sets of 4 out of 6, by sorting."""
    n = 40000
    pre, _post = FixedInDegree(k).pairs(sources, n, False, np.random.default_rng(6), "")
    drawn = (1 << pre.reshape(n, k).astype(np.int64)).sum(axis=1)
    sets = [sum(1 << i for i in chosen) for chosen in itertools.combinations(range(sources), k)]
    count = np.array([(drawn == one).sum() for one in sets])
    assert count.sum() == n
    assert_chi_square(((count - n / len(sets)) ** 2).sum() * len(sets) / n, len(sets) - 1)
