"""Distance, gradient, minimiser and descent against finite differences, loops and the eigenbasis."""

import numpy as np
import pytest

from spikelearn.models import entropy_rule as er


@pytest.fixture(autouse=True)
def own_numbers():
    """Every test begins with the same random numbers, whichever ran before."""
    global RNG
    RNG = np.random.default_rng(0)


def movie(T=7, n=5, seed=0):
    return np.random.default_rng(seed).normal(size=(T, n))


@pytest.mark.parametrize(("T", "n"), [(7, 5), (4, 9)])
@pytest.mark.parametrize("activation", ["tanh", "linear", "x/(1 + x**2)"])
@pytest.mark.parametrize("xi", ["frames", "spectral"])
def test_gradient_equals_finite_differences(T, n, activation, xi):
    t = 2 * np.pi * np.arange(T) / T
    frames = np.stack([np.cos(t + k) + 0.2 * k for k in range(n)], axis=1) if xi == "spectral" else movie(T, n)
    W = RNG.normal(size=(n, n))
    found = er.gradient(W, frames, 0.3, 1.3, activation, xi)
    # H is quadratic in W: central differences are exact but for rounding, eps H / h.
    h, by_hand = 1e-3, np.zeros((n, n))
    for i, j in np.ndindex(n, n):
        up, down = W.copy(), W.copy()
        up[i, j] += h
        down[i, j] -= h
        by_hand[i, j] = er.distance(up, frames, 0.3, 1.3, activation, xi) - er.distance(
            down, frames, 0.3, 1.3, activation, xi
        )
    np.testing.assert_allclose(found, by_hand / (2 * h), rtol=0, atol=1e-9 * np.abs(found).max())


def test_distance_equals_a_plain_loop():
    frames, W, dt, l = movie(), RNG.normal(size=(5, 5)), 0.2, 0.7
    total = 0.0
    for k in range(7):
        nxt = frames[(k + 1) % 7]
        for i in range(5):
            drive = sum(W[i, j] * np.tanh(frames[k, j]) for j in range(5))
            total += 0.5 * dt * (-l * frames[k, i] + drive - (nxt[i] - frames[k, i]) / dt) ** 2
    assert er.distance(W, frames, dt, l) == pytest.approx(total, rel=1e-12)


def test_the_minimiser_has_no_gradient_and_is_least_of_all():
    frames = movie(9, 4)
    W = er.minimiser(frames, 0.1, 1.0)
    scale = np.abs(er.gradient(np.zeros((4, 4)), frames, 0.1, 1.0)).max()
    assert np.abs(er.gradient(W, frames, 0.1, 1.0)).max() < 1e-13 * scale
    best = er.distance(W, frames, 0.1, 1.0)
    for _ in range(20):
        V = RNG.normal(size=(4, 4))
        # Convex: on any line through the minimum H grows as a parabola, the same on both sides.
        up, down = (er.distance(W + s * V, frames, 0.1, 1.0) for s in (0.1, -0.1))
        assert min(up, down) > best
        assert up == pytest.approx(down, rel=1e-10)


def test_fewer_frames_than_neurons_are_fitted_exactly_by_the_least_norm():
    frames = movie(6, 40)
    W = er.minimiser(frames, 0.1, 1.0)
    assert er.distance(W, frames, 0.1, 1.0) < 1e-24
    S, target = np.tanh(frames), (np.roll(frames, -1, axis=0) - frames) / 0.1 + frames
    exact = np.linalg.lstsq(S, target, rcond=1e-10)[0].T
    np.testing.assert_allclose(W, exact, rtol=0, atol=1e-12 * np.abs(exact).max())
    with pytest.raises(np.linalg.LinAlgError):  # what the print inverts has no inverse: its Cholesky factor breaks off
        np.linalg.cholesky(S.T @ S - 1e-13 * np.eye(40))


def test_factors_are_the_matrix():
    frames = movie(6, 40)
    factors = er.minimiser(frames, 0.1, 1.0, factored=True)
    assert (factors.rank, factors.n_frames, factors.left.shape, factors.right.shape) == (6, 6, (40, 6), (6, 40))
    np.testing.assert_allclose(factors.dense(), er.minimiser(frames, 0.1, 1.0), atol=1e-13)
    np.testing.assert_allclose(factors.right @ factors.right.T, np.eye(6), atol=1e-13)
    s = RNG.normal(size=40)
    np.testing.assert_allclose(factors.apply(s), factors.dense() @ s, atol=1e-12)
    np.testing.assert_allclose(
        er.distance(factors, frames + 0.1, 0.1, 1.0), er.distance(factors.dense(), frames + 0.1, 0.1, 1.0), rtol=1e-12
    )
    spread = factors.spread(50, np.arange(40) + 5).dense()
    np.testing.assert_allclose(spread[5:45, 5:45], factors.dense())
    assert not spread[:5].any()
    assert not spread[:, 45:].any()


