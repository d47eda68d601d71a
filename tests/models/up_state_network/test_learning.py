"""Learning in `run_trials`: against the parts done by hand, resumed bit for bit, and what is refused."""

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.models.up_state_network import STUDY_START
from spikelearn.models.up_state_network.detector import sensor_rates
from spikelearn.models.up_state_network.rule import LocalRule, local_rates
from spikelearn.models.up_state_network.trial import Stepper, normals_of

RULE = sl.rules.TwoTerm(alpha=0.02, beta=0.02)


@pytest.fixture(scope="module")
def start(small):
    return small.draw_synapses(3, start=STUDY_START)


@pytest.fixture(scope="module")
def run(small, start):
    return sl.run_trials(small, RULE, 7, start, seed=5)


def test_trials_are_spikes_sensors_and_rule_in_turn(small, start, run):
    stepper, rule = Stepper(small, start), LocalRule(small, start, local_rates(small, RULE))
    J, A = start.J, None
    for trial in range(1, 8):
        rates, ups = sensor_rates(small, stepper.run(J, normals_of(5, trial)))
        A = rates if A is None else A + (rates - A) / 2
        floored = np.maximum(A, 1.0)
        J = rule.change(A, floored, J)
        one = run.sel(trial=trial)
        np.testing.assert_allclose(one["rates"], A, rtol=1e-6)
        assert float(one["E_trial"]) == pytest.approx(rates[:40].mean(), rel=1e-12)
        assert float(one["I"]) == pytest.approx(A[40:].mean(), rel=1e-12)
        assert int(one["n_ups"]) == len(ups)
        A = floored
    assert np.array_equal(run["J_end"], J)
    assert not np.array_equal(run["J_end"], start.J)
    assert float(run["W_EI"][-1]) == pytest.approx(J[start.block("W_EI")].mean(), rel=1e-12)
    assert int(run["n_ups"].sum()) > 0


def test_the_bar_says_the_rates(small, start, run, monkeypatch):
    from spikelearn.models.ei_trials import loop

    said = []

    class Bar:
        n = 0

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def update(self, steps):
            self.n += steps

        def set_postfix_str(self, text, refresh):
            said.append((self.n, text))

    monkeypatch.setattr(loop, "progress_bar", lambda **_: Bar())
    sl.run_trials(small, RULE, 2, start, seed=5, progress=True)
    floored = [np.maximum(run["rates"].values[k], 1) for k in range(2)]
    assert said == [(k, f"E {A[:40].mean():.2f}, I {A[40:].mean():.2f} Hz") for k, A in enumerate(floored)]


@pytest.mark.parametrize("stop", [3, 4, 7])
def test_a_run_goes_on_bit_for_bit(small, start, run, tmp_path, stop):
    kept = {"checkpoint": tmp_path / "run", "checkpoint_every": 2, "resume": True}
    sl.run_trials(small, RULE, stop, start, seed=5, **kept)
    again = sl.run_trials(small, RULE, 7, start, seed=5, **kept)
    assert again.drop_attrs().identical(run.drop_attrs())


def test_a_checkpoint_of_another_run_is_refused(small, start, tmp_path):
    kept = {"checkpoint": tmp_path / "run", "resume": True}
    sl.run_trials(small, RULE, 1, start, seed=5, **kept)
    with pytest.raises(ValueError, match="run_trials: seed must be as in the checkpoint"):
        sl.run_trials(small, RULE, 2, start, seed=6, **kept)
    with pytest.raises(ValueError, match="run_trials: starts must be as in the checkpoint"):
        sl.run_trials(small, RULE, 2, start.with_weights(start.J * 2), seed=5, **kept)
    with pytest.raises(FileExistsError, match="already holds results"):
        sl.run_trials(small, RULE, 2, start, seed=5, checkpoint=tmp_path / "run")


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"noise": 0.1}, ValueError, "noise must be left out for UpStateNetwork"),
        ({"variant": "python"}, ValueError, "variant must be 'matlab' for UpStateNetwork, got 'python'"),
        ({"A0": (1.0, 2.0)}, ValueError, "A0 must be left out for UpStateNetwork"),
        ({"A0": 3}, ValueError, "A0 must be left out for UpStateNetwork"),
        ({"sensor": 0.5}, ValueError, "sensor must be at least 1 trial"),
        ({"seed": -1}, ValueError, "seed must"),
        ({"W0": (80, 350, 100, 225)}, TypeError, "W0 must be UpStateSynapses such as model.draw_synapses"),
        ({"n_trials": 0}, ValueError, "n_trials must be at least 1"),
        ({"engine": "exact"}, ValueError, "run_trials has no engine 'exact'"),
        ({"online": True}, ValueError, "online=True must be given a spikelearn.EIRates"),
        ({"target": "fortran", "engine": "brian2"}, ValueError, "Brian2 has no target 'fortran'"),
        ({"target": "cython"}, ValueError, "target must come with engine='brian2'"),
    ],
)
def test_what_is_refused(small, start, changes, error, match):
    given = {"n_trials": 1, "W0": start, **changes}
    n_trials, W0 = given.pop("n_trials"), given.pop("W0")
    with pytest.raises(error, match=match):
        sl.run_trials(small, RULE, n_trials, W0, **given)


def test_synapses_of_another_network_are_refused(small):
    other = sl.UpStateNetwork(n_E=20, n_I=10, n_kicked=2).draw_synapses(0)
    with pytest.raises(ValueError, match="W0 must connect 40 E and 10 I units, got 20 E and 10 I"):
        sl.run_trials(small, RULE, 1, other)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"n_E": 1}, r"UpStateNetwork.n_E must be at least 2, got 1"),
        ({"n_kicked": 1601}, r"UpStateNetwork.n_kicked must be at most 1600, got 1601"),
        ({"p": 1.0}, r"UpStateNetwork.p must be at most 0.9975, since no unit sends to itself, got 1"),
        ({"V_reset": "21 mV"}, r"UpStateNetwork.V_reset must lie below V_th = 20. mV, got 21. mV"),
        ({"E_L_I": "21 mV"}, r"UpStateNetwork.E_L_I must lie below V_th = 20. mV, got 21. mV"),
        ({"W_min": "1 nA"}, r"UpStateNetwork.W_min must not exceed W_max"),
        ({"C_E": "0 pF"}, r"UpStateNetwork.C_E must be positive"),
        ({"C_E": "0.5 pF"}, r"UpStateNetwork.C_E/g_L must be at least the step of 0.1 ms, got 0.05 ms"),
        ({"tau_rise_I": "0.05 ms"}, r"UpStateNetwork.tau_rise_I must be at least the step of 0.1 ms, got 0.05 ms"),
        ({"t_ref_E": "0.25 ms"}, r"UpStateNetwork.t_ref_E must be a multiple of the step of 0.1 ms, got 0.25 ms"),
        ({"t_kick": "1.5 s"}, r"UpStateNetwork.t_kick must come before the end of the trial, 1.5 s, got 1.5 s"),
        ({"sigma": "3 pA"}, r"UpStateNetwork.sigma"),
    ],
)
def test_a_network_that_cannot_be_is_refused(changes, match):
    with pytest.raises(ValueError, match=match):
        sl.UpStateNetwork(**changes)
