"""Tables of the slow manifold against mpmath, and against the equation that the manifold solves."""

import numpy as np
import pytest

from spikelearn.eventdriven.phi import build_tables, manifold, manifold_values, table_address

mpmath = pytest.importorskip("mpmath")
KAPPAS = [0.1, 0.3, 0.499, 0.5, 0.7, 0.99, 1.0, 1.003, 1.5, 2.0, 5.0, 11.9, 12.1, 20.0, 50.0, 1e3, 1e4, 1e7]


def exact_phi(x, kappa):
    """The exponential integral for small arguments, its Stieltjes fraction otherwise."""
    with mpmath.mp.workdps(40):
        x, kappa = mpmath.mpf(float(x)), mpmath.mpf(kappa)
        if x < 0.5 and kappa < 30:
            return x * mpmath.exp(x) * mpmath.expint(kappa, x)
        tail = x
        for n in range(int(400 / (float(x) + 1)) + 150, 0, -1):
            tail = x + (kappa + n - 1) / (1 + n / tail)
        return x / tail


@pytest.mark.parametrize("kappa", KAPPAS)
def test_tables_against_forty_digits(kappa):
    tables = build_tables(np.array([kappa, kappa]), np.array([True, False]))
    rng = np.random.default_rng(int(kappa * 1000))
    # Below 2^-40 for kappa >= 30 the fraction of the reference would need many terms.
    points = 2.0 ** rng.uniform(-60 if kappa < 30 else -40, np.log2(max(kappa, 1)) + 30, 40)
    for x in points:
        expected = exact_phi(x, kappa)
        phi = manifold(x, kappa, *table_address(tables, 0))
        Q = manifold(x, kappa, *table_address(tables, 1))
        assert abs(phi / expected - 1) < 2e-15
        # Below kappa = 1/2 and x = 1/2 Q comes from 1 - phi, which may be twenty times larger.
        assert abs(Q / (1 - expected) - 1) < (1e-14 if kappa < 0.5 else 2e-15)


@pytest.mark.parametrize("kappa", [0.2, 0.8, 3.0, 40.0])
def test_cells_join_smoothly(kappa):
    tables = build_tables(np.array([kappa]), np.array([True]))
    place = table_address(tables, 0)
    edges = 2.0 ** np.arange(-30.0, 12.0)
    left = np.array([manifold(np.nextafter(x, 0), kappa, *place) for x in edges])
    right = np.array([manifold(x, kappa, *place) for x in edges])
    assert np.abs(left / right - 1).max() < 2e-15


def test_far_outside_the_table():
    tables = build_tables(np.array([20.0, 20.0]), np.array([True, False]))
    phi, Q = table_address(tables, 0), table_address(tables, 1)
    assert manifold(0.0, 20.0, *phi) == 0.0
    assert manifold(0.0, 20.0, *Q) == 1.0
    assert manifold(1e-100, 20.0, *phi) == pytest.approx(1e-100 / 19, rel=1e-13)
    assert manifold(1e200, 20.0, *phi) == 1.0
    assert manifold(1e200, 20.0, *Q) == pytest.approx(20e-200, rel=1e-15)
    assert manifold(1e-310, 0.2, *table_address(build_tables(np.array([0.2]), np.array([True])), 0)) < 1e-61


def test_values_solve_the_equation_of_the_manifold():
    """x phi' = (x + kappa) phi - x, by central differences: their error is h^2 phi'''/6 over phi', about 1e-7."""
    x = np.geomspace(1e-3, 1e3, 25)
    for kappa in (0.3, 1.0, 7.0, 300.0):
        phi, Q = manifold_values(x, kappa)
        np.testing.assert_allclose(phi + Q, 1.0, rtol=1e-15)
        h = 1e-4
        slope = (manifold_values(x * (1 + h), kappa)[0] - manifold_values(x * (1 - h), kappa)[0]) / (2 * h)
        # For large kappa the right-hand side is a small difference, hence the absolute part.
        np.testing.assert_allclose(slope, (x + kappa) * phi - x, rtol=1e-6, atol=1e-12 * (x.max() + kappa))
