"""Forward and backward pass: against plain loops and finite differences; weights kept and drawn again."""

import numpy as np
import pytest
from scipy.special import erf

from spikelearn.models.tangent_kernel.activation import activation
from spikelearn.models.tangent_kernel.layers import Redrawn, drawn
from spikelearn.models.tangent_kernel.model import TangentKernel


def small(phi="erf", n=7, depth=3, p=4, seed=0, **more):
    kernel = TangentKernel(n, depth, phi, seed=seed, **more)
    generator = np.random.default_rng([seed, 99])
    return kernel, kernel.normalised(generator.normal(size=(p, n)))


def plain_output(weights, phi, x):
    for w in weights[:-1]:
        x = phi(w @ x)
    return float(weights[-1] @ x)


@pytest.mark.parametrize("phi", ["erf", "tanh", "relu", "x/sqrt(1 + x**2)", "sin(x) + x**2/4", "1/(1 + exp(-x))", "x"])
def test_the_slope_is_the_derivative_of_the_value(phi):
    both = activation(phi).both
    h = np.linspace(-2.95, 2.95, 60)  # not 0, where the rectifier has a kink
    step = 1e-5
    difference = (both(h + step)[0] - both(h - step)[0]) / (2 * step)
    # The error of central differences is step^2 |phi'''|/6 < 1e-10, and rounding eps/step = 2e-11.
    np.testing.assert_allclose(both(h)[1], difference, atol=1e-9)


def test_named_nonlinearities_are_what_their_names_say():
    h = np.linspace(-3, 3, 13)
    assert np.array_equal(activation("erf").both(h)[0], erf(h))
    assert np.array_equal(activation("tanh").both(h)[0], np.tanh(h))
    assert np.array_equal(activation("relu").both(h)[0], np.maximum(h, 0))
    np.testing.assert_allclose(activation("tanh(x)").both(h), activation("tanh").both(h), rtol=1e-12, atol=1e-15)


def test_the_output_is_that_of_a_plain_loop():
    kernel, x = small("tanh")
    expected = [plain_output(kernel.layers.arrays(), np.tanh, row) for row in x]
    np.testing.assert_allclose(kernel.output(x), expected, rtol=1e-13)
    np.testing.assert_allclose(kernel.passes(x).output, expected, rtol=1e-13)


def shifted_output(kernel, example, layer, shift):
    """Output when a drive is shifted: what df/dh means."""
    weights, x = kernel.layers.arrays(), example
    for k, w in enumerate(weights[:-1], start=1):
        h = w @ x
        x = kernel.activation.both(h + shift if k == layer else h)[0]
    return float(weights[-1] @ x)


@pytest.mark.parametrize("phi", ["erf", "tanh", "relu", "x/sqrt(1 + x**2)"])
def test_backward_against_finite_differences_and_the_printed_eq_43_refuted(phi):
    kernel, x = small(phi)
    made, weights, step = kernel.passes(x), kernel.layers.arrays(), 1e-6
    printed = [weights[-1] * kernel.activation.both(h)[1] for h in made.h[-1:]]
    for layer in (2, 1):
        # Eq. (43) as it stands: sum over j of (df/dh_i) w_ij phi'(h_j), i the free index.
        slopes = kernel.activation.both(made.h[layer - 1])[1]
        printed.insert(0, printed[0] * (slopes @ weights[layer].T))
    for layer in (1, 2, 3):
        difference = np.array(
            [
                [
                    (shifted_output(kernel, row, layer, s) - shifted_output(kernel, row, layer, -s)) / (2 * step)
                    for s in np.eye(kernel.n) * step
                ]
                for row in x
            ]
        )
        np.testing.assert_allclose(made.delta[layer - 1], difference, atol=1e-8)
        if layer < 3:
            off = np.linalg.norm(printed[layer - 1] - difference) / np.linalg.norm(difference)
            assert off > 0.5, "the printed order of indices must be far from the derivative"


def test_the_readout_is_linear_and_layer_L_is_not():
    # Erratum K1: with the linear layer where the print has it, y would be w^(L+1) w^L x^(L-1).
    kernel, x = small("tanh", n=30)
    made, weights = kernel.passes(x), kernel.layers.arrays()
    np.testing.assert_allclose(made.output, made.x[-1] @ weights[-1], rtol=1e-13)
    printed = (made.x[-2] @ weights[-2].T) @ weights[-1]
    assert np.abs(printed - made.output).max() > 0.01 * np.abs(printed).max()
    double = TangentKernel(30, 3, "tanh", weights=[*weights[:-1], 2 * weights[-1]])
    np.testing.assert_allclose(double.output(x), 2 * kernel.output(x), rtol=1e-13)


def test_weights_come_in_the_stated_order_with_variance_1_over_n():
    generator = np.random.default_rng([3, 50])
    expected = [generator.normal(size=shape) / np.sqrt(50) for shape in ((50, 50), (50, 50), (50,))]
    for made, w in zip(drawn(50, 2, [3, 50]), expected, strict=True):
        np.testing.assert_allclose(made, w, rtol=1e-15)
    w = drawn(600, 1, 1)[0]
    # The variance of 360,000 normal numbers is n to 6 standard errors of sqrt(2/360000): false alarm 2e-9.
    assert abs(600 * w.var() - 1) < 6 * np.sqrt(2 / w.size)


def test_weights_drawn_again_are_the_same_numbers(monkeypatch):
    monkeypatch.setattr("spikelearn.models.tangent_kernel.layers.BLOCK", 100)  # blocks of 2 rows of 40, the last too
    kept, redrawn = drawn(41, 3, 5), Redrawn(41, 3, 5)
    for again in range(2):
        for a, b in zip(redrawn.arrays(), kept, strict=True):
            assert np.array_equal(a, b), again
    fresh = Redrawn(41, 3, 5)
    assert np.array_equal(fresh.readout(), kept[-1])  # asked for first, before any layer
    x = np.random.default_rng(0).normal(size=(5, 41))
    for layer in (3, 1, 2):
        np.testing.assert_allclose(fresh.times(layer, x), x @ kept[layer - 1].T, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(fresh.back(layer, x), x @ kept[layer - 1], rtol=1e-12, atol=1e-14)


def test_a_network_without_kept_weights_gives_the_same_kernels():
    kept, x = small("erf", n=60, depth=4)
    thrifty, _ = small("erf", n=60, depth=4, keep_weights=False)
    np.testing.assert_allclose(thrifty.kernels(x), kept.kernels(x), rtol=1e-12)
    y = np.arange(4.0)
    np.testing.assert_allclose(thrifty.linearised(x, y).residual, kept.linearised(x, y).residual, atol=1e-12)
