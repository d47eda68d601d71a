"""Eq. (7) of 002 Q1, the three better versions, and errata A7, A8."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikelearn.models.adaptive_lif.regular import regular_interval, regular_validity
from spikelearn.models.adaptive_lif.theory import critical_conductance, time_to_spike

quick = settings(deadline=None, derandomize=True, max_examples=20)
CELL = {"V_0": 30e-3, "theta": 15e-3, "Delta": 15e-3, "tau": 10e-3}


def settled_interval(simulate, cell, guess):
    """Last interval of a train long enough to have converged: the one-spike map contracts at every spike."""
    return np.diff(simulate(**cell, t_d=0.0, duration=60.0 * guess))[-1]


@quick
@given(
    above=st.floats(0.5, 40),
    kappa=st.floats(-0.3, 2).map(lambda e: 10.0**e),
    delta_g=st.floats(-2, 1).map(lambda e: 10.0**e),
)
def test_exact_interval_against_simulation(exact_train, above, kappa, delta_g):
    cell = CELL | {"V_0": 15e-3 + above * 1e-3, "tau_K": kappa * 10e-3, "delta_g": delta_g}
    exact = regular_interval(**cell, order="exact")
    # At the fixed point the train stays: start it there, right after a spike, and look at the first interval.
    start = delta_g / -math.expm1(-exact / cell["tau_K"])
    spikes = exact_train(**cell, t_d=0.0, duration=3.5 * exact, g=start)
    # 1e-13 of the Taylor steps, amplified by the map's slope (below 1) and the grazing of threshold at small V_0.
    np.testing.assert_allclose(np.diff(spikes, prepend=0.0), exact, rtol=1e-10)


def test_exact_interval_is_where_a_train_from_rest_settles(exact_train, scipy_train):
    cell = CELL | {"tau_K": 50e-3, "delta_g": 0.5}
    exact = regular_interval(**cell, order="exact")
    assert settled_interval(exact_train, cell, exact) == pytest.approx(exact, rel=1e-11)
    # SciPy: 1e-12 a step.
    assert np.diff(scipy_train(**cell, t_d=0.0, duration=25 * exact))[-1] == pytest.approx(exact, rel=1e-9)


@quick
@given(above=st.floats(0.5, 40), tau_K=st.floats(5e-3, 1.0), delta_g=st.floats(1e-3, 5.0))
def test_printed_interval_is_a_lower_bound(above, tau_K, delta_g):
    """No spike comes while g > g*, so the exact interval exceeds Eq. (7), and t_s(0) as well."""
    cell = CELL | {"V_0": 15e-3 + above * 1e-3}
    exact = regular_interval(**cell, tau_K=tau_K, delta_g=delta_g, order="exact")
    printed = regular_interval(**cell, tau_K=tau_K, delta_g=delta_g)
    assert exact >= printed
    assert exact >= time_to_spike(**cell)
    # Eq. (7) with g* = (V_0 - theta)/(Delta + theta) = above/30
    assert printed == pytest.approx(tau_K * math.log1p(delta_g / (above / 30)), rel=1e-9)


@pytest.mark.parametrize(("V_0", "delta_g"), [(17e-3, 0.2), (30e-3, 1.0)])
def test_printed_interval_is_reached_by_slow_potassium(V_0, delta_g):
    """The bound is no loose one: the share that is missing falls like tau/tau_K, here to 1e-3 and less."""
    cell = CELL | {"V_0": V_0, "delta_g": delta_g}
    missing = [
        1 - regular_interval(**cell, tau_K=tau_K) / regular_interval(**cell, tau_K=tau_K, order="exact")
        for tau_K in (10.0, 100.0)
    ]
    assert 0 < missing[1] < missing[0] < 2e-3
    assert missing[0] / missing[1] == pytest.approx(10, rel=0.02)


@pytest.mark.parametrize("V_0", [17e-3, 30e-3, 60e-3])
@pytest.mark.parametrize("delta_g", [0.2, 1.0])
def test_orders_of_the_four_intervals(V_0, delta_g):
    """Erratum A8: as tau_K/tau grows the error of Eq. (7) tends to a constant of order tau, not to zero.

    Halving eps = tau/tau_K leaves the error of Eq. (7) as it is, halves that of the first-order formula, and divides
    that of the manifold formula by eight: tau_K times a remainder of fourth order.
    """
    cell = CELL | {"V_0": V_0}
    error = {"leading": [], "first": [], "manifold": []}
    for tau_K in (2.0, 4.0):
        exact = regular_interval(**cell, tau_K=tau_K, delta_g=delta_g, order="exact")
        for order, values in error.items():
            values.append(exact - regular_interval(**cell, tau_K=tau_K, delta_g=delta_g, order=order))
    q = critical_conductance(V_0=V_0, theta=15e-3, Delta=15e-3)
    constant = 10e-3 * delta_g / ((1 + q) * (q + delta_g))
    np.testing.assert_allclose(error["leading"], constant, rtol=0.01)
    assert error["leading"][0] / error["leading"][1] == pytest.approx(1.0, abs=0.01)
    assert error["first"][0] / error["first"][1] == pytest.approx(2.0, rel=0.05)
    assert error["manifold"][0] / error["manifold"][1] == pytest.approx(8.0, rel=0.05)
    assert abs(error["first"][1]) < 0.01 * error["leading"][1]


def test_slow_potassium_alone_does_not_make_the_printed_interval_good():
    """Erratum A7: tau_K = 100 tau, yet Eq. (7) is shorter than the neuron can fire; delta_g tau_K >> g* tau fails."""
    cell = CELL | {"tau_K": 1.0, "delta_g": 0.001}
    printed, exact = regular_interval(**cell), regular_interval(**cell, order="exact")
    fastest = time_to_spike(**CELL)
    assert printed == pytest.approx(1.998e-3, rel=1e-3)
    assert printed < fastest < exact
    validity = regular_validity(**cell)
    assert validity.eps == pytest.approx(0.01)
    assert validity.memory > 0.7
    # With delta_g tau_K = 100 g* tau the reset is forgotten, and the error is the constant of order tau.
    good = CELL | {"tau_K": 1.0, "delta_g": 0.5}
    assert regular_validity(**good).memory < 1e-40
    relative = regular_interval(**good, order="exact") / regular_interval(**good) - 1
    assert relative == pytest.approx(regular_validity(**good).lag, rel=0.01)


def test_interval_in_the_limits():
    cell = CELL | {"tau_K": 0.1}
    for order in ("leading", "first", "manifold", "exact"):
        silent = cell | {"V_0": 15e-3, "delta_g": 0.1}
        assert regular_interval(**silent, order=order) == math.inf
        assert regular_interval(**(CELL | {"tau_K": math.inf, "delta_g": 0.1}), order=order) == math.inf
    assert regular_interval(**cell, delta_g=0.0, order="exact") == time_to_spike(**CELL)
    assert regular_interval(**cell, delta_g=0.0) == 0.0
    # A vanishing step changes the interval by little.
    assert regular_interval(**cell, delta_g=1e-9, order="exact") == pytest.approx(time_to_spike(**CELL), rel=1e-6)
    assert np.isnan(regular_validity(**silent).lag)
    shape = regular_interval(**CELL, tau_K=[[0.1], [0.2]], delta_g=[0.1, 0.2, 0.3], order="exact").shape
    assert shape == (2, 3)


@pytest.mark.parametrize(
    "cell",
    [
        dict(V_0=20e-3, tau_K=1e-5, delta_g=1.0),
        dict(V_0=15.1e-3, tau_K=5e-5, delta_g=0.1),
        dict(V_0=15.0001e-3, tau_K=2e-4, delta_g=3.0),
        dict(V_0=30e-3, tau_K=1e-3, delta_g=0.5),
        dict(V_0=30e-3, tau_K=2.0, delta_g=0.5),
    ],
)
def test_exact_interval_against_forty_digits(cell, forty_digits):
    """Started at the fixed point the train keeps its interval, also where g underflows before the next spike."""
    cell = CELL | cell
    exact = regular_interval(**cell, order="exact")
    start = cell["delta_g"] / -math.expm1(-exact / cell["tau_K"])
    first = forty_digits.spike_times({**cell, "t_d": 0.0, "u0": 0.0, "g0": start}, max_spikes=1)[0]
    assert exact == pytest.approx(float(first), rel=2e-13)


@pytest.mark.parametrize("kappa", [1e5, 1e6])
def test_exact_interval_of_a_very_slow_conductance(kappa):
    """Here the lag of the membrane is a millionth of the interval; the third-order formula errs by kappa^-4."""
    cell = CELL | {"tau_K": kappa * CELL["tau"], "delta_g": 0.5}
    exact = regular_interval(**cell, order="exact")
    assert exact == pytest.approx(regular_interval(**cell, order="manifold"), rel=1e-13)
    assert exact - regular_interval(**cell) == pytest.approx(CELL["tau"] / 3.0, rel=1e-4)


def test_the_series_of_the_manifold_gives_no_number_where_it_has_left_its_range():
    """At tau_K = tau/10 its g_th exceeds g*, where nothing fires, or is negative."""
    for V_0 in (30e-3, 80e-3):
        assert np.isnan(regular_interval(**(CELL | {"V_0": V_0}), tau_K=1e-3, delta_g=0.5, order="manifold"))


def test_unknown_order_is_refused():
    with pytest.raises(ValueError, match=r'order must be "leading", "first", "manifold" or "exact", got \'second\''):
        regular_interval(**CELL, tau_K=0.1, delta_g=0.1, order="second")
