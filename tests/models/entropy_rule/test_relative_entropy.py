"""Girsanov's density and the relative entropy of two diffusions, by simulation: the sign of the print's Eq. (12)."""

import numpy as np
import pytest


def log_density(n, seed, under_q):
    """ln dQ/dP along paths of dx = f dt + sigma dB (under P) or dx = g dt + sigma dB (under Q); f = -x, g = -x + 0.8.

    The drifts differ by a constant, so the entropy is 0.5 (0.8/sigma)^2 T, here with T = 1 and sigma = 1.
    """
    rng = np.random.default_rng(seed)
    dt, steps, gap = 0.01, 100, 0.8
    x, total = np.zeros(n), np.zeros(n)
    for _ in range(steps):
        dB = rng.normal(0.0, np.sqrt(dt), n)
        # Under Q, B is the Brownian motion of Q, and that of P is B + gap t.
        dB_P = dB + gap * dt if under_q else dB
        total += gap * dB_P - 0.5 * gap**2 * dt
        x += -x * dt + dB_P
    return total, x


def test_the_density_integrates_to_one_and_changes_the_drift():
    """Eqs. (8) and (9); 40,000 paths, 4 standard errors."""
    weight, x = log_density(40_000, 0, under_q=False)
    ratio = np.exp(weight)
    assert abs(ratio.mean() - 1.0) < 4 * ratio.std() / 200
    _, under_q = log_density(40_000, 1, under_q=True)
    reweighted = (ratio * x).mean()
    error = np.hypot((ratio * x).std(), under_q.std()) / 200
    assert abs(reweighted - under_q.mean()) < 4 * error
    assert abs(under_q.mean() - 0.8 * (1 - 0.99**100)) < 4 * under_q.std() / 200


def test_the_entropy_is_the_mean_of_ln_dQ_dP_under_Q():
    """G6: E_Q[ln dP/dQ], as printed in Eq. (12), is minus Eq. (13), and relative entropies are not negative."""
    weight, _ = log_density(40_000, 2, under_q=True)
    expected = 0.5 * 0.8**2
    assert abs(weight.mean() - expected) < 4 * weight.std() / 200
    assert (-weight).mean() < -0.2
    assert (-weight).mean() == pytest.approx(-expected, abs=4 * weight.std() / 200)


def test_the_relative_entropy_is_not_symmetric():
    """Linear drifts -x and -3x with sigma = 1 at rest: E of (g - f)^2/2 under either one."""
    # The drifts differ by 2x; x has the variance 1/2 under the first and 1/6 under the second.
    rng = np.random.default_rng(3)
    rates = [0.5 * np.mean((2 * rng.normal(0.0, np.sqrt(v), 100_000)) ** 2) for v in (1 / 2, 1 / 6)]
    assert rates[0] == pytest.approx(1.0, rel=0.03)
    assert rates[1] == pytest.approx(1 / 3, rel=0.03)
