"""The Brian2 rule where intensities underflow and overflow, against the array engine and the closed form."""

import shutil

import numpy as np
import pytest
from brian2 import Hz, Network, StateMonitor, ms

import spikelearn as sl
from spikelearn.brian.session import session
from spikelearn.models.escape_noise import LearningDivergedError, learn_in_brian
from spikelearn.models.escape_noise.posterior import credit, evaluate_path, path_gradients

DT = 0.001
LINKS = ("exponential", "sigmoid", "softplus")
COMPILER = pytest.mark.skipif(shutil.which("g++") is None and shutil.which("c++") is None, reason="no C++ compiler")
TARGETS = ["numpy", pytest.param("cpp_standalone", marks=[COMPILER, pytest.mark.slow])]


def cell(link, **changed):
    values = {"tau": 10 * ms, "eta_0": 0.1, "rho_0": 20 * Hz, "Delta_u": 1.7, **changed}
    return sl.EscapeNoise(link=link, **values)


def one_after_another(n=40):
    """Units 1, 2, ... spike one bin after unit 0 each time, so that each meets its own weight from unit 0."""
    X = np.zeros((1, 4, n), dtype=np.uint8)
    X[0, 0, 0] = 1
    X[0, 1, 1:] = 1
    return X


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("link", ["softplus", *(pytest.param(name, marks=pytest.mark.slow) for name in LINKS[:2])])
def test_spikes_that_are_all_but_impossible_keep_their_digits(link, target):
    """Weights from 0 to -3000: r from 0.02 through 1e-12 to underflow.

    Both engines evaluate sums of at most 40 logarithms of size 2,000: 1e-12 relative leaves a margin of a hundred for
    rounding, where the form 1 - X - X expm1(-r) loses 1e-7 at w = -20 and everything at w = -40.
    """
    weights = np.concatenate([[0.0], -np.geomspace(0.5, 3000.0, 39)])
    X = one_after_another()
    W = np.zeros((40, 40))
    W[:, 0] = weights
    for k in range(0, 40, 13):
        # A few units at a time too: one large term would hide the small ones.
        pick = np.r_[0, k + 1 : min(k + 14, 40)]
        network = sl.VariationalNetwork(cell(link), len(pick), 0, W[np.ix_(pick, pick)], np.zeros((0, len(pick))))
        found = learn_in_brian(network, X[:, :, pick], DT, target=target)
        path = evaluate_path(network, X[:, :, pick], DT)
        np.testing.assert_allclose(found.fhat, path.free_energy, rtol=1e-12, atol=1e-13)
        expected = path_gradients(network, path, DT, path.free_energy)[0]
        np.testing.assert_allclose(found.dF_dW_M, expected, rtol=1e-12, atol=1e-13)
        if target != "numpy":
            break


@pytest.mark.parametrize("link", LINKS)
def test_hidden_units_learn_through_impossible_spikes(link):
    """Every weight -60: an infinite fhat would leave no finite weight of Q."""
    network = sl.VariationalNetwork(cell(link), 1, 1, np.full((2, 2), -60.0), np.full((1, 2), -55.0))
    X = np.zeros((2, 5, 2), dtype=np.uint8)
    X[:, 0] = X[:, 1, 0] = X[1, 2, 1] = 1
    found = learn_in_brian(network, X[:, :, :1], DT, hidden=X[:, :, 1:])
    path = evaluate_path(network, X, DT)
    dF_M, dF_Q = path_gradients(network, path, DT, credit(path.free_energy, DT, "causal"))
    np.testing.assert_allclose(found.fhat, path.free_energy, rtol=1e-12)
    np.testing.assert_allclose(found.dF_dW_M, dF_M, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(found.dF_dW_Q, dF_Q, rtol=1e-12, atol=1e-13)


@pytest.mark.filterwarnings("ignore:overflow encountered")
@pytest.mark.parametrize("link", LINKS)
def test_spikes_that_are_certain_cost_nothing(link):
    """A spike where z = 900: log p = 0 and score 0 to rounding (exponential), as on the array engine."""
    network = sl.VariationalNetwork(
        cell(link, tau=1e6 * ms, Delta_u=1.0), 2, 0, [[0.0, 0.0], [900.0, 0.0]], np.zeros((0, 2))
    )
    X = one_after_another(2)
    X[0, 1:, 1] = 1
    found = learn_in_brian(network, X, DT)
    path = evaluate_path(network, X, DT)
    np.testing.assert_allclose(found.fhat, path.free_energy, rtol=1e-12)
    np.testing.assert_allclose(
        found.dF_dW_M, path_gradients(network, path, DT, path.free_energy)[0], rtol=1e-12, atol=1e-15
    )


@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_silence_where_a_spike_is_certain_is_infinitely_surprising():
    network = sl.VariationalNetwork(
        cell("exponential", Delta_u=1.0), 2, 0, [[0.0, 0.0], [2000.0, 0.0]], np.zeros((0, 2))
    )
    X = np.zeros((1, 3, 2), dtype=np.uint8)
    X[0, 0, 0] = 1
    assert learn_in_brian(network, X, DT).fhat[0, 1] == np.inf
    assert evaluate_path(network, X, DT).free_energy[0, 1] == np.inf


def test_equations_of_softplus_keep_small_intensities():
    """The user's own equations too: log(1 + exp(z)) is 0 below z = -37, where the intensity is rho_0 exp(z)."""
    neuron = cell("softplus", eta_0=0.0)
    X = np.zeros((3, 2))
    X[0, 0] = 1
    W = [[0.0, 0.0], [-120.0, 0.0]]
    with session("numpy") as brian:
        group, synapses = neuron.brian_objects(W, DT, given=X)
        monitor = StateMonitor(group, "rho", record=True, dt=1 * ms, when="thresholds", order=-1)
        brian.run(Network(group, synapses, monitor), 3 * ms)
        rho = np.array(monitor.rho).T
    np.testing.assert_allclose(rho * DT, neuron.intensities(X, W, DT)[0], rtol=1e-12)


@pytest.mark.filterwarnings("ignore:(overflow|invalid value) encountered")
def test_divergence_is_named():
    network = sl.VariationalNetwork(cell("exponential"), 2, 0, np.zeros((2, 2)), np.zeros((0, 2)))
    X = np.zeros((1, 30, 2))
    X[0, ::3, 0] = 1
    X[0, 1::3, 1] = 1
    with pytest.raises(LearningDivergedError, match="the weights must stay finite, became NaN or infinite"):
        learn_in_brian(network, X, DT, mu_M=1e300)
