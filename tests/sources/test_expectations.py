"""Closed forms of the sources' second moments, against independent integration and against each other."""

import numpy as np
import pytest
from scipy import integrate

from spikelearn.sources import (
    CommonDrive,
    GainModulatedPoisson,
    GammaModulatedPoisson,
    HomogeneousPoisson,
    InhomogeneousPoisson,
    OUModulatedPoisson,
    SinusoidalRate,
)

WINDOW = (0.0, 0.1)


def constant_sources():
    return [
        HomogeneousPoisson(rate="30 Hz"),
        InhomogeneousPoisson(rate="30 Hz"),
        GainModulatedPoisson(rate="30 Hz", gamma=0.6),
        OUModulatedPoisson(rate="30 Hz", gamma=0.6, tau="20 ms"),
        GammaModulatedPoisson(rate="30 Hz", gamma=0.6, tau="20 ms"),
        CommonDrive(rate="30 Hz", drive_rate="15 Hz", alpha=0.6, tau="20 ms"),
    ]


def ids(source):
    return type(source).__name__


def test_independent_cells_have_the_product_of_their_mean_counts():
    source = InhomogeneousPoisson(rate=lambda t: 20 + 300 * t)
    expected = source.expected_jpsth(0.01, WINDOW)
    edges = np.arange(11) * 0.01
    counts = np.diff(20 * edges + 150 * edges**2)
    np.testing.assert_allclose(expected.psth_1, counts, rtol=1e-12)
    np.testing.assert_allclose(expected.raw, np.outer(counts, counts), rtol=1e-12)
    assert not expected.corrected.any()
    assert not expected.covariogram.any()


def test_gain_gives_one_plus_its_variance():
    rate = SinusoidalRate(mean="30 Hz", depth=0.8, frequency="7 Hz")
    expected = GainModulatedPoisson(rate=rate, gamma=0.6).expected_jpsth(0.01, WINDOW)
    counts = expected.psth_1.values
    np.testing.assert_allclose(expected.raw, 1.36 * np.outer(counts, counts), rtol=1e-12)
    np.testing.assert_allclose(
        expected.normalized,
        0.36 * np.sqrt(np.outer(counts, counts)) / np.sqrt(np.outer(1 + 0.36 * counts, 1 + 0.36 * counts)),
        rtol=1e-12,
    )


@pytest.mark.parametrize("x", [0.01, 0.5, 2.0, 30.0])
def test_common_drive_agrees_with_direct_integration(x):
    # a = 2, rho3 = 15 Hz, tau = 20 ms; C_mn = alpha^2 int rho3 K_m K_n by a quadrature that shares no code.
    tau, alpha, drive, area = 0.02, 0.6, 15.0, 2.0
    width = x * tau
    source = CommonDrive(rate="30 Hz", drive_rate="15 Hz", alpha=alpha, tau="20 ms")
    expected = source.expected_jpsth(width, (0.0, 4 * width))

    def reached(s, m):
        low, high = max(m * width - s, 0.0), max((m + 1) * width - s, 0.0)
        return area * (np.exp(-low / tau) - np.exp(-high / tau))

    for m, n in [(0, 0), (1, 1), (0, 1), (3, 1)]:
        pieces = sorted({-800 * width - 40 * tau, -5 * tau, -tau, 0.0, *(k * width for k in range(1, 5))})

        def product(s, m=m, n=n):
            return reached(s, m) * reached(s, n)

        value = sum(
            integrate.quad(product, a, b, epsabs=0, epsrel=1e-12, limit=400)[0]
            for a, b in zip(pieces[:-1], pieces[1:], strict=True)
            if a < (min(m, n) + 1) * width
        )
        # 1e-8: quad's relative accuracy after cancellation in `reached` for x = 0.01
        np.testing.assert_allclose(expected.corrected.values[m, n], alpha**2 * drive * value, rtol=1e-8)


def test_slow_limit_is_wrong_on_the_diagonal_as_predicted():
    # Same bin: exact/slow = 2 (x - 1 + exp(-x))/x^2, at x = 0.5 0.852245; the slow formula is 17.3 % too large.
    source = CommonDrive(rate="20 Hz", drive_rate="40 Hz", alpha=0.6, tau="10 ms")
    exact = source.expected_jpsth(0.005, WINDOW)
    slow = source.expected_jpsth(0.005, WINDOW, limit="slow")
    ratio = (slow.corrected / exact.corrected).values
    x = 0.5
    np.testing.assert_allclose(np.diag(ratio), x**2 / (2 * (x - 1 + np.exp(-x))), rtol=1e-12)
    assert np.diag(ratio)[0] == pytest.approx(1.173, abs=1e-3)
    np.testing.assert_allclose(ratio[0, 1:], x**2 / (4 * np.sinh(x / 2) ** 2), rtol=1e-11)
    c0 = 0.36 * 40 * 0.5**2 / 0.02
    np.testing.assert_allclose(slow.corrected.values[3, 5], c0 * 0.005**2 * np.exp(-2 * x), rtol=1e-12)


@pytest.mark.parametrize("source", constant_sources(), ids=ids)
def test_slow_limit_is_reached_by_small_bins(source):
    exact, slow = (source.expected_jpsth(1e-5, (0.0, 2e-4), limit=limit) for limit in (None, "slow"))
    # Bins of 1/2000 of tau: the difference is of the order of bin/tau.
    np.testing.assert_allclose(slow.raw, exact.raw, rtol=1e-3)


