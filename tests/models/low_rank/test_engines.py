"""Engines against each other, against a dense loop, and against the exact closure in continuous time."""

import numpy as np
import pytest
from scipy.special import erf

import spikelearn as sl
from spikelearn.models.low_rank import array, brian, closure, kernels

BUMP = "(erf(6*(x - 0.35)) + erf(6*(x + 0.35)))/2"
TURN = [[0.7, -0.5], [0.5, 0.7]]
CASES = {
    "tanh": {"phi": "tanh"},
    "erf": {"phi": "erf"},
    "input": {"phi": "erf", "B": [[0.2, 0.0], [0.1, 0.3]]},
    "expression": {"phi": BUMP},
    "random": {"phi": "tanh", "g": 0.5},
}


def case(name):
    model = sl.LowRank(TURN, gain=3.0, **CASES[name])
    drive = (lambda t: [0.3 * np.sin(t), 0.1]) if model.q else None
    return model, drive


def dense(model, vectors, x, n_steps, dt, drive):
    """The definition, with J formed: dx/dt = phi(J x + I u + g chi x/sqrt n) - x by Euler's rule."""
    n = vectors.n
    J = np.einsum("ki,kj->ij", vectors.eta, vectors.xi) / n
    if vectors.chi is not None:
        J = J + model.g / np.sqrt(n) * vectors.chi
    phi = {"tanh": lambda h: np.tanh(3 * h), "erf": lambda h: erf(np.sqrt(np.pi) * 1.5 * h)}.get(
        model.phi, lambda h: (erf(6 * (3 * h - 0.35)) + erf(6 * (3 * h + 0.35))) / 2
    )
    kept = []
    for k in range(n_steps):
        kept.append(x)
        outside = 0 if drive is None else sum(u * row for u, row in zip(drive(k * dt), vectors.inputs, strict=True))
        x = x + dt * (phi(J @ x + outside) - x)
    return np.array(kept)


@pytest.mark.parametrize("factor", [0.3, 1.7])
def test_compiled_functions_are_as_good_as_the_libraries(factor):
    h = np.concatenate(
        [np.random.default_rng(0).standard_normal(900) * 3, np.geomspace(1e-300, 40, 100), [0, -50, 700]]
    )
    scratch, places = np.empty(2 * kernels.BLOCK), np.empty(kernels.BLOCK, dtype=np.int64)
    for function, exact in (("tanh", np.tanh(factor * h)), ("erf", erf(factor * h))):
        mine = h.copy()
        if function == "tanh":
            kernels.hyperbolic(mine, h.size, factor, scratch)
        else:
            kernels.error_function(mine, h.size, factor, scratch, places, kernels.erf_table())
        np.testing.assert_allclose(mine, exact, rtol=1e-15, atol=0)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("n", [7, 300])
def test_the_array_engine_is_the_definition(name, n):
    model, drive = case(name)
    vectors = model.sample(n, 1)
    x = np.random.default_rng(2).standard_normal(n)
    path = array.integrate(model, vectors, x, 100, 0.05, u=drive, units=np.arange(n))
    slow = dense(model, vectors, x, 101, 0.05, drive)
    np.testing.assert_allclose(path.states, slow[:100], atol=2e-13)
    np.testing.assert_allclose(path.x, slow[100], atol=2e-13)
    np.testing.assert_allclose(path.overlaps, slow[:100] @ vectors.xi.T / n, atol=2e-13)
    np.testing.assert_allclose(path.m, vectors.overlaps(path.x), atol=1e-14)


@pytest.mark.parametrize("name", CASES)
def test_brian_agrees_over_200_steps(name):
    """To 1e-12; the largest difference seen is 1e-14."""
    model, drive = case(name)
    vectors = model.sample(200, 1)
    runs = [
        sl.simulate(
            model, 10, dt=0.05, engine=engine, vectors=vectors, input=drive, initial=sl.Initial(m=[0.4, 0.1]),
            units=np.arange(200),
        ).traces
        for engine in ("array", "brian2")
    ]  # fmt: skip
    assert runs[0].sizes["time"] == 200
    for variable in ("m", "x"):
        np.testing.assert_allclose(runs[0][variable], runs[1][variable], atol=1e-12)


