"""External input, the random part, and mixtures: each against simulation, differences or other root finders."""

import numpy as np
import pytest
from scipy.optimize import brentq, root

import spikelearn as sl
from spikelearn.models.low_rank import Population, network_jacobian
from spikelearn.models.low_rank.closure import finite_fixed_point
from spikelearn.models.low_rank.driven import strength
from spikelearn.models.low_rank.random_part import strongest_structure
from spikelearn.models.low_rank.theory import erf_amplitude, erf_onset_of_chaos


def derivative(model, m, u=None, h=1e-6):
    return np.array([(model.flow(m + h * e, u) - model.flow(m - h * e, u)) / (2 * h) for e in np.eye(model.p)]).T


DRIVEN = {
    "two overlaps": ([[0.6, 0.2], [0.1, 0.5]], [[0.3], [0.1]], [0.05]),
    "strong input": ([[0.6, 0.2], [0.1, 0.5]], [[0.3], [0.1]], [2.0]),
    "an eigenvector out of reach": ([[0.6, 0.0], [0.0, 0.5]], [[0.3], [0.0]], [0.05]),
    "turning": ([[0.5, -0.4], [0.4, 0.5]], [[0.3], [0.2]], [0.4]),
    "two inputs": ([[0.6, 0.2], [0.1, 0.5]], [[0.3, 0.0], [0.1, 0.4]], [0.03, -0.05]),
    "tiny input": ([[0.7]], [[0.3]], [1e-6]),
}


@pytest.mark.parametrize("name", DRIVEN)
@pytest.mark.parametrize("phi", ["erf", pytest.param("tanh", marks=pytest.mark.slow)])
def test_fixed_points_under_input(name, phi):
    """Against SciPy's root finder from 300 starts in the square of all possible overlaps; Jacobians by differences."""
    C, B, u = DRIVEN[name]
    model = sl.LowRank(C, phi, 3.0, B=B)
    points = model.fixed_points(u)
    for point in points:
        assert np.abs(model.flow(point.overlaps, u)).max() < 1e-10
        numerical = derivative(model, point.overlaps, u)
        np.testing.assert_allclose(model.jacobian(point.overlaps, u), numerical, atol=1e-7)
        assert point.stable == bool((np.linalg.eigvals(numerical).real < 0).all())
    hit = set()
    starts = np.random.default_rng(0).uniform(-0.8, 0.8, (150, model.p))
    for start in [*starts, *(0.15 * starts)]:
        found = root(lambda m: model.flow(m, u), start, tol=1e-12)
        if found.success and np.abs(model.flow(found.x, u)).max() < 1e-9:
            distance = [np.abs(found.x - point.overlaps).max() for point in points]
            assert min(distance) < 1e-6
            hit.add(int(np.argmin(distance)))
    assert len(hit) == len(points)


def test_the_fold_bounds_the_memory():
    """Just inside the fold there are three fixed points of one overlap, just outside one; a network jumps there."""
    model = sl.LowRank([[0.8]], "erf", 3.0, B=[0.5])
    (fold,) = model.folds()
    for direction in ([3.0], [-0.01]):
        np.testing.assert_allclose(model.folds(direction), [fold], rtol=1e-12)
    assert len(model.fixed_points([fold * (1 - 1e-6)])) == 3
    assert len(model.fixed_points([fold * (1 + 1e-6)])) == 1
    # The fold is where the Jacobian of a fixed point is singular: solved here on its own.
    k = 0.5 * np.sqrt(np.pi) * 3
    f = lambda s2: 3 / np.sqrt(1 + 2 * k * k * s2)  # noqa: E731

    def lower(u):
        """The stable branch with m against u > 0: the smallest of dm/dt between zero and the branch."""
        m = np.linspace(0, erf_amplitude(3.0, 0.8), 20_001)
        return (f(m * m + u * u) * (0.8 * m - 0.5 * u) - m).max()

    assert fold == pytest.approx(brentq(lower, 1e-3, 0.5, xtol=1e-12), rel=1e-6)
    vectors = model.sample(20_000, 1, whiten=True)
    start = finite_fixed_point(model, vectors, [-erf_amplitude(3.0, 0.8)])
    ends = [
        sl.simulate(
            model, 60, dt=0.05, vectors=vectors, input=[size], initial=sl.Initial(m=start), record="m", engine="closure"
        ).traces.m.values[-1, 0]
        for size in (0.9 * fold, 1.1 * fold)
    ]
    assert ends[0] < 0 < ends[1]


