"""The protocol once more, as a plain Python loop written from its description, and the published setting."""

import numpy as np
import pytest

import spikelearn as sl

W0 = (2.1, 3.0, 4.0, 1.5)


def plain_trial(model, W, *, kick=(2499, 2600), window=5001, x=(0.0, 0.0), normals=None, noise=0.0):
    """One trial of 20,000 steps, no shortcut; gives the two means and the noise at the end."""
    ee, ei, ie, ii = (float(w) for w in W)
    h_E, h_I = 0.1 / model.tau_E, 0.1 / model.tau_I
    th_E, th_I = model.Theta_E - model.I_ext, model.Theta_I
    E = I = 0.0  # noqa: E741
    x_E, x_I = (float(v) for v in x)
    draws = None if normals is None else normals.tolist()
    states_E, states_I = [], []
    for k in range(20_000):
        if draws is not None:
            x_E = x_E - 0.1 * x_E + noise * draws[k][0]
            x_I = x_I - 0.1 * x_I + noise * draws[k][1]
        u = 7.0 if kick[0] <= k < kick[1] else 0.0
        E = E + h_E * (model.g_E * max(0.0, ee * E - ei * I + x_E + u - th_E) - E)
        I = I + h_I * (model.g_I * max(0.0, ie * E - ii * I + x_I - th_I) - I)  # noqa: E741
        E, I = min(E, model.E_max), min(I, model.I_max)  # noqa: E741
        E, I = (0.0 if E < 1e-30 else E), (0.0 if I < 1e-30 else I)  # noqa: E741
        if k >= 20_000 - window:
            states_E.append(E)
            states_I.append(I)
    means = []
    for states in (states_E, states_I):
        total = 0.0
        for state in states:
            total += state - states[0]
        means.append(states[0] + total / window)
    return means, (x_E, x_I)


def plain_trials(model, rule, n_trials, W0, *, sensor=2.0, A0=(0.0, 0.0), noise=0.0, draw=None, **protocol):
    """Trials with sensor, floors and rule; rows E, I, E_trial, I_trial, then the four weights."""
    step = rule.update(model)
    W, A, x, rows = list(W0), list(A0), (0.0, 0.0), []
    for trial in range(1, n_trials + 1):
        normals = None if draw is None else draw(trial)
        means, x = plain_trial(model, W, x=x, normals=normals, noise=noise, **protocol)
        A = [a + (m - a) / sensor for a, m in zip(A, means, strict=True)]
        seen = [max(1.0, a) for a in A]
        W = [max(0.1, w + float(dw)) for w, dw in zip(W, step(*seen, *W), strict=True)]
        rows.append([*A, *means, *W])
    return np.array(rows)


def rates(value):
    return {f"alpha_{name}": value for name in ("EE", "EI", "IE", "II")}


@pytest.fixture(scope="session")
def oracle():
    return plain_trials


@pytest.fixture(scope="session")
def one_plain_trial():
    return plain_trial


@pytest.fixture(scope="session")
def model():
    return sl.EIRates()


@pytest.fixture(scope="session")
def start():
    return W0


@pytest.fixture(scope="session")
def cross():
    return sl.rules.CrossHomeostatic(**rates(5e-4))


@pytest.fixture(scope="session")
def homeostatic():
    return sl.rules.Homeostatic(**rates(1e-4))


@pytest.fixture(scope="session")
def as_rows():
    names = ("E", "I", "E_trial", "I_trial", "W_EE", "W_EI", "W_IE", "W_II")
    return lambda run: np.moveaxis(np.array([run[name].values for name in names]), 0, 1)