def test_the_order_of_the_two_sums_matters_in_brian():
    """With the order that Brian2 gives by itself, h uses the m of the step before, and x differs by O(1)."""
    from brian2 import Network, second

    from spikelearn.brian.session import session

    model = sl.LowRank([[0.9, -0.4], [0.4, 0.9]], gain=3.0)
    vectors = model.sample(200, 1)
    x = vectors.state([0.4, 0.1])
    right = array.integrate(model, vectors, x, 200, 0.05).x
    with session("numpy", 1) as running:
        objects = brian.brian_objects(model, vectors, x, np.zeros((200, 0)), 0.05)
        assert objects[2].summed_updaters["m_post"].order == -2
        # What the two names make of equal orders: h before m.
        objects[2].summed_updaters["m_post"].order = -1
        objects[3].summed_updaters["h_post"].order = -2
        running.run(Network(*objects), 200 * 0.05 * second)
        wrong = np.array(objects[0].x)
    assert np.abs(wrong - right).max() > 0.2


@pytest.mark.parametrize("name", ["tanh", "erf", "input", "expression"])
def test_the_closure_is_exact_at_any_size(name):
    model, drive = case(name)
    vectors = model.sample(50, 3)
    x = np.random.default_rng(2).standard_normal(50)
    units = np.array([0, 17, 49])
    whole = array.integrate(model, vectors, x, 200, 0.05, u=drive, units=units, every=4)
    closed = array.integrate(model, vectors, x, 200, 0.05, u=drive, units=units, every=4, overlaps_only=True)
    np.testing.assert_allclose(closed.overlaps, whole.overlaps, atol=1e-13)
    np.testing.assert_allclose(closed.states, whole.states, atol=1e-13)
    assert closed.x is None


@pytest.mark.parametrize("engine", ["array", "brian2"])
def test_two_starts_with_the_same_overlaps_follow_the_same_path(engine):
    """x differs by O(1) at first, m by rounding for ever: the overlaps are closed at any n, not only for large n."""
    model = sl.LowRank(TURN, gain=3.0)
    vectors = model.sample(60, 1)
    noise = np.random.default_rng(5).standard_normal(60)
    one = vectors.state([0.3, -0.1])
    two = one + noise - vectors.state(vectors.overlaps(noise))
    assert np.abs(one - two).max() > 1
    paths = [
        sl.simulate(model, 20, dt=0.05, engine=engine, vectors=vectors, initial=sl.Initial(x=x)).traces
        for x in (one, two)
    ]
    assert np.abs(paths[0].m - paths[1].m).max() < 1e-12
    # What is left of the difference in x has decayed as (1 - dt)^k, and as nothing else.
    left = (paths[0].x - paths[1].x).values[-1]
    np.testing.assert_allclose(left, (one - two)[:10] * 0.95**399, atol=1e-12)


def test_euler_converges_to_the_closure_in_continuous_time():
    """First order: the error falls by 2.00 +- 0.1 when dt is halved, against SciPy's DOP853 on the closure."""
    model, drive = case("input")
    vectors = model.sample(80, 1)
    exact = closure.finite_path(model, vectors, [0.3, 0.1], [5.0], drive)[-1]
    x = vectors.state([0.3, 0.1])
    errors = [np.abs(array.integrate(model, vectors, x, k, 5 / k, u=drive).m - exact).max() for k in (200, 400, 800)]
    assert errors[0] / errors[1] == pytest.approx(2, abs=0.1)
    assert errors[1] / errors[2] == pytest.approx(2, abs=0.1)