@pytest.mark.parametrize("u", [None, [0.4, -0.3]])
def test_the_jacobian_of_a_driven_network_is_that_of_all_its_units(u):
    """Units by their own equations, dx_i/dt = -x_i + sum_j xi_j . eta_i phi(x_j)/n + I_i, by finite differences."""
    model = sl.LowRank([[0.5, 0.2], [-0.1, 0.4]], "tanh", 2.0, B=[[0.3, 0.1], [0.2, 0.3]])
    vectors, m, n = model.sample(7, 3), np.array([0.3, -0.5]), 7
    x = m @ vectors.eta + (0.0 if u is None else np.array(u) @ vectors.inputs)

    def units(x):
        return -x + sum(np.outer(vectors.eta[k], vectors.xi[k]) for k in range(2)) @ np.tanh(2 * x) / n

    whole = np.array([(units(x + 1e-5 * e) - units(x - 1e-5 * e)) / 2e-5 for e in np.eye(n)]).T
    found = np.linalg.eigvals(network_jacobian(model, vectors, m, u))
    values = np.linalg.eigvals(whole)
    values = values[np.argsort(np.abs(values + 1))]
    np.testing.assert_allclose(values[: n - 2], -1.0, atol=1e-8)
    np.testing.assert_allclose(np.sort_complex(found), np.sort_complex(values[n - 2 :]), atol=1e-8)


def test_input_moves_the_fixed_point_of_a_network_and_the_path_of_the_mean_field():
    model = sl.LowRank([[0.5, 0.2], [-0.1, 0.4]], "tanh", 2.0, B=[[0.3, 0.1], [0.2, 0.3]])
    vectors, u = model.sample(40, 3), np.array([0.4, -0.3])
    m = finite_fixed_point(model, vectors, [0.3, -0.2], u)
    h = [sum(m[k] * vectors.eta[k, j] + u[k] * vectors.inputs[k, j] for k in range(2)) for j in range(40)]
    np.testing.assert_allclose([vectors.xi[k] @ np.tanh(2 * np.array(h)) / 40 for k in range(2)], m, atol=1e-12)
    # The mean field by small steps of its own flow, Richardson's rule between two sizes of Heun's; input from 0.5 on.
    ends = []
    for n in (200, 400):
        now, dt = np.array([0.3, -0.2]), 1.0 / n
        for k in range(n):
            on = u if k >= n // 2 else 0 * u
            slope = model.flow(now, on)
            now = now + dt / 2 * (slope + model.flow(now + dt * slope, on))
        ends.append(now)
    expected = (4 * ends[1] - ends[0]) / 3
    half = model.mean_field([0.3, -0.2], [0.5])[0]
    np.testing.assert_allclose(model.mean_field(half, [0.5], u)[0], expected, atol=1e-6)
    switched = model.mean_field([0.3, -0.2], [1.0], lambda t: u if t >= 0.5 else 0 * u)[0]
    np.testing.assert_allclose(switched, expected, atol=1e-6)
    assert np.abs(model.mean_field([0.3, -0.2], [1.0])[0] - expected).max() > 0.01


def test_the_strength_is_zero_where_the_fixed_points_need_no_input():
    # One overlap: |u| = s/sqrt(1 + (b f/(1 - c f))^2), by hand. At gain 2 and c = 1/2 the slope of tanh at no spread is
    # exactly 1/c, where the equations have no solution and the strength is 0.
    model, s = sl.LowRank([[0.5]], "erf", 2.0, B=[0.7]), np.array([0.1, 0.6, 2.0])
    f = 2 / np.sqrt(1 + np.pi / 2 * 4 * s**2)
    by_hand = s / np.sqrt(1 + (0.7 * f / (1 - 0.5 * f)) ** 2)
    np.testing.assert_allclose(strength(model, s, np.ones(1)), by_hand, rtol=1e-12)
    assert strength(sl.LowRank([[0.5]], "tanh", 2.0, B=[0.7]), 1e-300, np.ones(1)) == [0.0]


def test_there_is_no_fold_without_memory():
    assert len(sl.LowRank([[0.3]], "erf", 3.0, B=[0.5]).folds()) == 0


