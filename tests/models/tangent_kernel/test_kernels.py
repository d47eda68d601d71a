"""Layer kernels against brute force, their limit by two methods, and how they converge to it."""

import numpy as np
import pytest

from spikelearn.models.tangent_kernel.activation import activation
from spikelearn.models.tangent_kernel.infinite import closed, infinite_kernels, trapezoid
from spikelearn.models.tangent_kernel.kernels import naive_rank
from spikelearn.models.tangent_kernel.model import TangentKernel

PHIS = ("erf", "tanh", "relu", "x/sqrt(1 + x**2)", "sin(x) + x**2/4")


def small(phi="erf", n=7, depth=3, p=4, seed=0, **more):
    kernel = TangentKernel(n, depth, phi, seed=seed, **more)
    return kernel, kernel.normalised(np.random.default_rng([seed, 99]).normal(size=(p, n)))


def jacobians(kernel, x):
    """The derivative of every output in every weight by central differences: a list over layers of (p, weights)."""
    weights = [w.copy() for w in kernel.layers.arrays()]
    phi = kernel.activation.both

    def outputs():
        a = x
        for w in weights[:-1]:
            a = phi(a @ w.T)[0]
        return a @ weights[-1]

    found = []
    for w in weights:
        columns = []
        for place in np.ndindex(w.shape):
            before, step = w[place], 1e-6
            w[place] = before + step
            up = outputs()
            w[place] = before - step
            columns.append((up - outputs()) / (2 * step))
            w[place] = before
        found.append(np.array(columns).T)
    return found


@pytest.mark.parametrize("phi", PHIS)
def test_kernels_are_the_jacobian_times_its_transpose(phi):
    kernel, x = small(phi)
    expected = [J @ J.T / kernel.n for J in jacobians(kernel, x)]
    # Central differences err by step^2 phi'''/6 and eps/step = 2e-10; the kernels are of order one.
    np.testing.assert_allclose(kernel.kernels(x), expected, atol=2e-8)


@pytest.mark.parametrize(("phi", "name"), [("erf", "erf"), ("tanh", "tanh"), ("relu", "relu")])
def test_kernels_are_those_of_pytorchs_autograd(phi, name):
    torch = pytest.importorskip("torch")
    kernel, x = small(phi, n=40, depth=3)
    weights = [torch.tensor(w, requires_grad=True) for w in kernel.layers.arrays()]
    gradients = []
    for example in torch.tensor(x):
        for w in weights[:-1]:
            example = getattr(torch, name)(w @ example)
        found = torch.autograd.grad(weights[-1] @ example, weights)
        gradients.append([g.reshape(-1).numpy() for g in found])
    for layer, found in enumerate(kernel.kernels(x)):
        J = np.array([g[layer] for g in gradients])
        np.testing.assert_allclose(found, J @ J.T / 40, rtol=1e-12, atol=1e-14)


def test_the_kernel_between_two_sets_is_a_block_of_the_kernel_of_all():
    kernel, x = small("tanh", p=5)
    np.testing.assert_allclose(kernel.kernels(x[:2], x[2:]), kernel.kernels(x)[:, :2, 2:], rtol=1e-13)
    gamma = np.array([4.0, 3.0, 2.0, 1.0])
    slow = TangentKernel(7, 3, "tanh", gamma=gamma)
    np.testing.assert_allclose(slow.kernel(x), np.einsum("l,lij", gamma / 10, kernel.kernels(x)), rtol=1e-13)


def test_diagonal_as_in_eq_17():
    kernel, x = small("erf")
    made, found = kernel.passes(x), kernel.kernels(x)
    for layer in range(3):
        expected = (made.delta[layer] ** 2).sum(1) * (made.x[layer] ** 2).sum(1) / kernel.n
        np.testing.assert_allclose(np.diag(found[layer]), expected, rtol=1e-13)


def test_the_largest_entry_of_a_kernel_is_on_its_diagonal():
    """Before Eq. (14): |C_mu,nu| is at most the mean of C_mu,mu and C_nu,nu; for one layer each and their sum."""
    for seed in range(20):
        kernel, x = small(seed=seed, phi=PHIS[seed % len(PHIS)])
        for C in (*kernel.kernels(x), kernel.kernel(x)):
            diagonal = np.diag(C)
            assert (np.abs(C) <= 0.5 * (diagonal[:, None] + diagonal) * (1 + 1e-12)).all()
            assert np.abs(C).max() == pytest.approx(diagonal.max(), rel=1e-12)
            np.testing.assert_allclose(C, C.T, rtol=1e-12)


def test_the_naive_equations_are_underdetermined():
    kernel, x = small("erf", n=30, depth=3, p=5)
    found = kernel.kernels(x)
    assert naive_rank(found) == (5, 20)
    # Two different a^l solve them: the one of gradient descent, and the one of least norm.
    y = np.arange(5.0)
    equations = np.concatenate(list(found), axis=1)
    least = np.linalg.lstsq(equations, y, rcond=None)[0].reshape(4, 5)
    np.testing.assert_allclose(np.einsum("lij,lj->i", found, least), y, atol=1e-12)
    same = np.linalg.solve(found.sum(0), y)
    np.testing.assert_allclose(np.einsum("lij,j->i", found, same), y, atol=1e-12)
    assert np.abs(least - same).max() > 0.1 * np.abs(same).max()
    # Gradient descent's a^l = gamma^l a solves them, with the sum over layers that the print of Eq. (34) lacks.
    solution = kernel.linearised(x, y)
    goal = y - kernel.output(x)
    np.testing.assert_allclose(np.einsum("l,lij,j->i", kernel.rates, found, solution.a), goal, atol=1e-12)
    assert np.abs(found[0] @ solution.a - goal).max() > 0.1 * np.abs(goal).max()


