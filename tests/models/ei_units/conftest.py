"""The protocol of many units once more, in plain NumPy, written from its description."""

import numpy as np
import pytest

import spikelearn as sl

FLOORS = {"EE": 0.1 / 79, "EI": 0.1 / 20, "IE": 0.1 / 80, "II": 0.1 / 19}


def plain_trial(W, x, normals, noise, *, kick=(2499, 2600), window=5001):
    """One trial of 80 E and 20 I units of Table 1; gives the mean of every unit."""
    EE, EI, IE, II = W[:80, :80], W[:80, 80:], W[80:, :80], W[80:, 80:]
    E, I = np.zeros(80), np.zeros(20)  # noqa: E741
    sums = np.zeros(100)
    for k in range(20_000):
        if noise:
            x = x - 0.1 * x + noise * normals[k]
        u = 7.0 if kick[0] <= k < kick[1] else 0.0
        E = E + 0.1 / 10 * (-E + np.maximum(0, EE @ E - EI @ I + x[:80] + u - 4.8))
        I = I + 0.1 / 2 * (-I + 4 * np.maximum(0, IE @ E - II @ I + x[80:] - 25))  # noqa: E741
        E, I = np.minimum(E, 100), np.minimum(I, 250)  # noqa: E741
        if k >= 20_000 - window:
            sums += np.concatenate([E, I])
    return sums / window, x


def plain_update(W, A, a, b):
    """The change after a trial, entry by entry, with floors; a and b are the rates of the two terms."""
    new = W.copy()
    seen = [max(1.0, v) for v in A]
    e, i = seen[:80], seen[80:]
    gE, gI = sum(5 - v for v in e) / 80, sum(14 - v for v in i) / 20
    for row in range(100):
        for column in range(100):
            if row == column:
                continue
            if row < 80 and column < 80:
                d, name = a * e[column] * gI + b * (5 - e[row]) * e[column], "EE"
            elif row < 80:
                d, name = -a * i[column - 80] * gI - b * (5 - e[row]) * i[column - 80], "EI"
            elif column < 80:
                d, name = -a * e[column] * gE + b * (14 - i[row - 80]) * e[column], "IE"
            else:
                d, name = a * i[column - 80] * gE - b * (14 - i[row - 80]) * i[column - 80], "II"
            new[row, column] = max(FLOORS[name], W[row, column] + d)
    return new


def plain_trials(W, n_trials, a, b, *, noise=0.0, draw=None, **protocol):
    """Trials with sensor and update; the running means of every trial and the weights at the end."""
    A, x, rows = np.zeros(100), np.zeros(100), []
    for trial in range(1, n_trials + 1):
        means, x = plain_trial(W, x, draw(trial) if draw else None, noise, **protocol)
        A = A + (means - A) / 2
        W = plain_update(W, A, a, b)
        rows.append(A)
    return np.array(rows), W


@pytest.fixture(scope="session")
def oracle():
    return plain_trials


@pytest.fixture(scope="session")
def update_oracle():
    return plain_update


@pytest.fixture(scope="session")
def units():
    return sl.EIUnits()


@pytest.fixture(scope="session")
def cross():
    return sl.rules.CrossHomeostatic(**{f"alpha_{name}": 2e-5 for name in ("EE", "EI", "IE", "II")})


@pytest.fixture(scope="session")
def two_term():
    return sl.rules.TwoTerm(alpha=1e-5, beta=1e-5)
