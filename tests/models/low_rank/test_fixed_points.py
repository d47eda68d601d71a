"""Fixed points and their stability, each two ways; the printed Jacobian refuted."""

import numpy as np
import pytest
from scipy.optimize import root

from spikelearn.models import low_rank as sl
from spikelearn.models.low_rank import index_sum, network_jacobian, printed_jacobian
from spikelearn.models.low_rank.fixed_points import amplitudes, sign_changes
from spikelearn.models.low_rank.theory import erf_amplitude, erf_radial_rate

BUMP = "(erf(6*(x - 0.35)) + erf(6*(x + 0.35)))/2"


def finite_differences(model, m, u=None, h=1e-5):
    """Central differences, of fourth order by Richardson's rule: error about h^4 f'''''/30, rounding 1e-16/h."""
    columns = []
    for unit in np.eye(model.p):
        one = (model.flow(m + h * unit, u) - model.flow(m - h * unit, u)) / (2 * h)
        two = (model.flow(m + 2 * h * unit, u) - model.flow(m - 2 * h * unit, u)) / (4 * h)
        columns.append((4 * one - two) / 3)
    return np.array(columns).T


def test_erf_has_closed_forms():
    model = sl.LowRank(np.diag([0.9, 0.7, 0.4]), "erf", 2.2)
    points = model.fixed_points()
    assert [point.eigenvalue for point in points[:2]] == pytest.approx([0.9, 0.7])
    assert len(points) == 3  # 2.2 * 0.4 < 1
    for point in points[:2]:
        assert point.amplitude == pytest.approx(erf_amplitude(2.2, point.eigenvalue), rel=1e-14)
        radial = erf_radial_rate(2.2, point.eigenvalue)
        others = [value / point.eigenvalue - 1 for value in (0.9, 0.7, 0.4) if value != point.eigenvalue]
        np.testing.assert_allclose(np.sort(point.eigenvalues.real), np.sort([radial, *others]), atol=1e-13)


@pytest.mark.parametrize("phi", ["tanh", "erf", "x/sqrt(1 + x**2)"])
@pytest.mark.parametrize("p", [2, 3, 5])
def test_every_point_is_one_and_its_jacobian_is_right(phi, p):
    """Non-normal C: f(a) lambda = 1 against the field itself, and the Jacobian against finite differences."""
    V = np.eye(p) + 0.2 * np.random.default_rng(p).standard_normal((p, p))
    A = V @ np.diag(np.linspace(1, -0.2, p)) @ np.linalg.inv(V)
    model = sl.LowRank(0.95 * A / np.linalg.norm(A, 2), phi, 8.0)
    points = model.fixed_points()
    assert len(points) > 1
    assert index_sum(points) == 1
    for point in points:
        assert np.abs(model.flow(point.overlaps)).max() < 1e-14
        numerical = finite_differences(model, point.overlaps)
        np.testing.assert_allclose(model.jacobian(point.overlaps), numerical, atol=2e-8)
        spectrum = np.sort_complex(np.linalg.eigvals(numerical))
        np.testing.assert_allclose(np.sort_complex(point.eigenvalues), spectrum, atol=1e-6)
        if point.amplitude:
            a, kind = point.amplitude, model.nonlinearity
            printed = printed_jacobian(model, point.overlaps)
            assert np.abs(printed - numerical).max() > 0.05
            # It has 2 where the eigenvalue must stand, so that it is off along the overlaps alone.
            v = point.overlaps / a
            off = (2 - point.eigenvalue) * a * float(kind.slope_rate(a)) * np.outer(v, v)
            np.testing.assert_allclose(printed - numerical, off, atol=1e-6)
            # Erratum L5: the radial rate and lambda_l/lambda_k - 1 for any C that has eigenvectors.
            radial = a * float(kind.slope_rate(a)) / float(kind.slope(a))
            values = np.linalg.eigvals(model.C)
            others = np.delete(values, np.abs(values - point.eigenvalue).argmin()) / point.eigenvalue - 1
            expected = np.sort_complex(np.append(others, radial))
            np.testing.assert_allclose(np.sort_complex(point.eigenvalues), expected, atol=1e-9)


def test_the_printed_jacobian_can_even_have_the_wrong_sign():
    """2 alpha f' v v^T for lambda alpha f' v v^T: at large gain the true radial rate tends to -1, the printed one to
    -2/lambda."""
    model = sl.LowRank([[0.5]], "erf", 20.0)
    top = model.fixed_points()[0]
    assert top.eigenvalues.real.max() == pytest.approx(-0.99, abs=1e-3)
    assert printed_jacobian(model, top.overlaps)[0, 0] == pytest.approx(-3.96, abs=1e-2)


