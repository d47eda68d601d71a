"""The forty-digit reference against three other computations: closed form, quadrature and mpmath's ODE solver."""

import math

import pytest

mpmath = pytest.importorskip("mpmath")
from mpmath import exp, expint, mp, mpf  # noqa: E402

CASES = [
    # y, g, A, tau, tau_K, length
    (0.02, 0.3, 0.035, 0.01, 0.2, 0.05),
    (0.02, 12.5, 0.035, 0.01, 0.0013, 0.004),
    (0.5, 3.0, 0.6, 0.01, 7.3, 0.02),
]


def _numbers(case):
    return [mpf(value) for value in case]


@pytest.mark.parametrize("case", CASES)
def test_flow_equals_the_incomplete_gamma_form(forty_digits, case):
    with mp.workdps(60):
        y, g, A, tau, tau_K, length = _numbers(case)
        kappa = tau_K / tau

        def phi(x):
            return x * exp(x) * expint(kappa, x)

        x_0 = kappa * g
        x = x_0 * exp(-length / tau_K)
        expected = A * phi(x) + (y - A * phi(x_0)) * exp(-length / tau - x_0 + x)
        _, found, conductance = forty_digits.advance(y, g, A, mpf(-1), tau, tau_K, length)
        assert abs(found / expected - 1) < mpf(10) ** -45
        assert abs(conductance * kappa / x - 1) < mpf(10) ** -55


def test_flow_equals_the_integrating_factor(forty_digits):
    with mp.workdps(50):
        y, g, A, tau, tau_K, length = _numbers(CASES[0])

        def exponent(t):
            return t / tau + tau_K / tau * g * -mp.expm1(-t / tau_K)

        forced = mp.quad(
            lambda s: g * exp(-s / tau_K) * A / tau * exp(exponent(s) - exponent(length)), mp.linspace(0, length, 9)
        )
        expected = y * exp(-exponent(length)) + forced
        _, found, _ = forty_digits.advance(y, g, A, mpf(-1), tau, tau_K, length)
        assert abs(found / expected - 1) < mpf(10) ** -40


def test_flow_equals_the_taylor_solution_of_mpmath(forty_digits):
    with mp.workdps(30):
        y, g, A, tau, tau_K, length = _numbers(CASES[2])
        solution = mp.odefun(lambda t, v: [(g * exp(-t / tau_K) * A - (1 + g * exp(-t / tau_K)) * v[0]) / tau], 0, [y])
        expected = solution(length)[0]
    with mp.workdps(60):
        _, found, _ = forty_digits.advance(y, g, A, mpf(-1), tau, tau_K, length)
        # odefun works with the 30 digits it was given.
        assert abs(found / expected - 1) < mpf(10) ** -26


def test_crossing_lies_on_the_threshold(forty_digits):
    with mp.workdps(60):
        A, level, tau, tau_K = mpf("0.035"), mpf("0.005"), mpf("0.01"), mpf("0.2")
        crossing, _, g = forty_digits.advance(mpf("0.02"), mpf("0.4"), A, level, tau, tau_K, mpf(10))
        _, y, _ = forty_digits.advance(mpf("0.02"), mpf("0.4"), A, mpf(-1), tau, tau_K, crossing)
        assert abs(y / level - 1) < mpf(10) ** -45
        assert g < level / (A - level)


def test_constant_conductance_gives_equation_four(forty_digits):
    """002 Q1 Eq. (4) with tau_K infinite, in floats: 1e-14 allows for their rounding."""
    parameters = {"V_0": 0.03, "tau_K": math.inf, "g0": 0.2, "delta_g": 0.0}
    first = float(forty_digits.spike_times(parameters, max_spikes=1)[0])
    drive = 0.03 - 0.2 * 0.015
    assert first == pytest.approx(0.01 / 1.2 * math.log(drive / (drive - 0.015 * 1.2)), rel=1e-14)
