"""Learning without trials: against a plain Python loop, on both engines, and what becomes of the published start."""

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.models.ei_trials.online import NAMES, OnlineSettings, kick_steps, online_on_array
from spikelearn.models.ei_trials.protocol import protocol_of
from spikelearn.models.ei_trials.starts import read_starts
from spikelearn.models.ei_trials.terms import term_rates

FOUR = ("EE", "EI", "IE", "II")
# Where the first kick ignites: the published start does not.
AHEAD = (2.2, 3.0, 4.0, 2.0)


def plain_online(model, rule, W, steps, kicks, *, noise=0.0, normals=None, sensor=1.0, A0=(0.0, 0.0), kick_length=101):
    """Every step as it is described, with the rule's own NumPy function."""
    step = rule.update(model)
    W, c, x = list(W), list(A0), [0.0, 0.0]
    E = I = 0.0  # noqa: E741
    on = np.zeros(steps, dtype=bool)
    for begin in kicks:
        on[begin : begin + kick_length] = True
    rows = []
    for k in range(steps):
        if noise:
            x = [v - 0.1 * v + noise * z for v, z in zip(x, normals[k], strict=True)]
        u = 7.0 if on[k] else 0.0
        E = E + 0.1 / model.tau_E * (-E + model.g_E * max(0.0, W[0] * E - W[1] * I + x[0] + u - model.Theta_E))
        I = I + 0.1 / model.tau_I * (-I + model.g_I * max(0.0, W[2] * E - W[3] * I + x[1] - model.Theta_I))  # noqa: E741
        E, I = min(E, model.E_max), min(I, model.I_max)  # noqa: E741
        c = [a + (b - a) * 1e-4 / sensor for a, b in zip(c, (E, I), strict=True)]
        W = [max(0.1, w + float(d)) for w, d in zip(W, step(*c, *W), strict=True)]
        if (k + 1) % 1000 == 0:
            rows.append([E, I, *c, *W])
    return np.array(rows)


@pytest.fixture(scope="module")
def slow_cross():
    return sl.rules.CrossHomeostatic(**{f"alpha_{name}": 5e-7 for name in FOUR})


def rows_of(run):
    return np.array([run[name].values for name in NAMES]).T


@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("which", ["cross", "homeostatic", "two_term"])
def test_a_plain_loop_gives_the_same(model, which, noise):
    """Rates so high that the weights move and reach floors within 2 s."""
    four = {f"alpha_{name}": rate for name, rate in zip(FOUR, (2e-5, 1e-5, 3e-5, 4e-5), strict=True)}
    rule = {
        "cross": sl.rules.CrossHomeostatic(**four),
        "homeostatic": sl.rules.Homeostatic(**four),
        "two_term": sl.rules.TwoTerm(alpha=2e-5, beta=1e-5),
    }[which]
    run = sl.run_trials(model, rule, 1, AHEAD, online=True, noise=noise, seed=2)
    normals = np.random.Generator(np.random.SFC64(np.random.SeedSequence(2, spawn_key=(0, 1))))
    kicks = kick_steps(2, 0, 20_000, 0.1)
    plain = plain_online(
        model, rule, AHEAD, 20_000, kicks, noise=noise, normals=normals.standard_normal((20_000, 2)).tolist()
    )
    np.testing.assert_allclose(rows_of(run), plain, rtol=1e-12, atol=1e-12)
    assert run.E.max() > 5
    np.testing.assert_allclose(run.time.values[[0, -1]], [0.1, 2.0], rtol=1e-15)


def test_kicks_that_overlap_are_not_added(model, slow_cross):
    """Seed 1 has kicks at 0.2 and 0.3375 s; moved together they overlap by 20 steps."""
    from spikelearn.models.ei_trials.online_kernel import online_steps
    from spikelearn.models.ei_trials.protocol import trial_constants

    protocol = protocol_of("matlab")
    kicks, out = np.array([2000, 2081]), np.empty((1, 3, 8))
    state = np.array([0.0, 0.0, 0.0, 0.0, *AHEAD, 0.0, 0.0, 0.0])
    rates = np.array([5e-7] * 4 + [0.0] * 4)
    drive = (7.0, 101, 1e-4, 0.1)
    args = (np.empty((0, 2)), 0.0, 0.1, trial_constants(model, protocol), drive, 0, 3000, 1000, out[0])
    assert online_steps(state, rates, (5.0, 14.0), kicks, 0, *args) == 2
    plain = plain_online(model, slow_cross, AHEAD, 3000, kicks)
    np.testing.assert_allclose(out[0], plain, rtol=1e-12, atol=1e-12)


