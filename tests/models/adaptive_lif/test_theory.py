"""Eqs. (4)-(6) of 002 Q1: spike time at fixed conductance, critical conductance, spikes until silence."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikelearn.models.adaptive_lif.theory import critical_conductance, spikes_until_silence, time_to_spike

quick = settings(deadline=None, derandomize=True, max_examples=25)
MV = 1e-3
STANDARD = {"theta": 15e-3, "Delta": 15e-3}


def printed_time_to_spike(g, V_0, theta, Delta, tau):
    """Eq. (4) as printed, without a condition on g."""
    with np.errstate(invalid="ignore", divide="ignore"):
        top = np.float64(V_0 - g * Delta)
        return tau / (1 + g) * np.log(top / (top - theta * (1 + g)))


@quick
@given(
    theta=st.floats(5, 30),
    above=st.floats(0.1, 30),
    Delta=st.floats(0, 40),
    part=st.floats(0, 0.98),
    tau=st.floats(2e-3, 50e-3),
)
def test_time_to_spike_against_the_integrator(scipy_train, theta, above, Delta, part, tau):
    cell = {"V_0": (theta + above) * MV, "theta": theta * MV, "Delta": Delta * MV}
    g = part * critical_conductance(**cell)
    expected = time_to_spike(g, **cell, tau=tau)
    spikes = scipy_train(**cell, tau=tau, tau_K=math.inf, delta_g=0.0, t_d=1.0, duration=1.01 * expected, g=g)
    # The integrator's tolerance of 1e-12, times at most tau/(t (V_inf/theta - 1)) ~ 1e3 for a grazing approach.
    assert spikes[0] == pytest.approx(expected, rel=1e-9)


@quick
@given(above=st.floats(0.1, 50), excess=st.floats(0, 5))
def test_no_spike_from_the_critical_conductance_on(above, excess):
    """The voltage settles at (V_0 - g Delta)/(1 + g) <= theta, so it never crosses: the time is inf (Eq. 5, A2, A3)."""
    V_0 = 15 * MV + above * MV
    g = critical_conductance(V_0=V_0, **STANDARD) * (1 + excess)
    assert (V_0 - g * 15 * MV) / (1 + g) <= 15 * MV * (1 + 1e-12)
    assert time_to_spike(g, V_0=V_0, **STANDARD, tau=10e-3) == math.inf
    assert math.isfinite(time_to_spike(g / (1 + excess) * (1 - 1e-9), V_0=V_0, **STANDARD, tau=10e-3))


def test_printed_spike_time_is_negative_or_undefined_beyond_the_critical_conductance():
    """Erratum A2: nan between g* and V_0/Delta, a finite negative time above it; the neuron is silent in both."""
    cell = {"V_0": 20e-3, **STANDARD, "tau": 10e-3}
    assert np.isnan(printed_time_to_spike(0.5, **cell))
    assert printed_time_to_spike(2.0, **cell) < 0.0
    assert np.all(np.isinf(time_to_spike(np.array([1 / 6, 0.5, 2.0]), **cell)))
    assert time_to_spike(math.inf, **cell) == math.inf
    assert math.isnan(time_to_spike(math.nan, **cell))
    # Below g* the print and ours are one formula.
    g = np.linspace(0, 0.16, 9)
    np.testing.assert_allclose(time_to_spike(g, **cell), printed_time_to_spike(g, **cell), rtol=1e-13)


def test_critical_conductance_is_where_the_steady_state_meets_threshold():
    """Eq. (5) from V_0 - g Delta = theta (1 + g), Eq. (10), in whole numbers of mV."""
    for V_0, theta, Delta in [(20, 15, 15), (42, 15, 15), (30, 12, 18), (15, 15, 15), (10, 15, 15)]:
        g = Fraction(V_0 - theta, Delta + theta)
        assert V_0 - g * Delta == theta * (1 + g)
        assert critical_conductance(V_0=V_0 * MV, theta=theta * MV, Delta=Delta * MV) == pytest.approx(float(g))


def test_without_drive_above_threshold_nothing_fires():
    """Erratum A3: for V_0 <= theta g* is 0 or negative, and every function says that there is no spike."""
    for V_0 in (15e-3, 10e-3, -5e-3):
        assert critical_conductance(V_0=V_0, **STANDARD) <= 0.0
        assert time_to_spike(0.0, V_0=V_0, **STANDARD, tau=10e-3) == math.inf
        assert spikes_until_silence(V_0=V_0, **STANDARD, delta_g=0.05) == 0
        assert spikes_until_silence(V_0=V_0, **STANDARD, delta_g=0.0) == 0


@quick
@given(V_0=st.integers(151, 1000), theta=st.integers(50, 150), Delta=st.integers(0, 300), step=st.integers(1, 400))
def test_spikes_until_silence_counts_like_rational_arithmetic(V_0, theta, Delta, step):
    """Count spike by spike in fractions of tenths of mV: fire while n delta_g < g*. Ties included."""
    critical, g, count = Fraction(V_0 - theta, Delta + theta), Fraction(0), 0
    while g < critical:
        g += Fraction(step, 1000)
        count += 1
    assert spikes_until_silence(V_0=V_0 / 1e4, theta=theta / 1e4, Delta=Delta / 1e4, delta_g=step / 1000) == count


def test_spikes_until_silence_against_the_integrator(scipy_train):
    cell = {"V_0": 30e-3, **STANDARD}
    for delta_g in (0.07, 0.3, 0.6):
        expected = spikes_until_silence(**cell, delta_g=delta_g)
        spikes = scipy_train(**cell, tau=10e-3, tau_K=math.inf, delta_g=delta_g, t_d=0.0, duration=1.0)
        assert len(spikes) == expected == math.ceil(0.5 / delta_g)


def test_printed_stopping_rule_fires_once_too_often_at_a_tie():
    """Erratum A4: "stops when g > g*" would count 31 at V_0 = 42 mV, delta_g = 0.03; at g = g* it is silent: 30."""
    critical, step = Fraction(42 - 15, 30), Fraction(3, 100)
    printed = next(n for n in range(100) if n * step > critical)
    ours = next(n for n in range(100) if n * step >= critical)
    assert (printed, ours) == (31, 30)
    assert spikes_until_silence(V_0=42e-3, **STANDARD, delta_g=0.03) == 30
    # Floats agree with the wrong one, and so would a threshold that is itself a difference of potentials.
    assert math.ceil((42e-3 - 15e-3) / (15e-3 + 15e-3) / 0.03) == 31
    E_L, E_K, V_th = -65e-3, -80e-3, -50e-3
    assert spikes_until_silence(V_0=42e-3, theta=V_th - E_L, Delta=E_L - E_K, delta_g=0.03) == 30


def test_spikes_until_silence_in_the_limits():
    cell = {"V_0": 20e-3, **STANDARD}
    assert spikes_until_silence(**cell, delta_g=0.0) == math.inf
    assert spikes_until_silence(**cell, delta_g=10.0) == 1
    assert isinstance(spikes_until_silence(**cell, delta_g=0.05), int)
    np.testing.assert_array_equal(spikes_until_silence(**cell, delta_g=[0.0, 0.05, 10.0]), [math.inf, 4, 1])
    assert math.isnan(spikes_until_silence(**cell, delta_g=math.nan))


def test_functions_broadcast():
    V_0 = np.array([[18e-3], [20e-3]])
    g = np.array([0.0, 0.05, 0.5])
    times = time_to_spike(g, V_0=V_0, **STANDARD, tau=10e-3)
    assert times.shape == (2, 3)
    assert times[1, 1] == time_to_spike(0.05, V_0=20e-3, **STANDARD, tau=10e-3)
    assert critical_conductance(V_0=V_0, **STANDARD).shape == (2, 1)


def test_a_jump_without_bound_leaves_one_spike():
    assert spikes_until_silence(V_0=30e-3, **STANDARD, delta_g=math.inf) == 1
    assert spikes_until_silence(V_0=10e-3, **STANDARD, delta_g=math.inf) == 0