def test_general_phi_has_several_branches_and_a_stable_zero():
    """Erratum L1: with a phi that is steepest away from zero, zero is stable beside a stable branch."""
    model = sl.LowRank([[0.9]], BUMP, 1.0)
    points = model.fixed_points()
    assert [point.stable for point in points] == [True, False, True]
    k, x0 = 6.0, 0.35
    assert x0 < 0.9 * np.sqrt(2 / (np.pi * np.e))
    for point in points[:2]:
        s = 1 + 2 * (k * point.amplitude) ** 2
        assert 0.9 * 2 * k / np.sqrt(np.pi * s) * np.exp(-((k * x0) ** 2) / s) == pytest.approx(1, rel=1e-12)
    beyond = sl.LowRank([[0.9]], "(erf(6*(x - 0.45)) + erf(6*(x + 0.45)))/2", 1.0)
    assert len(beyond.fixed_points()) == 1


def test_branches_that_nearly_touch_are_found():
    """The fold of the two branches lies at x0 = lambda sqrt(2/(pi e)); just below it they are 2e-4 apart."""
    edge = 0.9 * float(np.sqrt(2 / (np.pi * np.e)))
    for shift, count in ((-1e-8, 3), (1e-8, 1)):
        x0 = edge * (1 + shift)
        model = sl.LowRank([[0.9]], f"(erf(6*(x - {x0!r})) + erf(6*(x + {x0!r})))/2", 1.0)
        assert len(model.fixed_points()) == count


def test_a_lost_branch_is_noticed(monkeypatch):
    """The index argument: without one of the two branches the indices add up to -1."""
    model = sl.LowRank([[0.9]], BUMP, 1.0)
    place = "spikelearn.models.low_rank.fixed_points.amplitudes"
    monkeypatch.setattr(place, lambda *given: amplitudes(*given)[:1])
    with pytest.raises(RuntimeError, match="indices of the 2 points found must add up to 1, got -1"):
        model.fixed_points()


@pytest.mark.parametrize("seed", range(4))
def test_no_root_finder_finds_another_point(seed):
    """SciPy's hybrid method from 200 starts in the cube of all possible overlaps finds the listed points only."""
    rng = np.random.default_rng(seed)
    V = np.eye(3) + 0.3 * rng.standard_normal((3, 3))
    A = V @ np.diag([1.0, 0.7, 0.4]) @ np.linalg.inv(V)
    model = sl.LowRank(0.95 * A / np.linalg.norm(A, 2), "erf", 6.0)
    listed = [s * point.overlaps for point in model.fixed_points() for s in (1, -1)]
    assert len(listed) == 8  # zero twice
    hit = set()
    for start in rng.uniform(-0.8, 0.8, (200, 3)):
        found = root(model.flow, start, tol=1e-12)
        if found.success and np.abs(model.flow(found.x)).max() < 1e-10:
            distance = [np.abs(found.x - m).max() for m in listed]
            assert min(distance) < 1e-7
            hit.add(int(np.argmin(distance)))
    assert hit >= set(range(6))  # all but perhaps zero


def test_a_ring_and_a_sphere():
    """Erratum L6: equal eigenvalues give a ring or a sphere of fixed points, with zero eigenvalues along it."""
    for p, count in ((2, 1), (3, 2)):
        model = sl.LowRank(0.8 * np.eye(p), "tanh", 3.0)
        ring, zero = model.fixed_points()
        assert ring.dimension == count
        assert not ring.stable
        assert np.sum(np.abs(ring.eigenvalues) < 1e-12) == count
        assert index_sum((ring, zero)) == 1
        turned = ring.amplitude * np.ones(p) / np.sqrt(p)
        assert np.abs(model.flow(turned)).max() < 1e-14


def test_a_defective_matrix():
    """A Jordan block: one eigenvector, a second eigenvalue of exactly zero, no verdict of stability."""
    model = sl.LowRank([[0.6, 0.3], [0.0, 0.6]], "tanh", 3.0)
    point, _zero = model.fixed_points()
    assert point.dimension == 0
    assert abs(point.overlaps[1]) < 1e-15
    assert np.abs(point.eigenvalues).min() < 1e-7
    assert not point.stable


def test_negative_and_complex_eigenvalues_give_no_branch():
    model = sl.LowRank([[-0.9, 0.0, 0.0], [0.0, 0.3, -0.8], [0.0, 0.8, 0.3]], "tanh", 5.0)
    assert [point.amplitude for point in model.fixed_points()] == [0.0]
    assert model.limit_cycle() is not None


