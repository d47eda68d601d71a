"""Derived, own and named rules run through simulate, without Brian2 written by hand."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import spikelearn as sl
from spikelearn.symbolic.populations import RatePopulations

ONE = RatePopulations({"r": "g*(W_rr*r + b)"}, {"g": 1.0, "b": 3.0, "r_set": 5.0, "tau_r": 10.0})
TWO = RatePopulations(
    {"E": "g*(W_EE*E - W_ES*S) + b", "S": "W_SE*E"}, {"g": 0.5, "b": 4.0, "tau_E": 10.0, "tau_S": 5.0, "E_set": 3.0}
)
OWN = sl.Rule({"W_EE": "rate*(E_set - E)", "W_ES": "-rate*S*(E_set - E)", "W_SE": "0*E"}, {"rate": 1e-3})
START = {"W_EE": 0.4, "W_ES": 0.6, "W_SE": 0.8}


def test_a_derived_rule_takes_its_population_to_the_set_point():
    """At rest r = g b/(1 - g W) = r_set, so W = 1/g - b/r_set = 0.4; the rest is the slow decay of the rule."""
    derived = sl.derive_rule("(r - r_set)**2/2", ONE, alpha=2e-3)
    run = sl.simulate(ONE, "0.4 s", rule=derived, weights=[0.1], dt="0.2 ms")
    assert run.traces.r.values[-1] == pytest.approx(5.0, abs=1e-5)
    assert run.traces.W_rr.values[-1] == pytest.approx(0.4, abs=1e-5)
    assert run.provenance["rule"] == dict(derived.rule.dW)


@pytest.mark.parametrize("rule", [None, OWN], ids=["weights held", "a user's rule"])
def test_both_engines_equal_scipy(rule):
    """RK4 in steps of 0.1 ms against DOP853 to 1e-11."""

    def slope(_t, s):
        E, S, ee, es, se = s
        rates = [(-E + max(0.5 * (ee * E - es * S) + 4.0, 0.0)) / 10.0, (-S + max(se * E, 0.0)) / 5.0]
        return [*rates, *(([1e-3 * (3.0 - E), -1e-3 * S * (3.0 - E), 0.0]) if rule else [0.0] * 3)]

    options = {"rule": rule, "weights": START, "dt": "0.1 ms", "initial": sl.Initial(E=1.0)}
    expected = solve_ivp(slope, (0, 49.9), [1.0, 0.0, 0.4, 0.6, 0.8], method="DOP853", rtol=1e-12, atol=1e-13)
    for engine in ("array", "brian2"):
        traces = sl.simulate(TWO, "50 ms", engine=engine, **options).traces
        found = [traces[name].values[-1] for name in ("E", "S", "W_EE", "W_ES", "W_SE")]
        np.testing.assert_allclose(found, expected.y[:, -1], rtol=2e-10, atol=1e-12)


def test_a_derived_rule_runs_on_the_model_of_two_populations():
    """The same as its Brian2 equations do: activities and weights of both engines agree to rounding."""
    model = sl.EIRates()
    derived = sl.derive_rule("(E_set - E)**2/2 + (I_set - I)**2/2", model, alpha=1e-6)
    weights = tuple(model.setpoint_weights(5.2, 10.0))
    options = {"rule": derived, "weights": weights, "initial": sl.Initial(E=4.5, I=13.0), "dt": "0.1 ms"}
    a = sl.simulate(model, "0.1 s", **options).traces
    b = sl.simulate(model, "0.1 s", engine="brian2", **options).traces
    assert abs(a.W_EI.values[-1] - weights[1]) > 1e-7
    for name in ("E", "I", "W_EE", "W_EI", "W_IE", "W_II"):
        np.testing.assert_allclose(a[name], b[name], rtol=1e-12)
    named = sl.rules.CrossHomeostatic(alpha_EE=1e-6, alpha_EI=1e-6, alpha_IE=1e-6, alpha_II=1e-6)
    for rule in (derived, named):
        assert sl.run_trials(model, rule, 2, weights).sizes["trial"] == 2
    assert np.isfinite(sl.simulate(model, "10 ms", **{**options, "rule": named}).traces.E).all()


def test_a_rule_that_diverges_is_refused_with_its_time():
    rule = sl.Rule({"W_rr": "rate*r**3"}, {"rate": 10.0})
    with pytest.raises(ValueError, match=r"must stay finite, and do not after 0\.\d+ s; the rule diverges"):
        sl.simulate(ONE, "1 s", rule=rule, weights=[1.5], dt="1 ms", initial=sl.Initial(r=5.0))
    with pytest.raises(ValueError, match=r"EIRates: activities and weights must stay finite"):
        wild = sl.Rule({w: "rate*E**3*W_EE" for w in sl.EIRates().weights}, {"rate": 1e3})
        with np.errstate(all="ignore"):
            sl.simulate(sl.EIRates(), "0.1 s", rule=wild, weights=(5, 1, 10, 1), initial=sl.Initial(E=5.0, I=14.0))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"weights": {"W_EE": 1.0}}, ValueError, r"weights must be 3 finite numbers"),
        ({"weights": {**START, "W_EX": 1.0}}, ValueError, r"weight 'W_EX'.*did you mean"),
        ({"weights": None}, ValueError, "weights must be 3 finite numbers"),
        ({"weights": [1, 2, float("nan")]}, ValueError, "weights must be 3 finite numbers"),
        ({"rule": 3}, TypeError, r"must be a Rule, such as .*, or a DerivedRule, got int"),
        ({"rule": sl.Rule({"W_EE": "E"})}, ValueError, "rule must change the weights"),
        ({"initial": sl.Initial(E=-1.0)}, ValueError, r"Initial.E must not be negative"),
        ({"initial": sl.Initial(past_spikes="-1 ms")}, ValueError, "past_spikes"),
        ({"record": "counts"}, ValueError, "rates have no spikes"),
        ({"dt": "3 ms"}, ValueError, "whole number of steps"),
        ({"record_dt": "0.07 ms"}, ValueError, "whole multiple"),
    ],
)
def test_what_cannot_run_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        sl.simulate(TWO, "10 ms", **{"weights": START, **options})


def test_a_missing_time_constant_is_named():
    model = RatePopulations({"r": "W_rr*r + b"}, {"b": 3.0})
    with pytest.raises(ValueError, match=r"must give tau_r \(in ms\)"):
        sl.simulate(model, "10 ms", weights=[0.1])
