"""From activity to connectivity: batch, online on its periodic solution, Fourier, replay, and the homogeneous case."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import spikelearn as sl
from spikelearn.models import entropy_rule as er

W_0 = er.source_network().W


def test_the_cycle_of_the_input(cycle):
    """Spec: period 5.7352, two mirror cycles."""
    assert cycle.period == pytest.approx(5.7352197, rel=1e-7)
    assert abs(cycle.multipliers[0] - 1.0) < 1e-9
    assert abs(cycle.multipliers[1]) < 0.1
    frames = cycle.frames(400)
    for point in ((0.0, -1.230205787101, -1.840097967686), (0.0, 1.230205787101, 1.840097967686)):
        on_one = er.source_network().cycle(point).frames(400)
        np.testing.assert_allclose(np.abs(on_one).max(axis=0), np.abs(frames).max(axis=0), rtol=1e-3)
    # The starts lie on different ones: one's extremes are the other's, mirrored.
    a, b = (er.source_network().cycle(s).frames(400) for s in (er.START, er.MIRROR))
    np.testing.assert_allclose(a.max(axis=0), -b.min(axis=0), rtol=1e-3)
    assert abs(a.max(axis=0)[2] - b.max(axis=0)[2]) > 0.1


@pytest.mark.parametrize("start", [er.START, er.MIRROR])
def test_both_starts_lie_on_their_cycle(cycle, start):
    """After one period SciPy's integrator is back where it was, to the digits of the starts."""
    solved = solve_ivp(
        lambda t, u: -u + W_0 @ np.tanh(u), (0.0, cycle.period), start, method="DOP853", rtol=1e-12, atol=1e-12
    )
    np.testing.assert_allclose(solved.y[:, -1], start, atol=1e-9)


def test_the_batch_minimiser_gives_the_weights_to_rounding(cycle):
    frames, dt = cycle.frames(64), cycle.period / 64
    np.testing.assert_allclose(er.minimiser(frames, dt, 1.0, xi="spectral"), W_0, atol=5e-12)
    velocity = cycle.network.velocity(frames)
    np.testing.assert_allclose(er.minimiser(frames, dt, 1.0, xi=velocity), W_0, atol=1e-12)
    mirrored = er.source_network().cycle(er.MIRROR)
    np.testing.assert_allclose(
        er.minimiser(mirrored.frames(64), mirrored.period / 64, 1.0, xi="spectral"), W_0, atol=5e-12
    )
    assert er.distance(W_0, frames, dt, 1.0, xi=velocity) < 1e-24


def test_forward_differences_are_of_first_order(cycle):
    errors = [np.abs(er.minimiser(cycle.frames(n), cycle.period / n, 1.0) - W_0).max() for n in (512, 1024)]
    assert errors[1] == pytest.approx(8.35e-3, rel=0.01)
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.02)


@pytest.mark.parametrize("epsilon", [0.01, 0.001])
@pytest.mark.parametrize("l_net", [20.0, 50.0, None])
def test_a_period_of_learning_is_that_of_the_linear_equation(sampled, epsilon, l_net):
    """From where the filters have settled, the run follows W* + (W - W*) M^m."""
    frames, dt = sampled
    rule = sl.EntropyRule(epsilon=epsilon, l_net=l_net)
    settled = rule.learn(frames, dt, 5 * 1200 * dt)
    run = rule.learn(frames, dt, 7 * 1200 * dt, state=settled.state)
    expected = rule.periodic(frames, dt).after(settled.W, 7)
    assert np.abs(run.W - settled.W).max() > 5 * epsilon
    # Runge-Kutta's error at gamma dt = 0.48; with l_net = 1 what is left of the filters after 28 time units, e^-28.
    np.testing.assert_allclose(run.W, expected, rtol=0, atol=2e-8)


def test_online_learning_lands_on_its_periodic_solution(sampled):
    frames, dt = sampled
    rule = sl.EntropyRule(l_net=50.0, epsilon=0.01)
    solution = rule.periodic(frames, dt)
    run = rule.learn(frames, dt, 1100 * 1200 * dt)
    assert np.abs(run.W - solution.weights[0]).max() < 5e-7
    half = rule.learn(frames, dt, 600 * dt, state=run.state)
    assert np.abs(half.W - solution.weights[600]).max() < 5e-7
    assert np.abs(solution.weights[600] - solution.weights[0]).max() > 1e-3