def test_input_refusals():
    with pytest.raises(ValueError, match=r"LowRank.fixed_points: u needs LowRank.B"):
        sl.LowRank([[0.5]]).fixed_points([0.1])
    model = sl.LowRank([[0.5]], B=[0.1])
    with pytest.raises(ValueError, match="u must be 1 finite numbers"):
        model.fixed_points([0.1, 0.2])
    with pytest.raises(ValueError, match="direction must not be zero"):
        model.folds([0.0])
    with pytest.raises(ValueError, match="fixed points under input need a bounded phi"):
        sl.LowRank([[0.5]], "x**3", 1.0, B=[0.1]).fixed_points([0.1])
    with pytest.raises(ValueError, match="must have g = 0 under input"):
        sl.LowRank([[0.5]], B=[0.1], g=0.1).fixed_points([0.1])
    with pytest.raises(ValueError, match="LowRank.folds must have g = 0"):
        sl.LowRank([[0.5]], B=[0.1], g=0.1).folds()
    with pytest.raises(ValueError, match="LowRank.flow must have g = 0"):
        sl.LowRank([[0.5]], g=0.1).flow([0.1])
    with pytest.raises(ValueError, match="LowRank.jacobian must have g = 0"):
        sl.LowRank([[0.5]], g=0.1).jacobian([0.1])
    with pytest.raises(ValueError, match="m must be 1 finite numbers"):
        model.mean_field([0.1, 0.2], [1.0])
    for times in ([1.0, 0.5], [0.5, 0.5], [-0.1, 0.5], [], [[0.5, 1.0]]):
        with pytest.raises(ValueError, match="times must be one-dimensional, rising"):
            model.mean_field([0.1], times)
    # Zero is no refusal, alone or first.
    np.testing.assert_array_equal(model.mean_field([0.1], [0.0]), [[0.1]])
    assert model.mean_field([0.1], [0.0, 0.5])[0, 0] == 0.1


def test_the_random_part_in_closed_form():
    model = sl.LowRank([[0.8]], "erf", 3.0, g=0.4)
    point, zero = model.fixed_points()
    a = erf_amplitude(3.0, 0.8)
    s = 0.5 * np.pi * 9 * a * a
    q = 2 / np.pi * np.arcsin(s / (1 + s))
    assert point.spread == pytest.approx(a, rel=1e-13)
    assert point.amplitude == pytest.approx(np.sqrt(a * a - 0.16 * q), rel=1e-13)
    assert point.bulk == pytest.approx(0.4 * 3 / (1 + np.pi * 9 * a * a) ** 0.25 - 1, rel=1e-12)
    assert model.onset_of_chaos() == pytest.approx(erf_onset_of_chaos(3.0, a), rel=1e-13)
    assert model.onset_of_chaos(1) == pytest.approx(1 / 3, rel=1e-15)
    assert zero.bulk == pytest.approx(0.2, rel=1e-14)
    assert point.stable
    assert not zero.stable


def test_a_branch_can_end_before_it_is_chaotic():
    """Near threshold a is small: g_c = 1/phi'(0) + O(a^2), and so is the g = a/sqrt q at which |m| vanishes."""
    model = sl.LowRank([[0.8]], "erf", 1.3)
    end = strongest_structure(model)
    gone = sl.LowRank([[0.8]], "erf", 1.3, g=end * 1.001)
    assert [point.amplitude for point in gone.fixed_points()] == [0.0]
    there = sl.LowRank([[0.8]], "erf", 1.3, g=end * 0.999)
    assert len(there.fixed_points()) == 2
    assert model.onset_of_chaos() in (float("inf"), pytest.approx(erf_onset_of_chaos(1.3, erf_amplitude(1.3, 0.8))))
    assert (model.onset_of_chaos() == float("inf")) == (erf_onset_of_chaos(1.3, erf_amplitude(1.3, 0.8)) >= end)


def settled(model, vectors, m, steps=400, dt=0.2):
    from spikelearn.models.low_rank.array import integrate

    return integrate(model, vectors, vectors.state(m), steps, dt).x


