"""Exponents against width: the fit itself, the study, and the theory's exponents within stated bands."""

import numpy as np
import pytest

from spikelearn.models.tangent_kernel.model import TangentKernel
from spikelearn.models.tangent_kernel.slopes import fit_slope
from spikelearn.models.tangent_kernel.width import WidthStudy, slopes


def test_a_power_law_by_pencil():
    slope = fit_slope([2, 4, 8], [[8.0, 8.0], [4.0, 4.0], [2.0, 2.0]])
    assert slope.value == pytest.approx(-1)
    assert slope.half_width == 0
    assert slope.holds(-1 + 1e-15, 1e-12)
    assert not slope.holds(-1.01)


def test_slope_and_error_against_scipys_regression():
    from scipy.stats import linregress

    n = np.array([10.0, 20.0, 40.0, 80.0])
    values = np.exp(np.random.default_rng(0).normal(size=(4, 6))) * n[:, None] ** 0.7
    found = fit_slope(n, values)
    logs = np.log(values)
    assert found.value == pytest.approx(linregress(np.log(n), logs.mean(axis=1)).slope)
    # With one pooled variance it is the textbook error; here each width has its own.
    c = (np.log(n) - np.log(n).mean()) / ((np.log(n) - np.log(n).mean()) ** 2).sum()
    assert found.sd == pytest.approx(np.sqrt((c**2 * logs.var(axis=1, ddof=1) / 6).sum()))


def test_the_band_misses_as_often_as_it_says():
    """Two thousand fits with noise that differs between widths, bands of 90 %.

    The count of misses is binomial, 200 +- 13.4; Welch's approximation is good to a few per cent, hence 140 to 260:
    false alarm below 1e-5.
    """
    generator = np.random.default_rng(1)
    n = 64 * 2.0 ** np.arange(5)
    noise = np.array([0.5, 0.3, 0.3, 0.2, 0.4])
    missed = 0
    for _ in range(2000):
        values = np.exp(generator.normal(size=(5, 8)) * noise[:, None]) * n[:, None] ** -0.5
        missed += not fit_slope(n, values, level=0.9).holds(-0.5)
    assert 140 < missed < 260


def test_measurements_are_what_their_names_say():
    study = WidthStudy(widths=(40, 80), n_seeds=2, n_dims=20, n_examples=3, gamma=(1.0, 2.0, 3.0), descent_up_to=40)
    network, x, y = study.draw(40, 1)
    directions, targets = study.task()
    np.testing.assert_allclose(x @ x.T / 40, directions @ directions.T, atol=1e-13)
    assert np.array_equal(y, targets)
    np.testing.assert_allclose(study.limit(), np.einsum("l,lij", network.rates, network.infinite_width(x)), atol=1e-14)
    solution, found = network.linearised(x, y), study.measure(40, 1)
    assert found["delta_w_2"] == pytest.approx(np.sqrt(np.mean(solution.delta_w[1] ** 2)))
    assert found["delta_w_readout"] == pytest.approx(np.sqrt(np.mean(solution.delta_w[2] ** 2)))
    assert found["gradient"] == pytest.approx(np.sqrt(np.mean(np.array(network.passes(x).delta) ** 2)))
    assert found["kernel_error"] == pytest.approx(np.sqrt(np.mean((network.kernel(x) - study.limit()) ** 2)))
    for name, values in (("a", solution.a), ("kernel", network.kernel(x)), ("residual", solution.residual)):
        assert found[name] == pytest.approx(np.sqrt(np.mean(values**2)))
    assert set(found) == set(study.exponents)
    table = study.run()
    assert table["a"].values[0, 1] == found["a"]
    assert np.isfinite(table["descent_distance"].values[0]).all()
    assert np.isnan(table["descent_distance"].values[1]).all()
    assert "descent_distance" not in slopes(table)


def test_draws_do_not_depend_on_the_other_widths():
    one, two = WidthStudy(widths=(64, 100), n_seeds=2), WidthStudy(widths=(100, 200), n_seeds=3)
    assert one.measure(100, 1) == two.measure(100, 1)


def check_bands(study, allowance):
    table = study.run()
    found, expected = slopes(table), study.exponents
    assert set(found) == set(expected)
    off = {
        name: (round(s.value, 3), round(s.half_width, 3))
        for name, s in found.items()
        if not s.holds(expected[name], allowance)
    }
    assert not off
    return found


def test_exponents_at_moderate_widths():
    """n = 64 to 512, eight draws, nine bands of 99.9 %, plus 0.05 for corrections of order n^-1/2 at the small widths.

    False alarm: at most 1 - 0.999^9 = 0.9 %.
    """
    found = check_bands(WidthStudy(widths=(64, 128, 256, 512), descent_up_to=256), 0.05)
    # The bands tell the laws apart: a slope wrong by a half would be seen.
    assert all(s.half_width < 0.45 for s in found.values())


@pytest.mark.slow
def test_exponents_up_to_4096():
    """n = 64 to 4096, eight draws, training up to 512; nine bands of 99.9 % without allowance: false alarm 0.9 %."""
    widths = tuple(64 * 2**k for k in range(7))
    found = check_bands(WidthStudy(widths=widths, descent_up_to=512), 0.0)
    assert found["delta_w_1"].half_width < 0.1
    assert found["residual"].half_width < 0.4