def test_the_network_tends_to_the_mean_field():
    """n = 100,000 whitened units; the deviation of a path of O(1) length is a few n^-1/2 = 0.003."""
    model = sl.LowRank([[0.8, 0.1], [-0.3, 0.5]], "erf", 3.0)
    vectors = model.sample(100_000, 2, whiten=True)
    times = np.linspace(0, 10, 21)
    finite = closure.finite_path(model, vectors, [0.05, 0.2], times)
    assert np.abs(finite - model.mean_field([0.05, 0.2], times)).max() < 0.015


@pytest.mark.parametrize("phi", ["tanh", "erf"])
def test_only_the_top_branch_is_stable_in_simulation(phi):
    """A finite network started on each of its own three branches, 1e-3 off: it leaves all but the first."""
    model = sl.LowRank(np.diag([0.9, 0.7, 0.5]), phi, 4.0)
    vectors = model.sample(4000, 3, whiten=True)
    points = model.fixed_points()
    assert [point.stable for point in points] == [True, False, False, False]
    own = [closure.finite_fixed_point(model, vectors, point.overlaps) for point in points]
    push = 1e-3 * np.ones(3) / np.sqrt(3)
    for k, start in enumerate(own):
        run = sl.simulate(
            model, 80, dt=0.05, vectors=vectors, initial=sl.Initial(m=start + push), record="m", engine="closure"
        )
        end = run.traces.m.values[-1]
        assert np.abs(end - start).max() < 1e-6 if k == 0 else np.abs(end - start).max() > 0.1
        assert min(np.abs(end - own[0]).max(), np.abs(end + own[0]).max()) < 1e-5


def test_relaxation_rates_are_the_eigenvalues():
    """A whitened network's own Jacobian, and the slope of log |m - m*| along its path."""
    from spikelearn.models.low_rank import network_jacobian

    model = sl.LowRank([[0.8, 0.1], [0.1, 0.5]], "erf", 3.0)
    vectors = model.sample(20_000, 1, whiten=True)
    point = closure.finite_fixed_point(model, vectors, model.fixed_points()[0].overlaps)
    rate = -np.linalg.eigvals(network_jacobian(model, vectors, point)).real.max()
    assert rate == pytest.approx(-model.fixed_points()[0].eigenvalues[0].real, rel=0.05)
    path = closure.finite_path(model, vectors, point + [0.01, 0.02], np.linspace(0, 24, 25))
    distance = np.linalg.norm(path - point, axis=1)
    slope = -np.polyfit(np.arange(14, 24), np.log(distance[14:24]), 1)[0]
    assert slope == pytest.approx(rate, rel=2e-3)


def test_threads_change_no_digit():
    model = sl.LowRank(TURN, "erf", 3.0)
    vectors = model.sample(3 * kernels.BLOCK + 17, 1)
    x = vectors.state([0.3, 0.1])
    for closed in (False, True):
        one, three = (
            array.integrate(model, vectors, x, 20, 0.05, threads=k, overlaps_only=closed, units=np.arange(5))
            for k in (1, 3)
        )
        assert np.array_equal(one.overlaps, three.overlaps)
        assert np.array_equal(one.states, three.states)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["cython", "cpp_standalone"])
def test_compiled_targets_of_brian(target):
    model, drive = case("input")
    vectors = model.sample(100, 1)
    given = {"dt": 0.05, "vectors": vectors, "input": drive, "initial": sl.Initial(m=[0.4, 0.1])}
    one = sl.simulate(model, 10, **given).traces
    two = sl.simulate(model, 10, engine="brian2", target=target, **given).traces
    np.testing.assert_allclose(one.m, two.m, atol=1e-12)
    np.testing.assert_allclose(one.x, two.x, atol=1e-12)