def test_the_numbers_of_the_periodic_solution(sampled):
    """Means off Fourier's weights by 1.438 eps, ripple 1.53 eps, time constants 3.072, 2.070, 0.748 over eps."""
    frames, dt = sampled
    for epsilon in (0.01, 0.001):
        rule = sl.EntropyRule(l_net=50.0, epsilon=epsilon)
        solution = rule.periodic(frames, dt)
        np.testing.assert_allclose(solution.time_constants * epsilon, [3.072, 2.070, 0.748], rtol=2e-3)
        off = np.abs(solution.mean - rule.stationary(frames, dt)).max()
        assert off / epsilon == pytest.approx(1.438, rel=0.01)
        assert solution.ripple.max() / epsilon == pytest.approx(1.53, rel=0.03)


def test_the_hybrid_bias_falls_with_the_square_of_the_filters(sampled):
    """G5: not exactly W_0, but off by O(1/l_net^2) + O(1/gamma^2)."""
    frames, dt = sampled

    def off(l_net, gamma):
        return np.abs(sl.EntropyRule(l_net=l_net, gamma=gamma).stationary(frames, dt) - W_0).max()

    assert off(50, 100) == pytest.approx(1.1e-3, rel=0.05)
    assert off(400, 1e6) / off(800, 1e6) == pytest.approx(4.0, rel=0.05)
    assert off(1e6, 200) / off(1e6, 400) == pytest.approx(4.0, rel=0.05)


def test_the_homogeneous_case_fails_as_fourier_says(sampled):
    frames, dt = sampled
    rule = sl.EntropyRule(epsilon=0.01)
    wrong = rule.stationary(frames, dt)
    assert np.linalg.norm(wrong - W_0) / np.linalg.norm(W_0) > 0.1
    run = rule.learn(frames, dt, 100 * 1200 * dt)
    solution = rule.periodic(frames, dt)
    np.testing.assert_allclose(solution.mean, wrong, atol=10 * rule.epsilon)
    np.testing.assert_allclose(run.W, solution.after(run.state.W, 0), atol=1e-12)
    later = rule.learn(frames, dt, 10 * 1200 * dt, state=run.state)
    np.testing.assert_allclose(later.W, solution.after(run.W, 10), atol=2e-8)


def test_replay_has_the_input_s_period_and_amplitude(sampled, cycle):
    frames, dt = sampled
    learned = sl.EntropyRule(l_net=50.0, epsilon=0.001).periodic(frames, dt).mean
    again = er.InputNetwork(learned).cycle(cycle.start)
    assert again.period == pytest.approx(cycle.period, rel=3e-3)
    extent = np.ptp(frames, axis=0)
    np.testing.assert_allclose(np.ptp(again.frames(1200), axis=0), extent, rtol=3e-3)
    wrong = sl.EntropyRule().stationary(frames, dt)
    path = er.replay(wrong, cycle.start, 20000, 0.01, 1.0, method="rk4")[-5000:]
    assert np.abs(np.ptp(path, axis=0) / extent - 1.0).max() > 0.05


def test_replay_by_runge_kutta_stays_on_the_cycle(sampled, cycle):
    frames, dt = sampled
    path = er.replay(W_0, frames[0], 2400, dt, 1.0, method="rk4")
    np.testing.assert_allclose(path[[600, 1200, 2400]], frames[[600, 0, 0]], atol=1e-8)
    multipliers = er.floquet(W_0, frames, dt, 1.0, method="rk4")
    np.testing.assert_allclose(multipliers, cycle.multipliers, atol=1e-6)


