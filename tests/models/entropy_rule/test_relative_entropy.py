"""Girsanov's density and the relative entropy of two diffusions, by simulation: the sign of the print's Eq. (12)."""

import numpy as np
import pytest
from scipy.linalg import solve_discrete_lyapunov
from scipy.stats import multivariate_normal

from spikelearn.models import entropy_rule as er

GAP, STEP, N_STEPS = 0.8, 0.01, 100


def near(x):
    return -x


def shifted(x):
    return GAP - x


def paths(drift, n, seed):
    """Simulate dx = drift dt + dB from 0 for a unit of time, by Euler's steps."""
    rng = np.random.default_rng(seed)
    x = np.zeros((n, N_STEPS + 1, 1))
    for k in range(N_STEPS):
        x[:, k + 1] = x[:, k] + drift(x[:, k]) * STEP + rng.normal(0.0, np.sqrt(STEP), (n, 1))
    return x


def test_the_density_is_the_product_of_gaussian_steps():
    """Against SciPy's densities of every step, in two dimensions, with correlated noise; more paths at once."""
    A, B, Q = np.array([[-1.0, 0.4], [-0.2, -2.0]]), np.array([[-0.5, -1.0], [1.0, -0.7]]), [[1.0, 0.3], [0.3, 0.5]]
    x = np.random.default_rng(5).normal(size=(2, 3, 4, 2))
    found = er.log_density(x, 0.2, A, lambda s: s @ B.T, Q)
    expected = np.zeros((2, 3))
    for i, j, t in np.ndindex(2, 3, 3):
        now, then = x[i, j, t], x[i, j, t + 1]
        under = [multivariate_normal(now + 0.2 * M @ now, 0.2 * np.array(Q)).logpdf(then) for M in (A, B)]
        expected[i, j] += under[1] - under[0]
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    np.testing.assert_allclose(er.log_density(x, 0.2, B, A, Q), -found, rtol=1e-10)


def test_the_density_integrates_to_one_and_changes_the_drift():
    """Eqs. (8) and (9); 20,000 paths, 4 standard errors."""
    under_p, under_q = paths(near, 20_000, 0), paths(shifted, 20_000, 1)[:, -1, 0]
    ratio = np.exp(er.log_density(under_p, STEP, near, shifted, [[1.0]]))
    assert abs(ratio.mean() - 1.0) < 4 * ratio.std() / np.sqrt(20_000)
    x = under_p[:, -1, 0]
    error = np.hypot((ratio * x).std(), under_q.std()) / np.sqrt(20_000)
    assert abs((ratio * x).mean() - under_q.mean()) < 4 * error
    assert abs(under_q.mean() - GAP * (1 - 0.99**100)) < 4 * under_q.std() / np.sqrt(20_000)


def test_the_entropy_is_the_mean_of_ln_dQ_dP_under_Q():
    """G6: E_Q[ln dP/dQ], as printed in Eq. (12), is minus Eq. (13), and relative entropies are not negative.

    The drifts differ by a constant, so that the entropy is 0.5 (0.8/sigma)^2 T, here with T = 1 and sigma = 1.
    """
    weight = er.log_density(paths(shifted, 20_000, 2), STEP, near, shifted, [[1.0]])
    expected = 0.5 * GAP**2
    assert abs(weight.mean() - expected) < 4 * weight.std() / np.sqrt(20_000)
    assert (-weight).mean() < -0.2


def test_the_relative_entropy_is_the_mean_a_unit_of_time():
    """Against the density of 4000 paths of half a unit that start at rest, 4 standard errors.

    At rest under Euler's steps is x with P = M P M' + Q dt, M = 1 + B dt, which differs from that of no step by dt.
    """
    A, B = np.array([[-1.0, 0.5], [0.0, -2.0]]), np.array([[-1.5, -2.0], [2.0, -1.0]])
    root, dt = np.array([[1.0, 0.0], [0.5, 0.8]]), 5e-3
    Q, M, rng = root @ root.T, np.eye(2) + dt * B, np.random.default_rng(6)
    x = np.zeros((4000, 101, 2))
    x[:, 0] = rng.multivariate_normal(np.zeros(2), solve_discrete_lyapunov(M, Q * dt), 4000)
    for k in range(100):
        x[:, k + 1] = x[:, k] @ M.T + np.sqrt(dt) * rng.normal(size=(4000, 2)) @ root.T
    rates = er.log_density(x, dt, A, B, Q) / 0.5
    found = er.relative_entropy(A, B, Q)
    assert abs(rates.mean() - found) < 4 * rates.std() / np.sqrt(4000) + 0.01 * found
    assert 4 * rates.std() / np.sqrt(4000) < 0.1 * found
    assert er.relative_entropy(B, B, Q) == 0.0


def test_the_relative_entropy_is_not_symmetric():
    """Linear drifts -x and -3x with sigma = 1 at rest: E of (g - f)^2/2 under either one."""
    # The drifts differ by 2x; x has the variance 1/2 under the first and 1/6 under the second.
    rng = np.random.default_rng(3)
    rates = [0.5 * np.mean((2 * rng.normal(0.0, np.sqrt(v), 100_000)) ** 2) for v in (1 / 2, 1 / 6)]
    assert rates[0] == pytest.approx(1.0, rel=0.03)
    assert rates[1] == pytest.approx(1 / 3, rel=0.03)
    slow, fast = [[-1.0]], [[-3.0]]
    assert er.relative_entropy(fast, slow, [[1.0]]) == pytest.approx(1.0, rel=1e-12)
    assert er.relative_entropy(slow, fast, [[1.0]]) == pytest.approx(1 / 3, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: er.log_density([[0.0], [1.0]], 0.0, near, near, [[1.0]]), r"log_density: dt must be .*, got 0"),
        (lambda: er.log_density([[0.0]], 0.1, near, near, [[1.0]]), r"paths must have the shape .*, got \(1, 1\)"),
        (lambda: er.log_density([0.0, 1.0], 0.1, near, near, [[1.0]]), r"paths must have the shape .*, got \(2,\)"),
        (lambda: er.log_density([[0.0], [1.0]], 0.1, near, [-1.0], [[1.0]]), r"other must be callable .*, got \(1,\)"),
        (lambda: er.log_density([[0.0], [1.0]], 0.1, np.sum, near, [[1.0]]), r"drift must give .*, got \(\)"),
        (lambda: er.log_density([[0.0], [1.0]], 0.1, near, near, [1.0]), r"Q must be a square matrix, got .*\(1,\)"),
        (lambda: er.log_density([[0.0], [1.0]], 0.1, near, near, [[0.0]]), r"Q must be .* an inverse, got"),
        (
            lambda: er.relative_entropy([[1.0]], -np.eye(2), np.eye(2)),
            r"drift must have the shape \(2, 2\), got \(1, 1",
        ),
        (lambda: er.relative_entropy(-np.eye(2), -np.eye(2), np.diag([1.0, 0.0])), r"Q must be .* an inverse, got"),
        (lambda: er.relative_entropy([[-1.0]], [[1.0]], [[1.0]]), r"A must have eigenvalues left of zero"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
