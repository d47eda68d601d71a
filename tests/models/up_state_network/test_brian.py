"""The Brian2 engine: spike by spike with the same random numbers, learning, and ten trials in distribution."""

import numpy as np
import pytest
from scipy.stats import ks_2samp, ttest_ind

import spikelearn as sl
from spikelearn.models.up_state_network import STUDY_START
from spikelearn.models.up_state_network.brian import BrianTrials
from spikelearn.models.up_state_network.trial import Injection, Stepper


@pytest.mark.parametrize(
    "target", ["numpy", *(pytest.param(name, marks=pytest.mark.slow) for name in ("cython", "cpp_standalone"))]
)
def test_with_the_same_random_numbers_every_spike_is_the_same(small, target):
    """A thousand spikes with noise, kick, delays, adaptation and a current into I, exactly."""
    synapses = small.draw_synapses(3, start=STUDY_START)
    normals = np.random.default_rng(0).standard_normal((2000, small.n))
    injection = Injection(30.0, 800, 1200)
    ours = Stepper(small, synapses).run(synapses.J, normals, injection)
    with BrianTrials(small, synapses, 0, target=target, injection=injection, normals=normals) as brian:
        for trial in (1, 2):  # the second shows that everything is set back
            found = brian.spikes(synapses.J, trial)
            assert len(found.units) > 500
            assert found.units.tolist() == ours.units.tolist()
            assert found.steps.tolist() == ours.steps.tolist()
    with pytest.raises(RuntimeError, match="BrianTrials.spikes must be called inside its with block"):
        brian.spikes(synapses.J, 1)


@pytest.mark.parametrize(
    "target", ["numpy", *(pytest.param(name, marks=pytest.mark.slow) for name in ("cython", "cpp_standalone"))]
)
def test_learning_on_brian_repeats_and_resumes(tmp_path, target):
    """A tiny network: the same seed gives the same run, also in two parts, and trials differ."""
    network = sl.UpStateNetwork(n_E=20, n_I=6, n_kicked=4, kick="2 nA", t_kick="10 ms", duration="40 ms")
    start = network.draw_synapses(1, start=STUDY_START)
    rule = sl.rules.TwoTerm(alpha=0.02, beta=0.02)
    settings = {"engine": "brian2", "target": target}
    whole = sl.run_trials(network, rule, 2, start, seed=3, **settings)
    kept = {"checkpoint": tmp_path / "run", "resume": True}
    sl.run_trials(network, rule, 1, start, seed=3, **settings, **kept)
    again = sl.run_trials(network, rule, 2, start, seed=3, **settings, **kept)
    assert again.drop_attrs().identical(whole.drop_attrs())
    assert not np.array_equal(whole["rates"][0], whole["rates"][1])
    assert not np.array_equal(whole["J_end"], whole["J0"])
    assert whole.attrs["target"] == target


@pytest.mark.slow
def test_ten_trials_with_trained_weights_agree_in_distribution():
    """Ten trials each on the compiled loops and in a standalone program, with noise of their own.

    Mean rates of E and I in the Up states by Welch's t, the length of the Up states likewise, and the units' mean
    rates, E and I apart, by Kolmogorov and Smirnov's two-sample statistic: five tests at 1e-3 each, a false alarm in
    200 runs at most. Units share their weights, which makes the last two agree more often than independent samples.
    Ten trials have a standard error of about 0.03 Hz (E) and 0.1 Hz (I), so that 3 % of I would be seen.
    """
    network = sl.UpStateNetwork()
    synapses = network.trained()
    ours = network.trials(synapses, 10, seed=1).traces
    theirs = network.trials(synapses, 10, seed=2, engine="brian2", target="cpp_standalone").traces
    for name in ("E_trial", "I_trial", "up_time"):
        assert ttest_ind(ours[name], theirs[name], equal_var=False).pvalue > 1e-3, name
    for part in (slice(0, 1600), slice(1600, 2000)):
        a, b = (one["rates"].mean("trial").values[part] for one in (ours, theirs))
        assert ks_2samp(a, b).pvalue > 1e-3
        # Unit by unit they are the same units: the pattern of weights decides most of a rate.
        assert np.corrcoef(a, b)[0, 1] > 0.5
    assert ours["I_trial"].std() / np.sqrt(10) < 0.25
    assert (theirs["n_ups"] > 0).all()