Q = np.array([[1.0, 0.3, -0.8, 1.0], [0.3, 0.7, 0.1, 0.3], [-0.8, 0.1, 1.4, -0.8], [1.0, 0.3, -0.8, 1.0]])


def test_the_closed_form_of_erf_is_the_trapezoid_rule():
    for exact, rule in zip(closed(Q, "erf"), trapezoid(Q, activation("erf")), strict=True):
        np.testing.assert_allclose(rule, exact, atol=2e-15)


@pytest.mark.parametrize("phi", ["tanh", "x/sqrt(1 + x**2)", "sin(x) + x**2/4", "1/(1 + exp(-3*x))"])
def test_the_trapezoid_rule_against_gauss_legendre_quadrature(phi):
    # 300 nodes on [-9, 9]: poles of phi at the distance 0.6 or more leave (1 + 0.6/9)^-600 = 1e-17.
    both = activation(phi).both
    z, weight = np.polynomial.legendre.leggauss(300)
    z, weight = 9 * z, 9 * weight * np.exp(-((9 * z) ** 2) / 2) / np.sqrt(2 * np.pi)
    found = trapezoid(Q[:3, :3], activation(phi))
    for i, j in ((0, 1), (0, 2), (1, 2), (2, 2)):
        c = Q[i, j] / np.sqrt(Q[i, i] * Q[j, j])
        first = both(np.sqrt(Q[i, i]) * z)
        second = both(np.sqrt(Q[j, j]) * (c * z[:, None] + np.sqrt(max(1 - c * c, 0)) * z))
        for part in (0, 1):
            expected = (weight * first[part]) @ second[part] @ weight
            assert found[part][i, j] == pytest.approx(expected, abs=1e-13)


def test_polynomials_have_moments_by_pencil():
    # phi = x^3: E[h_1^3 h_2^3] = 6 q^3 + 9 q (equal variances 1), E[9 h_1^2 h_2^2] = 9 + 18 q^2.
    q = np.array([[1.0, 0.4], [0.4, 1.0]])
    value, slope = trapezoid(q, activation("x**3"))
    np.testing.assert_allclose(value, [[15, 6 * 0.064 + 3.6], [6 * 0.064 + 3.6, 15]], rtol=1e-13)
    np.testing.assert_allclose(slope, [[27, 9 + 18 * 0.16], [9 + 18 * 0.16, 27]], rtol=1e-13)


def test_the_closed_form_of_the_rectifier_in_polar_coordinates():
    # E[max(h1, 0) max(h2, 0)] and the chance that both are positive, over the angle alone: one-dimensional integrals.
    from scipy.integrate import quad

    for c in (-0.99, -0.3, 0.0, 0.6, 0.999):
        q = np.array([[2.0, c * np.sqrt(2.0 * 0.5)], [c * np.sqrt(2.0 * 0.5), 0.5]])
        turn = np.arccos(c)
        low, high = turn - np.pi / 2, np.pi / 2
        value = quad(lambda t, turn=turn: np.cos(t) * np.cos(t - turn), low, high, epsabs=1e-13)[0] / np.pi
        found = closed(q, "relu")
        assert found[0][0, 1] == pytest.approx(value * 1.0, abs=1e-12)  # E r^2 = 2, over 2 pi; sqrt(q11 q22) = 1
        assert found[1][0, 1] == pytest.approx((high - low) / (2 * np.pi), abs=1e-12)
        assert found[0][0, 0] == pytest.approx(1.0)
        assert found[1][1, 1] == pytest.approx(0.5)


def test_examples_that_are_almost_alike_keep_their_digits():
    # 1 - cos = 1e-10: theta = sqrt(2e-10); arccos of the rounded cosine is kept to 1e-6 of theta by arctan2.
    q = np.array([[1.0, 1 - 1e-10], [1 - 1e-10, 1.0]])
    theta = np.sqrt(2e-10)
    assert closed(q, "relu")[1][0, 1] == pytest.approx((np.pi - theta) / (2 * np.pi), abs=1e-11)


def test_depth_one_by_pencil():
    # C^1 = q kdot(q), C^2 = q^1 for one layer of the error function.
    q = np.array([[1.0, 0.25], [0.25, 1.0]])
    kernels, covariance = infinite_kernels(q, activation("erf"), 1)
    assert kernels[1, 0, 1] == pytest.approx(2 / np.pi * np.arcsin(0.5 / 3))
    assert kernels[0, 0, 1] == pytest.approx(0.25 * 4 / np.pi / np.sqrt(9 - 0.25))
    assert np.array_equal(kernels[1], covariance)


@pytest.mark.parametrize("phi", ["erf", "relu", "tanh"])
def test_wide_networks_scatter_about_the_limit(phi):
    """The mean over 40 networks of n = 400 lies within 4.5 standard errors plus 3/n of the limit.

    3 x 3 x 3 distinct numbers a nonlinearity, of which 18 differ; normal to good accuracy: false alarm below
    18 * 7e-6 (t with 39 degrees of freedom: 18 * 6e-5 = 0.1 %).
    """
    n, draws, depth = 400, 40, 2
    x = TangentKernel(n, depth).normalised(np.random.default_rng(5).normal(size=(3, n)))
    found = np.array([TangentKernel(n, depth, phi, seed=[7, s]).kernels(x) for s in range(draws)])
    error = found.std(axis=0, ddof=1) / np.sqrt(draws)
    gap = np.abs(found.mean(axis=0) - TangentKernel(n, depth, phi).infinite_width(x))
    assert (gap < 4.5 * error + 3 / n).all(), (gap / error).max()
    assert error.max() < 0.02