@pytest.mark.parametrize("source", constant_sources(), ids=ids)
def test_a_bin_is_the_sum_of_its_halves(source):
    wide, narrow = source.expected_jpsth(0.02, WINDOW), source.expected_jpsth(0.01, WINDOW)
    for name in ("raw", "corrected"):
        summed = narrow[name].values.reshape(5, 2, 5, 2).sum(axis=(1, 3))
        np.testing.assert_allclose(wide[name], summed, rtol=1e-10, atol=1e-18)


@pytest.mark.parametrize("source", constant_sources(), ids=ids)
def test_fano_factor_from_the_jpsth_of_one_bin(source):
    one = source.expected_jpsth(0.1, WINDOW)
    count = float(one.psth_1[0])
    assert source.fano_factor(WINDOW) == pytest.approx(1 + float(one.corrected[0, 0]) / count, rel=1e-12)
    assert source.fano_factor("100 ms") == pytest.approx(source.fano_factor((3.0, 3.1)), rel=1e-9)


@pytest.mark.parametrize("source", constant_sources(), ids=ids)
def test_autocovariance_integrates_to_the_count_covariance(source):
    width, lag = 0.01, 0.03

    def triangle(u):
        return (width - abs(u - lag)) * float(source.autocovariance([u])[0])

    value = integrate.quad(triangle, lag - width, lag + width, points=[lag], epsrel=1e-10)[0]
    expected = source.expected_jpsth(width, WINDOW)
    np.testing.assert_allclose(value, expected.corrected.values[0, 3], rtol=1e-9, atol=1e-15)
    assert source.autocovariance([0.0]).attrs["delta_at_zero_lag"] == pytest.approx(30.0)


@pytest.mark.parametrize(
    ("kind", "keywords"),
    [
        (GainModulatedPoisson, {}),
        (OUModulatedPoisson, {"tau": "20 ms"}),
        (GammaModulatedPoisson, {"tau": "20 ms"}),
    ],
)
def test_a_function_that_is_constant_gives_the_constants_result(kind, keywords):
    number = kind(rate="30 Hz", gamma=0.6, **keywords).expected_jpsth(0.01, WINDOW)
    function = kind(rate=lambda t: 30 + 0 * t, gamma=0.6, **keywords).expected_jpsth(0.01, WINDOW)
    np.testing.assert_allclose(function.corrected, number.corrected, rtol=1e-8)


def test_common_drive_by_functions_agrees_with_the_constants():
    number = CommonDrive(rate="30 Hz", drive_rate="15 Hz", alpha=0.6, tau="20 ms")
    function = CommonDrive.from_drive(lambda t: 15 + 0 * t, 2.0, alpha=0.6, tau="20 ms")
    kernel = CommonDrive(
        rate="30 Hz",
        drive_rate="15 Hz",
        alpha=0.6,
        kernel=lambda u: 100 * np.exp(-u / 0.02),
        memory="800 ms",
    )
    wanted = number.expected_jpsth(0.01, WINDOW)
    for source in (function, kernel):
        given = source.expected_jpsth(0.01, WINDOW)
        np.testing.assert_allclose(given.corrected, wanted.corrected, rtol=1e-9)
        slow = source.expected_jpsth(0.01, WINDOW, limit="slow").corrected
        np.testing.assert_allclose(slow, number.expected_jpsth(0.01, WINDOW, limit="slow").corrected, rtol=1e-8)


def test_modulated_moments_of_a_function_by_double_integration():
    rate = SinusoidalRate(mean="30 Hz", depth=0.8, frequency="7 Hz")
    source = OUModulatedPoisson(rate=rate, gamma=0.9, tau="20 ms")
    z = np.sin(np.pi * 0.81 / 2)
    expected = source.expected_jpsth(0.02, (0.0, 0.06)).corrected.values

    def density(later, t):
        return rate(t) * rate(later) * 2 / np.pi * np.arcsin(z * np.exp(-(later - t) / 0.02))

    apart = integrate.dblquad(density, 0.0, 0.02, 0.04, 0.06, epsrel=1e-10)[0]
    same = 2 * integrate.dblquad(density, 0.0, 0.02, lambda t: t, 0.02, epsrel=1e-10)[0]
    np.testing.assert_allclose([expected[0, 2], expected[0, 0]], [apart, same], rtol=1e-7)


def test_finite_numbers_of_trials_shrink_the_covariogram():
    source = GainModulatedPoisson(rate="30 Hz", gamma=0.6)
    whole, few = source.expected_jpsth(0.01, WINDOW), source.expected_jpsth(0.01, WINDOW, n_trials=5)
    np.testing.assert_allclose(few.corrected, 0.8 * whole.corrected, rtol=1e-12)
    np.testing.assert_allclose(few.raw, whole.raw, rtol=1e-12)
    np.testing.assert_allclose(few.predictor + few.corrected, few.raw, rtol=1e-12)


def test_cells_that_share_nothing_are_uncorrelated_but_not_poisson():
    source = GammaModulatedPoisson(rate="30 Hz", gamma=0.6, tau="20 ms", shared=False)
    assert not source.expected_jpsth(0.01, WINDOW).corrected.any()
    assert source.fano_factor(0.1) > 1.1


def test_rates_with_a_jump_are_integrated_exactly():
    source = InhomogeneousPoisson(rate=lambda t: np.where(t < 0.0123, 10.0, 70.0))
    psth = source.expected_jpsth(0.01, (0.0, 0.02)).psth_1.values
    np.testing.assert_allclose(psth, [0.1, 0.0023 * 10 + 0.0077 * 70], rtol=1e-9)
