"""Limit cycles against SciPy's integrator: period, extremes, exponents; circle and not."""

import itertools

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from spikelearn.models import low_rank as sl
from spikelearn.models.low_rank import limit_cycle
from spikelearn.models.low_rank.theory import circle_radius


def monodromy(model, start, period):
    """Integrate the flow and its linearisation over one period."""
    p = model.p

    def both(t, y):
        return np.concatenate([model.flow(y[:p]), (model.jacobian(y[:p]) @ y[p:].reshape(p, p)).ravel()])

    y = solve_ivp(both, (0, period), np.r_[start, np.eye(p).ravel()], "DOP853", rtol=1e-11, atol=1e-12).y[:, -1]
    return y[:p], y[p:].reshape(p, p)


@pytest.mark.parametrize("phi", ["tanh", "erf"])
def test_a_normal_pair_gives_a_circle(phi):
    a, b, gain = 0.8, 0.3, 2.0
    model = sl.LowRank([[a, -b], [b, a]], phi, gain)
    cycle = model.limit_cycle()
    radius = brentq(lambda r: float(model.nonlinearity.slope(r)) * a - 1, 1e-3, 5, xtol=1e-15)
    assert cycle.radius_min == pytest.approx(radius, abs=1e-12)
    assert cycle.radius_max == pytest.approx(radius, abs=1e-12)
    assert circle_radius(model) == pytest.approx(radius, abs=1e-13)
    assert cycle.period == pytest.approx(2 * np.pi * a / b, rel=1e-15)
    if phi == "erf":
        assert radius == pytest.approx(np.sqrt(2 * ((gain * a) ** 2 - 1) / np.pi) / gain, rel=1e-14)
        assert cycle.exponents[1] == pytest.approx(1 / (gain * a) ** 2 - 1, abs=1e-12)  # a f'/f
    assert cycle.stable


def test_a_spiral_in_three_dimensions_against_an_integrator(spiral):
    cycle = spiral.limit_cycle()
    values = np.linalg.eigvals(spiral.C)
    lead = values[np.argmax(values.real + 1e-9 * values.imag)]
    assert cycle.period == pytest.approx(2 * np.pi * lead.real / lead.imag, rel=1e-14)
    assert cycle.radius_max > 1.2 * cycle.radius_min  # no circle
    # 4 n overlaps and times are no text to read.
    assert "overlaps" not in repr(cycle)
    assert "times" not in repr(cycle)
    end, growth = monodromy(spiral, cycle.overlaps[0], cycle.period)
    np.testing.assert_allclose(end, cycle.overlaps[0], atol=1e-10)
    exponents = np.sort(np.log(np.abs(np.linalg.eigvals(growth))) / cycle.period)[::-1]
    np.testing.assert_allclose(cycle.exponents, exponents, atol=1e-9)
    assert np.abs(cycle.exponents - (values.real.min() / lead.real - 1)).min() < 1e-12
    # The exponents add up to the mean divergence.
    divergence = [np.trace(spiral.jacobian(m)) for m in cycle.overlaps]
    weights = np.diff(np.append(cycle.times, cycle.period))
    assert cycle.exponents.sum() == pytest.approx(np.average(divergence, weights=weights), abs=1e-3)


def test_extremes_solve_their_equation(spiral):
    """|m| along a dense solution of SciPy's integrator, its extremes refined by m.dm/dt = 0, to 1e-9."""
    cycle = spiral.limit_cycle()
    solved = solve_ivp(
        lambda t, m: spiral.flow(m), (0, cycle.period), cycle.overlaps[0], "DOP853", rtol=1e-12, atol=1e-13,
        events=lambda t, m: m @ spiral.flow(m),
    )  # fmt: skip
    radii = np.linalg.norm(solved.y_events[0], axis=1)
    assert cycle.radius_min == pytest.approx(radii.min(), abs=1e-9)
    assert cycle.radius_max == pytest.approx(radii.max(), abs=1e-9)
    along = solve_ivp(
        lambda t, m: spiral.flow(m), (0, cycle.period), cycle.overlaps[0], "DOP853", cycle.times, rtol=1e-12, atol=1e-13
    ).y.T
    np.testing.assert_allclose(along, cycle.overlaps, atol=1e-10)


