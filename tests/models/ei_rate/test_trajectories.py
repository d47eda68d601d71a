"""Model and rule run together: started beside a set point they grow or decay at the predicted rate."""

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, StateMonitor, ms
from scipy.integrate import solve_ivp

import spikelearn as sl
from spikelearn.brian.session import session
from spikelearn.rules.linearise import linearise

MODEL = sl.EIRates()
SLOW = {"alpha_EE": 2e-5, "alpha_EI": 2e-5, "alpha_IE": 2e-5, "alpha_II": 2e-5}
FAST = {name: 1e3 * rate for name, rate in SLOW.items()}
CASES = {
    "cross_slow_decays": (sl.rules.CrossHomeostatic(**SLOW), 5.0, 10.0, -1),
    "cross_fast_grows": (sl.rules.CrossHomeostatic(**FAST), 5.0, 10.0, 1),
    "homeostatic_grows": (sl.rules.Homeostatic(**SLOW), 5.0, 10.0, 1),
    "two_term_decays": (sl.rules.TwoTerm(alpha=2e-5, beta=5e-6), 5.0, 10.0, -1),
    "scaling_grows": (sl.rules.SynapticScaling(**SLOW), 5.0, 10.0, 1),
    "forced_decays": (sl.rules.ForcedBalance(alpha_1=2e-5, alpha_3=2e-5, ie_sign=-1), 5.0, 10.0, -1),
    "loss_gradient_decays": (sl.rules.LossGradient(alpha=1e-4), 5.0, 10.0, -1),
    "loss_approximate_decays": (sl.rules.LossApproximate(alpha=1e-4), 5.0, 10.0, -1),
}


def slowest(rule, W_EE, W_IE):
    """Give the leading nonzero eigenvalue of the 6-D Jacobian with its right and left vectors, and the state."""
    weights = MODEL.setpoint_weights(W_EE, W_IE)
    jacobian = linearise(MODEL, rule, weights).full
    values, right = np.linalg.eig(jacobian)
    left = np.linalg.inv(right)
    keep = np.argsort(np.abs(values))[2:]
    lead = keep[np.argmax(values[keep].real)]
    return values[lead], right[:, lead], left[lead], np.array([5.0, 14.0, *(float(w) for w in weights)])


def prepare(case):
    rule, W_EE, W_IE, sign = CASES[case]
    value, right, left, state = slowest(rule, W_EE, W_IE)
    assert np.sign(value.real) == sign
    verdict = sl.stability(MODEL, rule, W_EE=W_EE, W_IE=W_IE, method="full")
    assert bool(verdict.stable) is (sign < 0)
    kick = (right / np.abs(right).max()).real
    duration = min(1.5 / abs(value.real), 4000.0)
    return rule.at(MODEL, W_EE=W_EE, W_IE=W_IE), value, left, state, 1e-5 * kick, duration


def measured_rate(left, first, last, duration):
    """Growth of the part of the deviation along the leading eigenvector."""
    return np.log(np.abs(left @ last) / np.abs(left @ first)) / duration


@pytest.mark.parametrize("case", CASES)
def test_scipy_run_follows_the_eigenvalue(case):
    """Deviations stay below 5e-5 of the state: quadratic terms change the rate by less than 1e-3 of itself."""
    rule, value, left, state, kick, duration = prepare(case)
    step = rule.update(MODEL)

    def right_side(_, s):
        E, I = s[:2]  # noqa: E741
        ee, ei, ie, ii = s[2:]
        dE = (-E + max(ee * E - ei * I - 4.8, 0)) / 10
        dI = (-I + max(4 * (ie * E - ii * I - 25), 0)) / 2
        return [dE, dI, *step(*s)]

    run = solve_ivp(right_side, (0, duration), state + kick, method="LSODA", rtol=1e-10, atol=1e-12)
    rate = measured_rate(left, kick, run.y[:, -1] - state, duration)
    assert rate == pytest.approx(value.real, rel=3e-3)


@pytest.mark.parametrize("case", ["cross_slow_decays", "cross_fast_grows", "homeostatic_grows", "loss_gradient_decays"])
def test_brian2_run_follows_the_eigenvalue(case):
    """Runge-Kutta of order 4 at 0.1 ms: its own error is below 1e-5 of the rate."""
    rule, value, left, state, kick, duration = prepare(case)
    duration = round(min(duration, 120.0) / 0.4) * 0.4
    names = (*MODEL.populations, *MODEL.weights)
    with session("numpy") as brian:
        group = NeuronGroup(1, rule.brian_equations(MODEL), method="rk4", dt=0.1 * ms)
        for name, number in zip(names, state + kick, strict=True):
            setattr(group, name, number)
        monitor = StateMonitor(group, names, record=True, dt=duration / 4 * ms)
        brian.run(Network(group, monitor), duration * ms, namespace=rule.namespace(MODEL))
        last = np.array([getattr(group, name)[0] for name in names])
        assert monitor.E.shape == (1, 4)
    rate = measured_rate(left, kick, last - state, duration)
    assert rate == pytest.approx(value.real, rel=5e-3)


def test_loss_gradient_lowers_the_loss_all_along():
    """LossGradient at quasi-steady activities is a gradient flow: the loss never rises from step to step."""
    step = sl.rules.LossGradient(alpha=5e-5).update(MODEL)
    W = np.array([float(w) for w in MODEL.setpoint_weights(5.0, 10.0)]) * [1.01, 0.99, 1.01, 1.02]
    losses = []
    for _ in range(500):
        state = MODEL.up_state(*W)
        losses.append(float((state.E - 5) ** 2 + (state.I - 14) ** 2) / 2)
        W = W + np.array(step(state.E, state.I, *W))
    assert (np.diff(losses) <= 0).all()
    assert losses[-1] < 0.1 * losses[0]


@pytest.mark.parametrize("engine", ["array", "brian2"])
def test_a_step_of_seconds_is_refused(engine):
    """0.2 without a unit is 0.2 s, twenty time constants, and gave rates of -7e7 Hz."""
    model = sl.EIRates()
    weights = model.setpoint_weights(W_EE=5, W_IE=10)
    with pytest.raises(
        ValueError, match="dt must not exceed the shortest time constant of the rates, 2 ms, got 200 ms"
    ):
        sl.simulate(model, 2.0, engine=engine, dt=0.2, weights=weights)