def test_unit_gain_has_nothing_but_zero(admissible):
    """Erratum L2: admissible C and phi = tanh x leave nothing but a stable zero, and the verdict says why."""
    for C in ([[1.0]], admissible(4, 1, symmetric=True), [[0.9, 0.0], [0.0, 0.9]]):
        model = sl.LowRank(C, gain=1.0)
        only = model.fixed_points()
        assert len(only) == 1
        assert only[0].amplitude == 0
        assert model.verdict().startswith("nothing but zero exists: phi'(0) lambda = ")
    assert sl.LowRank([[0.9]], gain=1.0).fixed_points()[0].stable
    assert sl.LowRank([[0.9]], gain=2.0).verdict() == "1 pair of fixed points beside zero, 1 stable"
    assert "limit cycle of period" in sl.LowRank([[0.8, -0.3], [0.3, 0.8]]).verdict()


def test_zero_is_stable_below_the_threshold_only():
    """Erratum L1: iff phi'(0) max Re lambda < 1."""
    for gain, stable in ((1.24, True), (1.26, False)):
        assert sl.LowRank([[0.8, -0.3], [0.3, 0.8]], gain=gain).fixed_points()[-1].stable is stable


def test_unbounded_phi_asks_for_a_range():
    cubic = sl.LowRank([[0.9]], "x**3", 1.0)
    with pytest.raises(ValueError, match=r"reach must be given, because phi = 'x\*\*3' is unbounded"):
        cubic.fixed_points()
    with pytest.raises(ValueError, match="reach must be positive and finite, got -1"):
        cubic.fixed_points(reach=-1.0)
    top, zero = cubic.fixed_points(reach=5.0)
    assert top.amplitude == pytest.approx(np.sqrt(1 / 2.7), rel=1e-13)  # f = 3 a^2
    assert zero.stable
    assert not top.stable


@pytest.mark.parametrize("phi", ["tanh", "erf"])
def test_a_finite_network_has_one_eigenvalue_a_vector_and_minus_one(admissible, phi):
    """The p x p matrix has the eigenvalues of the dense n x n Jacobian; all others are -1."""
    model = sl.LowRank(admissible(3, 5), phi, 6.0)
    vectors = model.sample(120, seed=1)
    m = np.array([0.2, -0.1, 0.3])
    slopes = model.nonlinearity(m @ vectors.eta, 1)
    dense = np.linalg.eigvals(slopes[:, None] * vectors.connectivity() - np.eye(120))
    small = np.linalg.eigvals(network_jacobian(model, vectors, m))
    away = dense[np.argsort(-np.abs(dense + 1))]
    assert np.abs(away[3:] + 1).max() < 1e-12
    np.testing.assert_allclose(np.sort_complex(away[:3]), np.sort_complex(small), atol=1e-12)


def test_the_jacobian_of_the_network_tends_to_that_of_the_mean_field():
    model = sl.LowRank([[0.8, 0.1], [-0.2, 0.5]], "erf", 3.0)
    vectors = model.sample(200_000, seed=0, whiten=True)
    m = model.fixed_points()[0].overlaps
    # Standard deviations of the entries are below 3/sqrt(n) = 0.007.
    np.testing.assert_allclose(network_jacobian(model, vectors, m), model.jacobian(m), atol=0.03)


def test_the_disc_of_the_random_part():
    from spikelearn.models.low_rank.stability import bulk_edge

    # Without a random part every eigenvalue of the rest is -1, the leak; tanh at rest: a disc of radius g.
    assert bulk_edge(sl.LowRank([[0.5]]), 0.3) == -1.0
    assert bulk_edge(sl.LowRank([[0.5]], gain=1.0, g=0.8), 0.0) == pytest.approx(0.8 - 1, rel=1e-12)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_zeros_between_two_points_of_the_grid_are_found_where_the_curve_turns(sign):
    """(a - c)^2 - h for a grid of tenths: a pair that no sign change shows, one that it does, one zero, none."""
    grid = 0.1 * np.arange(1, 30)

    def curve(c, h):
        return lambda a: sign * ((a - c) ** 2 - h)

    # Both between 1.0 and 1.1, and nearer to either; at the second point of the grid and at the last but one.
    for c in (1.03, 1.05, 1.07, 0.2, 2.8):
        np.testing.assert_allclose(sign_changes(curve(c, 1e-4), grid), [c - 0.01, c + 0.01], atol=1e-14)
        assert len(sign_changes(curve(c, -1e-4), grid)) == 0
    # Two hundredths beyond a point on either side.
    np.testing.assert_allclose(sign_changes(curve(1.05, 0.07**2), grid), [0.98, 1.12], atol=1e-14)
    # One on a point of the grid, the other between; and one alone.
    np.testing.assert_allclose(sign_changes(curve(1.55, 0.05**2), grid), [1.5, 1.6], atol=1e-14)
    np.testing.assert_allclose(sign_changes(curve(0.0, 0.64), grid), [0.8], atol=1e-14)
    # Between a first point of its own and the grid.
    np.testing.assert_allclose(sign_changes(curve(0.0, 0.0025), grid, first=0.01), [0.05], atol=1e-14)
    assert len(sign_changes(curve(0.0, 0.0025), grid)) == 0
