"""LN cells: expectations against closed forms and independent integrals."""

import itertools

import numpy as np
import pytest
from scipy import integrate

from spikelearn.sources import LinearNonlinear

K_1 = np.array([0.1, 0.7, 0.4])
K_2 = np.array([0.5, -0.2, 0.3])
K = np.stack([K_1, K_2])
S = np.array([[1.0, 0.5, 0.2], [0.5, 1.5, 0.3], [0.2, 0.3, 0.8]])


def by_quad(weight, covariance=S, filters=K):
    """Give E[w], E[w x], E[w x x^T] by SciPy, over u and v; the rest of x follows from its regression on them.

    The conditional moments E[x|u], Cov[x|u] of a Gaussian take the place of the rotation that the package uses.
    """
    inner = filters @ covariance @ filters.T
    slope = covariance @ filters.T @ np.linalg.inv(inner)
    rest = covariance - slope @ inner @ slope.T
    root = np.linalg.cholesky(inner)

    def part(power):
        def density(v, u):
            projections = root @ np.array([u, v])
            return power(projections) * weight(*projections) * np.exp(-(u * u + v * v) / 2) / (2 * np.pi)

        return integrate.dblquad(density, -8.5, 8.5, -8.5, 8.5, epsabs=1e-9, epsrel=1e-9)[0]

    total = part(lambda _: 1.0)
    first = np.array([part(lambda p, i=i: p[i]) for i in range(2)])
    second = np.array([[part(lambda p, i=i, j=j: p[i] * p[j]) for i in range(2)] for j in range(2)])
    return total, slope @ first, total * rest + slope @ second @ slope.T


def test_smooth_formula_against_independent_integrals():
    gate = 0.6
    cells = LinearNonlinear(
        K, nonlinearity=("1 + tanh(u1)", "exp(0.3*u2 - 0.1*u1)"), rate=("20 Hz", "30 Hz"), covariance=S, gate=gate
    )
    total, first, second = by_quad(
        lambda u, v: 0.2 * (1 + np.tanh(u)) * 0.3 * np.exp(0.3 * v - 0.1 * u) * (1 + gate**2)
    )
    found = cells.expected_covariance("joint")
    # dblquad's own tolerance.
    assert cells.expected_weight("joint") == pytest.approx(total, rel=1e-8)
    np.testing.assert_allclose(found["average"], first / total, atol=1e-8)
    np.testing.assert_allclose(found["covariance"], second / total - np.outer(first, first) / total**2, atol=1e-8)
    np.testing.assert_allclose(found["prior_covariance"], S)


def test_kinks_in_two_directions():
    # Half-wave cells with orthonormal filters: E[w] = E[u_+] E[v_+], and so on, in closed form.
    cells = LinearNonlinear(np.eye(3)[:2], nonlinearity="rectified", gain=np.eye(2), covariance=np.eye(3), dt="10 ms")
    found = cells.expected_covariance("joint")
    assert cells.expected_weight("joint") == pytest.approx(0.04 / (2 * np.pi), rel=1e-8)
    mean = np.sqrt(np.pi / 2)
    np.testing.assert_allclose(found["average"], [mean, mean, 0.0], atol=1e-8)
    np.testing.assert_allclose(found["covariance"], np.diag([2 - mean**2, 2 - mean**2, 1.0]), atol=1e-7)


@pytest.mark.parametrize("slope", [-0.7, 0.0, 1.3])
def test_a_kink_across_both_directions(slope):
    # max(u + slope v - 0.5, 0) is a function of one normal number of variance 1 + slope^2.
    cells = LinearNonlinear(
        np.eye(3)[:2],
        nonlinearity=("threshold-linear", "1 + 0*u1"),
        gain=[1.0, slope],
        threshold=0.5,
        covariance=np.eye(3),
    )
    s = np.sqrt(1 + slope**2)
    tail, density = integrate.quad(lambda z: np.exp(-z * z / 2), 0.5 / s, 40)[0], np.exp(-0.125 / s**2)
    total = 0.2 * (s * density - 0.5 * tail) / np.sqrt(2 * np.pi)
    # Cells cut by the kink each add up to 1e-10 of the whole.
    np.testing.assert_allclose(cells.expected_rate(), [100 * total, 20.0], rtol=2e-8)
    # Stein: E[w x] = E[f'] (1, slope), E[f'] the chance to be above threshold.
    wanted = 0.2 * tail / np.sqrt(2 * np.pi) / total * np.array([1.0, slope, 0.0])
    np.testing.assert_allclose(cells.expected_average("joint"), wanted, atol=1e-7)


