"""What run_trials takes and refuses, what it returns, and starts that diverge."""

import json

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.models.ei_trials import TrialsDivergedError, predicted_first_up

RATES = {"alpha_EE": 5e-4, "alpha_EI": 5e-4, "alpha_IE": 5e-4, "alpha_II": 5e-4}


def names(run):
    return [str(name) for name in run.data_vars]


def test_a_single_start_has_trials_alone_and_several_have_starts(model, cross, start):
    one = sl.run_trials(model, cross, 3, start)
    assert one.E.dims == ("trial",)
    assert one.trial.values.tolist() == [1, 2, 3]
    assert one.W0.values.tolist() == list(start)
    assert one.E.attrs["units"] == "Hz"
    assert one.attrs["variant"] == "matlab"
    assert json.loads(one.attrs["rates"])["alpha_EE"] == 5e-4
    many = sl.run_trials(model, cross, 3, np.array([start, start]))
    assert many.E.dims == ("trial", "start")
    np.testing.assert_array_equal(many.W_EE[:, 1], one.W_EE)
    assert names(one) == ["E", "I", "E_trial", "I_trial", "W_EE", "W_EI", "W_IE", "W_II", "stopped", "W0"]


def test_starts_broadcast_however_they_are_written(model, cross):
    by_row = sl.run_trials(model, cross, 2, np.array([[5.0, 1.2, 10.0, 1.5], [6.0, 1.2, 10.0, 1.5]]))
    for given in (
        ([5.0, 6.0], 1.2, 10.0, 1.5),
        {"W_IE": 10.0, "W_EE": np.array([5.0, 6.0]), "W_EI": 1.2, "W_II": 1.5},
        sl.EIRates().setpoint_weights([5.0, 6.0], 10.0)._replace(W_EI=np.float64(1.2), W_II=np.float64(1.5)),
    ):
        assert sl.run_trials(model, cross, 2, given).drop_attrs().equals(by_row.drop_attrs())


def test_rates_that_are_arrays_go_with_starts(model):
    both = sl.rules.TwoTerm(alpha=np.array([1e-4, 4e-4]), beta=2e-4)
    run = sl.run_trials(model, both, 4, (5.0, 1.2, 10.0, 1.5))
    for k, alpha in enumerate((1e-4, 4e-4)):
        alone = sl.run_trials(model, sl.rules.TwoTerm(alpha=alpha, beta=2e-4), 4, (5.0, 1.2, 10.0, 1.5))
        np.testing.assert_array_equal(run.W_EE[:, k], alone.W_EE)


def test_a_rule_of_ones_own_a_derived_one_and_one_about_a_set_point(model, cross, start):
    """The same rule as text of one's own gives the same numbers; a derived rule and an expanded one run."""
    own = sl.Rule(
        dW={
            "W_EE": "a*E*(I_set - I)",
            "W_EI": "-a*I*(I_set - I)",
            "W_IE": "-a*E*(E_set - E)",
            "W_II": "a*I*(E_set - E)",
        },
        parameters={"a": 5e-4},
    )
    named = sl.run_trials(model, cross, 30, start)
    np.testing.assert_allclose(sl.run_trials(model, own, 30, start).W_EE, named.W_EE, rtol=1e-12)
    derived = sl.derive_rule("(E_set - E)**2/2 + (I_set - I)**2/2", model, alpha=1e-3)
    by_hand = sl.rules.LossGradient(alpha=1e-3)
    begin = (5.0, 1.2, 10.0, 1.5)
    np.testing.assert_allclose(
        sl.run_trials(model, derived, 20, begin).W_IE, sl.run_trials(model, by_hand, 20, begin).W_IE, rtol=1e-9
    )
    about = sl.rules.LossApproximate(alpha=1e-3)
    with pytest.raises(ValueError, match=r"LossApproximate is expanded about a set point and needs W_EE_up"):
        sl.run_trials(model, about, 2, begin)
    run = sl.run_trials(model, about.at(model, W_EE=5.0, W_IE=10.0), 400, begin)
    assert abs(run.E[-1] - 5) < abs(run.E[5] - 5)


