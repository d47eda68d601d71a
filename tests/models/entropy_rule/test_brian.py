"""Brian2 and the array engine: the same weights to first order in the step, on all targets, terms included."""

import numpy as np
import pytest
from brian2 import Network, second

import spikelearn as sl
from spikelearn.brian.session import session
from spikelearn.models import entropy_rule as er
from spikelearn.models.entropy_rule.brian import learn_on_brian

RULE = sl.EntropyRule(l_net=20.0, gamma=30.0, epsilon=0.05)


def both(cycle, n, target="numpy", **settings):
    frames, dt = cycle.frames(n), cycle.period / n
    common = {"record_every": n // 10, "terms": True, **settings}
    return RULE.learn(frames, dt, cycle.period, **common), learn_on_brian(
        RULE, frames, dt, cycle.period, target=target, **common
    )


def test_the_engines_agree_to_first_order_in_the_step(cycle):
    gaps = []
    for n in (400, 800):
        exact, found = both(cycle, n)
        np.testing.assert_allclose(found.traces.time.values, exact.traces.time.values, rtol=1e-12)
        gaps.append({name: np.abs(found.traces[name] - exact.traces[name]).values.max() for name in exact.traces})
        total = found.traces.stdp + found.traces.hebbian + found.traces.scaling
        np.testing.assert_allclose(total.values, found.traces.W.values, atol=1e-12)
        np.testing.assert_array_equal(found.state.W, found.traces.W.values[-1])
        assert found.state.step == n
    scale = np.abs(exact.W).max()
    for name in ("W", "stdp", "hebbian", "scaling"):
        assert gaps[1][name] < 0.02 * scale
        # Halved at least: the products are sampled at the begin of a step.
        assert 1.7 < gaps[0][name] / gaps[1][name] < 6.0


def test_a_scaling_term_one_step_late_is_what_the_order_prevents(cycle):
    """Sums, then neurons, then synapses, as Brian2 would have it: S(t) times S(t + dt)."""
    n = 800
    frames, dt = cycle.frames(n), cycle.period / n
    start = er.source_network().W
    found = {}
    for order in (1, 0):
        with session("numpy") as brian:
            group, synapses = RULE.brian_objects(frames, dt, W=start)
            group.state_updater.order = order
            brian.run(Network(group, synapses), n * dt * second)
            found[order] = np.array(synapses.w[:]).reshape(3, 3).T
    exact = RULE.learn(frames, dt, cycle.period, W=start).W
    assert np.abs(found[0] - exact).max() > 2 * np.abs(found[1] - exact).max()


def test_a_run_goes_on_from_a_state(cycle):
    frames, dt = cycle.frames(400), cycle.period / 400
    whole = learn_on_brian(RULE, frames, dt, 60 * dt, record_every=30)
    first = learn_on_brian(RULE, frames, dt, 25 * dt)
    rest = learn_on_brian(RULE, frames, dt, 35 * dt, state=first.state)
    np.testing.assert_allclose(rest.W, whole.W, rtol=0, atol=1e-13)
    assert whole.traces.W.shape == (2, 3, 3)


def test_a_formula_runs_on_brian(cycle):
    rule = sl.EntropyRule(l_net=20.0, gamma=30.0, epsilon=0.05, activation="x/(1 + x**2)")
    frames, dt = cycle.frames(800), cycle.period / 800
    exact = rule.learn(frames, dt, 200 * dt).W
    found = learn_on_brian(rule, frames, dt, 200 * dt).W
    assert np.abs(found - exact).max() < 0.03 * np.abs(exact).max()


@pytest.mark.slow
@pytest.mark.parametrize("target", ["cython", "cpp_standalone"])
def test_compiled_targets_give_numpy_s_weights(cycle, target):
    from spikelearn.simulation.targets import why_not

    if why_not(target):
        pytest.skip(why_not(target))
    plain = both(cycle, 400)[1]
    compiled = both(cycle, 400, target)[1]
    for name in plain.traces:
        np.testing.assert_allclose(compiled.traces[name].values, plain.traces[name].values, atol=1e-9)
