"""Continuous time: closed forms, SciPy's quadrature, finite differences, and the limit of small bins."""

import numpy as np
import pytest
from brian2 import Hz, ms
from scipy.integrate import quad

import spikelearn as sl
from spikelearn.models.escape_noise import bin_spikes, continuous_gradient, continuous_log_likelihood

CELL = sl.EscapeNoise(tau=10 * ms, tau_adapt=25 * ms, eta_0=0.8, rho_0=30 * Hz, v=0.1, Delta_u=1.4)
W = np.array([[0.2, 0.9], [-0.7, 0.0]])
TRAINS = sl.SpikeTrains.from_trials(
    [[[0.0103, 0.0512, 0.0703], [0.0217, 0.0602]], [[0.0305], []]], t_start=0.0, t_stop=0.1
)


def test_poisson_process_has_its_closed_form():
    cell = sl.EscapeNoise(eta_0=0.0, rho_0=30 * Hz, v=0.5)
    rate = 30 * np.exp(-0.5)
    expected = 6 * np.log(rate) - rate * 0.1 * 4
    assert continuous_log_likelihood(cell, TRAINS, np.zeros((2, 2))) == pytest.approx(expected, rel=1e-13)


def test_equals_scipys_quadrature():
    total = 0.0
    for trial in range(2):
        times = [TRAINS.train(unit=i, trial=trial) for i in range(2)]
        edges = np.unique(np.concatenate([[0.0, 0.1], *times]))
        for i in range(2):

            def rho(t, i=i, times=times):
                u = sum(W[i, j] * np.exp(-(t - s) / 0.010) for j in range(2) for s in times[j] if s < t)
                u -= sum(0.8 * np.exp(-(t - s) / 0.025) for s in times[i] if s < t)
                return 30 * np.exp((u - 0.1) / 1.4)

            total += sum(np.log(rho(t)) for t in times[i])
            for a, b in zip(edges, edges[1:], strict=False):
                total -= quad(rho, a + 1e-15, b, epsrel=1e-12)[0]
    assert continuous_log_likelihood(CELL, TRAINS, W) == pytest.approx(total, rel=1e-10)


@pytest.mark.parametrize("link", ["exponential", "sigmoid", "softplus"])
def test_gradient_equals_finite_differences(link):
    cell = sl.EscapeNoise(tau=10 * ms, tau_adapt=25 * ms, eta_0=0.8, rho_0=90 * Hz, Delta_u=1.4, link=link)
    found = continuous_gradient(cell, TRAINS, W)
    for i, j in np.ndindex(2, 2):
        up, down = W.copy(), W.copy()
        up[i, j] += 1e-5
        down[i, j] -= 1e-5
        numeric = (continuous_log_likelihood(cell, TRAINS, up) - continuous_log_likelihood(cell, TRAINS, down)) / 2e-5
        assert found[i, j] == pytest.approx(numeric, abs=1e-6)


def test_bins_converge_with_order_one():
    """log L of bins, less log dt a spike, tends to the density; halving dt halves the difference."""
    limit = continuous_log_likelihood(CELL, TRAINS, W)
    errors = []
    for dt in (2e-5, 1e-5):
        binned = CELL.log_likelihood(bin_spikes(TRAINS, dt), W, dt)
        errors.append(binned - TRAINS.n_spikes * np.log(dt) - limit)
    assert abs(errors[1]) < 0.02
    assert errors[0] / errors[1] == pytest.approx(2.0, abs=0.1)


def test_spikes_at_one_moment_do_not_act_on_each_other():
    together = sl.SpikeTrains.from_arrays([[0.05], [0.05]], t_start=0.0, t_stop=0.0500001)
    strong = np.array([[0.0, 5.0], [5.0, 0.0]])
    weak = np.zeros((2, 2))
    change = continuous_log_likelihood(CELL, together, strong) - continuous_log_likelihood(CELL, together, weak)
    # Only the 1e-7 s after the spikes feel the weights.
    assert abs(change) < 1e-3


def test_shapes_are_refused():
    with pytest.raises(ValueError, match=r"EscapeNoise: W must have the shape \(2, 2\)"):
        continuous_log_likelihood(CELL, TRAINS, np.zeros((3, 3)))