@pytest.mark.parametrize("phi", ["tanh", "erf", pytest.param("x/sqrt(1 + x**2)", marks=pytest.mark.slow)])
@pytest.mark.parametrize(("shape", "slow"), [(0.2, 1.0), (0.6, 0.2), (0.9, 0.1)])
def test_the_period_does_not_depend_on_phi(phi, shape, slow):
    """C = [[r, -w/k], [w k, r]] with very unequal axes and slow turning: the return map of the integrator closes."""
    r, w, k = 0.5, 0.5 * slow, np.sqrt(1 - shape)
    C = np.array([[r, -w / k], [w * k, r]])
    model = sl.LowRank(C / max(1.0, np.linalg.norm(C, 2)), phi, 4.0)
    cycle = model.limit_cycle()
    assert cycle.period == pytest.approx(2 * np.pi / slow, rel=1e-13)
    end, growth = monodromy(model, cycle.overlaps[0], cycle.period)
    np.testing.assert_allclose(end, cycle.overlaps[0], atol=2e-9)
    multiplier = np.sort(np.abs(np.linalg.eigvals(growth)))
    assert multiplier[1] == pytest.approx(1, abs=1e-6)
    assert np.exp(cycle.exponents[1] * cycle.period) == pytest.approx(multiplier[0], abs=1e-7)


@pytest.mark.parametrize("phi", ["tanh", "erf"])
def test_near_the_cycle_every_step_of_newton_squares_the_error(phi, monkeypatch):
    """A wrong derivative would still lead there, a constant factor a step, where it leads there at all."""
    model = sl.LowRank([[0.6, -0.45], [0.15, 0.6]], phi, 2.5)
    r, w = 0.6, float(np.sqrt(0.45 * 0.15))
    x, y = limit_cycle._balanced(np.array([1.0, -1j / np.sqrt(3)]))
    start = model.limit_cycle().overlaps
    R = limit_cycle._solve(model, float(np.linalg.norm(start, axis=1).mean()), r, w, x, y)
    n, steps, solve = len(R), [], np.linalg.solve

    def noted(*system):
        steps.append(np.abs(found := solve(*system)).max())
        return found

    angles = np.pi * np.arange(n) / n
    length = limit_cycle._ellipse(angles, x, y)
    slopes = limit_cycle._differentiation(n)
    np.testing.assert_allclose(slopes @ np.sin(4 * angles), 4 * np.cos(4 * angles), atol=1e-9)
    monkeypatch.setattr(np.linalg, "solve", noted)
    again = limit_cycle._newton(model.nonlinearity, R + 0.01 * np.cos(2 * angles), slopes, length, r, w)
    np.testing.assert_allclose(again, R, atol=1e-11)
    assert steps[0] > 5e-3
    for one, following in itertools.pairwise(steps):
        assert following < 10 * one**2 + 1e-12


def test_it_exists_above_the_threshold_only():
    C = [[0.8, -0.3], [0.3, 0.8]]
    assert sl.LowRank(C, "tanh", 1.249).limit_cycle() is None
    just = sl.LowRank(C, "tanh", 1.251).limit_cycle()
    # f(a) = gain (1 - gain^2 a^2 + ...): a^2 = (gain r - 1)/gain^2 to first order.
    assert just.radius_max == pytest.approx(np.sqrt(1.251 * 0.8 - 1) / 1.251, rel=2e-3)
    assert sl.LowRank([[0.8, 0.1], [0.1, 0.5]]).limit_cycle() is None
    assert sl.LowRank([[-0.2, -0.8], [0.8, -0.2]], gain=9.0).limit_cycle() is None


def test_a_general_phi_has_an_unstable_and_a_stable_cycle():
    """Of the two circles of the bistable phi the larger, stable one is given."""
    model = sl.LowRank([[0.9, -0.3], [0.3, 0.9]], "(erf(6*(x-0.35)) + erf(6*(x+0.35)))/2", 1.0)
    cycle = model.limit_cycle()
    assert cycle.stable
    assert model.fixed_points()[-1].stable
    assert cycle.radius_max == pytest.approx(0.5971524807, abs=1e-9)  # as the fixed point of lambda = 0.9


def test_a_network_runs_along_the_cycle():
    """n = 20,000 whitened units over one turn; overlaps deviate by a few n^-1/2 = 0.007 and by Euler's step."""
    import spikelearn

    model = sl.LowRank([[0.6, -0.5], [0.2, 0.6]], "tanh", 3.0)
    cycle = model.limit_cycle()
    run = spikelearn.simulate(
        model, 12, dt=0.005, n=20_000, whiten=True, seed=1, initial=spikelearn.Initial(m=cycle.overlaps[0]),
        record="m", engine="closure",
    )  # fmt: skip
    m = run.traces["m"].values
    distance = np.linalg.norm(m[:, None, ::1] - cycle.overlaps[None], axis=-1).min(axis=1)
    assert distance.max() < 0.02
    radii = np.linalg.norm(m, axis=1)
    assert radii.min() == pytest.approx(cycle.radius_min, abs=0.015)
    assert radii.max() == pytest.approx(cycle.radius_max, abs=0.015)


def test_refusals():
    with pytest.raises(ValueError, match="must have no mixture and g = 0"):
        sl.LowRank([[0.5]], g=0.1).limit_cycle()
    with pytest.raises(ValueError, match="reach must be given"):
        sl.LowRank([[0.5, -0.5], [0.5, 0.5]], "x**3", 1.0).limit_cycle()
