"""Brian2 and the array engine: same spikes, same gradients, same learning; statistics where the spikes are drawn."""

import shutil

import numpy as np
import pytest
from brian2 import Hz, Network, SpikeMonitor, StateMonitor, ms, second

import spikelearn as sl
from spikelearn.brian.session import session
from spikelearn.models.escape_noise import learn_in_brian, sample
from spikelearn.models.escape_noise.posterior import credit, evaluate_path, path_gradients

DT = 0.001
COMPILER = pytest.mark.skipif(shutil.which("g++") is None and shutil.which("c++") is None, reason="no C++ compiler")
TARGETS = [
    "numpy",
    pytest.param("cpp_standalone", marks=[COMPILER, pytest.mark.slow]),
    pytest.param("cython", marks=[COMPILER, pytest.mark.slow]),
]


def network(link="exponential", self_connections=True):
    cell = sl.EscapeNoise(tau=7 * ms, tau_adapt=13 * ms, eta_0=0.6, rho_0=90 * Hz, v=0.3, Delta_u=1.7, link=link)
    rng = np.random.default_rng(4)
    W_M, W_Q = rng.normal(0, 0.3, (5, 5)), rng.normal(0, 0.3, (2, 5))
    if not self_connections:
        np.fill_diagonal(W_M, 0.0)
        np.fill_diagonal(W_Q[:, 3:], 0.0)
    return sl.VariationalNetwork(cell, 3, 2, W_M, W_Q, self_connections)


@pytest.fixture(scope="module")
def spikes():
    return (np.random.default_rng(6).random((3, 40, 5)) < 0.2).astype(np.uint8)


def compare(net, spikes, target):
    """Rounding only: sums of some hundred terms of order one, so 1e-10 leaves a margin of a thousand."""
    given = {"hidden": spikes[:, :, 3:], "target": target}
    fixed = learn_in_brian(net, spikes[:, :, :3], DT, **given)
    np.testing.assert_array_equal(fixed.X, spikes)
    path = evaluate_path(net, spikes, DT)
    dF_M, dF_Q = path_gradients(net, path, DT, credit(path.free_energy, DT, "causal"))
    np.testing.assert_allclose(fixed.dF_dW_M, dF_M, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(fixed.dF_dW_Q, dF_Q, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(fixed.fhat, path.free_energy, rtol=1e-10, atol=1e-10)
    assert (fixed.network.W_M == net.W_M).all()
    rates = {"mu_M": 1e-3, "mu_Q": 1e-3, "tau_G": 0.01, "tau_baseline": 0.1}
    moving = learn_in_brian(net, spikes[:, :, :3], DT, **given, **rates)
    array = net.learn(spikes[:, :, :3], DT, rule="online", hidden=spikes[:, :, 3:], **rates)
    np.testing.assert_allclose(moving.network.W_M, array.network.W_M, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(moving.network.W_Q, array.network.W_Q, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(moving.novelty, array.history.novelty.values, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("target", TARGETS)
def test_same_spikes_same_gradients_and_learning(spikes, target):
    compare(network(), spikes, target)


@pytest.mark.slow
@pytest.mark.parametrize("link", ["sigmoid", "softplus"])
def test_other_links_agree_too(spikes, link):
    compare(network(link), spikes, "numpy")


def test_without_self_connections(spikes):
    compare(network(self_connections=False), spikes, "numpy")


def test_hidden_spikes_drawn_in_brian_follow_q():
    """Hidden spike count of 4,000 bins against the sum of its own conditional probabilities: |z| < 4.5."""
    net = network()
    V = (np.random.default_rng(0).random((4, 500, 3)) < 0.2).astype(np.uint8)
    found = learn_in_brian(net, V, DT, seed=3)
    assert (found.X[:, :, :3] == V).all()
    padded = np.vstack([np.zeros((3, 5)), net.W_Q])
    p = -np.expm1(-net.cell.intensities(found.X, padded, DT)[:, :, 3:])
    z = (found.X[:, :, 3:] - p).sum() / np.sqrt((p * (1 - p)).sum())
    assert abs(z) < 4.5
    np.testing.assert_allclose(found.fhat, evaluate_path(net, found.X, DT).free_energy, rtol=1e-10, atol=1e-10)


def test_user_objects_reproduce_the_potential_for_given_spikes(spikes):
    net = network()
    with session("numpy") as brian:
        group, synapses = net.cell.brian_objects(net.W_M, DT, given=spikes[0])
        monitor = StateMonitor(group, "rho", record=True, dt=1 * ms, when="thresholds", order=-1)
        brian.run(Network(group, synapses, monitor), 40 * ms)
        rho = np.array(monitor.rho).T
    np.testing.assert_allclose(rho * DT, net.cell.intensities(spikes[0], net.W_M, DT)[0], rtol=1e-12)


def test_user_objects_draw_spikes_with_the_rate_of_the_array_engine():
    """Rates of 400 adapting neurons over 1 s in both engines; difference within 4.5 standard errors."""
    cell = sl.EscapeNoise(eta_0=1.0, tau_adapt=30 * ms, rho_0=80 * Hz)
    n = 400
    with session("numpy", seed=2) as brian:
        group, synapses = cell.brian_objects(np.zeros((n, n)), 1 * ms)
        monitor = SpikeMonitor(group)
        brian.run(Network(group, synapses, monitor), 1 * second)
        counts = np.array(monitor.count)
    other = sample(cell, [[0.0]], n, 1000, DT, seed=2)[:, :, 0].sum(axis=1)
    z = (counts.mean() - other.mean()) / np.sqrt((counts.var() + other.var()) / n)
    assert abs(z) < 4.5


def test_refusals():
    with pytest.raises(ValueError, match=r"hidden must have the trials and bins \(1, 5\), got \(1, 4\)"):
        learn_in_brian(network(), np.zeros((5, 3)), DT, hidden=np.zeros((4, 2)))
    with pytest.raises(ValueError, match=r"given must have 5 units"):
        network().cell.brian_objects(np.zeros((5, 5)), DT, given=np.zeros((4, 2)))
    with pytest.raises(ValueError, match=r"given must be one trial, got 2"):
        network().cell.brian_objects(np.zeros((5, 5)), DT, given=np.zeros((2, 4, 5)))
