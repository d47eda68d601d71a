"""Fits at their limits: ridge for what has no maximum, messages that say why, held parameters, curvature."""

import numpy as np
import pytest
from brian2 import Hz, ms
from scipy.optimize import minimize

import spikelearn as sl
from spikelearn.models.escape_noise import bin_spikes, fit, sample, to_spike_trains
from spikelearn.models.escape_noise.glm import _slopes

DT = 0.001
CELL = sl.EscapeNoise(tau=10 * ms, tau_adapt=20 * ms, eta_0=1.0, rho_0=40 * Hz, v=0.4, Delta_u=1.3)
W = np.array([[0.0, 1.1, 0.0], [-0.8, 0.0, 0.4], [0.3, 0.0, 0.0]])


@pytest.fixture(scope="module")
def X():
    return sample(CELL, W, 8, 1000, DT, seed=21)


def penalised(trains, i, cell, ridge, drawn):
    """Minus the penalised log-likelihood of unit i as a function of weights from others, eta_0 and v: SciPy's task."""
    X = bin_spikes(trains, DT)

    def loss(theta):
        weights = np.zeros((X.shape[2],) * 2)
        weights[i, np.arange(X.shape[2]) != i] = theta[:-2]
        changed = sl.EscapeNoise(
            tau=cell.tau, tau_adapt=cell.tau_adapt, eta_0=theta[-2], rho_0=cell.rho_0, v=theta[-1],
            Delta_u=cell.Delta_u,
        )  # fmt: skip
        r = changed.intensities(X, weights, DT)[:, :, i]
        value = np.where(X[:, :, i] > 0, np.log(-np.expm1(-r)), -r).sum()
        cost = (theta[:-2] ** 2).sum() + (theta[-2] - cell.eta_0) ** 2 + drawn * (theta[-1] - cell.v) ** 2
        return -value + 0.5 * ridge * cost

    return loss


@pytest.mark.parametrize(("silent", "unit", "drawn"), [(True, 1, 1.0), (False, 1, 0.0)])
def test_ridge_finds_the_penalised_maximum_even_of_a_silent_unit(X, silent, unit, drawn):
    """Against SciPy on the penalised likelihood written out; BFGS leaves 1e-4 of a standard error."""
    given = X[:3].copy()
    if silent:
        given[:, :, unit] = 0
    trains = to_spike_trains(given, DT)
    found = fit(trains, CELL, DT, ridge=1.0)
    best = minimize(penalised(trains, unit, CELL, 1.0, drawn), np.array([0.0, 0.0, 1.0, 0.4]), tol=1e-9)
    values = [*found.W[unit, [0, 2]], found.eta[unit], found.v[unit]]
    np.testing.assert_allclose(values, best.x, atol=2e-3)
    assert np.isfinite(found.W_se).all()
    assert (found.v_se > 0).all()


def test_ridge_also_serves_units_that_always_spike_or_spike_once():
    X = np.ones((1, 60, 2))
    X[0, :, 1] = 0
    X[0, 7, 1] = 1
    found = fit(to_spike_trains(X, DT), CELL, DT, ridge=1.0)
    assert np.isfinite(found.summary()[["value", "standard_error"]]).all(axis=None)


def test_messages_say_why_there_is_no_maximum(X):
    same = X.copy()
    same[:, :, 1] = same[:, :, 0]
    with pytest.raises(
        ValueError, match=r"unit 2 must have a maximum; none was found, since units spike together; use"
    ):
        fit(to_spike_trains(same, DT), CELL, DT)
    assert np.isfinite(fit(to_spike_trains(same, DT), CELL, DT, ridge=1.0).W).all()
    sigmoid = sl.EscapeNoise(eta_0=0.0, rho_0=20 * Hz, link="sigmoid")
    with pytest.raises(ValueError, match=r"fires at .* Hz, faster than the sigmoid with rho_0 = 20 Hz allows"):
        fit(to_spike_trains(sample(sl.EscapeNoise(eta_0=0.0, rho_0=60 * Hz), [[0.0]], 2, 2000, DT, seed=4), DT),
            sigmoid, DT)  # fmt: skip
    with pytest.raises(TypeError, match="trains must be SpikeTrains, got ndarray; to_spike_trains makes them"):
        fit(X, CELL, DT)
    with pytest.raises(ValueError, match=r"at least one trial, observed bin and unit, got the shape \(1, 500, 0\)"):
        fit(sl.SpikeTrains.from_arrays([], t_start=0.0, t_stop=0.5), CELL, DT)


