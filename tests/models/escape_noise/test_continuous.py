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


@pytest.mark.parametrize("link", ["exponential", "sigmoid", "softplus"])
@pytest.mark.parametrize("softness", [0.02, 0.2])
def test_soft_and_hard_thresholds_are_integrated_alike(link, softness):
    """Delta_u = 0.02 moves z by 100 within a time constant. Against SciPy in pieces of 0.1 ms, each good to 1e-13."""
    cell = sl.EscapeNoise(tau=10 * ms, tau_adapt=25 * ms, eta_0=0.8, rho_0=30 * Hz, v=0.1, Delta_u=softness, link=link)
    trains = sl.SpikeTrains.from_arrays([[0.004], [0.009]], t_start=0.0, t_stop=0.04)
    weights = np.array([[0.0, -1.4], [1.2 if softness < 0.1 else 2.0, 0.0]])
    total = 0.0
    for i, other, own, weight in ((0, 0.009, 0.004, -1.4), (1, 0.004, 0.009, weights[1, 0])):

        def z(t, other=other, own=own, weight=weight):
            u = weight * np.exp(-(t - other) / 0.010) * (t > other) - 0.8 * np.exp(-(t - own) / 0.025) * (t > own)
            return (u - 0.1) / softness

        shape = {
            "exponential": np.exp,
            "sigmoid": lambda x: 0.5 * (1 + np.tanh(x / 2)),
            "softplus": lambda x: np.logaddexp(0, x),
        }[link]
        log_shape = {
            "exponential": lambda x: x,
            "sigmoid": lambda x: -np.logaddexp(0, -x),
            "softplus": lambda x: x if x < -30 else np.log(np.logaddexp(0, x)),
        }[link]
        edges = np.linspace(0.0, 0.04, 401)
        nodes, gauss = np.polynomial.legendre.leggauss(12)
        # Spikes lie on edges, so that every piece is smooth.
        t = (edges[:-1, None] + 0.5e-4 * (nodes + 1)).ravel()
        total += np.log(30.0) + log_shape(z(own)) - 30 * (np.tile(0.5e-4 * gauss, 400) @ shape(z(t)))
        assert i in (0, 1)
    assert continuous_log_likelihood(cell, trains, weights) == pytest.approx(total, rel=1e-12)


def test_impossible_spikes_are_finite_and_certain_ones_infinitely_many():
    trains = sl.SpikeTrains.from_arrays([[0.001], [0.002]], t_start=0.0, t_stop=0.01)
    cell = sl.EscapeNoise(tau=10 * ms, eta_0=0.0, rho_0=30 * Hz)
    found = continuous_log_likelihood(cell, trains, [[0.0, 0.0], [-1e5, 0.0]])
    # Unit 0 at rest for 10 ms, unit 1 for the 1 ms before it is silenced; its spike costs 1e5 exp(-0.1).
    assert found == pytest.approx(2 * np.log(30.0) - 0.3 - 0.03 - 1e5 * np.exp(-0.1), rel=1e-13)
    excited = [[0.0, 0.0], [1e4, 0.0]]
    assert continuous_log_likelihood(cell, trains, excited) == -np.inf
    gradient = continuous_gradient(cell, trains, excited)
    assert gradient[1, 0] == -np.inf
    assert np.isfinite(gradient[0]).all()
    for link in ("sigmoid", "softplus"):
        other = sl.EscapeNoise(tau=10 * ms, eta_0=0.0, rho_0=30 * Hz, link=link)
        for weight in (-1e5, 1e4):
            assert np.isfinite(continuous_log_likelihood(other, trains, [[0.0, 0.0], [weight, 0.0]]))
            assert np.isfinite(continuous_gradient(other, trains, [[0.0, 0.0], [weight, 0.0]])).all()


def test_silence_takes_no_memory():
    """Ten minutes after one spike, 20 units: a constant intensity, however long."""
    import tracemalloc

    trains = sl.SpikeTrains.from_arrays([[0.5]] + [[]] * 19, t_start=0.0, t_stop=600.0)
    cell = sl.EscapeNoise(eta_0=0.0, rho_0=2 * Hz)
    tracemalloc.start()
    found = continuous_log_likelihood(cell, trains, np.full((20, 20), 0.3))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    extra = 20 * 2 * quad(lambda s: np.expm1(0.3 * np.exp(-s / 0.01)), 0, 0.5, points=[0.01, 0.1], epsrel=1e-12)[0]
    assert found == pytest.approx(np.log(2.0) - 2 * 600 * 20 - extra, rel=1e-13)
    assert peak < 5e6
