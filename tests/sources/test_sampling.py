"""Sampled spikes against the exact expectations, bin by bin."""

import numpy as np
import pytest
from scipy import stats

from spikelearn.sources import (
    BoundedRate,
    CommonDrive,
    GainModulatedPoisson,
    GammaModulatedPoisson,
    HomogeneousPoisson,
    InhomogeneousPoisson,
    OUModulatedPoisson,
    SinusoidalRate,
)
from spikelearn.sources.rates import rate_bound

SINE = SinusoidalRate(mean="40 Hz", depth=0.7, frequency="6 Hz")

SOURCES = {
    "homogeneous": HomogeneousPoisson(rate="40 Hz"),
    "inhomogeneous": InhomogeneousPoisson(rate=SINE),
    "gamma gain": GainModulatedPoisson(rate=SINE, gamma=0.7),
    "lognormal gain": GainModulatedPoisson(rate="40 Hz", gamma=0.7, distribution="lognormal"),
    "unshared gain": GainModulatedPoisson(rate="40 Hz", gamma=0.7, shared=False),
    "OU": OUModulatedPoisson(rate="40 Hz", gamma=0.8, tau="30 ms"),
    "OU, function": OUModulatedPoisson(rate=SINE, gamma=0.8, tau="30 ms"),
    "gamma process": GammaModulatedPoisson(rate="40 Hz", gamma=0.8, tau="30 ms"),
    "gamma process, function": GammaModulatedPoisson(rate=SINE, gamma=0.8, tau="30 ms"),
    "common drive": CommonDrive(rate="40 Hz", drive_rate="20 Hz", alpha=0.6, tau="20 ms"),
    "rare common drive": CommonDrive(rate="40 Hz", drive_rate="8 Hz", alpha=1.0, tau="40 ms"),
    "common drive, function": CommonDrive.from_drive(lambda t: 40 + 25 * np.sin(30 * t), 1.0, alpha=0.7, tau="20 ms"),
    "common drive, triangle": CommonDrive(
        rate="40 Hz", drive_rate="20 Hz", alpha=0.8, kernel=lambda u: 80 * (1 - u / 0.05), memory="50 ms"
    ),
}


@pytest.mark.parametrize("name", SOURCES)
def test_simulated_jpsth_is_within_sampling_error_everywhere(name, assert_jpsth_as_expected):
    # 30,000 trials of 0.15 s in 10 ms bins: 225 entries, about 4,800 events in each. False alarms: 1e-4 a source.
    source = SOURCES[name]
    trains = source.sample(30_000, t_start=0.2, t_stop=0.35, seed=20)
    assert_jpsth_as_expected(trains, source.expected_jpsth(0.01, (0.2, 0.35)), 0.01, alpha=1e-4)


@pytest.mark.parametrize("name", SOURCES)
def test_count_moments_of_one_cell(name):
    # Mean and variance of 30,000 counts against the expected rate and Fano factor. z of the mean, and of the mean
    # squared deviation from the known mean, each two-sided at 5e-5: false alarms 1e-4 a source.
    source = SOURCES[name]
    counts = source.sample(30_000, t_start=-0.1, t_stop=0.1, seed=21, n_units=3).counts()[:, 2]
    mean = float(source.expected_jpsth(0.2, (-0.1, 0.1)).psth_1[0])
    squares = (counts - mean) ** 2
    limit = stats.norm.isf(2.5e-5)
    root = np.sqrt(len(counts))
    assert abs(counts.mean() - mean) < limit * counts.std() / root
    # The mean rate over the window is the mean of the rate: 4,000 midpoints, 1e-7 of a rate that bends this little.
    middle = -0.1 + (np.arange(4000) + 0.5) * 0.2 / 4000
    assert 0.2 * np.mean(source.expected_rate(middle)) == pytest.approx(mean, rel=1e-6)
    assert abs(squares.mean() - mean * source.fano_factor((-0.1, 0.1))) < limit * squares.std() / root


def test_time_rescaled_intervals_of_a_single_train_are_exponential():
    # Kolmogorov-Smirnov on about 8,000 rescaled intervals of one long train; false alarms 1e-3.
    times = InhomogeneousPoisson(rate=SINE).sample(1, 0.0, 200.0, seed=4, n_units=1).train()
    phase = 2 * np.pi * 6 * times
    rescaled = 40 * times - 40 * 0.7 / (2 * np.pi * 6) * (np.cos(phase) - 1)
    assert stats.kstest(np.diff(rescaled), "expon").pvalue > 1e-3


