"""Derived rules run in Brian2: they follow the negative gradient of the loss, measured by finite differences."""

import shutil

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, StateMonitor, ms
from symbolic_models import PAPER_LOSS, TABLE_1, THREE, THREE_LOSS, held, three, three_state, two, up_state

from spikelearn.brian.session import session
from spikelearn.models.ei_rate.model import EIRates
from spikelearn.symbolic.derive import derive_rule

ALL_WEIGHTS = "W_EE**2 + W_EI**2 + W_IE**2 + W_II**2"
CASES = {
    "paper": (PAPER_LOSS, {}, lambda x, w: ((x - [5, 14]) ** 2).sum() / 2),
    "smoothed distance": (
        "sqrt((E - E_set)**2 + eps)",
        {"eps": 0.01},
        lambda x, w: np.sqrt((x[0] - 5) ** 2 + 0.01),
    ),
    "Kullback-Leibler": (
        "E*log(E/E_set) - E + E_set + I*log(I/I_set) - I + I_set",
        {},
        lambda x, w: x[0] * np.log(x[0] / 5) - x[0] + 5 + x[1] * np.log(x[1] / 14) - x[1] + 14,
    ),
    "penalty on weights": (
        f"{PAPER_LOSS} + lambda_*({ALL_WEIGHTS})",
        {"lambda_": 0.05},
        lambda x, w: ((x - [5, 14]) ** 2).sum() / 2 + 0.05 * (w**2).sum(),
    ),
}


def run(derived, start, activities, duration, dt=0.2, target="numpy"):
    """Activities and weights together, without any help by the steady state: shapes (samples, populations), ..."""
    names = (*derived.state.populations, *derived.state.weights)
    with session(target) as brian:
        group = NeuronGroup(1, derived.equations, method="euler", dt=dt * ms)
        for name, value in zip(names, (*activities, *start), strict=True):
            setattr(group, name, value)
        monitor = StateMonitor(group, names, record=True, dt=5 * ms)
        brian.run(Network(group, monitor), duration * ms, namespace=derived.values)
        rows = np.array([getattr(monitor, name)[0] for name in names]).T
        times = np.array(monitor.t / ms)
    n = len(derived.state.populations)
    return times, rows[:, :n], rows[:, n:]


def gradient(loss, steady, w, h=1e-5):
    directions = np.eye(w.size)
    return np.array(
        [(loss(steady(w + h * d), w + h * d) - loss(steady(w - h * d), w - h * d)) / (2 * h) for d in directions]
    )


def mismatch(derived, loss, steady, start):
    """Largest distance of dW/dt (central, from the run) from -alpha grad L, over the largest gradient seen."""
    times, _, weights = run(derived, start, steady(start), 140.0)
    # The activities need some of their time constants to reach the quasi-steady state with moving weights.
    seen = range(8, len(times) - 1, 6)
    measured = np.array([(weights[k + 1] - weights[k - 1]) / (times[k + 1] - times[k - 1]) for k in seen])
    expected = np.array([-derived.alpha * gradient(loss, steady, weights[k]) for k in seen])
    moved = np.abs(weights[-1] - weights[0]).max()
    return np.abs(measured - expected).max() / np.abs(expected).max(), moved


def fastest_rate(derived, w, x):
    return np.abs(np.linalg.eigvals(derived.functions.jacobian(x, w))).max() / derived.alpha


@pytest.mark.parametrize("case", CASES)
def test_a_run_follows_the_negative_gradient(case):
    text, parameters, loss = CASES[case]
    start = held(5.0, 10.0) * np.array([1.02, 0.98, 1.01, 1.02])
    x = up_state(start)
    unit = derive_rule(text, EIRates(), parameters=parameters, alpha=1.0)
    errors = []
    for speed in (2e-3, 1e-3):
        alpha = speed / fastest_rate(unit, start, x)
        derived = derive_rule(text, EIRates(), parameters=parameters, alpha=alpha)
        error, moved = mismatch(derived, loss, up_state, start)
        errors.append(error)
        assert moved > 1e-4
    # What is left is the lag of the activities, first order in the speed of the weights: a tenth at most, and half of
    # it or less at half the speed.
    assert errors[0] < 0.1
    assert errors[1] < 0.62 * errors[0]


def test_three_populations_follow_the_negative_gradient():
    start = np.array([4.0, 0.7, 1.1, 5.0, 1.2, 0.9, 3.0, 0.5])
    target = np.array([THREE["E_set"], THREE["PV_set"], THREE["SST_set"]])

    def loss(x, w):
        return ((x - target) ** 2).sum() / 2

    x = three_state(start)
    assert (x > 0).all()
    unit = derive_rule(THREE_LOSS, three(), alpha=1.0)
    derived = derive_rule(THREE_LOSS, three(), alpha=1e-3 / fastest_rate(unit, start, x))
    error, moved = mismatch(derived, loss, three_state, start)
    assert error < 0.1
    assert moved > 1e-4