@pytest.mark.parametrize(
    ("change", "kind", "match"),
    [
        ({"n_trials": 0}, ValueError, r"run_trials: n_trials must be at least 1, got 0"),
        ({"n_trials": 2.5}, TypeError, r"run_trials: n_trials must be a whole number, got 2.5"),
        ({"W0": (2.1, -3, 4, 1.5)}, ValueError, r"run_trials: W0 must be finite and not negative, got W_EI = -3"),
        ({"W0": (2.1, 3, np.inf, 1.5)}, ValueError, r"W0 must be finite and not negative, got W_IE = inf"),
        ({"W0": (2.1, 3, 4)}, ValueError, r"run_trials: W0 must be W_EE, W_EI, W_IE, W_II, each a number or an array"),
        ({"W0": [(2.1, 3, 4, 1.5)] * 2}, ValueError, r"or an array of shape \(starts, 4\)"),
        ({"W0": np.ones((2, 3))}, ValueError, r"W0 must have 4 columns .*, got shape \(2, 3\)"),
        ({"W0": np.ones((2, 2, 4))}, ValueError, r"W_EE must be a number or one a start, got shape \(2, 2\)"),
        ({"W0": ([1, 2], [1, 2, 3], 4, 1.5)}, ValueError, r"must broadcast, got sizes W_EE 2, W_EI 3"),
        ({"W0": np.ones((0, 4))}, ValueError, r"there must be at least one start, got none"),
        ({"W0": {"W_EE": 1, "W_EX": 1}}, ValueError, r"W0 has no name 'W_EX'; did you mean 'W_"),
        ({"W0": {"W_EE": 1}}, ValueError, r"W0 must have W_EE, W_EI, W_IE, W_II, got W_EE"),
        ({"W0": ("a", 1, 1, 1)}, ValueError, r"W0 must hold numbers"),
        ({"A0": (5.0, -1.0)}, ValueError, r"A0 must be finite and not negative, got I = -1"),
        ({"noise": -0.1}, ValueError, r"run_trials: noise must be finite and not negative, got -0.1"),
        ({"noise": "much"}, TypeError, r"run_trials: noise must be a number, got 'much'"),
        ({"seed": -1}, ValueError, r"run_trials: seed must not be negative, got -1"),
        ({"sensor": 0.5}, ValueError, r"run_trials: sensor must be at least 1 trial and finite, got 0.5"),
        ({"variant": "matlap"}, ValueError, r"run_trials has no variant 'matlap'; did you mean 'matlab'"),
        ({"engine": "exact"}, ValueError, r"run_trials has no engine 'exact'"),
        ({"model": "EIRates"}, TypeError, r"run_trials must be given a spikelearn.EIRates, got 'EIRates'"),
        ({"model": sl.EIRates(tau_I=0.05)}, ValueError, r"tau_I must be at least the step of 0.1 ms, got 0.05 ms"),
        ({"rule": sl.rules.TwoTerm}, TypeError, r"got the function TwoTerm: call it with its rates first"),
        ({"rule": "cross"}, TypeError, r"must be given a Rule such as .* got 'cross'"),
        ({"checkpoint_every": 5}, ValueError, r"checkpoint_every must come with checkpoint=folder"),
        ({"resume": True}, ValueError, r"resume=True must come with checkpoint=folder"),
        ({"target": "cython"}, ValueError, r"target must come with engine='brian2', got 'cython' with 'array'"),
        ({"online": True, "target": "cython"}, ValueError, r"target must come with engine='brian2', got 'cython'"),
        ({"engine": "brian2", "checkpoint": "x"}, ValueError, r"checkpoints must come with engine='array'"),
    ],
)
def test_bad_input_is_refused_in_one_line(model, cross, start, change, kind, match):
    arguments = {"model": model, "rule": cross, "n_trials": 2, "W0": start} | change
    with pytest.raises(kind, match=match) as caught:
        sl.run_trials(**arguments)
    assert "\n" not in str(caught.value)


def test_a_rule_of_another_model_is_refused(model, start):
    other = sl.RatePopulations({"r": "g*(W_rr*r + b)"}, {"g": 1.0, "b": 3.0, "r_set": 5.0})
    derived = sl.derive_rule("(r - r_set)**2/2", other)
    with pytest.raises(ValueError, match=r"has no weight 'W_rr'"):
        sl.run_trials(model, derived, 2, start)
    partly = sl.Rule(dW={"W_EE": "E"})
    with pytest.raises(ValueError, match=r"must have one expression a weight, got none for W_EI"):
        sl.run_trials(model, partly, 2, start)


def test_rates_that_overflow_name_the_start(model):
    """A single start ends in an error that holds the trials; among several, the others go on to the same bits."""
    wild = sl.rules.Homeostatic(**{name: 1e308 for name in RATES})
    begin = (5.0, 1.2, 10.0, 1.5)
    with pytest.raises(TrialsDivergedError, match=r"start 0 \(W0 = 5, 1.2, 10, 1.5\) diverged in trial") as caught:
        sl.run_trials(model, wild, 5, begin)
    kept = caught.value.dataset
    first = int(kept.stopped)
    assert np.isnan(kept.W_EE[first - 1 :]).all()
    assert np.isfinite(kept.W_EE[: first - 1]).all()
    mixed = sl.rules.Homeostatic(**{**RATES, "alpha_EE": np.array([5e-4, 1e308, 1e-4])})
    with pytest.warns(RuntimeWarning, match=r"1 of 3 starts diverged and were stopped, the first start 1 \(W0 = 5,"):
        run = sl.run_trials(model, mixed, 6, begin)
    assert run.stopped.values.tolist() == [0, first, 0]
    assert np.isnan(run.E[first - 1 :, 1]).all()
    for k, rate in ((0, 5e-4), (2, 1e-4)):
        alone = sl.run_trials(model, sl.rules.Homeostatic(**{**RATES, "alpha_EE": rate}), 6, begin)
        np.testing.assert_array_equal(run.W_EE[:, k], alone.W_EE)


def test_predicted_first_up_is_asked_for_one_start(model, cross):
    with pytest.raises(ValueError, match=r"predicted_first_up must be given one start, got 2"):
        predicted_first_up(model, cross, ([2.1, 2.2], 3.0, 4.0, 1.5))
