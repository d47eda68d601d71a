"""The linearised solution: exact identities, and descents in weight space written out as loops."""

import numpy as np
import pytest

from spikelearn.models.tangent_kernel.descent import descend, descend_linearised, sgd, sgd_linearised
from spikelearn.models.tangent_kernel.model import TangentKernel
from spikelearn.models.tangent_kernel.theory import rms_of_change, weighted_square
from spikelearn.models.tangent_kernel.width import distance


def task(phi="erf", n=40, depth=3, p=5, seed=0, **more):
    kernel = TangentKernel(n, depth, phi, seed=seed, **more)
    generator = np.random.default_rng([seed, 7])
    return kernel, kernel.normalised(generator.normal(size=(p, n))), generator.normal(size=p)


def gradients(kernel, x):
    """x~ of every layer as arrays over examples, as outer products written out."""
    made = kernel.passes(x)
    found = [np.einsum("mi,mj->mij", d, a) for d, a in zip(made.delta, made.x[:-1], strict=True)]
    return [*found, made.x[-1]]


def first_order(parts, change):
    return sum((g * w).reshape(len(g), -1).sum(1) for g, w in zip(parts, change, strict=True))


@pytest.mark.parametrize("n", [5, 17, 200])
@pytest.mark.parametrize("phi", ["erf", "relu"])
def test_exact_identities_at_any_width(n, phi):
    kernel, x, y = task(phi, n=n, p=4, gamma=(1.0, 2.0, 3.0, 0.5))
    solution = kernel.linearised(x, y)
    gamma, goal, eps = kernel.rates, y - kernel.output(x), 1e-12 * np.sqrt(solution.condition)
    size = np.array([np.sqrt(solution.a @ C @ solution.a) for C in solution.kernels])
    expected = gamma * size * np.array([n**-1.5] * 3 + [1 / n])
    np.testing.assert_allclose(solution.rms, expected, rtol=eps)
    np.testing.assert_allclose(rms_of_change(solution), expected, rtol=1e-13)
    measured = [np.sqrt(np.mean(w**2)) for w in solution.delta_w]
    np.testing.assert_allclose(solution.rms, measured, rtol=1e-12)
    total = sum(np.sum(w**2) / g for w, g in zip(solution.delta_w, gamma, strict=True))
    assert total == pytest.approx(goal @ np.linalg.solve(solution.C, goal) / n, rel=eps)
    assert weighted_square(solution) == pytest.approx(total, rel=eps)
    np.testing.assert_allclose(first_order(gradients(kernel, x), solution.delta_w), goal, atol=eps)


def test_descent_in_weight_space_reaches_the_closed_form():
    kernel, x, y = task()
    solution, parts = kernel.linearised(x, y), gradients(kernel, x)
    rate = kernel.rates / (kernel.n * np.linalg.eigvalsh(solution.C)[-1])
    change = [np.zeros_like(w) for w in solution.delta_w]
    goal = y - kernel.output(x)
    for _ in range(int(40 * solution.condition)):
        eps = goal - first_order(parts, change)
        change = [w + r * np.tensordot(eps, g, axes=1) for w, r, g in zip(change, rate, parts, strict=True)]
    for w, expected in zip(change, solution.delta_w, strict=True):
        np.testing.assert_allclose(w, expected, atol=1e-13 * np.abs(expected).max() * solution.condition)
    short = descend_linearised(solution)
    assert short.converged
    assert short.steps < 40 * solution.condition
    np.testing.assert_allclose(short.a, solution.a, atol=1e-13 * np.abs(solution.a).max() * solution.condition)


def test_sgd_in_weight_space_reaches_the_closed_form():
    kernel, x, y = task(gamma=(0.1, 0.2, 0.3, 0.4))
    solution, parts = kernel.linearised(x, y), gradients(kernel, x)
    change = [np.zeros_like(w) for w in solution.delta_w]
    goal, diagonal = y - kernel.output(x), np.diag(solution.C)
    for mu in np.random.default_rng(3).integers(5, size=3000):
        eps = goal[mu] - sum(np.sum(g[mu] * w) for g, w in zip(parts, change, strict=True))
        for k, g in enumerate(parts):
            change[k] += kernel.rates[k] / (kernel.n * diagonal[mu]) * eps * g[mu]
    for w, expected in zip(change, solution.delta_w, strict=True):
        np.testing.assert_allclose(w, expected, atol=1e-13 * np.abs(expected).max() * solution.condition)
    short = sgd_linearised(solution, seed=3)
    assert short.converged
    np.testing.assert_allclose(short.a, solution.a, atol=1e-13 * np.abs(solution.a).max() * solution.condition)


def test_other_rates_end_elsewhere_but_fit_as_well():
    kernel, x, y = task()
    other = TangentKernel(40, 3, gamma=(5.0, 1.0, 1.0, 1.0))
    one, two = kernel.linearised(x, y), other.linearised(x, y)
    np.testing.assert_allclose(two.predict(x), y, atol=1e-12)
    assert np.abs(one.change(1) - two.change(1)).max() > 0.1 * np.abs(one.change(1)).max()


