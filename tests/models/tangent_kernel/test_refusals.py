"""What does not fit is refused, with the name, the rule and the value."""

import numpy as np
import pytest

from spikelearn.models.tangent_kernel.descent import descend
from spikelearn.models.tangent_kernel.model import TangentKernel
from spikelearn.models.tangent_kernel.slopes import fit_slope
from spikelearn.models.tangent_kernel.solution import check_spectrum
from spikelearn.models.tangent_kernel.width import WidthStudy

N = 12


def rows(p, n=N, seed=0):
    return TangentKernel(n, 1).normalised(np.random.default_rng(seed).normal(size=(p, n)))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n": 0}, ValueError, r"TangentKernel\.n must be at least 1, got 0"),
        ({"n": 2.5}, TypeError, r"TangentKernel\.n must be a whole number, got 2\.5"),
        ({"depth": 0}, ValueError, r"TangentKernel\.depth must be at least 1, got 0"),
        ({"gamma": (1, 1)}, ValueError, r"TangentKernel\.gamma must have one rate a layer, 3 with the read-out"),
        ({"gamma": (1, 1, 0)}, ValueError, r"TangentKernel\.gamma must be positive"),
        ({"gamma": (1, 1, np.inf)}, ValueError, r"TangentKernel\.gamma must be positive"),
        ({"gamma": ("a", 1, 1)}, ValueError, r"TangentKernel\.gamma must be numbers"),
        ({"seed": -1}, ValueError, r"TangentKernel\.seed must not be negative, got -1"),
        ({"seed": [1, 2.5]}, TypeError, r"TangentKernel\.seed\[1\] must be a whole number, got 2\.5"),
        ({"keep_weights": 1}, TypeError, r"TangentKernel\.keep_weights must be True or False"),
        ({"weights": [np.eye(N)]}, ValueError, r"TangentKernel\.weights must be 2 matrices and a read-out, 3 arrays"),
        (
            {"weights": [np.eye(N), np.eye(3), np.ones(N)]},
            ValueError,
            r"TangentKernel\.weights\[1\] must have the shape \(12, 12\), got \(3, 3\)",
        ),
        (
            {"weights": [np.eye(N), np.eye(N), np.full(N, np.nan)]},
            ValueError,
            r"TangentKernel\.weights\[2\] must be finite",
        ),
        ({"phi": np.tanh}, TypeError, r"TangentKernel\.phi must be text"),
        ({"phi": "abs(x)"}, ValueError, r"TangentKernel\.phi must be differentiable, got abs: use sqrt"),
        ({"phi": "max(x, 0)"}, ValueError, r"TangentKernel\.phi must be differentiable, got max"),
        ({"phi": "sqrt(x**2)"}, ValueError, r"TangentKernel\.phi must be differentiable"),
        ({"phi": "sign(x)"}, ValueError, r"TangentKernel\.phi must be differentiable"),
        ({"phi": "log(x)"}, ValueError, r"TangentKernel\.phi must be finite and real for \|x\| <= 12.*not at -12"),
        ({"phi": "1/x"}, ValueError, r"TangentKernel\.phi must be finite and real .*not at 0"),
        ({"phi": "x**(1/3)"}, ValueError, r"TangentKernel\.phi must be finite and real"),
        ({"phi": "1 + 2"}, ValueError, r"TangentKernel\.phi must depend on x, got '1 \+ 2'"),
        ({"phi": "tanh(y)"}, ValueError, r"TangentKernel\.phi has no name 'y'"),
        ({"phi": "swish(x)"}, ValueError, r"TangentKernel\.phi has no function 'swish'"),
        ({"phi": "__import__('os')"}, ValueError, r"TangentKernel\.phi"),
        ({"phi": ""}, ValueError, r"TangentKernel\.phi must be a formula"),
    ],
)
def test_parameters(arguments, error, message):
    with pytest.raises(error, match=message):
        TangentKernel(**{"n": N, "depth": 2, **arguments})


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.ones((2, 5)), r"x must have the shape \(examples, 12\), got \(2, 5\)"),
        (np.ones((0, N)), r"x must have the shape \(examples, 12\)"),
        (2 * np.ones((2, N)), r"x must have \|x\|\^2 = n = 12 in every row, got 48 in row 0; kernel\.normalised\(x\)"),
        (np.full((2, N), np.nan), r"x must be finite"),
        (np.full((2, N), 1j), r"x must be real numbers"),
        ("rows", r"x must be real numbers"),
        ([[1.0, 2.0], [1.0]], r"x must be real numbers in rows of equal length"),
    ],
)
def test_inputs(x, message):
    network = TangentKernel(N, 2)
    for method in (network.kernels, network.output, network.passes, network.infinite_width):
        with pytest.raises(ValueError, match=message):
            method(x)


def test_targets_and_new_inputs():
    network = TangentKernel(N, 2)
    with pytest.raises(ValueError, match=r"linearised: y must have one number an example, shape \(3,\), got \(2,\)"):
        network.linearised(rows(3), [1.0, 2.0])
    with pytest.raises(ValueError, match=r"y must be finite"):
        network.linearised(rows(2), [1.0, np.nan])
    solution = network.linearised(rows(2), [1.0, 2.0])
    with pytest.raises(ValueError, match=r"predict: x_new must have \|x\|\^2 = n"):
        solution.predict(3 * rows(2))
    with pytest.raises(ValueError, match=r"change: layer must lie in 1 to 3, got 4"):
        solution.change(4)
    with pytest.raises(ValueError, match=r"normalised: x must have no row of zeros, got one in row 1"):
        network.normalised(np.vstack([np.ones(N), np.zeros(N)]))