def test_the_begin_of_the_window_is_not_special():
    # The drive has run for ever: 60,000 trials, spikes of one cell in the first 2 ms of 20 against the rate, with a
    # time constant of 50 ms; a drive that began at t_start would give (1 - alpha) of it. False alarms 1e-4.
    source = CommonDrive(rate="40 Hz", drive_rate="5 Hz", alpha=0.9, tau="50 ms")
    counts = source.sample(60_000, 0.0, 0.02, seed=6).binned(0.002)[:, :, 0].ravel()
    deviation = counts.std() * np.sqrt(2 / len(counts))  # the two cells of a trial may vary together
    assert abs(counts.mean() - 0.08) < stats.norm.isf(5e-5) * deviation


def test_same_seed_same_spikes_and_other_seed_others():
    for source in SOURCES.values():
        first = source.sample(5, 0.0, 0.5, seed=1)
        assert first == source.sample(5, 0.0, 0.5, seed=1)
        assert first != source.sample(5, 0.0, 0.5, seed=2)
        assert (first.t_start, first.t_stop, first.n_trials, first.n_units) == (0.0, 0.5, 5, 2)


def test_times_are_continuous():
    # No two of 10,000 spikes fall on the same time, nor on a grid of microseconds.
    times = CommonDrive().sample(100, 0.0, 2.5, seed=0).times
    assert len(np.unique(times)) == len(times) > 5_000
    assert np.abs(times * 1e6 - np.round(times * 1e6)).mean() == pytest.approx(0.25, abs=0.02)