def test_exponential_cells_in_closed_form():
    a, b = 0.5, 0.8
    cells = LinearNonlinear(K, gain=[[a, 0.0], [0.0, b]], covariance=S, rate="20 Hz")
    one, two = S @ K_1, S @ K_2
    rates = 20 * np.exp([a**2 * K_1 @ one / 2, b**2 * K_2 @ two / 2])
    np.testing.assert_allclose(cells.expected_rate(), rates, rtol=1e-9)
    np.testing.assert_allclose(cells.expected_average("joint"), a * one + b * two, atol=1e-8)
    np.testing.assert_allclose(cells.expected_average("single", unit=1), b * two, atol=1e-8)
    summed = (rates[0] * a * one + rates[1] * b * two) / rates.sum()
    np.testing.assert_allclose(cells.expected_average("summed"), summed, atol=1e-8)
    np.testing.assert_allclose(cells.expected_covariance("joint")["eigenvalues"], 1.0, atol=1e-8)
    bias = cells.expected_bias("joint")
    np.testing.assert_allclose(bias.coefficients, [a, b], atol=1e-8)
    wanted = np.degrees(np.arccos((a * K_1 + b * K_2) @ K_1 / np.linalg.norm(a * K_1 + b * K_2) / np.linalg.norm(K_1)))
    assert bias.angle_to_first == pytest.approx(wanted, abs=1e-5)
    assert bias.angle_to_span < 1e-5
    assert not bias.unbiased
    assert "one vector in their span" in bias.statement
    # Of the cell that looks through the first filter alone the average is that filter, and nothing is said against it.
    alone = cells.expected_bias("single", unit=0)
    assert alone.angle_to_first < 1e-5
    assert "none of them" not in alone.statement
    assert "in general none of the filters" in alone.statement


def test_quadratic_cells_in_closed_form():
    # F = u^4 along k: E[u^6]/E[u^4] = 5; the average vanishes.
    cells = LinearNonlinear(K_1 / np.sqrt(K_1 @ S @ K_1), nonlinearity="quadratic", covariance=S)
    found = cells.expected_covariance("joint")
    np.testing.assert_allclose(found["eigenvalues"], [5.0, 1.0, 1.0], atol=1e-7)
    np.testing.assert_allclose(found["axes"][0], K_1 / np.linalg.norm(K_1), atol=1e-7)
    np.testing.assert_allclose(cells.expected_covariance()["eigenvalues"], [3.0, 1.0, 1.0], atol=1e-7)
    assert cells.expected_average("joint").values == pytest.approx(np.zeros(3), abs=1e-8)
    bias = cells.expected_bias("joint")
    assert np.isnan(bias.angle_to_first)
    assert "The average vanishes" in bias.statement


def test_lags_mix_in_shifted_copies():
    # Pairs l frames apart answer k and its copy: mean of a (k + S_l k) with the weights m_l exp(a^2 |k + S_l k|^2/2).
    a, lags = 0.6, 2
    cells = LinearNonlinear(K_1, gain=a)
    copies = np.array(
        [
            np.concatenate([np.zeros(2), K_1]) + np.concatenate([np.zeros(2 - m), K_1, np.zeros(m)])
            for m in range(lags + 1)
        ]
    )
    share = np.array([1, 2, 2]) * np.exp(a**2 * (copies**2).sum(axis=1) / 2)
    expected = cells.expected_average("joint", max_lag=lags)
    np.testing.assert_allclose(expected, a * share @ copies / share.sum(), atol=1e-8)
    np.testing.assert_allclose(expected["lag"], [-0.04, -0.03, -0.02, -0.01, 0.0], atol=1e-15)
    bias = cells.expected_bias("joint", max_lag=lags)
    assert bias.angle_to_first > 10
    assert not bias.unbiased
    assert "shifted copies" in bias.statement


def test_one_filter_is_found_without_bias_when_the_stimulus_is_elliptical():
    for kind, keywords in itertools.product(
        ["rectified", "exponential", "1 + tanh(3*u1 - 1)"],
        [{}, {"stimulus": "elliptical", "contrasts": (0.2, 1.0, 3.0)}],
    ):
        cells = LinearNonlinear(K_1, nonlinearity=kind, covariance=S, gain=0.5, **keywords)
        for weights in ("single", "summed", "joint"):
            bias = cells.expected_bias(weights)
            assert bias.unbiased
            assert bias.angle_to_first < 1e-5, (kind, keywords, weights)
            # Unwhitened, the average points along S k.
            assert bias.coefficients[0] > 0