def test_more_examples_than_weights():
    with pytest.raises(ValueError, match=r"at most as many examples as weights, 6, got 7; more cannot be fitted"):
        TangentKernel(2, 1).linearised(rows(7, 2), np.ones(7))
    # As many as weights are fitted; the kernel then has the condition 4e10, which leaves five digits.
    network, y = TangentKernel(3, 1, "tanh", seed=2), np.arange(12.0)
    solution = network.linearised(rows(12, 3), y)
    np.testing.assert_allclose(
        np.einsum("l,lij,j->i", network.rates, solution.kernels, solution.a) + network.output(rows(12, 3)), y, atol=1e-3
    )


@pytest.mark.parametrize(("sign", "phi"), [(1, "relu"), (1, "tanh"), (-1, "erf")])
def test_examples_that_coincide_or_are_opposite_under_an_odd_phi(sign, phi):
    x = rows(4)
    x[3] = sign * x[1]
    y = np.arange(4.0)
    network = TangentKernel(N, 2, phi)
    said = rf"cannot tell apart|can tell apart, but the kernel is singular .* rows 1 and 3, with the cosine {sign}"
    with pytest.raises(ValueError, match=said):
        network.linearised(x, y)
    with pytest.raises(ValueError, match=said):
        network.infinite_width_prediction(x, y, rows(2, seed=5))
    assert network.kernels(x).shape == (3, 4, 4)  # the kernel itself is well defined


def test_opposite_examples_are_told_apart_by_the_rectifier():
    x = rows(4)
    x[3] = -x[1]
    network = TangentKernel(N, 2, "relu")
    np.testing.assert_allclose(network.linearised(x, np.arange(4.0)).predict(x), np.arange(4.0), atol=1e-10)


def test_a_formula_too_steep_for_the_limit_but_not_for_a_network():
    steep = TangentKernel(N, 1, "sqrt(x**2 + 1e-8)")
    assert np.isfinite(steep.kernels(rows(2))).all()
    with pytest.raises(ValueError, match=r"TangentKernel\.phi must be smooth and grow slowly .* differ by"):
        steep.infinite_width(rows(2))
    with pytest.raises(ValueError, match=r"TangentKernel\.phi must be smooth and grow slowly"):
        TangentKernel(N, 1, "exp(x**2/3)").infinite_width(rows(2))


def test_outputs_that_overflow():
    with pytest.raises(ValueError, match=r"the output must be finite; phi grows too fast"):
        TangentKernel(N, 4, "exp(x**2/2)", seed=1).kernels(rows(2))


def test_descent_that_flees():
    network = TangentKernel(N, 3, "relu")
    solution = network.linearised(rows(3), 100 * np.ones(3))
    with pytest.raises(ValueError, match=r"descent must come down, but the residual grows; take a wider network"):
        descend(solution)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"widths": (64,)}, ValueError, r"WidthStudy\.widths must be at least two rising numbers, got \[64\]"),
        ({"widths": (128, 64)}, ValueError, r"WidthStudy\.widths must be at least two rising numbers"),
        ({"widths": "64, 128"}, TypeError, r"WidthStudy\.widths must be a list of whole numbers"),
        ({"widths": (64, 96.5)}, TypeError, r"WidthStudy\.widths\[1\] must be a whole number"),
        ({"widths": (16, 64)}, ValueError, r"WidthStudy\.widths must be at least n_dims = 32, got 16"),
        ({"n_seeds": 1}, ValueError, r"WidthStudy\.n_seeds must be at least 2, got 1"),
        ({"n_examples": 0}, ValueError, r"WidthStudy\.n_examples must be at least 1"),
        ({"descent_up_to": -1}, ValueError, r"WidthStudy\.descent_up_to must not be negative"),
        ({"phi": "abs(x)"}, ValueError, r"TangentKernel\.phi must be differentiable"),
        ({"gamma": (1.0,)}, ValueError, r"TangentKernel\.gamma must have one rate a layer"),
    ],
)
def test_studies(arguments, error, message):
    with pytest.raises(error, match=message):
        WidthStudy(**arguments)


def test_slopes():
    with pytest.raises(ValueError, match=r"fit_slope: values must be positive and finite"):
        fit_slope([1, 2], [[1.0, 2.0], [0.0, 1.0]])
    with pytest.raises(ValueError, match=r"fit_slope: values must have a row for each of at least two widths"):
        fit_slope([1, 2], [[1.0, 2.0]])


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_a_kernel_is_singular_by_what_its_rounding_is_beside_it(scale):
    """Ten times the rounding of a sum of two: 4.4e-15 of the largest eigenvalue, whatever the units of the outputs."""
    assert check_spectrum(scale * np.diag([1.0, 1e-14]), rows(2)) == pytest.approx(1e14, rel=1e-12)
    with pytest.raises(ValueError, match="the kernel is singular"):
        check_spectrum(scale * np.diag([1.0, 4e-15]), rows(2))