@pytest.mark.parametrize("sign", [1, -1])
def test_growth_and_decay_near_the_set_point_have_the_predicted_rate(sign):
    """Along one eigenvector of the rule's Jacobian: decay for the paper's loss, growth for its negative."""
    text = PAPER_LOSS if sign > 0 else f"-({PAPER_LOSS})"
    w = held(5.0, 10.0)
    unit = derive_rule(text, EIRates(), alpha=1.0)
    values, vectors = np.linalg.eig(unit.functions.jacobian(np.array([5.0, 14.0]), w))
    k = int(np.argmax(np.abs(values)))
    derived = derive_rule(text, EIRates(), alpha=2e-3 / np.abs(values[k]))
    verdict = derived.stability(W_EE=5.0, W_IE=10.0)
    assert bool(verdict.stable) == (sign > 0)
    eigenvalues = np.real_if_close(verdict.eigenvalues)
    predicted = float(eigenvalues[np.argmax(np.abs(eigenvalues))])
    assert predicted == pytest.approx(-sign * 2e-3, rel=1e-9)
    direction = vectors[:, k].real
    start = w + 1e-3 * direction
    times, _, weights = run(derived, start, up_state(start), 400.0)
    along = (weights - w) @ direction
    measured = np.polyfit(times[20:], np.log(along[20:]), 1)[0]
    # The lag of the activities (about 20 ms here) moves the rate by its product with the rate, 4 %; the fit by less.
    assert measured == pytest.approx(predicted, rel=0.06)


def test_a_loss_that_is_least_elsewhere_is_judged_where_it_rests():
    derived = derive_rule("(E - 4)**2/2 + (I_set - I)**2/2", two())
    assert not derived.rests_at_set_point
    assert "not least at the set point" in derived.notes[0]
    found = derived.stability(W_EE=5.0, W_IE=10.0)
    assert (found.rests, found.stable, found.rule_stable, found.neural_stable) == (True, True, True, True)
    # The search stops where the rule is 1e-7 of its speed; the slowest direction is 500 times slower than the fastest.
    assert found.activities == pytest.approx({"E": 4.0, "I": 14.0}, abs=3e-4)


def test_a_penalty_that_carries_the_weights_out_of_the_stable_region_is_not_called_stable():
    """Along the set-point plane the penalty pulls the weights to where the activities lose their stability."""
    text, parameters, _ = CASES["penalty on weights"]
    derived = derive_rule(text, two(), parameters=parameters)
    assert not derived.rests_at_set_point
    found = derived.stability(W_EE=5.0, W_IE=10.0)
    assert (found.rests, found.stable, found.rule_stable, found.neural_stable) == (False, False, False, False)
    assert "out of the region in which the activities are stable" in str(found)
    # The border is where the trace of the activities' Jacobian or C of Eq. (19) is zero.
    ee, ei, ie, ii = found.weights.values()
    p = TABLE_1
    x, y = p["g_E"] * ee - 1, p["g_I"] * ii + 1
    trace = x / p["tau_E"] - y / p["tau_I"]
    c = p["g_E"] * p["g_I"] * ei * ie - x * y
    assert min(abs(trace), abs(c)) < 1e-6


def test_equations_run_on_the_models_own_parameters():
    """Nothing but ``derived.equations`` and ``derived.values`` is needed; the activities end at the set point."""
    for model in (EIRates(), two()):
        derived = derive_rule(PAPER_LOSS, model, alpha=2e-6)
        start = held(5.0, 10.0) * np.array([1.02, 0.98, 1.01, 1.02])
        _, activities, _ = run(derived, start, up_state(start), 600.0)
        before, after = (np.hypot(*(a - [5.0, 14.0])) for a in (activities[0], activities[-1]))
        assert after < 0.2 * before
    assert set(TABLE_1) | {"alpha"} <= set(derived.values)


def test_activities_without_weights_relax_with_their_time_constants():
    model = two(Theta_E=-3.0, Theta_I=-1.0)
    with session("numpy") as brian:
        group = NeuronGroup(1, model.equations, method="exponential_euler", dt=0.1 * ms)
        brian.run(Network(group), 10 * ms, namespace=model.parameters)
        found = [group.E[0], group.I[0]]
    rise = 1 - np.exp(-10 / np.array([TABLE_1["tau_E"], TABLE_1["tau_I"]]))
    # Drives g_E*3 and g_I*1; exponential Euler is exact for a constant drive, up to rounding of 100 steps.
    np.testing.assert_allclose(found, rise * np.array([3.0, 4.0]), rtol=1e-12)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler")
@pytest.mark.parametrize("target", ["cython", "cpp_standalone"])
def test_compiled_targets_read_the_equations_alike(target):
    """Fractions, roots and logarithms: what one target read in single precision would differ by 1e-8."""
    derived = derive_rule("(((E - E_set)**2 + 1/3)**(3/2))/7 + I*log(I/I_set)**2/3", EIRates(), alpha=1e-5)
    start = held(5.0, 10.0) * np.array([1.02, 0.98, 1.01, 1.02])
    by_numpy, by_target = (run(derived, start, up_state(start), 40.0, target=t)[2] for t in ("numpy", target))
    assert np.abs(by_numpy[-1] - by_numpy[0]).max() > 1e-4
    np.testing.assert_allclose(by_target, by_numpy, rtol=1e-13)