def test_recordings():
    model = sl.LowRank(TURN)
    run = sl.simulate(model, 2, n=40, dt=0.1, record_dt=0.5, seed=1, initial=sl.Initial(m=[0.1, 0.2]), units=[3, 5])
    assert run.spikes is None
    assert list(run.traces.x.unit.values) == [3, 5]
    np.testing.assert_allclose(run.traces.time, [0, 0.5, 1.0, 1.5])
    assert run.provenance["engine"] == "array"
    assert run.provenance["n"] == 40
    assert sl.simulate(model, 1, seed=1).provenance["n"] == 1000
    same = sl.simulate(model, 2, n=40, dt=0.1, seed=1, initial=sl.Initial(m=[0.1, 0.2]), engine="closure")
    np.testing.assert_allclose(same.traces.m[::5], run.traces.m, atol=1e-14)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"dt": 0.3}, ValueError, "duration must be a whole multiple of dt"),
        ({"record_dt": 0.015}, ValueError, "record_dt must be a whole multiple of dt"),
        ({"whiten": 1}, TypeError, "whiten must be"),
        ({"vectors": 3}, TypeError, "vectors must come from LowRank.sample, got int"),
        ({"vectors": "other"}, ValueError, "vectors must come from the sample of this model"),
        ({"vectors": "own", "n": 9}, ValueError, "n must be left out or 20, the size of the vectors, got 9"),
        ({"units": [1000]}, ValueError, "units must lie in 0 to 999, got 1000 to 1000"),
        ({"record": "counts"}, ValueError, "record must name m or x, because rate units have no spikes"),
        ({"initial": sl.Initial(m=[1, 2, 3])}, ValueError, "Initial.m must be 2 finite numbers"),
        ({"initial": sl.Initial(x=[1, 2, 3])}, ValueError, "Initial.x must be 1000 finite numbers"),
        ({"initial": sl.Initial(m=[1, 2], x=0.0)}, ValueError, "Initial must set m or x of a LowRank, not both"),
        ({"initial": sl.Initial(u=0.1)}, ValueError, "Initial has no variable 'u'"),
        ({"initial": sl.Initial(past_spikes=[-0.1])}, ValueError, "past_spikes must be left out for LowRank"),
        ({"input": [0.1]}, ValueError, "LowRank: input needs LowRank.B"),
        ({"vary": {"gain": [1, 2]}}, ValueError, "vary must be left out for a LowRank"),
    ],
)
def test_refusals(given, error, message):
    model = sl.LowRank(TURN)
    if given.get("vectors") == "other":
        given = {"vectors": sl.LowRank([[0.5]]).sample(20, 1)}
    elif given.get("vectors") == "own":
        given = {**given, "vectors": model.sample(20, 1)}
    with pytest.raises(error, match=message):
        sl.simulate(model, 1, **given)


def test_the_closure_refuses_a_random_part():
    with pytest.raises(ValueError, match="the closure must have g = 0: overlaps do not fix a random part, got g = 0.3"):
        sl.simulate(sl.LowRank([[0.5]], g=0.3), 1, n=20, engine="closure")
    model = sl.LowRank([[0.5]], g=0.3)
    with pytest.raises(ValueError, match="finite_flow must have g = 0"):
        closure.finite_flow(model, model.sample(20, 1), [0.1])


def test_a_network_without_fixed_points_is_said_to_have_none():
    """m = a + b m^2 with a = <xi>, b = <xi eta^2> of the sample has no real solution where 4 a b > 1."""
    model = sl.LowRank([[0.5]], "10 + 10*x**2", 1.0)
    for seed in range(50):
        vectors = model.sample(10, seed)
        if 400 * vectors.xi.mean() * (vectors.xi * vectors.eta**2).mean() > 1.5:
            break
    with pytest.raises(RuntimeError, match="no fixed point was found from"):
        closure.finite_fixed_point(model, vectors, [0.1])


def test_one_unit_is_one_unit():
    model = sl.LowRank([[0.8]])
    assert sl.simulate(model, 0.1, dt=0.05, n=1, seed=1).traces.sizes["unit"] == 1
    assert sl.simulate(model, 0.1, dt=0.05, seed=1).provenance["n"] == 1000
    with pytest.raises(ValueError, match="n must be left out or 3, the size of the vectors, got 1"):
        sl.simulate(model, 0.1, dt=0.05, n=1, vectors=model.sample(3, 1))
