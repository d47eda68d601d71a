"""Noisy inputs: closed forms against quadrature of the covariance, and against exact and Euler simulation."""

import numpy as np
import pytest
from scipy.integrate import quad, quad_vec
from scipy.linalg import expm

from spikelearn.models import entropy_rule as er

A = np.array([[-1.0, -2.0, 0.3], [1.5, -1.2, 0.5], [0.2, -0.7, -0.8]])
ROOT = np.array([[1.0, 0.2, 0.0], [0.0, 0.8, 0.3], [0.1, 0.0, 0.6]])
Q = ROOT @ ROOT.T
EYE = np.eye(3)


def test_the_covariance_is_the_integral_of_the_propagator():
    expected = quad_vec(lambda t: expm(A * t) @ Q @ expm(A.T * t), 0, 60, epsabs=1e-11)[0]
    np.testing.assert_allclose(er.stationary_covariance(A, Q), expected, atol=1e-9)


def test_noise_is_learned_as_circulation_only():
    P = er.stationary_covariance(A, Q)
    R = A @ P + Q / 2
    np.testing.assert_allclose(R, -R.T, atol=1e-12)
    np.testing.assert_allclose(er.learned_from_linear(A, Q, 1.0) - EYE, R @ np.linalg.inv(P), atol=1e-12)
    # A drift that is a gradient in the metric of the noise leaves nothing.
    symmetric = np.array([[-1.0, 0.3], [0.3, -2.0]])
    np.testing.assert_allclose(er.learned_from_linear(symmetric, 0.7 * np.eye(2), 2.0), 2.0 * np.eye(2), atol=1e-12)


def test_finite_filters_equal_the_integral_over_lags():
    """E[u(t) u(t - s)'] = exp(A s) P, weighted by the window."""
    gamma, P = 3.0, er.stationary_covariance(A, Q)

    def kernel(s):
        return gamma * np.exp(-gamma * s) * expm(A * s) @ P

    lagged = quad_vec(kernel, 0, 40, epsabs=1e-11)[0]
    antisymmetric = gamma / 2 * (lagged - lagged.T) @ np.linalg.inv(P) + EYE
    np.testing.assert_allclose(er.learned_from_linear(A, Q, 1.0, gamma=gamma), antisymmetric, atol=1e-8)
    one_sided = gamma * (lagged - P) @ np.linalg.inv(P) + EYE
    found = er.learned_from_linear(A, Q, 1.0, gamma=gamma, window="one_sided")
    np.testing.assert_allclose(found, one_sided, atol=1e-8)


def test_fast_filters_lead_to_the_limits():
    limit = er.learned_from_linear(A, Q, 1.0)
    errors = [np.abs(er.learned_from_linear(A, Q, 1.0, gamma=g, l_net=100 * g) - limit).max() for g in (100.0, 200.0)]
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.05)
    one_sided = er.learned_from_linear(A, Q, 1.0, gamma=1e3, l_net=1e6, window="one_sided")
    assert np.abs(one_sided - A - EYE).max() < 0.006
    # Seen through a network slower than the window the one-sided rule learns something else.
    assert np.abs(er.learned_from_linear(A, Q, 1.0, gamma=1e3, l_net=50.0, window="one_sided") - A - EYE).max() > 0.3


def within_sampling_error(estimate, expected):
    """n = 9 weights; |z| < 5 for all: false alarm below 9 x 1e-4 with Student's 19 degrees of freedom."""
    z = (estimate.weights - expected) / estimate.standard_error
    assert np.abs(z).max() < 5.0
    assert estimate.standard_error.max() < 0.02


@pytest.mark.parametrize("window", ["antisymmetric", "one_sided"])
def test_exact_simulation_lies_on_the_closed_form(window):
    """1000 inputs of 60 time units each, seed 1; sampled every 0.05 without error of discretisation."""
    settings = {"l": 1.0, "gamma": 10.0, "l_net": 20.0, "window": window}
    found = er.learn_from_noise(A, Q, 0.05, 60.0, n_inputs=1000, seed=1, **settings)
    exact = er.learned_from_linear(A, Q, 1.0, gamma=10.0, l_net=20.0, window=window)
    within_sampling_error(found, exact)
    assert np.abs(exact - (A + EYE)).max() > 0.1


J, Q_2 = 0.6 * np.array([[0.0, -1.0], [1.0, 0.0]]), np.diag([0.8, 0.5])


def moments():
    """Of the density exp(-Phi), Phi = sum u^2/2 + u^4/12, and S = tanh: products of one-dimensional integrals."""

    def weight(x):
        return np.exp(-(x**2) / 2 - x**4 / 12)

    norm = quad(weight, -8, 8)[0]

    def mean(f):
        return quad(lambda x: f(x) * weight(x), -8, 8, epsabs=1e-13)[0] / norm

    grad = mean(lambda x: (x + x**3 / 3) * np.tanh(x))
    return grad, mean(lambda x: x * np.tanh(x)), mean(lambda x: np.tanh(x) ** 2), mean(lambda x: 1 - np.tanh(x) ** 2)


