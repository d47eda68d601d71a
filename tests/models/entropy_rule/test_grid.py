"""A two-dimensional input on a grid: active neurons, errors, weights, and both codings."""

import numpy as np
import pytest

from spikelearn.models import entropy_rule as er
from spikelearn.models.entropy_rule.activation import get_activation
from spikelearn.models.entropy_rule.grid import trajectory

DT = 2 * np.pi / 50


def test_boxes_are_those_of_a_plain_loop():
    movie = er.grid_movie(10)
    for k in range(50):
        t = 2 * np.pi * k / 50
        x, y = -3 * np.cos(t), np.sin(t) + np.cos(2 * t)
        assert movie.boxes[k] == 10 * round(9 * (y + 2) / 3.125) + round(9 * (x + 3) / 6)
    np.testing.assert_array_equal(movie.frames.sum(axis=1), -len(movie.active) + 2.0)


def test_every_step_has_its_own_box_from_44_on():
    """G10 and spec: fewer than 50 active neurons below N = 44, so fewer than 50 independent frames."""
    counts = {N: len(er.grid_movie(N).active) for N in (10, 20, 43, 44, 50, 58)}
    assert all(counts[N] < 50 for N in (10, 20, 43))
    assert all(counts[N] == 50 for N in (44, 50, 58))
    for N in (10, 43, 58):
        factors = er.grid_movie(N).learn(DT, 10.0)
        assert factors.rank == counts[N]
    shared = er.grid_movie(10).learn(DT, 10.0)
    assert len(shared.conflicts) > 0
    assert shared.residual.max() > 1.0


@pytest.mark.parametrize("N", [10, 44, 58])
def test_contracting_replay_with_ink_on_minus_one(N):
    movie = er.grid_movie(N)
    factors = movie.learn(DT, 10.0)
    path = er.replay(factors, movie.frames[0], 150, DT, 10.0)
    if N >= 44:
        assert er.cycle_errors(path, movie.frames).max() < 1e-9
        assert abs(er.floquet(factors, movie.frames, DT, 10.0)[0]) < 1.0
        assert er.mean_deviation(path, movie.frames) < 1e-10
    else:
        assert er.mean_deviation(path, movie.frames) > 0.01


def test_zero_coding_has_no_error_in_the_first_cycle_and_then_leaves():
    movie = er.grid_movie(58, coding="zero_one")
    factors = movie.learn(DT, 10.0)
    path = er.replay(factors, movie.frames[0], 50, DT, 10.0)
    assert er.mean_deviation(path, movie.frames) < 1e-6
    assert abs(er.floquet(factors, movie.frames, DT, 10.0)[0]) == pytest.approx(1.4e7, rel=0.05)
    pushed = movie.frames[0] + 1e-6 * np.random.default_rng(0).normal(size=50)
    later = er.replay(factors, pushed, 150, DT, 10.0)
    assert er.cycle_errors(later, movie.frames)[1] > 1e-3


def test_weights_of_zero_coding_inhibit_themselves_and_excite_one_neuron():
    """G8: tanh(1) W = (l - 1/dt) on the diagonal and 1/dt towards the next; inhibition only where l < 1/dt."""
    movie = er.grid_movie(58, coding="zero_one")
    order = np.searchsorted(movie.active, movie.boxes)
    for l in (0.1, 10.0):
        W = movie.learn(DT, l).dense()
        np.testing.assert_allclose(np.diag(W), (l - 1 / DT) / np.tanh(1), rtol=1e-10)
        np.testing.assert_allclose(W[np.roll(order, -1), order], 1 / DT / np.tanh(1), rtol=1e-10)
        assert np.count_nonzero(np.abs(W) > 1e-10) == 100
    assert (0.1 - 1 / DT) < 0 < (10.0 - 1 / DT)