def test_the_pseudo_inverse_of_the_product_is_wrong_on_the_letter():
    """G1: with NumPy's default cut, pinv(S S') takes rounding for signal."""
    frames = er.letter_movie()
    S, target = np.tanh(frames), (np.roll(frames, -1, axis=0) - frames) / 0.1 + frames
    naive = target.T @ S @ np.linalg.pinv(S.T @ S)
    W = er.minimiser(frames, 0.1, 1.0)
    assert np.abs(S @ W.T - target).max() < 1e-10
    assert np.abs(naive - W).max() > 0.3


STEPS = (0, 1, 2, 5, 30, 200, 3000)


@pytest.mark.parametrize("share", [1.0, 0.3, 1.9])
def test_descent_equals_the_eigenbasis_formula_for_every_number_of_steps(share):
    frames, start = movie(6, 9), RNG.normal(size=(9, 9))
    h = share * er.largest_step(frames, 0.1)
    by_steps = er.descend(frames, 0.1, 1.0, STEPS, h=h, start=start)
    formula = er.descent_formula(frames, 0.1, 1.0, STEPS, h=h, start=start)
    # 3000 steps, each rounded at 1e-16 of the largest weight.
    np.testing.assert_allclose(by_steps, formula, rtol=0, atol=1e-11 * np.abs(formula).max())
    np.testing.assert_allclose(by_steps[0], start)


def test_descent_on_the_letter_equals_the_formula():
    frames = er.letter_movie()
    by_steps = er.descend(frames, 0.1, 1.0, (1, 3, 10, 100))
    formula = er.descent_formula(frames, 0.1, 1.0, (1, 3, 10, 100))
    np.testing.assert_allclose(by_steps, formula, rtol=0, atol=1e-12 * np.abs(formula).max())
    # The step depends on the unit of the integral, the iterates do not.
    other = er.descend(frames, 0.1, 1.0, (10,), xi=10 * (np.roll(frames, -1, axis=0) - frames))
    np.testing.assert_allclose(other[0], by_steps[2], atol=1e-12)


def test_what_frames_do_not_show_never_changes():
    frames, start = movie(3, 8), RNG.normal(size=(8, 8))
    W = er.descend(frames, 0.1, 1.0, (500,), start=start)[0]
    hidden = np.eye(8) - np.linalg.pinv(np.tanh(frames)) @ np.tanh(frames)
    np.testing.assert_allclose(W @ hidden, start @ hidden, atol=1e-12)
    assert np.abs((W - start) @ (np.eye(8) - hidden)).max() > 0.1


def test_an_array_of_velocities_and_relabelled_neurons():
    frames, xi = movie(9, 4), movie(9, 4, seed=1)
    W = er.minimiser(frames, 0.1, 1.0, xi=xi)
    order = np.array([2, 0, 3, 1])
    np.testing.assert_allclose(
        er.minimiser(frames[:, order], 0.1, 1.0, xi=xi[:, order]), W[np.ix_(order, order)], atol=1e-12
    )
    later = np.roll(np.arange(9), 4)
    np.testing.assert_allclose(er.minimiser(frames[later], 0.1, 1.0, xi=xi[later]), W, atol=1e-12)


def test_equal_frames_with_different_successors_are_named_with_the_residual():
    frames = movie(6, 20)
    frames[4] = frames[1]
    with pytest.warns(
        UserWarning,
        match="frames 1 and 4 are equal but must be followed differently; least squares leaves a residual of",
    ) as caught:
        factors = er.minimiser(frames, 0.1, 1.0, factored=True)
    assert factors.conflicts == ((1, 4),)
    # Both successors at once: least squares goes half way, so each misses by half their distance over dt.
    half = np.linalg.norm(frames[5] - frames[2]) / 0.1 / 2
    np.testing.assert_allclose(factors.residual[[1, 4]], half, rtol=1e-12)
    assert f"{half:.3g}" in str(caught[0].message)
    assert factors.residual[[0, 2, 3, 5]].max() < 1e-10


def test_dependent_frames_are_said_with_their_number():
    frames = movie(6, 20)
    S = np.tanh(frames)
    S[5] = 0.5 * S[0] - 0.3 * S[1]
    frames[5] = np.arctanh(S[5])
    with pytest.warns(UserWarning, match="only 5 of 6 frames are independent; the largest residual is"):
        factors = er.minimiser(frames, 0.1, 1.0, factored=True)
    assert factors.rank == 5
    assert factors.residual.max() > 1.0


def test_a_long_series_of_few_neurons_is_no_rank_deficient_movie(recwarn):
    er.minimiser(movie(200, 3), 0.1, 1.0)
    assert not recwarn.list
