"""Predictions on inputs that were not learned: kernel regression, and its statistics over initialisations."""

import numpy as np
import pytest

from spikelearn.models.tangent_kernel.model import TangentKernel


def task(n, p=4, q=3):
    """Examples whose angles are the same at every n: rows in eight dimensions, the rest zero."""
    generator = np.random.default_rng(11)
    rows = np.zeros((p + q, n))
    rows[:, :8] = generator.normal(size=(p + q, 8))
    x = TangentKernel(n, 1).normalised(rows)
    return x[:p], generator.normal(size=p), x[p:]


def test_examples_themselves_are_predicted_with_no_variance():
    x, y, _ = task(64)
    for phi in ("erf", "relu", "tanh"):
        found = TangentKernel(64, 3, phi).infinite_width_prediction(x, y, x[:2])
        np.testing.assert_allclose(found.mean, y[:2], atol=1e-12)
        np.testing.assert_allclose(found.variance, 0, atol=1e-12)


def test_one_example_by_pencil():
    # w = Theta_*/Theta, mean w y, variance K_** + w^2 K - 2 w K_*; one layer of the rectifier, gamma equal.
    x, y, new = task(32, p=1, q=1)
    q = float(x[0] @ new[0] / 32)
    theta = np.arccos(q)
    value = (np.sin(theta) + (np.pi - theta) * q) / (2 * np.pi)
    slope = (np.pi - theta) / (2 * np.pi)
    w = (q * slope + value) / (0.5 + 0.5)
    found = TangentKernel(32, 1, "relu").infinite_width_prediction(x, y, new)
    assert found.mean[0] == pytest.approx(w * y[0], rel=1e-12)
    assert found.variance[0] == pytest.approx(0.5 + 0.5 * w * w - 2 * w * value, rel=1e-12)


def test_only_the_readout_learning_is_the_posterior_mean_of_a_gaussian_process():
    # gamma on the read-out alone (up to 1e-12): Theta = K, so that mean and variance are those of a Gaussian process.
    x, y, new = task(32)
    network = TangentKernel(32, 2, "erf", gamma=(1e-13, 1e-13, 1.0))
    rows = np.concatenate([x, new])
    K = network.infinite_width(rows)[-1]
    solved = np.linalg.solve(K[:4, :4], K[:4, 4:])
    found = network.infinite_width_prediction(x, y, new)
    np.testing.assert_allclose(found.mean, solved.T @ y, atol=1e-10)
    np.testing.assert_allclose(found.variance, np.diag(K[4:, 4:] - K[4:, :4] @ solved), atol=1e-10)


def statistics(n, draws, depth=2, phi="erf"):
    x, y, new = task(n)
    drawn = np.array([TangentKernel(n, depth, phi, seed=[s, n]).linearised(x, y).predict(new) for s in range(draws)])
    expected = TangentKernel(n, depth, phi).infinite_width_prediction(x, y, new)
    error_of_mean = drawn.std(axis=0, ddof=1) / np.sqrt(draws)
    centred = (drawn - drawn.mean(axis=0)) ** 2
    error_of_variance = centred.std(axis=0, ddof=1) / np.sqrt(draws)
    return drawn.mean(axis=0), error_of_mean, drawn.var(axis=0, ddof=1), error_of_variance, expected


def test_networks_scatter_as_predicted():
    """200 networks of n = 128; allowance 4/n for the finite width. Six comparisons at 4.5 standard errors: 4e-5."""
    mean, error, variance, spread, expected = statistics(128, 200)
    assert (np.abs(mean - expected.mean) < 4.5 * error + 4 / 128).all()
    assert (np.abs(variance - expected.variance) < 4.5 * spread + 4 / 128).all()
    # The test can tell: neither mean nor variance is small beside what it allows.
    assert np.abs(expected.mean).max() > 3 * (4.5 * error.max() + 4 / 128)
    assert expected.variance.max() > 1.5 * (4.5 * spread.max() + 4 / 128)


@pytest.mark.slow
@pytest.mark.parametrize("phi", ["erf", "relu"])
def test_six_hundred_networks_of_512_units(phi):
    """Six comparisons at 4 standard errors and 4/n for the finite width: false alarm 6 * 6e-5 = 0.04 % each phi."""
    mean, error, variance, spread, expected = statistics(512, 600, phi=phi)
    assert (np.abs(mean - expected.mean) < 4 * error + 4 / 512).all()
    assert (np.abs(variance - expected.variance) < 4 * spread + 4 / 512).all()