def test_nothing_to_fire():
    assert HomogeneousPoisson(rate="0 Hz").sample(3, seed=0).n_spikes == 0
    assert CommonDrive(rate="0 Hz", drive_rate="10 Hz").sample(3, seed=0).n_spikes == 0


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: HomogeneousPoisson(rate=20), r"HomogeneousPoisson.rate must be a rate, such as '20 Hz', got 20"),
        (lambda: InhomogeneousPoisson(rate="20 ms"), r"InhomogeneousPoisson.rate must be a rate, such as '1 Hz'"),
        (lambda: InhomogeneousPoisson(rate="-1 Hz"), "InhomogeneousPoisson.rate must be finite and not negative"),
        (lambda: GainModulatedPoisson(gamma=-0.1), "GainModulatedPoisson.gamma must not be negative"),
        (lambda: GainModulatedPoisson(distribution="gama"), "no distribution 'gama'; did you mean 'gamma'"),
        (lambda: OUModulatedPoisson(gamma=1.0), "OUModulatedPoisson.gamma must be below 1"),
        (lambda: GammaModulatedPoisson(tau="0 ms"), "GammaModulatedPoisson.tau must be positive"),
        (lambda: CommonDrive(alpha=1.2), "CommonDrive.alpha must not exceed 1, got 1.2"),
        (lambda: CommonDrive(kernel_area=0.7), r"kernel must have the area rate/drive_rate = 0.5, .* got 0.7"),
        (lambda: CommonDrive(kernel=lambda u: 10 + 0 * u, memory="10 ms"), r"must have the area rate/drive_rate = 0.5"),
        (lambda: CommonDrive(kernel=lambda u: 10 + 0 * u), "CommonDrive.memory must be positive where a kernel"),
        (lambda: CommonDrive(kernel_area=-1.0), "CommonDrive.kernel_area must be finite and not negative"),
        (lambda: CommonDrive(drive_rate="0 Hz"), "CommonDrive.drive_rate must be positive"),
        (
            lambda: CommonDrive(rate=lambda t: 20 + t),
            "CommonDrive.kernel_area must be given where a rate is a function",
        ),
        (lambda: SinusoidalRate(depth=1.5), "SinusoidalRate.depth must not exceed 1"),
    ],
)
def test_wrong_parameters_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_functions_that_contradict_each_other_are_refused():
    source = CommonDrive(rate=lambda t: 20 + 10 * np.sin(t), drive_rate="40 Hz", kernel_area=0.5)
    with pytest.raises(ValueError, match=r"rate must be the drive's rate through the kernel, which is 20 Hz at"):
        source.sample(2, 0.0, 1.0)
    with pytest.raises(ValueError, match="rate must be the drive's rate through the kernel"):
        source.expected_jpsth(0.1, (0.0, 1.0))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: s.sample(0), "n_trials must be at least 1, got 0"),
        (lambda s: s.sample(2, n_units=1.5), "n_units must be a whole number, got 1.5"),
        (lambda s: s.sample(2, 1.0, 1.0), r"t_stop must be after t_start = 1.0 s, got 1.0 s"),
        (lambda s: s.sample(2, 0.0, "1 mV"), "t_stop must be a time, such as '1 s'"),
        (lambda s: s.expected_jpsth(0.3, (0.0, 1.0)), "bin_size must divide the window"),
        (lambda s: s.expected_jpsth(0.1, (0.0, 1.0), limit="fast"), "limit must be None .* or 'slow', got 'fast'"),
        (lambda s: s.expected_jpsth(0.1, (0.0, 0.5, 1.0)), "window must be a pair of times"),
    ],
)
def test_wrong_requests_are_refused(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call(GainModulatedPoisson())


def test_functions_of_time_are_checked_where_they_are_used():
    with pytest.raises(ValueError, match=r"rate must be finite and not negative, got -\d.* Hz at"):
        InhomogeneousPoisson(rate=lambda t: 10 - 100 * t).sample(10, seed=0)
    with pytest.raises(ValueError, match="must give one rate for each time"):
        InhomogeneousPoisson(rate=lambda t: np.ones(3)).sample(10, seed=0)
    hidden = InhomogeneousPoisson(rate=lambda t: 10 + 1e7 * ((t > 0.400012) & (t < 0.400014)))
    with pytest.raises(ValueError, match=r"must not exceed its bound of 12 Hz, .* BoundedRate"):
        hidden.sample(200_000, seed=0)
    narrow = InhomogeneousPoisson(rate=lambda t: 10 + 1e7 * ((t > 0.40001) & (t < 0.40002)))
    with pytest.raises(
        ValueError, match=r"bound of 1.2e\+07 Hz, so that 400000 trains of 1 s would take 4.8e\+12 cand"
    ):
        narrow.sample(200_000, seed=0)
    bounded = InhomogeneousPoisson(rate=BoundedRate(narrow.rate, "11 MHz"))
    assert 90 < bounded.sample(1, 0.4, 0.40004, seed=0, n_units=1).n_spikes < 320


def test_functions_may_be_written_with_units():
    from brian2 import Hz, TimedArray, ms, second
    from brian2 import sin as unit_sin

    plain = InhomogeneousPoisson(rate=lambda t: 20 + 10 * np.sin(30 * t))
    given = (lambda t: (20 + 10 * np.sin(30 * t)) * Hz, lambda t: 20 * Hz * (1 + 0.5 * unit_sin(30 * t / second)))
    for function in given:
        source = InhomogeneousPoisson(rate=function)
        assert source.sample(20, seed=1) == plain.sample(20, seed=1)
        np.testing.assert_allclose(source.expected_jpsth(0.1).raw, plain.expected_jpsth(0.1).raw, rtol=1e-12)
    bounded = InhomogeneousPoisson(rate=BoundedRate(given[1], "30 Hz"))
    assert bounded.sample(20, seed=1).n_spikes == pytest.approx(40 * 20, rel=0.25)
    steps = InhomogeneousPoisson(rate=TimedArray([10, 30] * Hz, dt=50 * ms))
    np.testing.assert_allclose(steps.expected_jpsth(0.05, (0.0, 0.1)).psth_1, [0.5, 1.5])
    with pytest.raises(ValueError, match="rate must be a rate, such as '1 Hz'"):
        InhomogeneousPoisson(rate=lambda t: 20 * ms).expected_rate(0.0)
    with pytest.raises(ZeroDivisionError):
        InhomogeneousPoisson(rate=lambda t: 1 / 0).expected_rate(0.0)


def test_no_expected_spikes_have_no_fano_factor():
    with pytest.raises(ValueError, match="the window must hold expected spikes"):
        HomogeneousPoisson(rate="0 Hz").fano_factor(1.0)


@pytest.mark.parametrize("width", [3e-4, 1e-4, 3e-5])
@pytest.mark.parametrize("center", [0.123456, 0.40003, 0.77777])
def test_narrow_peaks_are_found_or_refused(width, center):
    # Peaks of one spike each, 0.7 ms to 70 us wide at half height, beside a faster modulation that is larger than
    # what a coarse grid sees of them.
    def rate(t):
        return 20 + 10 * np.sin(300 * t) + np.exp(-(((t - center) / width) ** 2) / 2) / (width * np.sqrt(2 * np.pi))

    top = float(rate(center))
    # 20 % of headroom over the maximum, which the last round of refinement brackets within a ten-thousandth of a width.
    assert 1.1999 * top <= rate_bound(rate, 0.0, 1.0, "it") <= 1.2 * (top + 1)
    trains = InhomogeneousPoisson(rate=rate).sample(100, seed=1)
    near = [np.abs(train - center) < 4 * width for train in trains]
    # 200 trains, 1 + 8*width*20 spikes each: four standard deviations, false alarms 1e-4.
    assert abs(sum(one.sum() for one in near) - 200 * (1 + 160 * width)) < 4 * np.sqrt(210)


def test_a_period_of_the_grid_does_not_hide_a_maximum():
    # On 20,001 points this rate is 10 Hz throughout.
    assert rate_bound(lambda t: 10 + 10 * np.abs(np.sin(np.pi * 20_000 * t)), 0.0, 1.0, "it") >= 20