@pytest.mark.parametrize("phi", ["erf", pytest.param("tanh", marks=pytest.mark.slow)])
def test_outliers_and_bulk_of_a_random_network(phi):
    """Eigenvalues of the dense Jacobian at the settled state of n = 1000: the outliers lie within 0.1 of the p + 1
    predicted ones that stand clear of the bulk, all others within its radius + 0.05 (edges scatter by n^-1/2)."""
    model = sl.LowRank([[0.8, 0.0], [0.0, 0.6]], phi, 1.8, g=0.22)
    point = model.fixed_points()[0]
    vectors = model.sample(1000, 3, whiten=True)
    x = settled(model, vectors, point.overlaps)
    # Overlaps scatter by about 1/sqrt(n) = 0.03 over the smallest rate, 0.25.
    assert np.abs(vectors.overlaps(x) - point.overlaps).max() < 0.3
    J = vectors.connectivity() + model.g / np.sqrt(1000) * vectors.chi
    slopes = model.nonlinearity(J @ x, 1)
    assert np.abs(model.nonlinearity(J @ x) - x).max() < 1e-8
    values = np.linalg.eigvals(slopes[:, None] * J) - 1
    radius = point.bulk + 1
    clear = [value for value in point.eigenvalues if abs(value + 1) > radius + 0.1]
    assert len(clear) >= 2
    outside = values[np.abs(values + 1) > radius + 0.05]
    assert len(outside) == len(clear)
    for value in clear:
        assert np.abs(outside - value).min() < 0.1
    assert values.real.max() < 0


def test_overlaps_and_variance_move_each_other():
    """All p + 1 eigenvalues, by differences of the map that overlaps m and second moment r of the activity repeat.

    (m, r) -> (f(a) C m, q(a)) with a^2 = |m|^2 + g^2 r; for the error function f and q are written out here. Central
    differences err by h^2 = 1e-10 times a third derivative of order 100. Without either coupling, of the variance to
    the overlaps or of the overlaps to it, the eigenvalues lie far away.
    """
    C, gain, g = np.array([[0.8, 0.3], [0.1, 0.5]]), 3.0, 0.4
    point = sl.LowRank(C, "erf", gain, g=g).fixed_points()[0]

    def repeat(state):
        s = 0.5 * np.pi * gain**2 * (state[:2] @ state[:2] + g * g * state[2])
        return np.append(gain / np.sqrt(1 + s) * C @ state[:2], 2 / np.pi * np.arcsin(s / (1 + s)))

    s = 0.5 * np.pi * (gain * point.spread) ** 2
    rest = np.append(point.overlaps, 2 / np.pi * np.arcsin(s / (1 + s)))
    np.testing.assert_allclose(repeat(rest), rest, atol=1e-12)
    h = 1e-5
    slopes = np.array([(repeat(rest + h * e) - repeat(rest - h * e)) / (2 * h) for e in np.eye(3)]).T
    found = np.sort_complex(point.eigenvalues)
    np.testing.assert_allclose(found, np.sort_complex(np.linalg.eigvals(slopes) - 1), atol=1e-7)
    for side in (np.s_[:2, 2], np.s_[2, :2]):
        apart = slopes.copy()
        apart[side] = 0
        assert np.abs(np.sort_complex(np.linalg.eigvals(apart) - 1) - found).max() > 0.05


def test_the_extra_eigenvalue_is_that_of_the_variance():
    """In the limit of g = 0 the variance follows: its eigenvalue is -1 and the others are those of the overlaps."""
    plain = sl.LowRank([[0.8, 0.0], [0.1, 0.6]], "erf", 3.0).fixed_points()[0].eigenvalues
    with_it = sl.LowRank([[0.8, 0.0], [0.1, 0.6]], "erf", 3.0, g=1e-8).fixed_points()[0].eigenvalues
    np.testing.assert_allclose(np.sort(with_it.real), np.sort([*plain.real, -1.0]), atol=1e-9)


@pytest.mark.slow
def test_chaos_sets_in_where_predicted():
    """Activity at rest below 0.85 g_c and moving above 1.3 g_c, n = 2000: the mean speed |dx/dt| of the last steps."""
    base = sl.LowRank([[0.8]], "erf", 3.0)
    critical = base.onset_of_chaos()
    speeds = []
    for g in (0.85 * critical, 1.3 * critical):
        model = sl.LowRank([[0.8]], "erf", 3.0, g=g)
        vectors = model.sample(2000, 5, whiten=True)
        x = settled(model, vectors, [0.5], steps=600)
        J = vectors.connectivity() + g / np.sqrt(2000) * vectors.chi
        speeds.append(np.sqrt(np.mean((model.nonlinearity(J @ x) - x) ** 2)))
    assert speeds[0] < 1e-6
    assert speeds[1] > 1e-2