def test_the_three_terms_add_up_and_each_does_its_part(sampled):
    frames, dt = sampled
    rule = sl.EntropyRule(l_net=50.0)
    run = rule.learn(frames, dt, 20 * 1200 * dt, terms=True, record_every=1200)
    total = run.traces.stdp + run.traces.hebbian + run.traces.scaling
    np.testing.assert_allclose(total.values, run.traces.W.values, atol=1e-12)
    # Over a period with settled filters each term adds its average at the weights' mean, to order epsilon.
    for name, term in rule.averaged_terms(run.traces.W.values[-1], frames, dt).items():
        added = (run.traces[name][-1] - run.traces[name][-2]).values / (rule.epsilon * 1200 * dt)
        np.testing.assert_allclose(added, term, atol=0.05 * max(1.0, np.abs(term).max()))
    exact = rule.averaged_terms(np.zeros((3, 3)), frames, dt)
    for name in ("stdp", "hebbian"):
        added = (run.traces[name][-1] - run.traces[name][-2]).values / (rule.epsilon * 1200 * dt)
        np.testing.assert_allclose(added, exact[name], atol=1e-6)
    plain = rule.learn(frames, dt, 20 * 1200 * dt)
    np.testing.assert_allclose(plain.W, run.W, atol=1e-12)


def test_runge_kutta_s_order_and_another_integrator(sampled, cycle):
    """Weights after half a period from zero: SciPy's DOP853 on the whole system, and the order of the steps."""
    from scipy.integrate import solve_ivp

    l_net, l, gamma, eps = 5.0, 1.0, 8.0, 0.3

    def field(t, y):
        u, v, z, p, q, W = *y[:15].reshape(5, 3), y[15:].reshape(3, 3)
        bar = l_net * v - z
        S, drive = np.tanh(bar), W @ np.tanh(v)
        dW = eps * (gamma / 2 * (np.outer(bar, q) - np.outer(p, S)) + l * np.outer(bar, S) - np.outer(W @ S, S))
        parts = W_0 @ np.tanh(u) - u, drive + u - l_net * v, l_net * (drive - z), gamma * (bar - p), gamma * (S - q)
        return np.concatenate([*parts, dW.ravel()])

    start = np.concatenate([cycle.start, np.zeros(21)])
    found = solve_ivp(field, (0, cycle.period / 2), start, method="DOP853", rtol=1e-12, atol=1e-13).y[15:, -1]
    rule = sl.EntropyRule(l=l, gamma=gamma, epsilon=eps, l_net=l_net)
    errors = []
    for n in (100, 200, 400):
        run = rule.learn(cycle.frames(n), cycle.period / n, cycle.period / 2)
        errors.append(np.abs(run.W.ravel() - found).max())
    assert errors[0] / errors[1] == pytest.approx(16, rel=0.15)
    assert errors[1] / errors[2] == pytest.approx(16, rel=0.15)


def test_going_on_from_a_state_is_going_on(sampled):
    frames, dt = sampled
    rule = sl.EntropyRule(l_net=50.0)
    whole = rule.learn(frames, dt, 3000 * dt, record_every=500)
    first = rule.learn(frames, dt, 1700 * dt, record_every=500)
    rest = rule.learn(frames, dt, 1300 * dt, record_every=500, state=first.state)
    np.testing.assert_array_equal(rest.W, whole.W)
    assert (first.state.step, rest.state.step) == (1700, 3000)
    np.testing.assert_allclose(whole.traces.time.values, 500 * dt * np.arange(1, 7), rtol=1e-13)


def test_a_formula_gives_what_the_compiled_function_gives(sampled):
    frames, dt = sampled
    settings = {"duration": 300 * dt, "record_every": 100, "terms": True}
    compiled = sl.EntropyRule(l_net=50.0).learn(frames, dt, **settings)
    formula = sl.EntropyRule(l_net=50.0, activation="(exp(x) - exp(-x))/(exp(x) + exp(-x))").learn(
        frames, dt, **settings
    )
    for name in compiled.traces:
        np.testing.assert_allclose(formula.traces[name].values, compiled.traces[name].values, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("epsilon", "l_net", "periods"), [(0.01, 20.0, 1100), (0.001, 50.0, 9000)])
def test_long_runs_land_on_the_periodic_solution(sampled, epsilon, l_net, periods):
    frames, dt = sampled
    rule = sl.EntropyRule(l_net=l_net, epsilon=epsilon)
    run = rule.learn(frames, dt, periods * 1200 * dt)
    assert np.abs(run.W - rule.periodic(frames, dt).weights[0]).max() < 5e-7
