"""Likelihoods and gradients against a slow loop, finite differences, SciPy and the sum over all patterns."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV
from scipy import stats

import spikelearn as sl
from spikelearn.models.escape_noise.enumeration import all_patterns
from spikelearn.models.escape_noise.likelihood import evaluate

DT = 0.001
CELLS = {
    link: sl.EscapeNoise(tau=7 * ms, tau_adapt=13 * ms, eta_0=0.6, rho_0=60 * Hz, v=0.3, Delta_u=1.7, link=link)
    for link in ("exponential", "sigmoid", "softplus")
}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(11)
    return rng.random((3, 25, 3)) < 0.25, rng.normal(0, 0.4, (3, 3))


def slow_rates(cell, X, W, dt):
    """The potential by its definition: sums over all earlier spikes, nothing recursive, one trial."""
    bins, units = X.shape
    r = np.empty((bins, units))
    for k in range(bins):
        for i in range(units):
            u = 0.0
            for m in range(k):
                for j in range(units):
                    u += W[i, j] * X[m, j] * np.exp(-(k - m) * dt / float(cell.tau))
                u -= cell.eta_0 * X[m, i] * np.exp(-(k - m) * dt / float(cell.tau_adapt))
            z = (u - cell.v) / cell.Delta_u
            shape = {"exponential": np.exp(z), "sigmoid": 1 / (1 + np.exp(-z)), "softplus": np.log(1 + np.exp(z))}
            r[k, i] = float(cell.rho_0) * dt * shape[cell.link]
    return r


@pytest.mark.parametrize("link", CELLS)
def test_log_likelihood_equals_scipys_distributions_on_slow_rates(data, link):
    X, W = data
    cell = CELLS[link]
    r = np.stack([slow_rates(cell, trial, W, DT) for trial in X])
    np.testing.assert_allclose(cell.intensities(X, W, DT), r, rtol=1e-12)
    expected = {
        "bernoulli": stats.bernoulli.logpmf(X, -np.expm1(-r)).sum(),
        "poisson": stats.poisson.logpmf(X, r).sum(),  # log X! is zero for 0 and 1
        "linear": stats.bernoulli.logpmf(X, r).sum(),
    }
    for likelihood, value in expected.items():
        assert cell.log_likelihood(X, W, DT, likelihood) == pytest.approx(value, rel=1e-12)
    assert cell.log_likelihood(X, W, 1 * ms) == pytest.approx(expected["bernoulli"], rel=1e-12)


def test_poisson_counts_leave_out_the_factorial(data):
    X, W = data
    counts = X.astype(int) * 2
    r = np.stack([slow_rates(CELLS["exponential"], trial, W, DT) for trial in counts])
    with_factorial = stats.poisson.logpmf(counts, r).sum()
    found = CELLS["exponential"].log_likelihood(counts, W, DT, "poisson")
    assert found - with_factorial == pytest.approx(np.log(2) * X.sum(), rel=1e-9)


@pytest.mark.parametrize("likelihood", ["bernoulli", "poisson", "linear"])
@pytest.mark.parametrize("link", CELLS)
def test_gradient_equals_finite_differences(data, link, likelihood):
    X, W = data
    cell = CELLS[link]
    step = 1e-5
    numeric = np.empty_like(W)
    for i, j in np.ndindex(W.shape):
        up, down = W.copy(), W.copy()
        up[i, j] += step
        down[i, j] -= step
        numeric[i, j] = (cell.log_likelihood(X, up, DT, likelihood) - cell.log_likelihood(X, down, DT, likelihood)) / (
            2 * step
        )
    # Central differences: error step^2 times the third derivative, plus rounding of about 1e-14 * |log L| / step.
    np.testing.assert_allclose(cell.gradient(X, W, DT, likelihood), numeric, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("bins", "units"), [(6, 2), (4, 3)])
@pytest.mark.parametrize("link", CELLS)
def test_probabilities_of_all_patterns_sum_to_one(bins, units, link):
    W = np.random.default_rng(5).normal(0, 1, (units, units))
    cell = CELLS[link]
    X = all_patterns(bins, units)
    assert np.exp(cell.log_likelihood(X, W, DT, per_trial=True)).sum() == pytest.approx(1.0, abs=1e-13)
    assert np.exp(cell.log_likelihood(X, W, DT, "linear", per_trial=True)).sum() == pytest.approx(1.0, abs=1e-13)


def test_expected_score_is_zero_under_the_model():
    X = all_patterns(4, 2)
    W = np.random.default_rng(6).normal(0, 1, (2, 2))
    cell = CELLS["exponential"]
    probability = np.exp(cell.log_likelihood(X, W, DT, per_trial=True))
    mean = sum(p * cell.gradient(x, W, DT) for p, x in zip(probability, X, strict=True))
    np.testing.assert_allclose(mean, 0, atol=1e-14)


def test_trials_add_up_and_units_can_be_relabelled(data):
    X, W = data
    cell = CELLS["exponential"]
    assert cell.log_likelihood(X, W, DT) == pytest.approx(sum(cell.log_likelihood(x, W, DT) for x in X))
    np.testing.assert_allclose(cell.gradient(X, W, DT), sum(cell.gradient(x, W, DT) for x in X), rtol=1e-12)
    order = [2, 0, 1]
    np.testing.assert_allclose(
        cell.gradient(X[:, :, order], W[np.ix_(order, order)], DT),
        cell.gradient(X, W, DT)[np.ix_(order, order)],
        rtol=1e-12,
    )


def test_threads_do_not_change_a_bit(data):
    X, W = data
    X = np.ascontiguousarray(X, dtype=np.uint8)
    one, three = (evaluate(CELLS["exponential"], X, W, DT, score=True, threads=n) for n in (1, 3))
    assert (one.score == three.score).all()
    assert (one.log_likelihood == three.log_likelihood).all()


def test_extreme_intensities_stay_finite():
    cell = sl.EscapeNoise(eta_0=0.0, v=0.0)
    for u in (-800.0, -60.0, 30.0):
        X = np.array([[1, 0], [0, 1], [0, 1]])
        W = np.array([[0.0, 0.0], [u, 0.0]])
        assert np.isfinite(cell.log_likelihood(X, W, DT))
        assert np.isfinite(cell.gradient(X, W, DT)).all()


def test_empty_and_silent_input():
    cell = sl.EscapeNoise(rho_0=50 * Hz)
    W = np.zeros((2, 2))
    assert cell.log_likelihood(np.zeros((0, 2)), W, DT) == 0.0
    assert cell.log_likelihood(np.zeros((100, 2)), W, DT) == pytest.approx(-2 * 100 * 50 * DT)
    np.testing.assert_array_equal(cell.gradient(np.zeros((100, 2)), W, DT), 0.0)


def test_log_likelihood_is_concave_for_visible_units(data):
    X, W = data
    cell = CELLS["exponential"]
    rng = np.random.default_rng(3)
    for _ in range(20):
        direction = rng.normal(size=W.shape)
        line = [cell.log_likelihood(X, W + t * direction, DT) for t in (-0.1, 0.0, 0.1)]
        assert line[0] + line[2] - 2 * line[1] <= 1e-10


class TestRefusals:
    cell = sl.EscapeNoise(rho_0=500 * Hz)
    W = np.zeros((2, 2))

    def test_parameters(self):
        with pytest.raises(ValueError, match=r"EscapeNoise.tau must be positive, got -5. ms"):
            sl.EscapeNoise(tau=-5 * ms)
        with pytest.raises(ValueError, match=r"EscapeNoise.tau must be a time, such as '10 ms', got 10. mV"):
            sl.EscapeNoise(tau=10 * mV)
        with pytest.raises(ValueError, match=r"EscapeNoise.Delta_u must be positive"):
            sl.EscapeNoise(Delta_u=0.0)
        with pytest.raises(TypeError, match=r"eta_0 must be one value, the same for all neurons, got shape \(2,\)"):
            sl.EscapeNoise(eta_0=[1, 2])
        with pytest.raises(ValueError, match=r"no link 'sigmod'; did you mean 'sigmoid'"):
            sl.EscapeNoise(link="sigmod")

    @pytest.mark.parametrize("bad", [2, -1, 0.5, np.nan])
    def test_spikes_outside_zero_and_one(self, bad):
        X = np.zeros((3, 5, 2))
        X[1, 4, 0] = bad
        with pytest.raises(ValueError, match=r"must hold 0 or 1 in every bin, got .* for unit 0 in bin 4 of trial 1"):
            self.cell.log_likelihood(X, self.W, DT)

    def test_shapes(self):
        with pytest.raises(ValueError, match=r"W must have the shape \(3, 3\) \(to, from\), got \(2, 2\)"):
            self.cell.gradient(np.zeros((5, 3)), self.W, DT)
        with pytest.raises(ValueError, match=r"X must have the shape \(trials, bins, units\) or \(bins, units\)"):
            self.cell.gradient(np.zeros(5), self.W, DT)
        with pytest.raises(TypeError, match="must hold numbers"):
            self.cell.gradient(np.array([["a", "b"]]), self.W, DT)

    def test_weights_must_be_finite(self):
        with pytest.raises(ValueError, match=r"must be finite, got nan from unit 1 to unit 0"):
            self.cell.gradient(np.zeros((5, 2)), [[0, np.nan], [0, 0]], DT)

    def test_probability_above_one_for_the_linear_link(self):
        with pytest.raises(ValueError, match=r"rho dt below 1 in every bin, got 1.5"):
            self.cell.log_likelihood(np.zeros((5, 2)), self.W, 0.003, "linear")

    def test_likelihood_and_dt(self):
        with pytest.raises(ValueError, match=r"no likelihood 'binomial'"):
            self.cell.log_likelihood(np.zeros((5, 2)), self.W, DT, "binomial")
        with pytest.raises(ValueError, match="dt must be positive"):
            self.cell.log_likelihood(np.zeros((5, 2)), self.W, 0.0)