@pytest.mark.parametrize("phi", ["relu", pytest.param("tanh", marks=pytest.mark.slow)])
def test_other_nonlinearities_have_the_same_exponents(phi):
    """n = 64 to 512, without training; eight bands of 99.9 % plus 0.05 for small widths: false alarm 0.8 % each."""
    study = WidthStudy(widths=(64, 128, 256, 512), phi=phi, descent_up_to=0)
    found, expected = slopes(study.run()), study.exponents
    for name, slope in found.items():
        assert slope.holds(expected[name], 0.05), name


def one_layer_of_rectifiers(n, seed, q, y):
    """Residual and relative change of the gradient after linearised learning, in the p dimensions of the examples.

    One hidden layer needs no n x n weights: its drives have covariance q, and Delta w^1 acts as gamma delta a q.
    """
    generator = np.random.default_rng([seed, n])
    h = generator.normal(size=(n, len(y))) @ np.linalg.cholesky(q).T
    w = generator.normal(size=n) / np.sqrt(n)
    x, d = np.maximum(h, 0), w[:, None] * (h > 0)
    C = (d.T @ d * q + x.T @ x / n) / 2
    a = np.linalg.solve(C, y - w @ x)
    moved = h + (d * a) @ q / 2
    residual = y - (w + x @ a / (2 * n)) @ np.maximum(moved, 0)
    jump = (w[:, None] * (moved > 0) - d) * a
    return np.sqrt(np.mean(residual**2)), np.linalg.norm(jump) / np.linalg.norm(d * a)


@pytest.mark.slow
def test_a_kink_changes_two_exponents():
    """Rectifiers, one layer, n = 512 to 131072, 16 draws: -1/2 and -1/4 in bands of 99.9 % plus 0.05; not -1 and -1/2.

    False alarm 0.2 %.
    """
    study = WidthStudy(phi="relu")
    directions, y = study.task()
    q = directions @ directions.T
    widths = [512 * 4**k for k in range(5)]
    found = np.array([[one_layer_of_rectifiers(n, s, q, y) for s in range(16)] for n in widths])
    for part, name in enumerate(("residual", "descent_distance")):
        slope = fit_slope(widths, found[:, :, part])
        assert slope.holds(study.exponents[name], 0.05), name
        assert not slope.holds(WidthStudy().exponents[name]), name


@pytest.mark.slow
def test_a_kink_in_deeper_networks():
    """Two layers of rectifiers, n = 256 to 4096, training up to 1024: bands of 99.9 % plus 0.05, false alarm 0.9 %."""
    study = WidthStudy(widths=tuple(256 * 2**k for k in range(5)), phi="relu", descent_up_to=1024)
    found = check_bands(study, 0.05)
    assert not found["residual"].holds(-1.0, 0.05)
    assert not found["descent_distance"].holds(-0.5)


def test_gradients_have_the_same_size_in_all_layers():
    """Erratum K4: rms of df/dh^l is of order n^-1/2 at every l, and neighbouring layers differ little.

    Four layers of tanh, n = 64 to 512, eight draws; four bands of 99.9 % plus 0.05: false alarm 0.4 %.
    """
    widths = [64, 128, 256, 512]
    found = np.empty((4, len(widths), 8))
    for k, n in enumerate(widths):
        for s in range(8):
            network = TangentKernel(n, 4, "tanh", seed=[s, n])
            x = network.normalised(np.random.default_rng([s, n, 1]).normal(size=(3, n)))
            found[:, k, s] = [np.sqrt(np.mean(delta**2)) for delta in network.passes(x).delta]
    for layer in range(4):
        assert fit_slope(widths, found[layer]).holds(-0.5, 0.05)
    ratio = found[1:].mean(axis=2) / found[:-1].mean(axis=2)
    assert ((ratio > 0.5) & (ratio < 2)).all()


def test_only_weights_of_order_n_to_the_minus_half_keep_activities_of_order_one():
    """Drives of the third layer by weights of size n^-1, n^-1/2 and 1, phi tanh, against width.

    With n^-1 each layer loses a factor n^-1/2, three in all from an input of order one; with 1 the drives grow like
    n^1/2 and phi saturates. Slopes of single draws over a factor of 16; 0.1 is over five standard errors (0.02).
    """
    sizes = {}
    for n in (64, 1024):
        base = TangentKernel(n, 3, "tanh", seed=[5, n])
        x = base.normalised(np.random.default_rng([n, 1]).normal(size=(20, n)))
        for factor in (-0.5, 0.0, 0.5):
            weights = [w * n**factor for w in base.layers.arrays()]
            h = TangentKernel(n, 3, "tanh", weights=weights).passes(x).h[-1]
            sizes[n, factor] = np.sqrt(np.mean(h**2))
    for factor, power in ((-0.5, -1.5), (0.0, 0.0), (0.5, 0.5)):
        slope = np.log(sizes[1024, factor] / sizes[64, factor]) / np.log(16)
        assert slope == pytest.approx(power, abs=0.1)


def test_exponents_are_those_of_a_smooth_nonlinearity_unless_told():
    from spikelearn.models.tangent_kernel.theory import exponents

    assert exponents(2) == exponents(2, smooth=True)
    # Eqs. (21) to (24): rms of the entries of Delta w, a, df/dh, C, and C less its limit.
    printed = {"delta_w_1": -1.5, "delta_w_2": -1.5, "delta_w_readout": -1, "a": 0, "gradient": -0.5, "kernel": 0}
    assert {name: exponents(2)[name] for name in printed} == printed
    assert exponents(2)["kernel_error"] == -0.5
    assert (exponents(2)["residual"], exponents(2)["descent_distance"]) == (-1.0, -0.5)
    assert (exponents(2, smooth=False)["residual"], exponents(2, smooth=False)["descent_distance"]) == (-0.5, -0.25)
