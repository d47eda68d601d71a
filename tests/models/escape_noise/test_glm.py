"""The fit of weights: maximum, standard errors, error that falls like 1/T, and the time-rescaling test."""

import numpy as np
import pytest
from brian2 import Hz, ms
from scipy import stats

import spikelearn as sl
from spikelearn.models.escape_noise import bin_spikes, fit, rescaling_test, sample, to_spike_trains

DT = 0.001
CELL = sl.EscapeNoise(tau=10 * ms, tau_adapt=20 * ms, eta_0=1.0, rho_0=40 * Hz)
W = np.array([[0.0, 0.5, 0.0], [-0.8, 0.0, 0.4], [0.3, 0.0, 0.0]])


@pytest.fixture(scope="module")
def trains():
    return to_spike_trains(sample(CELL, W, 20, 1000, DT, seed=21), DT)


@pytest.mark.parametrize("likelihood", ["bernoulli", "poisson", "linear"])
def test_gradient_vanishes_at_the_fit_and_errors_come_from_the_curvature(trains, likelihood):
    found = fit(trains, CELL, DT, likelihood=likelihood, fit_adaptation=False, fit_threshold=False)
    X = bin_spikes(trains, DT)
    gradient = CELL.gradient(X, found.W, DT, likelihood)
    off = ~np.eye(3, dtype=bool)
    np.testing.assert_allclose(gradient[off], 0, atol=1e-4)
    assert found.log_likelihood == pytest.approx(CELL.log_likelihood(X, found.W, DT, likelihood), rel=1e-10)
    # Observed curvature by differences of the gradient; it equals the expected one up to 1/sqrt(spikes), here 5 %.
    step, i = 1e-4, 1
    columns = [0, 2]
    curvature = np.empty((2, 2))
    for row, j in enumerate(columns):
        up, down = found.W.copy(), found.W.copy()
        up[i, j] += step
        down[i, j] -= step
        change = CELL.gradient(X, up, DT, likelihood) - CELL.gradient(X, down, DT, likelihood)
        curvature[row] = change[i, columns] / (2 * step)
    np.testing.assert_allclose(found.W_se[i, columns], np.sqrt(np.diag(np.linalg.inv(-curvature))), rtol=0.15)


def test_standard_errors_cover_the_truth():
    """z-scores of 60 fits x 12 parameters: standard deviation within 1 +- 4/sqrt(2 * 720), mean within 4/sqrt(720) +
    0.1
    for the bias of order 1/T (false alarm below 2 in 10,000)."""
    z = []
    for seed in range(60):
        found = fit(to_spike_trains(sample(CELL, W, 4, 1000, DT, seed=1000 + seed), DT), CELL, DT)
        off = ~np.eye(3, dtype=bool)
        z += list(((found.W - W) / np.where(off, found.W_se, 1.0))[off])
        z += list((found.eta - 1.0) / found.eta_se) + list(found.v / found.v_se)
    assert np.std(z) == pytest.approx(1.0, abs=0.105)
    assert np.mean(z) == pytest.approx(0.0, abs=0.25)


def test_squared_weight_error_falls_like_one_over_t():
    """Mean squared error of six weights over 40 fits with T and 8 T: ratio 8 within a factor 1.6 (two-sided F, alpha
    1e-3)."""
    off = ~np.eye(3, dtype=bool)
    errors = []
    for n_trials in (4, 32):
        squares = [
            np.mean((fit(to_spike_trains(sample(CELL, W, n_trials, 500, DT, seed=s), DT), CELL, DT).W - W)[off] ** 2)
            for s in range(40)
        ]
        errors.append(np.mean(squares))
    assert 8 / 1.6 < errors[0] / errors[1] < 8 * 1.6


def test_fit_agrees_with_scipys_optimiser_for_other_links(trains):
    from scipy.optimize import minimize

    cell = sl.EscapeNoise(tau=10 * ms, tau_adapt=20 * ms, eta_0=1.0, rho_0=200 * Hz, link="sigmoid")
    X = bin_spikes(trains, DT)
    found = fit(trains, cell, DT, fit_adaptation=False, fit_threshold=False)

    def loss(flat):
        weights = np.zeros((3, 3))
        weights[~np.eye(3, dtype=bool)] = flat
        slope = cell.gradient(X, weights, DT)[~np.eye(3, dtype=bool)]
        return -cell.log_likelihood(X, weights, DT), -slope

    best = minimize(loss, np.zeros(6), jac=True, method="BFGS")
    assert found.log_likelihood == pytest.approx(-best.fun, abs=1e-6)
    np.testing.assert_allclose(found.W[~np.eye(3, dtype=bool)], best.x, atol=1e-4)


def test_summary_and_ridge(trains):
    table = fit(trains, CELL, DT).summary()
    assert len(table) == 15
    assert abs(table.set_index("parameter").loc["W[1, 0]", "z"]) > 3
    tight = fit(trains, CELL, DT, ridge=1e6)
    assert np.abs(tight.W).max() < 1e-3