MIXTURES = {
    "means": [Population(0.5, [[0.5]], [0.8], [0.9]), Population(0.5, [[0.3]], [-0.4], [-0.2])],
    "two overlaps": [
        Population(0.4, [[0.7, 0.0], [0.0, 0.2]], [0.5, 0.0], [0.6, 0.1]),
        Population(0.6, [[0.1, 0.3], [-0.3, 0.1]], [0.0, -0.4], [0.2, 0.5]),
    ],
}


@pytest.mark.parametrize("phi", ["erf", pytest.param("tanh", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", MIXTURES)
def test_mixtures(phi, name):
    """The flow as a mean over 1e6 sampled units (sd of an entry below 2e-3); Jacobians by differences; fixed points
    against SciPy's root finder from 100 starts."""
    model = sl.LowRank(mixture=MIXTURES[name], phi=phi, gain=3.0)
    vectors = model.sample(1_000_000, 2)
    m = np.array([0.3, -0.2])[: model.p]
    sampled = vectors.xi @ model.nonlinearity(m @ vectors.eta) / vectors.n - m
    np.testing.assert_allclose(model.flow(m), sampled, atol=9e-3)
    np.testing.assert_allclose(model.jacobian(m), derivative(model, m), atol=1e-7)
    np.testing.assert_allclose(network_jacobian(model, vectors, m), model.jacobian(m), atol=3e-2)
    points = model.fixed_points()
    for point in points:
        assert np.abs(model.flow(point.overlaps)).max() < 1e-11
        assert point.stable == bool((np.linalg.eigvals(derivative(model, point.overlaps)).real < 0).all())
    hit = set()
    for start in np.random.default_rng(1).uniform(-1.5, 1.5, (100, model.p)):
        found = root(model.flow, start, tol=1e-12)
        if found.success and np.abs(model.flow(found.x)).max() < 1e-9:
            distance = [np.abs(found.x - point.overlaps).max() for point in points]
            assert min(distance) < 1e-6
            hit.add(int(np.argmin(distance)))
    assert len(hit) >= len(points) - 1


def test_a_mixture_of_one_is_the_plain_network():
    one = sl.LowRank(mixture=[Population(1.0, [[0.8, 0.1], [-0.2, 0.5]])], phi="erf", gain=3.0)
    plain = sl.LowRank([[0.8, 0.1], [-0.2, 0.5]], "erf", 3.0)
    m = np.array([[0.2, -0.3], [0.0, 0.1]])
    np.testing.assert_allclose(one.flow(m), plain.flow(m), atol=1e-14)
    np.testing.assert_allclose(one.jacobian(m[0]), plain.jacobian(m[0]), atol=1e-14)
    assert one.fixed_points()[0].amplitude == pytest.approx(plain.fixed_points()[0].amplitude, rel=1e-12)


def test_the_closed_form_of_a_mixture():
    """<phi> = erf(k mu/sqrt(1 + 2 k^2 s^2)) with k = sqrt(pi) gain/2, written out for one overlap."""
    from scipy.special import erf

    model = sl.LowRank(mixture=MIXTURES["means"], phi="erf", gain=2.0)
    k, m, total = np.sqrt(np.pi), 0.37, -0.37
    for weight, c, eta, xi in ((0.5, 0.5, 0.8, 0.9), (0.5, 0.3, -0.4, -0.2)):
        kappa = k / np.sqrt(1 + 2 * k * k * m * m)
        slope = 2 / np.sqrt(np.pi) * kappa * np.exp(-((kappa * eta * m) ** 2))
        total += weight * (xi * erf(kappa * eta * m) + c * m * slope)
    assert model.flow(np.array([m]))[0] == pytest.approx(total, abs=1e-15)


def test_mixture_refusals():
    with pytest.raises(ValueError, match="a mixture needs a bounded phi, got 'x"):
        sl.LowRank(mixture=MIXTURES["means"], phi="x**3", gain=1.0).fixed_points()
    for call in ("limit_cycle", "fluctuations", "onset_of_chaos"):
        with pytest.raises(ValueError, match=f"LowRank.{call} must have no mixture"):
            getattr(sl.LowRank(mixture=MIXTURES["means"]), call)()