def test_elliptical_exponential_in_closed_form():
    cells = LinearNonlinear(K_1, stimulus="elliptical", contrasts=(0.5, 1.0), covariance=S, gain=0.7)
    squares = np.array([0.25, 1.0]) / 0.625
    weight = np.exp(1.4**2 * squares * (K_1 @ S @ K_1) / 2)
    wanted = (squares * weight).sum() / weight.sum() * 1.4 * S @ K_1
    np.testing.assert_allclose(cells.expected_average("joint"), wanted, atol=1e-8)
    # The bulk moves with the contrast that fires: a sphere of covariance 1 that is no Gaussian.
    bulk = (squares * weight).sum() / weight.sum()
    np.testing.assert_allclose(cells.expected_covariance("joint")["eigenvalues"][1:], bulk, atol=1e-8)


def test_binary_stimulus_by_enumeration_and_its_bias():
    filters = np.array([1.0, 0.6, 0.0, -0.3])
    cells = LinearNonlinear(filters, nonlinearity="exp(u1)", stimulus="binary")
    patterns = list(itertools.product([-1, 1], repeat=4))
    weight = [0.04 * np.exp(2 * sum(k * x for k, x in zip(filters, pattern, strict=True))) for pattern in patterns]
    total = sum(weight) / 16
    average = [sum(w * pattern[i] for w, pattern in zip(weight, patterns, strict=True)) / 16 / total for i in range(4)]
    assert cells.expected_weight("joint") == pytest.approx(total, rel=1e-12)
    np.testing.assert_allclose(cells.expected_average("joint"), average, atol=1e-12)
    # In closed form: independent signs, E = tanh(2 k_i), which is not proportional to k_i.
    np.testing.assert_allclose(average, np.tanh(2 * filters), atol=1e-12)
    bias = cells.expected_bias("joint")
    angle = np.degrees(
        np.arccos(np.tanh(2 * filters) @ filters / np.linalg.norm(np.tanh(2 * filters)) / np.linalg.norm(filters))
    )
    assert bias.angle_to_first == pytest.approx(angle, abs=1e-6)
    assert angle > 5
    assert "not elliptical" in bias.statement
    wanted = np.diag(1 - np.tanh(2 * filters) ** 2)
    np.testing.assert_allclose(cells.expected_covariance("joint")["covariance"], wanted, atol=1e-12)


def test_given_frames_are_averaged_as_they_are():
    frames = np.random.default_rng(5).gamma(1.0, size=(60, 2))
    filters = np.random.default_rng(6).normal(size=(1, 3, 2))
    cells = LinearNonlinear(filters, stimulus=frames, gain=0.1, cells=1)
    rows = [frames[k - 2 : k + 1] for k in range(2, 60)]
    weight = [0.2 * np.exp(0.1 * (row * filters[0]).sum()) for row in rows]
    average = sum(w * row for w, row in zip(weight, rows, strict=True)) / sum(weight)
    np.testing.assert_allclose(cells.expected_average(), average, atol=1e-12)
    assert cells.expected_rate()[0] == pytest.approx(100 * np.mean(weight), rel=1e-12)


def test_a_gate_leaves_rates_and_shows_only_to_joint_weights():
    plain = LinearNonlinear(K, nonlinearity="1 + 0*u1", covariance=S)
    gated = LinearNonlinear(K, nonlinearity="1 + 0*u1", gate="tanh(2*u2)", covariance=S)
    np.testing.assert_allclose(gated.expected_rate(), [20.0, 20.0], rtol=1e-9)
    np.testing.assert_allclose(gated.expected_covariance("summed")["eigenvalues"], 1.0, atol=1e-8)
    found = gated.expected_covariance("joint")
    s = np.sqrt(K_2 @ S @ K_2)

    def moment(power):
        return integrate.quad(lambda z: z**power * (1 + np.tanh(2 * s * z) ** 2) * np.exp(-z * z / 2), -12, 12)[0]

    assert found["eigenvalues"].values[0] == pytest.approx(moment(2) / moment(0), abs=1e-7)
    np.testing.assert_allclose(np.abs(found["axes"][0]), np.abs(K_2) / np.linalg.norm(K_2), atol=1e-6)
    ratio = gated.expected_weight("joint") / plain.expected_weight("joint")
    assert ratio == pytest.approx(moment(0) / np.sqrt(2 * np.pi), rel=1e-8)


def test_same_subspace_for_independent_cells_without_lags():
    # The span of average and changed axes is that of the filters, for joint and for summed weights alike.
    cells = LinearNonlinear(K, nonlinearity=("1 + tanh(u1)", "exp(0.3*u2)*u2**2"), covariance=S)
    for weights in ("summed", "joint"):
        found = cells.expected_covariance(weights)
        changed = np.abs(found["eigenvalues"].values - 1) > 1e-6
        assert changed.sum() == 2
        inside = np.linalg.lstsq(K.T, found["axes"].values[changed].T, rcond=None)[1]
        np.testing.assert_allclose(inside, 0.0, atol=1e-10)
        assert cells.expected_bias(weights).angle_to_span < 1e-4
