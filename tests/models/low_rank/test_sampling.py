"""The vectors have the covariance that was asked for, in the population or exactly; others are refused."""

import numpy as np
import pytest

from spikelearn.models import low_rank as sl


def moments(vectors):
    rows = np.vstack([vectors.eta, vectors.inputs, vectors.xi])
    return rows @ rows.T / vectors.n


def wanted(model):
    p, q = model.p, model.q
    whole = np.eye(2 * p + q)
    whole[p + q :, : p + q] = model.joint
    whole[: p + q, p + q :] = model.joint.T
    return whole


@pytest.mark.parametrize("C", [[[0.8, 0.1], [-0.3, 0.5]], [[1.0, 0.0], [0.0, -1.0]], [[0.0, 1.0], [0.0, 0.0]]])
def test_whitened_vectors_have_exact_moments(C):
    """Also with singular values of 1, where a Cholesky factor does not exist."""
    model = sl.LowRank(C)
    np.testing.assert_allclose(moments(model.sample(500, 3, whiten=True)), wanted(model), atol=2e-14)


def test_inputs_are_whitened_too():
    model = sl.LowRank([[0.6, 0.1], [0.0, 0.5]], B=[[0.3], [0.2]])
    np.testing.assert_allclose(moments(model.sample(5, 3, whiten=True)), wanted(model), atol=1e-13)


def test_drawn_vectors_have_the_population_covariance():
    """n = 200,000: each of 25 second moments is normal with sd sqrt(v + C^2 ...) <= sqrt(2/n); the statistic is the
    largest of 25 in units of its own sd, beyond 4.5 with probability 25 * 7e-6 = 2e-4."""
    model = sl.LowRank([[0.6, 0.1], [-0.3, 0.5]], B=[[0.3], [0.2]])
    n, target = 200_000, wanted(model)
    found = moments(model.sample(n, 11))
    sd = np.sqrt((1 + target**2) / n)
    assert (np.abs(found - target) / sd).max() < 4.5
    # Third moments of Gaussian vectors vanish; sd of the mean of a product of three is sqrt(15/n) at most.
    rows = model.sample(n, 12)
    assert np.abs((rows.xi[0] ** 2 * rows.eta[1]).mean()) < 4.5 * np.sqrt(15 / n)


def test_same_seed_same_vectors():
    model = sl.LowRank([[0.5]], g=0.2)
    one, two, other = model.sample(50, 1), model.sample(50, 1), model.sample(50, 2)
    assert np.array_equal(one.xi, two.xi)
    assert np.array_equal(one.chi, two.chi)
    assert not np.array_equal(one.xi, other.xi)


def test_a_start_has_the_overlaps_asked_for():
    vectors = sl.LowRank([[0.8, 0.1], [-0.3, 0.5]]).sample(300, 5)
    np.testing.assert_allclose(vectors.overlaps(vectors.state([0.3, -0.2])), [0.3, -0.2], atol=1e-15)


def test_mixture_moments():
    """Means and covariances within each population; n = 100,000, 5 sd of a mean (1/sqrt(n/2) = 0.0045) or product."""
    parts = [sl.Population(0.3, [[0.5]], [0.8], [0.9]), sl.Population(0.7, [[-0.3]], [-0.4], [-0.2])]
    vectors = sl.LowRank(mixture=parts).sample(100_000, 4)
    assert np.mean(vectors.population == 0) == pytest.approx(0.3, abs=0.0073)
    for k, part in enumerate(parts):
        eta, xi = vectors.eta[0, vectors.population == k], vectors.xi[0, vectors.population == k]
        assert eta.mean() == pytest.approx(part.mean_eta[0], abs=0.03)
        assert xi.mean() == pytest.approx(part.mean_xi[0], abs=0.03)
        assert np.cov(eta, xi)[0, 1] == pytest.approx(part.C[0, 0], abs=0.03)
        assert xi.var() == pytest.approx(1, abs=0.04)


