"""The identities of the source's "STDP as a differential operator", each in numbers, and vbar = u * g."""

import numpy as np
import pytest
from scipy.integrate import quad

import spikelearn as sl
from spikelearn.models import entropy_rule as er
from spikelearn.models.entropy_rule.filters import delta, derivative, low_pass, resample, stdp_operator

N, DT, GAMMA = 96, 0.05, 7.0
PERIOD = N * DT
T_GRID = DT * np.arange(N)
RNG = np.random.default_rng(1)
# Trigonometric polynomials of random phases and amplitudes, far below the Nyquist frequency.
WAVES = np.arange(1, 9)
AMPLITUDES, PHASES = RNG.normal(size=(4, 8)), RNG.uniform(0, 2 * np.pi, (4, 8))


def signal(k, t):
    return float(np.sum(AMPLITUDES[k] * np.cos(2 * np.pi * WAVES * t / PERIOD + PHASES[k])))


def slope(k, t):
    w = 2 * np.pi * WAVES / PERIOD
    return float(np.sum(-AMPLITUDES[k] * w * np.sin(w * t + PHASES[k])))


X = np.array([[signal(k, t) for k in (0, 1)] for t in T_GRID])
Y = np.array([[signal(k, t) for k in (2, 3)] for t in T_GRID])