def test_nonlinear_drifts_too_are_learned_as_circulation_only():
    """The drift (-Q/2 + J) grad Phi has the density exp(-Phi); E[dPhi_i S_j] = E[S'] where i = j, by parts."""
    grad, u_S, S_S, slope = moments()
    assert grad == pytest.approx(slope, rel=1e-9)
    eye = np.eye(2)
    found = er.learned_from_moments((-Q_2 / 2 + J) * grad, eye * u_S, eye * S_S, np.full(2, slope), Q_2, 1.0)
    np.testing.assert_allclose(found, (eye * u_S + J * slope) / S_S, atol=1e-12)
    still = er.learned_from_moments(-Q_2 / 2 * grad, eye * u_S, eye * S_S, np.full(2, slope), Q_2, 1.0)
    np.testing.assert_allclose(still, eye * u_S / S_S, atol=1e-12)


def nonlinear(dt, duration, n_inputs, gammas, seed):
    def drift(u):
        return (u + u**3 / 3) @ (-Q_2 / 2 + J).T

    settings = {"l": 1.0, "activation": "tanh", "n_inputs": n_inputs, "settle": 8.0, "seed": seed}
    return [er.learn_from_noise(drift, Q_2, dt, duration, gamma=g, **settings) for g in gammas]


@pytest.mark.slow
def test_euler_simulation_of_the_nonlinear_case_lies_on_the_closed_form():
    """2000 inputs of 12 time units each, seed 2; gamma to infinity by Richardson's step from 15 and 30.

    Left over: gamma^-2, about (rate/15)^2/2 = 0.01 of J's part of 1.5, and Euler's dt, 0.004 times rates of about 1.
    """
    once, twice = nonlinear(0.004, 12.0, 2000, (15.0, 30.0), 2)
    _, u_S, S_S, slope = moments()
    exact = (np.eye(2) * u_S + J * slope) / S_S
    found = 2 * twice.weights - once.weights
    error = 2 * twice.standard_error + once.standard_error
    assert np.abs(twice.weights - exact)[0, 1] < np.abs(once.weights - exact)[0, 1]
    assert (np.abs(found - exact) < 4 * error / np.sqrt(3) + 0.025).all()
    # The relative entropy's own minimum, without Ito's term, lies elsewhere.
    without = (np.eye(2) * u_S + (-Q_2 / 2 + J) * slope) / S_S
    assert np.abs(found - without).max() > 0.3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (({"A": np.eye(2)}), "A must have eigenvalues left of zero, got one with the real part 1"),
        (({"Q": -np.eye(2)}), "Q must be a covariance, got one with the eigenvalue -1"),
        (({"Q": np.eye(3)}), r"Q must be finite, of shape \(2, 2\), got shape \(3, 3\)"),
        (({"A": [[np.nan, 0.0], [0.0, -1.0]]}), "A must be finite"),
        (({"window": "onesided"}), "has no window 'onesided'; did you mean 'one_sided'"),
        (({"l_net": 3.0}), "gamma must be given where l_net is"),
    ],
)
def test_refusals(arguments, message):
    given = {"A": -np.eye(2), "Q": np.eye(2), "l": 1.0, **arguments}
    with pytest.raises(ValueError, match=message):
        er.learned_from_linear(**given)


def test_refusals_of_the_simulation():
    with pytest.raises(ValueError, match="l_net must be left out where the drift is a function, got 5"):
        er.learn_from_noise(lambda u: -u, np.eye(2), 0.1, 1.0, l=1.0, gamma=5.0, l_net=5.0)
    with pytest.raises(ValueError, match="activation must be 'linear' where the drift is a matrix, got 'tanh'"):
        er.learn_from_noise(-np.eye(2), np.eye(2), 0.1, 1.0, l=1.0, gamma=5.0, activation="tanh")
    with pytest.raises(ValueError, match="window must be 'antisymmetric' or 'one_sided', got 'both'"):
        er.learn_from_noise(-np.eye(2), np.eye(2), 0.1, 1.0, l=1.0, gamma=5.0, window="both")
    with pytest.raises(ValueError, match="n_inputs must be at least 40, got 5"):
        er.learn_from_noise(-np.eye(2), np.eye(2), 0.1, 1.0, l=1.0, gamma=5.0, n_inputs=5)
    with pytest.raises(ValueError, match="moments must be square and of one size"):
        er.learned_from_moments(np.eye(2), np.eye(2), np.eye(3), np.ones(2), np.eye(2), 1.0)
