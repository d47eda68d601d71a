"""The n^(-1/2) law with its coefficient, in closed form and by solving many finite networks exactly."""

import numpy as np
import pytest
from scipy.stats import chi2

from spikelearn.models import low_rank as sl
from spikelearn.models.low_rank.closure import finite_fixed_point
from spikelearn.models.low_rank.fluctuations import noise_covariance


def covariance_of_networks(model, n, count, whiten):
    m = model.fixed_points()[0].overlaps
    each = [finite_fixed_point(model, model.sample(n, (9, k), whiten=whiten), m) for k in range(count)]
    deviations = np.sqrt(n) * (np.array(each) - m)
    return deviations, deviations.T @ deviations / count


@pytest.mark.parametrize(
    "phi",
    [
        "erf",
        pytest.param("tanh", marks=pytest.mark.slow),
        pytest.param("1/(1 + exp(-x)) - 0.5", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("whiten", [False, True])
def test_noise_by_direct_averages(phi, whiten):
    """Sigma as the covariance of xi phi(m.eta) over 1e6 draws, without its second-order Hermite part if whitened.

    Each entry is a mean of bounded fourth moments: standard errors are below 5/sqrt(1e6) = 0.005; 4.5 of them."""
    model = sl.LowRank([[0.3, 0.85], [0.0, 0.3]], phi, 3.0)  # far from symmetric: C and its transpose are told apart
    m = np.array([1.2, -0.9])
    vectors = model.sample(1_000_000, 7)
    terms = vectors.xi * model.nonlinearity(m @ vectors.eta)
    if whiten:
        rows = np.vstack([vectors.eta, vectors.xi])
        quadratic = np.array([rows[i] * rows[j] for i in range(4) for j in range(i, 4)])
        quadratic -= quadratic.mean(axis=1, keepdims=True)
        centred = terms - terms.mean(axis=1, keepdims=True)
        terms = terms - np.linalg.solve(quadratic @ quadratic.T, quadratic @ centred.T).T @ quadratic
    np.testing.assert_allclose(noise_covariance(model, m, whiten=whiten), np.cov(terms), atol=0.0225)


def test_the_jacobian_stands_on_the_right_side():
    """J (m_n - m) = -noise, so that J F J^T is the covariance of the noise; C is strongly non-normal."""
    model = sl.LowRank([[0.6, 0.7], [0.0, 0.3]], "erf", 3.0)
    m = model.fixed_points()[0].overlaps
    J = model.jacobian(m)
    F = model.fluctuations()
    np.testing.assert_allclose(J @ F @ J.T, noise_covariance(model, m), atol=1e-12)
    assert np.abs(J.T @ F @ J - noise_covariance(model, m)).max() > 0.05


@pytest.mark.slow
@pytest.mark.parametrize("whiten", [False, True])
def test_the_law_and_its_coefficient(whiten):
    """400 networks of n = 4000. With the predicted covariance S, sum d S^-1 d over networks is chi-squared with 800
    degrees of freedom up to O(1/n): two-sided false-alarm rate 1e-3, which admits a factor of 0.85 to 1.17."""
    model = sl.LowRank([[0.8, 0.2], [0.0, 0.4]], "erf", 3.0)
    deviations, _ = covariance_of_networks(model, 4000, 400, whiten)
    S = model.fluctuations(whiten=whiten)
    statistic = np.einsum("ki,ij,kj->", deviations, np.linalg.inv(S), deviations)
    assert chi2.ppf(5e-4, 800) < statistic < chi2.ppf(1 - 5e-4, 800)


def test_the_law_and_its_coefficient_quickly():
    """100 networks of n = 2000, both kinds: chi-squared with 200 degrees of freedom, two-sided rate 1e-3 each; the
    coefficient of the other kind lies outside."""
    model = sl.LowRank([[0.8, 0.2], [0.0, 0.4]], "erf", 3.0)
    low, high = chi2.ppf([5e-4, 1 - 5e-4], 200)
    for whiten in (False, True):
        deviations, _ = covariance_of_networks(model, 2000, 100, whiten)
        own, other = (
            np.einsum("ki,ij,kj->", deviations, np.linalg.inv(model.fluctuations(whiten=kind)), deviations)
            for kind in (whiten, not whiten)
        )
        assert low < own < high
        assert not low < other < high


def test_refusals():
    model = sl.LowRank([[0.8]], gain=3.0)
    with pytest.raises(ValueError, match="branch must lie in 0 to 1, got 2"):
        model.fluctuations(2)
    with pytest.raises(ValueError, match="branch must not be the zero, which does not fluctuate, got 1 of 2"):
        model.fluctuations(1)
    with pytest.raises(ValueError, match="the fixed point must be isolated"):
        sl.LowRank(0.8 * np.eye(2), gain=3.0).fluctuations()
    with pytest.raises(ValueError, match="must have no mixture and g = 0"):
        sl.LowRank([[0.8]], g=0.1).fluctuations()