def test_kicks_are_bernoulli_and_do_not_depend_on_the_length():
    """400 starts of 100 s: 10 kicks each beside the first; Poisson, so within 4 standard deviations (6e-5)."""
    counts = np.array([len(kick_steps(0, start, 1_000_000, 0.1)) - 1 for start in range(400)])
    assert abs(counts.mean() - 10) < 4 * np.sqrt(10 / 400)
    assert abs(counts.var() / 10 - 1) < 4 * np.sqrt(2.1 / 400)
    long, short = kick_steps(3, 1, 1_000_000, 0.1), kick_steps(3, 1, 400_000, 0.1)
    np.testing.assert_array_equal(short, long[long < 400_000])
    assert 2000 in short


def test_the_deterministic_run_arrives(model, slow_cross):
    """100 s from (2.2, 3, 4, 2): within 0.3 and 0.1 Hz of the set points; the weights are still under way."""
    run = sl.run_trials(model, slow_cross, 50, AHEAD, online=True)
    last = run.isel(time=-1)
    assert abs(float(last.E) - 5) < 0.3
    assert abs(float(last.I) - 14) < 0.1
    assert float(last.W_II) == 0.1
    assert float(run.E.isel(time=2)) > 1


def test_one_kick_moves_the_published_start_to_2_1068_and_eight_ignite_it(model, slow_cross):
    """Silence changes nothing, but every kick adds 0.007 to W_EE: without noise, too, it ignites in the end."""
    from spikelearn.models.ei_trials import ignition_threshold

    for seed in range(3):
        run = sl.run_trials(model, slow_cross, 50, (2.1, 3.0, 4.0, 1.5), online=True, seed=seed)
        kicks = kick_steps(seed, 0, 1_000_000, 0.1) * 1e-4
        W_EE, at = run.W_EE.values, run.time.values
        for begin, end in zip(kicks, [*kicks[1:], 100.0], strict=True):
            if end - begin > 12:
                before, after = W_EE[at < begin][-1], W_EE[at < end][-1]
                if before == 2.1:
                    assert after == pytest.approx(2.106816, abs=5e-6)
                if after < ignition_threshold(model):
                    assert after >= before
        crossed = kicks[np.array([W_EE[at < k][-1] > ignition_threshold(model) for k in kicks])]
        ignited = run.E_calcium.values > 1
        # An Up state begins with the first kick that comes after the threshold, if there is one.
        assert ignited.any() == bool(crossed.size)
        if crossed.size:
            assert 0 < at[ignited][0] - crossed[0] < 1


def test_noise_ignites_the_published_start_within_100_s(model, slow_cross):
    """Six starts of one seed, as many as were published here: all ignite and arrive within 0.4 and 0.1 Hz."""
    run = sl.run_trials(model, slow_cross, 50, np.tile((2.1, 3.0, 4.0, 1.5), (6, 1)), online=True, noise=0.1)
    last = run.isel(time=-1)
    assert (np.abs(last.E_calcium.values - 5) < 0.4).all()
    assert (np.abs(last.I_calcium.values - 14) < 0.1).all()
    assert run.sizes == {"start": 6, "time": 1000}


def test_without_rates_nothing_is_learned_and_sensors_are_exponential_means(model):
    still = sl.rules.TwoTerm(alpha=0, beta=0)
    weights = tuple(float(w) for w in model.setpoint_weights(5.0, 10.0))
    run = sl.run_trials(model, still, 5, weights, online=True, sensor=0.5, A0=(3.0, 2.0))
    assert (run.W_EE.values == 5.0).all()
    # Up from 0.3 s on at the latest; the sensor's distance then falls by the factor exp(-(10 - 1)/0.5).
    assert float(run.E_calcium[-1]) == pytest.approx(5, abs=1e-6)
    assert float(run.I_calcium[-1]) == pytest.approx(14, abs=1e-6)
    # Before the kick the state is zero.
    assert float(run.E_calcium[0]) == pytest.approx(3 * (1 - 2e-4) ** 1000, rel=1e-12)


