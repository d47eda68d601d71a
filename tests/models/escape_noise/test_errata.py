"""Every erratum of document 001 with the printed form failing where the corrected one holds."""

import numpy as np
import pytest
from brian2 import Hz, ms

import spikelearn as sl
from spikelearn.models.escape_noise import sample
from spikelearn.models.escape_noise.enumeration import all_patterns
from spikelearn.models.escape_noise.learning import learn
from spikelearn.models.escape_noise.likelihood import traces
from spikelearn.models.escape_noise.links import LINKS
from spikelearn.models.escape_noise.posterior import sample_path

DT = 0.001
CELL = sl.EscapeNoise(tau=3 * ms, tau_adapt=5 * ms, eta_0=0.7, rho_0=150 * Hz, v=0.2, Delta_u=1.6)
DECAY = float(np.exp(-DT / 0.003))


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(2)
    return (rng.random((1, 40, 2)) < 0.3).astype(np.uint8), rng.normal(0, 0.5, (2, 2))


def numeric_gradient(X, W, likelihood, cell=CELL):
    step = 1e-5
    result = np.empty_like(W)
    for i, j in np.ndindex(W.shape):
        up, down = W.copy(), W.copy()
        up[i, j] += step
        down[i, j] -= step
        result[i, j] = (cell.log_likelihood(X, up, DT, likelihood) - cell.log_likelihood(X, down, DT, likelihood)) / (
            2 * step
        )
    return result


def printed(X, W, *, power=1, slope=True, rho_dt=True):
    """The Poisson rule with single errors of the print put back: sum of (X - r) phi**power / Delta_u."""
    phi = traces(X, DECAY)[0]
    r = CELL.intensities(X, W, DT)[0]
    surprise = X[0] - (r if rho_dt else r / DT)
    return surprise.T @ phi**power / (CELL.Delta_u if slope else 1.0)


def distance(a, b):
    return np.abs(a - b).max() / np.abs(b).max()


def test_r1_one_trace_not_its_square(data):
    X, W = data
    truth = numeric_gradient(X, W, "poisson")
    assert distance(printed(X, W), truth) < 1e-6
    assert distance(CELL.gradient(X, W, DT, "poisson"), truth) < 1e-6
    assert distance(printed(X, W, power=2), truth) > 0.1


def test_r1_squared_trace_vanishes_on_average_at_the_truth_so_recovery_cannot_see_it():
    """Why finite differences are needed: with 200,000 bins the squared rule's mean is zero within 4 standard errors."""
    W = np.array([[0.0, 0.3], [0.2, 0.0]])
    X = sample(CELL, W, 200, 1000, DT, seed=4)
    r = -np.expm1(-CELL.intensities(X, W, DT))
    each = ((X - r)[..., :, None] * traces(X, DECAY)[..., None, :] ** 2).sum(axis=1)
    z = each.mean(axis=0) / (each.std(axis=0) / np.sqrt(len(each)))
    # Four numbers, |z| < 4: false alarm in fewer than 3 of 10,000 seeds.
    assert (np.abs(z) < 4).all()


def test_r2_one_over_delta_u(data):
    X, W = data
    truth = numeric_gradient(X, W, "poisson")
    assert distance(printed(X, W, slope=False), truth) == pytest.approx(0.6, abs=1e-3)
    assert distance(CELL.gradient(X, W, DT, "poisson"), truth) < 1e-6


def test_r3_the_second_link_is_meant(data):
    X, W = data
    phi, a = traces(X, DECAY), traces(X, float(np.exp(-DT / 0.005)))
    u = phi @ W.T - CELL.eta_0 * a
    np.testing.assert_allclose(CELL.intensities(X, W, DT), 150 * DT * np.exp((u - 0.2) / 1.6), rtol=1e-12)
    z = np.linspace(-3, 3, 13)
    np.testing.assert_allclose(LINKS["exponential"].shape(z), np.exp(z), rtol=1e-14)
    np.testing.assert_allclose(LINKS["exponential"].log_slope(z), 1.0, rtol=1e-14)
    # exp(u) alone has no rate and no threshold: it is a hundred times off here.
    assert np.median(np.exp(u) / (CELL.intensities(X, W, DT) / DT)) < 0.02


def test_r4_adaptation_by_own_spikes(data):
    X, W = data
    alone = np.zeros_like(X)
    alone[0, 3, 1] = 1
    r = CELL.intensities(alone, np.zeros((2, 2)), DT)[0]
    assert np.ptp(r[:, 0]) == 0.0  # printed: the other unit's spike would lower it
    assert r[4, 1] < r[3, 1]


def test_r5_sums_end_strictly_before_the_present_bin():
    """With the present bin in the sums (s = t), the "probabilities" of all patterns do not add up to one."""
    W = np.array([[0.4, 0.9], [-0.6, 0.2]])
    X = all_patterns(4, 2)
    assert np.exp(CELL.log_likelihood(X, W, DT, per_trial=True)).sum() == pytest.approx(1.0, abs=1e-13)
    phi = traces(X, DECAY) + X
    a = traces(X, float(np.exp(-DT / 0.005))) + X
    r = 150 * DT * np.exp((phi @ W.T - 0.7 * a - 0.2) / 1.6)
    log_p = np.where(X > 0, np.log(-np.expm1(-r)), -r).sum(axis=(1, 2))
    assert abs(np.exp(log_p).sum() - 1.0) > 0.01


def test_r6_rho_dt_for_bins(data):
    X, W = data
    truth = numeric_gradient(X, W, "poisson")
    assert distance(printed(X, W, rho_dt=False), truth) > 10
    assert distance(CELL.gradient(X, W, DT, "poisson"), truth) < 1e-6


def test_r7_the_rule_gives_the_change_of_a_weight():
    """`learn` adds the right-hand side; as the weight itself (print) it would erase what was learned."""
    network = sl.VariationalNetwork.random(CELL, 2, 1, scale=0.5, seed=6)
    V = (np.random.default_rng(8).random((4, 30, 2)) < 0.3).astype(np.uint8)
    learned = learn(network, V, DT, n_updates=1, mu_M=1e-3, mu_Q=0.0, seed=5).network
    # The same path: the first one drawn sets the baseline, the second is learned from.
    rng = np.random.default_rng(5)
    paths = [sample_path(network, V, DT, rng).X for _ in range(2)]
    change = 1e-3 * CELL.gradient(paths[1], network.W_M, DT) / len(V)
    np.testing.assert_allclose(learned.W_M, network.W_M + change, rtol=1e-12)
    assert np.abs(change).max() < 0.05 < np.abs(network.W_M).max()
