"""Who is connected: exact numbers, none to itself, delays, weights, and a record that refuses what does not fit."""

import numpy as np
import pytest
from scipy.stats import chi2, kstest, norm

from spikelearn.models.up_state_network import PUBLISHED_START, UpStateNetwork, UpStateSynapses
from spikelearn.models.up_state_network.synapses import BLOCKS


@pytest.fixture(scope="module")
def drawn():
    network = UpStateNetwork(n_E=320, n_I=80)
    return network, network.draw_synapses(11)


def test_every_kind_has_its_exact_number_and_no_pair_twice(drawn):
    _, synapses = drawn
    for name, n in zip(BLOCKS, (320 * 320, 80 * 320, 320 * 80, 80 * 80), strict=True):
        assert synapses.block(name).sum() == n / 4
        assert (synapses.kinds() == BLOCKS.index(name)).sum() == n / 4
    pairs = synapses.sources.astype(int) * 400 + synapses.targets
    assert len(np.unique(pairs)) == len(pairs)
    assert not (synapses.sources == synapses.targets).any()


def test_pairs_delays_and_weights_are_as_said(drawn):
    """In-degrees are hypergeometric: their variance against n p (1 - p), and chi-squared of delays. Each statistic has
    a false-alarm rate of 1e-4 at most; Kolmogorov and Smirnov's of weights above 0 too."""
    network, synapses = drawn
    degrees = np.bincount(synapses.targets[synapses.block("W_EE")], minlength=400)[:320]
    # Poisson-binomial to good approximation: (n-1) s^2/var is chi-squared.
    low, high = chi2.ppf([5e-5, 1 - 5e-5], 319)
    assert low < 319 * degrees.var(ddof=1) / (319 * 0.25 * 0.75) < high
    for kind, longest in (("E", 10), ("I", 5)):
        mine = (synapses.sources < 320) == (kind == "E")
        found = np.bincount(synapses.delays[mine], minlength=longest + 1)[1:]
        assert len(found) == longest
        expected = mine.sum() / longest
        assert ((found - expected) ** 2 / expected).sum() < chi2.ppf(1 - 1e-4, longest - 1)
    for name, mean in zip(BLOCKS, PUBLISHED_START, strict=True):
        scaled = synapses.J[synapses.block(name)] / (mean * network.scale)
        assert kstest(scaled, norm(1, 0.2).cdf).pvalue > 1e-4


def test_the_published_network_has_a_million_synapses_and_a_seed_its_numbers():
    network = UpStateNetwork()
    synapses = network.draw_synapses(0)
    assert [int(synapses.block(name).sum()) for name in BLOCKS] == [640_000, 160_000, 160_000, 40_000]
    assert network.scale == 1.0
    # From the raw words of PCG64, which NumPy does not change: a change here breaks the weights that ship.
    assert synapses.targets[:6].tolist() == [15, 20, 32, 127, 207, 234]
    assert synapses.delays[:6].tolist() == [1] * 6
    np.testing.assert_allclose(
        synapses.J[[0, 500_000, -1]], [73.3033107880063, 24.366527572512453, 213.20481572502186], rtol=1e-9
    )


def test_pointers_lead_to_the_synapses_of_a_source_and_delay(drawn):
    _, synapses = drawn
    found = synapses.pointers(10)
    for source, delay in ((0, 1), (17, 10), (399, 5), (399, 10)):
        wanted = np.flatnonzero((synapses.sources == source) & (synapses.delays == delay))
        assert np.arange(found[source, delay - 1], found[source, delay]).tolist() == wanted.tolist()
    with pytest.raises(ValueError, match="UpStateSynapses has no kind 'W_XE'"):
        synapses.block("W_XE")
    with pytest.raises(ValueError, match=r"UpStateSynapses.delays must be at most 9 steps, got 10"):
        synapses.pointers(9)


def record(**changes):
    given = {"sources": [0, 0], "targets": [1, 2], "delays": [1, 1], "J": [1.0, 2.0], "n_E": 2, "n_I": 2, **changes}
    return UpStateSynapses(**{k: np.array(v) if isinstance(v, list) else v for k, v in given.items()})


NONE = {**dict.fromkeys(("sources", "targets", "delays"), np.zeros(0, int)), "J": np.zeros(0)}


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"sources": [0.5, 1.0]}, "sources must be a flat array of whole numbers, got float64"),
        ({"J": [1.0]}, r"all arrays must have one number a synapse, got sizes \[1, 2\]"),
        ({"sources": [0, 4]}, r"sources must lie in 0..3, got 0..4"),
        ({"delays": [0, 1]}, "delays must be at least 1 step, got 0"),
        ({"targets": [0, 1]}, "no unit must send to itself"),
        ({"J": [-1.0, 1.0]}, "J must be finite and not negative, got -1.0"),
        ({"J": [np.nan, 1.0]}, "J must be finite and not negative, got nan"),
        ({"targets": [2, 1]}, "must be sorted by source, delay and target"),
        (
            NONE,
            "at least one synapse",
        ),
    ],
)
def test_a_record_that_does_not_fit_is_refused(changes, match):
    with pytest.raises(ValueError, match=match):
        record(**changes)


@pytest.mark.parametrize("start", [3, (1, 2, 3), (1, 2, 3, -1), (1, 2, 3, np.inf), "abcd"])
def test_a_start_is_four_weights(start):
    with pytest.raises((ValueError, TypeError), match="draw_synapses: start"):
        UpStateNetwork(n_E=8, n_I=8, n_kicked=1).draw_synapses(0, start=start)


def test_a_repr_says_what_is_in_it(drawn):
    assert repr(drawn[1]).startswith("UpStateSynapses(40000 synapses, 320 E and 80 I units; W_EE 40")
