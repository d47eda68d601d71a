"""Two simulators that share nothing with the code under test."""

import math
from collections import deque

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

TERMS = 34  # within half the radius of convergence: the first term left out is below 1e-16


def taylor_train(V_0, theta, Delta, tau, tau_K, delta_g, t_d, duration, u=0.0, g=0.0, past_spikes=()):
    """Spike times by Taylor steps in eta = 1 - exp(-t/tau_K), in which the model has polynomial coefficients.

    With w = u + Delta: (1/kappa)(1 - eta) dw/deta = A - (1 + g (1 - eta)) w, a recursion of three terms.
    """
    kappa, A, B = tau_K / tau, V_0 + Delta, theta + Delta
    pending = deque(s + t_d for s in past_spikes)
    t, w, spikes = 0.0, u + Delta, []
    while t < duration:
        arrival = pending[0] if pending else math.inf
        end = min(t + min(tau / (1.0 + g), tau_K * math.log(2.0)), arrival, duration)
        coefficients = [w, kappa * (A - (1.0 + g) * w)]
        for n in range(1, TERMS):
            a, b = coefficients[-2:]
            coefficients.append((kappa * (g * a - (1.0 + g) * b) + n * b) / (n + 1))
        voltage = np.polynomial.Polynomial(coefficients)

        def above(s, voltage=voltage):
            return float(voltage(-math.expm1(-s / tau_K))) - B

        if above(end - t) >= 0.0:
            step = brentq(above, 0.0, end - t, xtol=1e-16, rtol=1e-15)
            t, g, w = t + step, g * math.exp(-step / tau_K), Delta
            spikes.append(t)
            if t_d == 0.0:
                g += delta_g
            else:
                pending.append(t + t_d)
        else:
            w, g, t = above(end - t) + B, g * math.exp(-(end - t) / tau_K), end
            if end == arrival:
                pending.popleft()
                g += delta_g
    return np.array(spikes)


def integrated_train(V_0, theta, Delta, tau, tau_K, delta_g, t_d, duration, u=0.0, g=0.0):
    """Spike times by SciPy's integrator at a tolerance of 1e-12, stopped at every arrival and every crossing."""
    decay = 0.0 if math.isinf(tau_K) else 1.0 / tau_K

    def slope(t, state):
        return [(-state[0] + V_0 - state[1] * (state[0] + Delta)) / tau, -state[1] * decay]

    def crossing(t, state):
        return state[0] - theta

    crossing.terminal, crossing.direction = True, 1.0
    pending, t, spikes = deque(), 0.0, []
    while t < duration:
        arrival = pending[0] if pending else math.inf
        end = min(arrival, duration)
        part = solve_ivp(slope, (t, end), [u, g], "DOP853", events=crossing, rtol=1e-12, atol=1e-15, max_step=tau)
        t, u, g = float(part.t[-1]), float(part.y[0, -1]), float(part.y[1, -1])
        if part.status == 1:
            u = 0.0
            spikes.append(t)
            if t_d == 0.0:
                g += delta_g
            else:
                pending.append(t + t_d)
        elif end == arrival:
            pending.popleft()
            g += delta_g
    return np.array(spikes)


@pytest.fixture(scope="session")
def exact_train():
    return taylor_train


@pytest.fixture(scope="session")
def scipy_train():
    return integrated_train