def test_binning_there_and_back(trains):
    X = bin_spikes(trains, DT)
    assert to_spike_trains(X, DT) == trains
    edge = sl.SpikeTrains.from_arrays([[0.003, 0.3]], t_start=0.0, t_stop=0.5)
    assert np.flatnonzero(bin_spikes(edge, DT)[0, :, 0]).tolist() == [3, 300]
    nothing = sl.SpikeTrains.from_arrays([[], []], t_start=1.0, t_stop=1.0)
    assert bin_spikes(nothing, DT).shape == (1, 0, 2)


@pytest.mark.parametrize("t0", [0.0, 1e5, -3e4, 1e7, 1e5 / 3])
def test_spikes_on_edges_stay_in_their_bins_at_large_clock_times(t0):
    """Rounding of (t - t_start)/dt grows with the clock: at 1e7 s it is 2e-6 of a bin of 1 ms."""
    trains = sl.SpikeTrains.from_arrays([t0 + np.arange(0, 20, 2) * 1e-3], t_start=t0, t_stop=t0 + 0.02)
    assert np.flatnonzero(bin_spikes(trains, DT)[0, :, 0]).tolist() == list(range(0, 20, 2))


class TestRescaling:
    def test_true_model_is_accepted_at_the_nominal_rate(self):
        """400 p-values: the share below 0.05 is binomial, 0.05 +- 4 * 0.0109 (false alarm below 1e-4), and all are
        uniform."""
        cell = sl.EscapeNoise(tau_adapt=30 * ms, eta_0=1.5, rho_0=150 * Hz)
        p = []
        for seed in range(400):
            X = sample(cell, [[0.0]], 3, 700, DT, seed=seed)
            p += list(rescaling_test(X, cell.intensities(X, [[0.0]], DT), seed=seed).p_value)
        assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.044)
        assert stats.kstest(p, "uniform").pvalue > 1e-4

    def test_model_without_adaptation_is_rejected(self):
        cell = sl.EscapeNoise(tau_adapt=30 * ms, eta_0=1.5, rho_0=150 * Hz)
        X = sample(cell, [[0.0]], 10, 2000, DT, seed=5)
        trains = to_spike_trains(X, DT)
        with_it = fit(trains, cell, DT)
        without = fit(trains, sl.EscapeNoise(eta_0=0.0, rho_0=150 * Hz), DT, fit_adaptation=False)
        assert rescaling_test(X, with_it.intensities(trains)).p_value[0] > 0.05
        assert rescaling_test(X, without.intensities(trains)).p_value[0] < 1e-6

    def test_intervals_are_exact_for_wide_bins(self):
        """Bins with r = 0.8: uncorrected sums are far from exponential, the drawn positions are not. n = 20,000, alpha
        1e-3."""
        rng = np.random.default_rng(9)
        r = np.full((40000, 1), 0.8)
        X = rng.random(r.shape) < -np.expm1(-r)
        found = rescaling_test(X, r)
        assert found.p_value[0] > 1e-3
        assert stats.kstest(np.ceil(found.intervals[0] / 0.8) * 0.8, "expon").pvalue < 1e-10

    def test_refusals(self):
        with pytest.raises(ValueError, match=r"r must have the shape of X, \(1, 5, 1\), got \(1, 4, 1\)"):
            rescaling_test(np.zeros((5, 1)), np.zeros((4, 1)))
        with pytest.raises(ValueError, match="finite and not negative"):
            rescaling_test(np.zeros((5, 1)), np.full((5, 1), -1.0))
        with pytest.raises(ValueError, match="at most one spike a bin, got 3: the place of several"):
            rescaling_test(np.full((5, 1), 3), np.ones((5, 1)))
        assert np.isnan(rescaling_test(np.zeros((5, 1)), np.ones((5, 1))).p_value[0])


class TestRefusals:
    def test_silent_unit(self):
        trains = sl.SpikeTrains.from_arrays([[0.1, 0.2], []], t_start=0.0, t_stop=0.5)
        with pytest.raises(ValueError, match="unit 1 has none; drop it or use ridge="):
            fit(trains, CELL, DT)

    def test_perfect_prediction_has_no_maximum(self):
        x = np.zeros((1, 400, 2))
        x[0, 10::40, 0] = 1
        x[0, 11::40, 1] = 1
        with pytest.raises(ValueError, match=r"the likelihood of unit [01] must have a maximum"):
            fit(to_spike_trains(x, DT), CELL, DT)

    def test_bins(self):
        trains = sl.SpikeTrains.from_arrays([[0.1, 0.1004]], t_start=0.0, t_stop=0.5)
        with pytest.raises(ValueError, match="with 2 spikes of unit 0 in bin 100 of trial 0"):
            fit(trains, CELL, DT)
        with pytest.raises(ValueError, match="must divide the window .* into whole bins"):
            fit(trains, CELL, 0.003)

    def test_settings(self):
        trains = sl.SpikeTrains.from_arrays([[0.1]], t_start=0.0, t_stop=0.5)
        with pytest.raises(ValueError, match="ridge must not be negative, got -1"):
            fit(trains, CELL, DT, ridge=-1)
        with pytest.raises(ValueError, match="must not both be set where tau equals tau_adapt"):
            fit(trains, sl.EscapeNoise(), DT, fit_self=True)