def test_derivative_and_finer_sampling():
    np.testing.assert_allclose(derivative(X, DT), [[slope(k, t) for k in (0, 1)] for t in T_GRID], atol=1e-11)
    fine = resample(X, 3)
    np.testing.assert_allclose(fine[::3], X, atol=1e-12)
    np.testing.assert_allclose(fine[1], [signal(k, DT / 3) for k in (0, 1)], atol=1e-12)
    odd = X[: N // 2 * 2 - 1]
    np.testing.assert_allclose(resample(odd, 2)[::2], odd, atol=1e-12)
    nyquist = (-1.0) ** np.arange(8)[:, None]
    np.testing.assert_allclose(resample(nyquist, 2)[:, 0], np.cos(np.pi * np.arange(16) / 2), atol=1e-12)


def test_the_filter_is_the_convolution_integral():
    for place in (0, 17):
        expected = quad(lambda s, t: GAMMA * np.exp(-GAMMA * s) * signal(0, t - s), 0, 8, (T_GRID[place],), limit=200)[
            0
        ]
        assert low_pass(X, DT, GAMMA)[place, 0] == pytest.approx(expected, abs=1e-9)


def test_the_stdp_operator_is_the_convolution_with_Delta():
    def both_sides(t):
        def kernel(s):
            return GAMMA / 2 * GAMMA * np.exp(-GAMMA * s)

        return quad(lambda s: kernel(s) * (signal(0, t + s) - signal(0, t - s)), 0, 8, limit=200)[0]

    for place in (3, 40):
        assert stdp_operator(X, DT, GAMMA)[place, 0] == pytest.approx(both_sides(T_GRID[place]), abs=1e-8)


def test_step_1_Delta_is_the_derivative_seen_through_both_filters():
    backward = low_pass(X[::-1], DT, GAMMA)[::-1]
    expected = derivative(0.5 * (low_pass(X, DT, GAMMA) + backward), DT)
    np.testing.assert_allclose(stdp_operator(X, DT, GAMMA), expected, atol=1e-11)


def test_step_2a_the_mean_of_both_filters_is_both_one_after_the_other():
    backward = low_pass(X[::-1], DT, GAMMA)[::-1]
    after = low_pass(low_pass(X, DT, GAMMA)[::-1], DT, GAMMA)[::-1]
    np.testing.assert_allclose(0.5 * (low_pass(X, DT, GAMMA) + backward), after, atol=1e-12)


def test_step_2b_a_filter_moves_to_the_other_side_of_the_product():
    backward = low_pass(X[::-1], DT, GAMMA)[::-1]
    np.testing.assert_allclose(backward.T @ Y, X.T @ low_pass(Y, DT, GAMMA), atol=1e-10)
    # Wave by wave: filtering turns Y's phase back by atan(w/gamma) and shrinks it by gamma/sqrt(gamma^2 + w^2).
    w = 2 * np.pi * WAVES / PERIOD
    shrunk, turned = GAMMA / np.hypot(GAMMA, w), np.arctan2(w, GAMMA)
    mean = [
        [np.sum(AMPLITUDES[i] * AMPLITUDES[j] * shrunk / 2 * np.cos(PHASES[i] - PHASES[j] + turned)) for j in (2, 3)]
        for i in (0, 1)
    ]
    np.testing.assert_allclose(X.T @ low_pass(Y, DT, GAMMA), N * np.array(mean), atol=1e-10)


def test_the_whole_identity_and_delta():
    left = DT * stdp_operator(X, DT, GAMMA).T @ Y
    right = DT * low_pass(derivative(X, DT), DT, GAMMA).T @ low_pass(Y, DT, GAMMA)
    np.testing.assert_allclose(left, right, atol=1e-11)
    np.testing.assert_allclose(delta(X, Y, DT, GAMMA), right, atol=1e-11)
    np.testing.assert_allclose(delta(X, Y, DT, GAMMA), -delta(Y, X, DT, GAMMA).T, atol=1e-11)


def test_the_hebbian_term_as_the_symmetric_part_of_the_window():
    """(gamma + l)/2 x (y * g) - (gamma - l)/2 (x * g) y is delta plus l (x * g)(y * g), on average."""
    l = 2.5
    seen, past = low_pass(Y, DT, GAMMA), low_pass(X, DT, GAMMA)
    window = DT * ((GAMMA + l) / 2 * X.T @ seen - (GAMMA - l) / 2 * past.T @ Y)
    np.testing.assert_allclose(window, delta(X, Y, DT, GAMMA) + l * DT * past.T @ seen, atol=1e-11)


def test_derivative_plus_l_undoes_the_filter():
    l = 3.0
    filtered = low_pass(X, DT, l)
    np.testing.assert_allclose(derivative(filtered, DT) + l * filtered, l * X, atol=1e-11)


@pytest.mark.parametrize("epsilon", [0.01, 1.0])
@pytest.mark.parametrize("activation", ["tanh", "linear", "x/(1 + x**2)"])
def test_v_bar_is_the_filtered_input_whatever_the_weights_do(epsilon, activation):
    rule = sl.EntropyRule(l=1.0, gamma=20.0, epsilon=epsilon, activation=activation, l_net=6.0)
    frames, dt = 0.3 * np.array([[signal(k, t / 2) for k in range(3)] for t in np.arange(192) * DT]), DT
    start = np.random.default_rng(2).normal(size=(3, 3))
    run = rule.learn(frames, dt, 400 * dt, record_every=1, W=start)
    assert np.abs(run.W - start).max() > 0.5 * epsilon
    # The same filter with the same Runge-Kutta steps, on the input alone.
    u, x, expected = resample(frames, 2), np.zeros(3), []
    for k in range(400):
        a, b, c = (u[(2 * k + j) % len(u)] for j in range(3))

        def f(x, drive):
            return 6.0 * (drive - x)

        s1 = f(x, a)
        s2 = f(x + dt / 2 * s1, b)
        s3 = f(x + dt / 2 * s2, b)
        x = x + dt / 6 * (s1 + 2 * s2 + 2 * s3 + f(x + dt * s3, c))
        expected.append(x)
    np.testing.assert_allclose(run.traces.v_bar.values, expected, rtol=0, atol=1e-12)
    settled = low_pass(frames, dt, 6.0)[(np.arange(1, 401)) % len(frames)]
    np.testing.assert_allclose(run.traces.v_bar.values[300:], settled[300:], atol=2e-4)


def test_the_print_s_other_reading_is_another_signal():
    """G2: were l v convolved, too, v-bar would depend on the weights."""
    rule = sl.EntropyRule(l_net=6.0, gamma=20.0, epsilon=1e-9)
    frames = 0.3 * np.array([[signal(k, t) for k in range(3)] for t in T_GRID])
    found = []
    # What comes out must not hang on which tests ran before: for ten draws of W it lies between 0.04 and 0.3.
    for W in (np.zeros((3, 3)), np.random.default_rng(4).normal(size=(3, 3))):
        run = rule.learn(frames, DT, 8 * PERIOD, record_every=1, W=W)
        v, bar = run.traces.v.values[-N:], run.traces.v_bar.values[-N:]
        z = 6.0 * v - bar
        found.append((bar, low_pass(6.0 * v, DT, 6.0) - z))
    np.testing.assert_allclose(found[0][0], found[1][0], atol=1e-9)
    assert np.abs(found[0][1] - found[1][1]).max() > 0.02


def test_the_averaged_terms_sum_to_zero_at_the_stationary_point():
    frames = np.array([[signal(k, t) for k in range(3)] for t in T_GRID])
    rule = sl.EntropyRule(l_net=50.0)
    W = rule.stationary(frames, DT)
    terms = rule.averaged_terms(W, frames, DT)
    size = max(np.abs(term).max() for term in terms.values())
    assert np.abs(sum(terms.values())).max() < 1e-12 * size
    assert np.abs(terms["scaling"]).max() > 0.1 * size
    # Without the third term weights only grow.
    assert np.abs(terms["stdp"] + terms["hebbian"]).max() > 0.1 * size


def test_a_neuron_without_input_gets_no_connections():
    frames = np.array([[signal(0, t), signal(1, t), 0.0] for t in T_GRID])
    W = sl.EntropyRule(l_net=50.0).stationary(frames, DT)
    assert np.abs(W[2]).max() < 1e-12
    assert np.abs(W[:2, :2]).max() > 0.1
    assert er.minimiser(frames, DT, 1.0, xi="spectral")[2] == pytest.approx(0.0, abs=1e-12)


def test_delta_changes_its_sign_with_its_arguments():
    """The print calls the first term of Eq. (5) antisymmetric: delta[x, y] = -delta[y, x]', and the sum is not zero."""
    one, other = delta(X, Y, DT, GAMMA), delta(Y, X, DT, GAMMA)
    np.testing.assert_allclose(one, -other.T, rtol=1e-12, atol=1e-12)
    # the integral of x_i (y_j * g) - (x_i * g) y_j, summed over the period as it stands
    slow = [
        [
            GAMMA / 2 * DT * np.sum(X[:, i] * low_pass(Y, DT, GAMMA)[:, j] - low_pass(X, DT, GAMMA)[:, i] * Y[:, j])
            for j in (0, 1)
        ]
        for i in (0, 1)
    ]
    np.testing.assert_allclose(one, slow, rtol=1e-12)
    assert np.abs(one).min() > 0.01