def test_intensities_and_likelihood_of_a_fit_are_those_of_its_parameters(X):
    """Units with thresholds and weights of their own, unsymmetric: a transposed W or a forgotten v shows."""
    trains, others = to_spike_trains(X[:5], DT), to_spike_trains(X[5:], DT)
    found = fit(trains, CELL, DT)
    r = np.empty((5, 1000, 3))
    for i in range(3):
        own = sl.EscapeNoise(
            tau=10 * ms, tau_adapt=20 * ms, eta_0=found.eta[i], rho_0=40 * Hz, v=found.v[i], Delta_u=1.3
        )
        r[:, :, i] = own.intensities(X[:5], found.W, DT)[:, :, i]
    np.testing.assert_allclose(found.intensities(trains), r, rtol=1e-12)
    assert found.evaluate(trains) == pytest.approx(found.log_likelihood, rel=1e-12)
    # On other spikes the truth gains half a nat a parameter and 3/5 of the data, 3.6 +- 2.7: within 6 deviations.
    gap = CELL.log_likelihood(X[5:], W, DT) - found.evaluate(others)
    assert abs(gap) < 20
    with pytest.raises(ValueError, match="must have the 3 units of the fit, got 2"):
        found.evaluate(to_spike_trains(X[:, :, :2], DT))


def test_held_parameters_are_those_of_the_cell(X):
    """With v and eta_0 of the cell held, the fit is a maximum of the cell's own likelihood, weights to self too."""
    off = ~np.eye(3, dtype=bool)
    for fit_self in (False, True):
        found = fit(to_spike_trains(X, DT), CELL, DT, fit_adaptation=False, fit_threshold=False, fit_self=fit_self)
        assert (found.v == 0.4).all()
        assert (found.eta == 1.0).all()
        assert found.log_likelihood == pytest.approx(CELL.log_likelihood(X, found.W, DT), rel=1e-12)
        slope = CELL.gradient(X, found.W, DT)
        np.testing.assert_allclose(slope if fit_self else slope[off], 0, atol=1e-4)
    assert (np.diag(found.W_se) > 0).all()
    # The truth has no weights to self; three z-scores beyond 4.5 would come up once in 50,000.
    assert (np.abs(np.diag(found.W)) < 4.5 * np.diag(found.W_se)).all()


@pytest.mark.parametrize("link", ["exponential", "sigmoid", "softplus"])
@pytest.mark.parametrize(("likelihood", "kind"), [("bernoulli", 0), ("poisson", 1), ("linear", 2)])
def test_information_is_the_variance_of_the_slope(link, likelihood, kind):
    """Fisher's identity in closed form: the mean over X of the squared slope, bins with r from 0.002 to 0.8."""
    cell = sl.EscapeNoise(rho_0=400 * Hz, Delta_u=1.3, link=link)
    u = np.linspace(-6, 0.9, 40)
    r = 0.4 * {
        "exponential": np.exp(u / 1.3), "sigmoid": 1 / (1 + np.exp(-u / 1.3)), "softplus": np.log1p(np.exp(u / 1.3))
    }[link]  # fmt: skip
    if kind == 1:
        # Counts to 30; beyond them the probability is below 1e-30.
        counts = np.arange(30)[:, None]
        log_p = counts * np.log(r) - r - np.cumsum(np.log(np.maximum(np.arange(30), 1)))[:, None]
        probability = np.exp(log_p)
    else:
        counts = np.array([0, 1])[:, None]
        p = r if kind == 2 else -np.expm1(-r)
        probability = np.vstack([1 - p, p])
    each = [_slopes(cell, u, np.full(len(u), x), DT, kind) for x in counts.ravel()]
    slopes, information = np.array([found[1] for found in each]), each[0][2]
    np.testing.assert_allclose((probability * slopes).sum(axis=0), 0, atol=1e-13)
    np.testing.assert_allclose((probability * slopes**2).sum(axis=0), information, rtol=1e-10)
