"""The sources as Brian2 groups against the same expectations, in small steps."""

import shutil

import numpy as np
import pytest
from brian2 import Network, SpikeMonitor, ms, second
from scipy import stats

from spikelearn.brian.session import session
from spikelearn.sources import (
    CommonDrive,
    GainModulatedPoisson,
    GammaModulatedPoisson,
    HomogeneousPoisson,
    InhomogeneousPoisson,
    OUModulatedPoisson,
    SinusoidalRate,
)
from spikelearn.sources.brian import trials_of

SINE = SinusoidalRate(mean="40 Hz", depth=0.7, frequency="6 Hz")
SOURCES = {
    "homogeneous": HomogeneousPoisson(rate="40 Hz"),
    "inhomogeneous": InhomogeneousPoisson(rate=SINE),
    "gain": GainModulatedPoisson(rate=SINE, gamma=0.7),
    "OU": OUModulatedPoisson(rate="40 Hz", gamma=0.8, tau="20 ms"),
    "gamma process": GammaModulatedPoisson(rate=SINE, gamma=0.8, tau="20 ms"),
    "common drive": CommonDrive(rate="40 Hz", drive_rate="20 Hz", alpha=0.7, tau="20 ms"),
    "common drive, function": CommonDrive.from_drive(lambda t: 40 + 25 * np.sin(30 * t), 1.0, alpha=0.7, tau="20 ms"),
    "unshared drive": CommonDrive(rate="40 Hz", drive_rate="20 Hz", alpha=0.7, tau="20 ms", shared=False),
}
needs_compiler = pytest.mark.skipif(
    shutil.which("g++") is None and shutil.which("c++") is None, reason="compiles C++, and there is no compiler"
)


def simulate(source, target, n_trials, seed=1, duration=0.1, t_start=0.2, dt=0.1):
    with session(target, seed=seed) as brian:
        groups = source.brian_group(n_trials, dt * ms, duration=duration * second, t_start=t_start * second, seed=seed)
        monitor = SpikeMonitor(groups[0])
        brian.run(Network(*groups, monitor), duration * second)
        return trials_of(monitor, 2, t_start=t_start, t_stop=t_start + duration)


# Of a function and a hidden drive each there is another; both in one take longest.
SLOW = {"common drive, function": pytest.mark.slow}


@pytest.mark.parametrize("name", [pytest.param(name, marks=SLOW.get(name, ())) for name in SOURCES])
def test_statistics_on_numpy(name, assert_jpsth_as_expected):
    # 6,000 trials of 0.1 s in 10 ms bins, step 0.1 ms: about 1,000 events an entry. False alarms 1e-4 a source. A step
    # allows one spike at most and delays the drive by half a step: relative errors of 0.4 % and less, a fifth of the
    # standard error of an entry.
    trains = simulate(SOURCES[name], "numpy", 6_000)
    assert_jpsth_as_expected(trains, SOURCES[name].expected_jpsth(0.01, (0.2, 0.3)), 0.01, alpha=1e-4)


@needs_compiler
@pytest.mark.slow
def test_statistics_on_cpp_standalone(assert_jpsth_as_expected):
    source = SOURCES["common drive, function"]
    trains = simulate(source, "cpp_standalone", 20_000)
    assert_jpsth_as_expected(trains, source.expected_jpsth(0.01, (0.2, 0.3)), 0.01, alpha=1e-4)


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize("name", ["inhomogeneous", "gain", "OU", "gamma process", "unshared drive"])
def test_statistics_of_the_others_on_cpp_standalone(name, assert_jpsth_as_expected):
    trains = simulate(SOURCES[name], "cpp_standalone", 20_000)
    assert_jpsth_as_expected(trains, SOURCES[name].expected_jpsth(0.01, (0.2, 0.3)), 0.01, alpha=1e-4)


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize("name", ["OU", "common drive, function"])
def test_statistics_on_cython(name, assert_jpsth_as_expected):
    trains = simulate(SOURCES[name], "cython", 20_000)
    assert_jpsth_as_expected(trains, SOURCES[name].expected_jpsth(0.01, (0.2, 0.3)), 0.01, alpha=1e-4)


