"""The slow manifold and the conductance at which it crosses threshold."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikelearn.models.adaptive_lif.manifold import manifold_deficit, slow_manifold, threshold_conductance
from spikelearn.models.adaptive_lif.regular import regular_interval
from spikelearn.models.adaptive_lif.theory import critical_conductance

quick = settings(deadline=None, derandomize=True, max_examples=15)
CELL = {"V_0": 30e-3, "theta": 15e-3, "Delta": 15e-3}


def deficit_40(g, kappa):
    """phi = <x/(x + S)>, S ~ Gamma(kappa), as an integral in 40 digits: mpmath's E_n fails for large order."""
    with mpmath.workdps(40):
        x, k = mpmath.mpf(g) * mpmath.mpf(kappa), mpmath.mpf(kappa)
        # In v = log(s) a trapezoid of step h leaves exp(-pi^2/h) at best; h = 0.05/sqrt(1 + kappa) is far below.
        h = mpmath.mpf(1) / 20 / mpmath.sqrt(1 + k)
        low = (
            min(mpmath.log(x), mpmath.log(k)) - 90 / k if k < 2 else mpmath.log(k) - 90 / (k - 1) - 14 / mpmath.sqrt(k)
        )
        high = mpmath.log(k + 100 + 20 * mpmath.sqrt(k))
        total, v = mpmath.mpf(0), low
        log_gamma = mpmath.loggamma(k)
        while v < high:
            s = mpmath.exp(v)
            total += mpmath.exp(k * v - s - log_gamma) * x / (x + s)
            v += h
        return total * h


@quick
@given(kappa=st.floats(-1, 4).map(lambda e: 10.0**e), g=st.floats(-6, 3).map(lambda e: 10.0**e))
def test_deficit_against_forty_digits(kappa, g):
    expected = deficit_40(g, kappa)
    # Ten ulp: three exponentials and a sum.
    assert manifold_deficit(g, kappa=kappa) == pytest.approx(float(expected), rel=1e-14)
    assert slow_manifold(g, kappa=kappa) == pytest.approx(float(1 - expected), rel=1e-14)


@pytest.mark.parametrize(("V_0", "kappa", "delta_g"), [(16e-3, 5.0, 0.1), (15.1e-3, 40.0, 0.05), (60e-3, 0.7, 3.0)])
def test_exact_regular_interval_to_forty_digits(V_0, kappa, delta_g):
    """The fixed point of the one-spike map, bracketed within 4e-15 of ours in 40 digits."""
    tau, tau_K = 10e-3, kappa * 10e-3
    interval = regular_interval(V_0=V_0, theta=15e-3, Delta=15e-3, tau=tau, tau_K=tau_K, delta_g=delta_g, order="exact")
    with mpmath.workdps(40):
        V, A, step = mpmath.mpf(V_0), mpmath.mpf(V_0) + mpmath.mpf(15e-3), mpmath.mpf(delta_g)
        ratio = mpmath.mpf(tau_K) / mpmath.mpf(tau)

        def missing(t):
            end, start = step / mpmath.expm1(t / mpmath.mpf(tau_K)), step / -mpmath.expm1(-t / mpmath.mpf(tau_K))
            forgotten = mpmath.exp(-t / mpmath.mpf(tau) - ratio * step)
            lag = A * deficit_40(end, ratio)
            return lag + (V - A * deficit_40(start, ratio)) * forgotten - (V - mpmath.mpf(15e-3))

        t, width = mpmath.mpf(float(interval)), mpmath.mpf(4) / 10**15
        assert missing(t * (1 - width)) > 0 > missing(t * (1 + width))


def test_limits_of_the_manifold():
    g = np.array([0.0, 1e-3, 0.5, 10.0])
    np.testing.assert_allclose(slow_manifold(g, kappa=math.inf), 1 / (1 + g), rtol=1e-15)
    np.testing.assert_allclose(manifold_deficit(g, kappa=math.inf), g / (1 + g), rtol=1e-15)
    # Slow decay is the steady state, Eq. (12), up to order 1/kappa.
    np.testing.assert_allclose(slow_manifold(g, kappa=1e9), 1 / (1 + g), rtol=2e-9)
    assert slow_manifold(0.0, kappa=3.0) == 1.0
    assert manifold_deficit(math.inf, kappa=3.0) == 1.0
    assert slow_manifold([[0.1], [0.2]], kappa=[1.0, 2.0, 3.0]).shape == (2, 3)


def test_membrane_settles_on_the_manifold(exact_train):
    """From a high conductance the first spike comes when g has fallen to g_th, whatever the start."""
    for kappa in (0.5, 3.0, 20.0):
        g_th = threshold_conductance(**CELL, tau=10e-3, tau_K=kappa * 10e-3)
        spikes = exact_train(
            **CELL, tau=10e-3, tau_K=kappa * 10e-3, delta_g=1.0, t_d=9.0, duration=1.5, g=40.0 + 1e3 * (kappa < 1)
        )
        start = 40.0 + 1e3 * (kappa < 1)
        # exp(-M) with M = t/tau + kappa (g_0 - g) > 40 in each case.
        assert spikes[0] == pytest.approx(kappa * 10e-3 * math.log(start / g_th), rel=1e-12)


@quick
@given(above=st.floats(1e-3, 50), kappa=st.floats(-0.5, 5).map(lambda e: 10.0**e))
def test_threshold_conductance_lies_on_the_manifold_at_threshold(above, kappa):
    cell = {"V_0": 15e-3 + above * 1e-3, "theta": 15e-3, "Delta": 15e-3}
    g_th = threshold_conductance(**cell, tau=10e-3, tau_K=kappa * 10e-3)
    target = (cell["V_0"] - cell["theta"]) / (cell["V_0"] + cell["Delta"])
    assert 0.0 < g_th < critical_conductance(**cell)
    assert float(deficit_40(g_th, kappa)) == pytest.approx(target, rel=2e-14)


@pytest.mark.parametrize("V_0", [16e-3, 20e-3, 42e-3, 90e-3])
def test_series_of_the_threshold_conductance_is_of_third_order(V_0):
    """The remainder falls by 2^4 when tau/tau_K is halved."""
    cell = {"V_0": V_0, "theta": 15e-3, "Delta": 15e-3, "tau": 1.0}
    remainder = []
    for tau_K in (40.0, 80.0):
        exact = threshold_conductance(**cell, tau_K=tau_K)
        remainder.append(threshold_conductance(**cell, tau_K=tau_K, order="series") - exact)
    assert remainder[0] / remainder[1] == pytest.approx(16.0, rel=0.15)


def test_threshold_conductance_in_the_limits():
    assert threshold_conductance(**CELL, tau=10e-3, tau_K=math.inf) == critical_conductance(**CELL)
    silent = {"V_0": 10e-3, "theta": 15e-3, "Delta": 15e-3, "tau": 10e-3, "tau_K": 0.1}
    for order in ("series", "exact"):
        assert threshold_conductance(**silent, order=order) == critical_conductance(V_0=10e-3, theta=15e-3, Delta=15e-3)
    with pytest.raises(ValueError, match=r'threshold_conductance: order must be "series" or "exact", got \'third\''):
        threshold_conductance(**CELL, tau=10e-3, tau_K=0.1, order="third")