@pytest.mark.parametrize(
    ("C", "value"), [([[1.2]], "1.2"), ([[0.9, 0.9], [0.0, 0.9]], "1.45623"), ([[0, -1.0001], [1, 0]], "1.0001")]
)
def test_inadmissible_covariances_are_refused_with_the_value(C, value):
    with pytest.raises(ValueError, match=rf"LowRank.C must have singular values of at most 1, .* got {value};"):
        sl.LowRank(C)
    with pytest.raises(ValueError, match=rf"Population.C must have singular values of at most 1, .* got {value};"):
        sl.Population(1.0, C)


def test_an_inadmissible_input_is_refused():
    sl.LowRank([[0.8]], B=[0.6])
    with pytest.raises(ValueError, match=r"LowRank: \[C B\] must have singular values of at most 1, .* got 1.0198"):
        sl.LowRank([[0.8]], B=[0.632456])


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"C": [[0.5, 0.1]]}, ValueError, r"LowRank.C must be a square matrix, got shape \(1, 2\)"),
        ({"C": [["a"]]}, TypeError, "LowRank.C must be a matrix of numbers"),
        ({"C": [[np.nan]]}, ValueError, "LowRank.C must be finite"),
        ({"C": [[0.5]], "gain": 0}, ValueError, "LowRank.gain must be positive, got 0"),
        ({"C": [[0.5]], "gain": [1, 2]}, TypeError, "LowRank.gain must be one number"),
        ({"C": [[0.5]], "gain": "x"}, TypeError, "LowRank.gain must be one number, got 'x'"),
        ({"C": [[0.5]], "g": -0.1}, ValueError, "LowRank.g must not be negative, got -0.1"),
        ({"C": [[0.5]], "g": np.inf}, ValueError, "LowRank.g must be finite"),
        ({"C": [[0.5]], "phi": np.tanh}, TypeError, 'LowRank.phi must be "tanh", "erf" or an expression in x'),
        ({"C": [[0.5]], "phi": "sqrt(x)"}, ValueError, "LowRank.phi must have a value and a slope at zero"),
        ({"C": [[0.5]], "phi": "1/(1+exp(-x))", "g": 0.1}, ValueError, r"LowRank.g must be 0 unless phi\(0\) = 0"),
        ({"C": [[0.5]], "B": [[0.1], [0.2]]}, ValueError, r"LowRank.B must have 1 rows, one an overlap"),
        ({}, ValueError, "LowRank.C must be given, or a mixture in its place"),
        ({"C": [[0.5]], "mixture": [sl.Population(1.0, [[0.4]])]}, ValueError, "LowRank.C must be left out"),
        ({"g": 0.5, "mixture": [sl.Population(1.0, [[0.4]])]}, ValueError, "mixture cannot be combined with B or g"),
        ({"mixture": 3}, TypeError, "LowRank.mixture must be a sequence of Population, got 3"),
        ({"mixture": ["a"]}, TypeError, "LowRank.mixture must be a sequence of Population"),
        ({"mixture": [sl.Population(0.5, [[0.4]])]}, ValueError, "weights that add up to 1, got 0.5"),
        (
            {"mixture": [sl.Population(0.5, [[0.4]]), sl.Population(0.5, np.eye(2) / 2)]},
            ValueError,
            "must have the same size of C",
        ),
    ],
)
def test_what_does_not_fit_is_refused(given, error, message):
    with pytest.raises(error, match=message):
        sl.LowRank(**given)


def test_population_and_sample_refusals():
    with pytest.raises(ValueError, match=r"Population.weight must lie in \(0, 1\], got 1.5"):
        sl.Population(1.5, [[0.4]])
    with pytest.raises(ValueError, match="Population.mean_xi must be 1 finite numbers"):
        sl.Population(0.5, [[0.4]], mean_xi=[1, 2])
    with pytest.raises(ValueError, match="n must be at least 4 for whiten=True, got 3"):
        sl.LowRank(np.eye(2) / 2).sample(3, whiten=True)
    with pytest.raises(ValueError, match="n must be at most 4000 with a random part"):
        sl.LowRank([[0.5]], g=0.1).sample(5000)
    with pytest.raises(ValueError, match="whiten must be False for a mixture"):
        sl.LowRank(mixture=[sl.Population(1.0, [[0.4]])]).sample(100, whiten=True)
    with pytest.raises(TypeError, match="LowRank.sample: n must be a whole number, got 2.5"):
        sl.LowRank([[0.5]]).sample(2.5)
