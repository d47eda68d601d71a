"""Gaussian averages of the nonlinearity against mpmath's quadrature at 22 digits, and each kind against the others."""

import mpmath as mp
import numpy as np
import pytest
from scipy.special import erf

from spikelearn.models.low_rank.gaussian import gaussian_mean
from spikelearn.models.low_rank.nonlinearity import Nonlinearity

POINTS = [-12, -6, -3, -1.5, -0.8, -0.4, -0.2, -0.1, -0.05, -0.02, 0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 12]


def exact(function, a, mu=0.0):
    with mp.workdps(22):
        density = lambda z: mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi)  # noqa: E731
        return float(mp.quad(lambda z: density(z) * function(mu + a * z, z), POINTS))


@pytest.mark.parametrize(("gain", "a"), [(10, 1.0), (30, 0.8), (1, 0.01)])
def test_averages_of_tanh(gain, a):
    """Where a fixed step of 0.1 in z errs by 1.6e-3 (gain 10) and 0.28 (gain 30)."""
    phi = Nonlinearity("tanh", gain)
    slope = exact(lambda x, z: gain * mp.sech(gain * x) ** 2, a)
    assert float(phi.slope(a)) == pytest.approx(slope, rel=4e-15)
    assert float(phi.slope(a)) == pytest.approx(exact(lambda x, z: z * mp.tanh(gain * x) / a, a), rel=1e-13)
    assert float(phi.square(a)) == pytest.approx(exact(lambda x, z: mp.tanh(gain * x) ** 2, a), rel=1e-14)
    assert float(phi.square_slope(a)) == pytest.approx(
        exact(lambda x, z: (gain * mp.sech(gain * x) ** 2) ** 2, a), rel=4e-15
    )
    rate = exact(lambda x, z: -2 * gain**2 * z * mp.tanh(gain * x) * mp.sech(gain * x) ** 2, a)
    assert float(phi.slope_rate(a)) == pytest.approx(rate, rel=1e-12)


def test_a_coarse_step_is_not_enough():
    """What a fixed step of 0.1 gives at gain 30: the error that the finer grid removes."""
    z = np.arange(-120, 121) / 10
    coarse = 30 * (np.exp(-z * z / 2) / np.cosh(24 * z) ** 2).sum() * 0.1 / np.sqrt(2 * np.pi)
    assert abs(coarse - float(Nonlinearity("tanh", 30).slope(0.8))) > 0.2


@pytest.mark.parametrize("kind", ["tanh", "erf"])
@pytest.mark.parametrize(("gain", "a", "mu"), [(2.0, 0.7, 0.0), (9.0, 0.3, -0.4), (1.5, 2.0, 1.1)])
def test_closed_forms_equal_the_general_quadrature(kind, gain, a, mu):
    """The same function written as an expression goes through SymPy's derivatives and the halved step."""
    own, general = Nonlinearity(kind, gain), Nonlinearity("tanh(x)" if kind == "tanh" else "erf(sqrt(pi)*x/2)", gain)
    for order in range(4):
        assert float(own.mean(order, a, mu)) == pytest.approx(
            float(general.mean(order, a, mu)), abs=1e-13 * gain**order
        )
    for name in ("slope", "square", "square_slope", "square_rate", "slope_rate"):
        assert float(getattr(own, name)(a)) == pytest.approx(float(getattr(general, name)(a)), abs=1e-12 * gain**2)
    x = np.linspace(-3, 3, 41)
    for order in range(4):
        np.testing.assert_allclose(own(x, order), general(x, order), atol=2e-14 * gain**order)


@pytest.mark.parametrize("phi", ["tanh", "erf", "x/sqrt(1 + x**2)", "1/(1 + exp(-x))"])
def test_rates_are_derivatives(phi):
    """Central differences of order h^2 = 1e-8, f'''/6 about 10."""
    kind, a, h = Nonlinearity(phi, 2.5), 0.6, 1e-4
    for value, rate in ((kind.slope, kind.slope_rate), (kind.square, lambda a: 2 * a * kind.square_rate(a))):
        assert float(rate(a)) == pytest.approx(float(value(a + h) - value(a - h)) / (2 * h), rel=2e-6)


