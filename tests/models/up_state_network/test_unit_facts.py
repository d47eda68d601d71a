"""Facts of single units: the kick at threshold, the answer to a synapse, the noise of a free unit."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from spikelearn.models.up_state_network import UpStateNetwork, theory
from spikelearn.models.up_state_network.synapses import UpStateSynapses
from spikelearn.models.up_state_network.trial import Stepper


@pytest.fixture(scope="module")
def pair():
    """Two E and two I units without noise, one of them kicked, and no synapse that matters."""
    network = UpStateNetwork(n_E=2, n_I=2, n_kicked=1, p=0.5, sigma="0 mV", duration="500 ms")
    return network, network.draw_synapses(0, start=(0, 0, 0, 0))


def solved(weight, charge, t, model):
    """v - E_L at t (ms) after a jump of u, by an integrator of adaptive step."""
    p = model.plain
    C, g = p[f"C_{weight[2]}"] * 1e12, p["g_L"] * 1e9
    rise, decay = p[f"tau_rise_{weight[3]}"] * 1e3, p[f"tau_decay_{weight[3]}"] * 1e3
    sign = 1 if weight[3] == "E" else -1

    def flow(_, y):
        return [(-g * y[0] + sign * y[1]) / C, (y[2] - y[1]) / decay, -y[2] / rise]

    answer = solve_ivp(flow, (0, max(t)), [0, 0, charge / rise], t_eval=t, rtol=1e-12, atol=1e-14, method="DOP853")
    return answer.y[0]


def test_the_least_kick_in_continuous_time():
    """981.22 pA, by an independent integrator, is more than the published 980 pA."""
    model = UpStateNetwork()
    t = np.linspace(0, 80, 8001)
    charge = model.plain["kick"] * 1e12 * model.plain["tau_rise_E"] * 1e3
    peak = solved("W_EE", charge, t, model).max()
    assert theory.minimum_kick(model) == pytest.approx(980 * 12.4 / peak, rel=1e-7)
    assert theory.minimum_kick(model) == pytest.approx(981.22, abs=0.005)
    assert theory.kick_response(model, t).max() < 20


def test_the_least_kick_on_the_grid(pair):
    """Bisection with the engine gives the theory's value: 978.41 pA."""
    model, synapses = pair
    low, high = 970.0, 990.0
    for _ in range(30):
        middle = (low + high) / 2
        kicked = UpStateNetwork(n_E=2, n_I=2, n_kicked=1, p=0.5, sigma="0 mV", duration="500 ms", kick=f"{middle!r} pA")
        fired = len(Stepper(kicked, synapses).run(synapses.J, np.zeros((5000, 4))).units)
        low, high = (low, middle) if fired else (middle, high)
    assert theory.minimum_kick(model, euler=True) == pytest.approx(high, abs=1e-6)
    assert high < 980 < theory.minimum_kick(model)


def test_a_kicked_unit_fires_once_299_steps_later(pair):
    model, synapses = pair
    found = Stepper(model, synapses).run(synapses.J, np.zeros((5000, 4)))
    assert found.units.tolist() == [0]
    assert (found.steps * 0.1 - 100).tolist() == pytest.approx([29.9])
    assert theory.kick_spike(model) == pytest.approx(29.9)
    assert theory.kick_spike(UpStateNetwork(kick="978 pA")) == np.inf


@pytest.mark.parametrize("weight", ["W_EE", "W_EI", "W_IE", "W_II"])
def test_the_answer_to_a_synapse(weight):
    """The engine's answer is the theory's on the grid to rounding; continuous time differs by the order of the step."""
    post, pre = "EI".index(weight[2]) * 2, "EI".index(weight[3]) * 2 + 1
    synapses = UpStateSynapses(np.array([pre]), np.array([post]), np.array([3]), np.array([100.0]), 2, 2)
    alone = UpStateNetwork(n_E=2, n_I=2, n_kicked=0, p=0.5, sigma="0 mV", t_kick="1 ms", duration="120 ms")
    # The sender is made to fire by its noise in step 0, which no other unit gets.
    normals = np.zeros((1200, 4))
    normals[0, pre] = 1000.0
    noisy = UpStateNetwork(n_E=2, n_I=2, n_kicked=0, p=0.5, t_kick="1 ms", duration="120 ms")
    course = []
    for steps in (50, 150, 400, 1100):
        states = {}
        found = Stepper(noisy, synapses, steps).run(synapses.J, normals, states=states)
        assert found.steps.tolist()[:1] == [0]
        rest = 7.6 if post == 0 else 6.5
        # It arrives in step 3, after the states of that step.
        course.append((0.1 * (steps - 4), states["v"][post] - rest))
    t, v = np.array(course).T
    np.testing.assert_allclose(v, theory.postsynaptic_potential(alone, weight, 100.0, t, euler=True), rtol=1e-9)
    exact = theory.postsynaptic_potential(alone, weight, 100.0, t)
    np.testing.assert_allclose(exact, solved(weight, 100.0, t, alone), rtol=1e-8, atol=1e-11)
    at, size = theory.psp_peak(alone, weight, 100.0)
    grid = np.linspace(0.5, 100, 3000)
    assert abs(size) == pytest.approx(np.abs(solved(weight, 100.0, grid, alone)).max(), rel=1e-5)
    assert at == pytest.approx(grid[np.abs(solved(weight, 100.0, grid, alone)).argmax()], abs=0.04)


def test_the_noise_of_a_free_unit():
    """1,000 units without threshold, 50 independent moments each: the variance has a relative error of sqrt(2/50,000)
    = 0.63 %; the bound of 4 errors is crossed by chance once in 16,000."""
    n = 1000
    model = UpStateNetwork(n_E=n, n_I=2, n_kicked=0, p=0.001, V_th="1000 mV", t_kick="1 ms", duration="300 ms")
    assert theory.free_deviation(model) == pytest.approx(2.5 / np.sqrt(2), rel=2e-3)
    none = UpStateSynapses(np.array([0]), np.array([1]), np.array([1]), np.array([0.0]), n, 2)
    rng = np.random.default_rng(7)
    total = []
    for _ in range(5):
        states = {}
        Stepper(model, none).run(none.J, rng, states=states)
        total.append(states["v"][:n] - 7.6)
    found = np.array(total).ravel()
    error = theory.free_deviation(model) ** 2 * np.sqrt(2 / found.size)
    assert abs(found.var() - theory.free_deviation(model) ** 2) < 4 * error


def test_names_are_checked():
    model = UpStateNetwork()
    with pytest.raises(ValueError, match="postsynaptic_potential has no weight 'W_XX'"):
        theory.postsynaptic_potential(model, "W_XX", 1.0, 1.0)
    with pytest.raises(ValueError, match="free_deviation has no kind 'X'"):
        theory.free_deviation(model, "X")
