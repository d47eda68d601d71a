"""Trials cut out of sessions: what was not observed is not silence, and equal trials stay equal."""

import datetime
import importlib.util

import numpy as np
import pytest

from spikelearn import SpikeTrains, analyses, interop
from spikelearn.interop.session import cut_session

TRIALS = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])


def test_unobserved_time_is_not_read_as_silence():
    # Observed from 1.5 to 4 s: half of trial 0, all of trial 1, nothing of trial 2.
    observed = [np.array([[1.5, 3.25], [3.25, 4.0]])] * 2
    found = cut_session([np.array([1.75, 3.25]), np.array([2.5])], TRIALS, "it", observed)
    parts = [[0.5, 1.0], [0.0, 1.0], [0.0, 0.0]]
    expected = [[[0.75], []], [[0.25], []], [[], []]]
    assert found.same_spikes(SpikeTrains.from_trials(expected, t_stop=1.0, observed=parts))


@pytest.mark.parametrize(
    ("observed", "message"),
    [
        ([[[0.0, 9.0]], [[0.0, 3.5]]], r"in trial 1 unit 0 was in \[3.0, 4.0\] s and unit 1 in \[3.0, 3.5\] s"),
        ([[[0.0, 3.25], [3.5, 9.0]]] * 2, "trial 1 was observed in 2 parts; one trial can have only one"),
        ([[[0.0, 1.5], [3.0, 9.0]]] * 2, r"unit 0 has a spike at 1.75 s, within a trial, when it was not observed"),
    ],
)
def test_units_that_were_not_observed_together_are_refused(observed, message):
    with pytest.raises(ValueError, match=message):
        cut_session([np.array([1.75]), np.array([3.1])], TRIALS, "it", [np.array(own) for own in observed])


def test_units_may_differ_outside_the_trials():
    observed = [np.array([[0.0, 9.0]]), np.array([[0.5, 2.5], [2.75, 6.0]])]
    assert cut_session([np.array([1.75]), np.array([3.1])], TRIALS, "it", observed).fully_observed


def test_nwb_intervals_reach_the_trials(tmp_path):
    if importlib.util.find_spec("pynwb") is None:
        pytest.skip("pynwb is not installed")
    import pynwb

    file = pynwb.NWBFile("a session", "x", datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
    for start, stop in TRIALS:
        file.add_trial(start_time=start, stop_time=stop)
    file.add_unit(spike_times=[1.25, 3.25], obs_intervals=np.array([[0.0, 4.5]]))
    with pynwb.NWBHDF5IO(str(tmp_path / "it.nwb"), "w") as out:
        out.write(file)
    found = interop.from_nwb(tmp_path / "it.nwb", by_trial=True)
    assert found.observed.tolist() == [[0.0, 1.0], [0.0, 1.0], [0.0, 0.0]]


def test_trials_of_equal_length_stay_equal():
    # The subtraction gives lengths that differ in the last places.
    starts = 0.7 * np.arange(50)
    trials = np.stack([starts, starts + 0.3], axis=1)
    assert len(set((trials[:, 1] - trials[:, 0]).tolist())) > 1
    spikes = np.sort(np.random.default_rng(1).uniform(0, 35, 400))
    found = cut_session([spikes], trials, "it")
    assert found.fully_observed
    assert found.t_stop == 0.3
    assert found.counts().sum() == ((spikes[:, None] >= trials[:, 0]) & (spikes[:, None] < trials[:, 1])).sum()
    assert np.isfinite(analyses.regularity(found, pooled=True)["fano_factor"]).all()


def test_trials_of_unequal_length_lose_and_gain_no_spike():
    rng = np.random.default_rng(3)
    starts = np.sort(rng.uniform(0, 90, 40))
    trials = np.stack([starts, starts + rng.uniform(0.2, 3.0, 40)], axis=1)  # some overlap
    units = [np.sort(rng.uniform(0, 95, size)) for size in (500, 0, 30)]
    found = cut_session(units, trials, "it")
    for k, (begin, end) in enumerate(trials):
        for unit, times in enumerate(units):
            own = times[(times >= begin) & (times < end)] - begin
            np.testing.assert_array_equal(found.train(unit, k), own)
    np.testing.assert_array_equal(found.observed[:, 1], trials[:, 1] - trials[:, 0])


def test_a_session_without_spikes_or_units():
    silent = cut_session([np.empty(0), np.empty(0)], TRIALS, "it")
    assert silent.same_spikes(SpikeTrains.from_trials([[[], []]] * 3, t_stop=1.0))
    with pytest.raises(ValueError, match="it has no units, so there is nothing to cut into trials"):
        cut_session([], TRIALS, "it")