def test_the_product_in_eq_10_needs_a_transpose():
    # Erratum K2: x~ . Delta w is the sum of products of entries, trace(x~ Delta w^T), not trace(x~ Delta w).
    kernel, x, y = task(n=6, p=3)
    change, part = kernel.linearised(x, y).change(2), gradients(kernel, x)[1]
    entries = (part * change).sum(axis=(1, 2))
    np.testing.assert_allclose([np.trace(g @ change.T) for g in part], entries, rtol=1e-12)
    printed = np.array([np.trace(g @ change) for g in part])
    assert np.abs(printed - entries).max() > 0.3 * np.abs(entries).max()
    # Only the sum of products of entries is what the output changes by, to first order.
    solution, parts, h = kernel.linearised(x, y), gradients(kernel, x), 1e-6
    sides = [
        TangentKernel(6, 3, weights=[w + s * d for w, d in zip(kernel.layers.arrays(), solution.delta_w, strict=True)])
        for s in (h, -h)
    ]
    slope = (sides[0].output(x) - sides[1].output(x)) / (2 * h)
    np.testing.assert_allclose(first_order(parts, solution.delta_w), slope, atol=1e-7 * np.abs(slope).max())
    np.testing.assert_allclose(slope, y - kernel.output(x), atol=1e-7 * np.abs(slope).max())


@pytest.mark.parametrize("phi", ["erf", "relu", "x/sqrt(1 + x**2)"])
def test_the_residual_and_predictions_are_those_of_networks_with_changed_weights(phi):
    kernel, x, y = task(phi)
    solution = kernel.linearised(x, y)
    weights = [w + change for w, change in zip(kernel.layers.arrays(), solution.delta_w, strict=True)]
    learned = TangentKernel(40, 3, phi, weights=weights)
    np.testing.assert_allclose(solution.residual, y - learned.output(x), atol=1e-12)
    new = kernel.normalised(np.random.default_rng(8).normal(size=(3, 40)))
    np.testing.assert_allclose(solution.predict(new, full=True), learned.output(new), atol=1e-12)
    expected = kernel.output(new) + first_order(gradients(kernel, new), solution.delta_w)
    np.testing.assert_allclose(solution.predict(new), expected, atol=1e-12)


def full_loss_gradient(weights, phi, x, y):
    """d/dw of half the summed squared error by central differences, at some entries."""
    made = TangentKernel(len(weights[-1]), len(weights) - 1, phi, weights=weights)
    return np.sum((y - made.output(x)) ** 2) / 2


def test_one_step_of_full_descent_is_the_gradient_of_the_networks_loss():
    kernel, x, y = task(n=12, depth=2, p=3)
    solution = kernel.linearised(x, y)
    first = descend(solution, max_steps=1)
    second = descend(solution, max_steps=2)
    rate = kernel.rates / (kernel.n * np.linalg.eigvalsh(solution.C)[-1])
    for layer, place in ((0, (3, 4)), (1, (0, 5)), (2, (7,))):
        for begin, end in ((kernel.layers.arrays(), first.weights), (first.weights, second.weights)):
            sides = []
            for step in (1e-6, -1e-6):
                weights = [w.copy() for w in begin]
                weights[layer][place] += step
                sides.append(full_loss_gradient(weights, "erf", x, y))
            slope = (sides[0] - sides[1]) / 2e-6
            assert end[layer][place] - begin[layer][place] == pytest.approx(-rate[layer] * slope, abs=1e-10)


def test_full_descents_fit_and_end_near_the_linearised_solution():
    kernel, x, y = task(n=150, depth=2)
    solution = kernel.linearised(x, y)
    down, random = descend(solution), sgd(solution, seed=1)
    for trained in (down, random):
        assert trained.converged
        learned = TangentKernel(150, 2, weights=trained.weights)
        np.testing.assert_allclose(learned.output(x), y, atol=1e-7)
        for w, old, change in zip(trained.weights, kernel.layers.arrays(), trained.delta_w, strict=True):
            np.testing.assert_allclose(w - old, change, atol=1e-15)
        assert 1e-3 < distance(trained, solution) < 0.3
    assert np.abs(solution.residual).max() > 1e-4  # the linearised solution itself does not fit the network exactly
    wide, x_wide, y_wide = task(n=600, depth=2)
    farther = distance(down, solution)
    assert distance(descend(wide.linearised(x_wide, y_wide)), wide.linearised(x_wide, y_wide)) < farther


def test_nothing_to_learn():
    kernel, x, _ = task(n=20, depth=1)
    solution = kernel.linearised(x, kernel.output(x))
    assert not solution.a.any()
    assert not solution.rms.any()
    for descent in (descend_linearised, sgd_linearised, descend, sgd):
        assert descent(solution).converged
        assert descent(solution).steps == 0
