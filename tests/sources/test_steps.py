"""Common drive with rates and kernels as arrays and functions: exact within the bins, and as sampled."""

import numpy as np
import pytest
from scipy import integrate

from spikelearn.sources import CommonDrive, InhomogeneousPoisson, StepKernel, StepRate

DRIVE = StepRate([20.0, 80.0, 10.0, 40.0], dt="15 ms", t_start="-10 ms")
KERNEL = StepKernel([30.0, 10.0, 5.0], dt="8 ms", first_lag="3 ms")


def triangle(lags):
    return 60 * (1 - lags / 0.03)


def swing(times):
    return 40 + 25 * np.sin(60 * times)


SOURCES = {
    "arrays": CommonDrive.from_drive(DRIVE, kernel=KERNEL, alpha=0.6),
    "array and exponential": CommonDrive.from_drive(DRIVE, 0.7, alpha=0.6, tau="12 ms"),
    "array and function": CommonDrive.from_drive(DRIVE, kernel=triangle, memory="30 ms", alpha=0.6),
    "function and array": CommonDrive.from_drive(swing, kernel=KERNEL, alpha=0.6),
    "functions": CommonDrive.from_drive(swing, kernel=triangle, memory="30 ms", alpha=0.9),
}


@pytest.mark.parametrize("name", SOURCES)
def test_moments_agree_with_slow_integrals(name):
    # Lam_m = int rho and C_mn = alpha^2 int rho3 K_m K_n, by quad piece by piece between all breaks, from the kernel's
    # values alone: K_m(s) itself is a quad over its bin.
    source = SOURCES[name]
    drive, kernel, width = source.drive_rate, source._kernel, 0.01
    lags = np.array(kernel.breaks)
    edges = np.array([0.0, 0.01, 0.02, 0.03])
    reach = min(kernel.reach, 0.3)  # 25 time constants of the exponential
    cuts = np.unique(np.concatenate([DRIVE.breaks, edges, (edges[:, None] - lags).ravel(), np.linspace(-reach, 0, 9)]))
    cuts = cuts[(cuts >= -reach) & (cuts <= 0.03)]

    def reached(s, m):
        low, high = m * width - s, (m + 1) * width - s
        points = np.unique(np.clip([low, high, *lags], max(low, 0.0), max(high, 0.0)))
        pairs = zip(points[:-1], points[1:], strict=True)
        # The middle of each piece keeps clear of jumps: eight Gauss nodes inside.
        x, w = np.polynomial.legendre.leggauss(8)
        return sum((b - a) / 2 * (w @ kernel((a + b) / 2 + (b - a) / 2 * x)) for a, b in pairs)

    def over(function):
        pairs = zip(cuts[:-1], cuts[1:], strict=True)
        return sum(integrate.fixed_quad(np.vectorize(function), a, b, n=8)[0] for a, b in pairs)

    expected = source.expected_jpsth(width, (0.0, 0.03))
    counts = [over(lambda s, m=m: float(drive(np.array(s))) * reached(s, m)) for m in range(3)]
    np.testing.assert_allclose(expected.psth_1, counts, rtol=1e-8)
    for m, n in [(0, 0), (0, 1), (2, 2), (0, 2)]:
        wanted = over(lambda s, m=m, n=n: float(drive(np.array(s))) * reached(s, m) * reached(s, n))
        np.testing.assert_allclose(
            expected.corrected.values[m, n], float(source.alpha) ** 2 * wanted, rtol=1e-8, atol=1e-14
        )
    # Mean rate as a function: integrates to the counts.
    rate = integrate.quad(lambda t: float(source.expected_rate(t)), 0.0, 0.01, points=[0.003, 0.005], epsabs=1e-9)[0]
    assert rate == pytest.approx(counts[0], rel=1e-6)


def test_one_step_of_everything_by_hand():
    # Drive 50 Hz, kernel 20 Hz for 10 ms, bins of 10 ms: K_m is a triangle of height 0.2, so int K_m^2 is
    # 0.04 * 2/3 * 10 ms, neighbours 0.04/6 * 10 ms, and nothing further.
    source = CommonDrive(rate="10 Hz", drive_rate="50 Hz", alpha=0.5, kernel=StepKernel([20.0], dt="10 ms"))
    found = source.expected_jpsth(0.01, (0.0, 0.04)).corrected.values
    assert found[1, 1] == pytest.approx(0.25 * 50 * 0.04 * 2 / 3 * 0.01, rel=1e-12)
    assert found[1, 2] == pytest.approx(0.25 * 50 * 0.04 / 6 * 0.01, rel=1e-12)
    assert found[0, 2] == pytest.approx(0.0, abs=1e-15)