def test_brian2_gives_the_same(model):
    """Two starts with kicks and rates of their own; 0.4 s."""
    rule = sl.rules.TwoTerm(alpha=np.array([2e-5, 4e-5]), beta=1e-5)
    starts = read_starts(model, rule, ([2.2, 5.0], 3.0, 4.0, 2.0), (1.0, 2.0))
    settings = OnlineSettings(protocol_of("matlab"), 4000, 0.0, 4, 1.0)
    from spikelearn.models.ei_trials.online_brian import online_in_brian

    brian, _ = online_in_brian(model, rule, starts, settings, "numpy", False)
    array = online_on_array(model, rule, starts, settings)
    np.testing.assert_allclose(brian, array, rtol=1e-12, atol=1e-13)
    assert array[0, -1, 0] > 1
    assert len(np.unique(array[:, -1])) > 12


@pytest.mark.slow
def test_a_hundred_seconds_in_a_standalone_program(model, slow_cross):
    array = sl.run_trials(model, slow_cross, 50, AHEAD, online=True)
    brian = sl.run_trials(model, slow_cross, 50, AHEAD, online=True, engine="brian2", target="cpp_standalone")
    assert brian.attrs["target"] == "cpp_standalone"
    # A kick close to its threshold multiplies what rounding has left: 2e-7 where E rises, 1e-9 at the end.
    np.testing.assert_allclose(rows_of(brian), rows_of(array), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(rows_of(brian)[-1], rows_of(array)[-1], rtol=1e-9)


def test_weights_that_explode_are_nan_from_there_on(model):
    rule = sl.rules.Homeostatic(alpha_EE=np.array([1e308, 0.0]), alpha_EI=0, alpha_IE=0, alpha_II=0)
    rule.update(model)
    with pytest.warns(RuntimeWarning, match=r"1 of 2 starts diverged, the first start 0 diverged"):
        run = sl.run_trials(model, rule, 1, AHEAD, online=True)
    assert np.isnan(run.W_EE.values[0, -1])
    assert np.isfinite(run.W_EE.values[1]).all()
    rule = sl.rules.Homeostatic(alpha_EE=1e308, alpha_EI=0, alpha_IE=0, alpha_II=0)
    with pytest.raises(ValueError, match=r"start 0 diverged: its weights must stay finite"):
        sl.run_trials(model, rule, 1, AHEAD, online=True)


def test_rules_are_recognised_by_their_expressions(model, cross):
    by_hand = sl.Rule(dW=dict(cross.dW), parameters=dict(cross.parameters), name="by hand")
    assert term_rates(by_hand) == term_rates(cross)
    assert term_rates(sl.rules.SynapticScaling(**{f"alpha_{name}": 1 for name in FOUR})) is None


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        (
            {"rule": sl.rules.LossGradient(alpha=1e-6)},
            r"must be CrossHomeostatic, Homeostatic or TwoTerm, got Rule Loss",
        ),
        ({"sensor": 0.0}, r"sensor must be seconds, finite and at least a step, got 0"),
        ({"checkpoint": "x"}, r"checkpoints must come with trials, not with online=True"),
        ({"model": sl.EIUnits()}, r"online=True must be given a spikelearn.EIRates"),
        ({"online": "yes"}, r"run_trials: online must be True or False, got 'yes'"),
    ],
)
def test_what_is_refused(model, cross, start, settings, match):
    given = {"model": model, "rule": cross, "n_trials": 1, "W0": start, "online": True, **settings}
    with pytest.raises((TypeError, ValueError), match=match):
        sl.run_trials(**given)


def test_the_contract_and_a_recording(tmp_path):
    from spikelearn.catalogue import check_system, get_system
    from spikelearn.catalogue.entry import RunRequest
    from spikelearn.simulation.recording import Recording

    assert check_system("EIOnline") == []
    system = get_system("EIOnline")
    case = system.build({})
    recording = system.run(case, RunRequest({"n_trials": 2, "noise": 0.1, "seed": 2}))
    recording.save(tmp_path / "run")
    again = Recording.load(tmp_path / "run")
    assert again.traces.equals(recording.traces)
    assert 0.2 < system.quantities["ignition_time"].function(case, again) < 2


def test_the_time_of_ignition_is_infinite_where_there_is_none(model, slow_cross):
    from spikelearn.models.ei_trials import ignition_time

    run = sl.run_trials(model, slow_cross, 1, ([2.1, 2.5], 3.0, 4.0, 2.0), online=True)
    found = ignition_time(run)
    assert found[0] == np.inf
    assert found[1] == run.time.values[run.E_calcium.values[1] > 1][0]
