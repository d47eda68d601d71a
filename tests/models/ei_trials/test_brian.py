"""All trials in one Brian2 run against the compiled loops."""

import numpy as np
import pytest

import spikelearn as sl
from spikelearn.models.ei_trials.brian import rule_statements, run_in_brian
from spikelearn.models.ei_trials.checkpoint import Keeper
from spikelearn.models.ei_trials.loop import run_loop
from spikelearn.models.ei_trials.protocol import Protocol
from spikelearn.models.ei_trials.rates import RateTrials
from spikelearn.models.ei_trials.starts import read_starts

# A short trial, so that Brian2's interpreted target is done in a second.
SHORT = Protocol(steps=1200, kick_start=49, kick_stop=150, window=301)
BOTH = ([2.3, 5.0], 3.0, 4.0, 1.5)


def both_engines(model, rule, W0, n_trials, noise=0.0, sensor=2.0, target="numpy", A0=(0.0, 0.0)):
    starts = read_starts(model, rule, W0, A0)
    brian, _, _ = run_in_brian(model, rule, SHORT, starts, n_trials, noise, 0, sensor, target)
    keeper = Keeper(None, None, None, {}, n_trials)
    return brian, run_loop(RateTrials(model, rule, SHORT, starts, noise, 0, sensor), n_trials, keeper)


def test_two_starts_with_rates_of_their_own_and_names_that_clash():
    """A rule whose numbers are named as the protocol's own variables; numpy's arithmetic is the loops' to rounding."""
    rule = sl.Rule(
        dW={
            "W_EE": "noise*E*(I_set - I)",
            "W_EI": "-over*I*tanh(I_set - I)/3",
            "W_IE": "-seen_E*E*(E_set - E)**2*W_IE",
            "W_II": "k*I*(E_set - E)",
        },
        parameters={"noise": np.array([5e-4, 1e-3]), "over": 1e-3, "seen_E": 1e-5, "k": 1e-3},
    )
    brian, array = both_engines(sl.EIRates(), rule, BOTH, 4, sensor=3.0, A0=(2.0, [1.0, 9.0]))
    for name, values in array.items():
        np.testing.assert_allclose(brian[name], values, rtol=1e-12, atol=1e-14, err_msg=name)
    assert array["E_trial"].max() > 1
    assert len(np.unique(array["W_II"])) == 8


@pytest.mark.parametrize("rate", [1e308, -1e308])
def test_weights_that_explode_are_nan_from_there_on(rate):
    """To either side: the floor must not hide a change of minus infinity. The second start does nothing."""
    rule = sl.rules.Homeostatic(alpha_EE=np.array([rate, 0.0]), alpha_EI=0, alpha_IE=0, alpha_II=0)
    brian, array = both_engines(sl.EIRates(), rule, (5.0, 3.0, 4.0, 1.5), 4)
    for name, values in array.items():
        np.testing.assert_allclose(brian[name], values, rtol=1e-12, err_msg=name)
        assert np.isnan(values[-1]).tolist() == [True, False]
    assert np.isfinite(array["W_EE"][0]).all() == (np.isfinite(brian["W_EE"][0]).all())


def test_statements_use_numbers_by_names_of_their_own(model, cross):
    statements, numbers = rule_statements(model, cross)
    assert [text.split(" = ")[0] for text in statements] == ["d_W_EE", "d_W_EI", "d_W_IE", "d_W_II"]
    assert sorted(numbers.values()) == [5e-4] * 4 + [5.0, 14.0]
    assert "alpha_EE" not in "".join(statements)


@pytest.mark.slow
def test_500_trials_in_one_standalone_program(model, cross, homeostatic, start):
    """To 1e-9, over silence, ignition, intermittent and steady Up states, and collapse."""
    for rule in (cross, homeostatic):
        array = sl.run_trials(model, rule, 500, start)
        brian = sl.run_trials(model, rule, 500, start, engine="brian2", target="cpp_standalone")
        assert brian.attrs["target"] == "cpp_standalone"
        for name in ("E", "I", "E_trial", "I_trial", *model.weights):
            np.testing.assert_allclose(brian[name], array[name], rtol=0, atol=1e-9, err_msg=name)


@pytest.mark.slow
def test_noise_has_the_same_distribution_on_both_engines(model):
    """100 starts each, fixed weights: means and variances of E_trial; two-sided tests of 1 % each, fixed seeds."""
    from scipy import stats

    still = sl.rules.Homeostatic(alpha_EE=0, alpha_EI=0, alpha_IE=0, alpha_II=0)
    weights = [np.full(100, float(w)) for w in model.setpoint_weights(5.0, 10.0)]
    found = [run["E_trial"][1] for run in both_engines(model, still, weights, 2, noise=0.3, target="cpp_standalone")]
    assert found[0].std() > 1e-3
    assert stats.ttest_ind(*found).pvalue > 0.01
    ratio = found[0].var(ddof=1) / found[1].var(ddof=1)
    low, high = stats.f.ppf([0.005, 0.995], 99, 99)
    assert low < ratio < high