def test_the_first_step_is_not_special():
    # The mean rate in the first 2 ms of 40,000 trials, tau 20 ms: two-sided z at 1e-4. A drive or gain that began at
    # zero would fire at 30 % or less.
    for name in ("gamma process", "OU", "common drive"):
        source = SOURCES[name]
        counts = simulate(source, "numpy", 20_000, duration=0.002, t_start=0.0).counts().sum(axis=1)
        expected = 2 * float(source.expected_jpsth(0.002, (0.0, 0.002)).psth_1[0])
        assert abs(counts.mean() - expected) < stats.norm.isf(5e-5) * counts.std() / np.sqrt(len(counts)), name


@pytest.mark.parametrize(
    ("name", "variable", "mean", "variance"),
    [
        ("OU", "x", 0.0, 1.0),
        ("gamma process", "gain", 1.0, 0.64),
        # rho3 area^2/(2 tau) with an area of 2: 20 * 4 / 0.04
        ("common drive", "y", 40.0, 2000.0),
    ],
)
def test_what_the_cells_share_is_stationary(name, variable, mean, variance):
    # 20,000 copies after one step and after 3 time constants in steps of tau/100: mean and variance by z, two-sided at
    # 1e-5 each. The variance on a grid is dt/tau off at most.
    for steps in (1, 300):
        with session("numpy", seed=5) as brian:
            groups = SOURCES[name].brian_group(20_000, 0.2 * ms, duration=0.1 * second, seed=5)
            brian.run(Network(groups[1]), steps * 0.2 * ms)
            values = np.asarray(getattr(groups[1], variable)[:])
        limit, root = stats.norm.isf(5e-6), np.sqrt(len(values))
        assert abs(values.mean() - mean) < limit * values.std() / root + 0.01 * mean
        squares = (values - mean) ** 2
        assert abs(squares.mean() - variance) < limit * squares.std() / root + 0.02 * variance


def test_seeds_decide_the_drawn_gains():
    source = SOURCES["gain"]
    with session("numpy"):
        first, again, other = (
            source.brian_group(20, 0.1 * ms, duration=0.1 * second, seed=seed)[0].gain[:] for seed in (1, 1, 2)
        )
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first[::2], first[1::2])
    assert (first != other).all()


@pytest.mark.parametrize(
    ("source", "keywords", "message"),
    [
        ("homogeneous", {"dt": 0 * ms}, "dt must be positive"),
        ("homogeneous", {"dt": 5 * ms}, r"probability of at most 0.1 in a step, got 0.2; make dt smaller"),
        ("inhomogeneous", {"dt": 0.1 * ms}, "duration must be given where the rate is a function"),
        ("OU", {"dt": 3 * ms}, "probability of at most 0.1"),
        ("common drive", {"dt": 2.1 * ms}, r"dt must be at most 0.1 tau"),
        ("homogeneous", {"dt": 0.1 * ms, "n_trials": 0}, "n_trials must be at least 1"),
    ],
)
def test_bad_requests_are_refused(source, keywords, message):
    with session("numpy"), pytest.raises(ValueError, match=message):
        SOURCES[source].brian_group(**{"n_trials": 2, **keywords})


def test_a_kernel_without_an_equation_is_refused():
    source = CommonDrive(rate="40 Hz", drive_rate="20 Hz", kernel=lambda u: 80 * (1 - u / 0.05), memory="50 ms")
    with pytest.raises(ValueError, match="brian_group must have the exponential kernel"):
        source.brian_group(2, 0.1 * ms)


def test_spikes_after_the_window_are_left_out_and_a_window_longer_than_the_run_is_refused():
    with session("numpy", seed=1) as brian:
        groups = SOURCES["homogeneous"].brian_group(50, 0.1 * ms, duration=0.2 * second, seed=1)
        monitor = SpikeMonitor(groups[0])
        brian.run(Network(*groups, monitor), 0.2 * second)
        times = np.asarray(monitor.t_[:])
        half, whole = (trials_of(monitor, 2, t_stop=stop) for stop in (0.1, 0.2))
        assert 0 < half.n_spikes == int((times < 0.1 - 1e-9).sum()) < whole.n_spikes == len(times)
        assert half == whole.restrict(0.0, 0.1)
        with pytest.raises(ValueError, match=r"t_stop must not lie after the end of the run at 0.2 s, got 0.3 s"):
            trials_of(monitor, 2, t_stop=0.3)
        with pytest.raises(ValueError, match="t_stop must be after t_start"):
            trials_of(monitor, 2, t_start=0.2, t_stop=0.1)