def test_a_function_that_is_a_box_gives_what_the_array_gives():
    box = CommonDrive(rate="10 Hz", drive_rate="50 Hz", kernel=lambda u: 40 + 0 * u, memory="5 ms")
    array = CommonDrive(rate="10 Hz", drive_rate="50 Hz", kernel=StepKernel([40.0], dt="5 ms"))
    given, wanted = (one.expected_jpsth(0.002, (0.0, 0.03)) for one in (box, array))
    np.testing.assert_allclose(given.corrected, wanted.corrected, rtol=1e-9, atol=1e-16)
    slow = [one.expected_jpsth(0.002, (0.0, 0.03), limit="slow").corrected for one in (box, array)]
    np.testing.assert_allclose(slow[0], slow[1], rtol=1e-9, atol=1e-16)


@pytest.mark.parametrize("name", SOURCES)
def test_simulated_jpsth_is_within_sampling_error_everywhere(name, assert_jpsth_as_expected):
    # 30,000 trials of 80 ms in 10 ms bins: 64 entries. False alarms: 1e-4 a source.
    trains = SOURCES[name].sample(30_000, 0.0, 0.08, seed=31)
    assert_jpsth_as_expected(trains, SOURCES[name].expected_jpsth(0.01, (0.0, 0.08)), 0.01, alpha=1e-4)


def test_step_rates_hold_their_ends_and_jump_on_time():
    rate = StepRate([10.0, 70.0], dt="10 ms", t_start="5 ms")
    np.testing.assert_array_equal(rate([-1.0, 0.005, 0.0149, 0.015, 9.0]), [10, 10, 10, 70, 70])
    np.testing.assert_allclose(rate.integral(np.array([0.0, 0.01, 0.02, 0.05])), [0.1, 0.05 + 0.35, 2.1], rtol=1e-12)
    np.testing.assert_allclose(InhomogeneousPoisson(rate=rate).expected_jpsth(0.01, (0, 0.02)).psth_1, [0.1, 0.4])


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: StepKernel([1.0], "1 ms", first_lag="-5 ms"), ValueError, "or the kernel is not causal, got -0.005 s"),
        (
            lambda: StepKernel([1.0, -2.0], "1 ms"),
            ValueError,
            "StepKernel.values must be finite and not negative, got -2",
        ),
        (lambda: StepKernel([[1.0]], "1 ms"), ValueError, r"StepKernel.values must be a sequence of rates, got shape"),
        (lambda: StepKernel([1.0], "0 ms"), ValueError, "StepKernel.dt must be positive"),
        (lambda: StepRate([np.nan], "1 ms"), ValueError, "StepRate.values must be finite and not negative, got nan"),
        (
            lambda: CommonDrive(kernel=[1.0, 2.0]),
            TypeError,
            "kernel must be a function of lags, or an array as a StepKernel",
        ),
        (lambda: CommonDrive(rate=[20.0, 30.0]), ValueError, "rate must be a rate, such as '1 Hz'"),
        (
            lambda: CommonDrive(kernel=lambda u: 50 - 4e3 * u, memory="20 ms"),
            ValueError,
            "CommonDrive.kernel must be finite and not negative, got -",
        ),
        (lambda: CommonDrive(kernel=StepKernel([1.0], "1 ms")), ValueError, "must have the area rate/drive_rate = 0.5"),
        (lambda: CommonDrive.from_drive(DRIVE), ValueError, "from_drive must have either kernel_area or a kernel"),
        (
            lambda: CommonDrive.from_drive(DRIVE, 0.5, kernel=KERNEL),
            ValueError,
            "must have either kernel_area or a kernel",
        ),
        (
            lambda: CommonDrive(rate=DRIVE, drive_rate=DRIVE, kernel=KERNEL).sample(1, 0.0, 0.05),
            ValueError,
            "rate must be the drive's rate through the kernel",
        ),
    ],
)
def test_refusals(build, error, message):
    with pytest.raises(error, match=message):
        build()