def test_the_closed_form_of_erf_that_has_two_branches():
    """phi = [erf(k(x - x0)) + erf(k(x + x0))]/2 has f = (2k/sqrt pi) s^(-1/2) exp(-k^2 x0^2/s), s = 1 + 2 k^2 a^2."""
    k, x0, a = 6.0, 0.35, np.array([0.0, 0.05, 0.2, 0.7])
    s = 1 + 2 * (k * a) ** 2
    closed = 2 * k / np.sqrt(np.pi) / np.sqrt(s) * np.exp(-((k * x0) ** 2) / s)
    np.testing.assert_allclose(Nonlinearity("(erf(6*(x-0.35)) + erf(6*(x+0.35)))/2", 1.0).slope(a), closed, rtol=1e-13)


@pytest.mark.parametrize("steepness", [1.0, 30.0, 2000.0])
def test_a_step_up_to_two_thousand_times_as_steep_as_the_normal_density_is_wide_settles(steepness):
    # E[erf(k z)^2] = (2/pi) arcsin(2 k^2/(1 + 2 k^2)); beyond it the sum would need more than a quarter of a million
    # points.
    k2 = 2 * steepness**2
    found = gaussian_mean(lambda x: erf(steepness * x) ** 2, 1.0)
    assert found == pytest.approx(2 / np.pi * np.arcsin(k2 / (1 + k2)), abs=1e-12)


def test_what_does_not_settle_is_refused():
    with pytest.raises(ValueError, match="does not settle at standard deviation 1"):
        gaussian_mean(lambda x: erf(4000.0 * x) ** 2, 1.0)
    with pytest.raises(ValueError, match=r"must be smooth and grow slower than exp\(x\*\*2/2\)"):
        gaussian_mean(lambda x: np.exp(x * x), 1.0)
    with pytest.raises(ValueError, match=r"LowRank.phi = 'exp\(x\*\*2\)'"):
        Nonlinearity("exp(x**2)", 1.0).slope(1.0)


@pytest.mark.parametrize(
    ("phi", "message"),
    [
        ("abs(x)", "must be differentiable, got abs"),
        ("y", "has no name 'y'"),
        ("erf(x", "must be a formula"),
        ("__import__('os').getcwd()", "must be arithmetic"),
        ("erf(y)", "has no name 'y'"),
        ("erf_0 + x", "has no name 'erf_0'"),
        ("erf(x, x)", "has no function 'erf'"),
        ("3", "must depend on x"),
    ],
)
def test_expressions_are_read_by_a_closed_grammar(phi, message):
    with pytest.raises(ValueError, match=message):
        Nonlinearity(phi, 1.0)


@pytest.mark.parametrize(
    ("phi", "largest"), [("x", None), ("log(1 + x**2)", None), ("exp(x)", None), ("sin(x)", 1.0), ("2*tanh(x)", 2.0)]
)
def test_bounds(phi, largest):
    found = Nonlinearity(phi, 2.0).largest
    assert found is None if largest is None else found == pytest.approx(largest, rel=2e-3)
    assert largest is None or found >= largest


def test_a_function_without_values_is_refused():
    with pytest.raises(ValueError, match=r"must have a value everywhere, got none for .* at x = 7"):
        _ = Nonlinearity("exp(x)/(1 + exp(x))", 1.0).largest


def test_brian_text():
    assert (
        Nonlinearity("(erf(6*(x-0.35)) + tanh(x))/2", 1.5).brian("y")
        == "(erf_(6 * (1.5 * y - 0.35)) + tanh(1.5 * y)) / 2"
    )
    assert Nonlinearity("tanh", 2.0).brian("y") == "tanh(2.0*y)"