def test_neurons_of_shared_boxes_inhibit_themselves_less():
    """Figure 5c, left: a neuron active in k frames, m of which another one follows, has tanh(1) W = l - m/(k dt)."""
    movie, l = er.grid_movie(10, coding="zero_one"), 0.1
    order = np.searchsorted(movie.active, movie.boxes)
    with pytest.warns(UserWarning, match="equal but must be followed differently"):
        W = er.minimiser(movie.frames, DT, l)
    np.testing.assert_allclose(movie.learn(DT, l).dense(), W, atol=1e-12)
    leaves = np.array([np.mean(np.roll(order, -1)[order == k] != k) for k in range(len(movie.active))])
    np.testing.assert_allclose(np.tanh(1) * np.diag(W), l - leaves / DT, rtol=1e-10)
    assert 5 < np.count_nonzero(leaves < 1) < len(leaves)


def test_silent_neurons_have_no_connections_and_others_replay_the_same():
    """With silent boxes at -1 their S(-1) acts as a bias: other weights in the active block, the same replay."""
    movie, l = er.grid_movie(44), 10.0
    whole = np.full((50, 44**2), -1.0)
    whole[np.arange(50), movie.boxes] = 1.0
    biased = er.minimiser(whole, DT, l)
    alone = movie.learn(DT, l)
    placed = alone.spread(44**2, movie.active).dense()
    silent = np.setdiff1d(np.arange(44**2), movie.active)
    assert not placed[silent].any()
    assert not placed[:, silent].any()
    block = np.ix_(movie.active, movie.active)
    np.testing.assert_allclose(placed[block], alone.dense(), atol=1e-12)
    assert np.abs(biased[block] - placed[block]).max() > 0.2
    path = er.replay(biased, whole[0], 50, DT, l)
    np.testing.assert_allclose(path[:, movie.active], er.replay(alone, movie.frames[0], 50, DT, l), atol=1e-9)


def test_two_neurons_do_not_span_the_input():
    """The source's red curve: the two-dimensional network's replay is very bad."""
    points = trajectory(2 * np.pi * np.arange(400) / 400)
    dt = 2 * np.pi / 400
    W = er.minimiser(points, dt, 1.0, xi="spectral")
    speed = np.sqrt(np.mean(np.sum((np.tanh(points) @ W.T - points) ** 2, axis=1)))
    assert er.distance(W, points, dt, 1.0, xi="spectral") > 1.0
    assert speed > 0.1
    path = er.replay(W, points[0], 400, dt, 1.0, method="rk4")
    assert np.sqrt(np.mean((path[1:] - np.roll(points, -1, axis=0)) ** 2)) > 0.5


def test_the_trajectory_does_not_cross_itself():
    points = trajectory(2 * np.pi * np.arange(600) / 600)
    gap = np.linalg.norm(points[:, None] - points[None], axis=2)
    apart = np.abs(np.subtract.outer(np.arange(600), np.arange(600)))
    apart = np.minimum(apart, 600 - apart)
    assert gap[apart > 60].min() > 0.2


def test_mean_deviation_counts_steps_and_neurons():
    """G7: T terms and 1/(n_eff T)."""
    frames = np.array([[1.0, 0.0], [0.0, 1.0]])
    path = np.array([[1.0, 0.0], [0.5, 1.0], [1.0, 0.2]])
    assert er.mean_deviation(path, frames) == pytest.approx((0.5 + 0.2) / 4)


def test_decoding_gives_the_boxes_back():
    movie = er.grid_movie(44)
    points = trajectory(2 * np.pi * np.arange(50) / 50)
    np.testing.assert_allclose(movie.decode(movie.frames), points, atol=0.5 * 6 / 43 + 1e-12)


def test_activation_formulas():
    x = np.linspace(-2, 2, 7)
    logistic = get_activation("1/(1 + exp(-x))")
    np.testing.assert_allclose(logistic.value(x), 1 / (1 + np.exp(-x)))
    np.testing.assert_allclose(logistic.slope(x), logistic.value(x) * (1 - logistic.value(x)))
    np.testing.assert_allclose(get_activation("2").value(x), 2.0)
    assert get_activation("linear").slope(x).tolist() == [1.0] * 7
    assert logistic.brian("v_bar").count("v_bar") == 1
